"""Locks on several tables: a trace comes in; locks that were not needed, or that add up, go out."""

from collections.abc import Iterator

from safecol.operations import Operation
from safecol.source import Span
from safecol.trace import Hit, Step, Trace

SEVERAL = 4
"""From how many tables on a transaction's locks are reported: fewer are what a foreign key and a rename need."""


def explicit(trace: Trace) -> Iterator[Hit]:
    """LOCK TABLE of an existing table in a mode that keeps others from reading it or from locking its rows.

    Left alone where the same transaction takes as strong a lock on the table afterwards: then it only comes earlier.
    """
    modes = list(trace.locks)
    for at, step in enumerate(trace.steps):
        mode = str(step.facts.get("mode"))
        if step.operation.kind != "lock-table" or not step.existing or mode not in modes[-2:]:
            continue
        if step.transaction is None or step.facts.get("table") == "small":
            continue  # without a transaction the server refuses it: `ineffective-outside-transaction`
        if not any(_as_strong(other, step, modes, mode) for other in trace.steps[at + 1 :]):
            yield Hit(step, step.operation.span, {"mode": mode, "table": step.table or "the table"})


def _as_strong(other: Step, step: Step, modes: list[str], mode: str) -> bool:
    if other.transaction != step.transaction or other.operation.kind == "lock-table":
        return False
    later = dict(other.effect.locks).get(step.table or "")
    return later in modes and modes.index(later) >= modes.index(mode)


def on_referenced(trace: Trace) -> Iterator[Hit]:
    """Statements on a foreign key that lock the table at its other end so that reads of that one wait.

    What drops a column or a table is a finding of its own, which tells of these locks too.
    """
    for step in trace.steps:
        if step.operation.kind not in {"drop-constraint", "alter-constraint", "change-type"} or not step.existing:
            continue
        if step.effect.duration != "instant" or "reads" not in step.effect.blocks:
            continue
        if step.facts.get("partitioned") is True:
            continue
        shut = [name for name, mode in step.effect.locks if "reads" in trace.locks[mode] and name != step.table]
        other = next((name for name in shut if name not in step.effect.rebuilt), None)
        if other is not None and _goes_on(trace, step, other):
            yield Hit(step, step.operation.span, {"referenced": other, "table": step.table or "the table"})


def _goes_on(trace: Trace, step: Step, referenced: str) -> bool:
    """Whether the transaction goes on to third tables that others use after this statement."""
    if step.transaction is None:
        return False
    pair = {step.table, referenced}
    return any(
        later.existing
        and later.effect.locks
        and later.table not in pair
        and not later.operation.kind.startswith("create-")
        for later in trace.steps
        if later.statement.number > step.statement.number and later.transaction == step.transaction
    )


def of_many_tables(trace: Trace) -> Iterator[Hit]:
    """The statement of each transaction with which the tables that others wait for become `SEVERAL`."""
    tables: dict[int, dict[str, Step]] = {}
    reported: set[int] = set()
    for step in trace.steps:
        number = step.transaction
        if number is None or number in reported or not _shuts_out(step):
            continue
        locked = tables.setdefault(number, {})
        locked.setdefault(step.table or "", step)
        if len(locked) < SEVERAL:
            continue
        reported.add(number)
        yield Hit(step, step.operation.span, {"count": str(_count(trace, number))}, _related(trace, locked, step))


def _of_table(operation: Operation) -> bool:
    return operation.object not in {"index", "view", "materialized-view", "sequence", "domain", "type"}


def _count(trace: Trace, number: int) -> int:
    return len({step.table for step in trace.steps if step.transaction == number and _shuts_out(step)})


def _shuts_out(step: Step) -> bool:
    """Whether reads of the step's own table, which existed before, wait for it."""
    if not step.existing or step.table is None or step.facts.get("table") == "small":
        return False
    return "reads" in step.effect.blocks and _of_table(step.operation)


def _related(trace: Trace, locked: dict[str, Step], last: Step) -> tuple[tuple[str, Span, str], ...]:
    return tuple(
        (trace.migration.path, step.operation.span, f"`{name}` is locked here")
        for name, step in locked.items()
        if step is not last
    )
