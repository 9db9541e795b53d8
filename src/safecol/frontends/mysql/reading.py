"""A section of a file of MySQL or MariaDB comes in, its statements with operations go out."""

from collections.abc import Sequence

from safecol.frontends.mysql.statements import convert
from safecol.frontends.mysql.tokens import LEXICON
from safecol.frontends.sqlglot import lexing
from safecol.frontends.sqlglot import reading as shared
from safecol.frontends.sqlglot.masking import unwrap
from safecol.frontends.sqlglot.reading import Converted, Reading
from safecol.operations import Section
from safecol.patterns import lazy
from safecol.source import Span
from safecol.trace import Placeholder

# What makes a comment code: MySQL runs /*!…*/ of its versions, MariaDB also /*M!…*/, but not what is for later MySQLs.
_RUNS = {
    "mysql": lazy(r"/\*!(?!99999)(?:\d{5,6}(?=\s|[^\d]))?"),
    "mariadb": lazy(r"/\*M?!(?!99999|(?<!M!)(?:50[7-9]|5[1-9]\d|[6-9]\d\d)\d\d(?!\d))(?:\d{5,6}(?!\d))?"),
}


def read_section(text: str, section: Section, first: int, dialect: str) -> Reading:
    """The statements of a section of a text, numbered from `first`; comments that the server runs are code."""
    state: list[object] = []

    def converted(body: str, place: Span, number: int) -> Converted:
        operations, opaque = convert(body, place, dialect)
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
    from safecol.frontends.postgresql import masking

    return masking.originals(text, (*placeholders, *masking.everywhere(text)))
