"""What newer versions of SQLite brought: an operation in, what it needs of the version out.

From the release notes: https://www.sqlite.org/changes.html
"""

from safecol.context import Context
from safecol.expressions import Call, Expression, Operator, walk
from safecol.operations import ColumnDefinition, IndexDefinition, Operation, TableDefinition
from safecol.trace import Fact

# Functions by the version that has them built in, and syntax by the version that reads it.
_FUNCTIONS = {
    "concat": 34400, "concat_ws": 34400, "format": 33800, "iif": 33200, "json": 33800, "json_array": 33800,
    "json_extract": 33800, "json_group_array": 33800, "json_group_object": 33800, "json_object": 33800,
    "json_pretty": 34600, "jsonb": 34500, "jsonb_extract": 34500, "octet_length": 34300, "string_agg": 34400,
    "substring": 33400, "timediff": 34300, "unhex": 34100, "unixepoch": 33800, "unistr": 35000,
}  # fmt: skip
_SYNTAX = {
    "a generated column": 33100, "a STRICT table": 33700, "ON CONFLICT … DO": 32400, "RETURNING": 33500,
    "UPDATE … FROM": 33300, "the operator ->": 33800, "VACUUM INTO": 32700, "NULLS FIRST and LAST": 33000,
}  # fmt: skip


def needed(context: Context, operation: Operation, found: dict[str, Fact]) -> None:
    """Note the first thing that an operation uses and the version lacks, with the version that has it."""
    for feature, since in (*_syntax(operation), *_functions(operation)):
        if context.version < since:
            found["lacking"] = feature
            found["lacking_since"] = f"{since // 10000}.{since // 100 % 100}"
            return


def _syntax(operation: Operation) -> list[tuple[str, int]]:
    words = [value for key, value in operation.options if key == "feature"]
    definition = operation.definition
    if isinstance(definition, TableDefinition):
        if ("strict", "true") in definition.options:
            words.append("a STRICT table")
        if any(column.generated for column in definition.columns):
            words.append("a generated column")
    elif isinstance(definition, ColumnDefinition) and definition.generated:
        words.append("a generated column")
    elif isinstance(definition, IndexDefinition) and any(element.nulls for element in definition.elements):
        words.append("NULLS FIRST and LAST")
    if operation.kind == "insert" and "on-conflict" in operation.flags:
        words.append("ON CONFLICT … DO")
    if operation.kind == "vacuum-full" and dict(operation.options).get("into"):
        words.append("VACUUM INTO")
    if any(
        isinstance(part, Operator) and part.name in ("->", "->>")
        for one in _expressions(operation)
        for part in walk(one)
    ):
        words.append("the operator ->")
    return [(word, _SYNTAX[word]) for word in words]


def _functions(operation: Operation) -> list[tuple[str, int]]:
    names = [value for key, value in operation.options if key == "calls"]
    names += [part.name for one in _expressions(operation) for part in walk(one) if isinstance(part, Call)]
    return [(f"the function {name}", _FUNCTIONS[name]) for name in names if name in _FUNCTIONS]


def _expressions(operation: Operation) -> list[Expression]:
    definition = operation.definition
    found: list[Expression | None] = [operation.expression]
    if isinstance(definition, ColumnDefinition):
        found += [definition.default, definition.expression]
    elif isinstance(definition, TableDefinition):
        for column in definition.columns:
            found += [column.default, column.expression]
        found += [item.expression for item in definition.constraints]
    elif isinstance(definition, IndexDefinition):
        found += [element.expression for element in definition.elements]
        found.append(definition.predicate)
    return [one for one in found if one is not None]
