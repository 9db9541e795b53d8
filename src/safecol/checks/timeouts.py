"""Timeouts: a trace comes in; the first strong lock request that nothing bounds goes out."""

from collections.abc import Iterator

from safecol.checks.held import named
from safecol.checks.transactions import waiting
from safecol.trace import Hit, Step, Trace

LONGEST = 60_000
"""Milliseconds up to which a timeout counts as a bound: what queues behind the request waits as long."""

# Each of them ends the wait for a lock.
_BOUNDS = ("lock_timeout", "statement_timeout", "transaction_timeout")


def unbounded_waits(trace: Trace) -> Iterator[Hit]:
    """Brief strong locks on existing tables requested while no timeout ends the wait; the page shows a file's first.

    A statement that holds its lock for long has a finding of its own, whose cure is another statement, and so has
    DROP INDEX.
    """
    slow = (step for step in trace.steps if step.effect.blocks and step.facts.get("duration") == "table")
    seen = {step.statement.number for step in slow}
    for step in trace.steps:
        number = step.statement.number
        if number in seen or not step.effect.blocks or step.effect.duration == "concurrent":
            continue
        if step.facts.get("duration") == "table" or step.operation.object == "type" or _otherwise(step):
            continue
        if any(_bounds(step.settings.get(name)) for name in _BOUNDS):
            continue
        seen.add(number)
        mode, relation = _strongest(trace, step)
        values = {
            "why": _why(trace, step),
            "mode": mode,
            "relation": named(trace, step, relation),
            "waiting": waiting(trace.locks[mode]),
        }
        yield Hit(step, step.operation.span, values)


def unbounded_metadata_waits(trace: Trace) -> Iterator[Hit]:
    """Changes of existing tables while nothing ends the wait for their metadata lock; the page shows a file's first.

    Online ones too: they take the lock for a moment at both ends.
    """
    for step in trace.steps:
        mode = next((one for name, one in step.whole.locks if name == step.table), None)
        if not step.existing or step.facts.get("table") != "existing" or mode != "EXCLUSIVE":
            continue
        if dict(step.operation.options).get("wait") is not None:
            continue
        if step.effect.fails is not None and step.effect.fails.when == "always":
            continue
        if step.whole.blocks and step.whole.duration == "table":
            continue  # it holds others up for long, and has a finding of its own
        if not _bounds(step.settings.get("lock_timeout")):
            yield Hit(step, step.operation.span, {"relation": step.table or ""})


def limited(trace: Trace) -> bool:
    """Whether something ends the wait for a lock before the first statement has run."""
    return not trace.steps or any(_bounds(trace.steps[0].settings.get(name)) for name in _BOUNDS)


def _otherwise(step: Step) -> bool:
    """Whether it is DROP INDEX where CONCURRENTLY would make nobody queue: its wait is `blocking-index-removal`."""
    facts = step.facts
    return (
        step.operation.kind == "drop-index"
        and facts.get("table") == "existing"
        and facts.get("concurrently") is False
        and facts.get("partitioned") is not True
    )


def _bounds(value: str | None) -> bool:
    # What isn't a number of milliseconds was not understood: it may well be a bound.
    return value is not None and (not value.isdigit() or 0 < int(value) <= LONGEST)


def _why(trace: Trace, step: Step) -> str:
    value = step.settings.get("lock_timeout")
    if value == "0":
        return "`lock_timeout` is 0, which is off"
    if value is not None:
        return f"`lock_timeout` is {int(value) // 1000} s"
    earlier = [one for one in trace.steps if one.statement.number < step.statement.number]
    for other in reversed(earlier):
        if other.operation.new_name != "lock_timeout":
            continue
        if other.operation.kind == "set" and "local" in other.operation.flags:
            if other.transaction is None:
                return "`SET LOCAL lock_timeout` outside a transaction has no effect"
            return "`SET LOCAL lock_timeout` ended with its transaction"
        return "`lock_timeout` was reset"
    return "no `lock_timeout` is set"


def _strongest(trace: Trace, step: Step) -> tuple[str, str]:
    """The mode and relation to name: the strongest, a table before an index, the statement's own table first."""
    index = step.table if step.operation.object == "index" else None
    modes = list(trace.locks)
    locks = [
        (-modes.index(mode), name == index, name != step.table, mode, name)
        for name, mode in step.effect.locks
        if trace.locks[mode]
    ]
    *_, mode, relation = min(locks)
    return mode, relation
