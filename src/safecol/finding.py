"""Findings: what a rule says about a place in a file, with the staged rewrite that avoids it."""

from typing import NamedTuple

from safecol.effect import Effect
from safecol.source import Span

SEVERITIES = ("error", "warning", "note")  # strongest first


class Stage(NamedTuple):
    """One step of a staged rewrite. `kind` is `schema`, `backfill`, `deploy` or `wait`; the last two have no SQL.

    `transaction` is False when the SQL must run outside a transaction, in a file of its own.
    """

    title: str
    sql: str
    transaction: bool
    kind: str


class Related(NamedTuple):
    """Another place that matters to a finding: its file, span and what it is."""

    path: str
    span: Span
    message: str


class Finding(NamedTuple):
    """`span` is the clause, `path` the file as the user named it; `statement` counts from 1 in the file.

    `consequence` is what happens to whom, in plain words: which lock, who waits, for how long.
    """

    rule: str
    severity: str
    category: str
    message: str
    path: str
    span: Span
    help: str = ""
    consequence: tuple[str, ...] = ()
    dialect: str = ""
    server_version: str = ""
    runner: str = ""
    direction: str = "up"
    statement: int = 0
    operation: str = ""
    table: str | None = None
    column: str | None = None
    effect: Effect | None = None
    related: tuple[Related, ...] = ()
    stages: tuple[Stage, ...] = ()
    fingerprint: str = ""


class Unanalyzed(NamedTuple):
    """Something that was not understood, counted and located."""

    path: str
    span: Span
    reason: str


class Result(NamedTuple):
    """What one run of `lint` found, for the reports.

    `texts` maps each path with findings to its source; `guesses` are sentences about what was assumed
    (dialect, server version, runner) because nothing said so.
    """

    findings: tuple[Finding, ...]
    unanalyzed: tuple[Unanalyzed, ...]
    targets: int
    context: int
    statements: int
    suppressed: tuple[Finding, ...] = ()
    guesses: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def count(self, severity: str) -> int:
        """How many findings have this severity."""
        return sum(1 for finding in self.findings if finding.severity == severity)
