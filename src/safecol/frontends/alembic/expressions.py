"""Expressions of the toolkit as values come in (`sa.text`, `sa.func.now()`, comparisons); their SQL goes out."""

from safecol.frontends.alembic.names import NotKnown, Target, known, quoted, shown_source, string, why
from safecol.frontends.alembic.types import type_name
from safecol.frontends.python.strings import hole
from safecol.frontends.python.values import External, Made, Member, Text, Unknown, Value, path_of
from safecol.patterns import lazy
from safecol.source import Span

_NAMED = lazy(r"(?:\w+\.)*[A-Z][A-Z0-9_]+")
_WORDS = frozenset({"current_timestamp", "current_date", "current_time", "localtime", "localtimestamp", "current_user",
                    "session_user", "user"})  # fmt: skip
_SIGNS = {
    "==": "=", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">=", "+": "+", "-": "-", "*": "*", "/": "/",
    "%": "%", "&": "AND", "|": "OR",
}  # fmt: skip


def default(to: Target, value: Value) -> str | None:
    """What follows DEFAULT; None when there is none. A plain string is a literal. Errors: NotKnown."""
    if value is None or value is False:
        return None
    if isinstance(value, Text):
        return string(to, known(value, "the default"))
    if path_of(value).endswith(("FetchedValue()", "FetchedValue")):
        return None
    if isinstance(value, Made) and value.path.endswith("DefaultClause") and value.arguments:
        return default(to, value.arguments[0])
    if isinstance(value, Made) and value.path == "builtins.str" and len(value.arguments) == 1:
        return default(to, value.arguments[0])
    constant = _constant(value)
    return string(to, str(hole(constant, Span(0, 0)))) if constant else expression(to, value)


def _constant(value: Value) -> str:
    """The name of a constant whose value is elsewhere, written as constants are; empty for other values."""
    if not isinstance(value, (External, Unknown)):
        return ""
    named = shown_source(value)
    return named if _NAMED.fullmatch(named) else ""


def expression(to: Target, value: Value) -> str:
    """The SQL of a value. Errors: NotKnown."""
    if isinstance(value, bool):
        return _boolean(to, value)
    if value is None:
        return "NULL"
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, Text):
        return string(to, known(value, "a value"))
    if isinstance(value, Member):
        column = column_of(to, value)
        if column:
            return column
    if isinstance(value, (External, Made)):
        made = _of_made(to, value)
        if made is not None:
            return made
    raise NotKnown(why(value, "an expression"))


def _boolean(to: Target, value: bool) -> str:
    return str(int(value)) if to.is_sqlite else str(value).lower()


def condition(to: Target, value: Value) -> str:
    """The SQL of a condition, where a plain string is SQL itself, with placeholders perhaps. Errors: NotKnown."""
    if isinstance(value, Text):
        whole = value.holes == ((0, len(value)),)
        return known(value, "the condition") if whole else str(value)
    return expression(to, value)


def partly(to: Target, value: Value, source: str) -> str:
    """The SQL of an expression, or a placeholder where it is not known."""
    try:
        return expression(to, value)
    except NotKnown:
        named = shown_source(value) if isinstance(value, (Unknown, External, Member)) else source
        return str(hole(named, value.span if isinstance(value, Made) else Span(0, 0)))


def column_of(to: Target, value: Value) -> str:
    """The name of a column written as `table.c.name`; empty for other values."""
    path = path_of(value)
    if isinstance(value, (Member, External)) and (".c." in path or ".columns." in path):
        return quoted(to, path.rpartition(".")[2])
    if isinstance(value, Made) and value.path == "operator []" and path_of(value.base).endswith((".c", ".columns")):
        key = value.arguments[1]
        return quoted(to, str(key)) if isinstance(key, Text) else ""
    return ""


def _of_made(to: Target, value: External | Made) -> str | None:
    path = value.path
    name = path.rpartition(".")[2]
    if path.startswith("operator "):
        return _operator(to, value) if isinstance(value, Made) else None
    if name in ("true", "false", "null") and "sqlalchemy" in path:
        return "NULL" if name == "null" else _boolean(to, name == "true")
    if not isinstance(value, Made):
        return None
    if ".func." in path or path.startswith("func."):
        return _function(to, name, value)
    if isinstance(value.base, Made) and "().columns" not in path and (made := _method(to, name, value)) is not None:
        return made
    if isinstance(value.base, (Member, External)) and column_of(to, value.base):
        return _method(to, name, value)
    first = value.arguments[0] if value.arguments else None
    if name in ("text", "literal_column"):
        return known(first, "the SQL")
    if name in ("column", "Column"):
        return quoted(to, known(first, "the column"))
    if name in ("literal", "bindparam") and name == "literal":
        return expression(to, first)
    if name in ("cast", "Cast", "type_coerce") and len(value.arguments) > 1:
        return f"CAST({expression(to, first)} AS {type_name(to, value.arguments[1])})"
    if name in ("and_", "or_"):
        return f" {name[:-1].upper()} ".join(_grouped(to, one, name) for one in value.arguments)
    if name == "not_":
        return f"NOT ({expression(to, first)})"
    if name in ("desc", "asc"):
        return f"{expression(to, first)} {name.upper()}"
    if name == "array" and type(first) in (list, tuple):
        return f"ARRAY[{', '.join(expression(to, one) for one in first or ())}]"
    if name == "inline_literal":
        return expression(to, first)
    return None


def _function(to: Target, name: str, value: Made) -> str:
    if name.lower() in _WORDS and not value.arguments:
        return name.upper()
    if to.is_sqlite and name == "now" and not value.arguments:
        return "CURRENT_TIMESTAMP"
    packages = value.path.partition("func.")[2].rpartition(".")[0]
    shown = f"{packages}.{name}" if packages else name
    return f"{shown}({', '.join(expression(to, one) for one in value.arguments)})"


def _operator(to: Target, value: Made) -> str | None:
    sign = value.path.removeprefix("operator ")
    if sign == "[]":
        return column_of(to, value) or None
    if sign in ("neg", "~"):
        return f"{'-' if sign == 'neg' else 'NOT '}({expression(to, value.arguments[0])})"
    left, right = value.arguments
    if right is None and sign in ("==", "!=", "is", "is not"):
        return f"{expression(to, left)} IS {'NOT ' if sign in ('!=', 'is not') else ''}NULL"
    if sign not in _SIGNS:
        return None
    sides = (expression(to, left), expression(to, right))
    if sign in ("&", "|"):
        sides = (_grouped(to, left, sign), _grouped(to, right, sign))
    return f"{sides[0]} {_SIGNS[sign]} {sides[1]}"


def _grouped(to: Target, value: Value, sign: str) -> str:
    """A part of a condition: alternatives need parentheses inside of AND."""
    written = expression(to, value)
    inner = value.path if isinstance(value, Made) else ""
    return f"({written})" if sign in ("and_", "&") and inner.endswith(("or_", " |", "text")) else written


def _method(to: Target, name: str, value: Made) -> str | None:
    """The SQL of a method of an expression: `.is_(None)`, `.in_([…])`, `.desc()`."""
    first = value.arguments[0] if value.arguments else None
    if name in ("is_", "isnot", "is_not"):
        return f"{expression(to, value.base)} IS {'' if name == 'is_' else 'NOT '}{expression(to, first)}"
    if name in ("in_", "notin_", "not_in") and type(first) in (list, tuple):
        values = ", ".join(expression(to, one) for one in first or ())
        return f"{expression(to, value.base)} {'' if name == 'in_' else 'NOT '}IN ({values})"
    if name in ("like", "ilike"):
        return f"{expression(to, value.base)} {name.upper()} {expression(to, first)}"
    if name in ("desc", "asc"):
        return f"{expression(to, value.base)} {name.upper()}"
    if name in ("nullsfirst", "nulls_first", "nullslast", "nulls_last"):
        return f"{expression(to, value.base)} NULLS {'FIRST' if 'first' in name else 'LAST'}"
    if name in ("bindparams", "self_group", "label", "execution_options", "columns"):
        return expression(to, value.base)
    if name == "cast":
        return f"CAST({expression(to, value.base)} AS {type_name(to, first)})"
    if name == "collate":
        return f'{expression(to, value.base)} COLLATE "{known(first, "the collation")}"'
    if name == "next_value":
        return None
    return None
