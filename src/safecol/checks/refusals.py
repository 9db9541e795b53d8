"""What the server refuses for its version, or for how things stand: a trace comes in, such steps go out."""

from collections.abc import Iterator

from safecol.trace import Hit, Trace


def by_version(trace: Trace) -> Iterator[Hit]:
    """Steps that this version of the server has no way to run, one a statement."""
    seen: set[int] = set()
    for step in trace.steps:
        if step.facts.get("failure") == "version" and step.statement.number not in seen:
            seen.add(step.statement.number)
            yield Hit(step, step.operation.span)


def as_things_stand(trace: Trace) -> Iterator[Hit]:
    """Steps that no server runs as they are written, one a statement.

    Not the use of a new enum value: that has a page of its own.
    """
    seen: set[int] = set()
    for step in trace.steps:
        facts = step.facts
        if facts.get("failure") != "state" or facts.get("fails") != "always" or facts.get("unsafe_label"):
            continue
        if step.statement.number not in seen:
            seen.add(step.statement.number)
            yield Hit(step, step.operation.span)
