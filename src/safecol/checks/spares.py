"""Conventions about indexes: a trace comes in; those that another covers, that are wide or many, go out."""

from collections.abc import Iterator

from safecol.operations import IndexDefinition
from safecol.trace import Hit, Trace

_WIDEST = 4
_MOST = 10


def redundant(trace: Trace) -> Iterator[Hit]:
    """New indexes whose columns another index begins with, and those that make another so."""
    dropped = {step.table for step in trace.steps if step.operation.kind == "drop-index"}
    for step in trace.steps:
        covering, covered = step.facts.get("covered_by"), step.facts.get("covers")
        if step.operation.kind != "create-index" or step.facts.get("no_op"):
            continue
        if covering and covering not in dropped:
            yield Hit(step, step.operation.span, {"what": f"does nothing that `{covering}` doesn't"})
        elif covered and covered not in dropped:
            yield Hit(step, step.operation.span, {"what": f"does all that `{covered}` does, which can go"})


def wide(trace: Trace) -> Iterator[Hit]:
    """Indexes with more than four key columns."""
    for step in trace.steps:
        definition = step.operation.definition
        if isinstance(definition, IndexDefinition) and len(definition.elements) > _WIDEST:
            yield Hit(step, step.operation.span, {"count": str(len(definition.elements))})


def many(trace: Trace) -> Iterator[Hit]:
    """Indexes on tables that have ten already."""
    for step in trace.steps:
        count = step.facts.get("index_count")
        if step.operation.kind == "create-index" and isinstance(count, int) and count >= _MOST:
            yield Hit(step, step.operation.span, {"count": str(count + 1)})
