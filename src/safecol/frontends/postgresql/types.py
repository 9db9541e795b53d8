"""Names, type names and the place of a statement: nodes of PostgreSQL's parse tree come in, small values go out."""

from collections.abc import Callable
from typing import Any

from safecol.expressions import TypeName
from safecol.operations import Name
from safecol.records import NamedTuple
from safecol.source import Span

Node = dict[str, Any]

SERIAL = {
    "serial": "int4",
    "serial4": "int4",
    "bigserial": "int8",
    "serial8": "int8",
    "smallserial": "int2",
    "serial2": "int2",
}

# Object types whose written word is not the lower-case enum name.
_WORDS = {
    "OBJECT_MATVIEW": "materialized-view",
    "OBJECT_TABCONSTRAINT": "constraint",
    "OBJECT_DOMCONSTRAINT": "constraint",
    "OBJECT_STATISTIC_EXT": "statistics",
    "OBJECT_FDW": "foreign-data-wrapper",
    "OBJECT_FOREIGN_SERVER": "server",
    "OBJECT_OPCLASS": "operator-class",
    "OBJECT_OPFAMILY": "operator-family",
    "OBJECT_TSCONFIGURATION": "text-search-configuration",
    "OBJECT_TSDICTIONARY": "text-search-dictionary",
    "OBJECT_TSPARSER": "text-search-parser",
    "OBJECT_TSTEMPLATE": "text-search-template",
    "OBJECT_LARGEOBJECT": "large-object",
    "OBJECT_PARAMETER_ACL": "parameter",
}

_INTERVAL = ((2, "year"), (1, "month"), (3, "day"), (10, "hour"), (11, "minute"), (12, "second"))
_INTERVAL_FULL = 0x7FFF


class Site(NamedTuple):
    """Where a statement stands: its span, the map from byte locations to offsets, the text, and what was missed."""

    span: Span
    position: Callable[[int], int]
    text: str
    reasons: list[str]

    def at(self, node: Node) -> int:
        """The offset of a node; the statement's start when the tree does not say."""
        location: int = node.get("location", -1)
        return self.position(location) if location > 0 else self.span.start

    def missed(self, reason: str) -> None:
        self.reasons.append(reason)


def word(object_type: str) -> str:
    """`OBJECT_FOREIGN_TABLE` is `foreign-table`."""
    return _WORDS.get(object_type) or object_type.removeprefix("OBJECT_").lower().replace("_", "-")


def text_of(node: Node | None) -> str:
    """The text of a String node; empty when it is none."""
    value: str = node["String"].get("sval", "") if node and "String" in node else ""
    return value


def texts(nodes: list[Node] | None) -> tuple[str, ...]:
    """The texts of the String nodes of a list."""
    return tuple(text_of(node) for node in nodes or () if "String" in node)


def relation_name(node: Node) -> Name:
    """A RangeVar's name."""
    return Name(node.get("relname", ""), node.get("schemaname"))


def qualified(parts: tuple[str, ...] | list[str]) -> Name:
    """A name from its written parts; a database before the schema is dropped."""
    if not parts:
        return Name("")
    schema = parts[-2] if len(parts) > 1 and parts[-2] != "pg_catalog" else None
    return Name(parts[-1], schema)


def listed_name(nodes: list[Node] | None) -> Name:
    """A name from a list of String nodes."""
    return qualified(texts(nodes))


def object_name(node: Node | None) -> Name:
    """The name of any object node: a list of strings, an object with arguments, a type, a string."""
    if not node:
        return Name("")
    kind, content = next(iter(node.items()))
    if kind == "List":
        return listed_name(content.get("items"))
    if kind == "ObjectWithArgs":
        return listed_name(content.get("objname"))
    if kind == "TypeName":
        return listed_name(content.get("names"))
    if kind == "String":
        return Name(content.get("sval", ""))
    if kind == "RangeVar":
        return relation_name(content)
    if kind == "Integer":
        return Name(str(content.get("ival", 0)))
    return Name(content.get("sval", "") if isinstance(content, dict) else "")


def role_name(node: Node | None) -> str:
    """A RoleSpec's name: the written role, or a word such as `public` or `current_user`."""
    if not node:
        return ""
    spec = node.get("RoleSpec", node)
    name: str = spec.get("rolename") or spec.get("roletype", "").removeprefix("ROLESPEC_").lower()
    return name


def constant_text(node: Node | None) -> str | None:
    """The text of a constant as SQL would see it: `5000`, `5s`, `true`; None when it is no constant."""
    if not node:
        return None
    kind, content = next(iter(node.items()))
    if kind == "A_Const":
        return _const_text(content)
    if kind == "Integer":
        return str(content.get("ival", 0))
    if kind == "Float":
        return str(content.get("fval", ""))
    if kind == "Boolean":
        return "true" if content.get("boolval") else "false"
    if kind == "String":
        return str(content.get("sval", ""))
    if kind == "BitString":
        return str(content.get("bsval", ""))
    if kind == "TypeCast":
        return constant_text(content.get("arg"))
    if kind == "TypeName":
        name = convert_type(content)
        return f"{name.schema}.{name.name}" if name.schema else name.name
    if kind == "List":
        return ".".join(constant_text(item) or "" for item in content.get("items", ()))
    return None


def _const_text(content: Node) -> str:
    if content.get("isnull"):
        return "null"
    if "ival" in content:
        return str(content["ival"].get("ival", 0))
    if "sval" in content:
        return str(content["sval"].get("sval", ""))
    if "fval" in content:
        return str(content["fval"].get("fval", "0"))
    if "boolval" in content:
        return "true" if content["boolval"].get("boolval") else "false"
    return str(content.get("bsval", {}).get("bsval", ""))


def option_pairs(nodes: list[Node] | None) -> tuple[tuple[str, str], ...]:
    """(name, value) of each DefElem; an option without a value has the value `true`."""
    pairs = []
    for node in nodes or ():
        element = node.get("DefElem")
        if element is None:
            continue
        name = element.get("defname", "")
        if space := element.get("defnamespace"):
            name = f"{space}.{name}"
        value = "true" if "arg" not in element else constant_text(element["arg"])
        pairs.append((name, value if value is not None else ""))
    return tuple(pairs)


def convert_type(node: Node) -> TypeName:
    """The TypeName of a TypeName node; `int` is `int4`, and the system catalog's schema is dropped."""
    names = texts(node.get("names"))
    name = qualified(names)
    modifiers: tuple[int | str, ...] = ()
    if typmods := node.get("typmods"):
        modifiers = tuple(_modifier(item) for item in typmods)
        if name.name == "interval":
            modifiers = _interval(modifiers)
    written = f"{name.name}%type" if node.get("pct_type") else name.name
    return TypeName(written, modifiers, len(node.get("arrayBounds", ())), name.schema)


def _modifier(node: Node) -> int | str:
    if "ColumnRef" in node:
        return ".".join(texts(node["ColumnRef"].get("fields")))
    value = constant_text(node) or ""
    return int(value) if value.lstrip("-").isdigit() else value


def _interval(modifiers: tuple[int | str, ...]) -> tuple[int | str, ...]:
    mask, rest = modifiers[0], modifiers[1:]
    if not isinstance(mask, int) or mask == _INTERVAL_FULL:
        return rest
    fields = [field for bit, field in _INTERVAL if mask & (1 << bit)]
    if not fields:
        return rest
    return (fields[0] if len(fields) == 1 else f"{fields[0]} to {fields[-1]}", *rest)


def is_serial(node: Node) -> str | None:
    """The integer type behind a serial type name; None for every other type."""
    names = node.get("names", ())
    return SERIAL.get(text_of(names[0])) if len(names) == 1 else None
