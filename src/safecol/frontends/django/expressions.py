"""Q objects, F, Value, functions and operators of Django as evaluated come in; SQL goes out.

What isn't understood is written `${…}`, which the dialect's front end reads as an expression that is not known.
"""

from collections.abc import Sequence

from safecol.frontends.django import defaults
from safecol.frontends.django.columns import Column, column, column_name, find_field, is_varchar, type_of
from safecol.frontends.django.fields import KINDS, field_of
from safecol.frontends.django.target import Target
from safecol.frontends.django.values import NOWHERE, Field, Model, State
from safecol.frontends.python.values import Made, Member, Text, Unknown, Value, path_of
from safecol.records import NamedTuple

_TRANSFORMS = {"length": "LENGTH", "lower": "LOWER", "upper": "UPPER", "abs": "ABS", "trim": "BTRIM"}
_PARTS = {
    "year": "YEAR", "month": "MONTH", "day": "DAY", "hour": "HOUR", "minute": "MINUTE", "second": "SECOND",
    "quarter": "QUARTER", "week": "WEEK", "iso_year": "ISOYEAR", "week_day": "DOW", "iso_week_day": "ISODOW",
}  # fmt: skip
ARITHMETIC = {"operator +": "+", "operator -": "-", "operator *": "*", "operator /": "/", "operator %": "%"}
_FUNCTIONS = {
    "Lower": "LOWER", "Upper": "UPPER", "Length": "LENGTH", "Coalesce": "COALESCE", "Abs": "ABS", "Ceil": "CEILING",
    "Floor": "FLOOR", "Greatest": "GREATEST", "Least": "LEAST", "NullIf": "NULLIF", "MD5": "MD5", "LTrim": "LTRIM",
    "RTrim": "RTRIM", "Replace": "REPLACE", "Reverse": "REVERSE", "Left": "LEFT", "Right": "RIGHT", "Substr":
    "SUBSTRING", "Round": "ROUND", "Power": "POWER", "Sqrt": "SQRT", "Mod": "MOD", "Sign": "SIGN", "StrIndex": "STRPOS",
    "Repeat": "REPEAT", "Chr": "CHR", "Ord": "ASCII", "LPad": "LPAD", "RPad": "RPAD", "Exp": "EXP", "Ln": "LN",
}  # fmt: skip
_CAST = {"longtext": "char", "integer": "signed integer", "bigint": "signed integer", "smallint": "signed integer"}
_RANGE_OPERATORS = {
    "EQUAL": "=", "NOT_EQUAL": "<>", "CONTAINS": "@>", "CONTAINED_BY": "<@", "OVERLAPS": "&&", "FULLY_LT": "<<",
    "FULLY_GT": ">>", "NOT_LT": "&>", "NOT_GT": "&<", "ADJACENT_TO": "-|-",
}  # fmt: skip


class Around(NamedTuple):
    """Where an expression stands: the model whose columns it names, in a state."""

    target: Target
    state: State
    model: Model

    def column(self, name: str) -> Column | None:
        """The column of a field of the model."""
        found = find_field(self.state, self.model, name)
        return None if found is None else column(self.target, self.state, self.model, *found)


def hole(value: Value) -> str:
    """What stands for something that is not understood."""
    source = value.source if isinstance(value, Unknown) else path_of(value)
    return "${" + (source or "expression").replace("{", "").replace("}", "").replace("$", "") + "}"


def is_condition(value: Value) -> bool:
    """Whether a value is a Q object, or several of them with operators."""
    if not isinstance(value, Made):
        return False
    if value.path in ("operator &", "operator |", "operator ^", "operator ~"):
        return any(is_condition(part) for part in value.arguments)
    return value.path.rpartition(".")[2] == "Q"


def transform(target: Target, part: str, left: str, internal: str) -> tuple[str, str] | None:
    """What a part of a lookup makes of a column: (SQL, internal type); None for what is none."""
    if part in _PARTS and internal in ("DateField", "DateTimeField", "TimeField"):
        if target.sqlite and internal == "DateField":
            return f"django_date_extract('{part}', {left})", "IntegerField"
        if not target.postgresql:
            return f"EXTRACT({_PARTS[part]} FROM {left})", "IntegerField"
        zone = " AT TIME ZONE 'UTC'" if internal == "DateTimeField" else ""
        return f"EXTRACT({_PARTS[part]} FROM {left}{zone})", "IntegerField"
    if part == "date" and internal == "DateTimeField":
        return f"({left} AT TIME ZONE 'UTC')::date" if target.postgresql else f"DATE({left})", "DateField"
    if part == "len" and internal == "ArrayField":
        return f"CASE WHEN {left} IS NULL THEN NULL ELSE coalesce(array_length({left}, 1), 0) END", "IntegerField"
    if part in _TRANSFORMS:
        return f"{_TRANSFORMS[part]}({left})", "IntegerField" if part == "length" else internal
    return None


def expression(around: Around, value: Value, output: Field | None = None) -> str:
    """An expression as Django writes it; strings name fields."""
    target = around.target
    if isinstance(value, str):
        return named(around, str(value))
    if not isinstance(value, Made):
        made = defaults.constant(target, value)
        return made if made is not None else hole(value)
    name = value.path.rpartition(".")[2]
    if is_condition(value):
        from safecol.frontends.django.conditions import condition

        return condition(around, value)
    if name == "F" and value.arguments and isinstance(value.arguments[0], str):
        return named(around, str(value.arguments[0]))
    if name == "Value" and value.arguments:
        return _literal(around, value, output)
    if value.path in ARITHMETIC and len(value.arguments) == 2:
        left, right = (_operand(around, part) for part in value.arguments)
        return f"({left} {ARITHMETIC[value.path]} {right})"
    if value.path == "operator -" and len(value.arguments) == 1:
        return f"-{_operand(around, value.arguments[0])}"
    if name == "CombinedExpression" and len(value.arguments) == 3:
        left, right = (_operand(around, value.arguments[at]) for at in (0, 2))
        return f"({left} {value.arguments[1]} {right})"
    if name in ("ExpressionWrapper", "FieldGetDbPrepValueMixin") and value.arguments:
        return expression(around, value.arguments[0])
    if not value.path.startswith(("django.", "operator")):
        return hole(value)
    return _function(around, value, name)


def named(around: Around, name: str) -> str:
    """The column of a field that an expression names."""
    head, _, rest = name.partition("__")
    found = around.column(head)
    if found is None:
        return hole(Unknown(name, ""))
    left = around.target.quoted(found.name)
    if not rest:
        return left
    if found.internal == "JSONField" and around.target.postgresql:
        keys = rest.split("__")
        for key in keys:
            left = f"({left} -> {key if key.isdigit() else defaults.string(around.target, key)})"
        return left
    for part in rest.split("__"):
        transformed = transform(around.target, part, left, found.internal)
        if transformed is None:
            return hole(Unknown(name, ""))
        left = transformed[0]
    return left


def _operand(around: Around, value: Value) -> str:
    if isinstance(value, str):
        return defaults.string(around.target, str(value))
    return expression(around, value)


def _literal(around: Around, value: Made, output: Field | None) -> str:
    inner = value.arguments[0]
    field = value.keywords.get("output_field")
    made_of = field_of(field) if isinstance(field, Made) else output
    if made_of is not None:
        kind, _ = type_of(around.target, around.state, around.model, made_of)
        from safecol.frontends.django.columns import internal_of

        effective = defaults.effective(Field("", "", (), {"default": inner}))
        return defaults.written(around.target, made_of, internal_of(made_of)[0], kind, effective)
    if isinstance(inner, (list, dict)):
        return hole(value)
    made = defaults.constant(around.target, inner)
    return made if made is not None else hole(value)


def _function(around: Around, value: Made, name: str) -> str:
    target = around.target
    inner = [_argument(around, one, name, at) for at, one in enumerate(value.arguments)]
    if name in _FUNCTIONS:
        word = _FUNCTIONS[name]
        if name == "Length" and target.mysql:
            word = "CHAR_LENGTH"
        if name == "Round" and len(inner) == 1 and not value.keywords and target.since(4, 0):
            inner.append("0")
        return f"{word}({', '.join(inner)})"
    if name == "Trim":
        return f"{'BTRIM' if target.postgresql else 'TRIM'}({', '.join(inner)})"
    if name == "Now":
        words = {"postgresql": "STATEMENT_TIMESTAMP()", "sqlite": "STRFTIME('%Y-%m-%d %H:%M:%f', 'NOW')"}
        if target.sqlite and not target.since(4, 0):
            return "CURRENT_TIMESTAMP"
        return words.get(target.dialect, "CURRENT_TIMESTAMP(6)")
    if name == "Pi":
        return "PI()"
    if name == "Random":
        return "RAND()" if target.mysql else ("RAND()" if target.sqlite else "RANDOM()")
    if name == "RandomUUID":
        return "GEN_RANDOM_UUID()"
    if name == "TransactionNow":
        return "CURRENT_TIMESTAMP"
    if name == "UUID4":
        return {"postgresql": "GEN_RANDOM_UUID()", "sqlite": "UUID4()"}.get(target.dialect, "UUID()")
    if name == "UUID7":
        return "UUIDV7()" if target.postgresql else "UUID_V7()"
    if name == "Concat":
        return _concatenation(around, value.arguments)
    if name == "Cast" and len(value.arguments) + len(value.keywords) >= 2:
        field = value.argument(1, "output_field")
        if isinstance(field, Made):
            kind, _ = type_of(target, around.state, around.model, field_of(field))
            written = expression(around, value.arguments[0])
            if target.mysql:
                kind = _CAST.get(kind, kind)
            return f"({written})::{kind}" if target.postgresql else f"CAST({written} AS {kind})"
    if name == "Collate" and len(value.arguments) == 2:
        return f"{inner[0]} COLLATE {target.quoted(str(value.arguments[1]))}"
    if name == "OrderBy" and inner:
        return _ordered(around, inner[0], value)
    if name in ("desc", "asc") and value.base is not None:
        ordered = f"{expression(around, value.base)} {name.upper()}"
        return _nulls(around, ordered, value)
    if name == "OpClass" and value.arguments:
        return f"{expression(around, value.arguments[0])} {value.argument(1, 'name')}"
    if name == "Case":
        return _case(around, value)
    if name == "RawSQL" and value.arguments and isinstance(value.arguments[0], str):
        return f"({value.arguments[0]})"
    if name.startswith("Extract") and inner:
        part = name.removeprefix("Extract").upper() or str(value.argument(1, "lookup_name", "")).upper()
        return f"EXTRACT({part} FROM {inner[0]})"
    if name == "Func":
        function = value.keywords.get("function")
        if isinstance(function, str) and "template" not in value.keywords:
            return f"{function}({', '.join(inner)})"
        template = value.keywords.get("template")
        if isinstance(template, str):
            return _template(str(template), str(function or ""), inner, value)
    if name == "SearchVector":
        return _search_vector(around, value)
    if name == "RangeBoundary":
        opening = "[" if value.argument(0, "inclusive_lower", True) else "("
        return f"'{opening}{']' if value.argument(1, 'inclusive_upper', False) else ')'}'"
    if value.path.startswith("django.db.models.lookups."):
        return _lookup_class(around, value, name)
    if name in KINDS:
        return hole(value)
    return hole(value)


def _template(template: str, function: str, inner: list[str], value: Made) -> str:
    joiner = value.keywords.get("arg_joiner")
    arguments = (str(joiner) if isinstance(joiner, str) else ", ").join(inner)
    given = {"function": function, "expressions": arguments, "expression": arguments}
    given.update({name: str(one) for name, one in value.keywords.items() if isinstance(one, (str, int))})
    given["expressions"] = given["expression"] = arguments
    try:
        return template % given
    except (KeyError, ValueError, TypeError):
        return hole(value)


def _argument(around: Around, value: Value, function: str, at: int) -> str:
    if isinstance(value, str) and not (function == "Collate" and at == 1):
        return named(around, str(value))
    if isinstance(value, str):
        return str(value)
    return expression(around, value)


def _ordered(around: Around, inner: str, value: Made) -> str:
    word = "DESC" if value.keywords.get("descending") is True else "ASC"
    return _nulls(around, f"{inner} {word}", value)


def _nulls(around: Around, ordered: str, value: Made) -> str:
    if around.target.mysql:  # NULLs are first there, and last when descending
        return ordered
    if value.keywords.get("nulls_first") is True:
        return f"{ordered} NULLS FIRST"
    return f"{ordered} NULLS LAST" if value.keywords.get("nulls_last") is True else ordered


def _concatenation(around: Around, parts: Sequence[Value]) -> str:
    """Two at a time, each with NULL as the empty string."""
    target = around.target
    if len(parts) == 1:
        return _argument(around, parts[0], "Concat", 0)
    left, right = _argument(around, parts[0], "Concat", 0), _concatenation(around, parts[1:])
    if target.mysql:
        return f"CONCAT_WS('', {left}, {right})"
    if target.postgresql:
        left = _text(around, parts[0])
        right = _text(around, parts[1]) if len(parts) == 2 else right
        if not target.since(5, 1):
            left, right = (one if one.endswith("::text") else f"({one})::text" for one in (left, right))
            return f"CONCAT({left}, {right})"
        return f"(COALESCE({left}, '') || COALESCE({right}, ''))"
    joined = f"COALESCE({left}, '') || COALESCE({right}, '')"
    return f"({joined})" if target.since(5, 1) else joined


def _case(around: Around, value: Made) -> str:
    from safecol.frontends.django.conditions import condition

    branches: list[str] = []
    for one in value.arguments:
        if not isinstance(one, Made) or one.path.rpartition(".")[2] != "When":
            return hole(value)
        then = one.keywords.get("then", one.arguments[1] if len(one.arguments) > 1 else None)
        when = one.arguments[0] if one.arguments else one.keywords.get("condition")
        if when is None:
            lookups = {name: item for name, item in one.keywords.items() if name != "then"}
            when = Made("django.db.models.Q", (), lookups, NOWHERE)
        branches.append(f"WHEN {condition(around, when)} THEN {expression(around, then)}")
    default = value.keywords.get("default")
    otherwise = "NULL" if default is None else expression(around, default)
    return f"CASE {' '.join(branches)} ELSE {otherwise} END"


def _search_vector(around: Around, value: Made) -> str:
    config = value.keywords.get("config")
    columns = " || ' ' || ".join(f"COALESCE({_text(around, one)}, '')" for one in value.arguments)
    configured = f"{defaults.string(around.target, str(config))}::regconfig, " if isinstance(config, str) else ""
    written = f"to_tsvector({configured}{columns})"
    weight = value.keywords.get("weight")
    return f"setweight({written}, '{weight}')" if isinstance(weight, str) else written


def _text(around: Around, value: Value) -> str:
    """A column as text: one that is text already stays as it is."""
    found = around.column(str(value)) if isinstance(value, str) else None
    written = _argument(around, value, "SearchVector", 0)
    textual = found is not None and (is_varchar(found.type) or found.type == "text")
    textual = textual or (written.startswith("'") and written.endswith("'"))
    return written if textual else f"({written})::text"


def _lookup_class(around: Around, value: Made, name: str) -> str:
    signs = {
        "Exact": "=", "GreaterThan": ">", "GreaterThanOrEqual": ">=", "LessThan": "<", "LessThanOrEqual": "<=",
    }  # fmt: skip
    if name == "IsNull" and len(value.arguments) == 2:
        negation = "" if value.arguments[1] is True else "NOT "
        return f"{_argument(around, value.arguments[0], name, 0)} IS {negation}NULL"
    if name in signs and len(value.arguments) == 2:
        left, right = _argument(around, value.arguments[0], name, 0), _operand(around, value.arguments[1])
        return (
            f"{left} {signs[name]} ({right})"
            if isinstance(value.arguments[1], Made)
            else f"{left} {signs[name]} {right}"
        )
    return hole(value)


def indexed(around: Around, value: Value) -> str:
    """An expression as an element of an index: in parentheses unless it is a column, its order after it."""
    order, wrapped, opclass, collation = "", value, "", ""
    while isinstance(wrapped, Made):
        name = wrapped.path.rpartition(".")[2]
        if name in ("asc", "desc") and wrapped.base is not None:
            order, wrapped = _nulls(around, f" {name.upper()}", wrapped), wrapped.base
        elif name == "OrderBy" and wrapped.arguments:
            order, wrapped = (
                _nulls(around, " DESC" if wrapped.keywords.get("descending") is True else " ASC", wrapped),
                wrapped.arguments[0],
            )
        elif name == "OpClass" and wrapped.arguments:
            opclass, wrapped = f" {wrapped.argument(1, 'name')}", wrapped.arguments[0]
        elif name == "Collate" and len(wrapped.arguments) == 2 and not around.target.mysql:
            collation, wrapped = f" COLLATE {around.target.quoted(str(wrapped.arguments[1]))}", wrapped.arguments[0]
        else:
            break
    if isinstance(wrapped, Member) and wrapped.name in ("asc", "desc"):
        wrapped = wrapped.base
    written = expression(around, wrapped)
    plain = isinstance(wrapped, str) or (isinstance(wrapped, Made) and wrapped.path.endswith(".F"))
    return (written if plain and not written.startswith("(") else f"({written})") + collation + opclass + order


def operator(value: Value) -> str:
    """The operator of an exclusion constraint."""
    if isinstance(value, Text):
        return str(value)
    path = path_of(value)
    return _RANGE_OPERATORS.get(path.rpartition(".")[2], hole(value))


def database_default(around: Around, name: str, field: Field) -> str:
    """What follows DEFAULT for a `db_default`: expressions are in parentheses, constants are not."""
    value = field.get("db_default")
    found = column(around.target, around.state, around.model, name, field)
    if isinstance(value, Made) and value.path.rpartition(".")[2] != "Value" and not _is_constant(value):
        return f"({expression(around, value)})"
    if isinstance(value, Made) and value.path.rpartition(".")[2] == "Value":
        value = value.arguments[0] if value.arguments else None
    if found is None:
        return hole(value)
    constant = defaults.effective(Field("", "", (), {"default": value}))
    written = defaults.literal(around.target, found, constant)
    limited = around.target.dialect == "mysql" and found.type in ("longtext", "longblob", "json")
    return f"({written})" if limited else written


def _is_constant(value: Made) -> bool:
    return value.path == "decimal.Decimal" or value.path.startswith("datetime.")


def generated(around: Around, field: Field) -> str:
    """The GENERATED clause of a field."""
    persisted = field.get("db_persist")
    return f"GENERATED ALWAYS AS ({expression(around, field.get('expression'))}) {'STORED' if persisted else 'VIRTUAL'}"


def names_of(around: Around, names: Sequence[str]) -> tuple[str, ...]:
    """The columns of fields."""
    found = []
    for name in names:
        field = find_field(around.state, around.model, name)
        found.append(column_name(*field) if field is not None else name)
    return tuple(found)
