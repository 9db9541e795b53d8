"""Reading and changing rows: a cursor comes in, operations go out."""

from safecol.expressions import Expression, Literal, Operator
from safecol.expressions import columns as columns_of
from safecol.frontends.sqlite.cursor import Cursor
from safecol.frontends.sqlite.expressions import expression, ordering
from safecol.frontends.sqlite.queries import Query, common, query, source
from safecol.frontends.sqlite.scopes import Reading, Scope
from safecol.operations import Name, Operation

Pairs = tuple[tuple[str, str], ...]


def statement(cursor: Cursor, scope: Scope | None = None) -> list[Operation]:
    """SELECT, VALUES, INSERT, REPLACE, UPDATE or DELETE, with WITH before it; those of a trigger read its scope."""
    first = cursor.at
    scope = scope or Scope(Reading())
    if not cursor.sees("WITH"):
        return _statement(cursor, scope, first)
    common(cursor, scope)
    return _statement(cursor, scope, first)


def _statement(cursor: Cursor, scope: Scope, first: int) -> list[Operation]:
    word = cursor.peek().word
    if word in {"INSERT", "REPLACE"}:
        return [_insert(cursor, scope, first)]
    if word == "UPDATE":
        return [_update(cursor, scope, first)]
    if word == "DELETE":
        return [_delete(cursor, scope, first)]
    found = query(cursor, scope)
    use = scope.reading.use(found.outputs)
    return [
        Operation(
            "select",
            cursor.since(first),
            object="query",
            query=use,
            reads=use.relations,
            flags=_flags(found),
            options=scope.reading.pairs(),
        )
    ]


def _flags(found: Query) -> frozenset[str]:
    words = {"where"} if found.filtered else set()
    if found.condition is not None and is_always_true(found.condition):
        words.add("always-true")
    if found.limited:
        words.add("limit")
    return frozenset(words)


def is_always_true(condition: Expression) -> bool:
    """Whether a WHERE keeps every row: `1`, `TRUE`, `1 = 1`."""
    if isinstance(condition, Literal):
        zero = condition.value.strip("-0._") == ""
        return condition.value == "true" or (condition.kind == "number" and not zero)
    if not isinstance(condition, Operator) or condition.name not in {"=", "is"}:
        return False
    left, right = condition.arguments
    return isinstance(left, Literal) and left == right and left.kind != "null"


def _target(cursor: Cursor, scope: Scope) -> Name:
    target = cursor.relation()
    alias = cursor.name() if cursor.take("AS") else target.name
    scope.names[alias] = target
    return target


def _insert(cursor: Cursor, scope: Scope, first: int) -> Operation:
    flags: set[str] = set()
    conflict = _or(cursor) if cursor.take("INSERT") else "replace"
    if conflict == "replace" and not cursor.sees("INTO"):
        cursor.take("REPLACE")
    cursor.need("INTO")
    target = _target(cursor, scope)
    columns: tuple[str, ...] = ()
    if cursor.sees("("):
        columns = cursor.names()
        flags.add("column-list")
    if cursor.take("DEFAULT", "VALUES"):
        found = Query((), values=True)
    else:
        inner = Scope(scope.reading, scope)
        inner.common |= scope.common
        found = query(cursor, inner)
    if found.values:
        flags.add("values-source")
    else:
        flags |= {"select-source", *_flags(found)}
    literals = scope.reading.pairs()  # those of the rows, not of what is done about a conflict
    updates = _upsert(cursor, scope)
    if updates is not None:
        flags.add("on-conflict")
    returning = _returning(cursor, scope)
    scope.close()
    use = scope.reading.use(found.outputs, target)
    plain = (("plain", name) for name in sorted(found.plain))
    asked = (("condition", name) for name in sorted(columns_of(found.condition) if found.condition is not None else ()))
    grouped = (("grouped", "true"),) if found.grouped else ()
    options = (*literals, *(("column", name) for name in columns), *plain, *asked, *grouped, *returning)
    if conflict in {"replace", "ignore"}:
        flags.add(conflict)
    return Operation(
        "insert",
        cursor.since(first),
        target,
        query=use,
        reads=use.relations,
        flags=frozenset(flags),
        options=options,
    )


def _or(cursor: Cursor) -> str:
    if not cursor.take("OR"):
        return ""
    word = cursor.one_of("ROLLBACK", "ABORT", "FAIL", "IGNORE", "REPLACE")
    if not word:
        raise cursor.unexpected("expected what to do")
    return word.lower()


def _upsert(cursor: Cursor, scope: Scope) -> list[str] | None:
    """The columns that ON CONFLICT … DO UPDATE sets; None without ON CONFLICT."""
    found: list[str] | None = None
    scope.names.setdefault("excluded", None)
    while cursor.take("ON", "CONFLICT"):
        found = found or []
        if cursor.take("("):
            ordering(cursor, scope)
            while cursor.take(","):
                ordering(cursor, scope)
            cursor.need(")")
            if cursor.take("WHERE"):
                expression(cursor, scope)
        cursor.need("DO")
        if cursor.take("NOTHING"):
            continue
        cursor.need("UPDATE", "SET")
        found += _assignments(cursor, scope)
        if cursor.take("WHERE"):
            expression(cursor, scope)
    return found


def _assignments(cursor: Cursor, scope: Scope) -> list[str]:
    found: list[str] = []
    while True:
        if cursor.sees("("):
            found.extend(cursor.names())
        else:
            found.append(cursor.name())
        cursor.need("=")
        expression(cursor, scope)
        if not cursor.take(","):
            return found


def _returning(cursor: Cursor, scope: Scope) -> Pairs:
    if not cursor.take("RETURNING"):
        return ()
    while True:
        if not cursor.take("*"):
            expression(cursor, scope)
            if cursor.take("AS") or cursor.is_name():
                cursor.name()
        if not cursor.take(","):
            return (("feature", "RETURNING"),)


def _indexed(cursor: Cursor) -> None:
    if cursor.take("INDEXED", "BY"):
        cursor.name()
    else:
        cursor.take("NOT", "INDEXED")


def _update(cursor: Cursor, scope: Scope, first: int) -> Operation:
    cursor.need("UPDATE")
    conflict = _or(cursor)
    target = _target(cursor, scope)
    _indexed(cursor)
    cursor.need("SET")
    columns = _assignments(cursor, scope)
    joined: Pairs = ()
    if cursor.take("FROM"):
        joined = (("feature", "UPDATE … FROM"),)
        source(cursor, scope)
        while cursor.take(",") or _joined(cursor):
            source(cursor, scope)
    options: Pairs = (*(("column", name) for name in columns), *joined)
    made = _changed("update", cursor, scope, first, target, options)
    return made._replace(flags=made.flags | {conflict}) if conflict in {"replace", "ignore"} else made


def _joined(cursor: Cursor) -> bool:
    while cursor.one_of("NATURAL", "LEFT", "RIGHT", "FULL", "INNER", "CROSS", "OUTER"):
        pass
    return cursor.take("JOIN")


def _delete(cursor: Cursor, scope: Scope, first: int) -> Operation:
    cursor.need("DELETE", "FROM")
    target = _target(cursor, scope)
    _indexed(cursor)
    return _changed("delete", cursor, scope, first, target, ())


def _changed(kind: str, cursor: Cursor, scope: Scope, first: int, target: Name, options: Pairs) -> Operation:
    condition = expression(cursor, scope) if cursor.take("WHERE") else None
    options = (*options, *_returning(cursor, scope))
    flags = set()
    if condition is not None:
        flags |= {"where", "always-true"} if is_always_true(condition) else {"where"}
    if cursor.take("ORDER", "BY"):
        ordering(cursor, scope)
        while cursor.take(","):
            ordering(cursor, scope)
    if cursor.take("LIMIT"):
        expression(cursor, scope)
        flags.add("limit")
        if cursor.take("OFFSET") or cursor.take(","):
            expression(cursor, scope)
    scope.close()
    use = scope.reading.use((), target)
    return Operation(
        kind,
        cursor.since(first),
        target,
        expression=condition,
        query=use,
        reads=use.relations,
        flags=frozenset(flags),
        options=(*scope.reading.pairs(), *options),
    )
