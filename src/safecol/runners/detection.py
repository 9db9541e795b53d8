"""File names, the start of some texts and the files around a folder come in; the runner and the reason come out."""

import re
from collections import Counter
from collections.abc import Iterable

from safecol.patterns import lazy
from safecol.runners.surroundings import Around
from safecol.runners.table import executes, marker_of

_NUMBERED = lazy(r"\d+_.*\.sql")
_UP_DOWN = lazy(r"\d+_.*\.(?:up|down)\.sql")
_FLYWAY = lazy(r"(?:[VUB]\d[\d._]*|R)__.*\.sql")
_FOLDER = lazy(r"\d[\d-]*_.+|\d{10,}")
NESTED = frozenset({"up.sql", "down.sql", "migration.sql"})


def is_nested(folder: str, name: str) -> bool:
    """Whether this is the file of a layout with a folder for each migration: `20240101_x/up.sql`."""
    return name in NESTED and _FOLDER.fullmatch(folder) is not None


def of_folder(folder: str, names: Iterable[str], heads: Iterable[str], around: Around) -> tuple[str, str]:
    """The runner of the migrations in a folder and the source that names it.

    `names` are its SQL files, `heads` the texts of some of them. One marker speaks for the folder unless most files
    have none and no name of the kind.
    """
    votes = Counter(marker_of(head) for head in heads)
    total = sum(votes.values())
    unmarked = votes.pop("", 0)
    if votes:
        runner, count = votes.most_common(1)[0]
        # sqlx's and atlas's markers are rare by nature; the others are in every file of theirs.
        if count * 2 > total or (runner in {"sqlx", "atlas", "drizzle", "yoyo"} and unmarked + count == total):
            return runner, "marker"
    wanted = list(names)
    for runner, path in around.runners:
        if _fits(runner, path.replace("\\", "/"), folder, wanted):
            return runner, path.replace("\\", "/").rpartition("/")[2]
    return _by_name(folder, wanted, around)


def of_nested(
    samples: Iterable[str], siblings: frozenset[str], heads: Iterable[str], around: Around
) -> tuple[str, str]:
    """The same where each migration has a folder: `samples` are the folders' names, `siblings` one folder's files."""
    if "migration.sql" in siblings:
        if "snapshot.json" in siblings or any("--> statement-breakpoint" in head for head in heads):
            return "drizzle", "name"
        return "prisma", "migration_lock.toml" if around.find("prisma").endswith("migration_lock.toml") else "name"
    for runner in ("diesel", "hasura"):
        if path := around.find(runner):
            return runner, path.replace("\\", "/").rpartition("/")[2]
    hasura = sum(re.match(r"\d{13}_", name) is not None for name in samples)
    return ("hasura", "name") if hasura * 2 > len(list(samples)) else ("diesel", "name")


def _fits(runner: str, path: str, folder: str, names: list[str]) -> bool:
    """Whether a configuration file further up can mean this folder."""
    count = sum(executes(runner, name) for name in names)
    if runner in {"sqitch", "prisma", "diesel", "hasura", "liquibase"}:
        return False  # recognised by their layout or their header
    if runner == "supabase":
        return folder.endswith("/supabase/migrations") and count > 0
    if runner == "drizzle":
        return path == f"{folder}/meta/_journal.json" or "drizzle" in folder.rsplit("/", 2)[-2:]
    if runner == "golang-migrate":
        return any(_UP_DOWN.fullmatch(name) for name in names)
    if runner in {"flyway", "refinery"}:
        return count * 2 > len(names)
    if runner == "node-pg-migrate":
        return False  # its SQL files have its marks
    beside = path.rpartition("/")[0] == folder
    return count * 2 > len(names) and (beside or _about_migrations(folder))


def _about_migrations(folder: str) -> bool:
    return any("migrat" in part.lower() or part.lower() in {"db", "sql"} for part in folder.rsplit("/", 3)[1:])


def _by_name(folder: str, names: list[str], around: Around) -> tuple[str, str]:
    if folder.endswith("/supabase/migrations") and any(_NUMBERED.fullmatch(name) for name in names):
        return "supabase", "path"
    if sum(_FLYWAY.fullmatch(name) is not None for name in names) * 2 > len(names):
        return "flyway", "name"
    if any(_UP_DOWN.fullmatch(name) for name in names):
        if "go.mod" in around.manifests:
            return "plain", "default"  # a Go program with a runner of its own: go.mod would name golang-migrate
        return "golang-migrate", "name"
    if any(name.endswith(".rollback.sql") and name[:-13] + ".sql" in names for name in names):
        return "yoyo", "name"
    return "plain", "default"
