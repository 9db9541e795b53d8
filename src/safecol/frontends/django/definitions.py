"""Calls that make a field come in as values; fields go out, each with Django's class that decides what it is."""

import ast
from collections.abc import Mapping

from safecol.frontends.django.fields import field_of, kind_of
from safecol.frontends.django.given import NotKnown, why
from safecol.frontends.django.values import Field
from safecol.frontends.python.values import Class, External, Function, Made, Text, Unknown, Value, path_of, plain
from safecol.source import Span

_DEEPEST = 12
_MODELS = "django.db.models."


def field(value: Value, helpers: Mapping[str, str]) -> Field:
    """A field as a value. `helpers` says for classes of the project what they stand for. Errors: NotKnown."""
    if isinstance(value, (External, Class)):  # the class itself where a call of it was meant
        value = Made(path_of(value) or f".{getattr(value, 'name', '')}", (), {}, Span(0, 0), value)
    if not isinstance(value, Made) or value.path.startswith("operator"):
        raise NotKnown(why(value, "the field"))
    path = value.path.lstrip("?.")
    stands = helpers.get(path) or helpers.get(path.rpartition(".")[2])
    if stands:
        made = field_of(value._replace(path=stands if "." in stands else _MODELS + stands))
        return made._replace(path=path)
    if not isinstance(value.base, Class):
        made = field_of(value._replace(path=path))
        if made.kind in ("ArrayField", "GeneratedField"):
            return _with_inner(made, helpers)
        return made
    kind, more = _of_class(value.base, helpers)
    options = {name: one for name, one in value.keywords.items() if name != "**"}
    return _with_inner(Field(kind, value.base.name, value.arguments, {**more, **options}, value.span), helpers)


def _with_inner(made: Field, helpers: Mapping[str, str]) -> Field:
    for name in ("base_field", "output_field"):
        if name in made.options:
            made = made.with_options(**{name: _inner(made.options[name], helpers)})
    if made.kind == "ArrayField" and made.arguments:
        made = made._replace(arguments=(_inner(made.arguments[0], helpers), *made.arguments[1:]))
    return made


def _inner(value: Value, helpers: Mapping[str, str]) -> Value:
    """The field inside another one, as a call of Django's class where it was one of the project's."""
    if not isinstance(value, Made):
        return value
    made = field(value, helpers)
    path = made.path if not made.kind or made.path.startswith("django.") else _MODELS + made.kind
    return Made(path, made.arguments, dict(made.options), value.span)


def _of_class(made: Class, helpers: Mapping[str, str]) -> tuple[str, dict[str, Value]]:
    """Django's class for a class of the project, by its own words or those it is made from, and what it sets."""
    options: dict[str, Value] = {}
    pending: list[Value] = [made]
    internal = ""
    for _ in range(_DEEPEST):
        if not pending:
            break
        at = pending.pop(0)
        if isinstance(at, Class):
            options = {**_set_by(at), **options}
            internal = internal or _returned(at.names.get("get_internal_type"))
            stands = helpers.get(at.name)
            if stands:
                return internal or stands.rpartition(".")[2], options
            if isinstance(at.names.get("db_type"), Function) and not internal:
                # It tells the database a type of its own.
                return "", {**options, "db_type": _literal(at.names["db_type"], "db_type")}
            pending = [*at.bases, *pending]
            continue
        kind, more = kind_of(path_of(at))
        if kind:
            return internal or kind, {**more, **options}
    return internal, options


def _set_by(made: Class) -> dict[str, Value]:
    """The options that a class's `__init__` sets to constants: `kwargs["max_length"] = 6`, `setdefault`, `super()`."""
    function = made.names.get("__init__")
    if not isinstance(function, Function) or isinstance(function.node, ast.Lambda):
        return {}
    found: dict[str, Value] = {}
    for node in ast.walk(function.node):
        name, value = "", None
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript):
            name, value = getattr(node.targets[0].slice, "value", ""), node.value
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr == "setdefault" and len(node.args) == 2:
                name, value = getattr(node.args[0], "value", ""), node.args[1]
            elif node.func.attr == "__init__":
                for keyword in node.keywords:
                    if keyword.arg and isinstance(keyword.value, ast.Constant):
                        found.setdefault(keyword.arg, _constant(keyword.value.value))
        if isinstance(name, str) and name and isinstance(value, ast.Constant):
            found[name] = _constant(value.value)
    return found


def _constant(value: object) -> Value:
    return plain(value, Span(0, 0)) if isinstance(value, str) else value


def _returned(function: Value) -> str:
    found = _literal(function, "")
    return str(found) if isinstance(found, Text) else ""


def _literal(function: Value, source: str) -> Value:
    """The string that a function returns where it returns one and the same."""
    if not isinstance(function, Function) or isinstance(function.node, ast.Lambda):
        return Unknown(source, "it is not a function of the project")
    values = {
        node.value.value if isinstance(node.value, ast.Constant) else None
        for node in ast.walk(function.node)
        if isinstance(node, ast.Return)
    }
    only = next(iter(values)) if len(values) == 1 else None
    return plain(only, Span(0, 0)) if isinstance(only, str) else Unknown(source, "it depends on more than the class")
