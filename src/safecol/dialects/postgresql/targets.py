"""Which relations a word of effects.toml means for an operation: context and operation in, names out.

`storage` words leave out what has no rows of its own (partitioned parents, views).
"""

from collections.abc import Callable, Iterable

from safecol.context import Context
from safecol.history.records import beside, has_partitions, index_columns
from safecol.operations import ConstraintDefinition, Operation, TableDefinition
from safecol.schema import Constraint, Dependent, Index

Target = Callable[[Context, Operation, str], Iterable[str]]


def resolve(word: str, context: Context, operation: Operation, key: str) -> list[str]:
    """The relations that a target word names; unknown words are a mistake in the table."""
    return list(dict.fromkeys(_TARGETS[word](context, operation, key)))


def members(context: Context, operation: Operation, key: str) -> list[str]:
    """The table and what is below it, or the table alone with ONLY."""
    return [key] if "only" in operation.flags else context.schema.family(key)


def stored(context: Context, names: Iterable[str]) -> list[str]:
    """Those that hold rows themselves."""
    tables = context.schema.tables
    return [name for name in names if name not in tables or tables[name].kind not in ("partitioned", "view")]


def default_partitions(context: Context, key: str) -> list[str]:
    """The DEFAULT partition of a table with everything below it."""
    found: list[str] = []
    for child in context.schema.children(key):
        bound = context.schema.tables[child].bound
        if bound is not None and bound.kind == "default":
            found.extend(context.schema.family(child))
    return found


def constraint(context: Context, operation: Operation, key: str) -> Constraint | None:
    """The constraint that DROP, VALIDATE or ALTER CONSTRAINT names, when known."""
    table = context.schema.tables.get(key)
    return table.constraints.get(operation.value or "") if table is not None else None


def is_key(item: Constraint) -> bool:
    """Whether a constraint is a key that foreign keys can point at."""
    return item.definition.kind in ("unique", "primary-key")


def referenced_by(context: Context, key: str, columns: Iterable[str]) -> list[tuple[str, Constraint]]:
    """Foreign keys that point at these columns of a table."""
    wanted = set(columns)
    found = []
    for name, item in context.schema.referencing(key):
        targets = set(item.definition.referenced_columns) or set(primary_key(context, key))
        if targets & wanted:
            found.append((name, item))
    return found


def primary_key(context: Context, key: str) -> tuple[str, ...]:
    """The columns of the primary key, when known."""
    table = context.schema.tables.get(key)
    for item in table.constraints.values() if table else ():
        if item.definition.kind == "primary-key":
            if item.definition.columns:
                return item.definition.columns
            for index in context.schema.indexes_of(key):
                if index.constraint == item.name:
                    return tuple(element.column for element in index.definition.elements if element.column)
    return ()


def column_users(context: Context, key: str, column: str) -> list[Dependent]:
    """Views, rules, policies, … that use a column."""
    return [
        item for item in context.schema.dependents.get(key, ()) if item.columns is not None and column in item.columns
    ]


def _column_foreign_keys(context: Context, operation: Operation, key: str) -> list[Constraint]:
    table = context.schema.tables.get(key)
    return [
        item
        for item in (table.constraints.values() if table else ())
        if item.referenced and operation.column in item.definition.columns
    ]


def _column_indexes(context: Context, operation: Operation, key: str) -> list[Index]:
    return [
        index
        for member in members(context, operation, key)
        for index in context.schema.indexes_of(member)
        if any(element.column == operation.column for element in index.definition.elements)
    ]


def expression_indexes(context: Context, operation: Operation, key: str) -> list[Index]:
    """Indexes that mention the column in an expression or a predicate: they are built anew by any type change."""
    found = []
    for member in members(context, operation, key):
        for index in context.schema.indexes_of(member):
            mentioned = index_columns(index.definition._replace(including=(), elements=tuple(
                element for element in index.definition.elements if element.column is None
            )))  # fmt: skip
            if operation.column in mentioned:
                found.append(index)
    return found


def _indexed_storage(context: Context, operation: Operation, key: str) -> list[str]:
    return [index.table for index in _column_indexes(context, operation, key)]


def _referenced(context: Context, operation: Operation, key: str) -> list[str]:
    definition = operation.definition
    if isinstance(definition, ConstraintDefinition) and definition.referenced is not None:
        return context.schema.family(context.key(definition.referenced))
    return []


def _constraint_referenced(context: Context, operation: Operation, key: str) -> list[str]:
    item = constraint(context, operation, key)
    return context.schema.family(item.referenced) if item is not None and item.referenced else []


def _constraint_referencing(context: Context, operation: Operation, key: str) -> list[str]:
    item = constraint(context, operation, key)
    if item is None or not is_key(item):
        return []
    columns = item.definition.columns or primary_key(context, key)
    return [name for name, _ in referenced_by(context, key, columns)]


def _outgoing(context: Context, names: Iterable[str]) -> list[str]:
    """The tables that these reference by foreign keys of their own (a partition's copy of its parent's is not)."""
    found: list[str] = []
    tables = context.schema.tables
    for name in names:
        table = tables.get(name)
        if table is None:
            continue
        copied = {other for parent in table.parents if parent in tables for other in tables[parent].constraints}
        found.extend(
            item.referenced for item in table.constraints.values() if item.referenced and item.name not in copied
        )
    return [name for name in found if name not in names]


def _closure(context: Context, key: str) -> list[str]:
    found = [key]
    for name in found:
        found.extend(other for other, _ in context.schema.referencing(name) if other not in found)
    return found


def views(context: Context, key: str) -> list[str]:
    """Views over a relation, and views over those."""
    found = [key]
    for name in found:
        for item in context.schema.dependents.get(name, ()):
            if item.kind in ("view", "materialized-view") and item.name not in found:
                found.append(item.name)
    return found[1:]


def _target(context: Context, operation: Operation, key: str) -> list[str]:
    return [context.key(operation.target)] if operation.target is not None else []


def _target_family(context: Context, operation: Operation, key: str) -> list[str]:
    return [member for name in _target(context, operation, key) for member in context.schema.family(name)]


def _parent_referenced(context: Context, operation: Operation, key: str) -> list[str]:
    return [member for name in _outgoing(context, [key]) for member in context.schema.family(name)]


def _index_table(context: Context, operation: Operation, key: str) -> list[str]:
    index = context.schema.indexes.get(key)
    return [index.table] if index is not None else []


def _index_family(context: Context, operation: Operation, key: str) -> list[str]:
    return [member for name in _index_table(context, operation, key) for member in context.schema.family(name)]


def _index_members(context: Context, operation: Operation, key: str) -> list[str]:
    below = [index.name for index in context.schema.indexes.values() if index.parent == key] if key else []
    return [key, *below]


def _definition(operation: Operation) -> TableDefinition:
    return operation.definition if isinstance(operation.definition, TableDefinition) else TableDefinition()


def _new_references(context: Context, operation: Operation, key: str) -> list[str]:
    keys = [
        context.key(item.referenced)
        for item in _definition(operation).constraints
        if item.referenced is not None and context.key(item.referenced) != key
    ]
    return [member for name in keys for member in context.schema.family(name)]


def _type_users(context: Context, operation: Operation, key: str) -> list[str]:
    return [table for table, _ in context.schema.uses_type(key)]


def _view_reads(context: Context, operation: Operation, key: str) -> list[str]:
    view = context.schema.tables.get(key)
    return [context.key(name) for name in view.query.relations] if view is not None and view.query else []


def _lock_family(context: Context, operation: Operation, key: str) -> list[str]:
    table = context.schema.tables.get(key)
    if table is not None and table.kind == "view" and table.query is not None:
        return [key, *_view_reads(context, operation, key)]
    return members(context, operation, key)


def _schema_tables(context: Context, operation: Operation, key: str) -> list[str]:
    return [name for name in context.schema.tables if name.startswith(f"{key}.")]


def _nullable_storage(context: Context, operation: Operation, key: str) -> list[str]:
    definition = operation.definition
    column = definition.columns[0] if isinstance(definition, ConstraintDefinition) else operation.column
    found = []
    for name in stored(context, members(context, operation, key)):
        known = context.column(name, column) if column else None
        if known is None or known.nullable is not False:
            found.append(name)
    return found


def _family_if_partitioned(context: Context, operation: Operation, key: str) -> list[str]:
    return context.schema.family(key) if has_partitions(context, key) else [key]


def _create_index_storage(context: Context, operation: Operation, key: str) -> list[str]:
    if operation.kind == "create-index":
        return stored(context, _family_if_partitioned(context, operation, key))
    if operation.kind == "add-constraint":
        definition = operation.definition
        kind = definition.kind if isinstance(definition, ConstraintDefinition) else ""
        if kind in ("unique", "primary-key", "exclusion"):
            return stored(context, _family_if_partitioned(context, operation, key))
    return stored(context, members(context, operation, key))


def _owner_table(context: Context, operation: Operation, key: str) -> list[str]:
    owned = dict(operation.options).get("owned_by", "")
    return [owned.rpartition(".")[0]] if "." in owned else []


def _statistics_table(context: Context, operation: Operation, key: str) -> list[str]:
    wanted = f"statistics {key}"
    return [name for name, items in context.schema.dependents.items() if any(item.name == wanted for item in items)]


def _owned_tables(context: Context, operation: Operation, key: str) -> list[str]:
    roles = {value for name, value in operation.options if name == "role"}
    return [name for name, table in context.schema.tables.items() if table.owner in roles]


def _checked_referencing(context: Context, operation: Operation, key: str) -> list[str]:
    """Tables whose foreign keys are checked by the statement itself, not at the end of the transaction."""
    return [name for name, item in context.schema.referencing(key) if not item.definition.initially_deferred]


def _unindexed_referencing(context: Context, operation: Operation, key: str) -> list[str]:
    """Tables that reference this one by columns that no index begins with: each check reads them whole."""
    found = []
    for name, item in context.schema.referencing(key):
        columns = set(item.definition.columns)
        first = (
            frozenset(element.column for element in index.definition.elements[: len(columns)])
            for index in context.schema.indexes_of(name)
            if index.definition.predicate is None
        )
        if item.definition.initially_deferred:
            continue
        if name != key and columns and frozenset(columns) not in set(first):
            found.append(name)
    return found


def _published(context: Context, operation: Operation, key: str) -> list[str]:
    return [context.key(name) for name in operation.reads]


_TARGETS: dict[str, Target] = {
    "table": lambda _c, _o, key: [key],
    "index": _index_members,
    "sequence": lambda _c, _o, key: [key],
    "family": members,
    "storage": _create_index_storage,
    "nullable_storage": _nullable_storage,
    "family_if_partitioned": _family_if_partitioned,
    "descendants": lambda c, o, key: members(c, o, key)[1:] if _family_if_partitioned(c, o, key) != [key] else [],
    "lock_family": _lock_family,
    "all_tables": lambda c, _o, _key: list(c.schema.tables),
    "column_referenced": lambda c, o, key: [
        member
        for item in _column_foreign_keys(c, o, key)
        if item.referenced
        for member in c.schema.family(item.referenced)
    ],
    "column_referencing": lambda c, o, key: [name for name, _ in referenced_by(c, key, [o.column or ""])],
    "column_views": lambda c, o, key: [
        item.name for item in column_users(c, key, o.column or "") if item.kind in ("view", "materialized-view")
    ],
    "column_indexes": lambda c, o, key: [index.name for index in _column_indexes(c, o, key)],
    "column_expression_indexes": lambda c, o, key: [index.name for index in expression_indexes(c, o, key)],
    "indexed_storage": _indexed_storage,
    "referenced": _referenced,
    "referenced_storage": lambda c, o, key: stored(c, _referenced(c, o, key)),
    "constraint_referenced": _constraint_referenced,
    "constraint_referenced_root": lambda c, o, key: _constraint_referenced(c, o, key)[:1],
    "constraint_referenced_partitions": lambda c, o, key: _constraint_referenced(c, o, key)[1:],
    "constraint_referenced_storage": lambda c, o, key: stored(c, _constraint_referenced(c, o, key)),
    "constraint_referencing": _constraint_referencing,
    "outgoing_referenced": lambda c, o, key: _outgoing(c, _family_if_partitioned(c, o, key)),
    "partition_parent": lambda c, _o, key: (
        list(c.schema.tables[key].parents) if key in c.schema.tables and c.schema.tables[key].bound else []
    ),
    "referencing": lambda c, _o, key: [name for name, _ in c.schema.referencing(key)],
    "referencing_closure": lambda c, _o, key: _closure(c, key),
    "views": lambda c, _o, key: views(c, key),
    "target": _target,
    "target_family": _target_family,
    "target_storage": lambda c, o, key: stored(c, _target_family(c, o, key)),
    "default_partition": lambda c, o, key: default_partitions(c, _partitioned_parent(c, o, key)),
    "default_partition_storage": lambda c, o, key: stored(c, default_partitions(c, _partitioned_parent(c, o, key))),
    "parent_referenced": _parent_referenced,
    "parent_referenced_storage": lambda c, o, key: stored(c, _parent_referenced(c, o, key)),
    "parent_referencing": lambda c, _o, key: [name for name, _ in c.schema.referencing(key)],
    "index_table": _index_table,
    "index_family": _index_family,
    "index_descendants": lambda c, o, key: _index_family(c, o, key)[1:],
    "index_storage": lambda c, o, key: stored(c, _index_family(c, o, key)),
    "table_indexes": lambda c, _o, key: [index.name for index in c.schema.indexes_of(key)],
    "family_indexes": lambda c, o, key: [i.name for name in members(c, o, key) for i in c.schema.indexes_of(name)],
    "indexed_table": lambda c, _o, key: [key] if c.schema.indexes_of(key) or key not in c.schema.tables else [],
    "using_index": lambda _c, o, key: _using_index(o, key),
    "target_index": _target,
    "target_index_table": lambda c, o, _key: [
        c.schema.indexes[name].table for name in _target(c, o, "") if name in c.schema.indexes
    ],
    "new_references": _new_references,
    "like": lambda c, o, _key: [c.key(name) for name in _definition(o).like],
    "inherits": lambda c, o, _key: [c.key(name) for name in _definition(o).inherits],
    "partition_of": lambda c, o, key: [_partitioned_parent(c, o, key)] if _definition(o).partition_of else [],
    "reads": lambda c, o, key: [name for name in (c.key(read) for read in o.reads) if name != key],
    "replaced": lambda c, _o, key: [key] if key in c.schema.tables else [],
    "view_reads": _view_reads,
    "type_users": _type_users,
    "type_users_if_used": _type_users,
    "type_relation": lambda _c, _o, key: [key],
    "owner_table": _owner_table,
    "schema_tables": _schema_tables,
    "schema_referenced": lambda c, o, key: _outgoing(c, _schema_tables(c, o, key)),
    "published": _published,
    "owned_tables": _owned_tables,
    "checked_referencing": _checked_referencing,
    "unindexed_referencing": _unindexed_referencing,
    "all_descendants": lambda c, _o, key: c.schema.family(key)[1:],
    "statistics_table": _statistics_table,
}  # fmt: skip


def _partitioned_parent(context: Context, operation: Operation, key: str) -> str:
    partition_of = _definition(operation).partition_of
    if partition_of is not None:
        return context.key(partition_of)
    return key if operation.kind in ("attach-partition", "detach-partition") else ""


def _using_index(operation: Operation, key: str) -> list[str]:
    definition = operation.definition
    name = definition.index if isinstance(definition, ConstraintDefinition) else None
    return [beside(key, name)] if name else []
