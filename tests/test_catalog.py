"""Heads of pages, the index built from them, and names that users give."""

import os
from pathlib import Path

import pytest

from safecol import catalog
from safecol.errors import UserError

HEAD = """severity = "error"
category = "blocking"
message = "m"
[when]
operation = "create-index"
"""


def page(folder: Path, name: str = "slow-thing", head: str = HEAD, title: str = "# A title\n") -> str:
    path = folder / f"{name}.md"
    path.write_text(f"{title}\n```toml\n{head}```\n\nText.\n", encoding="utf-8")
    return str(path)


def problem(folder: Path, head: str, **more: str) -> UserError:
    with pytest.raises(UserError) as caught:
        catalog.load([page(folder, head=head, **more)])
    return caught.value


def test_a_users_page_becomes_a_rule(tmp_path: Path) -> None:
    rule = catalog.load([page(tmp_path)]).rule("slow-thing")
    assert rule is not None
    assert (rule.title, rule.dialect, rule.when) == ("A title", "any", {"operation": "create-index"})


def test_a_folder_of_pages_is_searched_and_its_readme_left_alone(tmp_path: Path) -> None:
    (tmp_path / "postgresql").mkdir()
    (tmp_path / "README.md").write_text("# Not a rule\n", encoding="utf-8")
    page(tmp_path / "postgresql")
    rule = catalog.load([str(tmp_path)]).rule("slow-thing")
    assert rule is not None
    assert rule.dialect == "postgresql"


def test_an_unknown_key_names_the_file_and_the_nearest_key(tmp_path: Path) -> None:
    error = problem(tmp_path, HEAD.replace("severity", "severty"))
    assert "slow-thing.md" in error.message
    assert "`severty`" in error.message
    assert error.hint == "Did you mean `severity`?"


@pytest.mark.parametrize(
    ("old", "new", "named", "hint"),
    [
        ('"create-index"', '"create-indx"', "create-indx", "create-index"),
        ("operation", "operaton", "when.operaton", "when.operation"),
        ('"error"', '"errr"', "errr", "error"),
        ('"blocking"', '"blockng"', "blockng", "blocking"),
        ("[when]\n", '[when]\ntable = "exsting"\n', "exsting", "existing"),
    ],
)
def test_a_wrong_word_in_the_head_names_the_nearest(tmp_path: Path, old: str, new: str, named: str, hint: str) -> None:
    error = problem(tmp_path, HEAD.replace(old, new))
    assert f"`{named}`" in error.message
    assert error.hint == f"Did you mean `{hint}`?"


@pytest.mark.parametrize(
    ("head", "named"),
    [
        (HEAD.replace('message = "m"\n', ""), "message"),
        (HEAD.replace('"m"', "3"), "message"),
        (HEAD + 'rewrite = "yes"\n', "when.rewrite"),
        (HEAD + "object = 3\n", "when.object"),
        (HEAD + 'version = "about 14"\n', "when.version"),
        (HEAD + 'table = "existing"\ncheck = "a:b"\n', "when.table"),
        (HEAD.replace('operation = "create-index"\n', ""), "when.operation"),
        (HEAD.replace("[when]", 'check = "os.system"\n[when]'), "check"),
        (HEAD + "=", "TOML"),
    ],
)
def test_a_wrong_head_is_an_error_that_names_the_key(tmp_path: Path, head: str, named: str) -> None:
    error = problem(tmp_path, head)
    assert "slow-thing.md" in error.message
    assert named in error.message + error.hint


def test_a_page_without_title_or_with_an_ill_formed_name_is_an_error(tmp_path: Path) -> None:
    assert "title" in problem(tmp_path, HEAD, title="").message
    assert "lower-case" in problem(tmp_path, HEAD, name="Slow_Thing").message


def test_a_users_page_can_not_take_the_name_of_a_built_in_rule(tmp_path: Path) -> None:
    name = next(rule.name for rule in catalog.load().rules if rule.dialect == "any")
    assert f"`{name}` is a rule already" in problem(tmp_path, HEAD, name=name).message


def test_names_aliases_categories_and_all_choose_rules(tmp_path: Path) -> None:
    head = HEAD.replace("[when]", 'aliases = ["other:thing"]\n[when]').replace('"blocking"', '"convention"')
    loaded = catalog.load([page(tmp_path, head=head)])
    assert loaded.resolve(["slow-thing"]) == loaded.resolve(["other:thing"]) == {"slow-thing"}
    assert "slow-thing" in loaded.resolve(["convention"])
    assert loaded.resolve(["ALL"]) == {rule.name for rule in loaded.rules}


def test_an_alias_of_several_rules_chooses_all_of_them(tmp_path: Path) -> None:
    head = HEAD.replace("[when]", 'aliases = ["other:thing"]\n[when]')
    page(tmp_path, "slow-thing", head)
    page(tmp_path, "slower-thing", head)
    assert catalog.load([str(tmp_path)]).resolve(["other:thing"]) == {"slow-thing", "slower-thing"}


def test_an_unknown_name_is_an_error_that_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        catalog.load([page(tmp_path)]).resolve(["slow-thin"])
    assert caught.value.hint == "Did you mean `slow-thing`?"


def test_a_rule_that_is_off_is_known_but_not_a_default(tmp_path: Path) -> None:
    loaded = catalog.load([page(tmp_path, head=HEAD.replace('"error"', '"off"'))])
    assert "slow-thing" in loaded.names
    assert "slow-thing" not in loaded.defaults()


def test_a_dialects_own_page_replaces_the_one_for_any(tmp_path: Path) -> None:
    for dialect in ("any", "postgresql"):
        (tmp_path / dialect).mkdir()
        page(tmp_path / dialect)
    loaded = catalog.load([str(tmp_path)])
    for dialect, expected in (("postgresql", "postgresql"), ("sqlite", "any")):
        assert [rule.dialect for rule in loaded.for_dialect(dialect) if rule.name == "slow-thing"] == [expected]


def test_the_index_says_the_same_as_the_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "rules"
    (folder / "postgresql").mkdir(parents=True)
    page(folder / "postgresql")
    (folder / "postgresql" / "effects.toml").write_text('[[effect]]\noperation = "vacuum"\n', encoding="utf-8")
    monkeypatch.setattr(catalog, "rules_folder", lambda: str(folder))
    parsed = catalog.load()
    (folder / "index.json").write_text(catalog.index(str(folder)), encoding="utf-8")
    assert catalog.load() == parsed
    assert parsed.effects("postgresql") == [{"operation": "vacuum"}]


def test_an_index_older_than_a_page_of_a_checkout_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "rules"
    (folder / "any").mkdir(parents=True)
    page(folder / "any")
    index = folder / "index.json"
    index.write_text(catalog.index(str(folder)), encoding="utf-8")
    os.utime(index, (1, 1))
    page(folder / "any", title="# A better title\n")
    monkeypatch.setattr(catalog, "rules_folder", lambda: str(folder))
    assert [rule.title for rule in catalog.load().rules] == ["A better title"]
