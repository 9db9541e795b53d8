"""Facts of one operation on PostgreSQL: operation, context and the rest of its statement in, named facts out.

effects.toml and rule pages select on these names. None is "unknown".
"""

from safecol.context import Context
from safecol.dialects.postgresql import (
    column_facts,
    constraint_facts,
    helper_names,
    index_facts,
    relation_facts,
    row_facts,
)
from safecol.fold import Rest
from safecol.operations import Operation
from safecol.trace import Fact

_BUILD = {
    **column_facts.BUILD,
    **constraint_facts.BUILD,
    **index_facts.BUILD,
    **relation_facts.BUILD,
    **row_facts.BUILD,
}

_ON_RELATIONS = frozenset(
    {
        "add-column", "drop-column", "rename-column", "change-type", "set-not-null", "drop-not-null", "set-default",
        "drop-default", "add-constraint", "drop-constraint", "validate-constraint", "rename-table", "drop-table",
        "create-index", "set-table-options", "alter-view", "set-logged", "set-unlogged", "drop-view", "truncate",
    }
)  # fmt: skip

# What no view takes, measured on PostgreSQL 12, 14 and 18; IF EXISTS changes nothing.
_OF_TABLES = frozenset(
    {
        "add-column", "drop-column", "change-type", "set-not-null", "drop-not-null", "add-constraint",
        "drop-constraint", "validate-constraint", "drop-table", "create-index", "set-logged", "set-unlogged",
        "truncate",
    }
)  # fmt: skip


def _other_kind(operation: str, kind: str) -> str:
    """Why an operation is none for this kind of relation; "" where it may be."""
    if kind == "view" and operation in _OF_TABLES:
        return "a view, not a table"
    if kind in ("table", "partitioned") and operation == "drop-view":
        return "a table, not a view"
    return ""


def facts(context: Context, operation: Operation, key: str, rest: Rest) -> dict[str, Fact]:
    """The facts that effects of this kind of operation depend on."""
    flags = operation.flags
    table = context.schema.tables.get(key)
    found: dict[str, Fact] = {
        "object": operation.object,
        "only": "only" in flags,
        "concurrently": "concurrently" in flags,
        "cascade": "cascade" in flags,
        "if_exists": "if-exists" in flags,
        "if_not_exists": "if-not-exists" in flags,
        "partitioned": table.kind == "partitioned" if table is not None else False,
        "temporary": table is not None and table.persistence == "temporary",
        "value": operation.value,
    }
    if operation.kind in _ON_RELATIONS and key and operation.object != "index":
        found["exists"] = context.exists(key)
    if table is not None and (kind := _other_kind(operation.kind, table.kind)):
        found["mismatch"] = kind
    if context.new_labels:
        _enum_labels(context, operation, found)
    build = _BUILD.get(operation.kind)
    if build is not None:
        build(context, operation, key, rest, found)
    if operation.kind in helper_names.KINDS and (number := helper_names.spare(context, operation, key)):
        found["spare"] = number
    if found.get("key") == "serial" and (number := helper_names.sequence_number(context, operation, key)):
        found["sequence_number"] = number
    return found


def _enum_labels(context: Context, operation: Operation, found: dict[str, Fact]) -> None:
    """Whether the operation uses an enum value that the open transaction added.

    From 17 that is allowed when the same transaction made the type: https://www.postgresql.org/docs/17/sql-altertype.html
    """
    from safecol.literals import literals

    for label in literals(operation):
        made = context.new_labels.get(label)
        if made is not None and not (context.version >= 17 and made in context.new_types):
            found["unsafe_label"] = True
            found["label"] = label
