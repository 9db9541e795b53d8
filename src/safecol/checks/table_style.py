"""Conventions of MySQL and MariaDB: a trace comes in; character sets, widths and dates left to chance go out."""

import re
from collections.abc import Iterator

from safecol.dialects.mysql import types
from safecol.expressions import Literal
from safecol.operations import ColumnDefinition, TableDefinition
from safecol.patterns import lazy
from safecol.trace import Hit, Step, Trace

_ZERO = lazy(r"0{2,4}[-/]?00[-/]?00.*", re.DOTALL)
_ZEROFILL = lazy(r"\bZEROFILL\b", re.IGNORECASE)
_TEMPORAL = frozenset({"date", "datetime", "timestamp"})


def without_charset(trace: Trace) -> Iterator[Hit]:
    """New tables with columns of text that say neither a character set nor a collation for all of them."""
    for step in trace.steps:
        definition = step.operation.definition
        if step.operation.kind != "create-table" or not isinstance(definition, TableDefinition) or definition.like:
            continue
        if step.facts.get("no_op") is True or {"charset", "collation"} & set(dict(definition.options)):
            continue
        if any(_textual(column) and not (column.charset or column.collation) for column in definition.columns):
            yield Hit(step, step.operation.span)


def _textual(column: ColumnDefinition) -> bool:
    return types.shape(column.type).family in types.CHARACTER


def display_widths(trace: Trace) -> Iterator[Hit]:
    """Integers with a width, but TINYINT(1) and those that ZEROFILL fills up to it."""
    for step, column in _columns(trace):
        width = next((part for part in column.type.modifiers if isinstance(part, int)), None)
        family = types.shape(column.type).family
        if width is None or family not in types.INTEGERS or (family == "tinyint" and width == 1):
            continue
        if not _ZEROFILL.search(trace.text[column.span.start : column.span.end]):
            yield Hit(step, column.span, {"column": column.name, "width": str(width)})


def zero_dates(trace: Trace) -> Iterator[Hit]:
    """Defaults of `0000-00-00`."""
    for step, column in _columns(trace):
        default = column.default
        if types.shape(column.type).family not in _TEMPORAL or not isinstance(default, Literal):
            continue
        if default.kind == "string" and _ZERO.fullmatch(str(default.value)):
            yield Hit(step, column.span, {"column": column.name})


def _columns(trace: Trace) -> Iterator[tuple[Step, ColumnDefinition]]:
    """The columns that a section defines, each with its step."""
    for step in trace.steps:
        definition = step.operation.definition
        if isinstance(definition, TableDefinition) and step.operation.kind == "create-table":
            yield from ((step, column) for column in definition.columns)
        elif isinstance(definition, ColumnDefinition) and step.operation.kind in ("add-column", "modify-column"):
            yield step, definition
