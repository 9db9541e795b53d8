"""A section of a file comes in, its statements with operations go out; one bad statement never hides the others."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from safecol.frontends.postgresql import lexing, parser
from safecol.frontends.postgresql.bulk import cut_values
from safecol.frontends.postgresql.masking import Masked, mask
from safecol.operations import Opaque, Operation, RoutineDefinition, Section, Statement
from safecol.patterns import lazy
from safecol.records import NamedTuple
from safecol.source import Span
from safecol.trace import Placeholder

Convert = Callable[[dict[str, Any], Span, Callable[[int], int], str], tuple[tuple[Operation, ...], str | None]]


class Reading(NamedTuple):
    """What a section says: spans are in characters of the whole file, in order, and don't overlap."""

    statements: tuple[Statement, ...]
    placeholders: tuple[Placeholder, ...]


_TOO_DEEP = "nested too deeply to be analyzed"
# A NUL ends the parser's input and a lone surrogate has no encoding: white space and a letter stand in for them.
_NO_ENCODING = lazy("[\ud800-\udfff]")
_RULE = lazy(r"CREATE\s+(?:OR\s+REPLACE\s+)?RULE\b", re.IGNORECASE)
_ATOMIC = lazy(r"\bBEGIN\s+ATOMIC\b", re.IGNORECASE)
_DEPTH = lazy(
    rf"{lexing.STRING}|{lexing.LINE_COMMENT}|(?P<open>\(|\bBEGIN\b|\bCASE\b)|(?P<close>\)|\bEND\b)",
    re.IGNORECASE | re.DOTALL,
)
_MOST_JOINED = 500
_MOST_UNCLOSED = 10
_MANY_COMMENTS = 200
_LINE_ENDING = lazy(r";[ \t]*\r?\n")
_NEW_STATEMENT = lazy(
    r"^(?:(?:CREATE|ALTER|DROP)\s+(?:OR\s+REPLACE\s+)?(?:UNIQUE\s+)?"
    r"(?:TABLE|INDEX|VIEW|MATERIALIZED|TYPE|FUNCTION|PROCEDURE|TRIGGER|SEQUENCE|SCHEMA|EXTENSION|DOMAIN|POLICY)\b"
    r"|INSERT\s+INTO\b|UPDATE\s+\S+\s+SET\b|DELETE\s+FROM\b|COMMENT\s+ON\b|TRUNCATE\b|REINDEX\b|VACUUM\b"
    r"|COMMIT\b|BEGIN\b|ROLLBACK\b|REFRESH\s+MATERIALIZED\b)",
    re.IGNORECASE | re.MULTILINE,
)


def read_section(text: str, section: Section, first_number: int = 1, convert: Convert | None = None) -> Reading:
    """Read the statements of `section` in `text`, numbered from `first_number`.

    `convert` turns a parse node into operations; it is `statements.convert` unless given.
    """
    if convert is None:
        from safecol.frontends.postgresql.statements import convert as standard

        convert = standard
    span = Span(max(0, section.span.start), min(len(text), section.span.end))
    masked = mask(text, span)
    body = _sendable(masked.text[span.start : span.end])
    if body.count("/*") > _MANY_COMMENTS:
        body = lexing.flat_comments(body)
        masked = masked._replace(text=_in_file(body, masked.text, span))
    body, cuts = cut_values(body)
    reader = _Reader(
        _in_file(body, masked.text, span), body, span.start, first=first_number, convert=convert, cuts=tuple(cuts)
    )
    try:
        nodes = parser.parse(body)
    except parser.SyntaxProblem:
        placeholders = masked.placeholders + _read_each(reader, masked, span)
        return Reading(tuple(reader.statements), tuple(sorted(placeholders)))
    position = parser.offsets(body)
    for node in nodes:
        location, length = node.get("stmt_location", 0), node.get("stmt_len", 0)
        end = position(location + length) if length else len(body)
        reader.convert_node(node["stmt"], position(location), end, position, reader.text)
    return Reading(tuple(reader.statements), masked.placeholders)


def comments(text: str, span: Span) -> list[tuple[Span, str]]:
    """Every `--` and `/* */` comment in `span`, with its text; none inside strings or dollar-quoted bodies."""
    if text.find("--", span.start, span.end) < 0 and text.find("/*", span.start, span.end) < 0:
        return []
    return [(Span(start, end), text[start:end]) for start, end in lexing.comment_spans(text, span.start, span.end)]


def all_comments(text: str, statements: Iterable[Statement]) -> list[tuple[Span, str]]:
    """Every comment of a file, with those inside of the bodies that its statements have."""
    found = comments(text, Span(0, len(text)))
    for statement in statements:
        for operation in statement.operations:
            definition = operation.definition
            if isinstance(definition, RoutineDefinition) and definition.body_span is not None:
                found += comments(text, definition.body_span)
    return found


def _sendable(text: str) -> str:
    return text if text.isascii() and "\0" not in text else _NO_ENCODING.sub("\ufffd", text.replace("\0", " "))


def _in_file(body: str, text: str, span: Span) -> str:
    return text[: span.start] + body + text[span.end :]


class _Reader:
    """The statements read so far from `body`, which begins at `base` in the file's masked `text`."""

    __slots__ = ("base", "body", "convert", "cuts", "first", "placeholders", "statements", "text", "unclosed")

    def __init__(
        self, text: str, body: str, base: int, *, first: int, convert: Convert, cuts: tuple[Span, ...]
    ) -> None:
        self.text = text
        self.body = body
        self.base = base
        self.first = first
        self.convert = convert
        self.cuts = cuts
        self.statements: list[Statement] = []
        self.placeholders: tuple[Placeholder, ...] = ()
        self.unclosed = 0  # bodies that begin and never end: after some of them none is looked for

    def span(self, start: int, end: int) -> Span:
        return Span(self.base + start, self.base + end)

    def add(self, start: int, end: int, operations: tuple[Operation, ...], opaque: Opaque | None) -> None:
        number = self.first + len(self.statements)
        parts: tuple[Statement, ...] = ()
        if operations and operations[0].kind == "do-block":
            from safecol.frontends.postgresql import bodies

            body = bodies.block(operations[0], number, self.text)
            parts, opaque = body.statements, opaque or body.problem
            if body.understood:
                operations = (operations[0]._replace(flags=operations[0].flags | {"understood"}), *operations[1:])
        self.statements.append(Statement(number, self.span(start, end), operations, opaque, parts))

    def convert_node(
        self,
        node: dict[str, Any],
        start: int,
        end: int,
        position: Callable[[int], int],
        text: str,
        *,
        problem: Opaque | None = None,
    ) -> None:
        """Append the statement of a parse node; `position` maps byte locations to offsets in `body`."""
        start = lexing.skip_blank(self.body, start, end)
        end = lexing.significant_end(self.body, start, end)
        span = self.span(start, end)
        try:
            operations, reason = self.convert(node, span, lambda location: self.base + position(location), text)
        except RecursionError:
            operations, reason = (), _TOO_DEEP
        if any(cut.start >= start and cut.end <= end for cut in self.cuts):
            operations = tuple(
                o._replace(flags=o.flags | {"skipped-values"}) if o.kind == "insert" else o for o in operations
            )
        if reason is not None and problem is None:
            problem = Opaque(span, reason)
        self.add(start, end, operations, problem)


def _read_each(reader: _Reader, masked: Masked, span: Span) -> tuple[Placeholder, ...]:
    """Parse statement by statement; returns the placeholders that were masked on the way."""
    recovered = mask(masked.text, span, doubtful=True)
    doubtful = _sendable(recovered.text[span.start : span.end])
    # Lines of other clients divide statements; the other doubtful placeholders wait until a statement fails.
    lines = [p for p in recovered.placeholders if p.kind == "client-command"]
    body = _with_parts(reader.body, doubtful, [(p.span.start - span.start, p.span.end - span.start) for p in lines])
    doubtful = _with_parts(doubtful, body, list(reader.cuts))
    reader.body = body
    reader.text = _in_file(body, masked.text, span)
    other = _in_file(doubtful, masked.text, span)
    reader.placeholders = masked.placeholders
    used = [(line.span.start - span.start, line.span.end - span.start) for line in lines]
    at = 0
    while at < len(body):
        start = lexing.skip_blank(body, at, len(body))
        if start >= len(body):
            break
        end = _statement_end(reader, start)
        at = _read_piece(reader, start, end, other, used) if end > start else end + 1
    pieces = _joined(used)
    return tuple(
        p for p in recovered.placeholders if _within(pieces, p.span.start - span.start, p.span.end - span.start)
    )


def _with_parts(text: str, other: str, parts: Sequence[tuple[int, int]]) -> str:
    """`text` with these parts, in order, as `other` has them."""
    pieces, at = [], 0
    for start, end in parts:
        pieces += [text[at:start], other[start:end]]
        at = end
    return "".join((*pieces, text[at:])) if parts else text


def _joined(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The spans in order, those that overlap as one."""
    found: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if found and start < found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def _within(spans: Sequence[tuple[int, int]], start: int, end: int) -> bool:
    number = bisect_right(spans, start, key=lambda span: span[0]) - 1
    return number >= 0 and end <= spans[number][1]


def _read_piece(reader: _Reader, start: int, end: int, doubtful: str, used: list[tuple[int, int]]) -> int:
    """Read body[start:end]; returns where to go on, which is before `end` when the piece holds several statements."""
    body = reader.body
    piece = body[start:end]
    try:
        return _parsed(reader, reader.text, start, end)
    except parser.SyntaxProblem as error:
        problem = error
    other = doubtful[reader.base + start : reader.base + end]
    if other != piece and not (other.isspace() and "$" in piece):  # half of a masked body is no placeholder
        try:
            after = _parsed(reader, doubtful, start, end)
        except parser.SyntaxProblem:
            pass
        else:
            used.append((start, end))
            return after
    if problem.offset is not None and problem.offset > 0 and _NEW_STATEMENT.match(piece, problem.offset):
        divided = _missing_semicolon(reader, piece, start, problem)
        if divided is not None:
            return divided
    stop = end
    if "$" not in piece and end - start < 200_000 and (line := _LINE_ENDING.search(piece)):
        # A quote that is never closed swallows what follows: go on after the line that ends like a statement.
        stop = start + line.start()
    _opaque(reader, start, stop, problem)
    return stop + 1


def _parsed(reader: _Reader, text: str, start: int, end: int) -> int:
    piece = text[reader.base + start : reader.base + end]
    nodes = parser.parse(piece)
    position = parser.offsets(piece, start)
    for node in nodes:
        location, length = node.get("stmt_location", 0), node.get("stmt_len", 0)
        stop = position(location + length) if length else end
        reader.convert_node(node["stmt"], position(location), stop, position, text)
    return end + 1


def _missing_semicolon(reader: _Reader, piece: str, start: int, problem: parser.SyntaxProblem) -> int | None:
    """Read what comes before a line that begins another statement; None when that isn't a statement either."""
    assert problem.offset is not None  # noqa: S101 - narrowing: the caller has looked
    head = piece[: problem.offset]
    try:
        nodes = parser.parse(head)
    except parser.SyntaxProblem:
        return None
    if len(nodes) != 1:
        return None
    stop = start + problem.offset
    opaque = Opaque(
        reader.span(stop, _word_end(reader.body, stop)), f"{problem.message}: a `;` is missing before", True
    )
    reader.convert_node(nodes[0]["stmt"], start, stop, parser.offsets(head, start), reader.text, problem=opaque)
    return stop


def _opaque(reader: _Reader, start: int, end: int, problem: parser.SyntaxProblem) -> None:
    end = lexing.significant_end(reader.body, start, end)
    whole = span = reader.span(start, end)
    message = problem.message
    if problem.offset is not None and start + problem.offset < end:
        at = start + problem.offset
        span = reader.span(at, min(end, _word_end(reader.body, at)))
    within = [p for p in _from(reader.placeholders, whole.start) if p.span.start < whole.end]
    for placeholder in within:
        if placeholder.span.start == span.start:  # the message quotes what was put in its place
            message = f'syntax error at or near "{placeholder.text}"'
            span = placeholder.span
    # With text in it that isn't SQL, the server gets something else than what was parsed here.
    syntax = message != _TOO_DEEP and not within
    reader.add(start, end, (), Opaque(span, message, syntax))


def _from(placeholders: tuple[Placeholder, ...], offset: int) -> tuple[Placeholder, ...]:
    return placeholders[bisect_left(placeholders, offset, key=lambda placeholder: placeholder.span.start) :]


def _word_end(text: str, at: int) -> int:
    word = re.compile(r"[\w$]+|.", re.DOTALL).match(text, at)
    return word.end() if word else at


def _statement_end(reader: _Reader, start: int) -> int:
    """Find the end of the statement that begins at `start`, with the `;` inside of rules and BEGIN ATOMIC bodies."""
    body = reader.body
    end = first = lexing.statement_end(body, start, len(body))
    if end >= len(body) or reader.unclosed > _MOST_UNCLOSED:
        return end
    if not _RULE.match(body, start, end) and not _ATOMIC.search(body, start, end):
        return end
    depth, at = 0, start
    for _ in range(_MOST_JOINED):
        depth += _deeper(body, at, end)
        if depth <= 0:
            return end
        if end >= len(body):
            break
        at = end + 1
        end = lexing.statement_end(body, at, len(body))
    reader.unclosed += 1
    return first  # never closed: the rest must not disappear in it


def _deeper(body: str, start: int, end: int) -> int:
    """Count the parentheses, BEGIN and CASE that open in body[start:end] less those that close."""
    edges = [match.lastgroup for match in _DEPTH.finditer(body, start, end)]
    return edges.count("open") - edges.count("close")
