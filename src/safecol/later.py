"""Findings that depend on what runs after their file: each is kept as a candidate, and settled at the end of a run."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from safecol.checks import history
from safecol.finding import Finding, Related
from safecol.records import NamedTuple
from safecol.runners.migration_file import MigrationFile
from safecol.schema import Schema
from safecol.settings import PathSettings
from safecol.source import Source, Span
from safecol.trace import Hit, Step, Trace

if TYPE_CHECKING:
    from safecol.code.gone import Gone, Losses
    from safecol.code.search import Used

UNVALIDATED = "unvalidated-constraint"
STALE = "stale-reference"
PLACES = "{places}"
"""Stands in the message of a candidate for the places that are not known yet."""
_TAKES = frozenset(
    {
        "drop-table", "rename-table", "move-to-schema", "drop-view", "rename-view", "drop-column", "rename-column",
        "drop-routine", "rename-object",
    }
)  # fmt: skip
# A search path may lead to a table that has moved.
_FINDS = _TAKES - {"move-to-schema"}
_SHOWN = 5

Make = Callable[[Trace, str, Hit], Finding | None]
"""The finding of a rule at a place, or None where the rule isn't chosen."""


class Candidate(NamedTuple):
    """What tells a finding that may hold: one DROP may take several tables, all of them at one place."""

    rule: str
    path: str
    span: Span
    table: str | None
    column: str | None


def candidate_of(finding: Finding) -> Candidate:
    """What tells a finding, placed in the file as it stands."""
    return Candidate(finding.rule, finding.path, finding.span, finding.table, finding.column)


class _Unvalidated(NamedTuple):
    candidate: Candidate
    written: history.Written
    history: str
    schema: Schema


class Settled(NamedTuple):
    """What became of the candidates: `held` has those that hold, with what is new in the finding.

    `texts` are files of code that findings name, `notes` what could not be searched.
    """

    held: Mapping[Candidate, Finding]
    texts: Mapping[str, Source]
    notes: tuple[str, ...]


class Later:
    """The candidates of a run.

    `code` are texts to search by path instead of those on the disk; `whole`: histories are read to their ends.
    """

    def __init__(self, files: Sequence[MigrationFile], code: Mapping[str, str] | None, *, whole: bool) -> None:
        self._files = files
        self._code = code
        self._whole = whole
        self._unvalidated: list[_Unvalidated] = []
        self._losses: dict[str, Losses[tuple[Candidate, tuple[str, ...]]]] = {}
        self._schemas: dict[str, tuple[Schema, str]] = {}
        self._last: dict[str, str] = {}
        self._made: dict[Candidate, Finding] = {}

    def add(
        self, file: MigrationFile, traces: Sequence[Trace], schema: Schema | None, settings: PathSettings, make: Make,
        place: Callable[[Span], Span],
    ) -> Iterator[Finding]:  # fmt: skip
        """Note a file, targets and context alike; yields what may be found in it."""
        self._last[file.history] = file.path
        if schema is None:
            return
        self._schemas[file.history] = (schema, file.dialect)
        losses = self._losses.get(file.history)
        for made in traces:
            for step in made.steps:
                kind = step.operation.kind
                if kind == "add-constraint":
                    found = self._without_validation(file, made, step, schema, make, place)
                elif kind in _TAKES or losses is not None:
                    found = self._taken(file, made, step, schema, settings, make, place)
                    losses = self._losses.get(file.history)
                else:
                    continue
                if found is not None:
                    yield found

    def _without_validation(
        self, file: MigrationFile, made: Trace, step: Step, schema: Schema, make: Make, place: Callable[[Span], Span]
    ) -> Finding | None:
        if not (self._whole and file.target and history.adds_unvalidated(step)):
            return None
        finding = make(made, UNVALIDATED, Hit(None, step.operation.span))
        if finding is not None:
            candidate = candidate_of(finding._replace(span=place(step.operation.span)))
            self._made[candidate] = finding
            self._unvalidated.append(_Unvalidated(candidate, history.written(step), file.history, schema))
        return finding

    def _taken(
        self, file: MigrationFile, made: Trace, step: Step, schema: Schema, settings: PathSettings, make: Make,
        place: Callable[[Span], Span],
    ) -> Finding | None:  # fmt: skip
        from safecol.code import gone

        operation = step.operation
        if operation.kind not in gone.KINDS:
            return None
        finding = kept = None
        tops = self._tops(file.path, settings) if file.target and operation.kind in _FINDS else ()
        if tops:
            values = {"gone": _named(step), "fate": _fate(step), "places": PLACES}
            finding = make(made, STALE, Hit(step, operation.span, values))
        if finding is not None:
            candidate = candidate_of(finding._replace(span=place(operation.span)))
            self._made[candidate] = finding
            kept = (candidate, tops)
        losses = self._losses.get(file.history)
        if losses is None:
            losses = self._losses[file.history] = gone.Losses(schema.default_schema)
        losses.add(step, kept)
        return finding

    def _tops(self, path: str, settings: PathSettings) -> tuple[str, ...]:
        """The folders whose code uses the database: by the settings, else the repository, else the project."""
        if self._code is not None:
            return ("",) if self._code else ()
        if settings.code_paths is not None:
            return settings.code_paths
        from safecol.code.tree import project, repository

        found = repository(path) or project(path, os.getcwd())
        return (found,) if found else ()

    def settle(self) -> Settled | None:
        """What became of the candidates, when everything has run; None where there are none."""
        if not self._made:
            return None
        held: dict[Candidate, Finding] = {}
        left: dict[int, dict[history.Written, str]] = {}  # by schema: histories have one each, which is complete now
        for one in self._unvalidated:
            if self._last[one.history] == one.candidate.path:
                continue
            if id(one.schema) not in left:
                left[id(one.schema)] = history.unvalidated(one.schema)
            name = left[id(one.schema)].get(one.written)
            if name is not None:
                message = f"`{name}` is added NOT VALID, and no later migration validates it"
                held[one.candidate] = self._made[one.candidate]._replace(message=message)
        texts, notes = self._search(held)
        return Settled(held, texts, notes)

    def _search(self, held: dict[Candidate, Finding]) -> tuple[dict[str, Source], tuple[str, ...]]:
        asked: dict[tuple[str, ...], dict[str, dict[Gone, Candidate]]] = {}
        for name, losses in self._losses.items():
            for gone, (candidate, tops) in losses.left():
                if not self._elsewhere(gone, name):
                    asked.setdefault(tops, {}).setdefault(name, {})[gone] = candidate
        if not asked:
            return {}, ()
        from safecol.code import search

        texts: dict[str, Source] = {}
        notes: dict[str, None] = {}
        leave = {os.path.dirname(os.path.abspath(file.path)) for file in self._files}
        for tops, histories in asked.items():
            questions = [
                search.Question(tuple(gone), _knows(self._schemas[name][0]), self._schemas[name][1])
                for name, gone in histories.items()
            ]
            if self._code is not None:
                answer = search.search_texts(self._code, questions)
            else:
                answer = search.search(tops, questions, leave, _shown)
            if answer.note:
                notes[f"stale-reference: {answer.note} (code-paths in the settings names fewer)"] = None
            for candidates, used in zip(histories.values(), answer.used, strict=True):
                for gone, uses in used.items():
                    candidate = candidates[gone]
                    held[candidate] = _with_places(self._made[candidate], uses)
                    texts |= {one.source.path: one.source for one in uses[:_SHOWN]}
        return texts, tuple(notes)

    def _elsewhere(self, gone: "Gone", name: str) -> bool:
        """Whether another history of the run, or another schema, has the same name: code may mean that one."""
        key = f"{gone.schema}.{gone.name}" if gone.schema else gone.name
        for other, (schema, _) in self._schemas.items():
            if gone.kind == "routine":
                if other != name and key in schema.routines:
                    return True
                continue
            named = (table for at, table in schema.tables.items() if at.rpartition(".")[2] == gone.name)
            if any(gone.column is None or gone.column in table.columns for table in named):
                return True
        return False


def _knows(schema: Schema) -> Callable[[str, str], bool | None]:
    def has_column(relation: str, column: str) -> bool | None:
        table = schema.tables.get(relation) or schema.tables.get(relation.lower())
        return column in table.columns if table is not None and table.complete else None

    return has_column


def _with_places(finding: Finding, uses: "Sequence[Used]") -> Finding:
    first = uses[0]
    more = f" and {len(uses) - 1} more" if len(uses) > 1 else ""
    places = f"{first.source.path}:{first.source.position(first.span.start)[0]}{more}"
    related = tuple(Related(one.source.path, one.span, "the code still uses it, by its text") for one in uses[:_SHOWN])
    return finding._replace(message=finding.message.replace(PLACES, places), related=(*finding.related, *related))


def _named(step: Step) -> str:
    operation = step.operation
    name = step.table or str(operation.relation or "")
    return f"{name}.{operation.column}" if operation.column else name


def _fate(step: Step) -> str:
    kind = step.operation.kind
    return "is renamed" if kind.startswith("rename") else "is dropped"


def _shown(path: str) -> str:
    relative = os.path.relpath(path)
    return (path if relative.startswith(os.pardir) else relative).replace(os.sep, "/")
