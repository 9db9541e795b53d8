"""`sa.Column` and constraints as values come in; the clauses that the server is sent for them go out."""

from collections.abc import Callable, Mapping, Sequence

from safecol.frontends.alembic.conventions import name_of
from safecol.frontends.alembic.expressions import condition, default, expression
from safecol.frontends.alembic.names import (
    NotKnown,
    Refused,
    Target,
    dotted,
    identifier,
    known,
    quoted,
    shown_source,
    string,
    unquoted,
    why,
)
from safecol.frontends.alembic.types import EnumType, brings_type, serial, type_name
from safecol.frontends.python.strings import hole
from safecol.frontends.python.values import External, Made, Text, Value, path_of
from safecol.patterns import lazy
from safecol.records import NamedTuple
from safecol.source import Span


class Column(NamedTuple):
    """A column with what the toolkit needs to write it; `constraints` stand in the column's own clause.

    `missed` says what of its default is not known, which then is a placeholder. `client` is whether it has a default
    that only the application's code applies.
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
    client: bool = False

    @property
    def flags(self) -> tuple[str, ...]:
        """The flags of the operation that adds it."""
        named = ("named-type",) if self.brings is not None else ()
        return (*named, "client-default") if self.client and self.default is None and not self.generated else named


def is_column(value: Value) -> bool:
    """Whether a value is a sa.Column."""
    return isinstance(value, Made) and value.path.rpartition(".")[2] in ("Column", "mapped_column")


def kind_of(value: Value) -> str:
    """The last part of a made value's path: `CheckConstraint`."""
    return value.path.rpartition(".")[2] if isinstance(value, Made) else ""


def column(to: Target, value: Value) -> Column:
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
    made_by = "".join(generated(to, one) for one in (*parts, server) if kind_of(one) in ("Identity", "Computed"))
    drawn = to.dialect == "postgresql" and "Sequence" in map(kind_of, parts)
    comment = value.keywords.get("comment")
    missed = ""
    try:
        written = None if kind_of(server) in ("Identity", "Computed") else default(to, server)
    except NotKnown as problem:
        written, missed = str(hole(shown_source(server), value.span)), f"the default of the column `{name}`: {problem}"
    if "**" in value.keywords or any(not _is_part(one) for one in rest):
        raise NotKnown(f"what the column `{name}` is made of is not known")
    return Column(
        name,
        type_name(to, given),
        value.span,
        (not primary and "Identity" not in map(kind_of, (*parts, server))) if nullable is None else nullable,
        primary,
        False if drawn else value.keywords.get("autoincrement", "auto"),
        None if made_by else written,
        made_by,
        tuple(one for one in parts if kind_of(one) == "CheckConstraint"),
        references,
        _flag(value, "unique", default_=False),
        _flag(value, "index", default_=False),
        str(comment) if isinstance(comment, Text) else None,
        brings_type(to, given),
        missed,
        value.keywords.get("default") is not None,
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


def generated(to: Target, value: Value) -> str:
    """GENERATED of a sa.Identity or sa.Computed; empty for other values. Errors: NotKnown."""
    if not isinstance(value, Made):
        return ""
    if kind_of(value) == "Computed":
        persisted = value.argument(1, "persisted")
        written = condition(to, value.arguments[0] if value.arguments else None)
        word = " VIRTUAL" if persisted is False else " STORED"
        return f" GENERATED ALWAYS AS ({written})" + (
            word if persisted is not None or to.dialect == "postgresql" else ""
        )
    if to.dialect != "postgresql":  # there it is the key that counts, or nothing
        return ""
    always = value.keywords.get("always", False)
    return f" GENERATED {'ALWAYS' if always is True else 'BY DEFAULT'} AS IDENTITY{_sequence_options(value)}"


def _sequence_options(value: Made) -> str:
    words = (("start", "START WITH"), ("increment", "INCREMENT BY"), ("minvalue", "MINVALUE"), ("maxvalue", "MAXVALUE"),
             ("cache", "CACHE"))  # fmt: skip
    made = [f"{word} {value.keywords[name]}" for name, word in words if isinstance(value.keywords.get(name), int)]
    made += ["CYCLE"] if value.keywords.get("cycle") is True else []
    return f" ({' '.join(made)})" if made else ""


def definition(to: Target, made: Column, table: str, *, counts: bool) -> str:
    """The clause of a column; `counts` makes a serial of an integer, or AUTO_INCREMENT. Errors: NotKnown, Refused."""
    if to.is_mysql:
        text = _of_mysql(to, made, counts=counts)
    elif to.is_sqlite:
        text = _of_sqlite(to, made)
    else:
        text = _of_postgresql(to, made, counts=counts)
    for check in made.constraints:
        text += " " + constraint(to, check, table)
    return text


def _of_mysql(to: Target, made: Column, *, counts: bool) -> str:
    text = f"{quoted(to, made.name)} {made.type}{made.generated}"
    if not made.nullable or made.primary_key:
        text += " NOT NULL"
    elif made.type.startswith("TIMESTAMP"):  # which else would not be NULL on old servers
        text += " NULL"
    text += f" COMMENT {string(to, made.comment)}" if made.comment is not None else ""
    if counts:
        return text + " AUTO_INCREMENT"
    if made.default is None:
        return text
    bare = (
        to.sqlalchemy < (2, 1)  # which writes every default as it stands
        or _SIMPLE.match(made.default)
        or not _COMPOUND.search(made.default)
        or _UPDATES.search(made.default)
    )
    return text + (f" DEFAULT {made.default}" if bare else f" DEFAULT ({made.default})")


def _of_sqlite(to: Target, made: Column) -> str:
    text = f"{quoted(to, made.name)} {made.type}"
    if made.default is not None:
        bare = _QUOTED.match(made.default) or not _COMPOUND.search(made.default)
        text += f" DEFAULT {made.default}" if bare else f" DEFAULT ({made.default})"
    return text + (" NOT NULL" if not made.nullable or made.primary_key else "") + made.generated


# A default that is a literal, or already in parentheses; one that is more than a word; what an update sets.
_QUOTED = lazy(r"\s*['\"(]")
_SIMPLE = lazy(r"\s*['\"(]|(?i:now|current_timestamp)\(\d+\)")
_COMPOUND = lazy(r"\W")
_UPDATES = lazy(r"(?i)ON +UPDATE")


def _of_postgresql(to: Target, made: Column, *, counts: bool) -> str:
    kind = serial(made.type) if counts else ""
    words = [quoted(to, made.name), kind or made.type]
    if made.default is not None and not kind:
        words.append(f"DEFAULT {made.default}")
    text = " ".join(words) + made.generated
    identity = "IDENTITY" in made.generated
    if not made.nullable or made.primary_key:
        text += " NOT NULL"
    elif identity:
        text += " NULL"
    return text


def counts(made: Column, keys: Sequence[Column]) -> bool:
    """Whether the toolkit makes a serial of a column of this primary key."""
    if made not in keys or made.autoincrement is False or made.generated:
        return False
    if not (serial(made.type) or made.type.startswith(("TINYINT", "MEDIUMINT", "INTEGER", "BIGINT", "SMALLINT"))):
        return False
    if made.autoincrement is True:
        return True
    return len(keys) == 1 and made.default is None and (not made.references or made.autoincrement == "ignore_fk")


def constraint(to: Target, value: Made, table: str) -> str:
    """The clause of a table's constraint, with its name. Errors: NotKnown, Refused."""
    kind = kind_of(value)
    handler = _CONSTRAINTS.get(kind)
    if handler is None:
        raise NotKnown(f"`{value.path}` is not a constraint that is known")
    start = named(to, value, value.keywords.get("name"), table)
    conflict = value.keywords.get("sqlite_on_conflict") if to.is_sqlite else None
    rest = f" ON CONFLICT {known(conflict, '`sqlite_on_conflict`')}" if conflict is not None else ""
    return start + handler(to, value) + attributes(to, value.keywords) + rest


_WORDS = {"PrimaryKeyConstraint": "pk", "UniqueConstraint": "uq", "ForeignKeyConstraint": "fk", "CheckConstraint": "ck"}


def named(to: Target, value: Made, given: Value, table: str) -> str:
    """CONSTRAINT and its name, where it has one. Errors: NotKnown, Refused."""
    kind = kind_of(value)
    columns: Value = value.argument(0, "columns") if kind == "ForeignKeyConstraint" else value.arguments
    referenced: tuple[str, list[str]] = ("", [])
    if kind == "ForeignKeyConstraint":
        targets = [str(one).rpartition(".") for one in texts(value.argument(1, "refcolumns"))]
        referenced = (targets[0][0].rpartition(".")[2], [one[2] for one in targets]) if targets else referenced
    return head(to, _WORDS.get(kind, ""), given, table, texts(columns) if kind != "CheckConstraint" else [], referenced)


def head(
    to: Target, kind: str, given: Value, table: str, columns: Sequence[str],
    referenced: tuple[str, Sequence[str]] = ("", ()),
) -> str:  # fmt: skip
    """CONSTRAINT and the name that a convention or the call gives it; empty where the server will choose one."""
    name = name_of(to, kind, given, table, columns, referenced)
    return "" if name is None else f"CONSTRAINT {name} "


def texts(values: Value) -> list[str]:
    """Names as far as they are known."""
    return [str(one) for one in values if isinstance(one, Text)] if type(values) in (list, tuple) else []


def attributes(to: Target, keywords: Mapping[str, Value]) -> str:
    """DEFERRABLE, INITIALLY and NOT VALID."""
    text = ""
    if keywords.get("deferrable") is not None:
        text += " DEFERRABLE" if keywords["deferrable"] is True else " NOT DEFERRABLE"
    if keywords.get("initially") is not None:
        text += f" INITIALLY {known(keywords['initially'], '`initially`')}"
    if to.dialect == "postgresql" and keywords.get("postgresql_not_valid") is True:
        text += " NOT VALID"
    return text


def names(to: Target, values: Value, what: str = "the columns") -> str:
    """Columns in parentheses without them. Errors: NotKnown."""
    if isinstance(values, Text):
        values = [values]
    if type(values) not in (list, tuple):
        raise NotKnown(why(values, what))
    return ", ".join(_column_name(to, one, what) for one in values)


def _column_name(to: Target, value: Value, what: str) -> str:
    if isinstance(value, Made) and kind_of(value) in ("column", "Column") and value.arguments:
        return identifier(to, value.arguments[0], what)
    return identifier(to, value, what)


def references(to: Target, keywords: Mapping[str, Value]) -> str:
    """MATCH, ON DELETE and ON UPDATE. Errors: Refused."""
    if to.is_mysql and keywords.get("match") is not None:
        raise Refused("The toolkit refuses MATCH for MySQL, which would ignore ON DELETE and ON UPDATE beside it")
    text = f" MATCH {known(keywords['match'], '`match`')}" if keywords.get("match") is not None else ""
    for key, word in (("ondelete", "DELETE"), ("onupdate", "UPDATE")):
        if keywords.get(key) is not None:
            text += f" ON {word} {known(keywords[key], f'`{key}`')}"
    return text


def inline_reference(to: Target, value: Made) -> str:
    """REFERENCES of a column's own clause."""
    table, target = target_of(to, value)
    return f"REFERENCES {table} ({target}){references(to, value.keywords)}{attributes(to, value.keywords)}"


def foreign_key(to: Target, value: Made, name: str, of_table: str) -> str:
    """The constraint of a table that a sa.ForeignKey of a column makes."""
    table, target = target_of(to, value)
    bare = (unquoted(table.rpartition(".")[2]), (unquoted(target),))
    start = head(to, "fk", value.keywords.get("name"), of_table, (name,), bare)
    return (
        f"{start}FOREIGN KEY({quoted(to, name)}) REFERENCES {table} ({target})"
        f"{references(to, value.keywords)}{attributes(to, value.keywords)}"
    )


def target_of(to: Target, value: Made) -> tuple[str, str]:
    """The table and the column that a sa.ForeignKey names. Errors: NotKnown."""
    first = value.argument(0, "column")
    path = path_of(first)
    if isinstance(first, Text):
        table, _, target = known(first, "what the foreign key references").rpartition(".")
        return dotted(to, table.rpartition(".")[2] if to.is_sqlite else table), quoted(to, target)
    if isinstance(first, External) and path.count(".") >= 2:  # tables.user.c.id, User.id
        parts = [part for part in path.split(".") if part not in ("c", "columns")]
        return quoted(to, parts[-2].lower()), quoted(to, parts[-1])
    raise NotKnown(why(first, "what the foreign key references"))


def _key_constraint(to: Target, value: Made) -> str:
    first = value.arguments[0] if value.arguments else None
    columns, targets = value.argument(0, "columns"), value.argument(1, "refcolumns")
    if type(targets) not in (list, tuple) or not targets:
        raise NotKnown(why(first, "what the foreign key references"))
    split = [known(one, "what the foreign key references").rpartition(".") for one in targets]
    table = split[0][0].rpartition(".")[2] if to.is_sqlite else split[0][0]
    targets_shown = ", ".join(quoted(to, part[2]) for part in split)
    return (
        f"FOREIGN KEY({names(to, columns)}) REFERENCES {dotted(to, table)} ({targets_shown})"
        f"{references(to, value.keywords)}"
    )


def _unique(to: Target, value: Made) -> str:
    return unique(to, value.arguments, value.keywords)


def unique(to: Target, columns: Value, keywords: Mapping[str, Value]) -> str:
    """UNIQUE with its columns."""
    if to.dialect != "postgresql":
        return f"UNIQUE ({names(to, columns)})"
    distinct = " NULLS NOT DISTINCT" if keywords.get("postgresql_nulls_not_distinct") is True else ""
    include = keywords.get("postgresql_include")
    rest = f" INCLUDE ({names(to, include)})" if include else ""
    return f"UNIQUE{distinct} ({names(to, columns)}){rest}"


def _check(to: Target, value: Made) -> str:
    return f"CHECK ({condition(to, value.argument(0, 'sqltext'))})"


def exclusion(to: Target, value: Made) -> str:
    """An EXCLUDE constraint. Errors: Refused."""
    if to.dialect != "postgresql":
        raise Refused("An exclusion constraint exists on PostgreSQL only: the toolkit raises an error here")
    elements = []
    for one in value.arguments:
        if type(one) is not tuple or len(one) != 2:
            raise NotKnown("an element of the exclusion constraint is not known")
        written = quoted(to, str(one[0])) if isinstance(one[0], Text) else expression(to, one[0])
        operators = value.keywords.get("ops")
        kind = f" {operators[one[0]]}" if isinstance(operators, dict) and one[0] in operators else ""
        elements.append(f"{written}{kind} WITH {known(one[1], 'the operator')}")
    using = value.keywords.get("using", value.keywords.get("postgresql_using"))
    method = known(using, "`using`") if using is not None else "gist"
    where = value.keywords.get("where", value.keywords.get("postgresql_where"))
    rest = f" WHERE ({condition(to, where)})" if where is not None else ""
    return f"EXCLUDE USING {method} ({', '.join(elements)}){rest}"


_CONSTRAINTS: dict[str, Callable[[Target, Made], str]] = {
    "PrimaryKeyConstraint": lambda to, value: f"PRIMARY KEY ({names(to, value.arguments)})",
    "UniqueConstraint": _unique,
    "ForeignKeyConstraint": _key_constraint,
    "CheckConstraint": _check,
    "ExcludeConstraint": exclusion,
}


def comment(to: Target, kind: str, name: str, text: Value) -> str:
    """COMMENT ON. Errors: NotKnown."""
    return f"COMMENT ON {kind} {name} IS {'NULL' if text is None else string(to, known(text, 'the comment'))}"
