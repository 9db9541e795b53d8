"""Queries and changes of rows: their place in the text comes in, operations go out.

Plain INSERT … VALUES, UPDATE and DELETE of one table are read here, which takes a hundredth of the time; all else is
read with sqlglot.
"""

from safecol.expressions import Call, ColumnReference, Expression, Literal, Subquery, walk
from safecol.frontends.mysql.expressions import expression
from safecol.frontends.mysql.tokens import Stream
from safecol.operations import Name, Operation, QueryUse
from safecol.source import Span

_MOST_LITERALS = 50
_AFTER_INTO = frozenset({"FROM", "WHERE", "GROUP", "HAVING", "ORDER", "LIMIT", "FOR", "UNION"})
_STARTS = frozenset({"SELECT", "INSERT", "REPLACE", "UPDATE", "DELETE", "WITH", "VALUES", "TABLE", "("})


def read_data(stream: Stream, span: Span) -> list[Operation] | None:
    """The operations of a query or of DML; None for another statement."""
    word = stream.peek()
    if word not in _STARTS:
        return None
    plain = _plain(stream, span, word)
    if plain is not None:
        return plain
    text = _without_into(stream, span) if word == "SELECT" else stream.text[span.start : span.end]
    stream.at = len(stream.tokens) - 1
    return _parsed(text, span)


def _without_into(stream: Stream, span: Span) -> str:
    """The text of a SELECT, with INTO and its variables or file blank: it never makes a table."""
    text, depth = stream.text, 0
    found = stream.tokens[stream.at :]
    for number, token in enumerate(found):
        if token.kind == "symbol":
            depth += {"(": 1, ")": -1}.get(token.text, 0)
        elif token.kind == "word" and token.text == "INTO" and depth == 0:
            end = span.end
            for later in found[number + 1 :]:
                if later.kind == "word" and later.text in _AFTER_INTO:
                    end = later.start
                    break
            return text[span.start : token.start] + " " * (end - token.start) + text[end : span.end]
    return text[span.start : span.end]


def query_of(stream: Stream, place: Span) -> QueryUse:
    """What the query at a place reads."""
    from safecol.frontends.sqlglot.queries import query_use
    from safecol.frontends.sqlglot.style import MYSQL
    from safecol.frontends.sqlglot.trees import parse

    return query_use(parse(_spelled(stream.text[place.start : place.end]), "mysql"), MYSQL)


def _parsed(text: str, span: Span) -> list[Operation]:
    from safecol.frontends.sqlglot.data import convert_data
    from safecol.frontends.sqlglot.style import MYSQL
    from safecol.frontends.sqlglot.trees import Problem, parse

    replaces = text[:7].upper() == "REPLACE"
    try:
        tree = parse(_spelled(text), "mysql")
    except Problem as problem:
        offset = None if problem.offset is None else problem.offset + span.start
        raise Problem(problem.message, offset, syntax=problem.syntax) from problem
    operations = convert_data(tree, span, MYSQL)
    if replaces:
        return [item._replace(flags=item.flags | {"replace", "on-conflict"}) for item in operations]
    return operations


def _spelled(text: str) -> str:
    """The text in words that sqlglot knows, as long as it was."""
    import re

    text = re.sub(r"\A\s*REPLACE\b", lambda found: found.group()[:-7] + "INSERT ", text, flags=re.IGNORECASE)
    return re.sub(
        r"\A(\s*(?:INSERT|UPDATE|DELETE)\s+)((?:LOW_PRIORITY|DELAYED|HIGH_PRIORITY|QUICK)\s+)",
        lambda found: found.group(1) + " " * len(found.group(2)),
        text,
        flags=re.IGNORECASE,
    )


def _plain(stream: Stream, span: Span, word: str) -> list[Operation] | None:
    from safecol.frontends.sqlglot.trees import Problem

    reader = {"INSERT": _insert, "REPLACE": _insert, "UPDATE": _update, "DELETE": _delete}.get(word)
    if reader is None:
        return None
    at = stream.at
    try:
        found = reader(stream, span)
    except Problem:
        found = None
    if found is None or not stream.done:
        stream.at = at
        return None
    return [found]


class _Seen:
    """What expressions mention."""

    __slots__ = ("calls", "columns", "literals", "plain")

    def __init__(self) -> None:
        self.calls: dict[str, None] = {}
        self.columns: dict[str, None] = {}
        self.literals: list[str] = []
        self.plain = True

    def add(self, value: Expression) -> None:
        for part in walk(value):
            if isinstance(part, Subquery):
                self.plain = False
            elif isinstance(part, Call):
                self.calls[part.name] = None
            elif isinstance(part, ColumnReference):
                if not part.parts[-1].startswith("@"):
                    self.columns[part.parts[-1]] = None
            elif isinstance(part, Literal) and part.kind == "string" and len(self.literals) < _MOST_LITERALS:
                self.literals.append(part.value)

    def pairs(self, *more: tuple[str, str]) -> tuple[tuple[str, str], ...]:
        return (*more, *(("calls", name) for name in self.calls), *(("literal", value) for value in self.literals))

    def use(self, table: Name) -> QueryUse:
        return QueryUse((), tuple((str(table), name) for name in self.columns))


def _insert(stream: Stream, span: Span) -> Operation | None:
    flags = {"values-source"}
    if stream.next().text == "REPLACE":
        flags |= {"replace", "on-conflict"}
    stream.any_of("LOW_PRIORITY", "DELAYED", "HIGH_PRIORITY")
    if stream.any_of("IGNORE"):
        flags |= {"ignore", "on-conflict"}
    stream.accept("INTO")
    table = stream.relation()
    columns: tuple[str, ...] = ()
    seen = _Seen()
    if stream.accept("SET"):
        flags.add("column-list")
        columns = _assigned(stream, seen)
    else:
        if stream.ahead("(") and stream.peek(1) not in ("SELECT", "WITH"):
            flags.add("column-list")
            columns = () if stream.accept("(", ")") else stream.columns()
        if not stream.any_of("VALUES", "VALUE"):
            return None
        _rows(stream, seen)
    if stream.accept("ON", "DUPLICATE", "KEY", "UPDATE"):
        flags.add("on-conflict")
        _assigned(stream, _Seen())
    if not seen.plain:
        return None
    return Operation(
        "insert",
        span,
        table,
        query=seen.use(table)._replace(columns=()),
        flags=frozenset(flags),
        options=seen.pairs(*(("column", name) for name in columns)),
    )


def _rows(stream: Stream, seen: _Seen) -> None:
    """`(…), (…)`: literals alone, which most are, are not made into expressions."""
    while True:
        stream.expect("(")
        while not stream.accept(")"):
            token, after = stream.token, stream.peek(1)
            if token.kind in ("string", "number", "bits") and after in (",", ")"):
                if token.kind == "string" and len(seen.literals) < _MOST_LITERALS:
                    seen.literals.append(token.text)
                stream.at += 1
            else:
                seen.add(expression(stream))
            if not stream.accept(",") and not stream.ahead(")"):
                raise stream.problem()
        if not stream.accept(","):
            return


def _assigned(stream: Stream, seen: _Seen) -> tuple[str, ...]:
    found: list[str] = []
    while True:
        name = stream.column()
        while stream.accept("."):
            name = stream.after_dot().lower()
        found.append(name)
        if not stream.any_of("=", ":="):
            raise stream.problem()
        seen.add(expression(stream))
        if not stream.accept(","):
            return tuple(found)


def _update(stream: Stream, span: Span) -> Operation | None:
    stream.next()
    flags: set[str] = set()
    stream.any_of("LOW_PRIORITY")
    if stream.any_of("IGNORE"):
        flags.add("ignore")
    table = stream.relation()
    _alias(stream, "SET")
    stream.expect("SET")
    seen = _Seen()
    columns = _assigned(stream, seen)
    condition = _tail(stream, seen, flags)
    if not seen.plain:
        return None
    return Operation(
        "update",
        span,
        table,
        expression=condition,
        query=seen.use(table),
        flags=frozenset(flags),
        options=seen.pairs(*(("column", name) for name in columns)),
    )


def _alias(stream: Stream, *before: str) -> None:
    stream.accept("AS")
    if stream.peek() not in before and not stream.done:
        stream.identifier()


def _delete(stream: Stream, span: Span) -> Operation | None:
    stream.next()
    flags: set[str] = set()
    while word := stream.any_of("LOW_PRIORITY", "QUICK", "IGNORE"):
        flags |= {"ignore"} if word == "IGNORE" else set()
    stream.expect("FROM")
    table = stream.relation()
    _alias(stream, "WHERE", "ORDER", "LIMIT", "USING", "PARTITION", "JOIN", ",")
    seen = _Seen()
    condition = _tail(stream, seen, flags)
    if not seen.plain:
        return None
    return Operation(
        "delete",
        span,
        table,
        expression=condition,
        query=seen.use(table),
        flags=frozenset(flags),
        options=seen.pairs(),
    )


def _tail(stream: Stream, seen: _Seen, flags: set[str]) -> Expression | None:
    from safecol.frontends.sqlglot.expressions import is_always_true

    condition = None
    if stream.accept("WHERE"):
        condition = expression(stream)
        seen.add(condition)
        flags |= {"where", "always-true"} if is_always_true(condition) else {"where"}
    if stream.accept("ORDER", "BY"):
        while True:
            seen.add(expression(stream))
            stream.any_of("ASC", "DESC")
            if not stream.accept(","):
                break
    if stream.accept("LIMIT"):
        stream.value()
        flags.add("limit")
    return condition
