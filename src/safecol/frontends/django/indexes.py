"""Indexes and constraints of a model's Meta as evaluated come in; the records that write them go out."""

from collections.abc import Sequence

from safecol.frontends.django import conditions, expressions
from safecol.frontends.django.columns import Column, find_field, is_varchar
from safecol.frontends.django.ddl import Check, Index, Unique, bare
from safecol.frontends.django.expressions import Around
from safecol.frontends.django.target import Target
from safecol.frontends.django.values import digest
from safecol.frontends.python.values import Made, Unknown, Value, path_of
from safecol.records import NamedTuple

METHODS = {
    "BTreeIndex": "btree", "GinIndex": "gin", "GistIndex": "gist", "BrinIndex": "brin", "HashIndex": "hash",
    "SpGistIndex": "spgist", "BloomIndex": "bloom",
}  # fmt: skip
_PARAMETERS = (
    "autosummarize", "buffering", "fillfactor", "deduplicate_items", "fastupdate", "gin_pending_list_limit",
    "pages_per_range", "length",
)  # fmt: skip
CONSTRAINTS = frozenset({"CheckConstraint", "UniqueConstraint", "ExclusionConstraint"})


class Exclusion(NamedTuple):
    """EXCLUDE: its clause, and the name of the constraint."""

    name: str
    clause: str


def kind_of(value: Value) -> str:
    """The class of an index or constraint, by its name; empty for what is none."""
    return value.path.rpartition(".")[2] if isinstance(value, Made) else ""


def name_of(value: Value) -> str:
    """The name that an index or constraint was given; empty when it isn't known."""
    given = value.keywords.get("name") if isinstance(value, Made) else None
    return str(given) if isinstance(given, str) else ""


def names(values: Value) -> frozenset[str]:
    """The names of several indexes or constraints."""
    if type(values) not in (list, tuple):
        return frozenset()
    return frozenset(name_of(one) for one in values) - {""}


def _strings(value: Value) -> tuple[str, ...]:
    return tuple(str(one) for one in value) if isinstance(value, (list, tuple)) and not isinstance(value, Made) else ()


def _elements(value: Made) -> tuple[Value, ...]:
    """The expressions of an index, without the wrapper that old versions know."""
    return value.arguments


def index(around: Around, value: Value, table: str, *, concurrently: bool = False) -> Index | Unknown | None:
    """An index; None where Django leaves it out."""
    target = around.target
    if not isinstance(value, Made):
        return Unknown("index", "the index is not known")
    kind = kind_of(value)
    if kind != "Index" and kind not in METHODS:
        return Unknown(value.path, f"the index is of a class that is not known: `{value.path}`")
    if value.arguments and not target.expression_indexes:
        return None
    fields = _strings(value.keywords.get("fields"))
    columns = expressions.names_of(around, [one.removeprefix("-") for one in fields])
    orders = tuple("DESC" if one.startswith("-") else "" for one in fields)
    including = expressions.names_of(around, _strings(value.keywords.get("include")))
    condition = value.keywords.get("condition")
    method = METHODS.get(kind, "")
    written = tuple(expressions.indexed(around, one) for one in _elements(value))
    tablespace = value.keywords.get("db_tablespace")
    rest = _parameters(value)
    if isinstance(tablespace, str) and tablespace and target.postgresql:
        rest += f" TABLESPACE {target.quoted(str(tablespace))}"
    return Index(
        table,
        columns,
        name=name_of(value) or _made_name(table, columns, orders, method or "idx"),
        using=f" USING {method}" if method else "",
        orders=orders,
        classes=_strings(value.keywords.get("opclasses")),
        expressions=written,
        including=including,
        rest=rest,
        condition=conditions.condition(around, condition) if condition is not None and target.partial_indexes else "",
        concurrently=concurrently and target.postgresql,
    )


def _made_name(table: str, columns: Sequence[str], orders: Sequence[str], suffix: str) -> str:
    ordered = [f"-{one}" if order else one for one, order in zip(columns, orders, strict=True)]
    end = f"{digest(bare(table), *ordered, suffix, length=6)}_{suffix}"
    name = f"{bare(table)[:11]}_{(columns[0] if columns else '')[:7]}_{end}"
    return f"D{name[1:]}" if name[0] == "_" or name[0].isdigit() else name


def _parameters(value: Made) -> str:
    found = []
    for name in _PARAMETERS:
        given = value.keywords.get(name)
        if given is None:
            continue
        found.append(f"{name} = {'on' if given is True else 'off' if given is False else given}")
    columns = value.keywords.get("columns")
    if isinstance(columns, (list, tuple)) and not isinstance(columns, Made):
        found += [f"col{at} = {one}" for at, one in enumerate(columns, 1)]
    return f" WITH ({', '.join(found)})" if found else ""


def deferrable(value: Value) -> str:
    """The words of `Deferrable.DEFERRED` and its kin."""
    name = path_of(value).rpartition(".")[2]
    if name not in ("DEFERRED", "IMMEDIATE"):
        return ""
    return f" DEFERRABLE INITIALLY {name}"


def check_condition(value: Made) -> Value:
    """The condition of a CheckConstraint, under either of its names."""
    return value.keywords.get("condition", value.keywords.get("check"))


def check(around: Around, value: Made, table: str) -> Check:
    """A CHECK."""
    condition = check_condition(value)
    return Check(table, columns_of(around, condition), name_of(value), conditions.condition(around, condition))


def columns_of(around: Around, value: Value) -> tuple[str, ...]:
    """The columns that a condition names, as far as it is known."""
    found: list[str] = []
    pending: list[Value] = [value]
    while pending:
        one = pending.pop(0)
        if not isinstance(one, Made):
            continue
        for part in (*one.arguments, *one.keywords.items()):
            if type(part) is tuple and len(part) == 2 and isinstance(part[0], str):
                name = str(part[0]).split("__")[0]
                if find_field(around.state, around.model, name) is not None:
                    found += expressions.names_of(around, [name])
                pending.append(part[1])
            else:
                pending.append(part)
    return tuple(dict.fromkeys(found))


def supported(target: Target, value: Made) -> bool:
    """Whether Django makes a unique constraint there; where not, it leaves it out in silence."""
    if value.keywords.get("condition") is not None and not target.partial_indexes:
        return False
    if deferrable(value.keywords.get("deferrable")) and not target.deferrable_unique:
        return False
    if _strings(value.keywords.get("include")) and not target.covering_indexes:
        return False
    if value.arguments and not target.expression_indexes:
        return False
    distinct = value.keywords.get("nulls_distinct")
    return distinct is None or target.nulls_distinct or not target.since(5, 0)


_TITLES = {"mysql": "MySQL", "mariadb": "MariaDB", "sqlite": "SQLite", "postgresql": "this PostgreSQL"}


def left_out(target: Target, value: Made) -> str:
    """What Django leaves out of an index or constraint there without a word, as a sentence; empty for nothing."""
    kind, name, title = kind_of(value), name_of(value), _TITLES[target.dialect]
    if kind == "UniqueConstraint" and not supported(target, value):
        return f"The constraint `{name}` is not made: {title} has no unique constraint {_beyond(target, value)}"
    if kind == "CheckConstraint" and not target.check_constraints:
        return f"The constraint `{name}` is not made: this {title} checks nothing"
    if kind != "Index" and kind not in METHODS:
        return ""
    if value.arguments and not target.expression_indexes:
        return f"The index `{name}` is not made: {title} has no index on an expression"
    if value.keywords.get("condition") is not None and not target.partial_indexes:
        return f"The index `{name}` covers all rows: {title} has no index with a condition"
    return ""


def _beyond(target: Target, value: Made) -> str:
    if value.keywords.get("condition") is not None and not target.partial_indexes:
        return "with a condition"
    if deferrable(value.keywords.get("deferrable")) and not target.deferrable_unique:
        return "that is deferrable"
    if value.arguments and not target.expression_indexes:
        return "on an expression"
    if _strings(value.keywords.get("include")) and not target.covering_indexes:
        return "that includes other columns"
    return "that says whether NULLs are distinct"


def is_index(value: Made) -> bool:
    """Whether a unique constraint is made as a unique index."""
    given = value.keywords
    return bool(
        given.get("condition") is not None
        or _strings(given.get("include"))
        or _strings(given.get("opclasses"))
        or value.arguments
    )


def nulls(target: Target, value: Made) -> str:
    """The words about NULLs of a unique constraint."""
    distinct = value.keywords.get("nulls_distinct")
    if distinct is None or not target.since(5, 0):
        return ""
    return " NULLS DISTINCT" if distinct is True else " NULLS NOT DISTINCT"


def unique(around: Around, value: Made, table: str) -> Index | Unique | None:
    """A unique constraint; None where Django leaves it out."""
    target = around.target
    if not supported(target, value):
        return None
    columns = expressions.names_of(around, _strings(value.keywords.get("fields")))
    if not is_index(value):
        words = deferrable(value.keywords.get("deferrable"))
        return Unique(table, columns, name_of(value), words, nulls(target, value))
    condition = value.keywords.get("condition")
    return Index(
        table,
        columns,
        name=name_of(value),
        classes=_strings(value.keywords.get("opclasses")),
        expressions=tuple(expressions.indexed(around, one) for one in value.arguments),
        including=expressions.names_of(around, _strings(value.keywords.get("include"))),
        condition=conditions.condition(around, condition) if condition is not None else "",
        unique=True,
        nulls=nulls(target, value),
    )


def exclusion(around: Around, value: Made) -> Exclusion:
    """An EXCLUDE constraint."""
    target = around.target
    parts = []
    given = value.keywords.get("expressions")
    classes = _strings(value.keywords.get("opclasses"))
    for at, one in enumerate(given if isinstance(given, (list, tuple)) and not isinstance(given, Made) else ()):
        if type(one) not in (list, tuple) or len(one) != 2:
            parts.append(expressions.hole(one))
            continue
        opclass = f" {classes[at]}" if at < len(classes) else ""
        parts.append(f"{expressions.indexed(around, one[0])}{opclass} WITH {expressions.operator(one[1])}")
    method = value.keywords.get("index_type")
    condition = value.keywords.get("condition")
    including = expressions.names_of(around, _strings(value.keywords.get("include")))
    clause = f"EXCLUDE USING {method if isinstance(method, str) else 'GIST'} ({', '.join(parts)})"
    clause += f" INCLUDE ({target.listed(including)})" if including else ""
    clause += f" WHERE ({conditions.condition(around, condition)})" if condition is not None else ""
    return Exclusion(name_of(value), clause + deferrable(value.keywords.get("deferrable")))


def like_class(target: Target, column: Column, collation_ok: bool = True) -> str:
    """The operator class of the second index that a text column gets on PostgreSQL; empty for none."""
    if not target.postgresql or not (column.indexed or column.unique) or "[" in column.type or not collation_ok:
        return ""
    if is_varchar(column.type):
        return "varchar_pattern_ops"
    return "text_pattern_ops" if column.type.startswith("text") else ""


def groups(value: Value) -> list[tuple[str, ...]]:
    """`("a", "b")` or `[("a", "b"), …]` as groups of names."""
    if type(value) not in (list, tuple, set, frozenset) or not value:
        return []
    items = list(value)
    if all(isinstance(one, str) for one in items):
        return [tuple(str(one) for one in items)]
    return [tuple(str(part) for part in one) for one in items if type(one) in (list, tuple, set, frozenset)]
