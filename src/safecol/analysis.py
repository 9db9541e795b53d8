"""The pipeline: files and settings come in; they are read, folded and matched; a result or effects go out."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from safecol import match, stages
from safecol.catalog import Catalog
from safecol.consequence import sentences
from safecol.context import Context
from safecol.effect import Effect, StatementEffect
from safecol.finding import FileUse, Finding, Related, Result, Unanalyzed
from safecol.fold import Dialect, trace
from safecol.heads import Rule
from safecol.operations import Section, Statement
from safecol.reader import ReadFile, read
from safecol.request import EffectsRequest, LintRequest
from safecol.runners.migration_file import MigrationFile
from safecol.settings import PathSettings
from safecol.source import Source, Span
from safecol.trace import Hit, Step, Trace

DEFAULT_VERSIONS = {"postgresql": "15"}
"""The oldest major version that its makers still support, taken where nothing says which server runs."""


class Ran(NamedTuple):
    """A file that was folded: its traces (one a section that runs forward)."""

    read: ReadFile
    traces: tuple[Trace, ...]
    settings: PathSettings
    version: str

    @property
    def forward(self) -> tuple[tuple[Statement, ...], ...]:
        """The statements of each section that has a trace."""
        sections = self.read.migration.sections if self.traces else ()
        return tuple(statements for section, statements in sections if section.direction != "down")


def lint(request: LintRequest) -> Result:
    """Findings of all targets, with what was read, suppressed, assumed and not understood."""
    collected = _Collected(request.catalog)
    for ran in run(request.files, request.settings.for_path, request.catalog, request.contents, request.schema,
                   change_set=request.change_set):  # fmt: skip
        collected.add(ran, request.selected(ran.read.file.path))
    return collected.result()


def effects(request: EffectsRequest) -> tuple[StatementEffect, ...]:
    """What each statement of the targets does."""
    from safecol import catalog

    found: list[StatementEffect] = []
    for ran in run(request.files, request.settings.for_path, catalog.load(), request.contents, request.schema,
                   change_set="each"):  # fmt: skip
        if ran.read.file.target:
            found.extend(_statement_effects(ran))
    return tuple(found)


def lint_texts(
    files: Sequence[tuple[str, str]],
    *,
    dialect: str,
    version: str,
    setup: Sequence[str],
    catalog: Catalog,
    runner: str = "plain",
    rules: set[str] | None = None,
    transaction: str | None = None,
    lock_timeout: str | None = None,
) -> list[Finding]:
    """Findings for texts that are on no disk: the blocks of pages. `setup` existed before, with rows."""
    names = dict(files)
    before = {f"setup-{number}.sql": text for number, text in enumerate(setup, 1)}
    made = [
        MigrationFile(
            path, runner if path in names else "plain", dialect, "settings", "texts", target=path in names,
            ignored=path in names and _passed_over(runner, path),
        )
        for path in (*before, *names)
    ]  # fmt: skip
    settings = PathSettings(
        dialect=dialect,
        server_version=version,
        lock_timeout_ms=_milliseconds(lock_timeout),
        runner_transaction=transaction,
    )
    collected = _Collected(catalog)
    chosen = frozenset(rules if rules is not None else catalog.defaults())
    for ran in run(made, lambda _path: settings, catalog, {**before, **names}, None, change_set="each"):
        collected.add(ran, chosen)
    return list(collected.result().findings)


def _passed_over(runner: str, path: str) -> bool:
    """Whether a runner ignores a text of this name; `1.sql` is a text without a name."""
    from safecol.runners.table import RUNNERS, executes

    named = not path.partition(".")[0].isdigit()
    return named and runner in RUNNERS and RUNNERS[runner].strict and not executes(runner, path)


def _milliseconds(text: str | None) -> int | None:
    if text is None:
        return None
    from safecol.dialects.postgresql.session import setting

    return int(setting("lock_timeout", text))


def run(
    files: Sequence[MigrationFile],
    settings: Callable[[str], PathSettings],
    catalog: Catalog,
    contents: Mapping[str, str],
    schema: str | None,
    *,
    change_set: str,
) -> Iterator[Ran]:
    """Read and fold every file, context included, in the order given; histories are separate."""
    dialect = _dialect(catalog)
    with_context = {file.history for file in files if not file.target}
    contexts: dict[tuple[str, str], Context] = {}
    for file in files:
        chosen = settings(file.path)
        done = read(file, contents, chosen.runner_transaction)
        version = chosen.server_version or DEFAULT_VERSIONS.get(done.file.dialect, "")
        if done.source.problem or done.unread:
            yield Ran(done, (), chosen, version)
            continue
        key = (file.history, done.file.dialect)
        context = contexts.get(key)
        if context is None:
            context = contexts[key] = _context(dialect, done.file.dialect, version, chosen, schema)
        context.file += 1
        together = change_set == "all" or (change_set == "named" and file.history in with_context)
        if not together or not file.target or context.new_since == 0:
            context.new_since = context.file
        if not file.target:
            context.new_since = 0
        yield Ran(done, _traces(context, dialect, done), chosen, version)


def _dialect(catalog: Catalog) -> Dialect:
    from safecol.dialects.postgresql import dialect

    return dialect.load(catalog)


def _context(dialect: Dialect, name: str, version: str, chosen: PathSettings, schema: str | None) -> Context:
    context = Context(
        name,
        _major(version),
        default_schema=chosen.default_schema or "public",
        timezone=chosen.timezone,
    )
    context.small = chosen.small_tables
    if schema is not None:
        dump = MigrationFile("<schema>", "psql", name, "settings")
        done = read(dump, {"<schema>": schema})
        context.file = 1
        _traces(context, dialect, done)
    limits = (("lock_timeout", chosen.lock_timeout_ms), ("statement_timeout", chosen.statement_timeout_ms))
    for setting, value in limits:
        if value is not None:
            context.session[setting] = str(value)
    return context


def _major(version: str) -> int:
    from safecol import versions

    known = versions.parse(version)
    return known[0] if known else 0


def _traces(context: Context, dialect: Dialect, done: ReadFile) -> tuple[Trace, ...]:
    found: list[Trace] = []
    session = dict(context.session)
    for section, statements in done.migration.sections:
        if section.direction != "down":
            made = trace(context, dialect, done.migration, done.source.text, section, statements)
            found.append(made._replace(before=tuple(found)))
    # Each file runs in a session of its own as far as anyone can say.
    context.session = session
    context.local = {}
    context.search_path = (context.default_schema,)
    return tuple(found)


class _Collected:
    """What a run has found so far."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self.findings: list[Finding] = []
        self.suppressed: list[Finding] = []
        self.unanalyzed: list[Unanalyzed] = []
        self.uses: list[FileUse] = []
        self.texts: dict[str, Source] = {}
        self.assumed: dict[str, list[str]] = {}
        self.statements = 0
        self._rules: dict[tuple[str, frozenset[str]], tuple[Rule, ...]] = {}
        self.blocks = {mode: tuple(words) for mode, words in catalog.locks("postgresql").items()}

    def add(self, ran: Ran, selected: frozenset[str]) -> None:
        """The findings of one file; context files only count."""
        file = ran.read.file
        if not file.target:
            self.uses.append(FileUse(file.path, "context", file.runner, file.dialect))
            return
        self.uses.append(FileUse(file.path, "target", file.runner, file.dialect))
        self.statements += len(ran.read.statements)
        self._assume(ran)
        found = [*self._of_file(ran, selected), *self._of_rules(ran, selected)]
        kept = self._suppress(ran, found, selected)
        if kept:
            self.findings.extend(sorted(kept, key=lambda finding: finding.span))
        if found:
            self.texts[file.path] = ran.read.source

    def _assume(self, ran: Ran) -> None:
        file = ran.read.file
        if file.dialect_source == "default":
            self.assumed.setdefault(f"dialect {file.dialect}", []).append(file.path)
        if ran.settings.server_version is None and ran.version:
            self.assumed.setdefault(f"server version {ran.version}", []).append(file.path)

    def _of_file(self, ran: Ran, selected: frozenset[str]) -> Iterator[Finding]:
        """What the file itself does wrong, whatever its operations."""
        source = ran.read.source
        if source.problem:
            self.unanalyzed.append(Unanalyzed(source.path, Span(0, 0), source.problem))
            yield from self._reported(ran, selected, "syntax-error", Span(0, 0), source.problem, "")
            return
        if ran.read.unread:
            self.unanalyzed.append(Unanalyzed(source.path, Span(0, 0), ran.read.unread))
            yield from self._reported(
                ran, selected, "unanalyzed-statement", Span(0, 0), f"This file was not analysed: {ran.read.unread}", ""
            )
            return
        for problem in ran.read.problems:
            yield from self._reported(ran, selected, problem.rule, problem.span, problem.message, problem.help)
        for section, statements in ran.read.migration.sections:
            for statement in statements:
                for one in (statement, *statement.parts):
                    yield from self._opaque(ran, selected, section, one)

    def _opaque(
        self, ran: Ran, selected: frozenset[str], section: Section, statement: Statement
    ) -> Iterator[Finding]:
        opaque = statement.opaque
        if opaque is None:
            return
        self.unanalyzed.append(Unanalyzed(ran.read.source.path, opaque.span, opaque.reason))
        rule = "syntax-error" if opaque.syntax else "unanalyzed-statement"
        page = self.catalog.rule(rule)
        message = page.message.replace("{reason}", opaque.reason) if page is not None else opaque.reason
        for finding in self._reported(ran, selected, rule, opaque.span, message, ""):
            yield finding._replace(statement=statement.number, direction=section.direction)

    def _reported(
        self, ran: Ran, selected: frozenset[str], rule: str, span: Span, message: str, cure: str
    ) -> Iterator[Finding]:
        page = self.catalog.rule(rule)
        if page is None or rule not in selected:
            return
        severity = ran.settings.severity.get(rule) or page.severity
        file = ran.read.file
        yield Finding(
            rule, severity, page.category, message, file.path, span, help=cure or page.help,
            dialect=file.dialect, server_version=ran.version, runner=file.runner,
        )  # fmt: skip

    def _of_rules(self, ran: Ran, selected: frozenset[str]) -> list[Finding]:
        rules = self._chosen(ran.read.file.dialect, selected)
        found: list[Finding] = []
        once: dict[tuple[str, int, str | None], int] = {}
        for number, made in enumerate(ran.traces):
            for rule, hit in match.matches(rules, made, ran.version):
                finding = self._finding(ran, made, rule, hit)
                key = (f"{number} {rule.name}", finding.statement, finding.table)
                if rule.category == "blocking" and finding.table is not None and key in once:
                    # One statement blocks once, however many of its clauses do it.
                    first = found[once[key]]
                    also = Related(finding.path, finding.span, "this clause of the statement does it too")
                    found[once[key]] = first._replace(related=(*first.related, also))
                    continue
                once.setdefault(key, len(found))
                found.append(finding)
        return _unmasked(ran, found)

    def _chosen(self, dialect: str, selected: frozenset[str]) -> tuple[Rule, ...]:
        key = (dialect, selected)
        rules = self._rules.get(key)
        if rules is None:
            rules = tuple(rule for rule in self.catalog.for_dialect(dialect) if rule.name in selected)
            self._rules[key] = rules
        return rules

    def _finding(self, ran: Ran, made: Trace, rule: Rule, hit: Hit) -> Finding:
        step = hit.step
        file = ran.read.file
        severity = ran.settings.severity.get(rule.name) or rule.severity
        return Finding(
            rule=rule.name,
            severity="warning" if severity == "off" else severity,
            category=rule.category,
            message=stages.message(rule.message, hit, made.text),
            path=file.path,
            span=hit.span,
            help=hit.values.get("help") or stages.message(rule.help, hit, made.text),
            consequence=sentences(step, self.blocks) if step is not None else (),
            dialect=file.dialect,
            server_version=ran.version,
            runner=file.runner,
            direction=made.section.direction,
            statement=step.statement.number if step is not None else 0,
            operation=step.operation.kind if step is not None else "",
            table=step.table if step is not None else None,
            column=_column(step),
            effect=step.whole if step is not None else None,
            related=tuple(Related(*each) for each in hit.related),
            stages=stages.render(rule, hit, made, ran.version),
        )

    def _suppress(self, ran: Ran, found: list[Finding], selected: frozenset[str]) -> list[Finding]:
        from safecol import suppress

        text = ran.read.source.text
        if not suppress.wanted(text, ran.settings):
            return found
        from safecol.frontends.postgresql.splitting import comments

        statements = tuple(
            statement
            for section, statements in ran.read.migration.sections
            if section.direction != "down"
            for statement in statements
        )
        applied = suppress.apply(
            found,
            comments(text, Span(0, len(text))),
            statements,
            text,
            path=ran.read.file.path,
            catalog=self.catalog,
            settings=ran.settings,
            selected=selected,
        )
        self.suppressed.extend(applied.suppressed)
        return [*applied.kept, *applied.extra]

    def result(self) -> Result:
        """Everything, in the order of the files."""
        targets = sum(1 for use in self.uses if use.role == "target")
        guesses = tuple(
            f"{what} assumed for {paths[0] if len(paths) == 1 else f'{len(paths)} files'}"
            for what, paths in self.assumed.items()
        )
        return Result(
            findings=tuple(self.findings),
            unanalyzed=tuple(self.unanalyzed),
            targets=targets,
            context=len(self.uses) - targets,
            statements=self.statements,
            suppressed=tuple(self.suppressed),
            guesses=guesses,
            files=tuple(self.uses),
            texts=self.texts,
        )


def _unmasked(ran: Ran, found: list[Finding]) -> list[Finding]:
    """The findings with placeholders as they stand in the file, where masking made names of them."""
    if not found or not ran.read.placeholders:
        return found
    from safecol.frontends.postgresql.masking import originals

    names = originals(ran.read.source.text, ran.read.placeholders)

    def shown(text: str) -> str:
        for masked, original in names.items():
            text = text.replace(masked, original)
        return text

    return [
        finding._replace(
            message=shown(finding.message),
            consequence=tuple(map(shown, finding.consequence)),
            table=shown(finding.table) if finding.table is not None else None,
            stages=tuple(stage._replace(sql=shown(stage.sql), title=shown(stage.title)) for stage in finding.stages),
        )
        for finding in found
    ]


def _column(step: Step | None) -> str | None:
    if step is None:
        return None
    name: str | None = getattr(step.operation.definition, "name", None)
    return step.operation.column or (name if step.operation.kind == "add-column" else None)


def _statement_effects(ran: Ran) -> Iterator[StatementEffect]:
    """Each statement of the sections that run forward; what was not understood carries the reason."""
    source, file = ran.read.source, ran.read.file
    reason = source.problem or ran.read.unread
    if reason:
        yield StatementEffect(
            source.path, 1, 1, 0, "", (), Effect(unknown=(reason,)),
            dialect=file.dialect, server_version=ran.version, reason=reason,
        )  # fmt: skip
    for made, statements in zip(ran.traces, ran.forward, strict=True):
        steps: dict[int, list[Step]] = {}
        for step in made.steps:
            steps.setdefault(step.statement.number, []).append(step)
        for statement in statements:
            effect = _statement_effect(source, statement, steps.get(statement.number, []))
            yield effect._replace(dialect=file.dialect, server_version=ran.version)


def _statement_effect(source: Source, statement: Statement, steps: list[Step]) -> StatementEffect:
    span = statement.span
    reasons = (each.opaque.reason for each in (statement, *statement.parts) if each.opaque is not None)
    reason = "; ".join(dict.fromkeys(reasons))
    line, end_line = source.position(span.start)[0], source.position(span.end)[0]
    sql = source.text[span.start : span.end]
    if not steps:
        effect = Effect(unknown=(reason,)) if reason else Effect()
        return StatementEffect(source.path, line, end_line, statement.number, sql, (), effect, reason=reason)
    first = steps[0]
    inside = {"inside": True, "outside": False}.get(str(first.facts.get("transaction")))
    if first.transaction is not None:
        inside = True
    return StatementEffect(
        path=source.path,
        line=line,
        end_line=end_line,
        statement=statement.number,
        sql=sql,
        operations=tuple(step.operation.kind for step in steps),
        effect=first.whole._replace(unknown=(*first.whole.unknown, reason)) if reason else first.whole,
        in_transaction=inside,
        transaction=first.transaction,
        reason=reason,
    )
