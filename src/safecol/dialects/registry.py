"""The dialects: what each is called and assumed to be, and where its reading and its judgements are.

A dialect is one entry here, a front end in `safecol.frontends`, judgements in `safecol.dialects`, and a folder of
`rules/`. Nothing else names one.
"""

from safecol.records import NamedTuple


class Known(NamedTuple):
    """A dialect: `title` is its name for readers, `default_version` what is taken where nothing says it.

    `default_schema` is where names without a schema are. `measured` are the first and last version whose effects were
    measured, whole series. `front` and `judge` are the modules that read it and judge it; empty while nothing does.
    `examples` is the version that the examples of rule pages run on unless they name one.
    `kin` is the dialect whose rule pages it has where it has none of its own. `quote` is what names are quoted with.
    `joined` is whether several statements that are sent in one call are one transaction, `queued` whether others wait
    behind one who waits for a lock. `undoes_settings` is whether a ROLLBACK takes back what SET and its like set in the
    transaction. `system_schemas` are those of the server itself.
    """

    name: str
    title: str
    default_version: str = ""
    default_schema: str = ""
    measured: tuple[str, str] = ("", "")
    front: str = ""
    judge: str = ""
    kin: str = ""
    quote: str = '"'
    joined: bool = False
    queued: bool = True
    undoes_settings: bool = False
    system_schemas: frozenset[str] = frozenset({"information_schema", "sys"})
    examples: str = ""


NEUTRAL = "safecol.dialects.neutral"
COMPATIBLE = "safecol.frontends.postgresql.compatible"
_OF_MYSQL = frozenset({"information_schema", "mysql", "performance_schema", "sys"})
KNOWN: tuple[Known, ...] = (
    # The oldest major version that its makers still support: what holds there holds on later ones, with few exceptions.
    Known(
        "postgresql", "PostgreSQL", "15", "public", ("12", "18"),
        "safecol.frontends.postgresql.front", "safecol.dialects.postgresql.dialect", joined=True,
        undoes_settings=True, examples="16",
    ),
    Known(
        "mysql", "MySQL", "8.4", "", ("5.7", "9.7"),
        "safecol.frontends.mysql.front", "safecol.dialects.mysql.mysql", quote="`",
        system_schemas=_OF_MYSQL, examples="8.4",
    ),
    Known(
        "mariadb", "MariaDB", "10.11", "", ("10.1", "11.8"),
        "safecol.frontends.mariadb.front", "safecol.dialects.mysql.mariadb", "mysql", "`",
        system_schemas=_OF_MYSQL, examples="11.4",
    ),
    # What distributions that are still supported ship; from 3.37 to 3.52 nothing changed here but STRICT tables.
    Known(
        "sqlite", "SQLite", "3.40", "main", ("3.22", "3.54"),
        "safecol.frontends.sqlite.front", "safecol.dialects.sqlite.dialect", queued=False,
        examples="3.45",
    ),
    # What is known of these is what is true of all databases.
    *(
        Known(name, title, front=f"safecol.frontends.sqlglot.front:{name}", judge=NEUTRAL)
        for name, title in (
            ("tsql", "SQL Server"), ("oracle", "Oracle"), ("snowflake", "Snowflake"), ("bigquery", "BigQuery"),
            ("duckdb", "DuckDB"), ("clickhouse", "ClickHouse"), ("redshift", "Redshift"),
        )
    ),
    Known("cockroachdb", "CockroachDB", "", "public", front=COMPATIBLE, judge=NEUTRAL, undoes_settings=True),
    Known("yugabytedb", "YugabyteDB", "", "public", front=COMPATIBLE, judge=NEUTRAL, undoes_settings=True),
)  # fmt: skip
NAMES = tuple(known.name for known in KNOWN)
_BY_NAME = {known.name: known for known in KNOWN}
_NOTHING = Known("", "this dialect")


def known(name: str) -> Known:
    """The entry of a dialect; an empty one for a name that is none."""
    return _BY_NAME.get(name, _NOTHING)


def is_read(name: str) -> bool:
    """Whether there is a front end for it."""
    return bool(known(name).front)


def is_neutral(name: str) -> bool:
    """Whether no effects of it are known, so that only the rules of all dialects apply."""
    return known(name).judge == NEUTRAL
