"""Names as values come in; identifiers as the toolkit writes them, quoted where they need it, go out."""

from collections.abc import Callable, Mapping

from safecol.frontends.alembic.words import OF_DIALECT
from safecol.frontends.python.values import External, Made, Text, Unknown, Value, path_of
from safecol.operations import Forgotten, Name
from safecol.patterns import lazy
from safecol.records import NamedTuple

_PLAIN = lazy(r"[a-z_][a-z0-9_$]*")


class NotKnown(Exception):  # noqa: N818 - what a migration is made of, no error of the run
    """Something that a statement needs and that is not known; the message says what.

    `forgets` is what nobody knows of the database after it.
    """

    def __init__(self, message: str, forgets: tuple[Forgotten, ...] = ()) -> None:
        super().__init__(message)
        self.forgets = forgets


class Refused(Exception):  # noqa: N818 - the migration's, not the run's
    """Alembic or the toolkit raise an error instead of sending anything: `rule` is the page that reports it."""

    def __init__(self, message: str, cure: str = "", rule: str = "refused-operation") -> None:
        super().__init__(message)
        self.cure = cure
        self.rule = rule


class Fixed(Text):
    """A name that no naming convention changes: `op.f("…")`."""

    __slots__ = ()


def _none() -> Mapping[str, str] | None:
    return {}


class Target(NamedTuple):
    """What statements are written for: the dialect, and the naming convention of the project's tables.

    `convention` is {} where there is none, None where it is not known; it is asked for when a name needs it.
    `alembic` and `sqlalchemy` are their versions; where nothing says them, the newest that are known.
    """

    dialect: str = "postgresql"
    convention: Callable[[], Mapping[str, str] | None] = _none
    alembic: tuple[int, ...] = (1, 20, 1)
    sqlalchemy: tuple[int, ...] = (2, 1, 9)

    @property
    def is_mysql(self) -> bool:
        """Whether it is MySQL or MariaDB: the toolkit sends them the same."""
        return self.dialect in ("mysql", "mariadb")

    @property
    def is_sqlite(self) -> bool:
        """Whether it is SQLite."""
        return self.dialect == "sqlite"

    def option(self, keywords: Mapping[str, Value], name: str) -> Value:
        """A keyword that is written with the dialect's name before it: `mysql_length`."""
        if f"{self.dialect}_{name}" in keywords:
            return keywords[f"{self.dialect}_{name}"]
        return keywords.get(f"mysql_{name}") if self.dialect == "mariadb" else None


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


def gone(table: Value, schema: Value, kind: str) -> tuple[Forgotten, ...]:
    """That things of this kind are not known of a table any more; nothing where the table isn't known either."""
    if not isinstance(table, Text) or table.holes or not (schema is None or isinstance(schema, Text)):
        return ()
    return (Forgotten(Name(str(table), None if schema is None else str(schema)), kind),)


def quoted(to: Target, name: str) -> str:
    """An identifier, in quotes where it would mean something else without them."""
    if _PLAIN.fullmatch(name) and name not in OF_DIALECT[to.dialect]:
        return name
    mark = "`" if to.is_mysql else '"'
    return mark + name.replace(mark, mark * 2) + mark


def unquoted(name: str) -> str:
    """The name of a quoted identifier."""
    return name.strip('"`')


def identifier(to: Target, value: Value, what: str) -> str:
    """A quoted identifier of a value. Errors: NotKnown."""
    return quoted(to, known(value, what))


def qualified(to: Target, name: Value, schema: Value, what: str = "the table") -> str:
    """A name with its schema. Errors: NotKnown."""
    if schema is None:
        return identifier(to, name, what)
    return f"{identifier(to, schema, 'the schema')}.{identifier(to, name, what)}"


def dotted(to: Target, path: str) -> str:
    """A name that may have its schema before a dot."""
    return ".".join(quoted(to, part) for part in path.split("."))


def string(to: Target, text: str) -> str:
    """A string literal of SQL."""
    escaped = text.replace("\\", "\\\\") if to.is_mysql else text
    return "'" + escaped.replace("'", "''") + "'"
