"""Queries and changes of rows: their place in the text comes in, operations go out.

What is not understood here is read with sqlglot, which takes more time.
"""

from safecol.frontends.mysql.queries import Block, Query
from safecol.frontends.mysql.tokens import Stream
from safecol.frontends.sqlglot.trees import Problem
from safecol.operations import Name, Operation, QueryUse
from safecol.source import Span

_NAMES = frozenset({"word", "quoted"})
_AFTER_INTO = frozenset({"FROM", "WHERE", "GROUP", "HAVING", "ORDER", "LIMIT", "FOR", "UNION"})
_PRIORITIES = ("LOW_PRIORITY", "DELAYED", "HIGH_PRIORITY", "QUICK")


def read_data(stream: Stream, span: Span) -> list[Operation]:
    """The operations of a query or of DML."""
    at, word = stream.at, stream.peek()
    try:
        found = READERS.get(word, read_query)(Query(stream), span)
        if stream.done:
            return found
        refused = stream.problem()
    except Problem as problem:
        refused = problem
    stream.at = at
    text = _without_into(stream, span) if word == "SELECT" else stream.text[span.start : span.end]
    stream.at = len(stream.tokens) - 1
    try:
        return parsed(text, span)
    except Problem as problem:
        if problem.syntax and refused.offset is not None:
            raise refused from problem
        raise


def query_of(stream: Stream, place: Span) -> QueryUse:
    """What the query at a place reads."""
    try:
        query = Query(Stream(stream.text, place, stream.dialect))
        query.query(None)
        if query.stream.done:
            return query.use()
    except Problem:
        pass
    from safecol.frontends.sqlglot.queries import query_use
    from safecol.frontends.sqlglot.style import MYSQL
    from safecol.frontends.sqlglot.trees import parse

    return query_use(parse(_spelled(stream.text[place.start : place.end]), "mysql"), MYSQL)


def parsed(text: str, span: Span) -> list[Operation]:
    """The operations of a query or of DML as sqlglot reads it."""
    from safecol.frontends.sqlglot.data import convert_data
    from safecol.frontends.sqlglot.style import MYSQL
    from safecol.frontends.sqlglot.trees import parse

    replaces = text[:7].upper() == "REPLACE"
    try:
        tree = parse(_spelled(text), "mysql")
    except Problem as problem:
        offset = None if problem.offset is None else problem.offset + span.start
        raise Problem(problem.message, offset, syntax=problem.syntax) from problem
    if tree.key == "update" and not tree.expressions:
        raise Problem("syntax error at end of input")
    operations = convert_data(tree, span, MYSQL)
    if replaces:
        return [item._replace(flags=item.flags | {"replace", "on-conflict"}) for item in operations]
    return operations


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


def read_query(query: Query, span: Span) -> list[Operation]:
    """A query by itself, or before the UPDATE or DELETE that WITH stands before."""
    stream = query.stream
    query.query(None)
    use = query.use()
    if not stream.done:
        raise stream.problem()
    return [
        Operation(
            "select",
            span,
            object="query",
            query=use,
            reads=use.relations,
            flags=frozenset(query.flags),
            options=query.pairs(),
        )
    ]


def _insert(query: Query, span: Span) -> list[Operation]:
    stream = query.stream
    flags: set[str] = set()
    if stream.next().text == "REPLACE":
        flags |= {"replace", "on-conflict"}
    stream.any_of(*_PRIORITIES)
    if stream.any_of("IGNORE"):
        flags |= {"ignore", "on-conflict"}
    stream.accept("INTO")
    table = stream.relation()
    if stream.accept("PARTITION"):
        stream.group()
    columns: tuple[str, ...] = ()
    block = query.block(None)
    block.items[table.name] = table
    if stream.accept("SET"):
        flags |= {"column-list", "values-source"}
        columns = tuple(name for _, name in _assigned(query, block))
    else:
        if stream.ahead("(") and stream.peek(1) not in ("SELECT", "WITH", "("):
            flags.add("column-list")
            columns = () if stream.accept("(", ")") else stream.columns()
        if stream.any_of("VALUES", "VALUE"):
            flags.add("values-source")
            _rows(query, block)
        else:
            query.query(None)
            flags |= {"select-source", *query.flags} if query.relations else {"values-source"}
    use = query.use(table)
    if stream.accept("AS"):  # the name of the new row
        stream.identifier()
        if stream.ahead("("):
            stream.columns()
    if stream.accept("ON", "DUPLICATE", "KEY", "UPDATE"):
        flags.add("on-conflict")
        _assigned(Query(stream), Block(None))
    if stream.accept("RETURNING"):
        _assigned_values(query, block)
    return [
        Operation(
            "insert",
            span,
            table,
            query=use,
            reads=query.others(table),
            flags=frozenset(flags),
            options=query.pairs(*(("column", name) for name in columns)),
        )
    ]


def _assigned_values(query: Query, block: Block) -> None:
    query.expression(block)
    while query.stream.accept(","):
        query.expression(block)


def _rows(query: Query, block: Block) -> None:
    """`(…), (…)`: literals alone, which most are, are not made into expressions."""
    stream = query.stream
    while True:
        stream.accept("ROW")
        stream.expect("(")
        while not stream.accept(")"):
            token, after = stream.token, stream.peek(1)
            if token.kind in ("string", "number", "bits") and after in (",", ")"):
                if token.kind == "string":
                    query.literal(token.text)
                stream.at += 1
            else:
                query.expression(block)
            if not stream.accept(",") and not stream.ahead(")"):
                raise stream.problem()
        if not stream.accept(","):
            return


def _assigned(query: Query, block: Block) -> list[tuple[str, str]]:
    """What is assigned to, as (table or alias, column)."""
    stream = query.stream
    found: list[tuple[str, str]] = []
    while True:
        parts = [stream.identifier()]
        while stream.accept("."):
            parts.append(stream.after_dot())
        found.append((parts[-2] if len(parts) > 1 else "", parts[-1].lower()))
        if not stream.any_of("=", ":="):
            raise stream.problem()
        query.expression(block)
        if not stream.accept(","):
            return found


def _update(query: Query, span: Span) -> list[Operation]:
    """An UPDATE of each table that it assigns to: with joins it may be several."""
    stream = query.stream
    stream.expect("UPDATE")
    stream.any_of(*_PRIORITIES)
    flags = {"ignore"} if stream.any_of("IGNORE") else set()
    block = query.block(None)
    query.references(block)
    first = next((name for name in block.items.values() if name is not None), Name(""))
    stream.expect("SET")
    assigned: dict[Name, list[tuple[str, str]]] = {}
    for table, column in _assigned(query, block):
        assigned.setdefault(block.items.get(table) or first, []).append(("column", column))
    query.condition(block)
    before = stream.at
    query.ordered(block)
    order = [("order", item.text.lower()) for item in stream.tokens[before : stream.at] if item.kind in _NAMES]
    return [
        Operation(
            "update",
            span,
            table,
            expression=query.where,
            query=query.use(table),
            reads=query.others(table),
            flags=frozenset(query.flags | flags),
            options=query.pairs(*columns, *order),
        )
        for table, columns in assigned.items()
    ]


def _delete(query: Query, span: Span) -> list[Operation]:
    stream = query.stream
    stream.expect("DELETE")
    flags: set[str] = set()
    while word := stream.any_of(*_PRIORITIES, "IGNORE"):
        flags |= {"ignore"} if word == "IGNORE" else set()
    block = query.block(None)
    if stream.dialect == "mariadb" and stream.accept("HISTORY", "FROM"):
        return _delete_history(query, block, span)
    named: list[Name] = []
    if stream.accept("FROM"):
        at = stream.at
        named = _targets(stream)
        if not stream.accept("USING"):
            stream.at, named = at, []
    else:
        named = _targets(stream)
        stream.expect("FROM")
    query.references(block)
    first = next((name for name in block.items.values() if name is not None), Name(""))
    targets = [block.items.get(name.name) or name for name in named] or [first]
    query.condition(block)
    query.ordered(block)
    if stream.accept("RETURNING"):
        _assigned_values(query, block)
    return [
        Operation(
            "delete",
            span,
            table,
            expression=query.where,
            query=query.use(table),
            reads=query.others(table),
            flags=frozenset(query.flags | flags),
            options=query.pairs(),
        )
        for table in targets
    ]


def _delete_history(query: Query, block: Block, span: Span) -> list[Operation]:
    """MariaDB's old versions of rows: those that the application reads stay."""
    stream = query.stream
    table = stream.relation()
    if stream.accept("PARTITION"):
        stream.group()
    if stream.accept("BEFORE", "SYSTEM_TIME"):
        stream.any_of("TIMESTAMP", "TRANSACTION")
        query.expression(block)
    return [Operation("delete", span, table, object="history", flags=frozenset({"where"}))]


def _targets(stream: Stream) -> list[Name]:
    """The tables of a list: `a, b.*`."""
    found: list[Name] = []
    while True:
        name = Name(stream.identifier())
        while stream.accept("."):
            if not stream.accept("*"):
                name = Name(stream.after_dot(), name.name)
        found.append(name)
        if not stream.accept(","):
            return found


READERS = {"INSERT": _insert, "REPLACE": _insert, "UPDATE": _update, "DELETE": _delete}
