"""Two types come in, whether values of the one may not fit the other goes out."""

from safecol.expressions import TypeName, is_open

_INTEGERS = {"int2": 5, "int4": 10, "int8": 19}
_LIMITED = frozenset({"varchar", "bpchar"})
_TEXTS = frozenset({"text", "varchar", "bpchar", "citext"})
# What a timestamp loses when it becomes a smaller type.
_LOSSY = frozenset(
    {
        ("timestamp", "date"), ("timestamptz", "date"), ("timestamp", "time"), ("timestamptz", "time"),
        ("timestamptz", "timetz"), ("timetz", "time"), ("interval", "time"), ("float8", "float4"), ("inet", "cidr"),
        ("jsonb", "bool"), ("macaddr8", "macaddr"), ("numeric", "money"), ("int8", "oid"), ("int8", "float4"),
        ("int4", "float4"), ("int8", "float8"),
    }
)  # fmt: skip


def is_narrowing(old: TypeName, new: TypeName) -> bool | None:
    """Whether values may not fit or lose something; None when that isn't known."""
    if is_open(new) or (is_open(old) and new.modifiers):
        return None
    if old == new:
        return False
    if bool(old.array) != bool(new.array):
        return None
    if old.name == new.name and old.schema == new.schema:
        return _shorter(old, new)
    if new.name in _TEXTS:
        return _into_text(old, new)
    if old.name in _INTEGERS and new.name in _INTEGERS:
        return _INTEGERS[new.name] < _INTEGERS[old.name]
    if old.name in _INTEGERS and new.name == "numeric":
        return bool(new.modifiers) and _integer_digits(new) < _INTEGERS[old.name]
    if old.name in {"numeric", "float4", "float8"} and new.name in _INTEGERS:
        return True
    if old.name == "numeric" and new.name in {"float4", "float8"}:
        return True
    if old.name in {"float4", "float8"} and new.name == "numeric":
        return bool(new.modifiers)
    if old.name in _TEXTS:
        # Any text may be no value of the other type.
        return True
    if (old.name, new.name) in _LOSSY:
        return True
    return False if (old.name, new.name) in _WIDENING else None


_WIDENING = frozenset(
    {
        ("float4", "float8"), ("date", "timestamp"), ("date", "timestamptz"), ("cidr", "inet"), ("json", "jsonb"),
        ("jsonb", "json"), ("macaddr", "macaddr8"), ("int2", "float4"), ("int2", "float8"), ("int4", "float8"),
        ("timestamp", "timestamptz"), ("timestamptz", "timestamp"), ("time", "timetz"), ("money", "numeric"),
        ("oid", "regclass"), ("regclass", "oid"), ("oid", "int8"), ("bit", "varbit"),
    }
)  # fmt: skip


def _numbers(name: TypeName) -> tuple[int, ...]:
    return tuple(item for item in name.modifiers if isinstance(item, int))


def _integer_digits(name: TypeName) -> int:
    numbers = _numbers(name)
    return numbers[0] - (numbers[1] if len(numbers) > 1 else 0) if numbers else 1000


def _shorter(old: TypeName, new: TypeName) -> bool:
    if not new.modifiers:
        return False
    if not old.modifiers:
        return not (new.name in {"timestamp", "timestamptz", "time", "timetz"} and _numbers(new)[:1] >= (6,))
    before, after = _numbers(old), _numbers(new)
    if new.name == "interval":
        return old.modifiers != new.modifiers
    if new.name == "numeric":
        scales = (before[1:] or (0,))[0], (after[1:] or (0,))[0]
        return scales[1] < scales[0] or _integer_digits(new) < _integer_digits(old)
    return after[:1] < before[:1]


def _into_text(old: TypeName, new: TypeName) -> bool | None:
    limit = _numbers(new)
    if new.name not in _LIMITED or not limit:
        return False
    if old.name in _LIMITED:
        length = _numbers(old)
        return not length or length[0] > limit[0]
    if old.name in {"text", "citext", "json", "jsonb", "xml"}:
        return True
    widest = {"uuid": 36, "bool": 5, "int2": 6, "int4": 11, "int8": 20, "date": 13}.get(old.name)
    return None if widest is None else limit[0] < widest
