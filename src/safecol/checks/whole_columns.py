"""Columns that are defined anew as a whole: a trace comes in; what that leaves out or narrows goes out."""

from collections.abc import Iterator

from safecol.operations import ColumnDefinition, ConstraintDefinition, TableDefinition
from safecol.trace import Hit, Step, Trace


def lost_attributes(trace: Trace) -> Iterator[Hit]:
    """MODIFY and CHANGE that don't repeat what the column has: it is gone then."""
    for step in trace.steps:
        lost = step.facts.get("lost")
        if step.operation.kind == "modify-column" and lost and step.existing:
            yield Hit(step, step.operation.span, {"lost": str(lost)})


def narrowed_charsets(trace: Trace) -> Iterator[Hit]:
    """Text that moves to a character set which has fewer characters."""
    for step in trace.steps:
        narrowed = step.facts.get("narrowed_charset")
        if narrowed and step.existing:
            yield Hit(step, step.operation.span, {"charsets": str(narrowed)})


def removed_labels(trace: Trace) -> Iterator[Hit]:
    """Values that the new ENUM or SET of a column doesn't have."""
    for step in trace.steps:
        labels = step.facts.get("removed_labels")
        if labels and step.existing:
            yield Hit(step, step.operation.span, {"labels": str(labels)})


def reordered_labels(trace: Trace) -> Iterator[Hit]:
    """An ENUM or SET whose values get other numbers."""
    for step in trace.steps:
        if step.facts.get("reordered_labels") is True and not step.facts.get("removed_labels") and step.existing:
            yield Hit(step, step.operation.span)


def added_labels(trace: Trace) -> Iterator[Hit]:
    """Values at the end of an ENUM or SET, which deployed code doesn't know."""
    for step in trace.steps:
        labels = step.facts.get("added_labels")
        if labels and step.existing and step.facts.get("change_word") == "append":
            yield Hit(step, step.operation.span, {"labels": str(labels)})


def ignored_clauses(trace: Trace) -> Iterator[Hit]:
    """Constraints that this version of the server reads and forgets."""
    for step in trace.steps:
        definition = step.operation.definition
        if isinstance(definition, ConstraintDefinition) and step.facts.get("ignored") is True:
            yield Hit(step, definition.span, {"clause_word": _word(definition), "cure": _cure(definition)})
        elif isinstance(definition, TableDefinition) and step.operation.kind == "create-table":
            yield from _of_new_table(step, definition)


def _of_new_table(step: Step, definition: TableDefinition) -> Iterator[Hit]:
    ignored = str(step.facts.get("ignored_kinds") or "").split()
    for item in definition.constraints:
        if (item.kind == "check" and "check" in ignored) or (
            item.kind == "foreign-key" and "inline" in item.options and "references" in ignored
        ):
            yield Hit(step, item.span, {"clause_word": _word(item), "cure": _cure(item)})


def _word(definition: ConstraintDefinition) -> str:
    return "CHECK" if definition.kind == "check" else "REFERENCES"


def _cure(definition: ConstraintDefinition) -> str:
    if definition.kind == "check":
        return "check the values in the application, or in a trigger"
    return "write FOREIGN KEY as a clause of its own"


def zeros(trace: Trace) -> Iterator[Hit]:
    """Rows that get a zero which nobody wrote."""
    for step in trace.steps:
        zero = step.facts.get("zero")
        definition = step.operation.definition
        if not zero or not step.existing or not isinstance(definition, ColumnDefinition):
            continue
        if step.effect.fails is not None:
            continue
        yield Hit(step, step.operation.span, {"zero": _ZEROS.get(str(zero), str(zero)), "column": definition.name})


_ZEROS = {
    "0": "0",
    "empty": "the empty string",
    "first value": "the first value of the ENUM",
    "date": "`0000-00-00`",
    "timestamp": "`0000-00-00 00:00:00`",
    "json": "JSON null",
    "geometry": "an empty geometry",
}
