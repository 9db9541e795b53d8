"""Facts of operations on tables, views, types and more on PostgreSQL: what effects.toml and pages ask of them."""

from collections.abc import Callable

from safecol.context import Context
from safecol.dialects.postgresql import bodies
from safecol.dialects.postgresql.column_facts import key_columns
from safecol.expressions import Call, Expression, TypeName, walk
from safecol.fold import Rest
from safecol.operations import ConstraintDefinition, Operation, QueryUse, RoutineDefinition, TableDefinition
from safecol.trace import Fact

Facts = dict[str, Fact]


def _create_table(context: Context, operation: Operation, key: str, rest: Rest, found: Facts) -> None:
    definition = operation.definition
    found["no_op"] = found["if_not_exists"] is True and key in context.schema.tables
    found["temporary"] = False
    if not isinstance(definition, TableDefinition):
        return
    found["temporary"] = definition.persistence == "temporary"
    found["unlogged"] = definition.persistence == "unlogged"
    found["disables"] = _disabled(operation)
    found["partitioned"] = definition.partition_by is not None
    found["feature"] = _feature(definition)
    if definition.partition_by is not None:
        needed = key_columns(definition.partition_by.elements)
        found["misses_partition_key"] = any(
            item.kind in ("unique", "primary-key") and not needed <= set(item.columns)
            for item in definition.constraints
        )
        found["partitioned_exclusion"] = any(item.kind == "exclusion" for item in definition.constraints)


def _disabled(operation: Operation) -> str | None:
    """What a table's options, or ALTER TABLE, switch off for it."""
    options = operation.options
    if isinstance(operation.definition, TableDefinition):
        options = operation.definition.options
    if dict(options).get("autovacuum_enabled", "").lower() in ("false", "off", "0", "no"):
        return "autovacuum"
    return None


def _switch(context: Context, operation: Operation, key: str, rest: Rest, found: Facts) -> None:
    off = operation.flags & {"disable", "no-force"}
    if operation.kind == "change-row-security":
        found["disables"] = "row-security" if off else None
    elif operation.value == "ALL":  # USER leaves those of foreign keys on
        found["disables"] = "triggers" if off else None


def _create_table_as(context: Context, operation: Operation, key: str, rest: Rest, found: Facts) -> None:
    found["temporary"] = "temporary" in operation.flags
    found["unlogged"] = "unlogged" in operation.flags


def _feature(definition: TableDefinition) -> str | None:
    """The newest syntax that a CREATE TABLE uses, by name."""
    if any(column.generated == "virtual" for column in definition.columns):
        return "virtual"
    for item in definition.constraints:
        feature = constraint_feature(item)
        if feature is not None:
            return feature
        if not item.enforced:
            return "not-enforced"
    options = {name for name, _ in definition.options}
    return next((word for word in ("compression", "storage") if f"column:{word}" in options), None)


def constraint_feature(item: ConstraintDefinition) -> str | None:
    """Syntax of a constraint that older servers refuse, by name."""
    words = ("nulls-not-distinct", "without-overlaps", "period", "set-null-columns")
    return next((word for word in words if word in item.options), None)


def _drop_relation(context: Context, operation: Operation, key: str, rest: Rest, found: Facts) -> None:
    together = _together(context, rest)
    users = [
        item.name
        for item in context.schema.dependents.get(key, ())
        if item.name not in together
        and (item.kind in ("view", "materialized-view") or (item.kind == "routine" and context.version >= 14))
    ]
    referencing = [name for name, _ in context.schema.referencing(key) if name != key and name not in together]
    table = context.schema.tables.get(key)
    heirs = [name for name in context.schema.children(key) if name not in together]
    found["used_by_object"] = bool(users)
    found["used_by_foreign_key"] = bool(referencing)
    found["has_inheritors"] = bool(heirs) and (table is None or table.kind != "partitioned")
    found["users"] = ", ".join(users or referencing or heirs)
    if table is not None and (table.complete or table.query is not None) and not context.unseen:
        found["takes"] = ", ".join(dict.fromkeys((*users, *referencing, *heirs)))
    found["named_by"] = ",".join(bodies.named_by(context, key))
    if table is not None and table.query is not None and not table.query.star and None not in table.query.outputs:
        found["outputs"] = ",".join(output for output in table.query.outputs if output)


def _rename_relation(context: Context, operation: Operation, key: str, rest: Rest, found: Facts) -> None:
    found["named_by"] = ",".join(bodies.named_by(context, key))
    if key in context.schema.sequences:  # ALTER TABLE renames these too
        found["object"] = "sequence"


def _together(context: Context, rest: Rest) -> set[str]:
    return {context.key(other.relation) for other in rest.operations if other.relation is not None}


def _truncate(context: Context, operation: Operation, key: str, rest: Rest, found: Facts) -> None:
    referencing = {name for name, _ in context.schema.referencing(key) if name != key}
    found["used_by_foreign_key"] = bool(referencing)
    found["together"] = referencing <= _together(context, rest)
    found["users"] = ", ".join(sorted(referencing))


def _set_table_options(context: Context, operation: Operation, key: str, rest: Rest, found: Facts) -> None:
    found["weak_options"] = not any(name == "user_catalog_table" for name, _ in operation.options)
    found["disables"] = _disabled(operation)


def _set_persistence(context: Context, operation: Operation, key: str, rest: Rest, found: Facts) -> None:
    tables = context.schema.tables
    table = tables.get(key)
    wanted = "unlogged" if operation.kind == "set-unlogged" else "permanent"
    found["no_op"] = table is not None and table.complete and table.persistence == wanted
    logged = [
        name for name, _ in context.schema.referencing(key) if name != key and tables[name].persistence == "permanent"
    ]
    found["used_by_foreign_key"] = bool(logged)
    found["users"] = ", ".join(logged)
    found["references_unlogged"] = table is not None and any(
        item.referenced in tables and tables[item.referenced].persistence == "unlogged"
        for item in table.constraints.values()
        if item.referenced and item.referenced != key
    )


def _set_access_method(context: Context, operation: Operation, key: str, rest: Rest, found: Facts) -> None:
    method = (operation.value or "default").lower()
    found["value"] = "DEFAULT" if method == "default" else operation.value
    found["same_method"] = method in ("heap", "default")


def _lock_table(context: Context, operation: Operation, key: str, rest: Rest, found: Facts) -> None:
    found["mode"] = operation.value or "ACCESS EXCLUSIVE"


def _maintenance(context: Context, operation: Operation, key: str, rest: Rest, found: Facts) -> None:
    found["whole_database"] = operation.relation is None


def _create_view(context: Context, operation: Operation, key: str, rest: Rest, found: Facts) -> None:
    found["no_data"] = "no-data" in operation.flags
    old = context.schema.tables.get(key)
    if old is None or old.kind != "view" or old.query is None or operation.query is None:
        return
    before, after = old.query.outputs, operation.query.outputs
    if operation.query.star or old.query.star or None in before or None in after:
        return
    found["outputs_before"] = ",".join(name for name in before if name)
    found["redefinition"] = "allowed" if after[: len(before)] == before else "refused"
    if found["redefinition"] == "allowed" and _retypes(context, old.query, operation.query):
        found["redefinition"] = "refused"
        found["retyped"] = True


def _retypes(context: Context, before: QueryUse, after: QueryUse) -> bool:
    """Whether a column of a view is known to get another type; modifiers such as a length count."""
    return any(
        old is not None and new is not None and old != new
        for old, new in zip(_types(context, before), _types(context, after), strict=False)
    )


def _types(context: Context, query: QueryUse) -> list[TypeName | None]:
    found: list[TypeName | None] = []
    for source in query.sources:
        if isinstance(source, tuple) and not isinstance(source, TypeName):
            name, column = source
            known = context.column(context.key(name), column)
            found.append(known.type if known is not None else None)
        else:
            found.append(source)
    # All dimensions of an array are one type.
    return [one._replace(array=min(one.array, 1)) if one is not None else None for one in found]


def _alter_view(context: Context, operation: Operation, key: str, rest: Rest, found: Facts) -> None:
    names = {name for name, _ in operation.options}
    found["feature"] = "security-invoker" if "security_invoker" in names else None
    found["exists"] = "unknown" if found.get("exists") is None else found["exists"]


def _refresh_view(context: Context, operation: Operation, key: str, rest: Rest, found: Facts) -> None:
    found["no_data"] = "no-data" in operation.flags
    view = context.schema.tables.get(key)
    if view is None:
        return
    found["view_populated"] = view.populated
    found["unique_index"] = any(
        index.definition.unique
        and index.definition.predicate is None
        and all(element.column for element in index.definition.elements)
        for index in context.schema.indexes_of(key)
    )


# What only needs a look at its dependents


def _domain(context: Context, operation: Operation, key: str, rest: Rest, found: Facts) -> None:
    definition = operation.definition
    schema = context.schema
    users = [table for table, _ in schema.uses_type(key)]
    if users or key in schema.types or schema.complete:
        found["type_used"] = any(not context.is_new(table) and table not in context.small for table in users)
    if isinstance(definition, ConstraintDefinition):
        found["constraint"] = definition.kind
        found["validated"] = definition.validated
        found["checks_rows"] = definition.validated
        return
    found["checks_rows"] = True


def _type(context: Context, operation: Operation, key: str, rest: Rest, found: Facts) -> None:
    users = [f"{table}.{column.name}" for table, column in context.schema.uses_type(key)]
    found["type_used"] = bool(users)
    found["users"] = ", ".join(users)
    found["takes"] = found["users"] or None


def _drop_routine(context: Context, operation: Operation, key: str, rest: Rest, found: Facts) -> None:
    from safecol.dialects.postgresql import domains

    known = context.schema.routines.get(key, ())
    if operation.kind == "drop-routine" and len(known) == 1:
        definition = known[0].definition
        found["signature"] = ",".join(argument.name for argument in definition.arguments)
        found["returns"] = definition.returns.name if definition.returns is not None else None
    users = domains.routine_users(context, operation, key)
    found["object_used"] = bool(users)
    found["users"] = ", ".join(users)
    found["takes"] = found["users"] or None


def _sequence(context: Context, operation: Operation, key: str, rest: Rest, found: Facts) -> None:
    known = context.schema.sequences.get(key)
    owner = known.owned_by if known is not None else None
    column = context.column(*owner) if owner is not None else None
    found["sequence_used"] = column is not None and (column.serial or _counts(column.default))
    found["users"] = ".".join(owner) if owner else ""


def _counts(default: Expression | None) -> bool:
    return default is not None and any(isinstance(part, Call) and part.name == "nextval" for part in walk(default))


def _drop_schema(context: Context, operation: Operation, key: str, rest: Rest, found: Facts) -> None:
    inside = [name for name in context.schema.tables if name.startswith(f"{key}.")]
    found["schema_used"] = bool(inside)
    found["takes"] = ", ".join(inside) or None


def _publication(context: Context, operation: Operation, key: str, rest: Rest, found: Facts) -> None:
    names = {name for name, _ in operation.options}
    features = {"table.column": "publication-columns", "where": "publication-where", "schema": "publication-schema"}
    found["feature"] = next((feature for name, feature in features.items() if name in names), None)
    if operation.query is not None and operation.query.columns:
        found["feature"] = "publication-where"
    found["keyed"] = bool(operation.reads) and all(_has_key(context, context.key(name)) for name in operation.reads)


def _has_key(context: Context, key: str) -> bool:
    table = context.schema.tables.get(key)
    return table is not None and any(item.definition.kind == "primary-key" for item in table.constraints.values())


def _others(context: Context, operation: Operation, key: str, rest: Rest, found: Facts) -> None:
    options = dict(operation.options)
    found["or_replace"] = "or-replace" in operation.flags
    found["connects"] = options.get("connect", "true").lower() not in ("false", "off", "0")
    found["moves_tablespace"] = "tablespace" in options
    found["has_expression"] = operation.expression is not None or "expression" in options
    found["sets_target"] = operation.kind == "alter-statistics" and "target" in options
    found["atomic"] = isinstance(operation.definition, RoutineDefinition) and operation.definition.atomic
    if operation.kind == "discard":
        found["value"] = (operation.value or "").upper()


BUILD: dict[str, Callable[[Context, Operation, str, Rest, Facts], None]] = {
    "create-table": _create_table,
    "create-foreign-table": _create_table,
    "create-table-as": _create_table_as,
    "change-row-security": _switch,
    "toggle-trigger": _switch,
    "drop-table": _drop_relation,
    "drop-view": _drop_relation,
    "rename-table": _rename_relation,
    "truncate": _truncate,
    "set-table-options": _set_table_options,
    "set-logged": _set_persistence,
    "set-unlogged": _set_persistence,
    "set-access-method": _set_access_method,
    "lock-table": _lock_table,
    "cluster": _maintenance,
    "vacuum": _maintenance,
    "vacuum-full": _maintenance,
    "create-view": _create_view,
    "create-materialized-view": _create_view,
    "alter-view": _alter_view,
    "refresh-view": _refresh_view,
    "domain-add-constraint": _domain,
    "domain-validate-constraint": _domain,
    "domain-set-not-null": _domain,
    "drop-sequence": _sequence,
    "drop-schema": _drop_schema,
    "create-publication": _publication,
    "alter-publication": _publication,
    **dict.fromkeys(("drop-type", "alter-type-attribute", "add-type-attribute", "drop-type-attribute"), _type),
    **dict.fromkeys(("drop-routine", "drop-extension"), _drop_routine),
    **dict.fromkeys(
        (
            "create-trigger", "create-subscription", "alter-database", "create-statistics", "alter-statistics",
            "create-routine", "discard",
        ),
        _others,
    ),
}  # fmt: skip
