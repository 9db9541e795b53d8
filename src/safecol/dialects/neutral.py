"""Databases whose locks and costs are not known: facts that hold everywhere come out, and no effects.

The rules of all dialects select on what a statement says and on the schema so far; what it costs is not guessed.
"""

from typing import Any

from safecol import effects, versions
from safecol.catalog import Catalog
from safecol.context import Context
from safecol.expressions import Literal
from safecol.fold import Dialect, Rest
from safecol.operations import KINDS, ColumnDefinition, Operation, RoutineDefinition, Statement
from safecol.source import Span
from safecol.trace import Fact

_KNOWN = [kind for group, kinds in KINDS.items() if group not in ("transaction", "session") for kind in kinds]
# A column that old rows have no value for is refused everywhere but on ClickHouse, whose types have default values.
_ROWS: list[dict[str, Any]] = [
    {"operation": _KNOWN, "unknown": "what this database locks and how long it takes"},
    {
        "operation": "add-column",
        "given": {"nullable": False, "default": "none"},
        "fails": {"when": "rows", "reason": "rows that exist have no value for {column}"},
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
    del rest
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
        found["column_type"] = definition.type.name
    return found


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
