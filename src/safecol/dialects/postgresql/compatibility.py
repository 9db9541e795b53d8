"""The old and the new type of a column come in; what deployed code and old values lose by the change goes out."""

from safecol.context import Context
from safecol.dialects.postgresql.domains import definition_of
from safecol.dialects.postgresql.type_names import KNOWN, canonical, shown
from safecol.expressions import Call, Cast, ColumnReference, Expression, TypeName, is_open, walk
from safecol.operations import Operation
from safecol.trace import Fact

# Types that drivers hand out as the same kind of value.
_ALIKE = (
    frozenset({"text", "varchar", "bpchar", "citext", "name"}),
    frozenset({"bit", "varbit"}),
    frozenset({"json"}),
    frozenset({"inet", "cidr"}),
)
_FAMILY = {name: number for number, names in enumerate(_ALIKE) for name in names}
_SHORT = frozenset({"varchar", "bpchar", "bit", "varbit"})
# Functions that make a value shorter, rounder or another one.
_CUTTING = frozenset(
    {
        "left", "right", "substr", "substring", "overlay", "split_part", "trunc", "round", "floor", "ceil", "ceiling",
        "date_trunc", "trim", "btrim", "ltrim", "rtrim", "lower", "upper", "date_part", "extract", "regexp_replace",
        "translate", "mod", "div",
    }
)  # fmt: skip
# Assignments that lose without an error: fractions are rounded, the time of day is cut off.
_WHOLE = frozenset({"int2", "int4", "int8", "money"})
_FRACTIONS = frozenset({"numeric", "float4", "float8"})
_CUT = frozenset(
    {
        ("timestamp", "date"), ("timestamptz", "date"), ("timestamp", "time"), ("timestamptz", "time"),
        ("timestamptz", "timetz"), ("timetz", "time"), ("interval", "time"), ("numeric", "float4"),
        ("numeric", "float8"), ("float8", "float4"), ("int8", "float4"), ("int8", "float8"), ("int4", "float4"),
    }
)  # fmt: skip
_TEMPORAL = frozenset({"timestamp", "timestamptz", "time", "timetz", "interval"})


def type_facts(context: Context, operation: Operation, key: str, found: dict[str, Fact]) -> None:
    """Sets `old_type`, `new_type`, `compatible`, `lossy`, `how`, `removed_labels` and `reordered_labels`."""
    if operation.type is None:
        return
    known = context.column(key, operation.column or "")
    found["new_type"] = shown(operation.type)
    if known is None or known.type is None:
        how = _cutting(None, operation.type, operation.expression) if operation.expression is not None else ""
        found["lossy"] = True if how else None
        found["how"] = how
        return
    old, new = canonical(known.type), canonical(operation.type)
    found["old_type"] = shown(known.type)
    found["compatible"] = _compatible(context, old, new)
    how = _silent(old, new) if operation.expression is None else _cutting(old, new, operation.expression)
    found["lossy"] = bool(how)
    found["how"] = how
    _labels(context, known.type, operation.type, found)


def _compatible(context: Context, old: TypeName, new: TypeName) -> bool | None:
    """Whether drivers hand out values as before; None when a type is not known."""
    if bool(old.array) != bool(new.array):
        return False
    if (old.name, old.schema) == (new.name, new.schema):
        return True
    names = []
    for each in (old, new):
        definition = definition_of(context, each)
        base = canonical(definition.base) if definition is not None and definition.base is not None else each
        if base.name not in KNOWN and not (definition is not None and definition.kind == "enum"):
            return None
        names.append(base.name if base.name in KNOWN else "enum")
    if names[0] == names[1]:
        return True
    return names[0] in _FAMILY and _FAMILY[names[0]] == _FAMILY.get(names[1])


def _silent(old: TypeName, new: TypeName) -> str:
    """What the conversion without USING does to values without an error; "" when nothing."""
    if old.array or new.array or (old.name == new.name and (is_open(old) or is_open(new))):
        return ""
    if old.name in _FRACTIONS and new.name in _WHOLE:
        return "rounds fractions away"
    if (old.name, new.name) in _CUT:
        return "cuts the time off" if new.name == "date" else "keeps less of each value"
    if old.name == new.name == "numeric" and new.modifiers:
        before = _scale(old)
        return "rounds to fewer digits" if before is None or before > (_scale(new) or 0) else ""
    if old.name == new.name and new.name in _TEMPORAL and new.modifiers:
        numbers = [item for item in new.modifiers if isinstance(item, int)]
        earlier = [item for item in old.modifiers if isinstance(item, int)]
        return "rounds to fewer digits" if numbers and numbers[0] < (earlier or [6])[0] else ""
    return ""


def _scale(name: TypeName) -> int | None:
    numbers = [item for item in name.modifiers if isinstance(item, int)]
    if not numbers:
        return None
    return numbers[1] if len(numbers) > 1 else 0


def _cutting(old: TypeName | None, new: TypeName, using: Expression) -> str:
    """What the outermost steps of USING do to values without an error; "" when nothing is seen to."""
    if isinstance(using, Cast) and isinstance(using.argument, ColumnReference):
        target = canonical(using.type)
        if target.name in _SHORT and target.modifiers and not target.array:
            before = [item for item in old.modifiers if isinstance(item, int)] if old and old.name in _SHORT else []
            if old is not None and is_open(old):
                return ""
            limits = [item for item in target.modifiers if isinstance(item, int)]
            if limits and not (before and before[0] <= limits[0]) and not _fits(old, limits[0]):
                return f"cuts each value off after {limits[0]} characters"
            return ""
        return _silent(old, target) if old is not None else ""
    for part in walk(using):
        if isinstance(part, Call) and part.schema is None and part.name in _CUTTING:
            if part.name in {"trim", "btrim", "ltrim", "rtrim", "lower", "upper"} and new.name not in _SHORT | {"text"}:
                continue  # tidying before a value is read as another type
            return f"applies `{part.name}()`, which keeps less of each value"
    return ""


def _fits(old: TypeName | None, limit: int) -> bool:
    """Whether the text of any value of a type is that short."""
    widest = {"uuid": 36, "bool": 5, "int2": 6, "int4": 11, "int8": 20, "date": 13}
    return old is not None and widest.get(old.name, limit + 1) <= limit


def _labels(context: Context, old: TypeName, new: TypeName, found: dict[str, Fact]) -> None:
    before, after = definition_of(context, old), definition_of(context, new)
    if before is None or after is None or not before.kind == after.kind == "enum" or not after.labels:
        return
    gone = [label for label in before.labels if label not in after.labels]
    kept = [label for label in before.labels if label in after.labels]
    found["removed_labels"] = ", ".join(gone)
    found["reordered_labels"] = kept != [label for label in after.labels if label in before.labels]
