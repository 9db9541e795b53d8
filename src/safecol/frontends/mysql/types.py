"""Types of MySQL and MariaDB: tokens come in, types with their character sets go out."""

from safecol.expressions import TypeName
from safecol.frontends.mysql.tokens import Stream
from safecol.records import NamedTuple


class Type(NamedTuple):
    """A type with the character set and collation written beside it."""

    type: TypeName
    charset: str | None = None
    collation: str | None = None


# Other words for a type, as `SHOW CREATE TABLE` spells it.
_SAME = {
    "integer": "int", "int1": "tinyint", "int2": "smallint", "int3": "mediumint", "middleint": "mediumint",
    "int4": "int", "int8": "bigint", "dec": "decimal", "numeric": "decimal", "fixed": "decimal", "real": "double",
    "float4": "float", "float8": "double", "character": "char", "nchar": "char", "nvarchar": "varchar",
    "varcharacter": "varchar", "geomcollection": "geometrycollection", "number": "decimal", "clob": "longtext",
    "varchar2": "varchar",
}  # fmt: skip
TYPES = frozenset(
    {
        "bit", "tinyint", "smallint", "mediumint", "int", "bigint", "decimal", "float", "double", "bool", "boolean",
        "date", "datetime", "timestamp", "time", "year", "char", "varchar", "binary", "varbinary", "tinyblob", "blob",
        "mediumblob", "longblob", "tinytext", "text", "mediumtext", "longtext", "enum", "set", "json", "geometry",
        "point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon", "geometrycollection",
        "serial", "vector", "uuid", "inet4", "inet6", "long", "national", "xmltype", "signed", "unsigned", "raw", "row",
        "sql_tsi_year",
    }
    | set(_SAME)
)  # fmt: skip
_NO_LENGTH = frozenset({"date", "json", "serial", "uuid", "inet4", "inet6"})


def read_type(stream: Stream) -> Type:
    """Read a type. A Problem for a word that is none."""
    token = stream.next()
    word = token.text.lower()
    if token.kind != "word" or word not in TYPES:
        stream.at -= 1
        raise stream.problem()
    charset: str | None = None
    if word == "national":
        charset = "utf8mb3"
        word = stream.next().text.lower()
    charset = "utf8mb3" if word in ("nchar", "nvarchar") else charset
    if word in ("char", "character", "nchar", "varchar", "nvarchar") and stream.any_of(
        "VARYING", "VARCHARACTER", "VARCHAR"
    ):
        word = "varchar"
    elif word == "long":
        word = {"VARCHAR": "mediumtext", "VARBINARY": "mediumblob"}.get(
            stream.any_of("VARCHAR", "VARBINARY"), "mediumtext"
        )
    elif word in ("double", "real"):
        stream.accept("PRECISION")
    name = _SAME.get(word, word)
    modifiers: tuple[int | str, ...] = ()
    if name in ("bool", "boolean"):
        name, modifiers = "tinyint", (1,)
    elif stream.ahead("(") and name not in _NO_LENGTH:
        modifiers = _modifiers(stream)
    signs, charset, collation = _sign_and_charset(stream, charset)
    name = f"{name}{signs}"
    return Type(TypeName(name, modifiers), charset, collation)


def _modifiers(stream: Stream) -> tuple[int | str, ...]:
    stream.expect("(")
    found: list[int | str] = []
    while True:
        token = stream.next()
        number = token.kind == "number" and token.text.isdigit()
        word = token.text.lower() if token.kind == "word" else token.text
        found.append(int(token.text) if number else word)
        if token.kind not in ("number", "string", "bits", "word"):
            stream.at -= 1
            raise stream.problem()
        if not stream.accept(","):
            break
    stream.expect(")")
    return tuple(found)


def _sign_and_charset(stream: Stream, charset: str | None) -> tuple[str, str | None, str | None]:
    signs, collation, binary = "", None, False
    while True:
        if stream.accept("UNSIGNED") or stream.accept("ZEROFILL"):
            signs = " unsigned"
        elif stream.accept("SIGNED"):
            continue
        elif stream.accept("CHARACTER", "SET") or stream.any_of("CHARSET") or stream.accept("CHAR", "SET"):
            charset = stream.value().lower()
        elif stream.accept("COLLATE"):
            stream.accept("=")
            collation = stream.value().lower()
        elif stream.accept("BINARY"):
            binary = True  # the collation of the character set that compares bytes
        elif word := stream.any_of("ASCII", "UNICODE", "BYTE"):
            charset = {"ASCII": "latin1", "UNICODE": "ucs2"}.get(word, "binary")
        else:
            return signs, charset, f"{charset}_bin" if binary and charset and not collation else collation
