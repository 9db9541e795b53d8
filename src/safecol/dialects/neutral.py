"""Databases whose locks and costs are not known: facts that hold everywhere come out, and no effects.

The rules of all dialects select on what a statement says and on the schema so far; what it costs is not guessed.
"""

from typing import Any

from safecol import effects, versions
from safecol.catalog import Catalog
from safecol.context import Context
from safecol.dialects.neutral_types import change_facts, shown
from safecol.dialects.spare_indexes import spare_facts
from safecol.dialects.views import dropped_view, replaced_view
from safecol.effect import UNMEASURED
from safecol.expressions import Literal
from safecol.fold import Dialect, Rest
from safecol.operations import (
    KINDS,
    ColumnDefinition,
    ConstraintDefinition,
    IndexDefinition,
    Operation,
    RoutineDefinition,
    Statement,
)
from safecol.source import Span
from safecol.trace import Fact

_KNOWN = [kind for group, kinds in KINDS.items() if group not in ("transaction", "session") for kind in kinds]
# A column that old rows have no value for is refused everywhere but on ClickHouse, whose types have default values.
_ROWS: list[dict[str, Any]] = [
    {"operation": _KNOWN, "unknown": UNMEASURED},
    {
        "operation": "add-column",
        "given": {"nullable": False, "default": "none"},
        "fails": {"when": "rows", "reason": "rows that exist have no value for {column}"},
    },
    {
        "operation": "add-constraint",
        "given": {"repeats_default": True},
        "fails": {"when": "rows", "reason": "all rows that exist get the same value in {column}"},
    },
]


def load(catalog: Catalog) -> Dialect:
    """What the fold needs to know of a database of which no effects are known."""
    del catalog
    return Dialect(effects.Table(_ROWS, {}, number), facts, _resolve, _setting, number, _routine)


def number(version: str) -> int:
    """The major version; 0 for none."""
    return (*versions.parse(version), 0)[0] if version else 0


def facts(context: Context, operation: Operation, key: str, rest: Rest) -> dict[str, Fact]:
    """The facts that rules of all dialects select on."""
    flags = operation.flags
    found: dict[str, Fact] = {
        "object": operation.object,
        "if_exists": "if-exists" in flags,
        "if_not_exists": "if-not-exists" in flags,
        "cascade": "cascade" in flags,
        "value": operation.value,
        "where": "where" in flags,
        "always_true": "always-true" in flags,
    }
    if key and operation.object in ("table", "view"):
        found["exists"] = context.exists(key)
    definition = operation.definition
    if operation.kind == "add-column" and isinstance(definition, ColumnDefinition):
        found["nullable"] = True if context.dialect == "clickhouse" else definition.nullable
        found["default"] = _default(definition)
        found["column_type"] = shown(definition.type)
    elif operation.kind == "create-index" and isinstance(definition, IndexDefinition):
        spare_facts(context, key, definition, found)
    elif operation.kind == "create-view":
        replaced_view(context, operation, key, found)
    elif operation.kind == "drop-view":
        dropped_view(context, key, found)
    elif operation.kind == "add-constraint" and isinstance(definition, ConstraintDefinition):
        found["constraint"] = definition.kind
        found["nullable"] = True
        found["repeats_default"] = context.dialect in _UNIQUE_KEYS and _repeats(definition, operation, rest)
    elif operation.column:
        _column_facts(context, operation, key, found)
    return found


# Elsewhere a key of a new column is refused in any case, or is a word to the planner that nothing checks.
_UNIQUE_KEYS = frozenset({"tsql", "oracle", "cockroachdb", "yugabytedb"})


def _repeats(definition: ConstraintDefinition, operation: Operation, rest: Rest) -> bool:
    """Whether a key of one new column is broken by the default, which every row gets."""
    if definition.kind not in ("unique", "primary-key") or "inline" not in operation.flags:
        return False
    return any(
        isinstance(other.definition, ColumnDefinition)
        and other.kind == "add-column"
        and other.column == operation.column
        and _default(other.definition) == "constant"
        for other in rest.operations
    )


def _column_facts(context: Context, operation: Operation, key: str, found: dict[str, Fact]) -> None:
    """What is known of the column that a statement changes or drops."""
    known = context.column(key, operation.column or "")
    if known is None:
        return
    found["nullable"] = known.nullable
    found["default"] = "none" if known.default is None else "constant"
    if known.type is None:
        return
    found["column_type"] = shown(known.type)
    if operation.kind == "change-type" and operation.type is not None:
        change_facts(context.dialect, known.type, operation.type, found)


def _default(definition: ColumnDefinition) -> str:
    if definition.identity or definition.generated or definition.serial:
        return "stored"
    default = definition.default
    if default is None or default == Literal("null", "null"):
        return "none"
    return "constant" if isinstance(default, Literal) else "stable"


def _resolve(word: str, context: Context, operation: Operation, key: str) -> list[str]:
    del word, context, operation
    return [key] if key else []


def _setting(name: str, value: str) -> tuple[str, str]:
    return name, value


def _routine(definition: RoutineDefinition, number: int, span: Span) -> tuple[tuple[Statement, ...], str]:
    del definition, number, span
    return (), "bodies of this database are not read"
