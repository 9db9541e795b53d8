"""A file comes in; its text, sections and statements, read by its dialect's front end, go out."""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from safecol.dialects import loaded, registry
from safecol.operations import Migration, Section, Statement
from safecol.read_file import ReadFile
from safecol.runners import reading as runner_reading
from safecol.runners.migration_file import MigrationFile
from safecol.runners.problems import of_placeholders
from safecol.source import Source
from safecol.trace import Placeholder

if TYPE_CHECKING:
    from safecol.frontends.django.reading import Replay


def read(
    file: MigrationFile, contents: Mapping[str, str], transaction: str | None = None, replay: "Replay | None" = None
) -> ReadFile:
    """Read one file; `contents` overrides the text of files by absolute path.

    `transaction` overrides how the runner sends a section. `replay` has the migrations before it where it is one of
    Django's. Never raises for a bad file: see `Source.problem`.
    """
    source = source_of(file, contents)
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
    front = loaded.front(file.dialect)
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
        source.text, transaction or around.of_dialect(file.dialect), file.dialect, path, file.environment,
        dict(file.helpers), opened=around.open, engines=dict(file.engines),
        libraries=dict(file.libraries),
    )  # fmt: skip
    migration = _migration(file, found.sections)
    return ReadFile(
        file, source, migration, (*file.problems, *found.problems), found.placeholders, emitted=found.text,
        places=found.places, session=around.session, met=found.met, missed=found.missed, opened=around.open,
    )  # fmt: skip


def _read_django(file: MigrationFile, source: Source, transaction: str | None, replay: "Replay | None") -> ReadFile:
    from safecol.frontends.django import reading

    found = (replay or reading.Replay([file], lambda _file: "")).read(file, source.text, transaction)
    migration = _migration(file, found.sections)
    session = file.project.session if file.project is not None else ()
    return ReadFile(
        file, source, migration, (*file.problems, *found.problems), found.placeholders, emitted=found.text,
        places=found.places, session=session, met=found.met, missed=found.missed, unused=found.unused,
    )  # fmt: skip


def source_of(file: MigrationFile, contents: Mapping[str, str]) -> Source:
    """The text of a file: that of `contents`, by absolute path, or what is on the disk."""
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
