"""Expressions of sqlglot come in, the shared expression values go out."""

from collections.abc import Callable

from safecol.expressions import (
    BooleanTest,
    Call,
    Case,
    Cast,
    Collection,
    ColumnReference,
    Expression,
    Junction,
    Literal,
    NullTest,
    Operator,
    Subquery,
    TypeName,
    Unknown,
)
from safecol.frontends.sqlglot.style import Node, Style

Convert = Callable[[Node, Style], Expression]


def convert_expression(node: Node, style: Style) -> Expression:
    """The expression of a tree; what is not understood is `Unknown` with the node's key."""
    if node is None:
        return Unknown("nothing")
    try:
        return _convert(node, style)
    except RecursionError:
        return Unknown("nested too deeply")


def convert_type(node: Node, style: Style) -> TypeName:
    """The type of a DataType: names as sqlglot calls them, lower case."""
    kind = node.this
    name = str(getattr(kind, "value", kind)).lower()
    if name == "userdefined":
        name = str(node.args.get("kind") or name).lower()
    inner = node.expressions
    if name == "array" and inner:
        element = convert_type(inner[0], style) if inner[0].key == "datatype" else TypeName("unknown")
        return element._replace(array=element.array + 1)
    modifiers = tuple(_modifier(item) for item in inner)
    return TypeName(name, modifiers)


def _modifier(node: Node) -> int | str:
    inner = node.this if node.key == "datatypeparam" else node
    text = str(getattr(inner, "this", inner))
    return int(text) if text.isdigit() else text


def _convert(node: Node, style: Style) -> Expression:
    key = node.key
    handler = _HANDLERS.get(key)
    if handler is not None:
        return handler(node, style)
    symbol = _OPERATORS.get(key)
    if symbol is not None:
        return Operator(symbol, (_convert(node.this, style), _convert(node.expression, style)))
    if hasattr(node, "sql_names"):
        return _function(node, style)
    return Unknown(key)


def _all(nodes: list[Node] | None, style: Style) -> tuple[Expression, ...]:
    return tuple(_convert(node, style) for node in nodes or ())


def _function(node: Node, style: Style) -> Expression:
    """A function that sqlglot knows: called by the first of its names."""
    names = node.sql_names()
    arguments: list[Expression] = []
    for key in node.arg_types:
        value = node.args.get(key)
        items = value if isinstance(value, list) else (value,)
        arguments += [_convert(item, style) for item in items if hasattr(item, "key")]
    return Call(names[0].lower() if names else node.key, tuple(arguments))


def _anonymous(node: Node, style: Style) -> Expression:
    return Call(str(node.this).lower(), _all(node.expressions, style))


def _literal(node: Node, _: Style) -> Expression:
    return Literal("string" if node.is_string else "number", str(node.this))


def _column(node: Node, style: Style) -> Expression:
    parts = [part for part in (node.args.get("catalog"), node.args.get("db"), node.args.get("table")) if part]
    names = [style.table(part.name) for part in parts]
    last = node.this
    if last.key == "star":
        return ColumnReference((*names, "*"))
    return ColumnReference((*names, style.column(last.name)))


def _identifier(node: Node, style: Style) -> Expression:
    return ColumnReference((style.column(node.name),))


def _cast(node: Node, style: Style) -> Expression:
    target = node.args.get("to")
    if target is None or target.key != "datatype":
        return Unknown("cast")
    return Cast(_convert(node.this, style), convert_type(target, style))


def _junction(name: str) -> Convert:
    def convert(node: Node, style: Style) -> Expression:
        parts: list[Expression] = []
        pending = [node]
        while pending:  # a chain of thousands nests to the left
            current = pending.pop()
            if current.key == node.key:
                pending += [current.expression, current.this]
            else:
                parts.append(_convert(current, style))
        return Junction(name, tuple(parts))

    return convert


def _is(node: Node, style: Style) -> Expression:
    argument, right = _convert(node.this, style), node.expression
    negated = right.key == "not"
    right = right.this if negated else right
    if right.key == "null":
        return NullTest(argument, negated)
    if right.key == "boolean":
        return BooleanTest(argument, ("not " if negated else "") + ("true" if right.this else "false"))
    test = Operator("is", (argument, _convert(right, style)))
    return Junction("not", (test,)) if negated else test


def _not(node: Node, style: Style) -> Expression:
    inner = _convert(node.this, style)
    if isinstance(inner, NullTest):
        return NullTest(inner.argument, not inner.negated)
    return Junction("not", (inner,))


def _in(node: Node, style: Style) -> Expression:
    query = node.args.get("query")
    if query is not None:
        return Operator("in", (_convert(node.this, style), _subquery(query, style)))
    return Operator("in", (_convert(node.this, style), Collection("list", _all(node.expressions, style))))


def _subquery(node: Node, style: Style) -> Expression:
    from safecol.frontends.sqlglot.queries import query_use

    return Subquery(tuple(str(name) for name in query_use(node, style).relations))


def _paren(node: Node, style: Style) -> Expression:
    return _convert(node.this, style)


def _case(node: Node, style: Style) -> Expression:
    subject = _convert(node.this, style) if node.this is not None else None
    branches = tuple(
        (_convert(branch.this, style), _convert(branch.args["true"], style)) for branch in node.args.get("ifs") or ()
    )
    default = node.args.get("default")
    return Case(subject, branches, _convert(default, style) if default is not None else None)


def _between(node: Node, style: Style) -> Expression:
    bounds = (node.this, node.args["low"], node.args["high"])
    return Operator("between", tuple(_convert(part, style) for part in bounds))


def _negative(node: Node, style: Style) -> Expression:
    inner = _convert(node.this, style)
    if isinstance(inner, Literal) and inner.kind == "number":
        return Literal("number", inner.value[1:] if inner.value.startswith("-") else f"-{inner.value}")
    return Operator("-", (inner,))


def _dot(node: Node, style: Style) -> Expression:
    inner = _convert(node.expression, style)
    if isinstance(inner, Call):
        return inner._replace(schema=node.this.name)
    return Unknown("dot")


def _collate(node: Node, style: Style) -> Expression:
    return Operator("collate", (_convert(node.this, style), Literal("string", node.expression.name)))


def _concatenation(node: Node, style: Style) -> Expression:
    """CONCAT(), and `||` where sqlglot reads it so."""
    return Call("concat", _all(node.expressions, style))


def _negated(symbol: str) -> Convert:
    def convert(node: Node, style: Style) -> Expression:
        inner = Operator(symbol, (_convert(node.this, style), _convert(node.expression, style)))
        return Junction("not", (inner,))

    return convert


_OPERATORS = {
    "eq": "=", "neq": "<>", "gt": ">", "gte": ">=", "lt": "<", "lte": "<=", "nullsafeneq": "is distinct from",
    "add": "+", "sub": "-", "mul": "*", "div": "/", "mod": "%", "intdiv": "div", "dpipe": "||", "like": "like",
    "ilike": "ilike", "regexplike": "regexp", "glob": "glob", "bitwiseand": "&", "bitwiseor": "|", "bitwisexor": "^",
    "bitwiseleftshift": "<<", "bitwiserightshift": ">>", "similarto": "similar to", "xor": "xor",
    "propertyeq": "=", "escape": "escape", "matchagainst": "match", "jsonextract": "->", "jsonextractscalar": "->>",
}  # fmt: skip

_HANDLERS: dict[str, Convert] = {
    "literal": _literal,
    "null": lambda *_: Literal("null", "null"),
    "boolean": lambda node, _: Literal("boolean", "true" if node.this else "false"),
    "hexstring": lambda node, _: Literal("bits", str(node.this)),
    "bitstring": lambda node, _: Literal("bits", str(node.this)),
    "national": lambda node, _: Literal("string", str(node.this)),
    "rawstring": lambda node, _: Literal("string", str(node.this)),
    "column": _column,
    "identifier": _identifier,
    "var": lambda node, _: Call(node.name.lower()),
    "star": lambda *_: ColumnReference(("*",)),
    "anonymous": _anonymous,
    "cast": _cast,
    "trycast": _cast,
    "and": _junction("and"),
    "or": _junction("or"),
    "not": _not,
    "is": _is,
    "in": _in,
    "between": _between,
    "nullsafeeq": lambda node, style: Junction(
        "not", (Operator("is distinct from", (_convert(node.this, style), _convert(node.expression, style))),)
    ),
    "notlike": _negated("like"),
    "subquery": lambda node, style: _convert(node.this, style) if node.this.key == "column" else _subquery(node, style),
    "select": _subquery,
    "union": _subquery,
    "exists": lambda node, style: Operator("exists", (_subquery(node.this, style),)),
    "paren": _paren,
    "alias": _paren,
    "case": _case,
    "if": lambda node, style: Call(
        "if", _all([part for part in (node.this, node.args.get("true"), node.args.get("false")) if part], style)
    ),
    "neg": _negative,
    "bitwisenot": lambda node, style: Operator("~", (_convert(node.this, style),)),
    "tuple": lambda node, style: Collection("row", _all(node.expressions, style)),
    "array": lambda node, style: Collection("array", _all(node.expressions, style)),
    "interval": lambda node, style: Cast(_convert(node.this, style), TypeName("interval")),
    "coalesce": lambda node, style: Call("coalesce", (_convert(node.this, style), *_all(node.expressions, style))),
    "concat": _concatenation,
    "dot": _dot,
    "collate": _collate,
    "distinct": lambda node, style: Collection("list", _all(node.expressions, style)),
    "parameter": lambda *_: Unknown("variable"),
    "sessionparameter": lambda *_: Unknown("variable"),
    "placeholder": lambda *_: Unknown("parameter"),
    "ordered": _paren,
    "jsonpath": lambda node, _: Literal("string", str(node)),
    "introducer": lambda node, style: _convert(node.expression, style),
    "any": lambda node, style: Operator("any", (_convert(node.this, style),)),
    "all": lambda node, style: Operator("all", (_convert(node.this, style),)),
}


def is_always_true(expression: Expression) -> bool:
    """Whether a condition is a constant true: `1`, `true`, `1 = 1` or the like."""
    if isinstance(expression, Literal):
        if expression.kind == "number":
            return expression.value.strip("-0.") != ""
        return expression.kind == "boolean" and expression.value == "true"
    if isinstance(expression, Junction):
        truths = [is_always_true(part) for part in expression.arguments]
        return (expression.name == "and" and all(truths)) or (expression.name == "or" and any(truths))
    if isinstance(expression, Operator) and expression.name == "=":
        left, right = expression.arguments[0], expression.arguments[-1]
        return isinstance(left, Literal) and left == right and left.kind != "null"
    return False
