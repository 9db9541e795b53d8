"""The schema so far and the session follow what the statements do, through transactions, savepoints and renames."""

import pytest

from safecol import catalog
from safecol.context import Context
from safecol.dialects.postgresql import dialect
from safecol.fold import trace
from safecol.frontends.postgresql.splitting import read_section
from safecol.operations import Migration, Name, Operation, Section
from safecol.source import Span
from safecol.trace import Trace

POSTGRESQL = dialect.load(catalog.load())


def run(context: Context, sql: str, transaction: str = "autocommit") -> Trace:
    section = Section("up", Span(0, len(sql)), transaction)
    statements = read_section(sql, section).statements
    assert not [statement.opaque for statement in statements if statement.opaque]
    context.file += 1
    migration = Migration("x.sql", "x", "plain", "postgresql", ((section, statements),))
    return trace(context, POSTGRESQL, migration, sql, section, statements)


@pytest.fixture
def context() -> Context:
    made = Context("postgresql", 16)
    run(
        made,
        """
        CREATE TABLE users (id bigint PRIMARY KEY, email varchar(100) NOT NULL);
        CREATE TABLE orders (id serial PRIMARY KEY, user_id bigint REFERENCES users, note text, CHECK (note <> ''));
        CREATE INDEX orders_note ON orders (lower(note));
        CREATE VIEW notes AS SELECT note FROM orders;
        """,
    )
    made.new_since = 2
    return made


def test_a_rollback_takes_back_what_its_transaction_made(context: Context) -> None:
    run(context, "BEGIN; DROP TABLE orders; CREATE TABLE parts (id int); ROLLBACK;")
    assert context.table("orders") is not None
    assert context.table("parts") is None
    assert {index.name for index in context.schema.indexes_of("orders")} == {"orders_pkey", "orders_note"}
    assert [name for name, _ in context.schema.referencing("users")] == ["orders"]


def test_a_rollback_to_a_savepoint_keeps_what_came_before_it(context: Context) -> None:
    run(context, "BEGIN; CREATE TABLE a (id int); SAVEPOINT s; CREATE TABLE b (id int); ROLLBACK TO s; COMMIT;")
    assert context.table("a") is not None
    assert context.table("b") is None


def test_locks_are_held_until_the_transaction_ends(context: Context) -> None:
    steps = run(context, "BEGIN; ALTER TABLE users ADD COLUMN a int; SELECT 1; COMMIT; SELECT 2;").steps
    held = [[(lock.relation, lock.mode) for lock in step.held] for step in steps]
    assert held == [[], [], [("users", "ACCESS EXCLUSIVE")], [("users", "ACCESS EXCLUSIVE")], []]


def test_locks_taken_after_a_savepoint_go_with_it(context: Context) -> None:
    steps = run(context, "BEGIN; SAVEPOINT s; LOCK TABLE users; ROLLBACK TO s; SELECT 1; COMMIT;").steps
    assert [lock.relation for lock in steps[3].held] == ["users"]
    assert not steps[4].held


def test_set_local_lasts_until_the_transaction_ends(context: Context) -> None:
    steps = run(context, "BEGIN; SET LOCAL lock_timeout = '5s'; SELECT 1; COMMIT; SELECT 2;").steps
    assert [step.settings.get("lock_timeout") for step in steps] == [None, None, "5000", "5000", None]


def test_set_local_outside_a_transaction_does_nothing(context: Context) -> None:
    steps = run(context, "SET LOCAL lock_timeout = '5s'; SELECT 1;").steps
    assert "lock_timeout" not in steps[1].settings


def test_set_is_taken_back_by_a_rollback(context: Context) -> None:
    steps = run(context, "SET lock_timeout = '1s'; BEGIN; SET lock_timeout = 0; ROLLBACK; SELECT 1;").steps
    assert [step.settings.get("lock_timeout") for step in steps[2:]] == ["1000", "0", "1000"]


def test_set_is_taken_back_by_a_rollback_to_a_savepoint(context: Context) -> None:
    sql = "BEGIN; SET lock_timeout = '1s'; SAVEPOINT s; SET lock_timeout = 0; SELECT 1; ROLLBACK TO s; SELECT 1"
    steps = run(context, sql).steps
    assert [step.settings.get("lock_timeout") for step in steps[4:]] == ["0", "0", "1000"]


def test_what_set_local_resets_is_back_after_the_transaction(context: Context) -> None:
    sql = "SET lock_timeout = '1s'; BEGIN; SET LOCAL lock_timeout TO DEFAULT; SELECT 1; COMMIT; SELECT 1;"
    steps = run(context, sql).steps
    assert [step.settings.get("lock_timeout") for step in steps[3:]] == [None, None, "1000"]


@pytest.mark.parametrize(
    "sql",
    [
        "BEGIN; SET LOCAL search_path = app; COMMIT;",
        "BEGIN; SET search_path = app; ROLLBACK;",
        "BEGIN; SAVEPOINT s; SET search_path = app; ROLLBACK TO s; COMMIT;",
        "SET search_path = app; BEGIN; SET LOCAL search_path = other; COMMIT; RESET search_path;",
    ],
)
def test_names_follow_a_search_path_only_as_long_as_it_is_in_effect(context: Context, sql: str) -> None:
    steps = run(context, f"{sql} ALTER TABLE invoices ADD COLUMN a int;").steps
    assert steps[-1].table == "invoices"


def test_a_rollback_leaves_the_database_that_mysql_uses() -> None:
    context = Context("mysql", 80400, default_schema="")
    context.start_section(Section("up", Span(0, 0), "wrapped"), 1)
    context.set("search_path", "shop", local=False)
    context.set("search_path", "archive", local=False)
    context.control(Operation("rollback", Span(0, 0)))
    assert context.key(Name("orders")) == "archive.orders"


def test_reset_ends_a_setting(context: Context) -> None:
    steps = run(context, "SET lock_timeout = '1min'; RESET lock_timeout; SELECT 1;").steps
    assert steps[1].settings["lock_timeout"] == "60000"
    assert "lock_timeout" not in steps[2].settings


@pytest.mark.parametrize(
    ("how", "sql", "expected"),
    [
        ("wrapped", "SELECT 1", ["wrapped"]),
        ("implicit", "SELECT 1", ["none"]),
        ("implicit", "SELECT 1; SELECT 2", ["implicit", "implicit"]),
        ("autocommit", "SELECT 1; SELECT 2", ["none", "none"]),
        ("unknown", "SELECT 1; SELECT 2", ["unknown", "unknown"]),
        ("wrapped", "SELECT 1; COMMIT; SELECT 2", ["wrapped", "wrapped", "none"]),
    ],
)
def test_the_runner_decides_the_transaction(how: str, sql: str, expected: list[str]) -> None:
    steps = run(Context("postgresql", 16), sql, how).steps
    assert [step.transaction_kind for step in steps] == expected


def test_a_renamed_table_keeps_its_indexes_constraints_and_views(context: Context) -> None:
    run(context, "ALTER TABLE orders RENAME TO purchases;")
    assert context.table("orders") is None
    assert {index.name for index in context.schema.indexes_of("purchases")} == {"orders_pkey", "orders_note"}
    assert [name for name, _ in context.schema.referencing("users")] == ["purchases"]
    assert [item.name for item in context.schema.dependents["purchases"]] == ["notes"]


def test_a_renamed_column_is_followed_into_checks_and_indexes(context: Context) -> None:
    run(
        context,
        "ALTER TABLE orders ADD CONSTRAINT c CHECK (note IS NOT NULL); ALTER TABLE orders RENAME note TO remark;",
    )
    steps = run(context, "ALTER TABLE orders ALTER remark SET NOT NULL;").steps
    assert steps[0].facts["proven"] is True
    assert not steps[0].effect.scan


def test_a_renamed_column_is_followed_to_all_that_use_it(context: Context) -> None:
    run(
        context,
        """
        CREATE INDEX long_notes ON orders (user_id) WHERE note IS NOT NULL;
        ALTER TABLE orders RENAME note TO remark;
        ALTER TABLE users RENAME id TO number;
        """,
    )
    steps = run(context, "ALTER TABLE users DROP COLUMN number; ALTER TABLE orders DROP COLUMN remark;").steps
    failures = [step.effect.fails.reason for step in steps if step.effect.fails is not None]
    assert failures == ["orders still references number", "notes still uses remark"]
    assert {index.name for index in context.schema.indexes_of("orders")} == {"orders_pkey"}


def test_a_sequence_stays_that_of_its_column_when_table_and_column_are_renamed(context: Context) -> None:
    run(context, "ALTER TABLE orders RENAME TO purchases; ALTER TABLE purchases RENAME id TO number;")
    assert context.schema.sequences["orders_id_seq"].owned_by == ("purchases", "number")


def test_what_is_renamed_stays_in_its_schema(context: Context) -> None:
    run(
        context,
        """
        CREATE SCHEMA app;
        CREATE TYPE app.colour AS ENUM ('red');
        CREATE TABLE app.parts (id int, shade app.colour);
        CREATE INDEX parts_id ON app.parts (id);
        SET search_path = public, app;
        ALTER TABLE parts RENAME TO pieces;
        ALTER INDEX parts_id RENAME TO pieces_id;
        ALTER TYPE app.colour RENAME TO color;
        """,
    )
    assert context.schema.tables["app.pieces"].name == "app.pieces"
    assert list(context.schema.index_names["app.pieces"]) == ["app.pieces_id"]
    assert [table for table, _ in context.schema.uses_type("app.color")] == ["app.pieces"]


def test_a_dropped_column_takes_its_indexes_and_constraints_along(context: Context) -> None:
    run(context, "DROP VIEW notes; ALTER TABLE orders DROP COLUMN note; ALTER TABLE orders DROP COLUMN user_id;")
    assert {index.name for index in context.schema.indexes_of("orders")} == {"orders_pkey"}
    assert context.schema.referencing("users") == []


def test_names_follow_the_search_path(context: Context) -> None:
    run(context, "CREATE SCHEMA app; SET search_path = app, public; CREATE TABLE parts (id int); SELECT * FROM users;")
    assert context.table("app.parts") is not None


def test_tables_of_an_earlier_file_have_rows_and_new_ones_have_none(context: Context) -> None:
    context.new_since = context.file + 1
    steps = run(
        context,
        "CREATE TABLE parts (id int); ALTER TABLE parts ADD CHECK (id > 0); ALTER TABLE users ADD CHECK (id > 0);",
    ).steps
    assert [step.facts["table"] for step in steps] == ["new", "new", "existing"]
    assert [step.effect.scan for step in steps] == [(), (), ("users",)]


def test_an_unknown_table_is_taken_to_exist() -> None:
    steps = run(Context("postgresql", 16), "CREATE INDEX i ON elsewhere (a);").steps
    assert steps[0].facts["table"] == "existing"
    assert steps[0].effect.blocks == ("writes",)


def test_an_unknown_function_in_a_default_is_said_to_be_unknown(context: Context) -> None:
    effect = run(context, "ALTER TABLE users ADD COLUMN k text DEFAULT make_key();").steps[0].effect
    assert not effect.rewrite
    assert effect.unknown == ("whether the function in the default of k is volatile",)


def test_a_lock_on_a_partitioned_table_reaches_its_partitions() -> None:
    context = Context("postgresql", 16)
    run(
        context,
        "CREATE TABLE p (id int) PARTITION BY RANGE (id); CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (1) TO (9);",
    )
    effect = run(context, "ALTER TABLE p ADD COLUMN c int;").steps[0].effect
    assert dict(effect.locks) == {"p": "ACCESS EXCLUSIVE", "p1": "ACCESS EXCLUSIVE"}


def test_a_constraint_dropped_in_the_same_statement_proves_nothing(context: Context) -> None:
    run(context, "ALTER TABLE orders ADD CONSTRAINT c CHECK (note IS NOT NULL);")
    step = run(context, "ALTER TABLE orders ALTER note SET NOT NULL, DROP CONSTRAINT c;").steps[0]
    assert step.facts["proven"] is False
    assert step.effect.scan == ("orders",)


def test_a_validated_constraint_proves_only_after_it_is_validated(context: Context) -> None:
    run(context, "ALTER TABLE orders ADD CONSTRAINT c CHECK (note IS NOT NULL) NOT VALID;")
    assert run(context, "BEGIN; ALTER TABLE orders ALTER note SET NOT NULL; ROLLBACK;").steps[1].effect.scan == (
        "orders",
    )
    run(context, "ALTER TABLE orders VALIDATE CONSTRAINT c;")
    assert run(context, "ALTER TABLE orders ALTER note SET NOT NULL;").steps[0].effect.scan == ()


def test_reset_all_and_discard_all_end_every_setting(context: Context) -> None:
    for ending in ("RESET ALL", "DISCARD ALL"):
        steps = run(context, f"SET lock_timeout = '1s'; {ending}; SELECT 1;").steps
        assert "lock_timeout" not in steps[2].settings


def test_statements_after_a_commit_in_one_call_are_a_transaction_again() -> None:
    steps = run(Context("postgresql", 16), "SELECT 1; COMMIT; SELECT 2; SELECT 3;", "implicit").steps
    assert [step.transaction_kind for step in steps] == ["implicit"] * 4
    assert steps[2].transaction == steps[3].transaction != steps[0].transaction


def test_a_truncated_table_has_rows_again_for_the_next_change_set(context: Context) -> None:
    context.new_since = 2
    truncated = run(context, "TRUNCATE orders; CREATE INDEX a ON orders (note);")
    assert truncated.steps[1].effect.scan == ()
    context.new_since = 3
    later = run(context, "CREATE INDEX b ON orders (note);")
    assert later.steps[0].effect.scan == ("orders",)


def test_rows_that_are_written_after_a_truncation_count(context: Context) -> None:
    refilled = "TRUNCATE orders; INSERT INTO orders (note) VALUES ('x'); CREATE INDEX a ON orders (note);"
    steps = run(context, refilled).steps
    assert steps[2].effect.scan == ("orders",)


def test_a_new_table_has_rows_once_a_query_fills_it(context: Context) -> None:
    key = "ALTER TABLE {0} ADD FOREIGN KEY (user_id) REFERENCES users;"
    empty, copied, made = (
        run(context, sql + key.format(name)).steps[-1].effect.scan
        for name, sql in (
            ("a", "CREATE TABLE a (user_id bigint);"),
            ("b", "CREATE TABLE b (user_id bigint); INSERT INTO b SELECT user_id FROM orders;"),
            ("c", "CREATE TABLE c AS SELECT user_id FROM orders;"),
        )
    )
    assert empty == ()
    assert set(copied) == {"b", "users"}
    assert set(made) == {"c", "users"}


def test_a_refresh_fills_a_materialized_view(context: Context) -> None:
    made = "CREATE MATERIALIZED VIEW m AS SELECT id FROM users WITH NO DATA; CREATE UNIQUE INDEX ON m (id);"
    again = "REFRESH MATERIALIZED VIEW CONCURRENTLY m;"
    refused = run(context, made + again).steps[-1].effect.fails
    assert refused is not None
    assert refused.when == "always"
    assert run(context, f"REFRESH MATERIALIZED VIEW m; {again}").steps[-1].effect.fails is None


def test_what_a_role_owns_is_followed(context: Context) -> None:
    effect = run(context, "ALTER TABLE users OWNER TO bob; REASSIGN OWNED BY bob TO alice;").steps[1].effect
    assert dict(effect.locks) == {"users": "ACCESS EXCLUSIVE"}


def test_a_delete_reads_the_tables_that_reference_it_without_an_index(context: Context) -> None:
    assert run(context, "DELETE FROM users WHERE id = 1;").steps[0].effect.scan == ("orders",)
    run(context, "CREATE INDEX orders_user_id ON orders (user_id);")
    effect = run(context, "DELETE FROM users WHERE id = 1;").steps[0].effect
    assert effect.scan == ()
    assert dict(effect.locks)["orders"] == "ROW SHARE"
