"""Text of SQL Server or Oracle comes in; the same with a `;` wherever a batch or a statement without one ends goes out.

A `;` takes the place of the white space after a statement, so that offsets stay those of the file.
"""

import re

from safecol.frontends.sqlglot import lexing
from safecol.frontends.sqlglot.lexing import Lexicon
from safecol.patterns import lazy
from safecol.source import Span

# What ends a batch for the clients of SQL Server and Oracle.
_BATCH_END = lazy(r"^[ \t]*(?:GO|/)[ \t]*(?=\r?$)", re.IGNORECASE | re.MULTILINE)
_BODY = lazy(
    r"(?:CREATE|ALTER)\s+(?:OR\s+(?:ALTER|REPLACE)\s+)?(?:PROC|PROCEDURE|FUNCTION|TRIGGER|VIEW)\b|BEGIN\b|DECLARE\b",
    re.IGNORECASE,
)
_STATEMENT = lazy(
    r"(?:(?:ALTER|CREATE|DROP|TRUNCATE)\s+(?:UNIQUE\s+|CLUSTERED\s+|NONCLUSTERED\s+)*"
    r"(?:TABLE|INDEX|VIEW|SCHEMA|SEQUENCE|TYPE|PROCEDURE|FUNCTION)\b"
    r"|INSERT\s+INTO\b|UPDATE\s+\S+\s+SET\b|DELETE\s+FROM\b|EXEC(?:UTE)?\s+\w|IF\s)",
    re.IGNORECASE,
)


def divided(text: str, span: Span, lexicon: Lexicon, *, lines: bool) -> str:
    """The text with its batches and, with `lines`, the statements that begin a line divided."""
    start, end = span
    marked = _BATCH_END.sub(lambda found: ";" + " " * (len(found.group()) - 1), text[start:end])
    text = text[:start] + marked + text[end:]
    if not lines:
        return text
    breaks: list[int] = []
    at = start
    for found in [*_BATCH_END.finditer(text, start, end), None]:
        stop = found.start() if found is not None else end
        breaks += _breaks(text, at, stop, lexicon)
        at = stop
    made = list(text)
    for place in breaks:
        made[place] = ";"
    return "".join(made)


def _breaks(text: str, start: int, end: int, lexicon: Lexicon) -> list[int]:
    """Where statements end whose next begins a line; none in a batch that is the body of a routine."""
    first = lexing.skip_blank(text, start, end, lexicon)
    while first < end and text[first] == ";":
        first = lexing.skip_blank(text, first + 1, end, lexicon)
    if _BODY.match(text, first, end):
        return []
    found: list[int] = []
    depth, before = 0, -1
    for token in lexing.tokens(text, first, end, lexicon):
        if token.kind == "other":
            depth += {"(": 1, ")": -1}.get(text[token.start], 0)
        elif token.kind == "word" and depth == 0 and before >= 0:
            begins = "\n" in text[before : token.start] and text[before].isspace() and text[before - 1] != ";"
            if begins and _STATEMENT.match(text, token.start, end):
                found.append(before)
        if token.kind != "comment":
            before = token.end
    return found
