"""Trees of PL/pgSQL: a routine's definition comes in, its tree goes out; and what to look for in such a tree."""

import re
from collections.abc import Iterator
from typing import Any

from safecol.frontends.postgresql import parser
from safecol.frontends.postgresql.types import Node
from safecol.operations import RoutineDefinition
from safecol.patterns import lazy

_DECLARATIONS = lazy(r"\bDECLARE\b.*?\bBEGIN\b", re.IGNORECASE | re.DOTALL)
_NAME = r'(?:"[^"]+"|\w+)'
_OF_OTHERS = lazy(
    rf"(?<=\s)(?:{_NAME}(?:\s*\.\s*{_NAME})*\s*%\s*(?:ROW)?TYPE\b|{_NAME}(?:\.{_NAME})+)(?:\s*\[\s*\])*", re.IGNORECASE
)


def parsed(definition: RoutineDefinition) -> Node:
    """The tree of a body; raises SyntaxProblem."""
    try:
        return parser.parse_body(_wrapped(definition, definition.body))
    except parser.SyntaxProblem as problem:
        # The parser has no catalog: a type that it doesn't know is a record as far as its syntax goes.
        plain = _DECLARATIONS.sub(lambda match: _OF_OTHERS.sub(_record, match[0]), definition.body)
        if plain == definition.body:
            raise
        try:
            return parser.parse_body(_wrapped(definition, plain))
        except parser.SyntaxProblem:
            raise problem from None


def _record(match: re.Match[str]) -> str:
    return ("record" if len(match[0]) >= 6 else "text").ljust(len(match[0]))


def _wrapped(definition: RoutineDefinition, body: str) -> str:
    tag = "$body$"
    while tag in body:
        tag = f"${tag[1:-1]}_$"
    if not definition.arguments and not definition.parameters and definition.returns is None:
        return f"DO {tag}{body}{tag}"
    names = ", ".join('"' + name.replace('"', '""') + '" text' for name in definition.parameters)
    returns = "void"
    if definition.returns is not None and definition.returns.name != "void":
        returns = "SETOF record" if "setof" in definition.options else "record"
    return f"CREATE FUNCTION f({names}) RETURNS {returns} LANGUAGE plpgsql AS {tag}{body}{tag}"


def has(node: Any, kind: str) -> bool:
    """Whether a node of this kind stands anywhere in a node."""
    pending = [node]
    while pending:
        current = pending.pop()
        if isinstance(current, list):
            pending += current
        elif isinstance(current, dict):
            if kind in current:
                return True
            pending += current.values()
    return False


def assigned(node: Any) -> Iterator[int]:
    """The numbers of the variables that a statement, or one in it, gives a value."""
    pending = [node]
    while pending:
        current = pending.pop()
        if isinstance(current, list):
            pending += current
        elif isinstance(current, dict):
            for key, value in current.items():
                if key in ("varno", "target") and isinstance(value, int):
                    yield value
                elif isinstance(value, (dict, list)):
                    pending.append(value)


def expressions(node: Any) -> Iterator[Node]:
    """The expressions of a statement, in order."""
    pending = [node]
    while pending:
        current = pending.pop()
        if isinstance(current, list):
            pending += reversed(current)
        elif isinstance(current, dict):
            if "PLpgSQL_expr" in current:
                yield current
            else:
                pending += reversed([value for value in current.values() if isinstance(value, (dict, list))])
