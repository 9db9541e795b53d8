"""INSERT of many rows, or many of one row each: their text comes in, as little of it as says all goes out."""

import re

from safecol.frontends.mysql.tokens import LEXICON, string_value
from safecol.frontends.sqlglot import lexing
from safecol.patterns import lazy
from safecol.source import Span

HUGE = 100_000
"""Statements of fewer characters are read whole: it costs little, and all their rows are seen."""

_HEAD = lazy(
    r"(?:INSERT|REPLACE)\s+(?:(?:LOW_PRIORITY|DELAYED|HIGH_PRIORITY|IGNORE)\s+)*(?:INTO\s+)?[^;'\"()]{1,400}"
    r"(?:\([^;'\"()]*\)\s*)?VALUES?\s*(?=\()",
    re.IGNORECASE,
)
_TAIL = lazy(r"\)\s*((?:AS\s+\w+\s+)?ON\s+DUPLICATE\s+KEY\s+UPDATE\b)", re.IGNORECASE)

_STRING = r"'[^'\\]*+(?:(?:\\.|'')[^'\\]*+)*+'"
_VALUE = rf"\s*+(?:{_STRING}|[-+]?\d++(?:\.\d*+)?|NULL|TRUE|FALSE)\s*+"
_ROW = rf"\({_VALUE}(?:,{_VALUE})*+\)"
_PLAIN = lazy(
    rf"((?:INSERT|REPLACE)\s[^;'\"()/#-]{{1,400}}(?:\([^;'\"()/#-]*\)\s*)?VALUES\s*)({_ROW}(?:\s*+,\s*+{_ROW})*+)\s*",
    re.IGNORECASE | re.DOTALL,
)
_STRINGS = lazy(_STRING, re.DOTALL)


def literal_rows(text: str, span: Span) -> tuple[str, list[str]] | None:
    """What stands before the rows of an INSERT of nothing but literals, and its strings; None for all else."""
    if text[span.start] not in "IiRr":
        return None
    found = _PLAIN.fullmatch(text, span.start, span.end)
    if found is None:
        return None
    return found[1], [string_value(one) for one in _STRINGS.findall(found[2])]


def first_row(text: str, span: Span) -> str | None:
    """The text of a huge INSERT … VALUES without the rows after its first; None for any other statement."""
    start, end = span
    if end - start < HUGE:
        return None
    head = _HEAD.match(text, start, end)
    if head is None:
        return None
    depth = 0
    for token in lexing.tokens(text, head.end(), min(end, head.end() + HUGE), LEXICON):
        if token.kind != "other":
            continue
        depth += {"(": 1, ")": -1}.get(text[token.start], 0)
        if depth == 0:
            # What follows the rows is looked for near the end only: the values before it may hold anything.
            tails = _TAIL.finditer(text, max(token.end, end - 4_000), end)
            found = next((tail for tail in tails if text.count("'", tail.start(), end) % 2 == 0), None)
            made = text[start : token.end] + (f" {text[found.start(1) : end]}" if found is not None else "")
            return made if len(made) < end - start else None
    return None
