"""SQLite itself, as Python has it and the newest as apsw has it: scripts in, what they leave of a database out."""

import sqlite3
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from safecol.frontends.sqlite.front import read_section
from safecol.operations import Section
from safecol.source import Span

Execute = Callable[[str], list[tuple[Any, ...]]]


class Library(NamedTuple):
    """`connect` opens an empty database in memory; statements are sent one by one, nothing is begun by itself."""

    name: str
    version: str
    connect: Callable[[], Execute]


class Outcome(NamedTuple):
    """What is there after a script: `schema` without the spelling of names, `rows` by table; `error` of the library."""

    schema: tuple[tuple[str, str, str], ...]
    rows: dict[str, list[tuple[Any, ...]]]
    error: str = ""


def _standard() -> Execute:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    return lambda sql: connection.execute(sql).fetchall()


def libraries() -> list[Library]:
    """Those that are installed."""
    found = [Library("sqlite3", sqlite3.sqlite_version, _standard)]
    try:
        import apsw
    except ImportError:
        return found

    def newest() -> Execute:
        connection = apsw.Connection(":memory:")
        return lambda sql: list(connection.execute(sql))

    return [*found, Library("apsw", apsw.sqlite_lib_version(), newest)]


def statements(sql: str) -> Iterator[str]:
    """The statements of a script, divided as safecol divides them."""
    section = Section("up", Span(0, len(sql)), "autocommit")
    for statement in read_section(sql, section).statements:
        yield sql[statement.span.start : statement.span.end]


def populate(execute: Execute) -> None:
    """Two rows in each table, which refer to each other where there are foreign keys."""
    execute("PRAGMA foreign_keys = OFF")
    for (table,) in execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"):
        columns = [(row[1], str(row[2]).lower()) for row in execute(f'PRAGMA table_info("{table}")')]
        for number in (1, 2):
            values = [str(number) if "int" in kind or kind in ("", "real") else f"'{number}'" for _, kind in columns]
            names = ", ".join(f'"{name}"' for name, _ in columns)
            execute(f'INSERT OR IGNORE INTO "{table}" ({names}) VALUES ({", ".join(values)})')


def run(library: Library, setup: str, change: str, *, rows: bool = True, before: str = "") -> Outcome:
    """What a change leaves of a database made by `setup`; `before` is sent after the rows are there."""
    execute = library.connect()
    for sql in statements(setup):
        execute(sql)
    if rows:
        populate(execute)
    error = ""
    try:
        for sql in [*statements(before), *statements(change)]:
            execute(sql)
    except Exception as problem:  # noqa: BLE001 - sqlite3 and apsw share no class
        error = str(problem)
    return Outcome(_schema(execute), _rows(execute), error)


def _schema(execute: Execute) -> tuple[tuple[str, str, str], ...]:
    found = execute("SELECT type, name, coalesce(sql, '') FROM sqlite_schema ORDER BY type, name")
    return tuple((kind, name, "".join(sql.split()).replace('"', "").rstrip(";")) for kind, name, sql in found)


def _rows(execute: Execute) -> dict[str, list[tuple[Any, ...]]]:
    tables = [row[0] for row in execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")]
    return {table: sorted(execute(f'SELECT * FROM "{table}"'), key=repr) for table in tables}
