"""The tokens of one statement come in; its operations go out, or a problem."""

from collections.abc import Callable

from safecol.frontends.sqlite import alterations, data, objects, session
from safecol.frontends.sqlite.cursor import Cursor
from safecol.operations import Operation


def _create(cursor: Cursor) -> list[Operation]:
    cursor.need("CREATE")
    return objects.create(cursor)


def _drop(cursor: Cursor) -> list[Operation]:
    cursor.need("DROP")
    return objects.drop(cursor)


def _alter(cursor: Cursor) -> list[Operation]:
    cursor.need("ALTER", "TABLE")
    return alterations.alter_table(cursor)


def _explain(cursor: Cursor) -> list[Operation]:
    """EXPLAIN runs nothing."""
    cursor.need("EXPLAIN")
    cursor.take("QUERY", "PLAN")
    convert(cursor)
    return [Operation("explain", cursor.since(0), object="query")]


_ROOTS: dict[str, Callable[[Cursor], list[Operation]]] = {
    "CREATE": _create,
    "DROP": _drop,
    "ALTER": _alter,
    **dict.fromkeys(("SELECT", "VALUES", "WITH", "INSERT", "REPLACE", "UPDATE", "DELETE"), data.statement),
    **dict.fromkeys(("BEGIN", "COMMIT", "END", "ROLLBACK", "SAVEPOINT", "RELEASE"), session.transaction),
    "PRAGMA": session.pragma,
    "ATTACH": session.attach,
    "DETACH": session.attach,
    "VACUUM": session.vacuum,
    "ANALYZE": session.upkeep,
    "REINDEX": session.upkeep,
    "EXPLAIN": _explain,
}


def convert(cursor: Cursor) -> list[Operation]:
    """The operations of the statement that begins at the cursor and ends with its tokens."""
    root = _ROOTS.get(cursor.peek().word)
    if root is None:
        raise cursor.unexpected()
    found = root(cursor)
    if not cursor.done():
        raise cursor.unexpected()
    return found
