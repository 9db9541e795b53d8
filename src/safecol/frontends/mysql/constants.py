"""Texts that are known before they run: expressions and known variables come in, the texts they may be go out."""

from collections.abc import Callable, Iterable
from itertools import product

from safecol.expressions import Call, Case, Cast, ColumnReference, Expression, Literal, Operator

Texts = tuple[str, ...] | None
"""What a value may be: several where a condition decides, None where it is not known."""

_MOST = 16


class Known:
    """What variables and prepared statements are known to be, by name in lower case."""

    __slots__ = ("prepared", "variables")

    def __init__(self) -> None:
        self.variables: dict[str, Texts] = {}
        self.prepared: dict[str, Texts] = {}

    def copy(self) -> "Known":
        other = Known()
        other.variables = dict(self.variables)
        other.prepared = self.prepared
        return other

    def assign(self, name: str, value: Expression | None, *, perhaps: bool = False) -> None:
        """Note what a variable is set to; with `perhaps` it may as well keep what it was."""
        found = texts_of(value, self)
        if perhaps and name in self.variables:
            found = _either((self.variables[name], found))
        self.variables[name] = found

    def give(self, name: str, texts: Texts) -> None:
        self.variables[name] = texts


def texts_of(value: Expression | None, known: Known) -> Texts:
    """The texts that an expression may have; None where that depends on data."""
    if isinstance(value, Literal):
        return ("",) if value.kind == "null" else (value.value,)
    if isinstance(value, ColumnReference):
        return known.variables.get(value.parts[0].lower()) if len(value.parts) == 1 else None
    if isinstance(value, Cast):
        return texts_of(value.argument, known)
    if isinstance(value, Operator) and value.name == "collate":
        return texts_of(value.arguments[0], known)
    if isinstance(value, Case):
        return _any([result for _, result in value.branches] + [value.otherwise or Literal("null", "")], known)
    if isinstance(value, Call):
        return _called(value, known)
    return None


def _any(values: list[Expression], known: Known) -> Texts:
    return _either(texts_of(value, known) for value in values)


def _either(several: Iterable[Texts]) -> Texts:
    """One of several; None where one isn't known, or they are too many to follow."""
    found: dict[str, None] = {}
    for texts in several:
        if texts is None:
            return None
        found.update(dict.fromkeys(texts))
    return tuple(found) if len(found) <= _MOST else None


def _called(call: Call, known: Known) -> Texts:
    arguments = list(call.arguments)
    if call.name == "if" and len(arguments) == 3:
        return _any(arguments[1:], known)
    if call.name in ("ifnull", "coalesce", "nullif"):
        return _any(arguments[:1] if call.name == "nullif" else arguments, known)
    if call.name == "concat":
        return _joined("", arguments, known)
    if call.name == "concat_ws" and arguments:
        separator = texts_of(arguments[0], known)
        return _joined(separator[0], arguments[1:], known) if separator is not None and len(separator) == 1 else None
    if call.name in ("trim", "quote", "lower", "upper", "lcase", "ucase") and len(arguments) == 1:
        inner = texts_of(arguments[0], known)
        return tuple(_CHANGES[call.name](text) for text in inner) if inner is not None else None
    return None


_CHANGES: dict[str, Callable[[str], str]] = {
    "trim": str.strip,
    "lower": str.lower,
    "lcase": str.lower,
    "upper": str.upper,
    "ucase": str.upper,
    "quote": lambda text: "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'",
}


def _joined(separator: str, arguments: list[Expression], known: Known) -> Texts:
    parts = [texts_of(argument, known) for argument in arguments]
    given = [part for part in parts if part is not None]
    if len(given) < len(parts):
        return None
    made = dict.fromkeys(separator.join(chosen) for chosen in product(*given))
    return tuple(made) if len(made) <= _MOST else None
