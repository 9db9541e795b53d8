"""Column types as values come in; the type names that the toolkit writes go out."""

from safecol.frontends.alembic.names import (
    NotKnown,
    Refused,
    Target,
    dotted,
    known,
    quoted,
    shown_source,
    string,
    why,
)
from safecol.frontends.python.strings import hole
from safecol.frontends.python.values import Class, External, Made, Member, Text, Unknown, Value, is_known, path_of
from safecol.records import NamedTuple
from safecol.source import Span

_NOWHERE = Span(0, 0)

# Types without arguments that matter, by their name in any case.
_PLAIN: dict[str, str] = {
    "integer": "INTEGER", "int": "INTEGER", "biginteger": "BIGINT", "bigint": "BIGINT", "smallinteger": "SMALLINT",
    "smallint": "SMALLINT", "text": "TEXT", "unicodetext": "TEXT", "boolean": "BOOLEAN", "bool": "BOOLEAN",
    "date": "DATE", "largebinary": "BYTEA", "bytea": "BYTEA", "pickletype": "BYTEA", "blob": "BLOB", "json": "JSON",
    "jsonb": "JSONB", "inet": "INET", "cidr": "CIDR", "macaddr": "MACADDR", "macaddr8": "MACADDR8",
    "tsvector": "TSVECTOR", "tsquery": "TSQUERY", "hstore": "HSTORE", "oid": "OID", "regclass": "REGCLASS",
    "regconfig": "REGCONFIG", "money": "MONEY", "citext": "CITEXT", "int4range": "INT4RANGE", "int8range": "INT8RANGE",
    "numrange": "NUMRANGE", "daterange": "DATERANGE", "tsrange": "TSRANGE", "tstzrange": "TSTZRANGE",
    "int4multirange": "INT4MULTIRANGE", "int8multirange": "INT8MULTIRANGE", "nummultirange": "NUMMULTIRANGE",
    "datemultirange": "DATEMULTIRANGE", "tsmultirange": "TSMULTIRANGE", "tstzmultirange": "TSTZMULTIRANGE",
    "double": "DOUBLE PRECISION", "double_precision": "DOUBLE PRECISION", "real": "REAL", "jsonpath": "JSONPATH",
    "clob": "TEXT", "matchtype": "BOOLEAN",
}  # fmt: skip
_SIZED: dict[str, str] = {
    "string": "VARCHAR", "unicode": "VARCHAR", "varchar": "VARCHAR", "nvarchar": "VARCHAR", "char": "CHAR",
    "nchar": "NCHAR", "autostring": "VARCHAR",
}  # fmt: skip
_TIMES = {"datetime": "TIMESTAMP", "timestamp": "TIMESTAMP", "time": "TIME"}
# Types of well-known packages that are no type of the toolkit's own.
_KNOWN: dict[str, str] = {
    "uuidtype": "UUID", "emailtype": "VARCHAR(255)", "choicetype": "VARCHAR(255)", "tsvectortype": "TSVECTOR",
    "ciemailtype": "CITEXT", "ipaddresstype": "VARCHAR(50)", "urltype": "TEXT",
    "arrowtype": "TIMESTAMP WITHOUT TIME ZONE",
    "jsontype": "JSON", "encryptedtype": "BYTEA", "passwordtype": "BYTEA", "ltreetype": "LTREE", "phonenumbertype":
    "VARCHAR(20)", "timezonetype": "VARCHAR(50)", "localetype": "VARCHAR(10)", "countrytype": "VARCHAR(2)",
    "colortype": "VARCHAR(20)",
}  # fmt: skip
_OURS = ("sqlalchemy.", "alembic.", "sqlmodel.", "?sa.", "?postgresql.")
_INTEGERS = {"INTEGER": "SERIAL", "BIGINT": "BIGSERIAL", "SMALLINT": "SMALLSERIAL"}


class EnumType(NamedTuple):
    """A type of its own that a table may bring along: its qualified name and labels."""

    name: str
    labels: tuple[str, ...]


def type_name(to: Target, value: Value) -> str:
    """The type as the server is told it. Errors: NotKnown, Refused."""
    if isinstance(value, Class):
        return _decorated(to, value)
    if isinstance(value, External):
        value = Made(value.path, (), {}, _NOWHERE)
    if not isinstance(value, Made):
        raise NotKnown(why(value, "the type"))
    if isinstance(value.base, Made) and value.path.endswith((".with_variant", ".evolve", ".copy")):
        variant = value.arguments[0] if value.path.endswith(".with_variant") and len(value.arguments) > 1 else None
        chosen = [str(one) for one in value.arguments[1:] if isinstance(one, Text)]
        return type_name(to, variant if variant is not None and to.dialect in chosen else value.base)
    if isinstance(value.base, Class) and value.path.startswith("."):
        return _decorated(to, value.base)
    word = value.path.rpartition(".")[2]
    name = word.lower()
    ours = value.path.startswith(_OURS)
    if ours or "." not in value.path:
        made = _of_toolkit(to, name, value) if to.dialect == "postgresql" else _of_other(to, name, value)
        if made:
            return made
    if to.dialect != "postgresql":
        raise NotKnown(f"the type `{word}` is not in this file")
    if name in _KNOWN:
        return _KNOWN[name]
    if name in ("geometry", "geography", "raster", "vector", "halfvec", "sparsevec", "ltree", "citext"):
        return _extension(name, value)
    # A type of the project: its name stands for a type that nothing is known of.
    return '"' + word.replace('"', "") + '"'


_OF_MYSQL = frozenset(
    {"tinyint", "mediumint", "tinytext", "mediumtext", "longtext", "tinyblob", "mediumblob", "longblob", "year", "set"}
)


def _of_toolkit(to: Target, name: str, value: Made) -> str:
    if name in _OF_MYSQL:
        raise Refused(f"The toolkit can't write MySQL's type {name.upper()} for PostgreSQL")
    if name in _PLAIN:
        return _PLAIN[name]
    if name in _SIZED:
        length = value.argument(0, "length")
        collation = value.argument(1, "collation")
        base = _SIZED[name] if length is None else _limited(_SIZED[name], number(length))
        return base + (f' COLLATE "{known(collation, "the collation")}"' if collation is not None else "")
    if name in _TIMES:
        zone = value.argument(0, "timezone")
        precision = value.argument(1, "precision")
        if not isinstance(zone, bool) and zone is not None:
            raise NotKnown(why(zone, "the time zone of the type"))
        if precision is not None and not isinstance(precision, int):
            return f'"{_TIMES[name].lower()}{"tz" if zone else ""}"({number(precision)})'
        digits = f"({precision})" if precision is not None else ""
        return f"{_TIMES[name]}{digits} {'WITH' if zone else 'WITHOUT'} TIME ZONE"
    if name in ("numeric", "decimal"):
        precision, scale = value.argument(0, "precision"), value.argument(1, "scale")
        if precision is None:
            return "NUMERIC"
        return f"NUMERIC({number(precision)}" + (f", {number(scale)})" if scale is not None else ")")
    if name == "float":
        precision = value.argument(0, "precision")
        if precision is not None and not isinstance(precision, int):  # it says which of two types this is
            raise NotKnown(why(precision, "the precision of the type"))
        return "FLOAT" if precision is None else f"FLOAT({precision})"
    if name == "interval":
        fields, precision = value.keywords.get("fields"), value.keywords.get("precision")
        return (
            "INTERVAL"
            + (f" {known(fields, 'the interval').upper()}" if isinstance(fields, Text) else "")
            + (f" ({number(precision)})" if isinstance(precision, int) else "")
        )
    if name == "uuid":
        return "CHAR(32)" if value.keywords.get("native_uuid") is False else "UUID"
    if name in ("bit", "varbit"):
        length, varying = value.argument(0, "length"), value.argument(1, "varying")
        return ("BIT VARYING" if varying else "BIT") + (f"({number(length)})" if length is not None else "")
    if name == "array":
        dimensions = value.keywords.get("dimensions")
        inner = type_name(to, value.argument(0, "item_type"))
        return inner + "[]" * (dimensions if isinstance(dimensions, int) and dimensions > 0 else 1)
    if name == "domain":
        return dotted(to, known(value.argument(0, "name"), "the domain"))
    if name == "enum":
        found = enum_of(to, value)
        if isinstance(found, EnumType):
            return found.name
        return f"VARCHAR({found})" if found else "VARCHAR"
    if name == "nulltype":
        raise NotKnown("the column has no type")
    if name in ("userdefinedtype", "typedecorator"):
        raise NotKnown("the type is not known")
    return ""


def _of_other(to: Target, name: str, value: Made) -> str:
    from safecol.frontends.alembic import other_types

    if name in ("enum", "set"):
        if to.is_sqlite and ".mysql." in f".{value.path}":
            raise Refused(f"The toolkit can't write MySQL's type {name.upper()} for SQLite")
        labels = _labels(value)
        if name == "enum" and (to.is_sqlite or value.keywords.get("native_enum") is False):
            length = value.keywords.get("length")
            longest = length if isinstance(length, int) else max(map(len, labels), default=1) if labels else None
            return "VARCHAR" if longest is None else f"VARCHAR({longest})"
        if labels is None:
            raise NotKnown("the values of the enum are not known")
        return other_types.enum(to, labels, value, name.upper())
    if name in ("nulltype", "userdefinedtype", "typedecorator"):
        raise NotKnown("the type is not known")
    return other_types.type_name(to, name, value)


def enum_of(to: Target, value: Value) -> EnumType | int | None:
    """The type of an Enum, or the length of the strings that stand for it; None for another type.

    Errors: NotKnown.
    """
    if not isinstance(value, Made) or value.path.rpartition(".")[2].lower() != "enum":
        return None
    classes = [one for one in value.arguments if isinstance(one, Class)]
    name = value.keywords.get("name")
    labels = _labels(value)
    native = value.keywords.get("native_enum", True)
    if native is False:
        length = value.keywords.get("length")
        if isinstance(length, int):
            return length
        return max(map(len, labels), default=1) if labels is not None else 0
    if name is None:
        outside = path_of(value.arguments[0]).rpartition(".")[2] if value.arguments else ""
        if not classes and outside:  # the type is named like the class
            return EnumType(quoted(to, outside.lower()), ())
        if not classes:
            raise NotKnown("the enum has no name, which PostgreSQL needs")
        written = classes[0].name.lower()
    else:
        written = known(name, "the name of the enum")
    schema = value.keywords.get("schema")
    full = quoted(to, written) if schema is None else f"{quoted(to, known(schema, 'the schema'))}.{quoted(to, written)}"
    return EnumType(full, tuple(labels or ()))


def _labels(value: Made) -> list[str] | None:
    found: list[str] = []
    for one in value.arguments:
        if isinstance(one, Text) and not one.holes:
            found.append(str(one))
        elif isinstance(one, Class):
            found += [name for name in one.names if not name.startswith("_") and is_known(one.names[name])]
        elif type(one) in (list, tuple) and all(isinstance(label, Text) for label in one):
            found += map(str, one)
        elif isinstance(one, Member) and isinstance(one.base, Class):
            found.append(one.name)
        else:
            return None
    return found


def create_enum(to: Target, made: EnumType) -> str:
    """CREATE TYPE of an enum."""
    return f"CREATE TYPE {made.name} AS ENUM ({', '.join(string(to, label) for label in made.labels)})"


def brings_type(to: Target, value: Value) -> EnumType | None:
    """The type that CREATE TABLE makes first for a column of this type; None when it makes none."""
    if to.dialect != "postgresql":
        return None
    if isinstance(value, Made) and value.path.rpartition(".")[2].lower() == "array":
        value = value.argument(0, "item_type")
    if isinstance(value, Made) and value.keywords.get("create_type") is False:
        return None
    found = enum_of(to, value)
    return found if isinstance(found, EnumType) else None


def serial(written: str) -> str:
    """The serial type for an integer type; empty for others."""
    return _INTEGERS.get(written, "SERIAL" if written.startswith("NUMERIC") else "")


def number(value: Value) -> str:
    """A length or a precision; a placeholder where only the code that runs knows it. Errors: NotKnown."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, (External, Member, Unknown, Made)):
        return str(hole(shown_source(value), _NOWHERE))
    raise NotKnown(why(value, "a length of the type"))


def _limited(name: str, length: str) -> str:
    """A type of text with its length, which PostgreSQL's own words take only as a number."""
    if length.isdigit():
        return f"{name}({length})"
    return f'"{"varchar" if name == "VARCHAR" else "bpchar"}"({length})'


def _decorated(to: Target, value: Class) -> str:
    """The type that a TypeDecorator of the project stands for."""
    impl = value.names.get("impl")
    if impl is not None and not isinstance(impl, Unknown):
        return type_name(to, impl)
    inherited = next((base for base in value.bases if isinstance(base, Class)), None)
    if inherited is not None:
        return _decorated(to, inherited)
    bases = [base for base in value.bases if path_of(base).startswith("sqlalchemy.")]
    if bases and not path_of(bases[0]).endswith(("UserDefinedType", "TypeDecorator")):
        return type_name(to, bases[0])
    if to.dialect != "postgresql":
        raise NotKnown(f"what the type `{value.name}` stands for is not known")
    return '"' + value.name + '"'


def _extension(name: str, value: Made) -> str:
    if name in ("geometry", "geography"):
        kind, srid = value.argument(0, "geometry_type"), value.argument(1, "srid")
        if isinstance(kind, Text) and isinstance(srid, int):
            return f"{name}({kind},{srid})"
        return f"{name}({kind})" if isinstance(kind, Text) else name
    first = value.argument(0, "dim")
    return f"{name}({first})" if isinstance(first, int) else name
