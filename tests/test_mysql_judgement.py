"""What the fold knows of MySQL and MariaDB: schemas so far, clauses together, what is asserted, names."""

import pytest

import mysql_oracle as oracle
from safecol import analysis, catalog
from safecol.context import Context
from safecol.dialects import loaded
from safecol.fold import trace
from safecol.operations import Migration, Section
from safecol.source import Span
from safecol.trace import Step

CATALOG = catalog.load()
TABLE = "CREATE TABLE t (id int AUTO_INCREMENT PRIMARY KEY, a int NOT NULL, b int, c varchar(20)) CHARSET=utf8mb4;"


def steps(sql: str, *, dialect: str = "mysql", version: str = "8.4.13", setup: str = TABLE) -> list[Step]:
    judge = loaded.judge(dialect, CATALOG)
    context = Context(dialect, judge.number(version), default_schema="")
    context.new_since = 2
    found: list[Step] = []
    for number, text in ((1, setup), (2, sql)):
        section = Section("up", Span(0, len(text)), "autocommit")
        reading = tuple(loaded.front(dialect).read_section(text, section).statements)
        context.file = number
        migration = Migration("x.sql", "x", "plain", dialect, ((section, reading),))
        found = list(trace(context, judge, migration, text, section, reading).steps)
    return found


def code(sql: str, *, dialect: str = "mysql", version: str = "8.4.13", setup: str = TABLE) -> str:
    return oracle.code(steps(sql, dialect=dialect, version=version, setup=setup)[-1].whole)


@pytest.mark.parametrize(
    ("sql", "mysql", "mariadb"),
    [
        ("ALTER TABLE t ADD x int, COMMENT='x'", "R+", "I"),
        ("ALTER TABLE t ADD x int, ADD INDEX i (a)", "R+", "R+"),
        ("ALTER TABLE t RENAME COLUMN b TO d, COMMENT='x'", "P+", "P+"),
        ("ALTER TABLE t ADD x int, ALTER b SET DEFAULT 5", "I", "I"),
        ("ALTER TABLE t ADD v int AS (a + 1) VIRTUAL, COMMENT='x'", "C-", "C-"),
        ("ALTER TABLE t ADD v int AS (a + 1) VIRTUAL, ADD INDEX i (v)", "Px-", "Px-"),
        ("ALTER TABLE t ADD x int, ADD v int AS (a + 1) VIRTUAL", "I", "C-"),
        ("ALTER TABLE t MODIFY c varchar(60), ADD x int", "R+", "I"),
    ],
)
def test_clauses_together_cost_what_was_measured(sql: str, mysql: str, mariadb: str) -> None:
    assert code(sql) == mysql
    assert code(sql, dialect="mariadb", version="10.11.18") == mariadb


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("ALTER TABLE t ADD x int, ALGORITHM=INPLACE", "R+"),
        ("ALTER TABLE t ADD x int, ALGORITHM=INSTANT, LOCK=NONE", "E"),
        ("ALTER TABLE t ADD x int, ALGORITHM=COPY", "C-"),
        ("ALTER TABLE t MODIFY a bigint NOT NULL, LOCK=NONE", "E"),
        ("ALTER TABLE t ADD INDEX i (a), LOCK=SHARED", "Px-"),
    ],
)
def test_what_is_asked_for_is_done_or_refused(sql: str, said: str) -> None:
    assert code(sql) == said


def test_an_assertion_makes_up_for_a_type_that_was_never_seen() -> None:
    assert steps("ALTER TABLE u MODIFY c varchar(60)")[-1].whole.algorithm == "COPY"
    asserted = steps("ALTER TABLE u MODIFY c varchar(60), ALGORITHM=INSTANT")[-1].whole
    assert (asserted.algorithm, asserted.unknown) == ("INSTANT", ())


def test_the_hidden_column_of_a_fulltext_index_stays_when_the_index_goes() -> None:
    setup = f"{TABLE} ALTER TABLE t ADD FULLTEXT f (c);"
    assert code("ALTER TABLE t ADD x int", setup=setup) == "C-"
    assert code("ALTER TABLE t ADD x int", setup=f"{setup} ALTER TABLE t DROP INDEX f;") == "R+"


def test_row_versions_end_in_a_rebuild() -> None:
    changes = "".join(f"ALTER TABLE t ADD c{number} int; " for number in range(64))
    assert code("ALTER TABLE t ADD x int", setup=f"{TABLE} {changes}") == "R+"
    assert code("ALTER TABLE t ADD x int", setup=f"{TABLE} {changes} ALTER TABLE t FORCE;") == "I"
    assert code("ALTER TABLE t ADD x int", setup=f"{TABLE} {changes}", version="9.1.0") == "I"


def test_the_first_schema_that_is_named_is_the_default_one() -> None:
    setup = "CREATE TABLE `shop`.`t` (id int PRIMARY KEY, c varchar(20)) CHARSET=utf8mb4;"
    assert code("ALTER TABLE t MODIFY c varchar(60)", setup=setup) == "P+"
    assert code("ALTER TABLE shop.t MODIFY c varchar(60)", setup=TABLE) == "P+"


def test_renamed_tables_keep_their_indexes() -> None:
    setup = f"{TABLE} ALTER TABLE t ADD INDEX i (b); RENAME TABLE t TO u;"
    assert code("ALTER TABLE u DROP INDEX i", setup=setup) == "P+"
    assert code("ALTER TABLE u DROP COLUMN b", setup=setup) == "R+"


def test_changed_columns_keep_what_the_last_definition_says() -> None:
    setup = f"{TABLE} ALTER TABLE t MODIFY c varchar(60) NOT NULL;"
    assert code("ALTER TABLE t MODIFY c varchar(63) NOT NULL", setup=setup) == "P+"
    assert code("ALTER TABLE t MODIFY c varchar(63)", setup=setup) == "R+"
    assert code("ALTER TABLE t MODIFY c varchar(64) NOT NULL", setup=setup) == "C-"


@pytest.mark.parametrize(
    ("version", "number"), [("8.0.28", 80028), ("8.0", 80046), ("5.7", 50744), ("8.4", 80400), ("10.11", 101100)]
)
def test_versions_are_compared_as_numbers(version: str, number: int) -> None:
    assert loaded.judge("mysql", CATALOG).number(version) == number


def test_the_wait_for_locks_is_kept_under_its_neutral_name() -> None:
    setting = loaded.judge("mysql", CATALOG).setting
    assert setting("lock_wait_timeout", "5") == ("lock_timeout", "5000")
    assert setting("@@session.lock_wait_timeout", "5") == ("lock_timeout", "5000")
    assert setting("foreign_key_checks", "OFF") == ("foreign_key_checks", "0")


@pytest.mark.parametrize(("dialect", "version", "error"), [("mysql", "9.7", "3140"), ("mariadb", "10.11", "4025")])
def test_text_that_becomes_json_may_fail_once_there_are_rows(dialect: str, version: str, error: str) -> None:
    setup = "CREATE TABLE t (id int PRIMARY KEY, c text, d json);"
    fails = steps("ALTER TABLE t MODIFY c json", dialect=dialect, version=version, setup=setup)[-1].effect.fails
    assert fails is not None
    assert (fails.when, error in fails.reason) == ("unknown", True)
    kept = steps("ALTER TABLE t MODIFY d json NOT NULL", dialect=dialect, version=version, setup=setup)[-1].effect.fails
    assert kept is None or kept.when == "rows"
    assert (
        steps(f"{setup} ALTER TABLE t MODIFY c json", dialect=dialect, version=version, setup="")[-1].effect.fails
        is None
    )


# As the servers do: MariaDB passes over what is for MySQL 5.7 and later, and both over what is for later servers.
@pytest.mark.parametrize(
    ("comment", "dialect", "version", "is_code"),
    [
        ("/*!50700 , ADD y int */", "mysql", "9.7.4", True),
        ("/*!80023 , ADD y int */", "mysql", "8.0.23", True),
        ("/*!80023 , ADD y int */", "mysql", "8.0.22", False),
        ("/*!080023, ADD y int */", "mysql", "8.0.22", False),
        ("/*!90800 , ADD y int */", "mysql", "9.7.4", False),
        ("/*!100000 , ADD y int */", "mysql", "9.7.4", False),
        ("/*!99999 , ADD y int */", "mysql", "9.7.4", False),
        ("/*M!100000 , ADD y int */", "mysql", "9.7.4", False),
        ("/*! , ADD y int */", "mysql", "5.7", True),
        ("/*!50699 , ADD y int */", "mariadb", "10.11.18", True),
        ("/*!50700 , ADD y int */", "mariadb", "10.11.18", False),
        ("/*!080000 , ADD y int */", "mariadb", "10.11.18", False),
        ("/*!99999 , ADD y int */", "mariadb", "10.11.18", False),
        ("/*!100000 , ADD y int */", "mariadb", "10.11.18", True),
        ("/*!101200 , ADD y int */", "mariadb", "10.11.18", False),
        ("/*!101200 , ADD y int */", "mariadb", "11.8.9", True),
        ("/*M!50701 , ADD y int */", "mariadb", "10.11.18", True),
        ("/*M!99999 , ADD y int */", "mariadb", "10.11.18", True),
        ("/*M!120000 , ADD y int */", "mariadb", "10.11.18", False),
    ],
)
def test_a_comment_is_code_from_its_version_on(comment: str, dialect: str, version: str, is_code: bool) -> None:
    found = [
        step.operation.column for step in steps(f"ALTER TABLE t ADD x int {comment}", dialect=dialect, version=version)
    ]
    wanted = 2 if is_code else 1
    assert len(found) == wanted


def test_a_statement_that_is_a_comment_runs_from_its_version_on() -> None:
    sql = "/*!80016 ALTER TABLE t DROP COLUMN b */;"
    assert [step.operation.kind for step in steps(sql, version="8.0.16")] == ["drop-column"]
    assert steps(sql, version="5.7") == []


def test_mariadb_copies_other_engines_online_where_it_is_asked_to() -> None:
    setup = "CREATE TABLE t (id int PRIMARY KEY, b int) ENGINE=MyISAM;"
    change = "ALTER TABLE t MODIFY b bigint"
    assert code(change, dialect="mariadb", version="11.8.9", setup=setup) == "C-"
    assert code(f"{change}, LOCK=NONE", dialect="mariadb", version="11.8.9", setup=setup) == "C+"
    assert code(f"{change}, LOCK=NONE", dialect="mariadb", version="10.11.18", setup=setup) == "E"


def rules(sql: str, transaction: str = "wrapped") -> list[tuple[str, bool | None]]:
    """The rules that find something, each with whether it stands in a transaction."""
    found = analysis.lint_texts(
        [("1.sql", sql)], dialect="mysql", version="8.4.13", setup=[TABLE], catalog=CATALOG, transaction=transaction,
        lock_timeout="2s",
    )  # fmt: skip
    return [(one.rule, one.in_transaction) for one in found]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        # A change of the schema commits: its lock is gone when the rows are changed.
        ("ALTER TABLE t COMMENT = 'x'; UPDATE t SET c = '' WHERE c IS NULL;", [("unbatched-backfill", True)]),
        (
            "UPDATE t SET c = '' WHERE c IS NULL; ALTER TABLE t COMMENT = 'x';",
            [("unbatched-backfill", True), ("implicit-commit", False)],
        ),
        (
            "UPDATE t SET c = '' WHERE c IS NULL; CREATE TEMPORARY TABLE x (a int); DROP TEMPORARY TABLE x;",
            [("unbatched-backfill", True)],
        ),
    ],
)
def test_a_change_of_the_schema_is_a_transaction_of_its_own(sql: str, expected: list[tuple[str, bool | None]]) -> None:
    assert rules(sql) == expected


def test_what_a_commit_by_itself_has_left_cannot_be_rolled_back() -> None:
    found = steps("BEGIN; ALTER TABLE t ADD x int; ROLLBACK; ALTER TABLE t DROP COLUMN x;")
    assert found[-1].whole.fails is None
    assert [step.transaction is None for step in found if step.operation.kind != "begin"] == [True, True, True]


def test_an_algorithm_that_makes_a_statement_dearer_is_one_finding_with_its_own_cure() -> None:
    sql = "ALTER TABLE t MODIFY a bigint NOT NULL; ALTER TABLE t ADD x int, ALGORITHM=INPLACE;"
    found = analysis.lint_texts(
        [("1.sql", sql)], dialect="mysql", version="8.4.13", setup=[TABLE], catalog=CATALOG, lock_timeout="2s"
    )
    (one,) = (finding for finding in found if finding.span.start > sql.index(";"))
    assert (one.rule, "INSTANT" in one.help) == ("downgraded-algorithm", True)
