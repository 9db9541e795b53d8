"""Indexes, keys and constraints as MySQL and MariaDB keep them: an operation and the context go in, the schema changes.

Names of indexes belong to their table here, and keys make indexes of their own.
"""

from safecol.context import Context
from safecol.history.records import known, set_constraints
from safecol.operations import ConstraintDefinition, IndexDefinition, IndexElement, Operation
from safecol.schema import Constraint, Index


def index_key(table: str, name: str) -> str:
    """The key of an index, whose name belongs to its table."""
    return f"{table}.{name.lower()}"


def set_option(context: Context, key: str, name: str, value: str | None) -> None:
    """Note an option of a table; None takes it away."""
    table = known(context, key)
    kept = tuple((other, text) for other, text in table.options if other != name)
    context.schema.put_table(key, table._replace(options=kept if value is None else (*kept, (name, value))))


def put_index(context: Context, key: str, definition: IndexDefinition, constraint: str | None = None) -> None:
    name = definition.name or _free_name(context, key, definition)
    at = index_key(key, name)
    if at in context.schema.indexes:
        return
    for other in context.schema.indexes_of(key):
        if _GENERATED in other.definition.options and _begins(definition, other.definition):
            context.schema.put_index(other.name, None)
    context.schema.put_index(at, Index(at, key, definition._replace(name=name), constraint=constraint))
    if definition.method == "fulltext" and "fts_doc_id" not in {name.lower() for name in known(context, key).columns}:
        # The hidden column stays when the index goes.
        set_option(context, key, "hidden-document-id", "1")


def _free_name(context: Context, key: str, definition: IndexDefinition) -> str:
    first = definition.elements[0].column if definition.elements else None
    base = first or "functional_index"
    name, number = base, 2
    while index_key(key, name) in context.schema.indexes:
        name, number = f"{base}_{number}", number + 1
    return name


# An index that a foreign key has made. The server drops it without a word where another comes that serves as well:
# https://dev.mysql.com/doc/refman/8.4/en/create-table-foreign-keys.html, measured on MariaDB 10.11.
_GENERATED = ("generated", "true")


def _begins(wide: IndexDefinition, narrow: IndexDefinition) -> bool:
    """Whether an index serves a foreign key that another was made for."""
    columns = [element.column for element in narrow.elements]
    ordered = wide.method not in ("fulltext", "spatial")
    return ordered and [element.column for element in wide.elements[: len(columns)]] == columns


def create_index(context: Context, operation: Operation, key: str) -> None:
    definition = operation.definition
    if isinstance(definition, IndexDefinition):
        if "or-replace" in operation.flags and definition.name:
            context.schema.put_index(index_key(key, definition.name), None)
        put_index(context, key, definition)


def drop_index(context: Context, operation: Operation, key: str) -> None:
    at = index_key(key, operation.value or "")
    index = context.schema.indexes.get(at)
    if index is None:
        return
    context.schema.put_index(at, None)
    if index.constraint is not None:
        set_constraints(context, key, {index.constraint: None})


def rename_index(context: Context, operation: Operation, key: str) -> None:
    at = index_key(key, operation.value or "")
    index = context.schema.indexes.get(at)
    if index is None or operation.new_name is None:
        return
    new = index_key(key, operation.new_name)
    context.schema.put_index(at, None)
    kept = tuple(pair for pair in index.definition.options if pair != _GENERATED)
    named = index.definition._replace(name=operation.new_name, options=kept)
    constraint = known(context, key).constraints.get(index.constraint or "")
    if constraint is None:
        context.schema.put_index(new, index._replace(name=new, definition=named))
        return
    # The key is the constraint: DROP CONSTRAINT finds it by the new name.
    context.schema.put_index(new, index._replace(name=new, definition=named, constraint=operation.new_name))
    renamed = constraint._replace(name=operation.new_name)
    set_constraints(context, key, {constraint.name: None, renamed.name: renamed})


def constraint_name(context: Context, key: str, definition: ConstraintDefinition) -> str:
    if definition.kind == "primary-key":
        return "PRIMARY"
    if definition.name:
        return definition.name
    if definition.kind == "unique":
        return _free_name(context, key, IndexDefinition(None, _elements(definition)))
    base = key.rpartition(".")[2]
    word = "ibfk" if definition.kind == "foreign-key" else "chk"
    number = 1
    while f"{base}_{word}_{number}" in known(context, key).constraints:
        number += 1
    return f"{base}_{word}_{number}"


def _elements(definition: ConstraintDefinition) -> tuple[IndexElement, ...]:
    return definition.elements or tuple(IndexElement(column) for column in definition.columns)


def add_constraint(context: Context, key: str, definition: ConstraintDefinition) -> None:
    if definition.kind == "foreign-key" and is_ignored(context, definition, inline="inline" in definition.options):
        return
    name = constraint_name(context, key, definition)
    referenced = context.key(definition.referenced) if definition.referenced else None
    set_constraints(context, key, {name: Constraint(name, definition, referenced, enforced=definition.enforced)})
    if definition.kind == "primary-key":
        _set_not_null(context, key, definition.columns)
    if definition.kind in ("unique", "primary-key"):
        made = IndexDefinition(name, _elements(definition), unique=True)
        put_index(context, key, made, name)
    elif definition.kind == "foreign-key" and not serves(context, key, definition.columns):
        put_index(context, key, IndexDefinition(name, _elements(definition), options=(_GENERATED,)))


def is_ignored(context: Context, definition: ConstraintDefinition, *, inline: bool) -> bool:
    """Whether the server reads REFERENCES of a column and forgets it: MySQL before 9, MariaDB before 10.5."""
    if definition.kind != "foreign-key" or not inline:
        return False
    return context.version < (90_000 if context.dialect == "mysql" else 100_500)


def serves(context: Context, key: str, columns: tuple[str, ...]) -> bool:
    """Whether an index of a table begins with these columns: a foreign key then needs none of its own."""
    return any(
        tuple(element.column for element in index.definition.elements[: len(columns)]) == columns
        and index.definition.method not in ("fulltext", "spatial")
        for index in context.schema.indexes_of(key)
    )


def _set_not_null(context: Context, key: str, names: tuple[str, ...]) -> None:
    table = known(context, key)
    changed = {name: table.columns[name]._replace(nullable=False) for name in names if name in table.columns}
    if changed:
        context.schema.put_table(key, table._replace(columns={**table.columns, **changed}))


def apply_constraint(context: Context, operation: Operation, key: str) -> None:
    definition = operation.definition
    if not isinstance(definition, ConstraintDefinition):
        return
    if "inline" in operation.flags:
        definition = definition._replace(options=definition.options | {"inline"})
    add_constraint(context, key, definition)


def drop_constraint(context: Context, operation: Operation, key: str) -> None:
    name = operation.value or ""
    if name not in known(context, key).constraints:
        context.unseen = True
    set_constraints(context, key, {name: None})
    for index in context.schema.indexes_of(key):
        if index.constraint == name:
            context.schema.put_index(index.name, None)


def alter_constraint(context: Context, operation: Operation, key: str) -> None:
    constraint = known(context, key).constraints.get(operation.value or "")
    enforced = dict(operation.options).get("enforced")
    if constraint is not None and enforced:
        set_constraints(context, key, {constraint.name: constraint._replace(enforced=enforced == "true")})


def copy_keys(context: Context, source: str, key: str) -> None:
    """CREATE TABLE … LIKE: a table gets the indexes, keys and CHECKs of another, but not its foreign keys."""
    for item in known(context, source).constraints.values():
        definition = item.definition
        if definition.kind == "foreign-key":
            continue
        if definition.kind == "check" and context.dialect == "mysql":
            # Names of CHECKs belong to the schema there: the copy gets one of its own.
            definition = definition._replace(name=None)
        name = constraint_name(context, key, definition) if definition.kind == "check" else item.name
        set_constraints(context, key, {name: item._replace(name=name, definition=definition)})
    for index in context.schema.indexes_of(source):
        kept = tuple(pair for pair in index.definition.options if pair != _GENERATED)
        put_index(context, key, index.definition._replace(options=kept), index.constraint)


def without_column(constraint: Constraint, column: str) -> Constraint | None:
    """What is left of a constraint whose column goes: None where that was its only one."""
    left = tuple(name for name in constraint.definition.columns if name != column)
    if left == constraint.definition.columns:
        return constraint
    if not left:
        return None
    elements = tuple(element for element in constraint.definition.elements if element.column != column)
    return constraint._replace(definition=constraint.definition._replace(columns=left, elements=elements))
