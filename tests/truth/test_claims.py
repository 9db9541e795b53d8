"""A recording that contradicts what is said is found out, field by field."""

from typing import Any

import pytest

from . import claims, pages

MAJOR = 16


def case(name: str) -> pages.Case:
    return next(each for each in pages.cases() if each.key == name)


def judged(name: str, **changes: Any) -> list[str]:
    """The claims that are refuted when the first statement did otherwise than a real server does."""
    chosen = case(name)
    measured = {
        "path": "1.sql", "statement": 1, "sql": "…", "existing": ["orders"], "locks": {"orders": "ACCESS EXCLUSIVE"},
        "blocked": {"orders": ["reads", "writes"]}, "scan": ["orders"], "rewrite": ["orders"],
    }  # fmt: skip
    recording = {"digest": chosen.digest, "statements": [measured | changes]}
    return [item.claim for item in claims.refuted(chosen, pages.told(chosen, MAJOR), recording)]


def test_what_a_server_does_is_not_refuted() -> None:
    assert judged("postgresql/volatile-default bad 1") == []


@pytest.mark.parametrize(
    ("changes", "claim"),
    [
        ({"locks": {"orders": "SHARE"}}, "locks: 1.sql, statement 1"),
        ({"locks": {}}, "locks: 1.sql, statement 1"),
        ({"rewrite": []}, "rewrite: 1.sql, statement 1"),
        ({"rewrite": [], "scan": []}, "scan: 1.sql, statement 1"),
        ({"transaction_allowed": False}, "transaction allowed: 1.sql, statement 1"),
        ({"error": "42601", "message": "no"}, "refused: 1.sql, statement 1"),
    ],
)
def test_a_server_that_does_otherwise_refutes_the_effect(changes: dict[str, Any], claim: str) -> None:
    assert claim in judged("postgresql/volatile-default bad 1", **changes)


def test_a_page_that_says_who_waits_is_refuted_where_nobody_does() -> None:
    name = "postgresql/blocking-index-creation bad 1"
    shown: dict[str, Any] = {"locks": {"orders": "SHARE"}, "rewrite": [], "built": ["orders_user_id"]}
    assert judged(name, **shown, blocked={"orders": ["writes"]}) == []
    assert judged(name, **shown, blocked={}) == ["page: blocks writes, statement 1"]


def staged(stage: dict[str, Any], **outcome: Any) -> list[str]:
    """The claims that are refuted when a staged rewrite of an index did this."""
    chosen = case("postgresql/blocking-index-creation bad 1")
    told = pages.told(chosen, MAJOR)
    made = {
        "finding": 0,
        "digest": pages.staged(told.findings[0].stages),
        "stages": [{"kind": "schema", "statements": [stage]}],
    }
    found = claims.refuted(chosen, told, {"digest": chosen.digest, "statements": [], "staged": [made | outcome]})
    return [item.claim.partition(":")[0] for item in found]


def test_a_stage_that_works_through_a_table_while_others_wait_is_refuted() -> None:
    brief = {"sql": "…", "locks": {"orders": "ACCESS EXCLUSIVE"}}
    quiet = {"sql": "…", "locks": {"orders": "SHARE UPDATE EXCLUSIVE"}, "scan": ["orders"]}
    assert staged(brief) == staged(quiet) == []
    assert staged(brief | {"scan": ["orders"]}) == ["staged is brief"]
    assert staged(brief | {"error": "23514", "message": "no"}) == ["staged runs"]


def test_another_schema_at_the_end_is_refuted() -> None:
    assert staged({"sql": "…"}, missing=["index | orders_user_id"]) == ["staged schema"]
    assert staged({"sql": "…"}, extra=["column | orders | left_over"]) == ["staged schema"]
