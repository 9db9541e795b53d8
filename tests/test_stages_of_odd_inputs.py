"""Staged rewrites of names and shapes as people write them: each case was once refused, or lost something."""

import pytest

from safecol.analysis import lint_texts
from safecol.catalog import load
from safecol.finding import Finding

CATALOG = load()


def found(sql: str, setup: str = "", version: str = "16") -> list[Finding]:
    return lint_texts(
        [("1.sql", sql)], dialect="postgresql", version=version, setup=[setup], catalog=CATALOG, lock_timeout="2s"
    )


def stages(sql: str, setup: str = "", rule: str = "") -> str:
    """The SQL of the stages of the rule's findings, or of all, in order."""
    shown = [finding for finding in found(sql, setup) if rule in ("", finding.rule)]
    return "\n".join(stage.sql for finding in shown for stage in finding.stages if stage.sql)


TABLE = "CREATE TABLE orders (id bigint, email text, note varchar(40), user_id bigint);"


@pytest.mark.parametrize(
    ("sql", "name"),
    [
        ("CREATE INDEX ON orders (lower(email), id)", "orders_lower_id_idx"),
        ("CREATE INDEX ON orders ((email || 'x'), (id::text))", "orders_expr_id_idx"),
        ("CREATE INDEX ON orders (lower(email), lower(note))", "orders_lower_lower1_idx"),
        ("CREATE INDEX ON orders (email) INCLUDE (note)", "orders_email_note_idx"),
        ("ALTER TABLE orders ADD UNIQUE (email) INCLUDE (note)", "orders_email_note_key"),
    ],
)
def test_an_unnamed_index_gets_the_name_that_the_server_would_choose(sql: str, name: str) -> None:
    assert f" {name} " in stages(sql, TABLE)


@pytest.mark.parametrize(
    ("setup", "sql", "name"),
    [
        ("ALTER TABLE orders ADD CHECK (id > 0);", "ALTER TABLE orders ADD CHECK (id > 1)", "orders_id_check1"),
        (
            "ALTER TABLE orders ADD CONSTRAINT orders_email_not_null CHECK (id > 0);",
            "ALTER TABLE orders ALTER email SET NOT NULL",
            "orders_email_not_null1",
        ),
        (
            "CREATE FUNCTION orders_email_copy() RETURNS int LANGUAGE sql AS 'SELECT 1';",
            "ALTER TABLE orders RENAME email TO address",
            "orders_email_copy1",
        ),
        (
            "ALTER TABLE orders ADD COLUMN user_id_new int;",
            "ALTER TABLE orders ALTER user_id TYPE numeric",
            "user_id_new1",
        ),
        ("CREATE TABLE orders_unused (a int);", "DROP TABLE orders", "orders_unused1"),
        ("CREATE TABLE orders_code_seq (a int);", "ALTER TABLE orders ADD code serial", "orders_code_seq1"),
    ],
)
def test_a_name_that_is_taken_gets_a_number(setup: str, sql: str, name: str) -> None:
    assert name in stages(sql, TABLE + setup)


def test_the_longest_names_are_cut_as_the_server_does() -> None:
    table = "ä" * 31
    name = stages(f"ALTER TABLE {table} ADD CHECK (email > '')", f"CREATE TABLE {table} (email text);").split()[5]
    assert name == f'"{"ä" * 25}_email_check"'
    assert len(name.encode()) - 2 <= 63


def test_the_trigger_function_is_in_the_tables_schema() -> None:
    sql = stages("ALTER TABLE shop.orders RENAME email TO address", "CREATE TABLE shop.orders (email text);")
    assert "CREATE FUNCTION shop.orders_email_copy()" in sql
    assert "DROP FUNCTION shop.orders_email_copy()" in sql


def test_a_schema_or_table_with_a_dot_is_one_name() -> None:
    sql = stages('DROP TABLE "shop.a"."orders.x"', 'CREATE TABLE "shop.a"."orders.x" (a int);')
    assert 'DROP TABLE "shop.a"."orders.x_unused"' in sql


def test_a_quote_in_a_name_is_doubled_in_strings() -> None:
    sql = stages("""ALTER TABLE "o's" ADD COLUMN id serial""", """CREATE TABLE "o's" (a int);""")
    assert """nextval('"o''s_id_seq"')""" in sql


def test_a_column_that_is_called_as_a_key_word_stays_quoted() -> None:
    sql = stages('ALTER TABLE orders ADD COLUMN "column" text DEFAULT clock_timestamp()::text NOT NULL', TABLE)
    assert 'ADD COLUMN "column" text' in sql
    sql = stages('ALTER TABLE orders ADD COLUMN "check" text UNIQUE', TABLE)
    assert 'UNIQUE INDEX CONCURRENTLY orders_check_key ON orders ("check")' in sql


@pytest.mark.parametrize(
    ("column", "definition"),
    [
        ("c text DEFAULT 'a;b' NOT NULL CHECK (c > '')", "c text DEFAULT 'a;b' NOT NULL"),
        ("C text DEFAULT 'x' CHECK (c > '') REFERENCES users DEFERRABLE", "C text DEFAULT 'x'"),
        ('c text UNIQUE WITH (fillfactor = 70) NULL COLLATE "C" DEFERRABLE', 'c text NULL COLLATE "C"'),
        ("c text DEFAULT 'x' REFERENCES users ON DELETE SET NULL NULL", "c text DEFAULT 'x' NULL"),
    ],
)
def test_the_column_is_added_without_what_takes_time(column: str, definition: str) -> None:
    sql = stages(f"ALTER TABLE orders ADD COLUMN {column}", f"CREATE TABLE users (id text PRIMARY KEY);{TABLE}")
    added = [line for line in sql.splitlines() if "ADD COLUMN" in line]
    assert set(added) == {f"ALTER TABLE orders ADD COLUMN {definition};"}


def test_no_stages_end_where_the_server_refuses_the_rows() -> None:
    (one,) = found("ALTER TABLE orders ADD COLUMN c text DEFAULT 'x' UNIQUE", TABLE)
    assert (one.rule, one.stages) == ("failing-on-data", ())


def test_a_copy_into_a_narrower_type_cuts_nothing() -> None:
    sql = stages("ALTER TABLE orders ALTER note TYPE varchar(20)", TABLE)
    assert "(SELECT note FROM" in sql
    assert "SET note_new = note\n" in sql
    assert "SET note_new = left(note, 20)\n" in stages(
        "ALTER TABLE orders ALTER note TYPE varchar(20) USING left(note, 20)", TABLE
    )


def test_a_key_column_is_added_once() -> None:
    sql = stages("ALTER TABLE orders ADD COLUMN code serial UNIQUE", TABLE)
    assert sql.count("ADD COLUMN") == 1


def test_an_identity_counts_as_it_was_told_to() -> None:
    column = "code bigint GENERATED ALWAYS AS IDENTITY (START 7 INCREMENT BY 2)"
    assert "CREATE SEQUENCE orders_code_fill START 7 INCREMENT BY 2;" in stages(
        f"ALTER TABLE orders ADD COLUMN {column}", TABLE
    )


def test_only_and_cascade_are_heeded() -> None:
    assert "DELETE FROM ONLY orders" in stages("DELETE FROM ONLY orders", TABLE)
    assert "DELETE FROM ONLY orders" in stages("TRUNCATE ONLY orders", TABLE)
    assert stages("TRUNCATE orders CASCADE", TABLE) == ""
    assert stages("DROP FUNCTION f CASCADE") == ""


def test_an_index_on_only_a_plain_table_is_built_like_any_other() -> None:
    rules = {finding.rule for finding in found("CREATE INDEX i ON ONLY orders (id)", TABLE)}
    assert "blocking-index-creation" in rules
    assert not {finding.rule for finding in found("CREATE INDEX i ON ONLY unknown_table (id)")}


def test_each_of_several_indexes_is_dropped() -> None:
    setup = TABLE + "CREATE INDEX a ON orders (id);CREATE INDEX b ON orders (email);"
    sql = stages("DROP INDEX a, b", setup)
    assert "DROP INDEX CONCURRENTLY a;" in sql
    assert "DROP INDEX CONCURRENTLY b;" in sql


def test_other_clauses_of_the_statement_are_kept_in_their_order() -> None:
    sql = stages(
        "ALTER TABLE orders ADD c int DEFAULT 0, ADD CONSTRAINT k CHECK (c >= 0), ALTER id SET DEFAULT 1", TABLE
    )
    assert sql.startswith("ALTER TABLE orders ADD c int DEFAULT 0;\n")
    assert sql.endswith("ALTER TABLE orders ALTER id SET DEFAULT 1;\n")


def test_a_column_of_a_constrained_domain_has_no_stages_that_would_write_the_table_anew() -> None:
    setup = "CREATE DOMAIN amount AS bigint CHECK (VALUE > 0);CREATE TABLE bills (a int, b amount);"
    assert stages("ALTER TABLE bills ALTER a TYPE amount", setup) == ""
    assert stages("ALTER TABLE bills RENAME b TO c", setup, "column-rename") == ""


def test_a_renamed_column_keeps_its_collation() -> None:
    setup = 'CREATE TABLE bills (a text COLLATE "C");'
    assert 'ADD COLUMN b text COLLATE "C";' in stages("ALTER TABLE bills RENAME a TO b", setup)


def test_an_expression_may_name_its_table_and_hold_dollar_quotes() -> None:
    sql = stages("ALTER TABLE orders ALTER user_id TYPE text USING orders.user_id || $$;$$", TABLE)
    assert "FROM (SELECT NEW.*) AS orders);" in sql
    assert "AS $stage$\nBEGIN" in sql


def test_stages_are_files_of_their_own_that_find_the_names_of_the_search_path() -> None:
    setup = "CREATE TABLE shop.orders (id bigint, email text);CREATE TABLE public.orders (id bigint);"
    sql = stages("SET search_path TO shop;\nALTER TABLE orders ADD UNIQUE (email);", setup)
    assert "CREATE UNIQUE INDEX CONCURRENTLY orders_email_key ON shop.orders (email);" in sql
    assert "SET search_path TO shop;\nALTER TABLE shop.orders ADD CONSTRAINT orders_email_key" in sql


def test_a_quote_within_a_quoted_name_begins_no_string() -> None:
    setup = """CREATE TABLE "orders's longest table of them all" (a int);"""
    sql = """ALTER TABLE "orders's longest table of them all" ADD COLUMN "b's other" int"""
    assert not [finding for finding in found(sql, setup) if finding.rule == "identifier-too-long"]
