"""Routines: a trace comes in; drops and renames of what the body of a routine still names go out."""

from collections.abc import Iterator

from safecol.trace import Hit, Trace

_KINDS = frozenset({"drop-column", "drop-table", "drop-view", "rename-column", "rename-table"})


def left_behind(trace: Trace) -> Iterator[Hit]:
    """Drops and renames of what a function still uses, unless a later statement replaces or drops the function."""
    for at, step in enumerate(trace.steps):
        if step.operation.kind not in _KINDS or not step.existing or not step.facts.get("named_by"):
            continue
        later = trace.steps[at + 1 :]
        mended = {one.table for one in later if one.operation.kind in ("create-routine", "drop-routine")}
        made = any(one.operation.kind.startswith("create-") and one.table == step.table for one in later)
        left = [name for name in str(step.facts["named_by"]).split(",") if name not in mended]
        if left and not made and not any(one.operation.kind == "do-block" for one in later):
            column = step.operation.column
            what = f"{step.table}.{column}" if column else step.table or ""
            shown = ", ".join(f"`{name}`" for name in left)
            yield Hit(step, step.operation.span, {"users": shown, "what": what})
