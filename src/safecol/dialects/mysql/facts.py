"""Facts of one operation on MySQL or MariaDB: operation, context and the rest of its statement in, named facts out.

effects.toml and rule pages select on these names. None is "unknown".
"""

from safecol.context import Context
from safecol.dialects.mysql import column_facts, default_values, key_facts, relation_facts, table_facts
from safecol.fold import Rest
from safecol.operations import KINDS, Operation
from safecol.trace import Fact

_BUILD = {**column_facts.BUILD, **key_facts.BUILD, **relation_facts.BUILD}
_OF_TABLES = frozenset((*KINDS["table"], *KINDS["column"], *KINDS["constraint"], *KINDS["index"], *KINDS["partition"]))
_NEEDS_TABLE = _OF_TABLES - {
    "create-table", "create-table-as", "drop-table", "lock-table", "unlock-tables", "flush", "create-foreign-table",
}  # fmt: skip
_DEFAULTS = frozenset((*KINDS["column"], *KINDS["constraint"], *KINDS["index"])) | {
    "create-table", "set-table-options", "convert-charset", "rebuild-table",
}  # fmt: skip
_NOTHING_TO_VIEWS = frozenset({"optimize", "analyze", "check-table", "repair-table", "lock-table"})
_CLAUSES = frozenset((*KINDS["column"], "add-constraint", "drop-constraint"))


def facts(context: Context, operation: Operation, key: str, rest: Rest) -> dict[str, Fact]:
    """The facts that effects of this kind of operation depend on."""
    flags = operation.flags
    options = dict(operation.options) if operation.options else {}
    found: dict[str, Fact] = {
        "object": operation.object,
        "if_exists": "if-exists" in flags,
        "if_not_exists": "if-not-exists" in flags,
        "cascade": "cascade" in flags,
        "ignore": "ignore" in flags,
        "value": operation.value,
        "or_replace": "or-replace" in flags,
        "through_alter": "through-alter-table" in flags or operation.kind in _CLAUSES,
        "waits": "wait" in options,
        "asked_algorithm": options.get("algorithm"),
        "asked_lock": options.get("lock"),
    }
    if operation.kind in ("create-trigger", "drop-table") and key:
        _of_named(context, operation, key, found)
    if operation.kind in _OF_TABLES:
        table_facts.of_table(context, operation, key, rest, found)
        moved = any(other.kind == "rename-table" for other in rest.operations)
        if operation.kind in _NEEDS_TABLE and key and not moved:
            _of_named(context, operation, key, found)
    build = _BUILD.get(operation.kind)
    if build is not None:
        build(context, operation, key, rest, found)
    if operation.kind in _DEFAULTS:
        default_values.of_operation(context, operation, key, rest, found)
    return found


def _of_named(context: Context, operation: Operation, key: str, found: dict[str, Fact]) -> None:
    """Whether what a statement names is there; `view` is what becomes of one where it is one."""
    table = context.schema.tables.get(key)
    if operation.kind != "drop-table":
        found["exists"] = context.exists(key)
    if table is None or table.kind != "view":
        return
    if operation.kind in _NOTHING_TO_VIEWS or (operation.kind == "rename-table" and not found["through_alter"]):
        found["view"] = "untouched"
    elif operation.kind == "drop-table":
        found["view"] = "untouched" if found["if_exists"] else "dropped"
    else:
        found["view"] = "truncated" if operation.kind == "truncate" else "refused"
