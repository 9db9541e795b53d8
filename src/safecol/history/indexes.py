"""Indexes as operations leave them."""

from safecol import index_names
from safecol.context import Context
from safecol.history.records import beside, has_partitions
from safecol.operations import IndexDefinition, Operation
from safecol.schema import Index


def create_index(context: Context, operation: Operation, key: str) -> None:
    definition = operation.definition
    if not isinstance(definition, IndexDefinition):
        return
    name = definition.name or _index_name(context, key, definition)
    full = beside(key, name)
    if "if-not-exists" in operation.flags and full in context.schema.indexes:
        return
    context.schema.put_index(full, Index(full, key, definition._replace(name=name)))
    if "only" not in operation.flags:
        for child in context.schema.children(key) if has_partitions(context, key) else ():
            child_index = definition._replace(name=None)
            child_name = _index_name(context, child, child_index)
            context.schema.put_index(child_name, Index(child_name, child, child_index, parent=full))


def _index_name(context: Context, key: str, definition: IndexDefinition) -> str:
    columns = index_names.parts(definition)
    table, number = key.rpartition(".")[2], 0
    name = index_names.proposed(table, "_".join(columns), "idx")
    while name in context.schema.indexes:
        number += 1
        name = index_names.proposed(table, "_".join(columns), f"idx{number}")
    return name


def drop_index(context: Context, operation: Operation, key: str) -> None:
    if key in context.schema.indexes:
        context.schema.put_index(key, None)


def attach_index(context: Context, operation: Operation, key: str) -> None:
    if operation.target is None:
        return
    child = context.schema.indexes.get(context.key(operation.target))
    if child is not None:
        context.schema.put_index(child.name, child._replace(parent=key))


def rename_index(context: Context, operation: Operation, key: str) -> None:
    index = context.schema.indexes.get(key)
    if index is None or operation.new_name is None:
        return
    new = beside(key, operation.new_name)
    context.schema.put_index(key, None)
    context.schema.put_index(new, index._replace(name=new))
