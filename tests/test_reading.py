"""Bytes of a file to its text, or to a sentence about why there is none."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safecol.frontends.reading import read_source


def test_a_byte_order_mark_stays_as_one_character() -> None:
    source = read_source("a.sql", b"\xef\xbb\xbfselect 1;")
    assert (source.text, source.problem) == ("\ufeffselect 1;", "")


def test_line_endings_are_kept() -> None:
    assert read_source("a.sql", b"select 1;\r\nselect 2;\r").text == "select 1;\r\nselect 2;\r"


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le"])
def test_wide_encodings_with_a_mark_are_read(encoding: str) -> None:
    text = "\ufeffALTER TABLE é ADD c int;"
    assert read_source("a.sql", text.encode(encoding)).text == text


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark_is_recognized(encoding: str) -> None:
    text = "ALTER TABLE t ADD c int;\n"
    assert read_source("a.sql", text.encode(encoding)).text == text


def test_a_nul_byte_is_named_with_its_line() -> None:
    source = read_source("a.sql", b"select 1;\nselect\x00 2;\n")
    assert source.text == ""
    assert source.problem.startswith("line 2 has a NUL byte")


def test_an_undecodable_byte_is_named_with_line_position_and_cure() -> None:
    source = read_source("a.sql", "select 1;\n-- café\n".encode("latin-1"))
    assert source.problem.startswith("line 2 isn't valid UTF-8: byte 0xe9 at position 7")
    assert "save the file as UTF-8" in source.problem


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"PGDMP\x01\x0e\x00", "pg_restore"),
        (b"\x1f\x8b\x08\x00", "gzip"),
        (bytes(range(32)) * 20, "binary"),
        (b"\xff\xfea\x00b", "UTF-16-LE"),
    ],
)
def test_what_is_no_text_is_named(data: bytes, word: str) -> None:
    source = read_source("a.sql", data)
    assert source.text == ""
    assert word in source.problem


def test_a_file_that_is_not_there_is_a_problem_not_an_error(tmp_path: Path) -> None:
    assert read_source(str(tmp_path / "no.sql")).problem == "the file can't be read: No such file or directory"
    assert read_source(str(tmp_path)).problem == "the file can't be read: it is a folder"
    assert read_source("a\x00b.sql").problem


def test_a_file_is_read_from_disk_with_forward_slashes_in_its_path(tmp_path: Path) -> None:
    file = tmp_path / "a.sql"
    file.write_bytes(b"select 1;\r\n")
    assert read_source(str(file)).text == "select 1;\r\n"
    assert read_source("db\\a.sql", b"").path == "db/a.sql"


@given(st.binary(max_size=200))
def test_no_bytes_raise(data: bytes) -> None:
    source = read_source("a.sql", data)
    assert "\x00" not in source.text
    assert not (source.text and source.problem)
