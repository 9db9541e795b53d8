"""Statements of MySQL and MariaDB as operations, clause by clause."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safecol.expressions import Call, ColumnReference, Literal, Operator, TypeName
from safecol.frontends.mariadb import front as mariadb
from safecol.frontends.mysql import front as mysql
from safecol.operations import (
    FLAGS,
    KINDS,
    ColumnDefinition,
    ConstraintDefinition,
    IndexDefinition,
    Name,
    Operation,
    Section,
    Statement,
    TableDefinition,
)
from safecol.source import Span

_KINDS = {kind for kinds in KINDS.values() for kind in kinds}


def statements(text: str, dialect: str = "mysql") -> tuple[Statement, ...]:
    read = mariadb.read_section if dialect == "mariadb" else mysql.read_section
    return read(text, Section("up", Span(0, len(text)), "autocommit")).statements


def operations(text: str, dialect: str = "mysql") -> tuple[Operation, ...]:
    (statement,) = statements(text, dialect)
    assert statement.opaque is None, statement.opaque
    return statement.operations


def one(text: str, dialect: str = "mysql") -> Operation:
    (operation,) = operations(text, dialect)
    return operation


def kinds(text: str, dialect: str = "mysql") -> list[str]:
    return [operation.kind for operation in operations(text, dialect)]


def slices(text: str) -> list[str]:
    return [text[operation.span.start : operation.span.end] for operation in operations(text)]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("ALTER TABLE t ADD (a int, b text NOT NULL)", ["add-column", "add-column"]),
        ("ALTER TABLE t ADD COLUMN (a int, KEY k (a))", ["add-column", "create-index"]),
        ("ALTER TABLE t ADD COLUMN a int UNIQUE CHECK (a > 0)", ["add-column", "add-constraint", "add-constraint"]),
        ("ALTER TABLE t ADD CHECK (a > 0) NOT ENFORCED", ["add-constraint"]),
        ("ALTER TABLE t ADD FULLTEXT KEY f (a) WITH PARSER ngram", ["create-index"]),
        ("ALTER TABLE t ADD SPATIAL INDEX (p)", ["create-index"]),
        ("ALTER TABLE t ADD VECTOR INDEX vx (v)", ["create-index"]),
        ("ALTER TABLE t ADD vector int", ["add-column"]),
        ("ALTER TABLE t ADD PRIMARY KEY (a, b(10) DESC)", ["add-constraint"]),
        ("ALTER TABLE t CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_bin", ["convert-charset"]),
        ("ALTER TABLE t ENGINE=InnoDB COMMENT='x', ROW_FORMAT=DYNAMIC", ["set-table-options"]),
        ("ALTER TABLE t ADD a int, COMMENT='x'", ["add-column", "set-table-options"]),
        ("ALTER TABLE t", ["rebuild-table"]),
        ("ALTER TABLE t FORCE", ["rebuild-table"]),
        ("ALTER TABLE t DISABLE KEYS", ["toggle-keys"]),
        ("ALTER TABLE t DISCARD TABLESPACE", ["discard-tablespace"]),
        ("ALTER TABLE t ORDER BY a DESC, b", ["order-rows"]),
        ("ALTER TABLE t ALTER INDEX i INVISIBLE", ["change-index-visibility"]),
        ("ALTER TABLE t ALTER INDEX i NOT IGNORED", ["change-index-visibility"]),
        ("ALTER TABLE t ALTER a SET DEFAULT 1, ALTER COLUMN b DROP DEFAULT", ["set-default", "drop-default"]),
        ("ALTER TABLE t ALTER CHECK c NOT ENFORCED", ["alter-constraint"]),
        ("ALTER TABLE t MODIFY a int, CHANGE COLUMN b c int", ["modify-column", "modify-column"]),
        ("ALTER TABLE t DROP a, DROP INDEX i, DROP PRIMARY KEY", ["drop-column", "drop-index", "drop-constraint"]),
        ("ALTER TABLE t RENAME INDEX a TO b, RENAME COLUMN a TO b", ["rename-index", "rename-column"]),
        ("ALTER TABLE t RENAME u", ["rename-table"]),
        ("ALTER IGNORE TABLE t ADD UNIQUE (a)", ["add-constraint"]),
        ("ALTER ONLINE TABLE t ADD a int", ["add-column"]),
        ("RENAME TABLE a TO b, c TO d", ["rename-table", "rename-table"]),
        ("DROP TABLE IF EXISTS a, b", ["drop-table", "drop-table"]),
        ("TRUNCATE t", ["truncate"]),
        ("OPTIMIZE TABLE a, b", ["optimize", "optimize"]),
        ("LOCK TABLES a WRITE, b AS x READ LOCAL", ["lock-table", "lock-table"]),
        ("UNLOCK TABLES", ["unlock-tables"]),
        ("REPLACE INTO t VALUES (1)", ["insert"]),
        ("LOAD DATA LOCAL INFILE 'x.csv' INTO TABLE t FIELDS TERMINATED BY ','", ["copy-in"]),
        ("SELECT a INTO @x FROM t", ["select"]),
        ("CREATE TABLE t AS SELECT a FROM u", ["create-table-as"]),
        ("CREATE TABLE t (SELECT a FROM u)", ["create-table-as"]),
        ("CREATE FULLTEXT INDEX f ON t (a)", ["create-index"]),
        ("CREATE OR REPLACE ALGORITHM=MERGE DEFINER=`a`@`%` VIEW v AS SELECT 1 AS x", ["create-view"]),
        ("CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO DELETE FROM t", ["create-object"]),
        ("SET @a = 1, SESSION lock_wait_timeout = 5, GLOBAL x = ON", ["set", "set", "alter-system"]),
        ("START TRANSACTION WITH CONSISTENT SNAPSHOT", ["begin"]),
        ("ROLLBACK TO SAVEPOINT s", ["rollback-to"]),
        ("GRANT SELECT ON a.* TO 'x'@'%'", ["grant"]),
        ("FLUSH TABLES t WITH READ LOCK", ["flush"]),
        ("ALTER DATABASE d CHARACTER SET = utf8mb4", ["alter-database"]),
        ("UPDATE a JOIN b ON a.id = b.id SET a.x = b.x, b.y = 1", ["update", "update"]),
        ("DELETE a, b FROM a JOIN b ON a.id = b.id", ["delete", "delete"]),
    ],
)
def test_statements_are_told_by_their_clauses(sql: str, expected: list[str]) -> None:
    assert kinds(sql) == expected


@pytest.mark.parametrize(
    ("clause", "kind"),
    [
        ("PARTITION BY HASH (a) PARTITIONS 4", "partition-table"),
        ("PARTITION BY RANGE (a) (PARTITION p VALUES LESS THAN (1), PARTITION q VALUES LESS THAN MAXVALUE)",
         "partition-table"),
        ("REMOVE PARTITIONING", "remove-partitioning"),
        ("ADD PARTITION (PARTITION p2 VALUES IN (1, 2) ENGINE = InnoDB)", "add-partition"),
        ("ADD PARTITION PARTITIONS 2", "add-partition"),
        ("DROP PARTITION p0, p1", "drop-partition"),
        ("TRUNCATE PARTITION ALL", "truncate-partition"),
        ("COALESCE PARTITION 2", "coalesce-partition"),
        ("REORGANIZE PARTITION p0 INTO (PARTITION a VALUES LESS THAN (1), PARTITION b VALUES LESS THAN (2))",
         "reorganize-partition"),
        ("EXCHANGE PARTITION p0 WITH TABLE u WITHOUT VALIDATION", "exchange-partition"),
        ("ANALYZE PARTITION p0", "analyze-partition"),
        ("REBUILD PARTITION p0, p1", "rebuild-partition"),
        ("OPTIMIZE PARTITION p0", "optimize-partition"),
    ],
)  # fmt: skip
def test_partition_clauses(clause: str, kind: str) -> None:
    assert kinds(f"ALTER TABLE t {clause}") == [kind]


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("ALTER TABLE t ADD SYSTEM VERSIONING", "add-versioning"),
        ("ALTER TABLE t DROP SYSTEM VERSIONING", "drop-versioning"),
        ("ALTER TABLE t ADD PERIOD FOR p (a, b)", "add-period"),
        ("ALTER TABLE t CONVERT PARTITION p TO TABLE u", "convert-partition"),
        ("ALTER TABLE IF EXISTS t NOWAIT DROP COLUMN IF EXISTS a", "drop-column"),
        ("ALTER TABLE t ADD INDEX IF NOT EXISTS i (a)", "create-index"),
        ("CREATE TABLE t (a uuid, b inet6, c int AS (1) PERSISTENT) WITH SYSTEM VERSIONING", "create-table"),
        ("CREATE SEQUENCE s START WITH 1", "create-sequence"),
        ("SET STATEMENT lock_wait_timeout = 1 FOR ALTER TABLE t DROP a", "drop-column"),
        ("BEGIN NOT ATOMIC SELECT 1; END", "do-block"),
    ],
)
def test_what_mariadb_has_beside(sql: str, kind: str) -> None:
    assert kinds(sql, "mariadb") == [kind]


@pytest.mark.parametrize(
    "sql",
    ["END IF", "ALTER TABLE t ADD END IF", "ALTER TABLE t FROBNICATE", "SELECT FROM WHERE", "ALTER TABLE t ADD a nope",
     "CREATE TABLE t (a int,)", "DROP INDEX i", "ALTER TABLE t ADD a int b int", "INSERT INTO",
     "CREATE TABLE t (a int"],
)  # fmt: skip
def test_what_the_server_refuses_is_opaque(sql: str) -> None:
    (statement,) = statements(sql)
    assert statement.operations == ()
    assert statement.opaque is not None
    assert statement.opaque.syntax


def test_each_clause_has_its_place() -> None:
    sql = "ALTER TABLE t ADD COLUMN a int AFTER b, ADD (c int, d text), DROP e, ALGORITHM=INPLACE, LOCK=NONE"
    assert slices(sql) == ["ADD COLUMN a int AFTER b", "c int", "d text", "DROP e"]


def test_algorithm_lock_and_wait_belong_to_every_clause() -> None:
    sql = "ALTER TABLE t NOWAIT ADD a int, DROP b, ALGORITHM = Instant, LOCK NONE"
    for operation in operations(sql, "mariadb"):
        assert operation.options == (("wait", "0"), ("algorithm", "instant"), ("lock", "none"))
    created = one("CREATE INDEX i ON t (a) ALGORITHM=INPLACE LOCK=NONE")
    assert created.options == (("algorithm", "inplace"), ("lock", "none"))
    assert one("DROP INDEX i ON t LOCK=SHARED").options == (("lock", "shared"),)


def test_a_modified_column_carries_its_whole_definition() -> None:
    operation = one(
        "ALTER TABLE t CHANGE `Old` `New` varchar(20) CHARACTER SET latin1 COLLATE latin1_bin NOT NULL DEFAULT 'x'"
        " ON UPDATE now() COMMENT 'c' FIRST"
    )
    definition = operation.definition
    assert isinstance(definition, ColumnDefinition)
    assert (operation.column, operation.new_name) == ("old", "new")
    assert definition.type == TypeName("varchar", (20,))
    assert (definition.charset, definition.collation) == ("latin1", "latin1_bin")
    assert definition.default == Literal("string", "x")
    assert definition.on_update == Call("now")
    assert (definition.nullable, definition.comment, definition.first) == (False, "c", True)


def test_a_change_that_keeps_the_name_renames_nothing() -> None:
    assert one("ALTER TABLE t CHANGE a A bigint").new_name is None


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("INTEGER(11) UNSIGNED ZEROFILL", TypeName("int unsigned", (11,))),
        ("BOOL", TypeName("tinyint", (1,))),
        ("DOUBLE PRECISION", TypeName("double")),
        ("NATIONAL VARCHAR(5)", TypeName("varchar", (5,))),
        ("CHARACTER VARYING(5)", TypeName("varchar", (5,))),
        ("DEC(10, 2)", TypeName("decimal", (10, 2))),
        ("ENUM('a', 'it''s')", TypeName("enum", ("a", "it's"))),
        ("LONG VARBINARY", TypeName("mediumblob")),
        ("GEOMCOLLECTION", TypeName("geometrycollection")),
    ],
)
def test_types_are_spelled_as_the_server_shows_them(written: str, expected: TypeName) -> None:
    assert one(f"ALTER TABLE t ADD a {written}").type == expected


def test_serial_is_an_integer_with_a_unique_key() -> None:
    added, unique = operations("ALTER TABLE t ADD id SERIAL")
    definition = added.definition
    assert isinstance(definition, ColumnDefinition)
    assert (definition.type, definition.identity, definition.nullable) == (TypeName("bigint unsigned"), "auto", False)
    assert isinstance(unique.definition, ConstraintDefinition)
    assert unique.definition.kind == "unique"


def test_a_default_in_parentheses_is_told() -> None:
    plain, computed = operations("ALTER TABLE t ADD a int DEFAULT 1 COLLATE utf8mb4_bin, ADD b int DEFAULT (1 + 2)")
    assert isinstance(plain.definition, ColumnDefinition)
    assert isinstance(computed.definition, ColumnDefinition)
    assert plain.definition.options == ()
    assert plain.definition.collation == "utf8mb4_bin"
    assert computed.definition.options == (("default", "expression"),)
    assert computed.definition.default == Operator("+", (Literal("number", "1"), Literal("number", "2")))


def test_keys_keep_prefixes_order_and_expressions() -> None:
    (operation,) = operations("ALTER TABLE t ADD UNIQUE KEY k (a(10), b DESC, (lower(c))) USING HASH INVISIBLE")
    definition = operation.definition
    assert isinstance(definition, ConstraintDefinition)
    assert [(item.column, item.length, item.descending) for item in definition.elements] == [
        ("a", 10, False),
        ("b", None, True),
        (None, None, False),
    ]
    assert definition.elements[2].expression == Call("lower", (ColumnReference(("c",)),))
    assert (definition.method, definition.options) == ("hash", frozenset({"invisible"}))


def test_a_table_with_all_that_stands_in_it() -> None:
    operation = one(
        "CREATE TABLE IF NOT EXISTS `S`.`T` (id int AUTO_INCREMENT, b enum('x') NOT NULL, c int AS (id + 1) STORED,"
        " d int REFERENCES o (id), PRIMARY KEY (id), KEY k (b), UNIQUE u (c), FULLTEXT (b),"
        " CONSTRAINT f FOREIGN KEY (b) REFERENCES o (id) ON DELETE CASCADE ON UPDATE SET NULL)"
        " ENGINE = InnoDB, DEFAULT CHARSET=utf8mb4 COMMENT 'x' PARTITION BY KEY () PARTITIONS 3"
    )
    table = operation.definition
    assert isinstance(table, TableDefinition)
    assert operation.relation == Name("T", "S")
    assert [(column.name, column.nullable) for column in table.columns] == [
        ("id", False),
        ("b", False),
        ("c", True),
        ("d", True),
    ]
    assert [item.kind for item in table.constraints] == ["foreign-key", "primary-key", "unique", "foreign-key"]
    assert "inline" in table.constraints[0].options
    assert (table.constraints[3].on_delete, table.constraints[3].on_update) == ("cascade", "set null")
    assert [(index.name, index.method) for index in table.indexes] == [("k", "btree"), (None, "fulltext")]
    assert table.options == (("engine", "innodb"), ("charset", "utf8mb4"), ("comment", "x"))
    assert table.partition_by is not None
    assert (table.partition_by.strategy, table.partition_by.number) == ("key", 3)


def test_dropping_an_index_names_its_table_and_itself() -> None:
    operation = one("DROP INDEX Ix ON db.t")
    assert (operation.relation, operation.value, operation.object) == (Name("t", "db"), "ix", "index")


def test_tables_keep_their_case_and_columns_do_not() -> None:
    operation = one("ALTER TABLE Users DROP COLUMN `Name`")
    assert (operation.relation, operation.column) == (Name("Users"), "name")


@pytest.mark.parametrize(
    ("sql", "flags"),
    [
        ("INSERT IGNORE INTO t (a) VALUES (1), (2)", {"values-source", "column-list", "ignore", "on-conflict"}),
        ("INSERT INTO t SELECT * FROM u WHERE 1 = 1", {"select-source", "where", "always-true"}),
        ("REPLACE t SET a = 1", {"values-source", "column-list", "replace", "on-conflict"}),
        ("INSERT INTO t VALUES (1) ON DUPLICATE KEY UPDATE a = VALUES(a)", {"values-source", "on-conflict"}),
        ("UPDATE t SET a = 1", set()),
        ("UPDATE t SET a = 1 WHERE b IN (SELECT c FROM u) LIMIT 5", {"where", "limit"}),
        ("DELETE FROM t WHERE 1", {"where", "always-true"}),
        ("SELECT 1 FROM t WHERE a = 1 FOR UPDATE", {"where", "for-update"}),
    ],
)
def test_changes_of_rows_say_what_limits_them(sql: str, flags: set[str]) -> None:
    assert one(sql).flags == flags


def test_a_joined_update_assigns_to_the_table_that_it_names() -> None:
    operation = one("UPDATE a x JOIN b y ON x.id = y.a SET y.n = x.n WHERE x.m > 1")
    assert operation.relation == Name("b")
    assert operation.reads == (Name("a"),)
    assert operation.options == (("column", "n"),)


def test_plain_changes_say_the_same_as_those_that_are_parsed() -> None:
    """A condition with a subquery takes the longer way; the rest of what is told is the same."""
    plain = one("UPDATE t SET a = now(), b = 'x' WHERE c > 1")
    parsed = one("UPDATE t SET a = now(), b = 'x' WHERE c > 1 AND EXISTS (SELECT 1)")
    assert plain.options == parsed.options
    assert plain.relation == parsed.relation
    assert plain.query is not None
    assert parsed.query is not None
    assert plain.query.columns == parsed.query.columns


def test_an_index_of_create_table_and_one_that_is_added_are_alike() -> None:
    table = one("CREATE TABLE t (a int, KEY k (a) COMMENT 'x')").definition
    added = one("ALTER TABLE t ADD KEY k (a) COMMENT 'x'").definition
    assert isinstance(table, TableDefinition)
    assert isinstance(added, IndexDefinition)
    assert table.indexes == (added,)


_WORDS = st.sampled_from(
    [
        "ALTER", "TABLE", "t", "ADD", "COLUMN", "INDEX", "(", ")", ",", ";", "'", '"', "`", "`a`", "'x'", "/*", "*/",
        "/*!", "--", "#", "\n", "int", "NOT", "NULL", "DEFAULT", "1", "CREATE", "PROCEDURE", "p", "BEGIN", "END",
        "IF", "THEN", "CASE", "DELIMITER", "//", "$$", "SELECT", "*", "FROM", "INTO", "@x", "SET", "=", "PREPARE",
        "EXECUTE", "s", "CALL", "\\", "${x}", "{{", "}}", "?", ".", "PARTITION", "BY", "HASH", "WHERE", "UPDATE",
        "DELETE", "INSERT", "VALUES", "é", "\x00",
    ]
)  # fmt: skip


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.lists(_WORDS, max_size=40).map(" ".join))
def test_any_text_is_read_without_an_exception_and_nothing_is_told_twice(text: str) -> None:
    last = 0
    for number, statement in enumerate(statements(text), 1):
        assert statement.number == number
        assert last <= statement.span.start < statement.span.end <= len(text)
        last = statement.span.end
        assert statement.operations or statement.opaque
        for operation in statement.operations:
            assert operation.kind in _KINDS
            assert operation.flags <= FLAGS


def test_inserts_that_begin_alike_are_read_as_each_alone() -> None:
    rows = [
        "(1, 'it''s', NULL)",
        r"(2, 'a\'b);', -1.5), (3, '', TRUE)",
        "(4, 'x', now())",
        "(5, 'a' 'b', 0x41)",
        '(6, "x", 1e5)',
        "(7, 'é' , 1 ) ,(8,'',2)",
    ]
    texts = [f"INSERT INTO `t` (`a`, b, c) VALUES {row}" for row in rows]
    texts += [
        "REPLACE INTO t VALUES (1, 'x')",
        "INSERT IGNORE INTO t VALUES (1, 'y')",
        "REPLACE INTO t VALUES (2, 'z')",
    ]
    whole = ";\n".join(texts)
    section = Section("up", Span(0, len(whole)), "autocommit")
    statements = mysql.read_section(whole, section).statements
    assert len(statements) == len(texts)
    for text, found in zip(texts, statements, strict=True):
        # In another case, so that nothing is known of its beginning.
        other = text.replace("VALUES", "VALUES /* again */")
        alone = mysql.read_section(other, Section("up", Span(0, len(other)), "autocommit")).statements[0]
        assert found.operations[0]._replace(span=Span(0, 0)) == alone.operations[0]._replace(span=Span(0, 0))
        assert whole[found.span.start : found.span.end] == text


def test_an_insert_with_too_few_parentheses_is_an_error_beside_one_that_is_right() -> None:
    text = "INSERT INTO t VALUES (1, 'x');\nINSERT INTO t VALUES (1, 'x';\nINSERT INTO t VALUES (2, 'y') nonsense here;"
    found = mysql.read_section(text, Section("up", Span(0, len(text)), "autocommit")).statements
    assert [statement.opaque is not None and statement.opaque.syntax for statement in found] == [False, True, True]


@pytest.mark.parametrize(
    ("sql", "kind", "relation"),
    [
        ("SELECT NEXT VALUE FOR s", "select", None),
        ("SELECT PREVIOUS VALUE FOR s", "select", None),
        ("INSERT INTO t VALUES (NEXT VALUE FOR s, 'x')", "insert", "t"),
        ("DELETE HISTORY FROM t", "delete", "t"),
        ("DELETE HISTORY FROM t BEFORE SYSTEM_TIME '2020-01-01'", "delete", "t"),
        ("UPDATE t FOR PORTION OF p FROM '2000-01-01' TO '2001-01-01' SET a = 1", "update", "t"),
        ("DELETE FROM t FOR PORTION OF p FROM '2000-01-01' TO '2001-01-01'", "delete", "t"),
    ],
)
def test_mariadb_sequences_and_periods_in_statements_on_rows(sql: str, kind: str, relation: str | None) -> None:
    found = mariadb.read_section(sql, Section("up", Span(0, len(sql)), "autocommit")).statements[0]
    assert found.opaque is None
    operation = found.operations[0]
    assert (operation.kind, operation.relation.name if operation.relation else None) == (kind, relation)
    assert kind in ("select", "insert") or "where" in operation.flags
