"""What a Django project's models are, as values: fields, models and the state that a migration leaves behind.

The reader of migrations makes these from the evaluated source; the schema editor compares them and writes SQL.
"""

import hashlib
from collections.abc import Iterator, Mapping

from safecol.frontends.python.values import Made, Text, Unknown, Value
from safecol.records import NamedTuple
from safecol.source import Span

NOWHERE = Span(0, 0)
RELATIONS = frozenset({"ForeignKey", "OneToOneField", "ManyToManyField"})
_NAMES: dict[str, tuple[str, ...]] = {
    "ForeignKey": ("to", "on_delete"),
    "OneToOneField": ("to", "on_delete"),
    "ManyToManyField": ("to",),
    "ArrayField": ("base_field", "size"),
    "DecimalField": ("verbose_name", "name", "max_digits", "decimal_places"),
    "DateField": ("verbose_name", "name", "auto_now", "auto_now_add"),
    "DateTimeField": ("verbose_name", "name", "auto_now", "auto_now_add"),
    "TimeField": ("verbose_name", "name", "auto_now", "auto_now_add"),
    "UUIDField": ("verbose_name",),
    "JSONField": ("verbose_name", "name"),
    "FileField": ("verbose_name", "name", "upload_to", "storage"),
    "ImageField": ("verbose_name", "name", "width_field", "height_field"),
    "FilePathField": ("verbose_name", "name", "path", "match", "recursive"),
    "GenericIPAddressField": ("verbose_name", "name", "protocol", "unpack_ipv4"),
}
_POSITIONS = (
    "verbose_name", "name", "primary_key", "max_length", "unique", "blank", "null", "db_index", "rel", "default",
    "editable", "serialize", "unique_for_date", "unique_for_month", "unique_for_year", "choices", "help_text",
    "db_column", "db_tablespace",
)  # fmt: skip


class Field(NamedTuple):
    """A model's field.

    `kind` is the class of Django that says what it is in the database (`CharField`), empty when that isn't known;
    `path` the class as imported (`django.db.models.CharField`, `shop.fields.MoneyField`). `arguments` are positional
    values, `options` keywords as evaluated. `span` is where it stands in the file that last defined it.
    """

    kind: str
    path: str
    arguments: tuple[Value, ...] = ()
    options: dict[str, Value] = {}  # noqa: RUF012 - a record's default; never changed in place
    span: Span = NOWHERE

    def get(self, name: str, default: Value = None) -> Value:
        """An argument by its name, wherever it stood."""
        if name in self.options:
            return self.options[name]
        if self.arguments:
            names = _NAMES.get(self.kind, _POSITIONS)
            if name in names and names.index(name) < len(self.arguments):
                return self.arguments[names.index(name)]
        return default

    def has(self, name: str) -> bool:
        """Whether an argument was given."""
        return self.get(name, self) is not self

    def flag(self, name: str) -> bool:
        """Whether an argument is True; what isn't known is not."""
        value = self.get(name, False)
        return value is not None and not isinstance(value, (Unknown, Made)) and bool(value)

    def with_options(self, **options: Value) -> "Field":
        """The field with these options instead."""
        return self._replace(options={**self.options, **options})

    def without(self, *names: str) -> "Field":
        """The field without these options."""
        return self._replace(options={name: value for name, value in self.options.items() if name not in names})


class Model(NamedTuple):
    """A model: `name` as written, `fields` in order, `options` those of its Meta, `bases` as evaluated."""

    app: str
    name: str
    fields: dict[str, Field]
    options: dict[str, Value] = {}  # noqa: RUF012 - a record's default; never changed in place
    bases: tuple[Value, ...] = ()

    @property
    def key(self) -> tuple[str, str]:
        """How the state finds it."""
        return self.app, self.name.lower()

    @property
    def managed(self) -> bool:
        """Whether Django creates and changes its table."""
        return self.options.get("managed", True) is not False and not self.options.get("proxy", False)

    def table(self, limit: int | None) -> str:
        """The name of its table; `limit` is the longest name that the dialect takes, None for any length."""
        given = self.options.get("db_table")
        if isinstance(given, Text) or (type(given) is str and given):
            return str(given)
        return truncated(f"{self.app}_{self.name.lower()}", limit)

    def with_field(self, name: str, field: Field) -> "Model":
        """The model with a field added at its end, or in the place of the one of that name."""
        return self._replace(fields={**self.fields, name: field})

    def without_field(self, name: str) -> "Model":
        """The model without a field."""
        return self._replace(fields={one: field for one, field in self.fields.items() if one != name})

    def with_options(self, **options: Value) -> "Model":
        """The model with these options instead."""
        return self._replace(options={**self.options, **options})


class State(NamedTuple):
    """All models at a point of the history, by (app, lower-case name); methods give new states.

    `user_model` is AUTH_USER_MODEL as `app.Model`; `auto_field` DEFAULT_AUTO_FIELD as a dotted path, `auto_fields` the
    same by app; `swapped` other settings that name a model (`django.conf.settings.` left away).
    """

    models: dict[tuple[str, str], Model] = {}  # noqa: RUF012 - a record's default; never changed in place
    user_model: str = "auth.User"
    auto_field: str = "django.db.models.AutoField"
    auto_fields: Mapping[str, str] = {}
    swapped: Mapping[str, str] = {}

    def find(self, app: str, name: str) -> Model | None:
        """A model by its app and name, in any case."""
        return self.models.get((app, name.lower()))

    def with_model(self, model: Model) -> "State":
        """The state with a model, or another one in its place."""
        return self._replace(models={**self.models, model.key: model})

    def without(self, app: str, name: str) -> "State":
        """The state without a model."""
        key = (app, name.lower())
        return self._replace(models={one: model for one, model in self.models.items() if one != key})

    def target(self, field: Field, model: Model) -> tuple[str, str] | None:
        """The key of the model that a relation of `model` points to; None when it isn't known."""
        return self.key_of(field.get("to"), model)

    def key_of(self, to: Value, model: Model) -> tuple[str, str] | None:
        """The key that `"app.Model"`, `"Model"`, `"self"` or a setting stands for in a field of `model`."""
        path = getattr(to, "path", "") if not isinstance(to, str) else ""
        if path and path.rpartition(".")[0].endswith("settings"):
            setting = path.rpartition(".")[2]
            to = self.user_model if setting == "AUTH_USER_MODEL" else self.swapped.get(setting)
        if not isinstance(to, str):
            return None
        name = str(to)
        if name == "self":
            return model.key
        app, dot, rest = name.rpartition(".")
        return (app, rest.lower()) if dot else (model.app, name.lower())

    def referring(self, key: tuple[str, str]) -> Iterator[tuple[Model, str, Field]]:
        """The relations that point to a model: (model, field name, field), in the order of models and fields."""
        for model in self.models.values():
            for name, field in model.fields.items():
                if field.kind in RELATIONS and self.target(field, model) == key:
                    yield model, name, field


def digest(*parts: str, length: int = 8) -> str:
    """The first characters of the hash that Django puts into names."""
    made = hashlib.md5(usedforsecurity=False)
    for part in parts:
        made.update(part.encode())
    return made.hexdigest()[:length]


def truncated(name: str, limit: int | None, hash_length: int = 4) -> str:
    """A name as Django shortens it to a dialect's limit; `"schema"."name"` keeps its schema."""
    quote = name.find('"."')
    head, rest = (name[: quote + 2], name[quote + 2 :]) if quote >= 0 else ("", name)
    bare = rest.strip('"')
    if limit is None or len(bare) <= limit:
        return name
    short = bare[: limit - hash_length] + digest(bare, length=hash_length)
    return f'{head}"{short}"' if head else short
