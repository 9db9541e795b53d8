"""Conditions that hold for every row come in, whether they prove another condition goes out.

This follows `predicate_implied_by` (`predtest.c`), with its weak implication: a condition that is null counts as held.
So `c > 0` doesn't prove `c IS NOT NULL`, and ATTACH PARTITION and SET NOT NULL accept what is proven here.
"""

from collections.abc import Sequence

from safecol.dialects.postgresql.folding import folded, negation
from safecol.expressions import (
    Call,
    Cast,
    Collection,
    ColumnReference,
    Expression,
    Junction,
    Literal,
    NullTest,
    Operator,
)
from safecol.patterns import lazy

# The server doesn't look into longer lists (MAX_SAOP_ARRAY_SIZE).
_LONGEST_LIST = 100

_COMMUTED = {"=": "=", "<>": "<>", "<": ">", ">": "<", "<=": ">=", ">=": "<="}


def proves_not_null(check: Expression, column: str, not_null: frozenset[str]) -> bool:
    """Whether a validated CHECK lets SET NOT NULL on `column` skip its scan."""
    if column in not_null:
        return True
    return implied(NullTest(ColumnReference((column,)), True), [check], not_null)


def implied(condition: Expression, known: Sequence[Expression], not_null: frozenset[str]) -> bool:
    """Whether conditions that hold for every row, with the columns that are NOT NULL, prove another."""
    facts = [normal(part) for part in known]
    facts.extend(NullTest(ColumnReference((name,)), True) for name in sorted(not_null))
    try:
        return _implies(Junction("and", tuple(facts)), normal(condition))
    except RecursionError:
        return False


def normal(expression: Expression) -> Expression:
    """A condition as the server compares it: folded, columns bare, lists and BETWEEN written out, columns left."""
    return _plain(folded(_bare(_spread(expression))))


def _spread(expression: Expression) -> Expression:
    """BETWEEN, IN and ANY as junctions of comparisons."""
    if isinstance(expression, Junction):
        return expression._replace(arguments=tuple(_spread(part) for part in expression.arguments))
    if not isinstance(expression, Operator):
        return expression
    if expression.name == "between" and len(expression.arguments) == 3:
        value, low, high = expression.arguments
        return Junction("and", (Operator(">=", (value, low)), Operator("<=", (value, high))))
    if expression.name in {"in", "any", "<> all"} and len(expression.arguments) == 2:
        value, listed = expression.arguments
        items = listed.items if isinstance(listed, Collection) else None
        if items is None or len(items) > _LONGEST_LIST or not all(literal(item) is not None for item in items):
            return expression
        if expression.name == "<> all":
            return Junction("and", tuple(Operator("<>", (value, item)) for item in items))
        return Junction("or", tuple(Operator("=", (value, item)) for item in items))
    return expression


def _bare(expression: Expression) -> Expression:
    """Column references without their table."""
    if isinstance(expression, ColumnReference):
        return ColumnReference(expression.parts[-1:])
    if isinstance(expression, (Call, Operator, Junction)):
        return expression._replace(arguments=tuple(_bare(part) for part in expression.arguments))
    if isinstance(expression, (Cast, NullTest)):
        return expression._replace(argument=_bare(expression.argument))
    if isinstance(expression, Collection):
        return expression._replace(items=tuple(_bare(part) for part in expression.items))
    return expression


def _plain(expression: Expression) -> Expression:
    """Junctions flat, negations inside, constants on the right."""
    if isinstance(expression, Junction):
        if expression.name == "not":
            inner = negation(expression.arguments[0])
            return expression if inner == expression else _plain(inner)
        parts: list[Expression] = []
        for argument in expression.arguments:
            part = _plain(argument)
            nested = isinstance(part, Junction) and part.name == expression.name
            parts.extend(part.arguments if nested and isinstance(part, Junction) else (part,))
        return parts[0] if len(parts) == 1 else Junction(expression.name, tuple(parts))
    if isinstance(expression, Operator) and expression.name in _COMMUTED and len(expression.arguments) == 2:
        left, right = expression.arguments
        if literal(left) is not None and literal(right) is None:
            return Operator(_COMMUTED[expression.name], (right, left))
    return expression


def _implies(known: Expression, wanted: Expression) -> bool:
    if isinstance(wanted, Junction) and wanted.name == "and":
        return all(_implies(known, part) for part in wanted.arguments)
    if isinstance(known, Junction) and known.name == "or":
        return all(_implies(part, wanted) for part in known.arguments)
    if isinstance(wanted, Junction) and wanted.name == "or" and any(_implies(known, part) for part in wanted.arguments):
        return True
    if isinstance(known, Junction) and known.name == "and":
        return any(_implies(part, wanted) for part in known.arguments)
    return _simple(known, wanted)


def _simple(known: Expression, wanted: Expression) -> bool:
    if known == wanted:
        return True
    if not isinstance(known, Operator) or not isinstance(wanted, Operator):
        return False
    if known.name not in _COMMUTED or wanted.name not in _COMMUTED:
        return False
    if len(known.arguments) != 2 or len(wanted.arguments) != 2 or known.arguments[0] != wanted.arguments[0]:
        return False
    order = compare(known.arguments[1], wanted.arguments[1])
    return order is not None and _follows(known.name, order, wanted.name)


def _follows(known: str, order: int, wanted: str) -> bool:
    """Whether `x known a` gives `x wanted b`, where `order` is the sign of a - b."""
    if known == "=":
        return {"=": order == 0, "<>": order != 0, "<": order < 0, "<=": order <= 0, ">": order > 0, ">=": order >= 0}[
            wanted
        ]
    if known == "<>":
        return wanted == "<>" and order == 0
    up = known in {">", ">="}
    if wanted not in ({">", ">=", "<>"} if up else {"<", "<=", "<>"}):
        return False
    distance = order if up else -order
    if wanted in {">=", "<="} or known in {">", "<"}:
        return distance >= 0
    return distance > 0


def literal(expression: Expression) -> Literal | None:
    """The constant behind casts; None when it is no constant."""
    while isinstance(expression, Cast):
        expression = expression.argument
    if isinstance(expression, Operator) and expression.name == "-" and len(expression.arguments) == 1:
        inner = literal(expression.arguments[0])
        return Literal("number", f"-{inner.value}") if inner is not None and inner.kind == "number" else None
    return expression if isinstance(expression, Literal) and expression.kind != "null" else None


_DATE = lazy(r"\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d:\d\d)?")
_MIDNIGHT = " 00:00:00"


def compare(left: Expression, right: Expression) -> int | None:
    """The sign of left - right for two constants of one type; None when their order isn't certain."""
    first, second = literal(left), literal(right)
    if first is None or second is None or not _alike(left, right):
        return None
    if first.kind != second.kind:
        return None
    if first.kind == "number":
        if not first.value.lstrip("-").isdigit() or not second.value.lstrip("-").isdigit():
            return 0 if first.value == second.value else None
        one, two = int(first.value), int(second.value)
        return (one > two) - (one < two)
    if first.value == second.value:
        return 0
    if first.kind == "string" and _DATE.fullmatch(first.value) and _DATE.fullmatch(second.value):
        early, late = _instant(first.value), _instant(second.value)
        return (early > late) - (early < late)
    return None


def _instant(text: str) -> str:
    return text.replace("T", " ") if len(text) > 10 else text + _MIDNIGHT


def _alike(left: Expression, right: Expression) -> bool:
    """Whether two constants are of one type: the same casts, or none on either side."""
    types = [part.type.name if isinstance(part, Cast) else None for part in (left, right)]
    return types[0] == types[1]
