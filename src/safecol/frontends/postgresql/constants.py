"""Texts that are known before they run: an expression's node and known variables come in, its text goes out."""

from collections.abc import Callable, Mapping

from safecol.frontends.postgresql import parser
from safecol.frontends.postgresql.types import Node, constant_text, texts
from safecol.patterns import lazy

_FORMAT = lazy(r"%(?:(?P<position>\d+)\$)?(?P<kind>[sIL%])|(?P<other>%)")


def constant_of(query: str, known: Mapping[str, str]) -> str | None:
    """The text of an expression's source; None when it is not known before it runs."""
    value = value_of(query)
    return constant(value, known) if value is not None else None


def value_of(query: str) -> Node | None:
    """The node of an expression's source; None when it is not one expression."""
    try:
        nodes = parser.parse(f"SELECT {query}")
    except parser.SyntaxProblem:
        return None
    targets: list[Node] = nodes[0]["stmt"].get("SelectStmt", {}).get("targetList", []) if len(nodes) == 1 else []
    value: Node | None = targets[0]["ResTarget"].get("val") if len(targets) == 1 else None
    return value


def constant(node: Node, known: Mapping[str, str]) -> str | None:
    """The text of an expression made of constants, `||`, format(), quote_ident() and the like; None for every other."""
    kind, content = next(iter(node.items()))
    if kind == "A_Const":
        return None if content.get("isnull") else constant_text(node)
    if kind == "TypeCast":
        return constant(content["arg"], known)
    if kind == "ColumnRef":
        parts = texts(content.get("fields"))
        return known.get(parts[0]) if len(parts) == len(content.get("fields", ())) == 1 else None
    if kind == "A_Expr" and texts(content.get("name")) == ("||",) and "lexpr" in content:
        return _joined([content["lexpr"], content["rexpr"]], known)
    if kind == "FuncCall":
        return _called(texts(content.get("funcname"))[-1], content.get("args", []), known)
    return None


def elements(node: Node, known: Mapping[str, str]) -> list[str] | None:
    """The texts of an array of constants: `ARRAY['a', 'b']`, `'{a,b}'::text[]`; None for every other."""
    while "TypeCast" in node:
        node = node["TypeCast"]["arg"]
    if "A_ArrayExpr" in node:
        found = [constant(item, known) for item in node["A_ArrayExpr"].get("elements", ())]
        return [item for item in found if item is not None] if None not in found else None
    text = constant(node, known)
    if text is not None and text.startswith("{") and text.endswith("}") and not set(text) & set('"\\'):
        return [item.strip() for item in text[1:-1].split(",") if item.strip()]
    return None


def _joined(nodes: list[Node], known: Mapping[str, str]) -> str | None:
    found = [constant(node, known) for node in nodes]
    return "".join(item for item in found if item is not None) if None not in found else None


def _called(name: str, arguments: list[Node], known: Mapping[str, str]) -> str | None:
    values = [constant(argument, known) for argument in arguments]
    given = [value for value in values if value is not None]
    if not given or len(given) < len(values):
        return None
    if name == "format":
        return _formatted(given[0], given[1:])
    if name == "concat":
        return "".join(given)
    if len(given) > 1:
        return None
    quoted = {"quote_ident": _identifier, "quote_literal": _literal, "quote_nullable": _literal}.get(name)
    return quoted(given[0]) if quoted else None


def _formatted(template: str, values: list[str]) -> str | None:
    made: list[str] = []
    at = following = 0
    for match in _FORMAT.finditer(template):
        if match["other"]:
            return None  # a width, or what format() itself would refuse
        made.append(template[at : match.start()])
        at = match.end()
        if match["kind"] == "%":
            made.append("%")
            continue
        number = int(match["position"]) - 1 if match["position"] else following
        following = number + 1
        if not 0 <= number < len(values):
            return None
        made.append(_FORMS[match["kind"]](values[number]))
    return "".join(made) + template[at:]


def _identifier(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _literal(text: str) -> str:
    escape = "E" if "\\" in text else ""
    return f"{escape}'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


_FORMS: dict[str, Callable[[str], str]] = {"s": str, "I": _identifier, "L": _literal}
