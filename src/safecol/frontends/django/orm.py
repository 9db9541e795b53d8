"""Calls of Django's models come in, as a data migration makes them; the SQL that they come to goes out."""

from collections.abc import Iterable, Mapping

from safecol.frontends.django.columns import column_name, key_field, table_of, through
from safecol.frontends.django.target import Target
from safecol.frontends.django.values import Model, State
from safecol.frontends.python.values import Class, External, Made, Member, Text, Unknown, Value, path_of
from safecol.records import NamedTuple

GET_MODEL = "apps.get_model"
_MANAGERS = frozenset(
    {"objects", "_default_manager", "_base_manager", "all_objects", "unfiltered_objects", "_objects", "raw_objects"}
)
_ONE = frozenset({"get", "first", "last", "earliest", "latest", "create", "get_object_or_404", "aget", "acreate"})
_PAIR = frozenset({"get_or_create", "update_or_create"})
_SAME = frozenset({"list", "iter", "sorted", "reversed", "tqdm", "islice", "set", "tuple", "chunked", "batched"})
_NARROWS = frozenset({"filter", "exclude", "get", "[:]", "[]"})
_MOST_VALUES = 50
WRITES = frozenset(
    {
        "update", "delete", "create", "bulk_create", "bulk_update", "get_or_create", "update_or_create", "save", "add",
        "set", "remove", "clear", "_raw_delete", "adelete", "aupdate", "asave", "acreate", "save_base",
    }
)  # fmt: skip


class Row:
    """An instance of a model: `changed` are the attributes that were assigned; `new` when no row stands for it yet."""

    __slots__ = ("changed", "model", "new")

    def __init__(self, model: Model, *, new: bool, changed: Mapping[str, Value] = {}) -> None:
        self.model = model
        self.new = new
        self.changed = dict(changed)


class Query(NamedTuple):
    """A chain of calls on a model: `manager` is the attribute it starts with, `calls` those after it, in order."""

    root: Value
    manager: str
    calls: tuple[Made, ...]


def name_of(call: Made) -> str:
    """The method of a call: `filter`; `[:]` for a slice."""
    return call.path.rpartition(" " if call.path.startswith("operator ") and "." not in call.path else ".")[2]


def query(value: Value) -> Query | None:
    """The chain that ends with a value; None when it doesn't start at a model or a row."""
    calls: list[Made] = []
    manager = ""
    for _ in range(60):
        if isinstance(value, Row) or (isinstance(value, Made) and value.path == GET_MODEL):
            return Query(value, manager, tuple(reversed(calls)))
        if isinstance(value, Class):
            return Query(value, manager, tuple(reversed(calls)))
        if isinstance(value, Made):
            calls.append(value)
            value = value.base
        elif isinstance(value, Member):
            manager = value.name
            value = value.base
        elif isinstance(value, External):
            head, _, last = value.path.rpartition(".")
            if last not in _MANAGERS:
                return Query(value, manager, tuple(reversed(calls))) if manager in _MANAGERS else None
            value, manager = External(head), last
        else:
            return None
    return None


class Models:
    """The models of a state, as code finds and writes them."""

    def __init__(self, target: Target, state: State) -> None:
        self.target = target
        self.state = state

    def of(self, root: Value) -> Model | None:
        """The model that a chain starts at; None when it isn't known."""
        if isinstance(root, Row):
            return root.model
        if isinstance(root, Made) and root.path == GET_MODEL:
            return self._named(root)
        name = root.name if isinstance(root, Class) else path_of(root).rpartition(".")[2]
        found = [model for (_, lower), model in self.state.models.items() if lower == name.lower()]
        return found[0] if len(found) == 1 else None

    def _named(self, call: Made) -> Model | None:
        app, name = call.argument(0, "app_label"), call.argument(1, "model_name")
        if isinstance(app, Text) and name is None:
            written = str(app).partition(".")
            app, name = written[0], written[2]
        path = path_of(app)
        if path.endswith("settings.AUTH_USER_MODEL"):
            app, _, name = self.state.user_model.partition(".")
        if not isinstance(app, str) or not isinstance(name, str) or not name or _holes(app) or _holes(name):
            return None
        # One that no migration here makes has the table that its name says.
        return self.state.find(str(app), str(name)) or Model(str(app), str(name), {})

    def related(self, model: Model, attribute: str) -> Model | None:
        """The model on the other side of a relation of a row, by its attribute."""
        field = model.fields.get(attribute)
        if field is not None:
            key = self.state.target(field, model)
            return self.state.models.get(key) if key else None
        for other, _, one in self.state.referring(model.key):
            named = one.get("related_name")
            if (isinstance(named, str) and str(named) == attribute) or attribute in (
                f"{other.name.lower()}_set",
                other.name.lower(),
            ):
                return other
        return None

    def subject(self, found: Query) -> Model | None:
        """The model whose rows a chain is about."""
        model = self.of(found.root)
        if model is None or not isinstance(found.root, Row) or not found.calls:
            return model
        return self.related(model, found.manager) if found.manager else model

    # What calls give

    def row(self, value: Value) -> Value:
        """What going through a value gives each time; NotImplemented when that isn't known."""
        if isinstance(value, Made) and value.path.rpartition(".")[2] in _SAME and value.arguments:
            return self.row(value.arguments[0])
        if isinstance(value, Made) and value.path.rpartition(".")[2] == "enumerate" and value.arguments:
            inner = self.row(value.arguments[0])
            return inner if inner is NotImplemented else (Unknown("number", "it is counted"), inner)
        found = query(value)
        if found is None or any(name_of(call) in ("values", "values_list", "dates") for call in found.calls):
            return NotImplemented
        model = self.subject(found)
        return NotImplemented if model is None else Row(model, new=False)

    def result(self, call: Made) -> Value:
        """The row or rows that a call gives; NotImplemented for all others."""
        name = name_of(call)
        if name not in _ONE and name not in _PAIR:
            return NotImplemented
        found = query(call)
        model = self.subject(found) if found is not None else None
        if model is None or any(name_of(one) in ("values", "values_list") for one in (found.calls if found else ())):
            return NotImplemented
        row = Row(model, new=False)
        return (row, Unknown("created", "it depends on the rows")) if name in _PAIR else row

    # SQL

    def statements(self, call: Made) -> list[str] | None:
        """The SQL of a call that writes; None when it is not about a model that is known."""
        found = query(call)
        if found is None:
            return None
        name = name_of(call).removeprefix("a") if name_of(call)[1:] in WRITES else name_of(call)
        if isinstance(found.root, Row) and not found.manager and len(found.calls) == 1:
            return self._of_row(found.root, name, call)
        model = self.subject(found)
        if model is None:
            return None
        table = self.quoted(table_of(self.target, self.state, model))
        if isinstance(found.root, Row) and name in ("add", "set", "remove", "clear"):
            return self._of_relation(found.root.model, found.manager, name)
        where = self._where(model, found)
        if name == "update":
            return [f"UPDATE {table} SET {self._sets(model, call.keywords)}{where}"]
        if name in ("delete", "_raw_delete"):
            return [f"DELETE FROM {table}{where}"]
        if name in ("create", "get_or_create", "update_or_create"):
            given = {key: value for key, value in call.keywords.items() if key not in ("defaults", "create_defaults")}
            defaults = call.keywords.get("defaults")
            written = [self._insert(model, {**given, **(defaults if isinstance(defaults, dict) else {})})]
            if name == "update_or_create" and isinstance(defaults, dict) and defaults:
                written.append(f"UPDATE {table} SET {self._sets(model, defaults)} WHERE {self._key(model)} = ${{id}}")
            return written
        if name == "bulk_create":
            return [self._bulk_insert(model, call.argument(0, "objs"))]
        if name == "bulk_update":
            names = call.argument(1, "fields")
            listed = [str(one) for one in names] if type(names) in (list, tuple) else ["${column}"]
            sets = ", ".join(f"{self._column(model, one)} = ${{value}}" for one in listed)
            return [f"UPDATE {table} SET {sets} WHERE {self._key(model)} IN (${{ids}})"]
        return []

    def _of_row(self, row: Row, name: str, call: Made) -> list[str]:
        table = self.quoted(table_of(self.target, self.state, row.model))
        if name == "delete":
            return [f"DELETE FROM {table} WHERE {self._key(row.model)} = ${{id}}"]
        if name not in ("save", "save_base"):
            return []
        changed = dict(row.changed)
        if row.new:
            row.new = False
            row.changed.clear()
            return [self._insert(row.model, changed)]
        only = call.argument(3, "update_fields")
        if type(only) in (list, tuple) and all(isinstance(one, str) for one in only):
            unknown = Unknown("value", "it was assigned before")
            changed = {str(one): changed.get(str(one), unknown) for one in only}
        sets = self._sets(row.model, changed) if changed else f"{self._key(row.model)} = ${{id}}"
        return [f"UPDATE {table} SET {sets} WHERE {self._key(row.model)} = ${{id}}"]

    def _of_relation(self, model: Model, attribute: str, name: str) -> list[str]:
        """What `row.tags.add(…)` and the like write: rows of the table between the two models."""
        owner, field = model, model.fields.get(attribute)
        if field is None:
            for other, written, one in self.state.referring(model.key):
                if one.kind == "ManyToManyField" and self.related(model, attribute) is other:
                    owner, field, attribute = other, one, written
        if field is None or field.kind != "ManyToManyField":
            other_model = self.related(model, attribute)
            if other_model is None:
                return []
            table = self.quoted(table_of(self.target, self.state, other_model))
            return [f"UPDATE {table} SET ${{column}} = ${{id}} WHERE {self._key(other_model)} IN (${{ids}})"]
        given = field.get("through")
        between = through(self.target, self.state, owner, attribute, field)
        if between is None:
            key = self.state.key_of(given, owner)
            between = self.state.models.get(key) if key else None
        if between is None:
            return []
        table = self.quoted(table_of(self.target, self.state, between))
        if name == "add":  # to one row: a few
            return [f"INSERT INTO {table} (${{columns}}) VALUES (${{values}})"]
        return [f"DELETE FROM {table} WHERE ${{column}} = ${{id}}"]

    def _bulk_insert(self, model: Model, objects: Value) -> str:
        rows = [one for one in objects if isinstance(one, Row)] if type(objects) in (list, tuple) else []
        if not rows or len(rows) != len(objects) or not rows[0].changed:
            return self._rows(table_of(self.target, self.state, model))
        return self._insert(model, *(row.changed for row in rows))

    def _insert(self, model: Model, *rows: Mapping[str, Value]) -> str:
        table = self.quoted(table_of(self.target, self.state, model))
        names = [name for name in rows[0] if name != "**"]
        if not names:
            return self._rows(table_of(self.target, self.state, model))
        lines = ", ".join(
            "(" + ", ".join(self.literal(row.get(name)) for name in names) + ")" for row in rows[:_MOST_VALUES]
        )
        return f"INSERT INTO {table} ({', '.join(self._column(model, name) for name in names)}) VALUES {lines}"

    def _rows(self, table: str) -> str:
        """An INSERT of rows of which nothing is known."""
        return f"INSERT INTO {self.quoted(table)} (${{columns}}) SELECT ${{values}} FROM ${{rows}}"

    def _sets(self, model: Model, values: Mapping[str, Value]) -> str:
        found = [
            f"{self._column(model, name)} = {self._assigned(model, value)}"
            for name, value in values.items()
            if name != "**"
        ]
        return ", ".join(found) or "${column} = ${value}"

    def _assigned(self, model: Model, value: Value) -> str:
        if (
            isinstance(value, Made)
            and value.path.endswith(".F")
            and value.arguments
            and isinstance(value.arguments[0], Text)
        ):
            name = str(value.arguments[0])
            return self._column(model, name) if "__" not in name else "${value}"
        return self.literal(value)

    def _where(self, model: Model, found: Query) -> str:
        parts: list[str] = []
        for call in found.calls:
            name = name_of(call)
            if name not in _NARROWS:
                continue
            if name in ("[:]", "[]"):
                parts.append(f"{self._key(model)} IN (${{ids}})")
                continue
            inner = [self._condition(model, key, value) for key, value in call.keywords.items() if key != "**"]
            inner += ["${condition}" for _ in call.arguments]
            if name == "exclude" and inner:
                parts.append(f"NOT ({' AND '.join(inner)})")
            else:
                parts += inner
        if isinstance(found.root, Row) and found.manager:
            parts.append("${column} = ${id}")
        return f" WHERE {' AND '.join(dict.fromkeys(parts))}" if parts else ""

    def _condition(self, model: Model, key: str, value: Value) -> str:
        name, _, lookup = key.partition("__")
        if name != "pk" and name not in model.fields and name.removesuffix("_id") not in model.fields and model.fields:
            return "${condition}"
        column = self._key(model) if name == "pk" else self._column(model, name)
        if lookup in ("", "exact"):
            return f"{column} IS NULL" if value is None else f"{column} = {self.literal(value)}"
        if lookup == "isnull" and isinstance(value, bool):
            return f"{column} IS {'' if value else 'NOT '}NULL"
        signs = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
        if lookup in signs:
            return f"{column} {signs[lookup]} {self.literal(value)}"
        if lookup in ("in", "pk__in"):
            items = value if type(value) in (list, tuple) else ()
            return f"{column} IN ({', '.join(map(self.literal, items)) or '${values}'})"
        return "${condition}"

    def _column(self, model: Model, name: str) -> str:
        if name == "pk":
            return self._key(model)
        if name.startswith("${"):
            return name
        field = model.fields.get(name)
        if field is None and name.endswith("_id") and name[:-3] in model.fields:
            name = name[:-3]
            field = model.fields[name]
        return self.quoted(column_name(name, field) if field is not None else name)

    def _key(self, model: Model) -> str:
        return self.quoted(column_name(*key_field(self.state, model)))

    def quoted(self, name: str) -> str:
        """A name in the dialect's quotes."""
        return self.target.quoted(name)

    def literal(self, value: Value) -> str:
        """A value as SQL; a placeholder for one that isn't known."""
        if value is None:
            return "NULL"
        if isinstance(value, bool):
            return str(value).lower() if self.target.postgresql else str(int(value))
        if isinstance(value, (int, float)):
            return str(value)
        if isinstance(value, Text) and not value.holes and "\\" not in value:
            return "'" + str(value).replace("'", "''") + "'"
        return "${value}"


def _holes(value: Value) -> bool:
    return isinstance(value, Text) and bool(value.holes)


def touches(values: Iterable[Value]) -> bool:
    """Whether one of the values is the registry of models, the schema editor or a connection."""
    for value in values:
        path = path_of(value)
        if path in ("apps", "schema_editor") or path.startswith(("schema_editor.connection", "django.db.connection")):
            return True
    return False
