"""Keys, indexes and constraints of MySQL and MariaDB over several statements and clauses."""

import pytest

from safecol import catalog
from safecol.context import Context
from safecol.dialects import loaded
from safecol.effect import Failure
from safecol.fold import trace
from safecol.operations import Migration, Section
from safecol.source import Span
from safecol.trace import Step

CATALOG = catalog.load()
PARENT = "CREATE TABLE p (id int PRIMARY KEY);"


def run(sql: str, dialect: str = "mysql", version: str = "8.4.13") -> tuple[Context, list[Step]]:
    judge = loaded.judge(dialect, CATALOG)
    context = Context(dialect, judge.number(version), default_schema="")
    context.file = 1
    section = Section("up", Span(0, len(sql)), "autocommit")
    statements = tuple(loaded.front(dialect).read_section(sql, section).statements)
    assert all(statement.opaque is None for statement in statements)
    migration = Migration("x.sql", "x", "plain", dialect, ((section, statements),))
    return context, list(trace(context, judge, migration, sql, section, statements).steps)


def failure(sql: str, dialect: str = "mysql", version: str = "8.4.13") -> Failure | None:
    """Why the last statement is refused."""
    return run(sql, dialect, version)[1][-1].whole.fails


def constraints(sql: str, table: str, dialect: str = "mysql") -> dict[str, str]:
    context, _ = run(sql, dialect)
    return {name: item.definition.kind for name, item in context.schema.tables[table].constraints.items()}


LIKE = (
    f"{PARENT} CREATE TABLE a (id int PRIMARY KEY, b int, UNIQUE u (b), CONSTRAINT positive CHECK (b > 0),"
    " CONSTRAINT f FOREIGN KEY (b) REFERENCES p (id)); CREATE TABLE c LIKE a;"
)


@pytest.mark.parametrize(("dialect", "check"), [("mysql", "c_chk_1"), ("mariadb", "positive")])
def test_a_table_like_another_has_its_keys_and_checks_but_no_foreign_keys(dialect: str, check: str) -> None:
    expected = {"PRIMARY": "primary-key", "u": "unique", check: "check"}
    assert constraints(LIKE, "c", dialect) == expected
    assert failure(f"{LIKE} ALTER TABLE c DROP PRIMARY KEY, ADD PRIMARY KEY (id, b);", dialect, "11.8") is None
    assert failure(f"{LIKE} ALTER TABLE c ADD PRIMARY KEY (b);", dialect, "11.8") is not None


REFERENCING = f"{PARENT} CREATE TABLE a (id int, b int NOT NULL, CONSTRAINT f FOREIGN KEY (b) REFERENCES p (id));"


@pytest.mark.parametrize(
    ("clauses", "refused"),
    [
        ("DROP INDEX f", True),
        ("DROP INDEX f, ADD UNIQUE (id, b)", True),
        ("DROP INDEX f, ADD UNIQUE (b)", False),
        ("DROP INDEX f, ADD PRIMARY KEY (b, id)", False),
        ("DROP INDEX f, ADD INDEX (b)", False),
        (
            "DROP FOREIGN KEY f, DROP INDEX f, ADD INDEX i (b), ADD CONSTRAINT g FOREIGN KEY (b) REFERENCES p (id)",
            False,
        ),
    ],
)
def test_an_index_of_a_foreign_key_goes_where_the_same_statement_adds_another(clauses: str, refused: bool) -> None:
    assert (failure(f"{REFERENCING} ALTER TABLE a {clauses};") is not None) is refused


def test_a_renamed_unique_key_is_dropped_by_its_new_name() -> None:
    sql = "CREATE TABLE a (b int, UNIQUE u (b)); ALTER TABLE a RENAME INDEX u TO v;"
    assert constraints(sql, "a") == {"v": "unique"}
    assert failure(f"{sql} ALTER TABLE a DROP CONSTRAINT v;") is None
    context, _ = run(f"{sql} ALTER TABLE a DROP CONSTRAINT v;")
    assert context.schema.indexes == {}
    assert context.schema.tables["a"].constraints == {}


def test_a_key_loses_the_columns_that_are_dropped_and_goes_with_the_last() -> None:
    sql = "CREATE TABLE a (id int, b int, c int, UNIQUE u (b, c)); ALTER TABLE a DROP COLUMN b;"
    context, _ = run(sql)
    assert context.schema.tables["a"].constraints["u"].definition.columns == ("c",)
    assert constraints(f"{sql} ALTER TABLE a DROP COLUMN c;", "a") == {}


KEYED = "CREATE TABLE a (id int, b int, c int, UNIQUE u (b, c));"


@pytest.mark.parametrize(
    ("clauses", "refused"),
    [
        ("DROP COLUMN b", True),
        ("DROP COLUMN b, DROP COLUMN c", False),
        ("DROP COLUMN b, DROP INDEX u", False),
        ("DROP COLUMN b, DROP CONSTRAINT u", False),
        ("DROP COLUMN b, DROP COLUMN id", True),
    ],
)
def test_mariadb_drops_a_column_of_a_key_where_the_key_goes_with_it(clauses: str, refused: bool) -> None:
    """Measured on MariaDB 10.11: error 1072 where a unique key over several columns stays."""
    assert (failure(f"{KEYED} ALTER TABLE a {clauses};", "mariadb", "11.8") is not None) is refused


@pytest.mark.parametrize("name", ["a", "b"])
def test_a_table_that_is_renamed_into_another_schema_is_known_there(name: str) -> None:
    sql = f"CREATE TABLE app.a (id int, INDEX i (id)); RENAME TABLE a TO other.{name};"
    context, _ = run(sql)
    assert list(context.schema.tables) == [f"other.{name}"]
    assert [index.name for index in context.schema.indexes_of(f"other.{name}")] == [f"other.{name}.i"]
    assert failure(f"{sql} ALTER TABLE other.{name} DROP COLUMN gone;") is not None


COUNTING = "CREATE TABLE a (id int AUTO_INCREMENT PRIMARY KEY, b int NOT NULL);"


@pytest.mark.parametrize(
    ("clauses", "refused"),
    [
        ("ADD PRIMARY KEY (b)", True),
        ("ADD INDEX (b)", True),
        ("ADD INDEX (b, id)", True),
        ("ADD CHECK (b > 0)", True),
        ("ADD UNIQUE (id)", False),
        ("ADD INDEX (id, b)", False),
        ("ADD PRIMARY KEY (id, b)", False),
        ("MODIFY id int NOT NULL", False),
    ],
)
def test_a_counting_column_needs_a_key_that_begins_with_it(clauses: str, refused: bool) -> None:
    """Measured on MariaDB 10.11: error 1075."""
    assert (failure(f"{COUNTING} ALTER TABLE a DROP PRIMARY KEY, {clauses};") is not None) is refused


@pytest.mark.parametrize(
    ("clauses", "refused"),
    [
        ("ADD b bigint", True),
        ("ADD b bigint, DROP COLUMN b", False),
        ("ADD b bigint, RENAME COLUMN b TO d", False),
        ("ADD b bigint, CHANGE b d int", False),
        ("ADD b bigint, CHANGE b b int", True),
        ("ADD b bigint, RENAME COLUMN c TO d", True),
    ],
)
def test_a_name_is_free_for_a_new_column_where_the_statement_takes_it_from_another(clauses: str, refused: bool) -> None:
    sql = f"CREATE TABLE a (b int, c int); ALTER TABLE a {clauses};"
    assert (failure(sql) is not None) is refused
    if not refused:
        assert failure(f"{sql} ALTER TABLE a DROP COLUMN b;") is None


@pytest.mark.parametrize(
    "clauses",
    [
        "DROP COLUMN b, DROP FOREIGN KEY f",
        "DROP FOREIGN KEY f, DROP COLUMN b",
        "DROP COLUMN c, DROP INDEX u",
        "DROP COLUMN id, DROP PRIMARY KEY",
    ],
)
def test_a_key_and_its_column_go_in_either_order(clauses: str) -> None:
    """Measured on MariaDB 10.11."""
    table = (
        "CREATE TABLE a (id int PRIMARY KEY, b int, c int, d int, UNIQUE u (c),"
        " CONSTRAINT f FOREIGN KEY (b) REFERENCES p (id));"
    )
    assert failure(f"{PARENT} {table} ALTER TABLE a {clauses};") is None


def test_a_foreign_key_that_is_added_makes_an_index_where_the_statement_drops_the_one_there_was() -> None:
    """Measured on MariaDB 10.11."""
    table = f"{PARENT} CREATE TABLE a (b int, INDEX i (b));"
    added = "ADD CONSTRAINT f FOREIGN KEY (b) REFERENCES p (id)"
    assert failure(f"{table} ALTER TABLE a {added}, DROP INDEX i;") is None
    assert failure(f"{table} ALTER TABLE a {added}; ALTER TABLE a DROP INDEX i;") is not None
