"""Findings of a file come in; one for each cause goes out."""

from collections.abc import Sequence

from safecol.finding import Finding, Stage
from safecol.heads import Rule
from safecol.read_file import ANYTHING
from safecol.source import Span

_Place = tuple[Span, str | None]


def is_unused(finding: Finding, unused: frozenset[tuple[str, str]]) -> bool:
    """Whether a drop breaks nobody: the code that named the column or table has gone before."""
    if finding.rule not in ("column-drop", "table-drop"):
        return False
    return ANYTHING in unused or (finding.table or "", finding.column or "") in unused


def once(found: list[Finding]) -> list[Finding]:
    """One finding a place, however often a loop comes to it with the same table; with the stages of each time."""
    kept: dict[tuple[object, ...], Finding] = {}
    for one in found:
        key = (one.rule, one.span, one.table, one.column, one.path)
        first = kept.setdefault(key, one)
        known = {stage.sql for stage in first.stages if stage.sql}
        if first is not one and any(stage.sql and stage.sql not in known for stage in one.stages):
            more = (stage._replace(statement=one.statement) for stage in one.stages)
            kept[key] = first._replace(stages=(*first.stages, *more))
    return list(kept.values())


def uncovered(found: list[Finding], rules: Sequence[Rule], *, by_table: bool) -> list[Finding]:
    """One finding for one cause: a rule that covers another takes its place, and has its stages where it has none.

    With `by_table` it covers findings of its own table only: one DROP may take several, all of them at one place.
    """
    covers = {rule.name: rule.covers for rule in rules if rule.covers}
    strong = [finding for finding in found if finding.rule in covers]
    if not strong:
        return found

    def place(each: Finding) -> _Place:
        return each.span, each.table if by_table else None

    covered = {(name, place(finding)): finding for finding in strong for name in covers[finding.rule]}
    stages: dict[tuple[str, _Place], tuple[Stage, ...]] = {}
    staged: set[tuple[str, _Place, int]] = set()
    for each in sorted(found, key=lambda one: one.rule not in covers):
        at = place(each)
        by = covered.get((each.rule, at), each)
        if not each.stages or (by.rule, at, each.statement) in staged:
            continue
        staged.add((by.rule, at, each.statement))
        own = tuple(stage._replace(statement=stage.statement or each.statement) for stage in each.stages)
        stages[by.rule, at] = (*stages.get((by.rule, at), ()), *own)
    return [
        each._replace(stages=_in_order(stages.get((each.rule, place(each)), ()))) if each in strong else each
        for each in found
        if (each.rule, place(each)) not in covered
    ]


def _in_order(stages: Sequence[Stage]) -> tuple[Stage, ...]:
    """The stages in the order of the statements that they are for."""
    return tuple(sorted(stages, key=lambda stage: stage.statement))
