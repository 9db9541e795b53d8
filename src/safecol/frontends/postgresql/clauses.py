"""Where clauses begin and end in the text: a masked text and offsets come in, spans go out."""

import re
from collections.abc import Iterator

from safecol.patterns import lazy
from safecol.source import Span

# Everything inside which a comma or a parenthesis means nothing, and those themselves.
_TOKEN = lazy(
    r"""
    (?<![\w$])[eE]'[^'\\]*(?:(?:\\.|'')[^'\\]*)*'
    | '[^']*(?:''[^']*)*'
    | "[^"]*(?:""[^"]*)*"
    | (?<![\w$])\$(?P<tag>(?:[^\W\d]\w*)?)\$.*?\$(?P=tag)\$
    | --[^\n]* | /\*
    | [()\[\],;]
    """,
    re.VERBOSE | re.DOTALL,
)
_COMMENT = lazy(r"/\*|\*/")
_GAP = lazy(r"(?:\s+|--[^\n]*)+")
_PART = r'(?:[uU]&)?(?:"[^"]*(?:""[^"]*)*"|[^\s".,;()*]+)'
_NAME = lazy(rf"{_PART}(?:\s*\.\s*{_PART})*")


def split(text: str, start: int, end: int) -> Iterator[Span]:
    """The parts between top-level commas of text[start:end], without blanks and comments around them.

    A closing parenthesis that was not opened, or a semicolon, ends the last part.
    """
    depth, first, last, at = 0, -1, start, start
    while at < end:
        match = _TOKEN.search(text, at, end)
        upto = match.start() if match else end
        plain = text[at:upto]
        stripped = plain.strip()
        if stripped:
            if first < 0:
                first = at + plain.index(stripped[0])
            last = at + len(plain.rstrip())
        if match is None:
            break
        mark, at = match.group(), match.end()
        if mark[:2] == "--":
            continue
        if mark == "/*":
            at = _comment_end(text, at, end)
            continue
        if mark in ")]":
            depth -= 1
        if depth < 0 or mark == ";":
            break
        if mark == "," and depth == 0:
            if first >= 0:
                yield Span(first, last)
            first = -1
            continue
        if mark in "([":
            depth += 1
        if first < 0:
            first = upto
        last = at
    if first >= 0:
        yield Span(first, last)


def part_from(text: str, start: int, end: int) -> Span:
    """The part that starts at `start` and ends before the next top-level comma or closing parenthesis."""
    return next(split(text, start, end), Span(start, end))


def after_name(text: str, start: int, end: int) -> int:
    """The offset behind the possibly qualified name at `start`, a star and blanks."""
    match = _NAME.match(text, start, end)
    at = skip_blank(text, match.end() if match else start, end)
    if text.startswith("*", at):
        at = skip_blank(text, at + 1, end)
    return at


def skip_blank(text: str, at: int, end: int) -> int:
    """The offset behind blanks and comments."""
    while at < end:
        if match := _GAP.match(text, at, end):
            at = match.end()
        elif text.startswith("/*", at):
            at = _comment_end(text, at + 2, end)
        else:
            break
    return at


def _comment_end(text: str, at: int, end: int) -> int:
    """Block comments nest."""
    depth = 1
    while depth:
        match = _COMMENT.search(text, at, end)
        if match is None:
            return end
        depth += 1 if match.group() == "/*" else -1
        at = match.end()
    return at


def literal_body(text: str, at: int, end: int) -> Span | None:
    """The span between the quotes of the string literal at `at`; None when there is none."""
    match = _TOKEN.match(text, at, end)
    if match is None:
        return None
    if match.group("tag") is not None:
        width = len(match.group("tag")) + 2
        return Span(match.start() + width, match.end() - width)
    opening = text.find("'", match.start(), match.end())
    return Span(opening + 1, match.end() - 1) if opening >= 0 else None
