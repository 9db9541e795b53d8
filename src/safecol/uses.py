"""Who uses what: views, policies, triggers, rules, publications and parsed routines as dependents of relations."""

from typing import Any

from safecol.context import Context
from safecol.expressions import ColumnReference, Expression, TypeName, columns
from safecol.operations import Operation, QueryUse, TriggerDefinition
from safecol.schema import Dependent


def add_dependents(context: Context, key: str, operation: Operation, kind: str) -> None:
    """Record what a view, routine, policy, trigger, rule, publication or statistics object reads."""
    name = _label(kind, key, operation)
    found: dict[str, frozenset[str] | None] = {}
    if kind in ("trigger", "policy", "rule", "statistics"):
        found[key] = _own_columns(operation)
    if operation.query is not None:
        for name_read, used in _query_columns(context, operation.query).items():
            found[name_read] = _merge(found[name_read], used) if name_read in found else used
    definition = operation.definition
    if isinstance(definition, TriggerDefinition) and definition.routine is not None:
        found[context.key(definition.routine)] = frozenset()
    if kind == "publication":
        for read in operation.reads:
            found.setdefault(context.key(read), frozenset())
        for option, value in operation.options:
            if option == "table.column":
                relation, _, column = value.rpartition(".")
                found[relation] = (found.get(relation) or frozenset()) | {column}
    schema = context.schema
    for relation, used in found.items():
        others = tuple(item for item in schema.dependents.get(relation, ()) if item.name != name)
        schema.put(schema.dependents, relation, (*others, Dependent(kind, name, used)))
    if found:
        schema.put(schema.used_by, name, tuple(dict.fromkeys((*schema.used_by.get(name, ()), *found))))


def _label(kind: str, key: str, operation: Operation) -> str:
    if kind in ("view", "materialized-view", "routine"):
        return key
    return f"{kind} {operation.value or key}"


def _merge(one: frozenset[str] | None, other: frozenset[str] | None) -> frozenset[str] | None:
    return None if one is None or other is None else one | other


def _own_columns(operation: Operation) -> frozenset[str] | None:
    used: set[str] = set()
    definition = operation.definition
    if isinstance(definition, TriggerDefinition):
        used.update(definition.columns)
        if definition.when is not None:
            used |= columns(definition.when)
    if operation.expression is not None:
        used |= columns(operation.expression)
    used.update(value for option, value in operation.options if option == "column")
    return frozenset(used)


def _query_columns(context: Context, query: QueryUse) -> dict[str, frozenset[str] | None]:
    """Columns by relation; None when a star makes it unknown. A name that may be one of several is nobody's."""
    relations = [context.key(name) for name in query.relations]
    found: dict[str, set[str] | None] = {relation: set() for relation in relations}
    if query.star:
        # Beside other names the star may be that of a subquery, which reads less.
        alone = len(relations) == 1 and not query.columns
        return {relation: _all_columns(context, relation) if alone else None for relation in relations}
    for qualifier, column in query.columns:
        if qualifier is not None:
            for relation in relations:
                if relation == qualifier or relation.rpartition(".")[2] == qualifier:
                    _add(found, relation, column)
            continue
        owners = [relation for relation in relations if _may_have(context, relation, column)]
        if len(owners) == 1:
            _add(found, owners[0], column)
    return {relation: None if used is None else frozenset(used) for relation, used in found.items()}


def _add(found: dict[str, set[str] | None], relation: str, column: str) -> None:
    used = found.get(relation)
    if used is not None:
        used.add(column)


def _may_have(context: Context, relation: str, column: str) -> bool:
    table = context.schema.tables.get(relation)
    return table is None or column in table.columns or not table.complete


def _all_columns(context: Context, relation: str) -> frozenset[str] | None:
    table = context.schema.tables.get(relation)
    return frozenset(table.columns) if table is not None and table.complete else None


def drop_dependents(context: Context, name: str) -> None:
    """Forget a view, routine, policy, … as a user of anything."""
    schema = context.schema
    relations = schema.used_by.get(name)
    if relations is None:
        return
    for relation in relations:
        left = tuple(item for item in schema.dependents.get(relation, ()) if item.name != name)
        schema.put(schema.dependents, relation, left or None)
    schema.put(schema.used_by, name, None)


def rename_dependents(context: Context, key: str, new: str) -> None:
    """Follow a renamed relation, as user and as used."""
    schema = context.schema
    items = schema.dependents.get(key)
    if items is not None:
        schema.put(schema.dependents, key, None)
        schema.put(schema.dependents, new, items)
        for item in items:
            relations = tuple(new if relation == key else relation for relation in schema.used_by.get(item.name, ()))
            schema.put(schema.used_by, item.name, relations or None)
    relations = schema.used_by.get(key, ())
    for relation in relations:
        renamed = tuple(
            item._replace(name=new) if item.name == key else item for item in schema.dependents.get(relation, ())
        )
        schema.put(schema.dependents, relation, renamed or None)
    if relations:
        schema.put(schema.used_by, key, None)
        schema.put(schema.used_by, new, relations)


def rename_used_column(context: Context, key: str, old: str, new: str) -> None:
    """Follow a renamed column of a relation into those that use it."""
    schema = context.schema
    items = schema.dependents.get(key, ())
    renamed = tuple(
        item._replace(columns=item.columns - {old} | {new}) if item.columns and old in item.columns else item
        for item in items
    )
    if renamed != items:
        schema.put(schema.dependents, key, renamed)


def rename_column(expression: Expression, old: str, new: str) -> Expression:
    """The expression with a column renamed, as the server keeps it."""
    if isinstance(expression, ColumnReference):
        return ColumnReference((*expression.parts[:-1], new)) if expression.parts[-1] == old else expression
    # Every other expression is a tuple of expressions, of tuples of them, or of plain values.
    return type(expression)(*(_renamed_part(part, old, new) for part in expression))


def _renamed_part(part: Any, old: str, new: str) -> Any:
    if not isinstance(part, tuple) or isinstance(part, TypeName):
        return part
    if hasattr(part, "_fields"):
        expression: Any = part
        return rename_column(expression, old, new)
    return tuple(_renamed_part(item, old, new) for item in part)
