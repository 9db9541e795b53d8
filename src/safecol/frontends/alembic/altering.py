"""Calls of `op.alter_column` as values come in; the statements that Alembic emits for them go out, by dialect."""

from collections.abc import Iterator

from safecol.frontends.alembic import columns as parts
from safecol.frontends.alembic.arguments import Arguments
from safecol.frontends.alembic.expressions import default
from safecol.frontends.alembic.names import NotKnown, Refused, Target, identifier, known, quoted, string, why
from safecol.frontends.alembic.types import brings_type, type_name
from safecol.frontends.python.emitted import Piece
from safecol.frontends.python.values import Made, Unknown, Value

Statement = list[Piece] | Unknown
OUTSIDE = "constraint-outside-batch"
BATCH = "Make the change in a batch, which copies the table: `with op.batch_alter_table(…) as batch_op:`"


def alter_column(to: Target, call: Made) -> Iterator[Statement]:
    """ALTER TABLE for each change, or what MySQL takes for all of them. Errors: NotKnown, Refused."""
    given = Arguments(to, call, ("table_name", "column_name"))
    server = (given.get("server_default"), given.get("existing_server_default"))
    if to.dialect != "postgresql" and {"Identity", "Computed"} & set(map(parts.kind_of, server)):
        raise Refused("Alembic can't change whether an existing column is an identity or computed on this dialect")
    if to.is_mysql:
        yield from _of_mysql(to, given)
    elif to.is_sqlite:
        yield from _of_sqlite(to, given)
    else:
        yield from _of_postgresql(to, given)


def _one(text: str) -> list[Piece]:
    return [Piece(text)]


def _name(to: Target, given: Arguments) -> str:
    return identifier(to, given.get("column_name"), "the column")


def _nullable(given: Arguments) -> bool | None:
    nullable = given.get("nullable")
    if nullable is not None and not isinstance(nullable, bool):
        raise NotKnown(why(nullable, "`nullable`"))
    return nullable


def _of_postgresql(to: Target, given: Arguments) -> Iterator[Statement]:
    """One ALTER TABLE a change, in Alembic's order: type, nullability, default, comment, name."""
    name = _name(to, given)
    head = f"ALTER TABLE {given.table} ALTER COLUMN {name}"
    if given.get("type_") is not None:
        using = given.get("postgresql_using")
        rest = f" USING {known(using, '`postgresql_using`')}" if using is not None else ""
        text = f"{head} TYPE {type_name(to, given.get('type_'))}{rest}"
        flags = ("named-type",) if brings_type(to, given.get("type_")) is not None else ()
        yield [Piece(text, None, _existing(to, given), flags)]
    nullable = _nullable(given)
    if nullable is not None:
        yield _one(f"{head} {'DROP' if nullable else 'SET'} NOT NULL")
    if given.given.get("server_default", False) is not False:
        yield _one(head + _new_default(to, given))
    if "comment" in given.given and given.get("comment") is not False:
        yield _one(parts.comment(to, "COLUMN", f"{given.table}.{name}", given.get("comment")))
    yield from _renamed(to, given, "RENAME")


def _renamed(to: Target, given: Arguments, words: str) -> Iterator[Statement]:
    if given.get("new_column_name", "name") is not None:
        new = identifier(to, given.get("new_column_name", "name"), "the new name")
        yield _one(f"ALTER TABLE {given.table} {words} {_name(to, given)} TO {new}")


def _of_sqlite(to: Target, given: Arguments) -> Iterator[Statement]:
    """What SQLite takes outside of a batch: a new name, and from 3.53 NOT NULL."""
    if given.get("type_") is not None or given.given.get("server_default", False) is not False:
        what = "type" if given.get("type_") is not None else "default"
        raise Refused(f"SQLite can't change the {what} of a column in place: ALTER COLUMN is refused", BATCH, OUTSIDE)
    if given.given.get("comment", False) is not False:
        raise Refused("SQLite has no comments: the toolkit raises an error")
    nullable = _nullable(given)
    if nullable is not None:
        yield _one(
            f"ALTER TABLE {given.table} ALTER COLUMN {_name(to, given)} {'DROP' if nullable else 'SET'} NOT NULL"
        )
    yield from _renamed(to, given, "RENAME COLUMN")


def _of_mysql(to: Target, given: Arguments) -> Iterator[Statement]:
    """CHANGE or MODIFY with all of the column: what the call does not repeat is lost."""
    kind = given.get("type_") if given.get("type_") is not None else given.get("existing_type")
    server = given.given.get("server_default", False)
    new = given.get("new_column_name", "name")
    comment = given.given.get("comment", False)
    nullable, counting = _nullable(given), given.get("autoincrement")
    written = type_name(to, kind) if kind is not None else ""
    change = new is not None or (written.startswith(("DATETIME", "TIMESTAMP")) and server is not None)
    if not change and nullable is None and given.get("type_") is None and counting is None and comment is False:
        if server is not False:
            clause = "DROP DEFAULT" if server is None else f"SET DEFAULT {_default(to, server)}"
            yield _one(f"ALTER TABLE {given.table} ALTER COLUMN {_name(to, given)} {clause}")
        return
    if kind is None:
        raise Refused(
            "Alembic needs the column's type for MySQL, and raises an error without", "Give it `existing_type`"
        )
    if nullable is None:
        nullable = given.get("existing_nullable")
    if nullable is not None and not isinstance(nullable, bool):
        raise NotKnown(why(nullable, "`existing_nullable`"))
    text = f"{written} {'NOT NULL' if nullable is False else 'NULL'}"
    text += " AUTO_INCREMENT" if (counting if counting is not None else given.get("existing_autoincrement")) else ""
    kept = server if server is not False else given.get("existing_server_default")
    if kept is not None and kept is not False:
        text += f" DEFAULT {_default(to, kept)}"
    said = comment if comment is not False else given.get("existing_comment")
    text += f" COMMENT {string(to, known(said, 'the comment'))}" if said is not None else ""
    name = _name(to, given)
    verb = f"CHANGE {name} {quoted(to, known(new, 'the new name')) if new is not None else name}"
    yield _one(f"ALTER TABLE {given.table} {verb if change else f'MODIFY {name}'} {text}")


def _default(to: Target, value: Value) -> str:
    written = default(to, value)
    if written is None:
        raise NotKnown(why(value, "the default"))
    return written


def _existing(to: Target, given: Arguments) -> str:
    try:
        return type_name(to, given.get("existing_type")) if given.get("existing_type") is not None else ""
    except (NotKnown, Refused):
        return ""


def _new_default(to: Target, given: Arguments) -> str:
    value, existing = given.get("server_default"), given.get("existing_server_default")
    was_identity = parts.kind_of(existing) == "Identity"
    if parts.kind_of(value) == "Identity":
        clause = parts.generated(to, value)
        if not was_identity:
            return f" ADD{clause}"
        always = value.keywords.get("always") is True
        return f" SET GENERATED {'ALWAYS' if always else 'BY DEFAULT'}"
    if parts.kind_of(value) == "Computed":
        raise NotKnown("a computed column can't be altered")
    if value is None:
        return " DROP IDENTITY" if was_identity else " DROP DEFAULT"
    written = default(to, value)
    return f" SET DEFAULT {written}" if written is not None else " DROP DEFAULT"
