"""Renames: a trace comes in; renamed tables and columns whose old name nothing takes over go out."""

import re
from collections.abc import Iterator

from safecol.operations import ColumnDefinition, Operation
from safecol.patterns import lazy
from safecol.trace import Hit, Step, Trace

_VIEWS = frozenset({"create-view", "create-materialized-view"})
_TABLES = frozenset({"create-table", "create-table-as"})
# What a table is called that another has just taken the place of.
_SET_ASIDE = lazy(
    r"(?:^|_)(?:old|orig(?:inal)?|bak|backup|prev(?:ious)?|archived?|deprecated|unused|legacy|te?mp|\d+)(?:_|$)",
    re.IGNORECASE,
)


def tables_without_replacement(trace: Trace) -> Iterator[Hit]:
    """Renames of existing tables, unless a later step of the section makes a view or a table with the old name.

    One that takes the place of a table just dropped or set aside was made for that: nothing deployed uses it.
    """
    for at, step in enumerate(trace.steps):
        relation = step.operation.relation
        if step.operation.kind != "rename-table" or not step.existing or relation is None:
            continue
        if step.facts.get("object") == "sequence" or step.facts.get("wrong_object") is True:
            continue
        later = trace.steps[at + 1 :]
        swapped = any(_is_renamed_to(after.operation, relation.name) for after in later)
        if any(_makes_room(before.operation, step.operation.new_name) for before in trace.steps[:at]):
            continue
        if not swapped and not _made(later, relation.name, _VIEWS | _TABLES):
            yield _hit(step)


def columns_without_replacement(trace: Trace) -> Iterator[Hit]:
    """Renames of columns of existing tables, unless the old name still works; with the type where it can be copied.

    It does through a generated column of that name, through a view that takes the table's place, and when another
    column takes it (a swap, whose second half is no finding either).
    """
    for at, step in enumerate(trace.steps):
        operation = step.operation
        if not _renames_column(operation) or not step.existing or operation.relation is None:
            continue
        if step.facts.get("wrong_object") is True:
            continue
        later = trace.steps[at + 1 :]
        if any(_stands_in(after.operation, operation) or _swaps(after.operation, operation) for after in later):
            continue
        earlier = [before.operation for before in trace.steps[:at]]
        if any(_swaps(operation, other) or _adds(other, operation) for other in earlier):
            continue
        if not any(_made(later, name, _VIEWS) for name in _names(trace.steps, operation.relation.name)):
            kind = step.facts.get("column_type")
            values = {"type": kind} if isinstance(kind, str) else {}
            if operation.kind == "modify-column":
                values["new_name"] = operation.new_name or ""
            yield Hit(step, operation.span, values)


def _adds(earlier: Operation, renamed: Operation) -> bool:
    """Whether the column that is renamed has just been added: nothing deployed knows it yet."""
    definition = earlier.definition
    return (
        earlier.kind == "add-column"
        and earlier.relation == renamed.relation
        and isinstance(definition, ColumnDefinition)
        and definition.name == renamed.column
    )


def _renames_column(operation: Operation) -> bool:
    """Whether it gives a column another name: CHANGE does so with a definition that may be another too."""
    if operation.kind == "modify-column":
        return operation.new_name is not None and operation.new_name.lower() != (operation.column or "").lower()
    return operation.kind == "rename-column"


def _made(steps: tuple[Step, ...], name: str, kinds: frozenset[str]) -> bool:
    made = (step.operation for step in steps if step.operation.kind in kinds)
    return any(operation.relation is not None and operation.relation.name == name for operation in made)


def _is_renamed_to(operation: Operation, name: str) -> bool:
    return operation.kind == "rename-table" and operation.new_name == name


def _makes_room(operation: Operation, name: str | None) -> bool:
    if operation.relation is None or operation.relation.name != name:
        return False
    if operation.kind == "rename-table":
        return _SET_ASIDE.search(operation.new_name or "") is not None
    return operation.kind == "drop-table"


def _stands_in(added: Operation, renamed: Operation) -> bool:
    return (
        added.kind == "add-column"
        and added.relation == renamed.relation
        and isinstance(added.definition, ColumnDefinition)
        and added.definition.generated is not None
        and added.definition.name == renamed.column
    )


def _swaps(taking: Operation, leaving: Operation) -> bool:
    """Whether a column takes the name that another column of the same table has just given up."""
    return (
        _renames_column(taking)
        and _renames_column(leaving)
        and taking.relation == leaving.relation
        and taking.new_name == leaving.column
    )


def _names(steps: tuple[Step, ...], name: str) -> set[str]:
    """The names that a table has had or gets in the section."""
    names = {name}
    renames = [step.operation for step in steps if step.operation.kind == "rename-table"]
    for operation in (*reversed(renames), *renames):
        if operation.relation is None or operation.new_name is None:
            continue
        if operation.new_name in names:
            names.add(operation.relation.name)
        elif operation.relation.name in names:
            names.add(operation.new_name)
    return names


def _hit(step: Step) -> Hit:
    return Hit(step, step.operation.span)
