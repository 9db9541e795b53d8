"""Changes for which a table has to be built anew: a trace comes in, such steps go out with the SQL that does it.

The dialect's facts hold that SQL as `anew` where everything that it takes is known.
"""

from collections.abc import Iterator

from safecol.checks import refusals
from safecol.trace import Hit, Step, Trace

_STATED = frozenset({"add-column", "add-constraint", "drop-table"})


def by_version(trace: Trace) -> Iterator[Hit]:
    """What the server has no statement for in this version."""
    return (_with_sql(hit) for hit in refusals.by_version(trace))


def as_things_stand(trace: Trace) -> Iterator[Hit]:
    """What the server refuses whatever its version, given the schema."""
    return (_with_sql(hit) for hit in refusals.as_things_stand(trace))


def by_dependents(trace: Trace) -> Iterator[Hit]:
    """What the server refuses because something still uses what is dropped or renamed."""
    for step in trace.steps:
        if step.facts.get("fails") == "always" and step.facts.get("failure") == "dependents":
            yield _with_sql(Hit(step, step.operation.span))


def failing_on_rows(trace: Trace) -> Iterator[Hit]:
    """New columns that are refused once there are rows, one finding a statement; not those that only lack a value."""
    seen: set[int] = set()
    for step in _failing(trace):
        if not _lacks_value(step) and step.statement.number not in seen:
            seen.add(step.statement.number)
            yield _with_sql(Hit(step, step.operation.span))


def without_value(trace: Trace) -> Iterator[Hit]:
    """New columns that are NOT NULL and give existing rows nothing."""
    return (_with_sql(Hit(step, step.operation.span)) for step in _failing(trace) if _lacks_value(step))


def _failing(trace: Trace) -> Iterator[Step]:
    for step in trace.steps:
        # `always`: older versions refuse it on an empty table too.
        lasting = step.effect.fails is not None and step.effect.fails.when == "rows"
        if step.operation.kind in _STATED and step.existing and lasting:
            yield step


def _lacks_value(step: Step) -> bool:
    facts = step.facts
    return facts.get("nullable") is False and facts.get("default") == "none" and facts.get("generated") == "none"


def _with_sql(hit: Hit) -> Hit:
    anew = hit.step.facts.get("anew") if hit.step is not None else None
    return hit._replace(values={**hit.values, "anew": anew}) if isinstance(anew, str) else hit
