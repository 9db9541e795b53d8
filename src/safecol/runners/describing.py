"""The SQL files of one history come in; each with its runner, dialect, order and direction goes out."""

import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from safecol.patterns import lazy
from safecol.records import NamedTuple
from safecol.runners import detection, dialects, ordering
from safecol.runners.migration_file import MigrationFile
from safecol.runners.recognition import HEAD, looks_like_one
from safecol.runners.surroundings import Surroundings
from safecol.runners.table import RUNNERS, executes

Override = Callable[[str], str | None]

_NUMBERED = lazy(r"[VUB]?\d")
_SAMPLES = 8


class Group(NamedTuple):
    """The SQL files of one history on the disk: absolute paths; `nested` when each migration has a folder."""

    root: str
    nested: bool
    members: tuple[str, ...]


class Describing:
    """How the files of a run are described: `runner` and `dialect` give the settings' answer for a path as shown."""

    def __init__(self, around: Surroundings, cwd: str, runner: Override, dialect: Override) -> None:
        self.around = around
        self.cwd = cwd
        self.runner = runner
        self.dialect = dialect
        self.words: dict[str, str] = {}

    def files(self, group: Group) -> Iterator[tuple[str, MigrationFile | str]]:
        """Each file of a history with what it is, or with the reason why it is no migration that can be read."""
        samples = _spread(group.members)
        heads = [self.around.text(full, HEAD) for full in samples]
        detected, source, planned = self.detect(group, heads)
        sequence = self.sequence(group, detected, planned)
        guess: tuple[str, str] | None = None
        taken = sum(executes(detected, os.path.basename(full)) for full in group.members)
        mostly = taken * 2 > len(group.members)
        for full in group.members:
            if planned and "/verify/" in full[len(group.root) :].replace(os.sep, "/"):
                yield full, "a verify script of sqitch, not a migration"
                continue
            path, name = shown(full, self.cwd), os.path.basename(full)
            chosen = self.runner(path)
            runner, why = (chosen, "settings") if chosen in RUNNERS else (detected, source)
            spoken, reason = self.spoken(full, path, runner)
            if spoken in dialects.OTHERS:
                yield full, f"{dialects.OTHERS[spoken]} is not a dialect that safecol reads"
                continue
            if not spoken:
                guess = guess or self.guess(heads, group)
                spoken, reason = guess
            # Names alone are less than a marker: then only a file that is numbered as well was meant to run.
            certain = why != "default" and (why != "name" or (taken > 1 and _NUMBERED.match(name) is not None))
            passed_over = RUNNERS[runner].strict and certain and mostly and not executes(runner, name)
            yield (
                full,
                MigrationFile(
                    path,
                    runner,
                    spoken,
                    reason,
                    self.history(group, name, spoken),
                    self.order(group, runner, full, sequence),
                    direction=ordering.direction(runner, full[len(os.path.dirname(group.root)) :].replace(os.sep, "/")),
                    runner_source=why,
                    no_transaction=self.marked_beside(runner, full),
                    ignored=passed_over and looks_like_one(full, self.around),
                ),
            )

    def spoken(self, full: str, path: str, runner: str) -> tuple[str, str]:
        """The dialect that the settings, the runner's files or the path name, and which of them; "" where none does.

        It may be one of those that are known by name only.
        """
        wanted = self.dialect(path)
        if wanted:
            return wanted, "settings"
        folder, name = os.path.split(full)
        found, reason = self.around.dialect(runner, self.around.around(folder))
        if found:
            return found, reason
        word = dialects.of_name(name) or self.folder_word(folder)
        return dialects.WORDS.get(word, word), "path"

    def detect(self, group: Group, heads: list[str]) -> tuple[str, str, bool]:
        folder = os.path.dirname(group.members[0])
        around = self.around.around(folder)
        if "sqitch.plan" in self.around.names(group.root) and not group.nested:
            return "sqitch", "sqitch.plan", True
        if group.nested:
            folders = [os.path.basename(os.path.dirname(full)) for full in group.members[:50]]
            return *detection.of_nested(folders, self.around.names(folder), heads, around), False
        names = [os.path.basename(full) for full in group.members]
        return *detection.of_folder(group.root.replace(os.sep, "/"), names, heads, around), False

    def sequence(self, group: Group, runner: str, planned: bool) -> dict[str, int] | None:
        if planned:
            return self.around.plan(os.path.join(group.root, "sqitch.plan"))
        journal = os.path.join(group.root, "meta", "_journal.json")
        return self.around.journal(journal) if runner == "drizzle" and os.path.exists(journal) else None

    def order(
        self, group: Group, runner: str, full: str, sequence: dict[str, int] | None
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

    def guess(self, heads: list[str], group: Group) -> tuple[str, str]:
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

    def history(self, group: Group, name: str, spoken: str) -> str:
        root = shown(group.root, self.cwd) if group.root != self.cwd else "."
        if name.startswith("B") and re.match(r"B\d[\d._]*__", name):
            return f"{root} (baseline)"  # for empty databases only: it repeats what the versions before it did
        word = dialects.of_name(name)
        return f"{root} ({spoken})" if word and dialects.WORDS.get(word) != "postgresql" else root

    def marked_beside(self, runner: str, full: str) -> bool:
        folder, name = os.path.split(full)
        if runner == "diesel" and "metadata.toml" in self.around.names(folder):
            text = self.around.text(os.path.join(folder, "metadata.toml"))
            return re.search(r"(?m)^\s*run_in_transaction\s*=\s*false", text) is not None
        if runner == "flyway" and name + ".conf" in self.around.names(folder):
            text = self.around.text(full + ".conf")
            return re.search(r"(?im)^\s*executeInTransaction\s*[=:]\s*false", text) is not None
        return False


def shown(full: str, cwd: str) -> str:
    """A path as reports have it: relative to the working directory where it lies below, with forward slashes."""
    inside = full.startswith(cwd.rstrip(os.sep) + os.sep)
    path = full[len(cwd.rstrip(os.sep)) + 1 :] if inside else full
    return path.replace(os.sep, "/")


def _spread(members: Sequence[str]) -> Iterable[str]:
    """Some of the members, from the first to the last."""
    if len(members) <= _SAMPLES:
        return members
    ordered = sorted(members)
    return [ordered[at * (len(ordered) - 1) // (_SAMPLES - 1)] for at in range(_SAMPLES)]
