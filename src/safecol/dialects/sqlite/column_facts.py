"""Facts of operations on columns and constraints on SQLite: what effects.toml and pages ask of them."""

from collections.abc import Callable, Mapping

from safecol.context import Context
from safecol.dialects.sqlite import broken, features
from safecol.dialects.sqlite.values import default_class, holds
from safecol.expressions import Expression, Literal, TypeName, columns
from safecol.fold import Rest
from safecol.history.records import index_columns
from safecol.operations import ColumnDefinition, ConstraintDefinition, Operation
from safecol.trace import Fact

Facts = dict[str, Fact]

_STRICT_TYPES = frozenset({"int", "integer", "real", "text", "blob", "any"})


def shown(kind: TypeName) -> str:
    """A type as one reads it."""
    modifiers = ", ".join(str(item) for item in kind.modifiers)
    return f"{kind.name}({modifiers})" if modifiers else kind.name


def _add_column(context: Context, operation: Operation, key: str, rest: Rest, found: Facts) -> None:
    definition = operation.definition
    if not isinstance(definition, ColumnDefinition):
        return
    table = context.schema.tables.get(key)
    found["duplicate"] = table is not None and definition.name in table.columns
    found["nullable"] = definition.nullable
    found["generated"] = definition.generated or "none"
    found["key"] = "none"
    found["domain"] = "none"
    found["column_type"] = shown(definition.type)
    found["default"] = default_class(definition.default)
    found["default_text"] = _written_default(definition.default)
    inline = {
        other.definition.kind
        for other in rest.operations
        if isinstance(other.definition, ConstraintDefinition) and other.column == definition.name
    }
    found["references"] = "foreign-key" in inline
    found["inline_check"] = "check" in inline
    if found["strict"]:
        found["strict_type"] = definition.type.name in _STRICT_TYPES and not definition.type.modifiers
    features.needed(context, operation, found)


def _written_default(default: Expression | None) -> str | None:
    name = getattr(default, "name", None)
    return f"{name}" if isinstance(name, str) else None


def broken_facts(context: Context, found: Facts) -> None:
    """Whether a view or trigger that lacks something stops the change."""
    lack, certain = broken.name(context)
    found["broken_view"] = lack
    found["breaks"] = "certainly" if lack and certain else "perhaps" if lack else "no"


def _drop_column(context: Context, operation: Operation, key: str, rest: Rest, found: Facts) -> None:
    column = operation.column or ""
    table = context.schema.tables.get(key)
    users = _users(context, key, column)
    found["users"] = ", ".join(users)
    found["used"] = bool(users)
    broken_facts(context, found)
    found["generated"] = "none"
    if table is None:
        return
    known = table.columns.get(column)
    if known is not None and known.generated:
        found["generated"] = known.generated
    found["only_column"] = table.complete and not any(
        name != column and not other.generated for name, other in table.columns.items()
    )
    found["missing"] = table.complete and column not in table.columns
    if known is not None and known.type is not None:
        found["column_type"] = shown(known.type)
        found["nullable"] = known.nullable
    found["named_by"] = ",".join(_left_broken(context, key, column))


def _users(context: Context, key: str, column: str) -> list[str]:
    """What keeps SQLite from dropping a column, in words."""
    table = context.schema.tables.get(key)
    found: list[str] = []
    for item in table.constraints.values() if table is not None else ():
        definition = item.definition
        inline = "inline" in definition.options
        if definition.kind == "primary-key" and column in definition.columns:
            found.append("the primary key")
        elif definition.kind == "unique" and column in definition.columns:
            found.append(f"UNIQUE ({', '.join(definition.columns)})")
        elif definition.kind == "foreign-key" and column in definition.columns and not inline:
            found.append(f"FOREIGN KEY ({', '.join(definition.columns)})")
        elif definition.kind == "check" and definition.expression is not None:
            own = inline and definition.columns == (column,)
            if column in columns(definition.expression) and not own:
                found.append("a CHECK constraint")
    found.extend(
        f"index {index.name}"
        for index in context.schema.indexes_of(key)
        if index.constraint is None and column in index_columns(index.definition)
    )
    found.extend(
        f"generated column {other.name}"
        for other in (table.columns.values() if table is not None else ())
        if other.name != column and other.expression is not None and column in columns(other.expression)
    )
    for dependent in context.schema.dependents.get(key, ()):
        if dependent.columns is None or column not in dependent.columns:
            continue
        view = context.schema.tables.get(dependent.name)
        if dependent.kind == "view" and not (view is not None and view.query is not None and view.query.star):
            found.append(f"view {dependent.name}")  # SELECT * would go on without it
        elif dependent.kind == "trigger" and not _only_named_as_event(context, dependent.name, key, column):
            found.append(dependent.name)
    return list(dict.fromkeys(found))


def _only_named_as_event(context: Context, name: str, key: str, column: str) -> bool:
    """Whether a trigger names a column in UPDATE OF alone, which SQLite doesn't look at."""
    texts = dict(context.schema.texts.get(name, ()))
    return texts.get("event-columns", "") != "" and column in texts["event-columns"].split(",")


def _left_broken(context: Context, key: str, column: str) -> list[str]:
    """What still names the column afterwards, without an error until it is used."""
    found = [
        f"foreign key of {name}"
        for name, item in context.schema.referencing(key)
        if column in item.definition.referenced_columns
    ]
    found.extend(
        dependent.name
        for dependent in context.schema.dependents.get(key, ())
        if dependent.kind == "trigger" and _only_named_as_event(context, dependent.name, key, column)
    )
    # The columns that a trigger's INSERT and UPDATE write are not looked at either.
    found.extend(name for name, texts in context.schema.texts.items() if ("writes", f"{key}.{column}") in texts)
    return list(dict.fromkeys(found))


def _rename_column(context: Context, operation: Operation, key: str, rest: Rest, found: Facts) -> None:
    table = context.schema.tables.get(key)
    broken_facts(context, found)
    found["duplicate"] = table is not None and operation.new_name in table.columns
    found["missing"] = table is not None and table.complete and operation.column not in table.columns


def _set_not_null(context: Context, operation: Operation, key: str, rest: Rest, found: Facts) -> None:
    known = context.column(key, operation.column or "")
    table = context.schema.tables.get(key)
    found["nullable"] = known.nullable if known is not None else None
    found["missing"] = table is not None and table.complete and known is None


def _add_constraint(context: Context, operation: Operation, key: str, rest: Rest, found: Facts) -> None:
    definition = operation.definition
    if not isinstance(definition, ConstraintDefinition):
        return
    found["constraint"] = definition.kind
    found["inline"] = "inline" in operation.flags
    found["nullable"] = True
    if definition.kind == "foreign-key":
        found["default"] = _inline_default(operation, rest)
    elif definition.kind == "check" and definition.expression is not None and operation.column:
        values = {**_given(operation, rest)}
        found["violated"] = bool(values) and holds(definition.expression, values) is False


def _inline_default(operation: Operation, rest: Rest) -> str:
    for other in rest.operations:
        if isinstance(other.definition, ColumnDefinition) and other.definition.name == operation.column:
            return default_class(other.definition.default)
    return "none"


def _given(operation: Operation, rest: Rest) -> Mapping[str, Literal]:
    """The value that every existing row gets in the new column."""
    for other in rest.operations:
        definition = other.definition
        if isinstance(definition, ColumnDefinition) and definition.name == operation.column:
            if definition.generated:
                return {}
            if definition.default is None:
                return {definition.name: Literal("null", "")}
            if isinstance(definition.default, Literal):
                return {definition.name: definition.default}
    return {}


def _drop_constraint(context: Context, operation: Operation, key: str, rest: Rest, found: Facts) -> None:
    table = context.schema.tables.get(key)
    found["constraint"] = "unknown"
    if table is None:
        return
    item = table.constraints.get(operation.value or "")
    if item is not None:
        found["constraint"] = item.definition.kind
    elif table.complete:
        found["constraint"] = "missing"


BUILD: dict[str, Callable[[Context, Operation, str, Rest, Facts], None]] = {
    "add-column": _add_column,
    "drop-column": _drop_column,
    "rename-column": _rename_column,
    "set-not-null": _set_not_null,
    "drop-not-null": _set_not_null,
    "add-constraint": _add_constraint,
    "drop-constraint": _drop_constraint,
}
