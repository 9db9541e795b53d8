"""Views, routines, databases, accounts: tokens of CREATE, ALTER, DROP and RENAME come in, operations go out."""

from safecol.frontends.mysql.alterations import renamed
from safecol.frontends.mysql.tables import wait_of
from safecol.frontends.mysql.tokens import Stream
from safecol.operations import Name, Operation
from safecol.source import Span

# What the rest of the statement says is kept as text, or not needed at all.
_OTHERS = frozenset({"SERVER", "TABLESPACE", "UNDO", "LOGFILE", "RESOURCE", "LIBRARY", "SPATIAL"})


def create(stream: Stream, span: Span, flags: set[str]) -> list[Operation]:
    """Behind CREATE [OR REPLACE], for all but tables and indexes."""
    options = _preamble(stream)
    if stream.accept("VIEW"):
        return _view(stream, span, flags, options)
    if word := stream.any_of("PROCEDURE", "FUNCTION", "AGGREGATE", "TRIGGER", "EVENT", "PACKAGE"):
        from safecol.frontends.mysql import routines

        return routines.create(stream, span, word, flags, options)
    if stream.any_of("DATABASE", "SCHEMA"):
        flags |= _exists(stream)
        schema = stream.identifier()
        return [
            Operation(
                "create-schema",
                span,
                Name(schema),
                object="schema",
                flags=frozenset(flags),
                options=_properties(stream),
            )
        ]
    if word := stream.any_of("USER", "ROLE"):
        flags |= _exists(stream)
        stream.rest()
        return [Operation("create-role", span, object=word.lower(), flags=frozenset(flags))]
    if stream.accept("SEQUENCE"):
        flags |= _exists(stream)
        name = stream.relation()
        stream.rest()
        return [Operation("create-sequence", span, name, object="sequence", flags=frozenset(flags))]
    return [_other("create-object", stream, span)]


def _other(kind: str, stream: Stream, span: Span) -> Operation:
    word = stream.peek()
    if word not in _OTHERS:
        raise stream.problem()
    stream.rest()
    return Operation(kind, span, object=word.lower())


def _preamble(stream: Stream) -> list[tuple[str, str]]:
    """ALGORITHM, DEFINER and SQL SECURITY."""
    options: list[tuple[str, str]] = []
    while True:
        if stream.accept("ALGORITHM"):
            stream.accept("=")
            options.append(("view-algorithm", stream.value()))
        elif stream.accept("DEFINER"):
            stream.accept("=")
            _account(stream)
        elif stream.accept("SQL", "SECURITY"):
            options.append(("security", stream.value()))
        else:
            return options


def _account(stream: Stream) -> None:
    """`name`@`host`, CURRENT_USER or a role."""
    token = stream.next()
    if token.text == "CURRENT_USER" and stream.accept("("):
        stream.expect(")")
    if stream.token.kind == "variable" or stream.accept("@"):  # @localhost
        stream.next()


def _exists(stream: Stream) -> set[str]:
    if stream.accept("IF", "NOT", "EXISTS"):
        return {"if-not-exists"}
    return {"if-exists"} if stream.accept("IF", "EXISTS") else set()


def _properties(stream: Stream) -> tuple[tuple[str, str], ...]:
    """Character set and other properties of a database."""
    found: list[tuple[str, str]] = []
    while not stream.done:
        stream.accept("DEFAULT")
        if stream.accept("CHARACTER", "SET") or stream.any_of("CHARSET"):
            name = "charset"
        elif stream.accept("COLLATE"):
            name = "collation"
        elif stream.accept("READ", "ONLY"):
            name = "read-only"
        elif word := stream.any_of("ENCRYPTION", "COMMENT"):
            name = word.lower()
        elif stream.accept("UPGRADE", "DATA", "DIRECTORY", "NAME"):
            break
        else:
            raise stream.problem()
        stream.accept("=")
        found.append((name, stream.value().lower()))
    return tuple(found)


def _view(stream: Stream, span: Span, flags: set[str], options: list[tuple[str, str]]) -> list[Operation]:
    from safecol.frontends.mysql.data import query_of

    flags |= _exists(stream)
    name = stream.relation()
    columns = stream.columns() if stream.ahead("(") else ()
    stream.expect("AS")
    place = stream.rest()
    text = stream.text[place.start : place.end]
    tail = _check_option(text)
    if tail >= 0:
        options.append(("check_option", "cascaded"))
        place = Span(place.start, place.start + tail)
    query = query_of(stream, place)
    query = query._replace(outputs=(*columns, *query.outputs[len(columns) :]))
    return [
        Operation(
            "create-view",
            span,
            name,
            object="view",
            query=query,
            reads=query.relations,
            flags=frozenset(flags),
            options=tuple(options),
        )
    ]


def _check_option(text: str) -> int:
    """Where WITH [CASCADED | LOCAL] CHECK OPTION begins, -1 for nowhere."""
    import re

    found = re.search(r"\sWITH\s+(?:(?:CASCADED|LOCAL)\s+)?CHECK\s+OPTION\s*\Z", text, re.IGNORECASE)
    return found.start() if found else -1


def alter(stream: Stream, span: Span) -> list[Operation]:
    """Behind ALTER, for all but tables."""
    options = _preamble(stream)
    if stream.accept("VIEW"):
        return [item._replace(flags=item.flags | {"or-replace"}) for item in _view(stream, span, set(), options)]
    if stream.any_of("DATABASE", "SCHEMA"):
        known = stream.peek() in ("DEFAULT", "CHARACTER", "CHARSET", "COLLATE", "ENCRYPTION", "READ", "COMMENT")
        database = None if known else Name(stream.identifier())
        return [Operation("alter-database", span, database, object="database", options=_properties(stream))]
    if word := stream.any_of("PROCEDURE", "FUNCTION"):
        name = stream.relation()
        stream.rest()
        return [Operation("alter-routine", span, name, object=word.lower())]
    if stream.accept("EVENT"):
        name = stream.relation()
        stream.rest()
        return [Operation("alter-object", span, name, object="event")]
    if word := stream.any_of("USER", "ROLE"):
        stream.rest()
        return [Operation("alter-role", span, object=word.lower())]
    if stream.accept("SEQUENCE"):
        _exists(stream)
        name = stream.relation()
        stream.rest()
        return [Operation("alter-sequence", span, name, object="sequence")]
    if stream.accept("INSTANCE"):
        stream.rest()
        return [Operation("alter-system", span, object="system")]
    return [_other("alter-object", stream, span)]


_DROPS = {
    "TABLE": ("drop-table", "table"),
    "TABLES": ("drop-table", "table"),
    "VIEW": ("drop-view", "view"),
    "SEQUENCE": ("drop-sequence", "sequence"),
    "PROCEDURE": ("drop-routine", "procedure"),
    "FUNCTION": ("drop-routine", "function"),
    "TRIGGER": ("drop-trigger", "trigger"),
    "EVENT": ("drop-object", "event"),
    "DATABASE": ("drop-schema", "schema"),
    "SCHEMA": ("drop-schema", "schema"),
    "USER": ("drop-role", "user"),
    "ROLE": ("drop-role", "role"),
    "PACKAGE": ("drop-routine", "package"),
}


def drop(stream: Stream, span: Span) -> list[Operation]:
    """Behind DROP, for all but indexes: one operation for each dropped object."""
    flags: set[str] = set()
    if stream.any_of("TEMPORARY"):
        flags.add("temporary")
    if stream.accept("PREPARE"):
        return [Operation("select", span, object="prepared-statement", options=(("deallocate", stream.column()),))]
    word = stream.any_of(*_DROPS)
    if not word:
        return [_other("drop-object", stream, span)]
    kind, object_word = _DROPS[word]
    if word == "PACKAGE":
        stream.accept("BODY")
    flags |= _exists(stream)
    if kind == "drop-role":
        stream.rest()
        return [Operation(kind, span, object=object_word, flags=frozenset(flags))]
    operations: list[Operation] = []
    while True:
        name = stream.relation()
        operation = Operation(kind, span, name, object=object_word, flags=frozenset(flags))
        if kind == "drop-trigger":  # a trigger's name is the schema's; its table is not said
            operation = operation._replace(relation=None, value=name.name)
        operations.append(operation)
        if not stream.accept(","):
            break
    asked = wait_of(stream)
    if more := stream.any_of("CASCADE", "RESTRICT"):
        flags.add(more.lower())
    asked += wait_of(stream)
    return [item._replace(flags=frozenset(flags), options=asked) for item in operations]


def rename(stream: Stream, span: Span) -> list[Operation]:
    """RENAME TABLE with its list, RENAME USER."""
    stream.expect("RENAME")
    if stream.accept("USER"):
        stream.rest()
        return [Operation("alter-role", span, object="user")]
    if not stream.any_of("TABLE", "TABLES"):
        raise stream.problem()
    flags = frozenset(_exists(stream))
    operations: list[Operation] = []
    while True:
        start = stream.start
        base = Operation("", span, stream.relation(), flags=flags)
        asked = wait_of(stream)
        stream.expect("TO")
        operation = renamed(base, stream.relation())
        operations.append(operation._replace(options=asked, span=stream.span(start)))
        if not stream.accept(","):
            break
    return operations if len(operations) > 1 else [operations[0]._replace(span=span)]
