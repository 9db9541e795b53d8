"""Keys, indexes and constraints of MySQL and MariaDB: tokens come in, definitions go out."""

from safecol.frontends.mysql.columns import Column, read_check, read_column, read_reference
from safecol.frontends.mysql.expressions import expression
from safecol.frontends.mysql.tokens import Stream
from safecol.operations import ConstraintDefinition, IndexDefinition, IndexElement
from safecol.records import NamedTuple
from safecol.source import Span


class Key(NamedTuple):
    """An index or constraint of a table: what stands behind its name."""

    elements: tuple[IndexElement, ...]
    options: tuple[tuple[str, str], ...]
    method: str
    visible: bool


def read_key(stream: Stream, method: str = "btree") -> Key:
    """[USING x] (parts) options: the method may stand on both sides."""
    written = _using(stream)
    elements = read_elements(stream)
    options, visible = [], True
    while True:
        if stream.peek() == "USING":
            written = _using(stream) or written
        elif stream.any_of("VISIBLE") or stream.accept("NOT", "IGNORED"):
            visible = True
        elif stream.any_of("INVISIBLE", "IGNORED"):
            visible = False
        elif stream.accept("COMMENT"):
            stream.accept("=")
            options.append(("comment", stream.string()))
        elif stream.accept("WITH", "PARSER"):
            options.append(("parser", stream.column()))
        elif word := stream.any_of(
            "KEY_BLOCK_SIZE", "ENGINE_ATTRIBUTE", "SECONDARY_ENGINE_ATTRIBUTE", "CLUSTERING", "DISTANCE", "M"
        ):
            stream.accept("=")
            options.append((word.lower().replace("_", "-"), stream.value()))
        else:
            break
    if written:
        options.append(("using", written.lower()))
    return Key(elements, tuple(options), (written or method).lower(), visible)


def _using(stream: Stream) -> str:
    if not stream.any_of("USING", "TYPE"):
        return ""
    return stream.any_of("BTREE", "HASH", "RTREE")


def read_elements(stream: Stream) -> tuple[IndexElement, ...]:
    """The parts of a key: `(a, b(10) DESC, (lower(c)))`."""
    stream.expect("(")
    found = [_element(stream)]
    while stream.accept(","):
        found.append(_element(stream))
    stream.expect(")")
    return tuple(found)


def _element(stream: Stream) -> IndexElement:
    if stream.ahead("("):
        stream.expect("(")
        value = expression(stream)
        stream.expect(")")
        return IndexElement(None, value, stream.any_of("ASC", "DESC") == "DESC")
    column, length = stream.column(), None
    if stream.accept("("):
        length = stream.number()
        stream.expect(")")
    elif stream.accept("WITHOUT", "OVERLAPS"):
        return IndexElement(column)
    return IndexElement(column, None, stream.any_of("ASC", "DESC") == "DESC", length=length)


def key_columns(elements: tuple[IndexElement, ...]) -> tuple[str, ...]:
    """The columns of key parts that are columns."""
    return tuple(element.column for element in elements if element.column is not None)


class Element(NamedTuple):
    """What stands in the parentheses of CREATE TABLE or behind ADD: one of these."""

    column: Column | None = None
    constraint: ConstraintDefinition | None = None
    index_definition: IndexDefinition | None = None
    period: str | None = None
    if_not_exists: bool = False


def read_element(stream: Stream) -> Element:
    """A column, a constraint, an index or a period, as CREATE TABLE and ALTER TABLE … ADD have them."""
    start = stream.start
    name: str | None = None
    constrained = stream.accept("CONSTRAINT")
    exists = False
    if constrained:
        exists = stream.accept("IF", "NOT", "EXISTS")
        if stream.peek() not in ("PRIMARY", "UNIQUE", "FOREIGN", "CHECK"):
            name = stream.column()
    if stream.accept("PRIMARY", "KEY"):
        if not stream.ahead("(") and stream.peek() not in ("USING", "TYPE"):
            name = stream.column()
        key = read_key(stream)
        return Element(constraint=_key_constraint("primary-key", None, key, stream.span(start)))
    if stream.accept("UNIQUE"):
        stream.any_of("INDEX", "KEY")
        exists = stream.accept("IF", "NOT", "EXISTS") or exists
        name = _optional_name(stream) or name
        constraint = _key_constraint("unique", name, read_key(stream), stream.span(start))
        return Element(constraint=constraint._replace(span=stream.span(start)), if_not_exists=exists)
    if stream.accept("FOREIGN", "KEY"):
        exists = stream.accept("IF", "NOT", "EXISTS") or exists
        index = _optional_name(stream)
        columns = stream.columns()
        constraint = read_reference(stream, columns, start)
        return Element(constraint=constraint._replace(name=name or index), if_not_exists=exists)
    if stream.ahead("CHECK"):
        return Element(constraint=read_check(stream, start)._replace(name=name), if_not_exists=exists)
    if constrained:
        raise stream.problem()
    special = stream.peek() in ("FULLTEXT", "SPATIAL") or (
        stream.peek() == "VECTOR" and stream.peek(1) in ("INDEX", "KEY")
    )
    if special or stream.peek() in ("INDEX", "KEY"):
        method = stream.next().text.lower() if special else "btree"
        stream.any_of("INDEX", "KEY")
        exists = stream.accept("IF", "NOT", "EXISTS")
        name = _optional_name(stream)
        key = read_key(stream, method)
        definition = IndexDefinition(name, key.elements, False, key.method, visible=key.visible, options=key.options)
        return Element(index_definition=definition, if_not_exists=exists)
    if stream.accept("PERIOD", "FOR"):
        period = stream.column()
        stream.columns()
        return Element(period=period)
    exists = stream.accept("IF", "NOT", "EXISTS")
    return Element(column=read_column(stream, stream.column(), start), if_not_exists=exists)


def _optional_name(stream: Stream) -> str | None:
    return None if stream.ahead("(") or stream.peek() in ("USING", "TYPE") else stream.column()


def _key_constraint(kind: str, name: str | None, key: Key, span: Span) -> ConstraintDefinition:
    return ConstraintDefinition(
        kind,
        name,
        key_columns(key.elements),
        span,
        method=key.method,
        elements=key.elements,
        options=frozenset() if key.visible else frozenset({"invisible"}),
    )
