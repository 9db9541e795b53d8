"""Conventions about names: a trace comes in; names that teams write otherwise go out."""

import re
from collections.abc import Iterator

from safecol.clauses import RESERVED
from safecol.operations import ColumnDefinition, ConstraintDefinition, TableDefinition
from safecol.source import Span
from safecol.trace import Hit, Step, Trace

_LONGEST = 63
# A quoted name comes first: what looks like a string within it is none.
_HIDDEN = re.compile(
    r"""("(?:[^"]|"")*")|--[^\n]*|/\*.*?\*/|[eE]?'(?:[^']|'')*'|(\$(?:[^\W\d]\w*)?\$).*?\2""", re.DOTALL
)
_NAME = re.compile(r'"((?:[^"]|"")+)"|[^\W\d][\w$]*')
_GUARDS = {
    "create-table": "IF NOT EXISTS", "create-index": "IF NOT EXISTS", "create-schema": "IF NOT EXISTS",
    "create-sequence": "IF NOT EXISTS", "add-column": "IF NOT EXISTS", "create-extension": "IF NOT EXISTS",
    "drop-table": "IF EXISTS", "drop-view": "IF EXISTS", "drop-index": "IF EXISTS", "drop-sequence": "IF EXISTS",
    "drop-type": "IF EXISTS", "drop-schema": "IF EXISTS", "drop-routine": "IF EXISTS", "drop-column": "IF EXISTS",
    "drop-constraint": "IF EXISTS", "drop-trigger": "IF EXISTS", "drop-policy": "IF EXISTS",
    "drop-extension": "IF EXISTS",
}  # fmt: skip
_ALTERS = ("add-column", "drop-column", "drop-constraint")
_INDEXES = ("create-index", "drop-index")
# What has no such clause there, by the servers' documentation.
_UNGUARDED: dict[str, tuple[str, ...]] = {
    "sqlite": _ALTERS,
    "mysql": (*_ALTERS, *_INDEXES),
    "tsql": ("create-table", "create-index", "create-schema", "create-sequence", "add-column"),
    "oracle": tuple(_GUARDS),  # before 23ai
    "redshift": _ALTERS,
    "snowflake": ("drop-constraint",),
}
_QUALIFIED = frozenset({"table", "view", "materialized-view", "sequence", "type", "domain", "function", "procedure"})


def unqualified(trace: Trace) -> Iterator[Hit]:
    """Objects that are made, changed or dropped under a name without its schema, one a statement."""
    seen: set[int] = set()
    if trace.migration.dialect == "sqlite":  # where the schema is the file, which is always called main
        return
    for step in trace.steps:
        operation = step.operation
        number = step.statement.number
        if operation.relation is None or operation.relation.schema is not None or number in seen:
            continue
        if operation.object not in _QUALIFIED or "temporary" in operation.flags or step.facts.get("temporary"):
            continue
        if operation.kind.startswith(("create-", "drop-", "add-", "rename-", "set-", "change-", "alter-", "truncate")):
            seen.add(number)
            yield Hit(step, operation.span, {"object_name": operation.relation.name})


def unnamed_constraints(trace: Trace) -> Iterator[Hit]:
    """CHECK, UNIQUE, FOREIGN KEY and EXCLUDE constraints without a name."""
    for step in trace.steps:
        definition = step.operation.definition
        items: tuple[ConstraintDefinition, ...] = ()
        if isinstance(definition, TableDefinition):
            items = definition.constraints
        elif isinstance(definition, ConstraintDefinition) and step.operation.kind == "add-constraint":
            items = (definition,)
        for item in items:
            if item.name is None and item.kind not in ("primary-key", "not-null") and item.index is None:
                yield Hit(step, item.span, {"kind": item.kind.replace("-", " ").upper()})


def unguarded(trace: Trace) -> Iterator[Hit]:
    """Creates and drops without IF NOT EXISTS or IF EXISTS."""
    for step in trace.steps:
        operation = step.operation
        guard = _GUARDS.get(operation.kind)
        if (
            guard is None
            or operation.kind in _UNGUARDED.get(trace.migration.dialect, ())
            or operation.flags & {"if-exists", "if-not-exists", "or-replace"}
        ):
            continue
        # After a concurrent build that failed, IF NOT EXISTS would pass over what it left.
        if "concurrently" in operation.flags and guard == "IF NOT EXISTS":
            continue
        yield Hit(step, operation.span, {"guard": guard})


_MADE = frozenset({"create-table", "create-view", "create-materialized-view", "create-enum", "create-type"})


def reserved(trace: Trace) -> Iterator[Hit]:
    """New tables, columns and names that are key words of SQL."""
    for step in trace.steps:
        for name, span in _new_names(step):
            if name.lower() in RESERVED:
                yield Hit(step, span, {"word": name})


def _new_names(step: Step) -> Iterator[tuple[str, Span]]:
    operation = step.operation
    definition = operation.definition
    if operation.relation is not None and operation.kind in _MADE:
        yield operation.relation.name, operation.span
    if operation.new_name and operation.kind.startswith("rename-"):
        yield operation.new_name, operation.span
    if isinstance(definition, TableDefinition):
        yield from ((column.name, column.span) for column in definition.columns)
    elif isinstance(definition, ColumnDefinition) and operation.kind == "add-column":
        yield definition.name, definition.span


def too_long(trace: Trace) -> Iterator[Hit]:
    """Names that the server cuts off, in statements that make or change something; one a statement."""
    seen: set[int] = set()
    for step in trace.steps:
        number = step.statement.number
        span = step.statement.span
        if number in seen or span.end - span.start <= _LONGEST:
            continue
        seen.add(number)
        if step.operation.kind in ("insert", "update", "delete", "select", "copy-in", "do-block"):
            continue
        text = trace.text[span.start : span.end]
        if not re.search(r'[\w$]{32,}|"[^"]{32,}"', text):
            continue
        shown = _HIDDEN.sub(lambda found: found[1] or " " * len(found[0]), text)
        for found in _NAME.finditer(shown):
            name = (found[1] or found[0]).replace('""', '"')
            if len(name.encode()) > _LONGEST:
                cut = name.encode()[:_LONGEST].decode(errors="ignore")
                start = span.start + found.start()
                yield Hit(step, Span(start, start + len(found[0])), {"identifier": name, "cut": cut})
                break


def uncommented(trace: Trace) -> Iterator[Hit]:
    """New tables without COMMENT ON TABLE in the section."""
    told = {step.table for step in trace.steps if step.operation.kind == "comment" and step.operation.object == "table"}
    for step in trace.steps:
        definition = step.operation.definition
        if step.operation.kind != "create-table" or not isinstance(definition, TableDefinition) or step.table in told:
            continue
        if "comment" in dict(definition.options):
            continue
        if definition.partition_of is None and definition.persistence != "temporary":
            yield Hit(step, step.operation.span)
