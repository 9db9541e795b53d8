"""SQLite's hazards over runners and files: who wraps what, what earlier migrations have made, what is left alone."""

import subprocess
import sys
from pathlib import Path

import pytest

from safecol import catalog
from safecol.analysis import lint_texts
from safecol.dialects.sqlite import dialect as sqlite
from safecol.effect import Failure
from sqlite_oracle import run_text

RULES = catalog.load()
PARENT = "CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT);\n"
CHILD = "CREATE TABLE orders (id INTEGER PRIMARY KEY, user_id INTEGER REFERENCES users (id) ON DELETE CASCADE);\n"
REBUILD = """PRAGMA foreign_keys = OFF;
CREATE TABLE users_new (id INTEGER PRIMARY KEY, email TEXT NOT NULL);
INSERT INTO users_new (id, email) SELECT id, COALESCE(email, '') FROM users;
DROP TABLE users;
ALTER TABLE users_new RENAME TO users;
PRAGMA foreign_key_check;
PRAGMA foreign_keys = ON;
"""


def found(
    sql: str, setup: str = "", *, runner: str = "plain", version: str = "3.45", transaction: str = ""
) -> list[str]:
    """The default rules that a text meets."""
    findings = lint_texts(
        [("2_change.up.sql", sql)],
        dialect="sqlite",
        version=version,
        setup=[setup] if setup else [],
        catalog=RULES,
        runner=runner,
        transaction=transaction or None,
        lock_timeout="2s",
    )
    return [finding.rule for finding in findings]


@pytest.mark.parametrize(
    ("runner", "head"),
    [
        ("goose", "-- +goose Up\n"),
        ("dbmate", "-- migrate:up\n"),
        ("golang-migrate", ""),
        ("sql-migrate", "-- +migrate Up\n"),
        ("sqlx", ""),
        ("diesel", ""),
        ("flyway", ""),
        ("atlas", ""),
        ("drizzle", ""),
        ("refinery", ""),
    ],
)
def test_runners_that_wrap_make_the_switch_useless(runner: str, head: str) -> None:
    assert "ineffective-foreign-key-pragma" in found(head + REBUILD, PARENT + CHILD, runner=runner)


@pytest.mark.parametrize(
    ("runner", "head"),
    [
        ("goose", "-- +goose NO TRANSACTION\n-- +goose Up\n"),
        ("dbmate", "-- migrate:up transaction:false\n"),
        ("sql-migrate", "-- +migrate Up notransaction\n"),
        ("sqlx", "-- no-transaction\n"),
        ("prisma", ""),
        ("sqitch", ""),
        ("hasura", ""),
    ],
)
def test_runners_that_do_not_wrap_leave_it_to_the_file(runner: str, head: str) -> None:
    rules = found(head + REBUILD, PARENT + CHILD, runner=runner)
    assert not {"ineffective-foreign-key-pragma", "cascading-parent-loss", "misordered-rebuild"} & set(rules)


def test_nobody_knows_how_a_plain_file_is_run() -> None:
    assert found(REBUILD, PARENT + CHILD) == []


def test_a_useless_switch_is_one_finding_and_not_the_loss_as_well() -> None:
    assert found(REBUILD, PARENT + CHILD, transaction="wrapped") == ["ineffective-foreign-key-pragma"]


def test_children_that_are_dropped_too_are_not_lost() -> None:
    sql = "DROP TABLE users;\nDROP TABLE orders;\n"
    assert "cascading-parent-loss" not in found(sql, PARENT + CHILD)
    assert "cascading-parent-loss" in found("DROP TABLE users;\n", PARENT + CHILD)


def test_children_of_the_same_change_have_no_rows_to_lose() -> None:
    assert "cascading-parent-loss" not in found(CHILD + REBUILD.replace("PRAGMA foreign_keys = OFF;\n", ""), PARENT)


def test_foreign_keys_still_point_at_a_table_that_was_built_anew() -> None:
    setup = PARENT + CHILD + REBUILD
    assert "cascading-parent-loss" in found("DROP TABLE users;\n", setup)


def test_a_table_built_anew_is_one_that_others_use() -> None:
    sql = REBUILD + "ALTER TABLE users ADD COLUMN code TEXT NOT NULL;\n"
    assert "required-column" in found(sql, PARENT)


def test_the_foreign_key_of_a_renamed_table_follows_it() -> None:
    setup = PARENT + CHILD + "ALTER TABLE users RENAME TO accounts;\n"
    assert "cascading-parent-loss" in found("DROP TABLE accounts;\n", setup)


@pytest.mark.parametrize(
    ("sql", "version", "rule"),
    [
        ("ALTER TABLE users RENAME COLUMN email TO mail;", "3.24", "unsupported-statement"),
        ("INSERT INTO users (id) VALUES (1) ON CONFLICT DO NOTHING;", "3.22", "unsupported-statement"),
        ("INSERT INTO users (id) VALUES (1) RETURNING id;", "3.34", "unsupported-statement"),
        ("UPDATE users SET email = unixepoch() WHERE id = 1;", "3.37", "unsupported-statement"),
        ("ALTER TABLE users ADD COLUMN a INTEGER AS (id + 1);", "3.30", "unsupported-statement"),
        ("ALTER TABLE users ALTER COLUMN email SET NOT NULL;", "3.52", "unsupported-statement"),
        ("ALTER TABLE users ADD COLUMN a TEXT PRIMARY KEY;", "3.45", "refused-statement"),
        ("ALTER TABLE users ADD COLUMN a TEXT NOT NULL;", "3.31", "refused-statement"),
        ("DROP INDEX users_email_key;", "3.45", "dependent-object-failure"),
    ],
)
def test_what_a_version_refuses_is_an_error(sql: str, version: str, rule: str) -> None:
    setup = "CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT UNIQUE);"
    assert rule in found(sql, setup, version=version)


@pytest.mark.parametrize(
    ("sql", "version"),
    [
        ("ALTER TABLE users RENAME COLUMN email TO mail;", "3.25"),
        ("INSERT INTO users (id) VALUES (1) ON CONFLICT DO NOTHING;", "3.24"),
        ("INSERT INTO users (id) VALUES (1) RETURNING id;", "3.35"),
        ("UPDATE users SET email = unixepoch() WHERE id = 1;", "3.38"),
        ("ALTER TABLE users ADD COLUMN a INTEGER AS (id + 1);", "3.31"),
        ("ALTER TABLE users ALTER COLUMN email SET NOT NULL;", "3.53"),
    ],
)
def test_what_a_version_knows_is_no_error(sql: str, version: str) -> None:
    assert "unsupported-statement" not in found(sql, PARENT, version=version)


def _failures(setup: str, sql: str, version: str = "3.45") -> list[Failure | None]:
    from safecol.context import Context

    judge = sqlite.load(RULES)
    context = Context("sqlite", judge.number(version), default_schema="main")
    context.new_since = 2
    run_text(context, judge, setup, 1)
    made, _ = run_text(context, judge, sql, 2)
    return [step.effect.fails for step in made.steps]


@pytest.mark.parametrize(
    "users",
    [
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a, b UNIQUE);",
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a, b); CREATE INDEX i ON t (a) WHERE b > 1;",
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a, b, CHECK (a > b));",
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a, b, c AS (b + 1));",
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a, b); CREATE VIEW v AS SELECT b FROM t;",
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a, b); CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT NEW.b; END;",
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a, b, FOREIGN KEY (b) REFERENCES u (id));",
    ],
)
def test_a_column_that_something_uses_is_not_dropped(users: str) -> None:
    (failure,) = _failures(users, "ALTER TABLE t DROP COLUMN b;")
    assert failure is not None
    assert (failure.when, failure.cause) == ("always", "dependents")


@pytest.mark.parametrize(
    "users",
    [
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a, b CHECK (b > 0));",
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a, b REFERENCES u (id));",
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a, b); CREATE VIEW v AS SELECT * FROM t;",
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a, b); CREATE VIEW v AS SELECT a FROM t;",
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a, b); CREATE TRIGGER g AFTER UPDATE OF b ON t BEGIN SELECT 1; END;",
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a, b); CREATE TABLE k (x REFERENCES t (b));",
    ],
)
def test_a_column_that_goes_with_what_names_it_is_dropped(users: str) -> None:
    assert _failures(users, "ALTER TABLE t DROP COLUMN b;") == [None]


def test_a_view_without_its_table_stops_every_rename_unless_the_old_way_is_switched_on() -> None:
    setup = "CREATE TABLE t (a); CREATE VIEW v AS SELECT a FROM t; CREATE TABLE u (b); DROP TABLE t;"
    (failure,) = _failures(setup, "ALTER TABLE u RENAME TO w;")
    assert failure is not None
    assert failure.reason == "error in view v: no such table: t"
    assert _failures(setup, "PRAGMA legacy_alter_table = ON; ALTER TABLE u RENAME TO w;") == [None, None]
    assert _failures(setup, "DROP VIEW v; ALTER TABLE u RENAME TO w;") == [None, None]


def test_a_run_on_sqlite_alone_loads_no_other_parser(tmp_path: Path) -> None:
    folder = tmp_path / "sqlite"
    folder.mkdir()
    (folder / "1_users.sql").write_text("ALTER TABLE users ADD COLUMN a TEXT;\n")
    code = (
        "import sys; from safecol import cli; cli.run(['lint', '--no-cache', '--isolated', sys.argv[1]]);"
        "heavy = {'sqlglot', 'pglast', 'libcst', 'sqlite3', 'dataclasses', 'inspect', 'safecol.frontends.sqlglot'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder / "1_users.sql")], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]", done.stderr


def test_a_column_that_cannot_be_dropped_yet_has_no_stages_that_drop_it() -> None:
    setup = f"{PARENT}CREATE VIEW mails AS SELECT email FROM users;"
    found = lint_texts(
        [("1.sql", "ALTER TABLE users DROP COLUMN email")],
        dialect="sqlite",
        version="3.45",
        setup=[setup],
        catalog=RULES,
    )
    assert {one.rule: one.stages for one in found} == {"column-drop": (), "dependent-object-failure": ()}


def test_rows_are_locked_for_as_long_as_they_are_changed() -> None:
    found = lint_texts(
        [("1.sql", "UPDATE users SET email = '' WHERE email IS NULL")],
        dialect="sqlite", version="3.45", setup=[PARENT], catalog=RULES, runner="plain",
    )  # fmt: skip
    assert [one.consequence for one in found] == [
        ("Takes RESERVED on `main` until it is done: writes wait, reads go on.",)
    ]
