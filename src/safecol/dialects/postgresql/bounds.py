"""CHECKs, a partition key and a bound come in, whether ATTACH PARTITION can do without reading the rows goes out.

The conditions are those of `get_qual_for_range` and `get_qual_for_list` (`partbounds.c`).
"""

from collections.abc import Sequence

from safecol.dialects.postgresql.proofs import implied as proven
from safecol.dialects.postgresql.proofs import literal
from safecol.expressions import Cast, ColumnReference, Expression, Junction, Literal, NullTest, Operator, Unknown
from safecol.operations import PartitionBound, PartitionKey


def implied(checks: Sequence[Expression], key: PartitionKey, bound: PartitionBound, not_null: frozenset[str]) -> bool:
    """Whether validated CHECKs and NOT NULL columns prove that every row belongs to the partition."""
    condition = constraint(key, bound)
    return condition is not None and proven(condition, checks, not_null)


def excludes(
    checks: Sequence[Expression],
    key: PartitionKey,
    bound: PartitionBound,
    not_null: frozenset[str] = frozenset(),
) -> bool:
    """Whether validated CHECKs of the DEFAULT partition prove that it has no row of a new partition."""
    condition = constraint(key, bound)
    return condition is not None and proven(Junction("not", (condition,)), checks, not_null)


def constraint(key: PartitionKey, bound: PartitionBound) -> Expression | None:
    """The condition that the server puts on a partition; None for hash and default, and for bounds it can't tell."""
    columns: list[Expression] = []
    for element in key.elements:
        if element.column is not None:
            columns.append(ColumnReference((element.column,)))
        elif element.expression is not None:
            columns.append(element.expression)
        else:
            return None
    if bound.kind == "list" and len(columns) == 1:
        return _list(columns[0], bound.values)
    if bound.kind == "range" and len(columns) == len(bound.lower) == len(bound.upper):
        return _range(columns, bound.lower, bound.upper)
    return None


def _list(column: Expression, values: Sequence[Expression]) -> Expression | None:
    kept = [value for value in values if not _is_null(value)]
    if any(literal(value) is None for value in kept):
        return None
    equal: Expression = Junction("or", tuple(Operator("=", (column, value)) for value in kept))
    if len(kept) == len(values):
        return Junction("and", (NullTest(column, True), equal))
    return Junction("or", (NullTest(column, False), equal)) if kept else NullTest(column, False)


def _is_null(value: Expression) -> bool:
    while isinstance(value, Cast):
        value = value.argument
    return isinstance(value, Literal) and value.kind == "null"


def _range(
    columns: Sequence[Expression], lower: Sequence[Expression], upper: Sequence[Expression]
) -> Expression | None:
    for value in (*lower, *upper):
        if literal(value) is None and _infinity(value) is None:
            return None
    parts: list[Expression] = [NullTest(column, True) for column in columns]
    first = 0
    while first < len(columns) - 1 and literal(lower[first]) is not None and lower[first] == upper[first]:
        parts.append(Operator("=", (columns[first], lower[first])))
        first += 1
    sides = (_arms(columns, lower, first, ">"), _arms(columns, upper, first, "<"))
    parts.extend(Junction("or", tuple(arms)) for arms in sides if arms)
    return Junction("and", tuple(parts))


def _infinity(value: Expression) -> str | None:
    """`minvalue` or `maxvalue`; None for every other expression."""
    if isinstance(value, Unknown) and value.text in {"minvalue", "maxvalue"}:
        return value.text
    if isinstance(value, ColumnReference) and value.parts[-1] in {"minvalue", "maxvalue"}:
        return value.parts[-1]
    return None


def _arms(columns: Sequence[Expression], values: Sequence[Expression], first: int, sign: str) -> list[Expression]:
    """`a > 1 OR (a = 1 AND b >= 2)`: one arm for each column until an infinite bound."""
    open_end = "minvalue" if sign == ">" else "maxvalue"
    arms: list[Expression] = []
    for last in range(first, len(columns)):
        if _infinity(values[last]) is not None:
            break
        parts: list[Expression] = [Operator("=", (columns[at], values[at])) for at in range(first, last)]
        following = _infinity(values[last + 1]) if last + 1 < len(columns) else None
        closed = following == open_end or (sign == ">" and last == len(columns) - 1)
        parts.append(Operator(f"{sign}=" if closed else sign, (columns[last], values[last])))
        arms.append(Junction("and", tuple(parts)))
    return arms
