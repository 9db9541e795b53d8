"""The SQL of a migration comes in; the statement that ends its waits for locks goes out, where it needs one."""

from safecol.operations import ColumnDefinition, ConstraintDefinition, Operation
from safecol.writers import operations

_LIMITS = {
    "postgresql": "SET LOCAL lock_timeout = '2s'",
    "mysql": "SET SESSION lock_wait_timeout = 5",
    "mariadb": "SET SESSION lock_wait_timeout = 5",
}
# What others hardly wait for: it changes rows, or the session, or reads while others write.
_CALM = frozenset(
    {
        "select", "insert", "update", "delete", "merge", "copy-in", "copy-out", "set", "reset", "set-constraints",
        "comment", "analyze", "validate-constraint", "create-sequence", "create-routine", "create-schema",
        "create-view", "create-extension", "create-type", "create-domain", "grant", "revoke", "do-block", "call",
    }
)  # fmt: skip


def limit(sql: str, dialect: str) -> str:
    """The statement that bounds the waits of some SQL; empty where it takes no strong lock on what was there before."""
    found = _LIMITS.get(dialect, "")
    if not found:
        return ""
    made: set[tuple[str | None, str]] = set()
    for statement in operations.statements(sql, dialect):
        for operation in statement.operations:
            if operation.kind == "create-table" and operation.relation is not None:
                made.add((operation.relation.schema, operation.relation.name))
            if _waits(operation, made):
                return found
    return ""


def _waits(operation: Operation, made: set[tuple[str | None, str]]) -> bool:
    if operation.kind in _CALM or "concurrently" in operation.flags:
        return False
    definition = operation.definition
    touched = [operation.relation] if operation.kind != "create-table" else []
    if isinstance(definition, (ConstraintDefinition, ColumnDefinition)):
        touched.append(getattr(definition, "referenced", None))
    return any(one is not None and (one.schema, one.name) not in made for one in touched)
