"""A model that gets another name comes in; its table, the keys to it and the columns between are renamed."""

from typing import TYPE_CHECKING

from safecol.frontends.django import remaking, tables
from safecol.frontends.django.altering import Between, Side, alter, alter_between
from safecol.frontends.django.columns import has_column, through
from safecol.frontends.django.values import Field, State

if TYPE_CHECKING:
    from safecol.frontends.django.editor import Editor

Key = tuple[str, str]


def rename_model(editor: "Editor", old: State, new: State, old_key: Key, new_key: Key) -> None:
    """What another name of a model takes."""
    before, after = old.models.get(old_key), new.models.get(new_key)
    if before is None or after is None or not after.managed:
        return
    was, now = editor.table(old, before), editor.table(new, after)
    if was == now and editor.target.since(4, 0):
        return
    tables.rename_table(editor, was, now)
    for model, name, field in list(old.referring(old_key)):
        if _hidden(field):
            continue
        key = new_key if model.key == old_key else model.key
        other = new.models.get(key)
        renamed = other.fields.get(name) if other is not None else None
        if other is not None and renamed is not None and other.managed:
            if editor.target.sqlite and model.key == old_key and has_column(renamed):
                # Its table has its new name by now.
                remaking.remake(editor, new, new, other, altered=((name, name, renamed),))
                continue
            alter(editor, Side(old, model, name, field), Side(new, other, name, renamed))
    for name, field in before.fields.items():
        renamed = after.fields.get(name)
        if field.kind != "ManyToManyField" or renamed is None or old.target(field, before) == old_key:
            continue
        between = through(editor.target, old, before, name, field)
        then = through(editor.target, new, after, name, renamed)
        if between is None or then is None:
            continue
        if not editor.target.since(4, 1):
            _rename_between(editor, Between(old, between), Between(new, then))
        else:
            alter_between(editor, Between(old, between), Between(new, then))


def _rename_between(editor: "Editor", old: Between, new: Between) -> None:
    """The table between two models and its column for the model, as Django did it before 4.1."""
    was, now = list(old.model.fields)[1], list(new.model.fields)[1]
    tables.rename_table(editor, editor.table(old.state, old.model), editor.table(new.state, new.model))
    if editor.target.sqlite:
        before = old.model.with_options(db_table=editor.table(new.state, new.model))
        remaking.remake(
            editor,
            new.state,
            new.state,
            before,
            altered=((was, now, new.model.fields[now]),),
            order=tuple(new.model.fields),
        )
        return
    sides = (
        Side(old.state, old.model, was, old.model.fields[was]),
        Side(new.state, new.model, now, new.model.fields[now]),
    )
    alter(editor, *sides)


def _hidden(field: Field) -> bool:
    """Whether the other end has no name for a relation: Django doesn't find it then."""
    name = field.get("related_name")
    return isinstance(name, str) and name.endswith("+") and field.kind != "ManyToManyField"
