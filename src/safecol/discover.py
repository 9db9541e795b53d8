"""Paths come in; the migrations under them, in order of execution and with their runner and dialect, come out."""

import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from safecol.errors import UserError
from safecol.patterns import lazy
from safecol.records import NamedTuple
from safecol.runners import detection, dialects, ordering, recognition
from safecol.runners.migration_file import MigrationFile
from safecol.runners.recognition import HEAD, looks_like_one
from safecol.runners.surroundings import Surroundings
from safecol.runners.table import RUNNERS, executes

if TYPE_CHECKING:
    from safecol.runners.django import Given

__all__ = ["Discovery", "MigrationFile", "find", "unsaved"]

Override = Callable[[str], str | None]

_SKIPPED_FOLDERS = frozenset(
    {"node_modules", "__pycache__", "venv", "vendor", "site-packages", "bower_components", "target", "__pypackages__"}
)
_SQL = (".sql", ".ddl", ".pgsql", ".psql")
_NUMBERED = lazy(r"[VUB]?\d")
_VERSION_FOLDER = lazy(r"v?\d+(?:[._]\d+)*")
_SAMPLES = 8


class Discovery(NamedTuple):
    """`files` are in order of execution within each history, context included. `skipped` are (path, reason).

    `missing` are the named paths that don't exist.
    """

    files: tuple[MigrationFile, ...]
    skipped: tuple[tuple[str, str], ...] = ()
    missing: tuple[str, ...] = ()


class _Group(NamedTuple):
    """The SQL files of one history on the disk: absolute paths; `nested` when each migration has a folder."""

    root: str
    nested: bool
    members: tuple[str, ...]


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
    group = _Group(os.path.dirname(full), nested=False, members=(full,))
    if detection.is_nested(os.path.basename(group.root), os.path.basename(full)):
        group = _Group(os.path.dirname(group.root), nested=True, members=(full,))
    search.targets[full] = None
    if full.endswith(".py") and recognition.python_kind(full, search.around):
        found = tuple(file for history in search.python() for file in search.with_context(history))
        if found:
            return found
        raise UserError(f"{path}: {search.skipped[0][1]}", "name its dialect if the guess is wrong")
    return (search.files_of(group)[0][1],)


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
        self.words: dict[str, str] = {}
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
        elif not full.lower().endswith(_SQL):
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
        inside = full.startswith(self.cwd.rstrip(os.sep) + os.sep)
        path = full[len(self.cwd.rstrip(os.sep)) + 1 :] if inside else full
        return path.replace(os.sep, "/")

    def result(self) -> Discovery:
        files: list[MigrationFile] = []
        seen: set[str] = set()
        for group in self.groups():
            by_history: dict[str, list[tuple[str, MigrationFile]]] = {}
            for full, file in self.files_of(group):
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

    def groups(self) -> Iterator[_Group]:
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
            yield _Group(root, nested, tuple(known))

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

    def files_of(self, group: _Group) -> list[tuple[str, MigrationFile]]:
        """The described files of one group, verify scripts and unsupported dialects taken out."""
        samples = _spread(group.members)
        heads = [self.around.text(full, HEAD) for full in samples]
        detected, source, planned = self.detect(group, heads)
        sequence = self.sequence(group, detected, planned)
        guess: tuple[str, str] | None = None
        result = []
        taken = sum(executes(detected, os.path.basename(full)) for full in group.members)
        mostly = taken * 2 > len(group.members)
        for full in group.members:
            if planned and "/verify/" in full[len(group.root) :].replace(os.sep, "/"):
                self.skip(full, "a verify script of sqitch, not a migration")
                continue
            shown = self.shown(full)
            chosen = self.runner(shown)
            name = os.path.basename(full)
            runner, why = (chosen, "settings") if chosen in RUNNERS else (detected, source)
            word = dialects.of_name(name) or self.folder_word(os.path.dirname(full))
            wanted = self.dialect(shown)
            if wanted:
                spoken, reason = wanted, "settings"
            else:
                spoken, reason = self.around.dialect(runner, self.around.around(os.path.dirname(full)))
                if not spoken and word in dialects.OTHERS:
                    self.skip(full, f"{dialects.OTHERS[word]} is not a dialect that safecol reads")
                    continue
                if not spoken and word:
                    spoken, reason = dialects.WORDS[word], "path"
                if not spoken:
                    guess = guess or self.guess(heads, group)
                    spoken, reason = guess
            # Names alone are less than a marker: then only a file that is numbered as well was meant to run.
            certain = why != "default" and (why != "name" or (taken > 1 and _NUMBERED.match(name) is not None))
            strict = RUNNERS[runner].strict and certain
            result.append(
                (
                    full,
                    MigrationFile(
                        shown, runner, spoken, reason, self.history(group, name, spoken),
                        self.order(group, runner, full, sequence), full in self.targets,
                        ordering.direction(runner, full[len(os.path.dirname(group.root)) :].replace(os.sep, "/")),
                        why, self.marked_beside(runner, full),
                        strict and mostly and not executes(runner, name) and looks_like_one(full, self.around),
                    ),
                )
            )  # fmt: skip
        return result

    def skip(self, full: str, reason: str) -> None:
        if full in self.targets:
            self.skipped.append((self.shown(full), reason))

    def detect(self, group: _Group, heads: list[str]) -> tuple[str, str, bool]:
        folder = os.path.dirname(group.members[0])
        around = self.around.around(folder)
        if "sqitch.plan" in self.around.names(group.root) and not group.nested:
            return "sqitch", "sqitch.plan", True
        if group.nested:
            folders = [os.path.basename(os.path.dirname(full)) for full in group.members[:50]]
            return *detection.of_nested(folders, self.around.names(folder), heads, around), False
        names = [os.path.basename(full) for full in group.members]
        return *detection.of_folder(group.root.replace(os.sep, "/"), names, heads, around), False

    def sequence(self, group: _Group, runner: str, planned: bool) -> dict[str, int] | None:
        if planned:
            return self.around.plan(os.path.join(group.root, "sqitch.plan"))
        journal = os.path.join(group.root, "meta", "_journal.json")
        return self.around.journal(journal) if runner == "drizzle" and os.path.exists(journal) else None

    def order(
        self, group: _Group, runner: str, full: str, sequence: dict[str, int] | None
    ) -> tuple[int, tuple[tuple[int, int, str], ...], str, int]:
        name = os.path.basename(full)
        down = ordering.direction(runner, full.replace(os.sep, "/")) == "down"
        if group.nested:
            name = os.path.basename(os.path.dirname(full))
        elif runner == "sqitch" and sequence is not None:
            name = full[len(group.root) + 1 :].replace(os.sep, "/").partition("/")[2]
        made = ordering.key(runner, name, down, sequence)
        folder = os.path.dirname(full)
        if group.nested or folder == group.root or sequence is not None or runner == "flyway":
            return made
        return made[0], (*ordering.natural(os.path.basename(folder)), *made[1]), *made[2:]

    def guess(self, heads: list[str], group: _Group) -> tuple[str, str]:
        """The dialect that the history's SQL speaks: from samples, and from more of it when they don't say."""
        general = [full for full in group.members if not dialects.of_name(os.path.basename(full))]
        found = dialects.of_text(heads if len(general) == len(group.members) else ())
        if not found:
            found = dialects.of_text(self.around.text(full, HEAD) for full in general[:64])
        return (found, "content") if found else ("postgresql", "default")

    def folder_word(self, folder: str) -> str:
        if folder not in self.words:
            self.words[folder] = dialects.of_folders(self.folders(folder))
        return self.words[folder]

    def folders(self, folder: str) -> list[str]:
        """The names of the folders of a path, from the working directory or the repository's top on."""
        top = self.around.around(folder).root
        start = self.cwd if (folder + os.sep).startswith(self.cwd.rstrip(os.sep) + os.sep) else top
        inside = folder[len(start) :].strip(os.sep).split(os.sep) if start else folder.split(os.sep)[-3:]
        return [part for part in inside if part]

    def history(self, group: _Group, name: str, spoken: str) -> str:
        shown = self.shown(group.root) if group.root != self.cwd else "."
        if name.startswith("B") and re.match(r"B\d[\d._]*__", name):
            return f"{shown} (baseline)"  # for empty databases only: it repeats what the versions before it did
        word = dialects.of_name(name)
        return f"{shown} ({spoken})" if word and dialects.WORDS.get(word) != "postgresql" else shown

    def marked_beside(self, runner: str, full: str) -> bool:
        folder, name = os.path.split(full)
        if runner == "diesel" and "metadata.toml" in self.around.names(folder):
            text = self.around.text(os.path.join(folder, "metadata.toml"))
            return re.search(r"(?m)^\s*run_in_transaction\s*=\s*false", text) is not None
        if runner == "flyway" and name + ".conf" in self.around.names(folder):
            text = self.around.text(full + ".conf")
            return re.search(r"(?im)^\s*executeInTransaction\s*[=:]\s*false", text) is not None
        return False


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


def _spread(members: Sequence[str]) -> Iterable[str]:
    """Some of the members, from the first to the last."""
    if len(members) <= _SAMPLES:
        return members
    ordered = sorted(members)
    return [ordered[at * (len(ordered) - 1) // (_SAMPLES - 1)] for at in range(_SAMPLES)]


def _unsent(dialect: str) -> str:
    """The database for which it isn't known what migrations in Python send; or ""."""
    from safecol.dialects import registry

    return dialects.OTHERS.get(dialect, "") or (registry.known(dialect).title if registry.is_neutral(dialect) else "")
