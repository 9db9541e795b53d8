"""Small judgements about MySQL and MariaDB: what values fit, what makes an index, what bodies may do."""

import pytest

from safecol.dialects.mysql import types
from safecol.expressions import TypeName
from safecol.frontends.mariadb import front as mariadb
from safecol.frontends.mysql import front as mysql
from safecol.operations import Operation, Section, TableDefinition
from safecol.source import Span
from test_mysql_judgement import steps as steps_of
from test_mysql_keys import PARENT, failure, run


def operations(text: str) -> tuple[Operation, ...]:
    (statement,) = mysql.read_section(text, Section("up", Span(0, len(text)), "autocommit")).statements
    assert statement.opaque is None, statement.opaque
    return statement.operations


@pytest.mark.parametrize(
    ("old", "new", "narrows"),
    [
        (TypeName("bigint"), TypeName("decimal", (19, 0)), False),
        (TypeName("bigint"), TypeName("decimal", (18, 0)), True),
        (TypeName("bigint unsigned"), TypeName("decimal", (19, 0)), True),
        (TypeName("bigint unsigned"), TypeName("decimal", (20, 0)), False),
        (TypeName("mediumint"), TypeName("decimal", (9, 2)), False),
        (TypeName("mediumint unsigned"), TypeName("decimal", (9, 2)), True),
        (TypeName("int"), TypeName("decimal unsigned", (12, 0)), True),
        (TypeName("decimal", (5, 0)), TypeName("bigint"), True),
        (TypeName("double"), TypeName("int"), True),
        (TypeName("double"), TypeName("float"), True),
        (TypeName("float"), TypeName("double"), None),
        (TypeName("int unsigned"), TypeName("bigint"), False),
        (TypeName("int unsigned"), TypeName("int"), True),
        (TypeName("int"), TypeName("int unsigned"), True),
        (TypeName("int"), TypeName("bit", (31,)), True),
        (TypeName("text"), TypeName("varchar", (65535,)), False),
        (TypeName("text"), TypeName("varchar", (65534,)), True),
    ],
)
def test_which_values_may_not_fit_the_new_type(old: TypeName, new: TypeName, narrows: bool | None) -> None:
    assert types.narrows(types.shape(old), types.shape(new)) is narrows


FOREIGN = "CONSTRAINT f FOREIGN KEY (b) REFERENCES p (id)"


@pytest.mark.parametrize(
    ("table", "then", "indexes"),
    [
        (FOREIGN, "", {"f"}),
        (f"{FOREIGN}, INDEX i (b, c)", "", {"i"}),
        (f"{FOREIGN}, INDEX i (c, b)", "", {"f", "i"}),
        (FOREIGN, "CREATE INDEX i ON a (b, c);", {"i"}),
        (FOREIGN, "CREATE INDEX i ON a (c, b);", {"f", "i"}),
        (FOREIGN, "ALTER TABLE a ADD UNIQUE i (b);", {"i"}),
        (FOREIGN, "ALTER TABLE a ADD FULLTEXT i (b);", {"f", "i"}),
        (f"INDEX f (b), {FOREIGN}", "CREATE INDEX i ON a (b, c);", {"f", "i"}),
        (FOREIGN, "ALTER TABLE a RENAME INDEX f TO g; CREATE INDEX i ON a (b, c);", {"g", "i"}),
        ("d int", f"ALTER TABLE a ADD {FOREIGN}, ADD INDEX i (b);", {"i"}),
        (FOREIGN, "ALTER TABLE a ADD INDEX i (b), DROP INDEX f;", {"i"}),
    ],
)
def test_an_index_that_a_foreign_key_has_made_goes_when_another_serves_it(
    table: str, then: str, indexes: set[str]
) -> None:
    """Measured on MariaDB 10.11."""
    sql = f"{PARENT} CREATE TABLE a (b int, c int, {table}); {then}"
    context, steps = run(sql)
    assert {index.definition.name for index in context.schema.indexes_of("a")} == indexes
    assert steps[-1].whole.fails is None


@pytest.mark.parametrize(
    ("body", "refused"),
    [
        ("SELECT id FROM p", True),
        ("SELECT id FROM p INTO @x", False),
        ("SELECT id INTO @x FROM p LIMIT 1", False),
        ("COMMIT", True),
        ("DELETE FROM p WHERE id = OLD.b", False),
    ],
)
def test_a_trigger_returns_no_rows_and_commits_nothing(body: str, refused: bool) -> None:
    table = f"{PARENT} CREATE TABLE a (b int);"
    trigger = f"CREATE TRIGGER t AFTER DELETE ON a FOR EACH ROW {body};"
    assert (failure(f"{table} {trigger}") is not None) is refused


@pytest.mark.parametrize("text", ["SET NAMES utf8mb4", "SET CHARACTER SET utf8mb4", "SET CHARSET utf8mb4"])
def test_the_character_set_of_a_session_is_one_setting(text: str) -> None:
    (operation,) = operations(text)
    assert (operation.kind, operation.new_name, operation.value) == ("set", "names", "utf8mb4")


def test_match_against_is_a_condition() -> None:
    (operation,) = operations("DELETE FROM t WHERE MATCH (a, b) AGAINST ('+x' IN BOOLEAN MODE) AND c = 1")
    assert operation.flags == {"where"}


@pytest.mark.parametrize("condition", ["NOT FOUND", "SQLEXCEPTION, SQLWARNING", "SQLSTATE VALUE '23000'", "1062, gone"])
def test_what_a_handler_runs_is_told_under_its_condition(condition: str) -> None:
    handler = f"DECLARE CONTINUE HANDLER FOR {condition} DROP TABLE x;"
    text = f"CREATE PROCEDURE p() BEGIN {handler} DROP TABLE y; END; CALL p();"
    *_, call = mysql.read_section(text, Section("up", Span(0, len(text)), "autocommit")).statements
    told = [(str(one.relation), "conditional" in one.flags) for part in call.parts for one in part.operations]
    assert told == [("x", True), ("y", False)]


def test_each_dialect_accepts_what_its_own_servers_read() -> None:
    assert mysql.accepts("SELECT 1")
    assert mariadb.accepts("ALTER TABLE t ADD SYSTEM VERSIONING")
    for front in (mysql, mariadb):
        assert not front.accepts("ALTER TABLE t ADD c int,")
        assert not front.accepts("")


def test_columns_of_a_primary_key_hold_no_null_wherever_it_is_written() -> None:
    for text in ("CREATE TABLE t (a int, b int, PRIMARY KEY (a))", "CREATE TABLE t (a int PRIMARY KEY, b int)"):
        (operation,) = operations(text)
        definition = operation.definition
        assert isinstance(definition, TableDefinition)
        assert [column.nullable for column in definition.columns] == [False, True]


def test_a_function_of_a_library_has_no_body() -> None:
    (operation,) = operations("CREATE FUNCTION metaphon RETURNS STRING SONAME 'udf_example.so'")
    assert (operation.kind, operation.object, str(operation.relation)) == ("create-object", "function", "metaphon")


def test_a_foreign_key_locks_the_table_that_it_points_at() -> None:
    tables, change = f"{PARENT} CREATE TABLE a (b int);", "ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES p (id);"
    (added,) = steps_of(change, setup=tables)
    assert {name for name, _ in added.whole.locks} == {"a", "p"}
    assert run(f"{tables} {change}")[1][-1].whole.locks == ()  # nobody else knows what this file has made


@pytest.mark.parametrize(
    ("text", "comments"),
    [
        ("SELECT 1 # one", ["# one"]),
        ("SELECT 1 -- one", ["-- one"]),
        ("SELECT 1 /* one */ + 2", ["/* one */"]),
        ("SELECT '# none'", []),
        ("SELECT 1 /*!50000 + 2 */", []),
        ("SELECT 1--1", []),
    ],
)
def test_comments_are_found_in_each_form(text: str, comments: list[str]) -> None:
    assert [said for _, said in mysql.all_comments(text, ())] == comments
