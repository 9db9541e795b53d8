"""Algorithms of ALTER TABLE: a trace comes in; where clauses spoil each other, repeat or contradict goes out."""

from collections.abc import Iterator

from safecol.effect import Effect
from safecol.trace import Hit, Step, Trace

_RANKS = ("instant", "metadata", "index", "rebuild", "copy")
_WORDS = {
    "instant": "instant",
    "metadata": "a change of metadata",
    "index": "the build of an index",
    "rebuild": "a rebuild of the table",
    "copy": "a copy of the table under which writes wait",
}


def _statements(trace: Trace) -> Iterator[list[Step]]:
    """The steps of each statement that has an algorithm, on a table that others use."""
    found: dict[int, list[Step]] = {}
    for step in trace.steps:
        if step.effect.algorithm is not None and step.existing and step.facts.get("table") == "existing":
            found.setdefault(step.statement.number, []).append(step)
    yield from found.values()


def _way(effect: Effect) -> str:
    if effect.algorithm == "COPY":
        return "copy"
    if effect.rewrite:
        return "rebuild"
    if effect.algorithm == "INSTANT":
        return "instant"
    return "index" if effect.scan else "metadata"


def _refused(steps: list[Step]) -> bool:
    fails = steps[0].whole.fails
    return fails is not None and fails.when == "always"


def downgraded(trace: Trace) -> Iterator[Hit]:
    """Statements whose clauses cost more together than the dearest of them alone."""
    for steps in _statements(trace):
        whole = _way(steps[0].whole)
        fails = steps[0].whole.fails
        # What can't be done on rows has to be done in another way, whatever it costs.
        if (fails is not None and fails.when in ("always", "rows")) or _RANKS.index(whole) < _RANKS.index("rebuild"):
            continue
        alone = [_way(step.effect) for step in steps]
        dearest = max(alone, key=_RANKS.index)
        if _RANKS.index(whole) <= _RANKS.index(dearest):
            continue
        asked = next((str(step.facts["asked_algorithm"]) for step in steps if step.facts.get("asked_algorithm")), "")
        culprit = steps[alone.index(dearest)]
        values = {}
        if len(steps) == 1 or (asked and dearest == "instant"):
            spoilt, what = steps[0], f"`ALGORITHM={asked.upper()}`"
            values["help"] = f"Leave {what} away, or write `ALGORITHM=INSTANT`, which the server refuses where it can't"
        else:
            spoilt = next((step for step in steps if step.effect.beside in ("rebuild", "copy")), steps[0])
            if spoilt is culprit:
                culprit = next(step for step in steps if step is not spoilt)
            span = culprit.operation.span
            what = f"`{' '.join(trace.text[span.start : span.end].split())[:60]}`"
        values |= {"what": what, "whole": _WORDS[whole], "alone": _WORDS[_way(spoilt.effect)]}
        yield Hit(spoilt, spoilt.operation.span, values)


def contradictory(trace: Trace) -> Iterator[Hit]:
    """Statements whose ALGORITHM or LOCK clause the server refuses."""
    seen = set()
    for step in trace.steps:
        fails = step.whole.fails
        if fails is not None and fails.cause == "assertion" and step.statement.number not in seen:
            seen.add(step.statement.number)
            # At its only clause, where what it would cost is found too: the one covers the other.
            alone = len(step.statement.operations) == 1
            span = step.operation.span if alone else step.statement.span
            yield Hit(step, span, {"because": fails.reason})


def unasserted(trace: Trace) -> Iterator[Hit]:
    """Changes of tables that others use which leave the algorithm to the server."""
    for steps in _statements(trace):
        first = steps[0]
        if first.facts.get("asked_algorithm") or first.facts.get("asked_lock") or _refused(steps):
            continue
        whole = first.whole
        clause = (
            f"ALGORITHM={whole.algorithm}"
            if whole.algorithm == "INSTANT"
            else (f"ALGORITHM={whole.algorithm}, LOCK={whole.lock_clause or 'NONE'}")
        )
        yield Hit(first, first.operation.span, {"asserted": clause})


def repeated(trace: Trace) -> Iterator[Hit]:
    """The second statement on a table that writes a whole table anew, where one could have done the work of both."""
    first: dict[str, Step] = {}
    told: set[str] = set()
    for steps in _statements(trace):
        step = steps[0]
        if step.table is None or not step.whole.rewrite or step.whole.unknown or _refused(steps):
            continue
        if step.facts.get("constraint") == "foreign-key":
            continue  # there is a way to add it that writes nothing
        if not any(one.effect.rewrite for one in steps):
            continue  # only together, or by the algorithm that is asked for: `downgraded`
        earlier = first.get(step.table)
        if earlier is None:
            first[step.table] = step
            continue
        if step.table in told or step.operation.kind in _ALONE or earlier.operation.kind in _ALONE:
            continue
        told.add(step.table)
        yield Hit(
            step,
            step.statement.span,
            {"since": str(trace.line(earlier.statement.span))},
            ((trace.migration.path, earlier.statement.span, "the first of them"),),
        )


# What no other clause can stand beside.
_ALONE = frozenset(
    {
        "optimize", "partition-table", "remove-partitioning", "add-partition", "reorganize-partition",
        "rebuild-partition", "coalesce-partition", "optimize-partition", "truncate",
    }
)  # fmt: skip


def near_version_limit(trace: Trace) -> Iterator[Hit]:
    """Instant changes of columns near the number after which the server rebuilds the table without a word."""
    for steps in _statements(trace):
        for step in steps:
            made, limit = step.facts.get("row_versions"), step.facts.get("row_version_limit")
            if isinstance(made, int) and isinstance(limit, int) and made * 8 >= limit * 7:
                values = {"made": str(made), "limit": str(limit)}
                yield Hit(step, step.operation.span, values)
                break
