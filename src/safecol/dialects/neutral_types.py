"""Changes of types as any database sees them: the old and the new type come in, whether values may not fit goes out.

Only what the names of types say everywhere is judged: the length of texts, the width of integers, the digits of
decimals. Where that isn't all, the answer is unknown.
"""

from safecol.expressions import TypeName, is_open
from safecol.trace import Fact

_TEXTS = frozenset({"varchar", "nvarchar", "char", "nchar", "text", "bpchar", "varchar2", "nvarchar2", "string"})
_WIDTHS = {
    "tinyint": 1, "smallint": 2, "int2": 2, "mediumint": 3, "int": 4, "int4": 4, "integer": 4, "bigint": 8, "int8": 8,
}  # fmt: skip
_DECIMALS = frozenset({"decimal", "numeric"})
_DATES = frozenset({"date", "datetime", "datetime2", "timestamp", "timestamptz", "time", "smalldatetime"})
_FLOATS = frozenset({"float", "double", "real", "float4", "float8"})
_SHOWN = {
    "int2": "smallint", "int4": "integer", "int8": "bigint", "bpchar": "char", "float4": "real",
    "float8": "double precision",
}  # fmt: skip
_FAMILIES = {
    **dict.fromkeys(_TEXTS, "text"),
    **dict.fromkeys(_WIDTHS, "integer"),
    **dict.fromkeys(_DECIMALS, "decimal"),
    **dict.fromkeys(_DATES, "date"),
    **dict.fromkeys(_FLOATS, "float"),
    **dict.fromkeys(("boolean", "bool", "bit"), "boolean"),
    **dict.fromkeys(("uuid", "uniqueidentifier"), "uuid"),
}
# One word for whole numbers of 38 digits, or of 64 bits whatever they are called.
_WIDE_INTEGERS = frozenset({"oracle", "snowflake", "bigquery", "cockroachdb"})


def shown(kind: TypeName) -> str:
    """A type as one reads it."""
    modifiers = ", ".join(str(item) for item in kind.modifiers)
    return _SHOWN.get(kind.name, kind.name) + (f"({modifiers})" if modifiers else "")


def change_facts(dialect: str, old: TypeName, new: TypeName, found: dict[str, Fact]) -> None:
    """Sets `old_type`, `new_type`, `narrowing` and `compatible`."""
    found["old_type"] = shown(old)
    found["new_type"] = shown(new)
    families = _FAMILIES.get(old.name), _FAMILIES.get(new.name)
    if None in families or old.array or new.array:
        return
    # Drivers hand on whole numbers of any width, and texts of any length, as one kind of value.
    found["compatible"] = families[0] == families[1]
    found["narrowing"] = narrows(dialect, old, new)


def narrows(dialect: str, old: TypeName, new: TypeName) -> bool | None:
    """Whether there are values of the old type that the new one can't hold; None where the names don't say."""
    if is_open(old) or is_open(new):
        return None
    if old == new:
        return False
    family = _FAMILIES.get(old.name)
    if family is None or family != _FAMILIES.get(new.name):
        return True if family == "text" and _FAMILIES.get(new.name) in ("integer", "decimal", "uuid", "date") else None
    if family == "text":
        return _shorter(old, new)
    if family == "integer":
        return None if dialect in _WIDE_INTEGERS else _WIDTHS[new.name] < _WIDTHS[old.name]
    return _fewer(old, new) if family == "decimal" else None


def _shorter(old: TypeName, new: TypeName) -> bool | None:
    before, after = _length(old), _length(new)
    if after is None:
        return None if "char" in (old.name, new.name) else False
    return before is None or after < before


def _length(kind: TypeName) -> int | None:
    """The most characters; None for no limit (`max`, `text`)."""
    first = kind.modifiers[0] if kind.modifiers else None
    return first if isinstance(first, int) else None


def _fewer(old: TypeName, new: TypeName) -> bool | None:
    digits = [[item for item in kind.modifiers if isinstance(item, int)] for kind in (old, new)]
    if not digits[0] or not digits[1]:
        return None
    (before, scale_before), (after, scale_after) = ((*each, 0)[:2] for each in digits)
    return after - scale_after < before - scale_before
