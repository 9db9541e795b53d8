"""Corners of the checks of keys, grants, secrets, functions and publications."""

import pytest

from safecol import catalog
from safecol.analysis import lint_texts

CATALOG = catalog.load()
SETUP = "CREATE TABLE orders (id bigint PRIMARY KEY, tenant int); CREATE POLICY mine ON orders USING (tenant = 1);"


def messages(rule: str, sql: str) -> list[str]:
    findings = lint_texts(
        [("1.sql", sql)], dialect="postgresql", version="16", setup=[SETUP], catalog=CATALOG, rules={rule},
        lock_timeout="2s",
    )  # fmt: skip
    return [finding.message for finding in findings if finding.rule == rule]


@pytest.mark.parametrize(
    ("sql", "count"),
    [
        ("CREATE TABLE a (id int);", 1),
        ("CREATE TABLE a (id int UNIQUE);", 1),
        ("CREATE TABLE a (id int);\nALTER TABLE a ADD PRIMARY KEY (id);", 0),
        ("CREATE TABLE a (id int);\nALTER TABLE a ADD COLUMN k int PRIMARY KEY;", 0),
        ("CREATE TABLE a (id int);\nALTER TABLE a RENAME TO b;\nALTER TABLE b ADD PRIMARY KEY (id);", 0),
        ("CREATE TABLE a (id int);\nDROP TABLE a;", 0),
        ("CREATE TABLE a (LIKE orders INCLUDING ALL);", 0),
        ("CREATE UNLOGGED TABLE a (id int);", 0),
        ("CREATE TABLE a AS SELECT 1 AS id;", 0),
        ("CREATE TABLE IF NOT EXISTS orders (id int);", 0),
    ],
)
def test_which_new_tables_have_no_key(sql: str, count: int) -> None:
    assert len(messages("missing-primary-key", sql)) == count


@pytest.mark.parametrize(
    ("column", "largest"),
    [
        ("id serial PRIMARY KEY", "2,147,483,647"),
        ("id smallserial PRIMARY KEY", "32,767"),
        ("id int DEFAULT nextval('s') PRIMARY KEY", "2,147,483,647"),
        ("id bigserial PRIMARY KEY", ""),
        ("id int PRIMARY KEY", ""),
        ("id serial, k text PRIMARY KEY", ""),
    ],
)
def test_which_keys_run_out(column: str, largest: str) -> None:
    found = messages("autoincrement-exhaustion", f"CREATE TABLE a ({column});")
    assert len(found) == bool(largest)
    assert not found or largest in found[0]


@pytest.mark.parametrize(
    ("sql", "count"),
    [
        ("CREATE ROLE a PASSWORD 'x';", 1),
        ("ALTER USER a ENCRYPTED PASSWORD 'x';", 1),
        ("ALTER ROLE a PASSWORD NULL;", 0),
        ("CREATE ROLE a VALID UNTIL 'infinity';", 0),
        ("CREATE ROLE a PASSWORD '${password}';", 0),
        ("CREATE ROLE a PASSWORD '{{ password }}';", 0),
        ("CREATE USER MAPPING FOR a SERVER s OPTIONS (user 'u', password 'x');", 1),
        ("CREATE SUBSCRIPTION s CONNECTION 'host=h password=x' PUBLICATION p;", 1),
        ("CREATE SUBSCRIPTION s CONNECTION 'postgres://u:x@h/db' PUBLICATION p;", 1),
        ("CREATE SUBSCRIPTION s CONNECTION 'host=h' PUBLICATION p;", 0),
        ("COMMENT ON TABLE orders IS 'the password ''x'' is no secret';", 0),
    ],
)
def test_which_passwords_are_written_out(sql: str, count: int) -> None:
    assert len(messages("password-in-migration", sql)) == count


@pytest.mark.parametrize(
    ("rule", "sql", "count"),
    [
        ("public-grant", "GRANT SELECT ON orders TO PUBLIC;", 1),
        ("public-grant", "GRANT ALL ON DATABASE d TO PUBLIC;", 1),
        ("public-grant", "GRANT USAGE ON SCHEMA s TO PUBLIC;", 0),
        ("public-grant", "GRANT EXECUTE ON FUNCTION f() TO PUBLIC;", 0),
        ("public-grant", "GRANT readers TO app;", 0),
        ("broad-grant", "GRANT ALL ON orders TO app;", 0),
        ("broad-grant", "GRANT ALL ON SCHEMA s TO app;", 1),
        ("broad-grant", "ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO app;", 1),
        ("broad-grant", "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO app;", 0),
        ("policy-drop", "DROP POLICY mine ON orders;", 1),
        ("policy-drop", "DROP POLICY mine ON orders;\nDROP TABLE orders;", 0),
        ("policy-drop", "CREATE POLICY new ON orders USING (true);\nDROP POLICY mine ON orders;", 0),
        ("file-access", "COPY orders FROM STDIN;\n\\.\n", 0),
        ("file-access", "COPY orders TO '/tmp/x';", 1),
        ("file-access", "SELECT pg_read_file('/etc/passwd');", 1),
        ("publication-change", "CREATE PUBLICATION p FOR ALL TABLES;", 1),
        ("publication-change", "CREATE TABLE a (id int PRIMARY KEY);\nCREATE PUBLICATION p FOR TABLE a;", 0),
        ("publication-change", "CREATE TABLE a (id int PRIMARY KEY);\nALTER PUBLICATION p ADD TABLE a;", 0),
        ("publication-change", "CREATE TABLE a (id int);\nALTER PUBLICATION p ADD TABLE a, orders;", 1),
        ("publication-change", "ALTER PUBLICATION p ADD TABLE orders;", 0),
        ("publication-change", "ALTER PUBLICATION p ADD TABLE nobody_knows;", 1),
        ("publication-change", "CREATE TABLE a (id int PRIMARY KEY);\nALTER PUBLICATION p DROP TABLE a;", 1),
        ("log-bypass", "SET LOCAL session_replication_role = 'replica';", 1),
        ("log-bypass", "SET session_replication_role TO DEFAULT;", 0),
        ("log-bypass", "ALTER TABLE orders DISABLE TRIGGER USER;", 0),
        ("unlogged-table", "CREATE UNLOGGED TABLE a AS SELECT 1 AS id;", 1),
        ("autovacuum-disabled", "ALTER TABLE orders SET (fillfactor = 50);", 0),
        ("autovacuum-disabled", "ALTER TABLE orders RESET (autovacuum_enabled);", 0),
    ],
)
def test_what_opens_a_door(rule: str, sql: str, count: int) -> None:
    assert len(messages(rule, sql)) == count


@pytest.mark.parametrize(
    ("tail", "count"),
    [
        ("SECURITY DEFINER AS 'SELECT 1'", 1),
        ("SECURITY DEFINER SET search_path = s, pg_temp AS 'SELECT 1'", 0),
        ("SECURITY DEFINER SET search_path FROM CURRENT AS 'SELECT 1'", 0),
        ("SECURITY DEFINER SET work_mem = '1MB' AS 'SELECT 1'", 1),
        ("SECURITY INVOKER AS 'SELECT 1'", 0),
        ("SECURITY DEFINER RETURN 1", 0),
    ],
)
def test_whose_search_path_a_function_uses(tail: str, count: int) -> None:
    assert len(messages("unsafe-security-definer", f"CREATE FUNCTION f() RETURNS int LANGUAGE sql {tail};")) == count


def test_a_function_that_becomes_a_definer_later_counts_too() -> None:
    plain = "CREATE FUNCTION f() RETURNS int LANGUAGE sql {0}AS 'SELECT 1';\nALTER FUNCTION f() SECURITY DEFINER;"
    assert len(messages("unsafe-security-definer", plain.format(""))) == 1
    assert messages("unsafe-security-definer", plain.format("SET search_path = s ")) == []


@pytest.mark.parametrize(
    ("body", "operand"),
    [
        ("EXECUTE 'DROP TABLE ' || name;", "name"),
        ("RETURN QUERY EXECUTE 'SELECT ' || lower(name);", "lower(name"),
        ("EXECUTE 'DROP TABLE ' || quote_ident(name);", ""),
        ("EXECUTE format('DROP TABLE %I', name);", ""),
        ("EXECUTE 'SELECT $1' USING name || 'x';", ""),
        ("EXECUTE 'DROP TABLE ' || name::regclass;", ""),
        ("EXECUTE 'DROP TABLE t';", ""),
        ("-- EXECUTE 'DROP TABLE ' || name;\nNULL;", ""),
        ("FOR r IN SELECT 1 LOOP EXECUTE 'DROP TABLE ' || r.name; END LOOP;", ""),
    ],
)
def test_what_is_spliced_into_executed_text(body: str, operand: str) -> None:
    sql = f"CREATE FUNCTION f(name text) RETURNS void LANGUAGE plpgsql AS $$\nDECLARE r record;\nBEGIN {body}\nEND $$;"
    found = messages("dynamic-sql", sql)
    assert len(found) == bool(operand)
    assert not found or f"`{operand}" in found[0]


def test_a_function_without_arguments_has_nothing_to_splice() -> None:
    sql = "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'x' || tg_argv[0]; END $$;"
    assert messages("dynamic-sql", sql) == []
