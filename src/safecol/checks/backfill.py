"""Changes of rows: a trace comes in, UPDATE, DELETE and INSERT that go over a whole existing table go out."""

from collections.abc import Iterator

from safecol.checks.held import FEW, copies, hit, strong
from safecol.expressions import (
    Call,
    Collection,
    ColumnReference,
    Expression,
    Junction,
    NullTest,
    Operator,
    Subquery,
    columns,
    conjuncts,
    is_masked,
    walk,
)
from safecol.operations import Operation
from safecol.trace import Hit, Step, Trace


def unfiltered_updates(trace: Trace) -> Iterator[Hit]:
    """UPDATE of an existing table without a WHERE, or with one that is always true; not one of `under_locks`."""
    return (_hit(step) for step in _unfiltered_updates(trace) if not _locked(trace, step))


def unfiltered_deletes(trace: Trace) -> Iterator[Hit]:
    """DELETE from an existing table without a WHERE, or with one that is always true."""
    return (_hit(step) for step in trace.steps if step.existing and _unfiltered(step.operation, "delete"))


def unbatched_backfills(trace: Trace) -> Iterator[Hit]:
    """UPDATE and DELETE whose WHERE doesn't pick single rows; INSERT … SELECT from one existing table into another.

    Those that run under a strong lock are `under_locks`: one cause, one finding.
    """
    return (_told(step) for step in _unbatched(trace) if not _locked(trace, step))


def under_locks(trace: Trace) -> Iterator[Hit]:
    """Changes of whole existing tables while their transaction holds a lock that others wait for.

    One hit for each transaction, at its first such change; the others are related places. It is a warning where each
    only picks the rows with some value, which may well be few.
    """
    changes = [step for step in (*_unfiltered_updates(trace), *_unbatched(trace)) if _locked(trace, step)]
    whole = {id(step) for step in changes}
    changes += [step for step in trace.steps if id(step) not in whole and _searched(trace, step)]
    few = {id(step) for step in changes if _by_value(step) and not _fills_new(trace, step)}
    changes.sort(key=lambda step: (id(step) in few, step.statement.number))
    first: dict[int | None, Step] = {}
    for step in changes:
        first.setdefault(step.transaction, step)
    for step in first.values():
        found = hit(trace, step, strong(trace, step)[0])
        others = tuple(
            (trace.migration.path, other.operation.span, "this change of rows runs under the lock too")
            for other in changes
            if other.transaction == step.transaction and other is not step
        )
        yield found._replace(related=(*found.related, *others), severity="warning" if id(step) in few else "")


def _locked(trace: Trace, step: Step) -> bool:
    return step.facts.get("table") != "small" and bool(strong(trace, step))


def _searched(trace: Trace, step: Step) -> bool:
    """Whether a filtered change reads all rows, or fills a new column, while readers of its own table wait."""
    if not step.existing or step.operation.flags & FEW or step.facts.get("table") == "small":
        return False
    sought = step.facts.get("sought")
    if sought not in ("none", "index") or (sought == "index" and not _fills_new(trace, step)):
        return False
    return any(lock.relation == step.table and "reads" in lock.blocks for lock in strong(trace, step))


def _by_value(step: Step) -> bool:
    """Whether the rows are those where a column has some given value: `status = 'draft'`, not a join, not IS NULL."""
    condition = step.operation.expression
    if condition is None or step.operation.kind not in {"update", "delete"}:
        return False
    return any(
        isinstance(part, Operator)
        and part.name in ("=", "in")
        and len(part.arguments) >= 2
        and isinstance(part.arguments[0], ColumnReference)
        and not any(columns(argument) or _asks(argument) for argument in part.arguments[1:])
        for part in conjuncts(condition)
    )


def _asks(expression: Expression) -> bool:
    return any(isinstance(part, Subquery) for part in walk(expression))


def _fills_new(trace: Trace, step: Step) -> bool:
    assigned = {name for key, name in step.operation.options if key == "column"}
    return any(
        other.operation.kind == "add-column" and other.table == step.table and other.operation.column in assigned
        for other in trace.steps
    )


def _unfiltered_updates(trace: Trace) -> Iterator[Step]:
    return (step for step in trace.steps if step.existing and _unfiltered(step.operation, "update"))


def _unbatched(trace: Trace) -> Iterator[Step]:
    copied = {id(step) for step in copies(trace)}
    for step in trace.steps:
        if not step.existing or step.operation.flags & FEW or step.facts.get("single") is True:
            continue
        if step.facts.get("wrong_object") is True:
            continue
        if id(step) in copied or (step.operation.kind in {"update", "delete"} and _broad(step.operation)):
            yield step


def _unfiltered(operation: Operation, kind: str) -> bool:
    if operation.kind != kind or "limit" in operation.flags:
        return False
    return "where" not in operation.flags or "always-true" in operation.flags


def _broad(operation: Operation) -> bool:
    """Whether the WHERE tests nothing but the assigned columns, NULL and how tables are joined.

    So do rows without a match in another table, and tests that ask whether there is a new value to be had.
    """
    condition = operation.expression
    if condition is None or "always-true" in operation.flags:
        return False
    parts = list(conjuncts(condition))
    if all(_unmatched(conjunct) for conjunct in parts):
        return True
    if any(isinstance(part, Subquery) for part in walk(condition)):
        return False  # the subquery may well have a LIMIT, or pick few rows
    assigned = {name for key, name in operation.options if key == "column"}
    sources = {name for key, name in operation.options if key == "from"}
    derived = [conjunct for conjunct in parts if columns(conjunct) & sources and _present(conjunct)]
    if any(_picks(conjunct, assigned) for conjunct in parts if conjunct not in derived):
        return False
    # A join with rows of the same table only is how batches are written: WITH batch AS (SELECT … LIMIT 1000).
    joined = bool(operation.reads) and any(_joins(conjunct) for conjunct in parts)
    return joined or bool(derived) or bool(columns(condition) & assigned)


def _present(conjunct: Expression) -> bool:
    """Whether a test asks whether there is a value: a function, IS NOT NULL, unlike another."""
    if isinstance(conjunct, NullTest):
        return conjunct.negated
    return isinstance(conjunct, Call) or (isinstance(conjunct, Operator) and conjunct.name in ("<>", "!=", "?"))


def _unmatched(conjunct: Expression) -> bool:
    """`NOT EXISTS (SELECT …)` and `c NOT IN (SELECT …)`."""
    inner = conjunct.arguments[0] if isinstance(conjunct, Junction) and conjunct.name == "not" else None
    if not isinstance(inner, Operator) or inner.name not in ("exists", "in"):
        return False
    return bool(inner.arguments) and isinstance(inner.arguments[-1], Subquery)


def _picks(conjunct: Expression, assigned: set[str]) -> bool:
    """Whether a test compares a column that isn't assigned with a value: it may select few rows."""
    if isinstance(conjunct, NullTest) or _joins(conjunct):
        return False
    return not columns(conjunct) <= assigned or not columns(conjunct)


def _joins(conjunct: Expression) -> bool:
    """Whether a test compares columns of two relations: `users.id = orders.user_id`."""
    qualifiers = {part.parts[:-1] for part in walk(conjunct) if isinstance(part, ColumnReference)}
    constants = any(isinstance(part, Collection) for part in walk(conjunct))
    return len(qualifiers) > 1 and not constants


def joined(condition: Expression | None) -> set[str]:
    """The columns that a WHERE compares with those of another relation."""
    parts = conjuncts(condition) if condition is not None else ()
    return {name for conjunct in parts if _joins(conjunct) for name in columns(conjunct)}


def _told(step: Step) -> Hit:
    if step.operation.kind == "insert":
        source = next(iter(step.operation.reads), None)
        # Of a query in Python, or a template, the name says nothing.
        known = f"All of `{source}` goes" if source is not None and not is_masked(source.name) else "Many rows go"
        what, how, until = f"{known} into", "in one statement", "a failure near its end loses all of it"
    else:
        verb = "deleted" if step.operation.kind == "delete" else "changed"
        what, how = "All rows that the condition finds in", f"are {verb} in one statement"
        until = "each stays locked until the last one is done"
    return Hit(step, step.operation.span, {"what": what, "how": how, "until": until})


def _hit(step: Step) -> Hit:
    return Hit(step, step.operation.span)
