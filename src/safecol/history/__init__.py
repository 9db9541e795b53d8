"""Applies operations to the schema so far: an operation and the context go in, the schema changes."""

from collections.abc import Callable

from safecol.context import Context
from safecol.history import columns, constraints, indexes, objects, tables
from safecol.history.columns import learn
from safecol.history.constraints import forget
from safecol.operations import Operation

__all__ = ["apply", "forget", "learn"]

Apply = Callable[[Context, Operation, str], None]


def apply(context: Context, operation: Operation) -> None:
    """Make the change that the operation makes, as far as it is understood."""
    function = _APPLY.get(operation.kind)
    if function is None:
        return
    key = context.key(operation.relation) if operation.relation else ""
    function(context, operation, key)


_APPLY: dict[str, Apply] = {
    "create-table": tables.create_table,
    "create-foreign-table": tables.create_foreign_table,
    "create-table-as": tables.create_table_as,
    "create-view": tables.create_view,
    "create-materialized-view": tables.create_view,
    "drop-table": tables.drop_relation,
    "drop-view": tables.drop_relation,
    "rename-table": tables.rename_table,
    "rename-view": tables.rename_table,
    "rename-sequence": tables.rename_table,
    "move-to-schema": tables.move_to_schema,
    "add-column": columns.add_column,
    "drop-column": columns.drop_column,
    "rename-column": columns.rename_column,
    **dict.fromkeys(
        (
            "change-type", "set-not-null", "drop-not-null", "set-default", "drop-default", "add-identity",
            "drop-identity", "set-expression", "drop-expression",
        ),
        columns.change_column,
    ),
    "add-constraint": constraints.apply_constraint,
    **dict.fromkeys(
        ("drop-constraint", "validate-constraint", "rename-constraint", "alter-constraint"),
        constraints.change_constraint,
    ),
    "create-index": indexes.create_index,
    "drop-index": indexes.drop_index,
    "rename-index": indexes.rename_index,
    "attach-index": indexes.attach_index,
    "attach-partition": tables.attach,
    "detach-partition": tables.detach,
    "finalize-detach": tables.detach,
    "add-inheritance": tables.inherit,
    "drop-inheritance": tables.inherit,
    "change-owner": tables.set_owner,
    "set-logged": tables.set_persistence,
    "set-unlogged": tables.set_persistence,
    "create-enum": objects.create_type,
    "create-domain": objects.create_type,
    "create-type": objects.create_type,
    **dict.fromkeys(
        (
            "drop-type", "rename-type", "add-enum-value", "domain-add-constraint", "domain-drop-constraint",
            "domain-validate-constraint", "domain-set-not-null", "domain-drop-not-null", "domain-set-default",
        ),
        objects.change_type,
    ),
    "create-routine": objects.create_routine,
    "drop-routine": objects.drop_routine,
    "create-sequence": objects.create_sequence,
    "drop-sequence": objects.drop_sequence,
    "create-schema": objects.create_schema,
    "drop-schema": tables.drop_schema,
    "do-block": objects.run_unseen,
    "call": objects.run_unseen,
    "truncate": tables.truncate,
    "insert": tables.fill,
    "copy-in": tables.fill,
    "refresh-view": tables.refresh,
    "create-trigger": objects.add_use,
    "create-rule": objects.add_use,
    "create-policy": objects.add_use,
    "create-publication": objects.add_use,
    "create-statistics": objects.add_use,
    "drop-trigger": objects.drop_use,
    "drop-rule": objects.drop_use,
    "drop-policy": objects.drop_use,
    "drop-publication": objects.drop_use,
    "drop-statistics": objects.drop_use,
}  # fmt: skip
