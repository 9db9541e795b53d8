"""A file as it was read: the value that front ends make and that everything after them takes."""

from typing import TYPE_CHECKING

from safecol.operations import Migration, Statement
from safecol.records import NamedTuple
from safecol.runners.migration_file import MigrationFile
from safecol.source import Source, Span
from safecol.trace import Placeholder, Problem

if TYPE_CHECKING:
    from safecol.frontends.python.emitted import Places


ANYTHING = ("*", "*")


class ReadFile(NamedTuple):
    """A file as read. `problems` are what its runner or its text does wrong; `unread` says why nothing was read.

    A migration in another language is read as the SQL that it sends: `emitted` is that text, which spans refer to, and
    `places` its map back into the file. `session` are settings that its runner makes, as (name, value). `met` counts
    the operations of such a migration, `missed` those of them that were not understood. `unused` are columns, as
    (table, column), that no deployed code names any more when it runs; `ANYTHING` where that is so of all it drops.
    `opened` is whether its runner hands over a connection that is in a transaction already.
    """

    file: MigrationFile
    source: Source
    migration: Migration
    problems: tuple[Problem, ...] = ()
    placeholders: tuple[Placeholder, ...] = ()
    unread: str = ""
    emitted: str | None = None
    places: "Places | None" = None
    session: tuple[tuple[str, str], ...] = ()
    met: int = 0
    missed: int = 0
    unused: frozenset[tuple[str, str]] = frozenset()
    opened: bool = False

    @property
    def text(self) -> str:
        """The SQL that spans refer to."""
        return self.source.text if self.emitted is None else self.emitted

    def place(self, span: Span) -> Span:
        """Where a span of `text` stands in the file."""
        return span if self.places is None else self.places.at(span)

    def line_of(self, span: Span) -> int:
        """The 1-based line of the file where a span of `text` begins."""
        return self.source.position(self.place(span).start)[0]

    @property
    def statements(self) -> tuple[Statement, ...]:
        """All statements of all sections, in the order of the text."""
        return tuple(statement for _, statements in self.migration.sections for statement in statements)
