"""Files come in; their text, sections and statements, read by their dialect's front end, go out."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from safecol.dialects import registry
from safecol.operations import Migration, Section, Statement
from safecol.records import NamedTuple
from safecol.runners import reading as runner_reading
from safecol.runners.migration_file import MigrationFile
from safecol.runners.problems import of_placeholders
from safecol.source import Source, Span
from safecol.trace import Placeholder, Problem

if TYPE_CHECKING:
    from safecol.frontends.django.reading import Replay
    from safecol.frontends.python.emitted import Places

_MANY = 40
"""From so many files on, it may pay to look for what was read before."""


class ReadFile(NamedTuple):
    """A file as read. `problems` are what its runner or its text does wrong; `unread` says why nothing was read.

    A migration in another language is read as the SQL that it sends: `emitted` is that text, which spans refer to, and
    `places` its map back into the file. `session` are settings that its runner makes, as (name, value). `met` counts
    the operations of such a migration, `missed` those of them that were not understood.
    """

    file: MigrationFile
    source: Source
    migration: Migration
    problems: tuple[Problem, ...] = ()
    placeholders: tuple[Placeholder, ...] = ()
    unread: str = ""
    emitted: str | None = None
    places: "Places | None" = None
    session: tuple[tuple[str, str], ...] = ()
    met: int = 0
    missed: int = 0

    @property
    def text(self) -> str:
        """The SQL that spans refer to."""
        return self.source.text if self.emitted is None else self.emitted

    def place(self, span: Span) -> Span:
        """Where a span of `text` stands in the file."""
        return span if self.places is None else self.places.at(span)

    def line_of(self, span: Span) -> int:
        """The 1-based line of the file where a span of `text` begins."""
        return self.source.position(self.place(span).start)[0]

    @property
    def statements(self) -> tuple[Statement, ...]:
        """All statements of all sections, in the order of the text."""
        return tuple(statement for _, statements in self.migration.sections for statement in statements)


def read_all(
    files: Sequence[MigrationFile],
    contents: Mapping[str, str],
    transaction: Callable[[str], str | None],
    jobs: int | None = None,
    version: Callable[[str], str] = lambda _path: "",
    cache: str | None = None,
) -> Iterator[ReadFile]:
    """Each file as `read` reads it, in order; `transaction` says for a path how the runner sends a section.

    `jobs` is the number of processes for many files: None takes the processors that there are, 1 uses no other one.
    `version` is the server's, by path. `cache` is the folder of what was read before; None does without.
    """
    replays = _replays(files, contents, version)

    def one(file: MigrationFile) -> ReadFile:
        return read(file, contents, transaction(file.path), replays.get(file.history))

    if len(files) < _MANY:
        yield from map(one, files)
        return
    from safecol import ahead, remembering

    # Folding what was read takes longer than reading it: more than two would wait for it.
    readers = min(2, (jobs or _processors()) - 1) if hasattr(os, "fork") else 0
    if cache is None:
        yield from ahead.read_all(files, one, readers)
        return

    def text(file: MigrationFile) -> Source:
        return _source(file, contents)

    yield from remembering.read_all(files, one, text, readers, cache, lambda file: transaction(file.path))


def _processors() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on every system
        return os.cpu_count() or 1


def _replays(
    files: Sequence[MigrationFile], contents: Mapping[str, str], version: Callable[[str], str]
) -> "Mapping[str, Replay]":
    """What has to be known of Django's projects before a migration of theirs can be read, by history."""
    if not any(file.project is not None for file in files):
        return {}
    from safecol.frontends.django import reading

    return reading.replays(files, lambda file: _source(file, contents).text, version)


def read(
    file: MigrationFile, contents: Mapping[str, str], transaction: str | None = None, replay: "Replay | None" = None
) -> ReadFile:
    """Read one file; `contents` overrides the text of files by absolute path.

    `transaction` overrides how the runner sends a section. `replay` has the migrations before it where it is one of
    Django's. Never raises for a bad file: see `Source.problem`.
    """
    source = _source(file, contents)
    if source.problem:
        return ReadFile(file, source, _migration(file, ()))
    python = file.runner in ("alembic", "django") and file.path.endswith(".py")
    if not python:
        file = runner_reading.refine(file, source.text)
    if not registry.is_read(file.dialect):
        return ReadFile(file, source, _migration(file, ()), unread=f"{file.dialect or 'this dialect'} is not read yet")
    if python:
        return (
            _read_alembic(file, source, transaction, contents)
            if file.runner == "alembic"
            else _read_django(file, source, transaction, replay)
        )
    found = runner_reading.sections(source.text, file)
    front = registry.front(file.dialect)
    sections: list[tuple[Section, tuple[Statement, ...]]] = []
    placeholders: list[Placeholder] = []
    number = 1
    for section in found.sections:
        how = section._replace(transaction=transaction) if transaction else section
        reading = front.read_section(source.text, how, number)
        number += len(reading.statements)
        sections.append((how, reading.statements))
        placeholders.extend(reading.placeholders)
    problems = found.problems
    if placeholders:
        problems = (*problems, *of_placeholders(file, placeholders, source.text))
    return ReadFile(file, source, _migration(file, tuple(sections)), problems, tuple(placeholders))


def _read_alembic(
    file: MigrationFile, source: Source, transaction: str | None, contents: Mapping[str, str]
) -> ReadFile:
    from safecol.frontends.alembic import environment, reading

    known = contents.get(file.environment) if file.environment else None
    around = environment.environment(file.environment) if known is None else environment.of_text(known)
    path = os.path.abspath(file.path) if "/" in file.path or os.path.exists(file.path) else ""
    found = reading.read(
        source.text, transaction or around.transaction, file.dialect, path, file.environment, dict(file.helpers),
        opened=around.open, engines=dict(file.engines),
    )  # fmt: skip
    migration = _migration(file, found.sections)
    return ReadFile(
        file, source, migration, (*file.problems, *found.problems), found.placeholders, emitted=found.text,
        places=found.places, session=around.session, met=found.met, missed=found.missed,
    )  # fmt: skip


def _read_django(file: MigrationFile, source: Source, transaction: str | None, replay: "Replay | None") -> ReadFile:
    from safecol.frontends.django import reading

    found = (replay or reading.Replay([file], lambda _file: "")).read(file, source.text, transaction)
    migration = _migration(file, found.sections)
    session = file.project.session if file.project is not None else ()
    return ReadFile(
        file, source, migration, found.problems, found.placeholders, emitted=found.text, places=found.places,
        session=session, met=found.met, missed=found.missed,
    )  # fmt: skip


def _source(file: MigrationFile, contents: Mapping[str, str]) -> Source:
    if contents:
        from os.path import abspath

        text = contents.get(abspath(file.path), contents.get(file.path))
        if text is not None:
            return _unsaved(file.path, text)
    from safecol.frontends.reading import read_source

    return read_source(file.path)


def _unsaved(path: str, text: str) -> Source:
    """A text that was never a file, or not this one: bytes that aren't text are found as in a file."""
    if text.isascii() and "\0" not in text:
        return Source(path, text)
    from safecol.frontends.reading import read_source

    try:
        return read_source(path, text.encode("utf-8", "surrogateescape"))
    except UnicodeEncodeError:  # a lone surrogate of its own
        return Source(path, text)


def _migration(file: MigrationFile, sections: tuple[tuple[Section, tuple[Statement, ...]], ...]) -> Migration:
    return Migration(file.path, file.history, file.runner, file.dialect, sections)
