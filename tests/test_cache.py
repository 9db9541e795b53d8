"""The cache: what was read is found again, and what is wrong with it changes nothing."""

import os
import pickle
from pathlib import Path

import pytest

from safecol import cache, cli
from safecol.frontends.postgresql import front
from safecol.operations import Section
from safecol.source import Span

VALUE = Section("up", Span(0, 3), "wrapped")


def filled(folder: Path, **values: object) -> Path:
    store = cache.Store(str(folder), "history")
    for name, value in values.items():
        store.put(name, value)
    store.close()
    (path,) = folder.glob("*.reads")
    return path


def test_a_value_is_found_by_a_later_run(tmp_path: Path) -> None:
    filled(tmp_path, a=VALUE)
    later = cache.Store(str(tmp_path), "history")
    assert "a" in later
    assert later.get("a") == VALUE
    assert later.get("b") is None


def test_another_history_has_its_own(tmp_path: Path) -> None:
    filled(tmp_path, a=VALUE)
    assert cache.Store(str(tmp_path), "other").get("a") is None


def test_what_a_run_does_not_ask_for_stays(tmp_path: Path) -> None:
    filled(tmp_path, a=VALUE)
    filled(tmp_path, b=VALUE)
    assert cache.Store(str(tmp_path), "history").get("a") == VALUE


@pytest.mark.parametrize("content", [b"", b"\x80", b"not a pickle", bytes(range(64))])
def test_a_damaged_store_is_as_none(tmp_path: Path, content: bytes) -> None:
    filled(tmp_path, a=VALUE).write_bytes(content)
    assert cache.Store(str(tmp_path), "history").get("a") is None
    filled(tmp_path, a=VALUE)
    assert cache.Store(str(tmp_path), "history").get("a") == VALUE


def test_a_store_that_was_cut_short_is_read_anew(tmp_path: Path) -> None:
    path = filled(tmp_path, a=VALUE)
    path.write_bytes(path.read_bytes()[:-4])
    store = cache.Store(str(tmp_path), "history")
    assert store.get("a") is None
    store.put("a", VALUE)
    store.close()
    assert cache.Store(str(tmp_path), "history").get("a") == VALUE


class Foreign:
    """Something whose making would run code."""

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, ("made",)


def test_nothing_but_records_is_made_of_a_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    filled(tmp_path / "stores", a=Foreign())
    assert cache.Store(str(tmp_path / "stores"), "history").get("a") is None
    whole = next((tmp_path / "stores").glob("*.reads"))
    whole.write_bytes(pickle.dumps(Foreign()))
    assert cache.Store(str(tmp_path / "stores"), "history").get("a") is None
    assert not (tmp_path / "made").exists()


def test_a_folder_that_cannot_be_written_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    store = cache.Store(str(tmp_path / "file" / "stores"), "history")
    store.put("a", VALUE)
    store.close()
    assert store.get("b") is None


def test_another_version_of_the_program_reads_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(tmp_path, a=VALUE)
    monkeypatch.setattr(cache, "__version__", "0.0.0")
    assert cache.Store(str(tmp_path), "history").get("a") is None


def test_stores_of_histories_that_are_no_more_go(tmp_path: Path) -> None:
    old = tmp_path / "old.reads"
    old.write_bytes(b"")
    os.utime(old, (0, 0))
    other = tmp_path / "notes.txt"
    other.write_bytes(b"")
    os.utime(other, (0, 0))
    store = cache.Store(str(tmp_path), "history")
    store.put("a", VALUE)
    store.close()
    assert not old.exists()
    assert other.exists()


@pytest.fixture
def history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "migrations"
    folder.mkdir()
    for number in range(1, 60):
        text = f"CREATE TABLE t{number} (id bigint PRIMARY KEY, a text);\nCREATE INDEX ON t{number - 1} (a);\n"
        (folder / f"{number:04}_t.sql").write_text(text)
    monkeypatch.chdir(tmp_path)
    return folder


def lint(capsys: pytest.CaptureFixture[str], *options: str) -> str:
    assert cli.run(["lint", "migrations/0059_t.sql", "migrations/0007_t.sql", "--output-format", "json", *options]) == 1
    return capsys.readouterr().out


def test_a_second_run_reads_nothing_and_says_the_same(
    history: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stores = ["--cache-dir", str(history.parent / "stores")]
    without = lint(capsys, "--no-cache")
    assert lint(capsys, *stores) == without

    def refused(*_given: object) -> None:
        raise AssertionError("it was read before")

    monkeypatch.setattr(front, "read_section", refused)
    assert lint(capsys, *stores) == without


def test_a_changed_file_is_read_again(history: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stores = ["--cache-dir", str(history.parent / "stores")]
    lint(capsys, *stores)
    (history / "0058_t.sql").write_text("DROP TABLE t7;\n")
    assert lint(capsys, *stores) == lint(capsys, "--no-cache")


def test_the_repository_is_left_as_it_was(
    history: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAFECOL_CACHE_DIR", str(history.parent / "stores"))
    before = {path for path in history.parent.iterdir() if path.name != "stores"}
    lint(capsys)
    assert {path for path in history.parent.iterdir() if path.name != "stores"} == before
    assert list((history.parent / "stores").iterdir())
