"""Writes that replace rows: a trace comes in, those that delete the row which is in the way go out."""

from collections.abc import Iterator

from safecol.trace import Hit, Step, Trace


def rows(trace: Trace) -> Iterator[Hit]:
    """REPLACE, INSERT OR REPLACE and UPDATE OR REPLACE on existing tables whose rows others may refer to."""
    for step in trace.steps:
        if step.operation.kind not in ("insert", "update") or not step.existing:
            continue
        if "replace" in step.operation.flags:
            yield Hit(step, step.operation.span, {"loses": _loses(step)})


def _loses(step: Step) -> str:
    children = [name for name in str(step.facts.get("taking") or "").split(",") if name]
    if children:
        return "rows of " + ", ".join(f"`{name}`" for name in children[:3]) + " that refer to it go along"
    return "columns that it doesn't name go back to their defaults, and rows that refer to it may go along"
