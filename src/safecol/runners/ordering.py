"""File names come in; sort keys in the order in which the runner executes them come out."""

import re

from safecol.patterns import lazy
from safecol.runners.migration_file import OrderKey, Part
from safecol.runners.table import RUNNERS

_DIGITS = lazy(r"(\d+)")
_FLYWAY = lazy(r"([VUB])([0-9][0-9._]*?)__")
_DOWN = lazy(r"(?:^|[._-])(?:down|rollback|revert|undo)\.sql$", re.IGNORECASE)
_DIRECTION = lazy(r"[._-]?(?:up|down|rollback|revert|undo)?\.sql$", re.IGNORECASE)


def direction(runner: str, path: str) -> str:
    """`up` or `down` where the name or the folder says it, "" where sections do."""
    name = path.rpartition("/")[2]
    if RUNNERS[runner].marks or runner in {"tern", "atlas"}:
        return ""
    if runner == "sqitch":
        return "down" if "revert" in path.split("/")[:-1] else "up"
    if runner == "flyway":
        return "down" if name.startswith("U") and _FLYWAY.match(name) else "up"
    if runner == "refinery":
        return "up"
    return "down" if _DOWN.search(name) else "up"


def key(runner: str, name: str, down: bool, sequence: dict[str, int] | None = None) -> OrderKey:
    """The key of a file; `name` is the folder's name for runners with a folder a migration.

    `sequence` is the position of each name where a plan or journal gives the order.
    """
    kind = RUNNERS[runner].order
    stem = _DIRECTION.sub("", name) if name.lower().endswith(".sql") else name
    last = int(down)
    if sequence is not None and kind in {"plan", "journal"}:
        at = sequence.get(stem)
        return (0, ((0, at, ""),), stem, last) if at is not None else (1, natural(stem), stem, last)
    if kind == "dotted":
        return _flyway(name, last)
    if kind == "name":
        return 0, ((1, 0, stem),), stem, last
    if kind == "number":
        found = re.match(r"\d+", stem)
        return (0, ((0, int(found[0]), ""),), stem, last) if found else (1, natural(stem), stem, last)
    return 0, natural(stem), stem, last


def _flyway(name: str, last: int) -> OrderKey:
    found = _FLYWAY.match(name)
    if found:
        parts = tuple((0, int(part), "") for part in re.split(r"[._]", found[2]) if part)
        return 0, parts, name, last
    rank = -1 if name.startswith(("before", "create")) else 1 if name.startswith("R") else 2
    return rank, natural(name), name, last


def natural(text: str) -> tuple[Part, ...]:
    """Text and numbers in it as parts that compare as a person would: `v1.9` before `v1.10`."""
    return tuple((0, int(part), "") if part.isdecimal() else (1, 0, part) for part in _DIGITS.split(text) if part)
