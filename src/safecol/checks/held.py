"""Locks held: a trace comes in; slow statements that run while a strong lock of the same transaction is held go out."""

from collections.abc import Iterator

from safecol.checks.transactions import validations, waiting
from safecol.trace import HeldLock, Hit, Step, Trace

_ROWS = frozenset({"insert", "update", "delete", "merge", "copy-in", "copy-out"})
_WEAK = frozenset({"ACCESS SHARE", "ROW SHARE", "ROW EXCLUSIVE", "SHARE UPDATE EXCLUSIVE"})


def across_slow_statements(trace: Trace) -> Iterator[Hit]:
    """The first slow statement of each transaction under a lock that it doesn't take itself, with the timeline.

    VALIDATE under the lock of its own NOT VALID is `validated_at_once`; changes of rows are `backfills_under_lock`.
    """
    paired = {id(step) for step, _ in validations(trace)}
    seen: set[int] = set()
    for step in trace.steps:
        if step.transaction is None or step.transaction in seen or not _slow(step) or id(step) in paired:
            continue
        lock = next((lock for lock in strong(trace, step) if _adds(lock, step)), None)
        if lock is None:
            continue
        seen.add(step.transaction)
        yield _hit(trace, step, lock)


def strong(trace: Trace, step: Step) -> Iterator[HeldLock]:
    """The locks of tables held before a step that make others wait: the strongest first, then the oldest."""
    blocking = {other.statement.number for other in trace.steps if other.whole.blocks}
    held = [lock for lock in step.held if lock.blocks and lock.statement in blocking]
    held.sort(key=lambda lock: (-len(lock.blocks), lock.statement))
    yield from held


def under_lock(trace: Trace, step: Step) -> Hit | None:
    """The hit of a step that runs while a strong lock is held; None when none is."""
    lock = next(strong(trace, step), None)
    return _hit(trace, step, lock) if lock is not None else None


def _slow(step: Step) -> bool:
    effect = step.effect
    if step.operation.kind in _ROWS or step.facts.get("duration") != "table":
        return False
    return bool(effect.scan or effect.rewrite or effect.rebuilt)


def _adds(lock: HeldLock, step: Step) -> bool:
    """Whether the held lock makes more wait than the statement's own lock on the same relation does."""
    own = dict(step.whole.locks).get(lock.relation)
    if own is None or own in _WEAK:
        return True
    return own != "ACCESS EXCLUSIVE" and len(lock.blocks) > 1


def _hit(trace: Trace, step: Step, lock: HeldLock) -> Hit:
    taken = next(one for one in trace.steps if one.statement.number == lock.statement)
    values = {
        "relation": lock.relation,
        "mode": lock.mode,
        "since": str(trace.text.count("\n", 0, taken.statement.span.start) + 1),
        "waiting": waiting(lock.blocks),
        "work": _work(step),
    }
    related = ((trace.migration.path, taken.statement.span, f"{lock.mode} on `{lock.relation}` is taken here"),)
    return Hit(step, step.operation.span, values, related)


def _work(step: Step) -> str:
    effect = step.effect
    name = next(iter((*effect.rewrite, *effect.scan, *effect.rebuilt)), step.table or "")
    if effect.rewrite:
        return f"rewrites `{name}`"
    if step.operation.kind == "create-index":
        return f"builds an index on `{name}`"
    return f"reads all of `{name}`" if effect.scan else f"builds `{name}` anew"
