"""Enums: a trace comes in; values used in the transaction that adds them go out."""

from collections.abc import Iterator

from safecol.trace import Hit, Trace


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
