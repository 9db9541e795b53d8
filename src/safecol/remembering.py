"""Many files come in; they go out as `reader.read` reads them, in order: what was read before, from the cache."""

from collections.abc import Callable, Iterator, Sequence

from safecol import ahead, cache
from safecol.read_file import ReadFile
from safecol.runners.migration_file import MigrationFile
from safecol.source import Source


def read_all(
    files: Sequence[MigrationFile],
    read: Callable[[MigrationFile], ReadFile],
    source: Callable[[MigrationFile], Source],
    readers: int,
    folder: str,
    transaction: Callable[[MigrationFile], str | None],
) -> Iterator[ReadFile]:
    """Each of `files` as `read` reads it; `folder` has the caches, `readers` is for those that aren't in them.

    A migration in Python depends on more than its own text (settings, modules, what ran before): it is always read.
    """
    import os

    here, where = os.getcwd(), cache.folder(folder)
    stores: dict[str, cache.Store] = {}
    names: list[str] = []
    missing: list[MigrationFile] = []
    for file in files:
        store = stores.get(file.history)
        if store is None:
            store = stores[file.history] = cache.Store(where, cache.key(here, file.history))
        name = "" if file.path.endswith(".py") else _name(file, source(file), transaction(file))
        names.append(name)
        if not name or name not in store:
            missing.append(file)
    anew = ahead.read_all(missing, read, readers)
    for file, name in zip(files, names, strict=True):
        store = stores[file.history]
        if not name or name not in store:
            yield _kept(next(anew), store, name)
            continue
        known = store.get(name)
        if not isinstance(known, ReadFile):  # its store is damaged
            yield _kept(read(file), store, name)
            continue
        yield known._replace(file=known.file._replace(target=file.target), source=source(file))
    for store in stores.values():
        store.close()


def _name(file: MigrationFile, source: Source, transaction: str | None) -> str:
    """What the reading of a file depends on; empty for one that isn't text."""
    return "" if source.problem else cache.key(file._replace(target=True), transaction, source.text)


def _kept(done: ReadFile, store: cache.Store, name: str) -> ReadFile:
    if name:
        # Its text is its key: it need not be kept.
        store.put(name, done._replace(source=None))  # type: ignore[arg-type]  # given back when it is found
    return done
