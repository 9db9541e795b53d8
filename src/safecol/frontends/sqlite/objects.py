"""CREATE and DROP of tables, indexes, views and triggers: a cursor comes in, operations go out."""

from safecol.expressions import ColumnReference, Expression, Operator
from safecol.frontends.sqlite import data
from safecol.frontends.sqlite.cursor import Cursor
from safecol.frontends.sqlite.expressions import expression, ordering
from safecol.frontends.sqlite.queries import query
from safecol.frontends.sqlite.scopes import Reading, Scope
from safecol.frontends.sqlite.tables import table_body
from safecol.operations import (
    NO_FLAGS,
    IndexDefinition,
    IndexElement,
    Name,
    Operation,
    QueryUse,
    TriggerDefinition,
)

_DROPS = {"TABLE": "drop-table", "INDEX": "drop-index", "VIEW": "drop-view", "TRIGGER": "drop-trigger"}


def create(cursor: Cursor) -> list[Operation]:
    """CREATE after that word."""
    temporary = bool(cursor.one_of("TEMP", "TEMPORARY"))
    if cursor.take("TABLE"):
        return _table(cursor, temporary=temporary)
    if cursor.take("VIEW"):
        return _view(cursor, temporary=temporary)
    if cursor.take("TRIGGER"):
        return _trigger(cursor, temporary=temporary)
    if not temporary and cursor.take("VIRTUAL", "TABLE"):
        return _virtual(cursor)
    if not temporary:
        unique = cursor.take("UNIQUE")
        if cursor.take("INDEX"):
            return _index(cursor, unique=unique)
    raise cursor.unexpected()


def _guard(cursor: Cursor) -> set[str]:
    return {"if-not-exists"} if cursor.take("IF", "NOT", "EXISTS") else set()


def _sql(cursor: Cursor) -> tuple[tuple[str, str], ...]:
    """The statement as the server keeps it in its schema, for those who have to write it again."""
    return (("sql", cursor.written(0)),)


def _place(name: Name, *, temporary: bool) -> Name:
    return name._replace(schema="temp") if temporary else name


def _table(cursor: Cursor, *, temporary: bool) -> list[Operation]:
    flags = _guard(cursor)
    name = cursor.relation()
    if name.schema == "temp":
        temporary = True
    flags |= {"temporary"} if temporary else set()
    name = _place(name, temporary=temporary)
    if cursor.take("AS"):
        scope = Scope(Reading())
        found = query(cursor, scope)
        use = scope.reading.use(found.outputs)
        flags |= {"where"} if found.filtered else set()
        flags |= {"limit"} if found.limited else set()
        return [
            Operation(
                "create-table-as",
                cursor.since(0),
                name,
                query=use,
                reads=use.relations,
                flags=frozenset(flags),
                options=scope.reading.pairs(),
            )
        ]
    body = table_body(cursor)
    definition = body._replace(persistence="temporary" if temporary else "permanent")
    flags.discard("temporary")
    operation = Operation(
        "create-table", cursor.since(0), name, definition=definition, flags=frozenset(flags), options=_sql(cursor)
    )
    return [operation]


def _virtual(cursor: Cursor) -> list[Operation]:
    flags = _guard(cursor)
    name = cursor.relation()
    cursor.need("USING")
    module = cursor.name()
    if cursor.sees("("):
        cursor.skip_parentheses()
    options = (("module", module), *_sql(cursor))
    return [Operation("create-table", cursor.since(0), name, flags=frozenset(flags), options=options)]


def _index(cursor: Cursor, *, unique: bool) -> list[Operation]:
    flags = _guard(cursor)
    name = cursor.relation()
    cursor.need("ON")
    table = Name(cursor.name(), name.schema)
    cursor.need("(")
    scope = Scope(Reading())
    elements = [_element(cursor, scope)]
    while cursor.take(","):
        elements.append(_element(cursor, scope))
    cursor.need(")")
    predicate = expression(cursor, scope) if cursor.take("WHERE") else None
    scope.close()
    definition = IndexDefinition(name.name, tuple(elements), unique=unique, predicate=predicate)
    operation = Operation(
        "create-index",
        cursor.since(0),
        table,
        object="index",
        definition=definition,
        flags=frozenset({*flags, "explicit-name"}),
        options=(*_sql(cursor), *(("double-quoted", word) for word in scope.reading.quoted)),
    )
    return [operation]


def _element(cursor: Cursor, scope: Scope) -> IndexElement:
    found: Expression
    found, descending, nulls = ordering(cursor, scope)
    collation = None
    if isinstance(found, Operator) and found.name == "collate":
        found, name = found.arguments
        collation = getattr(name, "value", None)
    if isinstance(found, ColumnReference):
        return IndexElement(found.parts[-1], descending=descending, nulls=nulls, collation=collation)
    return IndexElement(None, found, descending, nulls, collation=collation)


def _view(cursor: Cursor, *, temporary: bool) -> list[Operation]:
    flags = _guard(cursor)
    name = _place(cursor.relation(), temporary=temporary)
    names: tuple[str | None, ...] = cursor.names() if cursor.sees("(") else ()
    cursor.need("AS")
    scope = Scope(Reading())
    found = query(cursor, scope)
    use = scope.reading.use((*names, *found.outputs[len(names) :]))
    flags |= {"temporary"} if temporary else set()
    return [
        Operation(
            "create-view",
            cursor.since(0),
            name,
            object="view",
            query=use,
            reads=use.relations,
            flags=frozenset(flags),
            options=_sql(cursor),
        )
    ]


def _trigger(cursor: Cursor, *, temporary: bool) -> list[Operation]:
    flags = _guard(cursor)
    name = cursor.relation()
    timing = cursor.one_of("BEFORE", "AFTER").lower() or "before"
    if cursor.take("INSTEAD", "OF"):
        timing = "instead of"
    event = cursor.one_of("DELETE", "INSERT", "UPDATE")
    if not event:
        raise cursor.unexpected("expected DELETE, INSERT or UPDATE")
    columns: list[str] = []
    if event == "UPDATE" and cursor.take("OF"):
        columns.append(cursor.name())
        while cursor.take(","):
            columns.append(cursor.name())
    cursor.need("ON")
    table = cursor.relation()
    cursor.take("FOR", "EACH", "ROW")
    reading = Reading()
    scope = Scope(reading)
    scope.names.update(dict.fromkeys(("new", "old"), table))
    condition = expression(cursor, scope) if cursor.take("WHEN") else None
    cursor.need("BEGIN")
    use, written = _body(cursor, scope)
    flags |= {"temporary"} if temporary else set()
    return [
        Operation(
            "create-trigger",
            cursor.since(0),
            table._replace(schema=table.schema or name.schema),
            object="trigger",
            value=name.name,
            definition=TriggerDefinition(columns=tuple(columns), when=condition, events=(event.lower(),)),
            # NEW and OLD are the table itself: its columns are read too.
            query=use._replace(relations=tuple(dict.fromkeys((table, *use.relations)))),
            reads=tuple(name for name in use.relations if name != table),
            flags=frozenset(flags),
            options=(("timing", timing), ("level", "row"), *written, *_sql(cursor)),
        )
    ]


def _body(cursor: Cursor, scope: Scope) -> tuple[QueryUse, tuple[tuple[str, str], ...]]:
    """The statements of a trigger up to its END: what all of them read, and the columns that they write.

    DROP COLUMN looks at what they read alone.
    """
    written: list[tuple[str, str]] = []
    while not cursor.take("END"):
        for operation in data.statement(cursor, Scope(scope.reading, scope)):
            if operation.relation is not None:
                name = operation.relation.name
                scope.reading.relations.append(operation.relation)
                written += (("writes", f"{name}.{value}") for key, value in operation.options if key == "column")
        cursor.need(";")
    scope.close()
    return scope.reading.use(), tuple(dict.fromkeys(written))


def drop(cursor: Cursor) -> list[Operation]:
    """DROP after that word."""
    word = cursor.one_of(*_DROPS)
    if not word:
        raise cursor.unexpected("expected TABLE, INDEX, VIEW or TRIGGER")
    flags = frozenset({"if-exists"}) if cursor.take("IF", "EXISTS") else NO_FLAGS
    name = cursor.relation()
    made = Operation(_DROPS[word], cursor.since(0), name, object=word.lower(), flags=flags)
    if word == "TRIGGER":
        made = made._replace(relation=None, value=name.name)
    return [made]
