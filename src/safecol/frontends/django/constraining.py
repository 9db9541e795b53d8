"""Indexes and constraints that come, go or are renamed come in; the statements for it are sent."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from safecol.frontends.django import expressions, indexes, tables
from safecol.frontends.django.columns import column, find_field
from safecol.frontends.django.ddl import Definition, Index, Unique
from safecol.frontends.django.values import Model, State
from safecol.frontends.python.values import Made, Unknown, Value

if TYPE_CHECKING:
    from safecol.frontends.django.editor import Editor


def _drop_together(editor: "Editor", state: State, model: Model, table: str, fields: Sequence[str], which: str) -> None:
    target = editor.target
    columns = expressions.names_of(editor.around(state, model), fields)
    keep_foreign_key_index(editor, state, model, table, fields[0])
    made: Definition = Unique(table, columns) if which == "unique" else Index(table, columns, "_idx")
    predicted = made.named(target)
    meta = indexes.names(model.options.get("constraints")) | indexes.names(model.options.get("indexes"))
    found = [
        one.name
        for one in editor.ledger.find(table, columns, meta)
        if (one.unique and not one.primary if which == "unique" else one.index and not one.unique)
    ]
    name = predicted if predicted in found or not found else found[0]
    if which == "unique":
        drop_unique(editor, table, name)
    else:
        drop_index(editor, table, name)


def keep_foreign_key_index(editor: "Editor", state: State, model: Model, table: str, field_name: str) -> None:
    """MySQL may have dropped a foreign key's own index: one is made before the index that stands for it goes."""
    found = find_field(state, model, field_name)
    if not editor.target.mysql or found is None or found[1].kind != "ForeignKey":
        return
    made = column(editor.target, state, model, *found)
    if made is None:
        return
    leading = [one for one in editor.ledger.tables.get(table, ()) if one.index and one.columns[:1] == (made.name,)]
    if len(leading) == 1:
        editor.make(Index(table, (made.name,)))


def drop_unique(editor: "Editor", table: str, name: str) -> None:
    """A unique constraint goes."""
    target = editor.target
    words = {"sqlite": f"DROP INDEX {target.quoted(name)}"}
    default = (
        f"ALTER TABLE {target.quoted(table)} DROP {'INDEX' if target.mysql else 'CONSTRAINT'} {target.quoted(name)}"
    )
    editor.send(words.get(target.dialect, default))
    editor.ledger.drop(table, name)


def drop_index(editor: "Editor", table: str, name: str, *, concurrently: bool = False) -> None:
    """An index goes."""
    target, quoted = editor.target, editor.target.quoted(name)
    if target.postgresql:
        editor.send(f"DROP INDEX {'CONCURRENTLY ' if concurrently else ''}IF EXISTS {quoted}")
    elif target.mysql:
        editor.send(f"DROP INDEX {quoted} ON {target.quoted(table)}")
    else:
        editor.send(f"DROP INDEX {quoted}")
    editor.ledger.drop(table, name)
    if target.since(5, 0):
        editor.waiting = [
            (one, place) for one, place in editor.waiting if not (one.table == table and one.named(target) == name)
        ]


def drop_check(editor: "Editor", table: str, name: str) -> None:
    """A CHECK goes."""
    target = editor.target
    if not target.check_constraints:
        return
    words = {"mysql": "CHECK ", "mariadb": "CONSTRAINT IF EXISTS "}.get(target.dialect, "CONSTRAINT ")
    editor.send(f"ALTER TABLE {target.quoted(table)} DROP {words}{target.quoted(name)}")
    editor.ledger.drop(table, name)


def _add_constraint(editor: "Editor", state: State, model: Model, value: Value, validated: bool) -> None:
    target, table, kind = editor.target, editor.table(state, model), indexes.kind_of(value)
    around = editor.around(state, model)
    if not isinstance(value, Made) or kind not in indexes.CONSTRAINTS:
        source = getattr(value, "path", kind)
        editor.unknown(source, f"the constraint is of a class that is not known: `{source}`")
        return
    if target.sqlite:
        from safecol.frontends.django import remaking

        if remaking.needed_for(target, value):
            remaking.remake(editor, state, state, model)
            return
    editor.skip(value)
    if kind == "ExclusionConstraint":
        made = indexes.exclusion(around, value)
        if target.postgresql:
            editor.send(f"ALTER TABLE {target.quoted(table)} ADD CONSTRAINT {target.quoted(made.name)} {made.clause}")
        return
    if kind == "UniqueConstraint":
        unique = indexes.unique(around, value, table)
        if unique is not None:
            editor.make(unique)
        return
    if not target.check_constraints:
        return
    check = indexes.check(around, value, table)
    editor.send(check.sql(target) + ("" if validated else " NOT VALID"))
    editor.ledger.add(table, check.known(target))


def _drop_unique_constraint(editor: "Editor", state: State, model: Model, table: str, value: Made) -> None:
    if not indexes.supported(editor.target, value):
        return
    fields = value.keywords.get("fields")
    if editor.target.since(4, 1) and isinstance(fields, (list, tuple)) and not isinstance(fields, Made) and fields:
        keep_foreign_key_index(editor, state, model, table, str(fields[0]))
    if indexes.is_index(value):
        drop_index(editor, table, indexes.name_of(value))
    else:
        drop_unique(editor, table, indexes.name_of(value))


def alter_together(editor: "Editor", old: State, new: State, app: str, name: str, which: str) -> None:
    """`unique_together` or `index_together` change; `which` is `unique` or `index`."""
    before, after = old.find(app, name), new.find(app, name)
    if before is None or after is None or not after.managed:
        return
    option = f"{which}_together"
    had, has = indexes.groups(before.options.get(option)), indexes.groups(after.options.get(option))
    table = editor.table(new, after)
    for fields in had:
        if fields not in has:
            _drop_together(editor, new, after, table, fields, which)
    for fields in has:
        if fields not in had:
            columns = expressions.names_of(editor.around(new, after), fields)
            editor.make(Unique(table, columns) if which == "unique" else Index(table, columns, "_idx"))


def add_index(editor: "Editor", new: State, app: str, name: str, value: Value, *, concurrently: bool = False) -> None:
    """CREATE INDEX."""
    model = new.find(app, name)
    if model is not None and model.managed:
        editor.skip(value)
        made = indexes.index(editor.around(new, model), value, editor.table(new, model), concurrently=concurrently)
        if isinstance(made, Unknown):
            editor.unknown(made.source, made.reason)
        elif made is not None:
            editor.make(made)


def remove_index(
    editor: "Editor", old: State, app: str, name: str, index_name: str, *, concurrently: bool = False
) -> None:
    """DROP INDEX."""
    model = old.find(app, name)
    if model is None or not model.managed:
        return
    table = editor.table(old, model)
    value = next((one for one in tables.listed(editor, model, "indexes") if indexes.name_of(one) == index_name), None)
    if value is not None and value.arguments and not editor.target.expression_indexes:
        return
    fields = value.keywords.get("fields") if value is not None else None
    if editor.target.since(4, 1) and isinstance(fields, (list, tuple)) and not isinstance(fields, Made) and fields:
        keep_foreign_key_index(editor, old, model, table, str(fields[0]).removeprefix("-"))
    drop_index(editor, table, index_name, concurrently=concurrently)


def rename_index(
    editor: "Editor",
    new: State,
    app: str,
    name: str,
    new_name: str,
    old_name: str | None = None,
    old_fields: Sequence[str] | None = None,
) -> None:
    """ALTER INDEX RENAME; dropped and made again where an index can't be renamed."""
    model = new.find(app, name)
    if model is None or not model.managed:
        return
    target, table = editor.target, editor.table(new, model)
    if old_fields is not None:
        columns = expressions.names_of(editor.around(new, model), list(old_fields))
        found = [one.name for one in editor.ledger.find(table, columns) if one.index and not one.unique]
        predicted = Index(table, columns, "_idx").named(target)
        old_name = predicted if predicted in found or not found else found[0]
    if old_name is None or old_name == new_name:
        return
    if target.postgresql:
        editor.send(f"ALTER INDEX {target.quoted(old_name)} RENAME TO {target.quoted(new_name)}")
        editor.ledger.rename(table, old_name, new_name)
        return
    renames = target.mysql and (target.dialect == "mysql" or target.serves(100502))
    if renames:
        editor.send(
            f"ALTER TABLE {target.quoted(table)} RENAME INDEX {target.quoted(old_name)} TO {target.quoted(new_name)}"
        )
        editor.ledger.rename(table, old_name, new_name)
        return
    drop_index(editor, table, old_name)
    value = next((one for one in tables.listed(editor, model, "indexes") if indexes.name_of(one) == new_name), None)
    made = indexes.index(editor.around(new, model), value, table) if value is not None else None
    if isinstance(made, Index):
        editor.make(made)
    elif old_fields is not None:
        editor.make(Index(table, expressions.names_of(editor.around(new, model), list(old_fields)), name=new_name))


def add_constraint(editor: "Editor", new: State, app: str, name: str, value: Value, *, validated: bool = True) -> None:
    """ADD CONSTRAINT; nothing where the dialect has no such constraint, as Django does."""
    model = new.find(app, name)
    if model is not None and model.managed:
        _add_constraint(editor, new, model, value, validated)


def remove_constraint(editor: "Editor", old: State, app: str, name: str, constraint_name: str) -> None:
    """DROP CONSTRAINT."""
    model = old.find(app, name)
    if model is None or not model.managed:
        return
    target, table = editor.target, editor.table(old, model)
    value = next(
        (one for one in tables.listed(editor, model, "constraints") if indexes.name_of(one) == constraint_name), None
    )
    kind = indexes.kind_of(value)
    if target.sqlite:
        from safecol.frontends.django import remaking

        if value is not None and remaking.needed_for(target, value):
            remaining = [one for one in tables.listed(editor, model, "constraints") if one is not value]
            remaking.remake(editor, old, old, model.with_options(constraints=remaining))
            return
    if value is not None and kind == "UniqueConstraint":
        _drop_unique_constraint(editor, old, model, table, value)
    elif value is None or kind in indexes.CONSTRAINTS:
        drop_check(editor, table, constraint_name)
    else:
        editor.unknown(value.path, f"the constraint is of a class that is not known: `{value.path}`")
