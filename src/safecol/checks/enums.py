"""Enums: a trace comes in; values that are added, and those used in the transaction that adds them, go out."""

from collections.abc import Iterator

from safecol.trace import Hit, Step, Trace


def used_before_commit(trace: Trace) -> Iterator[Hit]:
    """Statements that use an enum value which their own transaction added."""
    for at, step in enumerate(trace.steps):
        if step.facts.get("unsafe_label") is not True or step.transaction is None:
            continue
        label = str(step.facts.get("label"))
        added = next(
            (
                one
                for one in reversed(trace.steps[:at])
                if one.operation.kind == "add-enum-value" and one.operation.value == label
            ),
            None,
        )
        if added is None:
            continue
        related = ((trace.migration.path, added.operation.span, "the value is added here"),)
        yield Hit(step, step.operation.span, {"label": label, "type": str(added.operation.relation)}, related)


def added(trace: Trace) -> Iterator[Hit]:
    """Values added to types that were there before: one hit a type, at the first of them."""
    types: dict[str | None, list[Step]] = {}
    for step in trace.steps:
        if step.operation.kind == "add-enum-value" and step.facts.get("table") == "existing":
            types.setdefault(step.table, []).append(step)
    for first, *others in types.values():
        value = first.operation.value
        said = {"values": f"The new value `{value}`", "are": "is", "it": "it"}
        if others:
            more = f"{len(others)} more" if len(others) > 1 else f"`{others[0].operation.value}`"
            said = {"values": f"The new values `{value}` and {more}", "are": "are", "it": "one"}
        related = tuple((trace.migration.path, other.operation.span, "this value is new too") for other in others)
        yield Hit(first, first.operation.span, said, related)
