"""Transactions, settings, locks, maintenance and accounts of MySQL and MariaDB: tokens come in, operations go out."""

from collections.abc import Callable

from safecol.expressions import Expression, Literal
from safecol.frontends.mysql.expressions import expression
from safecol.frontends.mysql.tables import wait_of
from safecol.frontends.mysql.tokens import Stream
from safecol.operations import NO_FLAGS, Name, Operation
from safecol.source import Span

Handler = Callable[[Stream, Span], list[Operation]]


def read(stream: Stream, span: Span) -> list[Operation]:
    """The operations of a statement that begins with one of the words below."""
    return _HANDLERS[stream.peek()](stream, span)


def _transaction(kind: str, span: Span, name: str | None = None, *, chained: bool = False) -> list[Operation]:
    flags = frozenset({"chained"}) if chained else NO_FLAGS
    return [Operation(kind, span, object="transaction", value=name, flags=flags)]


def _begin(stream: Stream, span: Span) -> list[Operation]:
    stream.expect("BEGIN")
    if stream.ahead("NOT", "ATOMIC"):
        stream.rest()
        return [Operation("do-block", span, object="block")]
    stream.any_of("WORK")
    if not stream.done:
        raise stream.problem()
    return _transaction("begin", span)


def _start(stream: Stream, span: Span) -> list[Operation]:
    stream.expect("START")
    if stream.any_of("REPLICA", "SLAVE", "GROUP_REPLICATION"):
        stream.rest()
        return [Operation("alter-system", span, object="system")]
    stream.expect("TRANSACTION")
    stream.rest()
    return _transaction("begin", span)


def _end(stream: Stream, span: Span) -> list[Operation]:
    word = stream.next().text.lower()
    stream.any_of("WORK")
    if word == "rollback" and stream.accept("TO"):
        stream.any_of("SAVEPOINT")
        return _transaction("rollback-to", span, stream.column())
    chained = False
    if stream.accept("AND"):
        chained = not stream.any_of("NO")
        stream.expect("CHAIN")
    if stream.any_of("NO"):
        stream.expect("RELEASE")
    else:
        stream.any_of("RELEASE")
    return _transaction(word, span, chained=chained)


def _savepoint(stream: Stream, span: Span) -> list[Operation]:
    kind = "release" if stream.next().text == "RELEASE" else "savepoint"
    if kind == "release":
        stream.expect("SAVEPOINT")
    return _transaction(kind, span, stream.column())


def _set(stream: Stream, span: Span) -> list[Operation]:
    """SET a = 1, @b = 2, GLOBAL c = 3: one operation each."""
    stream.expect("SET")
    base = Operation("set", span, object="setting")
    if stream.any_of("NAMES"):
        charset = stream.value()
        if stream.accept("COLLATE"):
            stream.value()
        return [base._replace(new_name="names", value=charset)]
    if stream.accept("CHARACTER", "SET") or stream.any_of("CHARSET"):
        return [base._replace(new_name="names", value=stream.value())]
    if stream.any_of("PASSWORD", "ROLE", "RESOURCE") or stream.accept("DEFAULT", "ROLE"):
        stream.rest()
        return [Operation("alter-role", span, object="role")]
    if stream.any_of("STATEMENT"):
        return _set_statement(stream, span, base)
    operations: list[Operation] = []
    scope = ""
    while True:
        start = stream.start
        scope = stream.any_of("GLOBAL", "SESSION", "LOCAL", "PERSIST", "PERSIST_ONLY") or ""
        if stream.any_of("TRANSACTION"):
            place = stream.rest()
            value = stream.text[place.start : place.end].lower()
            return [base._replace(new_name="transaction", value=value)]
        operations.append(
            _assignment(stream, base, scope)._replace(span=span if not operations else stream.span(start))
        )
        if not stream.accept(","):
            return operations


def _assignment(stream: Stream, base: Operation, scope: str) -> Operation:
    token = stream.token
    if token.kind == "variable":
        stream.at += 1
        name = token.text.lower()
        for prefix, word in _SCOPES.items():
            if name.startswith(prefix):
                name, scope = name[len(prefix) :], word
                break
        name = name.replace("`", "").replace("'", "")
    else:
        name = stream.column()
        if stream.accept("."):
            name = f"{name}.{stream.after_dot().lower()}"
    if not stream.any_of("=", ":="):
        raise stream.problem()
    value = (
        expression(stream, 2, scalar=True) if stream.peek() not in ("ON", "OFF", "DEFAULT", "BINARY", "ALL") else None
    )
    shown = text_of(value) if value is not None else stream.next().text.lower()
    kind = "alter-system" if scope in ("GLOBAL", "PERSIST", "PERSIST_ONLY") else "set"
    if kind == "alter-system":
        base = base._replace(object="system", options=(("action", "set"),))
    return base._replace(kind=kind, new_name=name, value=shown, expression=value)


_SCOPES = {"@@session.": "SESSION", "@@local.": "SESSION", "@@global.": "GLOBAL", "@@persist.": "PERSIST", "@@": ""}


def _set_statement(stream: Stream, span: Span, base: Operation) -> list[Operation]:
    """SET STATEMENT x = 1 FOR … of MariaDB: the settings hold for that statement."""
    from safecol.frontends.mysql.statements import operations_of

    asked: list[tuple[str, str]] = []
    while True:
        item = _assignment(stream, base, "")
        asked.append((f"set:{item.new_name}", item.value or ""))
        if not stream.accept(","):
            break
    stream.expect("FOR")
    wait = tuple(("wait", value) for name, value in asked if name == "set:lock_wait_timeout")
    inner = operations_of(stream, Span(stream.start, span.end))
    return [item._replace(options=(*item.options, *asked, *wait)) for item in inner]


def text_of(value: Expression) -> str:
    """A setting's value as text; what is computed is empty."""
    if isinstance(value, Literal):
        return value.value
    from safecol.expressions import ColumnReference

    return ".".join(value.parts) if isinstance(value, ColumnReference) else ""


def _use(stream: Stream, span: Span) -> list[Operation]:
    stream.expect("USE")
    return [Operation("set", span, object="setting", new_name="search_path", value=stream.identifier())]


def _lock(stream: Stream, span: Span) -> list[Operation]:
    stream.expect("LOCK")
    if stream.accept("INSTANCE"):
        stream.rest()
        return [Operation("alter-system", span, object="system", value="lock instance for backup")]
    stream.any_of("TABLES", "TABLE")
    operations: list[Operation] = []
    while True:
        table = stream.relation()
        stream.accept("AS")
        if stream.peek() not in ("READ", "WRITE", "LOW_PRIORITY"):
            stream.identifier()
        stream.any_of("LOW_PRIORITY")
        mode = stream.any_of("READ", "WRITE")
        if not mode:
            raise stream.problem()
        local = {"local"} if stream.any_of("LOCAL", "CONCURRENT") else set()
        operations.append(Operation("lock-table", span, table, value=mode, flags=frozenset(local)))
        if not stream.accept(","):
            break
    asked = wait_of(stream)
    return [item._replace(options=asked) for item in operations]


def _unlock(stream: Stream, span: Span) -> list[Operation]:
    stream.rest()
    return [Operation("unlock-tables", span, object="session")]


_MAINTENANCE = {"OPTIMIZE": "optimize", "ANALYZE": "analyze", "CHECK": "check-table", "REPAIR": "repair-table"}


def _maintain(stream: Stream, span: Span) -> list[Operation]:
    word = stream.next().text
    stream.any_of("NO_WRITE_TO_BINLOG", "LOCAL")
    if not stream.any_of("TABLE", "TABLES"):
        stream.at -= 1 if stream.at else 0
        return _query(stream, span)
    operations: list[Operation] = []
    while True:
        operations.append(Operation(_MAINTENANCE.get(word, "check-table"), span, stream.relation()))
        if not stream.accept(","):
            break
    asked = wait_of(stream)
    stream.rest()  # QUICK, UPDATE HISTOGRAM, PERSISTENT FOR …
    return [item._replace(options=asked) for item in operations]


def _flush(stream: Stream, span: Span) -> list[Operation]:
    stream.expect("FLUSH")
    stream.any_of("NO_WRITE_TO_BINLOG", "LOCAL")
    if not stream.any_of("TABLE", "TABLES"):
        stream.rest()
        return [Operation("flush", span, object="session")]
    tables: list[Name] = []
    while not stream.done and stream.peek() not in ("WITH", "FOR"):
        tables.append(stream.relation())
        if not stream.accept(","):
            break
    rest = stream.rest()
    value = " ".join(stream.text[rest.start : rest.end].lower().split()) or None
    if not tables:
        return [Operation("flush", span, object="table", value=value)]
    return [Operation("flush", span, table, value=value) for table in tables]


def _query(stream: Stream, span: Span) -> list[Operation]:
    """SHOW, DESCRIBE, EXPLAIN, HELP: nothing changes, but EXPLAIN ANALYZE runs its query."""
    word = stream.next().text
    options = (("show", " ".join(stream.text[span.start : span.end].lower().split()[:3])),)
    if word in ("EXPLAIN", "DESCRIBE", "DESC") and stream.any_of("ANALYZE"):
        return [Operation("explain", span, object="query", flags=frozenset({"analyze"}), options=options)]
    stream.rest()
    return [Operation("explain" if word == "EXPLAIN" else "select", span, object="setting", options=options)]


def _system(stream: Stream, span: Span) -> list[Operation]:
    word = stream.next().text.lower()
    stream.rest()
    return [Operation("alter-system", span, object="system", value=word)]


def _do(stream: Stream, span: Span) -> list[Operation]:
    from safecol.expressions import Call, walk

    stream.expect("DO")
    calls: dict[str, None] = {}
    while True:
        for part in walk(expression(stream)):
            if isinstance(part, Call):
                calls[part.name] = None
        if not stream.accept(","):
            break
    return [Operation("select", span, object="query", options=tuple(("calls", name) for name in calls))]


def _other(kind: str, object_word: str) -> Handler:
    def handler(stream: Stream, span: Span) -> list[Operation]:
        stream.rest()
        return [Operation(kind, span, object=object_word)]

    return handler


def _call(stream: Stream, span: Span) -> list[Operation]:
    from safecol.expressions import Call

    stream.expect("CALL")
    name = stream.relation()
    options: list[tuple[str, str]] = []
    if stream.ahead("("):
        stream.at += 1
        while not stream.accept(")"):
            value = expression(stream)
            if isinstance(value, Literal) and value.kind == "string":
                options.append(("literal", value.value))
            elif isinstance(value, Call):
                options.append(("calls", value.name))
            if not stream.accept(",") and not stream.ahead(")"):
                raise stream.problem()
    return [Operation("call", span, name, object="procedure", options=tuple(options))]


def _prepare(stream: Stream, span: Span) -> list[Operation]:
    stream.expect("PREPARE")
    name = stream.column()
    stream.expect("FROM")
    value = expression(stream, scalar=True)
    options = (("prepare", name),)
    return [Operation("select", span, object="prepared-statement", expression=value, options=options)]


def _execute(stream: Stream, span: Span) -> list[Operation]:
    stream.expect("EXECUTE")
    if stream.accept("IMMEDIATE"):
        value = expression(stream, scalar=True)
        stream.rest()
        return [Operation("select", span, object="prepared-statement", expression=value, options=(("execute", ""),))]
    name = stream.column()
    stream.rest()
    return [Operation("select", span, object="prepared-statement", options=(("execute", name),))]


def _deallocate(stream: Stream, span: Span) -> list[Operation]:
    stream.expect("DEALLOCATE", "PREPARE")
    return [Operation("select", span, object="prepared-statement", options=(("deallocate", stream.column()),))]


def _load(stream: Stream, span: Span) -> list[Operation]:
    stream.expect("LOAD")
    if stream.accept("INDEX"):
        stream.rest()
        return [Operation("select", span, object="query")]
    if not stream.any_of("DATA", "XML"):
        raise stream.problem()
    flags: set[str] = set()
    while not stream.done and not stream.ahead("TABLE"):
        token = stream.next()
        if token.text in ("REPLACE", "IGNORE", "LOCAL"):
            flags.add(token.text.lower())
    stream.expect("TABLE")
    table = stream.relation()
    stream.rest()
    return [Operation("copy-in", span, table, flags=frozenset(flags))]


def _grant(stream: Stream, span: Span) -> list[Operation]:
    word = stream.next().text.lower()
    stream.rest()
    return [Operation(word, span, object="privilege")]


_HANDLERS: dict[str, Handler] = {
    "SET": _set,
    "USE": _use,
    "BEGIN": _begin,
    "START": _start,
    "COMMIT": _end,
    "ROLLBACK": _end,
    "SAVEPOINT": _savepoint,
    "RELEASE": _savepoint,
    "XA": _other("prepare-transaction", "transaction"),
    "LOCK": _lock,
    "UNLOCK": _unlock,
    "FLUSH": _flush,
    **dict.fromkeys(("SHOW", "DESCRIBE", "DESC", "EXPLAIN", "HELP"), _query),
    **dict.fromkeys(("OPTIMIZE", "ANALYZE", "CHECK", "REPAIR", "CHECKSUM"), _maintain),
    **dict.fromkeys(
        ("KILL", "RESET", "PURGE", "CACHE", "BINLOG", "CHANGE", "STOP", "SHUTDOWN", "RESTART", "CLONE"), _system
    ),
    "INSTALL": _other("create-object", "plugin"),
    "UNINSTALL": _other("drop-object", "plugin"),
    "DO": _do,
    "HANDLER": _other("select", "query"),
    "CALL": _call,
    "PREPARE": _prepare,
    "EXECUTE": _execute,
    "DEALLOCATE": _deallocate,
    "LOAD": _load,
    "GRANT": _grant,
    "REVOKE": _grant,
    **dict.fromkeys(("SIGNAL", "RESIGNAL", "GET"), _other("select", "signal")),
}
