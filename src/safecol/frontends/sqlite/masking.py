"""SQL with templates and lines of the sqlite3 shell comes in; SQL of the same length goes out.

`?`, `:name`, `@name` and `$name` are SQLite's own parameters and stay as they are.
"""

import re

from safecol.patterns import lazy
from safecol.records import NamedTuple
from safecol.source import Span
from safecol.trace import Placeholder

_SIGNS = ("{{", "{%", "{#", "${", "<%", "\n.", "\0", "%(", "%s")
_PIECE = lazy(
    r"""(?P<kept>'[^'{$<%]*'|"[^"{$<%]*"|--[^\n]*|/\*.*?\*/)
    |(?P<block>\{%.{0,2000}?%\}|\{\#.{0,2000}?\#\}|<%(?!-?=).{0,2000}?%>
        |\{\{-?\s*(?:(?:if|else|end|range|with|define)\b|[\#/!^>]).{0,2000}?\}\})
    |(?P<template>\{\{.{0,2000}?\}\}|<%-?=.{0,2000}?%>|\$\{(?:[^{}\n]|\{[^{}\n]*\})*\})
    |(?P<variable>%\(\w+\)s|%s(?!\w))
    |(?P<command>^[^\S\n]*\.[a-z]+\b[^\n;]*$)
    |(?P<nul>\0)""",
    re.VERBOSE | re.DOTALL | re.MULTILINE,
)
_NOT_LINE_END = lazy(r"[^\r\n]")
_KINDS = {"block": "template", "template": "template", "variable": "variable", "command": "client-command"}


class Masked(NamedTuple):
    """The text with what isn't SQL masked, and what was."""

    text: str
    placeholders: tuple[Placeholder, ...]


def mask(text: str, span: Span) -> Masked:
    """`text` with what isn't SQL in `span` masked: a name for a name or a value, white space for all else."""
    if not any(text.find(sign, span.start, span.end) >= 0 for sign in _SIGNS) and not text.startswith(".", span.start):
        return Masked(text, ())
    parts: list[str] = []
    found: list[Placeholder] = []
    at = 0
    for match in _PIECE.finditer(text, span.start, span.end):
        kind = match.lastgroup or "kept"
        if kind == "kept":
            continue
        parts.append(text[at : match.start()])
        at = match.end()
        parts.append(_instead(text, match.start(), match[0], kind))
        if kind != "nul":
            found.append(Placeholder(Span(*match.span()), _KINDS[kind], match[0]))
    return Masked("".join((*parts, text[at:])), tuple(found))


def _instead(text: str, start: int, piece: str, kind: str) -> str:
    blank: str = _NOT_LINE_END.sub(" ", piece)
    if kind in {"block", "command", "nul"} or "\n" in piece:
        return blank
    before = text[start - 1] if start else " "
    joined = before.isalnum() or before in "_$"
    return ("_" if joined else "s") + "_" * (len(piece) - 1)
