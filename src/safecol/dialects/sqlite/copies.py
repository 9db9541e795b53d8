"""A copy from one table into a new one: the context and the INSERT in, what old rows may break of the new table out.

What the copy doesn't take as it stands was thought of: COALESCE, CASE, a WHERE or GROUP BY over the columns.
"""

import re
from collections.abc import Iterator, Mapping

from safecol.context import Context
from safecol.dialects.sqlite.values import default_class
from safecol.expressions import (
    Collection,
    Expression,
    Literal,
    Operator,
    columns,
    conjuncts,
)
from safecol.operations import ConstraintDefinition, Operation
from safecol.schema import Column, Table
from safecol.trace import Fact

_KEYS = frozenset({"unique", "primary-key"})
_KEPT = frozenset({"on-conflict-ignore", "on-conflict-replace"})


def copy_facts(context: Context, operation: Operation, key: str, found: dict[str, Fact]) -> None:
    """`copied_from` is the old table; the others list columns: `a+b,c` are a pair of them and one alone.

    `lacking` get no value, `nulled` may be NULL, `checked` may break a new CHECK, `repeated` a new key, `unmatched` a
    new foreign key, which is looked at only while those are enforced.
    """
    new = context.schema.tables.get(key)
    old = _source(context, operation, key)
    if new is None or old is None or not new.complete or not old.complete or not context.is_new(key):
        return
    given = _given(operation, new, old)
    if given is None:
        return
    options = operation.options
    thought_of = {value for name, value in options if name == "condition"}
    plain = {target: old.columns[source] for target, source in given.items() if source in old.columns}
    taken = {target for target, column in plain.items() if column.name not in thought_of}
    names = {target: column.name for target, column in plain.items()}
    found["copied_from"] = old.name
    found["lacking"] = ",".join(_lacking(new, given))
    found["lacks_value"] = bool(found["lacking"]) and "ignore" not in operation.flags
    found["nulled"] = ",".join(
        target
        for target in plain
        if target in taken and _nulled(new.columns[target], plain[target]) and not _mended(context, key, target)
    )
    known = [item.definition for item in old.constraints.values()]
    for kind, fact in (("check", "checked"), ("key", "repeated"), ("foreign-key", "unmatched")):
        if fact == "repeated" and ("grouped", "true") in options:
            continue
        if fact == "unmatched" and context.setting("foreign_keys") != "on":
            continue
        keys = _keys(context, old) if fact == "repeated" else []
        broken = []
        for item in new.constraints.values():
            own = _of(item.definition)
            if not _is(item.definition, kind) or not own or not own <= taken or item.definition.options & _KEPT:
                continue
            if not _holds_already(item.definition, own, names, known, keys):
                broken.append("+".join(names[name] for name in sorted(own)))
        found[fact] = ",".join(dict.fromkeys(broken))


def _source(context: Context, operation: Operation, key: str) -> Table | None:
    """The one table that the rows come from, where it has any."""
    reads = {context.key(name) for name in operation.reads} - {key}
    if len(reads) != 1 or "select-source" not in operation.flags:
        return None
    name = reads.pop()
    return context.schema.tables.get(name) if context.has_rows(name) else None


def _given(operation: Operation, new: Table, old: Table) -> Mapping[str, str | None] | None:
    """What each column gets: a column of the old table as it is, or None for anything else."""
    query = operation.query
    if query is None:
        return None
    options = operation.options
    plain = {value for name, value in options if name == "plain"}
    targets = [value for name, value in options if name == "column"]
    targets = targets or [name for name, column in new.columns.items() if not column.generated]
    if query.outputs == ("*",):
        sources: list[str | None] = [name for name, column in old.columns.items() if not column.generated]
    elif "*" in query.outputs:
        return None
    else:
        sources = [name if name in plain else None for name in query.outputs]
    if len(sources) != len(targets) or not set(targets) <= set(new.columns):
        return None
    return dict(zip(targets, sources, strict=True))


def _lacking(new: Table, given: Mapping[str, str | None]) -> Iterator[str]:
    rowid = _rowid(new)
    for name, column in new.columns.items():
        needed = column.nullable is False and default_class(column.default) == "none" and not column.generated
        if needed and name not in given and name != rowid:
            yield name


def _nulled(new: Column, old: Column) -> bool:
    return new.nullable is False and old.nullable is True and not new.identity


def _mended(context: Context, key: str, column: str) -> bool:
    """Whether NOT NULL says itself what becomes of a NULL."""
    text = dict(context.schema.texts.get(f"table {key}", ())).get(f"column {column}", "")
    return re.search(r"\bNOT\s+NULL\s+ON\s+CONFLICT\s+(REPLACE|IGNORE)\b", text, re.IGNORECASE) is not None


def _rowid(table: Table) -> str | None:
    if ("without_rowid", "true") in table.options:
        return None
    for item in table.constraints.values():
        if item.definition.kind == "primary-key" and len(item.definition.columns) == 1:
            column = table.columns.get(item.definition.columns[0])
            if column is not None and column.type is not None and column.type.name == "integer":
                return column.name
    return None


def _is(definition: ConstraintDefinition, kind: str) -> bool:
    return definition.kind in _KEYS if kind == "key" else definition.kind == kind


def _of(definition: ConstraintDefinition) -> set[str]:
    if definition.kind == "check":
        return columns(definition.expression) if definition.expression is not None else set()
    return set(definition.columns)


def _keys(context: Context, old: Table) -> list[set[str]]:
    """The columns of which no two rows of the old table have the same."""
    found = [set(item.definition.columns) for item in old.constraints.values() if item.definition.kind in _KEYS]
    for index in context.schema.indexes_of(old.name):
        elements = index.definition.elements
        if index.definition.unique and index.definition.predicate is None:
            found.append({element.column or "" for element in elements})
    return found


def _holds_already(
    new: ConstraintDefinition,
    own: set[str],
    names: Mapping[str, str],
    known: list[ConstraintDefinition],
    keys: list[set[str]],
) -> bool:
    """Whether every row of the old table keeps to it already."""
    if new.kind in _KEYS:
        before = {names[name] for name in own}
        return any(key <= before for key in keys)
    if new.kind == "foreign-key":
        columns_before = tuple(names[name] for name in new.columns)
        return any(
            old.kind == "foreign-key" and old.columns == columns_before and old.referenced == new.referenced
            for old in known
        )
    if new.expression is None or any(names[name] != name for name in own):
        return False
    kept = [part for old in known if old.expression is not None for part in conjuncts(old.expression)]
    return all(any(_implies(old, part) for old in kept) for part in conjuncts(new.expression))


def _implies(old: Expression, new: Expression) -> bool:
    """Whether what keeps to the one keeps to the other: the same, a longer list, a wider limit."""
    if old == new:
        return True
    if not (isinstance(old, Operator) and isinstance(new, Operator)):
        return False
    if len(old.arguments) != 2 or len(new.arguments) != 2 or old.arguments[0] != new.arguments[0]:
        return False
    before, after = old.arguments[1], new.arguments[1]
    listed = [_values(old.name, before), _values(new.name, after)]
    if listed[0] is not None and listed[1] is not None:
        return listed[0] <= listed[1]
    limits = [_number(before), _number(after)]
    if limits[0] is None or limits[1] is None:
        return False
    if old.name[0] != new.name[0] or old.name[0] not in "<>" or "<>" in (old.name, new.name):
        return False
    wider = limits[0] < limits[1] if old.name[0] == "<" else limits[0] > limits[1]
    return wider or (limits[0] == limits[1] and (old.name == new.name or new.name.endswith("=")))


def _values(name: str, argument: Expression) -> set[Expression] | None:
    if name == "=":
        return {argument} if isinstance(argument, Literal) else None
    return set(argument.items) if name == "in" and isinstance(argument, Collection) else None


def _number(argument: Expression) -> float | None:
    if not isinstance(argument, Literal) or argument.kind != "number":
        return None
    try:
        return float(argument.value)
    except ValueError:
        return None
