"""A folder comes in; the configuration files around it come out: the runner, the order and the dialect they name."""

import os
import re

from safecol.patterns import lazy
from safecol.records import NamedTuple
from safecol.runners.dialects import WORDS

# Patterns are compiled where they are needed: most runs meet none of these files.
# The files looked for in every folder upward. A manifest only counts when it names a library below.
_CONFIGURATIONS: dict[str, str] = {
    "sqitch.plan": "sqitch", "sqitch.conf": "sqitch", "flyway.conf": "flyway", "flyway.toml": "flyway",
    "atlas.sum": "atlas", "atlas.hcl": "atlas", "diesel.toml": "diesel", "migration_lock.toml": "prisma",
    "schema.prisma": "prisma", "tern.conf": "tern", "yoyo.ini": "yoyo", "rambler.json": "rambler",
    "rambler.json5": "rambler", "drizzle.config.ts": "drizzle", "drizzle.config.js": "drizzle", "sqlx.toml": "sqlx",
    ".sqlx": "sqlx", "goose.env": "goose", ".dbmate.env": "dbmate", "refinery.toml": "refinery",
    "dbconfig.yml": "sql-migrate", "liquibase.properties": "liquibase",
}  # fmt: skip
_LIBRARIES: dict[str, tuple[tuple[str, str], ...]] = {
    "Cargo.toml": tuple((name, rf"(?m)^\s*\[?(?:[\w.-]*dependencies\.)?{name}\b")
                        for name in ("sqlx", "refinery", "diesel")),
    "go.mod": tuple(
        (name, rf"(?m)^\s*(?:require\s+)?github\.com/{library}\S*\s+v\S+(?!.*// indirect)")
        for name, library in (
            ("golang-migrate", "golang-migrate/migrate"),
            ("goose", "pressly/goose"),
            ("tern", "jackc/tern"),
            ("sql-migrate", "rubenv/sql-migrate"),
        )
    ),
    "package.json": tuple((name, rf'"{library}"\s*:') for name, library in (
        ("node-pg-migrate", "node-pg-migrate"), ("drizzle", "drizzle-orm"), ("prisma", "prisma"), ("dbmate", "dbmate"),
    )),
}  # fmt: skip
# `provider = "mysql"`, `"dialect": "sqlite"`, `engine = pg`, `flyway.url=jdbc:postgresql://…`.
_DIALECT = lazy(
    r"(?im)^(?![^\S\n]*(?:#|//|--))[^\n]*?(?:\b(?:provider|dialect|engine|driver)\b[\"']?\s*[=:]\s*[\"']?"
    r"|\b(?:jdbc|db):|\b(?:url|database)\b\s*=\s*[\"']?)(postgresql|postgres|pgx?|mysql|mariadb|sqlite3?)\b"
)
_PLAN_LINE = lazy(r"^[^\S\n]*(?:(?P<tag>@\S+)|(?P<change>[^\s%#@\[\]-]\S*))", re.MULTILINE)


class Around(NamedTuple):
    """`runners` maps each runner to the file that names it, nearest first; `manifests` are those that were read.

    `root` is the repository's top folder, or "" when there is none above.
    """

    runners: tuple[tuple[str, str], ...]
    manifests: frozenset[str]
    root: str

    def find(self, runner: str) -> str:
        """The configuration file of this runner, or ""."""
        return next((path for name, path in self.runners if name == runner), "")


class Surroundings:
    """Folders as they are on the disk, each read once."""

    def __init__(self) -> None:
        self._names: dict[str, frozenset[str]] = {}
        self._around: dict[str, Around] = {}
        self._texts: dict[str, str] = {}

    def names(self, folder: str) -> frozenset[str]:
        """The names in a folder; empty when it can't be read."""
        if folder not in self._names:
            try:
                self._names[folder] = frozenset(os.listdir(folder or "."))
            except OSError:
                self._names[folder] = frozenset()
        return self._names[folder]

    def text(self, path: str, limit: int = 1 << 20) -> str:
        """The start of a file as text, "" when it can't be read."""
        known = self._texts.get(path)
        if known is None:
            try:
                data = b""
                if os.path.isfile(path):  # a pipe could keep its reader waiting for ever
                    with open(path, "rb") as file:
                        data = file.read(limit)
            except (OSError, ValueError):
                data = b""
            known = self._texts[path] = data.decode("utf-8", "replace")
        return known

    def remember(self, path: str, text: str) -> None:
        """Takes `text` as the content of `path`, whatever the disk holds."""
        self._texts[path] = text

    def around(self, folder: str) -> Around:
        """What the folder (an absolute path) and those above it say, up to the repository's top."""
        known = self._around.get(folder)
        if known is not None:
            return known
        names = self.names(folder)
        manifests: set[str] = set()
        found = [(_CONFIGURATIONS[name], os.path.join(folder, name)) for name in sorted(names & _CONFIGURATIONS.keys())]
        for name in sorted(names & _LIBRARIES.keys()):
            manifests.add(name)
            text = self.text(os.path.join(folder, name))
            found += [(tool, os.path.join(folder, name)) for tool, word in _LIBRARIES[name] if re.search(word, text)]
        if "config.toml" in names and os.path.basename(folder) == "supabase":
            found.append(("supabase", os.path.join(folder, "config.toml")))
        if "meta" in names and os.path.exists(os.path.join(folder, "meta", "_journal.json")):
            found.append(("drizzle", os.path.join(folder, "meta", "_journal.json")))
        if "config.yaml" in names and "metadata_directory" in self.text(os.path.join(folder, "config.yaml")):
            found.append(("hasura", os.path.join(folder, "config.yaml")))
        parent = os.path.dirname(folder)
        if ".git" in names or parent == folder:
            result = Around(tuple(found), frozenset(manifests), folder if ".git" in names else "")
        else:
            above = self.around(parent)
            result = Around((*found, *above.runners), above.manifests | manifests, above.root)
        self._around[folder] = result
        return result

    def plan(self, path: str) -> dict[str, int]:
        """The position of each change of a sqitch.plan; a reworked one also as `change@tag`."""
        positions: dict[str, int] = {}
        reworked: dict[str, int] = {}
        for at, found in enumerate(_PLAN_LINE.finditer(self.text(path))):
            if found["change"]:
                positions[found["change"]] = at
            else:
                reworked.update({change + found["tag"]: position for change, position in positions.items()})
        return {**reworked, **positions}

    def journal(self, path: str) -> dict[str, int]:
        """The index of each tag of drizzle's journal."""
        import json

        try:
            entries = json.loads(self.text(path)).get("entries", [])
            return {str(entry["tag"]): int(entry["idx"]) for entry in entries}
        except (ValueError, TypeError, KeyError, AttributeError):
            return {}

    def dialect(self, runner: str, around: Around) -> tuple[str, str]:
        """The dialect that the runner's own files name, and the file's name; ("", "") when they don't."""
        if runner == "supabase":
            return "postgresql", "supabase"
        if runner == "hasura":
            return "postgresql", "hasura"
        for name, path in around.runners:
            if name != runner or os.path.basename(path) in _LIBRARIES:
                continue
            found = _DIALECT.search(self.text(path))
            word = found[1].lower() if found else ""
            if word in WORDS:
                return WORDS[word], f"{runner} {os.path.basename(path)}"
        return "", ""
