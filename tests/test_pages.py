"""Every block of every page is run, and the pages agree with the code that they name."""

from importlib import import_module
from pathlib import Path

import pytest

from safecol import catalog, examples, pages
from safecol.heads import Rule

CATALOG = catalog.load()
BLOCKS = [(rule, block) for rule in CATALOG.rules for block in examples.of_page(rule)]
SECTIONS = {"Flagged", "Left alone", "When to ignore it", "References"}


def named(rule: Rule) -> str:
    return f"{rule.dialect}/{rule.name}"


@pytest.mark.parametrize(
    ("rule", "block"), BLOCKS, ids=[f"{named(rule)}:{block.line}:{block.kind}" for rule, block in BLOCKS]
)
def test_block(rule: Rule, block: pages.Block) -> None:
    assert not "\n".join(str(failure) for failure in examples.run(rule, block, CATALOG))


@pytest.mark.parametrize("rule", CATALOG.rules, ids=named)
def test_page_has_an_example_and_shows_its_stages(rule: Rule) -> None:
    assert not "\n".join(str(failure) for failure in examples.run_whole(rule, CATALOG))


@pytest.mark.parametrize("rule", CATALOG.rules, ids=named)
def test_page_has_the_sections_of_every_page(rule: Rule) -> None:
    found = {part.section for part in pages.parts(catalog.page_text(rule))}
    assert not SECTIONS - found


@pytest.mark.parametrize("rule", [rule for rule in CATALOG.rules if rule.check], ids=named)
def test_check_exists(rule: Rule) -> None:
    module, _, function = rule.check.partition(":")
    assert callable(getattr(import_module(f"safecol.checks.{module}"), function))


def block(text: str, kind: str = "bad", **options: str) -> pages.Block:
    return pages.Block(kind, "sql", options, text, 10)


def test_a_block_is_split_into_setup_and_files_with_their_lines() -> None:
    text = "-- setup\nA;\n-- migration\nB;\n\n-- file: 2_c.sql\nC;"
    assert examples.split(block(text)) == examples.Example(
        ("A;\n",), (("1.sql", "B;\n\n", 13), ("2_c.sql", "C;\n", 16))
    )


def test_setup_may_be_what_stands_above_the_line() -> None:
    assert examples.split(block("A;\n-- setup\nB;")) == examples.Example(("A;\n",), (("1.sql", "B;\n", 12),))


def test_a_block_without_a_migration_or_with_an_unknown_option_is_a_failure() -> None:
    rule = CATALOG.rules[0]
    (nothing,) = examples.run(rule, block("-- setup\nSELECT 1;"), CATALOG)
    assert "no migration" in nothing.message
    (unknown,) = examples.run(rule, block("SELECT 1;", versoin="14"), CATALOG)
    assert "`versoin`" in unknown.message


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("dialect", "postgers"), ("runner", "dbmat"), ("transaction", "wraped"), ("version", "new"),
        ("lock-timeout", "long"),
    ],
)  # fmt: skip
def test_a_value_that_an_option_does_not_take_is_a_failure(option: str, value: str) -> None:
    (failure,) = examples.run(CATALOG.rules[0], block("SELECT 1;", **{option: value}), CATALOG)
    assert failure.message.startswith(f"`{option}={value}`: ")


def users_page(folder: Path, blocks: str) -> Rule:
    path = folder / "views-of-ours.md"
    head = 'severity = "error"\ncategory = "convention"\nmessage = "m"\n[when]\noperation = "create-view"\n'
    path.write_text(f"# T\n\n```toml\n{head}```\n\n{blocks}", encoding="utf-8")
    (rule,) = catalog.users_pages(str(path))
    return rule


@pytest.mark.parametrize(
    ("blocks", "line", "message"),
    [
        ("```sql bad\nCREATE VIEW v AS SELECT 1 AS a;\n```\n", 0, ""),
        ("```sql bad\nSELECT 1;\nCREATE VIEW v AS SELECT 1 AS a;  -- error\n```\n", 0, ""),
        ("```sql bad\nSELECT 1;\n```\n", 12, "a bad block has no finding"),
        ("```sql bad\nSELECT 1;  -- error\nCREATE VIEW v AS SELECT 1 AS a;  -- error\n```\n", 12, "no error of"),
        ("```sql bad\nCREATE VIEW v AS SELECT 1 AS a;  -- warning\n```\n", 12, "found as error"),
        ("```sql good\n\nCREATE VIEW v AS SELECT 1 AS a;\n```\n", 13, "a good block has a finding"),
        ("```sql bad dialect=oracle\nCREATE VIEW v AS SELECT 1 AS a FROM dual;  -- error\n```\n", 0, ""),
        ("```sql todo\nCREATE VIEW v AS SELECT 1 AS a;\n```\n", 12, "make the block `bad`"),
    ],
)
def test_a_users_page_is_checked_and_a_failure_names_its_line(
    tmp_path: Path, blocks: str, line: int, message: str
) -> None:
    rule = users_page(tmp_path, blocks)
    loaded = catalog.load([rule.path])
    failures = [failure for each in examples.of_page(rule) for failure in examples.run(rule, each, loaded)]
    if not message:
        assert failures == []
    else:
        assert (failures[0].path, failures[0].line) == (rule.path, line)
        assert message in failures[0].message
