"""Facts of operations on constraints and indexes of MySQL and MariaDB."""

from collections.abc import Callable, Iterable

from safecol.context import Context
from safecol.dialects.mysql import types
from safecol.dialects.mysql.key_history import index_key, is_ignored, serves
from safecol.dialects.spare_indexes import spare_facts
from safecol.expressions import columns
from safecol.fold import Rest
from safecol.operations import (
    ColumnDefinition,
    ConstraintDefinition,
    Definition,
    IndexDefinition,
    IndexElement,
    Operation,
)
from safecol.schema import Table
from safecol.trace import Fact

Facts = dict[str, Fact]


def _add_constraint(context: Context, operation: Operation, key: str, rest: Rest, found: Facts) -> None:
    definition = operation.definition
    if not isinstance(definition, ConstraintDefinition):
        return
    kind = definition.kind
    found["constraint"] = kind
    found["inline"] = "inline" in operation.flags
    found["enforced"] = definition.enforced
    found["validated"] = definition.validated
    found["unnamed"] = definition.name is None
    table = context.schema.tables.get(key)
    names = {other.definition.name for other in rest.operations if isinstance(other.definition, ColumnDefinition)}
    modified = {other.definition.name for other in rest.operations
                if other.kind == "modify-column" and isinstance(other.definition, ColumnDefinition)}  # fmt: skip
    found["with_modify"] = found["inline"] is True and bool(modified & {*definition.columns, *_mentioned(definition)})
    found["fresh_columns"] = bool(definition.columns) and set(definition.columns) <= names - modified
    if kind == "check":
        found["ignored"] = context.version < (80_016 if context.dialect == "mysql" else 100_201)
    if kind == "foreign-key":
        _foreign_key(context, definition, key, found)
    elif kind == "unique":
        elements = definition.elements or tuple(IndexElement(column) for column in definition.columns)
        _elements(context, table, elements, rest, found)
        found["becomes_primary"] = _becomes_primary(table, definition.columns, rest)
        gone = any(other.kind == "drop-constraint" and other.value == "PRIMARY" for other in rest.operations)
        primary = table.constraints.get("PRIMARY") if table is not None else None
        found["takes_place"] = gone and primary is not None and primary.definition.columns == definition.columns
        found["same_values"] = _same_values(context, definition.columns, key, rest)
    elif kind == "primary-key":
        dropped = any(other.kind == "drop-constraint" and other.value == "PRIMARY" for other in rest.operations)
        left = {other.column for other in rest.operations if other.kind == "drop-column"}
        old = table.constraints.get("PRIMARY") if table is not None else None
        found["has_primary_key"] = old is not None and not dropped and not set(old.definition.columns) <= left
        found["nullable"] = _any_nullable(table, definition.columns)


def _mentioned(definition: ConstraintDefinition) -> set[str]:
    return columns(definition.expression) if definition.expression is not None else set()


def _same_values(context: Context, names: tuple[str, ...], key: str, rest: Rest) -> bool:
    """Whether all rows have one value in these columns, which the same statement adds, and it isn't NULL."""
    from safecol.dialects.mysql.column_facts import default_class

    added = {
        other.definition.name: other.definition
        for other in rest.operations
        if other.kind == "add-column" and isinstance(other.definition, ColumnDefinition)
    }
    if not names or not set(names) <= set(added):
        return False
    definitions = [added[name] for name in names]
    return not any(one.identity or one.serial or one.generated for one in definitions) and all(
        default_class(context, one, one.default) == "constant" or (one.default is None and not one.nullable)
        for one in definitions
    )


def _any_nullable(table: Table | None, names: Iterable[str]) -> bool | None:
    if table is None:
        return None
    known = [table.columns[name].nullable for name in names if name in table.columns]
    return True if True in known else None if None in known or not known else False


def _becomes_primary(table: Table | None, names: tuple[str, ...], rest: Rest) -> bool:
    """Whether a unique key is what the rows are stored by: over columns that are NOT NULL, without a primary key."""
    if table is None or not table.complete or "PRIMARY" in table.constraints:
        return False
    if any(
        isinstance(other.definition, ConstraintDefinition) and other.definition.kind == "primary-key"
        for other in rest.operations
    ):
        return False
    return bool(names) and all(name in table.columns and table.columns[name].nullable is False for name in names)


def _foreign_key(context: Context, definition: ConstraintDefinition, key: str, found: Facts) -> None:
    found["ignored"] = is_ignored(context, definition, inline=found["inline"] is True)
    found["has_index"] = serves(context, key, definition.columns)
    found["index_state"] = "present" if found["has_index"] else "missing"
    referenced = context.key(definition.referenced) if definition.referenced is not None else ""
    other = context.schema.tables.get(referenced)
    found["referenced_table"] = referenced
    found["referenced_exists"] = context.exists(referenced) if referenced != key else True
    if other is None or not other.complete:
        return
    targets = definition.referenced_columns
    if not targets and "PRIMARY" in other.constraints:
        targets = other.constraints["PRIMARY"].definition.columns
    table = context.schema.tables.get(key)
    found["mismatched"] = table is not None and any(
        _mismatch(table, column, other, target) for column, target in zip(definition.columns, targets, strict=False)
    )
    found["target_indexed"] = serves(context, referenced, targets)
    found["target_unique"] = any(
        index.definition.unique and tuple(element.column for element in index.definition.elements) == targets
        for index in context.schema.indexes_of(referenced)
    )


def _mismatch(table: Table, column: str, other: Table, target: str) -> bool:
    one, two = table.columns.get(column), other.columns.get(target)
    if one is None or two is None or one.type is None or two.type is None:
        return False
    first, second = types.shape(one.type), types.shape(two.type)
    if first.family != second.family:
        return {first.family, second.family} not in ({"varchar", "char"}, {"varbinary", "binary"})
    return first.family in types.INTEGERS and first.unsigned != second.unsigned


def _drop_constraint(context: Context, operation: Operation, key: str, rest: Rest, found: Facts) -> None:
    table = context.schema.tables.get(key)
    name = operation.value or ""
    written = dict(operation.options).get("constraint", "any")
    known = table.constraints.get(name) if table is not None else None
    kind = written if written != "any" else known.definition.kind if known is not None else "unknown"
    found["constraint"] = kind
    found["written"] = written
    gone = table is not None and table.complete and known is None and not _drops_columns(rest)
    found["no_op"] = gone and found["if_exists"] is True
    found["missing"] = gone and found["if_exists"] is not True
    if kind == "primary-key":
        found["replaced"] = any(_takes_its_place(table, other) for other in rest.operations)
        found["needed"] = any(
            name != key and set(item.definition.referenced_columns) <= set(known.definition.columns if known else ())
            for name, item in context.schema.referencing(key)
        )
        alike = known.definition.columns if known is not None else ()
        found["takes_place"] = any(
            isinstance(other.definition, ConstraintDefinition)
            and other.definition.kind == "unique"
            and other.definition.columns == alike
            for other in rest.operations
        )
        found["counted"] = _counted(context, key, table, rest)
        found["another_key"] = _another_key(context, key, table)
        found["required_primary_key"] = context.setting("sql_require_primary_key") == "1"


def _drops_columns(rest: Rest) -> bool:
    """Whether a key that isn't there may have gone with its column in an earlier clause, which doesn't matter."""
    return any(other.kind == "drop-column" for other in rest.operations)


def _takes_its_place(table: Table | None, other: Operation) -> bool:
    """Whether a clause adds a primary key, or a unique one over columns that are NOT NULL."""
    definition = other.definition
    if not isinstance(definition, ConstraintDefinition) or definition.kind not in ("primary-key", "unique"):
        return False
    return definition.kind == "primary-key" or _any_nullable(table, definition.columns) is False


def _counted(context: Context, key: str, table: Table | None, rest: Rest) -> bool:
    """Whether an AUTO_INCREMENT column would be left without a key."""
    if table is None:
        return False
    changed = {other.column for other in rest.operations if other.kind in ("modify-column", "drop-column")}
    led = {_first_column(other.definition) for other in rest.operations}
    return any(
        column.identity is not None
        and name not in changed
        and name not in led
        and not any(
            index.definition.elements[0].column == name
            for index in context.schema.indexes_of(key)
            if index.constraint != "PRIMARY" and index.definition.elements
        )
        for name, column in table.columns.items()
    )


def _first_column(definition: Definition | None) -> str | None:
    """The column that an added key or index begins with."""
    if isinstance(definition, IndexDefinition):
        return definition.elements[0].column if definition.elements else None
    if isinstance(definition, ConstraintDefinition) and definition.kind != "check":
        return definition.columns[0] if definition.columns else None
    return None


def _another_key(context: Context, key: str, table: Table | None) -> bool:
    """Whether a unique key over NOT NULL columns is there to take the primary key's place."""
    if table is None:
        return False
    return any(
        index.definition.unique
        and index.constraint != "PRIMARY"
        and all(
            element.column in table.columns and table.columns[element.column].nullable is False
            for element in index.definition.elements
        )
        for index in context.schema.indexes_of(key)
    )


def _create_index(context: Context, operation: Operation, key: str, rest: Rest, found: Facts) -> None:
    definition = operation.definition
    if not isinstance(definition, IndexDefinition):
        return
    found["unique"] = definition.unique
    found["method"] = definition.method
    found["method_written"] = bool(dict(definition.options).get("using"))
    spare_facts(context, key, definition, found)
    table = context.schema.tables.get(key)
    _elements(context, table, definition.elements, rest, found)
    if definition.unique:
        names = tuple(element.column or "" for element in definition.elements)
        found["becomes_primary"] = _becomes_primary(table, names, rest)
    at = index_key(key, definition.name or "")
    dropped = {index_key(key, other.value or "") for other in rest.operations if other.kind == "drop-index"}
    found["exists_already"] = bool(definition.name) and at in context.schema.indexes and at not in dropped
    found["no_op"] = found["exists_already"] is True and found["if_not_exists"] is True
    found["same_as_dropped"] = _same(context, key, operation, definition, rest)
    others = [
        other
        for other in rest.operations
        if isinstance(other.definition, IndexDefinition) and other.definition.method == "fulltext"
    ]
    found["several_fulltext"] = definition.method == "fulltext" and len(others) > 1
    own = table is not None and any(name.upper() == "FTS_DOC_ID" for name in table.columns)
    found["first_fulltext"] = definition.method == "fulltext" and not (
        own or found["has_fulltext"] is True or found["hidden_document_id"] is True
    )


def _same(context: Context, key: str, operation: Operation, definition: IndexDefinition, rest: Rest) -> bool:
    for other in rest.operations:
        if other.kind == "drop-index" and other is not operation:
            before = _dropped(context, index_key(key, other.value or ""))
            if before is not None and before.name == definition.name and before.elements == definition.elements:
                return before.unique == definition.unique and before.method == definition.method
    return False


def _dropped(context: Context, at: str) -> IndexDefinition | None:
    """The definition of an index that an earlier clause dropped: the schema has forgotten it, its log hasn't."""
    for store, name, record in reversed(context.schema.log):
        if store is context.schema.indexes and name == at and record is not None:
            definition: IndexDefinition = record.definition
            return definition
    return None


def _elements(
    context: Context, table: Table | None, elements: tuple[IndexElement, ...], rest: Rest, found: Facts
) -> None:
    found["functional"] = any(element.expression is not None for element in elements)
    fresh = {
        other.definition.name: other.definition
        for other in rest.operations
        if isinstance(other.definition, ColumnDefinition) and other.kind in ("add-column", "modify-column")
    }
    large = nullable = missing = False
    for element in elements:
        if element.column is None:
            continue
        made = fresh.get(element.column)
        column = table.columns.get(element.column) if table is not None else None
        type_ = made.type if made is not None else column.type if column is not None else None
        if type_ is not None and types.shape(type_).family in types.LARGE and element.length is None:
            large = True
        known = made.nullable if made is not None else column.nullable if column is not None else None
        nullable = nullable or known is True
        missing = missing or (table is not None and table.complete and column is None and made is None)
    found["whole_text"] = large
    found["nullable"] = nullable
    found["missing_column"] = missing


def _drop_index(context: Context, operation: Operation, key: str, rest: Rest, found: Facts) -> None:
    table = context.schema.tables.get(key)
    at = index_key(key, operation.value or "")
    index = context.schema.indexes.get(at)
    # One that a foreign key has made goes by itself where an earlier clause adds another.
    replaced = any(isinstance(other.definition, (IndexDefinition, ConstraintDefinition)) for other in rest.operations)
    gone = table is not None and table.complete and index is None and not _drops_columns(rest) and not replaced
    found["no_op"] = gone and found["if_exists"] is True
    found["missing"] = gone and found["if_exists"] is not True
    found["same_as_added"] = False
    if index is None or table is None:
        return
    definition = index.definition
    found["unique"] = definition.unique
    found["method"] = definition.method
    others = [other for other in rest.operations if isinstance(other.definition, IndexDefinition)]
    found["same_as_added"] = any(
        isinstance(other.definition, IndexDefinition)
        and (other.definition.name, other.definition.elements, other.definition.unique, other.definition.method)
        == (definition.name, definition.elements, definition.unique, definition.method)
        for other in others
    )
    names = tuple(element.column or "" for element in definition.elements)
    found["is_primary"] = (
        definition.unique
        and "PRIMARY" not in table.constraints
        and all(name in table.columns and table.columns[name].nullable is False for name in names)
        and not any(
            isinstance(other.definition, ConstraintDefinition) and other.definition.kind == "primary-key"
            for other in rest.operations
        )
    )
    found["needed"] = _needed(context, key, table, at, rest)


_KEYS = frozenset({"unique", "primary-key"})


def _needed(context: Context, key: str, table: Table, at: str, rest: Rest) -> bool:
    """Whether a foreign key would be left without an index."""
    gone = {other.value for other in rest.operations if other.kind == "drop-constraint"}
    gone_columns = {other.column for other in rest.operations if other.kind == "drop-column"}
    added = [
        tuple(element.column for element in other.definition.elements)
        for other in rest.operations
        if isinstance(other.definition, IndexDefinition)
        or (isinstance(other.definition, ConstraintDefinition) and other.definition.kind in _KEYS)
    ]
    for item in table.constraints.values():
        if item.definition.kind != "foreign-key" or item.name in gone:
            continue
        if any(other.definition == item.definition for other in rest.operations):
            continue  # one that the same statement adds makes an index of its own
        names = item.definition.columns
        if gone_columns & set(names) or any(tuple(each[: len(names)]) == names for each in added):
            continue
        serving = [
            index
            for index in context.schema.indexes_of(key)
            if tuple(element.column for element in index.definition.elements[: len(names)]) == names
        ]
        if serving and all(index.name == at for index in serving):
            return True
    return False


def _alter_constraint(context: Context, operation: Operation, key: str, rest: Rest, found: Facts) -> None:
    found["enforced"] = dict(operation.options).get("enforced") != "false"


BUILD: dict[str, Callable[[Context, Operation, str, Rest, Facts], None]] = {
    "add-constraint": _add_constraint,
    "drop-constraint": _drop_constraint,
    "alter-constraint": _alter_constraint,
    "create-index": _create_index,
    "drop-index": _drop_index,
    "rename-index": _drop_index,
    "change-index-visibility": _drop_index,
}
