"""Findings with stages come in; they go out with what their statements do besides, as a stage of its own."""

from collections.abc import Sequence

from safecol.dialects import loaded
from safecol.finding import Finding, Stage
from safecol.operations import Operation
from safecol.source import Span
from safecol.trace import Trace

TITLE = "What the statement does besides, as it stands"
ALSO = "this clause of the statement does it too"
"""What is said of a clause that has its stages in the finding of another."""


def with_kept_clauses(found: list[Finding], traces: Sequence[Trace]) -> list[Finding]:
    """The clauses of an ALTER TABLE that no stage is for come before or after the stages of the others.

    Without them who puts the stages in the statement's place would lose those clauses.
    """
    staged: dict[int, list[int]] = {}
    for at, finding in enumerate(found):
        if any(stage.sql for stage in finding.stages):
            staged.setdefault(finding.statement, []).append(at)
    if not staged:
        return found
    result = list(found)
    for trace in traces:
        seen: set[int] = set()
        for step in trace.steps:
            statement = step.statement
            if statement.number in seen or statement.number not in staged:
                continue
            seen.add(statement.number)
            clauses = [each for each in statement.operations if "inline" not in each.flags]
            if step.transaction_kind != "body" and _apart(clauses, statement.span):
                _keep(result, staged[statement.number], clauses, trace, statement.span)
    return result


def _apart(clauses: Sequence[Operation], whole: Span) -> bool:
    """Whether they stand one behind another, after the statement's own words."""
    ends = [whole.start + 1, *(each.span.end for each in clauses)]
    return len(clauses) > 1 and all(end <= each.span.start for end, each in zip(ends, clauses, strict=False))


def _keep(found: list[Finding], at: list[int], clauses: Sequence[Operation], trace: Trace, whole: Span) -> None:
    about = [span for each in at for span in _about(found[each]) if whole.start <= span.start < whole.end]
    text = trace.text[whole.start : whole.end]
    left = [each for each in clauses if not any(each.span.start <= span.start < each.span.end for span in about)]
    if not left or any(stage.sql and text in stage.sql for each in at for stage in found[each].stages):
        return
    first = min(span.start for span in about)
    head = trace.text[whole.start : clauses[0].span.start]
    path = next((stage.sql for each in at for stage in found[each].stages if stage.sql), "")
    path = path.partition("\n")[0] + "\n" if path.lower().startswith("set search_path") else ""
    earlier = _stage(path + head, [each for each in left if each.span.start < first], trace)
    later = _stage(path + head, [each for each in left if each.span.start > first], trace)
    found[at[0]] = found[at[0]]._replace(stages=(*earlier, *found[at[0]].stages))
    found[at[-1]] = found[at[-1]]._replace(stages=(*found[at[-1]].stages, *later))


def _about(finding: Finding) -> list[Span]:
    return [finding.span, *(each.span for each in finding.related if each.message == ALSO)]


def _stage(head: str, clauses: Sequence[Operation], trace: Trace) -> tuple[Stage, ...]:
    if not clauses:
        return ()
    sql = head + ", ".join(trace.text[each.span.start : each.span.end] for each in clauses) + ";\n"
    return (Stage(TITLE, sql, True, "schema"),) if loaded.front(trace.migration.dialect).accepts(sql) else ()
