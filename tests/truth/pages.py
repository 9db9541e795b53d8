"""The rule pages come in; what is to be executed and what safecol says of it goes out, for one major version."""

from collections.abc import Iterator
from hashlib import sha256
from typing import NamedTuple

from safecol import analysis, catalog, examples
from safecol.effect import Effect
from safecol.finding import Finding, Stage
from safecol.fold import CONTROL
from safecol.heads import Rule
from safecol.kept_clauses import TITLE
from safecol.operations import Section, Statement
from safecol.pages import Block
from safecol.runners.migration_file import MigrationFile
from safecol.settings import PathSettings
from safecol.source import Span

from . import known
from .values import Text

CATALOG = catalog.load()


class Case(NamedTuple):
    """A block of a page. `key` names it by page and place among the page's blocks of its kind."""

    key: str
    rule: Rule
    block: Block
    setup: tuple[str, ...]
    files: tuple[tuple[str, str, int], ...]

    @property
    def digest(self) -> str:
        """Changes with what is executed."""
        options = sorted(map(str, self.block.options.items()))
        given = (known.ROWS.get(self.key), known.NO_ROWS.get(self.key), known.GATES.get(self.key))
        words = [*self.prepared, *self.setup, "|", *(text for _, text, _ in self.files), *options, str(given)]
        return sha256("\0".join(words).encode()).hexdigest()[:16]

    @property
    def prepared(self) -> tuple[str, ...]:
        """What the page takes for granted."""
        return known.PREPARED.get(self.key, known.PREPARED.get(self.key.partition(" ")[0], ()))


class Unit(NamedTuple):
    """The statements of one section, sent as `how` says (see `Section.transaction`)."""

    path: str
    how: str
    texts: tuple[Text, ...]


class Said(NamedTuple):
    """What safecol says of one statement: its effect, or why it was not understood."""

    path: str
    statement: int
    effect: Effect
    kinds: tuple[str, ...]
    opaque: str
    syntax: bool


class Told(NamedTuple):
    """All that safecol says of a case on one version. `masked` is True where text that isn't SQL was left out."""

    units: tuple[Unit, ...]
    said: tuple[Said, ...]
    findings: tuple[Finding, ...]
    masked: bool


def cases() -> list[Case]:
    """The `bad` and `good` blocks of every page that is for PostgreSQL."""
    found = []
    for rule in CATALOG.for_dialect("postgresql"):
        for kind in ("bad", "good"):
            blocks = [block for block in examples.of_page(rule) if block.kind == kind and _meant(block)]
            for number, block in enumerate(blocks, 1):
                made = examples.split(block)
                key = f"{rule.dialect}/{rule.name} {kind} {number}"
                found.append(Case(key, rule, block, made.setup, made.files))
    return found


def _meant(block: Block) -> bool:
    return block.language == "sql" and block.options.get("dialect", "postgresql") == "postgresql"


def is_for(case: Case, major: int) -> bool:
    """Whether a block is meant for a version: a `good` one that names a version is for it and later ones."""
    version = case.block.options.get("version", "")
    return case.block.kind == "bad" or not version or int(version.partition(".")[0]) <= major


def told(case: Case, major: int) -> Told:
    """What safecol says of a case on a server version."""
    options = case.block.options
    files = {name: text for name, text, _ in case.files}
    # What the page takes for granted is known here: the effects are then those of the schema that the server has.
    texts = (*(f"{sql};\n" for sql in case.prepared), *case.setup)
    setup = {f"setup-{number}.sql": text for number, text in enumerate(texts, 1)}
    runner = options.get("runner", "plain")
    made = [
        MigrationFile(
            path, runner if path in files else "plain", "postgresql", "settings", "texts", target=path in files
        )
        for path in (*setup, *files)
    ]
    transaction = {"none": "autocommit"}.get(written := options.get("transaction", ""), written) or None
    settings = PathSettings(
        dialect="postgresql", server_version=str(major), runner_transaction=transaction, timezone="UTC"
    )
    units: list[Unit] = []
    said: list[Said] = []
    masked = False
    for ran in analysis.run(made, lambda _: settings, CATALOG, {**setup, **files}, None, change_set="each"):
        path = ran.read.file.path
        if path not in files:
            continue
        masked = masked or bool(ran.read.placeholders)
        forward = [(section, texts) for section, texts in ran.read.migration.sections if section.direction != "down"]
        for (section, statements), trace in zip(forward, ran.traces, strict=False):
            effects = {step.statement.number: step.whole for step in trace.steps}
            units.append(Unit(path, section.transaction, tuple(_text(files[path], each) for each in statements)))
            said += [_said(path, statement, effects) for statement in statements]
    return Told(tuple(units), tuple(said), _findings(case, str(major)), masked)


def statements(sql: str) -> tuple[Text, ...]:
    """The statements of a text."""
    from safecol.frontends.postgresql.splitting import read_section

    section = Section("up", Span(0, len(sql)), "autocommit")
    return tuple(_text(sql, statement) for statement in read_section(sql, section).statements)


def staged(stages: tuple[Stage, ...]) -> str:
    """Changes with what stages execute."""
    words = [f"{stage.kind} {stage.transaction} {stage.sql}" for stage in stages if stage.sql]
    return sha256("\0".join(words).encode()).hexdigest()[:16]


def before(seen: Told, finding: Finding) -> Iterator[Text]:
    """The statements that come before the one of a finding, without the marks of transactions."""
    for unit in seen.units:
        for text in unit.texts:
            if unit.path == finding.path and text.number == finding.statement:
                return
            if not text.control:
                yield text


def flagged(case: Case, seen: Told, finding: Finding) -> str:
    """The SQL that a finding is about: its statement, or that with the one clause of several, as its stages are."""
    whole = any(stage.title == TITLE for stage in finding.stages)
    for unit in seen.units:
        for text in unit.texts:
            if unit.path == finding.path and text.number == finding.statement:
                file = next(text for name, text, _ in case.files if name == finding.path)
                return text.head + file[finding.span.start : finding.span.end] if text.head and not whole else text.sql
    return ""


def _text(text: str, statement: Statement) -> Text:
    control = bool(statement.operations) and all(operation.kind in CONTROL for operation in statement.operations)
    start = statement.span.start
    clauses = {operation.span.start for operation in statement.operations if "inline" not in operation.flags}
    head = text[start : min(clauses)] if len(clauses) > 1 else ""
    return Text(statement.number, text[start : statement.span.end], control, head)


def _said(path: str, statement: Statement, effects: dict[int, Effect]) -> Said:
    opaque = statement.opaque
    kinds = tuple(operation.kind for operation in statement.operations)
    effect = effects.get(statement.number, Effect())
    return Said(path, statement.number, effect, kinds, opaque.reason if opaque else "", bool(opaque and opaque.syntax))


def _findings(case: Case, version: str) -> tuple[Finding, ...]:
    """The findings of the case's own rule on a version."""
    block = case.block._replace(options={**case.block.options, "version": version})
    found = examples._lint(case.rule, block, CATALOG)  # noqa: SLF001  # as the page's own test does
    return tuple(finding for finding in found if finding.rule == case.rule.name)
