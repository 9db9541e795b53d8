"""The hooks, run by pre-commit itself in a repository of their own."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from shutil import copy, copytree, ignore_patterns

import pytest

ROOT = Path(__file__).parent.parent
SAFE = "CREATE TABLE orders (id bigint, user_id bigint);\n"
BLOCKING = "CREATE INDEX orders_user ON orders (user_id);\n"

pytestmark = pytest.mark.skipif(
    find_spec("pre_commit") is None, reason="pre-commit isn't installed: pip install --group dev"
)


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=Test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false")
    done = subprocess.run(
        ["git", *identity, *arguments], cwd=folder, check=False, capture_output=True, text=True, env=environment()
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def environment() -> dict[str, str]:
    """Without the variables that git sets when the tests run in a hook, and without our sources."""
    unwanted = {"PYTHONPATH", "GIT_DIR", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_WORK_TREE"}
    return {name: value for name, value in os.environ.items() if name not in unwanted}


@pytest.fixture(scope="module")
def hooks(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A repository with what a release of this checkout is installed from, as its only commit."""
    folder = tmp_path_factory.mktemp("hooks")
    for name in ("src", "rules"):
        copytree(ROOT / name, folder / name, ignore=ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE", ".pre-commit-hooks.yaml"):
        copy(ROOT / name, folder / name)
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "A release")
    return folder, git(folder, "rev-parse", "HEAD")


@pytest.fixture
def project(hooks: tuple[Path, str], tmp_path: Path) -> Path:
    """A repository that uses both hooks, with one migration on the main branch of its origin."""
    folder, revision = hooks
    origin = tmp_path / "origin.git"
    git(tmp_path, "init", "-q", "--bare", "-b", "main", str(origin))
    made = tmp_path / "project"
    git(tmp_path, "clone", "-q", str(origin), str(made))
    git(made, "checkout", "-q", "-B", "main")
    (made / ".pre-commit-config.yaml").write_text(
        f"repos:\n- repo: {folder}\n  rev: {revision}\n  hooks:\n  - id: safecol\n"
        "  - id: safecol-diff\n    stages: [pre-push]\n"
    )
    write(made, "db/migrations/0001_orders.sql", SAFE)
    git(made, "commit", "-q", "-m", "Orders")
    git(made, "push", "-q", "origin", "main")
    git(made, "remote", "set-head", "origin", "main")
    return made


def write(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    git(folder, "add", "-A")


def pre_commit(folder: Path, *arguments: str) -> tuple[int, str]:
    """pre-commit's exit code and what it printed; it installs this package for itself on the first call."""
    done = subprocess.run(
        [sys.executable, "-m", "pre_commit", "run", "--color=never", *arguments],
        cwd=folder,
        check=False,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env=environment(),
    )
    return done.returncode, done.stdout + done.stderr


def test_a_commit_with_a_blocking_migration_is_stopped(project: Path) -> None:
    write(project, "db/migrations/0002_index.sql", BLOCKING)
    code, shown = pre_commit(project)
    assert code == 1, shown
    assert "error[blocking-index-creation]" in shown
    assert "db/migrations/0002_index.sql:1:1" in shown


def test_a_commit_with_a_safe_migration_passes(project: Path) -> None:
    write(project, "db/migrations/0002_users.sql", "CREATE TABLE users (id bigint);\n")
    code, shown = pre_commit(project)
    assert code == 0, shown
    assert "Passed" in shown


def test_a_commit_of_python_files_that_are_no_migrations_is_left_alone(project: Path) -> None:
    write(project, "app/models.py", "import os\n\nprint(os.name)\n")
    write(project, "app/broken.py", "def (\n")
    code, shown = pre_commit(project, "--verbose")
    assert code == 0, shown
    assert "error" not in shown
    assert "warning" not in shown


def test_files_of_other_kinds_are_not_given_to_the_hook(project: Path) -> None:
    write(project, "notes.md", "CREATE INDEX\n")
    code, shown = pre_commit(project)
    assert code == 0, shown
    assert "no files to check" in shown


def test_the_whole_change_set_is_checked_before_a_push(project: Path) -> None:
    push = ("--hook-stage", "pre-push", "safecol-diff", "--all-files")
    git(project, "checkout", "-q", "-b", "feature")
    write(project, "db/migrations/0002_index.sql", BLOCKING)
    git(project, "commit", "-q", "-m", "Index")
    write(project, "README.md", "A commit without migrations on top\n")
    git(project, "commit", "-q", "-m", "Words")
    code, shown = pre_commit(project, *push)
    assert code == 1, shown
    assert "db/migrations/0002_index.sql:1:1" in shown
    git(project, "checkout", "-q", "main")
    code, shown = pre_commit(project, *push)
    assert code == 0, shown
