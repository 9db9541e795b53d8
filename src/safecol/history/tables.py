"""Tables, views and partitions as operations leave them: context and operation in, the schema changes."""

from safecol.context import Context
from safecol.history.columns import column_of
from safecol.history.constraints import add_constraint
from safecol.history.indexes import rename_index
from safecol.history.records import add_sequence, beside, has_partitions, known, sequence_name, set_constraints
from safecol.operations import Name, Operation, PartitionBound, TableDefinition
from safecol.schema import Column, Constraint, Table
from safecol.uses import add_dependents, drop_dependents, rename_dependents


def create_table(context: Context, operation: Operation, key: str) -> None:
    definition = operation.definition
    if "if-not-exists" in operation.flags and key in context.schema.tables:
        return
    if not isinstance(definition, TableDefinition):
        context.schema.put_table(key, Table(name=key, complete=False, file=context.file))
        return
    columns: dict[str, Column] = {}
    complete = True
    parents = [context.key(name) for name in definition.inherits]
    if definition.partition_of:
        parents.append(context.key(definition.partition_of))
    inherited: dict[str, Constraint] = {}
    for source in (*parents, *(context.key(name) for name in definition.like)):
        other = context.schema.tables.get(source)
        if other is None or not other.complete:
            complete = False
        if other is not None:
            columns.update(other.columns)
            if source in parents:
                inherited.update({n: c for n, c in other.constraints.items() if c.definition.kind == "check"})
    columns.update({column.name: column_of(column) for column in definition.columns})
    table = Table(
        name=key,
        kind="partitioned" if definition.partition_by else "table",
        columns=columns,
        constraints=inherited,
        complete=complete,
        file=context.file,
        persistence=definition.persistence,
        parents=tuple(parents),
        partition_by=definition.partition_by,
        bound=definition.bound,
    )
    context.schema.put_table(key, table)
    for column in definition.columns:
        if column.serial:
            add_sequence(context, sequence_name(key, column.name), (key, column.name))
    for constraint in definition.constraints:
        add_constraint(context, key, constraint)


def create_foreign_table(context: Context, operation: Operation, key: str) -> None:
    create_table(context, operation, key)
    if key in context.schema.tables:
        context.schema.put_table(key, context.schema.tables[key]._replace(kind="foreign"))


def create_table_as(context: Context, operation: Operation, key: str) -> None:
    if "if-not-exists" in operation.flags and key in context.schema.tables:
        return
    persistence = "temporary" if "temporary" in operation.flags else "permanent"
    filled = "no-data" not in operation.flags and any(context.has_rows(context.key(name)) for name in operation.reads)
    table = Table(name=key, file=context.file, persistence=persistence, populated=True if filled else None)
    context.schema.put_table(key, table)


def create_view(context: Context, operation: Operation, key: str) -> None:
    kind = "materialized-view" if operation.kind == "create-materialized-view" else "view"
    old = context.schema.tables.get(key)
    if old is not None and "if-not-exists" in operation.flags:
        return
    populated = False if "no-data" in operation.flags else None
    file = old.file if old is not None else context.file
    context.schema.put_table(key, Table(name=key, kind=kind, file=file, query=operation.query, populated=populated))
    drop_dependents(context, key)
    add_dependents(context, key, operation, kind)


def drop_relation(context: Context, operation: Operation, key: str) -> None:
    schema = context.schema
    if key not in schema.tables:
        return
    for name in schema.family(key) if has_partitions(context, key) else [key]:
        _forget(context, name)


def _forget(context: Context, key: str) -> None:
    schema = context.schema
    for index in schema.indexes_of(key):
        schema.put_index(index.name, None)
    for name, sequence in (
        list(schema.sequences.items()) if any(column.serial for column in schema.tables[key].columns.values()) else []
    ):
        if sequence.owned_by and sequence.owned_by[0] == key:
            schema.put(schema.sequences, name, None)
    for name, constraint in schema.referencing(key):
        if name != key:
            set_constraints(context, name, {constraint.name: None})
    schema.put_table(key, None)
    # What the server let go of has no dependents any more.
    for item in schema.dependents.get(key, ()):
        drop_dependents(context, item.name)
    if key in schema.dependents:
        schema.put(schema.dependents, key, None)
    drop_dependents(context, key)


def rename_table(context: Context, operation: Operation, key: str) -> None:
    schema = context.schema
    if operation.relation is None or operation.new_name is None:
        return
    _move(context, key, beside(key, operation.new_name))
    if key in schema.indexes:
        rename_index(context, operation, key)


def move_to_schema(context: Context, operation: Operation, key: str) -> None:
    if operation.relation is not None and operation.new_name is not None:
        _move(context, key, context.key(Name(operation.relation.name, operation.new_name)))


def _move(context: Context, key: str, new: str) -> None:
    schema = context.schema
    table = schema.tables.get(key)
    if table is None:
        if key in schema.sequences:
            sequence = schema.sequences[key]
            schema.put(schema.sequences, key, None)
            schema.put(schema.sequences, new, sequence._replace(name=new))
        elif key not in schema.indexes:
            # A table that existed before: it is known by its new name from here on.
            schema.put_table(new, Table(name=new))
        return
    referencing = schema.referencing(key)
    children = schema.children(key)
    indexes = schema.indexes_of(key)
    schema.put_table(key, None)
    schema.put_table(new, table._replace(name=new))
    for name, constraint in referencing:
        set_constraints(context, new if name == key else name, {constraint.name: constraint._replace(referenced=new)})
    for child in children:
        other = schema.tables[child]
        parents = tuple(new if parent == key else parent for parent in other.parents)
        schema.put_table(child, other._replace(parents=parents))
    for index in indexes:
        schema.put_index(index.name, index._replace(table=new))
    for name, sequence in list(schema.sequences.items()):
        if sequence.owned_by is not None and sequence.owned_by[0] == key:
            schema.put(schema.sequences, name, sequence._replace(owned_by=(new, sequence.owned_by[1])))
    rename_dependents(context, key, new)


def attach(context: Context, operation: Operation, key: str) -> None:
    if operation.target is None:
        return
    child = context.key(operation.target)
    table = known(context, child)
    if key not in table.parents:
        bound = operation.definition if isinstance(operation.definition, PartitionBound) else None
        context.schema.put_table(child, table._replace(parents=(*table.parents, key), bound=bound))


def detach(context: Context, operation: Operation, key: str) -> None:
    if operation.target is None:
        return
    child = context.key(operation.target)
    table = context.schema.tables.get(child)
    if table is not None:
        parents = tuple(parent for parent in table.parents if parent != key)
        context.schema.put_table(child, table._replace(parents=parents, bound=None))


def inherit(context: Context, operation: Operation, key: str) -> None:
    if operation.target is None:
        return
    parent = context.key(operation.target)
    table = known(context, key)
    others = tuple(name for name in table.parents if name != parent)
    parents = (*others, parent) if operation.kind == "add-inheritance" else others
    context.schema.put_table(key, table._replace(parents=parents))


def set_owner(context: Context, operation: Operation, key: str) -> None:
    context.schema.put_table(key, known(context, key)._replace(owner=operation.value))


def set_persistence(context: Context, operation: Operation, key: str) -> None:
    table = known(context, key)
    persistence = "unlogged" if operation.kind == "set-unlogged" else "permanent"
    context.schema.put_table(key, table._replace(persistence=persistence))


def drop_schema(context: Context, operation: Operation, key: str) -> None:
    for name in [name for name in context.schema.tables if name.startswith(f"{key}.")]:
        if name in context.schema.tables:
            _forget(context, name)


def truncate(context: Context, operation: Operation, key: str) -> None:
    table = context.schema.tables.get(key)
    if table is not None:
        context.schema.put_table(key, table._replace(populated=None, emptied=context.file))


def fill(context: Context, operation: Operation, key: str) -> None:
    table = context.schema.tables.get(key)
    if table is None:
        return
    if "select-source" in operation.flags and any(context.has_rows(context.key(name)) for name in operation.reads):
        context.schema.put_table(key, table._replace(populated=True, emptied=-1))
    elif table.populated is False or table.emptied >= 0:
        context.schema.put_table(key, table._replace(populated=None, emptied=-1))


def refresh(context: Context, operation: Operation, key: str) -> None:
    view = context.schema.tables.get(key)
    if view is not None and view.kind == "materialized-view":
        context.schema.put_table(key, view._replace(populated=False if "no-data" in operation.flags else None))
