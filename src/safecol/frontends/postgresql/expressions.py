"""Expressions of PostgreSQL: nodes of the parse tree come in, the shared expression values go out."""

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
    Unknown,
)
from safecol.frontends.postgresql.queries import query_use
from safecol.frontends.postgresql.types import Node, convert_type, text_of, texts


def convert_expression(node: Node | None) -> Expression:
    """The expression of a parse-tree node; what is not understood is `Unknown` with the node's name."""
    if not node:
        return Unknown("nothing")
    try:
        return _convert(node)
    except RecursionError:
        return Unknown("nested too deeply")


def _convert(node: Node) -> Expression:
    kind = next(iter(node))
    handler = _HANDLERS.get(kind)
    return handler(node[kind]) if handler else Unknown(kind)


def _all(nodes: list[Node] | None) -> tuple[Expression, ...]:
    return tuple(_convert(node) for node in nodes or ())


def _constant(node: Node) -> Expression:
    if node.get("isnull"):
        return Literal("null", "null")
    if "sval" in node:
        return Literal("string", node["sval"].get("sval", ""))
    if "ival" in node:
        return Literal("number", str(node["ival"].get("ival", 0)))
    if "fval" in node:
        return Literal("number", node["fval"].get("fval", "0"))
    if "boolval" in node:
        return Literal("boolean", "true" if node["boolval"].get("boolval") else "false")
    return Literal("bits", node.get("bsval", {}).get("bsval", ""))


def _column(node: Node) -> Expression:
    return ColumnReference(tuple(text_of(part) if "String" in part else "*" for part in node.get("fields", ())))


def _call(node: Node) -> Expression:
    names = texts(node.get("funcname"))
    schema = names[-2] if len(names) > 1 and names[-2] != "pg_catalog" else None
    arguments = _all(node.get("args"))
    if node.get("agg_star"):
        arguments = (ColumnReference(("*",)),)
    if "agg_filter" in node:
        arguments = (*arguments, _convert(node["agg_filter"]))
    return Call(names[-1], arguments, schema)


def _cast(node: Node) -> Expression:
    return Cast(_convert(node["arg"]), convert_type(node["typeName"]))


def _value_function(node: Node) -> Expression:
    name = node.get("op", "").removeprefix("SVFOP_").removesuffix("_N").lower()
    return Call(name)


def _min_max(node: Node) -> Expression:
    return Call("least" if node.get("op") == "IS_LEAST" else "greatest", _all(node.get("args")))


def _case(node: Node) -> Expression:
    branches = tuple(
        (_convert(branch["CaseWhen"]["expr"]), _convert(branch["CaseWhen"]["result"]))
        for branch in node.get("args", ())
    )
    subject = _convert(node["arg"]) if "arg" in node else None
    otherwise = _convert(node["defresult"]) if "defresult" in node else None
    return Case(subject, branches, otherwise)


def _sublink(node: Node) -> Expression:
    subquery = Subquery(tuple(str(name) for name in query_use(node.get("subselect")).relations))
    kind = node.get("subLinkType")
    if kind == "EXISTS_SUBLINK":
        return Operator("exists", (subquery,))
    if kind in ("ANY_SUBLINK", "ALL_SUBLINK"):
        test = _convert(node["testexpr"]) if "testexpr" in node else Unknown("nothing")
        operator = texts(node.get("operName"))
        if not operator:
            return Operator("in", (test, subquery))
        return Operator(_quantified(operator[-1], "any" if kind == "ANY_SUBLINK" else "all"), (test, subquery))
    if kind == "ARRAY_SUBLINK":
        return Collection("array", (subquery,))
    return subquery


def _quantified(operator: str, quantifier: str) -> str:
    """`= any` is the plain word `any`; other operators are kept beside their quantifier."""
    return "any" if operator == "=" and quantifier == "any" else f"{operator} {quantifier}"


def _subscript(node: Node) -> Expression:
    result = _convert(node["arg"])
    for part in node.get("indirection", ()):
        if "String" in part:
            result = Operator("field", (result, Literal("string", text_of(part))))
            continue
        indices = part.get("A_Indices", {})
        bounds = tuple(_convert(indices[key]) for key in ("lidx", "uidx") if key in indices)
        result = Operator("subscript", (result, *bounds))
    return result


def _collate(node: Node) -> Expression:
    return Operator("collate", (_convert(node["arg"]), Literal("string", ".".join(texts(node.get("collname"))))))


_JUNCTIONS = {"AND_EXPR": "and", "OR_EXPR": "or", "NOT_EXPR": "not"}


def _junction(node: Node) -> Expression:
    return Junction(_JUNCTIONS[node["boolop"]], _all(node.get("args")))


def _null_test(node: Node) -> Expression:
    return NullTest(_convert(node["arg"]), node.get("nulltesttype") == "IS_NOT_NULL")


def _boolean_test(node: Node) -> Expression:
    test = node.get("booltesttype", "IS_TRUE").removeprefix("IS_").lower().replace("_", " ")
    return BooleanTest(_convert(node["arg"]), test)


def _operator(node: Node) -> Expression:
    kind = node.get("kind", "AEXPR_OP")
    name = text_of(node["name"][-1]) if node.get("name") else ""
    sides = tuple(_convert(node[side]) for side in ("lexpr", "rexpr") if side in node)
    if kind == "AEXPR_OP":
        return Operator(name, sides)
    if kind == "AEXPR_NULLIF":
        return Call("nullif", sides)
    if kind == "AEXPR_OP_ANY":
        return Operator(_quantified(name, "any"), sides)
    if kind == "AEXPR_OP_ALL":
        return Operator(_quantified(name, "all"), sides)
    if "BETWEEN" in kind and isinstance(sides[-1], Collection):
        between = Operator("between", (sides[0], *sides[-1].items))
        return Junction("not", (between,)) if "NOT" in kind else between
    positive = Operator(_WORDS.get(kind, name.lower()), sides)
    negated = kind == "AEXPR_NOT_DISTINCT" or (kind == "AEXPR_IN" and name == "<>") or name.startswith("!")
    return Junction("not", (positive,)) if negated else positive


_WORDS = {
    "AEXPR_IN": "in",
    "AEXPR_LIKE": "like",
    "AEXPR_ILIKE": "ilike",
    "AEXPR_SIMILAR": "similar to",
    "AEXPR_DISTINCT": "is distinct from",
    "AEXPR_NOT_DISTINCT": "is distinct from",
}

_HANDLERS: dict[str, Callable[[Node], Expression]] = {
    "A_Const": _constant,
    "ColumnRef": _column,
    "FuncCall": _call,
    "TypeCast": _cast,
    "SQLValueFunction": _value_function,
    "CoalesceExpr": lambda node: Call("coalesce", _all(node.get("args"))),
    "MinMaxExpr": _min_max,
    "CaseExpr": _case,
    "A_ArrayExpr": lambda node: Collection("array", _all(node.get("elements"))),
    "RowExpr": lambda node: Collection("row", _all(node.get("args"))),
    "List": lambda node: Collection("list", _all(node.get("items"))),
    "SubLink": _sublink,
    "A_Indirection": _subscript,
    "CollateClause": _collate,
    "BoolExpr": _junction,
    "NullTest": _null_test,
    "BooleanTest": _boolean_test,
    "A_Expr": _operator,
    "NamedArgExpr": lambda node: _convert(node["arg"]),
    "SetToDefault": lambda _: Unknown("default"),
    "ParamRef": lambda _: Unknown("parameter"),
}


def is_always_true(expression: Expression) -> bool:
    """Whether a condition is a constant true, `1=1` or the like."""
    if isinstance(expression, Cast):
        return is_always_true(expression.argument)
    if isinstance(expression, Literal):
        return (expression.kind == "boolean" and expression.value == "true") or (
            expression.kind == "string" and expression.value.lower() in {"t", "true", "yes", "on", "1", "y"}
        )
    if isinstance(expression, Junction):
        truths = [is_always_true(part) for part in expression.arguments]
        return (expression.name == "and" and all(truths)) or (expression.name == "or" and any(truths))
    if isinstance(expression, Operator) and expression.name == "=":
        left, right = expression.arguments[0], expression.arguments[-1]
        return isinstance(left, Literal) and left == right and left.kind != "null"
    return False
