"""What safecol says of statements agrees with what MySQL and MariaDB were measured to do; disagreements are known."""

import json

import pytest

import mysql_oracle

Outcome = tuple[dict[str, int], list[mysql_oracle.Disagreement]]


@pytest.fixture(scope="module")
def outcome() -> Outcome:
    return mysql_oracle.run()


@pytest.fixture(scope="module")
def known() -> dict[str, str]:
    reasons: dict[str, str] = json.loads((mysql_oracle.DATA / "known.json").read_text())
    return reasons


def test_every_measured_statement_was_compared(outcome: Outcome) -> None:
    expected = {"mysql": 0, "mariadb": 0}
    for row in mysql_oracle.rows():
        for one in row["outcomes"]:
            expected[row["dialect"]] += len(one["versions"]) * (one["code"] not in (".", "~"))
    assert outcome[0] == expected
    assert all(count > 1400 for count in expected.values())


def test_every_disagreement_is_known(outcome: Outcome, known: dict[str, str]) -> None:
    assert [item for item in outcome[1] if item.id not in known] == []


def test_every_known_disagreement_still_disagrees(outcome: Outcome, known: dict[str, str]) -> None:
    assert set(known) <= {item.id for item in outcome[1]}


@pytest.mark.parametrize("dialect", ["mysql", "mariadb"])
def test_at_least_97_percent_agree(outcome: Outcome, dialect: str) -> None:
    compared, found = outcome
    assert len([item for item in found if item.dialect == dialect]) <= compared[dialect] * 0.03


def test_nothing_is_said_to_be_online_that_is_not(outcome: Outcome) -> None:
    online = {"I", "P+", "Px+", "R+", "C+"}
    assert [item for item in outcome[1] if item.said in online and item.measured.endswith(("-", "!"))] == []


def test_nothing_is_said_to_be_metadata_that_is_a_rebuild(outcome: Outcome) -> None:
    cheap = {"I", "P+", "P-"}
    assert [item for item in outcome[1] if item.said in cheap and item.measured.startswith(("R", "C", "Px"))] == []
