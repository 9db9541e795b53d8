"""The texts of version files come in; their revisions, and the order in which Alembic runs them, go out."""

import re
from collections.abc import Iterable, Mapping

from safecol.patterns import lazy
from safecol.records import NamedTuple

_ASSIGNED = lazy(
    r"^(?P<name>revision|down_revision|depends_on|branch_labels)[^\S\n]*(?::[^=\n]+)?=\s*"
    r"(?P<value>\((?:[^()]|\([^()]*\))*\)|\[[^\]]*\]|\{[^}]*\}|[^\n#]*)",
    re.MULTILINE,
)
_STRING = lazy(r"'([^'\n]*)'|\"([^\"\n]*)\"")


class Revision(NamedTuple):
    """`down` are the revisions before it, none for a first one; `depends` those it needs, `labels` its branches."""

    name: str
    down: tuple[str, ...] = ()
    depends: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()


def revision(text: str) -> Revision | None:
    """The revision that a version file declares; None when it declares none."""
    found: dict[str, tuple[str, ...]] = {}
    for match in _ASSIGNED.finditer(text):
        found[match["name"]] = tuple(one[0] or one[1] for one in _STRING.findall(match["value"]))
    if not found.get("revision"):
        return None
    return Revision(
        found["revision"][0],
        found.get("down_revision", ()),
        found.get("depends_on", ()),
        found.get("branch_labels", ()),
    )


def order(revisions: Mapping[str, Revision]) -> dict[str, int]:
    """The position of each file: after the revisions before it and those it depends on. Cycles keep their names' order.

    `revisions` are by the path of their file.
    """
    paths: dict[str, str] = {}
    for path, one in revisions.items():
        for name in (one.name, *one.labels):
            paths.setdefault(name, path)
    before = {
        path: [at for name in (*one.down, *one.depends) if (at := _path(name, paths)) is not None]
        for path, one in revisions.items()
    }
    positions: dict[str, int] = {}
    for path in _chained(revisions, before):
        pending = [path]
        while pending:
            at = pending[-1]
            waiting = [other for other in before[at] if other not in positions and other not in pending]
            if waiting and at not in positions:
                pending.extend(waiting[:1])
                continue
            pending.pop()
            positions.setdefault(at, len(positions))
    return positions


def _chained(revisions: Iterable[str], before: Mapping[str, list[str]]) -> list[str]:
    """The files without successor first by name: each pulls in its own line, so that lines stay together."""
    followed = {other for each in before.values() for other in each}
    ordered = sorted(revisions)
    return [path for path in ordered if path not in followed] + [path for path in ordered if path in followed]


def _path(name: str, paths: Mapping[str, str]) -> str | None:
    """The file of a revision, which may be written by the start of its name."""
    found = paths.get(name)
    if found is not None or len(name) < 4:
        return found
    near = [path for known, path in paths.items() if known.startswith(name)]
    return near[0] if len(near) == 1 else None
