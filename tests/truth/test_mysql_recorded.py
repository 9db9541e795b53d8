"""What safecol says of the statements of MySQL's and MariaDB's pages is what real servers were recorded to do."""

import re
from pathlib import Path

import pytest

import mysql_oracle as oracle

from . import mysql_pages, mysql_record

RECORDINGS = mysql_record.recordings()
ONLINE = re.compile(r"I|ok|(?:P|Px|R|C)\+")


def name(path: Path) -> str:
    return path.stem


def test_there_is_a_recording_of_each_dialect() -> None:
    assert {path.stem.partition("-")[0] for path in RECORDINGS} == {"mysql", "mariadb"}


@pytest.mark.parametrize("path", RECORDINGS, ids=name)
def test_each_statement_of_a_page_does_what_is_said_of_it(path: Path) -> None:
    found = mysql_record.load(path)
    wrong = []
    for case in mysql_pages.cases(found["dialect"]):
        done = found["blocks"].get(case.key)
        if done is None or done["digest"] != case.digest:
            continue
        said = mysql_pages.told(found["dialect"], found["version"], case)
        wrong += [
            f"{case.key}, statement {number}: said {one}, recorded {other}"
            for number, (one, other) in enumerate(zip(said, done["codes"], strict=True), 1)
            if not oracle.agree(one, oracle.plain(other)) and case.key not in mysql_pages.KNOWN
        ]
    assert not "\n".join(wrong)


@pytest.mark.parametrize("path", RECORDINGS, ids=name)
def test_nearly_every_block_is_recorded_as_it_stands(path: Path) -> None:
    found = mysql_record.load(path)
    cases = mysql_pages.cases(found["dialect"])
    left = [case.key for case in cases if found["blocks"].get(case.key, {}).get("digest") != case.digest]
    assert len(left) <= len(cases) // 20, f"record again (python -m tests.truth.mysql_record): {left}"


@pytest.mark.parametrize("path", RECORDINGS, ids=name)
def test_staged_rewrites_are_online_and_reach_the_same_schema(path: Path) -> None:
    found = mysql_record.load(path)
    done = [(key, stage) for key, one in found["blocks"].items() for stage in one["stages"]]
    assert done
    assert [(key, code) for key, stage in done for code in stage["codes"] if not ONLINE.fullmatch(code)] == []
    assert [key for key, stage in done if not stage["same"]] == []
