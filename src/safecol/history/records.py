"""Records of the schema as the modules beside this one look them up and change them."""

from collections.abc import Mapping

from safecol.context import Context
from safecol.expressions import columns
from safecol.operations import IndexDefinition
from safecol.schema import Constraint, Sequence, Table


def known(context: Context, key: str) -> Table:
    """The table, or a partial record for one that was never seen created."""
    return context.schema.tables.get(key) or Table(name=key)


def beside(key: str, name: str) -> str:
    """The key of an object of this name in the schema of another: `app.i` for an index `i` of `app.t`."""
    schema, dot, _ = key.rpartition(".")
    return f"{schema}{dot}{name}"


def set_nullable(context: Context, key: str, column: str, nullable: bool) -> None:
    """Note whether a known column may hold NULL from now on."""
    known = context.column(key, column)
    if known is not None:
        table = context.schema.tables[key]
        columns = {**table.columns, column: known._replace(nullable=nullable)}
        context.schema.put_table(key, table._replace(columns=columns))


def constraint_columns(constraint: Constraint) -> set[str]:
    """Every column of its table that a constraint mentions."""
    found = {*constraint.definition.columns, *constraint.definition.including}
    if constraint.definition.expression is not None:
        found |= columns(constraint.definition.expression)
    return found


def set_constraints(context: Context, key: str, changes: Mapping[str, Constraint | None]) -> None:
    """Set constraints of a table by name; None removes one."""
    if not changes:
        return
    table = known(context, key)
    constraints = dict(table.constraints)
    for name, constraint in changes.items():
        if constraint is None:
            constraints.pop(name, None)
        else:
            constraints[name] = constraint
    context.schema.put_table(key, table._replace(constraints=constraints))


def index_columns(definition: IndexDefinition) -> set[str]:
    """Every column that an index mentions: keys, expressions, INCLUDE, predicate."""
    found = {element.column for element in definition.elements if element.column} | set(definition.including)
    for element in definition.elements:
        if element.expression is not None:
            found |= columns(element.expression)
    if definition.predicate is not None:
        found |= columns(definition.predicate)
    return found


def sequence_name(key: str, column: str) -> str:
    """The name that the server gives the sequence of a serial column."""
    return f"{key}_{column}_seq"


def add_sequence(context: Context, name: str, owner: tuple[str, str] | None) -> None:
    """Record a sequence and the column that owns it."""
    context.schema.put(context.schema.sequences, name, Sequence(name, owner, context.file))


def has_partitions(context: Context, key: str) -> bool:
    """Whether a relation is known to be a partitioned table."""
    table = context.schema.tables.get(key)
    return table is not None and table.kind == "partitioned"
