"""Facts of operations on columns of MySQL and MariaDB: operation, context and statement in, facts out."""

import re
from collections.abc import Callable

from safecol.context import Context
from safecol.dialects.mysql import table_facts, type_changes, types
from safecol.expressions import Call, ColumnReference, Expression, Literal, TypeName, columns, walk
from safecol.fold import Rest
from safecol.history.records import index_columns
from safecol.operations import ColumnDefinition, ConstraintDefinition, Operation
from safecol.schema import Column, Index, Table
from safecol.trace import Fact

Facts = dict[str, Fact]

# What a statement-based replica would compute anew: https://dev.mysql.com/doc/refman/8.4/en/replication-rbr-safe-unsafe.html
_UNSAFE = frozenset(
    {
        "uuid", "uuid_short", "rand", "random_bytes", "connection_id", "current_user", "session_user", "system_user",
        "user", "load_file", "get_lock", "is_free_lock", "is_used_lock", "release_lock", "sleep", "sysdate", "version",
        "found_rows", "row_count", "last_insert_id", "master_pos_wait", "ps_current_thread_id", "statement_digest",
    }
)  # fmt: skip
_EACH_ROW = frozenset({"uuid", "uuid_short", "nextval", "next_value_for", "sys_guid"})
_NOW = frozenset({"current_timestamp", "now", "localtime", "localtimestamp"})


def _add_column(context: Context, operation: Operation, key: str, rest: Rest, found: Facts) -> None:
    definition = operation.definition
    if not isinstance(definition, ColumnDefinition):
        return
    table = context.schema.tables.get(key)
    found["exists_already"] = (
        table is not None and definition.name in table.columns and not _goes(definition.name, operation, rest)
    )
    found["no_op"] = found["exists_already"] is True and found["if_not_exists"] is True
    found["place"] = _place(table, definition)
    found["key"] = "identity" if definition.identity is not None or definition.serial else "none"
    found["generated"] = definition.generated or "none"
    found["nullable"] = definition.nullable
    found["default"] = default_class(context, definition, definition.default)
    shape = types.shape(definition.type)
    found["column_type"] = definition.type.name
    found["zero"] = _zero(shape.family, definition, found)
    found["literal_default"] = shape.family in (types.LARGE | types.SPATIAL) and found["default"] == "constant"
    found["invisible"] = definition.invisible
    found["type_name"] = shape.family
    found["column_compressed"] = "compressed" in dict(definition.options)


def _goes(name: str, operation: Operation, rest: Rest) -> bool:
    """Whether a later clause drops the column of this name, or renames it: the server does that first."""
    later = rest.operations[rest.operations.index(operation) + 1 :]
    return any(
        other.column == name
        and (other.kind == "drop-column" or (other.new_name is not None and other.new_name.lower() != name.lower()))
        for other in later
        if other.kind in ("drop-column", "rename-column", "modify-column")
    )


def _place(table: Table | None, definition: ColumnDefinition) -> str:
    """`last`, `first` or `middle`; AFTER the last column is last."""
    if definition.first:
        return "first"
    if definition.after is None:
        return "last"
    last = next(reversed(table.columns), None) if table is not None and table.complete else None
    return "last" if last == definition.after else "middle"


def default_class(context: Context, definition: ColumnDefinition, default: Expression | None) -> str:
    """`none`, `constant`, `expression` (computed), `column`, `unsafe`, `volatile` or `sequence` (another each row)."""
    if default is None or (isinstance(default, Literal) and default.kind == "null"):
        return "none"
    parenthesised = dict(definition.options).get("default") == "expression"
    if not parenthesised and (isinstance(default, Literal) or (isinstance(default, Call) and default.name in _NOW)):
        return "constant"
    parts = list(walk(default))
    names = {part.name.lower() for part in parts if isinstance(part, Call)}
    if names & _EACH_ROW:
        return "sequence" if names & {"nextval", "next_value_for"} else "volatile"
    if names & _UNSAFE:
        return "unsafe"
    if any(isinstance(part, ColumnReference) for part in parts):
        return "column"
    literal = any(isinstance(part, Literal) for part in parts)
    return "expression" if parenthesised or names or not literal or len(parts) > 2 else "constant"


def _zero(family: str, definition: ColumnDefinition, found: Facts) -> str | None:
    """What rows get in a NOT NULL column that has no default: a zero of its kind."""
    if definition.nullable or definition.default is not None or definition.generated is not None:
        return None
    if found["key"] != "none":
        return None
    if family in ("date", "datetime"):
        return "date"
    if family == "timestamp":
        return "timestamp"
    if family == "json":
        return "json"
    if family in types.SPATIAL:
        return "geometry"
    if family == "enum":
        return "first value"
    return "empty" if family in (types.CHARACTER | types.LARGE) or "binary" in family else "0"


def _drop_column(context: Context, operation: Operation, key: str, rest: Rest, found: Facts) -> None:
    name = operation.column or ""
    table = context.schema.tables.get(key)
    column = context.column(key, name)
    found["missing"] = table is not None and table.complete and column is None
    found["no_op"] = found["missing"] is True and found["if_exists"] is True
    found["generated"] = (column.generated or "none") if column is not None else "none"
    found["nullable"] = column.nullable if column is not None else None
    if column is not None and column.type is not None:
        found["column_type"] = column.type.name
    indexes = [index for index in context.schema.indexes_of(key) if name in index_columns(index.definition)]
    found["indexed"] = _indexed(indexes, table_facts.leaving(context, rest, key))
    found["key_replaced"] = any(
        isinstance(other.definition, ConstraintDefinition) and other.definition.kind == "primary-key"
        for other in rest.operations
    )
    _users(context, key, name, rest, found)
    found["named_by"] = ",".join(named_by(context, key, name))


def named_by(context: Context, key: str, column: str | None) -> list[str]:
    """Views, triggers and routines that still name a table, or a column of it: the server drops it all the same."""
    found = []
    for item in context.schema.dependents.get(key, ()):
        if column is None:
            # A trigger goes with its own table.
            gone = item.kind == "trigger" and context.schema.used_by.get(item.name, ())[:1] == (key,)
        else:
            gone = item.columns is None or column.lower() not in {name.lower() for name in item.columns}
        if not gone:
            found.append(item.name)
    table = re.compile(rf"(?i)\b(?:FROM|JOIN|UPDATE|INTO)\s+(?:`?\w+`?\.)?`?{re.escape(key.rpartition('.')[2])}\b")
    for name, routines in context.schema.routines.items():
        for routine in routines:
            body = routine.definition.body
            if table.search(body) and (column is None or re.search(rf"(?i)\b{re.escape(column)}\b", body)):
                found.append(name)
    return list(dict.fromkeys(found))


def _indexed(indexes: list[Index], leaving: set[str]) -> str:
    """`none`, `alone` (the index goes as a whole), `shared`, `shared-unique`, `primary` or `primary-part`."""
    kinds = {_kind(index, alone=len(index.definition.elements) == 1 or index.name in leaving) for index in indexes}
    order = ("primary", "primary-part", "shared-unique", "shared", "alone", "alone-fulltext")
    return next((kind for kind in order if kind in kinds), "none")


def _kind(index: Index, *, alone: bool) -> str:
    if index.constraint == "PRIMARY":
        return "primary" if alone else "primary-part"
    if not alone:
        return "shared-unique" if index.definition.unique else "shared"
    return "alone-fulltext" if index.definition.method == "fulltext" else "alone"


def _users(context: Context, key: str, name: str, rest: Rest, found: Facts) -> None:
    """What of the table still uses a column: a foreign key, a CHECK, a generated column, an index on an expression."""
    table = context.schema.tables.get(key)
    gone = {other.value for other in rest.operations if other.kind == "drop-constraint"}
    left = {other.column for other in rest.operations if other.kind == "drop-column"}
    constraints = table.constraints.values() if table is not None else ()
    found["used_by_foreign_key"] = any(
        item.definition.kind == "foreign-key" and name in item.definition.columns and item.name not in gone
        for item in constraints
    )
    found["referenced"] = any(name in item.definition.referenced_columns for _, item in context.schema.referencing(key))
    checks = [
        item
        for item in constraints
        if item.definition.kind == "check" and item.name not in gone and item.definition.expression is not None
    ]
    mine = [item for item in checks if name in columns(item.definition.expression)]  # type: ignore[arg-type]
    found["used_by_check"] = any(
        len(columns(item.definition.expression)) > 1  # type: ignore[arg-type]
        for item in mine
    )
    found["has_check"] = bool(mine)
    found["used_by_generated"] = table is not None and any(
        other.expression is not None and name in columns(other.expression) and other.name not in left
        for other in table.columns.values()
        if other.generated
    )
    found["used_by_expression_index"] = any(
        element.expression is not None and name in columns(element.expression)
        for index in context.schema.indexes_of(key)
        for element in index.definition.elements
    )
    partition = table.partition_by if table is not None else None
    found["partition_key"] = partition is not None and any(
        element.column == name or (element.expression is not None and name in columns(element.expression))
        for element in partition.elements
    )


def _rename_column(context: Context, operation: Operation, key: str, rest: Rest, found: Facts) -> None:
    name = operation.column or ""
    table = context.schema.tables.get(key)
    found["missing"] = table is not None and table.complete and name not in table.columns
    _users(context, key, name, rest, found)
    found["named_by"] = ",".join(named_by(context, key, name))


def _modify_column(context: Context, operation: Operation, key: str, rest: Rest, found: Facts) -> None:
    definition = operation.definition
    name = operation.column or ""
    if not isinstance(definition, ColumnDefinition):
        return
    table = context.schema.tables.get(key)
    old = context.column(key, name)
    found["missing"] = table is not None and table.complete and old is None
    found["no_op"] = found["missing"] is True and found["if_exists"] is True
    found["renames"] = operation.new_name is not None and operation.new_name.lower() != name.lower()
    found["nullable"] = definition.nullable
    found["named_by"] = ",".join(named_by(context, key, name)) if found["renames"] else ""
    found["key"] = "identity" if definition.identity is not None or definition.serial else "none"
    found["generated"] = definition.generated or "none"
    found["default"] = default_class(context, definition, definition.default)
    type_changes.change_facts(context, key, old, definition, found)
    _users(context, key, name, rest, found)
    if old is not None and old.type is not None:
        found["old_type"] = _shown(old.type)
        found["compatible"] = types.alike(old.type, definition.type, native_json=context.dialect == "mysql")
    found["invisible"] = definition.invisible
    found["change"] = _change(found)
    found["new_type"] = _shown(definition.type)
    found["lost"] = ", ".join(lost(context, key, name, old, definition)) or None
    shape = types.shape(definition.type)
    found["type_name"] = shape.family
    found["column_compressed"] = found["compression_changed"] = "compressed" in dict(definition.options)
    before = types.shape(old.type) if old is not None and old.type is not None else shape
    vague = (before.vague or shape.vague) and before.family == shape.family
    keyed = found["used_by_foreign_key"] is True or found["referenced"] is True
    found["foreign_key_type"] = keyed and before != shape and not vague
    longer = old is not None and old.type is not None and types.shape(old.type).family == shape.family == "varchar"
    found["foreign_key_longer"] = found["foreign_key_type"] is True and longer
    texts = old is not None and old.type is not None and types.shape(old.type).family in types.CHARACTER
    found["to_json"] = shape.family == "json" and texts and context.has_rows(key)
    zero = _zero(shape.family, definition, found)
    found["zero"] = zero if found["nullability"] == "required" and not found["strict"] else None


def _shown(name: TypeName) -> str:
    parts = ", ".join(str(part) for part in name.modifiers[:3])
    return f"{name.name}({parts}{', …' if len(name.modifiers) > 3 else ''})" if parts else name.name


def _change(found: Facts) -> str | None:
    word = found["change_word"]
    if word == "unknown":
        return "unknown"
    return "none" if word in ("none", "append", "extend", "collation", "charset") else "rewrite"


def lost(context: Context, key: str, name: str, old: Column | None, new: ColumnDefinition) -> list[str]:
    """What the old column has and the new definition doesn't say: it is gone then."""
    if old is None:
        return []
    table = context.schema.tables.get(key)
    primary = table is not None and any(
        item.definition.kind == "primary-key" and name in item.definition.columns for item in table.constraints.values()
    )
    found = []
    if old.nullable is False and new.nullable and not new.null_written and new.default is None and not primary:
        found.append("NOT NULL")
    if _counts(old) and not (new.identity is not None or new.serial):
        found.append("AUTO_INCREMENT")
    has = old.default is not None and not (isinstance(old.default, Literal) and old.default.kind == "null")
    if has and new.default is None and not (new.identity is not None or new.serial):
        found.append("DEFAULT")
    if old.on_update is not None and new.on_update is None:
        found.append("ON UPDATE")
    if old.comment and new.comment is None:
        found.append("COMMENT")
    textual = types.shape(new.type).family in types.CHARACTER
    if textual and old.charset and not new.charset and not new.collation:
        found.append("CHARACTER SET")
    elif textual and old.collation and not new.collation and not new.charset:
        found.append("COLLATE")
    if old.invisible and not new.invisible:
        found.append("INVISIBLE")
    return found


def _counts(old: Column) -> bool:
    return old.identity is not None or old.serial


def _default(context: Context, operation: Operation, key: str, rest: Rest, found: Facts) -> None:
    column = context.column(key, operation.column or "")
    found["nullable"] = column.nullable if column is not None else None
    table = context.schema.tables.get(key)
    found["missing"] = table is not None and table.complete and column is None
    if column is not None and column.type is not None:
        found["type_name"] = types.shape(column.type).family
    if operation.kind == "drop-default" and column is not None:
        definition = ColumnDefinition(column.name, column.type or TypeName(""), operation.span)
        found["default"] = default_class(context, definition, column.default)


BUILD: dict[str, Callable[[Context, Operation, str, Rest, Facts], None]] = {
    "add-column": _add_column,
    "drop-column": _drop_column,
    "rename-column": _rename_column,
    "modify-column": _modify_column,
    "set-default": _default,
    "drop-default": _default,
}
