"""The string constants of an operation: what it writes, sets as a default or compares with."""

from collections.abc import Iterator

from safecol.expressions import Expression, Literal, walk
from safecol.operations import ColumnDefinition, ConstraintDefinition, IndexDefinition, Operation, TableDefinition


def literals(operation: Operation) -> Iterator[str]:
    """Every string constant that the operation is known to hold."""
    yield from (value for name, value in operation.options if name == "literal")
    for expression in _expressions(operation):
        yield from (part.value for part in walk(expression) if isinstance(part, Literal) and part.kind == "string")


def _expressions(operation: Operation) -> Iterator[Expression]:
    if operation.expression is not None:
        yield operation.expression
    definition = operation.definition
    if isinstance(definition, TableDefinition):
        for column in definition.columns:
            yield from _column(column)
        for constraint in definition.constraints:
            if constraint.expression is not None:
                yield constraint.expression
    elif isinstance(definition, ColumnDefinition):
        yield from _column(definition)
    elif isinstance(definition, ConstraintDefinition) and definition.expression is not None:
        yield definition.expression
    elif isinstance(definition, IndexDefinition) and definition.predicate is not None:
        yield definition.predicate


def _column(column: ColumnDefinition) -> Iterator[Expression]:
    if column.default is not None:
        yield column.default
    if column.expression is not None:
        yield column.expression
