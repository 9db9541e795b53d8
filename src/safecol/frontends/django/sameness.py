"""Two definitions of a field come in; whether Django would touch the database for the difference goes out."""

from safecol.frontends.django import expressions
from safecol.frontends.django.columns import column_name, has_column, internal_of, table_of
from safecol.frontends.django.expressions import Around
from safecol.frontends.django.target import Target
from safecol.frontends.django.values import RELATIONS, Field, Model, State
from safecol.frontends.python.values import Class, External, Function, Made, Member, Text, Unknown, Value
from safecol.records import NamedTuple

# Options that say nothing to the database, by Django's account.
_SILENT = frozenset(
    {
        "blank", "db_column", "editable", "error_messages", "help_text", "limit_choices_to", "on_delete",
        "related_name", "related_query_name", "validators", "verbose_name",
    }
)  # fmt: skip
_ABSENT: dict[str, tuple[Value, ...]] = {
    "null": (False,), "unique": (False,), "db_index": (False,), "primary_key": (False,), "serialize": (True,),
    "auto_created": (False,), "choices": (None, [], ()), "db_tablespace": (None, ""), "db_comment": (None,),
    "db_collation": (None, ""), "db_constraint": (True,), "parent_link": (False,), "auto_now": (False,),
    "auto_now_add": (False,), "size": (None,), "upload_to": ("",), "unique_for_date": (None,), "max_length": (None,),
    "unique_for_month": (None,), "unique_for_year": (None,), "swappable": (True,), "to_field": (None,),
    "storage": (None,), "through": (None,), "db_table": (None,), "symmetrical": (None,), "default_validators": ([],),
    "width_field": (None,), "height_field": (None,), "protocol": ("both",), "unpack_ipv4": (False,),
    "encoder": (None,), "decoder": (None,), "max_digits": (None,), "decimal_places": (None,), "name": (None,),
    "allow_unicode": (False,), "rel": (None,),
}  # fmt: skip
_LONG = "django.db.models."
_PLACES = (
    "django.db.models.fields.related.", "django.db.models.fields.json.", "django.db.models.fields.files.",
    "django.db.models.fields.generated.", "django.db.models.fields.",
)  # fmt: skip


class Side(NamedTuple):
    """A field in a state: of which model, under which name."""

    state: State
    model: Model
    name: str
    field: Field

    def around(self, target: Target) -> Around:
        """Where its expressions stand."""
        return Around(target, self.state, self.model)


def canonical(value: Value) -> Value:
    """A value without its places, so that two can be compared."""
    if isinstance(value, Made):
        named = tuple(sorted((name, repr(canonical(one))) for name, one in value.keywords.items()))
        return "made", value.path, tuple(map(canonical, value.arguments)), named, canonical(value.base)
    if isinstance(value, (Function, Class)):
        return "named", value.name
    if isinstance(value, External):
        return "external", value.path
    if isinstance(value, Member):
        return "member", canonical(value.base), value.name
    if isinstance(value, Unknown):
        return "unknown", value.source
    if isinstance(value, Text):
        return str(value)
    if isinstance(value, (list, tuple, set, frozenset)):
        return tuple(map(canonical, value))
    if isinstance(value, dict):
        return tuple((canonical(key), canonical(one)) for key, one in value.items())
    return value if not isinstance(value, bool) else ("bool", value)


def path(field: Field) -> str:
    """The class of a field, by the name that migrations use."""
    for place in _PLACES:
        if field.path.startswith(place):
            return _LONG + field.path.removeprefix(place)
    if field.path.startswith("django.contrib.postgres.fields."):
        return "django.contrib.postgres.fields." + field.path.rpartition(".")[2]
    return field.path


def options(target: Target, side: Side) -> dict[str, Value]:
    """The options of a field that say something to the database."""
    field = side.field
    names = [*field.options, *(["to"] if field.kind in RELATIONS else [])]
    if field.arguments:
        names += ["verbose_name", "max_length", "unique", "null", "db_index", "default", "base_field", "size"]
        names += ["max_digits", "decimal_places"]
    silent = _SILENT | {"choices"} if target.since(4, 1) else _SILENT
    _, given = internal_of(field)
    found: dict[str, Value] = {}
    for name in names:
        if name in silent or not field.has(name):
            continue
        value = field.get(name)
        if name == "to":
            value = side.state.target(field, side.model) or value
        elif name == "max_length" and value == given.get("max_length") and field.kind != "EmailField":
            continue
        elif name == "db_index" and (field.kind in ("ForeignKey", "SlugField", "OneToOneField")):
            if value is True:
                continue
        elif (name == "unique" and field.kind == "OneToOneField") or any(
            value is one or (type(value) is type(one) and value == one) for one in _ABSENT.get(name, ())
        ):
            continue
        found[name] = canonical(value)
    return found


def differs(target: Target, old: Side, new: Side, ignore: frozenset[str] = frozenset()) -> bool:
    """Whether Django looks at the database at all."""
    before, after = options(target, old), options(target, new)
    for name in ignore:
        before.pop(name, None)
        after.pop(name, None)
    relations = old.field.kind in RELATIONS and new.field.kind in RELATIONS
    many = old.field.kind == "ManyToManyField" and new.field.kind == "ManyToManyField"
    if target.since(5, 0) and relations and new.field.kind != "ManyToManyField" and _same_table(target, old, new):
        before.pop("to", None)
        after.pop("to", None)
    if "db_default" in before and "db_default" in after:
        written = [expressions.database_default(side.around(target), side.name, side.field) for side in (old, new)]
        if written[0] == written[1]:
            del before["db_default"], after["db_default"]
    if has_column(old.field) and has_column(new.field):
        if column_name(old.name, old.field) != column_name(new.name, new.field):
            return True
    elif many and old.name != new.name:
        return True
    return path(old.field) != path(new.field) or before != after


def _same_table(target: Target, old: Side, new: Side) -> bool:
    tables = []
    for side in (old, new):
        key = side.state.target(side.field, side.model)
        model = side.state.models.get(key) if key else None
        tables.append(table_of(target, side.state, model) if model is not None else key)
    return tables[0] == tables[1]
