"""Settings: where they come from, which wins, and what is refused."""

import json
import re
from pathlib import Path

import pytest

from safecol.errors import UserError
from safecol.path_patterns import matches
from safecol.settings import TABLE, Settings
from safecol.settings_file import milliseconds
from safecol.settings_schema import json_schema

ROOT = Path(__file__).parent.parent


def write(folder: Path, text: str, name: str = "safecol.toml") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    file.write_text(text)
    return file


def test_without_files_everything_is_a_default(tmp_path: Path) -> None:
    found = Settings().for_path(str(tmp_path / "a.sql"))
    assert found.dialect is None
    assert found.fail_on == "error"
    assert found.lock_timeout_ms is None


def test_the_nearest_file_wins_without_merging(tmp_path: Path) -> None:
    write(tmp_path, 'dialect = "mysql"\nserver-version = "8"\n')
    write(tmp_path / "inner", 'dialect = "sqlite"\n')
    settings = Settings()
    assert settings.for_path(str(tmp_path / "a.sql")).server_version == "8"
    inner = settings.for_path(str(tmp_path / "inner" / "deep" / "a.sql"))
    assert (inner.dialect, inner.server_version) == ("sqlite", None)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("safecol.toml", 'dialect = "mysql"'),
        (".safecol.toml", 'dialect = "mysql"'),
        ("pyproject.toml", '[tool.safecol]\ndialect = "mysql"'),
    ],
)
def test_each_kind_of_file_is_read(tmp_path: Path, name: str, text: str) -> None:
    write(tmp_path, text, name)
    assert Settings().for_path(str(tmp_path / "a.sql")).dialect == "mysql"


def test_a_pyproject_without_a_section_is_passed_over(tmp_path: Path) -> None:
    write(tmp_path, 'dialect = "mysql"')
    write(tmp_path / "inner", "# no tool.safecol here\n[project]\n", "pyproject.toml")
    assert Settings().for_path(str(tmp_path / "inner" / "a.sql")).dialect == "mysql"


def test_a_broken_pyproject_of_others_is_not_read(tmp_path: Path) -> None:
    write(tmp_path, "this is not TOML", "pyproject.toml")
    assert Settings().for_path(str(tmp_path / "a.sql")).dialect is None


def test_extend_gives_what_the_file_does_not_say(tmp_path: Path) -> None:
    write(tmp_path, 'dialect = "mysql"\n[severity]\na = "note"\nb = "note"\n', "base.toml")
    write(tmp_path / "x", 'extend = "../base.toml"\n[severity]\nb = "off"\n')
    found = Settings().for_path(str(tmp_path / "x" / "a.sql"))
    assert found.dialect == "mysql"
    assert found.severity == {"a": "note", "b": "off"}


def test_extend_in_a_circle_is_refused(tmp_path: Path) -> None:
    write(tmp_path, 'extend = "b.toml"')
    write(tmp_path, 'extend = "safecol.toml"', "b.toml")
    with pytest.raises(UserError, match="leads back"):
        Settings().for_path(str(tmp_path / "a.sql"))


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ('dialct = "mysql"', "unknown setting dialct", "did you mean dialect"),
        ("fail_on = 'error'", "unknown setting fail_on", "did you mean fail-on"),
        ('[runner]\nlock-timout = "5s"', "unknown setting runner.lock-timout", "did you mean runner.lock-timeout"),
        ("select = 'a'", 'select must be a list of strings, not "a"', ""),
        ("require-reason = 'yes'", 'require-reason must be true or false, not "yes"', ""),
        ("dialect = 'db2'", "dialect must be one of postgresql, mysql", ""),
        ("[runner]\nlock-timeout = 'soon'", "runner.lock-timeout must be a duration", ""),
        ("[severity]\na = 'fatal'", "severity.a must be one of error, warning, note, off", ""),
        ("server = 1", "server must be a table, not a number", ""),
        ("[tables]\nrows = { orders = -1 }", "tables.rows must be a table", ""),
        ("[[overrides]]\ndialect = 'mysql'", "overrides 1: files must be a list", ""),
        ("[[overrides]]\nfiles = ['a']\nfail-on = 'note'", "overrides 1: fail-on can't be set by path", ""),
        ("a = ", "not valid TOML", ""),
    ],
)
def test_a_mistake_names_the_file_the_key_and_the_cure(tmp_path: Path, text: str, message: str, hint: str) -> None:
    write(tmp_path, text)
    with pytest.raises(UserError, match=re.escape(message)) as caught:
        Settings().for_path(str(tmp_path / "a.sql"))
    assert "safecol.toml" in caught.value.message
    assert hint in caught.value.hint


def test_of_two_values_of_one_setting_the_last_argument_holds_and_tables_are_joined() -> None:
    given = ("dialect=mysql", "dialect=sqlite", 'severity={a = "note"}', 'severity={b = "off"}')
    chosen = Settings(config=given, isolated=True).root
    assert chosen.dialect == "sqlite"
    assert chosen.severity == {"a": "note", "b": "off"}


@pytest.mark.parametrize("given", ['extend="x.toml"', 'overrides=[{files=["a"], dialect="mysql"}]'])
def test_what_only_a_file_can_say_is_no_argument(given: str) -> None:
    with pytest.raises(UserError, match="only a file can have this"):
        Settings(config=(given,))


def test_sections_say_what_the_runner_and_the_tables_are(tmp_path: Path) -> None:
    write(
        tmp_path,
        """
        server-version = 16
        [runner]
        name = "dbmate"
        lock-timeout = "5s"
        statement-timeout = 250
        transaction = "wrapped"
        [server]
        timezone = "UTC"
        [tables]
        small = ["countries"]
        rows = { orders = 5000000, currencies = 180 }
        """,
    )
    found = Settings().for_path(str(tmp_path / "a.sql"))
    assert (found.runner, found.server_version, found.timezone) == ("dbmate", "16", "UTC")
    assert (found.lock_timeout_ms, found.statement_timeout_ms) == (5000, 250)
    assert found.small_tables == {"countries", "currencies"}


def test_overrides_hold_for_their_paths_and_add_to_ignore(tmp_path: Path) -> None:
    write(
        tmp_path,
        """
        dialect = "postgresql"
        ignore = ["a"]
        [[overrides]]
        files = ["legacy/**"]
        dialect = "mysql"
        ignore = ["b"]
        """,
    )
    settings = Settings()
    legacy = settings.for_path(str(tmp_path / "legacy" / "x" / "1.sql"))
    assert (legacy.dialect, legacy.ignore) == ("mysql", ("a", "b"))
    other = settings.for_path(str(tmp_path / "db" / "1.sql"))
    assert (other.dialect, other.ignore) == ("postgresql", ("a",))


def test_the_command_line_wins_over_config_over_files(tmp_path: Path) -> None:
    write(tmp_path, 'dialect = "mysql"\nserver-version = "8"\nrunner = "flyway"\n')
    settings = Settings({"dialect": "sqlite"}, ("dialect=postgresql", "server-version='17'"))
    found = settings.for_path(str(tmp_path / "a.sql"))
    assert (found.dialect, found.server_version, found.runner) == ("sqlite", "17", "flyway")


def test_selecting_on_the_command_line_sets_the_files_choice_aside(tmp_path: Path) -> None:
    write(tmp_path, 'ignore = ["a"]\nextend-select = ["b"]\n')
    found = Settings({"select": ("a",)}).for_path(str(tmp_path / "a.sql"))
    assert (found.select, found.ignore, found.extend_select) == (("a",), (), ())


def test_config_takes_a_file_and_isolated_reads_none(tmp_path: Path) -> None:
    write(tmp_path, 'dialect = "mysql"')
    other = write(tmp_path / "x", 'dialect = "sqlite"', "other.toml")
    path = str(tmp_path / "a.sql")
    assert Settings(config=(str(other),)).for_path(path).dialect == "sqlite"
    assert Settings(isolated=True).for_path(path).dialect is None


def test_a_config_file_that_is_missing_is_refused() -> None:
    with pytest.raises(UserError, match=r"nowhere\.toml"):
        Settings(config=("nowhere.toml",))


def test_paths_are_relative_to_the_file_that_names_them(tmp_path: Path) -> None:
    write(tmp_path, 'schema = "db/schema.sql"\nrule-paths = ["rules"]\n')
    found = Settings().for_path(str(tmp_path / "db" / "deep" / "a.sql"))
    assert found.schema == str(tmp_path / "db" / "schema.sql")
    assert found.rule_paths == (str(tmp_path / "rules"),)


def test_shown_settings_say_where_each_value_came_from(tmp_path: Path) -> None:
    write(tmp_path, 'dialect = "mysql"')
    rows = {row.name: row for row in Settings({"fail-on": "note"}).shown(str(tmp_path))}
    assert rows["dialect"].value == "mysql"
    assert rows["dialect"].origin.endswith("safecol.toml")
    assert rows["fail-on"].origin == "command line"
    assert rows["runner"].origin == "default"


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("db/**", "db/a/b.sql", True),
        ("db/*.sql", "db/a/b.sql", False),
        ("db/**/b.sql", "db/b.sql", True),
        ("*.sql", "db/a.sql", True),
        ("legacy", "db/legacy/a.sql", True),
        ("db", "database/a.sql", False),
        ("db/", "db/a.sql", True),
        ("000[12]_*.sql", "db/0001_x.sql", True),
        ("000[!12]_*.sql", "db/0001_x.sql", False),
        ("a.sql", "aXsql", False),
    ],
)
def test_patterns_cover_paths(pattern: str, path: str, expected: bool) -> None:
    assert matches(pattern, path) is expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("5s", 5000),
        ("500ms", 500),
        ("2 min", 120_000),
        ("1h", 3_600_000),
        (0, 0),
        ("7", 7),
        ("-1s", None),
        ("s", None),
        (True, None),
    ],
)
def test_durations_are_milliseconds(raw: object, expected: int | None) -> None:
    assert milliseconds(raw) == expected


def test_the_shipped_schema_is_the_one_that_the_table_gives() -> None:
    shipped = json.loads((ROOT / "docs" / "safecol.schema.json").read_text())
    assert shipped == json_schema(), "regenerate it: python -m safecol.settings_schema > docs/safecol.schema.json"


def test_the_schema_knows_every_setting() -> None:
    properties = json_schema()["properties"]
    for setting in TABLE:
        section, _, key = setting.name.rpartition(".")
        if not section:
            assert key in properties
            continue
        table = properties[section]
        inside = table["anyOf"][1] if "anyOf" in table else table
        assert key in inside["properties"]


def test_excluded_paths_are_relative_to_the_file_that_names_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, 'exclude = ["db/legacy/**"]')
    (tmp_path / "db" / "legacy").mkdir(parents=True)
    for folder in (tmp_path, tmp_path / "db", tmp_path.parent):
        monkeypatch.chdir(folder)
        settings = Settings()
        assert settings.excluded(str(tmp_path / "db" / "legacy" / "1.sql"))
        assert not settings.excluded(str(tmp_path / "db" / "1.sql"))


def test_patterns_of_names_switch_their_rule_on_and_must_be_regular_expressions(tmp_path: Path) -> None:
    from safecol.catalog import load
    from safecol.request import selection

    (tmp_path / "safecol.toml").write_text('[naming]\ntable = "[a-z]{2,}"\nindex = "{table}_{columns}_idx"\n')
    chosen = Settings().for_path(str(tmp_path / "x.sql"))
    assert chosen.naming == {"table": "[a-z]{2,}", "index": "{table}_{columns}_idx"}
    assert "naming-pattern" in selection(load(), chosen)
    assert "naming-pattern" not in selection(load(), chosen._replace(naming={}))
    assert "naming-pattern" not in selection(load(), chosen._replace(ignore=("naming-pattern",)))
    (tmp_path / "safecol.toml").write_text('[naming]\ntable = "[a-z"\n')
    with pytest.raises(UserError, match=r"naming\.table is no regular expression"):
        Settings().for_path(str(tmp_path / "x.sql"))
