"""Functions, procedures, DO blocks and CALL: parse-tree nodes come in, operations go out."""

from safecol.frontends.postgresql.clauses import literal_body
from safecol.frontends.postgresql.queries import read, use_of
from safecol.frontends.postgresql.session import setting_value
from safecol.frontends.postgresql.types import Node, Site, constant_text, convert_type, listed_name, texts
from safecol.operations import Operation, QueryUse, RoutineDefinition
from safecol.source import Span

_OUTPUTS = frozenset({"FUNC_PARAM_OUT", "FUNC_PARAM_TABLE"})


def _elements(nodes: list[Node] | None) -> dict[str, Node]:
    """DefElems by name; `set` clauses are told by `_clauses`."""
    return {node["DefElem"]["defname"]: node["DefElem"] for node in nodes or () if "DefElem" in node}


def _body(element: Node | None, site: Site) -> tuple[str, Span | None]:
    """The text of the body and where it stands between its quotes."""
    if element is None:
        return "", None
    argument = element.get("arg", {})
    parts = texts(argument["List"].get("items")) if "List" in argument else texts([argument])
    body = parts[-1] if parts else ""
    location = element.get("arg_location", -1)
    if location <= 0:
        return body, None
    return body, literal_body(site.text, site.position(location), site.span.end)


def _clauses(nodes: list[Node] | None) -> tuple[tuple[str, str], ...]:
    """Options of a routine: security, SET clauses, and the plain ones under their own names."""
    pairs: list[tuple[str, str]] = []
    for node in nodes or ():
        element = node.get("DefElem", {})
        name, argument = element.get("defname", ""), element.get("arg", {})
        if name in ("as", "language", "volatility"):
            continue
        if name == "security":
            pairs.append(("security", "definer" if constant_text(argument) == "true" else "invoker"))
        elif name == "set":
            setting = argument.get("VariableSetStmt", {})
            kind = setting.get("kind", "")
            value = setting_value(setting) if kind == "VAR_SET_VALUE" else kind.removeprefix("VAR_").lower()
            pairs.append((f"set:{setting.get('name', '').lower()}", value))
        else:
            pairs.append((name, constant_text(argument) or ""))
    return tuple(pairs)


def create_routine(node: Node, site: Site) -> list[Operation]:
    options = node.get("options")
    elements = _elements(options)
    body, span = _body(elements.get("as"), site)
    parameters = [item["FunctionParameter"] for item in node.get("parameters", ())]
    returns = node.get("returnType")
    clauses = _clauses(options)
    words = {name for name, value in clauses if value == "true"}
    if node.get("is_procedure"):
        words.add("procedure")
    if returns and returns.get("setof"):
        words.add("setof")
    query: QueryUse | None = None
    if "sql_body" in node:
        query = use_of(read(node["sql_body"]))
    flags = {"or-replace"} if node.get("replace") else set()
    if ("security", "definer") in clauses:
        flags.add("security-definer")
    definition = RoutineDefinition(
        (constant_text(elements["language"].get("arg")) or "sql").lower() if "language" in elements else "sql",
        tuple(convert_type(item["argType"]) for item in parameters if item.get("mode") not in _OUTPUTS),
        constant_text(elements["volatility"].get("arg")) if "volatility" in elements else None,
        body,
        span,
        "sql_body" in node,
        convert_type(returns) if returns else None,
        frozenset(words),
        tuple(item["name"] for item in parameters if item.get("name")),
    )
    return [
        Operation(
            "create-routine",
            site.span,
            listed_name(node.get("funcname")),
            object="procedure" if node.get("is_procedure") else "function",
            definition=definition,
            query=query,
            reads=query.relations if query else (),
            flags=frozenset(flags),
            options=clauses,
        )
    ]


def alter_routine(node: Node, site: Site) -> list[Operation]:
    actions = node.get("actions")
    elements = _elements(actions)
    options = _clauses(actions)
    if "volatility" in elements:
        options = (("volatility", constant_text(elements["volatility"].get("arg")) or ""), *options)
    kind = node.get("objtype", "OBJECT_FUNCTION").removeprefix("OBJECT_").lower()
    name = listed_name(node.get("func", {}).get("objname"))
    flags = frozenset({"security-definer"} if ("security", "definer") in options else ())
    return [Operation("alter-routine", site.span, name, object=kind, flags=flags, options=options)]


def do_block(node: Node, site: Site) -> list[Operation]:
    elements = _elements(node.get("args"))
    body, span = _body(elements.get("as"), site)
    language = constant_text(elements["language"].get("arg")) if "language" in elements else None
    definition = RoutineDefinition((language or "plpgsql").lower(), (), None, body, span)
    return [Operation("do-block", site.span, object="block", definition=definition)]


def call(node: Node, site: Site) -> list[Operation]:
    function = node.get("funccall", {})
    reading = read(function.get("args"))
    options = [("calls", name) for name in reading.calls]
    options += [("literal", value) for value in reading.literals]
    name = listed_name(function.get("funcname"))
    reads = tuple(reading.relations)
    return [Operation("call", site.span, name, object="procedure", reads=reads, options=tuple(options))]


HANDLERS = {
    "CreateFunctionStmt": create_routine,
    "AlterFunctionStmt": alter_routine,
    "DoStmt": do_block,
    "CallStmt": call,
}
