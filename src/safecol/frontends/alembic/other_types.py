"""Column types as values come in; their names for MySQL, MariaDB and SQLite go out."""

from safecol.frontends.alembic.names import Refused, Target, known, string
from safecol.frontends.alembic.types import number
from safecol.frontends.python.values import Made

_PLAIN: dict[str, str] = {
    "biginteger": "BIGINT", "smallinteger": "SMALLINT", "int": "INTEGER", "unicodetext": "TEXT", "bool": "BOOLEAN",
    "date": "DATE", "pickletype": "BLOB", "json": "JSON", "interval": "DATETIME",
    "double": "DOUBLE", "double_precision": "DOUBLE PRECISION", "clob": "CLOB", "matchtype": "BOOL", "binary": "BINARY",
}  # fmt: skip
_INTEGERS = ("integer", "bigint", "smallint", "tinyint", "mediumint")
_EXACT = {"numeric": "NUMERIC", "decimal": "DECIMAL"}
_STRINGS = {
    "string": "VARCHAR", "unicode": "VARCHAR", "varchar": "VARCHAR", "autostring": "VARCHAR", "nvarchar": "NVARCHAR",
    "char": "CHAR", "nchar": "NCHAR",
}  # fmt: skip
_TEXTS = ("text", "tinytext", "mediumtext", "longtext")
_BYTES = ("blob", "tinyblob", "mediumblob", "longblob")
_TIMES = ("datetime", "timestamp", "time")
_OF_MYSQL = frozenset(
    ("tinyint", "mediumint", "tinytext", "mediumtext", "longtext", "tinyblob", "mediumblob", "longblob", "year", "set",
     "bit")
)  # fmt: skip
_OF_POSTGRESQL = frozenset(
    """jsonb array inet cidr macaddr macaddr8 tsvector tsquery hstore oid regclass regconfig money citext int4range
    int8range numrange daterange tsrange tstzrange int4multirange int8multirange nummultirange datemultirange
    tsmultirange tstzmultirange jsonpath domain bytea ltree""".split()  # noqa: SIM905 - a list of words reads better without quotes
)


def type_name(to: Target, name: str, value: Made) -> str:
    """The type by its name in small letters; empty for one that is not the toolkit's. Errors: NotKnown, Refused."""
    if to.is_sqlite and name == "jsonb":
        return "JSONB"
    if name in _OF_POSTGRESQL or (to.is_sqlite and name in _OF_MYSQL):
        raise Refused(f"The toolkit can't write the type {name.upper()} for {_title(to)}")
    if name == "boolean":
        return "BOOL" if to.is_mysql else "BOOLEAN"
    if name == "largebinary":
        length = value.argument(0, "length") if to.is_mysql else None
        return "BLOB" + (f"({number(length)})" if length is not None else "")
    if name in _PLAIN:
        return _PLAIN[name]
    if name in _INTEGERS:
        width = _option(to, value, 0, "display_width")
        return name.upper() + (f"({width})" if width is not None else "") + _signs(to, value)
    if name in _EXACT:
        return _EXACT[name] + _digits(value) + _signs(to, value)
    if name in ("float", "real"):
        return _real(to, name, value)
    if name in _STRINGS:
        return _string(to, name, value)
    if name in _TEXTS or name in _BYTES:
        length = value.argument(0, "length") if name in ("text", "blob") else None
        return name.upper() + (f"({number(length)})" if length is not None else "") + _collated(to, value)
    if name in _TIMES:
        digits = value.keywords.get("fsp") if to.is_mysql else None
        return name.upper() + (f"({number(digits)})" if digits else "")
    if name == "uuid":
        native = value.keywords.get("native_uuid") is not False
        written = value.path.endswith(".UUID")
        return "UUID" if native and (written or to.dialect == "mariadb") else "CHAR(32)"
    if name in ("bit", "year", "varbinary"):
        length = value.argument(0, "display_width" if name == "year" else "length")
        return name.upper() + (f"({number(length)})" if length is not None else "")
    return ""


def enum(to: Target, labels: list[str], value: Made, word: str = "ENUM") -> str:
    """ENUM or SET with its values."""
    return f"{word}({','.join(string(to, label) for label in labels)})" + _collated(to, value)


def _title(to: Target) -> str:
    return {"mysql": "MySQL", "mariadb": "MariaDB", "sqlite": "SQLite"}[to.dialect]


def _real(to: Target, name: str, value: Made) -> str:
    precision, scale = value.argument(0, "precision"), value.keywords.get("scale")
    if not to.is_mysql or name == "real" or precision is None:
        return name.upper() + _signs(to, value)
    digits = f"{number(precision)}" + (f", {number(scale)}" if scale is not None else "")
    return f"{name.upper()}({digits})" + _signs(to, value)


def _string(to: Target, name: str, value: Made) -> str:
    length = value.argument(0, "length")
    word = _STRINGS[name]
    if length is None and to.is_mysql and word.endswith("VARCHAR"):
        raise Refused(f"{word} requires a length on {_title(to)}", "Give the column's type a length")
    national = to.is_mysql and word.startswith("N")
    shown = f"NATIONAL {word[1:]}" if national else word
    return shown + (f"({number(length)})" if length is not None else "") + _collated(to, value)


def _collated(to: Target, value: Made) -> str:
    text = ""
    if to.is_mysql and value.keywords.get("charset") is not None:
        text += f" CHARACTER SET {known(value.keywords['charset'], 'the character set')}"
    elif to.is_mysql and (value.keywords.get("unicode") is True or value.keywords.get("ascii") is True):
        text += " UNICODE" if value.keywords.get("unicode") is True else " ASCII"
    if value.keywords.get("collation") is not None:
        name = known(value.keywords["collation"], "the collation")
        text += f" COLLATE {name}" if to.is_mysql else f' COLLATE "{name}"'
    return text


def _signs(to: Target, value: Made) -> str:
    if not to.is_mysql:
        return ""
    unsigned = " UNSIGNED" if value.keywords.get("unsigned") is True else ""
    return unsigned + (" ZEROFILL" if value.keywords.get("zerofill") is True else "")


def _digits(value: Made) -> str:
    precision, scale = value.argument(0, "precision"), value.argument(1, "scale")
    if precision is None:
        return ""
    return f"({number(precision)}" + (f", {number(scale)})" if scale is not None else ")")


def _option(to: Target, value: Made, position: int, name: str) -> str | None:
    given = value.argument(position, name) if to.is_mysql else None
    return None if given is None or isinstance(given, bool) else number(given)
