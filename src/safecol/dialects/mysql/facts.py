"""Facts of one operation on MySQL or MariaDB: operation, context and the rest of its statement in, named facts out.

effects.toml and rule pages select on these names. None is "unknown".
"""

from safecol.context import Context
from safecol.dialects.mysql import column_facts, key_facts, relation_facts, table_facts
from safecol.fold import Rest
from safecol.operations import KINDS, Operation
from safecol.trace import Fact

_BUILD = {**column_facts.BUILD, **key_facts.BUILD, **relation_facts.BUILD}
_OF_TABLES = frozenset((*KINDS["table"], *KINDS["column"], *KINDS["constraint"], *KINDS["index"], *KINDS["partition"]))
_NEEDS_TABLE = _OF_TABLES - {
    "create-table", "create-table-as", "drop-table", "lock-table", "unlock-tables", "flush", "create-foreign-table",
}  # fmt: skip
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
    if operation.kind in _OF_TABLES:
        table_facts.of_table(context, operation, key, rest, found)
        moved = any(other.kind == "rename-table" for other in rest.operations)
        if operation.kind in _NEEDS_TABLE and key and not moved:
            found["exists"] = context.exists(key)
    build = _BUILD.get(operation.kind)
    if build is not None:
        build(context, operation, key, rest, found)
    return found
