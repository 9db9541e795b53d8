"""Rules over whole histories: versions, edited files, missing down files, constraints left NOT VALID."""

import subprocess
from pathlib import Path

import pytest

from safecol.checks import history
from safecol.runners.migration_file import MigrationFile


def file(name: str, runner: str = "flyway", *, target: bool = True, direction: str = "up") -> MigrationFile:
    stem = name.replace(".down.sql", "").replace(".up.sql", "")
    order = (0, ((0, 0, stem),), stem, int(direction == "down"))
    return MigrationFile(name, runner, history="h", target=target, direction=direction, order=order)


def rules(*files: MigrationFile, edited: tuple[str, ...] = ()) -> dict[str, list[str]]:
    found = history.of_files(files, edited)
    return {path: [problem.rule for problem in problems] for path, problems in found.items()}


def test_the_new_one_of_two_files_with_one_version_is_told() -> None:
    old, new = file("V2__a.sql", target=False), file("V2__b.sql")
    assert rules(old, new) == rules(new, old) == {"V2__b.sql": ["duplicate-version"]}


@pytest.mark.parametrize(
    ("one", "other", "runner"),
    [
        ("V12_1.5.1__a.sql", "V12_1.5.10__b.sql", "flyway"),
        ("R__a.sql", "R__b.sql", "flyway"),
        ("1_a.sql", "1_b.sql", "psql"),
    ],
)
def test_other_versions_and_files_without_one_are_no_duplicates(one: str, other: str, runner: str) -> None:
    assert rules(file(one, runner), file(other, runner)) == {}


def test_an_up_file_and_its_down_file_are_no_duplicates() -> None:
    up, down = file("1_a.up.sql", "golang-migrate"), file("1_a.down.sql", "golang-migrate", direction="down")
    assert rules(up, down) == {}


def test_a_file_below_one_that_was_there_before_is_out_of_order() -> None:
    late = file("V1__late.sql")
    assert rules(file("V2__a.sql", target=False), late) == {"V1__late.sql": ["out-of-order-version"]}
    assert rules(file("V2__a.sql"), late) == {}
    assert rules(file("V0__a.sql", target=False), late) == {}


def test_an_up_file_without_the_down_file_that_others_have_cannot_be_taken_back() -> None:
    runner = "golang-migrate"
    pair = (file("1_a.up.sql", runner), file("1_a.down.sql", runner, direction="down"))
    alone = file("2_b.up.sql", runner)
    assert rules(*pair, alone) == {"2_b.up.sql": ["irreversible-migration"]}
    assert rules(alone) == {}


def git(folder: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


def test_an_edited_file_of_the_base_is_told_and_one_with_other_comments_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from safecol import change_set

    names = ("1_a.sql", "2_b.sql")
    git(tmp_path, "init", "-q", "-b", "main")
    for name in names:
        (tmp_path / name).write_text("CREATE TABLE a (id bigint);\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "a")
    (tmp_path / "1_a.sql").write_text("CREATE TABLE a (id bigint, note text);\n")
    (tmp_path / "2_b.sql").write_text("-- of the shop\n\nCREATE TABLE a (id bigint);\n")
    (tmp_path / "3_c.sql").write_text("SELECT 1;\n")
    monkeypatch.chdir(tmp_path)
    changed = change_set.changed(["."], base="main")
    assert {Path(path).name for path in changed.files} == {"1_a.sql", "2_b.sql", "3_c.sql"}
    assert {Path(path).name for path in changed.edited} == {"1_a.sql"}
    assert rules(file("1_a.sql"), edited=("1_a.sql",)) == {"1_a.sql": ["edited-migration"]}


def test_a_column_that_an_earlier_file_of_the_change_has_copied_is_dropped_too_soon() -> None:
    from safecol import catalog
    from safecol.analysis import run
    from safecol.checks import replacements
    from safecol.settings import PathSettings

    texts = {
        "0.sql": "CREATE TABLE users (id bigint, name text);",
        "1.sql": "ALTER TABLE users ADD COLUMN full_name text; UPDATE users SET full_name = name;",
        "2.sql": "ALTER TABLE users DROP COLUMN name;",
    }
    files = [MigrationFile(path, history="h", target=path != "0.sql") for path in texts]

    def told(change_set: str) -> list[str]:
        ran = run(files, lambda _: PathSettings(), catalog.load(), texts, None, change_set=change_set)
        return [one.read.file.path for one in ran for made in one.traces for _ in replacements.at_once(made)]

    assert told("all") == ["2.sql"]
    assert told("each") == []


def test_an_edited_migration_in_python_is_told_and_one_that_is_laid_out_anew_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from safecol import change_set

    folder = tmp_path / "shop" / "migrations"
    folder.mkdir(parents=True)
    git(tmp_path, "init", "-q", "-b", "main")
    for name in ("0001_a.py", "0002_b.py"):
        (folder / name).write_text("class Migration:\n    operations = [A('x')]\n")
    (tmp_path / "models.py").write_text("x = 1\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "a")
    (folder / "0001_a.py").write_text("class Migration:\n    operations = [A('y')]\n")
    (folder / "0002_b.py").write_text("# Of the shop\nclass Migration:\n    operations = [\n        A('x'),\n    ]\n")
    (tmp_path / "models.py").write_text("x = 2\n")
    monkeypatch.chdir(tmp_path)
    changed = change_set.changed(["."], base="HEAD")
    assert [Path(name).name for name in changed.edited] == ["0001_a.py"]
