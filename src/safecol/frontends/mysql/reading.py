"""A section of a file of MySQL or MariaDB comes in, its statements with operations go out."""

from collections.abc import Iterator, Sequence

from safecol.frontends.mysql.statements import convert
from safecol.frontends.mysql.tokens import LEXICON
from safecol.frontends.sqlglot import lexing
from safecol.frontends.sqlglot import reading as shared
from safecol.frontends.sqlglot.masking import executables, unwrap
from safecol.frontends.sqlglot.reading import Converted, Reading
from safecol.operations import Operation, Section
from safecol.patterns import lazy
from safecol.source import Span
from safecol.trace import Placeholder

# What makes a comment code: MySQL runs /*!…*/ of its versions, MariaDB also /*M!…*/, but not what is for MySQL 5.7 and
# later (0?50700 to 99999). Measured on MySQL 9.7 and MariaDB 10.11 and 11.8.
_RUNS = {
    "mysql": lazy(r"/\*!(?!99999)(?:\d{5,6}(?=\s|[^\d]))?"),
    "mariadb": lazy(r"/\*M?!(?!(?<!M!)0?(?:50[7-9]|5[1-9]\d|[6-9]\d\d)\d\d(?!\d))(?:\d{5,6}(?!\d))?"),
}
_SINCE = {"mysql": (lazy(r"/\*!(\d{5,6})"), 50_700), "mariadb": (lazy(r"/\*M?!(\d{5,6})"), 100_000)}
"""Comments that not every server which safecol knows runs: their numbers are above this one."""


def read_section(text: str, section: Section, first: int, dialect: str) -> Reading:
    """The statements of a section of a text, numbered from `first`; comments that the server runs are code."""
    state: list[object] = []
    later = _later(text, section.span, dialect)

    def converted(body: str, place: Span, number: int) -> Converted:
        operations, opaque = convert(body, place, dialect)
        if later and (inside := [one for one in later if one[0].start < place.end and place.start < one[0].end]):
            return Converted(operations, opaque, versions=tuple(_without(body, place, inside, dialect)))
        if opaque is None and operations and (state or operations[0].kind in _FOLLOWED):
            from safecol.frontends.mysql.bodies import Following

            if not state:
                state.append(Following(dialect))
            following = state[0]
            assert isinstance(following, Following)  # noqa: S101 - narrowing
            return following.after(operations, body, place, number)
        return Converted(operations, opaque)

    def prepared(body: str, span: Span) -> str:
        return code_of(_without_breakpoints(body), span, dialect)

    return shared.read_section(text, section, first, LEXICON, converted, prepared)


def _later(text: str, span: Span, dialect: str) -> list[tuple[Span, int]]:
    """The comments that are code from some version on, with that version's number."""
    mark, floor = _SINCE[dialect]
    if "/*!" not in text and "/*M!" not in text:
        return []
    found = []
    for start, end in executables(text, span, LEXICON):
        since = mark.match(text, start, end)
        if since is not None and _RUNS[dialect].match(text, start, end) and int(since[1]) > floor:
            found.append((Span(start, end), int(since[1])))
    return found


def _without(
    body: str, place: Span, later: list[tuple[Span, int]], dialect: str
) -> Iterator[tuple[int, tuple[Operation, ...]]]:
    """The statement for servers below each version that its comments name; left out where it isn't understood."""
    for below in sorted({number for _, number in later}):
        text = body
        for (start, end), number in later:
            if number >= below:
                text = text[:start] + " " * (end - start) + text[end:]
        if not text[place.start : place.end].strip():
            yield below, ()
            continue
        operations, opaque = convert(text, place, dialect)
        if opaque is None:
            yield below, operations


_FOLLOWED = frozenset({"set", "create-routine", "call", "do-block", "select"})


# What Drizzle divides its files by is no comment here: it takes these lines out.
_BREAKPOINT = lazy(r"-->[ \t]*statement-breakpoint[ \t]*(?=[\r\n]|\Z)")


def _without_breakpoints(text: str) -> str:
    if "--> statement-breakpoint" not in text:
        return text
    return _BREAKPOINT.sub(lambda found: ";" + " " * (len(found.group()) - 1), text)


def code_of(text: str, span: Span, dialect: str) -> str:
    """The text with the comments that the server runs as code."""
    if "/*!" not in text and "/*M!" not in text:
        return text
    return unwrap(text, span, LEXICON, _RUNS[dialect])


def all_comments(text: str, dialect: str) -> list[tuple[Span, str]]:
    """The comments of a text with their places."""
    return shared.all_comments(code_of(text, Span(0, len(text)), dialect), LEXICON)


def accepts(text: str, dialect: str) -> bool:
    """Whether the text is at least one statement, and all of it is understood."""
    body = code_of(text, Span(0, len(text)), dialect)
    places = list(lexing.statements(body, 0, len(body), LEXICON))
    return bool(places) and all(convert(body, place, dialect)[1] is None for place in places)


def originals(text: str, placeholders: Sequence[Placeholder]) -> dict[str, str]:
    """What stands in the file for each name that masking made."""
    from safecol.frontends import masked_names
    from safecol.frontends.postgresql import masking

    return masked_names.originals(text, (*placeholders, *masking.everywhere(text)))
