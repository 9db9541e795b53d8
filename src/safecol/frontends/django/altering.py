"""A field as it was and as it is to be come in; the statements that Django alters its column with are sent."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from safecol.frontends.django import adding, constraining, ddl, defaults, expressions, indexes, tables
from safecol.frontends.django.columns import Column, column, through
from safecol.frontends.django.ddl import Check, ForeignKey, Index, Unique
from safecol.frontends.django.retyping import Change, drop_like_index, kept, loses_text, type_change
from safecol.frontends.django.sameness import Side, canonical, differs
from safecol.frontends.django.values import Field, Model, State
from safecol.records import NamedTuple

if TYPE_CHECKING:
    from safecol.frontends.django.editor import Editor

__all__ = ["Side", "alter"]

_OF_TYPES = ("max_length", "max_digits", "decimal_places", "base_field", "size", "srid", "dim", "db_collation")


def alter(editor: "Editor", old: Side, new: Side) -> None:
    """What a field's other definition or name takes."""
    target = editor.target
    if not differs(target, old, new):
        return
    before = column(target, old.state, old.model, old.name, old.field)
    after = column(target, new.state, new.model, new.name, new.field)
    if before is None and after is None:
        _many_to_many(editor, old, new)
        return
    if before is None or after is None:
        editor.unknown(new.field.path, f"Django can't alter `{old.field.path}` into `{new.field.path}`")
        return
    if before.generated or after.generated:
        editor.unknown(new.field.path, "Django refuses to alter a generated field")
        return
    if (not before.known or not after.known) and not _alike(before, after):
        path = (new.field if before.known else old.field).path
        editor.unknown(path, f"what alters in `{after.name}` is not known: `{path}` is a class that was not found")
        return
    if target.sqlite:
        from safecol.frontends.django import remaking

        remaking.alter(editor, old, new, before, after)
        return
    _alter_column(editor, Change(old, new, before, after, editor.table(new.state, new.model)))


def _alike(before: Column, after: Column) -> bool:
    """Whether two columns of one class that wasn't found have one type: nothing differs that types are made of."""
    old, new = before.field, after.field
    return before.type == after.type and all(canonical(old.get(name)) == canonical(new.get(name)) for name in _OF_TYPES)


def _meta_names(model: Model, option: str) -> frozenset[str]:
    return indexes.names(model.options.get(option))


def _alter_column(editor: "Editor", change: Change) -> None:
    target, before, after, table = editor.target, change.before, change.after, change.table
    if target.postgresql and not target.since(4, 1):
        drop_like_index(editor, change)
    dropped = _drop_own_keys(editor, change)
    if before.unique and (not after.unique or (not before.primary and after.primary)):
        for name in _uniques(editor, change):
            constraining.drop_unique(editor, table, name)
    retyped = before.type != after.type or (before.collation != after.collation and target.since(4, 1))
    incoming = ((before.primary and after.primary) or (before.unique and after.unique)) and retyped
    related = list(_related(editor, change.old, change.new)) if incoming else []
    for _, rel in related:
        made = _column_of(editor, rel)
        rel_table = editor.table(rel.state, rel.model)
        for name in adding.foreign_keys(editor, rel_table, made):
            adding.drop_foreign_key(editor, rel_table, name)
    if before.indexed and not before.unique and (not after.indexed or after.unique):
        for name in _plain_indexes(editor, change):
            constraining.drop_index(editor, table, name)
    old_check, new_check = _check(editor, before), _check(editor, after)
    if old_check != new_check and old_check:
        for name in _checks(editor, change):
            constraining.drop_check(editor, table, name)
    if before.name != after.name:
        _rename(editor, change)
    _definition(editor, change)
    if before.primary and not after.primary:
        _drop_primary(editor, table)
    if not after.primary and after.unique and (not before.unique or before.primary):
        editor.make(Unique(table, (after.name,)))
    if (not before.indexed or before.unique) and after.indexed and not after.unique:
        editor.make(Index(table, (after.name,)))
    if not before.primary and after.primary:
        name = ddl.made_name(target, table, (after.name,), "_pk")
        editor.send(
            f"ALTER TABLE {target.quoted(table)} ADD CONSTRAINT {target.quoted(name)} "
            f"PRIMARY KEY ({target.quoted(after.name)})"
        )
        related += list(_related(editor, change.old, change.new))
    _related_types(editor, related)
    if after.reference is not None and after.constrained and (
        dropped or before.reference is None or not before.constrained
    ):  # fmt: skip
        editor.make(ForeignKey(table, (after.name,), after.reference.table, after.reference.column))
    if incoming:
        _related_keys(editor, change, related)
    if old_check != new_check and new_check:
        name = ddl.made_name(target, table, (after.name,), "_check")
        editor.make(Check(table, (after.name,), name, after.check))
    _drop_default(editor, change)
    _like_indexes(editor, change)


def _drop_own_keys(editor: "Editor", change: Change) -> bool:
    before = change.before
    ignore = frozenset({"db_comment"}) if editor.target.since(4, 2) else frozenset()
    if before.reference is None or not before.constrained:
        return False
    if ignore and not differs(editor.target, change.old, change.new, ignore):
        return False
    found = adding.foreign_keys(editor, change.table, before)
    for name in found:
        adding.drop_foreign_key(editor, change.table, name)
    return bool(found)


def _uniques(editor: "Editor", change: Change) -> list[str]:
    before, table = change.before, change.table
    without = _meta_names(change.new.model, "constraints")
    if table in editor.ledger.tables:
        return [
            one.name for one in editor.ledger.find(table, (before.name,), without) if one.unique and not one.primary
        ]
    if before.primary:
        return []
    return [ddl.server_name(table, before.name, "key") if editor.target.postgresql else before.name]


def _plain_indexes(editor: "Editor", change: Change) -> list[str]:
    before, table = change.before, change.table
    without = _meta_names(change.new.model, "indexes")
    if table not in editor.ledger.tables:
        found = [Index(table, (before.name,)).named(editor.target)]
        if tables.like_class(editor, before):
            found.append(Index(table, (before.name,), "_like").named(editor.target))
        return found
    return [
        one.name
        for one in editor.ledger.find(table, (before.name,), without)
        if one.index and one.method == "idx" and not one.primary
    ]


def _checks(editor: "Editor", change: Change) -> list[str]:
    before, table = change.before, change.table
    without = _meta_names(change.new.model, "constraints")
    if table in editor.ledger.tables:
        found = [one.name for one in editor.ledger.find(table, (before.name,), without) if one.check]
        return [_numbered(editor, table, name) if name == before.name else name for name in found]
    return [ddl.server_name(table, before.name, "check") if editor.target.postgresql else before.name]


def _numbered(editor: "Editor", table: str, name: str) -> str:
    """What Django calls a CHECK of a column of MariaDB's, which has the column's name: a name that nothing has."""
    if editor.target.dialect != "mariadb":
        return name
    own = [one.name for one in editor.ledger.find(table, None) if one.check and one.columns == (one.name,)]
    return f"__unnamed_constraint_{own.index(name) + 1}__"


def _check(editor: "Editor", made: Column) -> str:
    """The CHECK of a column for comparison: with its name left out where a rename keeps it."""
    target = editor.target
    if not made.check or not target.since(5, 0) or target.dialect == "mysql":
        return made.check
    return made.check.replace(target.quoted(made.name), "?")


def _rename(editor: "Editor", change: Change) -> None:
    target, before, after, table = editor.target, change.before, change.after, change.table
    on, old, new = target.quoted(table), target.quoted(before.name), target.quoted(after.name)
    renames = (
        target.serves(100502) if target.dialect == "mariadb" else target.dialect != "mysql" or target.serves(80004)
    )
    if renames:
        editor.send(f"ALTER TABLE {on} RENAME COLUMN {old} TO {new}")
    else:
        editor.send(f"ALTER TABLE {on} CHANGE {old} {new} {kept(editor, change, after.type)}")
    editor.ledger.rename_column(table, before.name, after.name)
    editor.waiting = [(ddl.with_column(one, table, before.name, after.name), at) for one, at in editor.waiting]


def _definition(editor: "Editor", change: Change) -> None:
    """Type, defaults and nullability."""
    target, before, after, table = editor.target, change.before, change.after, change.table
    new = change.new
    actions: list[str] = []
    nulls: list[str] = []
    later: list[str] = []
    collated = before.collation != after.collation
    if before.type != after.type or before.suffix != after.suffix or collated or before.comment != after.comment:
        action, more = type_change(editor, change)
        actions.append(action)
        later += more
    had, has = defaults.has_database_default(change.old.field), defaults.has_database_default(new.field)
    name = target.quoted(after.name)
    if has:
        written = expressions.database_default(new.around(target), new.name, new.field)
        old_written = (
            expressions.database_default(change.old.around(target), change.old.name, change.old.field) if had else ""
        )
        if written != old_written:
            actions.append(f"ALTER COLUMN {name} SET DEFAULT {written}")
    elif had:
        actions.append(f"ALTER COLUMN {name} DROP DEFAULT")
    value = defaults.effective(new.field)
    if _needs_default(editor, change):
        actions.append(f"ALTER COLUMN {name} SET DEFAULT {adding.default_of(editor, after, value)}")
    if before.null != after.null:
        nulls.append(_null_change(editor, change))
    four_ways = (defaults.has_default(new.field) or has) and before.null and not after.null
    on = target.quoted(table)
    existing = before.type if before.type != after.type else ""
    if not four_ways:
        actions += nulls
    if actions and target.postgresql:
        actions = [", ".join(actions)]
    for at, action in enumerate(actions):
        editor.send(f"ALTER TABLE {on} {action}", existing=existing if at == 0 else "")
    if four_ways:
        shown = (
            expressions.database_default(new.around(target), new.name, new.field)
            if has
            else defaults.literal(target, after, value)
        )
        ending = "; SET CONSTRAINTS ALL IMMEDIATE" if target.postgresql and target.since(4, 0) else ""
        editor.send(f"UPDATE {on} SET {name} = {shown} WHERE {name} IS NULL{ending}")
        for action in nulls:
            editor.send(f"ALTER TABLE {on} {action}")
    for text in later:
        editor.send(text)


def _needs_default(editor: "Editor", change: Change) -> bool:
    """Whether a default is set for the time of the change."""
    before, after = change.before, change.after
    if not before.null or after.null or defaults.has_database_default(change.new.field):
        return False
    was, value = defaults.effective(change.old.field), defaults.effective(change.new.field)
    same = type(was) is type(value) and was == value and not isinstance(value, defaults.Computed)
    return value is not None and not same and not adding.skips_default_on_alter(editor, after, value)


def _null_change(editor: "Editor", change: Change) -> str:
    target, after = editor.target, change.after
    name = target.quoted(after.name)
    if target.mysql:
        new = change.new
        default = ""
        if target.since(5, 0) and defaults.has_database_default(new.field):
            default = f" DEFAULT {expressions.database_default(new.around(target), new.name, new.field)}"
        return f"MODIFY {name} {after.type}{default} {'NULL' if after.null else 'NOT NULL'}"
    return f"ALTER COLUMN {name} {'DROP' if after.null else 'SET'} NOT NULL"


def _like_indexes(editor: "Editor", change: Change) -> None:
    target, before, after, table = editor.target, change.before, change.after, change.table
    if not target.postgresql:
        return
    gained = not (before.indexed or before.unique) and after.indexed
    if gained or (not before.unique and after.unique) or (target.since(5, 2) and loses_text(change)):
        like = tables.like_class(editor, after)
        if like:
            editor.make(Index(table, (after.name,), "_like", classes=(like,)))
    if before.unique and not (after.indexed or after.unique):
        constraining.drop_index(editor, table, ddl.made_name(target, table, (before.name,), "_like"))


def _drop_primary(editor: "Editor", table: str) -> None:
    target = editor.target
    found = [one.name for one in editor.ledger.find(table, None) if one.primary]
    if table not in editor.ledger.tables:
        found = [ddl.server_name(table, "", "pkey")]
    for name in found:
        ending = "PRIMARY KEY" if target.mysql else f"CONSTRAINT {target.quoted(name)}"
        editor.send(f"ALTER TABLE {target.quoted(table)} DROP {ending}")
        editor.ledger.drop(table, name)


def _drop_default(editor: "Editor", change: Change) -> None:
    if _needs_default(editor, change):
        editor.send(f"ALTER TABLE {editor.target.quoted(change.table)} {adding.drop_default(editor, change.after)}")


def _column_of(editor: "Editor", side: Side) -> Column:
    made = column(editor.target, side.state, side.model, side.name, side.field)
    if made is None:  # a relation has a column
        raise AssertionError(side.name)
    return made


def relations(editor: "Editor", side: Side) -> Iterator[Side]:
    """The foreign keys that point to a field, those of tables between two models included."""
    key = side.model.key
    for model in side.state.models.values():
        for name, field in model.fields.items():
            if field.kind in ("ForeignKey", "OneToOneField") and side.state.target(field, model) == key:
                if _points(side, field):
                    yield Side(side.state, model, name, field)
            elif field.kind == "ManyToManyField":
                between = through(editor.target, side.state, model, name, field)
                if between is None or not side.field.flag("primary_key"):
                    continue
                for end, each in between.fields.items():
                    if each.kind == "ForeignKey" and side.state.target(each, between) == key:
                        yield Side(side.state, between, end, each)


def _points(side: Side, field: Field) -> bool:
    to_field = field.get("to_field")
    if isinstance(to_field, str):
        return str(to_field) == side.name
    return side.field.flag("primary_key")


def _is_between(side: Side) -> bool:
    return bool(side.model.options.get("auto_created"))


def _is_hidden(side: Side) -> bool:
    return _reverse_name(side).endswith("+")


def _reverse_name(side: Side) -> str:
    """What the other end calls the relation: Django goes through them in this order."""
    for option in ("related_query_name", "related_name"):
        given = side.field.get(option)
        if isinstance(given, str) and given:
            return str(given)
    return side.model.name.lower()


def _related(editor: "Editor", old: Side, new: Side, depth: int = 0) -> Iterator[tuple[Side, Side]]:
    """The relations to a field and, where they are keys themselves, those to them."""
    before, after = list(relations(editor, old)), list(relations(editor, new))
    if editor.target.since(4, 0):
        before.sort(key=_reverse_name)
        after.sort(key=_reverse_name)
    else:
        before.sort(key=_is_between, reverse=True)
        after.sort(key=_is_between, reverse=True)
    for was, now in zip(before, after, strict=False):
        yield was, now
        if depth < 10 and editor.target.since(4, 1):
            yield from _related(editor, was, now, depth + 1)


def _related_types(editor: "Editor", related: list[tuple[Side, Side]]) -> None:
    target = editor.target
    for was, now in related:
        before, after = _column_of(editor, was), _column_of(editor, now)
        table = editor.table(now.state, now.model)
        action, more = type_change(editor, Change(was, now, before, after, table))
        editor.send(f"ALTER TABLE {target.quoted(table)} {action}", existing=before.type)
        for text in more:
            editor.send(text)


def _related_keys(editor: "Editor", change: Change, related: list[tuple[Side, Side]]) -> None:
    """The foreign keys that had to be dropped come back."""
    sides = [now for _, now in related]
    if not editor.target.since(4, 0):
        # Those of tables between two models are forgotten.
        sides = [one for one in relations(editor, change.new) if not _is_between(one) and not _is_hidden(one)]
    for side in sides:
        made = _column_of(editor, side)
        if made.constrained and made.reference is not None:
            table = editor.table(side.state, side.model)
            editor.make(ForeignKey(table, (made.name,), made.reference.table, made.reference.column, "_fk"))


def _many_to_many(editor: "Editor", old: Side, new: Side) -> None:
    before = through(editor.target, old.state, old.model, old.name, old.field)
    after = through(editor.target, new.state, new.model, new.name, new.field)
    if before is not None and after is not None:
        alter_between(editor, Between(old.state, before), Between(new.state, after))
    elif (before is None) != (after is None):
        editor.unknown(new.field.path, "Django can't add or remove `through` of a ManyToManyField")


class Between(NamedTuple):
    """The model of a table between two models, in a state."""

    state: State
    model: Model


def alter_between(editor: "Editor", old: Between, new: Between) -> None:
    """The table between two models gets other ends, or another name."""
    if editor.target.sqlite:
        from safecol.frontends.django import remaking

        remaking.alter_between(editor, old, new)
        return
    tables.rename_table(editor, editor.table(old.state, old.model), editor.table(new.state, new.model))
    ends = list(zip(list(old.model.fields.items())[1:], list(new.model.fields.items())[1:], strict=True))
    for (was, before), (now, after) in reversed(ends):
        alter(editor, Side(old.state, old.model, was, before), Side(new.state, new.model, now, after))
