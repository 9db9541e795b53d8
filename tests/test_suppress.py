"""Suppressions: what a comment covers, and what is said about one that does nothing."""

import re
from typing import Any

import pytest

from safecol import suppress
from safecol.catalog import Catalog
from safecol.finding import Finding
from safecol.foreign import foreign
from safecol.heads import Rule
from safecol.operations import Statement
from safecol.settings import PathSettings
from safecol.source import Span

ALIASES = {"a": ("squawk:ban-a", "atlas:DS103", "eugene:E1"), "b": ()}
NAMES = ("a", "b", "unused-suppression", "unknown-rule", "syntax-error")


def catalog() -> Catalog:
    rules = {name: Rule(*_head(name)) for name in NAMES}
    aliases: dict[str, tuple[str, ...]] = {alias: (name,) for name, listed in ALIASES.items() for alias in listed}
    return Catalog(tuple(rules.values()), {name: (rule,) for name, rule in rules.items()}, aliases, {})


def _head(name: str) -> tuple[Any, ...]:
    values = {
        "name": name,
        "dialect": "any",
        "severity": "warning",
        "category": "convention",
        "title": name,
        "message": "m",
        "help": "",
        "aliases": ALIASES.get(name, ()),
        "when": {},
        "check": "",
        "scope": "",
        "reported": False,
    }
    return tuple(values.get(field, "") for field in Rule._fields)


def run(text: str, *found: tuple[str, str], today: str = "2026-06-01", **settings: Any) -> suppress.Applied:
    """Apply to findings given as (rule, the text that it starts at); statements end at semicolons."""
    statements = [
        Statement(number, Span(match.start(1), match.end(1)), ())
        for number, match in enumerate(re.finditer(r"(?:^|;)(?:\s|--[^\n]*\n|--[^\n]*$)*([^;\s-][^;]*)(?=;)", text), 1)
    ]
    comments = [(Span(*match.span()), match[0]) for match in re.finditer(r"--[^\n]*|/\*.*?\*/", text, re.DOTALL)]
    findings = []
    for rule, place in found:
        start = text.index(place)
        number = next((one.number for one in statements if one.span.start <= start < one.span.end), 0)
        findings.append(Finding(rule, "error", "blocking", "m", "x.sql", Span(start, start + 1), statement=number))
    return suppress.apply(
        findings,
        comments,
        statements,
        text,
        path="x.sql",
        catalog=catalog(),
        settings=PathSettings(**settings),
        selected=frozenset(settings.get("select", NAMES)),
        today=today,
    )


def rules(findings: tuple[Finding, ...]) -> list[str]:
    return [finding.rule for finding in findings]


def test_on_its_own_line_it_covers_the_next_statement_only() -> None:
    text = "ONE;\n-- safecol: ignore[a] small table\nTWO;\nTHREE;\n"
    applied = run(text, ("a", "ONE"), ("a", "TWO"), ("a", "THREE"))
    assert [finding.span.start for finding in applied.suppressed] == [text.index("TWO")]
    assert applied.suppressed[0].reason == "small table"
    assert len(applied.kept) == 2
    assert applied.extra == ()


def test_trailing_it_covers_the_statement_on_that_line() -> None:
    applied = run("ONE;  -- safecol: ignore[a] why\nTWO;\n", ("a", "ONE"), ("a", "TWO"))
    assert [finding.statement for finding in applied.suppressed] == [1]


def test_trailing_it_covers_a_statement_of_many_lines() -> None:
    applied = run("ONE\n  MORE\n  LAST;  -- safecol: ignore[a] why\nTWO;\n", ("a", "MORE"), ("a", "TWO"))
    assert [finding.statement for finding in applied.suppressed] == [1]


def test_inside_a_statement_it_covers_that_statement() -> None:
    applied = run("ONE\n  -- safecol: ignore[a] why\n  MORE;\nTWO;\n", ("a", "MORE"), ("a", "TWO"))
    assert [finding.statement for finding in applied.suppressed] == [1]


def test_several_on_lines_of_their_own_cover_the_same_statement() -> None:
    applied = run("-- safecol: ignore[a] x\n-- safecol: ignore[b] y\nONE;\n", ("a", "ONE"), ("b", "ONE"))
    assert rules(applied.suppressed) == ["a", "b"]


def test_only_named_rules_are_hidden() -> None:
    applied = run("-- safecol: ignore[a, b]\nONE;\n", ("a", "ONE"), ("b", "ONE"), ("syntax-error", "ONE"))
    assert rules(applied.suppressed) == ["a", "b"]
    assert rules(applied.kept) == ["syntax-error"]


def test_an_alias_names_its_rule() -> None:
    assert rules(run("-- safecol: ignore[squawk:ban-a]\nONE;\n", ("a", "ONE")).suppressed) == ["a"]


def test_at_the_top_it_covers_the_file() -> None:
    applied = run("-- safecol: file-ignore[a] old\nONE;\nTWO;\n", ("a", "ONE"), ("a", "TWO"), ("b", "ONE"))
    assert rules(applied.suppressed) == ["a", "a"]
    assert rules(applied.kept) == ["b"]


def test_below_the_top_a_file_ignore_does_nothing_and_says_so() -> None:
    applied = run("ONE;\n-- safecol: file-ignore[a] old\nTWO;\n", ("a", "TWO"))
    assert rules(applied.kept) == ["a"]
    assert "Move it to the top" in applied.extra[0].help


def test_block_comments_count() -> None:
    assert rules(run("/* safecol: ignore[a] why */\nONE;\n", ("a", "ONE")).suppressed) == ["a"]


@pytest.mark.parametrize(
    ("comment", "rule", "said"),
    [
        ("ignore[b] x", "unused-suppression", "`b` hides nothing"),
        ("ignore x", "unknown-rule", "names no rule"),
        ("ignore[]", "unknown-rule", "names no rule"),
        ("ignore[ab-initio]", "unknown-rule", "`ab-initio` is not a rule"),
        ("ignroe[a]", "unused-suppression", "`ignroe` is not a directive"),
        ("ignore[a] until=2026-05-31", "unused-suppression", "expired on 2026-05-31"),
        ("ignore[a, until=2026-05-31]", "unused-suppression", "expired on 2026-05-31"),
        ("ignore[a] until=soon", "unused-suppression", "is not a date"),
        ("ignore[a] until=2026-02-30", "unused-suppression", "is not a date"),
    ],
)
def test_what_hides_nothing_is_a_finding_at_the_comment(comment: str, rule: str, said: str) -> None:
    text = f"-- safecol: {comment}\nONE;\n"
    applied = run(text, ("a", "ONE"))
    assert rules(applied.kept) == ["a"]
    assert rules(applied.extra) == [rule]
    assert said in applied.extra[0].message
    assert applied.extra[0].help
    assert applied.extra[0].span == Span(0, text.index("\n"))


def test_it_holds_through_its_last_day() -> None:
    applied = run("-- safecol: ignore[a] until=2026-06-01 soon gone\nONE;\n", ("a", "ONE"))
    assert (rules(applied.suppressed), applied.suppressed[0].reason) == (["a"], "soon gone")


def test_a_rule_that_did_not_run_is_not_called_unused() -> None:
    assert run("-- safecol: ignore[b]\nONE;\n", select=("a", "unused-suppression")).extra == ()


def test_findings_about_suppressions_are_rules_like_others() -> None:
    assert run("-- safecol: ignore[b]\nONE;\n", select=("a", "b")).extra == ()


def test_a_reason_can_be_required() -> None:
    text = "-- safecol: ignore[a]\nONE;\n"
    assert rules(run(text, ("a", "ONE")).suppressed) == ["a"]
    applied = run(text, ("a", "ONE"), require_reason=True)
    assert rules(applied.kept) == ["a"]
    assert "does not say why" in applied.extra[0].message


@pytest.mark.parametrize(
    "comment",
    [
        "squawk-ignore ban-a",
        "squawk-ignore",
        "atlas:nolint DS103",
        "atlas:nolint",
        "eugene: ignore E1",
        "eugene: ignore",
    ],
)
def test_other_linters_directives_count_only_when_wanted(comment: str) -> None:
    text = f"-- {comment}\nONE;\nTWO;\n"
    assert run(text, ("a", "ONE")).suppressed == ()
    applied = run(text, ("a", "ONE"), ("a", "TWO"), ("syntax-error", "ONE"), foreign_directives=True)
    assert [(finding.rule, finding.statement) for finding in applied.suppressed] == [("a", 1)]
    assert applied.extra == ()


def test_other_linters_names_for_other_rules_hide_nothing() -> None:
    assert run("-- squawk-ignore something-else\nONE;\n", ("a", "ONE"), foreign_directives=True).suppressed == ()


@pytest.mark.parametrize("comment", ["-- noqa and prose", "-- noqa: disable=all", "-- squawk-ignored x", "-- see noqa"])
def test_prose_is_no_directive(comment: str) -> None:
    assert foreign(comment) is None


def test_files_without_the_words_need_no_comments() -> None:
    assert not suppress.wanted("SELECT 1; -- squawk-ignore x", PathSettings())
    assert suppress.wanted("SELECT 1; -- squawk-ignore x", PathSettings(foreign_directives=True))
    assert suppress.wanted("-- safecol: ignore[a]", PathSettings())
