"""The schema so far as MySQL and MariaDB change it: an operation and the context go in, the schema changes.

Names of indexes belong to their table here, a column is changed as a whole, and keys make indexes of their own.
"""

from collections.abc import Callable

from safecol import history
from safecol.context import Context
from safecol.dialects.mysql import default_values
from safecol.history.records import index_columns, known
from safecol.operations import (
    ColumnDefinition,
    ConstraintDefinition,
    IndexDefinition,
    IndexElement,
    Operation,
    PartitionKey,
    RoutineDefinition,
    TableDefinition,
    TriggerDefinition,
)
from safecol.schema import Column, Constraint, Dependent, Index, Table
from safecol.uses import drop_dependents


def index_key(table: str, name: str) -> str:
    """The key of an index, whose name belongs to its table."""
    return f"{table}.{name.lower()}"


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
        for index in schema.indexes_of(source):
            _put_index(context, key, index.definition, index.constraint)
    for constraint in definition.constraints:
        _add_constraint(context, key, constraint)
    for index_made in definition.indexes:
        _put_index(context, key, index_made)


def _put_index(context: Context, key: str, definition: IndexDefinition, constraint: str | None = None) -> None:
    name = definition.name or _free_name(context, key, definition)
    at = index_key(key, name)
    if at in context.schema.indexes:
        return
    context.schema.put_index(at, Index(at, key, definition._replace(name=name), constraint=constraint))
    if definition.method == "fulltext" and "fts_doc_id" not in {name.lower() for name in known(context, key).columns}:
        # The hidden column stays when the index goes.
        set_option(context, key, "hidden-document-id", "1")


def _free_name(context: Context, key: str, definition: IndexDefinition) -> str:
    first = definition.elements[0].column if definition.elements else None
    base = first or "functional_index"
    name, number = base, 2
    while index_key(key, name) in context.schema.indexes:
        name, number = f"{base}_{number}", number + 1
    return name


def set_option(context: Context, key: str, name: str, value: str | None) -> None:
    """Note an option of a table; None takes it away."""
    table = known(context, key)
    kept = tuple((other, text) for other, text in table.options if other != name)
    context.schema.put_table(key, table._replace(options=kept if value is None else (*kept, (name, value))))


def _create_index(context: Context, operation: Operation, key: str) -> None:
    definition = operation.definition
    if isinstance(definition, IndexDefinition):
        if "or-replace" in operation.flags and definition.name:
            context.schema.put_index(index_key(key, definition.name), None)
        _put_index(context, key, definition)


def _drop_relation(context: Context, operation: Operation, key: str) -> None:
    """DROP TABLE leaves views, and DROP VIEW tables."""
    table = context.schema.tables.get(key)
    if table is None or (table.kind == "view") == (operation.kind == "drop-view"):
        history.apply(context, operation)


def _drop_index(context: Context, operation: Operation, key: str) -> None:
    at = index_key(key, operation.value or "")
    index = context.schema.indexes.get(at)
    if index is None:
        return
    context.schema.put_index(at, None)
    if index.constraint is not None:
        _put_constraint(context, key, index.constraint, None)


def _rename_index(context: Context, operation: Operation, key: str) -> None:
    at = index_key(key, operation.value or "")
    index = context.schema.indexes.get(at)
    if index is None or operation.new_name is None:
        return
    new = index_key(key, operation.new_name)
    context.schema.put_index(at, None)
    named = index.definition._replace(name=operation.new_name)
    context.schema.put_index(new, index._replace(name=new, definition=named))


def _put_constraint(context: Context, key: str, name: str, constraint: Constraint | None) -> None:
    table = known(context, key)
    constraints = dict(table.constraints)
    if constraint is None:
        constraints.pop(name, None)
    else:
        constraints[name] = constraint
    context.schema.put_table(key, table._replace(constraints=constraints))


def _constraint_name(context: Context, key: str, definition: ConstraintDefinition) -> str:
    if definition.kind == "primary-key":
        return "PRIMARY"
    if definition.name:
        return definition.name
    if definition.kind == "unique":
        return _free_name(context, key, IndexDefinition(None, _elements(definition)))
    base = key.rpartition(".")[2]
    word = "ibfk" if definition.kind == "foreign-key" else "chk"
    number = 1
    while f"{base}_{word}_{number}" in known(context, key).constraints:
        number += 1
    return f"{base}_{word}_{number}"


def _elements(definition: ConstraintDefinition) -> tuple[IndexElement, ...]:
    return definition.elements or tuple(IndexElement(column) for column in definition.columns)


def _add_constraint(context: Context, key: str, definition: ConstraintDefinition) -> None:
    if definition.kind == "foreign-key" and is_ignored(context, definition, inline="inline" in definition.options):
        return
    name = _constraint_name(context, key, definition)
    referenced = context.key(definition.referenced) if definition.referenced else None
    _put_constraint(context, key, name, Constraint(name, definition, referenced, enforced=definition.enforced))
    if definition.kind == "primary-key":
        _set_not_null(context, key, definition.columns)
    if definition.kind in ("unique", "primary-key"):
        made = IndexDefinition(name, _elements(definition), unique=True)
        _put_index(context, key, made, name)
    elif definition.kind == "foreign-key" and not serves(context, key, definition.columns):
        _put_index(context, key, IndexDefinition(name, _elements(definition)))


def is_ignored(context: Context, definition: ConstraintDefinition, *, inline: bool) -> bool:
    """Whether the server reads REFERENCES of a column and forgets it: MySQL before 9, MariaDB before 10.5."""
    if definition.kind != "foreign-key" or not inline:
        return False
    return context.version < (90_000 if context.dialect == "mysql" else 100_500)


def serves(context: Context, key: str, columns: tuple[str, ...]) -> bool:
    """Whether an index of a table begins with these columns: a foreign key then needs none of its own."""
    return any(
        tuple(element.column for element in index.definition.elements[: len(columns)]) == columns
        and index.definition.method not in ("fulltext", "spatial")
        for index in context.schema.indexes_of(key)
    )


def _set_not_null(context: Context, key: str, names: tuple[str, ...]) -> None:
    table = known(context, key)
    changed = {name: table.columns[name]._replace(nullable=False) for name in names if name in table.columns}
    if changed:
        context.schema.put_table(key, table._replace(columns={**table.columns, **changed}))


def _apply_constraint(context: Context, operation: Operation, key: str) -> None:
    definition = operation.definition
    if not isinstance(definition, ConstraintDefinition):
        return
    if "inline" in operation.flags:
        definition = definition._replace(options=definition.options | {"inline"})
    _add_constraint(context, key, definition)


def _drop_constraint(context: Context, operation: Operation, key: str) -> None:
    name = operation.value or ""
    if name not in known(context, key).constraints:
        context.unseen = True
    _put_constraint(context, key, name, None)
    for index in context.schema.indexes_of(key):
        if index.constraint == name:
            context.schema.put_index(index.name, None)


def _alter_constraint(context: Context, operation: Operation, key: str) -> None:
    constraint = known(context, key).constraints.get(operation.value or "")
    enforced = dict(operation.options).get("enforced")
    if constraint is not None and enforced:
        _put_constraint(context, key, constraint.name, constraint._replace(enforced=enforced == "true"))


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
    if isinstance(definition, ColumnDefinition) and definition.name not in table.columns:
        columns = _placed(table.columns, column_of(definition), definition)
        made = table._replace(columns=columns)
        context.schema.put_table(key, default_values.lax_option(context, made, (definition,)))


def _drop_column(context: Context, operation: Operation, key: str) -> None:
    name = operation.column or ""
    table = known(context, key)
    constraints = {
        other: item
        for other, item in table.constraints.items()
        if name not in item.definition.columns or len(item.definition.columns) > 1
    }
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
    "create-index": _create_index,
    "drop-table": _drop_relation,
    "drop-view": _drop_relation,
    "drop-index": _drop_index,
    "rename-index": _rename_index,
    "add-constraint": _apply_constraint,
    "drop-constraint": _drop_constraint,
    "alter-constraint": _alter_constraint,
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
