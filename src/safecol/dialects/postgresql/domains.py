"""What a column's type says beyond itself: domains with their constraints and defaults, and who uses a routine."""

from safecol.context import Context
from safecol.expressions import Call, Expression, TypeName, walk
from safecol.operations import Name, Operation, TypeDefinition
from safecol.records import NamedTuple


class Domain(NamedTuple):
    """`state` is `none` (no domain), `free`, `constrained` or `unknown`; `default` and `nullable` are the domain's."""

    state: str
    default: Expression | None = None
    nullable: bool | None = None


_NOT_A_DOMAIN = Domain("none")

# Types that are built in, or come with an extension: none of them is a domain.
_BASE = frozenset(
    """
    bool bytea char name int8 int2 int4 regproc text oid tid xid cid json xml point lseg path box polygon line float4
    float8 circle money macaddr inet cidr macaddr8 bpchar varchar date time timestamp timestamptz interval timetz bit
    varbit numeric uuid pg_lsn tsvector tsquery gtsvector regclass regtype regrole regnamespace regconfig jsonb jsonpath
    txid_snapshot pg_snapshot int4range numrange tsrange tstzrange daterange int8range int4multirange nummultirange
    tsmultirange tstzmultirange datemultirange int8multirange oidvector int2vector xid8 citext hstore ltree lquery
    geometry geography vector halfvec sparsevec cube isbn issn ean13 box2d box3d raster regprocedure regoper
    """.split()  # noqa: SIM905 - a page of names reads better as words than as a list
)


def of_type(context: Context, type_name: TypeName) -> Domain:
    """What is known of a type as a domain; an array of a domain is not one."""
    if type_name.array or (type_name.schema is None and type_name.name in _BASE):
        return _NOT_A_DOMAIN
    known = context.schema.types.get(context.key(Name(type_name.name, type_name.schema)))
    if known is None:
        return Domain("unknown")
    definition = known.definition
    if definition.kind != "domain":
        return _NOT_A_DOMAIN
    constrained = bool(known.constraints) or not definition.nullable
    state, default, nullable = "constrained" if constrained else "free", definition.default, definition.nullable
    if definition.base is not None:
        inner = of_type(context, definition.base)
        if inner.state == "constrained":
            state = "constrained"
        default = default if default is not None else inner.default
        nullable = nullable and inner.nullable is not False
    return Domain(state, default, nullable)


def definition_of(context: Context, type_name: TypeName) -> TypeDefinition | None:
    """The definition of a user type, with what ALTER DOMAIN added."""
    known = context.schema.types.get(context.key(Name(type_name.name, type_name.schema)))
    if known is None:
        return None
    return known.definition._replace(constraints=tuple(item.definition for item in known.constraints))


def routine_users(context: Context, operation: Operation, key: str) -> list[str]:
    """What the server says still uses a routine: triggers, defaults, expression indexes (as far as they were seen)."""
    if operation.kind != "drop-routine":
        extension = operation.relation.name if operation.relation else ""
        return [f"{table}.{column.name}" for table, column in context.schema.uses_type(extension)]
    if len(context.schema.routines.get(key, ())) != 1:
        return []  # which of several, or one that was never seen: nobody can say who calls it
    found = [item.name for item in context.schema.dependents.get(key, ())]
    found += [
        f"{table.name}.{column.name}"
        for table in context.schema.tables.values()
        for column in table.columns.values()
        if column.default is not None and _calls(column.default, key)
    ]
    found += [
        index.name
        for index in context.schema.indexes.values()
        for element in index.definition.elements
        if element.expression is not None and _calls(element.expression, key)
    ]
    return found


def _calls(expression: Expression, key: str) -> bool:
    schema, _, name = key.rpartition(".")
    # Without its schema a function outside the default one may be another.
    schemas = {schema} if schema else {None, "public"}
    return any(isinstance(part, Call) and part.name == name and part.schema in schemas for part in walk(expression))
