"""Accounts and files of MySQL and MariaDB: a trace comes in; passwords, broad grants, files of the server go out."""

import re
from collections.abc import Iterator

from safecol.patterns import lazy
from safecol.source import Span
from safecol.trace import Hit, Step, Trace

_PASSWORD = lazy(
    r"\bIDENTIFIED\s+(?:WITH\s+\S+\s+)?(?:BY|AS)\s+(?:PASSWORD\s+)?('[^']+'|\"[^\"]+\")"
    r"|\bSET\s+PASSWORD\b[^=]*=\s*(?:PASSWORD\s*\(\s*)?('[^']+'|\"[^\"]+\")",
    re.IGNORECASE,
)
_FILLED_IN = lazy(r"[${}<>]|:\w")
_EVERYTHING = lazy(r"\bALL\b(?:\s+PRIVILEGES)?\s+ON\s+(\*\s*\.\s*\*|\*)", re.IGNORECASE)
_GRANT_OPTION = lazy(r"\bWITH\s+(?:GRANT|ADMIN)\s+OPTION\b", re.IGNORECASE)
_FILES = lazy(
    r"\b(LOAD\s+(?:DATA|XML)\b(?!.*?\bLOCAL\b)|INTO\s+(?:OUTFILE|DUMPFILE)|LOAD_FILE\s*\()", re.IGNORECASE | re.DOTALL
)
_LOCAL = lazy(r"\bLOAD\s+(?:DATA|XML)\b.*?\bLOCAL\b", re.IGNORECASE | re.DOTALL)
_DEFINER = lazy(r"\bDEFINER\s*=\s*[`'\"]?root[`'\"]?(?:\s*@\s*[`'\"]?[\w.%-]+[`'\"]?)?", re.IGNORECASE)


def _statements(trace: Trace) -> Iterator[Step]:
    seen = set()
    for step in trace.steps:
        if step.statement.number not in seen:
            seen.add(step.statement.number)
            yield step


def _found(trace: Trace, step: Step, pattern: "re.Pattern[str]") -> Span | None:
    start, end = step.statement.span
    match = pattern.search(trace.text, start, end)
    return Span(match.start(), match.end()) if match else None


def passwords(trace: Trace) -> Iterator[Hit]:
    """Accounts whose password is written out."""
    for step in _statements(trace):
        start, end = step.statement.span
        match = _PASSWORD.search(trace.text, start, end)
        secret = (match[1] or match[2]) if match else ""
        if match and not _FILLED_IN.search(secret):
            yield Hit(step, Span(match.start(), match.end()))


def granted_broadly(trace: Trace) -> Iterator[Hit]:
    """ALL on every database, and the right to grant it on."""
    for step in _statements(trace):
        if _found(trace, step, _EVERYTHING):
            yield Hit(step, step.statement.span, {"what": "all privileges on every database, the server's own too"})
        elif _found(trace, step, _GRANT_OPTION):
            yield Hit(step, step.statement.span, {"what": "the right to grant it on to others"})


def server_files(trace: Trace) -> Iterator[Hit]:
    """Files of the server that are read or written, and files of the client that LOAD DATA LOCAL asks for."""
    for step in _statements(trace):
        local = _found(trace, step, _LOCAL)
        span = _found(trace, step, _FILES)
        if local is not None:
            yield Hit(step, local, {"what": "reads a file of whoever runs it, which `local_infile` must allow"})
        elif span is not None:
            yield Hit(step, span, {"what": "reads or writes a file of the database server"})


def privileged_definers(trace: Trace) -> Iterator[Hit]:
    """Views, routines, triggers and events that run with the rights of root."""
    for step in _statements(trace):
        span = _found(trace, step, _DEFINER)
        if span is not None:
            yield Hit(step, span)
