"""The schema so far as SQLite leaves it: an operation and the context in, the schema changes.

Names bind late here: foreign keys and views go on naming a table that is gone, and find the one that takes its name.
"""

from collections.abc import Callable

from safecol import history
from safecol.context import Context
from safecol.expressions import columns
from safecol.history import tables
from safecol.history.records import known
from safecol.operations import (
    IndexDefinition,
    Name,
    Operation,
    TableDefinition,
    TriggerDefinition,
)
from safecol.schema import Table
from safecol.uses import drop_dependents

Texts = tuple[tuple[str, str], ...]


def apply(context: Context, operation: Operation) -> None:
    """Make the change that the operation makes."""
    function = _APPLY.get(operation.kind)
    if function is None:
        history.apply(context, operation)
        return
    function(context, operation, context.key(operation.relation) if operation.relation is not None else "")


def _put(context: Context, key: str, texts: Texts | None) -> None:
    context.schema.put(context.schema.texts, key, texts)


def _create_table(context: Context, operation: Operation, key: str) -> None:
    if "if-not-exists" in operation.flags and key in context.schema.tables:
        return
    tables.create_table(context, operation, key)
    definition = operation.definition
    if not isinstance(definition, TableDefinition):
        return
    # Not every column of a primary key refuses NULL: see the front end.
    table = context.schema.tables[key]
    nullable = {column.name: column.nullable for column in definition.columns}
    columns = {name: column._replace(nullable=nullable.get(name)) for name, column in table.columns.items()}
    options = tuple(pair for pair in definition.options if pair[0] in ("strict", "without_rowid"))
    context.schema.put_table(key, table._replace(columns=columns, options=options))
    _put(context, f"table {key}", definition.options)


def _create_index(context: Context, operation: Operation, key: str) -> None:
    definition = operation.definition
    if not isinstance(definition, IndexDefinition):
        return
    if "if-not-exists" not in operation.flags or definition.name not in context.schema.indexes:
        _put(context, f"index {definition.name}", (("table", key), *_sql(operation)))
    history.apply(context, operation)


def _create_trigger(context: Context, operation: Operation, key: str) -> None:
    written = tuple(pair for pair in operation.options if pair[0] == "writes")
    texts = (("table", key), *_sql(operation), ("event-columns", ",".join(_event_only(operation, key))), *written)
    _put(context, f"trigger {operation.value}", texts)
    history.apply(context, operation)


def _event_only(operation: Operation, key: str) -> list[str]:
    """The columns that a trigger names in UPDATE OF and nowhere else: SQLite doesn't look at those."""
    definition = operation.definition
    if not isinstance(definition, TriggerDefinition):
        return []
    used = columns(definition.when) if definition.when is not None else set()
    if operation.query is not None:
        used |= {column for owner, column in operation.query.columns if owner in (None, key)}
    return [column for column in definition.columns if column not in used]


def _create_view(context: Context, operation: Operation, key: str) -> None:
    history.apply(context, operation)
    _put(context, f"view {key}", _sql(operation))


def _sql(operation: Operation) -> Texts:
    return tuple(pair for pair in operation.options if pair[0] == "sql")


def _insert(context: Context, operation: Operation, key: str) -> None:
    history.apply(context, operation)
    table = context.schema.tables.get(key)
    if table is not None and "values-source" in operation.flags and not operation.flags & {"ignore", "on-conflict"}:
        context.schema.put_table(key, table._replace(populated=True, emptied=-1))


def _drop_trigger(context: Context, operation: Operation, key: str) -> None:
    history.apply(context, operation)
    _put(context, f"trigger {operation.value}", None)


def _drop_table(context: Context, operation: Operation, key: str) -> None:
    """The table goes with its indexes and triggers; foreign keys and views that name it stay, and find nothing."""
    schema = context.schema
    table = schema.tables.get(key)
    for index in schema.indexes_of(key):
        schema.put_index(index.name, None)
        _put(context, f"index {index.name}", None)
    for name in triggers(context, key):
        drop_dependents(context, f"trigger {name}")
        _put(context, f"trigger {name}", None)
    _put(context, f"table {key}", None)
    schema.put(schema.dropped, key, table or Table(key))
    if table is not None:
        schema.put_table(key, None)


def _drop_view(context: Context, operation: Operation, key: str) -> None:
    schema = context.schema
    if key in schema.tables:
        schema.put_table(key, None)
    drop_dependents(context, key)


def triggers(context: Context, table: str) -> list[str]:
    """The known triggers of a table."""
    return [
        key.removeprefix("trigger ")
        for key, texts in context.schema.texts.items()
        if key.startswith("trigger ") and texts[0] == ("table", table)
    ]


def _rename_table(context: Context, operation: Operation, key: str) -> None:
    schema = context.schema
    if operation.relation is None or operation.new_name is None:
        return
    new = context.key(Name(operation.new_name, operation.relation.schema))
    texts = schema.texts.get(f"table {key}")
    waiting = schema.dependents.get(new)  # views of the table that had this name before
    history.apply(context, operation)
    if waiting:
        moved = schema.dependents.get(new, ())
        kept = tuple(item for item in waiting if all(item.name != other.name for other in moved))
        schema.put(schema.dependents, new, (*moved, *kept) or None)
    if texts is not None:
        _put(context, f"table {key}", None)
        _put(context, f"table {new}", texts)
    _follow(context, key, new)
    before = schema.dropped.get(new)
    table = schema.tables.get(new)
    if before is not None and table is not None:
        # It takes the place of one that was in use: deployed code reads and writes it from here on.
        schema.put_table(new, table._replace(file=min(before.file, table.file)))
        schema.put(schema.dropped, new, None)


def _follow(context: Context, old: str, new: str) -> None:
    """Write the new name of a table into the texts of its indexes and triggers, and of the views that read it."""
    users = {item.name for item in context.schema.dependents.get(new, ())}
    for key, texts in list(context.schema.texts.items()):
        kind, _, name = key.partition(" ")
        owned = kind in ("index", "trigger") and texts[:1] == (("table", old),)
        if not owned and not (kind == "trigger" and key in users) and not (kind == "view" and name in users):
            continue
        _put(context, key, tuple((part, _in_part(part, text, old, new)) for part, text in texts))


def _in_part(part: str, text: str, old: str, new: str) -> str:
    from safecol.dialects.sqlite import rebuild

    if part == "sql":
        return rebuild.with_table_renamed(text, old, new)
    if part == "writes" and text.startswith(f"{old}."):
        return f"{new}{text.removeprefix(old)}"
    return new if part == "table" and text == old else text


def _drop_column(context: Context, operation: Operation, key: str) -> None:
    texts = context.schema.texts.get(f"table {key}")
    if texts is not None:
        _put(context, f"table {key}", tuple(pair for pair in texts if pair[0] != f"column {operation.column}"))
    table = known(context, key)
    columns = {name: column for name, column in table.columns.items() if name != operation.column}
    left = {
        name: item
        for name, item in table.constraints.items()
        if not ("inline" in item.definition.options and operation.column in item.definition.columns)
    }
    context.schema.put_table(key, table._replace(columns=columns, constraints=left))


def _change_text(context: Context, operation: Operation, key: str) -> None:
    """A change of a column or constraint, in the table's text too; what can't be followed leaves it unknown."""
    from safecol.dialects.sqlite import rebuild

    texts = context.schema.texts.get(f"table {key}")
    history.apply(context, operation)
    if texts is not None and "inline" not in operation.flags:  # those stand in the text of their column
        _put(context, f"table {key}", rebuild.changed(texts, operation))


def _rename_column(context: Context, operation: Operation, key: str) -> None:
    from safecol.dialects.sqlite import rebuild

    schema = context.schema
    history.apply(context, operation)
    old, new = operation.column or "", operation.new_name or ""
    users = tuple(
        item._replace(columns=frozenset(new if name == old else name for name in item.columns))
        if item.columns is not None
        else item
        for item in schema.dependents.get(key, ())
    )
    schema.put(schema.dependents, key, users or None)
    for name, texts in list(schema.texts.items()):
        kind, _, own = name.partition(" ")
        if kind == "table" and own == key:
            parts = tuple(
                (f"column {new}" if part == f"column {old}" else part, rebuild.with_column_renamed(text, old, new))
                for part, text in texts
            )
            _put(context, name, parts)
        elif kind == "index" and texts[:1] == (("table", key),):
            parts = tuple(
                (part, rebuild.with_column_renamed(text, old, new) if part == "sql" else text) for part, text in texts
            )
            _put(context, name, parts)
        elif kind in ("trigger", "view") and old in dict(texts).get("sql", "").lower():
            # Which of the columns of that name is meant would take all of SQLite's own work to tell.
            kept = ((part, f"{key}.{new}" if text == f"{key}.{old}" else text) for part, text in texts if part != "sql")
            _put(context, name, tuple(kept))


_APPLY: dict[str, Callable[[Context, Operation, str], None]] = {
    "create-table": _create_table,
    "create-index": _create_index,
    "create-trigger": _create_trigger,
    "create-view": _create_view,
    "drop-trigger": _drop_trigger,
    "insert": _insert,
    "drop-table": _drop_table,
    "drop-view": _drop_view,
    "rename-table": _rename_table,
    "drop-column": _drop_column,
    **dict.fromkeys(
        (
            "set-not-null", "drop-not-null", "set-default", "drop-default", "change-type", "add-constraint",
            "drop-constraint", "add-column",
        ),
        _change_text,
    ),
    "rename-column": _rename_column,
}  # fmt: skip
