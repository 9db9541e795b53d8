"""An operation and the states before and after it come in; what Django's schema editor sends for it goes out."""

from collections.abc import Callable

from safecol.frontends.django import definitions
from safecol.frontends.django.editor import Editor, Sent
from safecol.frontends.django.given import Given, NotKnown
from safecol.frontends.django.state import model_of, name_of
from safecol.frontends.django.values import State
from safecol.frontends.python.values import Text, Value, plain


def managed(state: State, app: str, name: str) -> bool:
    """Whether Django touches the table of a model: not of a proxy, nor of one that others own or replace."""
    model = state.find(app, name)
    if model is None:
        return True
    swappable = model.options.get("swappable")
    if isinstance(swappable, Text):
        chosen = state.user_model if swappable == "AUTH_USER_MODEL" else state.swapped.get(str(swappable), "")
        if chosen and chosen.lower() != f"{model.app}.{model.name}".lower():
            return False
    return model.managed


def _create_model(editor: Editor, app: str, given: Given, _old: State, new: State) -> list[Sent]:
    name = given.text("name", "the model")
    return editor.create_model(new, app, name) if managed(new, app, name) else []


def _delete_model(editor: Editor, app: str, given: Given, old: State, _new: State) -> list[Sent]:
    name = given.text("name", "the model")
    return editor.delete_model(old, app, name) if managed(old, app, name) else []


def _rename_model(editor: Editor, app: str, given: Given, old: State, new: State) -> list[Sent]:
    before, after = given.text("old_name", "the model"), given.text("new_name", "the new name")
    return editor.rename_model(old, new, app, before, after) if managed(new, app, after) else []


def _alter_model_table(editor: Editor, app: str, given: Given, old: State, new: State) -> list[Sent]:
    name = given.text("name", "the model")
    return editor.alter_table(old, new, app, name) if managed(new, app, name) else []


def _alter_model_table_comment(editor: Editor, app: str, given: Given, old: State, new: State) -> list[Sent]:
    name = given.text("name", "the model")
    return editor.alter_table_comment(old, new, app, name) if managed(new, app, name) else []


def _alter_unique_together(editor: Editor, app: str, given: Given, old: State, new: State) -> list[Sent]:
    name = given.text("name", "the model")
    return editor.alter_together(old, new, app, name, "unique") if managed(new, app, name) else []


def _alter_index_together(editor: Editor, app: str, given: Given, old: State, new: State) -> list[Sent]:
    name = given.text("name", "the model")
    return editor.alter_together(old, new, app, name, "index") if managed(new, app, name) else []


def _alter_order_with_respect_to(editor: Editor, app: str, given: Given, old: State, new: State) -> list[Sent]:
    name = given.text("name", "the model")
    if not managed(new, app, name):
        return []
    return editor.alter_order_with_respect_to(old, new, app, name)


def _add_field(editor: Editor, app: str, given: Given, old: State, new: State) -> list[Sent]:
    model, name = given.text("model_name", "the model"), given.text("name", "the field")
    if not managed(new, app, model):
        return []
    field = definitions.field(given.get("field"), given.helpers)
    return editor.add_field(old, new, app, model, name, field)


def _remove_field(editor: Editor, app: str, given: Given, old: State, new: State) -> list[Sent]:
    model, name = given.text("model_name", "the model"), given.text("name", "the field")
    if not managed(old, app, model):
        return []
    if name not in model_of(old, app, model).fields:
        raise NotKnown(f"what the field `{name}` was is not known: no migration here makes it")
    return editor.remove_field(old, new, app, model, name)


def _alter_field(editor: Editor, app: str, given: Given, old: State, new: State) -> list[Sent]:
    model, name = given.text("model_name", "the model"), given.text("name", "the field")
    if not managed(new, app, model):
        return []
    if name not in model_of(old, app, model).fields:
        raise NotKnown(f"what the field `{name}` was is not known: no migration here makes it")
    field = definitions.field(given.get("field"), given.helpers)
    return editor.alter_field(old, new, app, model, name, field)


def _rename_field(editor: Editor, app: str, given: Given, old: State, new: State) -> list[Sent]:
    model = given.text("model_name", "the model")
    before, after = given.text("old_name", "the field"), given.text("new_name", "the new name")
    if not managed(new, app, model):
        return []
    if before not in model_of(old, app, model).fields:
        raise NotKnown(f"what the field `{before}` was is not known: no migration here makes it")
    return editor.rename_field(old, new, app, model, before, after)


def _add_index(editor: Editor, app: str, given: Given, _old: State, new: State) -> list[Sent]:
    model = given.text("model_name", "the model")
    if not managed(new, app, model):
        return []
    return editor.add_index(new, app, model, given.get("index"), concurrently=given.name == "AddIndexConcurrently")


def _remove_index(editor: Editor, app: str, given: Given, old: State, _new: State) -> list[Sent]:
    model = given.text("model_name", "the model")
    if not managed(old, app, model):
        return []
    name = given.text("name", "the index")
    return editor.remove_index(old, app, model, name, concurrently=given.name == "RemoveIndexConcurrently")


def _rename_index(editor: Editor, app: str, given: Given, old: State, new: State) -> list[Sent]:
    model, name = given.text("model_name", "the model"), given.text("new_name", "the new name")
    if not managed(new, app, model):
        return []
    fields = given.get("old_fields")
    if type(fields) in (list, tuple):
        return editor.rename_index(old, new, app, model, name, old_fields=tuple(str(one) for one in fields))
    return editor.rename_index(old, new, app, model, name, old_name=given.text("old_name", "the index"))


def _add_constraint(editor: Editor, app: str, given: Given, _old: State, new: State) -> list[Sent]:
    model = given.text("model_name", "the model")
    if not managed(new, app, model):
        return []
    validated = given.name != "AddConstraintNotValid"
    return editor.add_constraint(new, app, model, given.get("constraint"), validated=validated)


def _remove_constraint(editor: Editor, app: str, given: Given, old: State, _new: State) -> list[Sent]:
    model, name = given.text("model_name", "the model"), given.text("name", "the constraint")
    if not managed(old, app, model):
        return []
    known = model_of(old, app, model).options.get("constraints", [])
    constraint = next((one for one in listed(known) if name_of(one) == name), None)
    if constraint is None:
        raise NotKnown(f"what the constraint `{name}` was is not known: no migration here makes it")
    return editor.remove_constraint(old, app, model, name)


def _validate_constraint(editor: Editor, app: str, given: Given, old: State, _new: State) -> list[Sent]:
    model, name = given.text("model_name", "the model"), given.text("name", "the constraint")
    return editor.validate_constraint(app, model, name, old)


def _create_extension(editor: Editor, _app: str, given: Given, _old: State, _new: State) -> list[Sent]:
    return editor.create_extension(given.text("name", "the extension"))


def _create_collation(editor: Editor, _app: str, given: Given, _old: State, _new: State) -> list[Sent]:
    provider = given.get("provider", plain("libc", given.span))
    deterministic = given.get("deterministic", True)
    return editor.create_collation(
        given.text("name", "the collation"), given.text("locale", "the locale"), str(provider),
        deterministic is not False,
    )  # fmt: skip


def _remove_collation(editor: Editor, _app: str, given: Given, _old: State, _new: State) -> list[Sent]:
    return editor.remove_collation(given.text("name", "the collation"))


def listed(value: Value) -> list[Value]:
    return list(value) if type(value) in (list, tuple) else []


SENDS: dict[str, Callable[[Editor, str, Given, State, State], list[Sent]]] = {
    "CreateModel": _create_model,
    "DeleteModel": _delete_model,
    "RenameModel": _rename_model,
    "AlterModelTable": _alter_model_table,
    "AlterModelTableComment": _alter_model_table_comment,
    "AlterUniqueTogether": _alter_unique_together,
    "AlterIndexTogether": _alter_index_together,
    "AlterOrderWithRespectTo": _alter_order_with_respect_to,
    "AddField": _add_field,
    "RemoveField": _remove_field,
    "AlterField": _alter_field,
    "RenameField": _rename_field,
    "AddIndex": _add_index,
    "RemoveIndex": _remove_index,
    "RenameIndex": _rename_index,
    "AddConstraint": _add_constraint,
    "RemoveConstraint": _remove_constraint,
    "ValidateConstraint": _validate_constraint,
    "CreateExtension": _create_extension,
    "CreateCollation": _create_collation,
    "RemoveCollation": _remove_collation,
    "AddIndexConcurrently": _add_index,
    "RemoveIndexConcurrently": _remove_index,
    "AddConstraintNotValid": _add_constraint,
}
"""By the operation's class: for the app that the migration is of, as the operation says, from state to state."""
