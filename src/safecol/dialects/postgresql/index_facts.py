"""Facts of operations on indexes on PostgreSQL: what effects.toml and pages ask of them."""

from collections.abc import Callable, Sequence

from safecol import index_names
from safecol.context import Context
from safecol.dialects.postgresql.column_facts import default_class, key_columns
from safecol.dialects.spare_indexes import spare_facts
from safecol.fold import Rest
from safecol.history.records import beside
from safecol.operations import IndexDefinition, Operation
from safecol.trace import Fact

Facts = dict[str, Fact]

# Storage parameters of indexes that are set under SHARE UPDATE EXCLUSIVE; the others take ACCESS EXCLUSIVE.
_WEAK = frozenset({"fillfactor", "deduplicate_items", "autosummarize", "pages_per_range"})


def _create_index(context: Context, operation: Operation, key: str, rest: Rest, found: Facts) -> None:
    definition = operation.definition
    if not isinstance(definition, IndexDefinition):
        return
    named = beside(key, definition.name) if definition.name is not None else None
    found["no_op"] = found["if_not_exists"] is True and named in context.schema.indexes
    found["unique"] = definition.unique
    found["feature"] = "nulls-not-distinct" if definition.nulls_not_distinct else None
    expressions = [element.expression for element in definition.elements if element.expression is not None]
    if definition.predicate is not None:
        expressions.append(definition.predicate)
    found["volatile_expression"] = any(default_class(context, item) == "volatile" for item in expressions)
    if definition.name is None:
        found["numbered"] = numbered(context, key, index_names.parts(definition), "idx")
    spare_facts(context, key, definition, found)
    table = context.schema.tables.get(key)
    if table is None and found["only"] is True:
        found["partitioned"] = None  # who writes ONLY says that it is, which nothing here shows
    if table is not None and table.partition_by is not None:
        needed = key_columns(table.partition_by.elements)
        found["misses_partition_key"] = not needed <= {element.column for element in definition.elements}


def numbered(context: Context, key: str, parts: Sequence[str], label: str) -> int:
    """The number behind the name that the server would choose for an index: 0 where the name is free without one."""
    schema, dot, table = key.rpartition(".")
    number = 0
    while context.exists(f"{schema}{dot}{index_names.proposed(table, '_'.join(parts), f'{label}{number or str()}')}"):
        number += 1
    return number


def _on_index(context: Context, operation: Operation, key: str, rest: Rest, found: Facts) -> None:
    found["several"] = len(rest.operations) > 1
    found["through_alter_table"] = "through-alter-table" in operation.flags
    found["weak_options"] = bool(operation.options) and all(name in _WEAK for name, _ in operation.options)
    if operation.kind in ("drop-index", "rename-index"):
        found["exists"] = context.exists(key)
    index = context.schema.indexes.get(key)
    if index is None:
        return
    table = context.schema.tables.get(index.table)
    found["index_table"] = index.table
    found["temporary"] = table is not None and table.persistence == "temporary"
    found["backs_constraint"] = index.constraint is not None
    found["constraint_name"] = index.constraint or ""
    found["partitioned_index"] = table is not None and table.kind == "partitioned"
    found["partition_index"] = index.parent is not None


BUILD: dict[str, Callable[[Context, Operation, str, Rest, Facts], None]] = {
    "create-index": _create_index,
    "drop-index": _on_index,
    "reindex": _on_index,
    "rename-index": _on_index,
    "set-index-options": _on_index,
    "attach-index": _on_index,
}
