"""The name of a dialect comes in; its front end or its judgements, imported now, go out."""

from typing import TYPE_CHECKING

from safecol.dialects.registry import known

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Protocol

    from safecol.catalog import Catalog
    from safecol.fold import Dialect
    from safecol.operations import Section, Statement
    from safecol.source import Span
    from safecol.trace import Placeholder

    class Read(Protocol):
        """What was read of a section."""

        @property
        def statements(self) -> tuple[Statement, ...]:
            """The statements, in order."""

        @property
        def placeholders(self) -> tuple[Placeholder, ...]:
            """What was masked before parsing."""

    class Front(Protocol):
        """The front end of a dialect, a module."""

        def read_section(self, text: str, section: Section, first: int = 1) -> Read:
            """The statements of a section of a text, numbered from `first`. Never raises for bad text."""

        def all_comments(self, text: str, statements: Iterable[Statement]) -> list[tuple[Span, str]]:
            """The comments of a text with their places."""

        def accepts(self, text: str) -> bool:
            """Whether the text can be parsed."""

        def originals(self, text: str, placeholders: Sequence[Placeholder]) -> Mapping[str, str]:
            """What stands in the file for each name that masking made."""

    class Judge(Protocol):
        """The judgements of a dialect, a module."""

        def load(self, catalog: Catalog) -> Dialect:
            """What the fold needs to know of it."""


def front(name: str) -> "Front":
    """The front end of a dialect that is read, imported now."""
    from importlib import import_module

    path, _, dialect = known(name).front.partition(":")
    module = import_module(path)
    found: Front = module.of(dialect) if dialect else module
    return found


def judge(name: str, catalog: "Catalog") -> "Dialect":
    """The judgements of a dialect that is read, imported now."""
    from importlib import import_module

    module: Judge = import_module(known(name).judge)
    return module.load(catalog)
