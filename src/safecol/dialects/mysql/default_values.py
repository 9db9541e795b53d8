"""A column's DEFAULT and the sql_mode come in; why the server refuses it (error 1067) goes out.

Measured on MySQL 9.7 and MariaDB 10.11 and 11.8: see `CASES` in tests/test_mysql_defaults.py.
"""

import calendar
import re

from safecol.context import Context
from safecol.dialects.mysql import types
from safecol.expressions import Expression, Literal, TypeName
from safecol.fold import Rest
from safecol.operations import ColumnDefinition, Operation, TableDefinition
from safecol.patterns import lazy
from safecol.schema import Table
from safecol.trace import Fact

Facts = dict[str, Fact]

_NUMBER = lazy(r"\s*[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?\s*\Z")
_ZERO = lazy(r"\s*0+(?:[-/.: ]0+)*\s*\Z")
_DATE = lazy(r"\s*(\d{4})-(\d{1,2})-(\d{1,2})(?![\d-])")
_DATES = frozenset({"date", "datetime", "timestamp"})
_RETOLD = frozenset({"modify-column", "set-default", "drop-default", "drop-column"})


def refused(context: Context, definition: ColumnDefinition) -> str | None:
    """Why the server won't have the definition's DEFAULT; None where it will, or it isn't known."""
    if dict(definition.options).get("default") == "expression":
        return None
    default = definition.default
    if isinstance(default, Literal) and (definition.identity == "auto" or definition.serial):
        return f"an AUTO_INCREMENT column can't have a DEFAULT: {definition.name} (error 1067)"
    if isinstance(default, Literal) and default.kind == "null" and not definition.nullable:
        return f"{definition.name} is NOT NULL and can't default to NULL (error 1067)"
    return _misfit(context, definition.name, definition.type, default, _strictness(context, definition.type, default))


def of_operation(context: Context, operation: Operation, key: str, rest: Rest, found: Facts) -> None:
    """Sets `default_refused` and why, `refused_default`, of an operation that gives a default or meets one."""
    definition = operation.definition
    reason = None
    if operation.kind == "create-table" and isinstance(definition, TableDefinition):
        if found.get("no_op") is not True:
            reason = next((why for column in definition.columns if (why := refused(context, column))), None)
    elif operation.kind in ("add-column", "modify-column") and isinstance(definition, ColumnDefinition):
        reason = refused(context, definition) or _kept(context, key, rest)
    elif operation.kind == "set-default":
        column = context.column(key, operation.column or "")
        if column is not None and column.type is not None:
            mode = _strictness(context, column.type, operation.expression)
            reason = _misfit(context, column.name, column.type, operation.expression, mode)
        reason = reason or _kept(context, key, rest)
    else:
        reason = _kept(context, key, rest)
    if reason is not None:
        found["default_refused"], found["refused_default"] = True, reason
        found["by_itself"] = isinstance(definition, (TableDefinition, ColumnDefinition))


def is_lax(context: Context, columns: tuple[ColumnDefinition, ...]) -> bool:
    """Whether one of the columns has a default that only the sql_mode which the file has set lets through."""
    if context.setting("sql_mode") is None:
        return False
    default = _default_mode(context)
    return any(_misfit(context, item.name, item.type, item.default, default) is not None for item in columns)


def _kept(context: Context, key: str, rest: Rest) -> str | None:
    """Why any change of a table is refused: a column that stays has a zero date."""
    table = context.schema.tables.get(key)
    if table is None or not (context.setting("sql_mode") is not None or "lax-defaults" in dict(table.options)):
        return None
    retold = {item.column for item in rest.operations if item.kind in _RETOLD}
    mode = _mode(context)
    for column in table.columns.values():
        if column.type is None or column.name in retold or types.shape(column.type).family not in _DATES:
            continue
        reason = _misfit(context, column.name, column.type, column.default, mode)
        if reason is not None:
            return f"{reason}, whatever else of {key} is changed"
    return None


def _default_mode(context: Context) -> frozenset[str]:
    """The modes that matter here, as the version sets them by itself."""
    if context.dialect == "mysql":
        return frozenset({"strict", "no_zero_date", "no_zero_in_date"})
    return frozenset({"strict"} if context.version >= 100_204 else ())


def _mode(context: Context) -> frozenset[str]:
    written = context.setting("sql_mode")
    if written is None or written.lower() == "default" or written.startswith("@"):
        return _default_mode(context)
    words = {word.strip().lower() for word in written.split(",")}
    if "traditional" in words:
        words |= {"strict_all_tables", "no_zero_date", "no_zero_in_date"}
    return frozenset({*words, *(("strict",) if words & {"strict_all_tables", "strict_trans_tables"} else ())})


def _strictness(context: Context, kind: TypeName, default: Expression | None) -> frozenset[str]:
    """The mode; for dates without that of zeros where earlier migrations show that the server's own mode has them."""
    mode = _mode(context)
    if not isinstance(default, Literal) or types.shape(kind).family not in _DATES:
        return mode
    if context.setting("sql_mode") is None and "no_zero_date" in mode and _shown(context):
        return mode - {"no_zero_date", "no_zero_in_date"}
    return mode


def _shown(context: Context) -> bool:
    """Whether a table that was there before has a zero date as a default, which nothing in its file let through."""
    return any(
        isinstance(column.default, Literal) and column.type is not None and _is_zero(column.type, column.default)
        for table in context.schema.tables.values()
        if table.file < context.new_since and "lax-defaults" not in dict(table.options)
        for column in table.columns.values()
    )


def _is_zero(kind: TypeName, default: Literal) -> bool:
    return _ZERO.match(default.value) is not None and types.shape(kind).family in _DATES


def _misfit(
    context: Context, name: str, kind: TypeName, default: Expression | None, mode: frozenset[str]
) -> str | None:
    if not isinstance(default, Literal) or default.kind not in ("string", "number"):
        return None
    shape = types.shape(kind)
    if shape.family in _DATES:
        return _date_misfit(context, name, default, mode)
    text = default.value
    fits: bool = True
    if shape.family in types.INTEGERS:
        fits = _NUMBER.match(text) is not None and _in_range(shape, text)
    elif shape.family in ("decimal", "float", "double"):
        fits = _NUMBER.match(text) is not None
    elif shape.family in ("char", "varchar") and shape.size and default.kind == "string":
        # MariaDB counts the spaces at the end too.
        fits = len(text if context.dialect == "mariadb" else text.rstrip(" ")) <= shape.size[0]
    elif shape.family in ("enum", "set") and text.isascii():
        labels = {label.lower().rstrip(" ") for label in shape.labels}
        parts = [text] if shape.family == "enum" else [part for part in text.split(",") if part]
        fits = default.kind == "string" and all(part.lower().rstrip(" ") in labels for part in parts)
        fits = fits or (shape.family == "set" and default.kind == "number")
    return None if fits else f"the DEFAULT of {name} is no value of its type (error 1067)"


def _in_range(shape: types.Shape, text: str) -> bool:
    bits = 8 * types.INTEGERS[shape.family]
    lowest, highest = (0, (1 << bits) - 1) if shape.unsigned else (-(1 << (bits - 1)), (1 << (bits - 1)) - 1)
    try:
        value: int = int(text) if re.fullmatch(r"\s*[-+]?\d+\s*", text) else round(float(text))
    except (ValueError, OverflowError):
        return False
    return lowest <= value <= highest


def _date_misfit(context: Context, name: str, default: Literal, mode: frozenset[str]) -> str | None:
    text = default.value
    strict = "strict" in mode
    if _ZERO.match(text):
        # MariaDB refuses it by NO_ZERO_DATE alone.
        if "no_zero_date" in mode and (strict or context.dialect == "mariadb"):
            return f"NO_ZERO_DATE in sql_mode refuses a zero date as the DEFAULT of {name} (error 1067)"
        return None
    found = _DATE.match(text)
    if found is None:
        digits = any(part.isdigit() for part in text)
        return None if digits else f"the DEFAULT of {name} is no value of its type (error 1067)"
    year, month, day = (int(part) for part in found.groups())
    if month == 0 or day == 0:
        if strict and "no_zero_in_date" in mode:
            return f"NO_ZERO_IN_DATE in sql_mode refuses a month or day of zero as the DEFAULT of {name} (error 1067)"
        return None
    last = 31 if "allow_invalid_dates" in mode else calendar.monthrange(max(year, 1), month)[1] if month <= 12 else 0
    return None if day <= last else f"the DEFAULT of {name} is no value of its type (error 1067)"


def lax_option(context: Context, table: Table, columns: tuple[ColumnDefinition, ...]) -> Table:
    """The table with the note that its defaults need a lax sql_mode, where they do."""
    if "lax-defaults" in dict(table.options) or not is_lax(context, columns):
        return table
    return table._replace(options=(*table.options, ("lax-defaults", "1")))
