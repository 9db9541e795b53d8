"""The schema so far as MySQL and MariaDB change it: an operation and the context go in, the schema changes.

A column is changed as a whole here; `key_history` has the indexes and constraints.
"""

from collections.abc import Callable

from safecol import history
from safecol.context import Context
from safecol.dialects.mysql import default_values
from safecol.dialects.mysql.key_history import (
    add_constraint,
    alter_constraint,
    apply_constraint,
    copy_keys,
    create_index,
    drop_constraint,
    drop_index,
    index_key,
    put_index,
    rename_index,
    set_option,
    without_column,
)
from safecol.history.records import index_columns, known
from safecol.operations import (
    ColumnDefinition,
    Operation,
    PartitionKey,
    RoutineDefinition,
    TableDefinition,
    TriggerDefinition,
)
from safecol.schema import Column, Dependent, Table
from safecol.uses import drop_dependents


def apply(context: Context, operation: Operation) -> None:
    """Make the change that the operation makes, as far as it is understood."""
    key = context.key(operation.relation) if operation.relation else ""
    own = _APPLY.get(operation.kind)
    if own is not None:
        own(context, operation, key)
        return
    history.apply(context, operation)


def column_of(definition: ColumnDefinition) -> Column:
    """The column that a definition leaves."""
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
        charset=definition.charset,
        comment=definition.comment,
        on_update=definition.on_update,
        invisible=definition.invisible,
    )


def _create_table(context: Context, operation: Operation, key: str) -> None:
    schema = context.schema
    if "or-replace" in operation.flags and key in schema.tables:
        history.apply(context, operation._replace(kind="drop-table"))
    if key in schema.tables:
        return
    definition = operation.definition
    if not isinstance(definition, TableDefinition):
        schema.put_table(key, Table(name=key, file=context.file))
        return
    columns: dict[str, Column] = {}
    complete = True
    options = definition.options
    like = [context.key(name) for name in definition.like]
    for source in like:
        other = schema.tables.get(source)
        complete = complete and other is not None and other.complete
        if other is not None:
            columns.update(other.columns)
            options = (*other.options, *options)
    columns.update({column.name: column_of(column) for column in definition.columns})
    made = Table(
        name=key,
        kind="partitioned" if definition.partition_by else "table",
        columns=columns,
        complete=complete,
        file=context.file,
        persistence=definition.persistence,
        partition_by=definition.partition_by,
        options=options,
    )
    schema.put_table(key, default_values.lax_option(context, made, definition.columns))
    for source in like:
        copy_keys(context, source, key)
    # Foreign keys make indexes where none of the table's own serves them, wherever it is written.
    foreign = [item for item in definition.constraints if item.kind == "foreign-key"]
    for constraint in definition.constraints:
        if constraint.kind != "foreign-key":
            add_constraint(context, key, constraint)
    for index_made in definition.indexes:
        put_index(context, key, index_made)
    for constraint in foreign:
        add_constraint(context, key, constraint)


def _drop_relation(context: Context, operation: Operation, key: str) -> None:
    """DROP TABLE leaves views, and DROP VIEW tables."""
    table = context.schema.tables.get(key)
    if table is None or (table.kind == "view") == (operation.kind == "drop-view"):
        history.apply(context, operation)


def _placed(columns: dict[str, Column], column: Column, definition: ColumnDefinition) -> dict[str, Column]:
    """The columns with one where its definition puts it."""
    if definition.first:
        return {column.name: column, **{name: other for name, other in columns.items() if name != column.name}}
    if definition.after is None or definition.after not in columns:
        return {**columns, column.name: column}
    found: dict[str, Column] = {}
    for name, other in columns.items():
        if name != column.name:
            found[name] = other
        if name == definition.after:
            found[column.name] = column
    return found


def _add_column(context: Context, operation: Operation, key: str) -> None:
    definition = operation.definition
    table = known(context, key)
    if not isinstance(definition, ColumnDefinition):
        return
    columns = _placed(table.columns, column_of(definition), definition)
    # Where there is one of that name, a later clause drops or renames it: which of the two is left isn't followed.
    made = table._replace(columns=columns, complete=table.complete and definition.name not in table.columns)
    context.schema.put_table(key, default_values.lax_option(context, made, (definition,)))


def _drop_column(context: Context, operation: Operation, key: str) -> None:
    name = operation.column or ""
    table = known(context, key)
    left_of = {other: without_column(item, name) for other, item in table.constraints.items()}
    constraints = {other: item for other, item in left_of.items() if item is not None}
    columns = {other: column for other, column in table.columns.items() if other != name}
    context.schema.put_table(key, table._replace(columns=columns, constraints=constraints))
    for index in context.schema.indexes_of(key):
        if name not in index_columns(index.definition):
            continue
        left = tuple(element for element in index.definition.elements if element.column != name)
        changed = index._replace(definition=index.definition._replace(elements=left)) if left else None
        context.schema.put_index(index.name, changed)


def _modify_column(context: Context, operation: Operation, key: str) -> None:
    definition = operation.definition
    name = operation.column
    if not isinstance(definition, ColumnDefinition) or name is None:
        return
    if operation.new_name is not None and operation.new_name != name:
        history.apply(context, operation._replace(kind="rename-column"))
        name = operation.new_name
    table = known(context, key)
    made = column_of(definition)._replace(name=name)
    key_of = table.constraints.get("PRIMARY")
    if key_of is not None and name in key_of.definition.columns:
        made = made._replace(nullable=False)
    if definition.first or definition.after is not None:
        columns = _placed(table.columns, made, definition)
    else:
        columns = {**table.columns, name: made}
    context.schema.put_table(key, table._replace(columns=columns))


def _set_options(context: Context, operation: Operation, key: str) -> None:
    for name, value in operation.options:
        if name in ("engine", "row-format", "key-block-size", "charset", "collation", "page-compressed", "comment"):
            set_option(context, key, name, value)
            if name == "charset":
                set_option(context, key, "collation", None)


def _convert(context: Context, operation: Operation, key: str) -> None:
    set_option(context, key, "charset", operation.value)
    set_option(context, key, "collation", dict(operation.options).get("collation"))
    table = known(context, key)
    columns = {name: column._replace(charset=None, collation=None) for name, column in table.columns.items()}
    context.schema.put_table(key, table._replace(columns=columns))


def _partition(context: Context, operation: Operation, key: str) -> None:
    table = known(context, key)
    by = operation.definition if isinstance(operation.definition, PartitionKey) else None
    kind = "partitioned" if by else "table"
    context.schema.put_table(key, table._replace(kind=kind, partition_by=by))


def _change_partitions(context: Context, operation: Operation, key: str) -> None:
    """After DROP and REORGANIZE it isn't known any more which partition is the last."""
    table = known(context, key)
    if table.partition_by is not None:
        context.schema.put_table(key, table._replace(partition_by=table.partition_by._replace(unbounded=False)))


def _rename_table(context: Context, operation: Operation, key: str) -> None:
    new = context.key(operation.target) if operation.target is not None else ""
    if operation.target is None and operation.relation is not None:
        new = context.key(operation.relation._replace(name=operation.new_name or ""))
    if operation.target is not None and operation.target.schema != (operation.relation or operation.target).schema:
        history.apply(context, operation._replace(kind="move-to-schema", new_name=operation.target.schema))
        moved = operation.relation._replace(schema=operation.target.schema) if operation.relation is not None else None
        if moved is not None and moved.name != operation.target.name:
            history.apply(context, operation._replace(relation=moved, target=None))
    else:
        history.apply(context, operation)
    for index in context.schema.indexes_of(new):
        context.schema.put_index(index.name, None)
        at = index_key(new, index.definition.name or "")
        context.schema.put_index(at, index._replace(name=at))


def _create_trigger(context: Context, operation: Operation, key: str) -> None:
    """A trigger uses the columns of its table behind NEW and OLD, and what its statements name."""
    definition = operation.definition
    if isinstance(definition, TriggerDefinition):
        _note_uses(context, "trigger", f"trigger {operation.value}", definition, key)


def _object(context: Context, operation: Operation, key: str) -> None:
    """An event uses what its statements name."""
    if operation.object != "event":
        history.apply(context, operation)
    elif operation.kind == "drop-object":
        drop_dependents(context, f"event {key}")
    elif isinstance(operation.definition, RoutineDefinition):
        _note_uses(context, "event", f"event {key}", operation.definition, "")


def _note_uses(
    context: Context, kind: str, name: str, definition: TriggerDefinition | RoutineDefinition, own: str
) -> None:
    from safecol.dialects.mysql import bodies

    drop_dependents(context, name)
    schema = context.schema
    found = bodies.uses(context, definition, own)
    for relation, used in found.items():
        schema.put(schema.dependents, relation, (*schema.dependents.get(relation, ()), Dependent(kind, name, used)))
    if found:
        schema.put(schema.used_by, name, tuple(found))


def _versioning(context: Context, operation: Operation, key: str) -> None:
    set_option(context, key, "system-versioned", "1" if operation.kind == "add-versioning" else None)


_APPLY: dict[str, Callable[[Context, Operation, str], None]] = {
    "create-table": _create_table,
    "create-index": create_index,
    "drop-table": _drop_relation,
    "drop-view": _drop_relation,
    "drop-index": drop_index,
    "rename-index": rename_index,
    "add-constraint": apply_constraint,
    "drop-constraint": drop_constraint,
    "alter-constraint": alter_constraint,
    "add-column": _add_column,
    "drop-column": _drop_column,
    "modify-column": _modify_column,
    "set-table-options": _set_options,
    "convert-charset": _convert,
    "partition-table": _partition,
    "remove-partitioning": _partition,
    "drop-partition": _change_partitions,
    "reorganize-partition": _change_partitions,
    "rename-table": _rename_table,
    "create-trigger": _create_trigger,
    "create-object": _object,
    "drop-object": _object,
    "add-versioning": _versioning,
    "drop-versioning": _versioning,
}
