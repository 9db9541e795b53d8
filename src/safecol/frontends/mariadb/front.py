"""MariaDB's front end as the registry of dialects asks for it: text comes in, statements and comments go out."""

from collections.abc import Iterable, Sequence

from safecol.frontends.mysql import reading
from safecol.frontends.sqlglot.reading import Reading
from safecol.operations import Section, Statement
from safecol.source import Span
from safecol.trace import Placeholder

__all__ = ["Reading", "accepts", "all_comments", "originals", "read_section"]


def read_section(text: str, section: Section, first: int = 1) -> Reading:
    """The statements of a section of a text, numbered from `first`."""
    return reading.read_section(text, section, first, "mariadb")


def all_comments(text: str, statements: Iterable[Statement]) -> list[tuple[Span, str]]:  # noqa: ARG001 - as others
    """The comments of a text with their places, those that the server runs left out."""
    return reading.all_comments(text, "mariadb")


def accepts(text: str) -> bool:
    """Whether the text is statements that are understood."""
    return reading.accepts(text, "mariadb")


def originals(text: str, placeholders: Sequence[Placeholder]) -> dict[str, str]:
    """What stands in the file for each name that masking made."""
    return reading.originals(text, placeholders)
