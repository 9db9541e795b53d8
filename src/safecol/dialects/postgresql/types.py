"""Facts of ALTER COLUMN TYPE on PostgreSQL: the judgement of the type pair, and what the column's dependents add."""

from safecol.context import Context
from safecol.dialects.postgresql import targets, type_changes
from safecol.dialects.postgresql.catalogs import casts
from safecol.dialects.postgresql.domains import definition_of
from safecol.dialects.postgresql.type_names import KNOWN, canonical
from safecol.expressions import Cast, ColumnReference, Expression, TypeName
from safecol.history.records import constraint_columns
from safecol.operations import Operation
from safecol.trace import Fact


def change_facts(context: Context, operation: Operation, key: str, found: dict[str, Fact]) -> None:
    """Sets `change`, `indexes`, `rechecks`, `revalidates`, `rebuilds_some`, `narrowing`, `old_type`."""
    column = operation.column or ""
    new = operation.type
    if new is None:
        return
    known = context.column(key, column)
    old = known.type if known is not None else None
    verdict = type_changes.judge(
        old,
        new,
        column=column,
        using=operation.expression,
        old_collation=known.collation if known is not None else None,
        new_collation=dict(operation.options).get("collation"),
        timezone=context.setting("timezone") or context.timezone,
        version=context.version,
        resolve=lambda name: definition_of(context, name),
    )
    found["reason"] = verdict.reason
    found["narrowing"] = verdict.narrowing
    found["indexes"] = verdict.indexes
    found["rebuilds_some"] = verdict.heap != "rewrite" and bool(targets.expression_indexes(context, operation, key))
    found["rechecks"] = verdict.heap == "none" and old != new and _checked(context, key, column)
    found["castable"] = _castable(context, old, new, operation.expression, column)
    found["revalidates"] = bool(
        targets.resolve("column_referenced", context, operation, key)
        or targets.resolve("column_referencing", context, operation, key)
    )
    if verdict.heap == "rewrite":
        found["change"] = "rewrite"
    elif verdict.heap == "unknown":
        found["change"] = "unknown"
    elif found["rebuilds_some"] or (
        verdict.indexes == "rebuilt" and targets.resolve("column_indexes", context, operation, key)
    ):
        found["change"] = "rebuild"
    elif found["rechecks"]:
        found["change"] = "scan"
    else:
        found["change"] = "none"


_TEXT = frozenset({"text", "varchar", "bpchar", "name", "citext"})


# Types of extensions, whose casts are in no table of the server's own.
_OTHERS = frozenset({"citext", "hstore", "ltree", "lquery", "ltxtquery", "cube", "seg"})


def _castable(
    context: Context, old: TypeName | None, new: TypeName, using: Expression | None, column: str
) -> bool | None:
    """Whether the server converts, without USING or with a plain cast in it.

    Known between built-in types. Anything goes to a text type, and with a cast from one.
    """
    if old is None or old.array or new.array:
        return None
    source, target = canonical(old), canonical(new)
    if using is not None and using != Cast(ColumnReference((column,)), new):
        return None
    if source.name == target.name or target.name in _TEXT or (using is not None and source.name in _TEXT):
        return True
    if source.schema or target.schema or source.name not in KNOWN or {source.name, target.name} & _OTHERS:
        return None
    if target.name not in KNOWN:
        made = definition_of(context, new)
        return False if made is not None and made.kind == "enum" else None
    pair = (source.name, target.name)
    if pair in casts("assignment", context.version) or pair in casts("binary", context.version):
        return True
    return using is not None and pair in casts("explicit", context.version)


def _checked(context: Context, key: str, column: str) -> bool:
    table = context.schema.tables.get(key)
    return table is not None and any(
        item.definition.kind == "check" and item.validated and item.enforced and column in constraint_columns(item)
        for item in table.constraints.values()
    )
