"""Tables that go: a trace comes in; those that stay away, and those that the file makes anew, go out."""

from collections.abc import Iterator

from safecol.trace import Hit, Step, Trace

_MAKES = frozenset({"create-table", "create-table-as"})


def tables(trace: Trace) -> Iterator[Hit]:
    """Drops of tables that others use, but for those of `recreated`."""
    made = _made(trace)
    for step in trace.steps:
        if step.operation.kind == "drop-table" and step.existing and not _clears_away(step, made):
            yield Hit(step, step.operation.span)


def recreated(trace: Trace) -> Iterator[Hit]:
    """The first table that is dropped in case it exists, by no earlier file's doing, and then made; with the others."""
    made = _made(trace)
    steps = [step for step in trace.steps if step.operation.kind == "drop-table" and _clears_away(step, made)]
    if not steps:
        return
    first, *others = steps
    names = {step.table for step in others} - {first.table}
    what = f"`{first.table}`"
    if names:
        what += f" and {len(names)} more table{'s' if len(names) > 1 else ''}"
    yield Hit(first, first.operation.span, {"what": what})


def _made(trace: Trace) -> dict[str, int]:
    """The tables that the file makes, each with the number of the last statement that does."""
    return {step.table: step.statement.number for step in trace.steps if step.operation.kind in _MAKES and step.table}


def _clears_away(step: Step, made: dict[str, int]) -> bool:
    if not step.existing or "if-exists" not in step.operation.flags or step.facts.get("seen") is not False:
        return False
    return made.get(step.table or "", 0) > step.statement.number
