"""An operation comes in; the number that makes the names free that its staged rewrite would use goes out."""

from collections.abc import Iterator

from safecol.context import Context
from safecol.history.records import beside, known
from safecol.index_names import proposed
from safecol.operations import ConstraintDefinition, Operation

KINDS = frozenset(
    {"set-not-null", "change-type", "rename-column", "add-column", "drop-table", "attach-partition", "add-constraint"}
)


def spare(context: Context, operation: Operation, key: str) -> int:
    """0 where the names are free as they are."""
    number = 0
    while any(_taken(context, operation, key, kind, name) for kind, name in _names(operation, number)):
        number += 1
    return number


def sequence_number(context: Context, operation: Operation, key: str) -> int:
    """The number behind the name that the server would choose for the sequence of a new column."""
    number = 0
    table, column = operation.relation.name if operation.relation else "", operation.column or ""
    while context.exists(beside(key, proposed(table, column, f"seq{number or ''}"))):
        number += 1
    return number


def _names(operation: Operation, number: int) -> Iterator[tuple[str, str]]:
    """Each name as `slices` proposes it, and what would have it."""
    table = operation.relation.name if operation.relation else ""
    column, end = operation.column or "", number or ""
    definition = operation.definition
    if operation.kind == "set-not-null":
        yield "constraint", proposed(table, column, f"not_null{end}")
    elif operation.kind in ("change-type", "rename-column"):
        yield "trigger", proposed(table, column, f"copy{end}")
        if operation.kind == "change-type":
            yield "column", proposed("", column, f"new{end}")
            yield "column", proposed("", column, f"old{end}")
    elif operation.kind == "add-column":
        yield "constraint", proposed(table, column, f"present{end}")
        yield "trigger", proposed(table, column, f"fill{end}")
        yield "relation", proposed(table, column, f"fill{end}")
    elif operation.kind == "drop-table":
        yield "relation", proposed("", table, f"unused{end}")
    elif operation.kind == "attach-partition" and operation.target is not None:
        yield "partition", proposed(operation.target.name, "", f"bounds{end}")
    elif isinstance(definition, ConstraintDefinition) and definition.kind == "primary-key":
        yield "constraint", proposed(table, "_".join(definition.columns), f"present{end}")


def _taken(context: Context, operation: Operation, key: str, kind: str, name: str) -> bool:
    if kind == "constraint":
        return name in known(context, key).constraints
    if kind == "partition":
        return operation.target is not None and name in known(context, context.key(operation.target)).constraints
    if kind == "column":
        return name in known(context, key).columns
    if kind == "relation":
        return bool(context.exists(beside(key, name)))
    users = context.schema.dependents.get(key, ())
    return beside(key, name) in context.schema.routines or any(
        each.kind == "trigger" and each.name == f"trigger {name}" for each in users
    )
