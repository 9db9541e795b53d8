"""Facts of operations on tables, indexes and data on SQLite: what effects.toml and pages ask of them."""

from collections.abc import Callable

from safecol.context import Context
from safecol.dialects.spare_indexes import spare_facts
from safecol.dialects.sqlite import features
from safecol.dialects.sqlite.column_facts import broken_facts
from safecol.dialects.sqlite.copies import copy_facts
from safecol.dialects.sqlite.history import triggers
from safecol.dialects.sqlite.values import affinity
from safecol.dialects.views import dropped_view
from safecol.expressions import Collection, ColumnReference, Expression, Literal, Operator, conjuncts
from safecol.fold import Rest
from safecol.frontends.sqlite.tables import is_rowid
from safecol.history.records import index_columns
from safecol.operations import ConstraintDefinition, IndexDefinition, Operation, TableDefinition
from safecol.schema import Table
from safecol.trace import Fact

Facts = dict[str, Fact]

_TAKING = frozenset({"cascade", "set null", "set default"})


def _create_table(context: Context, operation: Operation, key: str, rest: Rest, found: Facts) -> None:
    definition = operation.definition
    known = context.schema.tables.get(key)
    found["no_op"] = found["if_not_exists"] is True and known is not None
    found["taken"] = found["if_not_exists"] is False and _stands(known)
    if not isinstance(definition, TableDefinition):
        return
    found["temporary"] = definition.persistence == "temporary"
    columns = {column.name: column for column in definition.columns}
    for item in definition.constraints:
        if "autoincrement" in item.options:
            column = columns.get(item.columns[0]) if item.columns else None
            found["autoincrement"] = "allowed" if column is not None and is_rowid(column) else "refused"
    found["affinities"] = ",".join(f"{column.name}:{affinity(column.type)}" for column in definition.columns)
    if "strict" in dict(definition.options):
        found["strict"] = True
        found["strict_type"] = all(
            column.type.name in ("int", "integer", "real", "text", "blob", "any") for column in definition.columns
        )
    features.needed(context, operation, found)


def _stands(table: Table | None) -> bool:
    """Whether a table is known to be there: one that only a later statement spoke of may be gone."""
    return table is not None and (table.complete or table.query is not None)


def _create_as(context: Context, operation: Operation, key: str, rest: Rest, found: Facts) -> None:
    known = context.schema.tables.get(key)
    found["no_op"] = found["if_not_exists"] is True and known is not None
    found["taken"] = found["if_not_exists"] is False and _stands(known)
    features.needed(context, operation, found)


def _drop_table(context: Context, operation: Operation, key: str, rest: Rest, found: Facts) -> None:
    schema = context.schema
    referencing = [(name, item) for name, item in schema.referencing(key) if name != key]
    found["referenced"] = bool(referencing)
    taking = [name for name, item in referencing if item.definition.on_delete in _TAKING and context.has_rows(name)]
    refusing = [name for name, item in referencing if item.definition.on_delete not in _TAKING]
    found["taking"] = ",".join(dict.fromkeys(taking))
    found["refusing"] = ",".join(dict.fromkeys(name for name in refusing if context.has_rows(name)))
    found["refused"] = bool(found["refusing"]) and not found["taking"]
    found["actions"] = ",".join(dict.fromkeys(item.definition.on_delete or "" for _, item in referencing))
    found["indexes"] = ",".join(
        f"{index.name}:{'+'.join(sorted(index_columns(index.definition)))}"
        for index in schema.indexes_of(key)
        if index.constraint is None
    )
    found["triggers"] = ",".join(triggers(context, key))
    table = schema.tables.get(key)
    _columns(table, found)
    if table is not None:
        counters = [item.definition.columns for item in table.constraints.values() if _counts(item.definition)]
        found["counter"] = counters[0][0] if counters and counters[0] else None
    views = [item.name for item in schema.dependents.get(key, ()) if item.kind == "view"]
    found["views"] = ",".join(views)


def _counts(definition: ConstraintDefinition) -> bool:
    return "autoincrement" in definition.options


def _columns(table: Table | None, found: Facts) -> None:
    if table is not None and table.columns:
        found["columns"] = ",".join(name for name, column in table.columns.items() if not column.generated)
        found["complete"] = table.complete
        found["affinities"] = ",".join(
            f"{name}:{affinity(column.type)}" for name, column in table.columns.items() if column.type is not None
        )


def _rename_table(context: Context, operation: Operation, key: str, rest: Rest, found: Facts) -> None:
    legacy = context.setting("legacy_alter_table") == "on"
    if not legacy:
        broken_facts(context, found)
    found["taken"] = _stands(context.schema.tables.get(operation.new_name or ""))
    following = context.version >= 32600 and not legacy
    found["references_follow"] = following or context.setting("foreign_keys") == "on"
    _columns(context.schema.tables.get(key), found)
    users = [name for name, _ in context.schema.referencing(key) if name != key]
    users += [item.name for item in context.schema.dependents.get(key, ()) if item.kind == "view"]
    found["referenced_by"] = ",".join(dict.fromkeys(users))


def _create_index(context: Context, operation: Operation, key: str, rest: Rest, found: Facts) -> None:
    definition = operation.definition
    if not isinstance(definition, IndexDefinition):
        return
    schema = context.schema
    found["no_op"] = found["if_not_exists"] is True and definition.name in schema.indexes
    found["taken"] = found["if_not_exists"] is False and definition.name in schema.indexes
    found["unique"] = definition.unique
    found["partial"] = definition.predicate is not None
    spare_facts(context, key, definition, found)
    table = schema.tables.get(key)
    quoted = [value for name, value in operation.options if name == "double-quoted"]
    if table is not None and table.complete:
        found["unknown_column"] = next((name for name in quoted if name not in table.columns), None)
        used = sorted(index_columns(definition))
        found["missing_column"] = next(
            (name for name in used if name not in table.columns and name not in quoted and name not in _ROWID), None
        )
        found["quotes_string"] = found["unknown_column"] is not None
        found["lacks_column"] = found["missing_column"] is not None
    features.needed(context, operation, found)


_ROWID = ("rowid", "oid", "_rowid_")


def _drop_index(context: Context, operation: Operation, key: str, rest: Rest, found: Facts) -> None:
    index = context.schema.indexes.get(key)
    found["backs_constraint"] = index is not None and index.constraint is not None
    if index is not None:
        found["index_table"] = index.table


def _data(context: Context, operation: Operation, key: str, rest: Rest, found: Facts) -> None:
    schema = context.schema
    taking = [name for name, item in schema.referencing(key) if item.definition.on_delete in _TAKING]
    found["taking"] = ",".join(dict.fromkeys(taking))
    found["triggers"] = ",".join(triggers(context, key)) or None
    found["from_query"] = "select-source" in operation.flags
    found["bounded"] = bool(operation.flags & {"limit"})
    found["single"] = operation.expression is not None and _single(context, operation.expression, key)
    if operation.kind == "insert" and found["from_query"] and "on-conflict" not in operation.flags:
        copy_facts(context, operation, key, found)
    features.needed(context, operation, found)


def _single(context: Context, condition: Expression, key: str) -> bool:
    """Whether a condition asks for one value of a unique column, or for one each of a few."""
    table = context.schema.tables.get(key)
    if table is None:
        return False
    named = {
        part.arguments[0].parts[-1]
        for part in conjuncts(condition)
        if isinstance(part, Operator)
        and part.name in ("=", "in", "is")
        and isinstance(part.arguments[0], ColumnReference)
        and isinstance(part.arguments[1], (Literal, Collection))
    }
    keys = [item.definition.columns for item in table.constraints.values() if item.definition.kind in _KEYS]
    keys += [
        tuple(element.column or "" for element in index.definition.elements)
        for index in context.schema.indexes_of(key)
        if index.definition.unique and index.definition.predicate is None
    ]
    return any(named.issuperset(columns) for columns in keys if columns)


_KEYS = frozenset({"unique", "primary-key"})


def _create_view(context: Context, operation: Operation, key: str, rest: Rest, found: Facts) -> None:
    known = context.schema.tables.get(key)
    found["no_op"] = found["if_not_exists"] is True and known is not None
    found["taken"] = found["if_not_exists"] is False and _stands(known)
    features.needed(context, operation, found)


def _trigger(context: Context, operation: Operation, key: str, rest: Rest, found: Facts) -> None:
    known = f"trigger {operation.value}" in context.schema.texts
    found["no_op"] = known and found["if_not_exists"] is True
    found["taken"] = known and found["if_not_exists"] is False
    if operation.kind == "drop-trigger" and context.schema.complete and not known:
        found["exists"] = False


def _drop_view(context: Context, operation: Operation, key: str, rest: Rest, found: Facts) -> None:
    dropped_view(context, key, found)


def _feature(context: Context, operation: Operation, key: str, rest: Rest, found: Facts) -> None:
    features.needed(context, operation, found)


BUILD: dict[str, Callable[[Context, Operation, str, Rest, Facts], None]] = {
    "create-table": _create_table,
    "create-table-as": _create_as,
    "drop-table": _drop_table,
    "rename-table": _rename_table,
    "create-index": _create_index,
    "drop-index": _drop_index,
    "insert": _data,
    "update": _data,
    "delete": _data,
    "select": _feature,
    "create-view": _create_view,
    "drop-view": _drop_view,
    "create-trigger": _trigger,
    "drop-trigger": _trigger,
    "vacuum-full": _feature,
}
