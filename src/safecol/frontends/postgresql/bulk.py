"""SQL with huge data in it comes in; the same SQL with only the first row goes out, the rest blank."""

import re

from safecol.frontends.postgresql import lexing
from safecol.patterns import lazy
from safecol.source import Span

HUGE = 100_000
"""Statements of fewer characters are parsed whole: it costs little, and all their rows are seen."""

_HEAD = lazy(
    r"INSERT\s+INTO\s+[^;'()]{1,400}(?:\([^;'()]*\)\s*)?(?:OVERRIDING\s+(?:SYSTEM|USER)\s+VALUE\s*)?VALUES\s*(?=\()",
    re.IGNORECASE,
)
_ROW = lazy(rf"(?:{lexing.STRING}|(?P<edge>[()])|[^()'\"])", re.DOTALL)
_TAIL = lazy(r"\)\s*((?:ON\s+CONFLICT|RETURNING)\b)", re.IGNORECASE)
_NOT_LINE_END = lazy(r"[^\r\n]+")


def cut_values(body: str) -> tuple[str, list[Span]]:
    """`body` with the rows after the first of each huge INSERT … VALUES blank, and where that was done."""
    if len(body) < HUGE:
        return body, []
    cuts: list[Span] = []
    at = 0
    while len(body) - at >= HUGE:
        end = lexing.statement_end(body, at, len(body))
        if end - at >= HUGE:
            cut = _rows(body, lexing.skip_blank(body, at, end), end)
            if cut is not None:
                cuts.append(cut)
        at = end + 1
    if not cuts:
        return body, []
    parts, at = [], 0
    for start, end in cuts:
        parts.append(body[at:start])
        parts.append(_NOT_LINE_END.sub(lambda match: " " * len(match.group()), body[start:end]))
        at = end
    parts.append(body[at:])
    return "".join(parts), cuts


def _rows(body: str, start: int, end: int) -> Span | None:
    """From after the first row to the end, or to the ON CONFLICT or RETURNING at the end."""
    head = _HEAD.match(body, start, end)
    if head is None:
        return None
    first = _row_end(body, head.end(), min(end, head.end() + HUGE))
    if first is None:
        return None
    stop = end
    # The tail is looked for near the end only: the values before it may hold anything.
    for tail in _TAIL.finditer(body, max(first, end - 4_000), end):
        if body.count("'", tail.start(), end) % 2 == 0:
            stop = tail.start(1)
            break
    return Span(first, stop)


def _row_end(body: str, start: int, end: int) -> int | None:
    depth = 0
    for token in _ROW.finditer(body, start, end):
        edge = token.group("edge")
        if edge == "(":
            depth += 1
        elif edge == ")":
            depth -= 1
            if depth == 0:
                return token.end()
    return None
