"""Which relations a word of the tables of effects means for an operation: context and operation in, names out."""

from collections.abc import Callable

from safecol.context import Context
from safecol.operations import ConstraintDefinition, Operation, TableDefinition

Target = Callable[[Context, Operation, str], list[str]]


def resolve(word: str, context: Context, operation: Operation, key: str) -> list[str]:
    """The relations that a target word names; unknown words are a mistake in the table."""
    return list(dict.fromkeys(name for name in _TARGETS[word](context, operation, key) if name))


def _table(context: Context, operation: Operation, key: str) -> list[str]:
    return [key]


def _target(context: Context, operation: Operation, key: str) -> list[str]:
    return [context.key(operation.target)] if operation.target is not None else []


def _referenced(context: Context, operation: Operation, key: str) -> list[str]:
    definition = operation.definition
    if isinstance(definition, ConstraintDefinition) and definition.referenced is not None:
        return [context.key(definition.referenced)]
    return []


def _constraint_referenced(context: Context, operation: Operation, key: str) -> list[str]:
    table = context.schema.tables.get(key)
    item = table.constraints.get(operation.value or "") if table is not None else None
    return [item.referenced] if item is not None and item.referenced else []


def _new_references(context: Context, operation: Operation, key: str) -> list[str]:
    definition = operation.definition
    if not isinstance(definition, TableDefinition):
        return []
    names = [context.key(item.referenced) for item in definition.constraints if item.referenced is not None]
    return [name for name in names if name != key]


def _table_referenced(context: Context, operation: Operation, key: str) -> list[str]:
    """The tables that this one references."""
    table = context.schema.tables.get(key)
    items = table.constraints.values() if table is not None else ()
    return [item.referenced for item in items if item.referenced and item.referenced != key]


def _reads(context: Context, operation: Operation, key: str) -> list[str]:
    return [context.key(name) for name in operation.reads]


_TARGETS: dict[str, Target] = {
    "table": _table,
    "target": _target,
    "referenced": _referenced,
    "constraint_referenced": _constraint_referenced,
    "new_references": _new_references,
    "table_referenced": _table_referenced,
    "reads": _reads,
}
