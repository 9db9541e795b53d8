"""Constraints, with the indexes that back them, as operations leave them."""

from safecol import index_names
from safecol.context import Context
from safecol.expressions import columns as mentioned
from safecol.history.records import beside, known, set_constraints, set_nullable
from safecol.operations import ConstraintDefinition, Forgotten, IndexDefinition, IndexElement, Operation
from safecol.schema import Constraint, Index


def constraint_name(context: Context, key: str, definition: ConstraintDefinition) -> str:
    """The name as written, or the one that PostgreSQL would choose."""
    if definition.name:
        return definition.name
    table = key.rpartition(".")[2]
    suffix = {
        "check": "check", "unique": "key", "foreign-key": "fkey", "exclusion": "excl", "not-null": "not_null",
    }.get(definition.kind)  # fmt: skip
    columns: tuple[str, ...] = ()
    if suffix is not None:
        columns = tuple(index_names.key_parts(definition)) if definition.kind == "unique" else definition.columns
        if definition.kind == "check" and definition.expression is not None:
            found = mentioned(definition.expression)
            columns = tuple(found) if len(found) == 1 else ()
    taken, number = known(context, key).constraints, 0
    name = index_names.proposed(table, "_".join(columns), suffix or "pkey")
    while name in taken:
        number += 1
        name = index_names.proposed(table, "_".join(columns), f"{suffix or 'pkey'}{number}")
    return name


def add_constraint(context: Context, key: str, definition: ConstraintDefinition) -> None:
    """Add a constraint to a table and what is below it, with the index that backs it."""
    name = constraint_name(context, key, definition)
    referenced = context.key(definition.referenced) if definition.referenced else None
    constraint = Constraint(name, definition, referenced, definition.validated, definition.enforced)
    members = [key] if definition.no_inherit else context.schema.family(key)
    for member in members:
        set_constraints(context, member, {name: constraint})
    if definition.kind in ("primary-key", "not-null") and definition.validated:
        for column in definition.columns:
            set_nullable(context, key, column, False)
    if definition.kind in ("unique", "primary-key", "exclusion"):
        _add_backing_index(context, key, name, definition)


def _add_backing_index(context: Context, key: str, name: str, definition: ConstraintDefinition) -> None:
    schema = context.schema
    full = beside(key, name)
    if definition.index:
        old = schema.indexes.get(beside(key, definition.index))
        if old is not None:
            schema.put_index(old.name, None)
            schema.put_index(full, old._replace(name=full, constraint=name))
            if definition.kind == "primary-key":
                for element in old.definition.elements:
                    if element.column:
                        set_nullable(context, key, element.column, False)
            return
    elements = tuple(IndexElement(column) for column in definition.columns)
    index = IndexDefinition(name, elements, unique=definition.kind != "exclusion", including=definition.including)
    schema.put_index(full, Index(full, key, index, constraint=name))


def apply_constraint(context: Context, operation: Operation, key: str) -> None:
    if isinstance(operation.definition, ConstraintDefinition):
        add_constraint(context, key, operation.definition)


def change_constraint(context: Context, operation: Operation, key: str) -> None:
    name = operation.value or ""
    for member in context.schema.family(key):
        constraint = known(context, member).constraints.get(name)
        if constraint is None:
            # Perhaps one that is known by a name that the server did not choose.
            context.unseen = context.unseen or operation.kind == "drop-constraint"
            continue
        if operation.kind == "drop-constraint":
            _drop_constraint(context, member, constraint)
        elif operation.kind == "validate-constraint":
            set_constraints(context, member, {name: constraint._replace(validated=True)})
            if constraint.definition.kind == "not-null":
                for column in constraint.definition.columns:
                    set_nullable(context, member, column, False)
        elif operation.kind == "rename-constraint" and operation.new_name:
            renamed = constraint._replace(name=operation.new_name)
            set_constraints(context, member, {name: None})
            set_constraints(context, member, {operation.new_name: renamed})
        elif operation.kind == "alter-constraint":
            enforced = dict(operation.options).get("enforced")
            if enforced:
                set_constraints(context, member, {name: constraint._replace(enforced=enforced == "true")})


def _drop_constraint(context: Context, key: str, constraint: Constraint) -> None:
    set_constraints(context, key, {constraint.name: None})
    for index in context.schema.indexes_of(key):
        if index.constraint == constraint.name:
            context.schema.put_index(index.name, None)
    if constraint.definition.kind == "not-null":
        for column in constraint.definition.columns:
            set_nullable(context, key, column, True)


def forget(context: Context, gone: Forgotten) -> None:
    """Take what may have been dropped for not known: it isn't said to be there any more, nor to be missing."""
    key = context.key(gone.relation)
    table = context.schema.tables.get(key)
    if table is None:
        return
    lost = {name for name, one in table.constraints.items() if gone.kind in ("", one.definition.kind)}
    kept = {name: one for name, one in table.constraints.items() if name not in lost}
    context.schema.put_table(key, table._replace(constraints=kept, complete=False))
    context.schema.put(context.schema.texts, f"table {key}", None)
    for index in context.schema.indexes_of(key):
        if index.constraint in lost or (index.constraint is None and gone.kind in ("", "index")):
            context.schema.put_index(index.name, None)
