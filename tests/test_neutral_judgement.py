"""What the rules of all dialects say where no effects are known: one small migration a rule and dialect."""

import pytest

from safecol import catalog
from safecol.analysis import lint_texts
from safecol.dialects import registry
from safecol.dialects.neutral_types import narrows
from safecol.expressions import TypeName

RULES = catalog.load()
NEUTRAL = tuple(name for name in registry.NAMES if registry.is_neutral(name))
SETUP = """CREATE TABLE users (
  id bigint NOT NULL PRIMARY KEY, email varchar(100) NOT NULL, phone varchar(20), total int
);
CREATE TABLE orders (id bigint NOT NULL PRIMARY KEY, user_id bigint, note varchar(100) DEFAULT 'a' NOT NULL);
CREATE VIEW people AS SELECT id, email FROM users;
"""
ELSEWHERE = ("snowflake", "bigquery", "duckdb", "clickhouse", "redshift")


def _found(sql: str, dialect: str, rules: set[str] | None = None) -> dict[str, str]:
    findings = lint_texts(
        [("2.sql", sql)], dialect=dialect, version=registry.known(dialect).default_version, setup=[SETUP],
        catalog=RULES, rules=rules, lock_timeout="2s",
    )  # fmt: skip
    return {one.rule: one.message for one in findings}


@pytest.mark.parametrize("dialect", [name for name in NEUTRAL if name != "clickhouse"])
@pytest.mark.parametrize(
    ("sql", "rule"),
    [
        ("ALTER TABLE orders ALTER COLUMN note DROP DEFAULT;", "dropped-default"),
        ("ALTER TABLE users ALTER COLUMN email TYPE varchar(10);", "narrowing-type-change"),
        ("ALTER TABLE users ALTER COLUMN total TYPE varchar(30);", "incompatible-type-change"),
        ("CREATE OR REPLACE VIEW people AS SELECT id FROM users;", "redefined-view"),
        (
            "ALTER TABLE users DROP COLUMN phone;\nALTER TABLE users ADD COLUMN phone_number varchar(20);",
            "mistaken-rename",
        ),
        ("INSERT INTO orders VALUES (1, 2, 'a');", "positional-insert"),
        ("TRUNCATE TABLE users;", "truncation"),
    ],
)
def test_what_the_schema_so_far_says_is_told_on_every_database(dialect: str, sql: str, rule: str) -> None:
    if dialect == "duckdb" and rule == "narrowing-type-change":
        pytest.skip("DuckDB keeps no lengths")
    # T-SQL and Oracle have words of their own for some of these; the parser takes these from all.
    assert rule in _found(sql, dialect)


@pytest.mark.parametrize("dialect", NEUTRAL)
def test_a_wider_type_is_no_narrowing(dialect: str) -> None:
    sql = "ALTER TABLE users ALTER COLUMN email TYPE varchar(200);"
    assert not {"narrowing-type-change", "incompatible-type-change"} & set(_found(sql, dialect))


@pytest.mark.parametrize("dialect", NEUTRAL)
def test_large_changes_are_to_go_in_batches_where_rows_are_locked(dialect: str) -> None:
    sql = "INSERT INTO orders (id, user_id, note) SELECT id, id, email FROM users;"
    assert ("unbatched-backfill" in _found(sql, dialect)) == (dialect not in ELSEWHERE)


@pytest.mark.parametrize(
    ("rule", "sql", "silent"),
    [
        (
            "small-integer-key",
            "CREATE TABLE t (id int PRIMARY KEY);",
            {"oracle", "snowflake", "bigquery", "cockroachdb", "clickhouse", "sqlite"},
        ),
        ("missing-comment", "CREATE TABLE t (id bigint);", {"tsql", "sqlite", "bigquery", "clickhouse"}),
        ("unqualified-name", "DROP TABLE users;", {"sqlite"}),
        (
            "missing-existence-guard",
            "ALTER TABLE users DROP COLUMN phone;",
            {"sqlite", "mysql", "oracle", "redshift"},
        ),
        ("missing-existence-guard", "CREATE TABLE t (id bigint);", {"tsql", "oracle"}),
        (
            "unindexed-foreign-key",
            "ALTER TABLE orders ADD CONSTRAINT f FOREIGN KEY (user_id) REFERENCES users (id);",
            {"snowflake", "bigquery", "clickhouse", "redshift", "mysql", "mariadb"},  # InnoDB makes one itself
        ),
        (
            "stricter-constraint",
            "ALTER TABLE orders ADD CONSTRAINT f FOREIGN KEY (user_id) REFERENCES users (id);",
            {"snowflake", "bigquery", "clickhouse", "redshift"},
        ),
    ],
)
@pytest.mark.parametrize("dialect", registry.NAMES)
def test_a_convention_is_asked_where_it_can_be_kept(rule: str, sql: str, silent: set[str], dialect: str) -> None:
    assert (rule in _found(sql, dialect, {rule})) == (dialect not in silent)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (TypeName("varchar", (100,)), TypeName("varchar", (50,)), True),
        (TypeName("varchar", (50,)), TypeName("varchar", (100,)), False),
        (TypeName("varchar", ("max",)), TypeName("varchar", (50,)), True),
        (TypeName("varchar", (50,)), TypeName("text"), False),
        (TypeName("text"), TypeName("int"), True),
        (TypeName("bigint"), TypeName("int"), True),
        (TypeName("int"), TypeName("bigint"), False),
        (TypeName("decimal", (12, 2)), TypeName("decimal", (10, 2)), True),
        (TypeName("decimal", (10, 2)), TypeName("decimal", (12, 2)), False),
        (TypeName("geometry"), TypeName("int"), None),
    ],
)
def test_whether_values_may_not_fit(old: TypeName, new: TypeName, expected: bool | None) -> None:
    assert narrows("tsql", old, new) is expected
