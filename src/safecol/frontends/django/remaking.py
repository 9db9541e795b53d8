"""What SQLite can't alter comes in; the statements that make the table again, with its rows, are sent."""

from typing import TYPE_CHECKING

from safecol.frontends.django import defaults, expressions, indexes, tables
from safecol.frontends.django.columns import Column, column, column_name, fields_of
from safecol.frontends.django.sameness import Side
from safecol.frontends.django.target import Target
from safecol.frontends.django.values import Field, Model, State
from safecol.frontends.python.values import Made, Value

if TYPE_CHECKING:
    from safecol.frontends.django.altering import Between
    from safecol.frontends.django.editor import Editor


def needed_to_add(target: Target, made: Column, value: Value) -> bool:
    """Whether a column can't be added to the table as it is."""
    if not target.since(4, 0):
        return True
    default = made.field.get("db_default")
    computed = isinstance(default, Made) and default.path.rpartition(".")[2] != "Value"
    if made.primary or made.unique or not made.null or value is not None:
        return True
    return defaults.has_database_default(made.field) and computed


def needed_to_drop(target: Target, made: Column) -> bool:
    """Whether a column can't be dropped from the table as it is."""
    return not target.since(4, 1) or made.primary or made.unique or made.indexed or made.constrained


def needed_for(target: Target, value: Made) -> bool:
    """Whether a constraint is a part of the table, no index of its own."""
    given = value.keywords
    if indexes.kind_of(value) != "UniqueConstraint":
        return True
    if not target.since(4, 0):
        return given.get("condition") is None and not value.arguments
    included = given.get("include")
    return not (
        given.get("condition") is not None
        or value.arguments
        or (isinstance(included, (list, tuple)) and bool(included))
        or indexes.deferrable(given.get("deferrable"))
    )


def remake(
    editor: "Editor",
    old: State,
    new: State,
    model: Model,
    *,
    created: tuple[str, Field] | None = None,
    altered: tuple[tuple[str, str, Field], ...] = (),
    deleted: str = "",
    order: tuple[str, ...] = (),
) -> None:
    """A new table, its rows from the old one, the old one's name.

    `created` is a new field, `altered` are (old name, new name, new field), `deleted` is the name of one that goes.
    `order` are the names of all fields where altered ones keep their place.
    """
    target = editor.target
    body: dict[str, Field] = dict(fields_of(old, model))
    mapping: dict[str, str] = {}
    for name, field in body.items():
        made = column(target, old, model, name, field)
        if made is not None and not made.generated:
            mapping[made.name] = target.quoted(made.name)
    renamed: dict[str, str] = {}
    if (created is not None and created[1].flag("primary_key")) or any(one[2].flag("primary_key") for one in altered):
        _without_key(body, mapping, frozenset(one[1] for one in altered))
    if created is not None:
        _with_created(editor, new, model, body, mapping, created)
    for was, now, field in altered:
        _with_altered(editor, (old, new), model, body, mapping, (was, now, field))
        renamed[was] = now
    for _, now, _ in (
        reversed(altered) if target.since(4, 0) else altered
    ):  # the columns in their order, whatever the rows are copied by
        body[now] = body.pop(now)
    if order:
        body = {name: body[name] for name in order}
        named = [column_name(name, field) for name, field in body.items()]
        mapping = {name: mapping[name] for name in named if name in mapping}
    if deleted:
        gone = body.pop(deleted)
        mapping.pop(column_name(deleted, gone), None)
    rebuilt = _options(model._replace(fields=body), renamed, deleted)
    table = editor.table(old, model)
    fresh = "new__" + table.strip('"')
    # Foreign keys to the table itself are those of the new model.
    said = list(editor.left_out)
    tables.create_table(editor, new.with_model(rebuilt), rebuilt._replace(fields=_own(body)), fresh)
    editor.left_out = said  # it was told when the constraint came
    names, values = target.listed(tuple(mapping)), ", ".join(mapping.values())
    editor.send(f"INSERT INTO {target.quoted(fresh)} ({names}) SELECT {values} FROM {target.quoted(table)}")
    tables.drop(editor, table)
    tables.rename_table(editor, fresh, table)
    waiting, editor.waiting = editor.waiting, []
    for definition, _ in waiting:
        editor.make(definition)


def _own(body: dict[str, Field]) -> dict[str, Field]:
    """The fields that are columns: tables between models stay as they are."""
    return {name: field for name, field in body.items() if field.kind != "ManyToManyField"}


def _without_key(body: dict[str, Field], mapping: dict[str, str], kept: frozenset[str]) -> None:
    for name, field in list(body.items()):
        if field.flag("primary_key") and name not in kept:
            if field.flag("auto_created"):
                del body[name]
                mapping.pop(column_name(name, field), None)
            else:
                body[name] = field.with_options(primary_key=False)


def _with_created(
    editor: "Editor",
    state: State,
    model: Model,
    body: dict[str, Field],
    mapping: dict[str, str],
    created: tuple[str, Field],
) -> None:
    name, field = created
    body[name] = field
    made = column(editor.target, state, model, name, field)
    if made is not None and not made.generated and not defaults.has_database_default(field):
        mapping[made.name] = defaults.literal(editor.target, made, defaults.effective(field))


def _with_altered(
    editor: "Editor",
    states: tuple[State, State],
    model: Model,
    body: dict[str, Field],
    mapping: dict[str, str],
    altered: tuple[str, str, Field],
) -> None:
    was, now, field = altered
    before = column(editor.target, states[0], model, was, body[was])
    body.pop(was)
    body[now] = field
    after = column(editor.target, states[1], model, now, field)
    if before is None or after is None:
        return
    mapping.pop(before.name, None)
    if after.generated:
        return
    name = editor.target.quoted(before.name)
    if before.null and not after.null:
        if defaults.has_database_default(field):
            default = expressions.database_default(editor.around(states[1], model), now, field)
        else:
            default = defaults.literal(editor.target, after, defaults.effective(field))
        mapping[after.name] = f"coalesce({name}, {default})"
    else:
        mapping[after.name] = name


def _options(model: Model, renamed: dict[str, str], deleted: str) -> Model:
    from safecol.frontends.django.indexes import groups

    options = dict(model.options)
    together = groups(options.get("unique_together"))
    if together:
        options["unique_together"] = [tuple(renamed.get(one, one) for one in group) for group in together]
    values = options.get("indexes")
    if deleted and isinstance(values, list):
        options["indexes"] = [one for one in values if deleted not in _fields(one)]
    options.pop("order_with_respect_to", None)  # its column is among the fields
    return model._replace(options=options)


def _fields(value: Value) -> tuple[str, ...]:
    given = value.keywords.get("fields") if isinstance(value, Made) else None
    return tuple(str(one) for one in given) if isinstance(given, list) else ()


def alter(editor: "Editor", old: Side, new: Side, before: Column, after: Column) -> None:
    """A column that is altered: renamed as it is, or its table made again."""
    target = editor.target
    table = editor.table(old.state, old.model)
    if (
        before.name != after.name
        and tables.definition(editor, old.state, old.model, old.name, before)
        == tables.definition(editor, new.state, new.model, new.name, after)
        and not (before.constrained or after.constrained)
    ):
        editor.send(
            f"ALTER TABLE {target.quoted(table)} "
            f"RENAME COLUMN {target.quoted(before.name)} TO {target.quoted(after.name)}"
        )
        editor.ledger.rename_column(table, before.name, after.name)
        from safecol.frontends.django import ddl

        editor.waiting = [(ddl.with_column(one, table, before.name, after.name), at) for one, at in editor.waiting]
        return
    remake(editor, old.state, new.state, old.model, altered=((old.name, new.name, new.field),))
    if after.unique and (before.type != after.type or before.collation != after.collation):
        _remake_related(editor, new)


def _remake_related(editor: "Editor", side: Side) -> None:
    """The tables that refer to a key of another type are made again."""
    from safecol.frontends.django.altering import relations

    done: set[tuple[str, str]] = {side.model.key}
    for one in relations(editor, side):
        named = one.field.get("related_name")
        hidden = isinstance(named, str) and named.endswith("+") and not one.model.options.get("auto_created")
        if one.model.key not in done and not hidden:
            done.add(one.model.key)
            remake(editor, side.state, side.state, one.model)


def alter_between(editor: "Editor", old: "Between", new: "Between") -> None:
    """The table between two models gets other ends, or is made under another name."""
    target = editor.target
    was, now = editor.table(old.state, old.model), editor.table(new.state, new.model)
    before, after = list(old.model.fields.items())[1:], list(new.model.fields.items())[1:]
    if was == now:
        pairs = list(zip(before, after, strict=True))
        if target.since(4, 0):
            pairs.reverse()
        altered = tuple((one, other, field) for (one, _), (other, field) in pairs)
        remake(editor, old.state, new.state, old.model, altered=altered)
        return
    tables.create_table(editor, new.state, new.model)
    old_names, new_names = ([column_name(*one) for one in ends] for ends in (before, after))
    editor.send(
        f"INSERT INTO {target.quoted(now)} ({', '.join(['id', *new_names])}) "
        f"SELECT {', '.join(['id', *old_names])} FROM {target.quoted(was)}"
    )
    tables.drop(editor, was)
