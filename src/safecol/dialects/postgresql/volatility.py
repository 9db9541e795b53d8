"""An expression comes in, whether the server must evaluate it for each row goes out.

The planner folds constants and inlines simple SQL functions before it looks for volatile functions:
https://www.postgresql.org/docs/current/xfunc-volatility.html
"""

from collections.abc import Callable

from safecol.dialects.postgresql.catalogs import extension_functions, functions, holds
from safecol.dialects.postgresql.folding import folded
from safecol.expressions import Call, Expression, Subquery, Unknown, walk
from safecol.operations import RoutineDefinition

__all__ = ["folded", "judge"]

Routine = Callable[[str | None, str, int], RoutineDefinition | None]

# Words of the grammar that are no rows of pg_proc.
_GRAMMAR = frozenset(
    {
        "current_date", "current_time", "current_timestamp", "localtime", "localtimestamp", "current_role",
        "current_user", "user", "session_user", "system_user", "current_catalog", "current_schema", "coalesce",
        "nullif", "greatest", "least", "grouping", "extract", "xmlelement", "xmlforest", "xmlpi", "xmlroot",
        "xmlparse", "xmlserialize", "json_object", "json_array", "json_scalar", "json_serialize", "merge_action",
    }
)  # fmt: skip

_DEEPEST = 20


def judge(expression: Expression, version: int, routine: Routine) -> str:
    """`constant` when one value serves all rows, `volatile`, or `unknown` when a function's definition isn't known.

    `routine` finds a user's function by schema (None: not written), name and number of arguments.
    """
    return _judge(expression, version, routine, 0)


def _judge(expression: Expression, version: int, routine: Routine, depth: int) -> str:
    found = "constant"
    for part in walk(folded(expression) if version >= 12 else expression):
        verdict = "constant"
        if isinstance(part, Call):
            verdict = _call(part, version, routine, depth)
        elif isinstance(part, (Subquery, Unknown)) and part != Unknown("parameter"):
            verdict = "unknown"
        if verdict == "volatile":
            return verdict
        if verdict == "unknown":
            found = verdict
    return found


def _call(call: Call, version: int, routine: Routine, depth: int) -> str:
    if call.schema is None and call.name in _GRAMMAR:
        return "constant"
    if call.schema is None and (known := _built_in(call.name, version)):
        return known
    definition = routine(call.schema, call.name, len(call.arguments))
    if definition is not None:
        return _user_function(definition, version, routine, depth)
    if call.name in extension_functions("volatile"):
        return "volatile"
    if call.name in extension_functions("constant"):
        return "constant"
    if call.schema is None:
        return _built_in(call.name, None) or "unknown"
    return "unknown"


def _built_in(name: str, version: int | None) -> str | None:
    """The class of a built-in function that a version has (None: any version)."""
    span = functions("volatile").get(name)
    if span and (version is None or holds(span, version)):
        return "volatile"
    span = functions("other").get(name)
    if span and (version is None or holds(span, version)):
        return "constant"
    return None


def _user_function(definition: RoutineDefinition, version: int, routine: Routine, depth: int) -> str:
    if definition.volatility in {"immutable", "stable"}:
        return "constant"
    if definition.language.lower() != "sql" or version < 12:
        return "volatile"
    if "security-definer" in definition.options or depth >= _DEEPEST:
        return "volatile"
    body = _inlined(definition.body)
    if body is None:
        return "volatile"
    verdict = _judge(body, version, routine, depth + 1)
    if verdict == "constant" and definition.arguments and "strict" in definition.options:
        # A strict function is inlined only when its body is strict in each argument.
        return "unknown"
    return verdict


def _inlined(body: str) -> Expression | None:
    """The expression of a body that is one plain SELECT (or RETURN) of one value; None when it isn't inlined."""
    from safecol.frontends.postgresql.expressions import convert_expression
    from safecol.frontends.postgresql.parser import SyntaxProblem, parse

    text = body.strip().rstrip(";").strip()
    if text[:6].lower() == "return":
        text = f"select {text[6:]}"
    elif text[:5].lower() == "begin":
        text = text[5:].strip().removeprefix("atomic").removeprefix("ATOMIC").strip()
        text = text[:-3].strip().rstrip(";") if text[-3:].lower() == "end" else text
    try:
        statements = parse(text)
    except SyntaxProblem:
        return None
    if len(statements) != 1:
        return None
    select = statements[0].get("stmt", {}).get("SelectStmt")
    if select is None or set(select) - {"targetList", "limitOption", "op"} or len(select.get("targetList", ())) != 1:
        return None
    expression = convert_expression(select["targetList"][0]["ResTarget"]["val"])
    if any(isinstance(part, Subquery) for part in walk(expression)):
        return None
    return expression
