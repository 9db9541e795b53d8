"""ALTER TABLE of MySQL and MariaDB: tokens come in, one operation for each clause goes out."""

from collections.abc import Callable

from safecol.expressions import Literal
from safecol.frontends.mysql.columns import Column, read_column
from safecol.frontends.mysql.expressions import expression
from safecol.frontends.mysql.keys import Element, read_element
from safecol.frontends.mysql.partitions import partition_clause
from safecol.frontends.mysql.tables import constraint_added, inline, read_options, wait_of
from safecol.frontends.mysql.tokens import Stream
from safecol.operations import IndexDefinition, Name, Operation
from safecol.source import Span

Clause = Callable[[Stream, Operation], list[Operation]]
_VISIBLE = {"VISIBLE": "enable", "INVISIBLE": "disable", "IGNORED": "disable"}


def alter_table(stream: Stream, span: Span, flags: set[str]) -> list[Operation]:
    """Behind ALTER [ONLINE] [IGNORE] TABLE."""
    if stream.accept("IF", "EXISTS"):
        flags.add("if-exists")
    base = Operation("", span, stream.relation(), flags=frozenset(flags))
    asked = list(wait_of(stream))
    operations: list[Operation] = []
    if stream.done:
        operations.append(base._replace(kind="rebuild-table", flags=base.flags | {"unwritten"}))
    while not stream.done:
        start = stream.start
        word = stream.peek() if stream.peek() in ("ALGORITHM", "LOCK") else ""
        if word:
            stream.at += 1
            stream.accept("=")
            asked.append((word.lower(), stream.value()))
        elif word := stream.any_of("WITH", "WITHOUT") if stream.peek(1) == "VALIDATION" else "":
            stream.at += 1
            base = base._replace(flags=base.flags | {f"{word.lower()}-validation"})
        else:
            found = _clause(stream, base)
            place = stream.span(start)
            operations += [item if item.span != span else item._replace(span=place) for item in found]
        if stream.accept(","):
            if stream.done:
                raise stream.problem()
        elif not stream.done and not _goes_on(stream):
            raise stream.problem()
    if not operations:  # ALGORITHM=… alone
        operations.append(base._replace(kind="rebuild-table", flags=base.flags | {"unwritten"}))
    if not asked:
        return operations
    return [item._replace(options=(*item.options, *asked)) for item in operations]


def _goes_on(stream: Stream) -> bool:
    """Whether a clause is next that no comma has to stand before: of partitions, or an option of the table."""
    if stream.ahead("PARTITION", "BY") or stream.ahead("REMOVE", "PARTITIONING"):
        return True
    at = stream.at
    found = read_options(stream)
    stream.at = at
    return bool(found)


def _clause(stream: Stream, base: Operation) -> list[Operation]:
    partition = partition_clause(stream, base)
    if partition is not None:
        return [partition]
    handler = _CLAUSES.get(stream.peek())
    if handler is not None:
        return handler(stream, base)
    options = read_options(stream)
    if not options:
        raise stream.problem()
    return [base._replace(kind="set-table-options", options=options)]


def _add(stream: Stream, base: Operation) -> list[Operation]:
    stream.expect("ADD")
    if stream.accept("SYSTEM", "VERSIONING"):
        return [base._replace(kind="add-versioning")]
    written = stream.accept("COLUMN")
    exists = stream.accept("IF", "NOT", "EXISTS")
    if stream.ahead("("):
        stream.at += 1
        operations: list[Operation] = []
        while True:
            start = stream.start
            place = base._replace(span=Span(start, start))
            operations += _spanned(_element(place, read_element(stream), exists), place.span, stream.span(start))
            if not stream.accept(","):
                break
        stream.expect(")")
        return operations
    if written:
        start = stream.start
        return _added(stream, base, read_column(stream, stream.column(), start), exists)
    element = read_element(stream)
    if element.column is not None:
        return _added(stream, base, element.column, exists or element.if_not_exists)
    return _element(base, element, exists)


def _spanned(operations: list[Operation], old: Span, new: Span) -> list[Operation]:
    return [item._replace(span=new) if item.span == old else item for item in operations]


def _element(base: Operation, element: Element, exists: bool) -> list[Operation]:
    if exists or element.if_not_exists:
        base = base._replace(flags=base.flags | {"if-not-exists"})
    if element.column is not None:
        return _column_added(base, element.column)
    if element.constraint is not None:
        return [constraint_added(base, element.constraint)]
    if element.index_definition is not None:
        return [_index_added(base, element.index_definition)]
    return [base._replace(kind="add-period", value=element.period)]


def _index_added(base: Operation, definition: IndexDefinition) -> Operation:
    flags = base.flags | {"through-alter-table"}
    if definition.name:
        flags |= {"explicit-name"}
    return base._replace(kind="create-index", object="index", definition=definition, flags=flags)


def _added(stream: Stream, base: Operation, column: Column, exists: bool) -> list[Operation]:
    if exists:
        base = base._replace(flags=base.flags | {"if-not-exists"})
    return _column_added(base, _placed(stream, column))


def _placed(stream: Stream, column: Column) -> Column:
    if stream.any_of("FIRST"):
        return column._replace(definition=column.definition._replace(first=True))
    if stream.any_of("AFTER"):
        return column._replace(definition=column.definition._replace(after=stream.column()))
    return column


def _column_added(base: Operation, column: Column) -> list[Operation]:
    definition = column.definition
    flags = base.flags
    if definition.default is not None and definition.default != Literal("null", "null"):
        flags = flags | {"default-value"}
    added = base._replace(
        kind="add-column", column=definition.name, type=definition.type, definition=definition, flags=flags
    )
    return [added, *inline(column, base)]


def _changed(stream: Stream, base: Operation, old: str | None) -> list[Operation]:
    start = stream.start
    name = stream.column()
    column = _placed(stream, read_column(stream, name, start))
    changed = base._replace(
        kind="modify-column",
        column=old or name,
        new_name=name if old is not None and old != name else None,
        type=column.definition.type,
        definition=column.definition,
    )
    return [changed, *inline(column, base)]


def _change(stream: Stream, base: Operation) -> list[Operation]:
    stream.expect("CHANGE")
    stream.accept("COLUMN")
    base = _if_exists(stream, base)
    return _changed(stream, base, stream.column())


def _modify(stream: Stream, base: Operation) -> list[Operation]:
    stream.expect("MODIFY")
    stream.accept("COLUMN")
    return _changed(stream, _if_exists(stream, base), None)


def _if_exists(stream: Stream, base: Operation) -> Operation:
    return base._replace(flags=base.flags | {"if-exists"}) if stream.accept("IF", "EXISTS") else base


def _alter(stream: Stream, base: Operation) -> list[Operation]:
    stream.expect("ALTER")
    if stream.any_of("INDEX", "KEY"):
        base = _if_exists(stream, base)
        name = stream.column()
        visible = stream.accept("NOT", "IGNORED")
        word = "enable" if visible else _VISIBLE.get(stream.any_of("VISIBLE", "INVISIBLE", "IGNORED"))
        if word is None:
            raise stream.problem()
        return [base._replace(kind="change-index-visibility", object="index", value=name, flags=base.flags | {word})]
    if word := stream.any_of("CHECK", "CONSTRAINT"):
        name = stream.column()
        enforced = "false" if stream.accept("NOT") else "true"
        stream.expect("ENFORCED")
        return [base._replace(kind="alter-constraint", value=name, options=(("enforced", enforced),))]
    stream.accept("COLUMN")
    base = _if_exists(stream, base)
    base = base._replace(column=stream.column())
    if stream.accept("SET", "DEFAULT"):
        options = (("default", "expression"),) if stream.ahead("(") else ()
        return [base._replace(kind="set-default", expression=expression(stream, 8), options=options)]
    if stream.accept("DROP", "DEFAULT"):
        return [base._replace(kind="drop-default")]
    if stream.accept("SET"):
        word = _VISIBLE.get(stream.any_of("VISIBLE", "INVISIBLE"))
        if word is not None:
            return [base._replace(kind="change-column-visibility", flags=base.flags | {word})]
    raise stream.problem()


def _drop(stream: Stream, base: Operation) -> list[Operation]:
    stream.expect("DROP")
    if stream.accept("SYSTEM", "VERSIONING"):
        return [base._replace(kind="drop-versioning")]
    if stream.accept("PERIOD", "FOR"):
        return [base._replace(kind="drop-period", value=_if_exists_name(stream))]
    dropped = base._replace(kind="drop-constraint")
    if stream.accept("PRIMARY", "KEY"):
        return [dropped._replace(value="PRIMARY", options=(("constraint", "primary-key"),))]
    if stream.accept("FOREIGN", "KEY"):
        dropped = _if_exists(stream, dropped)
        return [dropped._replace(value=stream.column(), options=(("constraint", "foreign-key"),))]
    if word := stream.any_of("CHECK", "CONSTRAINT"):
        dropped = _if_exists(stream, dropped)
        kind = "check" if word == "CHECK" else "any"
        return [dropped._replace(value=stream.column(), options=(("constraint", kind),))]
    if stream.any_of("INDEX", "KEY"):
        base = _if_exists(stream, base)
        return [
            base._replace(
                kind="drop-index", object="index", value=stream.column(), flags=base.flags | {"through-alter-table"}
            )
        ]
    stream.accept("COLUMN")
    base = _if_exists(stream, base)
    operation = base._replace(kind="drop-column", column=stream.column())
    if word := stream.any_of("CASCADE", "RESTRICT"):
        operation = operation._replace(flags=operation.flags | {word.lower()})
    return [operation]


def _if_exists_name(stream: Stream) -> str:
    stream.accept("IF", "EXISTS")
    return stream.column()


def _rename(stream: Stream, base: Operation) -> list[Operation]:
    stream.expect("RENAME")
    if stream.accept("COLUMN"):
        base = _if_exists(stream, base)
        old = stream.column()
        stream.expect("TO")
        return [base._replace(kind="rename-column", column=old, new_name=stream.column())]
    if stream.any_of("INDEX", "KEY"):
        base = _if_exists(stream, base)
        old = stream.column()
        stream.expect("TO")
        return [base._replace(kind="rename-index", object="index", value=old, new_name=stream.column())]
    stream.any_of("TO", "AS", "=")
    return [renamed(base._replace(flags=base.flags | {"through-alter-table"}), stream.relation())]


def renamed(base: Operation, new: Name) -> Operation:
    """A table's new name; `target` has all of it where it names a schema."""
    return base._replace(kind="rename-table", new_name=new.name, target=new if new.schema is not None else None)


def _convert(stream: Stream, base: Operation) -> list[Operation]:
    stream.expect("CONVERT", "TO")
    if not stream.any_of("CHARSET"):
        stream.expect("CHARACTER", "SET")
    stream.accept("=")
    charset = stream.value().lower()
    options: tuple[tuple[str, str], ...] = ()
    if stream.accept("COLLATE"):
        stream.accept("=")
        options = (("collation", stream.value().lower()),)
    return [base._replace(kind="convert-charset", value=charset, options=options)]


def _order(stream: Stream, base: Operation) -> list[Operation]:
    stream.expect("ORDER", "BY")
    columns = [("column", stream.column())]
    stream.any_of("ASC", "DESC")
    while stream.accept(","):
        columns.append(("column", stream.column()))
        stream.any_of("ASC", "DESC")
    return [base._replace(kind="order-rows", options=tuple(columns))]


def _keys(stream: Stream, base: Operation) -> list[Operation]:
    word = stream.next().text
    stream.expect("KEYS")
    return [base._replace(kind="toggle-keys", flags=base.flags | {word.lower()})]


def _tablespace(stream: Stream, base: Operation) -> list[Operation]:
    word = stream.next().text
    stream.expect("TABLESPACE")
    return [base._replace(kind=f"{word.lower()}-tablespace")]


def _force(stream: Stream, base: Operation) -> list[Operation]:
    stream.expect("FORCE")
    return [base._replace(kind="rebuild-table", flags=base.flags | {"force"})]


_CLAUSES: dict[str, Clause] = {
    "ADD": _add,
    "CHANGE": _change,
    "MODIFY": _modify,
    "ALTER": _alter,
    "DROP": _drop,
    "RENAME": _rename,
    "CONVERT": _convert,
    "ORDER": _order,
    "ENABLE": _keys,
    "DISABLE": _keys,
    "DISCARD": _tablespace,
    "IMPORT": _tablespace,
    "FORCE": _force,
}
