"""The default of a field comes in; the literal that Django sends for it goes out.

What Python computes when the migration runs (`uuid4`, `timezone.now`) is one constant for all rows: a constant of the
column's type stands for it.
"""

from decimal import Decimal, InvalidOperation

from safecol.frontends.django.columns import Column, internal_of, is_varchar
from safecol.frontends.django.fields import field_of
from safecol.frontends.django.target import Target
from safecol.frontends.django.values import Field
from safecol.frontends.python.values import Class, External, Function, Made, Member, Text, Unknown, Value, path_of
from safecol.records import NamedTuple

_NEVER_EMPTY = frozenset(
    {
        "AutoField", "BigAutoField", "SmallAutoField", "BooleanField", "DateField", "DateTimeField", "DecimalField",
        "DurationField", "FloatField", "IntegerField", "BigIntegerField", "SmallIntegerField",
        "PositiveBigIntegerField", "PositiveIntegerField", "PositiveSmallIntegerField", "GenericIPAddressField",
        "TimeField", "UUIDField", "ForeignKey", "OneToOneField", "JSONField", "ArrayField", "HStoreField",
        "IntegerRangeField", "BigIntegerRangeField", "DecimalRangeField", "DateTimeRangeField", "DateRangeField",
        "GeneratedField",
    }
)  # fmt: skip
_CONSTRUCTED = {"builtins.str": "", "builtins.int": 0, "builtins.float": 0.0, "builtins.bool": False}
_NUMBERS = frozenset(
    {
        "AutoField", "BigAutoField", "SmallAutoField", "IntegerField", "BigIntegerField", "SmallIntegerField",
        "PositiveBigIntegerField", "PositiveIntegerField", "PositiveSmallIntegerField", "FloatField", "DecimalField",
        "ForeignKey", "OneToOneField",
    }
)  # fmt: skip
_NO_TIME = "1970-01-01T00:00:00+00:00"


class Moment(NamedTuple):
    """A date, a time or both, as written; `kind` is the class."""

    kind: str
    text: str


class Computed:
    """A value that Python computes when the migration runs."""


COMPUTED = Computed()


def has_default(field: Field) -> bool:
    """Whether a field has a default in Python."""
    return field.has("default") and path_of(field.get("default")) not in (
        "django.db.models.fields.NOT_PROVIDED", "django.db.models.NOT_PROVIDED",
    )  # fmt: skip


def has_database_default(field: Field) -> bool:
    """Whether a field has a default in the database."""
    return field.has("db_default") and path_of(field.get("db_default")) not in (
        "django.db.models.fields.NOT_PROVIDED", "django.db.models.NOT_PROVIDED",
    )  # fmt: skip


def effective(field: Field) -> Value:
    """The value that existing rows get; None for none, COMPUTED for what Python computes."""
    internal, _ = internal_of(field)
    if has_default(field):
        return _constant(field.get("default"))
    if field.kind == "GeneratedField":
        return None
    if not field.flag("null") and field.flag("blank") and internal not in _NEVER_EMPTY:
        return b"" if internal == "BinaryField" else ""
    if field.flag("auto_now") or field.flag("auto_now_add"):
        return COMPUTED
    return None


def _constant(value: Value) -> Value:
    path = path_of(value)
    if path in _CONSTRUCTED:
        return _CONSTRUCTED[path]
    if path == "builtins.dict":
        return {}
    if path in ("builtins.list", "builtins.set", "builtins.tuple"):
        return []
    if isinstance(value, Made):
        if path == "decimal.Decimal()" and value.arguments:
            try:
                return Decimal(str(value.arguments[0]))
            except InvalidOperation:
                return COMPUTED
        if path == "django.db.models.Value()" and value.arguments:
            return value.arguments[0]
        return _moment(value)
    if isinstance(value, (External, Function, Class, Member, Unknown)):
        return COMPUTED
    if isinstance(value, Text) and value.holes:
        return COMPUTED
    return value


def _moment(value: Made) -> "Moment | Computed":
    """`datetime.date(2020, 1, 1)` and its kin."""
    numbers = value.arguments
    kind = value.path.rpartition(".")[2]
    if not value.path.startswith("datetime.") or not all(type(one) is int for one in numbers[:7]):
        return COMPUTED
    if kind == "date" and len(numbers) == 3:
        return Moment(kind, f"{numbers[0]:04}-{numbers[1]:02}-{numbers[2]:02}")
    if kind == "time":
        padded = (*numbers, 0, 0, 0)[:3]
        return Moment(kind, f"{padded[0]:02}:{padded[1]:02}:{padded[2]:02}")
    if kind == "datetime" and len(numbers) >= 3:
        rest = (*numbers[3:], 0, 0, 0)[:3]
        day = f"{numbers[0]:04}-{numbers[1]:02}-{numbers[2]:02}"
        zone = "+00:00" if "tzinfo" in value.keywords else ""
        return Moment(kind, f"{day}T{rest[0]:02}:{rest[1]:02}:{rest[2]:02}{zone}")
    return COMPUTED


def literal(target: Target, column: Column, value: Value) -> str:
    """A value of a column as Django writes it."""
    return written(target, column.field, column.internal, column.type, value)


def written(target: Target, field: Field, internal: str, kind: str, value: Value, *, compared: bool = False) -> str:
    """A value of a field as Django writes it; `compared` in a condition."""
    if value is None:
        return "NULL"
    if isinstance(value, Computed):
        return _computed(target, internal, kind)
    if isinstance(value, Moment):
        cast = {"date": "::date", "time": "::time"}.get(value.kind, "::timestamptz") if target.postgresql else ""
        text = value.text if target.postgresql else value.text.replace("T", " ").removesuffix("+00:00")
        if value.kind == "time" and target.mysql and target.since(4, 0):
            text += ".000000"
        return f"'{text}'{cast}"
    if internal == "JSONField":
        return _json(target, value)
    if internal == "ArrayField" and isinstance(value, (list, tuple)):
        return _array(target, field, kind, value)
    if internal == "HStoreField" and isinstance(value, dict):
        return string(target, ", ".join(f'"{key}"=>"{item}"' for key, item in value.items())) + "::hstore"
    if internal == "BooleanField" and isinstance(value, (bool, int)):
        return boolean(target, bool(value))
    if internal == "DecimalField" and isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
        return _decimal(target, field, value, compared=compared)
    if internal == "BinaryField" or isinstance(value, bytes):
        raw = value if isinstance(value, bytes) else str(value).encode()
        return _binary(target, raw)
    if internal == "FloatField" and isinstance(value, (int, float)):
        return f"{float(value)}e0" if target.mysql else str(float(value))
    if internal == "DurationField" and not isinstance(value, str):
        return "0" if not target.postgresql else "'0 days 0.000000 seconds'::interval"
    if isinstance(value, str):
        if internal in _NUMBERS and _is_number(str(value)):
            return str(value).strip()
        if internal == "UUIDField" and not target.native_uuid:
            return string(target, str(value).replace("-", ""))
        return (condition_string if compared else string)(target, str(value)) + _cast(target, internal)
    if isinstance(value, bool):
        return boolean(target, value) if internal not in _NUMBERS else str(int(value))
    if isinstance(value, (int, float, Decimal)):
        return str(value) if internal in _NUMBERS or not _textual(internal) else string(target, str(value))
    return _computed(target, internal, kind)


def _is_number(text: str) -> bool:
    try:
        Decimal(text.strip())
    except InvalidOperation:
        return False
    return True


def _textual(internal: str) -> bool:
    return internal in ("CharField", "TextField", "SlugField", "FileField", "FilePathField")


def boolean(target: Target, value: bool) -> str:
    """A truth value."""
    if target.postgresql:
        return "true" if value else "false"
    return "1" if value else "0"


def string(target: Target, text: str) -> str:
    """A string literal."""
    if target.mysql:
        escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace('"', '\\"').replace("\n", "\\n")
        return f"'{escaped}'"
    return "'" + text.replace("'", "''") + "'"


def condition_string(target: Target, text: str) -> str:
    """A string literal of a condition: old versions double what they take for a placeholder of the driver."""
    return string(target, text if target.sqlite or target.since(5, 0) else text.replace("%", "%%"))


def constant(target: Target, value: Value) -> str | None:
    """A constant that belongs to no column; None when it is none."""
    value = _constant(value)
    if isinstance(value, bool):
        return boolean(target, value)
    if isinstance(value, (int, float, Decimal)):
        return str(value)
    if isinstance(value, str):
        return string(target, str(value))
    if isinstance(value, Moment):
        return string(target, value.text)
    if isinstance(value, bytes):
        return _binary(target, value)
    return "NULL" if value is None else None


def _binary(target: Target, raw: bytes) -> str:
    if target.postgresql:
        shown = f"\\x{raw.hex()}" if target.since(4, 0) else raw.decode("latin-1").replace("'", "''")
        return f"'{shown}'::bytea"
    return f"X'{raw.hex()}'"


def _cast(target: Target, internal: str) -> str:
    if not target.postgresql:
        return ""
    return {"UUIDField": "::uuid", "DateField": "::date", "DateTimeField": "::timestamptz", "TimeField": "::time"}.get(
        internal, ""
    )


def _decimal(target: Target, field: Field, value: "Decimal | float", *, compared: bool) -> str:
    number = Decimal(str(value))
    places = field.get("decimal_places")
    if target.sqlite and (compared or target.since(5, 2)):
        return f"'{number}'"
    if not target.sqlite or not isinstance(places, int):
        return str(number)
    return f"'{number.quantize(Decimal(1).scaleb(-places))}'"


def _json(target: Target, value: Value) -> str:
    import json

    try:
        text = json.dumps(value)
    except TypeError:
        text = "{}"
    return string(target, text) + ("::jsonb" if target.postgresql and target.since(5, 1) else "")


def _array(target: Target, field: Field, kind: str, items: "list[Value] | tuple[Value, ...]") -> str:
    if not items:
        return "'{}'"
    base = field.get("base_field")
    inner = field_of(base) if isinstance(base, Made) else field
    internal, _ = internal_of(inner)
    listed = ", ".join(written(target, inner, internal, kind.partition("[")[0], item) for item in items)
    return f"ARRAY[{listed}]::{kind}"


def _computed(target: Target, internal: str, kind: str) -> str:
    """A constant of a type, for a value that is only known when the migration runs."""
    if internal in ("DateTimeField", "DateField", "TimeField"):
        moment = _NO_TIME if target.postgresql else _NO_TIME[:19].replace("T", " ")
        text = {"DateField": _NO_TIME[:10], "TimeField": _NO_TIME[11:19]}.get(internal, moment)
        return f"'{text}'{_cast(target, internal)}"
    if internal == "UUIDField":
        zero = "00000000-0000-0000-0000-000000000000"
        return f"'{zero}'::uuid" if target.postgresql else f"'{zero if target.native_uuid else zero.replace('-', '')}'"
    if internal == "BooleanField":
        return boolean(target, value=False)
    if internal == "JSONField":
        return _json(target, {})
    if internal == "ArrayField":
        return "'{}'"
    if internal == "BinaryField":
        return _binary(target, b"")
    if internal == "DurationField":
        return "'0 days 0.000000 seconds'::interval" if target.postgresql else "0"
    if internal in _NUMBERS and kind != "uuid" and not (is_varchar(kind) or kind.startswith(("char", "text"))):
        return "0"
    if target.postgresql and not _textual(internal):
        return f"'${{default}}'::{kind}"
    return "'${default}'"
