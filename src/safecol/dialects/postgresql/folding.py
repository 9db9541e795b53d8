"""An expression comes in, what the planner's constant folding leaves of it goes out."""

from collections.abc import Sequence

from safecol.expressions import (
    BooleanTest,
    Call,
    Case,
    Cast,
    Collection,
    Expression,
    Junction,
    Literal,
    NullTest,
    Operator,
)

TRUE, FALSE, NULL = Literal("boolean", "true"), Literal("boolean", "false"), Literal("null", "null")

_PURE = frozenset({"+", "-", "*", "/", "%", "||"})


def folded(expression: Expression) -> Expression:
    """The expression without the branches that PostgreSQL drops before it looks for volatile functions."""
    try:
        return _folded(expression)
    except RecursionError:
        return expression


def is_constant(expression: Expression) -> bool:
    """Whether the planner holds this as a value that is not null."""
    if isinstance(expression, Literal):
        return expression.kind != "null"
    if isinstance(expression, Cast):
        return expression.type.schema is None and is_constant(expression.argument)
    if isinstance(expression, Operator):
        return expression.name in _PURE and all(is_constant(part) for part in expression.arguments)
    if isinstance(expression, Collection):
        return expression.kind == "array" and all(is_constant(part) for part in expression.items)
    return False


def is_null(expression: Expression) -> bool:
    """Whether this is the constant null, perhaps cast."""
    while isinstance(expression, Cast):
        expression = expression.argument
    return isinstance(expression, Literal) and expression.kind == "null"


def truth(expression: Expression) -> bool | None:
    """The value of a boolean constant; None when it is not one (or null)."""
    if isinstance(expression, Cast) and expression.type.name == "bool" and not expression.type.array:
        expression = expression.argument
        if isinstance(expression, Literal) and expression.kind == "string":
            return {"t": True, "true": True, "f": False, "false": False}.get(expression.value.lower())
    if isinstance(expression, Literal) and expression.kind == "boolean":
        return expression.value == "true"
    return None


def _folded(expression: Expression) -> Expression:
    if isinstance(expression, Call):
        return _call(expression._replace(arguments=_all(expression.arguments)))
    if isinstance(expression, Cast):
        return expression._replace(argument=_folded(expression.argument))
    if isinstance(expression, Operator):
        return _operator(expression._replace(arguments=_all(expression.arguments)))
    if isinstance(expression, Junction):
        return _junction(expression)
    if isinstance(expression, NullTest):
        return _null_test(_folded(expression.argument), expression.negated)
    if isinstance(expression, BooleanTest):
        return _boolean_test(_folded(expression.argument), expression.test)
    if isinstance(expression, Case):
        return _case(expression)
    if isinstance(expression, Collection):
        return expression._replace(items=_all(expression.items))
    return expression


def _all(expressions: Sequence[Expression]) -> tuple[Expression, ...]:
    return tuple(_folded(part) for part in expressions)


def _call(call: Call) -> Expression:
    if call.schema is not None:
        return call
    if call.name == "coalesce":
        return _coalesce(call)
    if call.name == "nullif" and len(call.arguments) == 2:
        return _nullif(call)
    return call


def _coalesce(call: Call) -> Expression:
    kept: list[Expression] = []
    for argument in call.arguments:
        if is_null(argument):
            continue
        kept.append(argument)
        if is_constant(argument):
            break
    if not kept:
        return NULL
    # The server keeps COALESCE around a single argument that is no constant.
    return kept[0] if is_constant(kept[0]) else call._replace(arguments=tuple(kept))


def _nullif(call: Call) -> Expression:
    first, second = call.arguments
    if is_null(first) or is_null(second):
        return first
    same = _equal(first, second)
    if same is None:
        return call
    return NULL if same else first


def _equal(left: Expression, right: Expression) -> bool | None:
    """Whether two constants are equal; None when that isn't certain."""
    if truth(left) is not None and truth(right) is not None:
        return truth(left) == truth(right)
    if not isinstance(left, Literal) or not isinstance(right, Literal) or left.kind != right.kind:
        return None
    if left.kind == "number":
        try:
            return float(left.value) == float(right.value)
        except ValueError:
            return None
    return left.value == right.value if left.kind == "string" else None


def _operator(operator: Operator) -> Expression:
    if len(operator.arguments) != 2:
        return operator
    left, right = operator.arguments
    if operator.name == "is distinct from":
        if is_null(left) or is_null(right):
            return _null_test(left if is_null(right) else right, negated=True)
        return operator
    if operator.name not in {"=", "<>"}:
        return operator
    if is_null(left) or is_null(right):
        return NULL
    same = _equal(left, right)
    if same is not None:
        return TRUE if same == (operator.name == "=") else FALSE
    for value, other in ((truth(left), right), (truth(right), left)):
        if value is not None:
            return other if value == (operator.name == "=") else negation(other)
    return operator


_INVERSE = {"=": "<>", "<>": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}


def negation(expression: Expression) -> Expression:
    """NOT of a folded expression, pushed as far inside as the planner pushes it."""
    if (value := truth(expression)) is not None:
        return FALSE if value else TRUE
    if is_null(expression):
        return NULL
    if isinstance(expression, NullTest) and not _is_row(expression.argument):
        return expression._replace(negated=not expression.negated)
    if isinstance(expression, Operator) and expression.name in _INVERSE and len(expression.arguments) == 2:
        return expression._replace(name=_INVERSE[expression.name])
    if isinstance(expression, Junction):
        if expression.name == "not":
            return expression.arguments[0]
        name = "or" if expression.name == "and" else "and"
        return Junction(name, tuple(negation(part) for part in expression.arguments))
    return Junction("not", (expression,))


def _is_row(expression: Expression) -> bool:
    return isinstance(expression, Collection) and expression.kind == "row"


def _junction(junction: Junction) -> Expression:
    if junction.name == "not":
        return negation(_folded(junction.arguments[0]))
    absorbing = junction.name == "or"
    kept: list[Expression] = []
    for argument in junction.arguments:
        part = _folded(argument)
        value = truth(part)
        if value is absorbing:
            return TRUE if absorbing else FALSE
        if value is not None:
            continue
        if isinstance(part, Junction) and part.name == junction.name:
            kept.extend(part.arguments)
        else:
            kept.append(part)
    if not kept:
        return FALSE if absorbing else TRUE
    return kept[0] if len(kept) == 1 else Junction(junction.name, tuple(kept))


def _null_test(argument: Expression, negated: bool) -> Expression:
    if is_null(argument):
        return FALSE if negated else TRUE
    if is_constant(argument):
        return TRUE if negated else FALSE
    if isinstance(argument, Collection) and argument.kind == "row":
        # A row is (not) null when each of its fields is; the planner writes that out.
        return _junction(Junction("and", tuple(NullTest(item, negated) for item in argument.items)))
    return NullTest(argument, negated)


def _boolean_test(argument: Expression, test: str) -> Expression:
    value = truth(argument)
    if value is None and not is_null(argument):
        return BooleanTest(argument, test)
    word = test.removeprefix("not ")
    holds = {"true": value is True, "false": value is False}.get(word, value is None)
    return TRUE if holds != test.startswith("not ") else FALSE


def _case(case: Case) -> Expression:
    subject = _folded(case.subject) if case.subject is not None else None
    kept: list[tuple[Expression, Expression]] = []
    otherwise = case.otherwise
    for condition, value in case.branches:
        test = _folded(condition)
        if subject is None:
            outcome = False if is_null(test) else truth(test)
        else:
            outcome = False if is_null(test) or is_null(subject) else _equal(subject, test)
        if outcome is False:
            continue
        if outcome:
            otherwise = value
            break
        kept.append((test, _folded(value)))
    last = _folded(otherwise) if otherwise is not None else None
    if not kept:
        return last if last is not None else NULL
    return Case(subject, tuple(kept), last)
