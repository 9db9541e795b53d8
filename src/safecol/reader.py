"""Files come in; their text, sections and statements, read by their dialect's front end, go out."""

from collections.abc import Mapping
from typing import NamedTuple

from safecol.operations import Migration, Section, Statement
from safecol.runners import reading as runner_reading
from safecol.runners.migration_file import MigrationFile
from safecol.runners.problems import of_placeholders
from safecol.source import Source
from safecol.trace import Placeholder, Problem

READ_DIALECTS = ("postgresql",)


class ReadFile(NamedTuple):
    """A file as read. `problems` are what its runner or its text does wrong; `unread` says why nothing was read."""

    file: MigrationFile
    source: Source
    migration: Migration
    problems: tuple[Problem, ...] = ()
    placeholders: tuple[Placeholder, ...] = ()
    unread: str = ""

    @property
    def statements(self) -> tuple[Statement, ...]:
        """All statements of all sections, in the order of the text."""
        return tuple(statement for _, statements in self.migration.sections for statement in statements)


def read(file: MigrationFile, contents: Mapping[str, str], transaction: str | None = None) -> ReadFile:
    """Read one file; `contents` overrides the text of files by absolute path.

    `transaction` overrides how the runner sends a section. Never raises for a bad file: see `Source.problem`.
    """
    source = _source(file, contents)
    if source.problem:
        return ReadFile(file, source, _migration(file, ()))
    file = runner_reading.refine(file, source.text)
    if file.dialect not in READ_DIALECTS:
        return ReadFile(file, source, _migration(file, ()), unread=f"{file.dialect or 'this dialect'} is not read yet")
    found = runner_reading.sections(source.text, file)
    from safecol.frontends.postgresql.splitting import read_section

    sections: list[tuple[Section, tuple[Statement, ...]]] = []
    placeholders: list[Placeholder] = []
    number = 1
    for section in found.sections:
        how = section._replace(transaction=transaction) if transaction else section
        reading = read_section(source.text, how, number)
        number += len(reading.statements)
        sections.append((how, reading.statements))
        placeholders.extend(reading.placeholders)
    problems = found.problems
    if placeholders:
        problems = (*problems, *of_placeholders(file, placeholders, source.text))
    return ReadFile(file, source, _migration(file, tuple(sections)), problems, tuple(placeholders))


def _source(file: MigrationFile, contents: Mapping[str, str]) -> Source:
    if contents:
        from os.path import abspath

        text = contents.get(abspath(file.path), contents.get(file.path))
        if text is not None:
            return Source(file.path, text)
    from safecol.frontends.reading import read_source

    return read_source(file.path)


def _migration(file: MigrationFile, sections: tuple[tuple[Section, tuple[Statement, ...]], ...]) -> Migration:
    return Migration(file.path, file.history, file.runner, file.dialect, sections)
