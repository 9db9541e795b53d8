"""Statements of MySQL and MariaDB: a place in the text comes in, the operations it stands for go out."""

from collections.abc import Callable

from safecol.frontends.mysql.bulk import HUGE, first_row, literal_rows
from safecol.frontends.mysql.tokens import MOST_LITERALS, Stream
from safecol.frontends.sqlglot.trees import Problem
from safecol.operations import Opaque, Operation
from safecol.source import Span

Handler = Callable[[Stream, Span], list[Operation]]

# What was read of an INSERT's beginning, for the many that begin like it in files of data.
_inserts: dict[tuple[str, str], Operation] = {}
_MOST_INSERTS = 200


def convert(text: str, span: Span, dialect: str) -> tuple[tuple[Operation, ...], Opaque | None]:
    """The operations of one statement, and what of it was not understood."""
    if span.end - span.start >= HUGE and (shorter := first_row(text, span)) is not None:
        found, opaque = convert(shorter, Span(0, len(shorter)), dialect)
        skipped = frozenset({"skipped-values"})
        moved = tuple(item._replace(span=span, flags=item.flags | skipped) for item in found)
        return moved, Opaque(span, opaque.reason, opaque.syntax) if opaque is not None else None
    plain = literal_rows(text, span)
    if plain is not None and (known := _inserts.get((dialect, plain[0]))) is not None:
        literals = tuple(("literal", value) for value in plain[1][:MOST_LITERALS])
        return (known._replace(span=span, options=(*known.options, *literals)),), None
    try:
        stream = Stream(text, span, dialect)
        operations = operations_of(stream, span)
        if not stream.done:
            raise stream.problem()
    except Problem as problem:
        return (), opaque_of(problem, text, span)
    except RecursionError:
        return (), Opaque(span, "nested too deeply to be analyzed")
    if plain is not None and len(operations) == 1:
        if len(_inserts) >= _MOST_INSERTS:
            _inserts.clear()
        others = tuple(pair for pair in operations[0].options if pair[0] != "literal")
        _inserts[dialect, plain[0]] = operations[0]._replace(options=others)
    return tuple(operations), None


def opaque_of(problem: Problem, text: str, span: Span) -> Opaque:
    """What was not understood, with the place of the word that the problem names."""
    if problem.offset is None or not span.start <= problem.offset < span.end:
        return Opaque(span, problem.message, problem.syntax)
    end = problem.offset + 1
    while end < span.end and (text[end].isalnum() or text[end] in "_$") and text[end - 1 : end].isalnum():
        end += 1
    return Opaque(Span(problem.offset, end), problem.message, problem.syntax)


def operations_of(stream: Stream, span: Span) -> list[Operation]:
    """The operations of the statement that the stream holds. A Problem for one that is not understood."""
    word = stream.peek()
    if word in _DATA or (word == "(" and stream.peek(1) in ("SELECT", "(", "WITH")):
        from safecol.frontends.mysql.data import read_data

        return read_data(stream, span)
    if word in _SCHEMA:
        return _SCHEMA[word](stream, span)
    if word in _SESSION:
        from safecol.frontends.mysql import session

        return session.read(stream, span)
    if word == "SOURCE" or stream.ahead("\\", "."):
        raise Problem("the client reads another file here, which is not known", stream.start, syntax=False)
    if not word or not word[0].isalpha():
        raise stream.problem()
    if word in _KNOWN:
        raise Problem(f"{word} is not understood", stream.start, syntax=False)
    raise stream.problem()


_DATA = frozenset({"SELECT", "INSERT", "REPLACE", "UPDATE", "DELETE", "WITH", "VALUES", "TABLE"})
_SESSION = frozenset(
    {
        "SET", "USE", "BEGIN", "START", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "XA", "LOCK", "UNLOCK", "FLUSH",
        "SHOW", "DESCRIBE", "DESC", "EXPLAIN", "HELP", "OPTIMIZE", "ANALYZE", "CHECK", "REPAIR", "CHECKSUM", "KILL",
        "RESET", "PURGE", "DO", "HANDLER", "CALL", "PREPARE", "EXECUTE", "DEALLOCATE", "LOAD", "GRANT", "REVOKE",
        "SIGNAL", "RESIGNAL", "GET", "INSTALL", "UNINSTALL", "CACHE", "BINLOG", "CHANGE", "STOP", "SHUTDOWN", "RESTART",
        "CLONE",
    }
)  # fmt: skip
_KNOWN = frozenset({"IMPORT", "DECLARE", "RETURN", "BACKUP", "EXECUTE"})


def _create(stream: Stream, span: Span) -> list[Operation]:
    stream.expect("CREATE")
    flags: set[str] = set()
    if stream.accept("OR", "REPLACE"):
        flags.add("or-replace")
    if word := stream.any_of("ONLINE", "OFFLINE"):
        flags |= {"online"} if word == "ONLINE" else set()
    if stream.any_of("TEMPORARY"):
        flags.add("temporary")
    word = stream.peek()
    if word == "TABLE":
        from safecol.frontends.mysql.tables import create_table

        stream.at += 1
        return create_table(stream, span, flags)
    if word in ("INDEX", "UNIQUE", "FULLTEXT", "SPATIAL") or stream.ahead("VECTOR", "INDEX"):
        from safecol.frontends.mysql.tables import create_index

        return create_index(stream, span, flags)
    from safecol.frontends.mysql import objects

    return objects.create(stream, span, flags)


def _alter(stream: Stream, span: Span) -> list[Operation]:
    stream.expect("ALTER")
    flags: set[str] = set()
    while word := stream.any_of("ONLINE", "IGNORE", "OFFLINE"):
        flags |= {word.lower()} & {"online", "ignore"}
    if stream.accept("TABLE"):
        from safecol.frontends.mysql.alterations import alter_table

        return alter_table(stream, span, flags)
    from safecol.frontends.mysql import objects

    return objects.alter(stream, span)


def _drop(stream: Stream, span: Span) -> list[Operation]:
    stream.expect("DROP")
    stream.any_of("ONLINE", "OFFLINE")
    if stream.accept("INDEX"):
        from safecol.frontends.mysql.tables import drop_index

        return drop_index(stream, span)
    from safecol.frontends.mysql import objects

    return objects.drop(stream, span)


def _rename(stream: Stream, span: Span) -> list[Operation]:
    from safecol.frontends.mysql import objects

    return objects.rename(stream, span)


def _truncate(stream: Stream, span: Span) -> list[Operation]:
    from safecol.frontends.mysql.tables import wait_of

    stream.expect("TRUNCATE")
    stream.accept("TABLE")
    table = stream.relation()
    return [Operation("truncate", span, table, options=wait_of(stream))]


_SCHEMA: dict[str, Handler] = {
    "CREATE": _create,
    "ALTER": _alter,
    "DROP": _drop,
    "RENAME": _rename,
    "TRUNCATE": _truncate,
}
