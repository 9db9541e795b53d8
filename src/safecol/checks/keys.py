"""Keys of new tables: a trace comes in; tables without a primary key, or with one that will run out, go out."""

from collections.abc import Iterator

from safecol.expressions import Call, TypeName
from safecol.operations import ColumnDefinition, ConstraintDefinition, Name, Operation, TableDefinition
from safecol.trace import Hit, Step, Trace

_LARGEST = {
    "int": "2,147,483,647", "int unsigned": "4,294,967,295", "mediumint": "8,388,607",
    "mediumint unsigned": "16,777,215", "smallint": "32,767", "smallint unsigned": "65,535", "tinyint": "127",
    "tinyint unsigned": "255",
}  # fmt: skip


def missing(trace: Trace) -> Iterator[Hit]:
    """CREATE TABLE of a permanent table that gets no primary key in the section.

    Partitions have their parent's, copies (LIKE) may have one.
    """
    for at, step in enumerate(trace.steps):
        operation, definition = step.operation, step.operation.definition
        if operation.kind != "create-table" or not isinstance(definition, TableDefinition):
            continue
        if definition.persistence != "permanent" or definition.partition_of or definition.like or definition.inherits:
            continue
        if step.facts.get("no_op") is True or operation.object != "table" or not operation.relation:
            continue
        if _key(definition) is None and not _settled(operation.relation, trace.steps[at + 1 :]):
            yield Hit(step, operation.span, {"table": step.table or "the table"})


def _settled(table: Name, later: tuple[Step, ...]) -> bool:
    """Whether the table gets a key, or doesn't stay what it is."""
    names = {table}
    for step in later:
        operation = step.operation
        if operation.target in names and operation.kind == "attach-partition":
            return True
        if operation.relation not in names:
            continue
        if operation.kind == "rename-table" and operation.new_name:
            names.add(Name(operation.new_name, table.schema))
        if operation.kind in {"drop-table", "set-replica-identity"} or _adds_key(operation):
            return True
    return False


def _adds_key(operation: Operation) -> bool:
    definition = operation.definition
    return isinstance(definition, ConstraintDefinition) and definition.kind == "primary-key"


def _key(definition: TableDefinition) -> ConstraintDefinition | None:
    return next((item for item in definition.constraints if item.kind == "primary-key"), None)


def exhaustible(trace: Trace) -> Iterator[Hit]:
    """CREATE TABLE whose primary key is one integer of at most 32 bits that counts up by itself."""
    for step in trace.steps:
        definition = step.operation.definition
        if step.operation.kind != "create-table" or not isinstance(definition, TableDefinition):
            continue
        key = _key(definition)
        if key is None or len(key.columns) != 1 or step.facts.get("temporary") is True:
            continue
        column = next((one for one in definition.columns if one.name == key.columns[0]), None)
        largest = largest_of(column.type) if column is not None and _counts(column) else None
        if column is not None and largest is not None:
            yield Hit(
                step, column.span, {"column": column.name, "largest": largest, "table": step.table or "the table"}
            )


def largest_of(written: TypeName) -> str | None:
    """The largest number of an integer type of at most 32 bits; None for any other type."""
    from safecol.dialects.mysql.types import shape  # the names of PostgreSQL's integers are synonyms on MySQL

    one = shape(written)
    return None if written.array else _LARGEST.get(f"{one.family} unsigned" if one.unsigned else one.family)


def _counts(column: ColumnDefinition) -> bool:
    default = column.default
    return column.serial or column.identity is not None or (isinstance(default, Call) and default.name == "nextval")
