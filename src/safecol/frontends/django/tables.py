"""A model of a state comes in; the statements that make, rename and drop its table are sent."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from safecol.frontends.django import ddl, defaults, expressions, indexes
from safecol.frontends.django.columns import Column, column, fields_of, through
from safecol.frontends.django.ddl import Definition, ForeignKey, Index, Unique, server_name
from safecol.frontends.django.ledger import Known
from safecol.frontends.django.values import NOWHERE, Field, Model, State
from safecol.frontends.python.emitted import Piece
from safecol.frontends.python.values import Made, Unknown
from safecol.source import Span

if TYPE_CHECKING:
    from safecol.frontends.django.editor import Editor

LIMITED = frozenset(
    {"tinyblob", "blob", "mediumblob", "longblob", "tinytext", "text", "mediumtext", "longtext", "json"}
)
"""Types of MySQL that take no plain index, and defaults only as expressions."""


def create_table(editor: "Editor", state: State, model: Model, table: str | None = None) -> None:
    """CREATE TABLE of a model, under another name when one is given."""
    target = editor.target
    renamed = model if table is None else model.with_options(db_table=table)
    table = editor.table(state, renamed)
    editor.ledger.create(table)
    for group in indexes.groups(renamed.options.get("unique_together")):
        editor.wait(Unique(table, expressions.names_of(editor.around(state, renamed), group)))
    parts: list[Piece] = []
    columns: list[Column] = []
    for name, field in fields_of(state, renamed):
        made = column(target, state, renamed, name, field)
        if made is None:
            continue
        # A type that isn't known has the name of its class: nothing of a new table hangs on it.
        columns.append(made)
        clauses = definition(editor, state, renamed, name, made)
        clauses += f" CHECK ({made.check})" if made.check else ""
        clauses += f" {made.suffix}" if made.suffix else ""
        if made.constrained and made.reference is not None:
            to = made.reference
            if target.sqlite:
                clauses += f" REFERENCES {target.quoted(to.table)} ({target.quoted(to.column)}){ddl.deferred(target)}"
            else:
                editor.wait(ForeignKey(table, (made.name,), to.table, to.column))
        parts.append(Piece(f"{target.quoted(made.name)} {clauses}", place_of(field, editor.place)))
        inline(editor, table, made)
    parts += [Piece(clause) for clause in inline_constraints(editor, state, renamed, table)]
    separated: list[Piece] = [Piece(f"CREATE TABLE {target.quoted(table)} (")]
    for at, part in enumerate(parts):
        separated += [Piece(", "), part] if at else [part]
    tablespace = renamed.options.get("db_tablespace")
    ending = (
        f" TABLESPACE {target.quoted(str(tablespace))}" if isinstance(tablespace, str) and target.postgresql else ""
    )
    editor.pieces([*separated, Piece(f"){ending}")])
    _comments(editor, renamed, table, columns)
    for each in model_indexes(editor, state, renamed, table):
        editor.wait(each)
    for name, field in renamed.fields.items():
        between = through(target, state, model, name, field)
        if between is not None:
            create_table(editor, state, between)


def _comments(editor: "Editor", model: Model, table: str, columns: list[Column]) -> None:
    target = editor.target
    if not target.comments:
        return
    comment = model.options.get("db_table_comment")
    if isinstance(comment, str) and comment:
        table_comment(editor, table, str(comment))
    if target.postgresql:
        for made in columns:
            if made.comment:
                column_comment(editor, table, made.name, made.comment)


def table_comment(editor: "Editor", table: str, comment: str) -> None:
    """COMMENT ON TABLE."""
    target, text = editor.target, defaults.string(editor.target, comment)
    if target.postgresql:
        editor.send(f"COMMENT ON TABLE {target.quoted(table)} IS {text}")
    elif target.mysql:
        editor.send(f"ALTER TABLE {target.quoted(table)} COMMENT = {text}")


def column_comment(editor: "Editor", table: str, name: str, comment: str) -> None:
    """COMMENT ON COLUMN."""
    target = editor.target
    text = defaults.string(target, comment)
    editor.send(f"COMMENT ON COLUMN {target.quoted(table)}.{target.quoted(name)} IS {text}")


def inline(editor: "Editor", table: str, made: Column) -> None:
    """What a column's own clauses make, under the names that the server gives them."""
    target = editor.target
    if made.primary:
        name = "PRIMARY" if target.mysql else server_name(table, "", "pkey") if target.postgresql else "__primary__"
        editor.ledger.add(table, Known(name, (made.name,), unique=True, primary=True, index=target.mysql))
    elif made.unique:
        name = server_name(table, made.name, "key") if target.postgresql else made.name
        editor.ledger.add(table, Known(name, (made.name,), unique=True, index=target.mysql, method="idx"))
    if made.type == "json" and target.dialect == "mariadb":
        editor.ledger.add(table, Known(made.name, (made.name,), check=True))
    if made.check:
        name = server_name(table, made.name, "check") if target.postgresql else made.name
        if target.dialect == "mysql":
            taken = sum(one.check and one.name.startswith(f"{table}_chk_") for one in editor.ledger.find(table, None))
            name = f"{table}_chk_{taken + 1}"
        editor.ledger.add(table, Known(name, (made.name,), check=True))


def inline_constraints(editor: "Editor", state: State, model: Model, table: str) -> Iterator[str]:
    """The clauses of CREATE TABLE for a model's constraints; unique indexes wait."""
    target, around = editor.target, editor.around(state, model)
    key = [field for field in model.fields.values() if field.kind == "CompositePrimaryKey"]
    for value in listed(editor, model, "constraints"):
        editor.skip(value)
        kind = indexes.kind_of(value)
        name = target.quoted(indexes.name_of(value))
        if kind == "CheckConstraint":
            check = indexes.check(around, value, table)
            if target.check_constraints:
                editor.ledger.add(table, check.known(target))
                yield f"CONSTRAINT {name} CHECK ({check.condition})"
        elif kind == "UniqueConstraint":
            made = indexes.unique(around, value, table)
            if isinstance(made, Unique) and not made.nulls:
                editor.know(table, made.known(target))
                yield f"CONSTRAINT {name} UNIQUE ({target.listed(made.columns)}){made.deferrable}"
            else:
                editor.wait(made)
        elif kind == "ExclusionConstraint" and target.postgresql:
            yield f"CONSTRAINT {name} {indexes.exclusion(around, value).clause}"
        else:
            editor.unknown(getattr(value, "path", kind), f"a constraint is of a class that is not known: `{kind}`")
    if key:
        columns = expressions.names_of(around, [str(one) for one in key[0].arguments])
        editor.ledger.add(table, Known(server_name(table, "", "pkey"), columns, unique=True, primary=True))
        yield f"PRIMARY KEY ({target.listed(columns)})"


def listed(editor: "Editor", model: Model, option: str) -> list[Made]:
    """The indexes or constraints of a model; what isn't known of them is told."""
    values = model.options.get(option) or []
    if type(values) not in (list, tuple):
        editor.unknown(option, f"the {option} of `{model.name}` are not known")
        return []
    for value in values:
        if not isinstance(value, Made):
            editor.unknown(option, f"one of the {option} of `{model.name}` is not known")
    return [value for value in values if isinstance(value, Made)]


def definition(
    editor: "Editor", state: State, model: Model, name: str, made: Column, default: str | None = None
) -> str:
    """Type and clauses of a column, as in CREATE TABLE."""
    target, field = editor.target, made.field
    parts = [made.type]
    if made.collation:
        parts.append(f"COLLATE {collation(editor, made.collation)}")
    comment = f"COMMENT {defaults.string(target, made.comment)}" if made.comment and target.mysql else ""
    if comment and not target.since(6, 0):
        parts.append(comment)
    if defaults.has_database_default(field):
        parts.append(f"DEFAULT {expressions.database_default(editor.around(state, model), name, field)}")
    elif default is not None:
        parts.append(f"DEFAULT {default}")
    if made.generated:
        parts.append(expressions.generated(editor.around(state, model), field))
    elif not made.null:
        parts.append("NOT NULL")
    else:
        parts.append("NULL")
    if made.primary:
        parts.append("PRIMARY KEY")
    elif made.unique:
        parts.append("UNIQUE")
    if comment and target.since(6, 0):
        parts.append(comment)
    return " ".join(parts)


def collation(editor: "Editor", name: str) -> str:
    """A collation's name as this dialect is told it."""
    return name if editor.target.sqlite else editor.target.quoted(name)


def model_indexes(editor: "Editor", state: State, model: Model, table: str) -> Iterator[Definition | Unknown | None]:
    """The indexes of a new table: those of its fields, then those of its Meta."""
    for name, field in fields_of(state, model):
        yield from field_indexes(editor, state, model, name, field, table)
    around = editor.around(state, model)
    for group in indexes.groups(model.options.get("index_together")):
        yield Index(table, expressions.names_of(around, group), "_idx")
    for value in listed(editor, model, "indexes"):
        editor.skip(value)
        yield indexes.index(around, value, table)


def field_indexes(
    editor: "Editor", state: State, model: Model, name: str, field: Field, table: str
) -> Iterator[Definition]:
    """The indexes of a field."""
    target = editor.target
    made = column(target, state, model, name, field)
    if made is None:
        return
    if is_indexed(editor, made):
        yield Index(table, (made.name,))
    like = like_class(editor, made)
    if like:
        yield Index(table, (made.name,), "_like", classes=(like,))
    if made.type.startswith(("geometry(", "geography(")) and field.get("spatial_index", True) is True:
        yield Index(table, (made.name,), "_id", using=" USING GIST")


def is_indexed(editor: "Editor", made: Column) -> bool:
    """Whether a column gets an index of its own."""
    if not made.indexed or made.unique:
        return False
    if editor.target.mysql:
        return not (made.field.kind == "ForeignKey" and made.constrained) and made.type not in LIMITED
    return True


def like_class(editor: "Editor", made: Column) -> str:
    """The operator class of a column's second index; empty for none."""
    deterministic = not made.collation or editor.collations.get(made.collation, True)
    return indexes.like_class(editor.target, made, deterministic)


def drop_table(editor: "Editor", state: State, model: Model) -> None:
    """DROP TABLE of a model."""
    for name, field in model.fields.items():
        between = through(editor.target, state, model, name, field)
        if between is not None:
            drop_table(editor, state, between)
    drop(editor, editor.table(state, model))


def drop(editor: "Editor", table: str) -> None:
    """DROP TABLE."""
    editor.send(f"DROP TABLE {editor.target.quoted(table)}{'' if editor.target.sqlite else ' CASCADE'}")
    editor.ledger.drop_table(table)
    editor.forget(table)


def rename_table(editor: "Editor", old: str, new: str) -> None:
    """ALTER TABLE RENAME."""
    target = editor.target
    if old == new or (target.sqlite and old.lower() == new.lower()):
        return
    if target.mysql:
        editor.send(f"RENAME TABLE {target.quoted(old)} TO {target.quoted(new)}")
    else:
        editor.send(f"ALTER TABLE {target.quoted(old)} RENAME TO {target.quoted(new)}")
    editor.ledger.rename_table(old, new)
    editor.waiting = [(ddl.with_table(one, old, new), place) for one, place in editor.waiting]


def place_of(field: Field, around: Span) -> Span | None:
    """The place of a field's own source, when it stands inside the operation's."""
    inside = around.start <= field.span.start and field.span.end <= around.end
    return field.span if field.span != NOWHERE and inside else None
