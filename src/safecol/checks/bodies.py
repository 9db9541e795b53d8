"""Bodies of routines as text: a definition comes in; its body without comments, and places in the file, go out."""

import re

from safecol.operations import RoutineDefinition
from safecol.patterns import lazy
from safecol.source import Span
from safecol.trace import Step

_COMMENT = lazy(r"--[^\n]*|/\*.*?\*/", re.DOTALL)


def without_comments(definition: RoutineDefinition) -> str:
    """The body with its comments blanked out: what is left keeps its place."""
    return _COMMENT.sub(lambda found: " " * len(found[0]), definition.body)


def place(step: Step, definition: RoutineDefinition, found: re.Match[str]) -> Span:
    """Where in the file a match in the body stands; the whole operation where the body is written in another way."""
    body = definition.body_span
    if body is None or body.end - body.start != len(definition.body):
        return step.operation.span
    return Span(body.start + found.start(), body.start + found.end())
