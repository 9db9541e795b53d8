"""An alias in a page is a name that the other linter has."""

import json
from pathlib import Path

import pytest

from safecol import catalog
from safecol.heads import Rule

CATALOG = catalog.load()
READ = json.loads((Path(__file__).parent / "data" / "other_linters.json").read_text(encoding="utf-8"))
KNOWN = {f"{linter}:{name}" for linter, readings in READ.items() for reading in readings for name in reading["names"]}


@pytest.mark.parametrize("rule", CATALOG.rules, ids=lambda rule: f"{rule.dialect}/{rule.name}")
def test_every_alias_is_a_name_of_another_linter(rule: Rule) -> None:
    unknown = {alias for alias in rule.aliases if ":" in alias} - KNOWN
    assert not unknown


def test_an_alias_of_our_own_is_no_rule_and_leads_to_one() -> None:
    own = {alias: rule.name for rule in CATALOG.rules for alias in rule.aliases if ":" not in alias}
    assert own["irreversible-python"] == "irreversible-migration"
    assert not own.keys() & CATALOG.names.keys()
    assert {alias: CATALOG.aliases[alias] for alias in own} == {alias: (name,) for alias, name in own.items()}


@pytest.mark.parametrize("rule", CATALOG.rules, ids=lambda rule: f"{rule.dialect}/{rule.name}")
def test_no_alias_stands_twice_in_a_page(rule: Rule) -> None:
    assert len(set(rule.aliases)) == len(rule.aliases)


@pytest.mark.parametrize("linter", READ)
def test_every_linter_has_aliases(linter: str) -> None:
    assert any(alias.startswith(f"{linter}:") for rule in CATALOG.rules for alias in rule.aliases)
