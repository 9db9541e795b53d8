"""Names as values come in; identifiers as the toolkit writes them, quoted where they need it, go out."""

from safecol.frontends.python.values import External, Made, Text, Unknown, Value, path_of
from safecol.patterns import lazy

_PLAIN = lazy(r"[a-z_][a-z0-9_$]*")
# The words that the toolkit's PostgreSQL compiler quotes.
_RESERVED = frozenset(
    """all analyse analyze and any array as asc asymmetric authorization between binary both case cast check collate
    column concurrently constraint create cross current_catalog current_date current_role current_schema current_time
    current_timestamp current_user default deferrable desc distinct do else end except false fetch for foreign freeze
    from full grant group having ilike in initially inner intersect into is isnull join lateral leading left like limit
    localtime localtimestamp natural not notnull null offset on only or order outer over overlaps placing primary
    references returning right select session_user similar some symmetric table tablesample then to trailing true
    union unique user using variadic verbose when where window with""".split()  # noqa: SIM905 - a list of words reads better without quotes
)


class NotKnown(Exception):  # noqa: N818 - what a migration is made of, no error of the run
    """Something that a statement needs and that is not known; the message says what."""


def known(value: Value, what: str) -> str:
    """The text of a known string. Errors: NotKnown."""
    if isinstance(value, Text) and not value.holes:
        return str(value)
    if isinstance(value, Made) and value.path.endswith("quoted_name") and value.arguments:
        return known(value.arguments[0], what)
    raise NotKnown(why(value, what))


def shown_source(value: Value) -> str:
    """How a value is written, as far as that is kept."""
    if isinstance(value, Unknown):
        return value.source
    return str(value) if isinstance(value, Text) else path_of(value).removeprefix("?") or "value"


def why(value: Value, what: str) -> str:
    """The sentence that says that something is not known."""
    if isinstance(value, Unknown):
        return f"{what} is not known: `{value.source}`, {value.reason}"
    if isinstance(value, Text):
        return f"{what} is not known: `{value}`"
    if isinstance(value, External):
        return f"{what} is not known: `{value.path}` is not in this file"
    if isinstance(value, Made):
        return f"{what} is not known: `{value.path.removeprefix('?')}(…)`"
    return f"{what} is not known"


def quoted(name: str) -> str:
    """An identifier, in quotes where it would mean something else without them."""
    if _PLAIN.fullmatch(name) and name not in _RESERVED:
        return name
    return '"' + name.replace('"', '""') + '"'


def identifier(value: Value, what: str) -> str:
    """A quoted identifier of a value. Errors: NotKnown."""
    return quoted(known(value, what))


def qualified(name: Value, schema: Value, what: str = "the table") -> str:
    """A name with its schema. Errors: NotKnown."""
    if schema is None:
        return identifier(name, what)
    return f"{identifier(schema, 'the schema')}.{identifier(name, what)}"


def dotted(path: str) -> str:
    """A name that may have its schema before a dot."""
    return ".".join(map(quoted, path.split(".")))


def string(text: str) -> str:
    """A string literal of SQL."""
    return "'" + text.replace("'", "''") + "'"
