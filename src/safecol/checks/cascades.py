"""Drops with CASCADE: a trace comes in; those that take something along, or may, go out."""

from collections.abc import Iterator

from safecol.checks.frameworks import words_it
from safecol.trace import Hit, Trace


def taking_along(trace: Trace) -> Iterator[Hit]:
    """DROP … CASCADE of what existed before, unless everything is known and nothing depends on it.

    Django sends CASCADE with each drop, so that its word says nothing: there only what is known to go counts.
    """
    seen: set[int] = set()
    for step in trace.steps:
        operation = step.operation
        if "cascade" not in operation.flags or not operation.kind.startswith("drop-") or not step.existing:
            continue
        takes = step.facts.get("takes")
        if takes == "" or operation.kind == "drop-owned" or (operation.span.start in seen and not takes):
            continue
        if not takes and words_it(trace, step):
            continue
        seen.add(operation.span.start)
        names = str(takes).split(", ") if takes else []
        shown = ", ".join(f"`{name}`" for name in names[:5]) + (f" and {len(names) - 5} more" if names[5:] else "")
        word = operation.object.replace("-", " ")
        if operation.kind in ("drop-column", "drop-constraint"):
            word = operation.kind.removeprefix("drop-")
        values = {"word": word, "taken": shown or "whatever depends on it"}
        yield Hit(step, operation.span, values)
