"""Types, routines, sequences, and who uses what, as operations leave them."""

from safecol.context import Context
from safecol.history.records import add_sequence, beside
from safecol.operations import ConstraintDefinition, Name, Operation, RoutineDefinition, TypeDefinition
from safecol.schema import Constraint, Routine, UserType
from safecol.uses import add_dependents, drop_dependents


def create_type(context: Context, operation: Operation, key: str) -> None:
    if isinstance(operation.definition, TypeDefinition):
        constraints = tuple(
            Constraint(item.name or f"{key}_check", item, None, item.validated)
            for item in operation.definition.constraints
        )
        record = UserType(key, operation.definition, context.file, constraints)
        context.schema.put(context.schema.types, key, record)
        if context.transaction is not None:
            context.new_types.add(key)


def change_type(context: Context, operation: Operation, key: str) -> None:
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
        new = beside(key, operation.new_name)
        if key in context.new_types:
            context.new_types.add(new)
        _follow(context, key, operation.new_name)
        key = new
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


def _follow(context: Context, key: str, new: str) -> None:
    """Columns of a renamed type have it under its new name."""
    for name, column in context.schema.uses_type(key):
        table = context.schema.tables[name]
        if column.type is not None:
            renamed = column._replace(type=column.type._replace(name=new))
            context.schema.put_table(name, table._replace(columns={**table.columns, column.name: renamed}))


def create_routine(context: Context, operation: Operation, key: str) -> None:
    if not isinstance(operation.definition, RoutineDefinition):
        return
    schema = context.schema
    arguments = operation.definition.arguments
    earlier = schema.routines.get(key, ())
    others = tuple(routine for routine in earlier if routine.definition.arguments != arguments)
    replaced = next((routine.file for routine in earlier if routine.definition.arguments == arguments), context.file)
    schema.put(schema.routines, key, (*others, Routine(key, operation.definition, replaced)))
    add_dependents(context, key, operation, "routine")


def drop_routine(context: Context, operation: Operation, key: str) -> None:
    known = context.schema.routines.get(key, ())
    left = tuple(routine for routine in known if not is_meant(operation, routine.definition))
    if known:
        context.schema.put(context.schema.routines, key, left or None)
    if not left:
        drop_dependents(context, key)


def is_meant(operation: Operation, routine: RoutineDefinition) -> bool:
    """Whether the arguments written (if any) can be those of this routine; types are compared by name."""
    written = dict(operation.options).get("arguments")
    if written is None:
        return True
    names = [name.strip() for name in written.split(",") if name.strip()]
    if len(names) != len(routine.arguments):
        return False
    return all(
        name.rpartition(".")[2].partition("(")[0].removesuffix("[]") == argument.name
        for name, argument in zip(names, routine.arguments, strict=True)
    )


def create_sequence(context: Context, operation: Operation, key: str) -> None:
    add_sequence(context, key, _owner(context, operation))


def _owner(context: Context, operation: Operation) -> tuple[str, str] | None:
    owned = dict(operation.options).get("owned_by", "")
    *relation, column = owned.split(".") if "." in owned else ("",)
    if not relation:
        return None
    return context.key(Name(relation[-1], relation[0] if len(relation) > 1 else None)), column


def drop_sequence(context: Context, operation: Operation, key: str) -> None:
    if key in context.schema.sequences:
        context.schema.put(context.schema.sequences, key, None)


def create_schema(context: Context, operation: Operation, key: str) -> None:
    context.schema.put(context.schema.schemas, key, context.file)


def run_unseen(context: Context, operation: Operation, key: str) -> None:
    """Code that was not read may have made anything: what is absent may exist."""
    if "understood" not in operation.flags:
        context.schema.complete = False


def add_use(context: Context, operation: Operation, key: str) -> None:
    add_dependents(context, key, operation, operation.kind.removeprefix("create-"))


def drop_use(context: Context, operation: Operation, key: str) -> None:
    name = operation.value or (operation.relation.name if operation.relation else "")
    drop_dependents(context, f"{operation.kind.removeprefix('drop-')} {name}")
