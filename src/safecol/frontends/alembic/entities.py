"""Calls of alembic_utils and geoalchemy2 come in; the statements that they send to PostgreSQL go out."""

from collections.abc import Iterator

from safecol.frontends.alembic.names import NotKnown, Target, identifier, known, qualified, why
from safecol.frontends.python.emitted import Piece
from safecol.frontends.python.values import Made, Unknown, Value, plain
from safecol.records import NamedTuple

Statement = list[Piece] | Unknown

# Operations that are those of Alembic under another name, for tables with columns of PostGIS.
GEOSPATIAL = {
    "create_geospatial_table": "create_table", "drop_geospatial_table": "drop_table",
    "add_geospatial_column": "add_column", "drop_geospatial_column": "drop_column",
    "create_geospatial_index": "create_index", "drop_geospatial_index": "drop_index",
}  # fmt: skip


class _Kind(NamedTuple):
    """An entity in SQL: its word, what stands between its name and its definition, whether OR REPLACE exists."""

    word: str
    between: str
    replaces: bool


_KINDS = {
    "PGView": _Kind("VIEW", " AS ", True),
    "PGMaterializedView": _Kind("MATERIALIZED VIEW", " AS ", False),
    "PGFunction": _Kind("FUNCTION", " ", True),
    "PGProcedure": _Kind("PROCEDURE", " ", True),
    "PGTrigger": _Kind("TRIGGER", " ", False),
    "PGPolicy": _Kind("POLICY", " ", False),
    "PGExtension": _Kind("EXTENSION", "", False),
}


def create_entity(to: Target, call: Made) -> Iterator[Statement]:
    """CREATE of a view, function, trigger, policy or extension. Errors: NotKnown."""
    yield [Piece(_created(to, _entity(call), "CREATE"), call.span)]


def replace_entity(to: Target, call: Made) -> Iterator[Statement]:
    """CREATE OR REPLACE, or DROP and CREATE of what can't be replaced. Errors: NotKnown."""
    entity = _entity(call)
    if _kind(entity).replaces:
        yield [Piece(_created(to, entity, "CREATE OR REPLACE"), call.span)]
        return
    yield [Piece(_dropped(to, entity), call.span)]
    yield [Piece(_created(to, entity, "CREATE"), call.span)]


def drop_entity(to: Target, call: Made) -> Iterator[Statement]:
    """DROP. Errors: NotKnown."""
    yield [Piece(_dropped(to, _entity(call)), call.span)]


def _entity(call: Made) -> Made:
    entity = call.argument(0, "entity")
    if not isinstance(entity, Made):
        raise NotKnown(why(entity, "the entity"))
    return entity


def _kind(entity: Made) -> _Kind:
    kind = _KINDS.get(entity.path.rpartition(".")[2])
    if kind is None:
        raise NotKnown(f"`{entity.path}` is not an entity that is known")
    return kind


def _signature(to: Target, entity: Made) -> str:
    """The name, with the arguments of a function."""
    schema, signature = entity.argument(0, "schema"), entity.argument(1, "signature")
    word = _kind(entity).word
    written = known(signature, "the name of the entity")
    if word in ("TRIGGER", "POLICY", "EXTENSION"):
        return identifier(to, plain(written, entity.span), "the entity")
    name, bracket, arguments = written.partition("(")
    return qualified(to, plain(name.strip(), entity.span), schema, "the entity") + bracket + arguments


def _created(to: Target, entity: Made, verb: str) -> str:
    kind = _kind(entity)
    head = f"{verb} {kind.word} {_signature(to, entity)}"
    if kind.word == "EXTENSION":
        return f"{head} WITH SCHEMA {identifier(to, entity.argument(0, 'schema'), 'the schema')}"
    on = f" ON {known(entity.keywords['on_entity'], 'the table')}" if kind.word == "POLICY" else ""
    definition = known(entity.argument(2, "definition"), "the definition").strip().rstrip(";")
    return f"{head}{on}{kind.between}{definition}"


def _dropped(to: Target, entity: Made) -> str:
    kind = _kind(entity)
    on: Value = entity.keywords.get("on_entity")
    where = f" ON {known(on, 'the table')}" if kind.word in ("TRIGGER", "POLICY") and on is not None else ""
    signature = _signature(to, entity)
    if kind.word in ("FUNCTION", "PROCEDURE") and " DEFAULT " in signature.upper():
        signature = signature.partition("(")[0]
    return f"DROP {kind.word} {signature}{where}"
