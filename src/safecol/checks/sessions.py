"""The session around statements: a trace comes in; what needs a transaction, or a longer patience, goes out."""

from collections.abc import Iterator

from safecol.checks import timeouts
from safecol.trace import Hit, Step, Trace

_SHORT = {"lock_timeout": 60_000, "statement_timeout": 600_000, "transaction_timeout": 600_000}
"""Milliseconds up to which a timeout may well fire during a concurrent build, by its name."""

_LEFT_BEHIND = {
    "create-index": "an INVALID index",
    "drop-index": "an INVALID index",
    "reindex": "an INVALID index whose name ends in `_ccnew`",
    "detach-partition": "a detach that is pending",
}
_MODES = frozenset({"transaction_isolation", "transaction_read_only", "transaction_deferrable"})


def builds_cut_short(trace: Trace) -> Iterator[Hit]:
    """CONCURRENTLY under a short timeout that the file itself sets; in a transaction it is refused anyway."""
    for step in trace.steps:
        left = _LEFT_BEHIND.get(step.operation.kind)
        if left is None or step.effect.duration != "concurrent" or not step.existing or step.transaction is not None:
            continue
        for name, longest in _SHORT.items():
            value = step.settings.get(name, "")
            setter = _setter(trace, step, name)
            if setter is not None and value.isdigit() and 0 < int(value) <= longest:
                values = {"setting": name, "value": _time(int(value)), "left": left}
                related = ((trace.migration.path, setter.operation.span, "the timeout is set here"),)
                yield Hit(step, step.operation.span, values, related)
                break


def _setter(trace: Trace, step: Step, name: str) -> Step | None:
    """The SET before a step whose value holds at it; None where that comes from elsewhere."""
    for other in reversed(trace.steps):
        operation = other.operation
        if other.statement.number >= step.statement.number or operation.kind not in {"set", "reset"}:
            continue
        if operation.new_name not in {name, "all"} or ("local" in operation.flags and other.transaction is None):
            continue
        return other if operation.kind == "set" else None
    return None


def _time(milliseconds: int) -> str:
    return f"{milliseconds // 1000} s" if milliseconds % 1000 == 0 else f"{milliseconds} ms"


def without_transaction(trace: Trace) -> Iterator[Hit]:
    """SET LOCAL, LOCK TABLE, SAVEPOINT and SET CONSTRAINTS outside a transaction.

    SET LOCAL of a timeout whose absence `timeouts.unbounded_waits` tells of is left to that.
    """
    for step in trace.steps:
        if step.facts.get("transaction") != "outside":
            continue
        operation = step.operation
        if operation.kind == "lock-table":
            yield _alone(step, "LOCK TABLE", "the server refuses it")
        elif operation.kind in {"savepoint", "rollback-to", "release"}:
            yield _alone(step, operation.kind.split("-")[0].upper(), "the server refuses it")
        elif operation.kind == "set-constraints":
            yield _alone(step, "SET CONSTRAINTS", "it has no effect")
        elif operation.kind == "set" and "local" in operation.flags and not _within_query(trace, step):
            if operation.new_name in _SHORT and any(timeouts.unbounded_waits(trace)):
                continue
            words = "SET TRANSACTION" if operation.new_name in _MODES else f"SET LOCAL {operation.new_name}"
            yield _alone(step, words, "it has no effect")


def _within_query(trace: Trace, step: Step) -> bool:
    """Whether the setting is made by `SELECT set_config(…)`."""
    return any(one.operation.kind == "select" for one in trace.steps if one.statement == step.statement)


def _alone(step: Step, command: str, then: str) -> Hit:
    return Hit(step, step.operation.span, {"command": command, "then": then})


def locks_that_add_up(trace: Trace) -> Iterator[Hit]:
    """The first lock that makes reads wait in a file whose transaction the runner shares with others."""
    if trace.section.transaction != "shared":
        return
    runner = "the runner" if trace.migration.runner in {"", "plain"} else trace.migration.runner
    for step in trace.steps:
        if step.transaction_kind == "shared" and "reads" in step.effect.blocks and step.facts.get("table") != "small":
            yield Hit(step, step.operation.span, {"runner": runner, "table": step.table or "a table"})
            return
