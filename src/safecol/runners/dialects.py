"""Paths, runners' files and SQL come in; the dialect that they speak and the reason come out."""

import re
from collections.abc import Iterable

from safecol.patterns import lazy

WORDS: dict[str, str] = {
    "postgresql": "postgresql", "postgres": "postgresql", "pg": "postgresql", "pgsql": "postgresql",
    "psql": "postgresql", "timescale": "postgresql", "timescaledb": "postgresql", "pgx": "postgresql",
    "mysql": "mysql", "mysql8": "mysql", "mariadb": "mariadb", "sqlite": "sqlite", "sqlite3": "sqlite",
    "turso": "sqlite", "libsql": "sqlite", "cockroach": "cockroachdb", "cockroachdb": "cockroachdb",
    "crdb": "cockroachdb", "yugabyte": "yugabytedb", "yugabytedb": "yugabytedb", "oracle": "oracle", "mssql": "tsql",
    "sqlserver": "tsql", "tsql": "tsql", "clickhouse": "clickhouse", "snowflake": "snowflake", "duckdb": "duckdb",
    "bigquery": "bigquery", "redshift": "redshift",
}  # fmt: skip

# Understood by name only: their files are said to be left out instead of being read as something else.
OTHERS: dict[str, str] = {
    "h2": "H2", "hsqldb": "HSQLDB", "db2": "DB2", "derby": "Derby", "cassandra": "Cassandra", "spanner": "Spanner",
    "firebird": "Firebird", "sybase": "Sybase",
}  # fmt: skip

_INFIX = lazy(r"\.([a-z0-9]+)(?:\.(?:up|down|autocommit))*\.sql$")
_NUMBERED = lazy(r"[vru]?_?\d")
_COMMENT = lazy(r"--[^\n]*|/\*(?!!).*?\*/", re.DOTALL)
# Each with words of which one is in whatever its pattern finds: most texts need no pattern but their own dialect's.
_SIGNS = (
    ("postgresql", 3, (
        "$", "::", "serial", "jsonb", "extension", "timestamptz", "concurrently", "bytea", "plpgsql", "using", "type",
        "time", "valid", "owner", "uuid_generate_v4",
    ), lazy(
        r"\$\w*\$|::\s*\w|\b(?:big|small)?serial\b|\bjsonb\b|\bcreate\s+extension\b|\btimestamptz\b|\bconcurrently\b"
        r"|\bbytea\b|\bplpgsql\b|\busing\s+(?:gin|gist|brin|hnsw)\b|\balter\s+column\s+\S+\s+(?:set\s+data\s+)?type\b"
        r"|\bwith(?:out)?\s+time\s+zone\b|\bnot\s+valid\b|\bvalidate\s+constraint\b|\bowner\s+to\b|\buuid_generate_v4\b",
        re.IGNORECASE)),
    ("mysql", 3, (
        "auto_increment", "engine", "unsigned", "modify", "change", "charset", "delimiter", "/*!", "tinytext",
        "mediumtext", "longtext", "tinyblob", "mediumblob", "longblob", "current_timestamp",
    ), lazy(
        r"\bauto_increment\b|\bengine\s*=|\bunsigned\b|\bmodify\s+(?:column\s+)?`?\w|\bchange\s+column\b"
        r"|\bcharset\s*=|^\s*delimiter\s|/\*!\d|\b(?:tiny|medium|long)(?:text|blob)\b|\bon\s+update\s+current_timestamp",
        re.IGNORECASE | re.MULTILINE)),
    ("mysql", 1, ("`",), lazy(r"`\w+`")),
    ("sqlite", 4, ("autoincrement", "pragma", "rowid", "sqlite_", "strftime(", "unixepoch"), lazy(
        r"\bautoincrement\b|\bpragma\s+\w|\bwithout\s+rowid\b|\bsqlite_\w+|\bstrftime\(|\bunixepoch\b", re.IGNORECASE)),
)  # fmt: skip


def of_name(name: str) -> str:
    """The word of `WORDS` or `OTHERS` before the ending, `postgres` of `1_x.postgres.up.sql`; or "".

    The first or last word of a name without a number counts too, as in `mysql-schema.sql`: such files stand beside each
    other for several servers. In `004_import_from_mysql.sql` it may mean anything.
    """
    small = name.lower()
    found = _INFIX.search(small)
    if found and (found[1] in WORDS or found[1] in OTHERS):
        return found[1]
    if _NUMBERED.match(small) or not small.endswith(".sql"):
        return ""
    parts = re.split(r"[-_ ]+", small.removesuffix(".sql"))
    return next((word for word in (parts[-1], parts[0]) if word in WORDS or word in OTHERS), "")


def of_folders(folders: Iterable[str]) -> str:
    """The word of the nearest folder that names exactly one dialect, or "". `folders` go from the root downwards."""
    for folder in reversed(list(folders)):
        whole = folder.lower()
        if whole in WORDS or whole in OTHERS:
            return whole
        words = {WORDS[word]: word for word in re.split(r"[^a-z0-9]+", whole) if word in WORDS}
        if len(words) == 1:
            return next(iter(words.values()))
    return ""


def of_text(texts: Iterable[str]) -> str:
    """The dialect whose words stand out in the SQL, or "" when none does."""
    scores: dict[str, int] = {}
    for text in texts:
        sql = _COMMENT.sub(" ", text)
        plain = sql.casefold()  # as patterns that ignore case compare
        for dialect, weight, words, sign in _SIGNS:
            count = len(sign.findall(sql)) if any(word in plain for word in words) else 0
            scores[dialect] = scores.get(dialect, 0) + weight * min(count, 5)
    best = max(scores, key=lambda dialect: scores[dialect], default="")
    if not best or not scores[best] or list(scores.values()).count(scores[best]) > 1:
        return ""
    return best
