"""The texts of version files come in; their revisions, and the order in which Alembic runs them, go out."""

import re
from collections.abc import Iterable, Iterator, Mapping

from safecol.patterns import lazy
from safecol.records import NamedTuple
from safecol.source import Span
from safecol.trace import Problem

_TOP = Span(0, 0)
_ASSIGNED = lazy(
    r"^(?P<name>revision|down_revision|depends_on|branch_labels)[^\S\n]*(?::[^=\n]+)?=\s*"
    r"(?P<value>\((?:[^()]|\([^()]*\))*\)|\[[^\]]*\]|\{[^}]*\}|[^\n#]*)",
    re.MULTILINE,
)
_NAME = lazy(r"[A-Za-z_][\w.]*")
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
        if match["name"] == "branch_labels" and not found["branch_labels"]:
            # A constant from elsewhere: its name stands for the label.
            found["branch_labels"] = tuple(one for one in _NAME.findall(match["value"]) if one != "None")
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


def problems(revisions: Mapping[str, Revision]) -> dict[str, tuple[Problem, ...]]:
    """What is wrong with the files of a history beside each other, by path: Alembic refuses to run them."""
    found: dict[str, list[Problem]] = {}
    paths: dict[str, str] = {}
    for path in sorted(revisions):
        name = revisions[path].name
        if paths.setdefault(name, path) != path:
            other = paths[name].replace("\\", "/").rpartition("/")[2]
            message = f"`{other}` has the same revision `{name}`: Alembic warns and runs only one of the two"
            found.setdefault(path, []).append(Problem("duplicate-version", _TOP, message))
    labels = {label for one in revisions.values() for label in one.labels}
    for path, one in revisions.items():
        for name in (*one.down, *one.depends):
            if name not in labels and _path(name, paths) is None and len(revisions) > 1:
                message = f"No file has the revision `{name}`, which this one follows: Alembic stops with a KeyError"
                found.setdefault(path, []).append(Problem("missing-revision", _TOP, message))
    for path, message in _heads(revisions, paths):
        found.setdefault(path, []).append(Problem("multiple-heads", _TOP, message))
    return {path: tuple(each) for path, each in found.items()}


def _heads(revisions: Mapping[str, Revision], paths: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The last files of lines that part and never meet again, where no label says that they are branches."""
    parents = {
        path: [at for name in one.down if (at := _path(name, paths)) is not None] for path, one in revisions.items()
    }
    followed = {other for each in parents.values() for other in each}
    heads = [path for path in sorted(revisions) if path not in followed and paths[revisions[path].name] == path]
    if len(heads) < 2:
        return
    before = {head: _ancestors(head, parents) for head in heads}
    for head in heads:
        rivals = [one for one in heads if one != head and before[one] & before[head]]
        branches = [one for one in before[head] | {head} if revisions[one].labels]
        if rivals and not branches:
            names = ", ".join(f"`{revisions[one].name}`" for one in (head, *rivals[:3]))
            yield head, f"{names} all end the history: `alembic upgrade head` refuses to choose"


def _ancestors(path: str, parents: Mapping[str, list[str]]) -> set[str]:
    seen: set[str] = set()
    pending = list(parents[path])
    while pending:
        one = pending.pop()
        if one not in seen:
            seen.add(one)
            pending += parents[one]
    return seen


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
