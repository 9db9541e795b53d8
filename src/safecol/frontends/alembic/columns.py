"""`sa.Column` and constraints as values come in; the clauses that PostgreSQL is sent for them go out."""

from collections.abc import Sequence

from safecol.frontends.alembic.expressions import condition, default, expression
from safecol.frontends.alembic.names import NotKnown, dotted, identifier, known, quoted, shown_source, string, why
from safecol.frontends.alembic.types import EnumType, brings_type, serial, type_name
from safecol.frontends.python.strings import hole
from safecol.frontends.python.values import External, Made, Text, Value, path_of
from safecol.records import NamedTuple
from safecol.source import Span


class Column(NamedTuple):
    """A column with what the toolkit needs to write it; `constraints` stand in the column's own clause.

    `missed` says what of its default is not known, which then is a placeholder.
    """

    name: str
    type: str
    span: Span
    nullable: bool
    primary_key: bool
    autoincrement: Value
    default: str | None
    generated: str
    constraints: tuple[Made, ...]
    references: tuple[Made, ...]
    unique: bool
    indexed: bool
    comment: str | None
    brings: EnumType | None
    missed: str = ""


def is_column(value: Value) -> bool:
    """Whether a value is a sa.Column."""
    return isinstance(value, Made) and value.path.rpartition(".")[2] in ("Column", "mapped_column")


def kind_of(value: Value) -> str:
    """The last part of a made value's path: `CheckConstraint`."""
    return value.path.rpartition(".")[2] if isinstance(value, Made) else ""


def column(value: Value) -> Column:
    """Read a sa.Column. Errors: NotKnown."""
    if not isinstance(value, Made) or not is_column(value):
        raise NotKnown(why(value, "the column"))
    name = known(value.arguments[0] if value.arguments else value.keywords.get("name"), "the column")
    rest = list(value.arguments[1:])
    given = value.keywords.get("type_")
    references = tuple(one for one in rest if kind_of(one) == "ForeignKey")
    if given is None and rest and not _is_part(rest[0]):
        given = rest.pop(0)
    if given is None and references:
        raise NotKnown(f"the type of the column `{name}` is that of the column it references")
    parts = [one for one in rest if isinstance(one, Made)]
    primary = _flag(value, "primary_key", default_=False)
    nullable = value.keywords.get("nullable")
    if nullable is not None and not isinstance(nullable, bool):
        raise NotKnown(why(nullable, f"`nullable` of the column `{name}`"))
    server = value.keywords.get("server_default")
    made_by = "".join(generated(one) for one in (*parts, server) if kind_of(one) in ("Identity", "Computed"))
    comment = value.keywords.get("comment")
    missed = ""
    try:
        written = default(server)
    except NotKnown as problem:
        written, missed = str(hole(shown_source(server), value.span)), f"the default of the column `{name}`: {problem}"
    if "**" in value.keywords or any(not _is_part(one) for one in rest):
        raise NotKnown(f"what the column `{name}` is made of is not known")
    return Column(
        name,
        type_name(given),
        value.span,
        (not primary and "Identity" not in map(kind_of, (*parts, server))) if nullable is None else nullable,
        primary,
        value.keywords.get("autoincrement", "auto") if "Sequence" not in map(kind_of, parts) else False,
        None if made_by else written,
        made_by,
        tuple(one for one in parts if kind_of(one) == "CheckConstraint"),
        references,
        _flag(value, "unique", default_=False),
        _flag(value, "index", default_=False),
        str(comment) if isinstance(comment, Text) else None,
        brings_type(given),
        missed,
    )


def _flag(value: Made, name: str, *, default_: bool) -> bool:
    given = value.keywords.get(name)
    if given is None:
        return default_
    if not isinstance(given, bool):
        raise NotKnown(why(given, f"`{name}`"))
    return given


_PARTS = frozenset(
    {
        "ForeignKey", "Identity", "Computed", "Sequence", "CheckConstraint", "FetchedValue", "DefaultClause",
        "ColumnDefault", "UniqueConstraint",
    }
)  # fmt: skip


def _is_part(value: Value) -> bool:
    return kind_of(value) in _PARTS or path_of(value).endswith("FetchedValue")


def generated(value: Value) -> str:
    """GENERATED of a sa.Identity or sa.Computed; empty for other values. Errors: NotKnown."""
    if not isinstance(value, Made):
        return ""
    if kind_of(value) == "Computed":
        persisted = value.argument(1, "persisted")
        written = condition(value.arguments[0] if value.arguments else None)
        return f" GENERATED ALWAYS AS ({written})" + (" VIRTUAL" if persisted is False else " STORED")
    always = value.keywords.get("always", False)
    return f" GENERATED {'ALWAYS' if always is True else 'BY DEFAULT'} AS IDENTITY{_sequence_options(value)}"


def _sequence_options(value: Made) -> str:
    words = (("start", "START WITH"), ("increment", "INCREMENT BY"), ("minvalue", "MINVALUE"), ("maxvalue", "MAXVALUE"),
             ("cache", "CACHE"))  # fmt: skip
    made = [f"{word} {value.keywords[name]}" for name, word in words if isinstance(value.keywords.get(name), int)]
    made += ["CYCLE"] if value.keywords.get("cycle") is True else []
    return f" ({' '.join(made)})" if made else ""


def definition(made: Column, *, counts: bool) -> str:
    """The clause of a column; `counts` makes a serial of an integer."""
    kind = serial(made.type) if counts else ""
    words = [quoted(made.name), kind or made.type]
    if made.default is not None and not kind:
        words.append(f"DEFAULT {made.default}")
    text = " ".join(words) + made.generated
    identity = "IDENTITY" in made.generated
    if not made.nullable or made.primary_key:
        text += " NOT NULL"
    elif identity:
        text += " NULL"
    for check in made.constraints:
        text += " " + constraint(check)
    return text


def counts(made: Column, keys: Sequence[Column]) -> bool:
    """Whether the toolkit makes a serial of a column of this primary key."""
    if made not in keys or made.autoincrement is False or not serial(made.type) or made.generated:
        return False
    if made.autoincrement is True:
        return True
    return len(keys) == 1 and made.default is None and (not made.references or made.autoincrement == "ignore_fk")


def constraint(value: Made, *, name: Value = None) -> str:
    """The clause of a table's constraint, with its name. Errors: NotKnown."""
    kind = kind_of(value)
    handler = _CONSTRAINTS.get(kind)
    if handler is None:
        raise NotKnown(f"`{value.path}` is not a constraint that is known")
    given = value.keywords.get("name", name)
    head = "" if given is None else f"CONSTRAINT {identifier(given, 'the name of the constraint')} "
    return head + handler(value) + attributes(value.keywords)


def attributes(keywords: dict[str, Value]) -> str:
    """DEFERRABLE, INITIALLY and NOT VALID."""
    text = ""
    if keywords.get("deferrable") is not None:
        text += " DEFERRABLE" if keywords["deferrable"] is True else " NOT DEFERRABLE"
    if keywords.get("initially") is not None:
        text += f" INITIALLY {known(keywords['initially'], '`initially`')}"
    if keywords.get("postgresql_not_valid") is True:
        text += " NOT VALID"
    return text


def names(values: Value, what: str = "the columns") -> str:
    """Columns in parentheses without them. Errors: NotKnown."""
    if isinstance(values, Text):
        values = [values]
    if type(values) not in (list, tuple):
        raise NotKnown(why(values, what))
    return ", ".join(_column_name(one, what) for one in values)


def _column_name(value: Value, what: str) -> str:
    if isinstance(value, Made) and kind_of(value) in ("column", "Column") and value.arguments:
        return identifier(value.arguments[0], what)
    return identifier(value, what)


def references(keywords: dict[str, Value]) -> str:
    """MATCH, ON DELETE and ON UPDATE."""
    text = f" MATCH {known(keywords['match'], '`match`')}" if keywords.get("match") is not None else ""
    for key, word in (("ondelete", "DELETE"), ("onupdate", "UPDATE")):
        if keywords.get(key) is not None:
            text += f" ON {word} {known(keywords[key], f'`{key}`')}"
    return text


def inline_reference(value: Made) -> str:
    """REFERENCES of a column's own clause."""
    table, target = target_of(value)
    return f"REFERENCES {table} ({target}){references(value.keywords)}{attributes(value.keywords)}"


def foreign_key(value: Made, name: str) -> str:
    """The constraint of a table that a sa.ForeignKey of a column makes."""
    table, target = target_of(value)
    given = value.keywords.get("name")
    head = "" if given is None else f"CONSTRAINT {identifier(given, 'the name of the constraint')} "
    return (
        f"{head}FOREIGN KEY({quoted(name)}) REFERENCES {table} ({target})"
        f"{references(value.keywords)}{attributes(value.keywords)}"
    )


def target_of(value: Made) -> tuple[str, str]:
    """The table and the column that a sa.ForeignKey names. Errors: NotKnown."""
    first = value.argument(0, "column")
    path = path_of(first)
    if isinstance(first, Text):
        table, _, target = known(first, "what the foreign key references").rpartition(".")
        return dotted(table), quoted(target)
    if isinstance(first, External) and path.count(".") >= 2:  # tables.user.c.id, User.id
        parts = [part for part in path.split(".") if part not in ("c", "columns")]
        return quoted(parts[-2].lower()), quoted(parts[-1])
    raise NotKnown(why(first, "what the foreign key references"))


def _key_constraint(value: Made) -> str:
    first = value.arguments[0] if value.arguments else None
    columns, targets = value.argument(0, "columns"), value.argument(1, "refcolumns")
    if type(targets) not in (list, tuple) or not targets:
        raise NotKnown(why(first, "what the foreign key references"))
    split = [known(one, "what the foreign key references").rpartition(".") for one in targets]
    targets_shown = ", ".join(quoted(part[2]) for part in split)
    return (
        f"FOREIGN KEY({names(columns)}) REFERENCES {dotted(split[0][0])} ({targets_shown}){references(value.keywords)}"
    )


def _unique(value: Made) -> str:
    distinct = " NULLS NOT DISTINCT" if value.keywords.get("postgresql_nulls_not_distinct") is True else ""
    include = value.keywords.get("postgresql_include")
    rest = f" INCLUDE ({names(include)})" if include else ""
    return f"UNIQUE{distinct} ({names(value.arguments)}){rest}"


def _check(value: Made) -> str:
    return f"CHECK ({condition(value.argument(0, 'sqltext'))})"


def exclusion(value: Made) -> str:
    """An EXCLUDE constraint."""
    elements = []
    for one in value.arguments:
        if type(one) is not tuple or len(one) != 2:
            raise NotKnown("an element of the exclusion constraint is not known")
        written = quoted(str(one[0])) if isinstance(one[0], Text) else expression(one[0])
        operators = value.keywords.get("ops")
        kind = f" {operators[one[0]]}" if isinstance(operators, dict) and one[0] in operators else ""
        elements.append(f"{written}{kind} WITH {known(one[1], 'the operator')}")
    using = value.keywords.get("using", value.keywords.get("postgresql_using"))
    method = known(using, "`using`") if using is not None else "gist"
    where = value.keywords.get("where", value.keywords.get("postgresql_where"))
    rest = f" WHERE ({condition(where)})" if where is not None else ""
    return f"EXCLUDE USING {method} ({', '.join(elements)}){rest}"


_CONSTRAINTS = {
    "PrimaryKeyConstraint": lambda value: f"PRIMARY KEY ({names(value.arguments)})",
    "UniqueConstraint": _unique,
    "ForeignKeyConstraint": _key_constraint,
    "CheckConstraint": _check,
    "ExcludeConstraint": exclusion,
}


def index(value: Made, table: str, *, columns: Value = None, name: Value = None) -> str:
    """CREATE INDEX of a sa.Index or of op.create_index. Errors: NotKnown."""
    keywords = value.keywords
    elements = columns if columns is not None else value.arguments[1:]
    if type(elements) not in (list, tuple):
        raise NotKnown(why(elements, "the columns of the index"))
    operators = keywords.get("postgresql_ops")
    parts = [_element(one, operators if isinstance(operators, dict) else {}) for one in elements]
    for flag in ("unique", "postgresql_concurrently", "if_not_exists"):
        if keywords.get(flag) is not None and not isinstance(keywords[flag], bool):
            raise NotKnown(why(keywords[flag], f"`{flag}`"))
    text = "CREATE UNIQUE INDEX" if keywords.get("unique") else "CREATE INDEX"
    text += " CONCURRENTLY" if keywords.get("postgresql_concurrently") else ""
    text += " IF NOT EXISTS" if keywords.get("if_not_exists") else ""
    text += f" {identifier(name, 'the index')} ON {table} "
    if keywords.get("postgresql_using") is not None:
        text += f"USING {known(keywords['postgresql_using'], '`postgresql_using`')} "
    text += f"({', '.join(parts)})"
    if keywords.get("postgresql_include"):
        text += f" INCLUDE ({names(keywords['postgresql_include'])})"
    if keywords.get("postgresql_nulls_not_distinct") is True:
        text += " NULLS NOT DISTINCT"
    options = keywords.get("postgresql_with")
    if isinstance(options, dict) and options:
        text += f" WITH ({', '.join(f'{key} = {item}' for key, item in options.items())})"
    if keywords.get("postgresql_tablespace") is not None:
        text += f" TABLESPACE {identifier(keywords['postgresql_tablespace'], 'the tablespace')}"
    if keywords.get("postgresql_where") is not None:
        text += f" WHERE {condition(keywords['postgresql_where'])}"
    return text


def _element(value: Value, operators: dict[Value, Value]) -> str:
    if isinstance(value, Text):
        kind = operators.get(value)
        return identifier(value, "a column of the index") + (f" {kind}" if isinstance(kind, Text) else "")
    written = expression(value)
    if not isinstance(value, Made) or kind_of(value) in ("text", "column", "desc", "asc", "literal_column"):
        return written
    if value.path.startswith("operator "):
        return f"({written})"
    return written


def index_name(table: str, name: str) -> str:
    """The name of the index of a column with `index=True`."""
    return quoted(f"ix_{table}_{name}")


def comment(kind: str, name: str, text: Value) -> str:
    """COMMENT ON. Errors: NotKnown."""
    return f"COMMENT ON {kind} {name} IS {'NULL' if text is None else string(known(text, 'the comment'))}"
