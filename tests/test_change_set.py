"""Change sets from git: what counts as changed, and what is said when git can't tell."""

import os
import subprocess
from pathlib import Path

import pytest

from safecol.change_set import changed
from safecol.errors import UserError


@pytest.fixture(autouse=True)
def _own_git(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    return subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout


def save(folder: Path, message: str = "change") -> None:
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", message)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = tmp_path / "repository"
    (root / "db").mkdir(parents=True)
    git(root, "init", "-q", "-b", "main")
    (root / "db" / "1.sql").write_text("SELECT 1;\n")
    (root / "db" / "2.sql").write_text("SELECT 2; SELECT 2; SELECT 2;\n")
    save(root)
    git(root, "checkout", "-qb", "feature")
    return root


def names(files: frozenset[str]) -> list[str]:
    return sorted(Path(file).name for file in files)


def test_added_edited_and_untracked_files_changed_since_the_merge_base(repository: Path) -> None:
    (repository / "db" / "3.sql").write_text("SELECT 3;\n")
    save(repository)
    (repository / "db" / "1.sql").write_text("SELECT 'edited';\n")
    (repository / "db" / "4.sql").write_text("SELECT 4;\n")
    assert names(changed([str(repository)], base="main").files) == ["1.sql", "3.sql", "4.sql"]


def test_what_others_did_after_the_merge_base_does_not_count(repository: Path) -> None:
    git(repository, "checkout", "-q", "main")
    (repository / "db" / "9.sql").write_text("SELECT 9;\n")
    save(repository)
    git(repository, "checkout", "-q", "feature")
    assert changed([str(repository / "db")], base="main").files == frozenset()


def test_a_renamed_file_counts_and_a_removed_one_does_not(repository: Path) -> None:
    git(repository, "mv", "db/2.sql", "db/5 ü.sql")
    git(repository, "rm", "-q", "db/1.sql")
    save(repository)
    assert names(changed([str(repository)], base="main").files) == ["5 ü.sql"]


def test_paths_are_absolute_from_anywhere_in_the_repository(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repository / "db")
    Path("3.sql").write_text("SELECT 3;\n")
    assert changed(["3.sql"], base="main").files == frozenset({os.path.realpath("3.sql")})


def test_staged_is_the_index_not_the_work_tree(repository: Path) -> None:
    file = repository / "db" / "3.sql"
    file.write_text("SELECT 'staged';\n")
    git(repository, "add", "db/3.sql")
    file.write_text("SELECT 'later';\n")
    (repository / "db" / "1.sql").write_text("SELECT 'not staged';\n")
    found = changed([str(repository)], staged=True)
    assert names(found.files) == ["3.sql"]
    assert list(found.contents.values()) == ["SELECT 'staged';\n"]


def test_staged_works_before_the_first_commit(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    (tmp_path / "1.sql").write_text("SELECT 1;\n")
    git(tmp_path, "add", "1.sql")
    assert names(changed([str(tmp_path)], staged=True).files) == ["1.sql"]


def test_an_unknown_ref_is_refused_with_the_fetch_that_brings_it(repository: Path) -> None:
    with pytest.raises(UserError, match="origin/main: git does not know") as caught:
        changed([str(repository)], base="origin/main")
    assert "git fetch origin main" in caught.value.hint


def test_a_ref_that_looks_like_an_option_is_refused(repository: Path) -> None:
    with pytest.raises(UserError, match="git does not know"):
        changed([str(repository)], base="--output=x")


def test_a_missing_origin_head_is_refused_with_the_command_that_sets_it(repository: Path) -> None:
    with pytest.raises(UserError) as caught:
        changed([str(repository)], base="origin/HEAD")
    assert "git remote set-head origin --auto" in caught.value.hint


def test_a_shallow_clone_is_refused_with_the_cure(repository: Path, tmp_path: Path) -> None:
    for number in range(3):
        (repository / "db" / f"1{number}.sql").write_text("SELECT 1;\n")
        save(repository)
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", "--depth", "1", "-b", "feature", repository.as_uri(), str(clone))
    git(clone, "fetch", "-q", "--depth", "1", "origin", "main:refs/remotes/origin/main")
    with pytest.raises(UserError, match="too shallow") as caught:
        changed([str(clone)], base="origin/main")
    assert "--unshallow" in caught.value.hint
    assert "fetch-depth: 0" in caught.value.hint
    with pytest.raises(UserError, match="shallow"):
        changed([str(clone)], base="origin/unknown")


def test_histories_without_a_common_commit_are_refused(repository: Path) -> None:
    git(repository, "checkout", "-q", "--orphan", "other")
    save(repository, "root")
    with pytest.raises(UserError, match="share no history"):
        changed([str(repository)], base="main")


def test_a_folder_outside_a_repository_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="not in a git repository"):
        changed([str(tmp_path)], base="main")


def test_missing_git_is_refused(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(UserError, match="git was not found"):
        changed([str(repository)], staged=True)
