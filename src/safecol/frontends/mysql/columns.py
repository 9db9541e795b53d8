"""Columns of MySQL and MariaDB with the constraints in them: tokens come in, definitions go out."""

from safecol.expressions import Call, Expression, Literal, TypeName
from safecol.frontends.mysql.expressions import bounded, expression
from safecol.frontends.mysql.tokens import Stream
from safecol.frontends.mysql.types import read_type
from safecol.operations import ColumnDefinition, ConstraintDefinition
from safecol.records import NamedTuple

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
    else:
        return _described(stream, fields, options)
    return True


def _described(stream: Stream, fields: dict[str, object], options: list[tuple[str, str]]) -> bool:
    """Read an attribute that says how values are written, kept or shown; False where none is next."""
    if stream.accept("COMMENT"):
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
