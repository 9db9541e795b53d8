"""A file that was folded, with what it was folded by."""

from typing import NamedTuple

from safecol.operations import Statement
from safecol.read_file import ReadFile
from safecol.schema import Schema
from safecol.settings import PathSettings
from safecol.trace import Trace


class Ran(NamedTuple):
    """A file that was folded: its traces (one a section that runs forward), and the schema, which goes on changing."""

    read: ReadFile
    traces: tuple[Trace, ...]
    settings: PathSettings
    version: str
    schema: Schema | None = None

    @property
    def forward(self) -> tuple[tuple[Statement, ...], ...]:
        """The statements of each section that has a trace."""
        sections = self.read.migration.sections if self.traces else ()
        return tuple(statements for section, statements in sections if section.direction != "down")
