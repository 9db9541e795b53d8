"""A call of the schema editor in a migration's code comes in; the statements that it sends go out."""

from collections.abc import Callable, Mapping

from safecol.frontends.django import definitions
from safecol.frontends.django.editor import Editor, Sent
from safecol.frontends.django.orm import Models, query
from safecol.frontends.django.state import name_of, together
from safecol.frontends.django.values import Field, Model, State
from safecol.frontends.python.values import Made, Text, Value
from safecol.records import NamedTuple
from safecol.source import Span

SILENT = frozenset({"quote_name", "quote_value", "deferred_sql", "collect_sql", "prepare_default"})
_FIELDS = "django.db.models."


class Call(NamedTuple):
    """A call on a model of the state; `names` are those that code has given to fields, by where they were made."""

    editor: Editor
    models: Models
    model: Model
    made: Made
    names: Mapping[Span, str]
    helpers: Mapping[str, str]

    @property
    def state(self) -> State:
        """The state that the code is given."""
        return self.models.state


def statements(
    editor: Editor, models: Models, made: Made, names: Mapping[Span, str], helpers: Mapping[str, str]
) -> list[Sent] | None:
    """What a call sends; None for one that is not understood."""
    method = made.path.rpartition(".")[2]
    if method in SILENT:
        return []
    root = made.argument(0, "model")
    found = query(root)
    model = models.of(found.root) if found is not None else None
    sends = _SENDS.get(method)
    if model is None or sends is None:
        return None
    return sends(Call(editor, models, model, made, names, helpers))


def _field(call: Call, value: Value) -> tuple[str, Field] | None:
    """A field with its name: the model's own by `_meta.get_field`, or one that the code makes and names."""
    if not isinstance(value, Made):
        return None
    if value.path.endswith("._meta.get_field"):
        name, of = value.argument(0, "field_name"), query(value)
        model = call.models.of(of.root) if of is not None else None
        known = model.fields.get(str(name)) if model is not None and isinstance(name, Text) else None
        return (str(name), known) if known is not None else None
    given = call.names.get(value.span)
    if given is None or not value.path.lstrip("?.").startswith(_FIELDS):
        return None
    return given, definitions.field(value, call.helpers)


def _with_fields(call: Call, **fields: Field) -> State:
    model = call.model
    for name, field in fields.items():
        model = model.with_field(name, field)
    return call.state.with_model(model)


def _create_model(call: Call) -> list[Sent] | None:
    return call.editor.create_model(call.state, call.model.app, call.model.name) if call.model.fields else None


def _delete_model(call: Call) -> list[Sent] | None:
    return call.editor.delete_model(call.state.with_model(call.model), call.model.app, call.model.name)


def _add_field(call: Call) -> list[Sent] | None:
    found = _field(call, call.made.argument(1, "field"))
    if found is None:
        return None
    name, field = found
    old = call.state.with_model(call.model.without_field(name))
    new = _with_fields(call, **{name: field})
    return call.editor.add_field(old, new, call.model.app, call.model.name, name, field)


def _remove_field(call: Call) -> list[Sent] | None:
    found = _field(call, call.made.argument(1, "field"))
    if found is None:
        return None
    name, field = found
    new = call.state.with_model(call.model.without_field(name))
    return call.editor.remove_field(_with_fields(call, **{name: field}), new, call.model.app, call.model.name, name)


def _alter_field(call: Call) -> list[Sent] | None:
    before, after = _field(call, call.made.argument(1, "old_field")), _field(call, call.made.argument(2, "new_field"))
    if before is None or after is None:
        return None
    editor, app, model = call.editor, call.model.app, call.model.name
    (old_name, was), (name, field) = before, after
    old = _with_fields(call, **{old_name: was})
    renamed = call.state.with_model(call.model.without_field(old_name).with_field(name, was))
    sent = editor.rename_field(old, renamed, app, model, old_name, name) if name != old_name else []
    new = renamed.with_model(renamed.models[call.model.key].with_field(name, field))
    return [*sent, *editor.alter_field(renamed, new, app, model, name, field)]


def _add_index(call: Call) -> list[Sent] | None:
    index = call.made.argument(1, "index")
    if not isinstance(index, Made):
        return None
    return call.editor.add_index(call.state.with_model(call.model), call.model.app, call.model.name, index)


def _remove_index(call: Call) -> list[Sent] | None:
    index = call.made.argument(1, "index")
    if not name_of(index):
        return None
    state = call.state.with_model(call.model.with_options(indexes=[index]))
    return call.editor.remove_index(state, call.model.app, call.model.name, name_of(index))


def _rename_index(call: Call) -> list[Sent] | None:
    old, new = call.made.argument(1, "old_index"), call.made.argument(2, "new_index")
    if not name_of(old) or not name_of(new):
        return None
    before, after = (call.state.with_model(call.model.with_options(indexes=[one])) for one in (old, new))
    app, model = call.model.app, call.model.name
    return call.editor.rename_index(before, after, app, model, name_of(new), old_name=name_of(old))


def _add_constraint(call: Call) -> list[Sent] | None:
    constraint = call.made.argument(1, "constraint")
    if not isinstance(constraint, Made):
        return None
    return call.editor.add_constraint(call.state.with_model(call.model), call.model.app, call.model.name, constraint)


def _remove_constraint(call: Call) -> list[Sent] | None:
    constraint = call.made.argument(1, "constraint")
    if not name_of(constraint):
        return None
    state = call.state.with_model(call.model.with_options(constraints=[constraint]))
    return call.editor.remove_constraint(state, call.model.app, call.model.name, name_of(constraint))


def _alter_together(which: str) -> Callable[[Call], list[Sent] | None]:
    def sends(call: Call) -> list[Sent] | None:
        old = call.made.argument(1, f"old_{which}_together")
        new = call.made.argument(2, f"new_{which}_together")
        if not all(type(one) in (list, tuple, set, frozenset) for one in (old, new)):
            return None
        option = f"{which}_together"
        before, after = (
            call.state.with_model(call.model.with_options(**{option: together(one)})) for one in (old, new)
        )
        return call.editor.alter_together(before, after, call.model.app, call.model.name, which)

    return sends


def _alter_table(call: Call) -> list[Sent] | None:
    old, new = call.made.argument(1, "old_db_table"), call.made.argument(2, "new_db_table")
    if not isinstance(old, Text) or not isinstance(new, Text):
        return None
    before, after = (call.state.with_model(call.model.with_options(db_table=one)) for one in (old, new))
    return call.editor.alter_table(before, after, call.model.app, call.model.name)


_SENDS: dict[str, Callable[[Call], list[Sent] | None]] = {
    "create_model": _create_model,
    "delete_model": _delete_model,
    "add_field": _add_field,
    "remove_field": _remove_field,
    "alter_field": _alter_field,
    "add_index": _add_index,
    "remove_index": _remove_index,
    "rename_index": _rename_index,
    "add_constraint": _add_constraint,
    "remove_constraint": _remove_constraint,
    "alter_unique_together": _alter_together("unique"),
    "alter_index_together": _alter_together("index"),
    "alter_db_table": _alter_table,
}
