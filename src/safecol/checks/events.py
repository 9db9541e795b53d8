"""Deferred checks: a trace comes in; changes of a table whose foreign keys still have rows to check go out."""

from collections.abc import Iterator

from safecol.operations import KINDS
from safecol.trace import Hit, Step, Trace

# Measured on 12, 16 and 18: ALTER TABLE (renames and SET SCHEMA are no part of it), CREATE INDEX, TRUNCATE, DROP TABLE.
_REFUSED = (frozenset(KINDS["column"]) - {"rename-column"}) | {
    "add-constraint", "drop-constraint", "validate-constraint", "alter-constraint", "create-index", "truncate",
    "drop-table", "set-table-options", "set-logged", "set-unlogged", "set-tablespace", "set-access-method",
    "change-owner", "change-row-security", "set-replica-identity", "toggle-trigger",
}  # fmt: skip


def pending(trace: Trace) -> Iterator[Hit]:
    """The first such statement for each change of rows of its transaction."""
    waiting: dict[str, Step] = {}
    for step in trace.steps:
        if step.transaction is None:
            waiting.clear()
            continue
        waiting = {name: one for name, one in waiting.items() if one.transaction == step.transaction}
        operation = step.operation
        if operation.kind == "set-constraints" and ("deferred", "false") in operation.options:
            waiting.clear()
        elif step.facts.get("deferred") is True and step.table:
            waiting.setdefault(step.table, step)
        elif operation.kind in _REFUSED and step.table in waiting and "no-op" not in operation.flags:
            change = waiting.pop(step.table or "")
            if change.statement.number != step.statement.number:
                line = trace.line(change.statement.span)
                related = ((trace.migration.path, change.operation.span, "these rows are checked at COMMIT"),)
                yield Hit(step, operation.span, {"since": str(line)}, related)
