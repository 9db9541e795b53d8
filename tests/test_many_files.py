"""Many files are read by processes beside the first one: nothing may tell the difference."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from safecol import ahead, reader, reading
from safecol.read_file import ReadFile
from safecol.runners.migration_file import MigrationFile

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="without fork there is one process")


def written(folder: Path, count: int) -> list[MigrationFile]:
    files = []
    for number in range(count):
        path = folder / f"{number}_a.sql"
        text = f"ALTER TABLE orders ADD COLUMN c{number} text DEFAULT 'ü';\n" if number % 7 else "SELECT (;\n{{ x }}\n"
        path.write_text(text, encoding="utf-8")
        files.append(MigrationFile(str(path), "plain", "postgresql", "settings"))
    (folder / "3_a.sql").write_bytes(b"\xff\x00\x01")
    return files


def told(found: Sequence[ReadFile]) -> list[object]:
    return [(*one._replace(source=None), one.source.path, one.source.text, one.source.problem) for one in found]  # type: ignore[arg-type]


def test_files_are_the_same_in_the_same_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = written(tmp_path, 100)
    alone = told(list(reading.read_all(files, {}, lambda _: "wrapped", jobs=1)))
    monkeypatch.setattr(reading, "_MANY", 1)
    monkeypatch.setattr(ahead, "_MANY", 1)
    for jobs in (2, 3):
        assert told(list(reading.read_all(files, {}, lambda _: "wrapped", jobs))) == alone
    assert alone == told([reader.read(file, {}, "wrapped") for file in files])


def test_few_files_need_no_other_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused() -> int:
        raise AssertionError

    monkeypatch.setattr(os, "fork", refused)
    assert len(list(reading.read_all(written(tmp_path, 20), {}, lambda _: None, jobs=4))) == 20


def test_what_a_failing_process_does_not_send_is_read_here(tmp_path: Path) -> None:
    files = written(tmp_path, 60)
    here = os.getpid()

    def read(file: MigrationFile) -> ReadFile:
        if os.getpid() != here and file.path.endswith("40_a.sql"):
            raise MemoryError
        return reader.read(file, {})

    assert told(list(ahead.read_all(files, read, 1))) == told([reader.read(file, {}) for file in files])


def test_an_error_is_the_one_that_a_single_process_meets(tmp_path: Path) -> None:
    def read(file: MigrationFile) -> ReadFile:
        raise LookupError(file.path)

    with pytest.raises(LookupError, match="0_a"):
        list(ahead.read_all(written(tmp_path, 40), read, 2))


def test_processes_end_when_the_results_are_no_longer_wanted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[int] = []
    wait = os.waitpid

    def waited(process: int, options: int) -> tuple[int, int]:
        ended.append(process)
        return wait(process, options)

    monkeypatch.setattr(os, "waitpid", waited)
    found: Iterator[ReadFile] = ahead.read_all(written(tmp_path, 400), lambda file: reader.read(file, {}), 2)
    next(found)
    found.close()  # type: ignore[attr-defined]
    assert len(ended) == 2
