"""Columns as operations leave them: context and operation in, the schema changes."""

from safecol import uses
from safecol.context import Context
from safecol.expressions import Expression
from safecol.history.records import (
    add_sequence,
    constraint_columns,
    index_columns,
    known,
    sequence_name,
    set_constraints,
)
from safecol.operations import ColumnDefinition, ConstraintDefinition, IndexDefinition, IndexElement, Operation
from safecol.schema import Column


def column_of(definition: ColumnDefinition) -> Column:
    return Column(
        name=definition.name,
        type=definition.type,
        nullable=definition.nullable,
        default=definition.default,
        identity=definition.identity,
        generated=definition.generated,
        expression=definition.expression,
        collation=definition.collation,
        serial=definition.serial,
    )


def _set_column(context: Context, key: str, name: str, column: Column | None) -> None:
    for member in context.schema.family(key):
        table = known(context, member)
        columns = dict(table.columns)
        if column is None:
            columns.pop(name, None)
        else:
            columns[name] = column
        context.schema.put_table(member, table._replace(columns=columns))


def add_column(context: Context, operation: Operation, key: str) -> None:
    definition = operation.definition
    if not isinstance(definition, ColumnDefinition):
        return
    if "if-not-exists" in operation.flags and context.column(key, definition.name) is not None:
        return
    _set_column(context, key, definition.name, column_of(definition))
    if definition.serial:
        add_sequence(context, sequence_name(key, definition.name), (key, definition.name))


def drop_column(context: Context, operation: Operation, key: str) -> None:
    name = operation.column
    if name is None:
        return
    table = known(context, key)
    gone = {
        constraint.name: None for constraint in table.constraints.values() if name in constraint_columns(constraint)
    }
    set_constraints(context, key, gone)
    for index in context.schema.indexes_of(key):
        if name in index_columns(index.definition):
            context.schema.put_index(index.name, None)
    for other, constraint in context.schema.referencing(key):
        if name in constraint.definition.referenced_columns:
            set_constraints(context, other, {constraint.name: None})
    _set_column(context, key, name, None)


def rename_column(context: Context, operation: Operation, key: str) -> None:
    old, new = operation.column, operation.new_name
    if old is None or new is None:
        return
    for member in context.schema.family(key):
        table = known(context, member)
        columns = {
            new if name == old else name: column._replace(expression=_expression(column.expression, old, new))
            for name, column in table.columns.items()
        }
        columns[new] = columns.get(new, Column(new))._replace(name=new)
        constraints = {
            name: constraint._replace(definition=_constraint(constraint.definition, old, new))
            for name, constraint in table.constraints.items()
        }
        key_of_partitions = table.partition_by
        if key_of_partitions is not None:
            elements = _elements(key_of_partitions.elements, old, new)
            key_of_partitions = key_of_partitions._replace(elements=elements)
        context.schema.put_table(
            member, table._replace(columns=columns, constraints=constraints, partition_by=key_of_partitions)
        )
        for index in context.schema.indexes_of(member):
            renamed = index._replace(definition=_index(index.definition, old, new))
            context.schema.put_index(index.name, renamed)
        for other, constraint in context.schema.referencing(member):
            referenced = _names(constraint.definition.referenced_columns, old, new)
            definition = constraint.definition._replace(referenced_columns=referenced)
            set_constraints(context, other, {constraint.name: constraint._replace(definition=definition)})
        uses.rename_used_column(context, member, old, new)
    for name, sequence in list(context.schema.sequences.items()):
        if sequence.owned_by == (key, old):
            context.schema.put(context.schema.sequences, name, sequence._replace(owned_by=(key, new)))


def _names(names: tuple[str, ...], old: str, new: str) -> tuple[str, ...]:
    return tuple(new if name == old else name for name in names)


def _expression(expression: Expression | None, old: str, new: str) -> Expression | None:
    return uses.rename_column(expression, old, new) if expression is not None else None


def _elements(elements: tuple[IndexElement, ...], old: str, new: str) -> tuple[IndexElement, ...]:
    return tuple(
        element._replace(
            column=new if element.column == old else element.column,
            expression=_expression(element.expression, old, new),
        )
        for element in elements
    )


def _index(definition: IndexDefinition, old: str, new: str) -> IndexDefinition:
    return definition._replace(
        elements=_elements(definition.elements, old, new),
        predicate=_expression(definition.predicate, old, new),
        including=_names(definition.including, old, new),
    )


def _constraint(definition: ConstraintDefinition, old: str, new: str) -> ConstraintDefinition:
    return definition._replace(
        columns=_names(definition.columns, old, new),
        expression=_expression(definition.expression, old, new),
        including=_names(definition.including, old, new),
        elements=_elements(definition.elements, old, new),
    )


def learn(context: Context, key: str, definition: ColumnDefinition) -> None:
    """Take the type of a column from a file that says what it was, where nothing else is known of it."""
    column = context.column(key, definition.name) or Column(definition.name)
    if column.type is None:
        table = known(context, key)
        learned = column._replace(type=definition.type, collation=definition.collation)
        context.schema.put_table(key, table._replace(columns={**table.columns, definition.name: learned}))


def change_column(context: Context, operation: Operation, key: str) -> None:
    name = operation.column
    if name is None:
        return
    for member in context.schema.family(key):
        column = context.column(member, name) or Column(name)
        table = known(context, member)
        changed = _changed_column(column, operation)
        context.schema.put_table(member, table._replace(columns={**table.columns, name: changed}))


def _changed_column(column: Column, operation: Operation) -> Column:
    kind = operation.kind
    if kind == "change-type":
        collation = dict(operation.options).get("collation")
        return column._replace(type=operation.type, collation=collation)
    if kind == "set-not-null":
        return column._replace(nullable=False)
    if kind == "drop-not-null":
        return column._replace(nullable=True)
    if kind == "set-default":
        return column._replace(default=operation.expression, serial=False)
    if kind == "drop-default":
        return column._replace(default=None, serial=False)
    if kind == "add-identity":
        return column._replace(identity=operation.value or "by default")
    if kind == "drop-identity":
        return column._replace(identity=None)
    if kind == "set-expression":
        return column._replace(expression=operation.expression)
    return column._replace(generated=None, expression=None)
