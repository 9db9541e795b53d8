"""Constraints: a trace comes in; those that rows of deployed code may violate from now on go out."""

from collections.abc import Iterator

from safecol.operations import ColumnDefinition, ConstraintDefinition, IndexDefinition
from safecol.trace import Hit, Step, Trace

_WORDS = {
    "check": "CHECK", "unique": "UNIQUE", "primary-key": "PRIMARY KEY", "foreign-key": "FOREIGN KEY",
    "exclusion": "EXCLUDE", "not-null": "NOT NULL",
}  # fmt: skip


def on_old_columns(trace: Trace) -> Iterator[Hit]:
    """New constraints over columns that existed before, unless the change drops one of the table that they replace."""
    steps = [step for each in (*trace.before, trace) for step in each.steps]
    new = {(step.table, step.operation.definition.name) for step in steps if _is_new(step)}  # type: ignore[union-attr]
    loosened = {step.table for step in steps if step.operation.kind == "drop-constraint"}
    loosened |= {str(step.facts.get("index_table")) for step in steps if step.operation.kind == "drop-index"}
    for step in trace.steps:
        found = _refused(step)
        if found is None or not step.existing or step.table in loosened:
            continue
        if step.operation.kind == "add-constraint" and _is_told_only(trace.migration.dialect, found[0]):
            continue
        word, columns = found
        if columns and all((step.table, column) in new for column in columns):
            continue
        yield Hit(step, step.operation.span, {"what": word, "columns": ", ".join(columns)})


def _is_told_only(dialect: str, word: str) -> bool:
    """Whether a constraint is a word to the planner there, that no write is held to."""
    return dialect in ("snowflake", "bigquery", "redshift") or (dialect == "clickhouse" and word != "CHECK")


def _is_new(step: Step) -> bool:
    return step.operation.kind == "add-column" and isinstance(step.operation.definition, ColumnDefinition)


def _refused(step: Step) -> tuple[str, tuple[str, ...]] | None:
    """What is refused from now on: the constraint in SQL's words and its columns; None when nothing is."""
    operation = step.operation
    definition = operation.definition
    if operation.kind == "set-not-null" and step.facts.get("proven") is not True:
        return "NOT NULL", (operation.column or "",)
    if operation.kind == "modify-column" and step.facts.get("nullability") == "required":
        return "NOT NULL", (operation.column or "",)
    if operation.kind == "add-constraint" and isinstance(definition, ConstraintDefinition):
        if "inline" in operation.flags or definition.index is not None or not definition.enforced:
            return None
        return _WORDS[definition.kind], _columns(definition)
    if operation.kind == "create-index" and isinstance(definition, IndexDefinition) and definition.unique:
        return "a unique index", tuple(element.column for element in definition.elements if element.column)
    return None


def _columns(definition: ConstraintDefinition) -> tuple[str, ...]:
    if definition.columns or definition.expression is None:
        return definition.columns
    from safecol.expressions import columns

    return tuple(sorted(columns(definition.expression)))
