"""Facts of operations on tables, partitions and rows of MySQL and MariaDB."""

from collections.abc import Callable

from safecol.context import Context
from safecol.dialects.mysql import charsets, column_facts, type_changes, types
from safecol.dialects.views import dropped_view, replaced_view
from safecol.expressions import columns
from safecol.fold import Rest
from safecol.operations import Definition, Operation, PartitionKey, TableDefinition
from safecol.trace import Fact

Facts = dict[str, Fact]

# Options that only change what is written down about a table; all others are taken to rebuild it.
_METADATA = frozenset(
    {
        "comment", "auto-increment", "max-rows", "min-rows", "avg-row-length", "stats-persistent", "stats-auto-recalc",
        "stats-sample-pages", "charset", "collation", "compression", "checksum", "delay-key-write", "pack-keys",
        "insert-method", "connection", "union", "password", "autoextend-size", "engine-attribute",
        "secondary-engine-attribute", "secondary-engine", "page-checksum", "transactional", "table-checksum",
    }
)  # fmt: skip
_OF_THE_STATEMENT = frozenset({"algorithm", "lock", "wait"})


def _set_table_options(context: Context, operation: Operation, key: str, rest: Rest, found: Facts) -> None:
    """`kind_of_option`: the dearest of `metadata`, `rebuild` and `copy`."""
    table = context.schema.tables.get(key)
    options = dict(table.options) if table is not None else {}
    words = {"metadata"}
    for name, value in operation.options:
        if name in _OF_THE_STATEMENT:
            continue
        if name == "engine":
            same = value.lower() == options.get("engine", "innodb").lower()
            words.add("rebuild" if same and value.lower() == "innodb" else "copy")
        elif name in ("encryption", "encrypted", "tablespace"):
            words.add("copy" if name == "encryption" else "rebuild")
        elif name not in _METADATA:
            words.add("rebuild")
    order = ("metadata", "rebuild", "copy")
    found["kind_of_option"] = max(words, key=order.index)
    names = [name for name, _ in operation.options if name not in _OF_THE_STATEMENT]
    found["option"] = names[0] if len(names) == 1 else None
    found["engine_written"] = "engine" in names
    found["text_written"] = bool({"charset", "collation"} & set(names))


def _convert(context: Context, operation: Operation, key: str, rest: Rest, found: Facts) -> None:
    collation = dict(operation.options).get("collation")
    table = context.schema.tables.get(key)
    found["change_word"] = type_changes.conversion(context, table, operation.value, collation)
    wanted = charsets.charset_name(operation.value) if operation.value else None
    around = charsets.of_table(context, dict(table.options) if table is not None else {})
    for column in table.columns.values() if table is not None else ():
        if column.type is None or types.shape(column.type).family not in types.CHARACTER:
            continue
        one = charsets.text(context, column.charset, column.collation, around).charset
        if type_changes.narrower(one, wanted):
            found["narrowed_charset"] = f"{one} to {wanted}"


def _partition(context: Context, operation: Operation, key: str, rest: Rest, found: Facts) -> None:
    table = context.schema.tables.get(key)
    by = table.partition_by if table is not None else None
    found["strategy"] = "unknown" if by is None else "hash" if by.strategy in ("hash", "key") else "bounds"
    found["unbounded"] = by is not None and by.strategy == "range" and by.unbounded
    found["not_partitioned"] = table is not None and table.complete and table.kind != "partitioned"
    if operation.kind == "partition-table" and table is not None and table.complete:
        used = _key_columns(operation.definition)
        keys = [item.definition for item in table.constraints.values() if item.definition.kind in _KEYS]
        found["outside_key"] = bool(used) and any(not used <= set(each.columns) for each in keys)


_KEYS = frozenset({"primary-key", "unique"})


def _key_columns(definition: Definition | None) -> set[str]:
    if not isinstance(definition, PartitionKey):
        return set()
    found = {element.column for element in definition.elements if element.column}
    for element in definition.elements:
        if element.expression is not None:
            found |= columns(element.expression)
    return found


def _create_table(context: Context, operation: Operation, key: str, rest: Rest, found: Facts) -> None:
    found["no_op"] = found["if_not_exists"] is True and key in context.schema.tables
    found["replaces"] = found["or_replace"] is True and key in context.schema.tables
    definition = operation.definition
    if not isinstance(definition, TableDefinition):
        return
    early = context.version < (80_016 if context.dialect == "mysql" else 100_201)
    late = context.version >= (90_000 if context.dialect == "mysql" else 100_500)
    found["ignored_kinds"] = " ".join(word for word, ignored in (("check", early), ("references", not late)) if ignored)
    found["exists_already"] = key in context.schema.tables and found["or_replace"] is not True
    has = any(item.kind == "primary-key" for item in definition.constraints)
    found["primary_key"] = has or bool(definition.like)
    found["required_primary_key"] = context.setting("sql_require_primary_key") == "1"


def _drop_table(context: Context, operation: Operation, key: str, rest: Rest, found: Facts) -> None:
    gone = {context.key(other.relation) for other in rest.operations if other.relation is not None}
    users = [name for name, _ in context.schema.referencing(key) if name != key and name not in gone]
    found["referenced"] = bool(users)
    found["users"] = ", ".join(dict.fromkeys(users))
    found["named_by"] = ",".join(column_facts.named_by(context, key, None)) if operation.kind != "truncate" else ""
    found["missing"] = context.exists(key) is False
    found["no_op"] = found["missing"] is True and found["if_exists"] is True


def _truncate(context: Context, operation: Operation, key: str, rest: Rest, found: Facts) -> None:
    _drop_table(context, operation, key, rest, found)


def _lock_table(context: Context, operation: Operation, key: str, rest: Rest, found: Facts) -> None:
    found["writes"] = "write" in (operation.value or "").lower()


def _data(context: Context, operation: Operation, key: str, rest: Rest, found: Facts) -> None:
    flags = operation.flags
    found["where"] = "where" in flags
    found["always_true"] = "always-true" in flags
    found["limit"] = "limit" in flags
    found["replace"] = "replace" in flags
    found["select_source"] = "select-source" in flags
    if operation.kind == "update" and "limit" in flags:
        found["same_rows"] = _finds_the_same(context, operation, key)


def _finds_the_same(context: Context, operation: Operation, key: str) -> bool | None:
    """Whether a second UPDATE … LIMIT finds the rows of the first; None where a name may be a variable."""
    assigned = {value for name, value in operation.options if name == "column"}
    asked = {value for name, value in operation.options if name == "order"}
    if operation.expression is not None:
        asked |= columns(operation.expression)
    if asked & assigned:
        return False
    asked -= {"order", "by", "asc", "desc", "limit"}
    table = context.schema.tables.get(key)
    if operation.reads or (asked and (table is None or not asked <= table.columns.keys())):
        return None
    return True


def _view(context: Context, operation: Operation, key: str, rest: Rest, found: Facts) -> None:
    table = context.schema.tables.get(key)
    found["is_table"] = table is not None and table.kind != "view"
    if operation.kind == "drop-view":
        found["is_table"] = found["is_table"] is True and found["if_exists"] is not True
        dropped_view(context, key, found)
    else:
        replaced_view(context, operation, key, found)


def _body(context: Context, operation: Operation, key: str, rest: Rest, found: Facts) -> None:
    from safecol.dialects.mysql import bodies

    if operation.kind == "create-trigger":
        bodies.triggered(context, operation, key, found)
    elif operation.kind == "create-routine":
        bodies.functioned(context, operation, found)
    elif operation.object == "event":
        bodies.scheduled(context, operation, found)
    found["body_fits"] = found.get("body_refused") is None
    found["by_itself"] = not found["body_fits"]


def _drop_routine(context: Context, operation: Operation, key: str, rest: Rest, found: Facts) -> None:
    known = context.schema.routines.get(key, ())
    if len(known) == 1:
        definition = known[0].definition
        found["signature"] = ",".join(argument.name for argument in definition.arguments)
        found["returns"] = definition.returns.name if definition.returns is not None else None


BUILD: dict[str, Callable[[Context, Operation, str, Rest, Facts], None]] = {
    "set-table-options": _set_table_options,
    "convert-charset": _convert,
    **dict.fromkeys(
        (
            "partition-table", "remove-partitioning", "add-partition", "drop-partition", "truncate-partition",
            "reorganize-partition", "exchange-partition", "coalesce-partition", "rebuild-partition",
            "optimize-partition", "convert-partition",
        ),
        _partition,
    ),
    "create-table": _create_table,
    "create-table-as": _create_table,
    "drop-table": _drop_table,
    "truncate": _truncate,
    "create-view": _view,
    **dict.fromkeys(("drop-view", "alter-view"), _view),
    "drop-routine": _drop_routine,
    **dict.fromkeys(("create-trigger", "create-routine", "create-object"), _body),
    "lock-table": _lock_table,
    **dict.fromkeys(("insert", "update", "delete", "select", "copy-in"), _data),
}  # fmt: skip
