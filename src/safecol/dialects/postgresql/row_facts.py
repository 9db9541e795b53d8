"""Facts of operations that read and change rows on PostgreSQL: what effects.toml and pages ask of them."""

from collections.abc import Callable

from safecol.context import Context
from safecol.expressions import ColumnReference, Expression, Junction, Operator, columns, conjuncts, walk
from safecol.fold import Rest
from safecol.operations import Operation
from safecol.trace import Fact

Facts = dict[str, Fact]


def _data(context: Context, operation: Operation, key: str, rest: Rest, found: Facts) -> None:
    found["where"] = "where" in operation.flags
    found["always_true"] = "always-true" in operation.flags
    found["for_update"] = "for-update" in operation.flags
    if operation.kind in ("insert", "update", "delete", "merge", "copy-in"):
        found["deferred"] = _defers(context, operation, key)
    if operation.kind in ("update", "delete") and operation.expression is not None:
        found["sought"] = _sought(context, operation, operation.expression, key)


def _sought(context: Context, operation: Operation, condition: Expression, key: str) -> str | None:
    """What leads to the rows of a condition: `key`, `index`, or `none` where all are read; None is unknown."""
    table = context.schema.tables.get(key)
    if table is None or not table.complete:
        # Rows without a match elsewhere are found by looking at each.
        return "none" if all(_unmatched(part) for part in conjuncts(condition)) else None
    named = _tested(operation, condition, set(table.columns))
    found = "key" if "ctid" in named else "none"
    for index in context.schema.indexes_of(key):
        leading = {first.column for first in index.definition.elements[:1]}
        leading.update(*(columns(first.expression) for first in index.definition.elements[:1] if first.expression))
        if not named.isdisjoint(leading):
            found = "key" if index.definition.unique or found == "key" else "index"
    return found


def _unmatched(part: Expression) -> bool:
    """NOT EXISTS (…)."""
    inner = part.arguments[0] if isinstance(part, Junction) and part.name == "not" else None
    return isinstance(inner, Operator) and inner.name == "exists"


def _tested(operation: Operation, condition: Expression, own: set[str]) -> set[str]:
    """The columns that a condition tests; not those of a join, where all else is about the table itself."""
    parts = list(conjuncts(condition))
    filters = [part for part in parts if len(_qualifiers(part)) == 1]
    if not operation.reads or not filters or len(filters) == len(parts) or operation.relation is None:
        return columns(condition)
    known = {(), (operation.relation.name,)}
    if any(not _qualifiers(part) <= known or not columns(part) <= own for part in filters):
        return columns(condition)
    return set().union(*map(columns, filters))


def _qualifiers(part: Expression) -> set[tuple[str, ...]]:
    return {one.parts[:-1] for one in walk(part) if isinstance(one, ColumnReference)}


def _defers(context: Context, operation: Operation, key: str) -> bool:
    """Whether a foreign key of the table, or one that points at it, is checked at COMMIT for these rows.

    Other actions than NO ACTION are never deferred.
    """
    table = context.schema.tables.get(key)
    assigned = {name for option, name in operation.options if option == "column"}
    kind = operation.kind
    if table is not None and kind != "delete":
        own = (item.definition for item in table.constraints.values() if item.definition.kind == "foreign-key")
        if any(item.initially_deferred and (kind != "update" or assigned & set(item.columns)) for item in own):
            return True
    if kind not in ("update", "delete"):
        return False
    pointing = [item.definition for _, item in context.schema.referencing(key)]
    if kind == "delete":
        return any(item.initially_deferred and item.on_delete is None for item in pointing)
    return any(item.initially_deferred and assigned & set(item.referenced_columns) for item in pointing)


BUILD: dict[str, Callable[[Context, Operation, str, Rest, Facts], None]] = dict.fromkeys(
    ("insert", "update", "delete", "merge", "select", "copy-in", "copy-out"), _data
)
