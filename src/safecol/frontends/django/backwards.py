"""An operation and the states after and before it come in; what Django sends to take it back goes out."""

from collections.abc import Callable

from safecol.frontends.django.editor import Editor, Sent
from safecol.frontends.django.given import Given, NotKnown
from safecol.frontends.django.sending import SENDS, listed, managed
from safecol.frontends.django.state import model_of, name_of
from safecol.frontends.django.values import Field, State
from safecol.frontends.python.values import Text, Value

Back = Callable[[Editor, str, Given, State, State], list[Sent]]


def _field(state: State, app: str, model: str, name: str) -> Field:
    found = model_of(state, app, model).fields.get(name)
    if found is None:
        raise NotKnown(f"what the field `{name}` was is not known: no migration here makes it")
    return found


def _item(state: State, app: str, model: str, option: str, name: str, what: str) -> Value:
    """An index or constraint of a model, by its name."""
    known = listed(model_of(state, app, model).options.get(option, []))
    found = next((one for one in known if name_of(one) == name), None)
    if found is None:
        raise NotKnown(f"what the {what} `{name}` was is not known: no migration here makes it")
    return found


def _create_model(editor: Editor, app: str, given: Given, old: State, _new: State) -> list[Sent]:
    name = given.text("name", "the model")
    return editor.delete_model(old, app, name) if managed(old, app, name) else []


def _delete_model(editor: Editor, app: str, given: Given, _old: State, new: State) -> list[Sent]:
    name = given.text("name", "the model")
    return editor.create_model(new, app, name) if managed(new, app, name) else []


def _rename_model(editor: Editor, app: str, given: Given, old: State, new: State) -> list[Sent]:
    before, after = given.text("old_name", "the model"), given.text("new_name", "the new name")
    return editor.rename_model(old, new, app, after, before) if managed(new, app, before) else []


def _add_field(editor: Editor, app: str, given: Given, old: State, new: State) -> list[Sent]:
    model, name = given.text("model_name", "the model"), given.text("name", "the field")
    return editor.remove_field(old, new, app, model, name) if managed(old, app, model) else []


def _remove_field(editor: Editor, app: str, given: Given, old: State, new: State) -> list[Sent]:
    model, name = given.text("model_name", "the model"), given.text("name", "the field")
    if not managed(new, app, model):
        return []
    return editor.add_field(old, new, app, model, name, _field(new, app, model, name))


def _alter_field(editor: Editor, app: str, given: Given, old: State, new: State) -> list[Sent]:
    model, name = given.text("model_name", "the model"), given.text("name", "the field")
    if not managed(new, app, model):
        return []
    return editor.alter_field(old, new, app, model, name, _field(new, app, model, name))


def _rename_field(editor: Editor, app: str, given: Given, old: State, new: State) -> list[Sent]:
    model = given.text("model_name", "the model")
    before, after = given.text("old_name", "the field"), given.text("new_name", "the new name")
    return editor.rename_field(old, new, app, model, after, before) if managed(new, app, model) else []


def _add_index(editor: Editor, app: str, given: Given, old: State, _new: State) -> list[Sent]:
    model, name = given.text("model_name", "the model"), name_of(given.get("index"))
    if not managed(old, app, model):
        return []
    if not name:
        raise NotKnown(given.why("index", "the name of the index"))
    return editor.remove_index(old, app, model, name, concurrently=given.name == "AddIndexConcurrently")


def _remove_index(editor: Editor, app: str, given: Given, _old: State, new: State) -> list[Sent]:
    model, name = given.text("model_name", "the model"), given.text("name", "the index")
    if not managed(new, app, model):
        return []
    index = _item(new, app, model, "indexes", name, "index")
    return editor.add_index(new, app, model, index, concurrently=given.name == "RemoveIndexConcurrently")


def _rename_index(editor: Editor, app: str, given: Given, old: State, new: State) -> list[Sent]:
    model, name = given.text("model_name", "the model"), given.get("old_name")
    # An index that had no name of its own keeps the new one.
    if not managed(new, app, model) or not isinstance(name, Text):
        return []
    return editor.rename_index(old, new, app, model, str(name), old_name=given.text("new_name", "the new name"))


def _add_constraint(editor: Editor, app: str, given: Given, old: State, _new: State) -> list[Sent]:
    model, name = given.text("model_name", "the model"), name_of(given.get("constraint"))
    if not managed(old, app, model):
        return []
    if not name:
        raise NotKnown(given.why("constraint", "the name of the constraint"))
    return editor.remove_constraint(old, app, model, name)


def _remove_constraint(editor: Editor, app: str, given: Given, _old: State, new: State) -> list[Sent]:
    model, name = given.text("model_name", "the model"), given.text("name", "the constraint")
    if not managed(new, app, model):
        return []
    return editor.add_constraint(new, app, model, _item(new, app, model, "constraints", name, "constraint"))


def _create_extension(editor: Editor, _app: str, given: Given, _old: State, _new: State) -> list[Sent]:
    return editor.drop_extension(given.text("name", "the extension"))


BACK: dict[str, Back] = {
    "CreateModel": _create_model,
    "DeleteModel": _delete_model,
    "RenameModel": _rename_model,
    "AddField": _add_field,
    "RemoveField": _remove_field,
    "AlterField": _alter_field,
    "RenameField": _rename_field,
    "AddIndex": _add_index,
    "AddIndexConcurrently": _add_index,
    "RemoveIndex": _remove_index,
    "RemoveIndexConcurrently": _remove_index,
    "RenameIndex": _rename_index,
    "AddConstraint": _add_constraint,
    "AddConstraintNotValid": _add_constraint,
    "RemoveConstraint": _remove_constraint,
    "CreateExtension": _create_extension,
    "CreateCollation": SENDS["RemoveCollation"],
    "RemoveCollation": SENDS["CreateCollation"],
    # These go from whatever state to whatever other.
    "AlterModelTable": SENDS["AlterModelTable"],
    "AlterModelTableComment": SENDS["AlterModelTableComment"],
    "AlterUniqueTogether": SENDS["AlterUniqueTogether"],
    "AlterIndexTogether": SENDS["AlterIndexTogether"],
    "AlterOrderWithRespectTo": SENDS["AlterOrderWithRespectTo"],
}
"""By the operation's class: for the app that the migration is of, from the state after the operation to that before."""
