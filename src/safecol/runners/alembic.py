"""Version files of Alembic come in; their histories, each in the order of its revisions, come out."""

import os
import re
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from safecol.patterns import lazy
from safecol.records import NamedTuple
from safecol.runners import dialects, requirements
from safecol.runners.migration_file import MigrationFile
from safecol.runners.recognition import HEAD, python_kind
from safecol.runners.surroundings import Surroundings

if TYPE_CHECKING:
    from safecol.runners.django import Given

_URL = lazy(r"(?m)^\s*(?:sqlalchemy\.)?url\s*=\s*[\"']?([a-z0-9]+)(?:\+\w+)?://|\b([a-z0-9]+)(?:\+\w+)?://\S*[:@%{]")
_SECTION = lazy(r"(?m)^\[(\w+)\]\s*$")
_OWN_URL = lazy(r"(?m)^\s*(?:sqlalchemy\.)?url\s*=\s*[\"']?([a-z0-9]+)(?:\+\w+)?://")
_LOCATIONS = lazy(r"(?m)^\s*version_locations\s*=\s*(.+)$")
_SCRIPTS = lazy(r"(?m)^\s*script_location\s*=\s*(.+)$")
_WORDS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("postgresql", lazy(r"\bdialects\.postgresql\b|dialects import[^\n]*\bpostgresql\b|\bpostgresql_\w+\s*=")),
    ("mysql", lazy(r"\bdialects\.mysql\b|dialects import[^\n]*\bmysql\b|\bmysql_\w+\s*=")),
)
_HIGHEST = 4
"""How many folders up an env.py is looked for."""


class _Home(NamedTuple):
    """A history: the folder that names it, the folders that hold its files, its env.py and its alembic.ini."""

    root: str
    folders: tuple[str, ...]
    environment: str
    configuration: str


def histories(
    targets: Iterable[str],
    around: Surroundings,
    shown: Callable[[str], str],
    dialect: Callable[[str], str | None],
    given: "Callable[[str], Given] | None" = None,
) -> Iterator[list[tuple[str, MigrationFile]]]:
    """The histories that hold the target files, each with all of its files as (absolute path, file).

    `shown` is a path as the user reads it; `dialect` is what the settings say for it, `given` what else they say.
    """
    homes: dict[str, tuple[_Home, dict[str, None]]] = {}
    for full in targets:
        home = _home(os.path.dirname(full), around)
        homes.setdefault(home.root, (home, {}))[1][full] = None
    for root in sorted(homes):
        home, members = homes[root]
        members.update(dict.fromkeys(_members(home, around)))
        yield list(_described(home, sorted(members), around, shown, dialect, given))


def _described(
    home: _Home,
    members: list[str],
    around: Surroundings,
    shown: Callable[[str], str],
    dialect: Callable[[str], str | None],
    given: "Callable[[str], Given] | None",
) -> Iterator[tuple[str, MigrationFile]]:
    from safecol.frontends.alembic import graph

    found = {full: graph.revision(around.text(full)) for full in members}
    positions = graph.order({full: one for full, one in found.items() if one is not None})
    spoken, source = _dialect(home, members, around)
    engines = tuple(_engines(around.text(home.configuration))) if home.configuration else ()
    wrong = graph.problems({full: one for full, one in found.items() if one is not None}) if home.environment else {}
    required = "\n".join(requirements.texts(os.path.dirname(home.configuration) or home.root, around))
    versions = ((name, requirements.version(required, name)) for name in ("alembic", "sqlalchemy"))
    libraries = tuple((name, made) for name, made in versions if made)
    history = shown(home.root) if home.root != os.getcwd() else "."
    for full in members:
        path = shown(full)
        wanted = dialect(path)
        stem = os.path.splitext(os.path.basename(full))[0]
        at = positions.get(full, len(positions))
        yield (
            full,
            MigrationFile(
                path, "alembic", wanted or spoken, "settings" if wanted else source, history,
                (0, ((0, at, ""),), stem, 0), runner_source="marker", environment=home.environment,
                helpers=tuple(given(path).helpers.items()) if given is not None else (), engines=engines,
                problems=wrong.get(full, ()), libraries=libraries,
            ),
        )  # fmt: skip


def _home(folder: str, around: Surroundings) -> _Home:
    configuration, at = "", folder
    while not configuration:
        names = around.names(at)
        if "alembic.ini" in names:
            configuration = os.path.join(at, "alembic.ini")
        parent = os.path.dirname(at)
        if ".git" in names or parent == at:
            break
        at = parent
    at = folder
    for _ in range(_HIGHEST):
        if "env.py" in around.names(at):
            return _Home(at, (at,), os.path.join(at, "env.py"), configuration)
        at = os.path.dirname(at)
    if configuration:
        text, here = around.text(configuration), os.path.dirname(configuration)
        listed = _LOCATIONS.search(text)
        folders = tuple(_located(one, here) for one in re.split(r"[\s,;:]+(?!\()", listed[1].strip())) if listed else ()
        scripts = _SCRIPTS.search(text)
        if folder in folders:
            root = _located(scripts[1].strip(), here) if scripts else folder
            environment = os.path.join(root, "env.py")
            return _Home(root, folders, environment if os.path.isfile(environment) else "", configuration)
    return _Home(folder, (folder,), "", configuration)


def _located(written: str, here: str) -> str:
    return os.path.normpath(os.path.join(here, written.replace("%(here)s", here)))


def _members(home: _Home, around: Surroundings) -> Iterator[str]:
    for top in home.folders:
        for folder, inner, names in os.walk(top):
            inner[:] = sorted(name for name in inner if not name.startswith(".") and name != "__pycache__")
            for name in sorted(names):
                full = os.path.join(folder, name)
                if name.endswith(".py") and not name.startswith(".") and python_kind(full, around) == "alembic":
                    yield full


def _engines(text: str) -> Iterator[tuple[str, str]]:
    """The dialect of each section of an alembic.ini that has a URL of its own, where there are several."""
    heads = list(_SECTION.finditer(text))
    found = []
    for number, head in enumerate(heads):
        end = heads[number + 1].start() if number + 1 < len(heads) else len(text)
        url = _OWN_URL.search(text, head.end(), end)
        if url is not None and url[1] in dialects.WORDS:
            found.append((head[1], dialects.WORDS[url[1]]))
    if len(found) > 1:
        yield from found


def _dialect(home: _Home, members: list[str], around: Surroundings) -> tuple[str, str]:
    named, source = "", ""
    for word in reversed(os.path.normpath(home.root).split(os.sep)[-3:]):
        if word in dialects.WORDS:
            return dialects.WORDS[word], "path"
    for path in (home.configuration, home.environment):
        found = _URL.search(around.text(path)) if path else None
        word = (found[1] or found[2] or "") if found else ""
        if word in dialects.WORDS or word in dialects.OTHERS:
            named, source = dialects.WORDS.get(word, word), os.path.basename(path)
            break
    if named and named != "sqlite":
        return named, source
    # A URL of SQLite is often no more than what a developer starts with.
    texts = [around.text(full, HEAD) for full in members]
    used = [dialect for dialect, pattern in _WORDS if any(pattern.search(text) for text in texts)]
    if "postgresql" in used:
        return "postgresql", "content"
    if named:
        return named, source
    return (used[0], "content") if used else ("postgresql", "default")
