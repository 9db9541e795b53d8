"""Columns and tables that take the place of others: a trace comes in; those replaced in one change go out."""

from collections.abc import Iterator

from safecol.checks.backfill import joined
from safecol.operations import ColumnDefinition
from safecol.trace import Hit, Step, Trace


def at_once(trace: Trace) -> Iterator[Hit]:
    """Drops of what the same change has copied into a new column or table; not of a table that is built anew."""
    steps = [step for each in (*trace.before, trace) for step in each.steps]
    for step in trace.steps:
        if step.operation.kind == "drop-column" and step.existing:
            found = _copied_column(steps, step)
        elif step.operation.kind == "drop-table" and step.existing and not _taken(steps, step):
            found = _copied_table(steps, step)
        else:
            continue
        if found is None:
            continue
        name, copy = found
        what = f"{step.table}.{step.operation.column}" if step.operation.column else step.table or ""
        place = next(each.migration.path for each in (*trace.before, trace) if copy in each.steps)
        related = ((place, copy.operation.span, "its data is used here"),)
        yield Hit(step, step.operation.span, {"old": what, "new": name}, related)


def _copied_column(steps: list[Step], dropped: Step) -> tuple[str, Step] | None:
    added = {name for step in steps if (name := _added(step)) and step.table == dropped.table}
    for step in steps:
        operation = step.operation
        if operation.kind != "update" or step.table != dropped.table or operation.query is None:
            continue
        # A key that a join compares is no value that is copied.
        read = {column for _, column in operation.query.columns} - joined(operation.expression)
        written = [value for option, value in operation.options if option == "column" and value in added]
        if written and dropped.operation.column in read:
            return f"{step.table}.{written[0]}", step
    return None


def _copied_table(steps: list[Step], dropped: Step) -> tuple[str, Step] | None:
    made = {step.table for step in steps if step.operation.kind in ("create-table", "create-table-as")}
    for step in steps:
        operation = step.operation
        fills = operation.kind == "insert" and step.table in made
        if not fills and operation.kind != "create-table-as":
            continue
        if dropped.operation.relation in operation.reads and step.table and step.table != dropped.table:
            return step.table, step
    return None


def _taken(steps: list[Step], dropped: Step) -> bool:
    """Whether another table is given the name: code goes on with it."""
    name = dropped.operation.relation.name if dropped.operation.relation is not None else ""
    return any(step.operation.kind == "rename-table" and step.operation.new_name == name for step in steps)


def _added(step: Step) -> str:
    operation = step.operation
    definition = operation.definition
    return definition.name if operation.kind == "add-column" and isinstance(definition, ColumnDefinition) else ""


def mistaken_renames(trace: Trace) -> Iterator[Hit]:
    """A dropped column and a new one of the same type in one table, with nothing that copies the data."""
    tables = {step.table for step in trace.steps if step.operation.kind == "drop-column" and step.existing}
    for table in tables:
        own = [step for step in trace.steps if step.table == table]
        dropped = [step for step in own if step.operation.kind == "drop-column"]
        added = [step for step in own if _added(step)]
        for step in dropped:
            kind = step.facts.get("column_type")
            alike = [other for other in added if kind and other.facts.get("column_type") == kind]
            rivals = [other for other in dropped if other.facts.get("column_type") == kind]
            if len(alike) != 1 or len(rivals) != 1 or _written(trace, table, _added(alike[0])):
                continue
            new = _added(alike[0])
            if new == step.operation.column or not _akin(new, step.operation.column or "", table or ""):
                continue
            values = {"new": new, "type": str(kind)}
            related = ((trace.migration.path, alike[0].operation.span, "the new column"),)
            yield Hit(step, step.operation.span, values, related)


def _written(trace: Trace, table: str | None, column: str) -> bool:
    return any(
        step.operation.kind in ("update", "merge", "do-block", "call", "select")
        and (step.table == table or not step.table)
        for each in (*trace.before, trace)
        for step in each.steps
        if step.operation.kind != "update" or ("column", column) in step.operation.options
    )


def _akin(new: str, old: str, table: str) -> bool:
    """Whether the names share a word, or most of their letters."""
    words = set(new.lower().split("_")) & set(old.lower().split("_")) - {"id", "is", "at", "has", "the", ""}
    if words - set(table.lower().split("_")):
        return True
    from difflib import SequenceMatcher

    return SequenceMatcher(None, new.lower(), old.lower()).ratio() >= 0.6
