"""Copies into a new table with constraints that the old one lacked: a trace comes in, those that rows may break go out.

The dialect's facts say of a copy which columns get no value, may be NULL, break a CHECK, repeat a key, match nothing.
"""

from collections.abc import Iterator

from safecol.operations import TableDefinition
from safecol.trace import Hit, Step, Trace

_FAILS = "the copy fails on the"
_BECOMES = {"nulled": "NOT NULL", "checked": "part of a new CHECK", "repeated": "unique", "unmatched": "a foreign key"}
_BREAKS = {
    "nulled": "is NULL there",
    "checked": "breaks it",
    "repeated": "repeats a value",
    "unmatched": "matches nothing",
}


def failing(trace: Trace) -> Iterator[Hit]:
    """One hit a copy: the column that gets nothing, or else those that are taken over as they are."""
    for step in trace.steps:
        source = step.facts.get("copied_from")
        if step.operation.kind != "insert" or not isinstance(source, str):
            continue
        ignoring = "ignore" in step.operation.flags
        lacking = _listed(step, "lacking")
        if lacking:
            what = f"`{lacking[0]}` is NOT NULL and gets no value"
            then = "OR IGNORE leaves out every row" if ignoring else f"{_FAILS} first row"
            yield Hit(step, step.operation.span, _values(step, source, what, then))
            continue
        yield from _taken_over(trace, step, source, ignoring=ignoring)


def _taken_over(trace: Trace, step: Step, source: str, *, ignoring: bool) -> Iterator[Hit]:
    for fact, becomes in _BECOMES.items():
        found = [part for part in _listed(step, fact) if not _mended(trace, step, source, set(part.split("+")))]
        replacing = "replace" in step.operation.flags
        if replacing and fact == "nulled":
            found = [part for part in found if not _has_default(trace, step, part)]
        if not found or (ignoring and fact == "unmatched"):
            continue
        columns = found[0].replace("+", ", ")
        more = f" and {len(found) - 1} more" if found[1:] else ""
        several = "+" in found[0] or bool(more)
        then = f"{_FAILS} first row that {_BREAKS[fact]}"
        if ignoring:
            then = f"OR IGNORE leaves out each row that {_BREAKS[fact]}"
        elif replacing and fact == "repeated":
            then = "of rows that are alike only the last is left"
        how = "become" if several else "becomes"
        values = _values(step, source, f"`{columns}`{more} {how} {becomes}", then)
        yield Hit(step, step.operation.span, values, severity="warning")
        return


def _values(step: Step, source: str, what: str, then: str) -> dict[str, str]:
    return {"what": what, "then": then, "old": source, "table": step.table or ""}


def _listed(step: Step, fact: str) -> list[str]:
    return [part for part in str(step.facts.get(fact) or "").split(",") if part]


def _has_default(trace: Trace, step: Step, column: str) -> bool:
    """Whether OR REPLACE puts a default in the place of NULL."""
    for one in trace.steps:
        definition = one.operation.definition
        if one.table == step.table and isinstance(definition, TableDefinition):
            return any(item.name == column and item.default is not None for item in definition.columns)
    return False


def _mended(trace: Trace, copy: Step, source: str, columns: set[str]) -> bool:
    """Whether the same change has seen to the rows before: it sets one of the columns, or deletes some rows."""
    for each in (*trace.before, trace):
        for step in each.steps:
            if step is copy:
                return False
            operation = step.operation
            if step.table != source:
                continue
            if operation.kind == "delete":
                return True
            if operation.kind == "update" and columns & {value for key, value in operation.options if key == "column"}:
                return True
    return False
