"""Corners of the checks of transactions, locks and timeouts that the pages don't show."""

import pytest

from safecol import catalog
from safecol.analysis import lint_texts
from safecol.finding import Finding

CATALOG = catalog.load()
ORDERS = "CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint, state text);"
PAYMENTS = "CREATE TABLE payments (id bigint PRIMARY KEY, amount numeric);"


def found(
    rule: str, sql: str, *, runner: str = "plain", transaction: str | None = None, timeout: str | None = "2s",
    version: str = "16", name: str = "1.sql",
) -> list[Finding]:  # fmt: skip
    findings = lint_texts(
        [(name, sql)], dialect="postgresql", version=version, setup=[ORDERS, PAYMENTS], catalog=CATALOG, runner=runner,
        rules={rule}, transaction=transaction, lock_timeout=timeout,
    )  # fmt: skip
    return [finding for finding in findings if finding.rule == rule]


def lines(sql: str, findings: list[Finding]) -> list[int]:
    return [sql.count("\n", 0, finding.span.start) + 1 for finding in findings]


CONCURRENTLY = "CREATE INDEX CONCURRENTLY orders_user ON orders (user_id);"


@pytest.mark.parametrize(
    ("runner", "sql", "place", "cure"),
    [
        ("dbmate", f"-- migrate:up\n{CONCURRENTLY}", "dbmate wraps", "transaction:false"),
        ("sqlx", CONCURRENTLY, "sqlx wraps", "-- no-transaction"),
        ("refinery", CONCURRENTLY, "refinery wraps", "by other means"),
        ("node-pg-migrate", CONCURRENTLY, "all pending files in one", "by other means"),
        ("golang-migrate", f"SELECT 1;\n{CONCURRENTLY}", "in one call", "no other statement"),
        ("sqlx", f"-- no-transaction\nSELECT 1;\n{CONCURRENTLY}", "in one call", "no other statement"),
        ("psql", f"BEGIN;\n{CONCURRENTLY}\nCOMMIT;", "`BEGIN` has opened one", "BEGIN … COMMIT"),
    ],
)
def test_the_transaction_and_the_way_out_of_it_are_named(runner: str, sql: str, place: str, cure: str) -> None:
    (finding,) = found("concurrent-in-transaction", sql, runner=runner)
    assert place in finding.message
    assert cure in finding.help
    assert finding.message.startswith("`CREATE INDEX CONCURRENTLY` can't")


@pytest.mark.parametrize(
    ("runner", "sql"),
    [
        ("plain", f"SELECT 1;\n{CONCURRENTLY}"),
        ("golang-migrate", CONCURRENTLY),
        ("golang-migrate", f"-- first\n{CONCURRENTLY};;\n-- last"),
        ("psql", f"BEGIN;\nSELECT 1;\nCOMMIT;\n{CONCURRENTLY}"),
        ("goose", f"-- +goose NO TRANSACTION\n-- +goose Up\nSELECT 1;\n{CONCURRENTLY}"),
        ("dbmate", "-- migrate:up\nREFRESH MATERIALIZED VIEW CONCURRENTLY totals;"),
    ],
)
def test_no_transaction_is_claimed_where_there_is_none(runner: str, sql: str) -> None:
    assert not found("concurrent-in-transaction", sql, runner=runner)


def test_the_command_is_named_in_its_own_words() -> None:
    sql = """
        CREATE UNIQUE INDEX CONCURRENTLY orders_user ON orders (user_id);
        DROP INDEX CONCURRENTLY orders_state;
        REINDEX TABLE CONCURRENTLY orders;
        VACUUM (FULL) orders;
        ALTER SYSTEM SET work_mem = '1GB';
    """
    named = [each.message.split("`")[1] for each in found("concurrent-in-transaction", sql, transaction="wrapped")]
    assert named == [
        "CREATE UNIQUE INDEX CONCURRENTLY",
        "DROP INDEX CONCURRENTLY",
        "REINDEX TABLE CONCURRENTLY",
        "VACUUM FULL",
        "ALTER SYSTEM",
    ]


def test_validation_without_a_constraint_name_is_matched_by_the_servers_choice() -> None:
    sql = "ALTER TABLE orders ADD CHECK (id > 0) NOT VALID;\nALTER TABLE orders VALIDATE CONSTRAINT orders_id_check;"
    rule = "validation-in-same-transaction"
    assert lines(sql, found(rule, sql, transaction="wrapped")) == [2]
    assert not found(rule, sql)
    assert not found(rule, sql.replace("orders_id_check", "another"), transaction="wrapped")


def test_a_validation_reported_by_itself_is_not_a_slow_statement_too() -> None:
    sql = (
        "ALTER TABLE orders ADD CONSTRAINT c CHECK (id > 0) NOT VALID;\nALTER TABLE orders VALIDATE CONSTRAINT c;\n"
        "ALTER TABLE payments VALIDATE CONSTRAINT d;"
    )
    assert lines(sql, found("lock-held-across-slow-statement", sql, transaction="wrapped")) == [3]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("ALTER TABLE orders ADD a int;\nALTER TABLE payments VALIDATE CONSTRAINT c;", [2]),
        ("ALTER TABLE orders ADD a int;\nCREATE TABLE n AS SELECT id FROM payments;", [2]),
        ("ALTER TABLE payments VALIDATE CONSTRAINT c;\nALTER TABLE orders ADD a int;", []),
        # It blocks others by itself: its own finding says it all.
        ("ALTER TABLE orders ADD a int;\nCREATE INDEX i ON payments (amount);", []),
        # One for a transaction.
        (
            (
                "ALTER TABLE orders ADD a int;\nALTER TABLE payments VALIDATE CONSTRAINT c;\n"
                "ALTER TABLE payments VALIDATE CONSTRAINT d;"
            ),
            [2],
        ),
        # Nobody waits for what is gone.
        ("DROP TABLE orders;\nALTER TABLE payments VALIDATE CONSTRAINT c;", []),
        # A weak lock keeps nobody waiting.
        ("COMMENT ON TABLE orders IS 'x';\nALTER TABLE payments VALIDATE CONSTRAINT c;", []),
        # A rolled-back savepoint gives its locks back.
        (
            "SAVEPOINT s;\nALTER TABLE orders ADD a int;\nROLLBACK TO s;\nALTER TABLE payments VALIDATE CONSTRAINT c;",
            [],
        ),
    ],
)
def test_a_slow_statement_is_reported_under_a_lock_taken_before_it(sql: str, expected: list[int]) -> None:
    assert lines(sql, found("lock-held-across-slow-statement", sql, transaction="wrapped")) == expected


def test_the_timeline_names_the_statement_that_took_the_lock() -> None:
    sql = "-- one\nALTER TABLE orders ADD a int;\nALTER TABLE payments VALIDATE CONSTRAINT c;"
    (finding,) = found("lock-held-across-slow-statement", sql, transaction="wrapped")
    assert "ACCESS EXCLUSIVE lock on `orders` from line 2: reads and writes" in finding.message
    assert sql[finding.related[0].span.start :].startswith("ALTER TABLE orders")


def test_a_backfill_under_a_lock_is_one_finding_and_no_other_rules() -> None:
    sql = (
        "ALTER TABLE orders ADD a int;\nUPDATE orders SET a = 1;\nUPDATE payments SET amount = 1 WHERE amount IS NULL;"
    )
    (finding,) = found("backfill-in-schema-transaction", sql, transaction="wrapped")
    assert lines(sql, [finding]) == [2]
    assert len(finding.related) == 2
    for other in ("unfiltered-update", "unbatched-backfill"):
        assert not found(other, sql, transaction="wrapped")
        assert found(other, sql)


@pytest.mark.parametrize(
    ("sql", "why"),
    [
        ("ALTER TABLE orders ADD a int;", "no `lock_timeout` is set"),
        ("SET lock_timeout = 0;\nALTER TABLE orders ADD a int;", "is 0, which is off"),
        ("SET lock_timeout = '2min';\nALTER TABLE orders ADD a int;", "is 120 s"),
        ("SET lock_timeout = '2s';\nRESET lock_timeout;\nALTER TABLE orders ADD a int;", "was reset"),
        ("SET LOCAL lock_timeout = '2s';\nALTER TABLE orders ADD a int;", "outside a transaction"),
        (
            "BEGIN;\nSET LOCAL lock_timeout = '2s';\nCOMMIT;\nALTER TABLE orders ADD a int;",
            "ended with its transaction",
        ),
    ],
)
def test_why_the_wait_is_unbounded_is_said(sql: str, why: str) -> None:
    (finding,) = found("unbounded-lock-wait", sql, timeout=None, transaction="autocommit")
    assert why in finding.message


@pytest.mark.parametrize(
    "sql",
    [
        "SET lock_timeout = '2s';\nALTER TABLE orders ADD a int;",
        "SET statement_timeout = '30s';\nALTER TABLE orders ADD a int;",
        "SET LOCAL lock_timeout = '2s';\nALTER TABLE orders ADD a int;",
        "CREATE TABLE n (id bigint);\nALTER TABLE n ADD a int;",
        "ALTER TABLE orders VALIDATE CONSTRAINT c;",
    ],
)
def test_a_bounded_wait_and_a_weak_lock_are_left_alone(sql: str) -> None:
    assert not found("unbounded-lock-wait", sql, timeout=None)


def test_who_queues_depends_on_the_lock() -> None:
    trigger = "CREATE TRIGGER t AFTER INSERT ON orders FOR EACH ROW EXECUTE FUNCTION f();"
    (created,) = found("unbounded-lock-wait", trigger, timeout=None)
    assert "later writes queue" in created.message
    (column,) = found("unbounded-lock-wait", "ALTER TABLE orders ADD a int;", timeout=None)
    assert "later reads and writes queue" in column.message


def test_an_index_that_was_dropped_first_is_no_leftover() -> None:
    create = "CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON app.orders (state);"
    rule = "hidden-invalid-index"
    (finding,) = found(rule, create)
    assert [stage.sql.strip() for stage in finding.stages] == [
        "DROP INDEX CONCURRENTLY IF EXISTS app.i;",
        "CREATE INDEX CONCURRENTLY i ON app.orders (state);",
    ]
    assert not found(rule, f"DROP INDEX CONCURRENTLY IF EXISTS app.i;\n{create}")
    assert found(rule, f"DROP INDEX CONCURRENTLY IF EXISTS app.j;\n{create}")


@pytest.mark.parametrize(
    ("sql", "transaction", "runner", "expected"),
    [
        ("BEGIN;\nSELECT 1;\nCOMMIT;", "wrapped", "plain", [1]),
        ("SELECT 1;\nROLLBACK;", "shared", "plain", [2]),
        ("SELECT 1;\nCOMMIT;", "implicit", "golang-migrate", [2]),
        ("SELECT 1;\nCOMMIT;", None, "plain", []),
        ("SELECT 1;\nCOMMIT;", None, "psql", []),
        ("BEGIN;\nCOMMIT AND CHAIN;\nCOMMIT;", "autocommit", "plain", []),
    ],
)
def test_transactions_do_not_nest(sql: str, transaction: str | None, runner: str, expected: list[int]) -> None:
    assert lines(sql, found("nested-transaction", sql, transaction=transaction, runner=runner)) == expected


@pytest.mark.parametrize(
    ("sql", "transaction", "expected"),
    [
        ("BEGIN;\nSELECT 1;", "autocommit", [1]),
        ("BEGIN;\nSELECT 1;", "wrapped", []),
        ("BEGIN;\nCOMMIT AND CHAIN;", "autocommit", [2]),
        ("BEGIN;\nSAVEPOINT s;\nROLLBACK TO s;\nEND;", "autocommit", []),
    ],
)
def test_a_transaction_left_open_is_reported_where_it_begins(sql: str, transaction: str, expected: list[int]) -> None:
    assert lines(sql, found("unclosed-transaction", sql, transaction=transaction)) == expected


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("ALTER TYPE mood ADD VALUE 'sad';\nINSERT INTO orders (id, state) VALUES (1, 'sad');", [2]),
        ("ALTER TYPE mood ADD VALUE 'sad';\nALTER TABLE orders ADD CHECK (state <> 'sad');", [2]),
        ("ALTER TYPE mood ADD VALUE 'sad';\nINSERT INTO orders (id, state) VALUES (1, 'gay');", []),
        ("ALTER TYPE mood ADD VALUE 'sad';\nCOMMIT;\nINSERT INTO orders (id, state) VALUES (1, 'sad');", []),
    ],
)
def test_an_enum_value_is_not_used_before_it_is_committed(sql: str, expected: list[int]) -> None:
    assert lines(sql, found("enum-value-used-in-transaction", sql, transaction="wrapped")) == expected


MOVED = "ALTER TABLE orders ADD COLUMN phase text;\nUPDATE orders SET phase = state WHERE id < 9;"


def test_a_finding_that_covers_another_takes_its_place_and_its_stages() -> None:
    sql = f"{MOVED}\nALTER TABLE orders DROP COLUMN state;\nALTER TABLE orders DROP COLUMN user_id;"
    findings = lint_texts([("1.sql", sql)], dialect="postgresql", version="16", setup=[ORDERS], catalog=CATALOG)
    breaking = [(finding.rule, *lines(sql, [finding])) for finding in findings if finding.category == "breaking"]
    assert breaking == [("expand-and-contract-together", 3), ("column-drop", 4)]
    assert "DROP COLUMN state" in next(each for each in findings if each.rule == breaking[0][0]).stages[-1].sql


@pytest.mark.parametrize(
    ("query", "lost"),
    [
        ("SELECT id, state FROM orders", "the order that its columns had"),
        ("SELECT state, id::text AS id FROM orders", "the types that its columns had"),
    ],
)
def test_what_a_view_that_can_not_be_replaced_would_lose_is_named(query: str, lost: str) -> None:
    sql = f"CREATE VIEW shown AS SELECT state, id FROM orders; CREATE OR REPLACE VIEW shown AS {query};"
    (finding,) = found("redefined-view", sql)
    assert lost in finding.message


def test_a_foreign_key_without_an_index_is_told_once_whatever_stands_around_it() -> None:
    sql = "SELECT 1;\nCREATE TABLE lines (id bigint PRIMARY KEY, order_id bigint REFERENCES orders);\nSELECT 2;"
    assert lines(sql, found("unindexed-foreign-key", sql)) == [2]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("DROP TYPE mood;", [1]),
        ("DROP TYPE mood;\nCREATE TYPE mood AS ENUM ('calm');", []),
        ("DROP TYPE mood;\nCREATE TYPE temper AS ENUM ('calm');", [1]),
        ("DROP TYPE mood;\nALTER TYPE temper RENAME TO mood;", []),
    ],
)
def test_a_type_that_is_made_again_is_not_gone(sql: str, expected: list[int]) -> None:
    assert lines(sql, found("type-drop", sql)) == expected


def test_a_loop_in_one_transaction_names_the_table_that_it_changes() -> None:
    sql = (
        "DELIMITER //\nCREATE PROCEDURE fill() BEGIN REPEAT UPDATE orders SET state = 'open' WHERE state IS NULL LIMIT"
        " 9; UNTIL ROW_COUNT() = 0 END REPEAT; END//\nDELIMITER ;\nCALL fill();"
    )
    findings = lint_texts(
        [("1.sql", sql)], dialect="mysql", version="8.4", setup=[ORDERS.replace("text", "varchar(9)")], catalog=CATALOG,
        rules={"unresumable-backfill"}, transaction="wrapped",
    )  # fmt: skip
    assert ["`orders`" in finding.message for finding in findings] == [True]


def test_a_covered_finding_stays_where_the_other_rule_is_not_selected() -> None:
    assert lines(MOVED, found("column-drop", f"{MOVED} ALTER TABLE orders DROP COLUMN state;")) == [2]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("DROP INDEX orders_user;", []),
        ("DROP INDEX orders_user;\nALTER TABLE orders ADD COLUMN note text;", [2]),
    ],
)
def test_dropping_an_index_is_no_wait_without_a_limit_too(sql: str, expected: list[int]) -> None:
    assert lines(sql, found("unbounded-lock-wait", sql, timeout=None)) == expected


def test_executed_text_with_templates_is_read_and_never_a_syntax_error() -> None:
    schema = '{{ index .Options "Namespace" }}'
    sql = f"DO $$\nBEGIN\n  EXECUTE 'DROP INDEX {schema}.orders_user';\nEND $$;"
    (finding,) = found("blocking-index-removal", sql)
    assert lines(sql, [finding]) == [3]
    assert f"DROP INDEX {schema}.orders_user" in finding.message
    assert not found("syntax-error", sql)
    assert not found("syntax-error", sql.replace("DROP INDEX", "DROP INDEX {{#each}} NO"))
    assert found("syntax-error", sql.replace("DROP INDEX", "DROP NO").replace(schema, "public"))


def test_templates_in_a_body_are_shown_as_they_are_written() -> None:
    sql = "DO $$ BEGIN\n  ALTER TABLE {{.Schema}}.orders ADD COLUMN note text;\nEND $$;"
    (finding,) = found("unbounded-lock-wait", sql, timeout=None)
    assert "`{{.Schema}}.orders`" in finding.message
    assert finding.table == "{{.Schema}}.orders"


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ("ALTER TABLE orders RENAME TO orders_old;", []),
        ("DROP TABLE orders;", []),
        ("ALTER TABLE orders RENAME TO order_versions;", [2]),
    ],
)
def test_a_table_that_takes_the_place_of_one_set_aside_is_no_rename(before: str, expected: list[int]) -> None:
    sql = f"{before}\nALTER TABLE payments RENAME TO orders;"
    assert lines(sql, found("table-rename", sql)) == expected


def test_of_several_tables_in_one_drop_a_finding_covers_its_own_only() -> None:
    sql = (
        "CREATE TABLE orders_new (id bigint PRIMARY KEY, user_id bigint, state text);\n"
        "INSERT INTO orders_new SELECT * FROM orders WHERE id < 10;\nDROP TABLE orders, payments;"
    )
    findings = lint_texts(
        [("1.sql", sql)], dialect="postgresql", version="16", setup=[ORDERS, PAYMENTS], catalog=CATALOG,
        rules={"expand-and-contract-together", "table-drop"},
    )  # fmt: skip
    assert {(finding.rule, finding.table) for finding in findings} == {
        ("expand-and-contract-together", "orders"), ("table-drop", "payments"),
    }  # fmt: skip
