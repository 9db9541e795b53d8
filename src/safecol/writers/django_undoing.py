"""What a migration does to columns and constraints comes in; the SQL that takes a stage of it back goes out."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from safecol.operations import ConstraintDefinition, Operation
from safecol.records import NamedTuple
from safecol.trace import Trace
from safecol.writers import operations
from safecol.writers.parts import Sent


class Was(NamedTuple):
    """A column before the migration; None where it isn't known. `renamed` is the name that it gets, empty for none."""

    type: str | None
    nullable: bool | None
    renamed: str = ""


class Before(NamedTuple):
    """What a way back needs: columns by table and name, and the clauses that add foreign keys, by their names."""

    columns: Mapping[tuple[str, str], Was] = {}
    keys: Mapping[str, str] = {}

    def undone(self, operation: Operation, dialect: str) -> Iterator[str]:
        """The statements that take an operation back; none where it leaves nothing behind, or can't be taken back."""
        relation = operation.relation
        was = self.columns.get((relation.name if relation is not None else "", operation.column or ""))
        if operation.kind == "drop-column" and dialect == "postgresql" and was is not None and was.type:
            table = operations.qualified(relation, dialect)
            column = operations.quoted(operation.column or "", dialect)
            yield f"ALTER TABLE {table} ADD COLUMN {column} {was.type}"
            if was.renamed:  # what has been written meanwhile is in the other one alone
                yield f"UPDATE {table} SET {column} = {operations.quoted(was.renamed, dialect)}"  # noqa: S608
        elif operation.kind == "drop-constraint" and dialect == "postgresql" and (operation.value or "") in self.keys:
            yield f"{self.keys[operation.value or '']} NOT VALID"
        elif sql := operations.undoing(operation, dialect):
            yield sql


def before(traces: Sequence[Trace], sent: Iterable[Sequence[Sent]]) -> Before:
    """What is known of the columns that a migration drops or renames, and of the foreign keys that it adds again."""
    columns: dict[tuple[str, str], Was] = {}
    for step in (step for trace in traces for step in trace.steps):
        operation = step.operation
        if operation.kind in ("drop-column", "rename-column") and operation.relation and operation.column:
            kind, nullable = step.facts.get("column_type"), step.facts.get("nullable")
            columns[operation.relation.name, operation.column] = Was(
                kind if isinstance(kind, str) else None,
                nullable if isinstance(nullable, bool) else None,
                operation.new_name or "",
            )
    keys = {
        operation.definition.name: one.sql.strip().rstrip(";")
        for each in sent
        for one in each
        for operation in one.statement.operations
        if len(one.statement.operations) == 1
        and isinstance(operation.definition, ConstraintDefinition)
        and operation.kind == "add-constraint"
        and operation.definition.kind == "foreign-key"
        and operation.definition.name
    }
    return Before(columns, keys)
