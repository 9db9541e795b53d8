"""A migration file's text comes in; its sections come out: which part runs in which direction and transaction."""

import re

from safecol.dialects import registry
from safecol.operations import Section
from safecol.patterns import lazy
from safecol.records import NamedTuple
from safecol.runners import problems
from safecol.runners.migration_file import MigrationFile
from safecol.runners.table import RUNNERS, Runner, marker_of
from safecol.source import Span
from safecol.trace import Problem

# Runners that a file's own marker may correct: nothing but its name or the default spoke for them.
_WEAK_SOURCES = frozenset({"default", "name"})

_TERN = lazy(r"^---- create above / drop below ----[^\n]*$", re.MULTILINE)
_TXTAR = lazy(r"^--[^\S\n]+(\S+\.sql)[^\S\n]+--[^\S\n]*\r?$", re.MULTILINE)
_COMMENT = lazy(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_HIDDEN = lazy(r"'(?:[^']|'')*'|\$(\w*)\$.*?\$\1\$", re.DOTALL)
# What Flyway knows to be impossible in a transaction. REINDEX INDEX CONCURRENTLY isn't in its list.
_FLYWAY_ALONE = lazy(
    r"(?:CREATE|DROP)\s+(?:UNIQUE\s+)?INDEX\s+CONCURRENTLY\b|(?:CREATE|DROP)\s+(?:DATABASE|TABLESPACE|SUBSCRIPTION)\b"
    r"|ALTER\s+SYSTEM\b|REINDEX\s+(?:\(\s*VERBOSE\s*\)\s*|VERBOSE\s+)?(?:SCHEMA|DATABASE|SYSTEM)\b|VACUUM\b|DISCARD\s+ALL\b",
    re.IGNORECASE,
)
_LIQUIBASE_OTHER = lazy(r"(?i)\bdbms:\"?([\w!,\s]+?)(?=\"|\s+\w+:|\s*$)")


class SectionReading(NamedTuple):
    """The sections in the order of the text, and what the runner makes of the file's name and markers."""

    sections: tuple[Section, ...]
    problems: tuple[Problem, ...] = ()


def refine(file: MigrationFile, text: str) -> MigrationFile:
    """`file` with the runner that a marker in its text names, where only its name or nothing had spoken."""
    if file.runner_source not in _WEAK_SOURCES:
        return file
    found = marker_of(text)
    if not found or found == file.runner:
        return file._replace(runner_source="marker") if found else file
    from safecol.runners import ordering

    direction = ordering.direction(found, file.path)
    order = ordering.key(found, file.name, direction == "down")
    return file._replace(runner=found, runner_source="marker", direction=direction, order=order, ignored=False)


def sections(text: str, file: MigrationFile) -> SectionReading:
    """The parts of `text` that the runner executes, and problems of the file's name and markers."""
    found = _sections(text, file)
    known = registry.known(file.dialect)
    if known.joined or not known.front or not any(each.transaction == "implicit" for each in found.sections):
        return found
    # What is sent in one call is a transaction on PostgreSQL only: elsewhere each statement commits for itself.
    alone = tuple(
        each._replace(transaction="autocommit") if each.transaction == "implicit" else each for each in found.sections
    )
    return found._replace(sections=alone)


def _sections(text: str, file: MigrationFile) -> SectionReading:
    runner = RUNNERS.get(file.runner, RUNNERS["plain"])
    found = problems.of_file(text, file, runner)
    if runner.name == "liquibase":
        return SectionReading(_changesets(text, runner, file.dialect), found)
    if runner.marks:
        return SectionReading(_marked(text, runner, file), found)
    if runner.name == "tern" and (separator := _TERN.search(text)):
        how = _transaction(runner, text, file)
        parts = (
            Section("up", Span(0, separator.start()), how),
            Section("down", Span(separator.end(), len(text)), how),
        )
        return SectionReading(parts, found)
    if runner.name == "atlas" and "atlas:txtar" in text:
        return SectionReading(_archive(text, runner, file), found)
    how = _transaction(runner, text, file)
    return SectionReading((Section(file.direction or "up", Span(0, len(text)), how),), found)


def _transaction(runner: Runner, text: str, file: MigrationFile) -> str:
    if file.no_transaction:
        return runner.without
    if runner.no_transaction and re.search(runner.no_transaction, text):
        return runner.without if not (runner.name == "sqlx" and file.dialect == "mysql") else runner.transaction
    if runner.name == "flyway" and _only_alone(text):
        return runner.without
    if runner.name == "golang-migrate" and file.dialect == "sqlite":
        return "wrapped"  # its sqlite3 driver wraps unless x-no-tx-wrap
    return runner.transaction


def _marked(text: str, runner: Runner, file: MigrationFile) -> tuple[Section, ...]:
    marks = list(re.finditer(runner.marks, text))
    whole = _transaction(runner, text, file) if not runner.per_section else runner.transaction
    if not marks:
        return (Section("up", Span(0, len(text)), whole),)
    result = []
    # SQL before the first mark is an error or ignored; it is read as the first section's so that nothing is hidden.
    start = 0 if _has_sql(text[: marks[0].start()]) else marks[0].end()
    for number, mark in enumerate(marks):
        end = marks[number + 1].start() if number + 1 < len(marks) else len(text)
        alone = runner.per_section and re.search(runner.no_transaction, mark["options"] or "")
        how = runner.without if alone else whole
        result.append(Section(mark["direction"].lower(), Span(mark.end() if number else start, end), how))
    return tuple(result)


def _changesets(text: str, runner: Runner, dialect: str) -> tuple[Section, ...]:
    marks = list(re.finditer(runner.marks, text))
    if not marks:
        return (Section("up", Span(0, len(text)), runner.transaction),)
    result = []
    for number, mark in enumerate(marks):
        options = mark["options"]
        if re.search(r"(?i)\bignore:\"?true", options) or not _for_dialect(options, dialect):
            continue
        end = marks[number + 1].start() if number + 1 < len(marks) else len(text)
        how = runner.transaction
        if re.search(runner.no_transaction, options):
            how = "implicit" if re.search(r"(?i)\bsplitStatements:\"?false", options) else runner.without
        words = options.split()
        result.append(Section("up", Span(mark.end(), end), how, words[0] if words else ""))
    return tuple(result)


def _for_dialect(options: str, dialect: str) -> bool:
    found = _LIQUIBASE_OTHER.search(options)
    if not found:
        return True
    named = {word.strip().lower() for word in found[1].split(",") if word.strip()}
    wanted = {word for word in named if not word.startswith("!")}
    if f"!{dialect}" in named or "none" in wanted:
        return False
    return not wanted or dialect in wanted or "all" in wanted


def _archive(text: str, runner: Runner, file: MigrationFile) -> tuple[Section, ...]:
    marks = list(_TXTAR.finditer(text))
    how = _transaction(runner, text, file)
    result = []
    for number, mark in enumerate(marks):
        end = marks[number + 1].start() if number + 1 < len(marks) else len(text)
        if mark[1] in {"migration.sql", "down.sql"}:
            direction = "down" if mark[1] == "down.sql" else "up"
            result.append(Section(direction, Span(mark.end(), end), how))
    return tuple(result) or (Section("up", Span(0, len(text)), how),)


def _has_sql(text: str) -> bool:
    return bool(_COMMENT.sub("", text).strip("\ufeff \t\r\n;"))


def _only_alone(text: str) -> bool:
    """Whether every statement is one that Flyway runs outside a transaction by itself."""
    if not _FLYWAY_ALONE.search(text):
        return False
    statements = _HIDDEN.sub("''", _COMMENT.sub(" ", text)).split(";")
    heads = [head for statement in statements if (head := statement.strip("\ufeff \t\r\n"))]
    return bool(heads) and all(_FLYWAY_ALONE.match(head) for head in heads)
