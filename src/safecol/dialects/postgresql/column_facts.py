"""Facts of operations on columns on PostgreSQL: what effects.toml and pages ask of them."""

from collections.abc import Callable

from safecol.context import Context
from safecol.dialects.postgresql import bodies, targets
from safecol.dialects.postgresql.type_names import canonical, shown, written
from safecol.expressions import Call, Expression, Literal, Subquery, columns, walk
from safecol.fold import Rest
from safecol.operations import ColumnDefinition, IndexElement, Name, Operation, RoutineDefinition
from safecol.trace import Fact

Facts = dict[str, Fact]


def _add_column(context: Context, operation: Operation, key: str, rest: Rest, found: Facts) -> None:
    definition = operation.definition
    if not isinstance(definition, ColumnDefinition):
        return
    from safecol.dialects.postgresql import domains

    table = context.schema.tables.get(key)
    found["no_op"] = found["if_not_exists"] is True and table is not None and definition.name in table.columns
    found["is_partition"] = table is not None and table.bound is not None
    found["key"] = "serial" if definition.serial else "identity" if definition.identity else "none"
    found["generated"] = definition.generated or "none"
    found["nullable"] = definition.nullable
    found["column_type"] = shown(canonical(definition.type))
    found["serial_default"] = definition.serial and definition.default is not None
    default = definition.default
    found["subquery_default"] = default is not None and any(isinstance(part, Subquery) for part in walk(default))
    if default is not None:
        _functions(context, default, found)
    domain = domains.of_type(context, definition.type)
    found["domain"] = domain.state
    found["domain_nullable"] = domain.nullable
    found["default"] = default_class(context, default)
    if default is None and domain.default is not None:
        # Up to 12 the default of a domain was forgotten for existing rows: they stay NULL, and nothing is written.
        found["default"] = default_class(context, domain.default) if context.version >= 13 else "constant"


def default_class(context: Context, default: Expression | None) -> str:
    """`none` (also for NULL), `constant`, `volatile` or `unknown`."""
    if default is None:
        return "none"
    if isinstance(default, Literal):
        return "none" if default.kind == "null" else "constant"
    from safecol.dialects.postgresql import volatility

    return volatility.judge(default, context.version, routine_of(context))


# Functions that got a form with more arguments later: (name, arguments) and the versions that have it.
_LATER = {("random", 2): "17-18"}


def _functions(context: Context, default: Expression, found: Facts) -> None:
    """Whether the default calls a built-in function that this version does not have yet."""
    for part in walk(default):
        if isinstance(part, Call) and part.schema is None and not context.schema.routines.get(part.name):
            from safecol.dialects.postgresql import catalogs

            span = (
                _LATER.get((part.name, len(part.arguments)))
                or catalogs.functions("volatile").get(part.name)
                or catalogs.functions("other").get(part.name)
            )
            # EXTRACT was syntax before it was a function; gen_random_uuid came with pgcrypto before it was built in.
            if part.name in ("extract", "gen_random_uuid"):
                continue
            if span is not None and int(span.partition("-")[0]) > context.version >= catalogs.OLDEST:
                found["missing_function"] = True
                found["function"] = part.name


def routine_of(context: Context) -> Callable[[str | None, str, int], RoutineDefinition | None]:
    """How a judgement looks up a user's function: by schema, name and number of arguments."""

    def look(schema: str | None, name: str, arguments: int) -> RoutineDefinition | None:
        for routine in context.schema.routines.get(context.key(Name(name, schema)), ()):
            if len(routine.definition.arguments) == arguments:
                return routine.definition
        return None

    return look


def _drop_column(context: Context, operation: Operation, key: str, rest: Rest, found: Facts) -> None:
    column = operation.column or ""
    _users(context, key, column, found)
    references = [name for name, _ in targets.referenced_by(context, key, [column]) if name != key]
    found["used_by_foreign_key"] = bool(references)
    if references:
        found["users"] = ", ".join(references)
    found["nullable"] = nullable(context, key, column)
    table = context.schema.tables.get(key)
    dependents = context.schema.dependents.get(key, ())
    told = all(item.columns is not None for item in dependents)
    if table is not None and table.complete and told and not context.unseen:
        users = [item.name for item in targets.column_users(context, key, column)]
        found["takes"] = ", ".join(dict.fromkeys((*users, *references)))
    known = context.column(key, column)
    if known is not None and known.type is not None:
        found["column_type"] = shown(canonical(known.type))
    found["named_by"] = ",".join(bodies.named_by(context, key, column))


def _rename_column(context: Context, operation: Operation, key: str, rest: Rest, found: Facts) -> None:
    found["named_by"] = ",".join(bodies.named_by(context, key, operation.column or ""))
    found["nullable"] = nullable(context, key, operation.column or "")
    known = context.column(key, operation.column or "")
    # What the server fills in by itself can't be copied to a second column.
    if known is not None and known.type is not None and not (known.generated or known.identity or known.serial):
        from safecol.dialects.postgresql import domains

        if domains.of_type(context, known.type).state != "constrained":  # adding a column of it rewrites the table
            found["column_type"] = f"{written(known.type)}{_collate(known.collation)}"


def _collate(collation: str | None) -> str:
    """COLLATE for the name as the parser gives it, which may have a dot of its own: `en_US.utf8`."""
    if collation is None:
        return ""
    schema, _, name = collation.rpartition(".") if collation.startswith("pg_catalog.") else ("", "", collation)
    quoted = '"' + name.replace('"', '""') + '"'
    return f" COLLATE {schema}.{quoted}" if schema else f" COLLATE {quoted}"


def nullable(context: Context, key: str, column: str) -> bool | None:
    """Whether a column may hold NULL, when known."""
    known = context.column(key, column)
    return known.nullable if known is not None else None


def _users(context: Context, key: str, column: str, found: Facts) -> None:
    users = [
        item.name
        for item in targets.column_users(context, key, column)
        if item.kind != "statistics" and not (item.kind == "routine" and context.version < 14)
    ]
    found["used_by_object"] = bool(users)
    if users:
        found["users"] = ", ".join(users)
    table = context.schema.tables.get(key)
    if table is None:
        return
    found["used_by_generated"] = any(
        other.expression is not None and column in columns(other.expression)
        for other in table.columns.values()
        if other.generated
    )
    found["partition_key"] = bool(table.partition_by and column in key_columns(table.partition_by.elements))
    found["inherited"] = any(context.column(parent, column) is not None for parent in table.parents)


def key_columns(elements: tuple[IndexElement, ...]) -> set[str]:
    """The columns that the elements of an index or partition key mention."""
    found = {element.column for element in elements if element.column}
    for element in elements:
        if element.expression is not None:
            found |= columns(element.expression)
    return found


def _change_type(context: Context, operation: Operation, key: str, rest: Rest, found: Facts) -> None:
    from safecol.dialects.postgresql import compatibility, domains, types

    found["in_primary_key"] = operation.column in targets.primary_key(context, key)
    if operation.type is not None:
        found["domain"] = domains.of_type(context, operation.type).state
    types.change_facts(context, operation, key, found)
    compatibility.type_facts(context, operation, key, found)
    _users(context, key, operation.column or "", found)


def _set_not_null(context: Context, operation: Operation, key: str, rest: Rest, found: Facts) -> None:
    column = operation.column or ""
    found["nullable"] = nullable(context, key, column)
    found["proven"] = all(
        not_null_proven(context, member, column, rest.dropped)
        for member in targets.stored(context, targets.members(context, operation, key))
    )


def not_null_proven(context: Context, key: str, column: str, dropped: frozenset[tuple[str, str]]) -> bool:
    """Whether a column is NOT NULL already, or a validated CHECK that stays proves that it has no NULL."""
    table = context.schema.tables.get(key)
    if table is None:
        return False
    known = table.columns.get(column)
    if known is not None and known.nullable is False:
        return True
    if context.version < 12:
        return False
    from safecol.dialects.postgresql import proofs

    checks = [
        item.definition.expression
        for item in table.constraints.values()
        if item.definition.kind == "check" and item.validated and item.enforced and (key, item.name) not in dropped
    ]
    if not checks:
        return False
    not_null = frozenset(name for name, other in table.columns.items() if other.nullable is False)
    return any(check is not None and proofs.proves_not_null(check, column, not_null) for check in checks)


def _add_identity(context: Context, operation: Operation, key: str, rest: Rest, found: Facts) -> None:
    found["column_nullable"] = nullable(context, key, operation.column or "")


def _drop_not_null(context: Context, operation: Operation, key: str, rest: Rest, found: Facts) -> None:
    found["in_primary_key"] = operation.column in targets.primary_key(context, key)


def _drop_default(context: Context, operation: Operation, key: str, rest: Rest, found: Facts) -> None:
    found["nullable"] = nullable(context, key, operation.column or "")
    known = context.column(key, operation.column or "")
    if known is not None and known.generated is None:
        found["default"] = default_class(context, known.default)


def _set_expression(context: Context, operation: Operation, key: str, rest: Rest, found: Facts) -> None:
    known = context.column(key, operation.column or "")
    found["generated"] = known.generated if known is not None else "unknown"


def _set_word(context: Context, operation: Operation, key: str, rest: Rest, found: Facts) -> None:
    found["value"] = "DEFAULT" if (operation.value or "default").lower() == "default" else operation.value


BUILD: dict[str, Callable[[Context, Operation, str, Rest, Facts], None]] = {
    "add-column": _add_column,
    "drop-column": _drop_column,
    "rename-column": _rename_column,
    "change-type": _change_type,
    "set-not-null": _set_not_null,
    "drop-not-null": _drop_not_null,
    "drop-default": _drop_default,
    "set-expression": _set_expression,
    "add-identity": _add_identity,
    "set-statistics": _set_word,
    "set-column-storage": _set_word,
}
