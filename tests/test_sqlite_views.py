"""Views where SQLite wants tables and the other way round: what is said to be refused is what the library refuses."""

import pytest

import sqlite_live as live
from safecol import catalog
from safecol.analysis import lint_texts

RULES = catalog.load()
SETUP = """
CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT, age INTEGER);
CREATE VIEW emails AS SELECT email FROM users;
CREATE VIEW names AS SELECT email FROM users;
CREATE TRIGGER names_gone INSTEAD OF DELETE ON names BEGIN SELECT 1; END;
"""
REFUSED = [
    "DROP TABLE emails;",
    "DROP TABLE IF EXISTS emails;",
    "DROP VIEW users;",
    "DROP VIEW IF EXISTS users;",
    "ALTER TABLE emails RENAME TO addresses;",
    "ALTER TABLE emails ADD COLUMN more TEXT;",
    "ALTER TABLE emails DROP COLUMN email;",
    "ALTER TABLE emails RENAME COLUMN email TO address;",
    "CREATE INDEX emails_email ON emails (email);",
    "INSERT INTO emails (email) VALUES ('a');",
    "UPDATE emails SET email = 'a' WHERE email = 'b';",
    "DELETE FROM emails WHERE email = 'b';",
    "CREATE TRIGGER seen AFTER INSERT ON emails BEGIN SELECT 1; END;",
    "CREATE TRIGGER seen INSTEAD OF INSERT ON users BEGIN SELECT 1; END;",
    "CREATE TABLE emails (id INTEGER);",
    "CREATE TABLE emails AS SELECT 1;",
    "CREATE VIEW users AS SELECT 1;",
]
TAKEN = [
    "DROP VIEW emails;",
    "DELETE FROM names WHERE email = 'b';",
    "CREATE TRIGGER seen INSTEAD OF INSERT ON emails BEGIN SELECT 1; END;",
    "CREATE TABLE IF NOT EXISTS emails (id INTEGER);",
    "DROP VIEW emails; CREATE TABLE emails (id INTEGER); CREATE INDEX emails_id ON emails (id); DROP TABLE emails;",
]


def _found(change: str) -> list[str]:
    findings = lint_texts(
        [("2.sql", change)], dialect="sqlite", version="3.45", setup=[SETUP], catalog=RULES, lock_timeout="2s"
    )
    return [one.rule for one in findings]


@pytest.mark.parametrize("library", live.libraries(), ids=lambda one: one.name)
@pytest.mark.parametrize("change", REFUSED)
def test_the_wrong_kind_of_relation_is_refused_and_nothing_else_is_said(change: str, library: live.Library) -> None:
    assert _found(change) == ["refused-statement"]
    assert live.run(library, SETUP, change, rows=False).error


@pytest.mark.parametrize("library", live.libraries(), ids=lambda one: one.name)
@pytest.mark.parametrize("change", TAKEN)
def test_the_right_kind_is_taken(change: str, library: live.Library) -> None:
    assert "refused-statement" not in _found(change)
    assert not live.run(library, SETUP, change, rows=False).error
