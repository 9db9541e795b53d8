"""Facts of constraints and partitions on PostgreSQL: what effects.toml asks of them."""

from collections.abc import Callable

from safecol import index_names
from safecol.context import Context
from safecol.dialects.postgresql import targets
from safecol.dialects.postgresql.index_facts import numbered
from safecol.dialects.postgresql.relation_facts import constraint_feature
from safecol.expressions import Expression, NullTest, columns, walk
from safecol.fold import Rest
from safecol.history.records import beside
from safecol.operations import ConstraintDefinition, Operation, PartitionBound
from safecol.schema import Constraint, Index, Table
from safecol.trace import Fact

Facts = dict[str, Fact]


def _add_constraint(context: Context, operation: Operation, key: str, rest: Rest, found: Facts) -> None:
    item = operation.definition
    if not isinstance(item, ConstraintDefinition):
        return
    inline = "inline" in operation.flags
    found["constraint"] = item.kind
    found["validated"] = item.validated
    found["enforced"] = item.enforced
    found["inline"] = inline
    found["using_index"] = item.index is not None
    found["has_default"] = "default-value" in operation.flags
    found["values"] = _values(key, item, rest)
    found["no_op"] = inline and any((key, column) in rest.skipped for column in item.columns)
    found["feature"] = constraint_feature(item)
    table = context.schema.tables.get(key)
    if item.name is None and item.kind in ("check", "foreign-key"):
        found["numbered"] = _number(context, key, item)
    if item.kind == "check":
        found["rejects_null"] = item.expression is not None and _rejects_null(item.expression, item.columns)
    elif item.kind == "not-null":
        found["proven"] = _all_proven(context, operation, key, item.columns, rest)
    elif item.kind == "foreign-key":
        stored = targets.stored(context, targets.members(context, operation, key))
        if not any(context.has_rows(name) for name in stored):
            found["values"] = "none"  # no row here, none to look up there
        _foreign_key(context, item, key, table, found)
    else:
        _key(context, operation, item, key, table, rest, found)
        if item.kind == "unique" and item.name is None:
            found["numbered"] = numbered(context, key, index_names.key_parts(item), "key")


def _number(context: Context, key: str, item: ConstraintDefinition) -> int:
    """The number behind the name that the server would choose for a CHECK or foreign key: 0 where it needs none."""
    names: tuple[str, ...] = item.columns
    if item.kind == "check" and item.expression is not None:
        found = columns(item.expression)
        names = tuple(found) if len(found) == 1 else ()
    table = context.schema.tables.get(key)
    label, number = "check" if item.kind == "check" else "fkey", 0
    while (
        table
        and index_names.proposed(key.rpartition(".")[2], "_".join(names), f"{label}{number or ''}") in table.constraints
    ):
        number += 1
    return number


def _values(key: str, item: ConstraintDefinition, rest: Rest) -> str:
    """What existing rows have in the columns: `null` and `same` only for columns that this statement adds."""
    kinds = {rest.fresh.get((key, column), "stored") for column in item.columns}
    return kinds.pop() if len(kinds) == 1 else "stored"


def _rejects_null(expression: Expression, names: tuple[str, ...]) -> bool:
    return (
        isinstance(expression, NullTest)
        and expression.negated
        and columns(expression) <= set(names)
        and len(list(walk(expression))) == 2
    )


def _all_proven(context: Context, operation: Operation, key: str, names: tuple[str, ...], rest: Rest) -> bool:
    from safecol.dialects.postgresql.column_facts import not_null_proven

    return all(
        not_null_proven(context, member, column, rest.dropped)
        for member in targets.stored(context, targets.members(context, operation, key))
        for column in names
    )


def _foreign_key(context: Context, item: ConstraintDefinition, key: str, table: Table | None, found: Facts) -> None:
    if item.referenced is None:
        return
    referenced = context.key(item.referenced)
    found["referenced"] = referenced
    found["indexed_references"] = next(
        (
            index.name
            for index in context.schema.indexes_of(key)
            if index.definition.predicate is None
            and {element.column for element in index.definition.elements[: len(item.columns)]} == set(item.columns)
        ),
        None,
    )
    found["partitions_have_it"] = False
    target = context.schema.tables.get(referenced)
    if target is not None and target.complete:
        wanted = set(item.referenced_columns or targets.primary_key(context, referenced))
        found["target_unique"] = bool(wanted) and _unique_on(context, referenced, wanted)
    if table is not None and table.kind == "partitioned":
        partitions = targets.stored(context, context.schema.family(key))
        found["partitions_have_it"] = bool(partitions) and all(
            any(
                other.referenced == referenced and other.definition.columns == item.columns
                for other in context.schema.tables[name].constraints.values()
            )
            for name in partitions
        )


def _unique_on(context: Context, key: str, wanted: set[str]) -> bool:
    return any(
        index.definition.unique
        and index.definition.predicate is None
        and {element.column for element in index.definition.elements} == wanted
        for index in context.schema.indexes_of(key)
    )


def _key(
    context: Context,
    operation: Operation,
    item: ConstraintDefinition,
    key: str,
    table: Table | None,
    rest: Rest,
    found: Facts,
) -> None:
    names = item.columns
    if item.index is not None:
        index = context.schema.indexes.get(beside(key, item.index))
        if index is not None:
            names = tuple(element.column for element in index.definition.elements if element.column)
            problem = _index_problem(index, table)
            found["index_refused"] = bool(problem)
            found["index_problem"] = problem
            if index.definition.nulls_not_distinct:
                found["feature"] = "nulls-not-distinct"
        elif table is not None and table.kind == "partitioned":
            found["index_refused"] = True
            found["index_problem"] = "USING INDEX is not supported on partitioned tables"
    if item.kind == "primary-key":
        found["has_primary_key"] = any(
            other.definition.kind == "primary-key" and (key, other.name) not in rest.dropped
            for other in (table.constraints.values() if table is not None else ())
        )
        if item.index is not None and not names:
            found["proven"] = None
        else:
            found["proven"] = _all_proven(context, operation, key, names, rest)
        found["unvalidated_not_null"] = table is not None and any(
            other.definition.kind == "not-null" and not other.validated and set(other.definition.columns) & set(names)
            for other in table.constraints.values()
        )
    if table is None:
        return
    found["on_virtual"] = any(name in table.columns and table.columns[name].generated == "virtual" for name in names)
    if table.partition_by is not None:
        needed = {element.column for element in table.partition_by.elements if element.column}
        found["misses_partition_key"] = not needed <= set(names)


def _index_problem(index: Index, table: Table | None) -> str:
    definition = index.definition
    if table is not None and table.kind == "partitioned":
        return "USING INDEX is not supported on partitioned tables"
    if not definition.unique:
        return f"index {index.name} is not unique"
    if definition.predicate is not None:
        return f"index {index.name} is partial"
    if any(element.expression is not None for element in definition.elements):
        return f"index {index.name} contains expressions"
    if index.valid is False:
        return f"index {index.name} is not valid"
    if any(element.descending or element.nulls or element.operator_class for element in definition.elements):
        return f"index {index.name} does not have the default sorting behaviour"
    return ""


def _named(context: Context, operation: Operation, key: str, rest: Rest, found: Facts) -> None:
    item = targets.constraint(context, operation, key)
    table = context.schema.tables.get(key)
    found["constraint_name"] = operation.value or ""
    if item is None:
        found["constraint"] = "unknown"
        known = table is not None and table.complete and context.schema.complete
        found["constraint_exists"] = False if known else None
        found["if_exists_clause"] = "if-exists" in operation.flags
        # From 18 a NOT NULL column has a constraint that the server named.
        found["named_by_server"] = context.version >= 18 and (operation.value or "").endswith("_not_null")
        # A constraint that was not seen being made is taken to need what its statement says.
        found["validated"] = False
        return
    found["constraint"] = item.definition.kind
    found["constraint_exists"] = True
    found["validated"] = item.validated
    found["takes"] = "" if table is not None and table.complete and not context.unseen else None
    if targets.is_key(item):
        wanted = item.definition.columns or targets.primary_key(context, key)
        users = [name for name, other in targets.referenced_by(context, key, wanted) if other.referenced == key]
        found["used_by_foreign_key"] = bool(users)
        found["users"] = ", ".join(users)
        if users:
            found["takes"] = found["users"]


def _alter_constraint(context: Context, operation: Operation, key: str, rest: Rest, found: Facts) -> None:
    _named(context, operation, key, rest, found)
    options = dict(operation.options)
    found["sets_enforced"] = _yes_no(options.get("enforced"))
    found["sets_inherit"] = _yes_no(options.get("inherit"))


def _yes_no(text: str | None) -> bool | None:
    return None if text is None else text == "true"


# Partitions


def _attach(context: Context, operation: Operation, key: str, rest: Rest, found: Facts) -> None:
    if operation.target is None or not isinstance(operation.definition, PartitionBound):
        return
    from safecol.dialects.postgresql import bounds

    bound = operation.definition
    child_key = context.key(operation.target)
    parent = context.schema.tables.get(key)
    child = context.schema.tables.get(child_key)
    found["default_proven"] = True
    if parent is None or parent.partition_by is None:
        found["proven"] = None
        return
    elements = parent.partition_by.elements
    if len(elements) == 1 and elements[0].column is not None:
        found["partition_key"] = elements[0].column
    found["proven"] = child is not None and bounds.implied(
        _validated_checks(child), parent.partition_by, bound, _not_null(child)
    )
    partitions = targets.stored(context, targets.default_partitions(context, key))
    found["default_proven"] = all(
        name in context.schema.tables
        and bounds.excludes(_validated_checks(context.schema.tables[name]), parent.partition_by, bound)
        for name in partitions
    )
    if child is None:
        return
    found["builds_index"] = _builds_index(context, key, child_key)
    outgoing = [item for item in parent.constraints.values() if item.referenced]
    matching = [_has_foreign_key(child, item) for item in outgoing]
    found["validates_foreign_key"] = not all(matching)
    found["child_has_foreign_key"] = bool(matching) and any(matching)
    problem = _attach_problem(context, parent, child)
    found["attach_problem"] = bool(problem)
    found["problem"] = problem


def _has_foreign_key(child: Table, wanted: Constraint) -> bool:
    return any(
        item.referenced == wanted.referenced and item.definition.columns == wanted.definition.columns
        for item in child.constraints.values()
    )


def _attach_problem(context: Context, parent: Table, child: Table) -> str:
    if child.bound is not None:
        return f"{child.name} is already a partition"
    if child.persistence == "temporary" and parent.persistence != "temporary":
        return "a temporary table can't become a partition of a permanent one"
    if not (parent.complete and child.complete):
        return ""
    extra = set(child.columns) - set(parent.columns)
    if extra:
        return f"{child.name} has columns that {parent.name} lacks: {', '.join(sorted(extra))}"
    missing = set(parent.columns) - set(child.columns)
    if missing:
        return f"{child.name} lacks columns of {parent.name}: {', '.join(sorted(missing))}"
    for name, column in parent.columns.items():
        other = child.columns[name]
        if column.type != other.type:
            return f"column {name} has another type in {child.name}"
        if column.nullable is False and other.nullable is not False:
            return f"column {name} must be NOT NULL in {child.name}"
        if other.identity:
            return f"column {name} of {child.name} is an identity column"
    checks = {item.name for item in child.constraints.values() if item.definition.kind == "check"}
    for item in parent.constraints.values():
        if item.definition.kind == "check" and item.name not in checks:
            return f"{child.name} lacks the constraint {item.name}"
    return ""


def _validated_checks(table: Table) -> list[Expression]:
    return [
        item.definition.expression
        for item in table.constraints.values()
        if item.definition.kind == "check"
        and item.validated
        and item.enforced
        and item.definition.expression is not None
    ]


def _not_null(table: Table) -> frozenset[str]:
    return frozenset(name for name, column in table.columns.items() if column.nullable is False)


def _builds_index(context: Context, parent: str, child: str) -> bool:
    """Whether an index of the parent has no counterpart on the table; a constraint needs one with a constraint."""
    taken: set[str] = set()
    for index in context.schema.indexes_of(parent):
        found = next(
            (
                other
                for other in context.schema.indexes_of(child)
                if other.name not in taken
                and other.definition.elements == index.definition.elements
                and other.definition.method == index.definition.method
                and other.definition.predicate == index.definition.predicate
                and other.definition.unique == index.definition.unique
                and (index.constraint is None or other.constraint is not None)
            ),
            None,
        )
        if found is None:
            return True
        taken.add(found.name)
    return False


def _detach(context: Context, operation: Operation, key: str, rest: Rest, found: Facts) -> None:
    found["has_default_partition"] = bool(targets.default_partitions(context, key))
    known = key in context.schema.tables and context.schema.tables[key].complete
    if operation.kind == "finalize-detach" and known:
        found["pending_detach"] = False


BUILD: dict[str, Callable[[Context, Operation, str, Rest, Facts], None]] = {
    "add-constraint": _add_constraint,
    "drop-constraint": _named,
    "validate-constraint": _named,
    "rename-constraint": _named,
    "alter-constraint": _alter_constraint,
    "attach-partition": _attach,
    "detach-partition": _detach,
    "finalize-detach": _detach,
}
