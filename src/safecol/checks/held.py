"""Locks held: a trace comes in; slow statements that run while a strong lock of the same transaction is held go out."""

import re
from collections.abc import Iterator

from safecol.checks.transactions import validations, waiting
from safecol.expressions import is_masked
from safecol.patterns import lazy
from safecol.trace import HeldLock, Hit, Step, Trace

_ROWS = frozenset({"insert", "update", "delete", "merge", "copy-in", "copy-out"})
_COPIES = frozenset({"create-table-as", "create-materialized-view"})
_DROPS = frozenset({"drop-table", "drop-view"})
_WITH = lazy(r"\bWITH\s+(?:RECURSIVE\s+)?\S+\s*(?:\([^)]*\)\s*)?AS\b", re.IGNORECASE)
_CATALOGS = frozenset({"pg_catalog", "information_schema"})
# `batched`: in a loop that commits.
FEW = frozenset({"limit", "batched"})


def across_slow_statements(trace: Trace) -> Iterator[Hit]:
    """The first slow statement of each transaction that runs under a lock taken before it, with the timeline.

    Not a slow statement that blocks others itself: it has its own finding, whose cure takes it out of the transaction.
    VALIDATE under the lock of its own NOT VALID is `validated_at_once`; changes of rows are `backfill.under_locks`.
    """
    paired = {id(step) for step, _ in validations(trace)}
    # Into a table that was there before it is `backfill.under_locks`.
    copied = {id(step) for step in copies(trace) if not step.existing}
    seen: set[int] = set()
    for step in trace.steps:
        if step.transaction is None or step.transaction in seen or id(step) in paired:
            continue
        if not _slow(step) and id(step) not in copied:
            continue
        if step.whole.blocks:
            continue
        lock = next(iter(strong(trace, step)), None)
        if lock is not None:
            seen.add(step.transaction)
            yield hit(trace, step, lock)


def copies(trace: Trace) -> list[Step]:
    """INSERT … SELECT that goes over all of a table that was there before the change set."""
    found = [
        step
        for step in trace.steps
        if step.operation.kind == "insert"
        and "select-source" in step.operation.flags
        and not step.operation.flags & FEW
        and ("where" not in step.operation.flags or "always-true" in step.operation.flags)
        # What WITH gives may well be a few rows.
        and not _WITH.search(trace.text, step.statement.span.start, step.statement.span.end)
    ]
    if not found:
        return []
    created = created_tables(trace)
    return [
        step
        for step in found
        if any(name.schema not in _CATALOGS and name.name not in created for name in step.operation.reads)
    ]


def created_tables(trace: Trace) -> set[str]:
    """The names of the tables that the change set has made up to the end of the section."""
    kinds = {"create-table", "create-table-as"}
    steps = (step for each in (*trace.before, trace) for step in each.steps if step.operation.kind in kinds)
    return {step.operation.relation.name for step in steps if step.operation.relation}


def strong(trace: Trace, step: Step) -> list[HeldLock]:
    """The locks of tables held before a step that make others wait: the strongest, its own table's, the oldest first.

    Not those of tables that are dropped: nobody waits for them to any purpose. Nor what changes of rows take.
    """
    if not step.held:
        return []
    taking = {
        other.statement.number for other in trace.steps if other.whole.blocks and other.operation.kind not in _ROWS
    }
    gone = {
        (other.statement.number, other.table)
        for other in trace.steps
        if other.operation.kind in _DROPS or other.operation.object == "index"
    }
    held = [
        lock
        for lock in step.held
        if lock.blocks and lock.statement in taking and (lock.statement, lock.relation) not in gone
    ]
    return sorted(held, key=lambda lock: (-len(lock.blocks), lock.relation != step.table, lock.statement))


def _slow(step: Step) -> bool:
    effect = step.effect
    if step.operation.kind in _ROWS or step.facts.get("duration") != "table":
        return False
    if not step.existing and step.operation.kind not in _COPIES:
        return False
    return bool(effect.scan or effect.rebuilt)


def hit(trace: Trace, step: Step, lock: HeldLock) -> Hit:
    """The hit of a step that runs under a lock: which one, since which line, who waits."""
    steps = [one for one in trace.steps if one.statement.number == lock.statement]
    taken = next((one for one in steps if one.table == lock.relation), steps[0])
    values = {
        "relation": named(trace, taken, lock.relation),
        "mode": lock.mode,
        "since": str(trace.line(taken.statement.span)),
        "waiting": waiting(lock.blocks),
        "work": _work(trace, step),
    }
    related = ((trace.migration.path, taken.statement.span, f"{lock.mode} on `{lock.relation}` is taken here"),)
    return Hit(step, step.operation.span, values, related)


def named(trace: Trace, step: Step, relation: str) -> str:
    """A relation's name as the step's own source writes it where it can be told, placeholders included."""
    from safecol.slices import values

    if step.table != relation or step.operation.object == "index":
        return relation
    return values(step, trace.text).get("table") or relation


def _work(trace: Trace, step: Step) -> str:
    effect = step.effect
    if step.operation.kind == "insert":
        source = step.operation.reads[0]
        return "writes many rows" if is_masked(source.name) else f"copies all of `{source}`"
    relation = next(iter((*effect.scan, *effect.rebuilt)), step.table or "")
    return f"{'reads all of' if effect.scan else 'builds anew'} `{named(trace, step, relation)}`"
