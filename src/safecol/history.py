"""Applies operations to the schema so far: an operation and the context go in, the schema changes."""

from collections.abc import Callable

from safecol.context import Context
from safecol.operations import (
    ColumnDefinition,
    ConstraintDefinition,
    IndexDefinition,
    Name,
    Operation,
    PartitionBound,
    RoutineDefinition,
    TableDefinition,
    TypeDefinition,
)
from safecol.schema import Column, Constraint, Index, Routine, Sequence, Table, UserType
from safecol.uses import add_dependents, drop_dependents, rename_dependents

Apply = Callable[[Context, Operation, str], None]


def apply(context: Context, operation: Operation) -> None:
    """Make the change that the operation makes, as far as it is understood."""
    function = _APPLY.get(operation.kind)
    if function is None:
        return
    key = context.key(operation.relation) if operation.relation else ""
    function(context, operation, key)


def _known(context: Context, key: str) -> Table:
    """The table, or a partial record for one that was never seen created."""
    return context.schema.tables.get(key) or Table(name=key)


def _column(definition: ColumnDefinition) -> Column:
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


def _create_table(context: Context, operation: Operation, key: str) -> None:
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
    columns.update({column.name: _column(column) for column in definition.columns})
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
            _add_sequence(context, _sequence_name(key, column.name), (key, column.name))
    for constraint in definition.constraints:
        add_constraint(context, key, constraint)


def _create_foreign_table(context: Context, operation: Operation, key: str) -> None:
    _create_table(context, operation, key)
    if key in context.schema.tables:
        context.schema.put_table(key, context.schema.tables[key]._replace(kind="foreign"))


def _create_table_as(context: Context, operation: Operation, key: str) -> None:
    if "if-not-exists" in operation.flags and key in context.schema.tables:
        return
    persistence = "temporary" if "temporary" in operation.flags else "permanent"
    context.schema.put_table(key, Table(name=key, file=context.file, persistence=persistence))


def _create_view(context: Context, operation: Operation, key: str) -> None:
    kind = "materialized-view" if operation.kind == "create-materialized-view" else "view"
    old = context.schema.tables.get(key)
    if old is not None and "if-not-exists" in operation.flags:
        return
    populated = False if "no-data" in operation.flags else None
    file = old.file if old is not None else context.file
    context.schema.put_table(key, Table(name=key, kind=kind, file=file, query=operation.query, populated=populated))
    drop_dependents(context, key)
    add_dependents(context, key, operation, kind)


def _drop_relation(context: Context, operation: Operation, key: str) -> None:
    schema = context.schema
    if key not in schema.tables:
        return
    for name in schema.family(key) if _has_partitions(context, key) else [key]:
        _forget(context, name)


def _has_partitions(context: Context, key: str) -> bool:
    table = context.schema.tables.get(key)
    return table is not None and table.kind == "partitioned"


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
            _set_constraints(context, name, {constraint.name: None})
    schema.put_table(key, None)
    if key in schema.dependents:
        schema.put(schema.dependents, key, None)
    drop_dependents(context, key)


def _rename(context: Context, operation: Operation, key: str) -> None:
    schema = context.schema
    if operation.relation is None or operation.new_name is None:
        return
    new = context.key(Name(operation.new_name, operation.relation.schema)) if "." in key else operation.new_name
    _move(context, key, new)
    if key in schema.indexes:
        _rename_index(context, operation, key)


def _move_to_schema(context: Context, operation: Operation, key: str) -> None:
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
        _set_constraints(context, new if name == key else name, {constraint.name: constraint._replace(referenced=new)})
    for child in children:
        other = schema.tables[child]
        parents = tuple(new if parent == key else parent for parent in other.parents)
        schema.put_table(child, other._replace(parents=parents))
    for index in indexes:
        schema.put_index(index.name, index._replace(table=new))
    rename_dependents(context, key, new)


def _rename_index(context: Context, operation: Operation, key: str) -> None:
    index = context.schema.indexes.get(key)
    if index is None or operation.new_name is None or operation.relation is None:
        return
    new = context.key(Name(operation.new_name, operation.relation.schema)) if "." in key else operation.new_name
    context.schema.put_index(key, None)
    context.schema.put_index(new, index._replace(name=new))


# Columns


def _set_column(context: Context, key: str, name: str, column: Column | None) -> None:
    for member in context.schema.family(key):
        table = _known(context, member)
        columns = dict(table.columns)
        if column is None:
            columns.pop(name, None)
        else:
            columns[name] = column
        context.schema.put_table(member, table._replace(columns=columns))


def _add_column(context: Context, operation: Operation, key: str) -> None:
    definition = operation.definition
    if not isinstance(definition, ColumnDefinition):
        return
    if "if-not-exists" in operation.flags and context.column(key, definition.name) is not None:
        return
    _set_column(context, key, definition.name, _column(definition))
    if definition.serial:
        _add_sequence(context, _sequence_name(key, definition.name), (key, definition.name))


def _drop_column(context: Context, operation: Operation, key: str) -> None:
    name = operation.column
    if name is None:
        return
    table = _known(context, key)
    gone = {
        constraint.name: None for constraint in table.constraints.values() if name in constraint_columns(constraint)
    }
    _set_constraints(context, key, gone)
    for index in context.schema.indexes_of(key):
        if name in index_columns(index.definition):
            context.schema.put_index(index.name, None)
    for other, constraint in context.schema.referencing(key):
        if name in constraint.definition.referenced_columns:
            _set_constraints(context, other, {constraint.name: None})
    _set_column(context, key, name, None)


def _rename_column(context: Context, operation: Operation, key: str) -> None:
    old, new = operation.column, operation.new_name
    if old is None or new is None:
        return
    for member in context.schema.family(key):
        table = _known(context, member)
        columns = {new if name == old else name: column for name, column in table.columns.items()}
        columns[new] = (table.columns.get(old) or Column(new))._replace(name=new)
        constraints = {
            name: constraint._replace(definition=_renamed(constraint.definition, old, new))
            for name, constraint in table.constraints.items()
        }
        context.schema.put_table(member, table._replace(columns=columns, constraints=constraints))
        for index in context.schema.indexes_of(member):
            elements = tuple(
                element._replace(column=new) if element.column == old else element
                for element in index.definition.elements
            )
            context.schema.put_index(
                index.name, index._replace(definition=index.definition._replace(elements=elements))
            )


def _renamed(definition: ConstraintDefinition, old: str, new: str) -> ConstraintDefinition:
    from safecol.uses import rename_column

    columns = tuple(new if name == old else name for name in definition.columns)
    expression = rename_column(definition.expression, old, new) if definition.expression is not None else None
    return definition._replace(columns=columns, expression=expression)


def _change_column(context: Context, operation: Operation, key: str) -> None:
    name = operation.column
    if name is None:
        return
    for member in context.schema.family(key):
        column = context.column(member, name) or Column(name)
        table = _known(context, member)
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
        return column._replace(default=operation.expression)
    if kind == "drop-default":
        return column._replace(default=None)
    if kind == "add-identity":
        return column._replace(identity=operation.value or "by default")
    if kind == "drop-identity":
        return column._replace(identity=None)
    if kind == "set-expression":
        return column._replace(expression=operation.expression)
    return column._replace(generated=None, expression=None)


# Constraints


def constraint_columns(constraint: Constraint) -> set[str]:
    """Every column of its table that a constraint mentions."""
    from safecol.expressions import columns

    found = {*constraint.definition.columns, *constraint.definition.including}
    if constraint.definition.expression is not None:
        found |= columns(constraint.definition.expression)
    return found


def index_columns(definition: IndexDefinition) -> set[str]:
    """Every column that an index mentions: keys, expressions, INCLUDE, predicate."""
    from safecol.expressions import columns

    found = {element.column for element in definition.elements if element.column} | set(definition.including)
    for element in definition.elements:
        if element.expression is not None:
            found |= columns(element.expression)
    if definition.predicate is not None:
        found |= columns(definition.predicate)
    return found


def constraint_name(context: Context, key: str, definition: ConstraintDefinition) -> str:
    """The name as written, or the one that PostgreSQL would choose."""
    if definition.name:
        return definition.name
    table = key.rpartition(".")[2]
    suffix = {
        "check": "check", "unique": "key", "foreign-key": "fkey", "exclusion": "excl", "not-null": "not_null",
    }.get(definition.kind)  # fmt: skip
    if suffix is None:
        base = f"{table}_pkey"
    else:
        columns = definition.columns
        if definition.kind == "check" and not columns and definition.expression is not None:
            from safecol.expressions import columns as mentioned

            found = mentioned(definition.expression)
            columns = tuple(found) if len(found) == 1 else ()
        base = "_".join((table, *columns, suffix))
    name, number = base, 0
    taken = _known(context, key).constraints
    while name in taken:
        number += 1
        name = f"{base}{number}"
    return name


def add_constraint(context: Context, key: str, definition: ConstraintDefinition) -> None:
    """Add a constraint to a table and what is below it, with the index that backs it."""
    name = constraint_name(context, key, definition)
    referenced = context.key(definition.referenced) if definition.referenced else None
    constraint = Constraint(name, definition, referenced, definition.validated, definition.enforced)
    members = [key] if definition.no_inherit else context.schema.family(key)
    for member in members:
        _set_constraints(context, member, {name: constraint})
    if definition.kind in ("primary-key", "not-null") and definition.validated:
        for column in definition.columns:
            _set_not_null(context, key, column)
    if definition.kind in ("unique", "primary-key", "exclusion"):
        _add_backing_index(context, key, name, definition)


def _set_not_null(context: Context, key: str, column: str) -> None:
    known = context.column(key, column)
    if known is not None:
        table = context.schema.tables[key]
        context.schema.put_table(key, table._replace(columns={**table.columns, column: known._replace(nullable=False)}))


def _add_backing_index(context: Context, key: str, name: str, definition: ConstraintDefinition) -> None:
    from safecol.operations import IndexElement

    schema = context.schema
    prefix = f"{key.rpartition('.')[0]}." if "." in key else ""
    if definition.index:
        old = schema.indexes.get(prefix + definition.index)
        if old is not None:
            schema.put_index(old.name, None)
            schema.put_index(prefix + name, old._replace(name=prefix + name, constraint=name))
            if definition.kind == "primary-key":
                for element in old.definition.elements:
                    if element.column:
                        _set_not_null(context, key, element.column)
            return
    elements = tuple(IndexElement(column) for column in definition.columns)
    index = IndexDefinition(name, elements, unique=definition.kind != "exclusion", including=definition.including)
    schema.put_index(prefix + name, Index(prefix + name, key, index, constraint=name))


def _set_constraints(context: Context, key: str, changes: dict[str, Constraint | None] | dict[str, None]) -> None:
    if not changes:
        return
    table = _known(context, key)
    constraints = dict(table.constraints)
    for name, constraint in changes.items():
        if constraint is None:
            constraints.pop(name, None)
        else:
            constraints[name] = constraint
    context.schema.put_table(key, table._replace(constraints=constraints))


def _add_constraint(context: Context, operation: Operation, key: str) -> None:
    if isinstance(operation.definition, ConstraintDefinition):
        add_constraint(context, key, operation.definition)


def _change_constraint(context: Context, operation: Operation, key: str) -> None:
    name = operation.value or ""
    for member in context.schema.family(key):
        constraint = _known(context, member).constraints.get(name)
        if constraint is None:
            continue
        if operation.kind == "drop-constraint":
            _drop_constraint(context, member, constraint)
        elif operation.kind == "validate-constraint":
            _set_constraints(context, member, {name: constraint._replace(validated=True)})
            if constraint.definition.kind == "not-null":
                for column in constraint.definition.columns:
                    _set_not_null(context, member, column)
        elif operation.kind == "rename-constraint" and operation.new_name:
            renamed = constraint._replace(name=operation.new_name)
            _set_constraints(context, member, {name: None})
            _set_constraints(context, member, {operation.new_name: renamed})
        elif operation.kind == "alter-constraint":
            enforced = dict(operation.options).get("enforced")
            if enforced:
                _set_constraints(context, member, {name: constraint._replace(enforced=enforced == "true")})


def _drop_constraint(context: Context, key: str, constraint: Constraint) -> None:
    _set_constraints(context, key, {constraint.name: None})
    for index in context.schema.indexes_of(key):
        if index.constraint == constraint.name:
            context.schema.put_index(index.name, None)
    if constraint.definition.kind == "not-null":
        for column in constraint.definition.columns:
            known = context.column(key, column)
            if known is not None:
                table = context.schema.tables[key]
                columns = {**table.columns, column: known._replace(nullable=True)}
                context.schema.put_table(key, table._replace(columns=columns))


# Indexes


def _create_index(context: Context, operation: Operation, key: str) -> None:
    definition = operation.definition
    if not isinstance(definition, IndexDefinition):
        return
    name = definition.name or _index_name(context, key, definition)
    full = f"{key.rpartition('.')[0]}.{name}" if "." in key else name
    if "if-not-exists" in operation.flags and full in context.schema.indexes:
        return
    context.schema.put_index(full, Index(full, key, definition._replace(name=name)))
    if "only" not in operation.flags:
        for child in context.schema.children(key) if _has_partitions(context, key) else ():
            child_index = definition._replace(name=None)
            child_name = _index_name(context, child, child_index)
            context.schema.put_index(child_name, Index(child_name, child, child_index, parent=full))


def _index_name(context: Context, key: str, definition: IndexDefinition) -> str:
    columns = [element.column or "expr" for element in definition.elements]
    base = "_".join((key.rpartition(".")[2], *columns, "idx"))
    name, number = base, 0
    while name in context.schema.indexes:
        number += 1
        name = f"{base}{number}"
    return name


def _drop_index(context: Context, operation: Operation, key: str) -> None:
    if key in context.schema.indexes:
        context.schema.put_index(key, None)


def _attach_index(context: Context, operation: Operation, key: str) -> None:
    if operation.target is None:
        return
    child = context.schema.indexes.get(context.key(operation.target))
    if child is not None:
        context.schema.put_index(child.name, child._replace(parent=key))


# Partitions


def _attach(context: Context, operation: Operation, key: str) -> None:
    if operation.target is None:
        return
    child = context.key(operation.target)
    table = _known(context, child)
    if key not in table.parents:
        bound = operation.definition if isinstance(operation.definition, PartitionBound) else None
        context.schema.put_table(child, table._replace(parents=(*table.parents, key), bound=bound))


def _detach(context: Context, operation: Operation, key: str) -> None:
    if operation.target is None:
        return
    child = context.key(operation.target)
    table = context.schema.tables.get(child)
    if table is not None:
        parents = tuple(parent for parent in table.parents if parent != key)
        context.schema.put_table(child, table._replace(parents=parents, bound=None))


def _inherit(context: Context, operation: Operation, key: str) -> None:
    if operation.target is None:
        return
    parent = context.key(operation.target)
    table = _known(context, key)
    others = tuple(name for name in table.parents if name != parent)
    parents = (*others, parent) if operation.kind == "add-inheritance" else others
    context.schema.put_table(key, table._replace(parents=parents))


def _set_persistence(context: Context, operation: Operation, key: str) -> None:
    table = _known(context, key)
    persistence = "unlogged" if operation.kind == "set-unlogged" else "permanent"
    context.schema.put_table(key, table._replace(persistence=persistence))


# Types, routines, sequences, schemas


def _create_type(context: Context, operation: Operation, key: str) -> None:
    if isinstance(operation.definition, TypeDefinition):
        constraints = tuple(
            Constraint(item.name or f"{key}_check", item, None, item.validated)
            for item in operation.definition.constraints
        )
        record = UserType(key, operation.definition, context.file, constraints)
        context.schema.put(context.schema.types, key, record)
        if context.transaction is not None:
            context.new_types.add(key)


def _change_type(context: Context, operation: Operation, key: str) -> None:
    schema = context.schema
    record = schema.types.get(key)
    kind = operation.kind
    if kind == "add-enum-value" and context.transaction is not None and operation.value:
        context.new_labels[operation.value] = key
    if kind == "drop-type":
        schema.put(schema.types, key, None)
        return
    if record is None:
        if kind == "add-enum-value":
            definition = TypeDefinition("enum")
            schema.put(schema.types, key, UserType(key, definition, 0, (), (operation.value or "",)))
        return
    definition = record.definition
    if kind == "add-enum-value":
        record = record._replace(
            definition=definition._replace(labels=(*definition.labels, operation.value or "")),
            new_labels=(*record.new_labels, operation.value or ""),
        )
    elif kind == "rename-type" and operation.new_name:
        schema.put(schema.types, key, None)
        if key in context.new_types:
            context.new_types.add(operation.new_name)
        key = operation.new_name
        record = record._replace(name=key)
    elif kind == "domain-add-constraint" and isinstance(operation.definition, ConstraintDefinition):
        item = operation.definition
        if item.kind == "not-null":
            record = record._replace(definition=definition._replace(nullable=False))
        else:
            added = Constraint(item.name or f"{key}_check", item, None, item.validated)
            record = record._replace(constraints=(*record.constraints, added))
    elif kind == "domain-drop-constraint":
        record = record._replace(constraints=tuple(c for c in record.constraints if c.name != operation.value))
    elif kind == "domain-validate-constraint":
        record = record._replace(constraints=tuple(c._replace(validated=True) for c in record.constraints))
    elif kind in ("domain-set-not-null", "domain-drop-not-null"):
        record = record._replace(definition=definition._replace(nullable=kind == "domain-drop-not-null"))
    elif kind == "domain-set-default":
        record = record._replace(definition=definition._replace(default=operation.expression))
    schema.put(schema.types, key, record)


def _create_routine(context: Context, operation: Operation, key: str) -> None:
    if not isinstance(operation.definition, RoutineDefinition):
        return
    schema = context.schema
    arguments = operation.definition.arguments
    others = tuple(r for r in schema.routines.get(key, ()) if r.definition.arguments != arguments)
    schema.put(schema.routines, key, (*others, Routine(key, operation.definition)))
    add_dependents(context, key, operation, "routine")


def _drop_routine(context: Context, operation: Operation, key: str) -> None:
    if key in context.schema.routines:
        context.schema.put(context.schema.routines, key, None)
    drop_dependents(context, key)


def _sequence_name(key: str, column: str) -> str:
    return f"{key}_{column}_seq"


def _add_sequence(context: Context, name: str, owner: tuple[str, str] | None) -> None:
    context.schema.put(context.schema.sequences, name, Sequence(name, owner, context.file))


def _create_sequence(context: Context, operation: Operation, key: str) -> None:
    _add_sequence(context, key, _owner(context, operation))


def _owner(context: Context, operation: Operation) -> tuple[str, str] | None:
    owned = dict(operation.options).get("owned_by", "")
    *relation, column = owned.split(".") if "." in owned else ("",)
    if not relation:
        return None
    return context.key(Name(relation[-1], relation[0] if len(relation) > 1 else None)), column


def _drop_sequence(context: Context, operation: Operation, key: str) -> None:
    if key in context.schema.sequences:
        context.schema.put(context.schema.sequences, key, None)


def _create_schema(context: Context, operation: Operation, key: str) -> None:
    context.schema.put(context.schema.schemas, key, context.file)


def _drop_schema(context: Context, operation: Operation, key: str) -> None:
    for name in [name for name in context.schema.tables if name.startswith(f"{key}.")]:
        if name in context.schema.tables:
            _forget(context, name)


def _run_unseen(context: Context, operation: Operation, key: str) -> None:
    """Code that was not read may have made anything: what is absent may exist."""
    context.schema.complete = False


def _truncate(context: Context, operation: Operation, key: str) -> None:
    table = context.schema.tables.get(key)
    if table is not None:
        context.schema.put_table(key, table._replace(populated=False))


def _fill(context: Context, operation: Operation, key: str) -> None:
    table = context.schema.tables.get(key)
    if table is not None and table.populated is False:
        context.schema.put_table(key, table._replace(populated=None))


def _add_use(context: Context, operation: Operation, key: str) -> None:
    add_dependents(context, key, operation, operation.kind.removeprefix("create-"))


def _drop_use(context: Context, operation: Operation, key: str) -> None:
    name = operation.value or (operation.relation.name if operation.relation else "")
    drop_dependents(context, f"{operation.kind.removeprefix('drop-')} {name}")


_APPLY: dict[str, Apply] = {
    "create-table": _create_table,
    "create-foreign-table": _create_foreign_table,
    "create-table-as": _create_table_as,
    "create-view": _create_view,
    "create-materialized-view": _create_view,
    "drop-table": _drop_relation,
    "drop-view": _drop_relation,
    "rename-table": _rename,
    "rename-view": _rename,
    "rename-sequence": _rename,
    "move-to-schema": _move_to_schema,
    "add-column": _add_column,
    "drop-column": _drop_column,
    "rename-column": _rename_column,
    **dict.fromkeys(
        (
            "change-type", "set-not-null", "drop-not-null", "set-default", "drop-default", "add-identity",
            "drop-identity", "set-expression", "drop-expression",
        ),
        _change_column,
    ),
    "add-constraint": _add_constraint,
    **dict.fromkeys(
        ("drop-constraint", "validate-constraint", "rename-constraint", "alter-constraint"), _change_constraint
    ),
    "create-index": _create_index,
    "drop-index": _drop_index,
    "rename-index": _rename_index,
    "attach-index": _attach_index,
    "attach-partition": _attach,
    "detach-partition": _detach,
    "finalize-detach": _detach,
    "add-inheritance": _inherit,
    "drop-inheritance": _inherit,
    "set-logged": _set_persistence,
    "set-unlogged": _set_persistence,
    "create-enum": _create_type,
    "create-domain": _create_type,
    "create-type": _create_type,
    **dict.fromkeys(
        (
            "drop-type", "rename-type", "add-enum-value", "domain-add-constraint", "domain-drop-constraint",
            "domain-validate-constraint", "domain-set-not-null", "domain-drop-not-null", "domain-set-default",
        ),
        _change_type,
    ),
    "create-routine": _create_routine,
    "drop-routine": _drop_routine,
    "create-sequence": _create_sequence,
    "drop-sequence": _drop_sequence,
    "create-schema": _create_schema,
    "drop-schema": _drop_schema,
    "do-block": _run_unseen,
    "call": _run_unseen,
    "truncate": _truncate,
    "insert": _fill,
    "copy-in": _fill,
    "create-trigger": _add_use,
    "create-rule": _add_use,
    "create-policy": _add_use,
    "create-publication": _add_use,
    "create-statistics": _add_use,
    "drop-trigger": _drop_use,
    "drop-rule": _drop_use,
    "drop-policy": _drop_use,
    "drop-publication": _drop_use,
    "drop-statistics": _drop_use,
}  # fmt: skip
