"""SQL with templates and variables comes in; SQL of the same length goes out: its offsets are those of the file."""

import re
from collections.abc import Iterable

from safecol.frontends.sqlglot import lexing
from safecol.frontends.sqlglot.lexing import Lexicon
from safecol.patterns import lazy
from safecol.records import NamedTuple
from safecol.source import Span
from safecol.trace import Placeholder


class Masked(NamedTuple):
    """The text with what isn't SQL masked, and what was."""

    text: str
    placeholders: tuple[Placeholder, ...]


_ODD_SPACES = "\ufeff\u00a0\u1680\u2000-\u200b\u2028\u2029\u202f\u205f\u2060\u3000\u0000"
_TRIGGER = lazy(rf"\$[{{(]|\{{[{{%#]|<%|(?<![:\w]):[A-Za-z_'\"]|[{_ODD_SPACES}]")
_DOUBTFUL = lazy(r"\?|%s|%\(|@\w+@|\w:[A-Za-z_'\"]|^[ \t]*(?:GO|/)[ \t]*\r?$", re.MULTILINE | re.IGNORECASE)
_CERTAIN = (
    ("block", lazy(r"\{%.{0,2000}?%\}|\{#.{0,2000}?#\}|<%(?!-?=).{0,2000}?%>", re.DOTALL)),
    ("block", lazy(r"\{\{-?\s*(?:(?:if|else|end|range|with|define)\b|[#/!^>]).{0,2000}?\}\}", re.DOTALL)),
    (
        "template",
        lazy(r"\{\{.{0,2000}?\}\}|<%-?=.{0,2000}?%>|\$\{(?:[^{}\n]|\{[^{}\n]*\})*\}|\$\([A-Za-z_]\w*\)", re.DOTALL),
    ),
)
_LONGEST = 2004
_CLOSING = {"{{": "}}", "{%": "%}", "{#": "#}", "<%": "%>"}
_VARIABLE = lazy(r":(?:'\w+'|\"\w+\"|[A-Za-z_]\w*)")
_DRIVER = lazy(r"\?(?![|&])|%\(\w+\)s|%s(?!\w)|@\w+@")
_CLIENT_LINE = lazy(r"(?:(GO)|/)[ \t]*\r?(?=\n|\Z)", re.IGNORECASE)
_ODD_SPACE = lazy(rf"[{_ODD_SPACES}]+")
_NOT_LINE_END = lazy(r"[^\r\n]+")
_LINE_REST = lazy(r"[ \t\r]*;?[ \t\r]*(?:--[^\n]*)?(?:\n|\Z)")


def mask(text: str, span: Span, lexicon: Lexicon, *, doubtful: bool = False) -> Masked:
    """`text` with what isn't SQL in `span` masked; text outside `span` is untouched.

    A placeholder where a name or a value stands becomes a name, one that stands for a statement white space. With
    `doubtful`, `?`, `%s`, `%(x)s`, `@x@` and lines `GO` and `/` are masked as well.
    """
    start, end = span
    if not _TRIGGER.search(text, start, end) and not (doubtful and _DOUBTFUL.search(text, start, end)):
        return Masked(text, ())
    found = _find(text, start, end, lexicon, doubtful=doubtful)
    if not found:
        return Masked(text, ())
    parts, at = [], 0
    for placeholder, replacement in found:
        parts += [text[at : placeholder.span.start], replacement]
        at = placeholder.span.end
    parts.append(text[at:])
    return Masked("".join(parts), tuple(item for item, _ in found if item.kind != "space"))


def _find(text: str, start: int, end: int, lexicon: Lexicon, *, doubtful: bool) -> list[tuple[Placeholder, str]]:
    known = lexing.patterns(lexicon)
    string = known.string
    found: list[tuple[Placeholder, str]] = []
    at = begun = start

    def add(stop: int, kind: str, replacement: str | None = None) -> int:
        shown = text[at:stop]
        found.append((Placeholder(Span(at, stop), kind, shown), _spaces(shown) if replacement is None else replacement))
        return stop

    while at < end:
        character = text[at]
        if character in lexicon.quotes:
            match = string.match(text, at, end)
            inside = _template(text, at + 1, end) if match is None else None
            at = match.end() if match is not None else inside.end() if inside is not None else at + 1
        elif comment := known.line_comment.match(text, at, end):
            at = comment.end()
        elif text.startswith("/*", at, end):
            closed = lexing.block_comment_end(text, at, end, nested=lexicon.nested_comments)
            at = closed if closed is not None else end
        elif character == ";":
            at = begun = at + 1
        elif odd := _ODD_SPACE.match(text, at, end):
            at = add(odd.end(), "space", " " * (odd.end() - at))
        else:
            stop = at
            template = _template(text, at, end)
            variable = _VARIABLE.match(text, at, end) if template is None and character == ":" else None
            alone = template is not None and lexing.skip_blank(text, begun, at, lexicon) >= at
            if template is not None:
                is_block = template.re.pattern != _CERTAIN[-1][1].pattern
                if alone and (is_block or _LINE_REST.match(text, template.end(), end)):
                    stop = begun = add(template.end(), "template")
                elif is_block:
                    stop = add(template.end(), "template")
                else:
                    stop = add(template.end(), "template", _name(text, at, template.end()))
            elif variable is not None and text[at - 1 : at] != ":" and (doubtful or not _joins(text, at)):
                quoted = text[at + 1] in "'\""
                name = " " + text[at + 1 : variable.end()] if quoted else _name(text, at, variable.end())
                stop = add(variable.end(), "variable", name)
            elif doubtful and (driver := _DRIVER.match(text, at, end)):
                stop = add(driver.end(), "variable", _name(text, at, driver.end()))
            elif doubtful and text[at - 1 : at] in ("", "\n") and (line := _CLIENT_LINE.match(text, at, end)):
                stop = begun = add(line.end(), "client-command", ";" + " " * (line.end() - at - 1))
            at = stop if stop > at else _next(text, at, end)
    return found


def _next(text: str, at: int, end: int) -> int:
    """Past the word or the white space at `at`, or one character."""
    match = _WORDS.match(text, at, end)
    return match.end() if match is not None and match.end() > at else at + 1


_WORDS = lazy(r"\w+|[ \t\r,()=.+]+")


def _template(text: str, at: int, end: int) -> "re.Match[str] | None":
    if at >= end or text[at] not in "{<$":
        return None
    mark = _CLOSING.get(text[at : at + 2])
    if mark is not None and text.find(mark, at, at + _LONGEST) < 0:
        return None
    for _, pattern in _CERTAIN:
        match = pattern.match(text, at, end)
        if match is not None:
            return match
    return None


def _joins(text: str, at: int) -> bool:
    before = text[at - 1] if at else " "
    return before.isalnum() or before in "_'\""


def _name(text: str, start: int, stop: int) -> str:
    """A name as long as the placeholder; its later lines are white space."""
    first = text[start:stop].split("\n", 1)[0].rstrip("\r")
    before = text[start - 1] if start else " "
    joined = before.isalnum() or before in "_$"
    return ("_" if joined else "s") + "_" * (len(first) - 1) + _spaces(text[start + len(first) : stop])


def _spaces(text: str) -> str:
    return _NOT_LINE_END.sub(lambda match: " " * len(match.group()), text)


def unwrap(text: str, span: Span, lexicon: Lexicon, runs: "re.Pattern[str]") -> str:
    """`text` with the marks of executable comments in `span` blank; those that `runs` does not match are comments.

    What `runs` matches, from the mark on, is blank: the mark and the version after it.
    """
    at = _first(text, span, lexicon.executable)
    if at < 0:
        return text
    parts, last = [], 0
    for start, end in executables(text, span, lexicon):
        opened = runs.match(text, start, end)
        if opened is None:
            continue
        parts += [text[last:start], _spaces(opened.group()), text[opened.end() : end - 2], "  "]
        last = end
    return "".join((*parts, text[last:]))


def _first(text: str, span: Span, marks: Iterable[str]) -> int:
    found = [at for mark in marks if (at := text.find(mark, span.start, span.end)) >= 0]
    return min(found, default=-1)


def executables(text: str, span: Span, lexicon: Lexicon) -> list[Span]:
    """The executable comments, with the comments and strings inside of them skipped."""
    found: list[Span] = []
    known = lexing.patterns(lexicon)
    string = known.string
    at, end = span
    opened = -1
    closing = text.rfind("*/", span.start, span.end)  # none further on ends anything
    if closing < 0:
        return found
    end = closing + 2
    while at < end:
        if opened >= 0 and text.startswith("*/", at):
            found.append(Span(opened, at + 2))
            opened, at = -1, at + 2
        elif opened < 0 and text.startswith(lexicon.executable, at):
            opened, at = at, at + 3
        elif text.startswith("/*", at):
            at = lexing.block_comment_end(text, at, end) or at + 2
        elif match := (known.line_comment.match(text, at, end) if opened < 0 else None) or string.match(text, at, end):
            at = match.end()
        elif match := _WORDS.match(text, at, end):
            at = max(match.end(), at + 1)
        else:
            at += 1
    return found
