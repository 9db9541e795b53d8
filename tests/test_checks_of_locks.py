"""Corners of the checks of locks that add up, of half-done files and of deferred checks."""

import pytest

from safecol import catalog
from safecol.analysis import lint_texts
from safecol.finding import Finding

CATALOG = catalog.load()
SETUP = """
CREATE TABLE users (id bigint PRIMARY KEY);
CREATE TABLE orders (id bigint PRIMARY KEY, n int, user_id bigint REFERENCES users DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE items (id bigint PRIMARY KEY, n int);
CREATE TABLE lines (id bigint PRIMARY KEY);
"""


def found(rule: str, sql: str, *, transaction: str | None = "wrapped", runner: str = "plain") -> list[Finding]:
    findings = lint_texts(
        [("1.sql", sql)],
        dialect="postgresql",
        version="16",
        setup=[SETUP],
        catalog=CATALOG,
        runner=runner,
        rules={rule},
        transaction=transaction,
        lock_timeout="2s",
    )
    return [finding for finding in findings if finding.rule == rule]


def lines(sql: str, findings: list[Finding]) -> list[int]:
    return [sql.count("\n", 0, finding.span.start) + 1 for finding in findings]


def test_a_table_lock_is_left_alone_where_a_later_statement_takes_it_anyway() -> None:
    early = "LOCK TABLE orders;\nALTER TABLE orders ADD COLUMN note text;"
    assert found("explicit-table-lock", early) == []
    stronger = "LOCK TABLE orders;\nALTER TABLE orders VALIDATE CONSTRAINT orders_user_id_fkey;"
    assert lines(stronger, found("explicit-table-lock", stronger)) == [1]
    assert found("explicit-table-lock", "LOCK TABLE orders IN ACCESS SHARE MODE;") == []


def test_tables_add_up_within_a_transaction_and_not_over_two() -> None:
    tables = ("users", "orders", "items", "lines")
    one = "\n".join(f"ALTER TABLE {name} ADD COLUMN note text;" for name in tables)
    (finding,) = found("many-locked-tables", one)
    assert lines(one, [finding]) == [4]
    assert "on 4 tables" in finding.message
    assert len(finding.related) == 3
    assert found("many-locked-tables", one.replace("ALTER TABLE items", "COMMIT;\nALTER TABLE items")) == []
    same = "\n".join(f"ALTER TABLE orders ADD COLUMN note{number} text;" for number in range(6))
    assert found("many-locked-tables", same) == []


def test_a_foreign_key_that_goes_is_told_where_the_transaction_goes_on_to_other_tables() -> None:
    drop = "ALTER TABLE orders DROP CONSTRAINT orders_user_id_fkey;\n"
    (finding,) = found("referenced-table-lock", f"{drop}ALTER TABLE items ADD COLUMN note text;")
    assert "`users`" in finding.message
    assert found("referenced-table-lock", drop) == []
    assert found("referenced-table-lock", f"{drop}ALTER TABLE orders ADD COLUMN note text;") == []
    assert found("referenced-table-lock", f"{drop}ALTER TABLE items ADD COLUMN x int;", transaction="autocommit") == []


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("ALTER TABLE items ADD COLUMN a int;\nUPDATE orders SET n = 1 WHERE id = 1;", [1]),
        ("ALTER TABLE items ADD COLUMN IF NOT EXISTS a int;\nUPDATE orders SET n = 1 WHERE id = 1;", []),
        ("CREATE TABLE a (id int);\nCREATE TABLE b (id int);", []),
        ("CREATE TABLE a (id int);\nALTER TABLE orders ADD COLUMN a int;", [1]),
        ("INSERT INTO items (id) VALUES (1);\nALTER TABLE orders ADD COLUMN a int;", [1]),
        ("INSERT INTO items (id) VALUES (1) ON CONFLICT DO NOTHING;\nALTER TABLE orders ADD COLUMN a int;", []),
        ("DROP TRIGGER IF EXISTS t ON items;\nCREATE TRIGGER t AFTER INSERT ON items EXECUTE FUNCTION f();", []),
        ("DROP VIEW IF EXISTS v;\nCREATE VIEW v AS SELECT 1;\nALTER TABLE orders ADD COLUMN IF NOT EXISTS a int;", []),
        ("ALTER TABLE items ADD COLUMN a int;\nANALYZE items;\nSELECT 1;", []),
        ("BEGIN;\nALTER TABLE items ADD COLUMN a int;\nALTER TABLE orders ADD COLUMN a int;\nCOMMIT;", []),
    ],
)  # fmt: skip
def test_half_of_a_file_that_cannot_be_run_again(sql: str, expected: list[int]) -> None:
    assert lines(sql, found("unrepeatable-migration", sql, transaction="autocommit")) == expected
    assert found("unrepeatable-migration", sql, transaction="wrapped") == []


def test_a_short_timeout_counts_where_the_file_sets_it() -> None:
    build = "CREATE INDEX CONCURRENTLY items_n ON items (n);"
    assert found("short-timeout-on-concurrent-build", build, transaction="autocommit") == []
    for short in ("SET lock_timeout = '5s';", "SET statement_timeout = 60000;"):
        (finding,) = found("short-timeout-on-concurrent-build", f"{short}\n{build}", transaction="autocommit")
        assert "INVALID" in finding.message
    off = f"SET lock_timeout = '5s';\nRESET lock_timeout;\n{build}"
    assert found("short-timeout-on-concurrent-build", off, transaction="autocommit") == []
    local = f"SET LOCAL lock_timeout = '5s';\n{build}"
    assert found("short-timeout-on-concurrent-build", local, transaction="autocommit") == []


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("INSERT INTO orders (id, user_id) VALUES (1, 1);\nCREATE INDEX ON orders (n);", [2]),
        ("UPDATE orders SET n = 1 WHERE id = 1;\nALTER TABLE orders ADD COLUMN a int;", []),
        ("UPDATE orders SET user_id = 1 WHERE id = 1;\nALTER TABLE orders RENAME COLUMN n TO m;", []),
        ("UPDATE orders SET user_id = 1 WHERE id = 1;\nALTER TABLE users ADD COLUMN a int;", []),
        ("DELETE FROM orders WHERE id = 1;\nALTER TABLE orders ADD COLUMN a int;", []),
        ("INSERT INTO items (id) VALUES (1);\nALTER TABLE items ADD COLUMN a int;", []),
        ("INSERT INTO orders (id) VALUES (1);\nCOMMIT;\nALTER TABLE orders ADD COLUMN a int;", []),
    ],
)
def test_rows_whose_check_is_deferred_keep_their_table_from_being_altered(sql: str, expected: list[int]) -> None:
    assert lines(sql, found("pending-trigger-events", sql)) == expected


def test_a_loop_in_a_block_counts_unless_it_commits_or_fills_a_new_table() -> None:
    loop = "DO $$ BEGIN FOR i IN 1..9 LOOP UPDATE {0} SET n = i WHERE id = i;{1} END LOOP; END $$;"
    assert len(found("unresumable-backfill", loop.format("items", ""))) == 1
    assert found("unresumable-backfill", loop.format("items", " COMMIT;")) == []
    assert found("unresumable-backfill", "CREATE TABLE fresh (id int, n int);\n" + loop.format("fresh", "")) == []
    assert found("unresumable-backfill", "DO $$ BEGIN FOR i IN 1..9 LOOP RAISE NOTICE 'x'; END LOOP; END $$;") == []


def test_local_settings_outside_a_transaction_by_runner() -> None:
    one = "SET LOCAL work_mem = '1GB';"
    assert len(found("ineffective-outside-transaction", one, transaction=None, runner="golang-migrate")) == 1
    assert found("ineffective-outside-transaction", one, transaction=None, runner="goose") == []
    assert found("ineffective-outside-transaction", one, transaction=None) == []  # nobody knows
    query = "SELECT set_config('work_mem', '1GB', true);"
    assert found("ineffective-outside-transaction", query, transaction="autocommit") == []


def test_a_run_that_finds_unbounded_waits_in_many_files_says_which_setting_answers_all() -> None:
    from safecol.finding import Finding
    from safecol.offers import offers
    from safecol.source import Span

    found = [
        Finding("unbounded-lock-wait", "warning", "blocking", "", f"{number}.sql", Span(0, 1)) for number in range(5)
    ]
    assert list(offers(found[:4])) == []
    assert list(offers([*found[:4], found[0]])) == []
    (said,) = offers(found)
    assert "in 5 files" in said
    assert 'lock-timeout = "2s"' in said
