"""Files of MySQL and MariaDB: what divides statements, comments that are code, templates, bodies that run."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from safecol.frontends.mariadb import front as mariadb
from safecol.frontends.mysql import front as mysql
from safecol.operations import Section, Statement, TableDefinition
from safecol.source import Span

_MEASURED = Path(__file__).parent / "data" / "mysql" / "measured.jsonl"


def statements(text: str, dialect: str = "mysql") -> tuple[Statement, ...]:
    read = mariadb.read_section if dialect == "mariadb" else mysql.read_section
    return read(text, Section("up", Span(0, len(text)), "autocommit")).statements


def texts(text: str, dialect: str = "mysql") -> list[str]:
    return [text[item.span.start : item.span.end] for item in statements(text, dialect)]


def told(statement: Statement) -> list[tuple[str, str, bool]]:
    """What the parts of a statement do: kind, table, and whether a condition decides."""
    return [
        (operation.kind, str(operation.relation or ""), "conditional" in operation.flags)
        for part in statement.parts
        for operation in part.operations
    ]


def test_delimiters_divide_and_are_no_statements() -> None:
    text = (
        "DELIMITER //\nCREATE PROCEDURE p() BEGIN SELECT 1; SELECT 2; END//\nCREATE PROCEDURE q() SELECT 1 //\n"
        "DELIMITER ;\nSELECT 3; DELIMITER $$\n"
        "CREATE TRIGGER r BEFORE INSERT ON t FOR EACH ROW BEGIN SET @a = 1; END$$\n"
        "DELIMITER ;\nSELECT 4"
    )
    found = texts(text)
    assert [item.split()[0] for item in found] == ["CREATE", "CREATE", "SELECT", "CREATE", "SELECT"]
    assert found[0].endswith("END")
    assert found[3].endswith("END")
    assert all(item.opaque is None for item in statements(text))


@pytest.mark.parametrize(
    "body",
    [
        "BEGIN SELECT 1; IF a THEN SET @b = IF(1, 2, 3); ELSEIF c THEN SET @b = 1; END IF; END",
        "IF NEW.a IS NULL THEN SET NEW.a = 1; END IF",
        "BEGIN CASE a WHEN 1 THEN SELECT CASE WHEN b THEN 1 END; ELSE BEGIN END; END CASE; END",
        "BEGIN x: LOOP LEAVE x; END LOOP x; WHILE a DO SET a = 1; END WHILE; END",
        "BEGIN REPEAT SET @a = REPEAT('x', 2); UNTIL a END REPEAT; END",
        "BEGIN DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; END; DROP TABLE IF EXISTS q; END",
        "UPDATE u SET a = 1",
    ],
)
def test_bodies_are_one_statement_without_a_delimiter(body: str) -> None:
    text = f"CREATE TRIGGER r AFTER UPDATE ON t FOR EACH ROW {body};\nDROP TABLE u;"
    assert [item.split()[0] for item in texts(text)] == ["CREATE", "DROP"]


def test_a_body_that_never_ends_does_not_swallow_the_rest() -> None:
    text = "CREATE PROCEDURE p() BEGIN SELECT 1;\nDROP TABLE t;\n"
    assert texts(text)[-1] == "DROP TABLE t"


def test_many_bodies_that_never_end_swallow_nothing() -> None:
    text = "CREATE PROCEDURE p() BEGIN SELECT 1;\n" * 30 + "DROP TABLE t;\n"
    assert texts(text)[-1] == "DROP TABLE t"


@pytest.mark.parametrize("text", ["{{ x }} '", 'SELECT ${x} "', "${", "{{", "'{{", "/*!", "/*! SELECT 1", "DELIMITER"])
def test_what_is_never_closed_is_read(text: str) -> None:
    for statement in statements(text):
        assert statement.opaque is not None or statement.operations


def test_comments_hide_semicolons_and_code_comments_do_not() -> None:
    text = "-- a;\n# b;\n/* c; */ SELECT ';' /* d */;\n/*!40101 SET NAMES utf8 */;\n--x\nSELECT 2"
    assert texts(text) == ["SELECT ';'", "SET NAMES utf8", "--x\nSELECT 2"]
    shown = [body for _, body in mysql.all_comments(text, statements(text))]
    assert shown == ["-- a;", "# b;", "/* c; */", "/* d */"]


def test_executable_comments_are_code_with_their_version() -> None:
    text = "CREATE TABLE t (a int) /*!50100 PARTITION BY HASH (a) PARTITIONS 4 /* really */ */;"
    (statement,) = statements(text)
    definition = statement.operations[0].definition
    assert isinstance(definition, TableDefinition)
    assert definition.partition_by is not None
    dump = "/*!50003 CREATE*/ /*!50017 DEFINER=`a`@`b`*/ /*!50003 TRIGGER r BEFORE INSERT ON t FOR EACH ROW SET @x=1 */"
    assert [item.operations[0].kind for item in statements(dump)] == ["create-trigger"]


def test_comments_that_mariadb_alone_runs() -> None:
    text = "ALTER TABLE t ADD a int /*M! INVISIBLE */ /*!80023 COMMENT 'x' */"
    seen = {dialect: statements(text, dialect)[0].operations[0].definition for dialect in ("mysql", "mariadb")}
    assert (getattr(seen["mysql"], "invisible", None), getattr(seen["mysql"], "comment", None)) == (False, "x")
    assert (getattr(seen["mariadb"], "invisible", None), getattr(seen["mariadb"], "comment", None)) == (True, None)


def test_backslashes_escape_and_quotes_double() -> None:
    text = "INSERT INTO t VALUES ('a\\'; b', 'c''; d', \"e\\\"; f\"); SELECT 1"
    assert len(texts(text)) == 2


def test_templates_are_names_and_are_found_again() -> None:
    text = "ALTER TABLE ${schema}.t_{{ suffix }} ADD c int;\nUPDATE t SET a = :v WHERE b = ? AND c = %s;"
    first, second = statements(text)
    assert first.opaque is None
    assert second.opaque is None
    reading = mysql.read_section(text, Section("up", Span(0, len(text)), "autocommit"))
    names = mysql.originals(text, reading.placeholders)
    relation = first.operations[0].relation
    assert relation is not None
    assert names[relation.name] == "t_{{ suffix }}"


def test_user_variables_are_no_placeholders() -> None:
    text = "SELECT @a := 1, @@version; SET @b = :c"
    reading = mysql.read_section(text, Section("up", Span(0, len(text)), "autocommit"))
    assert [item.text for item in reading.placeholders] == [":c"]


def test_breakpoints_of_drizzle_divide() -> None:
    text = (
        "CREATE TABLE `a` (`id` int);\n--> statement-breakpoint\nDROP TABLE `b`;--> statement-breakpoint\nDROP TABLE c"
    )
    assert [item.operations[0].kind for item in statements(text)] == ["create-table", "drop-table", "drop-table"]


def test_a_huge_insert_is_told_by_its_first_row() -> None:
    rows = ", ".join(["(1, 'it''s; \\' (', now())"] * 6000)
    text = f"INSERT IGNORE INTO t (a, b, c) VALUES {rows} ON DUPLICATE KEY UPDATE a = 1; DROP TABLE u"
    insert, drop = statements(text)
    (operation,) = insert.operations
    assert operation.flags == {"values-source", "column-list", "ignore", "on-conflict", "skipped-values"}
    assert operation.span == insert.span
    assert ("calls", "now") in operation.options
    assert drop.operations[0].kind == "drop-table"


@pytest.mark.parametrize("line", ["source other.sql", "\\. other.sql"])
def test_a_file_that_the_client_reads_is_not_passed_over(line: str) -> None:
    other, last = statements(f"{line}\nDROP TABLE t;")
    assert other.opaque is not None
    assert not other.opaque.syntax
    assert last.operations[0].kind == "drop-table"


def test_one_bad_statement_hides_no_other() -> None:
    first, bad, last = statements("SELECT 1; ALTER TABEL t; DROP TABLE u;")
    assert (first.number, bad.number, last.number) == (1, 2, 3)
    assert bad.opaque is not None
    assert bad.opaque.span == Span(16, 21)
    assert last.operations[0].kind == "drop-table"


_HELPER = """DELIMITER //
CREATE PROCEDURE add_column(IN tbl VARCHAR(64), IN col VARCHAR(64), IN def TEXT)
BEGIN
  DECLARE n INT DEFAULT 0;
  SELECT COUNT(*) INTO n FROM information_schema.columns WHERE table_name = tbl AND column_name = col;
  IF n = 0 THEN
    SET @ddl = CONCAT('ALTER TABLE `', tbl, '` ADD COLUMN ', col, ' ', def);
    PREPARE s FROM @ddl;
    EXECUTE s;
    DEALLOCATE PREPARE s;
  END IF;
  UPDATE log SET done = 1;
END //
DELIMITER ;
"""


def test_a_call_runs_the_procedure_of_the_file_with_its_arguments() -> None:
    text = _HELPER + "CALL add_column('users', 'age', 'INT NOT NULL');"
    call = statements(text)[-1]
    assert call.opaque is None
    assert "understood" in call.operations[0].flags
    done = [item for item in told(call) if item[0] != "select"]
    assert done == [("add-column", "users", True), ("update", "log", False)]
    assert {part.span for part in call.parts} == {call.span}


def test_a_procedure_that_is_not_called_does_nothing() -> None:
    assert [item.operations[0].kind for item in statements(_HELPER)] == ["create-routine"]


def test_a_call_with_unknown_arguments_says_so() -> None:
    text = _HELPER + "CALL add_column(@t, 'age', 'INT');"
    call = statements(text)[-1]
    assert "understood" not in call.operations[0].flags
    assert ["built at run time" in part.opaque.reason for part in call.parts if part.opaque] == [True]
    assert ("update", "log", False) in told(call)


def test_a_procedure_that_calls_itself_ends() -> None:
    text = "DELIMITER //\nCREATE PROCEDURE p() BEGIN DELETE FROM t; CALL p(); END//\nDELIMITER ;\nCALL p();"
    assert ("delete", "t", False) in told(statements(text)[-1])


@pytest.mark.parametrize(
    "source",
    [
        "SET @s = 'ALTER TABLE t ADD c INT'; PREPARE p FROM @s; EXECUTE p;",
        "PREPARE p FROM 'ALTER TABLE t ADD c INT'; EXECUTE p;",
        "SET @c = 'c'; SET @s = CONCAT('ALTER TABLE t ADD ', @c, ' INT'); PREPARE p FROM @s; EXECUTE p;",
        "SELECT CONCAT('ALTER TABLE t ', 'ADD c INT') INTO @s; PREPARE p FROM @s; EXECUTE p;",
    ],
)
def test_a_prepared_text_is_what_it_says(source: str) -> None:
    assert told(statements(source)[-1]) == [("add-column", "t", False)]


@pytest.mark.parametrize(
    "source",
    [
        "SET @s = (SELECT IF(COUNT(*) > 0, 'SELECT 1', 'DROP TABLE t') FROM information_schema.tables);",
        "SET @s = IF((SELECT COUNT(*) FROM x) = 0, 'DROP TABLE t', 'SELECT 1');",
        "SELECT CASE WHEN COUNT(*) THEN 'DROP TABLE t' ELSE 'SELECT 1' END INTO @s FROM x;",
    ],
)
def test_a_text_that_a_condition_decides_is_conditional(source: str) -> None:
    text = f"{source} PREPARE p FROM @s; EXECUTE p;"
    execute = statements(text)[-1]
    assert told(execute) == [("drop-table", "t", True)]
    (part,) = execute.parts
    assert text[part.span.start : part.span.end] == "DROP TABLE t"


def test_a_text_that_depends_on_data_is_not_guessed() -> None:
    text = "SELECT name INTO @s FROM x; PREPARE p FROM @s; EXECUTE p;"
    execute = statements(text)[-1]
    assert execute.opaque is not None
    assert not execute.opaque.syntax


def test_an_anonymous_block_runs_its_statements() -> None:
    (block,) = statements("BEGIN NOT ATOMIC IF @a THEN DROP TABLE t; END IF; DELETE FROM u; END", "mariadb")
    assert told(block) == [("drop-table", "t", True), ("delete", "u", False)]


def test_whether_a_text_is_understood() -> None:
    assert mysql.accepts("ALTER TABLE t ADD a int; DROP TABLE u")
    assert not mysql.accepts("ALTER TABLE t ADD a nope")
    assert not mysql.accepts("-- nothing")


def test_all_measured_statements_are_understood() -> None:
    missed = []
    for line in _MEASURED.read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        for field in ("setup", "session", "sql"):
            value = case.get(field) or ""
            for text in value if isinstance(value, list) else [value]:
                missed += [(case["id"], item.opaque) for item in statements(text, case["dialect"]) if item.opaque]
    assert missed == []


def test_a_file_of_ddl_and_plain_changes_is_read_without_sqlglot() -> None:
    program = (
        "import sys\n"
        "from safecol.frontends.mysql import front\n"
        "from safecol.operations import Section\n"
        "from safecol.source import Span\n"
        "text = 'CREATE TABLE t (a int DEFAULT 1 CHECK (a > 0)); UPDATE t SET a = 1 WHERE a IN (2); '\n"
        "text += 'INSERT INTO t VALUES (1)'\n"
        "found = front.read_section(text, Section('up', Span(0, len(text)), 'autocommit'))\n"
        "assert len(found.statements) == 3\n"
        "print(sorted(name for name in sys.modules if name.split('.')[0] in ('sqlglot', 'pglast', 'dataclasses')))\n"
    )
    source = Path(__file__).parent.parent / "src"
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env={"PYTHONPATH": str(source)}
    )
    assert result.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "assigned",
    [
        "SET @s = (SELECT x FROM t); IF @a THEN SET @s = 'DO 2'; END IF;",
        "SET @s = given; IF @a THEN SET @s = 'DO 2'; END IF;",
        "SET @s = (SELECT x FROM t); IF @a THEN SELECT 'DO 2' INTO @s; END IF;",
    ],
)
def test_a_text_that_may_be_another_than_the_one_known_is_not_known(assigned: str) -> None:
    text = f"CREATE PROCEDURE p(given text) BEGIN {assigned} PREPARE q FROM @s; EXECUTE q; END;\nCALL p();"
    called = statements(text)[-1]
    assert [part.opaque for part in called.parts if part.opaque is not None]


def test_of_more_texts_than_are_followed_none_is_taken_for_known() -> None:
    cases = " ".join(f"WHEN @a = {number} THEN 'DROP TABLE t{number}'" for number in range(20))
    text = f"SET @s = CASE {cases} END; PREPARE q FROM @s; EXECUTE q;"
    assert statements(text)[-1].opaque is not None


@pytest.mark.parametrize("text", ["ALTER TABLE t ADD c int,", "ALTER TABLE t ADD c int, LOCK=NONE,"])
def test_a_comma_with_nothing_behind_it_is_a_mistake(text: str) -> None:
    (statement,) = statements(text)
    assert statement.opaque is not None
    assert statement.opaque.syntax
