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
    alter_constraint(old, new, app, name, constraint_name, constraint)
    validate_constraint(app, name, constraint_name, state)  create_extension(name) drop_extension(name)
    create_collation(name, locale, provider, deterministic) remove_collation(name)

`old` is the state before the operation, `new` the one after it. `field` is the operation's own field (with the default
that `preserve_default=False` takes out of the state). Indexes and constraints are `Made` values as evaluated; models
keep them in `options["indexes"]`, `options["constraints"]`, and `unique_together`, `index_together` in `options`.
"""

from collections.abc import Iterator, Sequence

from safecol.frontends.django import ddl, defaults, expressions, indexes
from safecol.frontends.django.columns import Column, column, fields_of, find_field, table_of, through
from safecol.frontends.django.ddl import Definition, ForeignKey, Index, Unique
from safecol.frontends.django.expressions import Around
from safecol.frontends.django.ledger import Known, Ledger
from safecol.frontends.django.target import Target
from safecol.frontends.django.values import NOWHERE, Field, Model, State
from safecol.frontends.python.emitted import Piece
from safecol.frontends.python.values import Made, Unknown, Value
from safecol.records import NamedTuple
from safecol.source import Span

_LIMITED = frozenset(
    {"tinyblob", "blob", "mediumblob", "longblob", "tinytext", "text", "mediumtext", "longtext", "json"}
)


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
        self.identities: dict[tuple[str, str], str] = {}
        self.waiting: list[tuple[Definition, Span]] = []
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
            self.create_table(new, model)
        return self.taken()

    def _swapped(self, state: State, model: Model) -> bool:
        """Whether another model stands in the place of this one."""
        setting = model.options.get("swappable")
        if not isinstance(setting, str):
            return False
        chosen = state.user_model if str(setting) == "AUTH_USER_MODEL" else state.swapped.get(str(setting), "")
        return bool(chosen) and chosen.lower() != f"{model.app}.{model.name}".lower()

    def create_table(self, state: State, model: Model, table: str | None = None) -> None:
        """CREATE TABLE of a model, under another name when one is given."""
        target = self.target
        renamed = model if table is None else model.with_options(db_table=table)
        table = self.table(state, renamed)
        self.ledger.create(table)
        for together in self.together(renamed, "unique_together"):
            self.wait(Unique(table, expressions.names_of(self.around(state, renamed), together)))
        parts: list[Piece] = []
        columns: list[Column] = []
        unknown: list[Column] = []
        for name, field in fields_of(state, renamed):
            made = column(target, state, renamed, name, field)
            if made is None:
                continue
            columns.append(made)
            if not made.known:
                unknown.append(made)
            definition = self.definition(state, renamed, name, made)
            definition += f" CHECK ({made.check})" if made.check else ""
            definition += f" {made.suffix}" if made.suffix else ""
            if made.constrained and made.reference is not None:
                to = made.reference
                if target.sqlite:
                    definition += (
                        f" REFERENCES {target.quoted(to.table)} ({target.quoted(to.column)}){ddl.deferred(target)}"
                    )
                else:
                    self.wait(ForeignKey(table, (made.name,), to.table, to.column))
            parts.append(Piece(f"{target.quoted(made.name)} {definition}", _place(field, self.place)))
            self.inline(table, made)
        parts += [Piece(clause) for clause in self.inline_constraints(state, renamed, table)]
        separated: list[Piece] = [Piece(f"CREATE TABLE {target.quoted(table)} (")]
        for at, part in enumerate(parts):
            separated += [Piece(", "), part] if at else [part]
        tablespace = renamed.options.get("db_tablespace")
        ending = (
            f" TABLESPACE {target.quoted(str(tablespace))}" if isinstance(tablespace, str) and target.postgresql else ""
        )
        self.pieces([*separated, Piece(f"){ending}")])
        for made in unknown:
            self.unknown(made.field.path, f"the type of the column `{made.name}` is not known: `{made.field.path}`")
        self._comments(state, renamed, table, columns)
        for each in self.model_indexes(state, renamed, table):
            self.wait(each)
        for name, field in renamed.fields.items():
            between = through(target, state, model, name, field)
            if between is not None:
                self.create_table(state, between)

    def _comments(self, state: State, model: Model, table: str, columns: list[Column]) -> None:
        target = self.target
        if not target.comments:
            return
        comment = model.options.get("db_table_comment")
        if isinstance(comment, str) and comment:
            self.table_comment(table, str(comment))
        if target.postgresql:
            for made in columns:
                if made.comment:
                    self.column_comment(table, made.name, made.comment)

    def table_comment(self, table: str, comment: str) -> None:
        """COMMENT ON TABLE."""
        target, text = self.target, defaults.string(self.target, comment)
        if target.postgresql:
            self.send(f"COMMENT ON TABLE {target.quoted(table)} IS {text}")
        elif target.mysql:
            self.send(f"ALTER TABLE {target.quoted(table)} COMMENT = {text}")

    def column_comment(self, table: str, name: str, comment: str) -> None:
        """COMMENT ON COLUMN."""
        target = self.target
        text = defaults.string(target, comment)
        self.send(f"COMMENT ON COLUMN {target.quoted(table)}.{target.quoted(name)} IS {text}")

    def inline(self, table: str, made: Column) -> None:
        """What a column's own clauses make, under the names that the server gives them."""
        target = self.target
        if made.primary:
            name = "PRIMARY" if target.mysql else server_name(table, "", "pkey") if target.postgresql else "__primary__"
            self.ledger.add(table, Known(name, (made.name,), unique=True, primary=True, index=target.mysql))
        elif made.unique:
            name = server_name(table, made.name, "key") if target.postgresql else made.name
            self.ledger.add(table, Known(name, (made.name,), unique=True, index=target.mysql, method="idx"))
        if made.type == "json" and target.dialect == "mariadb":
            self.ledger.add(table, Known(made.name, (made.name,), check=True))
        if made.check:
            name = server_name(table, made.name, "check") if target.postgresql else made.name
            if target.dialect == "mysql":
                taken = sum(one.check and one.name.startswith(f"{table}_chk_") for one in self.ledger.find(table, None))
                name = f"{table}_chk_{taken + 1}"
            self.ledger.add(table, Known(name, (made.name,), check=True))

    def inline_constraints(self, state: State, model: Model, table: str) -> Iterator[str]:
        """The clauses of CREATE TABLE for a model's constraints; unique indexes wait."""
        target, around = self.target, self.around(state, model)
        key = [field for field in model.fields.values() if field.kind == "CompositePrimaryKey"]
        for value in self.listed(model, "constraints"):
            kind = indexes.kind_of(value)
            name = target.quoted(indexes.name_of(value))
            if kind == "CheckConstraint":
                check = indexes.check(around, value, table)
                if target.check_constraints:
                    self.ledger.add(table, check.known(target))
                    yield f"CONSTRAINT {name} CHECK ({check.condition})"
            elif kind == "UniqueConstraint":
                made = indexes.unique(around, value, table)
                if isinstance(made, Unique) and not made.nulls:
                    self.know(table, made.known(target))
                    yield f"CONSTRAINT {name} UNIQUE ({target.listed(made.columns)}){made.deferrable}"
                elif isinstance(made, Unique):
                    self.wait(_as_index(made))
                else:
                    self.wait(made)
            elif kind == "ExclusionConstraint" and target.postgresql:
                yield f"CONSTRAINT {name} {indexes.exclusion(around, value).clause}"
            else:
                self.unknown(getattr(value, "path", kind), f"a constraint is of a class that is not known: `{kind}`")
        if key:
            columns = expressions.names_of(around, [str(one) for one in key[0].arguments])
            self.ledger.add(table, Known(server_name(table, "", "pkey"), columns, unique=True, primary=True))
            yield f"PRIMARY KEY ({target.listed(columns)})"

    def listed(self, model: Model, option: str) -> list[Made]:
        """The indexes or constraints of a model; what isn't known of them is told."""
        values = model.options.get(option) or []
        if type(values) not in (list, tuple):
            self.unknown(option, f"the {option} of `{model.name}` are not known")
            return []
        for value in values:
            if not isinstance(value, Made):
                self.unknown(option, f"one of the {option} of `{model.name}` is not known")
        return [value for value in values if isinstance(value, Made)]

    def together(self, model: Model, option: str) -> list[tuple[str, ...]]:
        """The groups of fields of `unique_together` or `index_together`."""
        return groups(model.options.get(option))

    def definition(self, state: State, model: Model, name: str, made: Column, default: str | None = None) -> str:
        """Type and clauses of a column, as in CREATE TABLE."""
        target, field = self.target, made.field
        parts = [made.type]
        if made.collation:
            parts.append(f"COLLATE {self.collation(made.collation)}")
        comment = f"COMMENT {defaults.string(target, made.comment)}" if made.comment and target.mysql else ""
        if comment and not target.since(6, 0):
            parts.append(comment)
        if defaults.has_database_default(field):
            parts.append(f"DEFAULT {expressions.database_default(self.around(state, model), name, field)}")
        elif default is not None:
            parts.append(f"DEFAULT {default}")
        if made.generated:
            parts.append(expressions.generated(self.around(state, model), field))
        elif not made.null:
            parts.append("NOT NULL")
        else:
            parts.append("NULL")
        if made.primary:
            parts.append("PRIMARY KEY")
        elif made.unique:
            parts.append("UNIQUE")
        if comment and target.since(6, 0):
            parts.append(comment)
        return " ".join(parts)

    def collation(self, name: str) -> str:
        """A collation's name as this dialect is told it."""
        return name if self.target.sqlite else self.target.quoted(name)

    def model_indexes(self, state: State, model: Model, table: str) -> Iterator[Definition | Unknown | None]:
        """The indexes of a new table: those of its fields, then those of its Meta."""
        for name, field in fields_of(state, model):
            yield from self.field_indexes(state, model, name, field, table)
        around = self.around(state, model)
        for together in self.together(model, "index_together"):
            yield Index(table, expressions.names_of(around, together), "_idx")
        for value in self.listed(model, "indexes"):
            yield indexes.index(around, value, table)

    def field_indexes(self, state: State, model: Model, name: str, field: Field, table: str) -> Iterator[Definition]:
        """The indexes of a field."""
        target = self.target
        made = column(target, state, model, name, field)
        if made is None:
            return
        if self.is_indexed(made):
            yield Index(table, (made.name,))
        like = self.like_class(made)
        if like:
            yield Index(table, (made.name,), "_like", classes=(like,))
        if made.type.startswith(("geometry(", "geography(")) and field.get("spatial_index", True) is True:
            yield Index(table, (made.name,), "_id", using=" USING GIST")

    def is_indexed(self, made: Column) -> bool:
        """Whether a column gets an index of its own."""
        if not made.indexed or made.unique:
            return False
        if self.target.mysql:
            return not (made.field.kind == "ForeignKey" and made.constrained) and made.type not in _LIMITED
        return True

    def like_class(self, made: Column) -> str:
        """The operator class of a column's second index; empty for none."""
        deterministic = not made.collation or self.collations.get(made.collation, True)
        return indexes.like_class(self.target, made, deterministic)

    def delete_model(self, old: State, app: str, name: str) -> list[Sent]:
        """DROP TABLE, those of its ManyToManyFields first."""
        model = old.find(app, name)
        if model is not None and model.managed and not self._swapped(old, model):
            self.drop_table(old, model)
        return self.taken()

    def drop_table(self, state: State, model: Model) -> None:
        """DROP TABLE of a model."""
        for name, field in model.fields.items():
            between = through(self.target, state, model, name, field)
            if between is not None:
                self.drop_table(state, between)
        self.drop(self.table(state, model))

    def drop(self, table: str) -> None:
        """DROP TABLE."""
        self.send(f"DROP TABLE {self.target.quoted(table)}{'' if self.target.sqlite else ' CASCADE'}")
        self.ledger.drop_table(table)
        self.forget(table)

    def rename_table(self, old: str, new: str) -> None:
        """ALTER TABLE RENAME."""
        target = self.target
        if old == new or (target.sqlite and old.lower() == new.lower()):
            return
        if target.mysql:
            self.send(f"RENAME TABLE {target.quoted(old)} TO {target.quoted(new)}")
        else:
            self.send(f"ALTER TABLE {target.quoted(old)} RENAME TO {target.quoted(new)}")
        self.ledger.rename_table(old, new)
        self.waiting = [(ddl.with_table(one, old, new), place) for one, place in self.waiting]

    def alter_table(self, old: State, new: State, app: str, name: str) -> list[Sent]:
        """A model's table gets another name, and those of its ManyToManyFields with it."""
        before, after = old.find(app, name), new.find(app, name)
        if before is not None and after is not None and after.managed:
            self.rename_table(self.table(old, before), self.table(new, after))
            for each, field in before.fields.items():
                between = through(self.target, old, before, each, field)
                renamed = through(self.target, new, after, each, after.fields.get(each, field))
                if between is not None and renamed is not None:
                    self.rename_table(self.table(old, between), self.table(new, renamed))
        return self.taken()

    def alter_table_comment(self, old: State, new: State, app: str, name: str) -> list[Sent]:
        """A model's table gets another comment."""
        model = new.find(app, name)
        if model is not None and model.managed and self.target.comments:
            comment = model.options.get("db_table_comment")
            self.table_comment(self.table(new, model), str(comment) if isinstance(comment, str) else "")
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
            self.add_column(old, new, before, model, field_name, field)
        return self.taken()

    def add_column(self, old: State, new: State, before: Model, model: Model, field_name: str, field: Field) -> None:
        """A field that a model gets."""
        target = self.target
        between = through(target, new, model, field_name, field)
        if between is not None:
            self.create_table(new, between)
            return
        made = column(target, new, model, field_name, field)
        if made is None:
            if target.sqlite and field.kind == "ManyToManyField":
                from safecol.frontends.django import remaking

                remaking.remake(self, old, new, before)  # for nothing, but Django does
            return
        value = defaults.effective(field)
        if target.sqlite:
            from safecol.frontends.django import remaking

            if remaking.needed_to_add(target, made, value):
                remaking.remake(self, old, new, before, created=(field_name, field))
                return
        self._add_plain(new, model, field_name, made, value)

    def _add_plain(self, state: State, model: Model, field_name: str, made: Column, value: Value) -> None:
        target, field = self.target, made.field
        table = self.table(state, model)
        shown = None
        if value is not None and not self.skips_default(made, value) and not (
            made.null and self.skips_default_on_alter(made, value)
        ):  # fmt: skip
            shown = self.default_of(made, value)
        definition = self.definition(state, model, field_name, made, shown)
        definition += f" {made.suffix}" if made.suffix and target.since(4, 1) else ""
        definition += f" CHECK ({made.check})" if made.check else ""
        after = ""
        if made.constrained and made.reference is not None:
            key = ForeignKey(table, (made.name,), made.reference.table, made.reference.column)
            to, to_column, name = (
                target.quoted(key.to_table),
                target.quoted(key.to_column),
                target.quoted(key.named(target)),
            )
            if target.postgresql:
                definition += f" CONSTRAINT {name} REFERENCES {to}({to_column}){ddl.deferred(target)}"
                after = f"; SET CONSTRAINTS {name} IMMEDIATE"
            elif target.mysql:
                definition += (
                    f" , ADD CONSTRAINT {name} FOREIGN KEY ({target.quoted(made.name)}) REFERENCES {to}({to_column})"
                )
            else:
                definition += f" REFERENCES {to} ({to_column}){ddl.deferred(target)}"
            self.ledger.add(table, key.known(target))
        text = f"ALTER TABLE {target.quoted(table)} ADD COLUMN {target.quoted(made.name)} {definition}{after}"
        self.send(text, place=_place(field, self.place))
        self.inline(table, made)
        if not made.known:
            self.unknown(field.path, f"the type of the column `{made.name}` is not known: `{field.path}`")
        database = defaults.has_database_default(field)
        if value is not None and not database and not self.skips_default_on_alter(made, value):
            self.send(f"ALTER TABLE {target.quoted(table)} {self.drop_default(made)}")
        if made.comment and target.postgresql:
            self.column_comment(table, made.name, made.comment)
        for each in self.field_indexes(state, model, field_name, field, table):
            self.wait(each)
        if target.mysql and defaults.has_default(field) and value is not None and self.skips_default(made, value):
            literal = defaults.literal(target, made, value)
            self.send(f"UPDATE {target.quoted(table)} SET {target.quoted(made.name)} = {literal}")

    def default_of(self, made: Column, value: Value) -> str:
        """What follows DEFAULT for a default of Python's."""
        literal = defaults.literal(self.target, made, value)
        return f"({literal})" if self.target.dialect == "mysql" and made.type in _LIMITED else literal

    def skips_default(self, made: Column, value: Value) -> bool:
        """Whether ADD COLUMN is sent without the default."""
        target = self.target
        if not target.mysql:
            return False
        if target.since(5, 1) and value in ("", b"") and made.type.endswith(("blob", "text")):
            return True
        takes = target.serves(100201) if target.dialect == "mariadb" else target.serves(80013)
        return not takes and made.type in _LIMITED

    def skips_default_on_alter(self, made: Column, value: Value) -> bool:
        """Whether the default can't be dropped or set by ALTER COLUMN."""
        target = self.target
        if not target.mysql:
            return False
        if target.since(5, 1) and value in ("", b"") and made.type.endswith(("blob", "text")):
            return True
        return target.dialect == "mysql" and made.type in _LIMITED

    def drop_default(self, made: Column) -> str:
        """The clause that takes a default away."""
        name = self.target.quoted(made.name)
        if self.target.mysql and made.null:
            return f"ALTER COLUMN {name} SET DEFAULT NULL"
        return f"ALTER COLUMN {name} DROP DEFAULT"

    def remove_field(self, old: State, new: State, app: str, name: str, field_name: str) -> list[Sent]:
        """DROP COLUMN with all that goes before it; DROP TABLE for a ManyToManyField."""
        model = old.find(app, name)
        field = model.fields.get(field_name) if model is not None else None
        if model is not None and field is not None and model.managed and not self._swapped(old, model):
            self.drop_column(old, model, field_name, field)
        return self.taken()

    def drop_column(self, state: State, model: Model, field_name: str, field: Field) -> None:
        """A field that a model loses."""
        target = self.target
        between = through(target, state, model, field_name, field)
        if between is not None:
            self.drop_table(state, between)
            return
        made = column(target, state, model, field_name, field)
        if made is None:
            return
        if target.sqlite:
            from safecol.frontends.django import remaking

            if remaking.needed_to_drop(target, made):
                remaking.remake(self, state, state, model, deleted=field_name)
                return
        table = self.table(state, model)
        if made.reference is not None and not target.sqlite:
            for name in self.foreign_keys(table, made):
                self.drop_foreign_key(table, name)
        cascade = " CASCADE" if target.postgresql and not target.since(6, 0) else ""
        self.send(f"ALTER TABLE {target.quoted(table)} DROP COLUMN {target.quoted(made.name)}{cascade}")
        self.ledger.drop_column(table, made.name)
        self.forget(table, made.name)

    def foreign_keys(self, table: str, made: Column) -> list[str]:
        """The names of the foreign keys of a column."""
        if table not in self.ledger.tables:
            to = made.reference
            if to is None or not made.constrained:
                return []
            return [ForeignKey(table, (made.name,), to.table, to.column).named(self.target)]
        return [one.name for one in self.ledger.find(table, (made.name,)) if one.foreign]

    def drop_foreign_key(self, table: str, name: str) -> None:
        """DROP CONSTRAINT of a foreign key."""
        target = self.target
        quoted, on = target.quoted(name), target.quoted(table)
        if target.mysql:
            self.send(f"ALTER TABLE {on} DROP FOREIGN KEY {quoted}")
            known = [one for one in self.ledger.find(table, None) if one.name == name]
            self.ledger.drop(table, name)
            for one in known:  # its index stays
                self.ledger.add(table, one._replace(foreign=False))
        else:
            self.send(f"SET CONSTRAINTS {quoted} IMMEDIATE; ALTER TABLE {on} DROP CONSTRAINT {quoted}")
            self.ledger.drop(table, name)

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
            self.add_column(old, new, before, after, "_order", order.with_options(default=0))
        elif had and not has:
            self.drop_column(old, before, "_order", order)
        return self.taken()

    # Indexes and constraints.

    def alter_together(self, old: State, new: State, app: str, name: str, which: str) -> list[Sent]:
        """`unique_together` or `index_together` change; `which` is `unique` or `index`."""
        before, after = old.find(app, name), new.find(app, name)
        if before is None or after is None or not after.managed:
            return self.taken()
        option = f"{which}_together"
        had, has = self.together(before, option), self.together(after, option)
        table = self.table(new, after)
        for fields in had:
            if fields not in has:
                self._drop_together(new, after, table, fields, which)
        for fields in has:
            if fields not in had:
                columns = expressions.names_of(self.around(new, after), fields)
                self.make(Unique(table, columns) if which == "unique" else Index(table, columns, "_idx"))
        return self.taken()

    def _drop_together(self, state: State, model: Model, table: str, fields: Sequence[str], which: str) -> None:
        target = self.target
        columns = expressions.names_of(self.around(state, model), fields)
        self.keep_foreign_key_index(state, model, table, fields[0])
        made: Definition = Unique(table, columns) if which == "unique" else Index(table, columns, "_idx")
        predicted = made.named(target)
        meta = indexes.names(model.options.get("constraints")) | indexes.names(model.options.get("indexes"))
        found = [
            one.name
            for one in self.ledger.find(table, columns, meta)
            if (one.unique and not one.primary if which == "unique" else one.index and not one.unique)
        ]
        name = predicted if predicted in found or not found else found[0]
        if which == "unique":
            self.drop_unique(table, name)
        else:
            self.drop_index(table, name)

    def keep_foreign_key_index(self, state: State, model: Model, table: str, field_name: str) -> None:
        """MySQL may have dropped a foreign key's own index: one is made before the index that stands for it goes."""
        found = find_field(state, model, field_name)
        if not self.target.mysql or found is None or found[1].kind != "ForeignKey":
            return
        made = column(self.target, state, model, *found)
        if made is None:
            return
        leading = [one for one in self.ledger.tables.get(table, ()) if one.index and one.columns[:1] == (made.name,)]
        if len(leading) == 1:
            self.make(Index(table, (made.name,)))

    def drop_unique(self, table: str, name: str) -> None:
        """A unique constraint goes."""
        target = self.target
        words = {"sqlite": f"DROP INDEX {target.quoted(name)}"}
        default = (
            f"ALTER TABLE {target.quoted(table)} DROP {'INDEX' if target.mysql else 'CONSTRAINT'} {target.quoted(name)}"
        )
        self.send(words.get(target.dialect, default))
        self.ledger.drop(table, name)

    def drop_index(self, table: str, name: str, *, concurrently: bool = False) -> None:
        """An index goes."""
        target, quoted = self.target, self.target.quoted(name)
        if target.postgresql:
            self.send(f"DROP INDEX {'CONCURRENTLY ' if concurrently else ''}IF EXISTS {quoted}")
        elif target.mysql:
            self.send(f"DROP INDEX {quoted} ON {target.quoted(table)}")
        else:
            self.send(f"DROP INDEX {quoted}")
        self.ledger.drop(table, name)
        if target.since(5, 0):
            self.waiting = [
                (one, place) for one, place in self.waiting if not (one.table == table and one.named(target) == name)
            ]

    def drop_check(self, table: str, name: str) -> None:
        """A CHECK goes."""
        target = self.target
        if not target.check_constraints:
            return
        words = {"mysql": "CHECK ", "mariadb": "CONSTRAINT IF EXISTS "}.get(target.dialect, "CONSTRAINT ")
        self.send(f"ALTER TABLE {target.quoted(table)} DROP {words}{target.quoted(name)}")
        self.ledger.drop(table, name)

    def add_index(self, new: State, app: str, name: str, value: Value, *, concurrently: bool = False) -> list[Sent]:
        """CREATE INDEX."""
        model = new.find(app, name)
        if model is not None and model.managed:
            made = indexes.index(self.around(new, model), value, self.table(new, model), concurrently=concurrently)
            if isinstance(made, Unknown):
                self.unknown(made.source, made.reason)
            elif made is not None:
                self.make(made)
        return self.taken()

    def remove_index(
        self, old: State, app: str, name: str, index_name: str, *, concurrently: bool = False
    ) -> list[Sent]:
        """DROP INDEX."""
        model = old.find(app, name)
        if model is None or not model.managed:
            return self.taken()
        table = self.table(old, model)
        value = next((one for one in self.listed(model, "indexes") if indexes.name_of(one) == index_name), None)
        if value is not None and value.arguments and not self.target.expression_indexes:
            return self.taken()
        fields = value.keywords.get("fields") if value is not None else None
        if self.target.since(4, 1) and isinstance(fields, (list, tuple)) and not isinstance(fields, Made) and fields:
            self.keep_foreign_key_index(old, model, table, str(fields[0]).removeprefix("-"))
        self.drop_index(table, index_name, concurrently=concurrently)
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
        model = new.find(app, name)
        if model is None or not model.managed:
            return self.taken()
        target, table = self.target, self.table(new, model)
        if old_fields is not None:
            columns = expressions.names_of(self.around(new, model), list(old_fields))
            found = [one.name for one in self.ledger.find(table, columns) if one.index and not one.unique]
            predicted = Index(table, columns, "_idx").named(target)
            old_name = predicted if predicted in found or not found else found[0]
        if old_name is None or old_name == new_name:
            return self.taken()
        if target.postgresql:
            self.send(f"ALTER INDEX {target.quoted(old_name)} RENAME TO {target.quoted(new_name)}")
            self.ledger.rename(table, old_name, new_name)
            return self.taken()
        renames = target.mysql and (target.dialect == "mysql" or target.serves(100502))
        if renames:
            self.send(
                f"ALTER TABLE {target.quoted(table)} RENAME INDEX {target.quoted(old_name)} TO {target.quoted(new_name)}"
            )
            self.ledger.rename(table, old_name, new_name)
            return self.taken()
        self.drop_index(table, old_name)
        value = next((one for one in self.listed(model, "indexes") if indexes.name_of(one) == new_name), None)
        made = indexes.index(self.around(new, model), value, table) if value is not None else None
        if isinstance(made, Index):
            self.make(made)
        elif old_fields is not None:
            self.make(Index(table, expressions.names_of(self.around(new, model), list(old_fields)), name=new_name))
        return self.taken()

    def add_constraint(self, new: State, app: str, name: str, value: Value, *, validated: bool = True) -> list[Sent]:
        """ADD CONSTRAINT; nothing where the dialect has no such constraint, as Django does."""
        model = new.find(app, name)
        if model is not None and model.managed:
            self._add_constraint(new, model, value, validated)
        return self.taken()

    def _add_constraint(self, state: State, model: Model, value: Value, validated: bool) -> None:
        target, table, kind = self.target, self.table(state, model), indexes.kind_of(value)
        around = self.around(state, model)
        if not isinstance(value, Made) or kind not in indexes.CONSTRAINTS:
            source = getattr(value, "path", kind)
            self.unknown(source, f"the constraint is of a class that is not known: `{source}`")
            return
        if target.sqlite:
            from safecol.frontends.django import remaking

            if remaking.needed_for(target, value):
                remaking.remake(self, state, state, model)
                return
        if kind == "ExclusionConstraint":
            made = indexes.exclusion(around, value)
            if target.postgresql:
                self.send(f"ALTER TABLE {target.quoted(table)} ADD CONSTRAINT {target.quoted(made.name)} {made.clause}")
            return
        if kind == "UniqueConstraint":
            unique = indexes.unique(around, value, table)
            if unique is not None:
                self.make(unique)
            return
        if not target.check_constraints:
            return
        check = indexes.check(around, value, table)
        self.send(check.sql(target) + ("" if validated else " NOT VALID"))
        self.ledger.add(table, check.known(target))

    def remove_constraint(self, old: State, app: str, name: str, constraint_name: str) -> list[Sent]:
        """DROP CONSTRAINT."""
        model = old.find(app, name)
        if model is None or not model.managed:
            return self.taken()
        target, table = self.target, self.table(old, model)
        value = next(
            (one for one in self.listed(model, "constraints") if indexes.name_of(one) == constraint_name), None
        )
        kind = indexes.kind_of(value)
        if target.sqlite:
            from safecol.frontends.django import remaking

            if value is not None and remaking.needed_for(target, value):
                remaining = [one for one in self.listed(model, "constraints") if one is not value]
                remaking.remake(self, old, old, model.with_options(constraints=remaining))
                return self.taken()
        if value is not None and kind == "UniqueConstraint":
            self._drop_unique_constraint(old, model, table, value)
        elif value is None or kind in indexes.CONSTRAINTS:
            self.drop_check(table, constraint_name)
        else:
            self.unknown(value.path, f"the constraint is of a class that is not known: `{value.path}`")
        return self.taken()

    def _drop_unique_constraint(self, state: State, model: Model, table: str, value: Made) -> None:
        if not indexes.supported(self.target, value):
            return
        fields = value.keywords.get("fields")
        if self.target.since(4, 1) and isinstance(fields, (list, tuple)) and not isinstance(fields, Made) and fields:
            self.keep_foreign_key_index(state, model, table, str(fields[0]))
        if indexes.is_index(self.target, value):
            self.drop_index(table, indexes.name_of(value))
        else:
            self.drop_unique(table, indexes.name_of(value))

    def alter_constraint(
        self, old: State, new: State, app: str, name: str, constraint_name: str, value: Value
    ) -> list[Sent]:
        """A constraint of which only the state changes: nothing is sent."""
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


def groups(value: Value) -> list[tuple[str, ...]]:
    """`("a", "b")` or `[("a", "b"), …]` as groups of names."""
    if type(value) not in (list, tuple, set, frozenset) or not value:
        return []
    items = list(value)
    if all(isinstance(one, str) for one in items):
        return [tuple(str(one) for one in items)]
    return [tuple(str(part) for part in one) for one in items if type(one) in (list, tuple, set, frozenset)]


def _as_index(unique: Unique) -> Index:
    return Index(unique.table, unique.columns, name=unique.name, unique=True, nulls=unique.nulls)


def _place(field: Field, around: Span) -> Span | None:
    """The place of a field's own source, when it stands inside the operation's."""
    inside = around.start <= field.span.start and field.span.end <= around.end
    return field.span if field.span != NOWHERE and inside else None


def server_name(table: str, column_name: str, label: str) -> str:
    """The name that PostgreSQL gives: the longer of table and column is shortened until it fits."""
    first, second = len(table), len(column_name)
    room = 63 - len(label) - 1 - (1 if column_name else 0)
    while first + second > room:
        if first > second:
            first -= 1
        else:
            second -= 1
    parts = [table[:first], column_name[:second], label] if column_name else [table[:first], label]
    return "_".join(parts)
