"""The schema so far: what earlier operations are known to have made. Every change can be undone.

Absent is not "does not exist": `complete` says whether everything before was seen.
Keys are names as shown in reports: without the default schema, `schema.name` otherwise.
"""

from typing import Any

from safecol.expressions import Expression, TypeName
from safecol.operations import (
    ConstraintDefinition,
    IndexDefinition,
    PartitionBound,
    PartitionKey,
    QueryUse,
    RoutineDefinition,
    TypeDefinition,
)
from safecol.records import NamedTuple


class Column(NamedTuple):
    """`type` and `nullable` are None when not known."""

    name: str
    type: TypeName | None = None
    nullable: bool | None = None
    default: Expression | None = None
    identity: str | None = None
    generated: str | None = None
    expression: Expression | None = None
    collation: str | None = None
    serial: bool = False
    charset: str | None = None
    comment: str | None = None
    on_update: Expression | None = None
    invisible: bool = False


class Constraint(NamedTuple):
    """`definition` is as written; `referenced` the key of a foreign key's table; `validated` as it stands now."""

    name: str
    definition: ConstraintDefinition
    referenced: str | None = None
    validated: bool = True
    enforced: bool = True


class Index(NamedTuple):
    """`valid` is None when unknown (a concurrent build may have failed); `constraint` names the one that it backs."""

    name: str
    table: str
    definition: IndexDefinition
    valid: bool | None = True
    constraint: str | None = None
    parent: str | None = None


class Table(NamedTuple):
    """A table, view or materialized view (`kind`: `table`, `partitioned`, `view`, `materialized-view`, `foreign`).

    `complete` is True when all columns and constraints are known. `file` numbers the file that created it, counting
    over the run; 0 is "before everything". `populated` is None when unknown. `emptied` numbers the file that truncated
    it, -1 where none did or rows were added since. `parents` are partition or inheritance parents. `query` is what a
    view reads. `options` are those of the table that matter to what changes of it cost: `engine`, `row-format`, …
    """

    name: str
    kind: str = "table"
    columns: dict[str, Column] = {}  # noqa: RUF012 - records are replaced, never changed in place
    constraints: dict[str, Constraint] = {}  # noqa: RUF012
    complete: bool = False
    file: int = 0
    populated: bool | None = None
    emptied: int = -1
    persistence: str = "permanent"
    parents: tuple[str, ...] = ()
    partition_by: PartitionKey | None = None
    bound: PartitionBound | None = None
    query: QueryUse | None = None
    owner: str | None = None
    options: tuple[tuple[str, str], ...] = ()


class Dependent(NamedTuple):
    """Something that uses columns of a relation.

    `kind` is view, materialized-view, policy, trigger, event, rule, publication, routine or statistics; `columns` is
    None when it uses the relation as a whole or is not known.
    """

    kind: str
    name: str
    columns: frozenset[str] | None


class UserType(NamedTuple):
    """An enum, domain or composite; `file` and `transaction` say where it was made (0: before)."""

    name: str
    definition: TypeDefinition
    file: int = 0
    constraints: tuple[Constraint, ...] = ()
    new_labels: tuple[str, ...] = ()


class Routine(NamedTuple):
    name: str
    definition: RoutineDefinition
    file: int = 0


class Sequence(NamedTuple):
    name: str
    owned_by: tuple[str, str] | None = None
    file: int = 0


class Schema:
    """Stores of records by key, with an undo log.

    `complete` is True when everything that exists is known, so that an absent name does not exist. `dependents` are
    the users of a relation by its key; `used_by` the keys that a user (by its name) uses. A dialect whose tables are
    changed by building them anew keeps `texts`, the pieces of SQL that made an object, and what was `dropped`.
    """

    __slots__ = (
        "child_names",
        "complete",
        "default_schema",
        "dependents",
        "dropped",
        "index_names",
        "indexes",
        "log",
        "referrers",
        "routines",
        "schemas",
        "sequences",
        "tables",
        "texts",
        "types",
        "used_by",
    )

    def __init__(self, default_schema: str = "public") -> None:
        self.default_schema = default_schema
        self.tables: dict[str, Table] = {}
        self.child_names: dict[str, tuple[str, ...]] = {}
        self.index_names: dict[str, tuple[str, ...]] = {}
        self.referrers: dict[str, tuple[str, ...]] = {}
        self.indexes: dict[str, Index] = {}
        self.sequences: dict[str, Sequence] = {}
        self.types: dict[str, UserType] = {}
        self.routines: dict[str, tuple[Routine, ...]] = {}
        self.dependents: dict[str, tuple[Dependent, ...]] = {}
        self.used_by: dict[str, tuple[str, ...]] = {}
        self.schemas: dict[str, int] = {}
        self.texts: dict[str, tuple[tuple[str, str], ...]] = {}
        self.dropped: dict[str, Table] = {}
        self.log: list[tuple[dict[str, Any], str, Any]] = []
        self.complete = False

    def put(self, store: dict[str, Any], key: str, record: Any) -> None:
        """Set a record, or remove it when `record` is None; the old one goes to the undo log."""
        self.log.append((store, key, store.get(key)))
        if record is None:
            store.pop(key, None)
        else:
            store[key] = record

    def put_table(self, key: str, table: Table | None) -> None:
        """Set or remove a table, and keep who is below it and who references it."""
        old = self.tables.get(key)
        self.put(self.tables, key, table)
        self._relink(self.child_names, key, old.parents if old else (), table.parents if table else ())
        self._relink(self.referrers, key, _references(old), _references(table))

    def put_index(self, key: str, index: Index | None) -> None:
        """Set or remove an index."""
        old = self.indexes.get(key)
        self.put(self.indexes, key, index)
        self._relink(self.index_names, key, (old.table,) if old else (), (index.table,) if index else ())

    def _relink(
        self, store: dict[str, tuple[str, ...]], key: str, before: tuple[str, ...], after: tuple[str, ...]
    ) -> None:
        for gone in before:
            if gone not in after:
                self.put(store, gone, tuple(name for name in store.get(gone, ()) if name != key) or None)
        for new in after:
            if new not in before:
                self.put(store, new, (*store.get(new, ()), key))

    def mark(self) -> int:
        """A point to undo to."""
        return len(self.log)

    def undo(self, mark: int) -> None:
        """Take back every change since `mark`."""
        while len(self.log) > mark:
            store, key, record = self.log.pop()
            if record is None:
                store.pop(key, None)
            else:
                store[key] = record

    def children(self, table: str) -> tuple[str, ...]:
        """The direct partitions or inheritance children of a table."""
        return self.child_names.get(table, ())

    def family(self, table: str) -> list[str]:
        """The table and all below it, each once, parents first."""
        found = [table]
        for name in found:
            found.extend(child for child in self.children(name) if child not in found)
        return found

    def indexes_of(self, table: str) -> list[Index]:
        """The known indexes of a table."""
        return [self.indexes[name] for name in self.index_names.get(table, ())]

    def referencing(self, table: str) -> list[tuple[str, Constraint]]:
        """Foreign keys that point at a table: (referencing table, constraint)."""
        return [
            (name, constraint)
            for name in self.referrers.get(table, ())
            for constraint in self.tables[name].constraints.values()
            if constraint.referenced == table
        ]

    def _qualified(self, used: TypeName) -> str:
        return f"{used.schema}.{used.name}" if used.schema and used.schema != self.default_schema else used.name

    def uses_type(self, name: str) -> list[tuple[str, Column]]:
        """Columns of a user type: (table, column)."""
        return [
            (table.name, column)
            for table in self.tables.values()
            for column in table.columns.values()
            if column.type is not None and self._qualified(column.type) == name
        ]


def _references(table: Table | None) -> tuple[str, ...]:
    if table is None:
        return ()
    return tuple({constraint.referenced: None for constraint in table.constraints.values() if constraint.referenced})
