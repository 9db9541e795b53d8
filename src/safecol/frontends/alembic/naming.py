"""An env.py comes in; the naming convention of its `target_metadata` goes out, found in the project's modules."""

import ast
from collections.abc import Mapping
from functools import cache

from safecol.frontends.python.modules import Project
from safecol.frontends.python.positions import unmarked
from safecol.frontends.python.running import Runner
from safecol.frontends.python.values import Class, Made, Member, Text, Unknown, Value, is_known, path_of

_DEEPEST = 6


class _Watching:
    """The host of an env.py: nothing is sent, and only what is handed to `context.configure` matters."""

    def __init__(self) -> None:
        self.given: list[Value] = []

    def made(self, call: Made) -> Value:
        """Keep the metadata that a call of `configure` names."""
        if call.path.endswith("context.configure") and "target_metadata" in call.keywords:
            self.given.append(call.keywords["target_metadata"])
        return NotImplemented

    def attribute(self, _base: Value, _name: str) -> Value:
        """Nothing is known."""
        return NotImplemented

    def enter(self, value: Value) -> Value:
        """A block begins."""
        return value

    def leave(self, value: Value) -> None:
        """A block ends."""

    def guarded(self, condition: bool) -> bool:
        """A condition matters to nothing."""
        return condition

    def repeating(self, _node: ast.stmt) -> bool:
        """A loop begins."""
        return False

    def repeated(self, before: bool) -> None:
        """A loop ends."""

    def stated(self, value: Value) -> None:
        """A call stands alone."""

    def ignored(self, node: ast.stmt, reason: str) -> None:
        """A statement was left out."""


@cache
def convention(path: str) -> Mapping[str, str] | None:
    """The templates of names by kind; {} where there is none, None where it is not known. `path` is env.py's."""
    from safecol.frontends.reading import read_source

    if not path:
        return {}
    text = unmarked(read_source(path).text)
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    host = _Watching()
    runner = Runner(text, host, Project(path))
    try:
        runner.statement_list(tree.body)
    except RecursionError:
        return None
    found = [*host.given, runner.module.names.get("target_metadata")]
    answers = [_of(runner, one, 0) for one in found if one is not None]
    known = next((one for one in answers if one), None)
    if known is not None:
        return known
    return None if None in answers else {}


def _of(runner: Runner, value: Value, depth: int) -> Mapping[str, str] | None:
    """The convention of a metadata, of a base class of models, or of the first of several."""
    if depth > _DEEPEST or isinstance(value, Unknown):
        return None
    if type(value) in (list, tuple):
        answers = [_of(runner, one, depth + 1) for one in value]
        return next((one for one in answers if one), None if None in answers else {})
    if isinstance(value, Member) and value.name in ("metadata", "Model", "base"):
        return _of(runner, value.base, depth + 1)
    if isinstance(value, Class):
        if "metadata" in value.names:
            return _of(runner, value.names["metadata"], depth + 1)
        bases = [one for one in value.bases if isinstance(one, (Class, Made, Member))]
        return _of(runner, bases[0], depth + 1) if bases else {} if value.bases else None
    if not isinstance(value, Made):
        return None if path_of(value) and not path_of(value).startswith("sqlalchemy.") else {}
    if "naming_convention" in value.keywords:
        templates = value.keywords["naming_convention"]
        if not isinstance(templates, dict):
            return None
        return {str(key): str(one) for key, one in templates.items() if isinstance(key, Text) and is_known(one)}
    for name in ("metadata", "model_class", "cls"):
        if name in value.keywords:
            return _of(runner, value.keywords[name], depth + 1)
    ours = value.path.startswith(("sqlalchemy.", "flask_sqlalchemy.", "sqlmodel."))
    return {} if ours else _of(runner, value.base, depth + 1) if isinstance(value.base, (Class, Made)) else None
