"""What the server refuses for its version: a trace comes in, such steps go out."""

from collections.abc import Iterator

from safecol.trace import Hit, Trace


def by_version(trace: Trace) -> Iterator[Hit]:
    """Steps that this version of the server has no way to run, one a statement."""
    seen: set[int] = set()
    for step in trace.steps:
        if step.facts.get("failure") == "version" and step.statement.number not in seen:
            seen.add(step.statement.number)
            yield Hit(step, step.operation.span)
