"""Indexes: a trace comes in; builds that would pass over an invalid index of the same name go out."""

import re
from collections.abc import Iterator

from safecol.operations import IndexDefinition, Operation
from safecol.trace import Hit, Trace


def kept_when_invalid(trace: Trace) -> Iterator[Hit]:
    """CREATE INDEX CONCURRENTLY IF NOT EXISTS, unless the change set drops that index before."""
    dropped: set[str] = set()
    for each in trace.before:
        dropped |= {_name(step.operation) for step in each.steps if step.operation.kind == "drop-index"}
    for step in trace.steps:
        operation = step.operation
        if operation.kind == "drop-index":
            dropped.add(_name(operation))
        if operation.kind != "create-index" or not {"concurrently", "if-not-exists"} <= operation.flags:
            continue
        definition = operation.definition
        if not step.existing or not isinstance(definition, IndexDefinition) or definition.name in dropped:
            continue
        yield Hit(step, operation.span, {"index": _qualified(operation, definition.name or "")})


def _name(operation: Operation) -> str:
    return operation.relation.name if operation.relation else ""


def _qualified(operation: Operation, name: str) -> str:
    """The index's name for DROP INDEX: it lives in its table's schema."""
    schema = operation.relation.schema if operation.relation else None
    return f"{_quoted(schema)}.{_quoted(name)}" if schema else _quoted(name)


def _quoted(name: str) -> str:
    return name if re.fullmatch(r"[a-z_][a-z0-9_]*", name) else '"' + name.replace('"', '""') + '"'
