"""Inserts: a trace comes in; those that depend on the order of a table's columns go out."""

from collections.abc import Iterator

from safecol.trace import Hit, Trace


def positional(trace: Trace) -> Iterator[Hit]:
    """INSERT without a list of columns into an existing table, and with a list from SELECT *."""
    for step in trace.steps:
        operation = step.operation
        if operation.kind != "insert" or not step.existing or operation.query is None:
            continue
        if "column-list" not in operation.flags:
            if len(operation.query.outputs) > 1 or "select-source" in operation.flags:
                yield Hit(step, operation.span, {"how": "names no columns"})
        elif operation.query.star and "select-source" in operation.flags:
            yield Hit(step, operation.span, {"how": "reads `SELECT *`"})
