"""Bodies that run later: a trigger, event or function comes in; what it uses, does and may not do goes out."""

from safecol.context import Context
from safecol.expressions import Expression, Subquery, walk
from safecol.frontends.mysql.tokens import Stream
from safecol.frontends.sqlglot.trees import Problem
from safecol.operations import Operation, RoutineDefinition, Statement, TriggerDefinition
from safecol.source import Span
from safecol.trace import Fact

Facts = dict[str, Fact]
Uses = dict[str, frozenset[str]]

_CHANGES = frozenset({"insert", "update", "delete"})
_COMMITS = frozenset({"commit", "rollback", "begin", "lock-table", "unlock-tables", "flush"})
_SCHEMA = ("create-", "drop-", "alter-", "rename-", "add-", "truncate", "modify-", "set-default", "set-table")


def statements_of(context: Context, definition: TriggerDefinition | RoutineDefinition) -> tuple[Statement, ...]:
    """The statements of a body, with places in its own text; those before the first that was not understood."""
    from safecol.frontends.mysql import blocks, bodies
    from safecol.frontends.mysql.constants import Known

    text = definition.body
    place = bodies.Place(0, None, context.dialect)
    try:
        reader = blocks.Reader(text, Span(0, len(text)), Known(), place, {}, 0)
    except Problem:
        return ()
    return reader.read_all().statements


def uses(context: Context, definition: TriggerDefinition | RoutineDefinition, own: str = "") -> Uses:
    """The relations that a body names, each with the columns that are certainly its own; `own` is a trigger's table."""
    found: dict[str, set[str]] = {own: set(_of_rows(definition.body, context.dialect))} if own else {}
    for statement in statements_of(context, definition):
        for operation in statement.operations:
            if operation.relation is not None and operation.kind in _CHANGES:
                written = {value for name, value in operation.options if name == "column"}
                found.setdefault(context.key(operation.relation), set()).update(written)
            if operation.query is None:
                continue
            names = [*operation.query.relations, *([operation.relation] if operation.relation else [])]
            for name in names:
                columns = {column for owner, column in operation.query.columns if owner in (name.name, str(name))}
                found.setdefault(context.key(name), set()).update(columns)
    return {name: frozenset(columns) for name, columns in found.items()}


def _tokens(text: str, dialect: str) -> list[str]:
    """The words, names and symbols of a body in lower case; strings are empty."""
    try:
        found = Stream(text, Span(0, len(text)), dialect).tokens
    except Problem:
        return []
    return ["" if item.kind == "string" else item.text.lower() for item in found]


def _of_rows(text: str, dialect: str) -> set[str]:
    """The columns that stand behind NEW and OLD."""
    words = _tokens(text, dialect)
    return {words[at + 2] for at in range(len(words) - 2) if words[at] in ("new", "old") and words[at + 1] == "."}


def triggered(context: Context, operation: Operation, key: str, found: Facts) -> None:
    """Facts of CREATE TRIGGER: `body_refused` is why the server won't have it, `body` what each row then costs."""
    definition = operation.definition
    if not isinstance(definition, TriggerDefinition):
        return
    statements = statements_of(context, definition)
    found["body_refused"] = _rows_refused(context, definition, key) or _refused(definition.body, statements)
    found["events"] = " and ".join(definition.events).upper()
    for operation_of_body in (item for statement in statements for item in statement.operations):
        if operation_of_body.kind not in _CHANGES or operation_of_body.relation is None:
            continue
        name = context.key(operation_of_body.relation)
        found["written"] = name
        if name == key:
            found["body"] = "own-table"
            return
        if _whole(operation_of_body):
            found["body"] = "whole-table"
            return


def functioned(context: Context, operation: Operation, found: Facts) -> None:
    """`body_refused` of CREATE FUNCTION."""
    definition = operation.definition
    if not isinstance(definition, RoutineDefinition) or operation.object != "function":
        return
    if "return" not in _tokens(definition.body, context.dialect):
        found["body_refused"] = "a function needs a RETURN (error 1320)"
    else:
        found["body_refused"] = _refused(definition.body, statements_of(context, definition))


def scheduled(context: Context, operation: Operation, found: Facts) -> None:
    """`body` of CREATE EVENT is `unbounded` where it changes rows without a LIMIT."""
    definition = operation.definition
    if not isinstance(definition, RoutineDefinition):
        return
    for statement in statements_of(context, definition):
        for item in statement.operations:
            if item.relation is None or item.kind not in ("update", "delete") or "limit" in item.flags:
                continue
            if not any(name == "loop" for name, _ in item.options) and not _by_row(item.expression):
                found["body"], found["written"] = "unbounded", context.key(item.relation)
                found["action"] = item.kind.upper()
                return


def _whole(operation: Operation) -> bool:
    if operation.kind == "insert" or "limit" in operation.flags:
        return False
    return "where" not in operation.flags or "always-true" in operation.flags


def _by_row(condition: Expression | None) -> bool:
    return condition is not None and any(isinstance(part, Subquery) for part in walk(condition))


def _rows_refused(context: Context, definition: TriggerDefinition, key: str) -> str | None:
    words = _tokens(definition.body, context.dialect)
    table = context.schema.tables.get(key)
    known = {name.lower() for name in table.columns} if table is not None and table.complete else None
    missing = {"insert": "old", "delete": "new"}.get(definition.events[0]) if len(definition.events) == 1 else None
    for at in range(len(words) - 2):
        if words[at] not in ("new", "old") or words[at + 1] != ".":
            continue
        if words[at] == missing:
            return f"a trigger for {definition.events[0].upper()} has no {missing.upper()} row (error 1363)"
        if known is not None and words[at + 2] not in known:
            return f"{words[at].upper()} has no column {words[at + 2]} (error 1054)"
        if words[at] == "new" and definition.timing == "after" and at and words[at - 1] == "set":
            return "a trigger AFTER the event can't set columns of NEW (error 1362)"
    return None


def _refused(text: str, statements: tuple[Statement, ...]) -> str | None:
    """Why a trigger's or function's body is refused: a commit, a result, SQL from text."""
    for statement in statements:
        for item in statement.operations:
            written = text[statement.span.start : statement.span.end].lower()
            if item.object == "prepared-statement":
                return "triggers and functions can't run SQL from text (error 1336)"
            if item.kind in _COMMITS or (item.kind.startswith(_SCHEMA) and "temporary" not in item.flags):
                return "triggers and functions can't commit, nor change the schema, which commits (error 1422)"
            if item.kind == "select" and written.startswith("select") and "into" not in written:
                return "triggers and functions can't return rows (error 1415)"
    return None
