"""A field as it was and as it is to be come in; the statements that Django alters its column with are sent."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from safecol.frontends.django import ddl, defaults, expressions, indexes
from safecol.frontends.django.columns import AUTOMATIC, Column, column, through
from safecol.frontends.django.ddl import Check, ForeignKey, Index, Unique
from safecol.frontends.django.sameness import Side, differs
from safecol.frontends.django.values import Field, Model, State
from safecol.frontends.python.values import Made
from safecol.records import NamedTuple

if TYPE_CHECKING:
    from safecol.frontends.django.editor import Editor

__all__ = ["Side", "alter"]

_SEQUENCES = {"AutoField": "integer", "BigAutoField": "bigint", "SmallAutoField": "smallint"}


class _Change(NamedTuple):
    """Both sides of a column, and the table that it is in."""

    old: Side
    new: Side
    before: Column
    after: Column
    table: str


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
    if not before.known or not after.known:
        path = (new.field if before.known else old.field).path
        editor.unknown(path, f"what alters in `{after.name}` is not known: `{path}` is a class that was not found")
        return
    if target.sqlite:
        from safecol.frontends.django import remaking

        remaking.alter(editor, old, new, before, after)
        return
    _alter_column(editor, _Change(old, new, before, after, editor.table(new.state, new.model)))


def _meta_names(model: Model, option: str) -> frozenset[str]:
    return indexes.names(model.options.get(option))


def _alter_column(editor: "Editor", change: _Change) -> None:
    target, before, after, table = editor.target, change.before, change.after, change.table
    if target.postgresql and not target.since(4, 1):
        _drop_like_index(editor, change)
    dropped = _drop_own_keys(editor, change)
    if before.unique and (not after.unique or (not before.primary and after.primary)):
        for name in _uniques(editor, change):
            editor.drop_unique(table, name)
    retyped = before.type != after.type or (before.collation != after.collation and target.since(4, 1))
    incoming = ((before.primary and after.primary) or (before.unique and after.unique)) and retyped
    related = list(_related(editor, change.old, change.new)) if incoming else []
    for _, rel in related:
        made = _column_of(editor, rel)
        rel_table = editor.table(rel.state, rel.model)
        for name in editor.foreign_keys(rel_table, made):
            editor.drop_foreign_key(rel_table, name)
    if before.indexed and not before.unique and (not after.indexed or after.unique):
        for name in _plain_indexes(editor, change):
            editor.drop_index(table, name)
    old_check, new_check = _check(editor, before), _check(editor, after)
    if old_check != new_check and old_check:
        for name in _checks(editor, change):
            editor.drop_check(table, name)
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
            f"ALTER TABLE {target.quoted(table)} ADD CONSTRAINT {target.quoted(name)} PRIMARY KEY ({target.quoted(after.name)})"
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


def _drop_own_keys(editor: "Editor", change: _Change) -> bool:
    before = change.before
    ignore = frozenset({"db_comment"}) if editor.target.since(4, 2) else frozenset()
    if before.reference is None or not before.constrained:
        return False
    if ignore and not differs(editor.target, change.old, change.new, ignore):
        return False
    found = editor.foreign_keys(change.table, before)
    for name in found:
        editor.drop_foreign_key(change.table, name)
    return bool(found)


def _uniques(editor: "Editor", change: _Change) -> list[str]:
    before, table = change.before, change.table
    without = _meta_names(change.new.model, "constraints")
    if table in editor.ledger.tables:
        return [
            one.name for one in editor.ledger.find(table, (before.name,), without) if one.unique and not one.primary
        ]
    if before.primary:
        return []
    from safecol.frontends.django.editor import server_name

    return [server_name(table, before.name, "key") if editor.target.postgresql else before.name]


def _plain_indexes(editor: "Editor", change: _Change) -> list[str]:
    before, table = change.before, change.table
    without = _meta_names(change.new.model, "indexes")
    if table not in editor.ledger.tables:
        found = [Index(table, (before.name,)).named(editor.target)]
        if editor.like_class(before):
            found.append(Index(table, (before.name,), "_like").named(editor.target))
        return found
    return [
        one.name
        for one in editor.ledger.find(table, (before.name,), without)
        if one.index and one.method == "idx" and not one.primary
    ]


def _checks(editor: "Editor", change: _Change) -> list[str]:
    before, table = change.before, change.table
    without = _meta_names(change.new.model, "constraints")
    if table in editor.ledger.tables:
        found = [one.name for one in editor.ledger.find(table, (before.name,), without) if one.check]
        return [_numbered(editor, table, name) if name == before.name else name for name in found]
    from safecol.frontends.django.editor import server_name

    return [server_name(table, before.name, "check") if editor.target.postgresql else before.name]


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


def _rename(editor: "Editor", change: _Change) -> None:
    target, before, after, table = editor.target, change.before, change.after, change.table
    on, old, new = target.quoted(table), target.quoted(before.name), target.quoted(after.name)
    renames = (
        target.serves(100502) if target.dialect == "mariadb" else target.dialect != "mysql" or target.serves(80004)
    )
    if renames:
        editor.send(f"ALTER TABLE {on} RENAME COLUMN {old} TO {new}")
    else:
        editor.send(f"ALTER TABLE {on} CHANGE {old} {new} {_kept(editor, change, after.type)}")
    editor.ledger.rename_column(table, before.name, after.name)
    editor.waiting = [(ddl.with_column(one, table, before.name, after.name), at) for one, at in editor.waiting]


def _kept(editor: "Editor", change: _Change, kind: str) -> str:
    """A type of MODIFY with what the old column had: MySQL forgets what isn't said."""
    old = change.old
    text = kind
    if editor.target.since(5, 0) and defaults.has_database_default(old.field):
        text += f" DEFAULT {expressions.database_default(old.around(editor.target), old.name, old.field)}"
    return f"{text} {'NULL' if change.before.null else 'NOT NULL'}"


def _definition(editor: "Editor", change: _Change) -> None:
    """Type, defaults and nullability."""
    target, before, after, table = editor.target, change.before, change.after, change.table
    new = change.new
    actions: list[str] = []
    nulls: list[str] = []
    later: list[str] = []
    collated = before.collation != after.collation
    if before.type != after.type or before.suffix != after.suffix or collated or before.comment != after.comment:
        action, more = _type_change(editor, change)
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
        actions.append(f"ALTER COLUMN {name} SET DEFAULT {editor.default_of(after, value)}")
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


def _needs_default(editor: "Editor", change: _Change) -> bool:
    """Whether a default is set for the time of the change."""
    before, after = change.before, change.after
    if not before.null or after.null or defaults.has_database_default(change.new.field):
        return False
    was, value = defaults.effective(change.old.field), defaults.effective(change.new.field)
    same = type(was) is type(value) and was == value and not isinstance(value, defaults.Computed)
    return value is not None and not same and not editor.skips_default_on_alter(after, value)


def _null_change(editor: "Editor", change: _Change) -> str:
    target, after = editor.target, change.after
    name = target.quoted(after.name)
    if target.mysql:
        new = change.new
        default = ""
        if target.since(5, 0) and defaults.has_database_default(new.field):
            default = f" DEFAULT {expressions.database_default(new.around(target), new.name, new.field)}"
        return f"MODIFY {name} {after.type}{default} {'NULL' if after.null else 'NOT NULL'}"
    return f"ALTER COLUMN {name} {'DROP' if after.null else 'SET'} NOT NULL"


def _type_change(editor: "Editor", change: _Change) -> tuple[str, list[str]]:
    """The clause that changes a type, and the statements that follow."""
    target, before, after = editor.target, change.before, change.after
    if target.mysql:
        return _modify(editor, change), []
    if target.since(4, 1):
        _drop_like_index(editor, change)
    name, on = target.quoted(after.name), target.quoted(change.table)
    plain = {"serial": "integer", "bigserial": "bigint", "smallserial": "smallint"}.get(after.type, after.type)
    collate = f" COLLATE {editor.collation(after.collation)}" if after.collation else ""
    using = f" USING {name}::{after.type if target.identity else plain}" if _casts(editor, change) else ""
    comment = []
    if before.comment != after.comment:
        comment = [f"COMMENT ON COLUMN {on}.{name} IS {defaults.string(target, after.comment)}"]
    was, now = before.internal in AUTOMATIC, after.internal in AUTOMATIC
    if not target.identity and now:
        sequence = f"{ddl.bare(change.table)}_{after.name}_seq"
        return f"ALTER COLUMN {name} TYPE {plain}{using}", _new_sequence(editor, change, sequence)
    if not target.identity and was:
        return f"ALTER COLUMN {name} TYPE {plain}{collate}{using}", [
            f"DROP SEQUENCE IF EXISTS {target.quoted(f'{ddl.bare(change.table)}_{after.name}_seq')} CASCADE"
        ]
    if now and not was:
        return f"ALTER COLUMN {name} TYPE {plain}{using}", [
            f"ALTER TABLE {on} ALTER COLUMN {name} ADD GENERATED BY DEFAULT AS IDENTITY"
        ]
    if was and not now:
        editor.send(f"ALTER TABLE {on} ALTER COLUMN {name} DROP IDENTITY IF EXISTS")
        return f"ALTER COLUMN {name} TYPE {plain}{collate}{using}", []
    if was and before.internal != after.internal:
        sequence = f"{ddl.bare(change.table)}_{after.name}_seq"
        return f"ALTER COLUMN {name} TYPE {plain}{collate}{using}", [
            f"ALTER SEQUENCE IF EXISTS {target.quoted(sequence)} AS {_SEQUENCES[after.internal]}"
        ]
    return f"ALTER COLUMN {name} TYPE {plain}{collate}{using}", comment


def _new_sequence(editor: "Editor", change: _Change, sequence: str) -> list[str]:
    target, name, on = editor.target, editor.target.quoted(change.after.name), editor.target.quoted(change.table)
    quoted = target.quoted(sequence)
    return [
        f"DROP SEQUENCE IF EXISTS {quoted} CASCADE",
        f"CREATE SEQUENCE {quoted}",
        f"ALTER TABLE {on} ALTER COLUMN {name} SET DEFAULT nextval('{quoted}')",
        f"SELECT setval('{quoted}', MAX({name})) FROM {on}",
        f"ALTER SEQUENCE {quoted} OWNED BY {on}.{name}",
    ]


def _modify(editor: "Editor", change: _Change) -> str:
    target, after = editor.target, change.after
    collate = f" COLLATE {editor.collation(after.collation)}" if after.collation else ""
    if not target.since(4, 1) and change.before.collation != after.collation:
        return f"MODIFY {target.quoted(after.name)} {after.type}{collate}"  # NULL and NOT NULL get lost
    comment = f" COMMENT {defaults.string(target, after.comment)}" if after.comment else ""
    return f"MODIFY {target.quoted(after.name)} {_kept(editor, change, after.type)}{collate}{comment}"


def _casts(editor: "Editor", change: _Change) -> bool:
    """Whether USING is said: Django compares types without their lengths."""
    before, after, old, new = change.before, change.after, change.old, change.new
    if not editor.target.since(4, 1) and before.collation != after.collation:
        return False
    if before.internal == "ArrayField" and after.internal == "ArrayField":
        return _base(editor, old) != _base(editor, new)
    return _family(before) != _family(after)


def _family(made: Column) -> str:
    """The type as Django's table has it, with lengths still to be filled in."""
    if made.internal == "CharField":
        return "varchar(*)"
    if made.internal in ("SlugField", "FileField", "FilePathField"):
        return "varchar(max_length)"
    return "numeric(*)" if made.internal == "DecimalField" else made.type


def _base(editor: "Editor", side: Side) -> str:
    from safecol.frontends.django.fields import field_of

    field = side.field
    while field.kind == "ArrayField" and isinstance(field.get("base_field"), Made):
        field = field_of(field.get("base_field"))
    made = column(editor.target, side.state, side.model, side.name, field)
    return _family(made) if made is not None else ""


def _loses_text(change: _Change) -> bool:
    """Whether an indexed text column becomes something else."""
    before, after = change.before, change.after
    if not (before.indexed or before.unique):
        return False
    return any(before.type.startswith(one) and not after.type.startswith(one) for one in ("varchar", "text", "citext"))


def _drop_like_index(editor: "Editor", change: _Change) -> None:
    if _loses_text(change):
        editor.drop_index(change.table, ddl.made_name(editor.target, change.table, (change.before.name,), "_like"))


def _like_indexes(editor: "Editor", change: _Change) -> None:
    target, before, after, table = editor.target, change.before, change.after, change.table
    if not target.postgresql:
        return
    gained = not (before.indexed or before.unique) and after.indexed
    if gained or (not before.unique and after.unique) or (target.since(5, 2) and _loses_text(change)):
        like = editor.like_class(after)
        if like:
            editor.make(Index(table, (after.name,), "_like", classes=(like,)))
    if before.unique and not (after.indexed or after.unique):
        editor.drop_index(table, ddl.made_name(target, table, (before.name,), "_like"))


def _drop_primary(editor: "Editor", table: str) -> None:
    target = editor.target
    from safecol.frontends.django.editor import server_name

    found = [one.name for one in editor.ledger.find(table, None) if one.primary]
    if table not in editor.ledger.tables:
        found = [server_name(table, "", "pkey")]
    for name in found:
        ending = "PRIMARY KEY" if target.mysql else f"CONSTRAINT {target.quoted(name)}"
        editor.send(f"ALTER TABLE {target.quoted(table)} DROP {ending}")
        editor.ledger.drop(table, name)


def _drop_default(editor: "Editor", change: _Change) -> None:
    if _needs_default(editor, change):
        editor.send(f"ALTER TABLE {editor.target.quoted(change.table)} {editor.drop_default(change.after)}")


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
        action, more = _type_change(editor, _Change(was, now, before, after, table))
        editor.send(f"ALTER TABLE {target.quoted(table)} {action}", existing=before.type)
        for text in more:
            editor.send(text)


def _related_keys(editor: "Editor", change: _Change, related: list[tuple[Side, Side]]) -> None:
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
    editor.rename_table(editor.table(old.state, old.model), editor.table(new.state, new.model))
    ends = list(zip(list(old.model.fields.items())[1:], list(new.model.fields.items())[1:], strict=True))
    for (was, before), (now, after) in reversed(ends):
        alter(editor, Side(old.state, old.model, was, before), Side(new.state, new.model, now, after))
