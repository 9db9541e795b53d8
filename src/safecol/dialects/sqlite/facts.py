"""Facts of one operation on SQLite: operation, context and the rest of its statement in, named facts out.

effects.toml and rule pages select on these names. None is "unknown".
"""

from collections.abc import Callable

from safecol.context import Context
from safecol.dialects.sqlite import column_facts, object_facts
from safecol.dialects.sqlite.history import triggers
from safecol.fold import Rest
from safecol.operations import Operation
from safecol.trace import Fact

_BUILD: dict[str, Callable[[Context, Operation, str, Rest, dict[str, Fact]], None]] = {
    **column_facts.BUILD,
    **object_facts.BUILD,
}
_ON_RELATIONS = frozenset(
    {
        "add-column", "drop-column", "rename-column", "set-not-null", "drop-not-null", "add-constraint",
        "drop-constraint", "rename-table", "drop-table", "create-index", "create-trigger", "drop-index", "drop-view",
    }
)  # fmt: skip

_REBUILT = frozenset(
    {
        "add-column", "add-constraint", "change-type", "drop-column", "drop-constraint", "drop-default",
        "drop-not-null", "set-default", "set-not-null",
    }
)  # fmt: skip


def facts(context: Context, operation: Operation, key: str, rest: Rest) -> dict[str, Fact]:
    """The facts that effects of this kind of operation depend on."""
    flags = operation.flags
    table = context.schema.tables.get(key)
    found: dict[str, Fact] = {
        "object": operation.object,
        "if_exists": "if-exists" in flags,
        "if_not_exists": "if-not-exists" in flags,
        "unsupported": "unsupported" in flags,
        "temporary": key.startswith("temp.") or (table is not None and table.persistence == "temporary"),
        "value": operation.value,
        "where": "where" in flags,
        "always_true": "always-true" in flags,
        "in_transaction": context.in_transaction,
        "foreign_keys": context.setting("foreign_keys") or "unknown",
        "journal": "wal" if context.setting("journal_mode") == "wal" else "rollback",
        "strict": table is not None and ("strict", "true") in table.options,
        "is_view": table is not None and table.kind == "view",
    }
    found["wrong_object"] = _is_wrong(context, operation, key)
    if operation.kind in _ON_RELATIONS and key:
        found["exists"] = context.exists(key)
    build = _BUILD.get(operation.kind)
    if build is not None:
        build(context, operation, key, rest, found)
    if found["wrong_object"]:
        found["no_op"] = True  # what is refused changes nothing
    if operation.kind in _REBUILT and not context.is_new(key):
        _anew(context, operation, key, rest, found)
    return found


_OF_TABLES = frozenset(
    {
        "add-column", "drop-column", "rename-column", "set-not-null", "drop-not-null", "add-constraint",
        "drop-constraint", "rename-table", "drop-table", "create-index",
    }
)  # fmt: skip
_ROWS = frozenset({"insert", "update", "delete"})


def _is_wrong(context: Context, operation: Operation, key: str) -> bool:
    """Whether a view stands where the statement takes a table alone, or the other way round."""
    table = context.schema.tables.get(key)
    if table is None:
        return False
    kind = operation.kind
    if table.kind == "view":
        if kind in _ROWS:  # triggers write in its place
            return not triggers(context, key)
        return kind in _OF_TABLES or (kind == "create-trigger" and ("timing", "instead of") not in operation.options)
    made = table.kind == "table" and table.complete
    return made and (
        kind == "drop-view" or (kind == "create-trigger" and ("timing", "instead of") in operation.options)
    )


def _anew(context: Context, operation: Operation, key: str, rest: Rest, found: dict[str, Fact]) -> None:
    """The SQL that makes the change by building the table anew, where everything that it takes is known."""
    from safecol.dialects.sqlite import rebuild

    if "inline" in operation.flags:
        columns = [
            other for other in rest.operations if other.kind == "add-column" and other.column == operation.column
        ]
        found["anew"] = rebuild.script(context, columns[0], key) if columns else None
    elif operation.kind != "add-column" or found["generated"] == "stored" or found["default"] == "volatile":
        found["anew"] = rebuild.script(context, operation, key)
    elif found["nullable"] is False and found["default"] == "none" and found["generated"] == "none":
        found["anew"] = rebuild.once_filled(context, operation, key)
    found["rebuildable"] = found.get("anew") is not None
