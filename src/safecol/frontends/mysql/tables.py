"""CREATE TABLE and CREATE INDEX of MySQL and MariaDB: tokens come in, operations go out."""

from safecol.frontends.mysql.columns import Column
from safecol.frontends.mysql.keys import Element, read_element, read_key
from safecol.frontends.mysql.partitions import read_partitioning
from safecol.frontends.mysql.tokens import Stream
from safecol.operations import (
    NO_FLAGS,
    ColumnDefinition,
    ConstraintDefinition,
    IndexDefinition,
    Name,
    Operation,
    QueryUse,
    TableDefinition,
)
from safecol.source import Span

Pairs = tuple[tuple[str, str], ...]

# Options that stand without `=` in practice; every other word is one where `=` follows.
_OPTIONS = frozenset(
    {
        "ENGINE", "TYPE", "AUTO_INCREMENT", "AVG_ROW_LENGTH", "CHECKSUM", "COMMENT", "COMPRESSION", "CONNECTION",
        "DELAY_KEY_WRITE", "ENCRYPTION", "INSERT_METHOD", "KEY_BLOCK_SIZE", "MAX_ROWS", "MIN_ROWS", "PACK_KEYS",
        "PASSWORD", "ROW_FORMAT", "STATS_AUTO_RECALC", "STATS_PERSISTENT", "STATS_SAMPLE_PAGES", "TABLESPACE",
        "SECONDARY_ENGINE", "AUTOEXTEND_SIZE", "ENGINE_ATTRIBUTE", "SECONDARY_ENGINE_ATTRIBUTE", "PAGE_CHECKSUM",
        "TRANSACTIONAL", "SEQUENCE", "STORAGE",
    }
)  # fmt: skip


def read_options(stream: Stream) -> Pairs:
    """Table options, with or without commas between them; empty where none is next."""
    found: list[tuple[str, str]] = []
    while True:
        at = stream.at
        if found:
            stream.accept(",")
        option = _option(stream)
        if option is None:
            stream.at = at
            return tuple(found)
        found.append(option)


def _option(stream: Stream) -> tuple[str, str] | None:
    at = stream.at
    stream.accept("DEFAULT")
    if stream.accept("CHARACTER", "SET") or stream.any_of("CHARSET") or stream.accept("CHAR", "SET"):
        stream.accept("=")
        return "charset", stream.value().lower()
    if stream.accept("COLLATE"):
        stream.accept("=")
        return "collation", stream.value().lower()
    stream.at = at
    if stream.accept("WITH", "SYSTEM", "VERSIONING"):
        return "system-versioning", "true"
    if stream.accept("START", "TRANSACTION"):
        return "start-transaction", "true"
    if stream.peek() in ("DATA", "INDEX") and stream.peek(1) == "DIRECTORY":
        name = stream.next().text.lower() + "-directory"
        stream.at += 1
        stream.accept("=")
        return name, stream.string()
    if stream.accept("UNION"):
        stream.accept("=")
        inside = stream.group()
        return "union", stream.text[inside.start : inside.end]
    token = stream.token
    if token.kind not in ("word", "quoted") or (token.text.upper() not in _OPTIONS and stream.peek(1) != "="):
        return None
    if token.text.upper() in ("ALGORITHM", "LOCK"):
        return None
    stream.at += 1
    stream.accept("=")
    name = token.text.lower().replace("_", "-")
    name = "engine" if name == "type" else name
    if stream.ahead("("):
        inside = stream.group()
        return name, stream.text[inside.start : inside.end]
    return name, stream.value().lower() if name in ("engine", "row-format") else stream.value()


def create_table(stream: Stream, span: Span, flags: set[str]) -> list[Operation]:
    """Behind CREATE [OR REPLACE] [TEMPORARY] TABLE."""
    if stream.accept("IF", "NOT", "EXISTS"):
        flags.add("if-not-exists")
    name = stream.relation()
    definition = TableDefinition(persistence="temporary" if "temporary" in flags else "permanent")
    if stream.accept("LIKE") or stream.accept("(", "LIKE"):
        like = stream.relation()
        stream.accept(")")
        return [_created(span, name, definition._replace(like=(like,)), flags, (like,))]
    if stream.ahead("(") and stream.peek(1) not in ("SELECT", "WITH", "VALUES", "("):
        definition = _body(stream, definition)
    options = read_options(stream)
    if stream.ahead("PARTITION", "BY"):
        definition = definition._replace(partition_by=read_partitioning(stream))
    options += read_options(stream)
    definition = definition._replace(options=options)
    stream.any_of("IGNORE", "REPLACE")
    stream.accept("AS")
    if stream.peek() in ("SELECT", "WITH", "VALUES", "TABLE", "("):
        return [_from_query(stream, span, name, definition, flags)]
    return [_created(span, name, definition, flags, ())]


def _created(
    span: Span, name: Name, definition: TableDefinition, flags: set[str], reads: tuple[Name, ...]
) -> Operation:
    referenced = tuple(dict.fromkeys(item.referenced for item in definition.constraints if item.referenced))
    return Operation(
        "create-table",
        span,
        name,
        definition=definition,
        reads=(*reads, *referenced),
        flags=frozenset(flags),
        options=definition.options,
    )


def _from_query(stream: Stream, span: Span, name: Name, definition: TableDefinition, flags: set[str]) -> Operation:
    from safecol.frontends.mysql.data import query_of

    query = query_of(stream, stream.rest())
    return Operation(
        "create-table-as",
        span,
        name,
        definition=definition,
        query=query,
        reads=query.relations if isinstance(query, QueryUse) else (),
        flags=frozenset(flags),
        options=definition.options,
    )


def _body(stream: Stream, definition: TableDefinition) -> TableDefinition:
    stream.expect("(")
    elements = [read_element(stream)]
    while stream.accept(","):
        elements.append(read_element(stream))
    stream.expect(")")
    return with_elements(definition, elements)


def with_elements(definition: TableDefinition, elements: list[Element]) -> TableDefinition:
    """The definition with what stands in its parentheses."""
    columns: list[ColumnDefinition] = []
    constraints: list[ConstraintDefinition] = []
    indexes: list[IndexDefinition] = []
    options = list(definition.options)
    for element in elements:
        if element.column is not None:
            columns.append(element.column.definition)
            constraints += element.column.constraints
        elif element.constraint is not None:
            constraints.append(element.constraint)
        elif element.index_definition is not None:
            indexes.append(element.index_definition)
        elif element.period is not None:
            options.append(("period", element.period))
    keys = {name for item in constraints if item.kind == "primary-key" for name in item.columns}
    return definition._replace(
        columns=tuple(item._replace(nullable=item.nullable and item.name not in keys) for item in columns),
        constraints=tuple(constraints),
        indexes=tuple(indexes),
        options=tuple(options),
    )


def inline(column: Column, base: Operation) -> list[Operation]:
    """The constraints that stand in a column's definition, as operations of their own."""
    return [
        constraint_added(
            base._replace(
                column=column.definition.name, span=item.span, flags=(base.flags - {"default-value"}) | {"inline"}
            ),
            item,
        )
        for item in column.constraints
    ]


def constraint_added(base: Operation, constraint: ConstraintDefinition) -> Operation:
    """ADD CONSTRAINT and its kin."""
    flags = base.flags | {"explicit-name"} if constraint.name else base.flags
    return base._replace(
        kind="add-constraint",
        definition=constraint,
        target=constraint.referenced,
        reads=(constraint.referenced,) if constraint.referenced else (),
        value=constraint.name,
        flags=flags,
    )


def create_index(stream: Stream, span: Span, flags: set[str]) -> list[Operation]:
    """Behind CREATE [OR REPLACE] [ONLINE]: UNIQUE, FULLTEXT, SPATIAL or VECTOR, and INDEX."""
    kind = stream.any_of("UNIQUE", "FULLTEXT", "SPATIAL", "VECTOR")
    stream.expect("INDEX")
    if stream.accept("IF", "NOT", "EXISTS"):
        flags.add("if-not-exists")
    name = stream.column()
    method = stream.any_of("BTREE", "HASH", "RTREE") if stream.any_of("USING", "TYPE") else ""
    stream.expect("ON")
    table = stream.relation()
    special = kind.lower() if kind in ("FULLTEXT", "SPATIAL", "VECTOR") else method.lower() or "btree"
    asked = wait_of(stream)
    key = read_key(stream, special)
    options = (*key.options, ("using", method.lower())) if method else key.options
    definition = IndexDefinition(name, key.elements, kind == "UNIQUE", key.method, visible=key.visible, options=options)
    flags.add("explicit-name")
    asked += clauses_of(stream)
    return [
        Operation(
            "create-index", span, table, object="index", definition=definition, flags=frozenset(flags), options=asked
        )
    ]


def drop_index(stream: Stream, span: Span) -> list[Operation]:
    """Behind DROP INDEX."""
    flags = frozenset({"if-exists"}) if stream.accept("IF", "EXISTS") else NO_FLAGS
    name = stream.column()
    stream.expect("ON")
    table = stream.relation()
    options = wait_of(stream) + clauses_of(stream)
    return [Operation("drop-index", span, table, object="index", value=name, flags=flags, options=options)]


def wait_of(stream: Stream) -> Pairs:
    """WAIT n and NOWAIT of MariaDB."""
    if stream.any_of("NOWAIT"):
        return (("wait", "0"),)
    if stream.peek() == "WAIT" and stream.tokens[stream.at + 1].kind == "number":
        stream.at += 1
        return (("wait", stream.value()),)
    return ()


def clauses_of(stream: Stream) -> Pairs:
    """ALGORITHM and LOCK behind CREATE and DROP INDEX."""
    found: list[tuple[str, str]] = []
    while word := stream.any_of("ALGORITHM", "LOCK"):
        stream.accept("=")
        found.append((word.lower(), stream.value()))
    return (*found, *wait_of(stream))
