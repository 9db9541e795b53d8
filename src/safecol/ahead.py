"""Many files come in; they go out as `reader.read` reads them, in order, read by processes of their own.

The schema is folded one file after the other, so what can be done beside it is reading what comes next.
"""

import os
import pickle
from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO

from safecol.read_file import ReadFile
from safecol.records import NamedTuple
from safecol.runners.migration_file import MigrationFile

_MANY = 300
"""From so many files on, a second process costs less than it saves."""
_CHUNK = 16
"""Files that are sent at once: words that they share are then sent once."""

Read = Callable[[MigrationFile], ReadFile]


class _Reader(NamedTuple):
    process: int
    results: BinaryIO


def read_all(files: Sequence[MigrationFile], read: Read, readers: int) -> Iterator[ReadFile]:
    """Each of `files` as `read` reads it, with so many processes beside this one if that pays; they need `os.fork`.

    What a process that fails doesn't send is read here: its error then shows as it would without it.
    """
    if readers < 1 or len(files) < _MANY:
        yield from map(read, files)
        return
    chunks = [files[at : at + _CHUNK] for at in range(0, len(files), _CHUNK)]
    started: list[_Reader] = []
    try:
        for number in range(readers):
            started.append(_start(chunks[number::readers], read, started))
        for number, chunk in enumerate(chunks):
            received = _receive(started[number % readers].results)
            yield from received if received is not None else map(read, chunk)
    finally:
        for reader in started:
            reader.results.close()  # one that still reads ends at its next write
        for reader in started:
            os.waitpid(reader.process, 0)


def _start(chunks: Sequence[Sequence[MigrationFile]], read: Read, others: Sequence[_Reader]) -> _Reader:
    source, target = os.pipe()
    process = os.fork()
    if process:
        os.close(target)
        return _Reader(process, os.fdopen(source, "rb", 1 << 20))
    code = 1
    try:
        os.close(source)
        for other in others:
            other.results.close()
        with os.fdopen(target, "wb", 1 << 20) as results:
            for chunk in chunks:
                pickle.dump([read(file) for file in chunk], results, pickle.HIGHEST_PROTOCOL)
                results.flush()
        code = 0
    finally:
        # Not a return: everything that this process was copied from belongs to the other one.
        os._exit(code)


def _receive(results: BinaryIO) -> list[ReadFile] | None:
    try:
        received: list[ReadFile] = pickle.load(results)  # noqa: S301 - written by this program
    except (EOFError, OSError, pickle.UnpicklingError):
        return None
    return received
