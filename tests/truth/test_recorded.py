"""What safecol says of every page's examples, on every version, is what real servers were recorded to do."""

from functools import cache
from typing import Any

import pytest

from . import claims, known, pages, record, servers

CASES = pages.cases()
ENOUGH = 0.95


@cache
def recorded(major: int) -> dict[str, Any]:
    blocks: dict[str, Any] = record.load(major)["blocks"]
    return blocks


@cache
def told(case_number: int, major: int) -> pages.Told:
    """What safecol says of a case, by its place among all."""
    return pages.told(CASES[case_number], major)


def current(case: pages.Case, major: int) -> dict[str, Any] | None:
    """The recording of a case as it stands now."""
    found: dict[str, Any] | None = recorded(major).get(case.key)
    return found if found is not None and found["digest"] == case.digest else None


@pytest.mark.parametrize("major", servers.MAJORS)
def test_no_claim_of_a_page_is_refuted(major: int) -> None:
    refuted = [
        item
        for number, case in enumerate(CASES)
        if (found := current(case, major)) is not None
        for item in claims.refuted(case, told(number, major), found)
    ]
    assert not "\n".join(map(str, refuted))


@pytest.mark.parametrize("major", servers.MAJORS)
def test_nearly_every_block_is_recorded_and_was_executed(major: int) -> None:
    meant = [case for case in CASES if pages.is_for(case, major)]
    done = [case.key for case in meant if (found := current(case, major)) and claims.executed(case, found)]
    left = {case.key for case in meant} - set(done)
    assert len(done) >= ENOUGH * len(meant), f"record again (python -m tests.truth.record): {sorted(left)}"


@pytest.mark.parametrize("major", servers.MAJORS)
def test_nearly_every_staged_rewrite_is_recorded_as_it_is_shown(major: int) -> None:
    shown = executed = 0
    left = []
    for number, case in enumerate(CASES):
        said = told(number, major)
        done = claims.stages_recorded(said, current(case, major) or {})
        shown += claims.stages_told(said)
        executed += done
        if done < claims.stages_told(said):
            left.append(case.key)
    assert executed >= ENOUGH * shown > 0, f"record again (python -m tests.truth.record): {left}"


def test_every_exception_is_of_a_block_that_there_is() -> None:
    keys = {case.key for case in CASES} | {case.key.partition(" ")[0] for case in CASES}
    named = {
        *known.PREPARED,
        *known.NO_ROWS,
        *known.ROWS,
        *known.GATES,
        *known.NOT_EXECUTED,
        *(key for key, _ in known.REFUTED),
    }
    assert not named - keys


def test_every_refuted_claim_that_is_known_is_still_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    exceptions = dict(known.REFUTED)
    monkeypatch.setattr(known, "REFUTED", {})
    keys = {key for key, _ in exceptions}
    seen = set()
    for major in servers.MAJORS:
        for number, case in enumerate(CASES):
            if case.key in keys and (found := current(case, major)) is not None:
                for item in claims.refuted(case, told(number, major), found):
                    seen.add((case.key, item.claim.partition(":")[0]))
    assert set(exceptions) <= seen
