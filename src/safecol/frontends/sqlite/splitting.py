"""A section of a file comes in, its statements with operations go out; one bad statement never hides the others."""

from collections.abc import Iterable, Iterator

from safecol.frontends.sqlite.cursor import Cursor, Problem
from safecol.frontends.sqlite.lexing import Token, comment_spans, tokens
from safecol.frontends.sqlite.masking import mask
from safecol.frontends.sqlite.statements import convert
from safecol.operations import Opaque, Operation, Section, Statement
from safecol.records import NamedTuple
from safecol.source import Span
from safecol.trace import Placeholder

_TOO_DEEP = "nested too deeply to be analyzed"


class Reading(NamedTuple):
    """What a section says: spans are in characters of the whole file, in order, and don't overlap."""

    statements: tuple[Statement, ...]
    placeholders: tuple[Placeholder, ...]


def read_section(text: str, section: Section, first: int = 1) -> Reading:
    """Read the statements of `section` in `text`, numbered from `first`."""
    span = Span(max(0, section.span.start), min(len(text), section.span.end))
    masked = mask(text, span)
    statements = [
        _statement(masked.text, piece, number) for number, piece in enumerate(_pieces(masked.text, span), first)
    ]
    return Reading(tuple(statements), masked.placeholders)


def all_comments(text: str, statements: Iterable[Statement]) -> list[tuple[Span, str]]:
    """Every comment of a text, those inside of statements too."""
    del statements  # bodies of triggers are text like any other
    if "--" not in text and "/*" not in text:
        return []
    return [(Span(start, end), text[start:end]) for start, end in comment_spans(text, 0, len(text))]


def accepts(text: str) -> bool:
    """Whether the text is SQL of SQLite."""
    section = Section("up", Span(0, len(text)), "unknown")
    return all(statement.opaque is None for statement in read_section(text, section).statements)


def _pieces(text: str, span: Span) -> Iterator[list[Token]]:
    """The tokens of each statement, without its semicolon; those in the body of a trigger end none."""
    piece: list[Token] = []
    body = _Body()
    for token in tokens(text, span.start, span.end):
        if token.word == ";" and not body.inside:
            if piece:
                yield piece
            piece, body = [], _Body()
            continue
        piece.append(token)
        body.see(token.word, len(piece))
    if piece:
        yield piece


class _Body:
    """Where the tokens of a statement stand: `inside` the body of CREATE TRIGGER, whose END follows a semicolon."""

    __slots__ = ("_after_semicolon", "_cases", "_trigger", "inside")

    def __init__(self) -> None:
        self.inside = False
        self._trigger = 0  # 1 after CREATE, 2 once TRIGGER came
        self._cases = 0
        self._after_semicolon = False

    def see(self, word: str, number: int) -> None:
        if number == 1:
            self._trigger = 1 if word == "CREATE" else 0
        if not self._trigger:
            return
        if self._trigger == 1:
            if word == "TRIGGER":
                self._trigger = 2
            elif number > 3:
                self._trigger = 0
        elif not self.inside:
            self.inside = word == "BEGIN"
        elif word == "CASE":
            self._cases += 1
        elif word == "END":
            if self._cases and not self._after_semicolon:
                self._cases -= 1
            else:
                self.inside = False
                self._trigger = 0
        self._after_semicolon = word == ";"


def _statement(text: str, piece: list[Token], number: int) -> Statement:
    cursor = Cursor(text, piece)
    span = Span(piece[0].start, piece[-1].end)
    operations: tuple[Operation, ...] = ()
    try:
        operations = tuple(convert(cursor))
    except Problem as problem:
        return Statement(number, span, (), Opaque(span, problem.reason, syntax=not problem.known))
    except RecursionError:
        return Statement(number, span, (), Opaque(span, _TOO_DEEP))
    return Statement(number, span, operations)
