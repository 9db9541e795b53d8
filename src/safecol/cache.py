"""What was read of a history's files before comes in by the hash of their texts; it goes out without reading them anew.

One file a history, in the user's own cache folder: what lies in a linted repository is never loaded.
"""

import os
import pickle
import sys
from collections.abc import Iterator
from io import BytesIO
from typing import Any

from safecol import __version__

_FORMAT = 1
_KEPT_DAYS = 60
_FEW = 1000
_SUFFIX = ".reads"


class Store:
    """The values of one history by key. Whatever is wrong with its file, it is as if there were none."""

    def __init__(self, folder: str, history: str) -> None:
        """`folder` holds all stores; `history` names this one, across runs."""
        self._path = os.path.join(folder, key(history) + _SUFFIX)
        self._places: dict[str, tuple[int, int]] = {}
        self._blobs = b""
        self._found: dict[str, bytes] = {}
        self._changed = False
        self._load()

    def __contains__(self, name: str) -> bool:
        return name in self._places or name in self._found

    def get(self, name: str) -> Any | None:
        """The value of a key, made anew; None where there is none."""
        place = self._places.get(name)
        if place is None:
            return None
        blob = self._blobs[place[0] : place[0] + place[1]]
        try:
            value = _Unpickler(BytesIO(blob)).load()
        except Exception:  # noqa: BLE001 - a damaged file may raise anything; what it held is read again
            self._changed = True
            return None
        self._found[name] = blob
        return value

    def put(self, name: str, value: Any) -> None:
        """Keep a value for the next run."""
        self._found[name] = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
        self._changed = True

    def close(self) -> None:
        """Write what there is now, when something is new; a folder that can't be written is left alone."""
        if not self._changed:
            return
        kept = dict(self._found)
        if len(self._places) < 2 * len(kept) + _FEW:  # else most of it is of texts that are no more
            kept |= {name: self._blobs[at : at + size] for name, (at, size) in self._places.items() if name not in kept}
        places, at = {}, 0
        for name, blob in kept.items():
            places[name] = at, len(blob)
            at += len(blob)
        mine = f"{self._path}.{os.getpid()}"
        try:
            os.makedirs(os.path.dirname(self._path), exist_ok=True)
            with open(mine, "wb") as file:
                pickle.dump((_stamp(), places), file, pickle.HIGHEST_PROTOCOL)
                file.writelines(kept.values())
            os.replace(mine, self._path)
            _prune(os.path.dirname(self._path))
        except OSError:
            return

    def _load(self) -> None:
        try:
            with open(self._path, "rb") as file:
                stamp, places = _Unpickler(file).load()
                if stamp == _stamp():
                    self._places, self._blobs = places, file.read()
        except Exception:  # noqa: BLE001 - none yet, or damaged: then everything is read
            self._places = {}


class _Unpickler(pickle.Unpickler):
    """Makes nothing but this program's own records."""

    def find_class(self, module: str, name: str) -> Any:
        if module.startswith("safecol.") and "." not in name:
            found = super().find_class(module, name)
            if isinstance(found, type) and issubclass(found, tuple):
                return found
        raise pickle.UnpicklingError(f"{module}.{name} is nothing that is kept")


def key(*parts: object) -> str:
    """A name for whatever these are: another value of one of them gives another name."""
    from hashlib import blake2b

    return blake2b("\0".join(map(repr, parts)).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def folder(chosen: str) -> str:
    """Where stores are: the chosen folder, else the user's cache folder for programs."""
    if chosen:
        return chosen
    home = os.path.expanduser("~")
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or os.path.join(home, "AppData", "Local")
    elif sys.platform == "darwin":
        base = os.path.join(home, "Library", "Caches")
    else:
        base = os.environ.get("XDG_CACHE_HOME") or os.path.join(home, ".cache")
    return os.path.join(base, "safecol")


def _stamp() -> tuple[object, ...]:
    """What a value depends on beside its key: this program, and the Python that runs it."""
    return _FORMAT, __version__, sys.version_info[:3], _newest()


def _newest() -> int:
    """When the newest module of a checkout was written; 0 for an installed package, which has its version."""
    package = os.path.dirname(os.path.abspath(__file__))
    if os.path.isdir(os.path.join(package, "rules")):
        return 0
    return max(_written(package))


def _written(package: str) -> Iterator[int]:
    for entry in os.scandir(package):
        if entry.is_dir():
            yield from _written(entry.path)
        elif entry.name.endswith(".py"):
            yield entry.stat().st_mtime_ns
    yield 0


def _prune(stores: str) -> None:
    """Remove the stores that no run has written or changed for long."""
    import time

    oldest = time.time() - _KEPT_DAYS * 86_400
    for entry in os.scandir(stores):
        if entry.name.endswith(_SUFFIX) and entry.stat().st_mtime < oldest:
            os.unlink(entry.path)
