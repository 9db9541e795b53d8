"""Expressions for the text of a file of the project come in as values; the text goes out. Nothing else is opened."""

import os

from safecol.frontends.python.values import Made, Member, Text, Value, plain
from safecol.source import Span

_LARGEST = 1_000_000
_SAME = frozenset({"abspath", "realpath", "normpath", "resolve", "absolute", "Path", "PurePath", "expanduser", "str"})


def read(call: Made, root: str) -> Value:
    """The text that `open(path).read()` or `path.read_text()` gives; NotImplemented unless it lies below `root`."""
    name = call.path.rpartition(".")[2]
    if name == "read_text":
        path = _path(call.base)
    elif name == "read" and isinstance(call.base, Made) and call.base.path.rpartition(".")[2] == "open":
        opened = call.base
        path = _path(opened.arguments[0] if opened.arguments else opened.base)
    else:
        return NotImplemented
    full = os.path.realpath(path) if path else ""
    if not full or not root or not full.startswith(os.path.realpath(root) + os.sep):
        return NotImplemented
    from safecol.frontends.reading import read_source

    source = read_source(full)
    if source.problem or len(source.text) > _LARGEST:
        return NotImplemented
    return plain(source.text, Span(call.span.start, call.span.start))


def _path(value: Value, depth: int = 0) -> str:
    """The path that a value is, "" when it isn't known."""
    if isinstance(value, Text):
        return "" if value.holes else str(value)
    if depth > 20:
        return ""
    if isinstance(value, Member) and value.name == "parent":
        inner = _path(value.base, depth + 1)
        return os.path.dirname(inner) if inner else ""
    if not isinstance(value, Made):
        return ""
    name = "/" if value.path == "operator /" else value.path.rpartition(".")[2]
    if name in _SAME:
        return _path(value.arguments[0] if value.arguments else value.base, depth + 1)
    if name == "dirname" and value.arguments:
        inner = _path(value.arguments[0], depth + 1)
        return os.path.dirname(inner) if inner else ""
    if name in ("join", "joinpath", "/"):
        parts = value.arguments if name != "joinpath" else (value.base, *value.arguments)
        found = [_path(part, depth + 1) for part in parts]
        return os.path.join(*found) if found and all(found) else ""
    return ""
