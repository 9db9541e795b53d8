"""Files that were folded come in, one by one; their findings, suppressions and what was not understood go out."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

from safecol import match, one_cause, stages, versions
from safecol.as_written import unmasked
from safecol.catalog import Catalog
from safecol.checks import history, timeouts
from safecol.consequence import sentences
from safecol.dialects import loaded, registry
from safecol.finding import FileUse, Finding, Related, Result, Unanalyzed
from safecol.heads import Rule
from safecol.kept_clauses import ALSO, with_kept_clauses
from safecol.later import STALE, UNVALIDATED, Candidate, Later, candidate_of
from safecol.offers import offers
from safecol.operations import Section, Statement
from safecol.ran import Ran
from safecol.request import severities
from safecol.runners.migration_file import MigrationFile
from safecol.source import Source, Span
from safecol.trace import Hit, Step, Trace, in_transaction

SCHEMA = "<schema>"
"""The path that the schema dump is read under."""


class Collected:
    """What a run has found so far."""

    def __init__(
        self,
        catalog: Catalog,
        files: Sequence[MigrationFile] = (),
        edited: Collection[str] = (),
        *,
        whole: bool = True,
        code: Mapping[str, str] | None = None,
        sources: bool = True,
        marks: bool = False,
    ) -> None:
        """`files` are all of the run, `edited` the paths that existed before; `whole`: histories to their ends.

        `code` are the application's texts by path; None is what lies on the disk. `sources` is whether stages of
        Python migrations get their source, `marks` whether the places of statements are kept.
        """
        self.catalog = catalog
        self.sources = sources
        self.marks = marks
        self.statements_of: dict[str, dict[int, Span]] = {}
        self.of_files = history.of_files(files, edited)
        self.later = Later(files, code, whole=whole)
        self.downs: dict[str, tuple[int, int]] = {}
        self.unmeasured: set[tuple[str, str]] = set()
        self.findings: list[Finding] = []
        self.suppressed: list[Finding] = []
        self.unanalyzed: list[Unanalyzed] = []
        self.uses: list[FileUse] = []
        self.texts: dict[str, Source] = {}
        self.assumed: dict[str, list[str]] = {}
        self.missed: dict[str, int] = {}
        self.places: dict[str, Callable[[Span], Span]] = {}
        self.noted: tuple[str, ...] = ()
        self.statements = 0
        self.coverage: tuple[int, int] | None = None
        self._rules: dict[tuple[str, frozenset[str]], tuple[Rule, ...]] = {}

    def add(self, ran: Ran, selected: frozenset[str]) -> None:
        """The findings of one file; context files only count."""
        file = ran.read.file
        if ran.settings.severity:
            ran = ran._replace(settings=ran.settings._replace(severity=severities(self.catalog, ran.settings)))
        if ran.read.places is not None:
            self.places[file.path] = ran.read.place
        if not file.target:
            self._miss(ran)
            self._depending(ran, selected)
            self.downs[file.history] = history.counted(ran.read.migration, self.downs)
            if file.path != SCHEMA:
                self.uses.append(FileUse(file.path, "context", file.runner, file.dialect))
            return
        self.uses.append(FileUse(file.path, "target", file.runner, file.dialect))
        self.statements += len(ran.read.statements)
        if ran.read.places is not None:
            met, understood = self.coverage or (0, 0)
            self.coverage = met + ran.read.met, understood + ran.read.met - ran.read.missed
        self._assume(ran)
        found = [*self._of_file(ran, selected), *self._of_rules(ran, selected), *self._depending(ran, selected)]
        self.downs[file.history] = history.counted(ran.read.migration, self.downs)
        self._keep(ran, found, selected)

    def _keep(self, ran: Ran, found: list[Finding], selected: frozenset[str]) -> None:
        if self.places:
            found = one_cause.once([self._placed(finding) for finding in found])
            # What a framework's operation does is told once, whatever statements it takes.
            found = one_cause.uncovered(
                found,
                [
                    rule
                    for rule in self._chosen(ran.read.file.dialect, selected)
                    if rule.check.startswith("frameworks:")
                ],
                by_table=False,
            )
        kept = self._suppress(ran, found, selected)
        if self.sources and ran.read.places is not None and any(finding.stages for finding in kept):
            from safecol import writers

            bounded = all(map(timeouts.limited, ran.traces[:1]))
            kept = writers.written(ran.read, kept, bounded=bounded, traces=ran.traces)
        if kept:
            self.findings.extend(sorted(kept, key=lambda finding: finding.span))
        if found:
            self.texts[ran.read.file.path] = ran.read.source
        if found and self.marks:
            places = ran.read.places
            self.statements_of[ran.read.file.path] = {
                one.number: places.statement(one.span) if places is not None else one.span
                for one in ran.read.statements
            }

    def _placed(self, finding: Finding) -> Finding:
        """A finding in the SQL that a file sends as one in the file itself."""
        related = tuple(
            one._replace(span=self.places[one.path](one.span)) if one.path in self.places else one
            for one in finding.related
        )
        if finding.path not in self.places:
            return finding._replace(related=related) if related else finding
        return finding._replace(span=self.places[finding.path](finding.span), related=related)

    def _depending(self, ran: Ran, selected: frozenset[str]) -> list[Finding]:
        """What a file may be found to do once all that follows has run; `_finish` takes the others out again."""

        def make(made: Trace, name: str, hit: Hit) -> Finding | None:
            rule = self.catalog.rule(name, ran.read.file.dialect) if name in selected else None
            return unmasked(ran, [self._finding(ran, made, rule, hit)])[0] if rule is not None else None

        return list(self.later.add(ran.read.file, ran.traces, ran.schema, ran.settings, make, ran.read.place))

    def _finish(self) -> None:
        """Settle the findings that depended on what ran after them; each that holds covers others of its place."""
        settled = self.later.settle()
        if settled is None:
            return
        covers = {rule.name: rule.covers for rule in self.catalog.rules if rule.covers}
        covered: dict[Candidate, Candidate] = {}
        for one in settled.held:
            covered |= {one._replace(rule=name): one for name in covers.get(one.rule, ())}
        weak = {covered[key]: each for each in self.findings if (key := candidate_of(each)) in covered}
        kept = []
        for each in self.findings:
            one = candidate_of(each)
            held = settled.held.get(one)
            if held is not None:
                stages = weak[one].stages if one in weak else each.stages
                kept.append(each._replace(message=held.message, related=held.related, stages=stages))
            elif each.rule not in (UNVALIDATED, STALE) and one not in covered:
                kept.append(each)
        self.findings = kept
        self.suppressed = [
            each
            for each in self.suppressed
            if each.rule not in (UNVALIDATED, STALE) or candidate_of(each) in settled.held
        ]
        self.texts.update(settled.texts)
        self.noted = settled.notes

    def _miss(self, ran: Ran) -> None:
        """What is known of the schema has gaps where something that ran before can't be read."""
        refused = sum(1 for one in ran.read.statements if one.opaque is not None and one.opaque.syntax)
        if ran.read.source.problem or ran.read.unread or refused:
            self.missed[ran.read.file.path] = refused

    def _missed(self) -> Iterator[str]:
        for dialect, version in sorted(self.unmeasured):
            known = registry.known(dialect)
            if registry.is_neutral(dialect):
                yield f"only the dialect-neutral rules apply to {known.title}: what it locks and costs isn't known"
                continue
            what = f"{known.title} {version} is outside {' to '.join(known.measured)}, which were measured"
            yield f"{what}: its effects may differ"
        missed = dict(self.missed)
        in_schema = missed.pop(SCHEMA, None)
        if in_schema is not None:
            yield f"statements of the schema dump that can't be read, and so aren't known: {in_schema or 'all'}"
        if missed:
            more = f" and {len(missed) - 1} more" if len(missed) > 1 else ""
            yield f"what runs before can't all be read, and so isn't all known: {next(iter(missed))}{more}"

    def _assume(self, ran: Ran) -> None:
        file = ran.read.file
        if file.dialect_source == "default":
            self.assumed.setdefault(f"dialect {file.dialect}", []).append(file.path)
        first, last = registry.known(file.dialect).measured
        if registry.is_neutral(file.dialect):
            self.unmeasured.add((file.dialect, ""))
        if first and not versions.contains(f">={first},<={last}", ran.version):
            self.unmeasured.add((file.dialect, ran.version))
        if file.project is not None and file.project.django_source == "default":
            release = ".".join(map(str, file.project.django))
            self.assumed.setdefault(f"django version {release}", []).append(file.path)
        if ran.settings.server_version is None and ran.version:
            self.assumed.setdefault(f"server version {ran.version}", []).append(file.path)

    def _of_file(self, ran: Ran, selected: frozenset[str]) -> Iterator[Finding]:
        """What the file itself does wrong, whatever its operations."""
        source = ran.read.source
        if source.problem:
            self.unanalyzed.append(Unanalyzed(source.path, Span(0, 0), source.problem))
            cure = "Save it as text in UTF-8, or leave it out with exclude in the settings"
            yield from self._reported(ran, selected, "syntax-error", Span(0, 0), source.problem, cure)
            return
        if ran.read.unread:
            self.unanalyzed.append(Unanalyzed(source.path, Span(0, 0), ran.read.unread))
            message = f"This file was not analysed: {ran.read.unread}"
            cure = "Leave it out with `exclude` in the settings, or name its dialect if the guess is wrong"
            # A gate must not pass a file of which nothing was read.
            unread = self._reported(ran, selected, "unanalyzed-statement", Span(0, 0), message, cure)
            yield from (finding._replace(severity="error") for finding in unread)
            return
        text = source.text
        problems = (*self.of_files.get(source.path, ()), *history.of_migration(ran.read.migration, text, self.downs))
        for problem in (*ran.read.problems, *problems):
            yield from self._reported(ran, selected, problem.rule, problem.span, problem.message, problem.help)
        for section, statements in ran.read.migration.sections:
            for statement in statements:
                for one in (statement, *statement.parts):
                    yield from self._opaque(ran, selected, section, one)
        told: set[str] = set()
        for made in ran.traces:
            for one in made.missed:
                # What a called routine hides is counted at each call, and told once a file.
                reason = one.opaque.reason if one.opaque is not None else ""
                missed = list(self._opaque(ran, selected, made.section, one))
                if reason not in told:
                    told.add(reason)
                    yield from missed

    def _opaque(self, ran: Ran, selected: frozenset[str], section: Section, statement: Statement) -> Iterator[Finding]:
        opaque = statement.opaque
        if opaque is None:
            return
        self.unanalyzed.append(Unanalyzed(ran.read.source.path, ran.read.place(opaque.span), opaque.reason))
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
        severity = "warning" if severity == "off" else severity
        file = ran.read.file
        yield Finding(
            rule, severity, page.category, message, file.path, span,
            help=cure or page.helps.get(file.runner) or page.help,
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
                    also = Related(finding.path, finding.span, ALSO)
                    known = {stage.sql for stage in first.stages}
                    more = tuple(stage for stage in finding.stages if stage.sql not in known or not stage.sql)
                    found[once[key]] = first._replace(
                        related=(*first.related, also), stages=(*first.stages, *more) if first.stages else ()
                    )
                    continue
                once.setdefault(key, len(found))
                found.append(finding)
        if ran.read.unused:
            found = [finding for finding in found if not one_cause.is_unused(finding, ran.read.unused)]
        found = one_cause.uncovered(found, rules, by_table=True)
        if ran.read.places is None and any(finding.stages for finding in found):
            found = with_kept_clauses(found, ran.traces)
        return unmasked(ran, found)

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
        severity = ran.settings.severity.get(rule.name) or hit.severity or rule.severity
        message = stages.message(rule.message, hit, made.text)
        queued = registry.known(file.dialect).queued
        return Finding(
            rule=rule.name,
            severity="warning" if severity == "off" else severity,
            category=rule.category,
            message=message,
            path=file.path,
            span=hit.span,
            help=hit.values.get("help") or stages.message(_cure(rule, step, made, file.runner), hit, made.text),
            consequence=sentences(step, made.locks, message, queued=queued) if step is not None else (),
            dialect=file.dialect,
            server_version=ran.version,
            runner=file.runner,
            direction=made.section.direction,
            statement=step.statement.number if step is not None else 0,
            operation=step.operation.kind if step is not None else "",
            table=step.table if step is not None else None,
            column=_column(step),
            effect=step.whole if step is not None else None,
            in_transaction=in_transaction(step) if step is not None else None,
            related=tuple(Related(*each) for each in hit.related),
            stages=stages.render(rule, hit, made, ran.version),
        )

    def _suppress(self, ran: Ran, found: list[Finding], selected: frozenset[str]) -> list[Finding]:
        from safecol import suppress

        text = ran.read.source.text
        if not suppress.wanted(text, ran.settings) or not registry.is_read(ran.read.file.dialect):
            return found
        statements = tuple(
            statement
            for section, statements in ran.read.migration.sections
            if section.direction != "down"
            for statement in statements
        )
        comments = loaded.front(ran.read.file.dialect).all_comments(ran.read.text, statements)
        if ran.read.places is not None:
            from safecol.frontends.python import placed

            comments = placed.comments(text, comments, ran.read.places)
            statements = placed.statements(statements, ran.read.places)
        applied = suppress.apply(
            found,
            comments,
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
        self._finish()
        targets = sum(1 for use in self.uses if use.role == "target")
        guesses = tuple(_guess(what, paths, targets) for what, paths in self.assumed.items())
        return Result(
            findings=tuple(self.findings),
            unanalyzed=tuple(self.unanalyzed),
            targets=targets,
            context=len(self.uses) - targets,
            statements=self.statements,
            suppressed=tuple(self.suppressed),
            guesses=guesses,
            notes=(*self._missed(), *self.noted, *offers(self.findings)),
            files=tuple(self.uses),
            texts=self.texts,
            statements_of=self.statements_of,
            coverage=self.coverage,
        )


def _guess(what: str, paths: list[str], targets: int) -> str:
    """What was assumed, for which files unless for all, and the setting that says it."""
    where = "" if len(paths) == targets else f" for {paths[0] if len(paths) == 1 else f'{len(paths)} files'}"
    setting = "-".join(what.split()[:-1])
    told = (
        f"{setting} in the settings says"
        if setting.startswith("django")
        else f"--{setting}, or {setting} in the settings, says"
    )
    return f"{what} assumed{where} ({told} which)"


def _cure(rule: Rule, step: Step | None, made: Trace, runner: str) -> str:
    """The page's help, in the words of the framework where one of its operations sends the statement."""
    own = rule.helps.get(runner)
    if own is None or step is None:
        return own or rule.help
    return rule.help if made.sent_by is None or made.sent_by(step.statement.span)[0] == "RunSQL" else own


def _column(step: Step | None) -> str | None:
    if step is None:
        return None
    name: str | None = getattr(step.operation.definition, "name", None)
    return step.operation.column or (name if step.operation.kind == "add-column" else None)
