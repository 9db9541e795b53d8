"""Bodies of DO blocks and routines: their source text comes in, the statements that they run go out, with their places.

What is put together at run time is not guessed: it becomes a statement of its own that says so.
"""

import re
from functools import lru_cache
from typing import Any

from safecol.expressions import ColumnReference, TypeName, Unknown
from safecol.frontends.postgresql import lexing, parser, plpgsql
from safecol.frontends.postgresql.clauses import literal_body
from safecol.frontends.postgresql.constants import constant, constant_of, elements, value_of
from safecol.frontends.postgresql.masking import mask
from safecol.frontends.postgresql.places import Place
from safecol.frontends.postgresql.types import Node, Site
from safecol.operations import NO_FLAGS, Opaque, Operation, RoutineDefinition, Statement
from safecol.patterns import lazy
from safecol.records import NamedTuple
from safecol.source import Span

AT_RUN_TIME = "EXECUTE of text built at run time"
_MOST_REPEATED = 50
_DEEPEST = 8
_ROWS = frozenset({"insert", "update", "delete", "merge"})
# In a branch these run when their object is missing: a guard around them says what IF NOT EXISTS says.
_CREATES = frozenset({"create-table", "create-index", "add-column", "create-sequence"})
_NO_VARIABLES = frozenset({"", "found", "(unnamed row)"})
_LOOPS = ("loop", "while", "fori", "fors", "forc", "dynfors", "foreach_a")
_CATALOGS = frozenset({"information_schema", "pg_catalog"})
_ASSIGNED = lazy(r'\s*(?P<name>\w+|"[^"]+")\s*:?=', re.DOTALL)


class Body(NamedTuple):
    """What a body runs, in order; `problem` is set when none of it could be read."""

    statements: tuple[Statement, ...]
    problem: Opaque | None = None

    @property
    def understood(self) -> bool:
        """Whether nothing in it was left out."""
        return self.problem is None and not any(statement.opaque for statement in self.statements)


def block(operation: Operation, number: int, text: str) -> Body:
    """The statements of a DO block, which is statement `number` of the file `text`, with their spans in it."""
    definition = operation.definition
    assert isinstance(definition, RoutineDefinition)  # noqa: S101 - narrowing: DO has a body
    span = definition.body_span
    found = _read(definition, Place(definition.body, span, operation.span, text), number, 0)
    if found.problem is None or not found.problem.syntax or span is None:
        return found
    # Templates in the body: the server gets something else than what stands here.
    masked = mask(text, span, doubtful=True)
    if not masked.placeholders:
        return found
    body = masked.text[span.start : span.end]
    found = _read(definition._replace(body=body), Place(body, span, operation.span, masked.text), number, 0)
    problem = found.problem._replace(syntax=False) if found.problem is not None else None
    return found._replace(problem=problem)


def routine(definition: RoutineDefinition, number: int, span: Span) -> Body:
    """The statements of a routine's body as they run where it is called: all of them have the span of the call."""
    found: Body = _moved(_routine(definition), span)
    return found._replace(statements=tuple(statement._replace(number=number) for statement in found.statements))


@lru_cache(maxsize=128)
def _routine(definition: RoutineDefinition) -> Body:
    nowhere = Span(0, 0)
    if definition.atomic:
        return Body((), Opaque(nowhere, "a body in BEGIN ATOMIC is not read"))
    return _read(definition, Place(definition.body, None, nowhere, ""), 0, 0)


def _read(definition: RoutineDefinition, place: Place, number: int, depth: int) -> Body:
    if depth > _DEEPEST:
        return Body((), Opaque(place.whole, "nested too deeply to be analyzed"))
    if definition.language == "sql":
        walk = _Walk(place, number, depth, {})
        walk.sql(definition.body, None, place.whole, NO_FLAGS)
        return Body(tuple(walk.statements))
    if definition.language != "plpgsql":
        return Body((), Opaque(place.whole, f"a body in the language {definition.language} is not read"))
    try:
        function = plpgsql.parsed(definition)
    except parser.SyntaxProblem as problem:
        # Only what is said about the text itself is what the server says: names of types it would look up.
        syntax = problem.message.startswith(("syntax error", "missing", "unterminated", "unexpected"))
        return Body((), Opaque(place.whole, f"in the body: {problem.message}", syntax))
    walk = _Walk(place, number, depth, function)
    try:
        walk.run(function.get("action", {}), NO_FLAGS)
    except RecursionError:
        return Body((), Opaque(place.whole, "nested too deeply to be analyzed"))
    return Body(tuple(walk.statements))


class _Walk:
    """The statements of a body so far, and the variables whose values are known at this point."""

    __slots__ = ("depth", "known", "names", "number", "place", "statements", "variables")

    def __init__(self, place: Place, number: int, depth: int, function: Node) -> None:
        self.place = place
        self.number = number
        self.depth = depth
        self.statements: list[Statement] = []
        self.names: list[str] = []
        self.known: dict[str, str] = {}
        for datum in function.get("datums", ()):
            content = next(iter(datum.values()))
            name = content.get("refname", "")
            self.names.append(name)
            value = content.get("default_val", {}).get("PLpgSQL_expr", {}).get("query")
            if value and name and (text := constant_of(value, {})) is not None:
                self.known[name] = text
        self.variables = frozenset(self.names) - _NO_VARIABLES

    # Control flow

    def run(self, wrapped: Node, flags: frozenset[str]) -> None:
        """Run one statement of plpgsql."""
        for kind, node in wrapped.items():
            word = kind.removeprefix("PLpgSQL_stmt_")
            if word == "block":
                self._block(node, flags)
            elif word == "if":
                self._if(node, flags)
            elif word == "case":
                self._case(node, flags)
            elif word in _LOOPS:
                self._loop(word, node, flags)
            else:
                self._simple(word, node, flags)

    def _all(self, nodes: Any, flags: frozenset[str]) -> None:
        for node in nodes or ():
            self.run(node, flags)

    def _branch(self, nodes: Any, flags: frozenset[str]) -> None:
        """Statements that may not run: what they assign is not known afterwards."""
        before = dict(self.known)
        self._all(nodes, flags | {"conditional"})
        self.known = before

    def _block(self, node: Node, flags: frozenset[str]) -> None:
        handled = node.get("exceptions", {}).get("PLpgSQL_exception_block")
        self._all(node.get("body"), flags | {"conditional"} if handled else flags)
        if not handled:
            return
        self._forget(node)
        for item in handled.get("exc_list", ()):
            self._branch(item["PLpgSQL_exception"].get("action"), flags)
        self._forget(node)

    def _if(self, node: Node, flags: frozenset[str]) -> None:
        self._expression(node.get("cond"), node, flags)
        self._branch(node.get("then_body"), flags)
        for item in node.get("elsif_list", ()):
            other = item["PLpgSQL_if_elsif"]
            self._expression(other.get("cond"), other, flags | {"conditional"})
            self._branch(other.get("stmts"), flags)
        self._branch(node.get("else_body"), flags)
        self._forget(node)

    def _case(self, node: Node, flags: frozenset[str]) -> None:
        self._expression(node.get("t_expr"), node, flags)
        for item in node.get("case_when_list", ()):
            self._branch(item["PLpgSQL_case_when"].get("stmts"), flags)
        self._branch(node.get("else_stmts"), flags)
        self._forget(node)

    def _loop(self, word: str, node: Node, flags: frozenset[str]) -> None:
        self._forget(node)
        if word == "dynfors":
            self._execute(node, flags)
        elif word == "fors":
            self._query(node, "query", flags)
        else:
            for key in ("cond", "lower", "upper", "step", "expr", "argquery"):
                self._expression(node.get(key), node, flags)
        if plpgsql.has(node.get("body"), "PLpgSQL_stmt_commit"):
            flags |= {"batched"}
        values = self._values(node) if word == "foreach_a" else None
        if values is None or len(values) > _MOST_REPEATED:
            self._branch(node.get("body"), flags)
            self._forget(node)
            return
        cursor = self.place.cursor
        for value in values:
            self.place.cursor = cursor
            self.known[self.names[node["varno"]]] = value
            self._all(node.get("body"), flags)
            self._forget(node)

    def _values(self, node: Node) -> list[str] | None:
        query = node.get("expr", {}).get("PLpgSQL_expr", {}).get("query", "")
        if not 0 <= node.get("varno", -1) < len(self.names):
            return None
        value = value_of(query)
        return elements(value, self.known) if value is not None else None

    def _forget(self, node: Any) -> None:
        """Drop what is known of every variable that is assigned anywhere in a statement."""
        for number in plpgsql.assigned(node):
            if 0 <= number < len(self.names):
                self.known.pop(self.names[number], None)

    # Statements

    def _simple(self, word: str, node: Node, flags: frozenset[str]) -> None:
        if word in ("execsql", "call", "perform"):
            self._query(node, "sqlstmt" if word == "execsql" else "expr", flags)
        elif word == "dynexecute":
            self._execute(node, flags)
        elif word in ("commit", "rollback"):
            span = self._keyword(word, node)
            ends = frozenset({"chained"} if node.get("chain") else ())
            self._add(span, [Operation(word, span, flags=ends)], flags, ())
        elif word == "return_query" and "dynquery" in node:
            self._execute(node, flags, "dynquery")
        elif word in ("return_query", "open") and "query" in node:
            self._query(node, "query", flags)
        elif word == "open" and "dynquery" in node:
            self._execute(node, flags, "dynquery")
        elif word == "assign":
            self._assign(node, flags)
            return
        else:
            for part in plpgsql.expressions(node):
                self._expression(part, node, flags)
        self._forget(node)

    def _assign(self, node: Node, flags: frozenset[str]) -> None:
        query = node.get("expr", {}).get("PLpgSQL_expr", {}).get("query", "")
        match = _ASSIGNED.match(query)
        self._forget(node)
        if match is None:
            return
        value = constant_of(query[match.end() :], self.known)
        if value is not None:
            self.known[match["name"].strip('"')] = value
            return
        self._expression({"PLpgSQL_expr": {"query": query[match.end() :].strip()}}, node, flags)

    def _keyword(self, word: str, node: Node) -> Span:
        at = self.place.line(node.get("lineno", 0))
        match = re.compile(rf"\b{word}\b", re.IGNORECASE).search(self.place.body, max(at, self.place.cursor))
        start = self.place.in_file(match.start()) if match else None
        if match is None or start is None:
            return self.place.around(node.get("lineno", 0))
        self.place.cursor = match.end()
        return Span(start, start + len(word))

    def _query(self, node: Node, key: str, flags: frozenset[str]) -> None:
        query = node.get(key, {}).get("PLpgSQL_expr", {}).get("query", "")
        number = node.get("lineno", 0)
        at, lead = self.place.find(query, number), 0
        if at is None and query[:6] == "SELECT":  # it stands for PERFORM
            at = self.place.find(query[6:], number)
            at = at - len("SELECT") if at is not None and at > len("SELECT") else None
            lead = 1
        self.sql(query, self.place.in_file(at), self.place.around(number), flags, lead)

    def _expression(self, wrapped: Node | None, node: Node, flags: frozenset[str]) -> None:
        """Conditions and values: a statement when they read tables or call something."""
        query = wrapped.get("PLpgSQL_expr", {}).get("query", "") if wrapped else ""
        if "(" not in query:
            return
        from safecol.frontends.postgresql.queries import read

        value = value_of(query)
        if value is None:
            return
        reading = read(value)
        reads = [name for name in reading.relations if name.schema not in _CATALOGS and name.name[:3] != "pg_"]
        if not reads and not reading.calls:
            return
        at = self.place.find(query, node.get("lineno", 0))
        inside = self.place.in_file(at)
        span = self.place.around(node.get("lineno", 0)) if inside is None else Span(inside, inside + len(query))
        operation = Operation(
            "select", span, object="query", reads=tuple(reads), options=tuple(("calls", name) for name in reading.calls)
        )
        self._add(span, [operation], flags, ())

    def _execute(self, node: Node, flags: frozenset[str], key: str = "query") -> None:
        query = node.get(key, {}).get("PLpgSQL_expr", {}).get("query", "")
        number = node.get("lineno", 0)
        at = self.place.in_file(self.place.find(query, number))
        span = self.place.around(number) if at is None else Span(at, at + len(query))
        value = value_of(query)
        text = constant(value, self.known) if value is not None else None
        if text is None:
            self.statements.append(Statement(self.number, span, (), Opaque(span, AT_RUN_TIME)))
            return
        inner = None
        if at is not None and value is not None and "A_Const" in value:
            quoted = literal_body(self.place.text, at, span.end)
            if quoted is not None and self.place.text[quoted.start : quoted.end] == text:
                inner = quoted.start
        self.sql(text, inner, span, flags)

    def sql(self, query: str, at: int | None, around: Span, flags: frozenset[str], lead: int = 0) -> None:
        """Add the statements of SQL text that stands at `at` in the file; None: in another way, within `around`.

        `lead` characters before it belong to it as well.
        """
        from safecol.frontends.postgresql.statements import operations_of

        try:
            query, nodes = _parsed(query)
        except parser.SyntaxProblem as problem:
            span = around if at is None else Span(at, at + len(query))
            templates = bool(mask(query, Span(0, len(query)), doubtful=True).placeholders)
            self.statements.append(Statement(self.number, span, (), Opaque(span, problem.message, not templates)))
            return
        text, base = (query, 0) if at is None else (self.place.text, at)
        offset = parser.offsets(query)
        for node in nodes:
            location, length = node.get("stmt_location", 0), node.get("stmt_len", 0)
            end = offset(location + length) if length else len(query)
            start = lexing.skip_blank(query, offset(location), end)
            span = Span(base + start - lead, base + lexing.significant_end(query, start, end))
            site = Site(span, lambda place: base + offset(place), text, [])
            operations = operations_of(node["stmt"], site)
            marks = flags
            if at is None:
                operations, span = [_moved(operation, around) for operation in operations], around
                marks = flags | {"unwritten"}
            self._add(span, operations, marks, tuple(site.reasons))
            if operations and operations[0].kind == "do-block":
                self._nested(operations[0], at is not None)

    def _nested(self, operation: Operation, exact: bool) -> None:
        definition = operation.definition
        if not isinstance(definition, RoutineDefinition):
            return
        span = definition.body_span if exact else None
        body = _read(
            definition, Place(definition.body, span, operation.span, self.place.text), self.number, self.depth + 1
        )
        self.statements += body.statements
        if body.problem is not None:
            self.statements.append(Statement(self.number, operation.span, (), body.problem))

    def _add(self, span: Span, operations: list[Operation], flags: frozenset[str], reasons: tuple[str, ...]) -> None:
        opaque = Opaque(span, "; ".join(dict.fromkeys(reasons))) if reasons else None
        if self.variables:
            operations = [self._without_variables(operation) for operation in operations]
        marked = tuple(_marked(operation, flags) for operation in operations)
        self.statements.append(Statement(self.number, span, marked, opaque))

    def _without_variables(self, operation: Operation) -> Operation:
        """The operation with one value for each variable in its condition: `id = r.id` compares with one row's."""
        condition = operation.expression
        if condition is None or operation.kind not in _ROWS:
            return operation
        return operation._replace(expression=_given(condition, self.variables))


def _parsed(query: str) -> tuple[str, list[Node]]:
    """The statements of SQL text, and the text with the templates in it masked where it can't be read otherwise."""
    try:
        return query, parser.parse(query)
    except parser.SyntaxProblem:
        masked = mask(query, Span(0, len(query)), doubtful=True)
        if not masked.placeholders:
            raise
    return masked.text, parser.parse(masked.text)


def _given(value: Any, variables: frozenset[str]) -> Any:
    if isinstance(value, ColumnReference):
        return Unknown("variable") if value.parts[0] in variables else value
    if not isinstance(value, tuple) or isinstance(value, TypeName):
        return value
    return _rebuilt(value, [_given(part, variables) for part in value])


def _marked(operation: Operation, flags: frozenset[str]) -> Operation:
    wanted = flags if operation.kind in _ROWS else flags - {"batched"}
    if "conditional" in wanted and operation.kind in _CREATES:
        wanted |= {"if-not-exists"}
    return operation._replace(flags=operation.flags | wanted) if wanted else operation


def _moved(value: Any, span: Span) -> Any:
    """A record with every span in it replaced."""
    if isinstance(value, Span):
        return span
    return _rebuilt(value, [_moved(part, span) for part in value]) if isinstance(value, tuple) else value


def _rebuilt(value: Any, parts: list[Any]) -> Any:
    return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
