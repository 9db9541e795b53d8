"""A table that is built anew with stricter constraints: what is found is what SQLite does with rows that break them."""

import pytest

import sqlite_live as live
from safecol import catalog
from safecol.analysis import lint_texts

RULES = catalog.load()
OLD = """
CREATE TABLE teams (id INTEGER PRIMARY KEY);
CREATE TABLE users (
  id INTEGER PRIMARY KEY, email TEXT, age INTEGER, code TEXT NOT NULL UNIQUE, state TEXT CHECK (state IN ('a', 'b'))
);
"""
ROWS = "INSERT INTO users VALUES (1, NULL, -1, 'x', 'a'), (2, 'm', 5, 'y', 'b'), (3, 'm', 5, 'z', NULL);\n"
PLAIN = "INSERT INTO users_new (id, email, age) SELECT id, email, age FROM users;"
NOT_NULL = "id INTEGER PRIMARY KEY, email TEXT NOT NULL, age INTEGER"
CHECKED = "id INTEGER PRIMARY KEY, email TEXT, age INTEGER CHECK (age > 0)"
KEY = "id INTEGER PRIMARY KEY, email TEXT, age INTEGER, UNIQUE (email)"
STATE = "id INTEGER PRIMARY KEY, code TEXT NOT NULL UNIQUE, state TEXT CHECK (state IN ('a'{}))"
STATES = "INSERT INTO users_new (id, code, state) SELECT id, code, state FROM users;"

# columns of the new table, the copy, the severity of what is found ("" for nothing)
COPIES = [
    (NOT_NULL, PLAIN, "warning"),
    (NOT_NULL.replace("NOT NULL", "NOT NULL DEFAULT ''"), PLAIN, "warning"),
    (NOT_NULL.replace("NOT NULL", "NOT NULL ON CONFLICT REPLACE DEFAULT ''"), PLAIN, ""),
    (NOT_NULL, PLAIN.replace("SELECT id, email", "SELECT id, COALESCE(email, '')"), ""),
    (NOT_NULL, PLAIN.replace("SELECT id, email", "SELECT id, IFNULL(email, '') AS email"), ""),
    (NOT_NULL, PLAIN.replace("FROM users", "FROM (SELECT id, IFNULL(email, '') AS email, age FROM users)"), ""),
    (NOT_NULL, "UPDATE users SET email = '' WHERE email IS NULL;\n" + PLAIN, ""),
    (NOT_NULL, "DELETE FROM users WHERE email IS NULL;\n" + PLAIN, ""),
    (NOT_NULL, "UPDATE users SET age = 1 WHERE email IS NULL;\n" + PLAIN, "warning"),
    (NOT_NULL, PLAIN.replace(";", " WHERE email IS NOT NULL;"), ""),
    (NOT_NULL, "INSERT INTO users_new SELECT id, email, age FROM users;", "warning"),
    ("id INTEGER NOT NULL PRIMARY KEY, email TEXT, age INTEGER", PLAIN, ""),
    (NOT_NULL + ", more TEXT NOT NULL", PLAIN, "error"),
    (NOT_NULL.replace(" NOT NULL", "") + ", more TEXT NOT NULL DEFAULT NULL", PLAIN, "error"),
    (NOT_NULL.replace(" NOT NULL", "") + ", more TEXT NOT NULL DEFAULT ''", PLAIN, ""),
    (CHECKED, PLAIN, "warning"),
    (CHECKED, PLAIN.replace("email, age FROM", "email, abs(age) FROM"), ""),
    (KEY, PLAIN, "warning"),
    (KEY, PLAIN.replace(";", " GROUP BY email;"), ""),
    (STATE.format(""), STATES, "warning"),
    (STATE.format(", 'b'"), STATES, ""),
    (STATE.format(", 'b', 'c'"), STATES, ""),
    ("id INTEGER PRIMARY KEY, code TEXT, UNIQUE (code, id)", "INSERT INTO users_new SELECT id, code FROM users;", ""),
]
LOSING = [
    (NOT_NULL, PLAIN.replace("INSERT", "INSERT OR IGNORE"), 1),
    (CHECKED, PLAIN.replace("INSERT", "INSERT OR IGNORE"), 1),
    (KEY, PLAIN.replace("INSERT", "INSERT OR IGNORE"), 1),
    (KEY, PLAIN.replace("INSERT", "INSERT OR REPLACE"), 1),
    (NOT_NULL + ", more TEXT NOT NULL", PLAIN.replace("INSERT", "INSERT OR IGNORE"), 3),
]


def _script(columns: str, copy: str) -> str:
    return f"CREATE TABLE users_new ({columns});\n{copy}\nDROP TABLE users;\nALTER TABLE users_new RENAME TO users;\n"


def _found(change: str, setup: str = OLD) -> list[tuple[str, str]]:
    findings = lint_texts(
        [("2.sql", change)], dialect="sqlite", version="3.45", setup=[setup] if setup else [], catalog=RULES,
        transaction="autocommit", lock_timeout="2s",
    )  # fmt: skip
    return [(one.severity, one.message) for one in findings if one.rule == "failing-table-copy"]


@pytest.mark.parametrize(("columns", "copy", "severity"), COPIES)
def test_a_copy_that_rows_may_stop_is_found(columns: str, copy: str, severity: str) -> None:
    assert [found for found, _ in _found(_script(columns, copy))] == ([severity] if severity else [])


@pytest.mark.parametrize("library", live.libraries(), ids=lambda one: one.name)
@pytest.mark.parametrize(("columns", "copy", "severity"), COPIES)
def test_the_library_stops_at_what_is_found(columns: str, copy: str, severity: str, library: live.Library) -> None:
    after = live.run(library, OLD, _script(columns, copy), rows=False, before=ROWS)
    assert ("constraint failed" in after.error) == bool(severity)


@pytest.mark.parametrize("library", live.libraries(), ids=lambda one: one.name)
@pytest.mark.parametrize(("columns", "copy", "lost"), LOSING)
def test_rows_that_a_copy_leaves_out_are_told(columns: str, copy: str, lost: int, library: live.Library) -> None:
    ((_, message),) = _found(_script(columns, copy))
    assert "leaves out" in message or "only the last is left" in message
    after = live.run(library, OLD, _script(columns, copy), rows=False, before=ROWS)
    assert not after.error
    assert len(after.rows["users"]) == 3 - lost


@pytest.mark.parametrize("library", live.libraries(), ids=lambda one: one.name)
def test_a_new_foreign_key_is_asked_while_they_are_enforced(library: live.Library) -> None:
    change = _script("id INTEGER PRIMARY KEY, email TEXT, age INTEGER REFERENCES teams (id)", PLAIN)
    on = "PRAGMA foreign_keys = ON;\n"
    ((severity, message),) = _found(on + change)
    assert severity == "warning"
    assert "foreign key" in message
    assert _found(change) == []
    assert "FOREIGN KEY" in live.run(library, OLD, on + change, rows=False, before=ROWS).error
    assert not live.run(library, OLD, change, rows=False, before=ROWS).error


def test_a_table_that_was_renamed_away_first_is_copied_all_the_same() -> None:
    change = (
        "ALTER TABLE users RENAME TO users_old;\n"
        f"CREATE TABLE users ({NOT_NULL});\n"
        "INSERT INTO users (id, email, age) SELECT id, email, age FROM users_old;\nDROP TABLE users_old;\n"
    )
    assert [severity for severity, _ in _found(change)] == ["warning"]


def test_a_table_of_the_same_change_has_no_rows_to_stop_at() -> None:
    assert _found(OLD + _script(NOT_NULL, PLAIN), setup="") == []


def test_rows_for_a_table_that_was_there_are_no_copy_into_a_stricter_one() -> None:
    setup = OLD + "CREATE TABLE archive (id INTEGER PRIMARY KEY, email TEXT NOT NULL);\n"
    assert _found("INSERT INTO archive (id, email) SELECT id, email FROM users;", setup) == []
