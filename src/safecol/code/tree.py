"""Folders come in; the files of code in them, as git lists them or as they lie there, go out."""

import os
from collections.abc import Callable, Iterator, Sequence

from safecol.patterns import lazy
from safecol.records import NamedTuple

MOST_FILES = 20_000
LARGEST = 512 * 1024
MOST_BYTES = 256 * 1024 * 1024
_MOST_ENTRIES = 200_000
_LONGEST_LINE = 5_000

EXTENSIONS = frozenset(
    {
        "py", "pyi", "rb", "erb", "rake", "js", "jsx", "mjs", "cjs", "ts", "tsx", "mts", "cts", "vue", "svelte", "go",
        "rs", "java", "kt", "kts", "scala", "groovy", "clj", "cs", "fs", "vb", "php", "ex", "exs", "prisma", "sql",
        "swift", "dart", "hs", "pl", "pm", "lua", "xml", "c", "cc", "cpp", "h", "sh",
    }
)  # fmt: skip
_LEFT = frozenset(
    {
        "node_modules", "vendor", "third_party", "thirdparty", "bower_components", "site-packages", "venv", "target",
        "dist", "build", "out", "bin", "obj", "generated", "gen", "__generated__", "__pycache__", "coverage", "public",
        "static", "docs", "doc", "examples", "example",
        # what runs migrations, and what was true when it was written
        "migrations", "migration", "migrate", "alembic", "changelog", "changelogs", "db_migrations",
        "test", "tests", "__tests__", "spec", "specs", "testdata", "fixtures", "__fixtures__", "mocks", "__mocks__",
        "e2e", "cypress", "testing", "testutil", "testutils", "testhelpers", "test-utils",
    }
)  # fmt: skip
# Tests, and migrations of Flyway in Java.
_TEST = lazy(
    r"(?:^(?:test_|conftest\.)|[._-](?:test|tests|spec|stories|mock)\.|_test\.|(?:Test|Tests|Spec|IT)\.\w+$"
    r"|^[VURB]\d[\w.]*?__)"
)
_DUMP = lazy(r"^(?:schema|structure|dump)\.(?:rb|sql)$|\.(?:min|gen|generated|pb|d)\.\w+$|(?:^|_)gen\.go$")
# What stands beside the scripts that Sqitch deploys.
_SCRIPTS = frozenset({"deploy", "revert", "verify"})


_PROJECTS = (
    "safecol.toml", ".safecol.toml", "pyproject.toml", "setup.py", "manage.py", "package.json", "go.mod", "Cargo.toml",
    "pom.xml", "build.gradle", "build.gradle.kts", "Gemfile", "mix.exs", "composer.json",
)  # fmt: skip


class Listing(NamedTuple):
    """The files that may hold code, as absolute paths, and what was left out because there is too much."""

    paths: tuple[str, ...]
    note: str = ""


def repository(path: str) -> str:
    """The nearest folder upward with a `.git`; "" when there is none."""
    at = os.path.dirname(os.path.abspath(path))
    while not os.path.lexists(os.path.join(at, ".git")):
        at, inner = os.path.dirname(at), at
        if at == inner:
            return ""
    return at


def project(path: str, below: str) -> str:
    """Without a repository: the nearest folder upward that holds a project, not above `below`; "" without one."""
    at = os.path.dirname(os.path.abspath(path))
    while at == below or at.startswith(below.rstrip(os.sep) + os.sep):
        if any(os.path.isfile(os.path.join(at, name)) for name in _PROJECTS):
            return at
        at, inner = os.path.dirname(at), at
        if at == inner:
            break
    return ""


def listed(tops: Sequence[str], leave: Callable[[str], bool]) -> Listing:
    """The files of code below the folders (or these files themselves), in order; `leave` says which are not."""
    found: dict[str, None] = {}
    for top in tops:
        for path in _below(top):
            if _is_code(path, top) and not leave(path):
                found[path] = None
                if len(found) > MOST_FILES:
                    return Listing(tuple(found)[:MOST_FILES], f"only the first {MOST_FILES:,} files were searched")
    return Listing(tuple(found))


def texts(listing: Listing) -> Iterator[tuple[str, bytes]]:
    """The files with their bytes; those that are too large, binary or squeezed into few lines are passed over."""
    left = MOST_BYTES
    for path in listing.paths:
        try:
            if os.stat(path).st_size > LARGEST:
                continue
            with open(path, "rb") as file:
                data = file.read()
        except OSError:
            continue
        left -= len(data)
        if left < 0:
            return
        if b"\0" not in data[:1024] and not _squeezed(data):
            yield path, data


def _squeezed(data: bytes) -> bool:
    return len(data) > _LONGEST_LINE and len(data) / (data.count(b"\n") + 1) > _LONGEST_LINE / 10


def _below(top: str) -> Iterator[str]:
    if os.path.isfile(top):
        yield top
        return
    names = _by_git(top)
    if names is not None:
        for name in names:
            yield os.path.join(top, *name.split("/"))
        return
    entries = 0
    for folder, inner, files in os.walk(top):
        inner[:] = sorted(name for name in inner if name not in _LEFT and not name.startswith("."))
        entries += len(files)
        if entries > _MOST_ENTRIES:
            return
        for name in sorted(files):
            yield os.path.join(folder, name)


def _by_git(top: str) -> list[str] | None:
    if not repository(os.path.join(top, "x")):
        return None
    import subprocess

    try:
        done = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607 - the user's own
            cwd=top,
            capture_output=True,
            check=False,
        )
    except OSError:
        return None
    if done.returncode:
        return None
    # A folder that git ignores was named by the settings: all of it counts.
    return [name for name in done.stdout.decode("utf-8", "surrogateescape").split("\0") if name] or None


def _is_code(path: str, top: str) -> bool:
    name = os.path.basename(path)
    if name.rpartition(".")[2].lower() not in EXTENSIONS or name.startswith("."):
        return False
    if _TEST.search(name) or _DUMP.search(name):
        return False
    folders = os.path.relpath(os.path.dirname(path), top).split(os.sep) if path != top else []
    if name.endswith(".sql") and not _SCRIPTS.isdisjoint(folders):
        return False
    return not any(_is_left(folder) for folder in folders)


def _is_left(folder: str) -> bool:
    return folder in _LEFT or (folder.startswith(".") and folder != ".")
