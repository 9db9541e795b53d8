"""Conventions about columns: a trace comes in; types and defaults that teams avoid go out."""

from collections.abc import Callable, Iterator

from safecol.checks.keys import largest_of
from safecol.expressions import Call
from safecol.operations import ColumnDefinition, ConstraintDefinition, IndexDefinition, TableDefinition
from safecol.patterns import lazy
from safecol.source import Span
from safecol.trace import Hit, Step, Trace

_RANDOM = frozenset({"gen_random_uuid", "uuid_generate_v4", "uuidv4"})
_MONEY = lazy(
    r"(?:^|_)(?:price|amount|cost|total|subtotal|balance|fee|salary|wage|payment|revenue|discount|tax|budget|money)s?(?:_|$)"
)
_FLOATS = frozenset({"float4", "float8", "float", "double", "double precision", "real"})
_SMALL = {"int2": "smallint", "int4": "integer"}


def _columns(trace: Trace) -> Iterator[tuple[Step, ColumnDefinition]]:
    """Columns of new tables and new columns, each with its step."""
    for step in trace.steps:
        definition = step.operation.definition
        if isinstance(definition, TableDefinition) and "temporary" not in step.operation.flags:
            if definition.persistence != "temporary":
                yield from ((step, column) for column in definition.columns)
        elif isinstance(definition, ColumnDefinition) and step.operation.kind == "add-column":
            yield step, definition


def _found(trace: Trace, test: Callable[[ColumnDefinition], bool]) -> Iterator[Hit]:
    for step, column in _columns(trace):
        if test(column):
            yield _hit(step, column)


def _hit(step: Step, column: ColumnDefinition, **values: str) -> Hit:
    span: Span = column.span or step.operation.span
    return Hit(step, span, {"column": column.name, **values})


def _keys(trace: Trace) -> Iterator[tuple[Step, ColumnDefinition]]:
    """Columns that are the whole primary key of a new table."""
    for step, column in _columns(trace):
        definition = step.operation.definition
        if not isinstance(definition, TableDefinition):
            continue
        keys = [item.columns for item in definition.constraints if item.kind == "primary-key"]
        if (column.name,) in keys:
            yield step, column


def small_keys(trace: Trace) -> Iterator[Hit]:
    """Primary keys of two or four bytes that count up."""
    for step, column in _keys(trace):
        if _refers(step, column):
            continue
        largest = largest_of(column.type)
        if largest is not None:
            shown = _SMALL.get(column.type.name, column.type.name)
            yield _hit(step, column, type=shown, limit=largest.replace(",", " "))


def _refers(step: Step, column: ColumnDefinition) -> bool:
    definition = step.operation.definition
    return isinstance(definition, TableDefinition) and any(
        item.kind == "foreign-key" and column.name in item.columns for item in definition.constraints
    )


def random_keys(trace: Trace) -> Iterator[Hit]:
    """Primary keys of random UUIDs."""
    for step, column in _keys(trace):
        default = column.default
        if column.type.name == "uuid" and isinstance(default, Call) and default.name in _RANDOM:
            yield _hit(step, column)


def zoneless_times(trace: Trace) -> Iterator[Hit]:
    """Columns of type timestamp without time zone."""
    yield from _found(trace, lambda column: column.type.name == "timestamp" and column.type.schema is None)


def fixed_width(trace: Trace) -> Iterator[Hit]:
    """Columns of type char(n)."""
    yield from _found(trace, lambda column: column.type.name == "bpchar")


def limited(trace: Trace) -> Iterator[Hit]:
    """Columns of type varchar(n)."""
    yield from _found(trace, lambda column: column.type.name == "varchar" and bool(column.type.modifiers))


def textual_json(trace: Trace) -> Iterator[Hit]:
    """Columns of type json."""
    yield from _found(trace, lambda column: column.type.name == "json" and column.type.schema is None)


def serials(trace: Trace) -> Iterator[Hit]:
    """Serial columns."""
    yield from _found(trace, lambda column: column.serial)


def money(trace: Trace) -> Iterator[Hit]:
    """Amounts of money in floating point, by their names, and the type money."""
    for step, column in _columns(trace):
        floats = column.type.name in _FLOATS and _MONEY.search(column.name.lower())
        if floats or column.type.name == "money":
            name = {"float4": "real", "float8": "double precision"}.get(column.type.name, column.type.name)
            yield _hit(step, column, type=name)


def unindexed_references(trace: Trace) -> Iterator[Hit]:
    """Foreign keys whose columns no index of the table begins with, at the end of the section."""
    indexed = _index_starts(trace)
    for step in trace.steps:
        definition = step.operation.definition
        if isinstance(definition, TableDefinition):
            items = [item for item in definition.constraints if item.kind == "foreign-key"]
        elif isinstance(definition, ConstraintDefinition) and step.operation.kind == "add-constraint":
            known = str(step.facts.get("indexed_references") or "")
            items = [definition] if definition.kind == "foreign-key" and not known else []
        else:
            continue
        for item in items:
            starts = indexed.get(step.table or "", ())
            if item.columns and not any(set(start[: len(item.columns)]) == set(item.columns) for start in starts):
                columns = ", ".join(item.columns)
                yield Hit(step, item.span, {"columns": columns, "referenced": str(item.referenced)})


def _index_starts(trace: Trace) -> dict[str, list[tuple[str, ...]]]:
    """The leading columns of the indexes that the section makes, by table."""
    found: dict[str, list[tuple[str, ...]]] = {}
    for step in trace.steps:
        definition = step.operation.definition
        made: list[tuple[str, ...]] = []
        if isinstance(definition, IndexDefinition) and definition.predicate is None:
            made = [tuple(element.column or "" for element in definition.elements)]
        elif isinstance(definition, TableDefinition):
            made = [item.columns for item in definition.constraints if item.kind in ("primary-key", "unique")]
        elif isinstance(definition, ConstraintDefinition) and definition.kind in ("primary-key", "unique"):
            made = [definition.columns]
        found.setdefault(step.table or "", []).extend(made)
    return found
