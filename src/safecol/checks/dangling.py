"""Routines and the like: a trace comes in; drops and renames of what their bodies still name go out."""

from collections.abc import Iterator

from safecol.trace import Hit, Step, Trace

_KINDS = frozenset({"drop-column", "drop-table", "drop-view", "rename-column", "rename-table", "modify-column"})
_MENDING = frozenset(
    {
        "create-routine", "drop-routine", "create-view", "drop-view", "alter-view", "create-trigger", "drop-trigger",
        "create-object", "drop-object", "alter-object",
    }
)  # fmt: skip


def left_behind(trace: Trace) -> Iterator[Hit]:
    """Drops and renames of what a function still uses, unless a later statement replaces or drops the function."""
    for at, step in enumerate(trace.steps):
        if step.operation.kind not in _KINDS or not step.existing or not step.facts.get("named_by"):
            continue
        later = trace.steps[at + 1 :]
        mended = {_label(one) for one in later if one.operation.kind in _MENDING}
        made = any(one.operation.kind.startswith("create-") and one.table == step.table for one in later)
        left = [name for name in str(step.facts["named_by"]).split(",") if name not in mended]
        if left and not made and not any(one.operation.kind == "do-block" for one in later):
            column = step.operation.column
            what = f"{step.table}.{column}" if column else step.table or ""
            shown = ", ".join(f"`{name}`" for name in left)
            yield Hit(step, step.operation.span, {"users": shown, "what": what})


def _label(step: Step) -> str | None:
    """What a statement makes or drops, as `named_by` calls it."""
    if step.operation.object == "event":
        return f"event {step.table}"
    return f"trigger {step.operation.value}" if step.operation.kind.endswith("-trigger") else step.table
