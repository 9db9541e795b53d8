"""SQL text, a position and the lexicon of a dialect come in; where strings, comments and statements end goes out.

The patterns are possessive throughout, so that they are linear on any text.
"""

import re
from collections.abc import Iterator

from safecol.patterns import lazy
from safecol.records import NamedTuple
from safecol.source import Span


class Lexicon(NamedTuple):
    """How a dialect writes what hides a `;`.

    `backslash` is whether it escapes in strings. `quotes` are the characters around strings and names, whichever.
    `brackets` is whether `[name]` is a name, `hash_comments` whether `#` begins a comment, `strict_dashes` whether
    white space must follow `--`, `dollar` whether `$$` quotes, `executable` what opens a comment that is code.
    `compound` is whether routines and triggers have bodies of statements; `begin_blocks` whether a BEGIN by itself
    begins such a body. `delimiter` is whether a line DELIMITER names what ends statements. `client` are lines of the
    dialect's shell, a pattern: each is a statement of its own.
    """

    backslash: bool = False
    quotes: str = "'\""
    brackets: bool = False
    hash_comments: bool = False
    strict_dashes: bool = False
    nested_comments: bool = False
    dollar: bool = False
    executable: tuple[str, ...] = ()
    compound: bool = False
    begin_blocks: bool = False
    delimiter: bool = False
    client: str = ""


class Patterns(NamedTuple):
    """The patterns of a lexicon; `string` matches quoted names too, `plain` what none of the others begins with."""

    string: re.Pattern[str]
    blank: re.Pattern[str]
    plain: re.Pattern[str]
    line_comment: re.Pattern[str]
    token: re.Pattern[str]


_BLOCK_EDGE = lazy(r"/\*|\*/")
_DOLLAR_TAG = lazy(r"\$(?:[^\W\d]\w*)?\$")
_DELIMITER = lazy(r"[ \t]*DELIMITER[ \t]+(\S+)[^\n]*", re.IGNORECASE)
_CREATES_BODY = lazy(
    r"CREATE\s+(?:OR\s+(?:REPLACE|ALTER)\s+)?(?:(?:DEFINER\s*=\s*\S+(?:\s*@\s*\S+)?|AGGREGATE|TEMP|TEMPORARY|NONEDITIONABLE"
    r"|EDITIONABLE|SQL\s+SECURITY\s+\w+)\s+)*(?:PROCEDURE|PROC|FUNCTION|TRIGGER|EVENT|PACKAGE)\b"
    r"|ALTER\s+(?:DEFINER\s*=\s*\S+(?:\s*@\s*\S+)?\s+)?(?:EVENT|PROCEDURE|FUNCTION|TRIGGER)\b",
    re.IGNORECASE,
)
_BLOCK = lazy(r"BEGIN\s+NOT\s+ATOMIC\b|DECLARE\b|(?:\w+\s*:\s*)?(?:WHILE|LOOP|IF|CASE|FOR|REPEAT)\b", re.IGNORECASE)
_MOST_JOINED = 2000
_MOST_UNCLOSED = 10
_patterns: dict[Lexicon, Patterns] = {}


def patterns(lexicon: Lexicon) -> Patterns:
    """The patterns of a lexicon, made once."""
    found = _patterns.get(lexicon)
    if found is None:
        found = _patterns[lexicon] = _make(lexicon)
    return found


def _make(lexicon: Lexicon) -> Patterns:
    parts = []
    for quote in lexicon.quotes:
        if lexicon.backslash and quote != "`":
            parts.append(rf"{quote}[^{quote}\\]*+(?:(?:\\.|{quote}{quote})[^{quote}\\]*+)*+{quote}")
        else:
            parts.append(rf"{quote}[^{quote}]*+(?:{quote}{quote}[^{quote}]*+)*+{quote}")
    if lexicon.brackets:
        parts.append(r"\[[^\]\n]*+\]")
    string = "|".join(parts)
    line = r"--(?=[\s\x00-\x1f]|\Z)[^\n\r]*+" if lexicon.strict_dashes else r"--[^\n\r]*+"
    if lexicon.hash_comments:
        line = rf"(?:{line}|\#[^\n\r]*+)"
    special = lexicon.quotes + r"/\-" + ("#" if lexicon.hash_comments else "") + ("$" if lexicon.dollar else "")
    special += r"\[" if lexicon.brackets else ""
    token = (
        rf"(?P<comment>{line})|(?P<string>{string})|(?P<word>[^\W\d][\w$]*+)|(?P<block>/\*)"
        rf"|(?P<dollar>\$(?:[^\W\d]\w*)?\$)|(?P<space>\s++)|(?P<number>\d[\w.]*+)|(?P<other>.)"
    )
    return Patterns(
        lazy(string, re.DOTALL),
        lazy(rf"(?:\s++|{line})*+"),
        lazy(rf"[^{special};]++"),
        lazy(line),
        lazy(token, re.DOTALL),
    )


def block_comment_end(text: str, start: int, end: int, *, nested: bool = False) -> int | None:
    """Where the block comment that opens at `start` ends; None when it doesn't before `end`."""
    if not nested:
        close = text.find("*/", start + 2, end)
        return None if close < 0 else close + 2
    depth = 0
    for edge in _BLOCK_EDGE.finditer(text, start, end):
        depth += 1 if edge.group() == "/*" else -1
        if depth == 0:
            return edge.end()
    return None


def skip_blank(text: str, start: int, end: int, lexicon: Lexicon) -> int:
    """Find the first offset from `start` that is neither white space nor in a comment."""
    at, blank = start, patterns(lexicon).blank
    while at < end:
        match = blank.match(text, at, end)
        at = match.end() if match else at
        if not text.startswith("/*", at, end):
            return at
        closed = block_comment_end(text, at, end, nested=lexicon.nested_comments)
        if closed is None:
            return at
        at = closed
    return end


class Token(NamedTuple):
    """`kind` is `word`, `string` (quoted names too), `number`, `comment` or `other` (one character)."""

    kind: str
    start: int
    end: int


def tokens(text: str, start: int, end: int, lexicon: Lexicon) -> Iterator[Token]:
    """The tokens of text[start:end], comments included, white space not. What is never closed is `other`."""
    pattern, at = patterns(lexicon).token, start
    while at < end:
        match = pattern.match(text, at, end)
        if match is None:
            return
        kind, stop = match.lastgroup or "other", match.end()
        if kind == "block":
            closed = block_comment_end(text, at, end, nested=lexicon.nested_comments)
            kind, stop = ("comment", closed) if closed is not None else ("other", at + 1)
        elif kind == "dollar":
            close = text.find(match.group(), stop, end) if lexicon.dollar else -1
            kind, stop = ("string", close + stop - at) if close >= 0 else ("other", at + 1)
        if kind != "space":
            yield Token(kind, at, stop)
        at = stop


def comment_spans(text: str, start: int, end: int, lexicon: Lexicon) -> Iterator[Span]:
    """Each comment outside strings; a line comment without its line ending."""
    for found in _steps(text, start, end, lexicon):
        if found is not None:
            yield found


def _steps(text: str, start: int, end: int, lexicon: Lexicon) -> Iterator[Span | None]:
    """The comments, and None at each `;` outside strings and comments, in order."""
    known = patterns(lexicon)
    string, at, open_comment = known.string, start, False
    while at < end:
        match = known.plain.match(text, at, end)
        if match is not None:
            at = match.end()
            if at >= end:
                return
        if text[at] == ";":
            yield None
            at += 1
        elif found := known.line_comment.match(text, at, end):
            yield Span(at, found.end())
            at = found.end()
        elif text.startswith("/*", at, end):
            closed = None if open_comment else block_comment_end(text, at, end, nested=lexicon.nested_comments)
            open_comment = closed is None  # none further on can end either
            if closed is not None:
                yield Span(at, closed)
            at = closed if closed is not None else at + 2
        elif found := string.match(text, at, end):
            at = found.end()
        elif text[at] == "$" and (tag := _DOLLAR_TAG.match(text, at, end)):
            close = text.find(tag.group(), tag.end(), end)
            at = close + len(tag.group()) if close >= 0 else tag.end()
        else:
            at += 1


def significant_end(text: str, start: int, end: int, lexicon: Lexicon) -> int:
    """Find the end of the text in `start`…`end` without white space and comments at its end."""
    stop = start + len(text[start:end].rstrip())
    tail = text[start:stop]
    if "--" not in tail and "/*" not in tail and "#" not in tail:
        return stop
    for comment in reversed(list(comment_spans(text, start, stop, lexicon))):
        if comment.end != stop:
            break
        stop = start + len(text[start : comment.start].rstrip())
    return stop


def statements(text: str, start: int, end: int, lexicon: Lexicon) -> Iterator[Span]:
    """The statements of text[start:end], without terminators and the white space and comments around them."""
    at, delimiter, unclosed = start, ";", 0
    client = lazy(lexicon.client, re.IGNORECASE) if lexicon.client else None
    while at < end:
        first = skip_blank(text, at, end, lexicon)
        if first >= end:
            return
        if lexicon.delimiter and (line := _DELIMITER.match(text, first, end)):
            delimiter, at = line.group(1), line.end()
            continue
        if client is not None and (line := client.match(text, first, end)) and (at == start or "\n" in text[at:first]):
            yield Span(first, first + len(line.group().rstrip()))
            at = line.end()
            continue
        if delimiter != ";":
            stop, at = _custom_end(text, first, end, lexicon, delimiter)
        else:
            stop = _semicolon(text, first, end, lexicon)
            if stop < end and lexicon.compound and unclosed < _MOST_UNCLOSED and _has_body(text, first, end, lexicon):
                whole = _body_end(text, first, end, lexicon)
                unclosed += whole is None  # after some that never end none is looked for
                stop = stop if whole is None else whole
            at = stop + 1
        if stop > first:
            finish = significant_end(text, first, stop, lexicon)
            if finish > first:
                yield Span(first, finish)


def _has_body(text: str, start: int, end: int, lexicon: Lexicon) -> bool:
    return bool(_CREATES_BODY.match(text, start, end) or (lexicon.begin_blocks and _BLOCK.match(text, start, end)))


def _semicolon(text: str, start: int, end: int, lexicon: Lexicon) -> int:
    """The offset of the first `;` outside strings and comments, or `end`."""
    known = patterns(lexicon)
    string, at, open_comment = known.string, start, False
    while at < end:
        match = known.plain.match(text, at, end)
        if match is not None:
            at = match.end()
            if at >= end:
                return end
        if text[at] == ";":
            return at
        found = known.line_comment.match(text, at, end) or string.match(text, at, end)
        if found is not None:
            at = found.end()
            continue
        closed = None
        if not open_comment and text.startswith("/*", at, end):
            closed = block_comment_end(text, at, end, nested=lexicon.nested_comments)
            open_comment = closed is None
        elif text[at] == "$" and (tag := _DOLLAR_TAG.match(text, at, end)):
            close = text.find(tag.group(), tag.end(), end)
            closed = close + len(tag.group()) if close >= 0 else None
        at = closed if closed is not None else at + 1
    return end


def _custom_end(text: str, start: int, end: int, lexicon: Lexicon, delimiter: str) -> tuple[int, int]:
    """Of a statement that ends with what DELIMITER named, or before the next DELIMITER line."""
    at = start
    for token in tokens(text, start, end, lexicon):
        if token.start < at or token.kind in ("comment", "string"):
            continue
        if text.startswith(delimiter, token.start):
            return token.start, token.start + len(delimiter)
        inside = text.find(delimiter, token.start, token.end) if token.kind == "word" else -1
        if inside >= 0:  # END$$
            return inside, inside + len(delimiter)
        if token.kind == "word" and text[token.start : token.end].upper() == "DELIMITER":
            line_start = text.rfind("\n", 0, token.start) + 1
            if line_start > start and not text[line_start : token.start].strip():
                return line_start, line_start
    return end, end


_BODY_STARTS = frozenset(
    {"BEGIN", "THEN", "ELSE", "DO", "LOOP", "REPEAT", "ROW", "DATA", "SQL", "DETERMINISTIC", "AS", "ATOMIC"}
)


def _body_end(text: str, start: int, end: int, lexicon: Lexicon) -> int | None:
    """Find the `;` after the body of a routine or trigger: None when what begins in it never ends."""
    depth, joined = 0, 0
    last = ""
    found = [token for token in tokens(text, start, min(end, start + 400_000), lexicon) if token.kind != "comment"]
    for number, token in enumerate(found):
        word = text[token.start : token.end].upper() if token.kind in ("word", "other") else "x"
        if word == ";":
            joined += 1
            if depth <= 0:
                return token.start
            if joined > _MOST_JOINED:
                return None
        elif token.kind == "word":
            following = found[number + 1] if number + 1 < len(found) else None
            then = text[following.start : following.end].upper() if following is not None else ""
            depth += _deeper(word, last, then, depth)
        last = word
    return end if depth <= 0 and end - start < 400_000 else None


def _deeper(word: str, last: str, then: str, depth: int) -> int:
    """How much deeper a word of a body leads: 1 for BEGIN, CASE, IF, LOOP and the like, -1 for END."""
    if word == "END":
        return -1 if depth > 0 else 0
    if last in {"END", "."}:
        return 0
    if word == "CASE":
        return 1
    if word == "BEGIN":
        return 0 if then in (";", "TRAN", "TRANSACTION", "WORK") and depth == 0 else 1
    if word not in ("IF", "LOOP", "REPEAT", "FOR", "WHILE"):
        return 0
    if last not in _BODY_STARTS and last not in (";", ":") and not (last == ")" and word == "IF"):
        return 0  # IF EXISTS, REPEAT(), FOR UPDATE, WHILE … LOOP
    if word == "FOR":
        return 0 if then in ("EACH", "UPDATE") else 1
    return 0 if word == "REPEAT" and then == "(" else 1
