"""Foreign keys switched on and off: a trace comes in; switches without effect, those left, and what is lost go out."""

from collections.abc import Iterator

from safecol.checks.rebuilds import names, rebuilds
from safecol.checks.transactions import place_of
from safecol.trace import Hit, Step, Trace

_OFF = frozenset({"off", "0", "false", "no"})


def parents_lost(trace: Trace) -> Iterator[Hit]:
    """Drops of tables whose children's rows go along, or are emptied, as foreign keys are enforced.

    Not after a switch of foreign keys that did nothing: that one is the cause, and is found for itself.
    """
    useless = any(_switched_inside(step, "off") for step in trace.steps)
    for at, step in enumerate(trace.steps):
        if step.operation.kind != "drop-table" or not step.existing or useless:
            continue
        if step.facts.get("foreign_keys") == "off":
            continue
        dropped = {one.table for one in trace.steps[at + 1 :] if one.operation.kind == "drop-table"} - names(trace)
        children = [name for name in str(step.facts.get("taking") or "").split(",") if name and name not in dropped]
        if not children:
            continue
        shown = ", ".join(f"`{name}`" for name in children[:4])
        enforced = (
            "foreign keys are enforced"
            if step.facts.get("foreign_keys") == "on"
            else "wherever foreign keys are on, as most drivers have them"
        )
        what = "deletes" if "cascade" in str(step.facts.get("actions")) else "empties the reference in"
        yield Hit(step, step.operation.span, {"children": shown, "enforced": enforced, "what": what})


def _switched_inside(step: Step, value: str) -> bool:
    operation = step.operation
    if operation.kind != "set" or operation.new_name != "foreign_keys" or step.transaction is None:
        return False
    written = (operation.value or "").lower()
    return (written in _OFF) == (value == "off")


def switched_inside(trace: Trace) -> Iterator[Hit]:
    """PRAGMA foreign_keys in a transaction, where it changes nothing: OFF, and ON after an OFF that did."""
    for step in trace.steps:
        off = _switched_inside(step, "off")
        if not off and not (_switched_inside(step, "on") and step.settings.get("foreign_keys") == "off"):
            continue
        if off and step.settings.get("foreign_keys") == "off":
            continue  # it is off already
        place, cure, opening = place_of(trace, step)
        then = _then_lost(trace, step) if off else "foreign keys stay off in this session"
        related = ((trace.migration.path, opening.statement.span, "the transaction starts here"),) if opening else ()
        yield Hit(step, step.operation.span, {"place": place, "cure": cure, "then": then}, related)


def _then_lost(trace: Trace, switch: Step) -> str:
    for step in trace.steps:
        if step.statement.number < switch.statement.number or step.operation.kind != "drop-table":
            continue
        children = [name for name in str(step.facts.get("taking") or "").split(",") if name]
        if children:
            return f"dropping `{step.table}` takes along rows of `{children[0]}`"
    return "foreign keys stay as they are"


def left_off(trace: Trace) -> Iterator[Hit]:
    """PRAGMA foreign_keys = OFF that is never taken back, or under which rows are written and never checked."""
    copies = {rebuild.copied.statement.number for rebuild in rebuilds(trace) if rebuild.copied is not None}
    off: Step | None = None
    wrote = checked = False
    for step in trace.steps:
        operation = step.operation
        if operation.new_name == "foreign_key_check":
            checked = True
        elif operation.kind in ("insert", "update", "delete"):
            wrote = wrote or (step.existing and step.statement.number not in copies)
        elif operation.kind == "set" and operation.new_name == "foreign_keys" and step.transaction is None:
            if (operation.value or "").lower() in _OFF:
                off, wrote, checked = step, False, False
                continue
            if off is not None and wrote and not checked:
                yield Hit(off, off.operation.span, {"then": "rows are written meanwhile, and never checked"})
            off = None
    if off is not None:
        yield Hit(off, off.operation.span, {"then": "it is never taken back, for all that follows"})
