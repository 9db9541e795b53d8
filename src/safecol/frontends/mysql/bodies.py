"""What runs inside of other statements: bodies of procedures, prepared statements; statements go in, parts come out.

What is put together at run time is followed as far as it is made of constants, and else told to be unknown.
"""

from safecol.expressions import Expression
from safecol.frontends.mysql.constants import Known, texts_of
from safecol.frontends.mysql.expressions import expression
from safecol.frontends.mysql.statements import convert
from safecol.frontends.mysql.tokens import Stream
from safecol.frontends.sqlglot.reading import Converted
from safecol.frontends.sqlglot.trees import Problem
from safecol.operations import Opaque, Operation, RoutineDefinition, Statement
from safecol.records import NamedTuple
from safecol.source import Span

AT_RUN_TIME = "EXECUTE of text built at run time"
_DEEPEST = 8
_MOST = 2000


class Body(NamedTuple):
    """What a body runs, in order; `problem` says what of it was not understood."""

    statements: tuple[Statement, ...]
    problem: Opaque | None = None


class Place(NamedTuple):
    """Where a body's statements are told to be: `span` is that of a call for a body that stands elsewhere."""

    number: int
    span: Span | None
    dialect: str


class Following:
    """What the statements of a section have made known so far: variables, prepared statements, procedures."""

    __slots__ = ("dialect", "known", "procedures")

    def __init__(self, dialect: str) -> None:
        self.dialect = dialect
        self.known = Known()
        self.procedures: dict[str, RoutineDefinition] = {}

    def after(self, operations: tuple[Operation, ...], text: str, span: Span, number: int) -> Converted:
        """A statement with what it runs beside itself."""
        first = operations[0]
        place = Place(number, None, self.dialect)
        if first.kind == "create-routine" and isinstance(first.definition, RoutineDefinition):
            if first.relation is not None:
                self.procedures[first.relation.name.lower()] = first.definition
        elif first.kind == "set":
            for item in operations:
                self.known.assign(item.new_name or "", item.expression)
        elif first.kind == "select" and first.object == "prepared-statement":
            found = prepared(first, self.known, text, span, place)
            if found is not None:
                return found
        elif first.kind == "select" and "into" in text[span.start : span.end].lower():
            select_into(text, span, self.known, self.dialect)
        elif first.kind == "call" and first.relation is not None:
            definition = self.procedures.get(first.relation.name.lower())
            if definition is not None:
                return self._called(operations, definition, text, span, number)
        elif first.kind == "do-block":
            body = Reader(text, Span(span.start, span.end), self.known, place, self.procedures, 0).read_all()
            return _with(operations, body)
        return Converted(operations)

    def _called(
        self, operations: tuple[Operation, ...], definition: RoutineDefinition, text: str, span: Span, number: int
    ) -> Converted:
        arguments = arguments_of(text, span, self.dialect)
        body = called(definition, arguments, self.known, Place(number, span, self.dialect), self.procedures, 0)
        return _with(operations, body)


def _with(operations: tuple[Operation, ...], body: Body) -> Converted:
    if body.problem is None and not any(item.opaque for item in body.statements):
        operations = (operations[0]._replace(flags=operations[0].flags | {"understood"}), *operations[1:])
    return Converted(operations, body.problem, body.statements)


def routine(definition: RoutineDefinition, number: int, span: Span, dialect: str = "mysql") -> Body:
    """The statements of a routine's body as they run where it is called: all of them have the span of the call."""
    return called(definition, (), Known(), Place(number, span, dialect), {}, 0)


def arguments_of(text: str, span: Span, dialect: str) -> tuple[Expression, ...]:
    """The arguments of a CALL."""
    try:
        stream = Stream(text, span, dialect)
        stream.expect("CALL")
        stream.relation()
        found: list[Expression] = []
        if not stream.accept("("):
            return ()
        while not stream.accept(")"):
            found.append(expression(stream, scalar=True))
            stream.accept(",")
        return tuple(found)
    except Problem:
        return ()


def called(
    definition: RoutineDefinition,
    arguments: tuple[Expression, ...],
    known: Known,
    place: Place,
    procedures: dict[str, RoutineDefinition],
    depth: int,
) -> Body:
    """The statements of a procedure's body with these arguments."""
    span = place.span or Span(0, 0)
    if depth > _DEEPEST:
        return Body((), Opaque(span, "nested too deeply to be analyzed"))
    inner = known.copy()
    # A procedure that calls itself: what it does has been said.
    procedures = {name: other for name, other in procedures.items() if other is not definition}
    for name, value in zip(definition.parameters, arguments, strict=False):
        inner.give(name, texts_of(value, known))
    text = definition.body
    reader = Reader(text, Span(0, len(text)), inner, place, procedures, depth)
    return reader.read_all()


def prepared(operation: Operation, known: Known, text: str, span: Span, place: Place) -> Converted | None:
    """PREPARE is remembered; EXECUTE runs what was prepared, where that is known. None for what needs no more."""
    options = dict(operation.options)
    if "prepare" in options:
        known.prepared[options["prepare"]] = texts_of(operation.expression, known)
        return None
    if "execute" not in options:
        return None
    name = options["execute"]
    found = texts_of(operation.expression, known) if not name else known.prepared.get(name)
    if found is None:
        return Converted((operation,), Opaque(place.span or span, AT_RUN_TIME))
    parts: list[Statement] = []
    for sql in found:
        parts += _sent(sql, text, span, place, conditional=len(found) > 1)
    problem = next((item.opaque for item in parts if item.opaque is not None), None)
    block = operation._replace(kind="do-block", flags=operation.flags | ({"understood"} if problem is None else set()))
    return Converted((block,), problem, tuple(parts))


def _sent(sql: str, text: str, span: Span, place: Place, *, conditional: bool) -> list[Statement]:
    """The statement of a text that is sent, at its place in the file where it stands there as it is."""
    sql = sql.strip().rstrip(";").rstrip()
    if not sql or sql.upper().startswith(("SELECT 1", "SELECT '", 'SELECT "', "DO 0", "DO 1")):
        return []
    at = text.rfind(sql, 0, span.end) if place.span is None else -1
    if at >= 0:
        operations, opaque = convert(text, Span(at, at + len(sql)), place.dialect)
        where = Span(at, at + len(sql))
    else:
        where = place.span or span
        operations, opaque = convert(sql, Span(0, len(sql)), place.dialect)
        operations = tuple(_moved(item, where) for item in operations)
        opaque = Opaque(where, opaque.reason, opaque.syntax) if opaque is not None else None
    if conditional:
        operations = tuple(item._replace(flags=item.flags | {"conditional"}) for item in operations)
    return [Statement(place.number, where, operations, opaque)]


def _moved(operation: Operation, span: Span) -> Operation:
    """An operation of a text that does not stand in the file."""
    return operation._replace(span=span, flags=operation.flags | {"unwritten"})


def select_into(text: str, span: Span, known: Known, dialect: str) -> None:
    """SELECT … INTO @x, at either place of INTO: the variables have what was selected."""
    try:
        stream = Stream(text, span, dialect)
        stream.expect("SELECT")
        stream.accept("DISTINCT")
        values = [expression(stream, scalar=True)]
        while stream.accept(","):
            values.append(expression(stream, scalar=True))
    except Problem:
        return
    while not stream.done and not stream.ahead("INTO"):
        stream.next()
    if not stream.accept("INTO"):
        return
    names: list[str] = []
    while stream.token.kind in ("variable", "word", "quoted"):
        names.append(stream.next().text.lower())
        if not stream.accept(","):
            break
    for name, value in zip(names, values, strict=False):
        known.assign(name, value)


class Reader:
    """Reads the statements of a body, with what its variables are known to be."""

    __slots__ = ("conditions", "depth", "known", "place", "procedures", "statements", "stream", "text")

    def __init__(
        self,
        text: str,
        span: Span,
        known: Known,
        place: Place,
        procedures: dict[str, RoutineDefinition],
        depth: int,
    ) -> None:
        self.text = text
        self.stream = Stream(text, span, place.dialect)
        self.known = known
        self.place = place
        self.procedures = procedures
        self.depth = depth
        self.conditions = 0
        self.statements: list[Statement] = []

    def read_all(self) -> Body:
        """The statements of the whole body."""
        try:
            while not self.stream.done:
                self._statement()
                self.stream.accept(";")
        except Problem as problem:
            return Body(
                tuple(self.statements), Opaque(self._span(self.stream.start, self.stream.start), problem.message)
            )
        except RecursionError:
            return Body(tuple(self.statements), Opaque(self._span(0, 0), "nested too deeply to be analyzed"))
        return Body(tuple(self.statements))

    def _span(self, start: int, end: int) -> Span:
        return self.place.span or Span(start, end)

    def _until(self, *words: str) -> None:
        """The statements before one of these words."""
        while self.stream.peek() not in words:
            if self.stream.done:
                raise self.stream.problem()
            self._statement()
            self.stream.accept(";")

    def _branch(self, *words: str) -> None:
        self.conditions += 1
        self._until(*words)
        self.conditions -= 1

    def _statement(self) -> None:
        stream = self.stream
        if stream.accept(";"):
            return
        if stream.token.kind in ("word", "quoted") and stream.peek(1) == ":" and stream.peek(2) != "=":
            stream.at += 2  # a label
        word = stream.peek()
        reader = {
            "BEGIN": self._block, "IF": self._if, "CASE": self._case, "WHILE": self._while, "LOOP": self._loop,
            "REPEAT": self._repeat, "FOR": self._for, "DECLARE": self._declare,
        }.get(word)  # fmt: skip
        if reader is not None:
            reader()
            return
        start = stream.start
        while not stream.done and not stream.ahead(";"):
            stream.next()
        if word in _SILENT:
            return
        self._leaf(Span(start, stream.last))

    def _leaf(self, span: Span) -> None:
        if len(self.statements) > _MOST:
            raise Problem("the body has too many statements", syntax=False)
        operations, opaque = convert(self.text, span, self.place.dialect)
        parts: tuple[Statement, ...] = ()
        if opaque is None and operations:
            operations, opaque, parts = self._followed(operations, span)
        outside = self.place.span
        if outside is not None:
            operations = tuple(_moved(item, outside) for item in operations)
            opaque = Opaque(outside, opaque.reason, opaque.syntax) if opaque is not None else None
        if self.conditions:
            operations = tuple(item._replace(flags=item.flags | {"conditional"}) for item in operations)
            parts = tuple(
                part._replace(
                    operations=tuple(item._replace(flags=item.flags | {"conditional"}) for item in part.operations)
                )
                for part in parts
            )
        self.statements += parts
        silent = operations and all(item.kind == "set" and (item.new_name or "").startswith("@") for item in operations)
        if (operations or opaque) and not silent and not (parts and opaque is None):
            self.statements.append(Statement(self.place.number, outside or span, operations, opaque))

    def _followed(
        self, operations: tuple[Operation, ...], span: Span
    ) -> tuple[tuple[Operation, ...], Opaque | None, tuple[Statement, ...]]:
        """A statement of the body with what it makes known, and what it runs."""
        first = operations[0]
        if first.kind == "set":
            for item in operations:
                self.known.assign(item.new_name or "", item.expression, perhaps=self.conditions > 0)
        elif first.kind == "select" and first.object == "prepared-statement":
            found = prepared(first, self.known, self.text, span, self.place)
            if found is not None:
                return found.operations, found.opaque, found.parts
        elif first.kind == "select":
            select_into(self.text, span, self.known, self.place.dialect)
        elif first.kind == "call" and first.relation is not None:
            definition = self.procedures.get(first.relation.name.lower())
            if definition is not None:
                arguments = arguments_of(self.text, span, self.place.dialect)
                place = self.place._replace(span=self.place.span or span)
                body = called(definition, arguments, self.known, place, self.procedures, self.depth + 1)
                done = _with(operations, body)
                return done.operations, done.opaque, done.parts
        return operations, None, ()

    def _block(self) -> None:
        stream = self.stream
        stream.expect("BEGIN")
        stream.accept("NOT", "ATOMIC")
        self._until("END")
        self._end()

    def _end(self, *words: str) -> None:
        """END IF, END label."""
        stream = self.stream
        stream.expect("END", *words)
        if not stream.done and not stream.ahead(";") and stream.token.kind in ("word", "quoted"):
            stream.next()

    def _condition(self, *words: str) -> None:
        """A condition, gone past with the word after it."""
        stream, depth = self.stream, 0
        cases = 0
        while depth or cases or stream.peek() not in words:
            token = stream.next()
            if token.kind == "symbol":
                depth += {"(": 1, ")": -1}.get(token.text, 0)
            elif token.kind == "word" and token.text in ("CASE", "END"):
                cases += 1 if token.text == "CASE" else -1
        stream.at += 1

    def _if(self) -> None:
        stream = self.stream
        stream.expect("IF")
        self._condition("THEN")
        self._branch("ELSEIF", "ELSE", "END")
        while stream.accept("ELSEIF"):
            self._condition("THEN")
            self._branch("ELSEIF", "ELSE", "END")
        if stream.accept("ELSE"):
            self._branch("END")
        stream.expect("END", "IF")

    def _case(self) -> None:
        stream = self.stream
        stream.expect("CASE")
        if not stream.ahead("WHEN"):
            self._condition("WHEN")
        else:
            stream.at += 1
        while True:
            self._condition("THEN")
            self._branch("WHEN", "ELSE", "END")
            if not stream.accept("WHEN"):
                break
        if stream.accept("ELSE"):
            self._branch("END")
        stream.expect("END", "CASE")

    def _while(self) -> None:
        self.stream.expect("WHILE")
        self._condition("DO")
        self._branch("END")
        self._end("WHILE")

    def _loop(self) -> None:
        self.stream.expect("LOOP")
        self._branch("END")
        self._end("LOOP")

    def _for(self) -> None:
        self.stream.expect("FOR")
        self._condition("DO")
        self._branch("END")
        self._end("FOR")

    def _repeat(self) -> None:
        self.stream.expect("REPEAT")
        self._branch("UNTIL")
        self.stream.expect("UNTIL")
        self._condition("END")
        self.stream.expect("REPEAT")
        if not self.stream.done and not self.stream.ahead(";"):
            self.stream.next()

    def _declare(self) -> None:
        """Variables, cursors and conditions are silent; what a handler runs is told."""
        stream = self.stream
        stream.expect("DECLARE")
        if stream.any_of("CONTINUE", "EXIT", "UNDO"):
            stream.expect("HANDLER", "FOR")
            self._handled()
            self.conditions += 1
            self._statement()
            self.conditions -= 1
            return
        names = [stream.next().text.lower()]
        while stream.accept(","):
            names.append(stream.next().text.lower())
        while not stream.done and not stream.ahead(";") and not stream.ahead("DEFAULT"):
            stream.next()
        value: Expression | None = None
        if stream.accept("DEFAULT"):
            value = expression(stream, scalar=True)
        for name in names:
            self.known.assign(name, value)
        while not stream.done and not stream.ahead(";"):
            stream.next()

    def _handled(self) -> None:
        """The conditions of a handler."""
        stream = self.stream
        while True:
            if stream.accept("NOT", "FOUND") or stream.any_of("SQLEXCEPTION", "SQLWARNING"):
                pass
            elif stream.accept("SQLSTATE"):
                stream.accept("VALUE")
                stream.next()
            else:
                stream.next()
            if not stream.accept(","):
                return


_SILENT = frozenset({"LEAVE", "ITERATE", "RETURN", "OPEN", "FETCH", "CLOSE", "SIGNAL", "RESIGNAL", "GET", ""})
