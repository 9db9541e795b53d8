"""String literals of a Python source come in; their values, each character with its place in the file, go out."""

import ast
import re
from collections.abc import Callable, Sequence
from typing import Any

from safecol.frontends.python.values import Text, Unknown, Value, joined, plain, written
from safecol.patterns import lazy
from safecol.source import Span

_LITERAL = lazy(r"(?P<prefix>[a-zA-Z]{0,2})(?P<quote>'''|\"\"\"|'|\")")
_GAP = lazy(r"(?:\s+|#[^\n]*|\\\r?\n|[()])*")
_ESCAPE = lazy(r"\\(?:\r?\n|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|N\{[^}]*\}|[0-7]{1,3}|.)", re.DOTALL)
_PERCENT = lazy(r"%(?:\((?P<name>[^)]*)\))?(?P<flags>[-+ #0]*\d*(?:\.\d+)?)(?P<kind>[a-zA-Z%])")
_FIELD = lazy(r"\{\{|\}\}|\{(?P<name>[^{}!:]*)(?P<rest>(?:![rsa])?(?::[^{}]*)?)\}")
_NOT_SHOWN = lazy(r"[^\w.\[\]() ,+-]+")
Evaluate = Callable[[ast.expr], Value]


def hole(source: str, at: Span) -> Text:
    """A part of a string that is not known, written as a placeholder that names its expression."""
    shown = _NOT_SHOWN.sub(" ", source).strip()[:60].strip() or "unknown"
    text = f"${{{shown}}}"
    return Text(text, [at.start] * len(text), ((0, len(text)),))


def shown(value: Value, source: str, at: Span) -> Text:
    """What a value gives inside a string; a hole when it is not known."""
    if isinstance(value, Text):
        return Text(str(value), [at.start] * len(value), value.holes)
    if isinstance(value, (bool, int, float, list, tuple, dict)) or value is None:
        from safecol.frontends.python.values import is_known

        if is_known(value):
            try:
                return plain(str(value), at)
            except ValueError:  # a number of more digits than Python writes
                return hole(source, at)
    return hole(value.source if isinstance(value, Unknown) else source, at)


def constant(node: ast.Constant, text: str, span: Span) -> Text:
    """The value of a string literal; `span` is its place in `text`."""
    value = str(node.value)
    if len(value) == span.end - span.start - 2 and text.startswith(value, span.start + 1):
        return Text(value, range(span.start + 1, span.end - 1))
    pieces = _scan(text, span)
    if pieces is not None:
        made = joined(piece for piece in pieces if isinstance(piece, Text))
        if str(made) == value:
            return made
    return plain(value, span)


def formatted(node: ast.JoinedStr, text: str, span: Span, evaluate: Evaluate) -> Text:
    """The value of an f-string, with a hole for each part that is not known."""
    pieces = _scan(text, span) if text else None
    fields = [part for part in node.values if isinstance(part, ast.FormattedValue)]
    if pieces is not None and sum(isinstance(piece, Span) for piece in pieces) == len(fields):
        found = iter(fields)
        return joined(piece if isinstance(piece, Text) else _field(next(found), piece, evaluate) for piece in pieces)
    return joined(
        _field(part, span, evaluate)
        if isinstance(part, ast.FormattedValue)
        else plain(str(part.value) if isinstance(part, ast.Constant) else "", span)
        for part in node.values
    )


def _field(part: ast.FormattedValue, at: Span, evaluate: Evaluate) -> Text:
    source = written(part.value)
    value = evaluate(part.value)
    if part.conversion in (-1, 115) and part.format_spec is None:
        return shown(value, source, at)
    if part.conversion == 114 and part.format_spec is None and isinstance(value, Text) and not value.holes:
        return plain(repr(str(value)), at)
    return hole(source, at)


def _scan(text: str, span: Span) -> list[Text | Span] | None:
    """The literal parts of adjacent string literals, and the spans of f-string fields; None when it goes wrong."""
    found: list[Text | Span] = []
    at = span.start
    while at < span.end:
        gap = _GAP.match(text, at, span.end)
        at = gap.end() if gap else at
        if at >= span.end:
            break
        opening = _LITERAL.match(text, at, span.end)
        if opening is None:
            return None
        prefix, quote = opening["prefix"].lower(), opening["quote"]
        if "b" in prefix:
            return None
        end = _read(text, opening.end(), span.end, quote, "r" in prefix, "f" in prefix, found)
        if end is None:
            return None
        at = end
    return found


def _read(text: str, at: int, stop: int, quote: str, raw: bool, fields: bool, found: list[Text | Span]) -> int | None:
    """Read one literal from after its opening quote; the offset after its closing quote."""
    characters: list[str] = []
    origins: list[int] = []

    def flush() -> None:
        if characters:
            found.append(Text("".join(characters), tuple(origins)))
            characters.clear()
            origins.clear()

    while at < stop:
        if text.startswith(quote, at):
            flush()
            return at + len(quote)
        character = text[at]
        if character == "\\":
            escape = _ESCAPE.match(text, at, stop)
            if escape is None:
                return None
            written = escape[0]
            if raw:
                characters += written
                origins += range(at, escape.end())
            else:
                meaning = _meaning(written)
                characters += meaning
                origins += [at] * len(meaning)
            at = escape.end()
            continue
        if fields and character in "{}":
            if text.startswith(character * 2, at):
                characters.append(character)
                origins.append(at)
                at += 2
                continue
            end = _field_end(text, at + 1, stop)
            if character == "}" or end is None:
                return None
            flush()
            found.append(Span(at, end))
            at = end
            continue
        characters.append("\n" if character == "\r" else character)
        origins.append(at)
        at += 2 if text.startswith("\r\n", at) else 1
    return None


def _meaning(escape: str) -> str:
    try:
        value: Any = ast.literal_eval(f"'{escape}'") if escape[1] not in "'\n\r" else escape[1].strip()
    except (SyntaxError, ValueError):
        return escape
    return str(value)


def _field_end(text: str, at: int, stop: int) -> int | None:
    depth = 1
    while at < stop:
        character = text[at]
        if character in "'\"":
            opening = _LITERAL.match(text, at, stop)
            quote = opening["quote"] if opening else character
            end = text.find(quote, at + len(quote), stop)
            if end < 0:
                return None
            at = end + len(quote)
            continue
        depth += (character in "{[(") - (character in "}])")
        at += 1
        if depth == 0:
            return at
    return None


def percent(template: Text, values: Value, at: Span, source: str) -> Text:
    """`template % values`."""
    given: list[Value] | None = list(values) if type(values) is tuple else None
    position = 0

    def value(match: re.Match[str]) -> Text | None:
        nonlocal position
        if match["kind"] == "%":
            return template.part(match.start(), match.start() + 1)
        if match["name"] is not None:
            known = isinstance(values, dict) and match["name"] in values
            return shown(values[match["name"]], match["name"], at) if known else hole(match["name"], at)
        if given is None:
            return shown(values, source, at)
        position += 1
        return shown(given[position - 1], source, at) if position <= len(given) else hole(source, at)

    return _replaced(template, _PERCENT, value)


def format_(template: Text, arguments: Sequence[Value], keywords: dict[str, Value], at: Span) -> Text:
    """`template.format(*arguments, **keywords)`."""
    position = 0

    def value(match: re.Match[str]) -> Text | None:
        nonlocal position
        if match[0] in ("{{", "}}"):
            return template.part(match.start(), match.start() + 1)
        name = match["name"] or str(position)
        position += not match["name"]
        if match["rest"] not in ("", "!s"):
            return hole(name, at)
        if name.isdigit():
            return shown(arguments[int(name)], name, at) if int(name) < len(arguments) else hole(name, at)
        return shown(keywords[name], name, at) if name in keywords else hole(name, at)

    return _replaced(template, _FIELD, value)


def _replaced(template: Text, pattern: re.Pattern[str], value: Callable[[re.Match[str]], Text | None]) -> Text:
    parts: list[Text] = []
    at = 0
    for match in pattern.finditer(str(template)):
        if any(start <= match.start() < end for start, end in template.holes):
            continue
        made = value(match)
        if made is not None:
            # What is filled in stands where its field stands, so that places stay in order.
            here = template.origins[match.start()]
            parts += [template.part(at, match.start()), Text(str(made), [here] * len(made), made.holes)]
            at = match.end()
    return joined([*parts, template.part(at, len(template))])


def dedented(text: Text) -> Text:
    """`textwrap.dedent(text)`."""
    plain_text = str(text)
    lines = [line for line in plain_text.split("\n") if line.strip()]
    margins = [line[: len(line) - len(line.lstrip(" \t"))] for line in lines]
    margin = margins[0] if margins else ""
    for one in margins:
        while not one.startswith(margin):
            margin = margin[:-1]
    parts: list[Text] = []
    at = 0
    for line in plain_text.split("\n"):
        end = at + len(line)
        start = end if not line.strip() else at + len(margin)
        parts.append(text.part(start, min(end + 1, len(plain_text))))
        at = end + 1
    return joined(parts)
