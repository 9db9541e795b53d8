"""Which steps a page's `[when]` selects."""

from collections.abc import Iterator
from typing import Any

import pytest

from safecol import match, versions
from safecol.effect import Effect
from safecol.errors import UserError
from safecol.heads import Rule
from safecol.operations import Migration, Operation, Section, Statement
from safecol.source import Span
from safecol.trace import Fact, Hit, Step, Trace

SPAN = Span(0, 1)


def rule(check: str = "", scope: str = "", **when: Any) -> Rule:
    return Rule("a-rule", "any", "", "error", "blocking", "", "", (), when, check, scope, False, "a-rule.md")


def step(kind: str = "create-index", blocks: tuple[str, ...] = (), **facts: Fact) -> Step:
    operation = Operation(kind, SPAN)
    effect = Effect(blocks=blocks)
    facts.setdefault("blocks", blocks[0] if blocks else None)
    statement = Statement(1, SPAN, (operation,))
    return Step(statement, operation, facts, effect, effect, None, "none", (), {}, None, True)


def trace(*steps: Step) -> Trace:
    return Trace(Migration("a.sql", "", "plain", "postgresql", ()), "", Section("up", SPAN, "wrapped"), steps)


def hits(chosen: Rule, *steps: Step, version: str = "16") -> list[Step | None]:
    return [hit.step for _, hit in match.matches((chosen,), trace(*steps), version)]


def test_only_steps_of_the_operation_are_selected() -> None:
    wanted, other = step("create-index"), step("drop-index")
    assert hits(rule(operation="create-index"), other, wanted) == [wanted]
    assert hits(rule(operation=["create-index", "drop-index"]), other, wanted) == [other, wanted]


def test_a_fact_must_equal_the_value_or_one_of_the_list() -> None:
    assert hits(rule(operation="create-index", default="constant"), step(default="constant"))
    assert hits(rule(operation="create-index", default=["none", "constant"]), step(default="constant"))
    assert not hits(rule(operation="create-index", default="volatile"), step(default="constant"))
    assert not hits(rule(operation="create-index", rewrite=True), step(rewrite=False))


@pytest.mark.parametrize("unknown", [{}, {"default": None}])
def test_an_unknown_fact_equals_nothing_unless_the_page_names_unknown(unknown: dict[str, Any]) -> None:
    assert not hits(rule(operation="create-index", default="constant"), step(**unknown))
    assert hits(rule(operation="create-index", default=["constant", "unknown"]), step(**unknown))


def test_an_unknown_table_counts_as_existing() -> None:
    selects = rule(operation="create-index", table="existing")
    assert hits(selects, step(table="existing"))
    assert hits(selects, step(table="unknown"))
    assert not hits(selects, step(table="new"))
    assert not hits(selects, step(table="small"))


def test_blocks_asks_for_any_of_what_the_effect_blocks() -> None:
    both = step(blocks=("reads", "writes"))
    assert hits(rule(operation="create-index", blocks="writes"), both)
    assert hits(rule(operation="create-index", blocks=["reads", "none"]), both)
    assert not hits(rule(operation="create-index", blocks="reads"), step(blocks=("writes",)))
    assert hits(rule(operation="create-index", blocks="none"), step())


def test_blocking_a_table_that_is_known_to_stay_small_blocks_nobody() -> None:
    small = step(blocks=("writes",))._replace(facts={"blocks": None})
    assert not hits(rule(operation="create-index", blocks="writes"), small)


@pytest.mark.parametrize(
    ("text", "version", "expected"),
    [
        (">=14,<18", "14", True),
        (">=14,<18", "17.2", True),
        (">=14,<18", "18.0", False),
        ("<14", "9.6", True),
        (">16", "16.2", False),
        ("<=16", "16.2", True),
        (">=8.0.16", "8.0.15", False),
        (">=8.0.16", "8.4", True),
        ("16", "16.4", True),
        ("<14", "", True),
    ],
)
def test_version_ranges(text: str, version: str, expected: bool) -> None:
    assert versions.contains(text, version) is expected


def test_a_page_for_other_versions_or_dialects_selects_nothing() -> None:
    assert not hits(rule(operation="create-index", version="<14"), step(), version="16")
    assert hits(rule(operation="create-index", version="<14"), step(), version="13")
    assert not hits(rule(operation="create-index", dialect=["mysql"]), step())


def test_a_page_about_the_file_gives_one_finding() -> None:
    first = step()
    assert hits(rule(operation="create-index"), first, first) == [first, first]
    assert hits(rule(operation="create-index")._replace(scope="file"), first, step()) == [first]


def test_a_check_sees_the_trace_and_yields_its_own_hits(monkeypatch: pytest.MonkeyPatch) -> None:
    from types import SimpleNamespace

    def each(seen: Trace) -> Iterator[Hit]:
        for found in seen.steps:
            yield Hit(found, SPAN)

    monkeypatch.setitem(__import__("sys").modules, "safecol.checks.sample", SimpleNamespace(each=each))
    only = step()
    assert hits(rule(check="sample:each"), only, only) == [only, only]
    assert hits(rule(check="sample:each", scope="file"), only, only) == [only]


def test_a_check_that_does_not_exist_is_an_error_that_names_the_page() -> None:
    with pytest.raises(UserError, match=r"a-rule\.md: there is no check `nowhere:nothing`"):
        hits(rule(check="nowhere:nothing"), step())


def test_a_rule_that_is_reported_elsewhere_matches_nothing() -> None:
    assert not hits(rule(operation="create-index")._replace(reported=True), step())
