"""safecol's effects agree with what real servers were measured to do; each disagreement is known, with its reason."""

import json

import pytest

import oracle


@pytest.fixture(scope="module")
def outcome() -> tuple[int, list[oracle.Disagreement]]:
    return oracle.run()


@pytest.fixture(scope="module")
def known() -> dict[str, str]:
    reasons: dict[str, str] = json.loads((oracle.DATA / "known.json").read_text())
    return reasons


def test_every_measured_statement_was_compared(outcome: tuple[int, list[oracle.Disagreement]]) -> None:
    assert outcome[0] == sum(len(row["versions"]) for row in oracle.rows()) > 4000


def test_every_disagreement_is_known(outcome: tuple[int, list[oracle.Disagreement]], known: dict[str, str]) -> None:
    unknown = [item for item in outcome[1] if item.id not in known]
    assert not unknown


def test_every_known_disagreement_still_disagrees(
    outcome: tuple[int, list[oracle.Disagreement]], known: dict[str, str]
) -> None:
    assert set(known) <= {item.id for item in outcome[1]}


def test_no_rewrite_is_missed(outcome: tuple[int, list[oracle.Disagreement]]) -> None:
    assert not [item for item in outcome[1] if item.field == "rewrite"]


def test_at_least_95_percent_agree_in_every_field(outcome: tuple[int, list[oracle.Disagreement]]) -> None:
    compared, found = outcome
    assert len({(item.id, item.version) for item in found}) < compared * 0.05
