"""What runs inside of other statements: bodies of procedures, prepared statements; statements go in, parts come out.

What is put together at run time is followed as far as it is made of constants, and else told to be unknown.
"""

from itertools import zip_longest

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
            from safecol.frontends.mysql.blocks import Reader

            body = Reader(text, Span(span.start, span.end), self.known, place, self.procedures, 0).read_all()
            return with_body(operations, body)
        return Converted(operations)

    def _called(
        self, operations: tuple[Operation, ...], definition: RoutineDefinition, text: str, span: Span, number: int
    ) -> Converted:
        arguments = arguments_of(text, span, self.dialect)
        body = called(definition, arguments, self.known, Place(number, span, self.dialect), self.procedures, 0)
        return with_body(operations, body)


def with_body(operations: tuple[Operation, ...], body: Body) -> Converted:
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
    for name, value in zip_longest(definition.parameters, arguments[: len(definition.parameters)]):
        inner.give(name, texts_of(value, known))
    text = definition.body
    from safecol.frontends.mysql.blocks import Reader

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
        operations = tuple(moved(item, where) for item in operations)
        opaque = Opaque(where, opaque.reason, opaque.syntax) if opaque is not None else None
    if conditional:
        operations = tuple(item._replace(flags=item.flags | {"conditional"}) for item in operations)
    return [Statement(place.number, where, operations, opaque)]


def moved(operation: Operation, span: Span) -> Operation:
    """An operation of a text that does not stand in the file."""
    return operation._replace(span=span, flags=operation.flags | {"unwritten"})


def select_into(text: str, span: Span, known: Known, dialect: str, *, perhaps: bool = False) -> None:
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
        known.assign(name, value, perhaps=perhaps)
