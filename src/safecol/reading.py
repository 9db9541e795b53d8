"""Files come in; they go out read, in order: one by one, by processes that read ahead, or from what was kept."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from safecol.read_file import ReadFile
from safecol.reader import read, source_of
from safecol.runners.migration_file import MigrationFile
from safecol.source import Source

if TYPE_CHECKING:
    from safecol.frontends.django.reading import Replay

_MANY = 40
"""From so many files on, it may pay to look for what was read before."""


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
        return source_of(file, contents)

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

    return reading.replays(files, lambda file: source_of(file, contents).text, version)
