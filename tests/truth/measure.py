"""Statements and a real server come in; what each did goes out: locks, who waited, rewrites, scans, builds, refusal.

Each statement runs in a session of its own that prints debug messages, inside a transaction where it may; there the
locks, file nodes and scan counters are read before the commit, and another session really tries to read and write.
What can't run in a transaction runs against gates that hold it up, while its locks are polled.
"""

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import psycopg
from psycopg.pq import TransactionStatus

from .values import STRENGTH, Measured, Text

REFUSED_IN_TRANSACTION = {
    "25001": {"transaction_allowed": False},
    "2D000": {"commits": True},  # what it runs ends a transaction of its own
}
_CHANGE_ROWS = {"INSERT", "UPDATE", "DELETE", "MERGE", "COPY"}
_DSN_OPTIONS = "-c client_min_messages=debug1 -c timezone=UTC -c statement_timeout=30s -c jit=off"
_MESSAGES = {
    "rewriting": re.compile(r'rewriting table "(.+)"'),
    "verifying": re.compile(r'verifying table "(.+)"'),
    "built": re.compile(r'building index "(.+?)" on table'),
    "validating": re.compile(r'validating foreign key constraint "(.+)"'),
}
_RELATIONS = """
    SELECT c.oid::bigint, CASE n.nspname WHEN 'public' THEN '' ELSE n.nspname || '.' END || c.relname, c.relkind::text,
        c.relfilenode::bigint, format('%I.%I', n.nspname, c.relname)
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname !~ '^(pg_|information_schema)' AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'i', 'I', 'S')
"""
_LOCKS = """
    SELECT relation::bigint, mode FROM pg_locks
    WHERE pid = %s AND locktype = 'relation'
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
_SCANS = """
    SELECT relid::bigint, seq_scan FROM pg_stat_xact_all_tables
    WHERE seq_scan > 0 AND schemaname !~ '^(pg_|information_schema)'
"""


class Relation(NamedTuple):
    """`name` is as reports show it, `written` as SQL needs it."""

    name: str
    kind: str
    node: int
    written: str = ""


class State(NamedTuple):
    """What a session sees of the relations: by oid; locks it holds; scans since its transaction began."""

    relations: dict[int, Relation]
    locks: dict[int, str]
    scans: dict[int, int]


class Sessions(NamedTuple):
    """`work` runs the statements, `watch` looks on; both on one database. `tries`: others really try to use it."""

    dsn: str
    work: Any
    watch: Any
    messages: list[str]
    tries: bool


@contextmanager
def sessions(dsn: str, *, tries: bool = False) -> Iterator[Sessions]:
    """Two sessions on a database."""
    with connect(dsn) as work, connect(dsn) as watch:
        messages: list[str] = []
        work.add_notice_handler(lambda notice: messages.append(notice.message_primary or ""))
        yield Sessions(dsn, work, watch, messages, tries)


def connect(dsn: str) -> Any:
    """A session in autocommit that prints debug messages."""
    return psycopg.connect(dsn, autocommit=True, options=_DSN_OPTIONS)


def run(both: Sessions, texts: list[Text], how: str, origin: State | None = None) -> list[Measured]:
    """Run the statements of a section as its runner would; `how` as in `Section.transaction`.

    Where the runner isn't known each statement has a transaction of its own. What follows a refusal inside a
    transaction isn't run. Relations count as existing when they did at the `origin`, else before the transaction.
    """
    wrapped = how in {"wrapped", "shared"} or (how == "implicit" and len(texts) > 1)
    found: list[Measured] = []
    transaction = 0
    outer: State | None = None
    if wrapped:
        both.work.execute("BEGIN")
        transaction, outer = 1, origin or state(both.work)
    for text in texts:
        if text.control:
            measured, outer = _control(both, text, outer, origin)
            transaction += outer is not None
        elif outer is not None:
            measured = _inside(both, text, outer)
            measured["transaction"] = transaction
        else:
            measured = _alone(both, text, origin)
        found.append(measured)
        if "error" in measured and both.work.info.transaction_status == TransactionStatus.INERROR:
            break
    if both.work.info.transaction_status != TransactionStatus.IDLE:
        ended = "ROLLBACK" if both.work.info.transaction_status == TransactionStatus.INERROR else "COMMIT"
        both.work.execute(ended)
    return found


def one_call(both: Sessions, texts: list[Text]) -> str | None:
    """Send statements in one call, as some tools do: the code of the refusal, or None. Nothing is kept."""
    try:
        both.work.execute(";\n".join(text.sql for text in texts))
    except psycopg.Error as error:
        return error.sqlstate or "?"
    return None


def _control(both: Sessions, text: Text, outer: State | None, origin: State | None) -> tuple[Measured, State | None]:
    measured = _execute(both, text)
    status = both.work.info.transaction_status
    if status == TransactionStatus.IDLE:
        return measured, None
    if status == TransactionStatus.INTRANS:
        return measured, outer or origin or state(both.work)
    return measured, outer


def _alone(both: Sessions, text: Text, origin: State | None) -> Measured:
    both.work.execute("BEGIN")
    measured = _inside(both, text, origin or state(both.work))
    if "error" not in measured:
        try:
            both.work.execute("COMMIT")
        except psycopg.Error as error:  # deferred constraints
            measured |= {"error": error.sqlstate, "message": _first_line(error)}
        return measured
    both.work.execute("ROLLBACK")
    if measured["error"] not in REFUSED_IN_TRANSACTION:
        return measured
    return _gated(both, text, origin) | REFUSED_IN_TRANSACTION[measured["error"]]


def _inside(both: Sessions, text: Text, outer: State) -> Measured:
    """Run one statement in the open transaction. Relations count as existing when they did before it began."""
    before = state(both.work)
    measured = _execute(both, text)
    if both.work.info.transaction_status != TransactionStatus.INTRANS:
        return measured | REFUSED_IN_TRANSACTION.get(measured.get("error", ""), {})
    after = state(both.work)
    _locked(measured, after.locks, outer, before)
    _add(measured, "held", dict(_names(before.locks, outer, before)))
    if both.tries:
        _add(measured, "blocked", _blocked(both.watch, outer, after.locks))
    scanned = {oid for oid, count in after.scans.items() if count > before.scans.get(oid, 0) and oid in outer.relations}
    _add(measured, "scan", sorted(before.relations[oid].name for oid in scanned if oid in before.relations))
    _files(measured, before, after, outer)
    return measured


def _execute(both: Sessions, text: Text) -> Measured:
    both.messages.clear()
    measured: Measured = {"statement": text.number, "sql": " ".join(text.sql.split())}
    try:
        cursor = both.work.execute(text.sql)
    except psycopg.Error as error:
        return measured | {"error": error.sqlstate or type(error).__name__, "message": _first_line(error)}
    if cursor.rowcount > 0 and (cursor.statusmessage or "").partition(" ")[0] in _CHANGE_ROWS:
        measured["rows"] = cursor.rowcount
    for name, pattern in _MESSAGES.items():
        found = {match[1] for message in both.messages if (match := pattern.match(message))}
        _add(measured, name, sorted(each for each in found if not each.startswith("pg_toast")))
    return measured


def _gated(both: Sessions, text: Text, origin: State | None) -> Measured:
    """Run a statement in autocommit; two gates hold it up long enough to see its locks, and are opened in turn."""
    before = state(both.watch)
    outer = origin or before
    quoted = [relation.written for relation in before.relations.values() if relation.kind in "rp"]
    result: list[Measured] = []
    seen: dict[int, str] = {}
    blocked: dict[str, list[str]] = {}
    with connect(both.dsn) as maintenance, connect(both.dsn) as reader:
        maintenance.execute("BEGIN")
        if quoted:
            maintenance.execute(f"LOCK TABLE {', '.join(quoted)} IN SHARE UPDATE EXCLUSIVE MODE")
        reader.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        reader.execute("SELECT 1")
        for name in quoted:
            reader.execute(f"SELECT 1 FROM {name} LIMIT 1")
        thread = threading.Thread(target=lambda: result.append(_execute(both, text)))
        thread.start()
        _poll(both, thread, seen)
        maintenance.execute("ROLLBACK")
        if _poll(both, thread, seen) and both.tries:
            blocked = _blocked(both.watch, before, seen)
        reader.execute("ROLLBACK")
        while thread.is_alive():
            _sample(both, seen)
        thread.join()
    measured = result[0] | {"sampled": True}
    if "error" in measured:
        return measured
    _locked(
        measured,
        {oid: mode for oid, mode in seen.items() if oid in before.relations and before.relations[oid].kind not in "iI"},
        outer,
        before,
    )
    _add(measured, "blocked", blocked)
    _files(measured, before, state(both.watch), outer)
    return measured


def _poll(both: Sessions, thread: threading.Thread, seen: dict[int, str]) -> bool:
    """Sample the locks until the statement waits for a gate (True) or is over (False)."""
    waits = 0
    end = time.monotonic() + 10
    while thread.is_alive() and time.monotonic() < end:
        _sample(both, seen)
        pid = both.work.info.backend_pid
        waiting = both.watch.execute("SELECT count(*) FROM pg_locks WHERE pid = %s AND NOT granted", (pid,)).fetchone()[
            0
        ]
        waits = waits + 1 if waiting else 0
        if waits == 5:
            return True
        time.sleep(0.002)
    return False


def _sample(both: Sessions, seen: dict[int, str]) -> None:
    for oid, mode in _locks(both.watch, both.work.info.backend_pid).items():
        if STRENGTH[mode] > STRENGTH.get(seen.get(oid, ""), -1):
            seen[oid] = mode


def state(session: Any) -> State:
    """What a session sees now."""
    relations = {oid: Relation(*rest) for oid, *rest in session.execute(_RELATIONS).fetchall()}
    return State(relations, _locks(session, session.info.backend_pid), dict(session.execute(_SCANS).fetchall()))


def _locks(session: Any, pid: int) -> dict[int, str]:
    found: dict[int, str] = {}
    for oid, written in session.execute(_LOCKS, (pid,)).fetchall():
        mode = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", written.removesuffix("Lock")).upper()
        if STRENGTH[mode] > STRENGTH.get(found.get(oid, ""), -1):
            found[oid] = mode
    return found


def _locked(measured: Measured, locks: dict[int, str], outer: State, before: State) -> None:
    """The locks on relations that existed, named as the statement found them, and which of those are no indexes."""
    known = {oid: before.relations[oid] for oid in sorted(locks) if oid in outer.relations and oid in before.relations}
    _add(measured, "locks", {relation.name: locks[oid] for oid, relation in known.items()})
    _add(measured, "indexes", [relation.name for relation in known.values() if relation.kind in "iIS"])
    _add(measured, "views", [relation.name for relation in known.values() if relation.kind in "vm"])
    existing = [(relation.name, relation.kind) for oid, relation in before.relations.items() if oid in outer.relations]
    _add(measured, "existing", sorted(name for name, kind in existing if kind not in "iIS"))


def _names(locks: dict[int, str], outer: State, before: State) -> Iterator[tuple[str, str]]:
    for oid, mode in sorted(locks.items()):
        if oid in outer.relations and oid in before.relations:
            yield before.relations[oid].name, mode


def _blocked(watch: Any, outer: State, locks: dict[int, str]) -> dict[str, list[str]]:
    """Which tables others can't read or write at this moment: they really try."""
    found: dict[str, list[str]] = {}
    if all(STRENGTH[mode] < STRENGTH["SHARE"] for mode in locks.values()):
        return found
    for oid, relation in state(watch).relations.items():
        if oid not in outer.relations or relation.kind not in "rpm":
            continue
        name = relation.written
        tries = {"reads": f"SELECT 1 FROM {name} LIMIT 1", "writes": f"DELETE FROM {name} WHERE false"}
        waited = [
            word for word, sql in tries.items() if (word == "reads" or relation.kind != "m") and _waits(watch, sql)
        ]
        if waited:
            found[relation.name] = waited
    return found


def _waits(watch: Any, sql: str) -> bool:
    watch.execute("SET lock_timeout = '15ms'")
    try:
        watch.execute(sql)
    except psycopg.errors.LockNotAvailable:
        return True
    finally:
        watch.execute("SET lock_timeout = 0")
    return False


def _files(measured: Measured, before: State, after: State, outer: State) -> None:
    """New file nodes: of tables that existed, and of indexes, which ALTER TABLE makes anew under the same name."""
    tables, indexes = [], []
    nodes = {relation.name: relation.node for relation in after.relations.values() if relation.kind in "iI"}
    for oid, relation in before.relations.items():
        if oid not in outer.relations:
            continue
        if relation.kind in "rm" and oid in after.relations and after.relations[oid].node != relation.node:
            tables.append(relation.name)
        if relation.kind == "i" and nodes.get(relation.name, relation.node) != relation.node:
            indexes.append(relation.name)
    _add(measured, "rewrite", sorted(tables))
    _add(measured, "rebuilt", sorted(indexes))


def _add(measured: Measured, key: str, value: Any) -> None:
    if value:
        measured[key] = value


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
