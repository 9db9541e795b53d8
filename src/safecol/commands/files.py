"""The migrations that a run reads: paths of the command line come in, discovered files go out, never silently none."""

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from safecol.commands.arguments import located, stdin_text
from safecol.errors import UserError
from safecol.settings import PathSettings

if TYPE_CHECKING:
    from safecol.discover import MigrationFile


def with_stdin(paths: Sequence[str], filename: str | None) -> tuple[list[str], dict[str, str]]:
    """The paths with `-` replaced by its file name, and the text of standard input by absolute path."""
    if "-" not in paths:
        return list(paths), {}
    name = filename or "stdin.sql"
    return [name if path == "-" else path for path in paths], {located(name): stdin_text()}


def find(paths: Sequence[str], contents: Mapping[str, str], settings: PathSettings) -> tuple["MigrationFile", ...]:
    """The migrations under the paths, those before them as context.

    Errors: UserError for a path that doesn't exist, and when a folder holds no migrations.
    """
    from safecol import discover

    on_disk = [path for path in paths if located(path) not in contents or os.path.exists(path)]
    found = discover.find(
        on_disk,
        runner=settings.runner,
        dialect=settings.dialect,
        exclude=settings.exclude,
        force_exclude=settings.force_exclude,
    )
    for missing in found.missing:
        raise UserError(f"{missing}: no such file or folder", "correct the path")
    files = (
        *found.files,
        *(typed(path, settings) for path in paths if located(path) in contents and path not in on_disk),
    )
    # A hook names every changed file: those that aren't migrations are left alone without a word.
    left_alone = settings.force_exclude or (bool(found.skipped) and not any(map(os.path.isdir, paths)))
    if files or left_alone:
        return files
    raise UserError(
        f"no migrations found under {', '.join(paths)}",
        "name the files themselves, or the tool that runs them with --runner",
    )


def typed(path: str, settings: PathSettings) -> "MigrationFile":
    """A migration that is on no disk: standard input or --sql."""
    from safecol.discover import MigrationFile

    return MigrationFile(
        path=path,
        runner=settings.runner or "plain",
        runner_source="settings" if settings.runner else "default",
        dialect=settings.dialect or "postgresql",
        dialect_source="settings" if settings.dialect else "default",
    )


def start_after(files: tuple["MigrationFile", ...], identifier: str) -> tuple["MigrationFile", ...]:
    """The files with those up to the named one as context only. Errors: UserError when no file has that name."""
    named = {file.history for file in files if _is_named(file.path, identifier)}
    if not named:
        raise UserError(f"--start-after {identifier}: no migration has this name", "give a file name or its version")
    passed: set[str] = set()
    kept = []
    for file in files:
        before = file.history in named and file.history not in passed
        kept.append(file._replace(target=False) if before else file)
        if _is_named(file.path, identifier):
            passed.add(file.history)
    return tuple(kept)


def _is_named(path: str, identifier: str) -> bool:
    name = os.path.basename(path)
    stem = name.partition(".")[0]
    version = stem.lstrip("V").split("_")[0].split("-")[0]
    folder = os.path.basename(os.path.dirname(path))
    return identifier in (path, name, os.path.splitext(name)[0], stem, version, folder)
