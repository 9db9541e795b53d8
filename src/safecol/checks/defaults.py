"""Defaults: a trace comes in; dropped defaults that running code may rely on go out."""

from collections.abc import Iterator

from safecol.trace import Hit, Trace

_RELIEVES = frozenset({"set-default", "add-identity", "drop-not-null", "drop-column"})


def dropped_without_replacement(trace: Trace) -> Iterator[Hit]:
    """DROP DEFAULT of a NOT NULL column, unless a later step of the section gives it a value or takes it away."""
    for at, step in enumerate(trace.steps):
        operation = step.operation
        if operation.kind != "drop-default" or not step.existing:
            continue
        if step.facts.get("nullable") is not False or step.facts.get("default") == "none":
            continue
        later = (after.operation for after in trace.steps[at + 1 :])
        if not any(
            other.kind in _RELIEVES and other.relation == operation.relation and other.column == operation.column
            for other in later
        ):
            yield Hit(step, operation.span)
