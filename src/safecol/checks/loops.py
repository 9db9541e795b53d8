"""Loops in procedures: a trace comes in; those that are one transaction, or change the same rows again, go out."""

from collections.abc import Iterator

from safecol.trace import Hit, Step, Trace, in_transaction

_CHANGES = frozenset({"update", "delete", "insert"})
_ENDS = frozenset({"commit", "rollback"})


def in_one_transaction(trace: Trace) -> Iterator[Hit]:
    """Loops that change rows of an existing table inside a transaction which doesn't end in the loop."""
    ended = {_place(step) for step in trace.steps if step.operation.kind in _ENDS}
    told: set[tuple[int, str]] = set()
    for step in trace.steps:
        place = _place(step)
        if not place[1] or place in ended or place in told or step.operation.kind not in _CHANGES:
            continue
        if "values-source" in step.operation.flags:
            continue  # rows that are new lock nobody out
        if step.existing and (in_transaction(step) or step.settings.get("autocommit") == "0"):
            told.add(place)
            yield Hit(step, step.operation.span, {"table": step.table or ""})


def of_the_same_rows(trace: Trace) -> Iterator[Hit]:
    """UPDATE … LIMIT in a loop whose condition is as true after it as before."""
    for step in trace.steps:
        if step.facts.get("same_rows") is True and _place(step)[1] and step.existing:
            yield Hit(step, step.operation.span, {"table": step.table or ""})


def _place(step: Step) -> tuple[int, str]:
    """The statement and the loop in it; the loop is empty outside of one."""
    return step.statement.number, next((value for key, value in step.operation.options if key == "loop"), "")
