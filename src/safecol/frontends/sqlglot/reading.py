"""A section of a file and what reads one statement come in, its statements go out; a bad one hides no others."""

from collections.abc import Callable

from safecol.frontends.sqlglot import lexing
from safecol.frontends.sqlglot.lexing import Lexicon
from safecol.frontends.sqlglot.masking import mask
from safecol.operations import Opaque, Operation, Section, Statement
from safecol.records import NamedTuple
from safecol.source import Span
from safecol.trace import Placeholder


class Converted(NamedTuple):
    """One statement as understood: `opaque` says what was not, `parts` are statements that run as part of it.

    `versions` is what older servers run instead, as in Statement.
    """

    operations: tuple[Operation, ...]
    opaque: Opaque | None = None
    parts: tuple[Statement, ...] = ()
    versions: tuple[tuple[int, tuple[Operation, ...]], ...] = ()


Convert = Callable[[str, Span, int], Converted]
"""The masked text, the statement's place in it, and its number come in."""


class Reading(NamedTuple):
    """What a section says: spans are in characters of the whole file, in order, and don't overlap."""

    statements: tuple[Statement, ...]
    placeholders: tuple[Placeholder, ...]


def read_section(
    text: str,
    section: Section,
    first: int,
    lexicon: Lexicon,
    convert: Convert,
    prepare: Callable[[str, Span], str] | None = None,
) -> Reading:
    """Read the statements of `section` in `text`, numbered from `first`.

    `prepare` makes the text that is read of the one that was masked, as long as it.
    """
    span = Span(max(0, section.span.start), min(len(text), section.span.end))
    masked = mask(text, span, lexicon)
    placeholders = list(masked.placeholders)
    body = prepare(masked.text, span) if prepare is not None else masked.text
    statements: list[Statement] = []
    for place in lexing.statements(body, span.start, span.end, lexicon):
        number = first + len(statements)
        found = convert(body, place, number)
        if found.opaque is not None and found.opaque.syntax:
            found = _again(body, place, number, found, lexicon, convert, placeholders)
        opaque = found.opaque
        if opaque is not None and opaque.syntax and _holds(placeholders, place):
            # With text in it that isn't SQL, the server gets something else than what was read here.
            opaque = opaque._replace(syntax=False)
        statements.append(Statement(number, place, found.operations, opaque, found.parts, found.versions))
    return Reading(tuple(statements), tuple(sorted(placeholders)))


def _again(
    body: str,
    place: Span,
    number: int,
    found: Converted,
    lexicon: Lexicon,
    convert: Convert,
    placeholders: list[Placeholder],
) -> Converted:
    """With `?`, `%s` and the like taken for values, where that helps."""
    masked = mask(body, place, lexicon, doubtful=True)
    if not masked.placeholders:
        return found
    other = convert(masked.text, place, number)
    if other.opaque is not None:
        return found
    placeholders += masked.placeholders
    return other


def _holds(placeholders: list[Placeholder], place: Span) -> bool:
    return any(place.start <= item.span.start < place.end for item in placeholders)


def all_comments(text: str, lexicon: Lexicon) -> list[tuple[Span, str]]:
    """Every comment of a file, with its text; those in bodies of routines and triggers too."""
    if "--" not in text and "/*" not in text and "#" not in text:
        return []
    return [(span, text[span.start : span.end]) for span in lexing.comment_spans(text, 0, len(text), lexicon)]
