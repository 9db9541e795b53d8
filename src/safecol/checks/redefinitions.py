"""Views and routines: a trace comes in; those that deployed code loses, or finds changed under their name, go out."""

import re
from collections.abc import Iterator

from safecol.operations import Operation, RoutineDefinition
from safecol.patterns import lazy
from safecol.trace import Hit, Step, Trace

_VIEWS = frozenset({"create-view", "create-materialized-view", "create-table", "create-table-as"})
_REFUSED = "the server refuses to replace a view that way"
_DEFAULT = lazy(r"\bdefault\b|:?=", re.IGNORECASE)


def renamed_here(trace: Trace) -> set[str]:
    """Names that objects were given by a rename of the same change: deployed code does not know them."""
    steps = [step for each in (*trace.before, trace) for step in each.steps]
    kinds = ("rename-table", "rename-view", "rename-type", "rename-sequence", "rename-object", "rename-schema")
    return {step.operation.new_name or "" for step in steps if step.operation.kind in kinds}


def dropped_views(trace: Trace) -> Iterator[Hit]:
    """Drops of existing views that the section does not make again."""
    renamed = renamed_here(trace)
    for at, step in enumerate(trace.steps):
        if step.operation.kind != "drop-view" or not step.existing or _name(step) in renamed:
            continue
        if step.facts.get("wrong_object") is True:  # a table, which stays
            continue
        if _remade(trace.steps[at + 1 :], step) is None and not _taken(trace.steps[at + 1 :], step):
            yield Hit(step, step.operation.span)


def narrowed_views(trace: Trace) -> Iterator[Hit]:
    """Views that are made again without a column that they had, or that the server refuses to replace."""
    for at, step in enumerate(trace.steps):
        if step.operation.kind == "create-view" and step.facts.get("redefinition") == "refused":
            before = str(step.facts.get("outputs_before") or "").split(",")
            yield from _narrowed(step, before, _REFUSED)
        if step.operation.kind == "create-view" and step.existing and step.facts.get("redefinition") == "narrowed":
            yield from _narrowed(step, str(step.facts["outputs_before"]).split(","), "code that reads it fails")
        if step.operation.kind != "drop-view" or not step.existing or not step.facts.get("outputs"):
            continue
        made = _remade(trace.steps[at + 1 :], step)
        if made is not None:
            yield from _narrowed(made, str(step.facts["outputs"]).split(","), "code that reads it fails")


def _narrowed(step: Step, before: list[str], then: str) -> Iterator[Hit]:
    query = step.operation.query
    if query is None or query.star or None in query.outputs:
        return
    missing = [column for column in before if column not in query.outputs]
    if missing:
        yield Hit(step, step.operation.span, {"missing": _listed(missing), "then": then})
    elif then is _REFUSED:
        lost = "the types" if step.facts.get("retyped") is True else "the order"
        yield Hit(step, step.operation.span, {"missing": f"{lost} that its columns had", "then": then})


def _listed(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _remade(later: tuple[Step, ...], dropped: Step) -> Step | None:
    return next((step for step in later if step.operation.kind in _VIEWS and step.table == dropped.table), None)


def _taken(later: tuple[Step, ...], dropped: Step) -> bool:
    """Whether another view or table is given the name."""
    return any(
        step.operation.kind in ("rename-view", "rename-table") and step.operation.new_name == _name(dropped)
        for step in later
    )


def _name(step: Step) -> str:
    return step.operation.relation.name if step.operation.relation is not None else ""


def dropped_routines(trace: Trace) -> Iterator[Hit]:
    """Drops of existing functions and procedures that the section does not make again, trigger functions aside."""
    renamed = renamed_here(trace)
    made = {
        step.table: at for at, step in enumerate(trace.steps) if step.operation.kind == "create-routine"
    }  # the last of each name
    for at, step in enumerate(trace.steps):
        if step.operation.kind != "drop-routine" or not step.existing or _name(step) in renamed:
            continue
        if made.get(step.table, -1) > at or step.facts.get("returns") == "trigger":
            continue
        before = [one for one in trace.steps[:at] if one.operation.kind == "create-routine"]
        if any(one.table == step.table for one in before):
            continue  # an overload took its place
        yield Hit(step, step.operation.span)


def changed_signatures(trace: Trace) -> Iterator[Hit]:
    """Routines that are dropped and made again with other arguments or another result."""
    for at, step in enumerate(trace.steps):
        if step.operation.kind != "drop-routine" or not step.existing or step.facts.get("returns") == "trigger":
            continue
        made = [
            later
            for later in trace.steps[at + 1 :]
            if later.operation.kind == "create-routine" and later.table == step.table
        ]
        what = [_difference(trace, step, later) for later in made]
        if made and all(what):
            values = {"what": what[0]}
            related = ((trace.migration.path, step.operation.span, "the old one is dropped here"),)
            yield Hit(made[0], made[0].operation.span, values, related)


def _difference(trace: Trace, dropped: Step, made: Step) -> str:
    """What callers notice; "" when old calls still work as far as can be told."""
    definition = made.operation.definition
    if not isinstance(definition, RoutineDefinition):
        return ""
    known = dropped.facts.get("signature")
    before = str(known).split(",") if known is not None else _written(dropped.operation)
    if before is None:
        return ""
    before = [name for name in before if name]
    after = [argument.name for argument in definition.arguments]
    if before != after:
        added = after[len(before) :]
        if after[: len(before)] == before and len(added) <= _defaults(trace, made, definition):
            return ""
        return f"takes ({', '.join(after)}) where it took ({', '.join(before)})"
    returned = dropped.facts.get("returns")
    if returned is not None and definition.returns is not None and returned != definition.returns.name:
        return f"returns {definition.returns.name} where it returned {returned}"
    return ""


def _written(operation: Operation) -> list[str] | None:
    arguments = dict(operation.options).get("arguments")
    if arguments is None:
        return None
    return [name.strip().rpartition(".")[2] for name in arguments.split(",")]


def _defaults(trace: Trace, made: Step, definition: RoutineDefinition) -> int:
    """How many arguments have a default, counted in the words before the body."""
    span = made.statement.span
    end = definition.body_span.start if definition.body_span is not None else span.end
    head = trace.text[span.start : end]
    return len(_DEFAULT.findall(re.split(r"\breturns\b|\bas\b\s*\$", head, maxsplit=1, flags=re.IGNORECASE)[0]))
