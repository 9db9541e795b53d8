"""Enums that replace others: a trace comes in; labels that are gone, or stand in another order, go out."""

from collections.abc import Iterator

from safecol.trace import Hit, Trace


def removed(trace: Trace) -> Iterator[Hit]:
    """Columns that change to an enum without values that the old one had, and deletes from the catalog."""
    for step in trace.steps:
        operation = step.operation
        if operation.kind == "change-type" and step.existing and step.facts.get("removed_labels"):
            yield Hit(step, operation.span, {"labels": str(step.facts["removed_labels"])})
        elif operation.kind == "delete" and operation.relation is not None and operation.relation.name == "pg_enum":
            yield Hit(step, operation.span, {"labels": "of an enum, out of the system catalog", "table": "pg_enum"})


def reordered(trace: Trace) -> Iterator[Hit]:
    """Columns that change to an enum with the old values in another order."""
    for step in trace.steps:
        if step.operation.kind == "change-type" and step.existing and step.facts.get("reordered_labels"):
            yield Hit(step, step.operation.span)
