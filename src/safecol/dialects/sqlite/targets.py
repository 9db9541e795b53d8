"""Which relations a word of effects.toml means for an operation: context and operation in, names out."""

from collections.abc import Callable, Iterable

from safecol.context import Context
from safecol.operations import Operation

Target = Callable[[Context, Operation, str], Iterable[str]]


def resolve(word: str, context: Context, operation: Operation, key: str) -> list[str]:
    """The relations that a target word names; unknown words are a mistake in the table."""
    return list(dict.fromkeys(_TARGETS[word](context, operation, key)))


def _database(context: Context, operation: Operation, key: str) -> list[str]:
    """The file that is written, by the name that SQLite has for it: all of it is locked at once."""
    schema = operation.relation.schema if operation.relation is not None else None
    return [] if schema == "temp" else [schema or "main"]


def _index_table(context: Context, operation: Operation, key: str) -> list[str]:
    index = context.schema.indexes.get(key)
    return [index.table] if index is not None else []


def _reads(context: Context, operation: Operation, key: str) -> list[str]:
    return [name for name in (context.key(read) for read in operation.reads) if name != key]


def _indexes(context: Context, operation: Operation, key: str) -> list[str]:
    if key in context.schema.indexes:
        return [key]
    return [index.name for index in context.schema.indexes_of(key)]


def _everything(context: Context, operation: Operation, key: str) -> list[str]:
    return [name for name, table in context.schema.tables.items() if table.kind == "table"]


def _referencing(context: Context, operation: Operation, key: str) -> list[str]:
    return [name for name, _ in context.schema.referencing(key) if name != key]


_TARGETS: dict[str, Target] = {
    "table": lambda _c, _o, key: [key],
    "database": _database,
    "index_table": _index_table,
    "indexes": _indexes,
    "reads": _reads,
    "everything": _everything,
    "referencing": _referencing,
}
