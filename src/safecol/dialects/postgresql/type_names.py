"""Names of PostgreSQL's types: any spelling comes in, the internal spelling goes out."""

import re

from safecol.expressions import TypeName

_SPELLINGS = {
    "int": "int4", "integer": "int4", "bigint": "int8", "smallint": "int2", "serial": "int4", "bigserial": "int8",
    "smallserial": "int2", "serial4": "int4", "serial8": "int8", "serial2": "int2", "boolean": "bool",
    "real": "float4", "double precision": "float8", "decimal": "numeric", "dec": "numeric",
    "character varying": "varchar", "character": "bpchar", "bit varying": "varbit",
    "timestamp with time zone": "timestamptz", "timestamp without time zone": "timestamp",
    "time with time zone": "timetz", "time without time zone": "time",
}  # fmt: skip

_OBJECT_IDENTIFIERS = (
    "oid regclass regproc regprocedure regoper regoperator regtype regrole regnamespace regconfig regdictionary "
    "regcollation"
)
_VARIABLE = (
    "text varchar bpchar name char bytea citext xml json jsonb jsonpath numeric varbit bit inet cidr tsvector tsquery "
    "path polygon hstore ltree lquery ltxtquery cube seg refcursor txid_snapshot pg_snapshot int4range int8range "
    "numrange daterange tsrange tstzrange int4multirange int8multirange nummultirange datemultirange tsmultirange "
    "tstzmultirange aclitem"
)
_FIXED = (
    "int2 int4 int8 float4 float8 money bool date time timetz timestamp timestamptz interval uuid macaddr macaddr8 "
    "point line lseg box circle pg_lsn xid xid8 cid tid"
)

# Built-in types, and types of well-known extensions whose casts are known.
VARIABLE_WIDTH = frozenset(_VARIABLE.split()) | frozenset(_OBJECT_IDENTIFIERS.split())
KNOWN = VARIABLE_WIDTH | frozenset(_FIXED.split())


def canonical(name: TypeName) -> TypeName:
    """The type in the server's own spelling; extensions may be installed in any schema."""
    spelled = name.name.lower() if name.name.lower() in _SPELLINGS else name.name
    base = _SPELLINGS.get(spelled, spelled) if name.schema in {None, "pg_catalog"} else name.name
    schema = None if name.schema == "pg_catalog" or base in {"citext", "hstore", "ltree"} else name.schema
    modifiers = name.modifiers
    if base in {"bpchar", "bit"} and not modifiers and spelled in {"character", "bit"}:
        modifiers = (1,)
    return TypeName(base, modifiers, name.array, schema)


def shown(name: TypeName) -> str:
    """A type as a message writes it: `varchar(20)[]`."""
    modifiers = f"({','.join(str(item) for item in name.modifiers)})" if name.modifiers else ""
    schema = f"{name.schema}." if name.schema else ""
    return f"{schema}{name.name}{modifiers}{'[]' * name.array}"


def written(name: TypeName) -> str | None:
    """A type as SQL writes it; None where its modifiers can't be written from what is kept of them."""
    if name.name == "interval" and name.modifiers:
        return None
    parts = [part for part in (name.schema, name.name) if part]
    plain = re.compile(r"[a-z_][a-z0-9_]*")
    # The name `char` unquoted is another type.
    quoted = [
        part if plain.fullmatch(part) and part != "char" else '"' + part.replace('"', '""') + '"' for part in parts
    ]
    modifiers = f"({','.join(str(item) for item in name.modifiers)})" if name.modifiers else ""
    return f"{'.'.join(quoted)}{modifiers}{'[]' * name.array}"
