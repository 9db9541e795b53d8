"""Findings: what a rule says about a place in a file, with the staged rewrite that avoids it."""

from collections.abc import Mapping

from safecol.effect import Effect
from safecol.records import NamedTuple
from safecol.source import Source, Span

SEVERITIES = ("error", "warning", "note")  # strongest first


class Stage(NamedTuple):
    """One step of a staged rewrite: `kind` is `schema`, `backfill`, `deploy`, `wait` or `command`.

    `deploy` and `wait` have no SQL, and `command` has a line for a shell instead, of a program that does the change.
    `transaction` is False when the SQL must run outside a transaction, in a file of its own. Of a migration in another
    language `source` is the text of the whole file that does the step, at the path `file`; both are empty otherwise.
    `kept` is True for what the original's other operations do: it is no step of the rewrite. `statement` is the number
    of the statement that the stage is for, 0 for the finding's own.
    """

    title: str
    sql: str
    transaction: bool
    kind: str
    source: str = ""
    file: str = ""
    kept: bool = False
    statement: int = 0
    command: str = ""


class Related(NamedTuple):
    """Another place that matters to a finding: its file, span and what it is."""

    path: str
    span: Span
    message: str


class Finding(NamedTuple):
    """`span` is the clause, `path` the file as the user named it; `statement` counts from 1 in the file.

    `consequence` is what happens to whom, in plain words: which lock, who waits, for how long.
    `in_transaction` is None when that is unknown, or no statement is meant.
    `fingerprint` is empty until a format needs it: see `fingerprints`. `reason` is a suppression's, once suppressed.
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
    in_transaction: bool | None = None
    related: tuple[Related, ...] = ()
    stages: tuple[Stage, ...] = ()
    fingerprint: str = ""
    url: str = ""
    reason: str = ""


class Unanalyzed(NamedTuple):
    """Something that was not understood, counted and located."""

    path: str
    span: Span
    reason: str


class FileUse(NamedTuple):
    """A file and what it was used for: `role` is `target`, `context` or `skipped` (with the reason in `note`)."""

    path: str
    role: str
    runner: str = ""
    dialect: str = ""
    note: str = ""


class Result(NamedTuple):
    """What one run of `lint` found, for the reports.

    `texts` maps each path with findings to its source; `guesses` are sentences about what was assumed
    (dialect, server version, runner) because nothing said so. `coverage` is how many operations the targets in Python
    have, and how many of them were understood; None without such targets. `statements_of` has the places of
    statements by number for each path with findings, where they were asked for.
    """

    findings: tuple[Finding, ...]
    unanalyzed: tuple[Unanalyzed, ...]
    targets: int
    context: int
    statements: int
    suppressed: tuple[Finding, ...] = ()
    guesses: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    files: tuple[FileUse, ...] = ()
    texts: Mapping[str, Source] = {}
    coverage: tuple[int, int] | None = None
    statements_of: Mapping[str, Mapping[int, Span]] = {}

    def count(self, severity: str) -> int:
        """How many findings have this severity."""
        return sum(1 for finding in self.findings if finding.severity == severity)


def fingerprint(rule: str, path: str, operation: str, names: tuple[str, ...], occurrence: int) -> str:
    """A hash that survives moved lines and reworded messages: 32 hexadecimal digits.

    `names` are qualified object names; `occurrence` counts, from 0, findings that are alike in all the rest.
    """
    from hashlib import sha256

    text = "\0".join((rule, path.replace("\\", "/"), operation, *names, str(occurrence)))
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def fingerprints(findings: tuple[Finding, ...]) -> tuple[str, ...]:
    """The fingerprint of each finding, in order; one that a finding already carries is kept."""
    seen: dict[tuple[str, ...], int] = {}
    made = []
    for finding in findings:
        key = (finding.rule, finding.path, finding.operation, finding.table or "", finding.column or "")
        occurrence = seen[key] = seen.get(key, -1) + 1
        made.append(finding.fingerprint or fingerprint(key[0], key[1], key[2], key[3:], occurrence))
    return tuple(made)
