"""Front ends of dialects of which only the neutral rules are known: a dialect's name comes in, its front goes out."""

from collections.abc import Callable, Iterable, Sequence

from safecol.frontends.sqlglot import lexing, reading, trees, wording
from safecol.frontends.sqlglot.batches import divided
from safecol.frontends.sqlglot.lexing import Lexicon
from safecol.frontends.sqlglot.reading import Converted, Reading
from safecol.frontends.sqlglot.statements import convert
from safecol.frontends.sqlglot.style import Style
from safecol.operations import Name, Opaque, Operation, Section, Statement
from safecol.records import NamedTuple
from safecol.source import Span
from safecol.trace import Placeholder

_LEXICONS: dict[str, Lexicon] = {
    "tsql": Lexicon(brackets=True, nested_comments=True, compound=True),
    "oracle": Lexicon(compound=True, begin_blocks=True),
    "snowflake": Lexicon(dollar=True, compound=True),
    "bigquery": Lexicon(backslash=True, quotes="'\"`", hash_comments=True, compound=True, begin_blocks=True),
    "duckdb": Lexicon(dollar=True),
    "clickhouse": Lexicon(backslash=True, quotes="'\"`"),
    "redshift": Lexicon(dollar=True),
}


class Front(NamedTuple):
    """What the registry of dialects asks of a front end."""

    read_section: Callable[..., Reading]
    all_comments: Callable[[str, Iterable[Statement]], list[tuple[Span, str]]]
    accepts: Callable[[str], bool]
    originals: Callable[[str, Sequence[Placeholder]], dict[str, str]]


def of(dialect: str) -> Front:
    """The front end of a dialect, by sqlglot's name for it."""
    lexicon = _LEXICONS[dialect]
    style = Style(dialect)

    def converted(text: str, place: Span, number: int) -> Converted:  # noqa: ARG001 - as those that need it
        written = text[place.start : place.end]
        if (made := wording.makes(written, dialect)) is not None:
            return Converted((_routine(*made, place, style),))
        if wording.is_block(written, dialect):
            return Converted((), Opaque(place, "blocks of PL/SQL are not read"))
        try:
            found = [
                operation
                for each in wording.worded(written, dialect)
                for operation in convert(trees.parse(each, dialect), place, style)
            ]
            if wording.is_topped(written, dialect):
                found = [operation._replace(flags=operation.flags | {"limit"}) for operation in found]
            return Converted(tuple(found))
        except trees.Problem as problem:
            return Converted((), _opaque(problem, text, place))
        except (AttributeError, KeyError, RecursionError, TypeError) as error:  # a tree of a shape that is not known
            return Converted((), Opaque(place, f"the statement is not understood ({type(error).__name__})"))

    def read_section(text: str, section: Section, first: int = 1) -> Reading:
        return reading.read_section(text, section, first, lexicon, converted, prepared)

    def prepared(text: str, span: Span) -> str:
        if dialect not in ("tsql", "oracle"):
            return text
        return divided(text, span, lexicon, lines=dialect == "tsql")

    def all_comments(text: str, statements: Iterable[Statement]) -> list[tuple[Span, str]]:  # noqa: ARG001
        return reading.all_comments(text, lexicon)

    def accepts(text: str) -> bool:
        places = list(lexing.statements(text, 0, len(text), lexicon))
        return bool(places) and all(converted(text, place, 1).opaque is None for place in places)

    return Front(read_section, all_comments, accepts, originals)


def _routine(word: str, name: str, place: Span, style: Style) -> Operation:
    """A routine, trigger or package that is made; its body runs later, and is not read."""
    parts = [part.strip(' \t\r\n"[]`') for part in name.split(".")]
    relation = Name(style.table(parts[-1]), style.table(parts[-2]) if len(parts) > 1 else None)
    if word == "trigger":
        return Operation("create-object", place, relation, object="trigger")
    kind = "function" if word == "function" else "procedure"
    return Operation("create-routine", place, relation, object=kind, flags=frozenset({"or-replace"}))


def _opaque(problem: trees.Problem, text: str, place: Span) -> Opaque:
    if problem.offset is None:
        return Opaque(place, problem.message)
    start = place.start + problem.offset
    end = start + 1
    while end < place.end and (text[end].isalnum() or text[end] == "_"):
        end += 1
    # sqlglot knows less than the server: what it can't parse may well be right.
    return Opaque(Span(min(start, place.end - 1), min(end, place.end)), problem.message)


def originals(text: str, placeholders: Sequence[Placeholder]) -> dict[str, str]:
    """What stands in the file for each name that masking made."""
    from safecol.frontends import masked_names
    from safecol.frontends.postgresql import masking

    return masked_names.originals(text, (*placeholders, *masking.everywhere(text)))
