"""Q objects as evaluated come in; conditions of CHECK and WHERE go out, as Django writes them."""

from collections.abc import Sequence

from safecol.frontends.django import defaults
from safecol.frontends.django.columns import Column
from safecol.frontends.django.expressions import ARITHMETIC, Around, expression, hole, transform
from safecol.frontends.django.values import Field
from safecol.frontends.python.values import External, Made, Member, Unknown, Value, path_of
from safecol.records import NamedTuple

_COMPARED = {"exact": "=", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
_PATTERNS = {
    "contains": ("%", "%"), "icontains": ("%", "%"), "startswith": ("", "%"), "istartswith": ("", "%"),
    "endswith": ("%", ""), "iendswith": ("%", ""),
}  # fmt: skip


def condition(around: Around, value: Value, *, negated: bool = False) -> str:
    """A condition as Django writes it in a CHECK or WHERE."""
    return _Condition(around, negated).of(value).written


def _not(parts: "_Parts") -> "_Parts":
    return _Parts((f"NOT {parts.written}" if len(parts.texts) > 1 else f"NOT ({parts.written})",))


_LOOKUPS = frozenset(
    {*_COMPARED, *_PATTERNS, "in", "isnull", "range", "iexact", "regex", "iregex", "contained_by", "has_key"}
)


class _Parts(NamedTuple):
    """Conditions that one word joins."""

    texts: tuple[str, ...]
    word: str = "AND"

    @property
    def written(self) -> str:
        """All of them, in parentheses when there are several."""
        return self.texts[0] if len(self.texts) == 1 else "(" + f" {self.word} ".join(self.texts) + ")"


class _Condition(NamedTuple):
    around: Around
    negated: bool = False

    def of(self, value: Value) -> _Parts:
        """The SQL of a condition."""
        if not isinstance(value, Made):
            return _Parts((hole(value),))
        if value.path == "operator ~" or (value.path == "operator not" and value.arguments):
            return _not(_Condition(self.around, not self.negated).of(value.arguments[0]))
        if value.path in ("operator &", "operator |"):
            return self.joined([self.of(part) for part in value.arguments], "AND" if value.path[-1] == "&" else "OR")
        name = value.path.rpartition(".")[2]
        if name == "Q":
            return self.q(value)
        return _Parts((expression(self.around, value) if value.path.startswith("django.") else hole(value),))

    def q(self, value: Made) -> _Parts:
        """A Q object."""
        negated = value.keywords.get("_negated") is True
        inner = _Condition(self.around, self.negated ^ negated)
        parts: list[_Parts] = []
        for one in value.arguments:
            if type(one) is tuple and len(one) == 2 and isinstance(one[0], str):
                parts.append(inner.lookup(str(one[0]), one[1]))
            else:
                made = inner.of(one)
                parts.append(_Parts((made.written,)) if len(value.arguments) + len(value.keywords) == 1 else made)
        parts += [inner.lookup(name, one) for name, one in sorted(value.keywords.items()) if not name.startswith("_")]
        connector = value.keywords.get("_connector")
        made = self.joined(parts, str(connector) if isinstance(connector, str) else "AND")
        return _not(made) if negated else made

    def joined(self, parts: Sequence[_Parts], word: str) -> _Parts:
        """Several conditions as one."""
        if len(parts) == 1:
            return parts[0]
        texts: list[str] = []
        for part in parts:
            texts += part.texts if part.word == word else [part.written]
        return _Parts(tuple(texts), word)

    def lookup(self, name: str, value: Value) -> _Parts:
        """`price__gte=0` and its kin."""
        around = self.around
        parts = name.split("__")
        found = around.column(parts[0])
        if found is None:
            return _Parts((hole(Unknown(name, "")),))
        left, last, internal = around.target.quoted(found.name), "exact", found.internal
        path = parts[1:]
        for at, part in enumerate(path):
            if part in ("pk", "id") and found.reference is not None and at == 0:
                continue
            transformed = transform(around.target, part, left, internal)
            if transformed is not None:
                left, internal = transformed
            elif at == len(path) - 1 and (internal != "JSONField" or part in _LOOKUPS):
                last = part
            else:
                left = self._key(left, internal, part)
                if not left:
                    return _Parts((hole(Unknown(name, "")),))
        year = self._year(found, last, value) if path[:1] == ["year"] else None
        made = year or self._compare(found, left, internal, last, value)
        if made is None:
            return _Parts((hole(Unknown(name, "")),))
        if self.negated and found.null and last != "isnull" and value is not None:
            return _Parts((made, f"{around.target.quoted(found.name)} IS NOT NULL"))
        return _Parts((made,))

    def _year(self, found: Column, last: str, value: Value) -> str | None:
        """A comparison of a year, which Django makes one of dates so that an index serves it."""
        around = self.around
        if not isinstance(value, int) or found.internal not in ("DateField", "DateTimeField"):
            return None
        column = around.target.quoted(found.name)
        first, end = f"{value:04}-01-01", f"{value:04}-12-31"
        moment = found.internal == "DateTimeField"
        cast = ("::timestamptz" if moment else "::date") if around.target.postgresql else ""
        between = "T" if around.target.postgresql else " "
        zone = "+00:00" if around.target.postgresql else ""
        low = f"'{first}{between}00:00:00{zone}'{cast}" if moment else f"'{first}'{cast}"
        high = f"'{end}{between}23:59:59.999999{zone}'{cast}" if moment else f"'{end}'{cast}"
        bounds = {"gte": f">= {low}", "lt": f"< {low}", "gt": f"> {high}", "lte": f"<= {high}"}
        if last == "exact":
            return f"{column} BETWEEN {low} AND {high}"
        return f"{column} {bounds[last]}" if last in bounds else None

    def _key(self, left: str, internal: str, part: str) -> str:
        if internal != "JSONField" or not self.around.target.postgresql:
            return ""
        return f"({left} -> {part if part.isdigit() else defaults.string(self.around.target, part)})"

    def _compare(self, found: Column, left: str, internal: str, last: str, value: Value) -> str | None:
        target = self.around.target
        if last == "isnull" or (last == "exact" and value is None):
            return f"{left} IS {'' if value is None or value is True else 'NOT '}NULL"
        if last == "in":
            if not isinstance(value, (list, tuple, set)):
                return None
            items = [self._value(found, internal, item) for item in value if item is not None]
            items = list(dict.fromkeys(items))
            return f"{left} IN ({', '.join(items)})"
        if last == "range" and isinstance(value, (list, tuple)) and len(value) == 2:
            low, high = (self._value(found, internal, item) for item in value)
            return f"{left} BETWEEN {low} AND {high}"
        if last in _COMPARED:
            if last == "exact" and isinstance(value, bool) and internal == "BooleanField":
                if target.mysql and target.since(4, 0):
                    return f"{left} = {defaults.boolean(target, value)}"
                return left if value else f"NOT {left}"
            return f"{left} {_COMPARED[last]} {self._value(found, internal, value)}"
        if last in _PATTERNS and isinstance(value, str):
            return self._like(left, last, str(value))
        if last == "iexact" and isinstance(value, str):
            text = defaults.condition_string(target, str(value))
            if target.postgresql:
                return f"UPPER({left}::text) = UPPER({text})"
            return f"{left} LIKE {text}" if target.mysql else f"{left} LIKE {text} ESCAPE '\\'"
        if last in ("regex", "iregex") and isinstance(value, str):
            text = defaults.condition_string(target, str(value))
            if target.postgresql:
                return f"{left}::text {'~' if last == 'regex' else '~*'} {text}"
            if target.dialect == "mysql":
                return f"REGEXP_LIKE({left}, {text}, '{'c' if last == 'regex' else 'i'}')"
            return f"{left} REGEXP {'BINARY ' if target.mysql and last == 'regex' else ''}{text}"
        if last == "has_key" and target.mysql and isinstance(value, str):
            key = defaults.condition_string(target, f'$."{value}"')
            return f"JSON_CONTAINS_PATH({left}, 'one', {key})"
        if last in ("contains", "contained_by", "overlap", "overlaps", "has_key") and target.postgresql:
            if last == "has_key" and isinstance(value, str):
                return f"{left} ? {defaults.condition_string(target, str(value))}"
            sign = {"contains": "@>", "contained_by": "<@"}.get(last, "&&")
            return f"{left} {sign} {self._value(found, internal, value)}"
        return None

    def _like(self, left: str, last: str, text: str) -> str:
        target = self.around.target
        before, after = _PATTERNS[last]
        escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        pattern = defaults.condition_string(target, f"{before}{escaped}{after}")
        if target.postgresql:
            if last.startswith("i"):
                return f"UPPER({left}::text) LIKE UPPER({pattern})"
            return f"{left}::text LIKE {pattern}"
        if target.mysql:
            return f"{left} LIKE {'' if last.startswith('i') else 'BINARY '}{pattern}"
        return f"{left} LIKE {pattern} ESCAPE '\\'"

    def _value(self, found: Column, internal: str, value: Value) -> str:
        if isinstance(value, Made) and path_of(value) != "decimal.Decimal()" and not _is_moment(value):
            written = expression(self.around, value)
            target = self.around.target
            bare = value.path.endswith(".Value") and target.since(5, 1)
            return written if value.path in ARITHMETIC or bare or not target.since(4, 0) else f"({written})"
        if isinstance(value, (Unknown, External, Member)):
            return hole(value)
        effective = defaults.effective(Field("", "", (), {"default": value}))
        if internal == found.internal:
            kind = found.type
            if found.reference is not None:
                return defaults.constant(self.around.target, value) or hole(value)
            return defaults.written(self.around.target, found.field, internal, kind, effective, compared=True)
        made = defaults.constant(self.around.target, value)
        return made if made is not None else hole(value)


def _is_moment(value: Made) -> bool:
    return value.path.startswith("datetime.")
