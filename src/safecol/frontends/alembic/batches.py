"""Batches come in, a table with the operations on it; whether they copy the table, and what is then sent, goes out."""

from collections.abc import Iterator

from safecol.frontends.alembic import columns as parts
from safecol.frontends.alembic.arguments import Arguments
from safecol.frontends.alembic.names import Refused, Target, identifier
from safecol.frontends.alembic.operations import Statement, sent
from safecol.frontends.python.emitted import Piece
from safecol.frontends.python.values import Made, Text, path_of
from safecol.records import NamedTuple

COPY = "batch-table-copy"


class Batched(NamedTuple):
    """An operation of a batch, which is sent when the batch ends; `call` has the table among its arguments."""

    call: Made
    name: str
    conditional: bool
    batched: bool


class Batch(NamedTuple):
    """`call` is that of `op.batch_alter_table`."""

    call: Made
    waiting: list[Batched]


def copies(to: Target, batch: Batch) -> bool:
    """Whether the table is copied to a new one: on SQLite for most changes, elsewhere when the batch says so."""
    recreate = batch.call.argument(2, "recreate")
    if isinstance(recreate, Text) and recreate != "auto":
        return recreate == "always"
    return to.is_sqlite and any(_needs_copy(one) for one in batch.waiting)


def _needs_copy(one: Batched) -> bool:
    if one.name != "add_column":
        return one.name not in ("create_index", "drop_index", "create_table_comment", "drop_table_comment")
    column = next((value for value in one.call.arguments if parts.is_column(value)), None)
    if not isinstance(column, Made):
        return True
    kinds = set(map(parts.kind_of, column.arguments))
    server = column.keywords.get("server_default")
    expression = isinstance(server, Made) or (server is not None and path_of(server) != "")
    return expression or bool(kinds & {"ForeignKey", "Computed"}) or column.keywords.get("unique") is True


def what_copies(batch: Batch) -> str:
    """The operations of a batch that no ALTER TABLE of SQLite does, in words."""
    found = dict.fromkeys(one.name for one in batch.waiting if _needs_copy(one))
    return ", ".join(f"`{name}`" for name in found)


def untold(batch: Batch) -> bool:
    """Whether the new table differs from the old one in what SQLite has no words for."""
    return any(
        _needs_copy(one) and one.name not in ("drop_column", "bulk_insert") and not _only_renames(one)
        for one in batch.waiting
    )


def _only_renames(one: Batched) -> bool:
    return one.name == "alter_column" and not set(one.call.keywords) - {"new_column_name", "name", "schema"} - {
        word for word in one.call.keywords if word.startswith("existing_")
    }


def of_copy(to: Target, one: Batched) -> Iterator[Statement]:
    """What the new table has and the old one has not, as far as SQLite has words for it. Errors: NotKnown, Refused."""
    if one.name in ("create_index", "drop_index", "drop_column", "bulk_insert"):
        yield from sent(to, one.name, one.call)
    elif one.name == "add_column":
        given = Arguments(to, one.call, ("table_name", "column"))
        made = parts.column(to, given.get("column"))
        constant = (
            made.default is None or made.default.lstrip("+-").replace(".", "").isdigit() or made.default[0] == "'"
        )
        bare = made._replace(default=made.default if constant else None, generated="")
        text = parts.definition(to, bare, "", counts=False) if constant else f"{identifier(to, _text(made.name), '')}"
        yield [Piece(f"ALTER TABLE {given.table} ADD COLUMN "), Piece(text, made.span)]
    elif one.name == "alter_column":
        given = Arguments(to, one.call, ("table_name", "column_name"))
        new = given.get("new_column_name", "name")
        if new is not None:
            old = identifier(to, given.get("column_name"), "the column")
            yield [Piece(f"ALTER TABLE {given.table} RENAME COLUMN {old} TO {identifier(to, new, 'the new name')}")]
    elif one.name == "drop_constraint":
        given = Arguments(to, one.call, ("constraint_name", "table_name", "type_"))
        if given.get("constraint_name", "name") is None and given.get("type_") != "primary":
            raise Refused("Alembic can't drop a constraint without its name in a batch, and raises an error")


def _text(name: str) -> Text:
    return Text(name, [0] * len(name))
