"""Constant expressions as SQLite judges them: is it one, and what does a CHECK say of it."""

from collections.abc import Mapping

from safecol.expressions import (
    Cast,
    Collection,
    ColumnReference,
    Expression,
    Junction,
    Literal,
    NullTest,
    Operator,
    TypeName,
)

_ORDER = {"<": (-1,), "<=": (-1, 0), ">": (1,), ">=": (1, 0), "=": (0,), "<>": (-1, 1)}


def default_class(default: Expression | None) -> str:
    """`none` (also for NULL), `constant`, or `volatile`: what ALTER TABLE calls a non-constant default.

    Only a value itself is constant, with a sign or in a CAST; `(1 + 2)` isn't (`sqlite3ValueFromExpr`).
    """
    if default is None:
        return "none"
    if isinstance(default, Cast):
        return default_class(default.argument)
    if isinstance(default, Literal):
        return "none" if default.kind == "null" else "constant"
    if isinstance(default, Operator) and default.name == "-" and len(default.arguments) == 1:
        return default_class(default.arguments[0])
    return "volatile"


def affinity(kind: TypeName) -> str:
    """As what a column of a type keeps its values where it can.

    https://www.sqlite.org/datatype3.html#determination_of_column_affinity
    """
    name = kind.name
    if "int" in name:
        return "integer"
    if any(word in name for word in ("char", "clob", "text")):
        return "text"
    if "blob" in name or not name:
        return "blob"
    return "real" if any(word in name for word in ("real", "floa", "doub")) else "numeric"


def holds(condition: Expression, known: Mapping[str, Literal]) -> bool | None:
    """Whether a CHECK lets a row with these values pass; None when that isn't known. What is NULL passes."""
    found = _truth(condition, known)
    return True if found == "null" else None if found is None else found == "true"


def _truth(condition: Expression, known: Mapping[str, Literal]) -> str | None:
    """`true`, `false`, `null`, or None."""
    if isinstance(condition, Junction):
        return _joined(condition.name, [_truth(part, known) for part in condition.arguments])
    if isinstance(condition, NullTest):
        value = _value(condition.argument, known)
        if value is None:
            return None
        return "true" if (value.kind == "null") != condition.negated else "false"
    if isinstance(condition, Operator) and condition.name in _ORDER:
        left, right = (_value(part, known) for part in condition.arguments)
        return None if left is None or right is None else _compared(condition.name, left, right)
    if isinstance(condition, Operator) and condition.name == "in" and isinstance(condition.arguments[1], Collection):
        left = _value(condition.arguments[0], known)
        items = [_value(item, known) for item in condition.arguments[1].items]
        results = [None if left is None or item is None else _compared("=", left, item) for item in items]
        return _joined("or", results)
    return None


def _joined(name: str, parts: list[str | None]) -> str | None:
    if name == "not":
        return {"true": "false", "false": "true", "null": "null"}.get(parts[0] or "")
    deciding, other = ("false", "true") if name == "and" else ("true", "false")
    if deciding in parts:
        return deciding
    if None in parts:
        return None
    return "null" if "null" in parts else other


def _value(expression: Expression, known: Mapping[str, Literal]) -> Literal | None:
    if isinstance(expression, Literal):
        return expression
    if isinstance(expression, ColumnReference):
        return known.get(expression.parts[-1])
    return None


def _compared(name: str, left: Literal, right: Literal) -> str | None:
    if "null" in (left.kind, right.kind):
        return "null"
    if left.kind != right.kind:
        return None
    one: float | str = left.value
    other: float | str = right.value
    if left.kind == "number":
        try:
            one, other = float(left.value), float(right.value)
        except ValueError:
            return None
    elif left.kind != "string":
        return None
    sign = (one > other) - (one < other)  # type: ignore[operator]  # both are of one kind
    return "true" if sign in _ORDER[name] else "false"
