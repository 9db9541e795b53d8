"""A field of a state comes in; its column as the dialect is told it goes out."""

from collections.abc import Iterator

from safecol.frontends.django.fields import field_of
from safecol.frontends.django.target import Target
from safecol.frontends.django.values import RELATIONS, Field, Model, State, truncated
from safecol.frontends.python.strings import hole
from safecol.frontends.python.values import External, Made, Member, Unknown, Value, path_of, plain
from safecol.records import NamedTuple
from safecol.source import Span

AUTOMATIC = frozenset({"AutoField", "BigAutoField", "SmallAutoField"})
POSITIVE = frozenset({"PositiveBigIntegerField", "PositiveIntegerField", "PositiveSmallIntegerField"})
# Fields that are another one with options of its own.
_SPECIAL: dict[str, tuple[str, dict[str, Value]]] = {
    "EmailField": ("CharField", {"max_length": 254}),
    "URLField": ("CharField", {"max_length": 200}),
    "SlugField": ("SlugField", {"max_length": 50}),
    "FileField": ("FileField", {"max_length": 100}),
    "ImageField": ("FileField", {"max_length": 100}),
    "FilePathField": ("FilePathField", {"max_length": 100}),
    "CommaSeparatedIntegerField": ("CharField", {}),
    "NullBooleanField": ("BooleanField", {}),
    "OrderWrt": ("IntegerField", {}),
}
_POSTGRESQL = {
    "AutoField": "integer", "BigAutoField": "bigint", "SmallAutoField": "smallint", "BinaryField": "bytea",
    "BooleanField": "boolean", "DateField": "date", "DateTimeField": "timestamp with time zone",
    "DurationField": "interval", "FloatField": "double precision", "IntegerField": "integer",
    "BigIntegerField": "bigint", "IPAddressField": "inet", "GenericIPAddressField": "inet", "JSONField": "jsonb",
    "PositiveBigIntegerField": "bigint", "PositiveIntegerField": "integer", "PositiveSmallIntegerField": "smallint",
    "SmallIntegerField": "smallint", "TextField": "text", "TimeField": "time", "UUIDField": "uuid",
    "HStoreField": "hstore", "CICharField": "citext", "CIEmailField": "citext", "CITextField": "citext",
    "IntegerRangeField": "int4range", "BigIntegerRangeField": "int8range", "DecimalRangeField": "numrange",
    "DateTimeRangeField": "tstzrange", "DateRangeField": "daterange", "SearchVectorField": "tsvector",
    "SearchQueryField": "tsquery", "RasterField": "raster",
}  # fmt: skip
_MYSQL = {
    "AutoField": "integer AUTO_INCREMENT", "BigAutoField": "bigint AUTO_INCREMENT",
    "SmallAutoField": "smallint AUTO_INCREMENT", "BinaryField": "longblob", "BooleanField": "bool",
    "DateField": "date", "DateTimeField": "datetime(6)", "DurationField": "bigint", "FloatField": "double precision",
    "IntegerField": "integer", "BigIntegerField": "bigint", "IPAddressField": "char(15)",
    "GenericIPAddressField": "char(39)", "JSONField": "json", "PositiveBigIntegerField": "bigint UNSIGNED",
    "PositiveIntegerField": "integer UNSIGNED", "PositiveSmallIntegerField": "smallint UNSIGNED",
    "SmallIntegerField": "smallint", "TextField": "longtext", "TimeField": "time(6)", "UUIDField": "char(32)",
}  # fmt: skip
_SQLITE = {
    "AutoField": "integer", "BigAutoField": "integer", "SmallAutoField": "integer", "BinaryField": "BLOB",
    "BooleanField": "bool", "DateField": "date", "DateTimeField": "datetime", "DecimalField": "decimal",
    "DurationField": "bigint", "FloatField": "real", "IntegerField": "integer", "BigIntegerField": "bigint",
    "IPAddressField": "char(15)", "GenericIPAddressField": "char(39)", "JSONField": "text",
    "PositiveBigIntegerField": "bigint unsigned", "PositiveIntegerField": "integer unsigned",
    "PositiveSmallIntegerField": "smallint unsigned", "SmallIntegerField": "smallint", "TextField": "text",
    "TimeField": "time", "UUIDField": "char(32)",
}  # fmt: skip
_TYPES = {"postgresql": _POSTGRESQL, "mysql": _MYSQL, "mariadb": _MYSQL, "sqlite": _SQLITE}
_SERIAL = {"AutoField": "serial", "BigAutoField": "bigserial", "SmallAutoField": "smallserial"}
_WITH_LENGTH = frozenset({"CharField", "SlugField", "FileField", "FilePathField"})
_GEOMETRIES = {
    "PointField": "POINT", "LineStringField": "LINESTRING", "PolygonField": "POLYGON", "MultiPointField": "MULTIPOINT",
    "MultiLineStringField": "MULTILINESTRING", "MultiPolygonField": "MULTIPOLYGON", "GeometryField": "GEOMETRY",
    "GeometryCollectionField": "GEOMETRYCOLLECTION",
}  # fmt: skip
# Tables of Django's own applications, for projects whose history leaves them out.
_OWN_TABLES = {("contenttypes", "contenttype"): "django_content_type", ("sites", "site"): "django_site"}
_NOWHERE = Span(0, 0)


class Reference(NamedTuple):
    """What a foreign key points to; `guessed` when that model was not seen."""

    table: str
    column: str
    guessed: bool = False


class Column(NamedTuple):
    """A field as a column.

    `internal` is the class of Django that its type comes from, `type` that of the dialect, `check` the condition of
    its inline CHECK and `suffix` what follows it. `unique` is also True for a primary key. `known` is False when the
    type is not: it is then the class's path, quoted as if it named a type.
    """

    name: str
    field: Field
    internal: str
    type: str
    null: bool = False
    unique: bool = False
    primary: bool = False
    indexed: bool = False
    check: str = ""
    suffix: str = ""
    collation: str = ""
    comment: str = ""
    reference: Reference | None = None
    constrained: bool = False
    generated: bool = False
    known: bool = True


def internal_of(field: Field) -> tuple[str, dict[str, Value]]:
    """The internal type of a field and the options that its class has by itself."""
    return _SPECIAL.get(field.kind, (field.kind, {}))


def column_name(name: str, field: Field) -> str:
    """The name of a field's column."""
    given = field.get("db_column")
    if isinstance(given, str):
        return str(given)
    return f"{name}_id" if field.kind in ("ForeignKey", "OneToOneField") else name


def has_column(field: Field) -> bool:
    """Whether a field is a column of its table."""
    return field.kind not in ("ManyToManyField", "CompositePrimaryKey", "TaggableManager", "GenericForeignKey")


def key_field(state: State, model: Model) -> tuple[str, Field]:
    """The primary key of a model: (name, field); the automatic one when it has none."""
    for name, field in model.fields.items():
        if field.flag("primary_key"):
            return name, field
    parent = _parent_key(state, model)
    return parent or ("id", automatic(state))


def _parent_key(state: State, model: Model) -> tuple[str, Field] | None:
    if not model.options.get("proxy"):
        return None
    for base in model.bases:
        key = state.key_of(base, model)
        parent = state.models.get(key) if key else None
        if parent is not None and parent is not model:
            return key_field(state, parent)
    return None


def automatic(state: State) -> Field:
    """The key that Django adds to a model without one."""
    path = state.auto_field
    kind = path.rpartition(".")[2]
    kind = kind if kind in AUTOMATIC or kind == "UUIDField" else "AutoField"
    return Field(kind, path, (), {"primary_key": True, "auto_created": True, "serialize": False})


def fields_of(state: State, model: Model) -> Iterator[tuple[str, Field]]:
    """All fields of a model's table, with the automatic key when it has no other one."""
    if not any(field.flag("primary_key") or field.kind == "CompositePrimaryKey" for field in model.fields.values()):
        yield "id", automatic(state)
    yield from model.fields.items()
    if model.options.get("order_with_respect_to") and "_order" not in model.fields:
        yield "_order", Field("OrderWrt", "django.db.models.OrderWrt", (), {"editable": False})


def find_field(state: State, model: Model, name: str) -> tuple[str, Field] | None:
    """A field by its name, the automatic key and `pk` included."""
    if name in model.fields:
        return name, model.fields[name]
    if name in ("id", "pk"):
        return key_field(state, model)
    if name.endswith("_id") and name[:-3] in model.fields:
        return name[:-3], model.fields[name[:-3]]
    return None


def table_of(target: Target, state: State, model: Model) -> str:
    """The table of a model; that of a proxy is its parent's."""
    if model.options.get("proxy"):
        for base in model.bases:
            key = state.key_of(base, model)
            parent = state.models.get(key) if key else None
            if parent is not None and parent is not model:
                return table_of(target, state, parent)
    return model.table(target.longest_name)


def reference(target: Target, state: State, model: Model, field: Field) -> Reference | None:
    """What a relation points to; None when its target can't be told."""
    key = state.target(field, model)
    if key is None:
        return None
    found = state.models.get(key)
    to_field = field.get("to_field")
    if found is None:
        table = _OWN_TABLES.get(key) or truncated(f"{key[0]}_{key[1]}", target.longest_name)
        return Reference(table, str(to_field) if isinstance(to_field, str) else "id", guessed=True)
    name, pointed = _pointed(state, found, to_field)
    return Reference(table_of(target, state, found), column_name(name, pointed))


def _pointed(state: State, model: Model, to_field: Value) -> tuple[str, Field]:
    if isinstance(to_field, str):
        found = find_field(state, model, str(to_field))
        if found is not None:
            return found
    return key_field(state, model)


def column(target: Target, state: State, model: Model, name: str, field: Field) -> Column | None:
    """The column of a field; None when it has none."""
    if not has_column(field):
        return None
    internal, _ = internal_of(field)
    kind, known = type_of(target, state, model, field)
    named = column_name(name, field)
    relation = field.kind in RELATIONS
    primary = field.flag("primary_key")
    indexed = field.get("db_index", relation or field.kind == "SlugField")
    comment = field.get("db_comment")
    return Column(
        named,
        field,
        internal,
        kind,
        null=field.flag("null") or field.kind == "NullBooleanField",
        unique=primary or field.flag("unique") or field.kind == "OneToOneField",
        primary=primary,
        indexed=indexed is not False,
        check=_check(target, named, _output(field)),
        suffix=_suffix(target, field),
        collation=_collation(target, state, model, field),
        comment=str(comment) if isinstance(comment, str) and target.comments else "",
        reference=reference(target, state, model, field) if relation else None,
        constrained=relation and field.get("db_constraint", True) is not False,
        generated=field.kind == "GeneratedField",
        known=known,
    )._replace(indexed=bool(indexed) if isinstance(indexed, bool) else False)


def _output(field: Field) -> Field:
    """The field that says what type a generated one has."""
    if field.kind == "GeneratedField" and isinstance(field.get("output_field"), Made):
        return field_of(field.get("output_field"))
    return field


def type_of(target: Target, state: State, model: Model, field: Field) -> tuple[str, bool]:
    """The type of a field's column and whether it is known."""
    own = field.options.get("db_type")  # a class of the project that tells it by itself
    if isinstance(own, str):
        return str(own), True
    if field.kind in ("ForeignKey", "OneToOneField"):
        return _related_type(target, state, model, field, 0)
    if field.kind == "GeneratedField":
        return type_of(target, state, model, _output(field)) if _output(field) is not field else _unknown(target, field)
    if field.kind == "ArrayField":
        base = field.get("base_field")
        if not isinstance(base, Made):
            return _unknown(target, field)
        inner, known = type_of(target, state, model, field_of(base))
        size = field.get("size")
        return f"{inner}[{size if isinstance(size, int) else ''}]", known
    if field.kind in _GEOMETRIES:
        return _geometry(target, field), True
    internal, given = internal_of(field)
    if target.postgresql and internal in _SERIAL and not target.identity:
        return _SERIAL[internal], True
    if internal in _WITH_LENGTH:
        length = field.get("max_length", given.get("max_length"))
        if isinstance(length, int):
            return f"varchar({length})", True
        if is_elsewhere(length):
            return _limited(target, length), True
        return ("varchar", True) if length is None and internal == "CharField" else _unknown(target, field)
    if internal == "DecimalField" and not target.sqlite:
        digits, places = field.get("max_digits"), field.get("decimal_places")
        if isinstance(digits, int) and isinstance(places, int):
            return f"numeric({digits}, {places})", True
        if all(isinstance(one, int) or is_elsewhere(one) for one in (digits, places)):
            return f"numeric({_number(digits)}, {_number(places)})", True
        return ("numeric", True) if digits is None and places is None else _unknown(target, field)
    if internal == "UUIDField" and target.native_uuid:
        return "uuid", True
    found = _TYPES[target.dialect].get(internal) or _POSTGRESQL.get(internal if internal not in _MYSQL else "")
    return (found, True) if found else _unknown(target, field)


def is_elsewhere(value: Value) -> bool:
    """Whether a number is one that only the code that runs knows: a setting, a constant of a package, a call."""
    return isinstance(value, (External, Made, Member, Unknown))


def _number(value: Value) -> str:
    """A length as SQL; a placeholder where it isn't known."""
    if isinstance(value, int):
        return str(value)
    source = value.source if isinstance(value, Unknown) else path_of(value).lstrip("?.")
    return str(hole(source, _NOWHERE))


def _limited(target: Target, length: Value) -> str:
    # PostgreSQL's own word takes nothing but a number.
    word = '"varchar"' if target.postgresql else "varchar"
    return f"{word}({_number(length)})"


def is_varchar(kind: str) -> bool:
    """Whether a column of this type is a varchar."""
    return kind.startswith(("varchar", '"varchar"'))


def _unknown(target: Target, field: Field) -> tuple[str, bool]:
    return target.quoted(field.path.replace('"', "").replace("`", "") or "unknown"), False


def _related_type(target: Target, state: State, model: Model, field: Field, depth: int) -> tuple[str, bool]:
    key = state.target(field, model)
    found = state.models.get(key) if key else None
    if found is None:
        # A model of an application that is not read: what nearly all of them have.
        guessed = automatic(state) if key and key[0] not in ("auth", "contenttypes", "sites") else None
        kind = guessed.kind if guessed else "AutoField"
        return _TYPES[target.dialect][_plain_integer(kind)], key is not None
    _, pointed = _pointed(state, found, field.get("to_field"))
    if pointed.kind in ("ForeignKey", "OneToOneField"):
        return _related_type(target, state, found, pointed, depth + 1) if depth < 20 else ("integer", False)
    if pointed.kind in AUTOMATIC:
        return _TYPES[target.dialect][_plain_integer(pointed.kind)], True
    if pointed.kind in POSITIVE and not target.mysql:
        plain_kinds = {"PositiveSmallIntegerField": "SmallIntegerField", "PositiveBigIntegerField": "BigIntegerField"}
        return _TYPES[target.dialect][plain_kinds.get(pointed.kind, "IntegerField")], True
    return type_of(target, state, found, pointed)


def _plain_integer(kind: str) -> str:
    return {"BigAutoField": "BigIntegerField", "SmallAutoField": "SmallIntegerField", "UUIDField": "UUIDField"}.get(
        kind, "IntegerField"
    )


def _geometry(target: Target, field: Field) -> str:
    srid = field.get("srid", 4326)
    shape = _GEOMETRIES[field.kind]
    if target.postgresql:
        dimension = "Z" if field.get("dim", 2) == 3 else ""
        return f"{'geography' if field.flag('geography') else 'geometry'}({shape}{dimension},{srid})"
    return shape


def _suffix(target: Target, field: Field) -> str:
    if internal_of(field)[0] not in AUTOMATIC:
        return ""
    if target.sqlite:
        return "AUTOINCREMENT"
    return "GENERATED BY DEFAULT AS IDENTITY" if target.identity else ""


def _check(target: Target, name: str, output: Field) -> str:
    internal = internal_of(output)[0]
    if not target.check_constraints:
        return ""
    quoted = target.quoted(name)
    if internal in POSITIVE:
        return f"{quoted} >= 0"
    if internal == "JSONField" and target.dialect == "mariadb" and not target.serves(100403):
        return f"JSON_VALID({quoted})"
    if internal == "JSONField" and target.sqlite:
        return f"(JSON_VALID({quoted}) OR {quoted} IS NULL)"
    return ""


def _collation(target: Target, state: State, model: Model, field: Field) -> str:
    given = field.get("db_collation")
    if isinstance(given, str) and given:
        return str(given)
    if field.kind in ("ForeignKey", "OneToOneField") and target.since(4, 1):
        key = state.target(field, model)
        found = state.models.get(key) if key else None
        if found is not None and found is not model:
            _, pointed = _pointed(state, found, field.get("to_field"))
            return _collation(target, state, found, pointed)
    return ""


def through(target: Target, state: State, model: Model, name: str, field: Field) -> Model | None:
    """The model of the table between two models of a ManyToManyField; None when the project has its own."""
    if field.kind != "ManyToManyField" or field.get("through") is not None:
        return None
    key = state.target(field, model)
    if key is None:
        return None
    given = field.get("db_table")
    table = model.table(target.longest_name)
    own = model.name.lower()
    ends = (f"from_{own}", f"to_{own}") if key == model.key else (own, key[1])
    constraint = field.get("db_constraint", True)

    def end(to: tuple[str, str]) -> Field:
        options = {
            "to": plain(f"{to[0]}.{to[1]}", _NOWHERE), "related_name": plain(f"{model.name}_{name}+", _NOWHERE),
            "db_constraint": constraint,
        }  # fmt: skip
        return Field("ForeignKey", "django.db.models.ForeignKey", (), options)

    options: dict[str, Value] = {
        "db_table": str(given)
        if isinstance(given, str)
        else truncated(f"{table.strip(chr(34))}_{name}", target.longest_name),
        "unique_together": {ends},
        "auto_created": True,
    }
    fields = {"id": automatic(state), ends[0]: end(model.key), ends[1]: end(key)}
    return Model(model.app, f"{model.name}_{name}", fields, options)
