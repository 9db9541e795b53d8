"""Steps of migrations come in, in order; the names that no longer exist when the last one has run go out."""

from collections.abc import Iterator
from typing import Generic, TypeVar

from safecol.operations import Operation, RoutineDefinition
from safecol.records import NamedTuple
from safecol.trace import Step

_Kept = TypeVar("_Kept")

KINDS = frozenset(
    {
        "drop-table", "rename-table", "move-to-schema", "drop-view", "rename-view", "drop-column", "rename-column",
        "drop-routine", "rename-object", "create-table", "create-table-as", "create-foreign-table", "create-view",
        "create-materialized-view", "add-column", "create-routine",
    }
)  # fmt: skip
_MADE = frozenset(
    {"create-table", "create-table-as", "create-foreign-table", "create-view", "create-materialized-view"}
)
_ROUTINES = frozenset({"function", "procedure", "routine"})
_LONG = 3
"""Shorter names are found everywhere: `id`, `x`."""


class Gone(NamedTuple):
    """A name that code can't use any more: `kind` is `relation`, `column` (of the relation `name`) or `routine`.

    `schema` is None in the default schema.
    """

    kind: str
    name: str
    schema: str | None = None
    column: str | None = None

    @property
    def word(self) -> str:
        """The identifier to look for."""
        return self.column or self.name


class Losses(Generic[_Kept]):
    """What has gone in one history so far, each with what its finder keeps beside it."""

    def __init__(self, default_schema: str) -> None:
        self._default = default_schema
        self._lost: dict[Gone, _Kept] = {}

    def add(self, step: Step, kept: _Kept | None) -> None:
        """Note a step; without `kept` it only brings names back, and carries them over renames."""
        operation = step.operation
        for gone in _brought_back(operation):
            self._lost.pop(self._of(gone), None)
            if self._lost:
                self._forget_like(self._of(gone))
        taken = _taken(operation)
        if taken is None:
            return
        taken = self._of(taken)
        if taken.kind == "relation":
            self._follow(taken, operation)
        if kept is not None and step.existing and len(taken.word) >= _LONG:
            self._lost.setdefault(taken, kept)

    def left(self) -> Iterator[tuple[Gone, _Kept]]:
        """The names that are gone for good."""
        yield from self._lost.items()

    def _forget_like(self, back: Gone) -> None:
        """A name without a schema may be that of any: the search path says, which the server alone knows."""
        for gone in [each for each in self._lost if each._replace(schema=None) == back._replace(schema=None)]:
            if gone.schema is None or back.schema is None:
                del self._lost[gone]

    def _of(self, gone: Gone) -> Gone:
        return gone._replace(schema=None) if gone.schema == self._default else gone

    def _follow(self, taken: Gone, operation: Operation) -> None:
        """Columns go with their table, or on under its new name."""
        for gone in [each for each in self._lost if each.kind == "column" and _same(each, taken)]:
            kept = self._lost.pop(gone)
            if operation.kind == "rename-table" and operation.new_name:
                self._lost[gone._replace(name=operation.new_name)] = kept
            elif operation.kind == "move-to-schema" and operation.new_name:
                self._lost[self._of(gone._replace(schema=operation.new_name))] = kept


def _same(column: Gone, table: Gone) -> bool:
    return column.name == table.name and column.schema == table.schema


def _brought_back(operation: Operation) -> Iterator[Gone]:
    kind, relation = operation.kind, operation.relation
    if relation is None:
        return
    if kind in _MADE:
        yield Gone("relation", relation.name, relation.schema)
    elif kind == "create-routine" and isinstance(operation.definition, RoutineDefinition):
        yield Gone("routine", relation.name, relation.schema)
    elif kind in ("rename-table", "rename-view") and operation.new_name:
        yield Gone("relation", operation.new_name, relation.schema)
    elif kind == "rename-column" and operation.new_name:
        yield Gone("column", relation.name, relation.schema, operation.new_name)
    elif kind == "add-column":
        name = operation.column or getattr(operation.definition, "name", None)
        if name:
            yield Gone("column", relation.name, relation.schema, name)


def _taken(operation: Operation) -> Gone | None:
    kind, relation = operation.kind, operation.relation
    if relation is None:
        return None
    if kind in ("drop-table", "rename-table", "drop-view", "rename-view", "move-to-schema"):
        return None if operation.object in ("index", "sequence") else Gone("relation", relation.name, relation.schema)
    if kind in ("drop-column", "rename-column") and operation.column:
        return Gone("column", relation.name, relation.schema, operation.column)
    if kind == "drop-routine" or (kind == "rename-object" and operation.object in _ROUTINES):
        return Gone("routine", relation.name, relation.schema)
    return None
