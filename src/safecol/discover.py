"""Paths come in; the migrations under them, in order of execution and with their runner and dialect, come out."""

import os
import re
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from safecol.errors import UserError
from safecol.patterns import lazy
from safecol.records import NamedTuple
from safecol.runners import detection, dialects, recognition
from safecol.runners.describing import Describing, Group, Override, shown
from safecol.runners.migration_file import SQL_ENDINGS, MigrationFile
from safecol.runners.surroundings import Surroundings

if TYPE_CHECKING:
    from safecol.runners.django import Given

__all__ = ["Discovery", "MigrationFile", "find", "unsaved"]

_SKIPPED_FOLDERS = frozenset(
    {"node_modules", "__pycache__", "venv", "vendor", "site-packages", "bower_components", "target", "__pypackages__"}
)
_VERSION_FOLDER = lazy(r"v?\d+(?:[._]\d+)*")


class Discovery(NamedTuple):
    """`files` are in order of execution within each history, context included. `skipped` are (path, reason).

    `missing` are the named paths that don't exist.
    """

    files: tuple[MigrationFile, ...]
    skipped: tuple[tuple[str, str], ...] = ()
    missing: tuple[str, ...] = ()


def find(
    paths: Sequence[str],
    *,
    runner: Override,
    dialect: Override,
    excluded: Callable[[str], bool] = lambda _path: False,
    force_exclude: bool = False,
    django: "Callable[[str], Given] | None" = None,
) -> Discovery:
    """The migrations named by `paths` or below them, and those that run before them as context.

    `runner` and `dialect` give the settings' answer for a path, if any; `excluded` says which paths they leave alone,
    `django` what they say of a project of Django. Named files are only excluded with `force_exclude`. A path that
    doesn't exist is in `missing`.
    """
    search = _Search(runner, dialect, excluded, force_exclude, django)
    for path in paths:
        search.add(path)
    return search.result()


def unsaved(
    path: str, text: str, *, runner: Override, dialect: Override, django: "Callable[[str], Given] | None" = None
) -> tuple[MigrationFile, ...]:
    """The file that `text` would be under `path`, which needn't exist: standard input, an editor's buffer.

    A migration in Python comes last, behind those that run before it. Errors: UserError when its database isn't read.
    """
    search = _Search(runner, dialect, lambda _path: False, force_exclude=False, django=django)
    full = os.path.abspath(path)
    search.around.remember(full, text)
    group = Group(os.path.dirname(full), nested=False, members=(full,))
    if detection.is_nested(os.path.basename(group.root), os.path.basename(full)):
        group = Group(os.path.dirname(group.root), nested=True, members=(full,))
    search.targets[full] = None
    if full.endswith(".py") and recognition.python_kind(full, search.around):
        found = tuple(file for history in search.python() for file in search.with_context(history))
        if found:
            return found
        raise UserError(f"{path}: {search.skipped[0][1]}", "name its dialect if the guess is wrong")
    for _, file in search.described(group):
        return (file,)
    raise UserError(f"{path}: {search.skipped[0][1]}", "name its dialect if the guess is wrong")


class _Search:
    def __init__(
        self,
        runner: Override,
        dialect: Override,
        leave: Callable[[str], bool],
        force_exclude: bool,
        django: "Callable[[str], Given] | None" = None,
    ) -> None:
        self.runner = runner
        self.dialect = dialect
        self.leave = leave
        self.force_exclude = force_exclude
        self.django = django
        self.around = Surroundings()
        self.cwd = os.getcwd()
        self.targets: dict[str, None] = {}
        self.whole: set[str] = set()
        self.describing = Describing(self.around, self.cwd, runner, dialect)
        self.versioned: dict[str, bool] = {}
        self.skipped: list[tuple[str, str]] = []
        self.missing: list[str] = []

    def add(self, path: str) -> None:
        full = os.path.normpath(os.path.join(self.cwd, path))
        if os.path.isdir(full):
            if not (self.force_exclude and self.excluded(full)):
                self.walk(full)
            return
        if not os.path.exists(full):
            self.missing.append(path)
            return
        if self.force_exclude and self.excluded(full):
            self.skipped.append((self.shown(full), "excluded by the settings"))
        elif full.endswith(".py"):
            self.take_python(full, recognition.python_kind(full, self.around))
        elif not full.lower().endswith(SQL_ENDINGS):
            self.skipped.append((self.shown(full), "not an SQL file"))
        elif recognition.is_dump(full, self.around):
            self.skipped.append((self.shown(full), "a dump of a schema, not a migration"))
        else:
            self.targets[full] = None

    def walk(self, top: str) -> None:
        pending = [top]
        while pending:
            folder = pending.pop()
            self.whole.add(folder)
            try:
                with os.scandir(folder) as entries:
                    found = sorted((entry.name, _is_folder(entry)) for entry in entries)
            except OSError as error:
                self.skipped.append((self.shown(folder), f"the folder can't be read: {error.strerror or error}"))
                continue
            inner = []
            for name, is_folder in found:
                if name.startswith("."):
                    continue
                full = os.path.join(folder, name)
                if is_folder:
                    if name not in _SKIPPED_FOLDERS and not os.path.islink(full) and not self.excluded(full):
                        inner.append(full)
                elif name.endswith(".sql"):
                    self.take(full)
                elif name.endswith(".py") and recognition.is_python_migration(full, self.around):
                    if self.excluded(full):
                        continue
                    self.take_python(full, recognition.python_kind(full, self.around))
            pending += reversed(inner)

    def take(self, full: str) -> None:
        if self.excluded(full):
            return
        if recognition.is_dump(full, self.around):
            self.skipped.append((self.shown(full), "a dump of a schema, not a migration"))
        else:
            self.targets[full] = None

    def take_python(self, full: str, kind: str) -> None:
        if kind:
            self.targets[full] = None
        else:
            self.skipped.append((self.shown(full), "not a migration"))

    def excluded(self, full: str) -> bool:
        return self.leave(self.shown(full))

    def shown(self, full: str) -> str:
        return shown(full, self.cwd)

    def result(self) -> Discovery:
        files: list[MigrationFile] = []
        seen: set[str] = set()
        for group in self.groups():
            by_history: dict[str, list[tuple[str, MigrationFile]]] = {}
            for full, file in self.described(group):
                if full not in seen:
                    seen.add(full)
                    by_history.setdefault(file.history, []).append((full, file))
            for history in by_history.values():
                files += self.with_context(history)
        for python in self.python():
            files += self.with_context(python)
        return Discovery(tuple(files), tuple(self.skipped), tuple(self.missing))

    def python(self) -> Iterator[list[tuple[str, MigrationFile]]]:
        """The histories of Alembic and Django that hold targets, each with all of its files."""
        targets = [full for full in self.targets if full.endswith(".py")]
        if not targets:
            return
        of_django = [full for full in targets if recognition.python_kind(full, self.around) == "django"]
        found: list[list[tuple[str, MigrationFile]]] = []
        if len(of_django) < len(targets):
            from safecol.runners import alembic

            theirs = set(of_django)
            others = [full for full in targets if full not in theirs]
            found += alembic.histories(others, self.around, self.shown, self.dialect, self.django)
        if of_django:
            from safecol.runners import django

            found += django.histories(of_django, self.around, self.shown, self.dialect, self.django)
        for history in found:
            other = next((named for _, file in history if (named := _unsent(file.dialect))), "")
            if other:
                for full, _ in history:
                    self.skip(full, f"{other} is not a dialect that safecol reads")
            else:
                yield history

    def with_context(self, history: list[tuple[str, MigrationFile]]) -> list[MigrationFile]:
        """The targets of one history in order, and as context what runs before the last of them."""
        last = max((file.order for full, file in history if full in self.targets), default=None)
        if last is None:
            return []
        ordered = sorted(history, key=lambda pair: (pair[1].order, pair[0]))
        return [
            file._replace(target=full in self.targets)
            for full, file in ordered
            if full in self.targets or (file.order < last and file.direction != "down" and not file.ignored)
        ]

    def groups(self) -> Iterator[Group]:
        """The histories that hold targets, each with all of its files."""
        roots: dict[tuple[str, bool], list[str]] = {}
        plans: dict[str, str] = {}
        for full in self.targets:
            if full.endswith(".py"):
                continue
            folder, name = os.path.split(full)
            top = self.plan_folder(folder, plans)
            if top:
                roots.setdefault((top, False), []).append(full)
            elif detection.is_nested(os.path.basename(folder), name):
                roots.setdefault((os.path.dirname(folder), True), []).append(full)
            else:
                root = os.path.dirname(folder) if self.in_version_folder(folder, name) else folder
                roots.setdefault((root, False), []).append(full)
        for (root, nested), members in sorted(roots.items()):
            known = dict.fromkeys(members)
            if root not in self.whole:
                known.update(dict.fromkeys(self.others(root, nested, root in plans.values(), members)))
            yield Group(root, nested, tuple(known))

    def others(self, root: str, nested: bool, planned: bool, members: list[str]) -> Iterator[str]:
        if nested:
            for folder in sorted(self.around.names(root)):
                for name in sorted(detection.NESTED & self.around.names(os.path.join(root, folder))):
                    if detection.is_nested(folder, name):
                        yield os.path.join(root, folder, name)
            return
        if planned:
            for folder, _, names in os.walk(os.path.join(root, "deploy")):
                yield from (os.path.join(folder, name) for name in sorted(names) if name.endswith(".sql"))
            return
        folders = [root, *(os.path.dirname(full) for full in members)]
        if any(self.in_version_folder(os.path.dirname(full), os.path.basename(full)) for full in members):
            folders += [os.path.join(root, name) for name in self.around.names(root) if _VERSION_FOLDER.fullmatch(name)]
        for folder in dict.fromkeys(folders):
            for name in sorted(self.around.names(folder)):
                full = os.path.join(folder, name)
                if name.endswith(".sql") and not name.startswith(".") and not recognition.is_dump(full, self.around):
                    yield full

    def in_version_folder(self, folder: str, name: str) -> bool:
        """Whether the folder is one version of a history beside others: `v1.2/x.sql`, `v1.3/y.sql`."""
        if _version_folder(folder, name):
            return True
        if folder not in self.versioned:
            named = _VERSION_FOLDER.fullmatch(os.path.basename(folder)) is not None
            beside = self.around.names(os.path.dirname(folder)) if named else ()
            self.versioned[folder] = sum(1 for other in beside if _VERSION_FOLDER.fullmatch(other)) > 1
        return self.versioned[folder]

    def plan_folder(self, folder: str, known: dict[str, str]) -> str:
        """The folder of the sqitch.plan that a file under deploy, revert or verify belongs to, or ""."""
        if folder not in known:
            known[folder] = ""
            found = re.match(r"(.*?)[/\\](?:deploy|revert|verify)(?=[/\\]|$)", folder)
            while found:
                if "sqitch.plan" in self.around.names(found[1]):
                    known[folder] = found[1]
                    break
                found = re.compile(r"(.*?)[/\\](?:deploy|revert|verify)(?=[/\\]|$)").match(folder, found.end() + 1)
        return known[folder]

    def described(self, group: Group) -> Iterator[tuple[str, MigrationFile]]:
        """The files of one group as migrations; what is none of the history, or can't be read, is told."""
        for full, file in self.describing.files(group):
            if isinstance(file, str):
                self.skip(full, file)
            else:
                yield full, file

    def skip(self, full: str, reason: str) -> None:
        if full in self.targets:
            self.skipped.append((self.shown(full), reason))


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads to itself
        return False


def _version_folder(folder: str, name: str) -> bool:
    """Flyway reads its locations with everything below: `v1.2/V1_2_3__x.sql` belongs to the folder above."""
    if not re.match(r"[VUB]\d[\d._]*__|R__", name):
        return False
    return _VERSION_FOLDER.fullmatch(os.path.basename(folder)) is not None


def _unsent(dialect: str) -> str:
    """The database for which it isn't known what migrations in Python send; or ""."""
    from safecol.dialects import registry

    return dialects.OTHERS.get(dialect, "") or (registry.known(dialect).title if registry.is_neutral(dialect) else "")
