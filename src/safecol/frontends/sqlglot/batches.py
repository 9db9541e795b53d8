"""Text of SQL Server or Oracle comes in; the same with a `;` wherever a batch or a statement without one ends goes out.

A `;` takes the place of the white space after a statement, so that offsets stay those of the file.
"""

import re
from itertools import pairwise

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
_ROUTINE = lazy(
    r"(?:CREATE|ALTER)\s+(?:OR\s+(?:ALTER|REPLACE)\s+)?(?:(?:NON)?EDITIONABLE\s+)?"
    r"(?:PROC|PROCEDURE|FUNCTION|TRIGGER|PACKAGE|TYPE\s+BODY)\b",
    re.IGNORECASE,
)
_PL_SQL = lazy(r"(?:DECLARE|BEGIN)\s", re.IGNORECASE)
_STATEMENT = lazy(
    r"(?:(?:ALTER|CREATE|DROP|TRUNCATE)\s+(?:UNIQUE\s+|CLUSTERED\s+|NONCLUSTERED\s+)*"
    r"(?:TABLE|INDEX|VIEW|SCHEMA|SEQUENCE|TYPE|PROCEDURE|FUNCTION)\b"
    r"|INSERT\s+INTO\b|UPDATE\s+\S+\s+SET\b|DELETE\s+FROM\b|EXEC(?:UTE)?\s+\w|IF\s)",
    re.IGNORECASE,
)


def divided(text: str, span: Span, lexicon: Lexicon, *, lines: bool) -> str:
    """The text with its batches and, with `lines`, the statements that begin a line divided."""
    start, end = span
    before = text[start:end]
    marked = _BATCH_END.sub(lambda found: ";" + " " * (len(found.group()) - 1), before)
    edges = [0, *(found.start() for found in _BATCH_END.finditer(before)), len(before)]
    # Each by itself: scripts of thousands of batches are frequent.
    pieces = [marked[at:stop] for at, stop in pairwise(edges)]
    if lines:
        return text[:start] + "".join(_lines(piece, lexicon) for piece in pieces) + text[end:]
    whole = [_with_whole_block(piece, lexicon) for piece in pieces[:-1]]
    return text[:start] + "".join((*whole, *pieces[-1:])) + text[end:]


def _lines(batch: str, lexicon: Lexicon) -> str:
    """A batch of SQL Server with its statements divided; one that makes a routine is one statement."""
    first = _first(batch, 0, len(batch), lexicon)
    if _ROUTINE.match(batch, first):
        return _joined(batch, first, lexicon)
    batch = _without_conditions(batch, lexicon)
    made = list(batch)
    for place in _breaks(batch, 0, len(batch), lexicon):
        made[place] = ";"
    return "".join(made)


def _with_whole_block(piece: str, lexicon: Lexicon) -> str:
    """What a `/` of Oracle's clients ends, with a block, or what has a body of PL/SQL, as one statement."""
    for place in lexing.statements(piece, 0, len(piece), lexicon):
        if _ROUTINE.match(piece, place.start) or _PL_SQL.match(piece, place.start):
            return _joined(piece, place.start, lexicon)
    return piece


def _breaks(text: str, start: int, end: int, lexicon: Lexicon) -> list[int]:
    """Where statements end whose next begins a line; none in a batch that is the body of a routine."""
    first = _first(text, start, end, lexicon)
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


def _first(text: str, start: int, end: int, lexicon: Lexicon) -> int:
    first = lexing.skip_blank(text, start, end, lexicon)
    while first < end and text[first] == ";":
        first = lexing.skip_blank(text, first + 1, end, lexicon)
    return first


def _joined(text: str, start: int, lexicon: Lexicon) -> str:
    """The text without the `;` from `start` on."""
    made = list(text)
    for token in lexing.tokens(text, start, len(text), lexicon):
        if token.kind == "other" and text[token.start] == ";":
            made[token.start] = " "
    return "".join(made)


_STARTS = frozenset(
    {
        "BEGIN", "ALTER", "CREATE", "DROP", "INSERT", "UPDATE", "DELETE", "EXEC", "EXECUTE", "TRUNCATE", "MERGE",
        "SET", "PRINT", "RAISERROR", "THROW", "RETURN", "SELECT",
    }
)  # fmt: skip


def _without_conditions(text: str, lexicon: Lexicon) -> str:
    """The text where IF … BEGIN … END of SQL Server is what stands between: what may run is read as if it did."""
    found = [token for token in lexing.tokens(text, 0, len(text), lexicon) if token.kind != "comment"]
    words = [text[token.start : token.end].upper() if token.kind in ("word", "other") else "" for token in found]
    made = list(text)
    blocks: list[bool] = []  # whether each BEGIN that is open is that of an IF
    cases, at = 0, 0
    while at < len(found):
        word = words[at]
        if word == "CASE":
            cases += 1
        elif word == "END" and cases:
            cases -= 1
        elif word == "IF" and _begins(text, found, words, at):
            then = _then(words, at + 1)
            if then is None:
                return text
            _blank(made, found[at].start, found[then].start)
            at = then
            if words[at] == "BEGIN":
                blocks.append(True)
                _blank(made, found[at].start, found[at].end)
            at += 1
            continue
        elif word == "ELSE" and not cases and _begins(text, found, words, at):
            made[found[at].start] = ";"
            _blank(made, found[at].start + 1, found[at].end)
            if words[at + 1 : at + 2] == ["BEGIN"]:
                at += 1
                blocks.append(True)
                _blank(made, found[at].start, found[at].end)
        elif word == "BEGIN" and words[at + 1 : at + 2] not in (["TRAN"], ["TRANSACTION"]):
            blocks.append(False)
        elif word == "END" and blocks and blocks.pop():
            made[found[at].start] = ";"
            _blank(made, found[at].start + 1, found[at].end)
        at += 1
    return "".join(made)


def _begins(text: str, found: "list[lexing.Token]", words: list[str], at: int) -> bool:
    """Whether a word begins a statement: after one that has ended, or a line."""
    if at == 0 or words[at - 1] in (";", "BEGIN", "END", "ELSE"):
        return True
    exists = words[at + 1 : at + 2] == ["EXISTS"] and words[at + 2 : at + 3] != ["("]  # DROP TABLE … IF EXISTS t
    return not exists and "\n" in text[found[at - 1].end : found[at].start]


def _then(words: list[str], at: int) -> int | None:
    """Where the condition of an IF ends."""
    depth = 0
    for number in range(at, len(words)):
        depth += {"(": 1, ")": -1}.get(words[number], 0)
        if depth == 0 and words[number] in _STARTS:
            return number
        if words[number] == ";":
            return None
    return None


def _blank(made: list[str], start: int, end: int) -> None:
    for place in range(start, end):
        if made[place] not in "\r\n":
            made[place] = " "
