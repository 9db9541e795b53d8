"""A project's conventions: a trace with its patterns comes in; new names that don't follow them go out."""

import re
from collections.abc import Iterator
from functools import cache

from safecol.operations import (
    ColumnDefinition,
    ConstraintDefinition,
    IndexDefinition,
    Operation,
    TableDefinition,
)
from safecol.source import Span
from safecol.trace import Hit, Step, Trace

_RENAMED = {"rename-table": "table", "rename-column": "column"}


def misnamed(trace: Trace) -> Iterator[Hit]:
    """New names for which the settings have a pattern that they don't match as a whole."""
    if not trace.naming:
        return
    for step in trace.steps:
        if step.facts.get("no_op") is True or step.facts.get("temporary") is True:
            continue
        for what, name, columns, span in _names(step):
            pattern = trace.naming.get(what)
            table = step.operation.relation.name if step.operation.relation else ""
            if pattern is not None and not _compiled(pattern, table, columns).fullmatch(name):
                shown = {"object_name": name, "what": what.replace("-", " "), "pattern": pattern}
                yield Hit(step, span, shown)


def _names(step: Step) -> Iterator[tuple[str, str, str, Span]]:
    """What is named, its name, its columns joined by `_`, and where."""
    operation = step.operation
    definition = operation.definition
    if isinstance(definition, TableDefinition):
        if operation.relation is not None:
            yield "table", operation.relation.name, "", operation.span
        for column in definition.columns:
            yield "column", column.name, column.name, column.span
        for constraint in definition.constraints:
            yield from _constraint(constraint)
    elif isinstance(definition, ColumnDefinition) and operation.kind == "add-column":
        yield "column", definition.name, definition.name, definition.span
    elif isinstance(definition, ConstraintDefinition) and operation.kind == "add-constraint":
        yield from _constraint(definition)
    elif isinstance(definition, IndexDefinition) and definition.name and operation.kind == "create-index":
        columns = "_".join(element.column or "expr" for element in definition.elements)
        yield "index", definition.name, columns, operation.span
    elif operation.kind in _RENAMED and operation.new_name and _is_table(operation):
        yield _RENAMED[operation.kind], operation.new_name, operation.new_name, operation.span


def _is_table(operation: Operation) -> bool:
    return operation.object in ("table", "")


def _constraint(definition: ConstraintDefinition) -> Iterator[tuple[str, str, str, Span]]:
    if definition.name:
        yield definition.kind, definition.name, "_".join(definition.columns), definition.span


@cache
def _compiled(pattern: str, table: str, columns: str) -> "re.Pattern[str]":
    filled = pattern.replace("{table}", re.escape(table)).replace("{columns}", re.escape(columns))
    return re.compile(filled)
