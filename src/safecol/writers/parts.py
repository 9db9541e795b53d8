"""What a migration is taken apart into, and what the files that replace it are put together from."""

import ast

from safecol.finding import Finding
from safecol.frontends.python.positions import Positions
from safecol.operations import Statement
from safecol.records import NamedTuple
from safecol.source import Span
from safecol.writers.alembic_calls import Style
from safecol.writers.layout import Block


class Sent(NamedTuple):
    """A statement that the file sends: its SQL, and the place of the call that sends it."""

    statement: Statement
    sql: str
    place: Span

    @property
    def known(self) -> bool:
        """Whether it is sent in any case, and all of it is known."""
        flags = {flag for one in self.statement.operations for flag in one.flags}
        return self.statement.opaque is None and "conditional" not in flags and "${" not in self.sql


class Piece(NamedTuple):
    """Code for a body, at the first column; neighbours of one `with` block carry its head and number."""

    code: str
    around: str = ""
    within: int = 0


class Part(NamedTuple):
    """One file to be, for `stage` (a number) of a finding; `finding` is None for what the original does besides.

    `deploy` counts from 1; `first` says what has to be done before. `names` are the local ones that its code needs.
    """

    up: tuple[Piece, ...]
    down: tuple[Piece, ...]
    sql: str
    finding: int | None = None
    stage: int = 0
    title: str = ""
    deploy: int = 1
    first: str = ""


class Version(NamedTuple):
    """A version file taken apart: its statements, and what each of them sends, by their number.

    `uses` are the names that each statement of the module uses; `probe` is the text before and after a body that is
    read for what it sends, without the downgrade.
    """

    text: str
    tree: ast.Module
    positions: Positions
    upgrade: ast.FunctionDef | ast.AsyncFunctionDef
    downgrade: ast.FunctionDef | ast.AsyncFunctionDef | None
    blocks: tuple[Block, ...]
    undoing: tuple[Block, ...]
    sent: tuple[tuple[Sent, ...], ...]
    unsent: tuple[tuple[Sent, ...], ...]
    style: Style
    revision: str
    shared: bool
    dialect: str
    path: str
    uses: tuple[frozenset[str], ...]
    probe: tuple[str, str]


class Staged(NamedTuple):
    """The findings of a file by the number of the statement that they are about."""

    findings: tuple[Finding, ...]
    by_statement: dict[int, int]
