"""Running a file again: a trace comes in; what a failure leaves half done, or done all over, goes out."""

import re
from collections.abc import Iterator

from safecol.checks import bodies
from safecol.checks.held import created_tables
from safecol.operations import Operation, RoutineDefinition
from safecol.patterns import lazy
from safecol.trace import Hit, Step, Trace

# Kinds that fail, or do it twice, when they run again; each with the flag that makes it repeatable.
_ONCE = {
    "create-table": "if-not-exists", "create-table-as": "if-not-exists", "create-index": "if-not-exists",
    "create-view": "or-replace", "create-materialized-view": "if-not-exists", "create-sequence": "if-not-exists",
    "create-schema": "if-not-exists", "create-extension": "if-not-exists", "create-routine": "or-replace",
    "create-trigger": "or-replace", "create-rule": "or-replace", "create-statistics": "if-not-exists",
    "add-column": "if-not-exists", "add-enum-value": "if-not-exists", "insert": "on-conflict",
    "drop-table": "if-exists", "drop-column": "if-exists", "drop-index": "if-exists", "drop-view": "if-exists",
    "drop-constraint": "if-exists", "drop-type": "if-exists", "drop-routine": "if-exists",
    "drop-trigger": "if-exists", "drop-rule": "if-exists", "drop-policy": "if-exists", "drop-sequence": "if-exists",
    "drop-schema": "if-exists", "drop-extension": "if-exists", "drop-identity": "if-exists",
    **dict.fromkeys(
        (
            "create-enum", "create-domain", "create-type", "create-policy", "create-role", "create-publication",
            "add-constraint", "add-identity", "attach-partition", "detach-partition", "rename-table", "rename-column",
            "rename-index", "rename-constraint", "rename-type", "rename-view", "rename-sequence", "rename-schema",
            "rename-enum-value", "rename-trigger", "move-to-schema", "domain-add-constraint", "copy-in",
        ),
        "",
    ),
}  # fmt: skip
# What can hardly fail, so that nothing is lost when it comes last.
_HARMLESS = frozenset({"set", "reset", "select", "comment", "begin", "commit", "analyze", "vacuum", "discard"})
# What is created on a table; what else is created is no relation that existed before.
_ON_TABLES = frozenset({"create-index", "create-trigger", "create-rule", "create-policy", "create-statistics"})
_PAIRED = {
    "create-index": "drop-index", "create-table": "drop-table", "create-view": "drop-view", "create-type": "drop-type",
    "create-materialized-view": "drop-view", "create-enum": "drop-type", "create-domain": "drop-type",
    "create-sequence": "drop-sequence", "create-schema": "drop-schema", "create-routine": "drop-routine",
}  # fmt: skip
_OF_TABLE = {
    "create-trigger": "drop-trigger", "create-rule": "drop-rule", "create-policy": "drop-policy",
    "add-constraint": "drop-constraint", "add-column": "drop-column",
}  # fmt: skip


def half_done(trace: Trace) -> Iterator[Hit]:
    """The first statement that can't be run again and is committed before others that may fail."""
    units = _units(trace)
    for at, unit in enumerate(units[:-1]):
        later = [step for other in units[at + 1 :] for step in other if _may_fail(step)]
        if not later:
            return
        for step in unit:
            if _unrepeatable(trace, step):
                values = {"next": str(_line(trace, later[0]))}
                related = ((trace.migration.path, later[0].operation.span, "when this fails, it is committed already"),)
                yield Hit(step, step.operation.span, values, related)
                return


def half_done_alone(trace: Trace) -> Iterator[Hit]:
    """As `half_done` where each statement is committed alone, before one that fails on rows which it can't know."""
    first: Step | None = None
    for step in trace.steps:
        if first is not None and step.statement.number > first.statement.number and _asks_rows(step):
            related = ((trace.migration.path, step.operation.span, "when this fails, it is committed already"),)
            yield Hit(first, first.operation.span, {"next": str(_line(trace, step))}, related)
            return
        if first is None and _unrepeatable(trace, step):
            first = step


def _asks_rows(step: Step) -> bool:
    """Whether it depends on the rows of an existing table: a key, a constraint, a column that gets narrower."""
    kind, facts = step.operation.kind, step.facts
    if not step.existing or step.effect.fails is not None:
        return False
    if kind == "add-constraint":
        return facts.get("enforced") is not False and not facts.get("fresh_columns")
    if kind == "create-index":
        return facts.get("unique") is True
    return kind == "modify-column" and (facts.get("nullability") == "required" or facts.get("narrowing") is True)


def _may_fail(step: Step) -> bool:
    """Whether it depends on what others do and on rows: it waits for an existing table or changes one."""
    kind = step.operation.kind
    if step.effect.blocks and kind != "create-table":
        return True
    return step.existing and kind not in _HARMLESS and (kind in _ON_TABLES or not kind.startswith("create-"))


def _units(trace: Trace) -> list[list[Step]]:
    """What is committed together: a transaction, or a statement alone."""
    if any(step.facts.get("transaction") == "unknown" for step in trace.steps):
        return []
    units: list[list[Step]] = []
    last: tuple[str, int] | None = None
    for step in trace.steps:
        key = ("statement", step.statement.number) if step.transaction is None else ("transaction", step.transaction)
        if key != last:
            units.append([])
        units[-1].append(step)
        last = key
    return units


def _unrepeatable(trace: Trace, step: Step) -> bool:
    operation = step.operation
    if operation.kind not in _ONCE or operation.flags & {"temporary", "inline", "conditional"}:
        return False
    flag = _ONCE[operation.kind]
    if flag and flag in operation.flags:
        return False
    if operation.kind == "insert" and "where" in operation.flags:
        return False  # WHERE NOT EXISTS, or another way to insert what isn't there
    earlier = (one.operation for one in trace.steps if one.statement.number < step.statement.number)
    return not any(_clears(other, operation) for other in earlier)


def _clears(other: Operation, operation: Operation) -> bool:
    """Whether an earlier DROP … IF EXISTS makes room for what is created."""
    if "if-exists" not in other.flags:
        return False
    if _PAIRED.get(operation.kind) == other.kind:
        wanted = getattr(operation.definition, "name", None) if operation.kind == "create-index" else None
        name = wanted or (operation.relation.name if operation.relation else None)
        return other.relation is not None and other.relation.name == name
    if _OF_TABLE.get(operation.kind) == other.kind:
        name = operation.value or getattr(operation.definition, "name", None)
        return other.relation == operation.relation and (other.value or other.column) == name
    return False


def _line(trace: Trace, step: Step) -> int:
    return trace.line(step.statement.span)


_LOOP = lazy(r"\bLOOP\b(.*?)\bEND\s+LOOP\b", re.IGNORECASE | re.DOTALL)
_CHANGE = lazy(
    r"\b(?:UPDATE|DELETE\s+FROM|INSERT\s+INTO)\s+(?:ONLY\s+)?((?:[\w$]+|\"[^\"]+\")(?:\.(?:[\w$]+|\"[^\"]+\"))?)",
    re.IGNORECASE,
)
_COMMIT = lazy(r"\bCOMMIT\b", re.IGNORECASE)


def loops_without_commit(trace: Trace) -> Iterator[Hit]:
    """DO blocks that change rows of an existing table in a loop, all in one transaction."""
    created: set[str] | None = None
    for step in trace.steps:
        definition = step.operation.definition
        if step.operation.kind != "do-block" or not isinstance(definition, RoutineDefinition):
            continue
        body = bodies.without_comments(definition)
        for loop in _LOOP.finditer(body):
            change = _CHANGE.search(loop[1])
            if change is None or _COMMIT.search(loop[1]):
                continue
            if created is None:
                created = created_tables(trace)
            name = change[1].replace('"', "")
            if name.rpartition(".")[2] in created:
                continue
            yield Hit(step, bodies.place(step, definition, loop), {"table": name})
            break
