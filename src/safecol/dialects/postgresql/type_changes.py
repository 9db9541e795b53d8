"""Two types of a column come in, what ALTER COLUMN TYPE does to the heap and the indexes goes out.

The server keeps the heap when the conversion is a chain of binary-coercible casts and length coercions that its
support functions find empty (`ATColumnChangeRequiresRewrite` in `tablecmds.c`).
"""

from collections.abc import Callable

from safecol.dialects.postgresql.catalogs import casts
from safecol.dialects.postgresql.narrowing import is_narrowing
from safecol.dialects.postgresql.type_names import KNOWN, VARIABLE_WIDTH, canonical, shown
from safecol.expressions import Cast, ColumnReference, Expression, Operator, TypeName, is_open
from safecol.operations import TypeDefinition
from safecol.patterns import lazy
from safecol.records import NamedTuple

Resolve = Callable[[TypeName], TypeDefinition | None]


class TypeChange(NamedTuple):
    """What a change of type does.

    `heap` is `none`, `rewrite` or `unknown`; `indexes` (those on the column alone) `reused`, `rebuilt` or `unknown`;
    `reason` says why, in words; `narrowing` whether old values may not fit (None: not known); `likely` is a guess at
    `heap` when that is unknown.
    """

    heap: str
    indexes: str
    reason: str
    narrowing: bool | None
    likely: str | None = None


class _Value(NamedTuple):
    """An expression while it is converted: its type, and whether its length coercion is known to the server."""

    type: TypeName
    heap: str = "none"
    reason: str = "the stored values stay as they are"


def judge(
    old: TypeName | None,
    new: TypeName,
    *,
    column: str,
    using: Expression | None,
    old_collation: str | None,
    new_collation: str | None,
    timezone: str | None,
    version: int,
    resolve: Resolve,
) -> TypeChange:
    """What `ALTER COLUMN column TYPE new [COLLATE new_collation] [USING using]` does to a column of type `old`."""
    steps = _steps(using, column)
    if steps is None:
        narrowing = is_narrowing(canonical(old), canonical(new)) if old else None
        return TypeChange("rewrite", "rebuilt", "USING computes new values", narrowing)
    if old is None:
        return _unknown_old(canonical(new), resolve)
    start, target = canonical(old), canonical(new)
    value = _Value(start)
    for step in (*steps, target):
        value = _converted(value, canonical(step), timezone, version, resolve)
    base_old, base_new = _base(start, resolve), _base(target, resolve)
    narrowing = is_narrowing(base_old, base_new) if base_old and base_new else None
    if value.heap == "rewrite":
        return TypeChange("rewrite", "rebuilt", value.reason, narrowing)
    if base_old is None or base_new is None:
        same = start == target and not is_open(target)
        return TypeChange(value.heap, "reused" if same else "unknown", value.reason, False if same else None)
    likely = "rewrite" if value.heap == "unknown" else None
    if _collation(old_collation) != _collation(new_collation):
        return TypeChange(value.heap, "rebuilt", "the collation changes, so indexes are sorted anew", narrowing, likely)
    if _operator_family(base_old) != _operator_family(base_new):
        return TypeChange(value.heap, "rebuilt", _kept(value, base_old, base_new), narrowing, likely)
    if base_old.array and start._replace(modifiers=()) != target._replace(modifiers=()):
        # The operators of arrays are polymorphic: a domain over an array is another type to them.
        return TypeChange(value.heap, "rebuilt", value.reason, narrowing, likely)
    indexes = "unknown" if value.heap == "unknown" else "reused"
    return TypeChange(value.heap, indexes, value.reason, narrowing, likely)


def _kept(value: _Value, old: TypeName, new: TypeName) -> str:
    if value.heap == "unknown":
        return value.reason
    return f"{value.reason}, but {shown(old)} and {shown(new)} sort by different operators"


def _steps(using: Expression | None, column: str) -> tuple[TypeName, ...] | None:
    """The types that USING casts the column through; None when it is more than casts of the column."""
    types: list[TypeName] = []
    while True:
        if isinstance(using, Cast):
            types.append(using.type)
            using = using.argument
        elif isinstance(using, Operator) and using.name == "collate":
            using = using.arguments[0]
        else:
            break
    if using is None:
        return ()
    if isinstance(using, ColumnReference) and using.parts[-1] == column:
        return tuple(reversed(types))
    return None


def _unknown_old(new: TypeName, resolve: Resolve) -> TypeChange:
    reason = "no migration or schema that was read says its old type"
    base = _base(new, resolve)
    fixed = base is not None and not base.array and base.name in KNOWN and base.name not in VARIABLE_WIDTH
    return TypeChange("unknown", "unknown", reason, None, "rewrite" if fixed else None)


def _collation(name: str | None) -> str | None:
    if name is None:
        return None
    bare = name.replace('"', "").removeprefix("pg_catalog.")
    return None if bare == "default" else bare


def _domain(name: TypeName, resolve: Resolve) -> TypeDefinition | None:
    """The domain that a type is; None for every other type and for arrays of domains."""
    if name.array or (name.schema is None and name.name in KNOWN):
        return None
    found = resolve(name)
    return found if found is not None and found.kind == "domain" else None


def _base(name: TypeName, resolve: Resolve, depth: int = 0) -> TypeName | None:
    """The type under a domain; None when the type is not known."""
    if name.array or (name.schema is None and name.name in KNOWN):
        return name
    found = resolve(name)
    if found is None:
        return None
    if found.kind != "domain":
        return name
    if found.base is None or depth > 20:
        return None
    return _base(canonical(found.base), resolve, depth + 1)


def _constrained(name: TypeName, resolve: Resolve, depth: int = 0) -> bool:
    """Whether a domain, or one under it, has a CHECK or NOT NULL."""
    found = _domain(name, resolve)
    if found is None or depth > 20:
        return False
    if not found.nullable or any(item.kind in {"check", "not-null"} for item in found.constraints):
        return True
    return found.base is not None and _constrained(canonical(found.base), resolve, depth + 1)


def _converted(value: _Value, target: TypeName, timezone: str | None, version: int, resolve: Resolve) -> _Value:
    """The value after one assignment cast."""
    if value.heap == "rewrite":
        return value._replace(type=target)
    source = value.type
    if source == target and not is_open(target):
        return value
    base = _base(target, resolve)
    if base is None or _base(source, resolve) is None:
        return _Value(target, "unknown", f"{shown(target if base is None else source)} is not a type that is known")
    if _domain(target, resolve) is not None and _constrained(target, resolve):
        return _Value(target, "rewrite", f"each value is checked against the constraints of domain {shown(target)}")
    stored = source
    if _domain(source, resolve) is not None:
        # A domain's own length is no part of the column's type, so the server can't use it to skip a length check.
        inner = _base(source, resolve) or source
        stored = inner._replace(modifiers=()) if not inner.array else inner
    step = _cast(stored, base, timezone, version)
    heap = "unknown" if value.heap == "unknown" and step.heap == "none" else step.heap
    return _Value(target, heap, step.reason if step.heap != "none" else value.reason)


_TIMESTAMPS = frozenset({"timestamp", "timestamptz"})


def _cast(source: TypeName, target: TypeName, timezone: str | None, version: int) -> _Value:
    """The cast of one base type to another."""
    rewrite = _Value(target, "rewrite", f"{shown(source)} and {shown(target)} are stored differently")
    if source.array or target.array:
        bare = source._replace(modifiers=()) == target._replace(modifiers=())
        if bare and (not target.modifiers or source == target):
            return _Value(target)
        return rewrite._replace(reason="arrays are rewritten whatever their elements")
    if source.name == target.name and source.schema == target.schema:
        return _lengths(source, target)
    if source.schema or target.schema:
        return rewrite
    if {source.name, target.name} == _TIMESTAMPS:
        # The result of the conversion has no precision that the server could compare.
        lengths = _lengths(target._replace(modifiers=()), target)
        if lengths.heap == "rewrite":
            return lengths
        if timezone is None:
            return _Value(target, "unknown", "the server's `TimeZone` decides, and only UTC keeps the rows")
        if _is_utc(timezone):
            return _Value(target, "none", "in time zone UTC both types hold the same values")
        return _Value(target, "rewrite", f"the values move from or to time zone {timezone}")
    if not _coercible(source.name, target.name, version):
        return rewrite
    return _lengths(target._replace(modifiers=()), target)


_CITEXT = frozenset({("text", "citext"), ("varchar", "citext"), ("citext", "text"), ("citext", "varchar")})


def _coercible(source: str, target: str, version: int) -> bool:
    return (source, target) in casts("binary", version) or (source, target) in _CITEXT | {("citext", "bpchar")}


_ZERO = lazy(
    r"(?:(?:etc/)?(?:utc|gmt|uct|universal|zulu|greenwich)|(?:etc/)?gmt[+-]?0|utc[+-]?0+|[+-]?0+(?::?00)*|<[+-]?0+>[+-]?0+)"
)


def _is_utc(timezone: str) -> bool:
    """Whether a time zone never had another offset than zero, which is what the server asks for."""
    return _ZERO.fullmatch(timezone.strip().strip("'\"").lower()) is not None


def _lengths(source: TypeName, target: TypeName) -> _Value:
    """The length coercion within one type: empty, or a rewrite."""
    if not target.modifiers:
        return _Value(target)
    if is_open(source) or is_open(target):
        which = "new" if is_open(target) else "old"
        return _Value(target, "unknown", f"the length of the {which} type is not known")
    if source.modifiers == target.modifiers:
        return _Value(target)
    fits = _SUPPORT.get(target.name)
    if fits is None:
        if target.name not in KNOWN:
            return _Value(target, "unknown", f"what another modifier of {shown(target)} does is not known")
        return _Value(target, "rewrite", f"{target.name} is rewritten when its length changes")
    numbers = tuple(item for item in source.modifiers if isinstance(item, int))
    limits = tuple(item for item in target.modifiers if isinstance(item, int))
    empty = _interval_fits(source, target) if target.name == "interval" else bool(limits) and fits(numbers, limits)
    if empty:
        return _Value(target)
    return _Value(target, "rewrite", f"each value is checked against {shown(target)}")


def _wider(source: tuple[int, ...], target: tuple[int, ...]) -> bool:
    return bool(source) and target[0] >= source[0]


def _numeric_fits(source: tuple[int, ...], target: tuple[int, ...]) -> bool:
    if not source:
        return False
    return (target[1:] or (0,)) == (source[1:] or (0,)) and target[0] >= source[0]


def _precise(source: tuple[int, ...], target: tuple[int, ...]) -> bool:
    return target[0] >= 6 or (bool(source) and target[0] >= source[0])


_LEAST_FIELD = {"second": 0, "minute": 1, "hour": 2, "day": 3, "month": 4, "year": 5}


def _interval_fits(source: TypeName, target: TypeName) -> bool:
    old_field, old_precision = _interval(source)
    new_field, new_precision = _interval(target)
    if new_field > old_field:
        return False
    return old_field > 0 or new_precision >= 6 or new_precision >= old_precision


def _interval(name: TypeName) -> tuple[int, int]:
    """The least field that an interval keeps, and its precision (a large number without one)."""
    fields = [item for item in name.modifiers if isinstance(item, str)]
    digits = [item for item in name.modifiers if isinstance(item, int)]
    least = _LEAST_FIELD.get(fields[0].split(" to ")[-1], 0) if fields else 0
    return least, digits[0] if digits else 0xFFFF


_SUPPORT: dict[str, Callable[[tuple[int, ...], tuple[int, ...]], bool]] = {
    "varchar": _wider,
    "varbit": _wider,
    "numeric": _numeric_fits,
    "timestamp": _precise,
    "timestamptz": _precise,
    "time": _precise,
    "timetz": _precise,
    "interval": _precise,
}

_FAMILIES = {
    "varchar": "text",
    "cidr": "inet",
    "regclass": "oid", "regproc": "oid", "regprocedure": "oid", "regoper": "oid", "regoperator": "oid",
    "regtype": "oid", "regrole": "oid", "regnamespace": "oid", "regconfig": "oid", "regdictionary": "oid",
    "regcollation": "oid",
}  # fmt: skip


def _operator_family(name: TypeName) -> tuple[str, str | None, bool]:
    """What an index on the type sorts by; two types of one family can share an index."""
    return _FAMILIES.get(name.name, name.name), name.schema, bool(name.array)
