"""Procedures, functions, triggers and events with their bodies: tokens come in, operations go out."""

from safecol.expressions import TypeName
from safecol.frontends.mysql.tokens import Stream
from safecol.frontends.mysql.types import read_type
from safecol.frontends.sqlglot.trees import Problem
from safecol.operations import Name, Operation, RoutineDefinition, TriggerDefinition
from safecol.source import Span

Pairs = list[tuple[str, str]]
_ACCESS = (("CONTAINS", "SQL"), ("NO", "SQL"), ("READS", "SQL", "DATA"), ("MODIFIES", "SQL", "DATA"))


def create(stream: Stream, span: Span, word: str, flags: set[str], options: Pairs) -> list[Operation]:
    """Behind CREATE [OR REPLACE] [DEFINER = …] and the word that says what."""
    if word == "AGGREGATE":
        stream.expect("FUNCTION")
        word = "FUNCTION"
    if word == "PACKAGE":
        stream.rest()
        return [Operation("create-object", span, object="package", flags=frozenset(flags))]
    if stream.accept("IF", "NOT", "EXISTS"):
        flags.add("if-not-exists")
    if word == "TRIGGER":
        return _trigger(stream, span, flags, options)
    name = stream.relation()
    if word == "EVENT":
        return _event(stream, span, name, flags)
    if word == "FUNCTION" and stream.ahead("RETURNS"):  # CREATE FUNCTION x RETURNS STRING SONAME 'y'
        stream.rest()
        return [Operation("create-object", span, name, object="function", flags=frozenset(flags))]
    names, types = _parameters(stream)
    returns = None
    if word == "FUNCTION" and stream.any_of("RETURNS", "RETURN"):
        returns = read_type(stream).type
    volatility = _characteristics(stream, options)
    place = _body(stream)
    if ("security", "invoker") not in options:
        flags.add("security-definer")
    definition = RoutineDefinition(
        "sql",
        types,
        volatility,
        stream.text[place.start : place.end],
        place,
        returns=returns,
        options=frozenset({"procedure"}) if word == "PROCEDURE" else frozenset(),
        parameters=names,
    )
    return [
        Operation(
            "create-routine",
            span,
            name,
            object=word.lower(),
            definition=definition,
            flags=frozenset(flags),
            options=tuple(options),
        )
    ]


def _event(stream: Stream, span: Span, name: Name, flags: set[str]) -> list[Operation]:
    stream.expect("ON", "SCHEDULE")
    while not stream.ahead("DO"):
        stream.next()
    stream.at += 1
    place = _body(stream)
    body = RoutineDefinition("sql", (), None, stream.text[place.start : place.end], place)
    return [Operation("create-object", span, name, object="event", definition=body, flags=frozenset(flags))]


def _body(stream: Stream) -> Span:
    """All that is left, gone past; a Problem where it ends before its blocks do."""
    place = stream.rest()
    if stream.text[place.start : place.end].strip():
        from safecol.frontends.mysql.blocks import unfinished

        if unfinished(stream.text, place, stream.dialect):
            raise Problem("syntax error at end of input: a block of the body is never ended")
    return place


def _parameters(stream: Stream) -> tuple[tuple[str, ...], tuple[TypeName, ...]]:
    names: list[str] = []
    types: list[TypeName] = []
    stream.expect("(")
    while not stream.accept(")"):
        if stream.peek() in ("IN", "OUT", "INOUT") and stream.peek(1) != ",":
            stream.at += 1
        names.append(stream.column())
        types.append(read_type(stream).type)
        if not stream.accept(",") and not stream.ahead(")"):
            raise stream.problem()
    return tuple(names), tuple(types)


def _characteristics(stream: Stream, options: Pairs) -> str | None:
    volatility = None
    while True:
        if stream.accept("COMMENT"):
            stream.string()
        elif stream.accept("LANGUAGE"):
            stream.next()
        elif stream.accept("NOT", "DETERMINISTIC"):
            volatility = None
        elif stream.any_of("DETERMINISTIC"):
            volatility = "deterministic"
        elif any(stream.accept(*words) for words in _ACCESS):
            continue
        elif stream.accept("SQL", "SECURITY"):
            options.append(("security", stream.value()))
        else:
            return None if volatility is None else "immutable"


def _trigger(stream: Stream, span: Span, flags: set[str], options: Pairs) -> list[Operation]:
    name = stream.relation()
    timing = stream.any_of("BEFORE", "AFTER").lower()
    if not timing:
        raise stream.problem()
    events = [stream.next().text.lower()]
    while stream.accept("OR"):
        events.append(stream.next().text.lower())
    columns: tuple[str, ...] = ()
    if stream.accept("OF"):
        found = [stream.column()]
        while stream.accept(","):
            found.append(stream.column())
        columns = tuple(found)
    stream.expect("ON")
    table = stream.relation()
    stream.expect("FOR", "EACH", "ROW")
    if word := stream.any_of("FOLLOWS", "PRECEDES"):
        options.append((word.lower(), str(stream.relation())))
    place = _body(stream)
    definition = TriggerDefinition(
        columns=columns,
        events=tuple(events),
        timing=timing,
        body=stream.text[place.start : place.end],
        body_span=place,
    )
    return [
        Operation(
            "create-trigger",
            span,
            table,
            object="trigger",
            value=name.name,
            definition=definition,
            flags=frozenset(flags),
            options=tuple(options),
        )
    ]
