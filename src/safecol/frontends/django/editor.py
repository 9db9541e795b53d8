"""What a Django migration changes comes in as states; the SQL that Django's schema editor sends goes out, in its order.

One `Editor(Target(dialect, server, django))` follows a whole history: it remembers the names of constraints and indexes
that it made, as Django finds them in the database. `server` is the version number of the registry, `django` is (5, 2).
For each migration: `begin()`, then one method for each operation with `editor.place` set to the operation's place, then
`end()` for the statements that Django keeps for the end. All of them give lists of `Sent(pieces or Unknown, place)`.

    create_model(new, app, name)                        delete_model(old, app, name)
    rename_model(old, new, app, old_name, new_name)     alter_table(old, new, app, name)
    alter_table_comment(old, new, app, name)            alter_together(old, new, app, name, "unique" or "index")
    add_field(old, new, app, name, field_name, field)   remove_field(old, new, app, name, field_name)
    alter_field(old, new, app, name, field_name, field) rename_field(old, new, app, name, old_field, new_field)
    alter_order_with_respect_to(old, new, app, name)
    add_index(new, app, name, index, concurrently=False)  remove_index(old, app, name, index_name, concurrently=False)
    rename_index(old, new, app, name, new_name, old_name=None, old_fields=None)
    add_constraint(new, app, name, constraint, validated=True)  remove_constraint(old, app, name, constraint_name)
    validate_constraint(app, name, constraint_name, state)  create_extension(name) drop_extension(name)
    create_collation(name, locale, provider, deterministic) remove_collation(name)

`old` is the state before the operation, `new` the one after it. `field` is the operation's own field (with the default
that `preserve_default=False` takes out of the state). Indexes and constraints are `Made` values as evaluated; models
keep them in `options["indexes"]`, `options["constraints"]`, and `unique_together`, `index_together` in `options`.
"""

from collections.abc import Sequence

from safecol.frontends.django import adding, constraining, ddl, indexes, tables
from safecol.frontends.django.columns import table_of, through
from safecol.frontends.django.ddl import Definition
from safecol.frontends.django.expressions import Around
from safecol.frontends.django.ledger import Known, Ledger
from safecol.frontends.django.target import Target
from safecol.frontends.django.values import NOWHERE, Field, Model, State
from safecol.frontends.python.emitted import Piece
from safecol.frontends.python.values import Made, Unknown, Value
from safecol.records import NamedTuple
from safecol.source import Span


class Sent(NamedTuple):
    """A statement and the place of its operation; `Unknown` for what was not understood."""

    pieces: list[Piece] | Unknown
    place: Span


class Editor:
    """Follows a history; what is sent is collected until an operation's method returns it."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.ledger = Ledger()
        self.place = NOWHERE
        self.collations: dict[str, bool] = {}
        self.waiting: list[tuple[Definition, Span]] = []
        self.left_out: list[tuple[Span, str]] = []
        """What Django left out of the migration without a word: the operation's place, and a sentence."""
        self._sent: list[Sent] = []

    # What the methods below are made of.

    def send(self, text: str, *, place: Span | None = None, existing: str = "") -> None:
        """A statement that is sent now."""
        self._sent.append(Sent([Piece(text, place, existing)], self.place))

    def pieces(self, pieces: list[Piece]) -> None:
        """A statement of several pieces that is sent now."""
        self._sent.append(Sent(pieces, self.place))

    def unknown(self, source: str, reason: str) -> None:
        """Something that was not understood."""
        self._sent.append(Sent(Unknown(source, reason), self.place))

    def make(self, definition: Definition) -> None:
        """An index or constraint that is made now."""
        self.send(definition.sql(self.target))
        known = definition.known(self.target)
        if known is not None:
            self.know(definition.table, known)

    def know(self, table: str, known: Known) -> None:
        """Something that a table has now: on MySQL the index of a foreign key goes when another one does for it."""
        if self.target.mysql and known.index and not known.foreign:
            self.ledger.spare(table, known.columns)
        self.ledger.add(table, known)

    def wait(self, definition: Definition | Unknown | None) -> None:
        """An index or constraint that is made at the end of the migration."""
        if isinstance(definition, Unknown):
            self.unknown(definition.source, definition.reason)
        elif definition is not None:
            self.waiting.append((definition, self.place))

    def skip(self, value: Value) -> None:
        """Tell what Django leaves out of an index or constraint without a word."""
        said = indexes.left_out(self.target, value) if isinstance(value, Made) else ""
        if said:
            self.left_out.append((self.place, said))

    def taken(self) -> list[Sent]:
        """What was sent since this was last asked."""
        found, self._sent = self._sent, []
        return found

    def around(self, state: State, model: Model) -> Around:
        """Where expressions of a model stand."""
        return Around(self.target, state, model)

    def table(self, state: State, model: Model) -> str:
        """The name of a model's table."""
        return table_of(self.target, state, model)

    def forget(self, table: str, name: str = "") -> None:
        """Nothing waits any longer that is about a table, or about one of its columns."""
        self.waiting = [
            (one, place)
            for one, place in self.waiting
            if not (ddl.names_column(one, table, name) if name else ddl.names_table(one, table))
        ]

    # Migrations.

    def begin(self) -> None:
        """A migration begins."""
        self.waiting = []
        self.left_out = []
        self._sent = []

    def end(self) -> list[Sent]:
        """A migration ends: what waited is sent."""
        place, waiting = self.place, self.waiting
        self.waiting = []
        for definition, at in waiting:
            self.place = at
            self.make(definition)
        self.place = place
        return self.taken()

    # Tables.

    def create_model(self, new: State, app: str, name: str) -> list[Sent]:
        """CREATE TABLE, and the tables of its ManyToManyFields."""
        model = new.find(app, name)
        if model is not None and model.managed and not self._swapped(new, model):
            tables.create_table(self, new, model)
        return self.taken()

    def _swapped(self, state: State, model: Model) -> bool:
        """Whether another model stands in the place of this one."""
        setting = model.options.get("swappable")
        if not isinstance(setting, str):
            return False
        chosen = state.user_model if str(setting) == "AUTH_USER_MODEL" else state.swapped.get(str(setting), "")
        return bool(chosen) and chosen.lower() != f"{model.app}.{model.name}".lower()

    def delete_model(self, old: State, app: str, name: str) -> list[Sent]:
        """DROP TABLE, those of its ManyToManyFields first."""
        model = old.find(app, name)
        if model is not None and model.managed and not self._swapped(old, model):
            tables.drop_table(self, old, model)
        return self.taken()

    def alter_table(self, old: State, new: State, app: str, name: str) -> list[Sent]:
        """A model's table gets another name, and those of its ManyToManyFields with it."""
        before, after = old.find(app, name), new.find(app, name)
        if before is not None and after is not None and after.managed:
            tables.rename_table(self, self.table(old, before), self.table(new, after))
            for each, field in before.fields.items():
                between = through(self.target, old, before, each, field)
                renamed = through(self.target, new, after, each, after.fields.get(each, field))
                if between is not None and renamed is not None:
                    tables.rename_table(self, self.table(old, between), self.table(new, renamed))
        return self.taken()

    def alter_table_comment(self, old: State, new: State, app: str, name: str) -> list[Sent]:
        """A model's table gets another comment."""
        model = new.find(app, name)
        if model is not None and model.managed and self.target.comments:
            comment = model.options.get("db_table_comment")
            tables.table_comment(self, self.table(new, model), str(comment) if isinstance(comment, str) else "")
        return self.taken()

    def rename_model(self, old: State, new: State, app: str, old_name: str, new_name: str) -> list[Sent]:
        """A model gets another name: its table, the foreign keys to it and the columns of tables between."""
        from safecol.frontends.django.renaming import rename_model

        rename_model(self, old, new, (app, old_name.lower()), (app, new_name.lower()))
        return self.taken()

    # Fields.

    def add_field(self, old: State, new: State, app: str, name: str, field_name: str, field: Field) -> list[Sent]:
        """ADD COLUMN with all that comes with it; CREATE TABLE for a ManyToManyField."""
        before, model = old.find(app, name), new.find(app, name)
        if model is not None and before is not None and model.managed and not self._swapped(new, model):
            adding.add_column(self, old, new, before, model, field_name, field)
        return self.taken()

    def remove_field(self, old: State, new: State, app: str, name: str, field_name: str) -> list[Sent]:
        """DROP COLUMN with all that goes before it; DROP TABLE for a ManyToManyField."""
        model = old.find(app, name)
        field = model.fields.get(field_name) if model is not None else None
        if model is not None and field is not None and model.managed and not self._swapped(old, model):
            adding.drop_column(self, old, model, field_name, field)
        return self.taken()

    def alter_field(self, old: State, new: State, app: str, name: str, field_name: str, field: Field) -> list[Sent]:
        """What another definition of a field takes; most take nothing."""
        from safecol.frontends.django.altering import Side, alter

        before, after = old.find(app, name), new.find(app, name)
        was = before.fields.get(field_name) if before is not None else None
        if before is not None and after is not None and was is not None and after.managed:
            alter(self, Side(old, before, field_name, was), Side(new, after, field_name, field))
        return self.taken()

    def rename_field(self, old: State, new: State, app: str, name: str, old_field: str, new_field: str) -> list[Sent]:
        """What another name of a field takes."""
        from safecol.frontends.django.altering import Side, alter

        before, after = old.find(app, name), new.find(app, name)
        if before is not None and after is not None and after.managed:
            was, now = before.fields.get(old_field), after.fields.get(new_field)
            if was is not None and now is not None:
                alter(self, Side(old, before, old_field, was), Side(new, after, new_field, now))
        return self.taken()

    def alter_order_with_respect_to(self, old: State, new: State, app: str, name: str) -> list[Sent]:
        """The column `_order` comes or goes."""
        before, after = old.find(app, name), new.find(app, name)
        if before is None or after is None or not after.managed:
            return self.taken()
        had, has = before.options.get("order_with_respect_to"), after.options.get("order_with_respect_to")
        order = Field("OrderWrt", "django.db.models.OrderWrt", (), {"editable": False})
        if has and not had:
            adding.add_column(self, old, new, before, after, "_order", order.with_options(default=0))
        elif had and not has:
            adding.drop_column(self, old, before, "_order", order)
        return self.taken()

    # Indexes and constraints.

    def alter_together(self, old: State, new: State, app: str, name: str, which: str) -> list[Sent]:
        """`unique_together` or `index_together` change; `which` is `unique` or `index`."""
        constraining.alter_together(self, old, new, app, name, which)
        return self.taken()

    def add_index(self, new: State, app: str, name: str, value: Value, *, concurrently: bool = False) -> list[Sent]:
        """CREATE INDEX."""
        constraining.add_index(self, new, app, name, value, concurrently=concurrently)
        return self.taken()

    def remove_index(
        self, old: State, app: str, name: str, index_name: str, *, concurrently: bool = False
    ) -> list[Sent]:
        """DROP INDEX."""
        constraining.remove_index(self, old, app, name, index_name, concurrently=concurrently)
        return self.taken()

    def rename_index(
        self,
        old: State,
        new: State,
        app: str,
        name: str,
        new_name: str,
        old_name: str | None = None,
        old_fields: Sequence[str] | None = None,
    ) -> list[Sent]:
        """ALTER INDEX RENAME; dropped and made again where an index can't be renamed."""
        constraining.rename_index(self, new, app, name, new_name, old_name, old_fields)
        return self.taken()

    def add_constraint(self, new: State, app: str, name: str, value: Value, *, validated: bool = True) -> list[Sent]:
        """ADD CONSTRAINT; nothing where the dialect has no such constraint, as Django does."""
        constraining.add_constraint(self, new, app, name, value, validated=validated)
        return self.taken()

    def remove_constraint(self, old: State, app: str, name: str, constraint_name: str) -> list[Sent]:
        """DROP CONSTRAINT."""
        constraining.remove_constraint(self, old, app, name, constraint_name)
        return self.taken()

    def validate_constraint(self, app: str, name: str, constraint_name: str, state: State) -> list[Sent]:
        """VALIDATE CONSTRAINT."""
        model = state.find(app, name)
        if model is not None and model.managed and self.target.postgresql:
            table = self.target.quoted(self.table(state, model))
            self.send(f"ALTER TABLE {table} VALIDATE CONSTRAINT {self.target.quoted(constraint_name)}")
        return self.taken()

    # What only PostgreSQL has.

    def create_extension(self, name: str) -> list[Sent]:
        """CREATE EXTENSION."""
        if self.target.postgresql:
            self.send(f"CREATE EXTENSION IF NOT EXISTS {self.target.quoted(name)}")
        return self.taken()

    def drop_extension(self, name: str) -> list[Sent]:
        """DROP EXTENSION."""
        if self.target.postgresql:
            self.send(f"DROP EXTENSION IF EXISTS {self.target.quoted(name)}")
        return self.taken()

    def create_collation(self, name: str, locale: str, provider: str, deterministic: bool) -> list[Sent]:
        """CREATE COLLATION."""
        if self.target.postgresql:
            parts = [f"locale={self.target.quoted(locale)}"]
            parts += [f"provider={self.target.quoted(provider)}"] if provider != "libc" else []
            parts += ["deterministic=false"] if not deterministic else []
            self.send(f"CREATE COLLATION {self.target.quoted(name)} ({', '.join(parts)})")
            self.collations[name] = deterministic
        return self.taken()

    def remove_collation(self, name: str) -> list[Sent]:
        """DROP COLLATION."""
        if self.target.postgresql:
            self.send(f"DROP COLLATION {self.target.quoted(name)}")
        return self.taken()
