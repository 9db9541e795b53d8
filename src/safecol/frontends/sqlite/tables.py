"""CREATE TABLE and the clauses of its columns and constraints: a cursor comes in, definitions go out."""

from safecol.expressions import Expression, Literal
from safecol.frontends.sqlite.cursor import Cursor
from safecol.frontends.sqlite.expressions import expression, type_name
from safecol.frontends.sqlite.scopes import Reading, Scope
from safecol.operations import ColumnDefinition, ConstraintDefinition, Name, TableDefinition
from safecol.records import NamedTuple
from safecol.source import Span

_CONSTRAINTS = {"CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"}


class Column(NamedTuple):
    """A column as written, with its constraints."""

    definition: ColumnDefinition
    constraints: tuple[ConstraintDefinition, ...]


def table_body(cursor: Cursor) -> TableDefinition:
    """From the parenthesis of CREATE TABLE to the end: columns, constraints and options."""
    cursor.need("(")
    columns: list[ColumnDefinition] = []
    constraints: list[ConstraintDefinition] = []
    written: list[tuple[str, str]] = []
    while True:
        first = cursor.at
        if columns and _is_constraint(cursor):
            constraints.append(table_constraint(cursor))
            written.append(("constraint", cursor.written(first)))
        else:
            column = column_definition(cursor)
            columns.append(column.definition)
            constraints.extend(column.constraints)
            written.append((f"column {column.definition.name}", cursor.written(first)))
        if cursor.take(","):
            continue
        if columns and _is_constraint(cursor):  # the comma between constraints may be left out
            continue
        break
    cursor.need(")")
    options = _options(cursor)
    return _keys_not_null(TableDefinition(tuple(columns), tuple(constraints), options=(*options, *written)))


def _is_constraint(cursor: Cursor) -> bool:
    return cursor.peek().word in _CONSTRAINTS


def _options(cursor: Cursor) -> tuple[tuple[str, str], ...]:
    found: list[tuple[str, str]] = []
    while not cursor.done():
        if cursor.take("WITHOUT"):
            name = cursor.name()
            if name != "rowid":
                raise cursor.unexpected("expected ROWID")
            found.append(("without_rowid", "true"))
        elif cursor.take("STRICT"):
            found.append(("strict", "true"))
        else:
            raise cursor.unexpected("expected WITHOUT ROWID or STRICT")
        if not cursor.take(","):
            break
    return tuple(found)


def _keys_not_null(table: TableDefinition) -> TableDefinition:
    """Columns of a primary key hold no NULL where they are the rowid, or the table has none, or is STRICT.

    Elsewhere they do, which is a bug that was kept: https://www.sqlite.org/lang_createtable.html#the_primary_key
    """
    key = next((item.columns for item in table.constraints if item.kind == "primary-key"), ())
    options = dict(table.options)
    everywhere = "without_rowid" in options or "strict" in options
    return table._replace(
        columns=tuple(
            column._replace(nullable=False)
            if column.name in key and (everywhere or (len(key) == 1 and is_rowid(column)))
            else column
            for column in table.columns
        )
    )


def is_rowid(column: ColumnDefinition) -> bool:
    """Whether a column is the rowid itself once it is the primary key: only `INTEGER`, not `INT`."""
    return column.type.name == "integer" and not column.type.modifiers


def column_definition(cursor: Cursor) -> Column:
    """A column of CREATE TABLE or ADD COLUMN, after which a comma, a parenthesis or the end stands."""
    first = cursor.at
    name = cursor.name()
    definition = ColumnDefinition(name, type_name(cursor), Span(0, 0))
    constraints: list[ConstraintDefinition] = []
    label: str | None = None
    while True:
        begun = cursor.at
        if cursor.take("CONSTRAINT"):
            label = cursor.name()
            continue
        found = _column_clause(cursor, definition, label)
        if found is None:
            break
        definition, constraint = found
        if constraint is not None:
            own = constraint.options | {"inline"}
            constraints.append(constraint._replace(span=cursor.since(begun), options=own))
        label = None
    return Column(definition._replace(span=cursor.since(first)), tuple(constraints))


def _column_clause(
    cursor: Cursor, column: ColumnDefinition, label: str | None
) -> tuple[ColumnDefinition, ConstraintDefinition | None] | None:
    nowhere = Span(0, 0)
    word = cursor.peek().word
    if word == "DEFAULT":
        return column._replace(default=_default(cursor)), None
    if word == "NULL":
        cursor.at += 1
        _on_conflict(cursor)
        return column, None
    if cursor.take("NOT", "NULL"):
        options = _on_conflict(cursor)
        kept = ConstraintDefinition("not-null", label, (column.name,), nowhere, options=options)
        return column._replace(nullable=False), kept if label else None
    if cursor.take("PRIMARY", "KEY"):
        words = set()
        if cursor.one_of("ASC", "DESC") == "DESC":
            words.add("descending")
        words |= _on_conflict(cursor)
        if cursor.take("AUTOINCREMENT"):
            words.add("autoincrement")
        return column, ConstraintDefinition("primary-key", label, (column.name,), nowhere, options=frozenset(words))
    if cursor.take("UNIQUE"):
        return column, ConstraintDefinition("unique", label, (column.name,), nowhere, options=_on_conflict(cursor))
    if word == "CHECK":
        return column, _check(cursor, label)._replace(columns=(column.name,))
    if word == "REFERENCES":
        return column, _references(cursor, label, (column.name,))
    if word == "DEFERRABLE" or cursor.sees("NOT", "DEFERRABLE"):
        _deferrable(cursor)
        return column, None
    if cursor.take("COLLATE"):
        return column._replace(collation=cursor.name()), None
    if cursor.sees("GENERATED", "ALWAYS") or word == "AS":
        return _generated(cursor, column), None
    return None


def _default(cursor: Cursor) -> Expression:
    cursor.need("DEFAULT")
    scope = Scope(Reading())
    if cursor.sees("("):
        return expression(cursor, scope)
    sign = cursor.one_of("+", "-")
    token = cursor.next()
    if token.kind == "number":
        return Literal("number", ("-" if sign == "-" else "") + token.text)
    cursor.at -= 1
    if sign:
        return expression(cursor, scope, 12)
    if token.kind in {"string", "blob"} or token.word in {"NULL", "TRUE", "FALSE"} or token.word.startswith("CURRENT_"):
        return expression(cursor, scope, 12)
    # Any other word is a string: DEFAULT open, DEFAULT "open".
    text = token.text if token.kind == "word" else token.text[1:-1]
    cursor.name()
    return Literal("string", text)


def _generated(cursor: Cursor, column: ColumnDefinition) -> ColumnDefinition:
    cursor.take("GENERATED", "ALWAYS")
    cursor.need("AS", "(")
    found = expression(cursor, Scope(Reading()))
    cursor.need(")")
    kind = "virtual"
    if cursor.peek().word in {"STORED", "VIRTUAL"}:
        kind = cursor.name()
    return column._replace(generated=kind, expression=found)


def _check(cursor: Cursor, label: str | None) -> ConstraintDefinition:
    first = cursor.at
    cursor.need("CHECK", "(")
    found = expression(cursor, Scope(Reading()))
    cursor.need(")")
    _on_conflict(cursor)
    return ConstraintDefinition("check", label, (), cursor.since(first), expression=found)


def _on_conflict(cursor: Cursor) -> frozenset[str]:
    if not cursor.take("ON", "CONFLICT"):
        return frozenset()
    word = cursor.one_of("ROLLBACK", "ABORT", "FAIL", "IGNORE", "REPLACE")
    if not word:
        raise cursor.unexpected("expected what to do")
    return frozenset({f"on-conflict-{word.lower()}"})


def _references(cursor: Cursor, label: str | None, columns: tuple[str, ...]) -> ConstraintDefinition:
    first = cursor.at
    cursor.need("REFERENCES")
    referenced = Name(cursor.name())
    targets = cursor.names() if cursor.sees("(") else ()
    actions: dict[str, str] = {}
    while True:
        if cursor.take("ON"):
            event = cursor.one_of("DELETE", "UPDATE", "INSERT")
            actions[event] = _action(cursor)
        elif cursor.take("MATCH"):
            cursor.name()
        else:
            break
    deferrable, initially = _deferrable(cursor)
    return ConstraintDefinition(
        "foreign-key",
        label,
        columns,
        cursor.since(first),
        referenced=referenced,
        referenced_columns=targets,
        deferrable=deferrable,
        initially_deferred=initially,
        on_delete=actions.get("DELETE"),
        on_update=actions.get("UPDATE"),
    )


def _action(cursor: Cursor) -> str:
    if cursor.take("SET"):
        return f"set {cursor.one_of('NULL', 'DEFAULT').lower()}"
    if cursor.take("NO", "ACTION"):
        return "no action"
    word = cursor.one_of("CASCADE", "RESTRICT")
    if not word:
        raise cursor.unexpected("expected what to do")
    return word.lower()


def _deferrable(cursor: Cursor) -> tuple[bool, bool]:
    """Whether a foreign key is DEFERRABLE, and is deferred unless said otherwise."""
    negated = cursor.take("NOT", "DEFERRABLE")
    if not negated and not cursor.take("DEFERRABLE"):
        return False, False
    initially = False
    if cursor.take("INITIALLY"):
        initially = cursor.one_of("DEFERRED", "IMMEDIATE") == "DEFERRED"
    return not negated, initially and not negated


def table_constraint(cursor: Cursor) -> ConstraintDefinition:
    """A constraint of CREATE TABLE that stands beside the columns."""
    first = cursor.at
    label = cursor.name() if cursor.take("CONSTRAINT") else None
    found = _table_constraint(cursor, label)
    return found._replace(span=cursor.since(first))


def _table_constraint(cursor: Cursor, label: str | None) -> ConstraintDefinition:
    nowhere = Span(0, 0)
    if cursor.take("PRIMARY", "KEY"):
        columns, words = _key(cursor)
        return ConstraintDefinition("primary-key", label, columns, nowhere, options=words)
    if cursor.take("UNIQUE"):
        columns, words = _key(cursor)
        return ConstraintDefinition("unique", label, columns, nowhere, options=words)
    if cursor.sees("CHECK"):
        return _check(cursor, label)
    cursor.need("FOREIGN", "KEY")
    columns = cursor.names()
    return _references(cursor, label, columns)


def _key(cursor: Cursor) -> tuple[tuple[str, ...], frozenset[str]]:
    cursor.need("(")
    columns = []
    words: set[str] = set()
    while True:
        columns.append(cursor.name())
        if cursor.take("COLLATE"):
            cursor.name()
        cursor.one_of("ASC", "DESC")
        if cursor.take("AUTOINCREMENT"):
            words.add("autoincrement")
        if not cursor.take(","):
            break
    cursor.need(")")
    return tuple(columns), frozenset(words) | _on_conflict(cursor)
