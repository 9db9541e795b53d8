"""A field that a model gets or loses comes in; the statements that add or drop its column are sent."""

from typing import TYPE_CHECKING

from safecol.frontends.django import ddl, defaults, tables
from safecol.frontends.django.columns import Column, column, through
from safecol.frontends.django.ddl import ForeignKey
from safecol.frontends.django.tables import LIMITED
from safecol.frontends.django.values import Field, Model, State
from safecol.frontends.python.values import Value

if TYPE_CHECKING:
    from safecol.frontends.django.editor import Editor


def add_column(
    editor: "Editor", old: State, new: State, before: Model, model: Model, field_name: str, field: Field
) -> None:
    """A field that a model gets."""
    target = editor.target
    between = through(target, new, model, field_name, field)
    if between is not None:
        tables.create_table(editor, new, between)
        return
    made = column(target, new, model, field_name, field)
    if made is None:
        if target.sqlite and field.kind == "ManyToManyField":
            from safecol.frontends.django import remaking

            remaking.remake(editor, old, new, before)  # for nothing, but Django does
        return
    value = defaults.effective(field)
    if target.sqlite:
        from safecol.frontends.django import remaking

        if remaking.needed_to_add(target, made, value):
            remaking.remake(editor, old, new, before, created=(field_name, field))
            return
    _add_plain(editor, new, model, field_name, made, value)


def _add_plain(editor: "Editor", state: State, model: Model, field_name: str, made: Column, value: Value) -> None:
    target, field = editor.target, made.field
    table = editor.table(state, model)
    shown = None
    if value is not None and not skips_default(editor, made, value) and not (
        made.null and skips_default_on_alter(editor, made, value)
    ):  # fmt: skip
        shown = default_of(editor, made, value)
    clauses = tables.definition(editor, state, model, field_name, made, shown)
    clauses += f" {made.suffix}" if made.suffix and target.since(4, 1) else ""
    clauses += f" CHECK ({made.check})" if made.check else ""
    after = ""
    if made.constrained and made.reference is not None:
        key = ForeignKey(table, (made.name,), made.reference.table, made.reference.column)
        to, to_column, name = (
            target.quoted(key.to_table),
            target.quoted(key.to_column),
            target.quoted(key.named(target)),
        )
        if target.postgresql:
            clauses += f" CONSTRAINT {name} REFERENCES {to}({to_column}){ddl.deferred(target)}"
            after = f"; SET CONSTRAINTS {name} IMMEDIATE"
        elif target.mysql:
            clauses += f" , ADD CONSTRAINT {name} FOREIGN KEY ({target.quoted(made.name)}) REFERENCES {to}({to_column})"
        else:
            clauses += f" REFERENCES {to} ({to_column}){ddl.deferred(target)}"
        editor.ledger.add(table, key.known(target))
    text = f"ALTER TABLE {target.quoted(table)} ADD COLUMN {target.quoted(made.name)} {clauses}{after}"
    editor.send(text, place=tables.place_of(field, editor.place))
    tables.inline(editor, table, made)
    if not made.known:
        editor.unknown(field.path, f"the type of the column `{made.name}` is not known: `{field.path}`")
    database = defaults.has_database_default(field)
    if value is not None and not database and not skips_default_on_alter(editor, made, value):
        editor.send(f"ALTER TABLE {target.quoted(table)} {drop_default(editor, made)}")
    if made.comment and target.postgresql:
        tables.column_comment(editor, table, made.name, made.comment)
    for each in tables.field_indexes(editor, state, model, field_name, field, table):
        editor.wait(each)
    if target.mysql and defaults.has_default(field) and value is not None and skips_default(editor, made, value):
        literal = defaults.literal(target, made, value)
        editor.send(f"UPDATE {target.quoted(table)} SET {target.quoted(made.name)} = {literal}")


def default_of(editor: "Editor", made: Column, value: Value) -> str:
    """What follows DEFAULT for a default of Python's."""
    literal = defaults.literal(editor.target, made, value)
    return f"({literal})" if editor.target.dialect == "mysql" and made.type in LIMITED else literal


def skips_default(editor: "Editor", made: Column, value: Value) -> bool:
    """Whether ADD COLUMN is sent without the default."""
    target = editor.target
    if not target.mysql:
        return False
    if target.since(5, 1) and value in ("", b"") and made.type.endswith(("blob", "text")):
        return True
    takes = target.serves(100201) if target.dialect == "mariadb" else target.serves(80013)
    return not takes and made.type in LIMITED


def skips_default_on_alter(editor: "Editor", made: Column, value: Value) -> bool:
    """Whether the default can't be dropped or set by ALTER COLUMN."""
    target = editor.target
    if not target.mysql:
        return False
    if target.since(5, 1) and value in ("", b"") and made.type.endswith(("blob", "text")):
        return True
    return target.dialect == "mysql" and made.type in LIMITED


def drop_default(editor: "Editor", made: Column) -> str:
    """The clause that takes a default away."""
    name = editor.target.quoted(made.name)
    if editor.target.mysql and made.null:
        return f"ALTER COLUMN {name} SET DEFAULT NULL"
    return f"ALTER COLUMN {name} DROP DEFAULT"


def drop_column(editor: "Editor", state: State, model: Model, field_name: str, field: Field) -> None:
    """A field that a model loses."""
    target = editor.target
    between = through(target, state, model, field_name, field)
    if between is not None:
        tables.drop_table(editor, state, between)
        return
    made = column(target, state, model, field_name, field)
    if made is None:
        return
    if target.sqlite:
        from safecol.frontends.django import remaking

        if remaking.needed_to_drop(target, made):
            remaking.remake(editor, state, state, model, deleted=field_name)
            return
    table = editor.table(state, model)
    if made.reference is not None and not target.sqlite:
        for name in foreign_keys(editor, table, made):
            drop_foreign_key(editor, table, name)
    cascade = " CASCADE" if target.postgresql and not target.since(6, 0) else ""
    editor.send(f"ALTER TABLE {target.quoted(table)} DROP COLUMN {target.quoted(made.name)}{cascade}")
    editor.ledger.drop_column(table, made.name)
    editor.forget(table, made.name)


def foreign_keys(editor: "Editor", table: str, made: Column) -> list[str]:
    """The names of the foreign keys of a column."""
    if table not in editor.ledger.tables:
        to = made.reference
        if to is None or not made.constrained:
            return []
        return [ForeignKey(table, (made.name,), to.table, to.column).named(editor.target)]
    return [one.name for one in editor.ledger.find(table, (made.name,)) if one.foreign]


def drop_foreign_key(editor: "Editor", table: str, name: str) -> None:
    """DROP CONSTRAINT of a foreign key."""
    target = editor.target
    quoted, on = target.quoted(name), target.quoted(table)
    if target.mysql:
        editor.send(f"ALTER TABLE {on} DROP FOREIGN KEY {quoted}")
        known = [one for one in editor.ledger.find(table, None) if one.name == name]
        editor.ledger.drop(table, name)
        for one in known:  # its index stays
            editor.ledger.add(table, one._replace(foreign=False))
    else:
        editor.send(f"SET CONSTRAINTS {quoted} IMMEDIATE; ALTER TABLE {on} DROP CONSTRAINT {quoted}")
        editor.ledger.drop(table, name)
