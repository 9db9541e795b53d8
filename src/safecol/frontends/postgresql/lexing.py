"""SQL text and a position come in; where a string, comment, dollar-quoted body or statement ends goes out.

The patterns follow PostgreSQL's scanner (src/backend/parser/scan.l) with `standard_conforming_strings` on. They are
possessive throughout, so that they are linear on any text.
"""

import re
from collections.abc import Iterator

from safecol.patterns import lazy

STRING = r"""(?<=\b[eE])'[^'\\]*+(?:(?:\\.|'')[^'\\]*+)*+'|'[^']*+(?:''[^']*+)*+'|"[^"]*+" """.strip()
LINE_COMMENT = r"--[^\n\r]*+"

_BLOCK_EDGE = lazy(r"/\*|\*/")
_DOLLAR_TAG = lazy(r"(?<![\w$])\$(?:[^\W\d]\w*)?\$")
_COMMENT_START = lazy(
    rf"(?:{STRING}|[^-'\"/$]++|-(?!-)|/(?!\*)|\$(?!(?:[^\W\d]\w*)?\$)|(?<=[\w$])\$|['\"])*+", re.DOTALL
)
_LINE_COMMENT = lazy(LINE_COMMENT)
_BLANK = lazy(rf"(?:\s++|{LINE_COMMENT})*+")
_STATEMENT = lazy(
    rf"(?:[^;'\"$/-]++|{STRING}|{LINE_COMMENT}|-|/(?!\*)|\$(?!(?:[^\W\d]\w*)?\$)|(?<=[\w$])\$|['\"])*+", re.DOTALL
)


def block_comment_end(text: str, start: int, end: int) -> int | None:
    """Where the block comment that opens at `start` ends (they nest); None when it doesn't before `end`."""
    depth = 0
    for edge in _BLOCK_EDGE.finditer(text, start, end):
        depth += 1 if edge.group() == "/*" else -1
        if depth == 0:
            return edge.end()
    return None


def dollar_quote_end(text: str, start: int, end: int) -> int | None:
    """Where the dollar-quoted body that opens at `start` ends; None when none opens or it doesn't end."""
    tag = _DOLLAR_TAG.match(text, start, end)
    if tag is None:
        return None
    close = text.find(tag.group(), tag.end(), end)
    return None if close < 0 else close + len(tag.group())


def statement_end(text: str, start: int, end: int) -> int:
    """Find the offset of the first `;` outside strings and comments, or `end`. What is never closed counts as text."""
    at, open_comment = start, False
    while at < end:
        match = _STATEMENT.match(text, at, end)
        at = match.end() if match else at
        if at >= end or text[at] == ";":
            return min(at, end)
        closed = None
        if text[at] == "$":
            closed = dollar_quote_end(text, at, end)
        elif not open_comment:
            closed = block_comment_end(text, at, end)
            open_comment = closed is None  # none further on can end either
        at = closed if closed is not None else at + 1
    return end


def skip_blank(text: str, start: int, end: int) -> int:
    """Find the first offset from `start` that is neither white space nor in a comment."""
    at = start
    while at < end:
        match = _BLANK.match(text, at, end)
        at = match.end() if match else at
        closed = block_comment_end(text, at, end) if text.startswith("/*", at, end) else None
        if closed is None:
            return at
        at = closed
    return end


def comment_spans(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Each `--` and `/* */` comment outside strings and dollar-quoted bodies; a `--` one without its line ending."""
    at, open_comment = start, False
    while at < end:
        match = _COMMENT_START.match(text, at, end)
        at = match.end() if match else at
        if at >= end:
            return
        if text[at] == "$":
            at = dollar_quote_end(text, at, end) or at + 1
            continue
        closed: int | None = None
        if comment := _LINE_COMMENT.match(text, at, end):
            closed = comment.end()
        elif not open_comment:
            closed = block_comment_end(text, at, end)
            open_comment = closed is None  # none further on can end either
        if closed is None:
            at += 1
            continue
        yield at, closed
        at = closed


def flat_comments(text: str) -> str:
    """The text without the comments inside comments: the server's scanner takes the square of their number."""
    parts: list[str] = []
    last = at = 0
    end = len(text)
    while at < end:
        match = _COMMENT_START.match(text, at, end)
        at = match.end() if match else at
        if at >= end:
            break
        if text[at] == "$":
            at = dollar_quote_end(text, at, end) or at + 1
            continue
        if comment := _LINE_COMMENT.match(text, at, end):
            at = comment.end()
            continue
        if not text.startswith("/*", at):
            at += 1
            continue
        closed = block_comment_end(text, at, end)
        stop = end if closed is None else closed - 2
        parts += [text[last : at + 2], text[at + 2 : stop].replace("/*", "  ").replace("*/", "  ")]
        last, at = stop, end if closed is None else closed
    return "".join((*parts, text[last:]))


def significant_end(text: str, start: int, end: int) -> int:
    """Find the end of the text in `start`…`end` without white space and comments at its end."""
    stop = start + len(text[start:end].rstrip())
    tail = text.find("--", start, stop) >= 0 or text.find("/*", start, stop) >= 0
    if not tail:
        return stop
    for comment_start, comment_end in reversed(list(comment_spans(text, start, stop))):
        if comment_end != stop:
            break
        stop = start + len(text[start:comment_start].rstrip())
    return stop
