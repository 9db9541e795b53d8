"""What a migration is taken apart into, and what the files that replace it are put together from."""

import ast
from collections.abc import Sequence
from typing import Protocol

from safecol.finding import Finding, Stage
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

    `deploy` counts from 1; `first` says what has to be done before. `beside` is the finding that a part of no finding
    stands with, None for the one before it.
    """

    up: tuple[Piece, ...]
    down: tuple[Piece, ...]
    sql: str
    finding: int | None = None
    stage: int = 0
    title: str = ""
    deploy: int = 1
    first: str = ""
    beside: int | None = None


class Version(NamedTuple):
    """A version file taken apart: its statements, and what each of them sends, by their number.

    `uses` are the names that each statement of the module uses; `probe` is the text before and after a body that is
    read for what it sends, without the downgrade. `opened` is whether env.py hands over a connection that is in a
    transaction, and `bounded` whether something ends the wait for a lock by now.
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
    opened: bool = False
    bounded: bool = True


class Wanted(NamedTuple):
    """The stages, by their numbers, that a finding has for a statement."""

    finding: int
    stages: tuple[int, ...]


class Staged(NamedTuple):
    """The findings of a file, and their stages by the number of the statement that they are for."""

    findings: tuple[Finding, ...]
    by_statement: dict[int, Wanted]


def staged(findings: Sequence[Finding]) -> Staged:
    """The stages of the first finding about each statement that has some."""
    found: dict[int, Wanted] = {}
    for number, finding in enumerate(findings):
        groups: dict[int, list[int]] = {}
        for at, stage in enumerate(finding.stages):
            groups.setdefault(stage.statement or finding.statement, []).append(at)
        for statement, stages in groups.items():
            if statement and any(finding.stages[at].sql for at in stages):
                found.setdefault(statement, Wanted(number, tuple(stages)))
    return Staged(tuple(findings), found)


class Whole(Protocol):
    """What `attached` asks of a part."""

    @property
    def sql(self) -> str:
        """What it sends."""

    @property
    def finding(self) -> int | None:
        """The finding that it belongs to; None for what the original does besides."""

    @property
    def stage(self) -> int:
        """The stage of the finding."""

    @property
    def title(self) -> str:
        """What it does."""

    @property
    def beside(self) -> int | None:
        """The finding that it stands with where it has none."""


def attached(findings: list[Finding], parts: Sequence[Whole], files: Sequence[tuple[str, str]]) -> list[Finding]:
    """The findings with their files; what the original does besides stands with the finding next to it."""
    near = next((part.finding for part in parts if part.finding is not None), None)
    stages: dict[int, list[Stage]] = {}
    taken: dict[int, set[int]] = {}
    for part, (path, text) in zip(parts, files, strict=True):
        if part.finding is not None:
            near = part.finding
            old = findings[near].stages
            done = taken.setdefault(near, set())
            first = part.stage  # the gates right before it
            while first and not old[first - 1].sql and first - 1 not in done:
                first -= 1
            made = stages.setdefault(near, [])
            made.extend(old[first : part.stage])
            made.append(old[part.stage]._replace(source=text, file=path))
            done.update(range(first, part.stage + 1))
        elif near is not None:
            by = near if part.beside is None else part.beside
            kept = part.beside is None  # the rest of the finding's own operation is a step like the others
            rest = Stage(part.title, part.sql, True, "schema", source=text, file=path, kept=kept)
            stages.setdefault(by, []).append(rest)
    return [
        finding._replace(
            stages=(
                *stages[number],
                *(one for at, one in enumerate(finding.stages) if at not in taken.get(number, ())),
            )
        )
        if number in stages
        else finding
        for number, finding in enumerate(findings)
    ]
