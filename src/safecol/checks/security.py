"""Privileges, secrets and code: a trace comes in; grants, passwords, functions and files that open a door go out."""

import re
from collections.abc import Iterator

from safecol.checks import bodies
from safecol.operations import Operation, RoutineDefinition
from safecol.patterns import lazy
from safecol.source import Span
from safecol.trace import Hit, Step, Trace

_READ_OR_WRITE = frozenset({"table", "sequence", "large-object", "largeobject", "foreign-server", "tablespace", "role"})
_FILE_FUNCTIONS = frozenset({
    "pg_read_file", "pg_read_binary_file", "pg_ls_dir", "lo_import", "lo_export", "pg_stat_file",
    "pg_file_write", "pg_execute_server_program",
})  # fmt: skip


def granted_broadly(trace: Trace) -> Iterator[Hit]:
    """ALL on every object of a schema or by default, ALL on a database or schema, WITH GRANT OPTION."""
    for step in _grants(trace):
        operation = step.operation
        privileges = _values(operation, "privilege")
        if operation.object == "role" or _values(operation, "to") == ["public"]:
            continue
        every = "schema-wide" in operation.flags or ("target", "defaults") in operation.options
        if "all" in privileges and every:
            where = "every object there is or will be" if not operation.relation else "every object of the schema"
            yield _hit(step, f"all privileges on {where}")
        elif "all" in privileges and operation.object in {"database", "schema"}:
            yield _hit(step, f"all privileges on the {operation.object}, that to create objects in it among them")
        elif ("grant-option", "true") in operation.options:
            yield _hit(step, "the right to grant it on to others")


def granted_to_everyone(trace: Trace) -> Iterator[Hit]:
    """GRANT … TO PUBLIC beyond what PUBLIC has anyway: EXECUTE, USAGE of types and schemas, CONNECT and TEMPORARY."""
    for step in _grants(trace):
        operation = step.operation
        if "public" not in _values(operation, "to"):
            continue
        privileges = set(_values(operation, "privilege"))
        opens_schema = operation.object == "schema" and privileges & {"all", "create"}
        opens_database = operation.object == "database" and privileges & {"all", "create"}
        if operation.object in _READ_OR_WRITE or opens_schema or opens_database:
            yield _hit(step, ", ".join(sorted(name.upper() for name in privileges)) or "a role")


def _grants(trace: Trace) -> Iterator[Step]:
    return (step for step in trace.steps if step.operation.kind == "grant")


def _values(operation: Operation, key: str) -> list[str]:
    return [value.lower() for name, value in operation.options if name == key]


def _hit(step: Step, what: str) -> Hit:
    return Hit(step, step.operation.span, {"what": what})


_SECRET = lazy(r"\bpassword\s+E?'((?:[^']|'')+)'", re.IGNORECASE)
_CONNECTION = lazy(r"\bpassword\s*=\s*([^\s']+)|\w+://[^\s:'@/]+:([^\s'@]+)@", re.IGNORECASE)
_FILLED_IN_LATER = lazy(r"\$\{|\{\{|<%|%\(|^[:$@%<]\w*|^\*+$")


def passwords(trace: Trace) -> Iterator[Hit]:
    """Roles, user mappings, servers and subscriptions with a password written out."""
    for step in trace.steps:
        operation = step.operation
        roles = operation.kind in {"create-role", "alter-role"}
        remote = operation.object in {"user-mapping", "server", "subscription"}
        if not roles and not remote:
            continue
        start, end = step.statement.span
        found = _SECRET.search(trace.text, start, end)
        if found is None and operation.object == "subscription":
            found = _CONNECTION.search(trace.text, start, end)
        if found is None:
            continue
        secret = next(group for group in found.groups() if group is not None)
        if not _FILLED_IN_LATER.search(secret):
            yield Hit(step, Span(found.start(), found.end()))


def dropped_policies(trace: Trace) -> Iterator[Hit]:
    """DROP POLICY of an existing table on which the section creates none and which it keeps."""
    for step in trace.steps:
        operation = step.operation
        if operation.kind != "drop-policy" or not step.existing:
            continue
        beside = [one.operation for one in trace.steps if one.operation.relation == operation.relation]
        if not any(one.kind in {"create-policy", "drop-table"} for one in beside):
            yield Hit(step, operation.span, {"policy": operation.value or "the policy"})


def definers(trace: Trace) -> Iterator[Hit]:
    """SECURITY DEFINER functions whose search_path the caller decides."""
    for at, step in enumerate(trace.steps):
        operation, definition = step.operation, step.operation.definition
        if "security-definer" not in operation.flags or _sets_path(operation):
            continue
        if isinstance(definition, RoutineDefinition) and _bound(definition):
            continue
        changes = (one.operation for one in trace.steps[at + 1 :] if one.operation.kind == "alter-routine")
        own = [other for other in changes if other.relation == operation.relation]
        if any(_sets_path(other) or ("security", "invoker") in other.options for other in own):
            continue
        name = str(operation.relation) if operation.relation else "the function"
        if operation.kind == "alter-routine" and _pinned_before(trace, at, operation):
            continue
        yield Hit(step, operation.span, {"function": name})


def _bound(definition: RoutineDefinition) -> bool:
    """Whether no name is looked up when it is called: a parsed body, or one that isn't SQL."""
    return definition.atomic or definition.language in {"c", "internal"}


def _sets_path(operation: Operation) -> bool:
    return any(name == "set:search_path" for name, _ in operation.options)


def _pinned_before(trace: Trace, at: int, operation: Operation) -> bool:
    earlier = (one.operation for one in trace.steps[:at])
    return any(other.relation == operation.relation and _sets_path(other) for other in earlier)


_EXECUTE = lazy(
    r"\bEXECUTE\s+(?!PROCEDURE\b|FUNCTION\b|ON\b)((?:'(?:[^']|'')*'|\"[^\"]*\"|[^;'\"])*?)(?=;|\bINTO\b|\bUSING\b|\bLOOP\b)",
    re.IGNORECASE,
)
_SAFE_CALL = lazy(
    r"\b(?:quote_ident|quote_literal|quote_nullable|format)\s*\((?:'(?:[^']|'')*'|[^()']|\([^()]*\))*\)", re.IGNORECASE
)
_STRING = lazy(r"E?'(?:[^']|'')*'", re.IGNORECASE)
_NAME = lazy(r"[^\W\d]\w*")
_NO_SQL = frozenset(
    {"int2", "int4", "int8", "numeric", "float4", "float8", "bool", "oid", "uuid", "date", "timestamp", "timestamptz"}
)
_DECLARED = lazy(
    r"^\s*(?:DECLARE\s+)?([^\W\d]\w*)\s+(?:CONSTANT\s+)?(?:smallint|int|integer|bigint|int[248]|numeric|boolean|oid|uuid|date)"
    r"\s*(?:\([\d, ]*\))?\s*(?:;|:?=|DEFAULT\b|NOT\b)",
    re.IGNORECASE | re.MULTILINE,
)
_SAFE_OPERAND = lazy(
    r"^(?:\s*|\(|\)|[\d.]+|tg_\w+|chr\s*\(.*|.*::\s*(?:int\w*|bigint|smallint|oid|reg\w+|uuid|date|numeric)(?:::text)?)$",
    re.IGNORECASE | re.DOTALL,
)


def dynamic_statements(trace: Trace) -> Iterator[Hit]:
    """Functions that EXECUTE a text with a value or name spliced into it unquoted; the first such place of each."""
    for step in trace.steps:
        definition = step.operation.definition
        if step.operation.kind != "create-routine" or not isinstance(definition, RoutineDefinition):
            continue
        if definition.language != "plpgsql" or not definition.arguments:
            continue  # without arguments the caller has nothing to smuggle in
        body = bodies.without_comments(definition)
        for found in _EXECUTE.finditer(body):
            operand = _spliced(found[1], body, _harmless(definition, body))
            if operand:
                name = str(step.operation.relation) if step.operation.relation else "the function"
                yield Hit(step, bodies.place(step, definition, found), {"operand": operand, "function": name})
                break


def _harmless(definition: RoutineDefinition, body: str) -> set[str]:
    """Parameters and variables whose types hold no SQL: numbers, dates, identifiers."""
    declared = {found[1].lower() for found in _DECLARED.finditer(body)}
    if len(definition.parameters) != len(definition.arguments):
        return declared  # which parameter has which type can't be told
    types = zip(definition.parameters, definition.arguments, strict=True)
    return declared | {name for name, type_ in types if type_.name in _NO_SQL and not type_.array}


def _spliced(expression: str, body: str, harmless: set[str]) -> str:
    """The first operand of `||` that is neither quoted nor made by the body itself; empty without one."""
    if "||" not in expression:
        return ""
    plain = _STRING.sub("", _SAFE_CALL.sub("", expression))
    for operand in plain.split("||"):
        bare = operand.strip().strip("()").strip()
        name = _NAME.search(bare)
        if name is None or _SAFE_OPERAND.match(bare) or bare.lower() in harmless:
            continue
        word = re.escape(name[0])
        if not re.search(rf"\b{word}\s*(?:\[[^]]*\]\s*)?:?=|\b(?:FOR|FOREACH|INTO)\s+{word}\b", body, re.IGNORECASE):
            return " ".join(bare.split())
    return ""


def server_files(trace: Trace) -> Iterator[Hit]:
    """COPY with a file or program of the server, and the functions that read and write its files."""
    for step in trace.steps:
        operation = step.operation
        options = dict(operation.options)
        if operation.kind in {"copy-in", "copy-out"} and "program" in options:
            yield _hit(step, "runs a program on the database server, as its operating system user")
        elif operation.kind in {"copy-in", "copy-out"} and "file" in options:
            word = "reads" if operation.kind == "copy-in" else "writes"
            yield _hit(step, f"{word} a file of the database server")
        elif operation.kind in {"select", "insert", "update", "call"}:
            called = {name.rpartition(".")[2] for name in _values(operation, "calls")} & _FILE_FUNCTIONS
            if called:
                yield _hit(step, f"uses a file of the database server through {min(called)}")
