"""Replicas and the log: a trace comes in; what subscribers and standbys notice goes out."""

from collections.abc import Iterator

from safecol.trace import Hit, Step, Trace

_REWRITES = frozenset(
    {
        "add-column", "change-type", "set-expression", "set-logged", "set-tablespace", "set-access-method",
        "vacuum-full", "cluster", "refresh-view", "drop-column", "modify-column", "add-constraint", "drop-constraint",
        "convert-charset", "set-table-options", "optimize", "rebuild-table",
    }
)  # fmt: skip


def bypassed_triggers(trace: Trace) -> Iterator[Hit]:
    """session_replication_role other than origin, and DISABLE TRIGGER ALL of an existing table."""
    for step in trace.steps:
        operation = step.operation
        if operation.kind == "set" and operation.new_name == "session_replication_role":
            if (operation.value or "").strip("'\"").lower() in {"replica", "local"}:
                yield Hit(step, operation.span, {"what": f"session_replication_role = {operation.value}"})
        elif operation.kind == "toggle-trigger" and step.existing and step.facts.get("disables") == "triggers":
            yield Hit(step, operation.span, {"what": "DISABLE TRIGGER ALL"})


def changed_publications(trace: Trace) -> Iterator[Hit]:
    """CREATE, ALTER and DROP PUBLICATION, unless they publish more tables, each known to have a primary key."""
    for step in trace.steps:
        operation = step.operation
        if operation.kind not in {"create-publication", "alter-publication", "drop-publication"}:
            continue
        options = dict(operation.options)
        adds = operation.kind == "create-publication" or options.get("action") in {"add", "addobjects"}
        every = operation.flags & {"whole-database", "schema-wide"}
        if adds and not every and step.facts.get("keyed") is True:
            continue
        yield Hit(step, operation.span, {"then": _then(step, options)})


def _then(step: Step, options: dict[str, str]) -> str:
    flags, kind = step.operation.flags, step.operation.kind
    if kind == "drop-publication" or options.get("action") in {"drop", "dropobjects"}:
        return "subscribers stop receiving changes without an error"
    if "whole-database" in flags or "schema-wide" in flags:
        return "UPDATE and DELETE fail at once on every such table without a primary key or replica identity"
    if kind == "alter-publication" and "action" not in options:
        return "what is published changes for all subscribers"
    fails = "UPDATE and DELETE fail on a published table without a replica identity"
    return f"{fails}, and subscribers miss it until they refresh"


def heavy_writes(trace: Trace) -> Iterator[Hit]:
    """Statements that write a whole existing table anew, all of which every replica has to replay."""
    for step in trace.steps:
        kind = step.operation.kind
        if not step.existing or step.facts.get("table") == "small":
            continue
        whole = "where" not in step.operation.flags or "always-true" in step.operation.flags
        if (kind in _REWRITES and step.facts.get("rewrite") is True) or (kind in {"update", "delete"} and whole):
            yield Hit(step, step.operation.span, {"table": step.table or "a table"})
