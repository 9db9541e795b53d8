"""A state of the models and an operation come in; the state after it, as Django makes it, goes out."""

from collections.abc import Callable, Iterable

from safecol.frontends.django import definitions
from safecol.frontends.django.given import Given, NotKnown
from safecol.frontends.django.values import RELATIONS, Field, Model, State
from safecol.frontends.python.values import Made, Text, Value, plain
from safecol.source import Span

_OPTION_KEYS = frozenset(
    {
        "base_manager_name", "default_manager_name", "default_related_name", "get_latest_by", "managed", "ordering",
        "permissions", "default_permissions", "select_on_save", "verbose_name", "verbose_name_plural",
    }
)  # fmt: skip

Forwards = Callable[[State, str, Given], State]


def forwards(state: State, app: str, given: Given) -> State:
    """The state after an operation; the same one for operations that change none. Errors: NotKnown."""
    change = _CHANGES.get(given.name)
    return state if change is None else change(state, app, given)


def model_of(state: State, app: str, name: str) -> Model:
    """The model that an operation names; one of which nothing is known where no migration here makes it."""
    return state.find(app, name) or Model(app, name, {})


def _create_model(state: State, app: str, given: Given) -> State:
    name = given.text("name", "the model")
    options = given.get("options", {})
    if not isinstance(options, dict):
        raise NotKnown(given.why("options", "the options of the model"))
    bases = given.get("bases", ())
    known = {str(key): value for key, value in options.items() if isinstance(key, str)}
    for key in ("indexes", "constraints"):
        known[key] = list(known[key]) if type(known.get(key)) in (list, tuple) else []
    for key in ("unique_together", "index_together"):
        if key in known:
            known[key] = together(known[key])
    return state.with_model(
        Model(app, name, fields_of(given), known, tuple(bases) if type(bases) in (list, tuple) else ())
    )


def fields_of(given: Given) -> dict[str, Field]:
    """The fields of a CreateModel, in order. Errors: NotKnown."""
    listed = given.get("fields", [])
    if isinstance(listed, dict):
        listed = list(listed.items())
    if type(listed) not in (list, tuple):
        raise NotKnown(given.why("fields", "the fields of the model"))
    found: dict[str, Field] = {}
    for item in listed:
        if type(item) not in (list, tuple) or len(item) != 2 or not isinstance(item[0], Text):
            raise NotKnown("a field of the model is not known")
        found[str(item[0])] = definitions.field(item[1], given.helpers)
    return found


def together(value: Value) -> list[tuple[str, ...]]:
    """`unique_together` or `index_together` as a list of tuples of names, sorted as Django compares them: as a set."""
    if isinstance(value, (set, frozenset)):
        value = sorted(value, key=str)
    if type(value) not in (list, tuple) or not value:
        return []
    if all(isinstance(one, str) for one in value):
        value = [value]
    return list(dict.fromkeys(tuple(map(str, one)) for one in value if type(one) in (list, tuple)))


def _delete_model(state: State, app: str, given: Given) -> State:
    return state.without(app, given.text("name", "the model"))


def _rename_model(state: State, app: str, given: Given) -> State:
    old, new = given.text("old_name", "the model"), given.text("new_name", "the new name")
    model = state.find(app, old)
    if model is None:
        return state.with_model(Model(app, new, {}))
    before, target = model.key, f"{app}.{new}"
    moved: dict[tuple[str, str], Model] = {}
    for key, one in state.models.items():
        changed = {
            name: renamed
            for name, field in one.fields.items()
            if (renamed := _repointed(state, one, field, before, target)) is not field
        }
        kept = one._replace(fields={**one.fields, **changed}) if changed else one
        if key == before:
            moved[app, new.lower()] = kept._replace(name=new)
        else:
            moved[key] = kept
    return state._replace(models=moved)


def _repointed(state: State, model: Model, field: Field, before: tuple[str, str], target: str) -> Field:
    if field.kind not in RELATIONS:
        return field
    at = plain(target, Span(0, 0))
    made = field
    to = field.get("to")
    # What a setting names follows the setting, and "self" follows the model.
    if isinstance(to, str) and str(to) != "self" and state.key_of(to, model) == before:
        made = _with(made, "to", at)
    through = field.get("through")
    if isinstance(through, str) and state.key_of(through, model) == before:
        made = _with(made, "through", at)
    return made


def _with(field: Field, name: str, value: Value) -> Field:
    if name == "to" and name not in field.options and field.arguments:
        return field._replace(arguments=(value, *field.arguments[1:]))
    return field.with_options(**{name: value})


def _alter_table(state: State, app: str, given: Given) -> State:
    return _with_options(state, app, given, db_table=given.get("table"))


def _alter_table_comment(state: State, app: str, given: Given) -> State:
    return _with_options(state, app, given, db_table_comment=given.get("table_comment"))


def _with_options(state: State, app: str, given: Given, **options: Value) -> State:
    model = model_of(state, app, given.text("name", "the model"))
    return state.with_model(model.with_options(**options))


def _alter_unique_together(state: State, app: str, given: Given) -> State:
    return _with_options(state, app, given, unique_together=together(given.get("unique_together")))


def _alter_index_together(state: State, app: str, given: Given) -> State:
    return _with_options(state, app, given, index_together=together(given.get("index_together")))


def _alter_order(state: State, app: str, given: Given) -> State:
    return _with_options(state, app, given, order_with_respect_to=given.get("order_with_respect_to"))


def _alter_options(state: State, app: str, given: Given) -> State:
    model = model_of(state, app, given.text("name", "the model"))
    options = given.get("options", {})
    if not isinstance(options, dict):
        raise NotKnown(given.why("options", "the options of the model"))
    kept = {name: value for name, value in model.options.items() if name not in _OPTION_KEYS or name in options}
    kept |= {str(name): value for name, value in options.items() if isinstance(name, str)}
    return state.with_model(model._replace(options=kept))


def _add_field(state: State, app: str, given: Given) -> State:
    model = model_of(state, app, given.text("model_name", "the model"))
    field = definitions.field(given.get("field"), given.helpers)
    if given.get("preserve_default", True) is False:
        field = field.without("default")
    return state.with_model(model.with_field(given.text("name", "the field"), field))


def _remove_field(state: State, app: str, given: Given) -> State:
    model = model_of(state, app, given.text("model_name", "the model"))
    return state.with_model(model.without_field(given.text("name", "the field")))


def _rename_field(state: State, app: str, given: Given) -> State:
    model = model_of(state, app, given.text("model_name", "the model"))
    old, new = given.text("old_name", "the field"), given.text("new_name", "the new name")
    if old not in model.fields:
        return state
    at = plain(new, Span(0, 0))
    field = model.fields[old]
    fields = {name: one for name, one in model.fields.items() if name != old}
    fields[new] = field
    options = dict(model.options)
    for key in ("unique_together", "index_together"):
        if key in options:
            options[key] = [tuple(new if name == old else name for name in each) for each in options[key]]
    state = state.with_model(model._replace(fields=fields, options=options))
    for other, name, one in list(state.referring(model.key)):
        target = one.get("to_field")
        if isinstance(target, str) and str(target) == old:
            current = state.models[other.key]
            state = state.with_model(current.with_field(name, one.with_options(to_field=at)))
    return state


def _items(model: Model, option: str) -> list[Value]:
    listed = model.options.get(option, [])
    return list(listed) if type(listed) in (list, tuple) else []


def name_of(item: Value) -> str:
    """The name of an index or constraint; empty when it has none that is known."""
    name = item.keywords.get("name") if isinstance(item, Made) else None
    return str(name) if isinstance(name, Text) and not name.holes else ""


def _add_item(option: str, argument: str) -> Forwards:
    def change(state: State, app: str, given: Given) -> State:
        model = model_of(state, app, given.text("model_name", "the model"))
        return state.with_model(model.with_options(**{option: [*_items(model, option), given.get(argument)]}))

    return change


def _remove_item(option: str) -> Forwards:
    def change(state: State, app: str, given: Given) -> State:
        model = model_of(state, app, given.text("model_name", "the model"))
        name = given.text("name", "the name")
        return state.with_model(
            model.with_options(**{option: [one for one in _items(model, option) if name_of(one) != name]})
        )

    return change


def _rename_index(state: State, app: str, given: Given) -> State:
    model = model_of(state, app, given.text("model_name", "the model"))
    new = given.get("new_name")
    fields = given.get("old_fields")
    if type(fields) in (list, tuple):
        wanted = tuple(map(str, fields))
        options = dict(model.options)
        if "index_together" in options:
            options["index_together"] = [each for each in together(options["index_together"]) if each != wanted]
        made = Made("django.db.models.Index", (), {"fields": list(fields), "name": new}, given.span)
        options["indexes"] = [*_items(model, "indexes"), made]
        return state.with_model(model._replace(options=options))
    old = given.text("old_name", "the index")
    renamed = [
        one._replace(keywords={**one.keywords, "name": new}) if isinstance(one, Made) and name_of(one) == old else one
        for one in _items(model, "indexes")
    ]
    return state.with_model(model.with_options(indexes=renamed))


def _alter_constraint(state: State, app: str, given: Given) -> State:
    model = model_of(state, app, given.text("model_name", "the model"))
    name = given.text("name", "the constraint")
    changed = [given.get("constraint") if name_of(one) == name else one for one in _items(model, "constraints")]
    return state.with_model(model.with_options(constraints=changed))


_CHANGES: dict[str, Forwards] = {
    "CreateModel": _create_model,
    "DeleteModel": _delete_model,
    "RenameModel": _rename_model,
    "AlterModelTable": _alter_table,
    "AlterModelTableComment": _alter_table_comment,
    "AlterUniqueTogether": _alter_unique_together,
    "AlterIndexTogether": _alter_index_together,
    "AlterOrderWithRespectTo": _alter_order,
    "AlterModelOptions": _alter_options,
    "AddField": _add_field,
    "AlterField": _add_field,
    "RemoveField": _remove_field,
    "RenameField": _rename_field,
    "AddIndex": _add_item("indexes", "index"),
    "AddIndexConcurrently": _add_item("indexes", "index"),
    "RemoveIndex": _remove_item("indexes"),
    "RemoveIndexConcurrently": _remove_item("indexes"),
    "RenameIndex": _rename_index,
    "AddConstraint": _add_item("constraints", "constraint"),
    "AddConstraintNotValid": _add_item("constraints", "constraint"),
    "RemoveConstraint": _remove_item("constraints"),
    "AlterConstraint": _alter_constraint,
}


def contributed(apps: Iterable[str]) -> State:
    """A state with the models of Django's own apps: they exist before a project's migrations run."""
    from safecol.frontends.django import contrib

    return State({model.key: model for model in contrib.models(apps)})
