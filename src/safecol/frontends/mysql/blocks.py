"""Bodies of procedures and blocks: their text and what is known before come in, the statements that they run go out."""

from safecol.expressions import Expression, Literal
from safecol.frontends.mysql import bodies
from safecol.frontends.mysql.constants import Known
from safecol.frontends.mysql.expressions import expression
from safecol.frontends.mysql.statements import convert
from safecol.frontends.mysql.tokens import Stream
from safecol.frontends.sqlglot.trees import Problem
from safecol.operations import Opaque, Operation, RoutineDefinition, Statement
from safecol.source import Span

_MOST = 2000
_SILENT = frozenset({"LEAVE", "ITERATE", "RETURN", "OPEN", "FETCH", "CLOSE", "SIGNAL", "RESIGNAL", "GET", ""})


def unfinished(text: str, place: Span, dialect: str) -> bool:
    """Whether a body ends before the blocks and loops that it begins do."""
    reader = Reader(text, place, Known(), bodies.Place(0, None, dialect), {}, 0)
    try:
        reader.skip_all()
    except Problem:
        return reader.stream.done
    except RecursionError:
        return False
    return False


class Reader:
    """Reads the statements of a body, with what its variables are known to be."""

    __slots__ = (
        "conditions", "depth", "known", "loop", "outline", "place", "procedures", "statements", "stream", "text",
    )  # fmt: skip

    def __init__(
        self,
        text: str,
        span: Span,
        known: Known,
        place: bodies.Place,
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
        self.loop = ""
        self.outline = False
        self.statements: list[Statement] = []

    def skip_all(self) -> None:
        """Go past the whole body; a Problem where its blocks don't fit."""
        self.outline = True
        while not self.stream.done:
            self._statement()
            self.stream.accept(";")

    def read_all(self) -> bodies.Body:
        """The statements of the whole body."""
        try:
            while not self.stream.done:
                self._statement()
                self.stream.accept(";")
        except Problem as problem:
            return bodies.Body(
                tuple(self.statements), Opaque(self._span(self.stream.start, self.stream.start), problem.message)
            )
        except RecursionError:
            return bodies.Body(tuple(self.statements), Opaque(self._span(0, 0), "nested too deeply to be analyzed"))
        return bodies.Body(tuple(self.statements))

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

    def _repeated(self, word: str) -> None:
        """The statements of a loop before this word: all in the outermost loop have the option `loop`, its place."""
        around = self.loop
        self.loop = around or f"{self.depth}:{self.stream.start}:{len(self.text)}"
        self._branch(word)
        self.loop = around

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
        if word in _SILENT or self.outline:
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
            operations = tuple(bodies.moved(item, outside) for item in operations)
            opaque = Opaque(outside, opaque.reason, opaque.syntax) if opaque is not None else None
        operations = self._marked(operations)
        parts = tuple(part._replace(operations=self._marked(part.operations)) for part in parts)
        self.statements += parts
        silent = operations and all(item.kind == "set" and (item.new_name or "").startswith("@") for item in operations)
        if (operations or opaque) and not silent and not (parts and opaque is None):
            self.statements.append(Statement(self.place.number, outside or span, operations, opaque))

    def _marked(self, operations: tuple[Operation, ...]) -> tuple[Operation, ...]:
        """With what they stand in: a condition, a loop."""
        if self.conditions:
            operations = tuple(item._replace(flags=item.flags | {"conditional"}) for item in operations)
        if self.loop:
            operations = tuple(
                item._replace(options=(*(pair for pair in item.options if pair[0] != "loop"), ("loop", self.loop)))
                for item in operations
            )
        return operations

    def _followed(
        self, operations: tuple[Operation, ...], span: Span
    ) -> tuple[tuple[Operation, ...], Opaque | None, tuple[Statement, ...]]:
        """A statement of the body with what it makes known, and what it runs."""
        first = operations[0]
        if first.kind == "set":
            for item in operations:
                self.known.assign(item.new_name or "", item.expression, perhaps=self.conditions > 0)
        elif first.kind == "select" and first.object == "prepared-statement":
            found = bodies.prepared(first, self.known, self.text, span, self.place)
            if found is not None:
                return found.operations, found.opaque, found.parts
        elif first.kind == "select":
            bodies.select_into(self.text, span, self.known, self.place.dialect, perhaps=self.conditions > 0)
        elif first.kind == "call" and first.relation is not None:
            definition = self.procedures.get(first.relation.name.lower())
            if definition is not None:
                arguments = bodies.arguments_of(self.text, span, self.place.dialect)
                place = self.place._replace(span=self.place.span or span)
                body = bodies.called(definition, arguments, self.known, place, self.procedures, self.depth + 1)
                done = bodies.with_body(operations, body)
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
        self._repeated("END")
        self._end("WHILE")

    def _loop(self) -> None:
        self.stream.expect("LOOP")
        self._repeated("END")
        self._end("LOOP")

    def _for(self) -> None:
        self.stream.expect("FOR")
        self._condition("DO")
        self._repeated("END")
        self._end("FOR")

    def _repeat(self) -> None:
        self.stream.expect("REPEAT")
        self._repeated("UNTIL")
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
        value: Expression = Literal("null", "null")
        if not self.outline and stream.accept("DEFAULT"):
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
