"""SELECT, VALUES and WITH: a cursor comes in, what the query reads and gives goes out."""

from safecol.expressions import ColumnReference, Expression, Subquery
from safecol.frontends.sqlite.cursor import Cursor, Problem
from safecol.frontends.sqlite.expressions import expression, ordering, window
from safecol.frontends.sqlite.scopes import Scope
from safecol.records import NamedTuple

_STARTS = ("SELECT", "VALUES", "WITH")
_NOT_ALIAS = {
    "CROSS", "FULL", "INNER", "INDEXED", "LEFT", "NATURAL", "OUTER", "RIGHT", "WINDOW", "WHERE", "GROUP", "ORDER",
    "LIMIT", "UNION", "EXCEPT", "INTERSECT", "HAVING", "SET", "USING", "ON", "JOIN", "RETURNING",
}  # fmt: skip
_DEEP = 60
_FEW_ROWS = 3


class Query(NamedTuple):
    """What a query gives: names of columns (None where one has none), and its WHERE, None without one.

    `values` is whether it is VALUES alone, `filtered` whether each part of it has a WHERE, `limited` whether there is
    a LIMIT. `plain` are the outputs that are columns as they are. `grouped` is whether rows that are alike become one.
    """

    outputs: tuple[str | None, ...]
    values: bool = False
    filtered: bool = False
    limited: bool = False
    condition: Expression | None = None
    plain: frozenset[str] = frozenset()
    grouped: bool = False


def starts(cursor: Cursor) -> bool:
    """Whether a query comes next."""
    return cursor.peek().word in _STARTS


def subquery(cursor: Cursor, scope: Scope) -> Expression:
    """A query in parentheses within an expression."""
    before = len(scope.reading.relations)
    cursor.need("(")
    query(cursor, Scope(scope.reading, scope, inner=True))
    cursor.need(")")
    return Subquery(tuple(str(name) for name in scope.reading.relations[before:]))


def query(cursor: Cursor, scope: Scope) -> Query:
    """A whole query, with WITH before it and ORDER BY and LIMIT after it."""
    cursor.depth += 1
    if cursor.depth > _DEEP:
        raise Problem("nested too deeply to be analyzed", known=True)
    common(cursor, scope)
    found = _core(cursor, scope)
    while operator := cursor.one_of("UNION", "EXCEPT", "INTERSECT"):
        if operator == "UNION":
            cursor.take("ALL")
        other = _core(cursor, scope)
        found = found._replace(
            values=False, filtered=found.filtered and other.filtered, condition=None, limited=found.limited
        )
    if cursor.take("ORDER", "BY"):
        ordering(cursor, scope)
        while cursor.take(","):
            ordering(cursor, scope)
    if cursor.take("LIMIT"):
        expression(cursor, scope)
        if cursor.take("OFFSET") or cursor.take(","):
            expression(cursor, scope)
        found = found._replace(limited=True)
    scope.close()
    cursor.depth -= 1
    return found


def common(cursor: Cursor, scope: Scope) -> None:
    """The tables of a WITH clause, if one comes."""
    if not cursor.take("WITH"):
        return
    cursor.take("RECURSIVE")
    while True:
        name = cursor.name()
        if cursor.sees("("):
            cursor.names()
        cursor.need("AS")
        cursor.take("NOT")
        cursor.take("MATERIALIZED")
        scope.common.add(name)  # before its query: it may name itself
        cursor.need("(")
        query(cursor, Scope(scope.reading, scope, inner=True))
        cursor.need(")")
        if not cursor.take(","):
            return


def _core(cursor: Cursor, scope: Scope) -> Query:
    if cursor.take("VALUES"):
        return _values(cursor, scope)
    cursor.need("SELECT")
    grouped = cursor.one_of("DISTINCT", "ALL") == "DISTINCT"
    results = [_result(cursor, scope)]
    while cursor.take(","):
        results.append(_result(cursor, scope))
    outputs = [name for name, _ in results]
    plain = frozenset(name for name, is_plain in results if is_plain and name is not None)
    if cursor.take("FROM"):
        _sources(cursor, scope)
    if None in scope.names.values():  # a query of its own, in which a column may have been made into something else
        plain = frozenset()
    condition = expression(cursor, scope) if cursor.take("WHERE") else None
    if cursor.take("GROUP", "BY"):
        grouped = True
        expression(cursor, scope)
        while cursor.take(","):
            expression(cursor, scope)
    if cursor.take("HAVING"):
        expression(cursor, scope)
    if cursor.take("WINDOW"):
        while True:
            cursor.name()
            cursor.need("AS")
            window(cursor, scope)
            if not cursor.take(","):
                break
    return Query(tuple(outputs), filtered=condition is not None, condition=condition, plain=plain, grouped=grouped)


def _values(cursor: Cursor, scope: Scope) -> Query:
    cursor.need("(")
    width = 1
    expression(cursor, scope)
    while cursor.take(","):
        width += 1
        expression(cursor, scope)
    cursor.need(")")
    rows = 1
    while cursor.take(","):
        rows += 1
        if rows > _FEW_ROWS and not cursor.sees("(", "("):
            cursor.skip_parentheses()
            continue
        cursor.need("(")
        expression(cursor, scope)
        while cursor.take(","):
            expression(cursor, scope)
        cursor.need(")")
    return Query((None,) * width, values=True)


def _result(cursor: Cursor, scope: Scope) -> tuple[str | None, bool]:
    """The name of an output, and whether it is a column as it is."""
    if cursor.take("*"):
        scope.refer(("*",))
        return "*", True
    if cursor.is_name() and cursor.peek(1).word == "." and cursor.peek(2).word == "*":
        owner = cursor.name()
        cursor.need(".", "*")
        scope.refer((owner, "*"))
        return "*", True
    found = expression(cursor, scope)
    name = _alias(cursor)
    own = found.parts[-1] if isinstance(found, ColumnReference) else None
    return name or own, own is not None and name in (None, own)


def _alias(cursor: Cursor) -> str | None:
    if cursor.take("AS"):
        return cursor.name()
    token = cursor.peek()
    if token.kind == "string" or (cursor.is_name() and token.word not in _NOT_ALIAS):
        return cursor.name()
    return None


def _sources(cursor: Cursor, scope: Scope) -> None:
    source(cursor, scope)
    while True:
        if cursor.take(","):
            source(cursor, scope)
            continue
        if not _join(cursor):
            return
        source(cursor, scope)


def _join(cursor: Cursor) -> bool:
    first = cursor.at
    while cursor.one_of("NATURAL", "LEFT", "RIGHT", "FULL", "INNER", "CROSS", "OUTER"):
        pass
    if cursor.take("JOIN"):
        return True
    cursor.at = first
    return False


def source(cursor: Cursor, scope: Scope) -> None:
    """One table, function or query of FROM, with its alias and its ON or USING."""
    if cursor.take("("):
        if starts(cursor):
            inner = Scope(scope.reading, scope, inner=scope.inner)
            query(cursor, inner)
            cursor.need(")")
            scope.names[_alias(cursor) or ""] = None
        else:
            _sources(cursor, scope)
            cursor.need(")")
            _alias(cursor)
    else:
        relation = cursor.relation()
        if cursor.take("("):  # a function that gives rows
            while not cursor.sees(")"):
                expression(cursor, scope)
                if not cursor.take(","):
                    break
            cursor.need(")")
            scope.names[_alias(cursor) or relation.name] = None
        else:
            scope.add(relation, _alias(cursor))
        if cursor.take("INDEXED", "BY"):
            cursor.name()
        else:
            cursor.take("NOT", "INDEXED")
    if cursor.take("ON"):
        expression(cursor, scope)
    elif cursor.take("USING"):
        for name in cursor.names():
            scope.refer((name,))
