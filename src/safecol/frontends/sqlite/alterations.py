"""ALTER TABLE: a cursor comes in, the operations of its clause go out.

What other databases have and SQLite lacks is understood too, with the flag `unsupported`: the cure is known then.
"""

from safecol.frontends.sqlite.cursor import Cursor, Problem
from safecol.frontends.sqlite.expressions import expression, type_name
from safecol.frontends.sqlite.scopes import Reading, Scope
from safecol.frontends.sqlite.tables import column_definition, table_constraint
from safecol.operations import Name, Operation

_LACKING = "unsupported"


def alter_table(cursor: Cursor) -> list[Operation]:
    """ALTER TABLE after those words."""
    lacking = cursor.take("IF", "EXISTS")
    cursor.take("ONLY")
    table = cursor.relation()
    operations = _clause(cursor, table)
    while cursor.take(","):
        operations += _clause(cursor, table)
        lacking = True
    return [_unsupported(operation) for operation in operations] if lacking else operations


def _unsupported(operation: Operation) -> Operation:
    return operation._replace(flags=operation.flags | {_LACKING})


def _clause(cursor: Cursor, table: Name) -> list[Operation]:
    first = cursor.at
    if cursor.take("RENAME"):
        return [_rename(cursor, table, first)]
    if cursor.take("ADD"):
        return _add(cursor, table, first)
    if cursor.take("DROP"):
        return [_drop(cursor, table, first)]
    if cursor.take("ALTER"):
        return [_alter_column(cursor, table, first)]
    if cursor.peek().word in {"MODIFY", "CHANGE"}:
        return [_modify(cursor, table, first)]
    raise cursor.unexpected("expected RENAME, ADD, DROP or ALTER")


def _rename(cursor: Cursor, table: Name, first: int) -> Operation:
    if cursor.take("TO"):
        new = cursor.name()
        return Operation("rename-table", cursor.since(first), table, new_name=new)
    if cursor.take("CONSTRAINT"):
        old = cursor.name()
        cursor.need("TO")
        new = cursor.name()
        made = Operation("rename-constraint", cursor.since(first), table, value=old, new_name=new)
        return _unsupported(made)
    cursor.take("COLUMN")
    old = cursor.name()
    cursor.need("TO")
    new = cursor.name()
    return Operation("rename-column", cursor.since(first), table, column=old, new_name=new)


def _add(cursor: Cursor, table: Name, first: int) -> list[Operation]:
    if cursor.peek().word in {"CONSTRAINT", "CHECK", "UNIQUE", "PRIMARY", "FOREIGN"}:
        begun = cursor.at
        constraint = table_constraint(cursor)
        written = (("written", cursor.written(begun)),)
        made = Operation("add-constraint", cursor.since(first), table, definition=constraint, options=written)
        if cursor.take("NOT", "VALID") or constraint.kind != "check":
            made = _unsupported(made._replace(span=cursor.since(first)))
        return [made]
    if cursor.peek().word in {"INDEX", "KEY"} and cursor.peek(2).word == "(":
        raise Problem("SQLite has no ALTER TABLE ADD INDEX: write CREATE INDEX", known=True)
    cursor.take("COLUMN")
    flags: set[str] = set()
    if cursor.take("IF", "NOT", "EXISTS"):
        flags |= {"if-not-exists", _LACKING}
    begun = cursor.at
    column = column_definition(cursor)
    name = column.definition.name
    made = Operation(
        "add-column",
        cursor.since(first),
        table,
        column=name,
        definition=column.definition,
        flags=frozenset(flags),
        options=(("written", cursor.written(begun)),),
    )
    inline = [
        Operation(
            "add-constraint",
            item.span,
            table,
            column=name,
            definition=item,
            flags=frozenset({"inline", *(flags & {_LACKING})}),
        )
        for item in column.constraints
        if item.kind != "not-null"
    ]
    return [made, *inline]


def _drop(cursor: Cursor, table: Name, first: int) -> Operation:
    if cursor.take("CONSTRAINT"):
        flags: set[str] = {"if-exists", _LACKING} if cursor.take("IF", "EXISTS") else set()
        name = cursor.name()
        if cursor.one_of("CASCADE", "RESTRICT"):
            flags.add(_LACKING)
        return Operation("drop-constraint", cursor.since(first), table, value=name, flags=frozenset(flags))
    if cursor.sees("PRIMARY", "KEY") or cursor.sees("FOREIGN", "KEY"):
        raise Problem("SQLite can't drop this constraint: the table has to be rebuilt", known=True)
    cursor.take("COLUMN")
    flags = {"if-exists", _LACKING} if cursor.take("IF", "EXISTS") else set()
    name = cursor.name()
    if cursor.one_of("CASCADE", "RESTRICT"):
        flags.add(_LACKING)
    return Operation("drop-column", cursor.since(first), table, column=name, flags=frozenset(flags))


def _alter_column(cursor: Cursor, table: Name, first: int) -> Operation:
    cursor.take("COLUMN")
    column = cursor.name()

    def made(kind: str, *, lacking: bool) -> Operation:
        found = Operation(kind, cursor.since(first), table, column=column)
        return _unsupported(found) if lacking else found

    if cursor.take("SET", "NOT", "NULL"):
        _conflict(cursor)
        return made("set-not-null", lacking=False)
    if cursor.take("DROP", "NOT", "NULL"):
        return made("drop-not-null", lacking=False)
    if cursor.take("SET", "DEFAULT"):
        begun = cursor.at
        value = expression(cursor, Scope(Reading()))
        written = (("written", cursor.written(begun)),)
        return made("set-default", lacking=True)._replace(expression=value, options=written)
    if cursor.take("DROP", "DEFAULT"):
        return made("drop-default", lacking=True)
    if cursor.take("SET", "DATA", "TYPE") or cursor.take("TYPE"):
        begun = cursor.at
        kind = type_name(cursor)
        written = (("written", cursor.written(begun)),)
        if cursor.take("USING"):
            expression(cursor, Scope(Reading()))
        return made("change-type", lacking=True)._replace(type=kind, options=written)
    raise cursor.unexpected("expected SET or DROP NOT NULL")


def _conflict(cursor: Cursor) -> None:
    """ON CONFLICT with what to do, if it comes."""
    if cursor.take("ON", "CONFLICT"):
        cursor.name()


def _modify(cursor: Cursor, table: Name, first: int) -> Operation:
    word = cursor.next().word
    cursor.take("COLUMN")
    old = cursor.name() if word == "CHANGE" else ""
    begun = cursor.at
    column = column_definition(cursor).definition
    options = (("definition", cursor.written(begun)),)
    made = Operation("change-type", cursor.since(first), table, column=old or column.name, type=column.type)
    return _unsupported(made._replace(options=options))
