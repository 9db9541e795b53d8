"""Operations of statements come in; whether two are the same, and what undoes one, go out."""

from collections.abc import Iterable
from typing import Any

from safecol.operations import Operation, Section, Statement
from safecol.source import Span


def statements(sql: str, dialect: str) -> tuple[Statement, ...]:
    """The statements of some SQL."""
    from safecol.dialects import registry

    section = Section("up", Span(0, len(sql)), "unknown")
    return registry.front(dialect).read_section(sql, section).statements


def bare(operations: Iterable[Operation]) -> list[Any]:
    """Operations without their places: what the same statement written otherwise is equal in."""
    return [_bare(one._replace(definition=None) if one.kind == "change-type" else one) for one in operations]


def _bare(value: Any) -> Any:
    if isinstance(value, Span):
        return None
    if isinstance(value, tuple):
        parts = [_bare(part) for part in value]
        if all(type(part).__name__ == "ConstraintDefinition" for part in value):
            parts.sort(key=repr)
        return (type(value).__name__, *parts)
    return sorted(value) if isinstance(value, frozenset) else value
