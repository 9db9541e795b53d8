"""The migrations that a run reads: paths of the command line come in, discovered files go out, never silently none."""

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from safecol.commands.arguments import located, stdin_text
from safecol.errors import UserError
from safecol.records import NamedTuple
from safecol.settings import PathSettings, Settings

if TYPE_CHECKING:
    from safecol.discover import MigrationFile
    from safecol.runners.django import Given


def with_stdin(paths: Sequence[str], filename: str | None) -> tuple[list[str], dict[str, str]]:
    """The paths with `-` replaced by its file name, and the text of standard input by absolute path."""
    if "-" not in paths:
        return list(paths), {}
    name = filename or "stdin.sql"
    return [name if path == "-" else path for path in paths], {located(name): stdin_text()}


class Found(NamedTuple):
    """The migrations of a run, and what was passed over as (path, reason)."""

    files: tuple["MigrationFile", ...]
    skipped: tuple[tuple[str, str], ...]


def find(paths: Sequence[str], contents: Mapping[str, str], settings: Settings) -> Found:
    """The migrations under the paths, those before them as context.

    Errors: UserError for a path that doesn't exist, and when nothing named can be read.
    """
    from safecol import discover

    on_disk = [path for path in paths if located(path) not in contents or os.path.exists(path)]
    root = settings.root
    found = discover.find(
        on_disk,
        runner=lambda path: settings.for_path(path).runner,
        dialect=lambda path: settings.for_path(path).dialect,
        excluded=settings.excluded,
        force_exclude=root.force_exclude,
        django=lambda path: of_django(settings.for_path(path)),
    )
    for missing in found.missing:
        raise UserError(f"{missing}: no such file or folder", "correct the path")
    typed = [file for path in paths if path not in on_disk for file in unsaved(path, contents, settings)]
    if found.files or typed:
        return Found((*found.files, *typed), found.skipped)
    unread = [path for path, reason in found.skipped if is_unread(reason)]
    if unread:
        reason = next(reason for path, reason in found.skipped if path == unread[0])
        more = f" and {len(unread) - 1} more" if len(unread) > 1 else ""
        raise UserError(f"{unread[0]}{more}: {reason}", "leave them out with exclude and --force-exclude")
    # A hook names every changed file: those that aren't migrations are left alone without a word.
    if root.force_exclude or (found.skipped and not any(map(os.path.isdir, paths))):
        return Found((), found.skipped)
    hint = "name the files themselves, or the tool that runs them with --runner"
    if any(settings.for_path(os.path.join(path, "x.sql")).exclude for path in paths):
        hint = "exclude leaves paths out (safecol lint --show-settings); files that are named are read all the same"
    raise UserError(f"no migrations found under {', '.join(paths)}", hint)


def of_django(chosen: PathSettings) -> "Given":
    """What the settings say of a project of Django."""
    from safecol.runners.django import Given

    return Given(
        chosen.django_version or "",
        chosen.django_user_model or "",
        chosen.django_auto_field or "",
        chosen.django_settings or "",
        chosen.django_labels,
        chosen.helpers,
    )


def only_staged(paths: Sequence[str], staged: Mapping[str, str], settings: Settings) -> dict[str, str]:
    """The texts of SQL files under the paths that are in the index and no longer on the disk, by path."""
    tops = [os.path.realpath(path) for path in paths]
    found = {}
    for full, text in staged.items():
        if os.path.lexists(full) or not full.endswith(".sql"):
            continue
        shown = os.path.relpath(full).replace(os.sep, "/")
        below = any(full == top or full.startswith(top.rstrip(os.sep) + os.sep) for top in tops)
        if below and not settings.excluded(shown):
            found[shown] = text
    return found


def is_unread(reason: str) -> bool:
    """Whether what was passed over is a migration, or may hold some."""
    return reason.endswith(("not read yet", "safecol reads")) or reason.startswith("the folder can't be read")


def unsaved(path: str, contents: Mapping[str, str], settings: Settings) -> "tuple[MigrationFile, ...]":
    """A migration that is on no disk, standard input or --sql, behind those before it where they are known."""
    from safecol import discover

    *before, made = discover.unsaved(
        path,
        contents[located(path)],
        runner=lambda shown: settings.for_path(shown).runner,
        dialect=lambda shown: settings.for_path(shown).dialect,
        django=lambda shown: of_django(settings.for_path(shown)),
    )
    return (*before, made._replace(target=True))


def notes(skipped: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """Sentences about migrations that were passed over, one a reason."""
    counts: dict[str, int] = {}
    for _, reason in skipped:
        if is_unread(reason):
            counts[reason] = counts.get(reason, 0) + 1
    return tuple(f"{count} left unread: {reason}" for reason, count in counts.items())


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
