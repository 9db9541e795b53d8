"""Statements and a connection come in; what the server does with each, as a code of the measurements, goes out.

A statement runs on tables with rows, as it stands: refused, rebuilt (the ids of tables change), or not; a copy counts
rows.
Then it runs again from the same start with ALGORITHM and LOCK added, to learn what the server promises.
"""

import re
from typing import Any

from . import mysql_pages

ROWS = 200
DATABASE = "safecol_truth"
_ALTER = re.compile(r"(?is)\s*ALTER\s+(?:ONLINE\s+)?TABLE\b")
_INDEX = re.compile(r"(?is)\s*(?:CREATE\s+(?:\w+\s+)?INDEX\b|DROP\s+INDEX\b)")
_ASKED = re.compile(r"(?is)[,\s]+(?:ALGORITHM|LOCK)\s*=?\s*\w+")
_PARTITIONS = re.compile(
    r"(?is)\b(?:ADD|DROP|REORGANIZE|COALESCE|EXCHANGE|OPTIMIZE|REBUILD|TRUNCATE)\s+PARTITION\b|\bPARTITION\s+BY\b"
)
_NUMBERS = frozenset({"tinyint", "smallint", "mediumint", "int", "bigint", "decimal", "float", "double", "year", "bit"})


class Server:
    """One connection, and the database that is made anew for each start."""

    def __init__(self, connection: Any, dialect: str) -> None:
        self.connection = connection
        self.dialect = dialect
        self.cursor = connection.cursor()

    def run(self, statement: str) -> int:
        """Execute it; the number of rows that the server says it changed."""
        return int(self.cursor.execute(statement) or 0)

    def start(self, setup: list[str]) -> None:
        """The schema of a set-up, with rows in every table."""
        for statement in (
            "SET SESSION sql_mode = DEFAULT", "SET SESSION foreign_key_checks = 1", "UNLOCK TABLES",
            f"DROP DATABASE IF EXISTS {DATABASE}", f"CREATE DATABASE {DATABASE} CHARACTER SET utf8mb4",
            f"USE {DATABASE}", *setup,
        ):  # fmt: skip
            self.run(statement)
        self.fill()

    def fill(self) -> None:
        """Rows for every empty table; foreign keys hold, since each row has its number in every column."""
        self.run("SET SESSION foreign_key_checks = 0")
        for table in self.tables():
            self.run(f"SELECT count(*) FROM `{table}`")
            if self.cursor.fetchone()[0]:
                continue
            columns = [(name, kind) for name, kind, generated in self.columns(table) if not generated]
            rows = [", ".join(_value(kind, number) for _, kind in columns) for number in range(1, ROWS + 1)]
            names = ", ".join(f"`{name}`" for name, _ in columns)
            self.run(f"INSERT IGNORE INTO `{table}` ({names}) VALUES {', '.join(f'({row})' for row in rows)}")
        self.run("SET SESSION foreign_key_checks = 1")

    def tables(self) -> list[str]:
        """The tables of the database."""
        self.run(f"SELECT table_name FROM information_schema.tables WHERE table_schema = '{DATABASE}' "
                 "AND table_type = 'BASE TABLE' ORDER BY 1")  # fmt: skip
        return [str(row[0]) for row in self.cursor.fetchall()]

    def columns(self, table: str) -> list[tuple[str, str, bool]]:
        """Name, type and whether it is generated, of each column."""
        self.run("SELECT column_name, data_type, coalesce(generation_expression, '') <> '' "
                 f"FROM information_schema.columns WHERE table_schema = '{DATABASE}' AND table_name = '{table}' "
                 "ORDER BY ordinal_position")  # fmt: skip
        return [(str(name), str(kind), bool(generated)) for name, kind, generated in self.cursor.fetchall()]

    def schema(self) -> list[str]:
        """The tables as the server writes them down, without what only counts rows."""
        found = []
        for table in self.tables():
            self.run(f"SHOW CREATE TABLE `{table}`")
            found.append(re.sub(r" AUTO_INCREMENT=\d+", "", str(self.cursor.fetchone()[1])))
        return found

    def ids(self) -> dict[str, tuple[Any, ...]]:
        """The ids of the stored tables and of their tablespaces."""
        view = "INNODB_TABLES" if self.dialect == "mysql" else "INNODB_SYS_TABLES"
        self.run(f"SELECT name, table_id, space FROM information_schema.{view} WHERE name LIKE '{DATABASE}/%'")
        return {str(row[0]): row[1:] for row in self.cursor.fetchall()}

    def indexes(self) -> set[int]:
        """The ids of the stored indexes."""
        view = "INNODB_INDEXES" if self.dialect == "mysql" else "INNODB_SYS_INDEXES"
        self.run(f"SELECT index_id FROM information_schema.{view}")
        return {int(row[0]) for row in self.cursor.fetchall()}


def _value(kind: str, number: int) -> str:
    if kind in _NUMBERS:
        return str(number % 100 + 1 if kind in ("tinyint", "year", "bit") else number)
    if kind in ("enum", "set"):
        return "1"
    if kind in ("date", "datetime", "timestamp"):
        return "'2020-01-01'"
    if kind in ("point", "geometry"):
        return "ST_PointFromText('POINT(1 1)')"
    # Digits, which are JSON too.
    return "'{}'" if kind == "json" else f"'{number}'"


def measure(server: Server, setup: list[str], before: list[str], statement: str) -> str:
    """The code of a statement that follows others of its file."""
    import pymysql

    def begin() -> None:
        server.start(setup)
        for earlier in before:
            _quietly(server, earlier)

    begin()
    ids, indexes = server.ids(), server.indexes()
    try:
        rows = server.run(statement)
    except pymysql.err.Error as error:
        return f"E{error.args[0]}"
    after = server.ids()
    renames = re.search(r"(?i)\bRENAME\b", statement) is not None
    # A table that InnoDB has no more has gone to another engine.
    changed = any(after.get(name) != known for name, known in ids.items() if name in after or not renames)
    built = bool(server.indexes() - indexes)
    clause = _ALTER.match(statement)
    if not (clause or _INDEX.match(statement)) or _PARTITIONS.search(statement):
        return "okR" if changed else "ok"
    bare, comma = _ASKED.sub("", statement), ", " if clause else " "
    asked = bare != statement

    def accepted(*words: str) -> bool:
        begin()
        try:
            server.run(comma.join((bare, *words)))
        except pymysql.err.Error:
            return False
        return True

    if not changed:
        # What was asked for may be dearer than what the server would do.
        if accepted("ALGORITHM=INSTANT") and not (asked and "COPY" in statement.upper()):
            return "I"
        letter, algorithm = ("Px" if built else "P"), "INPLACE"
    else:
        copied = rows > 0 or not accepted("ALGORITHM=INPLACE")  # an empty table has no rows to count
        letter, algorithm = ("C", "COPY") if copied else ("R", "INPLACE")
    for sign, lock in (("+", "NONE"), ("-", "SHARED"), ("!", "EXCLUSIVE")):
        if accepted(f"ALGORITHM={algorithm}", f"LOCK={lock}"):
            return letter + sign
    return f"{letter}?"


def _quietly(server: Server, statement: str) -> None:
    import pymysql

    try:
        server.run(statement)
    except pymysql.err.Error:
        return


def block(server: Server, case: mysql_pages.Case) -> dict[str, Any]:
    """The codes of a block's statements."""
    setup = mysql_pages.statements(server.dialect, case.setup)
    written = mysql_pages.statements(server.dialect, case.text)
    codes = [measure(server, setup, written[:at], statement) for at, statement in enumerate(written)]
    return {"digest": case.digest, "codes": codes}


def rewrite(server: Server, case: mysql_pages.Case, staged: mysql_pages.Staged) -> dict[str, Any]:
    """The codes of the stages' statements, and whether the schema is then the one of the block itself."""
    setup = mysql_pages.statements(server.dialect, case.setup)
    codes: list[str] = []
    before: list[str] = []
    for filled, sql in staged.steps:
        begun = False
        for statement in mysql_pages.statements(server.dialect, sql):
            fills = _fills(server) if filled and not begun else []
            begun = True
            codes.append(measure(server, setup, [*before, *fills], statement))
            before = [*before, *fills, statement]
    server.start(setup)
    for statement in before:
        server.run(statement)
    reached = server.schema()
    server.start(setup)
    for statement in mysql_pages.statements(server.dialect, case.text):
        server.run(statement)
    return {"codes": codes, "same": reached == server.schema()}


def _fills(server: Server) -> list[str]:
    """Statements that give every NULL a value, for the schema as it is now."""
    return [
        f"UPDATE `{table}` SET `{name}` = {_value(kind, 1)} WHERE `{name}` IS NULL"
        for table in server.tables()
        for name, kind, generated in server.columns(table)
        if not generated
    ]
