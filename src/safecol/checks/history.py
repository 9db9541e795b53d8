"""Whole histories: the files of a run, or one file with those before it, come in; problems of their pages go out."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence

from safecol.operations import ConstraintDefinition, Migration
from safecol.patterns import lazy
from safecol.runners.migration_file import MigrationFile
from safecol.runners.table import RUNNERS
from safecol.schema import Schema
from safecol.source import Span
from safecol.trace import Problem, Step

_TOP = Span(0, 0)
_COMMENTS = lazy(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
# An empty file that says that it is meant to be.
_MEANT = lazy(
    r"\b(?:intentional\w*|deliberate\w*|on purpose|blank|no-?op|nothing (?:to do|here)|do not edit|taken back)\b",
    re.IGNORECASE,
)
_NUMBER = lazy(r"(\d+)")
_DOTTED = lazy(r"V(\d[\d._]*?)__")
# Tools that refuse, or skip, what comes in before the last migration that they have run.
_IN_ORDER = frozenset({"flyway", "golang-migrate", "goose", "tern", "refinery"})
_VERSIONED = _IN_ORDER | {"dbmate", "sqlx", "supabase"}
_DESTRUCTIVE = frozenset({"drop-table", "drop-column", "drop-schema", "truncate", "drop-type"})
_CHECKS = frozenset(
    {"validate-constraint", "domain-validate-constraint", "set", "reset", "commit", "analyze", "vacuum", "select"}
)
_DOWNGRADE = lazy(r"^(?:async )?def downgrade\(.*?(?=^[^\s)#]|\Z)", re.MULTILINE | re.DOTALL)
# A comment that isn't a generator's: words about why there is no way back.
_SAID = lazy(r"^[^'\"\n]*#(?!\s*###)\s*\w", re.MULTILINE)
_SAID_IN_SQL = lazy(r"^\s*--\s*(?!migrate:)\w", re.MULTILINE | re.IGNORECASE)


def of_files(files: Sequence[MigrationFile], edited: Collection[str]) -> dict[str, tuple[Problem, ...]]:
    """What is wrong with the names of targets beside the others, and which of them were edited, by path."""
    found: dict[str, list[Problem]] = {}
    for path in edited:
        found.setdefault(path, []).append(_edited())
    for group in _histories(files):
        for file, problem in (*_duplicates(group), *_out_of_order(group), *_without_down(group)):
            found.setdefault(file.path, []).append(problem)
    return {path: tuple(problems) for path, problems in found.items()}


def _histories(files: Sequence[MigrationFile]) -> Iterator[list[MigrationFile]]:
    groups: dict[tuple[str, str], list[MigrationFile]] = {}
    for file in files:
        groups.setdefault((file.history, file.runner), []).append(file)
    yield from groups.values()


def _edited() -> Problem:
    return Problem(
        "edited-migration",
        _TOP,
        "This migration existed before the change and is edited: databases that have run it don't run it again",
        "Leave it as it was, and write what is to change as a new migration",
    )


def version(file: MigrationFile) -> tuple[int, ...] | None:
    """The version that the runner reads from a file's name; None without one, and for files that run each time."""
    if file.runner not in _VERSIONED or file.ignored:
        return None
    found = (_DOTTED if file.runner in ("flyway", "refinery") else _NUMBER).match(file.name)
    return tuple(int(part) for part in re.split(r"[._]", found[1]) if part) if found else None


def _duplicates(group: list[MigrationFile]) -> Iterator[tuple[MigrationFile, Problem]]:
    seen: dict[tuple[tuple[int, ...], str], MigrationFile] = {}
    for file in group:
        made = version(file)
        if made is None:
            continue
        first = seen.setdefault((made, file.direction), file)
        if first is file or first.path == file.path:
            continue
        # Of two, the one that is new is told; with both new, the later.
        told, other = (file, first) if file.target else (first, file)
        if told.target:
            yield (
                told,
                Problem(
                    "duplicate-version",
                    _TOP,
                    f"`{other.name}` has the same version: {file.runner} refuses both, or runs only one of them",
                ),
            )


def _out_of_order(group: list[MigrationFile]) -> Iterator[tuple[MigrationFile, Problem]]:
    """Targets whose version is below that of one which was there before; nothing when all files are targets."""
    before = [(made, file) for file in group if not file.target and (made := version(file)) is not None]
    if not before:
        return
    last, newest = max(before, key=lambda each: each[0])
    for file in group:
        made = version(file)
        if file.target and made is not None and made < last and file.runner in _IN_ORDER and file.direction != "down":
            yield (
                file,
                Problem(
                    "out-of-order-version",
                    _TOP,
                    f"`{newest.name}` was there before and has a higher version: where it has run, "
                    f"{file.runner} refuses this file or passes over it",
                ),
            )


def _without_down(group: list[MigrationFile]) -> Iterator[tuple[MigrationFile, Problem]]:
    """Up files without a down file, in histories where most have one."""
    downs = {file.order[:3] for file in group if file.direction == "down"}
    ups = [file for file in group if file.direction == "up" and not file.ignored]
    if 2 * len(downs) < len(ups) or not downs or group[0].runner in {"flyway", "sqitch"}:
        return
    for file in ups:
        if file.target and file.order[:3] not in downs:
            yield file, _irreversible("there is no down file beside it, as there is for the others")


def _irreversible(why: str) -> Problem:
    return Problem("irreversible-migration", _TOP, f"This migration can't be taken back: {why}")


def of_migration(migration: Migration, text: str, downs: Mapping[str, tuple[int, int]]) -> Iterator[Problem]:
    """What is wrong with one file in view of those before it in its history.

    `downs` holds, by history, how many files of those read so far have down sections with statements, and how many.
    """
    statements = [statement for _, found in migration.sections for statement in found]
    forward = any(section.direction != "down" for section, _ in migration.sections)
    written = statements or _COMMENTS.sub("", text).strip("\ufeff \t\r\n;")
    if migration.path.endswith(".sql") and forward and not written and not _MEANT.search(text):
        yield Problem("empty-migration", Span(0, len(text.split("\n", 1)[0])), "This migration has no statement")
    runner = RUNNERS.get(migration.runner)
    has_both = runner is not None and runner.marks and migration.runner != "liquibase"
    if (has_both or migration.runner == "alembic") and statements and not _down(migration):
        with_down, files = downs.get(migration.history, (0, 0))
        told = files >= 3 and 2 * with_down > files
        if told and not _leaves_nothing(migration) and not _explained(migration, text):
            yield _irreversible("its down section is missing or empty, unlike those of the files before it")
    for section, found in migration.sections:
        if section.direction != "down":
            continue
        for statement in found:
            drops = [operation for operation in statement.operations if operation.kind in _DESTRUCTIVE]
            if drops:
                what = drops[0].kind.replace("-", " ").upper()
                yield Problem(
                    "destructive-down", statement.span, f"{what} in a down section: what was written since is lost"
                )


def _explained(migration: Migration, text: str) -> bool:
    """Whether the empty down part says why it is empty."""
    if migration.runner == "alembic":
        written = _DOWNGRADE.search(text)
        return written is not None and _SAID.search(written[0]) is not None
    down = (text[one.span.start : one.span.end] for one, _ in migration.sections if one.direction == "down")
    return any(_SAID_IN_SQL.search(one) for one in down)


def _leaves_nothing(migration: Migration) -> bool:
    """Whether all that runs forward only checks rows, or fills them in batches: there is nothing to take back."""
    forward = [statement for section, found in migration.sections if section.direction != "down" for statement in found]
    return all(
        statement.opaque is None
        and all(
            one.kind in _CHECKS or (one.kind == "update" and "batched" in one.flags) for one in statement.operations
        )
        for statement in forward
    )


def _down(migration: Migration) -> bool:
    return any(section.direction == "down" and found for section, found in migration.sections)


def counted(migration: Migration, downs: Mapping[str, tuple[int, int]]) -> tuple[int, int]:
    """How many files of the history have a down section, and how many it has, this one included."""
    with_down, files = downs.get(migration.history, (0, 0))
    return with_down + _down(migration), files + 1


Written = tuple[Span, str, str | None]


def unvalidated(schema: Schema) -> dict[Written, str]:
    """The names of the constraints that are NOT VALID, by where and as what they were written."""
    found: dict[Written, str] = {}
    for table in schema.tables.values():
        for constraint in table.constraints.values():
            if constraint.enforced and not constraint.validated:
                found.setdefault(_written(constraint.definition), constraint.name)
    return found


def written(step: Step) -> Written:
    """Where and as what the constraint that a step adds was written."""
    definition = step.operation.definition
    assert isinstance(definition, ConstraintDefinition)  # noqa: S101 - narrowing: `adds_unvalidated` has looked
    return _written(definition)


def _written(definition: ConstraintDefinition) -> Written:
    return definition.span, definition.kind, definition.name


def adds_unvalidated(step: Step) -> bool:
    """Whether a step adds a constraint to an existing table without looking at its rows."""
    definition = step.operation.definition
    return (
        step.operation.kind == "add-constraint"
        and isinstance(definition, ConstraintDefinition)
        and not definition.validated
        and definition.enforced
        and step.existing
    )
