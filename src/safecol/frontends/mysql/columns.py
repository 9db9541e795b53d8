"""Types, columns, constraints and index parts of MySQL and MariaDB: tokens come in, definitions go out."""

from safecol.expressions import Call, Expression, Literal, TypeName
from safecol.frontends.mysql.expressions import bounded, expression
from safecol.frontends.mysql.tokens import Stream
from safecol.operations import ColumnDefinition, ConstraintDefinition, IndexDefinition, IndexElement
from safecol.records import NamedTuple
from safecol.source import Span


class Type(NamedTuple):
    """A type with the character set and collation written beside it."""

    type: TypeName
    charset: str | None = None
    collation: str | None = None


# Other words for a type, as `SHOW CREATE TABLE` spells it.
_SAME = {
    "integer": "int", "int1": "tinyint", "int2": "smallint", "int3": "mediumint", "middleint": "mediumint",
    "int4": "int", "int8": "bigint", "dec": "decimal", "numeric": "decimal", "fixed": "decimal", "real": "double",
    "float4": "float", "float8": "double", "character": "char", "nchar": "char", "nvarchar": "varchar",
    "varcharacter": "varchar", "geomcollection": "geometrycollection", "number": "decimal", "clob": "longtext",
    "varchar2": "varchar",
}  # fmt: skip
TYPES = frozenset(
    {
        "bit", "tinyint", "smallint", "mediumint", "int", "bigint", "decimal", "float", "double", "bool", "boolean",
        "date", "datetime", "timestamp", "time", "year", "char", "varchar", "binary", "varbinary", "tinyblob", "blob",
        "mediumblob", "longblob", "tinytext", "text", "mediumtext", "longtext", "enum", "set", "json", "geometry",
        "point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon", "geometrycollection",
        "serial", "vector", "uuid", "inet4", "inet6", "long", "national", "xmltype", "signed", "unsigned", "raw", "row",
        "sql_tsi_year",
    }
    | set(_SAME)
)  # fmt: skip
_NO_LENGTH = frozenset({"date", "json", "serial", "uuid", "inet4", "inet6"})


def read_type(stream: Stream) -> Type:
    """Read a type. A Problem for a word that is none."""
    token = stream.next()
    word = token.text.lower()
    if token.kind != "word" or word not in TYPES:
        stream.at -= 1
        raise stream.problem()
    charset: str | None = None
    if word == "national":
        charset = "utf8mb3"
        word = stream.next().text.lower()
    charset = "utf8mb3" if word in ("nchar", "nvarchar") else charset
    if word in ("char", "character", "nchar", "varchar", "nvarchar") and stream.any_of(
        "VARYING", "VARCHARACTER", "VARCHAR"
    ):
        word = "varchar"
    elif word == "long":
        word = {"VARCHAR": "mediumtext", "VARBINARY": "mediumblob"}.get(
            stream.any_of("VARCHAR", "VARBINARY"), "mediumtext"
        )
    elif word in ("double", "real"):
        stream.accept("PRECISION")
    name = _SAME.get(word, word)
    modifiers: tuple[int | str, ...] = ()
    if name in ("bool", "boolean"):
        name, modifiers = "tinyint", (1,)
    elif stream.ahead("(") and name not in _NO_LENGTH:
        modifiers = _modifiers(stream)
    signs, charset, collation = _sign_and_charset(stream, charset)
    name = f"{name}{signs}"
    return Type(TypeName(name, modifiers), charset, collation)


def _modifiers(stream: Stream) -> tuple[int | str, ...]:
    stream.expect("(")
    found: list[int | str] = []
    while True:
        token = stream.next()
        found.append(int(token.text) if token.kind == "number" and token.text.isdigit() else token.text)
        if token.kind not in ("number", "string", "bits", "word"):
            stream.at -= 1
            raise stream.problem()
        if not stream.accept(","):
            break
    stream.expect(")")
    return tuple(found)


def _sign_and_charset(stream: Stream, charset: str | None) -> tuple[str, str | None, str | None]:
    signs, collation = "", None
    while True:
        if stream.accept("UNSIGNED") or stream.accept("ZEROFILL"):
            signs = " unsigned"
        elif stream.accept("SIGNED"):
            continue
        elif stream.accept("CHARACTER", "SET") or stream.any_of("CHARSET") or stream.accept("CHAR", "SET"):
            charset = stream.value().lower()
        elif stream.accept("COLLATE"):
            stream.accept("=")
            collation = stream.value().lower()
        elif stream.accept("BINARY"):
            collation = "binary"
        elif word := stream.any_of("ASCII", "UNICODE", "BYTE"):
            charset = {"ASCII": "latin1", "UNICODE": "ucs2"}.get(word, "binary")
        else:
            return signs, charset, collation


_ATTRIBUTES = frozenset(
    {
        "NOT", "NULL", "SERIAL", "DEFAULT", "ON", "AUTO_INCREMENT", "UNIQUE", "PRIMARY", "KEY", "COMMENT", "COLLATE",
        "CHARACTER", "CHARSET", "INVISIBLE", "VISIBLE", "REFERENCES", "CONSTRAINT", "CHECK", "GENERATED", "AS",
        "VIRTUAL", "STORED", "PERSISTENT", "WITH", "WITHOUT", "COLUMN_FORMAT", "STORAGE", "ENGINE_ATTRIBUTE",
        "SECONDARY_ENGINE_ATTRIBUTE", "SRID", "REF_SYSTEM_ID", "COMPRESSED",
    }
)  # fmt: skip


class Column(NamedTuple):
    """A column, and the constraints that stand in its definition."""

    definition: ColumnDefinition
    constraints: tuple[ConstraintDefinition, ...]


def read_column(stream: Stream, name: str, start: int) -> Column:
    """Read a column's definition from its type on; `start` is where its name began."""
    serial = stream.ahead("SERIAL")
    found = read_type(stream)
    fields: dict[str, object] = {"charset": found.charset, "collation": found.collation}
    constraints: list[ConstraintDefinition] = []
    options: list[tuple[str, str]] = []
    type_name = found.type
    if serial:
        type_name = TypeName("bigint unsigned")
        fields |= {"nullable": False, "identity": "auto"}
        constraints.append(ConstraintDefinition("unique", None, (name,), stream.span(start)))
    while _attribute(stream, name, fields, constraints, options):
        pass
    if any(item.kind == "primary-key" for item in constraints):
        fields["nullable"] = False
    if serial and any(item.kind == "primary-key" for item in constraints):
        constraints = [item for item in constraints if item.kind != "unique"]
    constraints = [item._replace(options=item.options | {"inline"}) for item in constraints]
    definition = ColumnDefinition(name, type_name, stream.span(start), **fields, options=tuple(options))  # type: ignore[arg-type]  # by name
    return Column(definition, tuple(constraints))


def _attribute(
    stream: Stream,
    name: str,
    fields: dict[str, object],
    constraints: list[ConstraintDefinition],
    options: list[tuple[str, str]],
) -> bool:
    """Read one attribute of a column; False where none is next."""
    start = stream.start
    if stream.peek() not in _ATTRIBUTES:
        return False
    if stream.accept("NOT", "NULL"):
        fields["nullable"] = False
        if stream.any_of("ENABLE"):
            pass
    elif stream.accept("NULL"):
        fields |= {"nullable": True, "null_written": True}
    elif stream.accept("SERIAL", "DEFAULT", "VALUE"):
        fields |= {"nullable": False, "identity": "auto"}
        constraints.append(ConstraintDefinition("unique", None, (name,), stream.span(start)))
    elif stream.accept("DEFAULT"):
        if stream.ahead("("):
            options.append(("default", "expression"))
        fields["default"] = _default(stream)
    elif stream.accept("ON", "UPDATE"):
        fields["on_update"] = bounded(stream)
    elif stream.any_of("AUTO_INCREMENT"):
        fields |= {"identity": "auto", "nullable": False}
    elif stream.accept("UNIQUE"):
        stream.any_of("KEY", "INDEX")
        constraints.append(ConstraintDefinition("unique", None, (name,), stream.span(start)))
    elif stream.accept("PRIMARY", "KEY") or stream.accept("PRIMARY") or stream.accept("KEY"):
        constraints.append(ConstraintDefinition("primary-key", None, (name,), stream.span(start)))
    elif stream.accept("COMMENT"):
        stream.accept("=")
        fields["comment"] = stream.string()
    elif stream.accept("COLLATE"):
        stream.accept("=")
        fields["collation"] = stream.value().lower()
    elif stream.accept("CHARACTER", "SET") or stream.any_of("CHARSET"):
        fields["charset"] = stream.value().lower()
    elif stream.any_of("INVISIBLE"):
        fields["invisible"] = True
    elif stream.any_of("VISIBLE"):
        fields["invisible"] = False
    elif stream.ahead("REFERENCES"):
        constraints.append(_with_name(read_reference(stream, (name,), start), None))
    elif stream.ahead("CONSTRAINT") or stream.ahead("CHECK"):
        return _named_constraint(stream, name, constraints)
    elif stream.accept("GENERATED", "ALWAYS", "AS") or stream.accept("AS"):
        _generated(stream, fields, options)
    elif stream.any_of("VIRTUAL"):
        fields["generated"] = "virtual"
    elif stream.any_of("STORED", "PERSISTENT"):
        fields["generated"] = "stored"
    elif stream.accept("WITH", "SYSTEM", "VERSIONING"):
        options.append(("versioned", "true"))
    elif stream.accept("WITHOUT", "SYSTEM", "VERSIONING"):
        options.append(("versioned", "false"))
    elif word := stream.any_of(
        "COLUMN_FORMAT",
        "STORAGE",
        "ENGINE_ATTRIBUTE",
        "SECONDARY_ENGINE_ATTRIBUTE",
        "SRID",
        "REF_SYSTEM_ID",
        "COMPRESSED",
    ):
        given = stream.accept("=") or word != "COMPRESSED"
        options.append((word.lower().replace("_", "-"), stream.value() if given else "true"))
    else:
        return False
    return True


def _default(stream: Stream) -> Expression:
    if stream.accept("NEXT", "VALUE", "FOR"):  # MariaDB
        return Call("nextval", (Literal("string", str(stream.relation())),))
    return bounded(stream)


def _generated(stream: Stream, fields: dict[str, object], options: list[tuple[str, str]]) -> None:
    if stream.accept("ROW"):  # MariaDB's system versioning
        options.append(("row", stream.any_of("START", "END").lower()))
        fields["generated"] = "virtual"
        return
    stream.expect("(")
    fields["expression"] = expression(stream)
    fields.setdefault("generated", "virtual")
    stream.expect(")")


def _named_constraint(stream: Stream, column: str, constraints: list[ConstraintDefinition]) -> bool:
    start, name = stream.start, None
    if stream.accept("CONSTRAINT") and stream.peek() not in ("CHECK", "REFERENCES", "UNIQUE", "PRIMARY", "NOT"):
        name = stream.column()
    if stream.ahead("CHECK"):
        constraints.append(_with_name(read_check(stream, start), name)._replace(columns=(column,)))
    elif stream.ahead("REFERENCES"):
        constraints.append(_with_name(read_reference(stream, (column,), start), name))
    return True


def _with_name(constraint: ConstraintDefinition, name: str | None) -> ConstraintDefinition:
    return constraint._replace(name=name)


def read_check(stream: Stream, start: int) -> ConstraintDefinition:
    """CHECK (…) [[NOT] ENFORCED]."""
    stream.expect("CHECK", "(")
    condition = expression(stream)
    stream.expect(")")
    enforced = True
    if stream.accept("NOT", "ENFORCED"):
        enforced = False
    else:
        stream.any_of("ENFORCED")
    return ConstraintDefinition("check", None, (), stream.span(start), condition, validated=enforced, enforced=enforced)


def read_reference(stream: Stream, columns: tuple[str, ...], start: int) -> ConstraintDefinition:
    """REFERENCES t (c) [MATCH …] [ON DELETE …] [ON UPDATE …]."""
    stream.expect("REFERENCES")
    table = stream.relation()
    referenced = stream.columns() if stream.ahead("(") else ()
    actions: dict[str, str | None] = {}
    while True:
        if stream.accept("MATCH"):
            stream.next()
        elif stream.peek() == "ON" and stream.peek(1) in ("DELETE", "UPDATE") and _is_action(stream.peek(2)):
            stream.at += 1
            event = stream.next().text
            actions[event] = _action(stream)
        else:
            break
    return ConstraintDefinition(
        "foreign-key",
        None,
        columns,
        stream.span(start),
        referenced=table,
        referenced_columns=referenced,
        on_delete=actions.get("DELETE"),
        on_update=actions.get("UPDATE"),
    )


def _is_action(word: str) -> bool:
    return word in ("RESTRICT", "CASCADE", "SET", "NO")


def _action(stream: Stream) -> str | None:
    word = stream.next().text
    if word == "SET":
        return f"set {stream.next().text.lower()}"
    if word == "NO":
        stream.expect("ACTION")
        return None
    return word.lower()


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
