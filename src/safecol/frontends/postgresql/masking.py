"""SQL with templates, variables and client commands comes in; SQL of the same length goes out.

Every masked piece keeps its length and its line endings, so that offsets in the masked text are offsets in the file.
"""

import re
from collections.abc import Iterator

from safecol.frontends.postgresql import lexing
from safecol.patterns import lazy
from safecol.records import NamedTuple
from safecol.source import Span
from safecol.trace import Placeholder


class Masked(NamedTuple):
    """The text with what isn't SQL masked, and what was."""

    text: str
    placeholders: tuple[Placeholder, ...]


_ODD_SPACES = "\ufeff\u00a0\u1680\u2000-\u200b\u2028\u2029\u202f\u205f\u2060\u3000\u0000"

# Never valid SQL outside strings, whatever the statement: cheap to look for, so ordinary files pay one search.
_TRIGGER = lazy(rf"\\|\$[{{(]|\{{[{{%#]|<%|(?<![:\w]):[A-Za-z_'\"]|[{_ODD_SPACES}]|\bFROM\s+STDIN\b", re.IGNORECASE)
# Placeholders of drivers that are operators of PostgreSQL as well: masked only where a statement doesn't parse.
_DOUBTFUL = lazy(
    r"\?|%s|%\(|@\w+@|\{\w+\}|\w:[A-Za-z_'\"]|^[ \t]*(?:GO|/|DELIMITER\b.*)[ \t]*\r?$", re.MULTILINE | re.IGNORECASE
)

# "{{ index .Options "Namespace" }}": the template's quotes are not the identifier's.
_QUOTED = r"(?P<quote>['\"])(?:(?!(?P=quote))[^{\n])*(?P<inside>\{\{[^{}\n]*(?P=quote)[^{}\n]*\}\})"
_QUOTED_TEMPLATE = lazy(_QUOTED)
_PLAIN = rf"[^;'\"$/\\{{<:%@?\[\]\n{_ODD_SPACES}-]++|(?!{_QUOTED})(?:{lexing.STRING})|{lexing.LINE_COMMENT}|-|::|:="
_RUN = lazy(rf"(?:{_PLAIN})*+", re.DOTALL)

_LONGEST = 2004
_CLOSING = {"{{": "}}", "{%": "%}", "{#": "#}", "<%": "%>"}
_TEMPLATES = (
    ("block", lazy(r"\{%.{0,2000}?%\}|\{#.{0,2000}?#\}|<%(?!-?=).{0,2000}?%>", re.DOTALL)),
    (
        "block",
        lazy(r"\{\{-?\s*(?:(?:if|else|end|range|with|define)\b|[#/!^>]).{0,2000}?\}\}", re.DOTALL),
    ),
    (
        "template",
        lazy(r"\{\{.{0,2000}?\}\}|<%-?=.{0,2000}?%>|\$\{(?:[^{}\n]|\{[^{}\n]*\})*\}|\$\([A-Za-z_]\w*\)", re.DOTALL),
    ),
)
_VARIABLE = lazy(r":(?:'\w+'|\"\w+\"|[A-Za-z_]\w*)")
_DRIVER = lazy(r"\?(?![|&])|%\(\w+\)s|%s(?!\w)|@\w+@|\{[A-Za-z_]\w*\}")
_CLIENT_LINE = lazy(r"[ \t]*(?:(GO|/)|DELIMITER\b.*)[ \t]*\r?(?=\n|\Z)", re.IGNORECASE)
_PSQL_COMMAND = lazy(r"\\(?:;|\\|(?P<send>(?:g|gx|gset|gexec|gdesc|watch|crosstabview)\b)?[^\n\r]*)")
_COPY = lazy(r"COPY\b.*\bFROM\s+STDIN\b", re.IGNORECASE | re.DOTALL)
_COPY_END = lazy(r"^\\\.[ \t]*\r?$", re.MULTILINE)
_NOT_LINE_END = lazy(r"[^\r\n]+")
_ODD_SPACE = lazy(rf"[{_ODD_SPACES}]+")
_LINE_REST = lazy(r"[ \t\r]*;?[ \t\r]*(?:--[^\n]*)?(?:\n|\Z)")


def mask(text: str, span: Span, *, doubtful: bool = False) -> Masked:
    """`text` with what isn't SQL in `span` masked; text outside `span` is untouched.

    A placeholder where a name or a value stands becomes a name, one that stands for a statement white space. With
    `doubtful`, `?`, `%s`, `%(x)s`, `@x@`, `{x}` and lines of other clients (`GO`, `/`, `DELIMITER`) are masked as well.
    """
    start, end = span
    doubted = doubtful and _DOUBTFUL.search(text, start, end)
    if not doubted and (_is_ordinary(text) or not _TRIGGER.search(text, start, end)):
        return Masked(text, ())
    found = _Found(text, end)
    _scan(found, start, doubtful)
    if not found.placeholders:
        return Masked(text, ())
    parts, at = [], 0
    for placeholder, replacement in zip(found.placeholders, found.replacements, strict=True):
        parts.append(text[at : placeholder.span.start])
        parts.append(replacement)
        at = placeholder.span.end
    parts.append(text[at:])
    # Odd spaces are masked for the parser but are nobody's placeholder.
    named = tuple(p for p in found.placeholders if p.kind != "space")
    return Masked("".join(parts), named)


def _is_ordinary(text: str) -> bool:
    """Whether the text has none of the characters that `_TRIGGER` begins with: many times cheaper to ask."""
    return (
        "\\" not in text
        and ":" not in text
        and "{" not in text
        and "<%" not in text
        and "$(" not in text
        and text.isascii()
        and "\0" not in text
        and "stdin" not in text.lower()
    )


class _Found:
    """The placeholders so far; `begun` is where the current statement begins."""

    __slots__ = ("begun", "brackets", "copied", "end", "placeholders", "replacements", "text")

    def __init__(self, text: str, end: int) -> None:
        self.text = text
        self.end = end
        self.begun = 0
        self.brackets: list[int] = []
        self.copied = True  # whether a `\\.` may follow
        self.placeholders: list[Placeholder] = []
        self.replacements: list[str] = []

    def add(self, start: int, stop: int, kind: str, replacement: str | None = None) -> int:
        """Record text[start:stop], as white space unless told; returns `stop`."""
        text = self.text[start:stop]
        if replacement is None:
            replacement = _spaces(text)
        self.placeholders.append(Placeholder(Span(start, stop), kind, text))
        self.replacements.append(replacement)
        return stop

    def at_statement_start(self, at: int) -> bool:
        """Whether nothing but white space and comments stands between the statement's begin and `at`."""
        return lexing.skip_blank(self.text, self.begun, at) >= at


def _scan(found: _Found, start: int, doubtful: bool) -> None:
    text, end = found.text, found.end
    found.begun = start
    at = _line_start(found, start, doubtful)
    while at < end:
        run = _RUN.match(text, at, end)
        at = run.end() if run else at
        if at >= end:
            return
        character = text[at]
        if character == "\n":
            at = _line_start(found, at + 1, doubtful)
        elif character == ";":
            at = _after_semicolon(found, at)
        elif character == "\\":
            at = _psql_command(found, at)
        elif character == "$" and (closed := lexing.dollar_quote_end(text, at, end)):
            at = closed
        elif character == "/" and text.startswith("/*", at, end):
            at = lexing.block_comment_end(text, at, end) or end
        elif odd := _ODD_SPACE.match(text, at, end):
            at = found.add(at, odd.end(), "space", " " * (odd.end() - at))
        else:
            at = _placeholder(found, at, doubtful)


def _line_start(found: _Found, at: int, doubtful: bool) -> int:
    line = _CLIENT_LINE.match(found.text, at, found.end) if doubtful else None
    if line is None:
        return at
    replacement = _spaces(line.group())
    if line.group(1):  # GO and / end a statement
        offset = line.start(1) - line.start()
        replacement = replacement[:offset] + ";" + replacement[offset + 1 :]
    found.add(at, line.end(), "client-command", replacement)
    found.begun = line.end()
    return line.end()


def _after_semicolon(found: _Found, at: int) -> int:
    """Past the `;`, and past the data when it ends a COPY … FROM STDIN."""
    text, end = found.text, found.end
    begun = lexing.skip_blank(text, found.begun, at)
    found.begun = at + 1
    found.brackets.clear()
    if text[begun : begun + 4].upper() != "COPY" or not _COPY.match(text, begun, at):
        return at + 1
    data = text.find("\n", at, end) + 1
    finish = _COPY_END.search(text, data, end) if data and found.copied else None
    if finish is None:
        found.copied = found.copied and not data
        return at + 1
    found.begun = found.add(data, finish.end(), "copy-data")
    return finish.end()


def _psql_command(found: _Found, at: int) -> int:
    command = _PSQL_COMMAND.match(found.text, at, found.end)
    if command is None:
        return at + 1
    stop = command.end()
    pending = not found.at_statement_start(at)
    replacement = _spaces(command.group())
    if command.group() == r"\;":
        replacement = " ;"
    elif command.group("send") and pending:
        replacement = ";" + replacement[1:]
        pending = False
    found.add(at, stop, "psql-command", replacement)
    if not pending:
        found.begun = stop
    return stop


def _placeholder(found: _Found, at: int, doubtful: bool) -> int:
    text, end = found.text, found.end
    character = text[at]
    if character in "'\"" and (match := _QUOTED_TEMPLATE.match(text, at, end)):
        _name(found, match.start("inside"), match.end(), "template")
        closing = text.find(character, match.end(), end)
        return closing + 1 if closing >= 0 else match.end()
    mark = _CLOSING.get(text[at : at + 2])
    if character in "{<$" and (mark is None or text.find(mark, at, at + _LONGEST) >= 0):
        for kind, pattern in _TEMPLATES:
            match = pattern.match(text, at, end)
            if match is None:
                continue
            if kind == "block":
                return _standing_alone(found, at, match.end(), "template")
            return _name(found, at, match.end(), "template")
    if character == "[":
        found.brackets.append(at)
    elif character == "]" and found.brackets:
        found.brackets.pop()
    elif character == ":":
        return _psql_variable(found, at, doubtful)
    elif doubtful and (match := _DRIVER.match(text, at, end)):
        return _name(found, at, match.end(), "variable")
    return at + 1


def _standing_alone(found: _Found, start: int, stop: int, kind: str) -> int:
    alone = found.at_statement_start(start)
    found.add(start, stop, kind)
    if alone:
        found.begun = stop
    return stop


def _name(found: _Found, start: int, stop: int, kind: str) -> int:
    """Put a name in place of the placeholder, or white space where it stands for a statement of its own."""
    text = found.text
    if _LINE_REST.match(text, stop, found.end) and found.at_statement_start(start):
        return _standing_alone(found, start, stop, kind)
    first = text[start:stop].split("\n", 1)[0].rstrip("\r")
    before = text[start - 1] if start else " "
    joined = before.isalnum() or before in "_$"
    name = ("_" if joined else "s") + "_" * (len(first) - 1)
    return found.add(start, stop, kind, name + _spaces(text[start + len(first) : stop]))


def _psql_variable(found: _Found, at: int, doubtful: bool) -> int:
    text = found.text
    variable = _VARIABLE.match(text, at, found.end)
    if variable is None or _is_slice(found, at):
        return at + 1
    before = text[at - 1] if at else " "
    if (before.isalnum() or before in "_'\"") and not doubtful:
        return at + 1  # JSON_OBJECT(k:v)
    stop = variable.end()
    if text[at + 1] in "'\"":  # psql quotes the value itself
        return found.add(at, stop, "variable", " " + text[at + 1 : stop])
    return _name(found, at, stop, "variable")


def _is_slice(found: _Found, at: int) -> bool:
    """Whether the colon divides the bounds of an array slice: `[1:n]`, `[:n]`, but not `ARRAY[:n]`."""
    if not found.brackets:
        return False
    text, bracket = found.text, found.brackets[-1]
    before = text[max(bracket + 1, at - 40) : at].rstrip()
    if before:
        return before[-1].isalnum() or before[-1] in "_)]\"'"
    return text[max(0, bracket - 40) : bracket].rstrip()[-5:].upper() != "ARRAY"


def _spaces(text: str) -> str:
    if "\n" not in text and "\r" not in text:
        return " " * len(text)
    return _NOT_LINE_END.sub(lambda match: " " * len(match.group()), text)


def everywhere(text: str) -> Iterator[Placeholder]:
    """Templates that stand for names, in strings and bodies too, where `mask` looks only when it is asked to."""
    for match in _TEMPLATES[-1][1].finditer(text):
        yield Placeholder(Span(*match.span()), "template", match.group())
