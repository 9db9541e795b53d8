"""The pipeline: files and settings come in; they are read, folded and matched; a result or effects go out."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from safecol.catalog import Catalog
from safecol.collecting import SCHEMA, Collected
from safecol.context import Context
from safecol.dialects import loaded, registry
from safecol.effect import StatementEffect
from safecol.finding import Finding, Result
from safecol.fold import Dialect, trace
from safecol.ran import Ran
from safecol.read_file import ReadFile
from safecol.reader import read
from safecol.reading import read_all
from safecol.request import EffectsRequest, LintRequest
from safecol.runners.migration_file import MigrationFile
from safecol.settings import PathSettings
from safecol.settings_file import milliseconds
from safecol.statement_effects import statement_effects
from safecol.trace import Problem, Trace

if TYPE_CHECKING:
    from safecol.frontends.django.project import Project


def lint(request: LintRequest) -> Result:
    """Findings of all targets, with what was read, suppressed, assumed and not understood."""
    collected = Collected(
        request.catalog, request.files, request.edited, whole=request.change_set != "all", sources=request.sources,
        marks=request.marks,
    )  # fmt: skip
    for ran in run(request.files, request.settings.for_path, request.catalog, request.contents, request.schema,
                   change_set=request.change_set, jobs=request.jobs, cache=request.cache):  # fmt: skip
        collected.add(ran, request.selected(ran.read.file.path))
    return collected.result()


def effects(request: EffectsRequest, catalog: Catalog) -> tuple[StatementEffect, ...]:
    """What each statement of the targets does."""
    found: list[StatementEffect] = []
    for ran in run(request.files, request.settings.for_path, catalog, request.contents, request.schema,
                   change_set="each"):  # fmt: skip
        if ran.read.file.target:
            found.extend(statement_effects(ran))
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
    code: Mapping[str, str] | None = None,
    naming: Mapping[str, str] | None = None,
) -> list[Finding]:
    """Findings for texts that are on no disk: the blocks of pages. `setup` existed before, with rows.

    `code` are texts of the application by path, `naming` the patterns of names.
    """
    names = dict(files)
    environment = {name: names.pop(name) for name in ("env.py",) if name in names}
    before = {f"setup-{number}.{_suffix(text)}": text for number, text in enumerate(setup, 1)}
    wrong = _beside_each_other({**before, **names}) if runner == "alembic" else {}
    made = [
        MigrationFile(
            path, runner if path in names or path.endswith(".py") else "plain", dialect, "settings", "texts",
            target=path in names, ignored=path in names and _passed_over(runner, path),
            environment="env.py" if environment else "", problems=wrong.get(path, ()),
            app=_APP if runner == "django" else "", project=_project(runner, path),
        )
        for path in (*before, *names)
    ]  # fmt: skip
    settings = PathSettings(
        dialect=dialect,
        server_version=version,
        lock_timeout_ms=milliseconds(lock_timeout),
        runner_transaction=transaction,
        naming=naming or {},
    )
    collected = Collected(catalog, made, code=code or {})
    chosen = frozenset(rules if rules is not None else catalog.defaults())
    for ran in run(made, lambda _path: settings, catalog, {**before, **names, **environment}, None, change_set="each"):
        collected.add(ran, chosen)
    return list(collected.result().findings)


_APP = "shop"
"""The app of Django that migrations on no disk belong to."""


def _project(runner: str, path: str) -> "Project | None":
    if runner != "django" or not path.endswith(".py"):
        return None
    from safecol.frontends.django.project import Project

    return Project(django_source="settings", apps=frozenset({_APP}))


def _suffix(text: str) -> str:
    return "py" if "def upgrade(" in text or "class Migration" in text else "sql"


def _beside_each_other(texts: Mapping[str, str]) -> dict[str, tuple[Problem, ...]]:
    """What is wrong with the revisions of version files beside each other."""
    from safecol.frontends.alembic import graph

    found = {path: graph.revision(text) for path, text in texts.items() if path.endswith(".py")}
    return graph.problems({path: one for path, one in found.items() if one is not None})


def _passed_over(runner: str, path: str) -> bool:
    """Whether a runner ignores a text of this name; `1.sql` is a text without a name."""
    from safecol.runners.table import RUNNERS, executes

    named = not path.partition(".")[0].isdigit()
    return named and runner in RUNNERS and RUNNERS[runner].strict and not executes(runner, path)


def run(
    files: Sequence[MigrationFile],
    settings: Callable[[str], PathSettings],
    catalog: Catalog,
    contents: Mapping[str, str],
    schema: str | None,
    *,
    change_set: str,
    jobs: int | None = None,
    cache: str | None = None,
) -> Iterator[Ran]:
    """Read and fold every file, context included, in the order given; histories are separate."""
    with_context = {file.history for file in files if not file.target}
    contexts: dict[tuple[str, str], Context] = {}
    together_first: dict[tuple[str, str], set[int]] = {}
    read_files = read_all(
        files,
        contents,
        lambda path: settings(path).runner_transaction,
        jobs,
        version=lambda path: settings(path).server_version or "",
        cache=cache,
    )
    for file, done in zip(files, read_files, strict=True):
        chosen = settings(file.path)
        version = chosen.server_version or registry.known(done.file.dialect).default_version
        if done.source.problem or done.unread:
            yield Ran(done, (), chosen, version)
            continue
        key = (file.history, done.file.dialect)
        context = contexts.get(key)
        dialect = loaded.judge(done.file.dialect, catalog)
        if context is None:
            context = contexts[key] = _context(done.file.dialect, dialect.number(version), chosen)
            if schema is not None:
                dump = _start_from(context, dialect, schema)
                yield Ran(dump, (), chosen, version)
            _limit(context, chosen)
        context.file += 1
        together = change_set == "all" or (change_set == "named" and file.history in with_context)
        if not together or not file.target or context.new_since == 0:
            context.new_since = context.file
            context.before = ()
        if not file.target:
            context.new_since = 0
        context.kin = frozenset()
        if file.initial:  # the first migrations of an app run one after the other, before anyone uses its tables
            first = together_first.setdefault((file.history, file.app), set())
            context.kin = frozenset(first)
            first.add(context.file)
        context.judged = file.target
        traces = _traces(context, dialect, done)
        if chosen.naming:
            traces = tuple(made._replace(naming=chosen.naming) for made in traces)
        yield Ran(done, traces, chosen, version, context.schema)


def _context(name: str, version: int, chosen: PathSettings) -> Context:
    context = Context(
        name,
        version,
        default_schema=chosen.default_schema or registry.known(name).default_schema,
        timezone=chosen.timezone,
    )
    default = f"{context.default_schema}."
    context.small = frozenset(name.removeprefix(default) for name in chosen.small_tables)
    return context


def _start_from(context: Context, dialect: Dialect, schema: str) -> ReadFile:
    dump = MigrationFile(SCHEMA, "psql", context.dialect, "settings", target=False)
    done = read(dump, {SCHEMA: schema})
    context.file = 1
    context.judged = False
    _traces(context, dialect, done)
    return done


def _limit(context: Context, chosen: PathSettings) -> None:
    limits = (("lock_timeout", chosen.lock_timeout_ms), ("statement_timeout", chosen.statement_timeout_ms))
    for setting, value in limits:
        if value is not None:
            context.session[setting] = str(value)


def _traces(context: Context, dialect: Dialect, done: ReadFile) -> tuple[Trace, ...]:
    found: list[Trace] = []
    session = dict(context.session)
    for name, value in done.session:
        kept, known = dialect.setting(name, value)
        context.session.setdefault(kept, known)
    for section, statements in done.migration.sections:
        if section.direction != "down":
            made = trace(context, dialect, done.migration, done.text, section, statements)
            if done.places is not None:
                made = made._replace(line_of=done.line_of, sent_by=done.places.sender)
            found.append(made._replace(before=(*context.before, *found)))
    # Each file runs in a session of its own as far as anyone can say.
    context.session = session
    context.local = {}
    context.search_path = (context.default_schema,)
    context.before = (*context.before, *found)
    return tuple(found)
