"""A case and a server come in; its recording goes out: the block's statements, and each staged rewrite of its findings.

Every run starts from the same schema: the page's setup, committed, with rows in every table.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from . import known, pages, schema
from .fill import fill
from .measure import Sessions, connect, one_call, run, sessions, state
from .values import Measured, Text

ROUNDS = 50
"""How often a batch is repeated at most: 2,000 rows in batches of 100 need 20."""

_RESET = """
    SELECT 'DROP ACCESS METHOD IF EXISTS columnar CASCADE'
    UNION ALL SELECT format('DROP FOREIGN DATA WRAPPER IF EXISTS %I CASCADE', fdwname) FROM pg_foreign_data_wrapper
    UNION ALL
    SELECT format('DROP PUBLICATION %I', pubname) FROM pg_publication
    UNION ALL SELECT format('DROP EVENT TRIGGER %I', evtname) FROM pg_event_trigger
    UNION ALL SELECT format('DROP SCHEMA %I CASCADE', nspname) FROM pg_namespace
        WHERE nspname !~ '^(pg_|information_schema)'
    UNION ALL SELECT format('DROP EXTENSION IF EXISTS %I CASCADE', extname) FROM pg_extension WHERE extname <> 'plpgsql'
"""


class Database:
    """A database of the harness's own on a server: emptied for each run, which is quicker than making one."""

    def __init__(self, dsn: str) -> None:
        self.name = f"safecol_truth_{os.getpid()}"
        self.server = connect(dsn)
        self.server.execute("SET client_min_messages = warning")
        self.server.execute(f"CREATE DATABASE {self.name} TEMPLATE template0")
        self.version = str(self.server.execute("SHOW server_version").fetchone()[0]).split()[0]
        self.data = str(self.server.execute("SHOW data_directory").fetchone()[0])
        self.dsn = str(psycopg.conninfo.make_conninfo(dsn, dbname=self.name))
        self.notes: list[str] = []

    def close(self) -> None:
        """Drop it, and what belongs to the whole server."""
        self._leave()
        self.server.execute(f"DROP DATABASE {self.name}")
        self.server.close()

    @contextmanager
    def at(self, case: pages.Case, *, filled: bool = True, tries: bool = False) -> Iterator[Sessions]:
        """Two sessions on the schema that a case starts from; `notes` then say what could not be made."""
        self.notes = []
        with connect(self.dsn) as session:
            session.execute("SET client_min_messages = warning")
            self._empty(session)
            for sql in case.prepared:
                self._make(session, sql, "prepared")
            for text in case.setup:
                for statement in pages.statements(text):
                    self._make(session, statement.sql, "setup")
            if filled:
                for sql in known.ROWS.get(case.key, ()):
                    self._make(session, sql, "rows")
                self.notes += fill(session, known.NO_ROWS.get(case.key, ()))
        with sessions(self.dsn, tries=tries) as both:
            yield both

    def _make(self, session: Any, sql: str, what: str) -> None:
        try:
            session.execute(sql.replace("{data}", self.data))
        except psycopg.errors.DuplicateObject:  # what belongs to the whole server may be there
            return
        except psycopg.Error as error:
            self.notes.append(f"{what}: {str(error).splitlines()[0]}")

    def _empty(self, session: Any) -> None:
        for (sql,) in session.execute(_RESET).fetchall():
            session.execute(sql)
        for role in known.ROLES:
            if session.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone():
                session.execute(f"DROP OWNED BY {role}")
                session.execute(f"DROP ROLE {role}")
        session.execute("CREATE SCHEMA public")

    def _leave(self) -> None:
        with connect(self.dsn) as session:
            session.execute("SET client_min_messages = warning")
            self._empty(session)
            session.execute("DROP TABLESPACE IF EXISTS fast")


def record(case: pages.Case, major: int, database: Database) -> Measured:
    """What a server of this version does with a case."""
    told = pages.told(case, major)
    recording: Measured = {"digest": case.digest}
    with database.at(case, tries=True) as both:
        if database.notes:
            recording["notes"] = database.notes
        origin = state(both.watch)
        recording["statements"] = [
            {"path": unit.path, **measured}
            for unit in told.units
            for measured in run(both, list(unit.texts), unit.how, origin)
        ]
    for unit in told.units:
        if unit.how == "implicit" and len(unit.texts) > 1:
            with database.at(case) as both:
                recording.setdefault("one_call", {})[unit.path] = one_call(both, list(unit.texts))
    staged = [
        _staged(case, told, index, database)
        for index, finding in enumerate(told.findings)
        if any(stage.sql for stage in finding.stages)
    ]
    if staged:
        recording["staged"] = staged
    return recording


def _staged(case: pages.Case, told: pages.Told, index: int, database: Database) -> Measured:
    """The stages of a finding from the state before its statement, and how the last schema differs."""
    finding = told.findings[index]
    made: Measured = {"finding": index, "digest": pages.staged(finding.stages), "stages": []}
    earlier = list(pages.before(told, finding))
    with database.at(case) as both:
        _advance(both, earlier)
        gates = iter(known.GATES.get(case.key, ()))
        for stage in finding.stages:
            if not stage.sql:
                for sql in next(gates, ()):
                    both.work.execute(sql)
                continue
            texts = list(pages.statements(stage.sql))
            done: list[Measured] = []
            for turn in range(ROUNDS if stage.kind == "backfill" else 1):
                measured = run(both, texts, "wrapped" if stage.transaction else "autocommit")
                done = done or measured
                if turn == ROUNDS - 1 and stage.kind == "backfill":
                    made["endless"] = True
                if any("error" in each for each in measured):
                    done = measured
                    break
                if not any(each.get("rows") for each in measured):
                    break
            made["stages"].append({"kind": stage.kind, "statements": done})
            if any("error" in each for each in done):
                return made
        result, rows = schema.lines(both.watch), schema.contents(both.watch)
    original = pages.flagged(case, told, finding)
    expected = _direct(case, database, earlier, original, filled=True)
    if isinstance(expected, str):  # the rows are in its way
        made["direct"] = expected
        expected = _direct(case, database, earlier, original, filled=False)
        rows = {}  # and there is nothing to compare them with
    if isinstance(expected, str):
        made["refused"] = expected
        return made
    lines, expected_rows = expected
    if missing := sorted(lines - result):
        made["missing"] = missing
    if extra := sorted(result - lines):
        made["extra"] = extra
    if other := sorted(name for name, digest in rows.items() if expected_rows.get(name, digest) != digest):
        made["other_rows"] = other
    return made


def _advance(both: Sessions, texts: list[Text]) -> None:
    for text in texts:
        try:
            both.work.execute(text.sql)
        except psycopg.Error:  # the block's own recording has it
            continue


def _direct(
    case: pages.Case, database: Database, earlier: list[Text], original: str, *, filled: bool
) -> tuple[set[str], dict[str, str]] | str:
    """The schema and rows that the original statement makes, or the code of its refusal."""
    with database.at(case, filled=filled) as both:
        _advance(both, earlier)
        try:
            both.work.execute(original)
        except psycopg.Error as error:
            return f"{error.sqlstate}: {str(error).splitlines()[0]}"
        return schema.lines(both.watch), schema.contents(both.watch)


def everything(major: int, dsn: str, kept: dict[str, Measured]) -> dict[str, Any]:
    """The recordings of all cases on a server, by key; those of cases that haven't changed are kept."""
    database = Database(dsn)
    try:
        if int(database.version.split(".")[0]) != major:
            message = f"asked for PostgreSQL {major}, found {database.version}"
            raise RuntimeError(message)
        chosen = [case for case in pages.cases() if pages.is_for(case, major)]
        blocks = {case.key: kept.get(case.key) or record(case, major, database) for case in chosen}
    finally:
        database.close()
    return {"server": database.version, "blocks": blocks}
