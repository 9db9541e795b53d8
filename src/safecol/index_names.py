"""Definitions come in; names that PostgreSQL would propose for them, or that a staged rewrite makes up, go out."""

from collections.abc import Sequence

from safecol.expressions import Call, Case, Cast, Collection, ColumnReference, Expression, Operator
from safecol.operations import ConstraintDefinition, IndexDefinition

_LONGEST = 63


def parts(definition: IndexDefinition) -> list[str]:
    """The columns, INCLUDE's too, and for each expression the server's word for it; equal ones are numbered."""
    named = [element.column or _figured(element.expression) for element in definition.elements]
    return _distinct([*named, *definition.including])


def key_parts(definition: ConstraintDefinition) -> list[str]:
    """Those of a UNIQUE constraint."""
    return _distinct([*definition.columns, *definition.including])


def proposed(table: str, columns: str, label: str) -> str:
    """The parts joined, the longer of the first two cut to fit: as makeObjectName in the server's indexcmds.c."""
    first, second = table.encode(), columns.encode()
    room = _LONGEST - len(label) - bool(first) - bool(second)
    one, two = len(first), len(second)
    while one + two > room:
        if one > two:
            one -= 1
        else:
            two -= 1
    cut = (first[:one].decode(errors="ignore"), second[:two].decode(errors="ignore"), label)
    return "_".join(part for part in cut if part)


def _distinct(names: Sequence[str]) -> list[str]:
    found: list[str] = []
    for name in names:
        number, free = 0, name
        while free in found:
            number += 1
            free = f"{name}{number}"
        found.append(free)
    return found


def _figured(expression: Expression | None) -> str:
    """As FigureIndexColname in the server's parse_target.c: a function's name, a type's, else `expr`."""
    return _strength(expression)[0] or "expr"


def _strength(expression: Expression | None) -> tuple[str, int]:
    if isinstance(expression, ColumnReference):
        return expression.parts[-1], 2
    if isinstance(expression, Call):
        return expression.name, 2
    if isinstance(expression, Operator) and expression.name in {"collate", "subscript"}:
        return _strength(expression.arguments[0])
    if isinstance(expression, Collection):
        return (expression.kind, 2) if expression.kind in {"array", "row"} else ("", 0)
    if isinstance(expression, Cast):
        found, strength = _strength(expression.argument)
        return (found, strength) if strength > 1 else (expression.type.name, 1)
    if isinstance(expression, Case):
        found, strength = _strength(expression.otherwise)
        return (found, strength) if strength > 1 else ("case", 1)
    return "", 0
