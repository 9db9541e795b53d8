"""Operators of Python, as nodes of its syntax tree, come in; their signs and what they do to constants go out."""

import ast
from collections.abc import Callable

from safecol.frontends.python.values import Unknown, Value

SIGNS: dict[type[ast.AST], str] = {
    ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Add: "+", ast.Sub: "-",
    ast.Mult: "*", ast.Div: "/", ast.Mod: "%", ast.BitAnd: "&", ast.BitOr: "|", ast.Invert: "~", ast.USub: "neg",
    ast.Is: "is", ast.IsNot: "is not", ast.In: "in", ast.NotIn: "not in", ast.FloorDiv: "//", ast.Pow: "**",
}  # fmt: skip


def is_small(*numbers: float) -> bool:
    """Whether computing with the numbers can't go on for long."""
    return all(abs(number) < 1e12 for number in numbers)


def arithmetic(kind: ast.operator, left: float, right: float) -> Value:
    """The number that an operator makes of two."""
    try:
        if isinstance(kind, ast.Add):
            return left + right
        if isinstance(kind, ast.Sub):
            return left - right
        if isinstance(kind, ast.Mult):
            return left * right
        if isinstance(kind, ast.Div):
            return left / right
        if isinstance(kind, ast.FloorDiv):
            return left // right
        if isinstance(kind, ast.Mod):
            return left % right
    except ZeroDivisionError:
        pass
    return Unknown("a number", "it is computed in a way that is not followed")


COMPARISONS: dict[type[ast.cmpop], Callable[[Value, Value], bool]] = {
    ast.Eq: lambda left, right: left == right,
    ast.NotEq: lambda left, right: left != right,
    ast.Lt: lambda left, right: left < right,
    ast.LtE: lambda left, right: left <= right,
    ast.Gt: lambda left, right: left > right,
    ast.GtE: lambda left, right: left >= right,
    ast.In: lambda left, right: left in right,
    ast.NotIn: lambda left, right: left not in right,
    ast.Is: lambda left, right: left is right or left == right,
    ast.IsNot: lambda left, right: not (left is right or left == right),
}
