"""How SQLite's SQL is read: statements and their spans, operations and what they read, and never a traceback."""

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safecol.expressions import Call, Literal, TypeName
from safecol.frontends.sqlite.front import accepts, all_comments, originals, read_section
from safecol.operations import FLAGS, KINDS, ColumnDefinition, Name, Operation, Section, Statement, TableDefinition
from safecol.source import Span


def read(sql: str) -> tuple[Statement, ...]:
    return read_section(sql, Section("up", Span(0, len(sql)), "unknown")).statements


def operations(sql: str) -> tuple[Operation, ...]:
    return tuple(operation for statement in read(sql) for operation in statement.operations)


def kinds(sql: str) -> list[str]:
    return [operation.kind for operation in operations(sql)]


# (SQL, kinds of its operations)
STATEMENTS = [
    ("CREATE TABLE t (a)", ["create-table"]),
    ("CREATE TEMP TABLE IF NOT EXISTS t AS SELECT 1", ["create-table-as"]),
    ("CREATE VIRTUAL TABLE t USING fts5(a, b, tokenize = 'porter')", ["create-table"]),
    ("CREATE UNIQUE INDEX IF NOT EXISTS main.i ON t (a COLLATE nocase DESC, lower(b)) WHERE c > 0", ["create-index"]),
    ("CREATE VIEW v (x) AS WITH q AS (SELECT 1) SELECT * FROM q", ["create-view"]),
    ("CREATE TRIGGER g AFTER DELETE ON t BEGIN SELECT CASE WHEN 1 THEN 2 END; END", ["create-trigger"]),
    ("CREATE TRIGGER g INSTEAD OF UPDATE OF a, b ON v WHEN NEW.a > 1 BEGIN DELETE FROM t; END", ["create-trigger"]),
    ("DROP TABLE IF EXISTS t", ["drop-table"]),
    ("DROP INDEX main.i", ["drop-index"]),
    ("DROP VIEW v", ["drop-view"]),
    ("DROP TRIGGER g", ["drop-trigger"]),
    ("ALTER TABLE t RENAME TO u", ["rename-table"]),
    ("ALTER TABLE t RENAME a TO b", ["rename-column"]),
    ("ALTER TABLE t ADD a INTEGER", ["add-column"]),
    ("ALTER TABLE t ADD COLUMN a INT REFERENCES u CHECK (a > 0)", ["add-column", "add-constraint", "add-constraint"]),
    ("ALTER TABLE t DROP b", ["drop-column"]),
    ("ALTER TABLE t DROP COLUMN b", ["drop-column"]),
    ("ALTER TABLE t ALTER COLUMN a SET NOT NULL ON CONFLICT IGNORE", ["set-not-null"]),
    ("ALTER TABLE t ALTER a DROP NOT NULL", ["drop-not-null"]),
    ("ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0)", ["add-constraint"]),
    ("ALTER TABLE t DROP CONSTRAINT c", ["drop-constraint"]),
    ("INSERT OR REPLACE INTO t (a) VALUES (1), (2) RETURNING *", ["insert"]),
    ("INSERT INTO t SELECT * FROM u WHERE true ON CONFLICT (a) DO UPDATE SET a = excluded.a", ["insert"]),
    ("INSERT INTO t DEFAULT VALUES", ["insert"]),
    ("REPLACE INTO t VALUES (1)", ["insert"]),
    ("WITH q(a) AS (SELECT 1) UPDATE t SET (a, b) = (1, 2) FROM q WHERE q.a = t.a", ["update"]),
    ("DELETE FROM t INDEXED BY i WHERE a IN (SELECT 1) ORDER BY a LIMIT 3", ["delete"]),
    ("SELECT a, sum(b) OVER (PARTITION BY c ORDER BY d ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM t", ["select"]),
    ("VALUES (1), (2)", ["select"]),
    ("BEGIN IMMEDIATE TRANSACTION", ["begin"]),
    ("END", ["commit"]),
    ("COMMIT TRANSACTION", ["commit"]),
    ("ROLLBACK", ["rollback"]),
    ("ROLLBACK TO SAVEPOINT s", ["rollback-to"]),
    ("SAVEPOINT s", ["savepoint"]),
    ("RELEASE s", ["release"]),
    ("PRAGMA foreign_keys = OFF", ["set"]),
    ("PRAGMA main.journal_mode(WAL)", ["set"]),
    ("PRAGMA foreign_key_check", ["select"]),
    ("PRAGMA table_info('t')", ["select"]),
    ("ATTACH DATABASE 'other.db' AS other", ["create-database"]),
    ("DETACH other", ["drop-database"]),
    ("VACUUM", ["vacuum-full"]),
    ("VACUUM main INTO 'copy.db'", ["vacuum-full"]),
    ("ANALYZE t", ["analyze"]),
    ("REINDEX", ["reindex"]),
    ("EXPLAIN QUERY PLAN DELETE FROM t", ["explain"]),
]  # fmt: skip
# What SQLite has not, and safecol understands: the cure is known then.
LACKING = [
    ("ALTER TABLE t ALTER COLUMN a TYPE TEXT", ["change-type"]),
    ("ALTER TABLE t MODIFY COLUMN a TEXT NOT NULL", ["change-type"]),
    ("ALTER TABLE t ALTER COLUMN a SET DEFAULT 5", ["set-default"]),
    ("ALTER TABLE t ALTER COLUMN a DROP DEFAULT", ["drop-default"]),
    ("ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES u (b)", ["add-constraint"]),
    ("ALTER TABLE t ADD UNIQUE (a)", ["add-constraint"]),
    ("ALTER TABLE t ADD COLUMN IF NOT EXISTS a TEXT", ["add-column"]),
    ("ALTER TABLE t DROP COLUMN IF EXISTS a", ["drop-column"]),
    ("ALTER TABLE t DROP COLUMN a, DROP COLUMN b", ["drop-column", "drop-column"]),
    ("ALTER TABLE IF EXISTS t RENAME TO u", ["rename-table"]),
]
REFUSED = [
    "DROP TABLE t CASCADE", "TRUNCATE t", "CREATE INDEX CONCURRENTLY i ON t (a)", "CREATE INDEX i ON t USING btree (a)",
    "COMMENT ON TABLE t IS 'x'", "CREATE SEQUENCE s", "SELECT FROM t", "CREATE TABLE n ()", "UPDATE SET a = 1",
    "CREATE TABLE select (a)", "INSERT t VALUES (1)", "ALTER TABLE t", "SELECT 1 +", "CREATE TABLE n (a) ENGINE = x",
    "DROP INDEX i ON t", "RENAME TABLE t TO u", "SELECT 'open", "CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 1 END",
]  # fmt: skip


@pytest.mark.parametrize(("sql", "expected"), [*STATEMENTS, *LACKING])
def test_a_statement_becomes_operations(sql: str, expected: list[str]) -> None:
    (statement,) = read(sql)
    assert statement.opaque is None
    assert [operation.kind for operation in statement.operations] == expected
    for operation in statement.operations:
        assert operation.kind in {kind for group in KINDS.values() for kind in group}
        assert operation.flags <= FLAGS


@pytest.mark.parametrize(("sql", "_expected"), LACKING)
def test_what_sqlite_lacks_is_marked(sql: str, _expected: list[str]) -> None:
    assert all("unsupported" in operation.flags for operation in operations(sql))


@pytest.mark.parametrize("sql", REFUSED)
def test_what_no_version_reads_is_a_syntax_error(sql: str) -> None:
    (statement,) = read(sql)
    assert statement.opaque is not None
    assert statement.opaque.syntax
    assert not accepts(sql)


def _library_reads(sql: str) -> bool:
    """Whether the parser of Python's own library takes it; that nothing is there to act on doesn't matter."""
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE t (a, b, c, d)")
    try:
        connection.execute(f"EXPLAIN {sql}")
    except sqlite3.Error as error:
        return not any(word in str(error) for word in ("syntax error", "incomplete input", "unrecognized token"))
    return True


NEWER = ("SET NOT NULL", "DROP NOT NULL", "ADD CONSTRAINT c CHECK", "DROP CONSTRAINT", "EXPLAIN", "LIMIT 3")


@pytest.mark.parametrize("sql", [sql for sql, _ in STATEMENTS if not any(word in sql for word in NEWER)])
def test_what_is_understood_the_library_reads_too(sql: str) -> None:
    assert _library_reads(sql)


@pytest.mark.parametrize("sql", [*REFUSED, *(sql for sql, _ in LACKING)])
def test_what_is_refused_the_library_refuses_too(sql: str) -> None:
    assert not _library_reads(sql)


def test_statements_of_a_trigger_body_end_no_statement() -> None:
    sql = """CREATE TRIGGER g AFTER INSERT ON t BEGIN
  UPDATE t SET a = CASE WHEN b THEN 1 ELSE 2 END; -- ; END
  SELECT 'END;';
END;
DROP TABLE t;"""
    first, second = read(sql)
    assert sql[first.span.start : first.span.end].endswith("END")
    assert kinds(sql) == ["create-trigger", "drop-table"]
    assert second.number == 2


def test_one_bad_statement_hides_no_other() -> None:
    first, second, third = read("DROP TABLE a; DROP TABEL b; DROP TABLE c;")
    assert first.operations[0].relation == Name("a")
    assert second.opaque is not None
    assert third.operations[0].relation == Name("c")


def test_spans_are_those_of_the_clause_in_the_file() -> None:
    sql = "-- first\n  ALTER TABLE t ADD COLUMN \u00e4 TEXT CHECK (\u00e4 > 0) ;\n"
    (statement,) = read(sql)
    column, check = statement.operations
    assert sql[column.span.start : column.span.end] == "ADD COLUMN \u00e4 TEXT CHECK (\u00e4 > 0)"
    assert sql[check.span.start : check.span.end] == "CHECK (\u00e4 > 0)"


@pytest.mark.parametrize("written", ["Users", '"USERS"', "`users`", "[Users]", "main.users", '"main"."Users"'])
def test_names_are_one_name_however_they_are_written(written: str) -> None:
    assert operations(f"DROP TABLE {written}")[0].relation == Name("users")


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("5", Literal("number", "5")),
        ("-5", Literal("number", "-5")),
        ("(5)", Literal("number", "5")),
        ("TRUE", Literal("boolean", "true")),
        ("'x''y'", Literal("string", "x'y")),
        ('"open"', Literal("string", "open")),
        ("open", Literal("string", "open")),
        ("NULL", Literal("null", "")),
        ("x'ff'", Literal("bits", "x'ff'")),
        ("CURRENT_TIMESTAMP", Call("current_timestamp")),
        ("(datetime('now'))", Call("datetime", (Literal("string", "now"),))),
    ],
)
def test_defaults_are_values(sql: str, expected: object) -> None:
    (operation,) = operations(f"ALTER TABLE t ADD COLUMN a TEXT DEFAULT {sql}")
    assert isinstance(operation.definition, ColumnDefinition)
    assert operation.definition.default == expected


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("INTEGER", TypeName("integer")),
        ("INT", TypeName("int")),
        ("", TypeName("")),
        ("VARCHAR(20)", TypeName("varchar", (20,))),
        ("NUMERIC(10, 2)", TypeName("numeric", (10, 2))),
        ("DOUBLE PRECISION", TypeName("double precision")),
        ("INTEGER FIRST", TypeName("integer first")),
        ("TEXT AFTER b", TypeName("text after b")),
    ],
)
def test_types_are_the_words_that_stand_there(sql: str, expected: TypeName) -> None:
    (operation,) = operations(f"ALTER TABLE t ADD COLUMN a {sql}")
    assert isinstance(operation.definition, ColumnDefinition)
    assert operation.definition.type == expected


@pytest.mark.parametrize(
    ("sql", "nullable"),
    [
        ("CREATE TABLE t (id INTEGER PRIMARY KEY, a)", False),
        ("CREATE TABLE t (id INT PRIMARY KEY, a)", True),
        ("CREATE TABLE t (id TEXT PRIMARY KEY, a)", True),
        ("CREATE TABLE t (id TEXT PRIMARY KEY, a) WITHOUT ROWID", False),
        ("CREATE TABLE t (id TEXT PRIMARY KEY, a TEXT) STRICT", False),
        ("CREATE TABLE t (id INTEGER, a, PRIMARY KEY (id))", False),
        ("CREATE TABLE t (id TEXT NOT NULL PRIMARY KEY, a)", False),
    ],
)
def test_a_primary_key_holds_null_where_sqlite_lets_it(sql: str, nullable: bool) -> None:
    definition = operations(sql)[0].definition
    assert isinstance(definition, TableDefinition)
    assert definition.columns[0].nullable is nullable
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute(sql)
    try:
        connection.execute("INSERT INTO t (id, a) VALUES (NULL, 'x')")
        holds = connection.execute("SELECT id FROM t").fetchall() == [(None,)]
    except sqlite3.IntegrityError:
        holds = False
    assert holds is nullable


def test_what_a_query_reads_is_told_by_table() -> None:
    sql = "INSERT INTO n (a, b) WITH q AS (SELECT x FROM deep) SELECT t.c AS e, u.d FROM t JOIN s.u ON t.i = u.i, q"
    (operation,) = operations(sql)
    assert operation.query is not None
    assert set(operation.reads) == {Name("deep"), Name("t"), Name("u", "s")}
    assert operation.query.outputs == ("e", "d")
    assert {("t", "c"), ("u", "d"), ("t", "i"), ("u", "i")} <= set(operation.query.columns)
    assert {"select-source", "column-list"} <= operation.flags


def test_a_trigger_reads_its_own_table_through_new_and_old() -> None:
    (operation,) = operations("CREATE TRIGGER g AFTER UPDATE ON t BEGIN INSERT INTO u (x) VALUES (OLD.a); END")
    assert operation.query is not None
    assert ("t", "a") in operation.query.columns
    assert ("u", "x") not in operation.query.columns
    assert ("writes", "u.x") in operation.options
    assert operation.value == "g"


def test_placeholders_are_masked_and_named() -> None:
    sql = (
        "CREATE TABLE {{prefix}}orders (id INTEGER);\n{% if x %}\nDROP TABLE ${old};\n{% endif %}\n.mode csv\nSELECT 1;"
    )
    reading = read_section(sql, Section("up", Span(0, len(sql)), "unknown"))
    assert [statement.opaque for statement in reading.statements] == [None, None, None]
    assert [place.kind for place in reading.placeholders] == [
        "template",
        "template",
        "template",
        "template",
        "client-command",
    ]
    names = originals(sql, reading.placeholders)
    relation = reading.statements[0].operations[0].relation
    assert relation is not None
    assert names[relation.name] == "{{prefix}}orders"


def test_parameters_of_drivers_are_values() -> None:
    assert kinds("INSERT INTO t VALUES (?, ?1, :a, @b, $c)") == ["insert"]


def test_comments_are_found_and_those_in_strings_are_not() -> None:
    sql = "SELECT '-- no', \"/* no */\"; -- one\n/* two */ SELECT 1 /* three"
    assert [text for _, text in all_comments(sql, ())] == ["-- one", "/* two */", "/* three"]


@pytest.mark.parametrize(
    "sql", ["(" * 5000, "SELECT " + "(" * 3000 + "1" + ")" * 3000, "SELECT " + "NOT " * 5000 + "1"]
)
def test_depth_is_no_traceback(sql: str) -> None:
    (statement,) = read(sql)
    assert statement.opaque is not None


_PIECES = st.sampled_from(
    ["CREATE", "TABLE", "TRIGGER", "t", "(", ")", ",", ";", "BEGIN", "END", "'x'", '"q', "'", "--", "\n", "/*", "1",
     "SELECT", "FROM", "WHERE", "ALTER", "ADD", "COLUMN", "DEFAULT", "AS", "INSERT", "INTO", "VALUES", "WITH", "PRAGMA",
     "=", ".", "*", "{{x}}", "[a", "`", "\0", "\ufeff", "NOT", "NULL", "ON", "CONFLICT", "DO", "UPDATE", "SET", "UNION"]
)  # fmt: skip


@given(st.lists(_PIECES, max_size=30), st.text(max_size=20))
def test_no_text_is_a_traceback_and_spans_are_in_order(pieces: list[str], tail: str) -> None:
    sql = " ".join(pieces) + tail
    end = 0
    for number, statement in enumerate(read(sql), 1):
        assert statement.number == number
        assert end <= statement.span.start < statement.span.end <= len(sql)
        assert statement.operations or statement.opaque is not None
        end = statement.span.end
