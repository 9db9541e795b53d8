"""Statements on the wrong kind of relation: PostgreSQL refuses them, whatever else they would cost."""

import pytest

from safecol import analysis, catalog

CATALOG = catalog.load()
SETUP = ("CREATE TABLE t (id integer PRIMARY KEY, a text NOT NULL); CREATE VIEW w AS SELECT id, a FROM t;",)


def refusals(sql: str) -> list[str]:
    found = analysis.lint_texts(
        [("1.sql", sql)], dialect="postgresql", version="16", setup=SETUP, catalog=CATALOG, rules={"refused-statement"}
    )
    return [one.message for one in found]


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TABLE w ADD COLUMN z int",
        "ALTER TABLE w DROP COLUMN a",
        "ALTER TABLE w ALTER COLUMN a TYPE varchar",
        "ALTER TABLE w ALTER COLUMN a SET NOT NULL",
        "ALTER TABLE w ADD CONSTRAINT c CHECK (id > 0)",
        "CREATE INDEX i ON w (id)",
        "TRUNCATE w",
        "DROP TABLE IF EXISTS w",
    ],
)
def test_what_only_tables_take_is_refused_for_a_view(sql: str) -> None:
    assert refusals(sql) == ["The server refuses this: w is a view, not a table"]


def test_a_table_is_not_dropped_as_a_view() -> None:
    assert refusals("DROP VIEW IF EXISTS t") == ["The server refuses this: t is a table, not a view"]


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TABLE w ALTER COLUMN a SET DEFAULT 'x'",
        "ALTER TABLE w RENAME TO v",
        "DROP VIEW w",
        "DROP TABLE t CASCADE",
        "CREATE MATERIALIZED VIEW m AS SELECT a FROM t; CREATE INDEX i ON m (a)",
        "DROP VIEW w; CREATE TABLE w (id int); ALTER TABLE w ADD COLUMN z int",
    ],
)
def test_what_views_take_too_is_not_refused(sql: str) -> None:
    assert refusals(sql) == []
