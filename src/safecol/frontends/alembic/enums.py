"""Calls of packages that keep enums in step with models come in; the statements that they send go out."""

from collections.abc import Iterator

from safecol.frontends.alembic.arguments import Arguments
from safecol.frontends.alembic.names import NotKnown, Target, identifier, known, qualified, quoted, why
from safecol.frontends.alembic.types import EnumType, create_enum
from safecol.frontends.python.emitted import Piece
from safecol.frontends.python.values import Made, Text, Unknown, Value, path_of, plain
from safecol.source import Span

Statement = list[Piece] | Unknown


def sync_enum_values(to: Target, call: Made) -> Iterator[Statement]:
    """What alembic_postgresql_enum sends: a new type in the place of the old one, and every column moved to it."""
    given = Arguments(to, call, ("enum_schema", "enum_name", "new_values", "affected_columns"))
    name, schema = known(given.get("enum_name", "name"), "the enum"), given.get("enum_schema", "schema")
    labels, columns = given.get("new_values"), given.get("affected_columns")
    if type(labels) not in (list, tuple) or type(columns) not in (list, tuple):
        raise NotKnown("the values or the columns of the enum are not known")
    written = tuple(known(label, "a value of the enum") for label in labels)
    full = qualified(to, plain(name, call.span), schema, "the enum")
    old = qualified(to, plain(f"{name}_old", call.span), schema, "the enum")
    yield [Piece(f"ALTER TYPE {full} RENAME TO {quoted(to, f'{name}_old')}")]
    yield [Piece(create_enum(to, EnumType(full, written)))]
    for one in columns:
        yield from _moved(to, one, full, call.span)
    yield [Piece(f"DROP TYPE {old}")]


def _moved(to: Target, reference: Value, enum: str, place: Span) -> Iterator[Statement]:
    """A column that gets the new type: a TableReference, or a tuple of its arguments."""
    if type(reference) is tuple:
        reference = Made("TableReference", reference, {}, place)
    if not isinstance(reference, Made):
        raise NotKnown(why(reference, "a column of the enum"))
    found = Arguments(to, reference, ("table_name", "column_name"))
    head = f"ALTER TABLE {qualified(to, found.get('table_name'), found.get('table_schema'))} ALTER COLUMN "
    column = identifier(to, found.get("column_name"), "the column")
    array = "[]" if "ARRAY" in path_of(found.get("column_type")) else ""
    before = found.get("existing_server_default")
    if before is not None:
        yield [Piece(f"{head}{column} DROP DEFAULT", reference.span)]
    yield [Piece(f"{head}{column} TYPE {enum}{array} USING {column}::text{array}::{enum}{array}", reference.span)]
    if isinstance(before, Text) and not before.holes:
        yield [Piece(f"{head}{column} SET DEFAULT {before}", reference.span)]
