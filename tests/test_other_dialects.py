"""Databases of which no effects are known: they are read, the rules of all dialects apply, and the output says so."""

from pathlib import Path

import pytest

from safecol import cli
from safecol.analysis import lint_texts
from safecol.catalog import load
from safecol.dialects import loaded, registry
from safecol.operations import Operation, Section, Statement
from safecol.source import Span

_OTHERS = tuple(name for name in registry.NAMES if registry.is_neutral(name))


def statements(text: str, dialect: str) -> tuple[Statement, ...]:
    return loaded.front(dialect).read_section(text, Section("up", Span(0, len(text)), "unknown")).statements


def operations(text: str, dialect: str) -> tuple[Operation, ...]:
    (statement,) = statements(text, dialect)
    assert statement.opaque is None, statement.opaque
    return statement.operations


def test_the_dialects() -> None:
    assert set(_OTHERS) == {
        "tsql", "oracle", "snowflake", "bigquery", "duckdb", "clickhouse", "redshift", "cockroachdb", "yugabytedb",
    }  # fmt: skip


@pytest.mark.parametrize("dialect", _OTHERS)
@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("ALTER TABLE a.t DROP COLUMN c", "drop-column"),
        ("ALTER TABLE t RENAME COLUMN a TO b", "rename-column"),
        ("ALTER TABLE t RENAME TO u", "rename-table"),
        ("DROP TABLE IF EXISTS t", "drop-table"),
        ("DROP VIEW v", "drop-view"),
        ("TRUNCATE TABLE t", "truncate"),
        ("DELETE FROM t", "delete"),
        ("UPDATE t SET a = 1 WHERE b > 2", "update"),
        ("INSERT INTO t (a) SELECT a FROM u", "insert"),
        ("CREATE TABLE t (a int NOT NULL, b varchar(10))", "create-table"),
        ("CREATE VIEW v AS SELECT a FROM t", "create-view"),
    ],
)
def test_the_same_statement_is_the_same_operation(dialect: str, sql: str, kind: str) -> None:
    assert [operation.kind for operation in operations(sql, dialect)] == [kind]


@pytest.mark.parametrize("dialect", _OTHERS)
def test_what_is_not_understood_is_not_said_to_be_wrong(dialect: str) -> None:
    first, second = statements("ALTER FROBNICATOR x SET y; DROP TABLE t;", dialect)
    assert first.opaque is not None
    assert not first.opaque.syntax
    assert [operation.kind for operation in second.operations] == ["drop-table"]


def test_columns_of_sql_server_and_oracle() -> None:
    sql = "ALTER TABLE [dbo].[T] ADD [C] int NOT NULL CONSTRAINT df DEFAULT 0, d int"
    added = operations(sql, "tsql")
    assert [(item.kind, item.column) for item in added] == [("add-column", "c"), ("add-column", "d")]
    assert "default-value" in added[0].flags
    oracle = operations("ALTER TABLE t ADD (c NUMBER(10) NOT NULL, d VARCHAR2(5))", "oracle")
    assert [item.column for item in oracle] == ["c", "d"]


def test_sp_rename_renames() -> None:
    (column,) = operations("EXEC sp_rename 'dbo.t.c', 'd', 'COLUMN'", "tsql")
    assert (column.kind, str(column.relation), column.column, column.new_name) == ("rename-column", "dbo.t", "c", "d")
    (index,) = operations("EXEC sp_rename 'dbo.t.IX_A', 'IX_B', 'INDEX'", "tsql")
    assert (index.kind, str(index.relation), index.value, index.new_name) == ("rename-index", "dbo.t", "ix_a", "ix_b")
    (table,) = operations("EXEC sp_rename 'dbo.t', 'u'", "tsql")
    assert (table.kind, str(table.relation), table.new_name) == ("rename-table", "dbo.t", "u")


@pytest.mark.parametrize(("where", "flags"), [("1", {"where", "always-true"}), ("id = 2", {"where"})])
def test_a_condition_of_clickhouse_that_holds_for_every_row_is_told(where: str, flags: set[str]) -> None:
    for change in ("DELETE", "UPDATE a = 1"):
        (operation,) = operations(f"ALTER TABLE t {change} WHERE {where}", "clickhouse")
        assert operation.flags == flags


def test_batches_of_clients_end_statements() -> None:
    assert len(statements("DROP TABLE a\nGO\nDROP TABLE b\ngo\n", "tsql")) == 2
    assert len(statements("DROP TABLE a\n/\nDROP TABLE b\n/\n", "oracle")) == 2


def test_sql_server_needs_no_semicolons() -> None:
    text = "ALTER TABLE a DROP COLUMN b\n-- next\nDELETE FROM c\nWHERE d = 1\n\nUPDATE e SET f = (\n  SELECT 1)\nGO\n"
    found = statements(text, "tsql")
    assert [operation.kind for item in found for operation in item.operations] == ["drop-column", "delete", "update"]
    assert [text[item.span.start : item.span.end].split(maxsplit=1)[0] for item in found] == [
        "ALTER",
        "DELETE",
        "UPDATE",
    ]


def test_statements_of_a_body_are_not_the_files() -> None:
    text = "CREATE PROCEDURE p AS\nBEGIN\nDELETE FROM c\nEND\nGO\nDROP TABLE a\n"
    kinds = [operation.kind for item in statements(text, "tsql") for operation in item.operations]
    assert "delete" not in kinds
    assert kinds[-1] == "drop-table"


def test_a_constraint_and_an_index_are_told() -> None:
    (constraint,) = operations("ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES u (b)", "tsql")
    assert (constraint.kind, constraint.value, str(constraint.target)) == ("add-constraint", "f", "u")
    (index,) = operations("CREATE UNIQUE INDEX i ON t (a)", "tsql")
    assert (index.kind, str(index.relation)) == ("create-index", "t")
    (dropped,) = operations("DROP INDEX i ON t", "tsql")
    assert (dropped.kind, str(dropped.relation), dropped.value) == ("drop-index", "t", "i")


@pytest.mark.parametrize("dialect", _OTHERS)
def test_the_neutral_rules_find_and_the_output_says_that_they_are_all(
    dialect: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "1.sql"
    file.write_text(
        "ALTER TABLE t DROP COLUMN c;\nALTER TABLE t ADD COLUMN d INT NOT NULL;\nDELETE FROM u;\n"
        "ALTER TABLE v RENAME COLUMN a TO b;\n"
    )
    code = cli.run(["lint", "--dialect", dialect, "--output-format", "concise", str(file)])
    out, err = capsys.readouterr()
    assert code == 1
    expected = ["column-drop", "unfiltered-delete", "column-rename"]
    for rule in [*expected, *([] if dialect == "clickhouse" else ["required-column"])]:
        assert rule in out
    assert "nly the dialect-neutral rules apply" in out + err
    assert "syntax-error" not in out


GUARDED = """IF NOT EXISTS (SELECT * FROM [__History] WHERE [Id] = N'1')
BEGIN
    ALTER TABLE [Orders] ADD [Status] int NOT NULL DEFAULT 0 WITH VALUES;
END;
GO

IF EXISTS (SELECT 1 FROM sys.tables)
    DROP TABLE Old
ELSE
BEGIN
    UPDATE Orders SET a = CASE WHEN b = 1 THEN 2 END WHERE c = 3;
    DELETE TOP (100) FROM Orders;
END
GO
"""


def test_what_a_condition_of_sql_server_guards_is_read_as_if_it_ran() -> None:
    found = statements(GUARDED, "tsql")
    assert [item.opaque for item in found] == [None] * 4
    read = [operation for item in found for operation in item.operations]
    assert [operation.kind for operation in read] == ["add-column", "drop-table", "update", "delete"]
    assert "limit" in read[3].flags
    assert [GUARDED[item.span.start :].split(maxsplit=1)[0] for item in found] == ["ALTER", "DROP", "UPDATE", "DELETE"]


@pytest.mark.parametrize(
    ("dialect", "text", "kinds"),
    [
        (
            "tsql",
            "CREATE OR ALTER PROCEDURE dbo.p AS\nBEGIN\n  SET NOCOUNT ON;\n  DELETE FROM t;\nEND\nGO\nDROP VIEW v\n",
            ["create-routine", "drop-view"],
        ),
        (
            "tsql",
            "CREATE TRIGGER dbo.g ON dbo.t AFTER INSERT AS\nUPDATE s SET n = 1;\nGO\n",
            ["create-object"],
        ),
        (
            "oracle",
            "CREATE PACKAGE BODY k AS\n  PROCEDURE p IS\n  BEGIN\n    DELETE FROM t; END;\nEND k;\n/\nDROP TABLE a;\n",
            ["create-routine", "drop-table"],
        ),
        (
            "oracle",
            "CREATE OR REPLACE TRIGGER g BEFORE INSERT ON t FOR EACH ROW\nBEGIN\n  :NEW.id := 1;\nEND;\n/\n",
            ["create-object"],
        ),
        ("bigquery", "CREATE PROCEDURE d.p(x INT64) BEGIN DELETE FROM d.t WHERE true; END;", ["create-routine"]),
    ],
)
def test_a_body_is_none_of_what_the_file_does(dialect: str, text: str, kinds: list[str]) -> None:
    found = statements(text, dialect)
    assert [operation.kind for item in found for operation in item.operations] == kinds
    assert not any(item.opaque for item in found)


def test_a_block_of_pl_sql_is_one_statement_that_was_not_understood() -> None:
    text = "DECLARE\n  n NUMBER;\nBEGIN\n  EXECUTE IMMEDIATE 'DROP TABLE a';\nEND;\n/\nDROP TABLE b;\n"
    block, drop = statements(text, "oracle")
    assert block.opaque is not None
    assert "PL/SQL" in block.opaque.reason
    assert [operation.kind for operation in drop.operations] == ["drop-table"]


@pytest.mark.parametrize(
    ("dialect", "text", "expected"),
    [
        ("oracle", "ALTER TABLE t DROP (a, b)", [("drop-column", "a"), ("drop-column", "b")]),
        ("oracle", "ALTER TABLE t SET UNUSED COLUMN a", [("drop-column", "a")]),
        ("oracle", "ALTER TABLE t MODIFY (a VARCHAR2(20) NOT NULL)", [("change-type", "a"), ("set-not-null", "a")]),
        ("oracle", "ALTER TABLE t MODIFY a NULL", [("drop-not-null", "a")]),
        ("oracle", "RENAME t TO u", [("rename-table", None)]),
        ("oracle", "TRUNCATE TABLE t DROP STORAGE", [("truncate", None)]),
        ("oracle", "CREATE INDEX i ON t (a) ONLINE PARALLEL 4", [("create-index", None)]),
        (
            "oracle",
            "ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES u (b) ENABLE NOVALIDATE",
            [("add-constraint", None)],
        ),
        ("tsql", "ALTER TABLE t WITH NOCHECK ADD CONSTRAINT f CHECK (a > 0)", [("add-constraint", None)]),
        ("tsql", "CREATE UNIQUE NONCLUSTERED INDEX i ON dbo.t (a) INCLUDE (b)", [("create-index", None)]),
        ("tsql", "CREATE TABLE t (a int PRIMARY KEY CLUSTERED, b int UNIQUE NONCLUSTERED)", [("create-table", None)]),
        ("tsql", "ALTER TABLE dbo.t ADD CONSTRAINT d DEFAULT (0) FOR [a]", [("set-default", "a")]),
        ("tsql", "DROP TABLE #t", [("drop-object", None)]),
        ("clickhouse", "RENAME TABLE a TO b, c TO d ON CLUSTER x", [("rename-table", None), ("rename-table", None)]),
        ("clickhouse", "ALTER TABLE t ON CLUSTER x UPDATE a = 1 WHERE b = 2", [("update", None)]),
        (
            "bigquery",
            "ALTER TABLE d.t RENAME COLUMN a TO b, RENAME COLUMN c TO e",
            [("rename-column", "a"), ("rename-column", "c")],
        ),
    ],
)
def test_a_dialects_own_words_say_what_others_say_too(
    dialect: str, text: str, expected: list[tuple[str, str | None]]
) -> None:
    assert [(operation.kind, operation.column) for operation in operations(text, dialect)] == expected


def test_an_alias_stands_for_its_table_and_an_inner_join_is_a_condition() -> None:
    (update,) = operations("UPDATE o SET o.a = c.a FROM dbo.t o JOIN dbo.u c ON c.id = o.id", "tsql")
    assert str(update.relation) == "dbo.t"
    assert "where" in update.flags
    (outer,) = operations("UPDATE o SET o.a = c.a FROM dbo.t o LEFT JOIN dbo.u c ON c.id = o.id", "tsql")
    assert "where" not in outer.flags


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("CREATE OR REPLACE STREAM s ON TABLE t", "CREATE STREAM"),
        ("DROP TASK t", "DROP"),
        ("COPY INTO t FROM @s", "COPY"),
    ],
)
def test_what_is_not_understood_is_named(text: str, named: str) -> None:
    found = lint_texts([("1.sql", text)], dialect="snowflake", version="", setup=(), catalog=load())
    assert all(one.message.startswith(f"Not analysed: {named}") for one in found)
    assert found


def test_that_nothing_was_measured_is_no_news_of_each_finding() -> None:
    (one,) = lint_texts([("1.sql", "DROP TABLE t")], dialect="snowflake", version="", setup=(), catalog=load())
    assert (one.rule, one.consequence) == ("table-drop", ())
