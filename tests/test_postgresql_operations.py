"""What PostgreSQL statements are turned into."""

import json
from pathlib import Path

import pglast.parser
import pytest
from pglast import ast

from postgresql_sql import operation, operations, query, results, values
from safecol.expressions import Call, ColumnReference, Literal, TypeName
from safecol.frontends.postgresql.statements import convert, handler_of
from safecol.operations import (
    FLAGS,
    KINDS,
    IndexDefinition,
    Name,
    QueryUse,
    RoutineDefinition,
    TriggerDefinition,
    TypeDefinition,
)
from safecol.source import Span

STATEMENTS = (Path(__file__).parent / "data" / "postgresql_statements.txt").read_text("utf-8").splitlines()
ALL_KINDS = {kind for kinds in KINDS.values() for kind in kinds}
# Nodes that only stand inside other statements, or that PL/pgSQL's own parser makes.
NEVER_STATEMENTS = {"PLAssignStmt", "RawStmt", "ReplicaIdentityStmt", "ReturnStmt", "SetOperationStmt"}


# The whole grammar


@pytest.mark.parametrize("sql", STATEMENTS)
def test_a_statement_of_the_server_is_understood(sql: str) -> None:
    for found, reason in results(sql):
        assert reason is None
        assert found
        for item in found:
            assert item.kind in ALL_KINDS
            assert item.flags <= FLAGS
            assert 0 <= item.span.start < item.span.end <= len(sql)


def test_every_statement_node_has_a_handler() -> None:
    nodes = {name for name in dir(ast) if name.endswith("Stmt")}
    assert {node for node in nodes if handler_of(node) is None} == NEVER_STATEMENTS


def test_an_unknown_node_is_named_and_not_dropped() -> None:
    found, reason = convert({"FutureStmt": {}}, Span(0, 6), lambda at: at, "FUTURE")
    assert found == ()
    assert reason == "FutureStmt is not understood"


def test_an_unknown_clause_leaves_a_reason_beside_the_known_ones() -> None:
    sql = "ALTER TABLE t ADD c int, DROP d"
    node = json.loads(pglast.parser.parse_sql_json(sql))["stmts"][0]["stmt"]
    node["AlterTableStmt"]["cmds"][1]["AlterTableCmd"]["subtype"] = "AT_Future"
    found, reason = convert(node, Span(0, len(sql)), lambda at: at, sql)
    assert [item.kind for item in found] == ["add-column"]
    assert reason == "ALTER TABLE with AT_Future"


def test_a_long_chain_of_unions_is_read() -> None:
    sql = "CREATE VIEW v AS " + " UNION ALL ".join(f"SELECT a FROM t{at}" for at in range(200))
    assert len(query(sql).relations) == 200


# Indexes, drops and renames


def test_an_index_definition() -> None:
    item = operation(
        "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS i ON ONLY t USING gin"
        " (a text_ops DESC NULLS LAST, lower(b)) INCLUDE (d) NULLS NOT DISTINCT WHERE a IS NOT NULL"
    )
    definition = item.definition
    assert isinstance(definition, IndexDefinition)
    assert item.flags == {"concurrently", "if-not-exists", "only", "explicit-name"}
    assert (definition.name, definition.unique, definition.method) == ("i", True, "gin")
    first, second = definition.elements
    assert (first.column, first.descending, first.nulls, first.operator_class) == ("a", True, "last", "text_ops")
    assert second.expression == Call("lower", (ColumnReference(("b",)),))
    assert definition.including == ("d",)
    assert definition.nulls_not_distinct
    assert definition.predicate is not None


def test_a_drop_is_one_operation_for_each_object() -> None:
    first, second = operations("DROP INDEX CONCURRENTLY IF EXISTS s.a, b")
    assert (first.kind, first.relation, second.relation) == ("drop-index", Name("a", "s"), Name("b"))
    assert first.flags == {"concurrently", "if-exists"}


def test_dropping_what_belongs_to_a_table() -> None:
    item = operation("DROP TRIGGER g ON s.t")
    assert (item.kind, item.relation, item.value) == ("drop-trigger", Name("t", "s"), "g")


@pytest.mark.parametrize(
    ("sql", "kind", "object_word", "through"),
    [
        ("ALTER TABLE t RENAME TO u", "rename-table", "table", True),
        ("ALTER INDEX t RENAME TO u", "rename-index", "index", False),
        ("ALTER VIEW t RENAME TO u", "rename-view", "view", False),
        ("ALTER SEQUENCE t RENAME TO u", "rename-sequence", "sequence", False),
        ("ALTER TYPE t RENAME TO u", "rename-type", "type", False),
        ("ALTER SCHEMA t RENAME TO u", "rename-schema", "schema", False),
    ],
)
def test_a_rename(sql: str, kind: str, object_word: str, through: bool) -> None:
    item = operation(sql)
    assert (item.kind, item.object, item.relation, item.new_name) == (kind, object_word, Name("t"), "u")
    assert ("through-alter-table" in item.flags) is through


def test_renaming_parts() -> None:
    renamed = operation("ALTER TABLE t RENAME a TO b")
    assert (renamed.kind, renamed.column, renamed.new_name) == ("rename-column", "a", "b")
    key = operation("ALTER TABLE t RENAME CONSTRAINT a TO b")
    assert (key.kind, key.value, key.new_name) == ("rename-constraint", "a", "b")
    label = operation("ALTER TYPE e RENAME VALUE 'a' TO 'b'")
    assert (label.kind, label.value, label.new_name) == ("rename-enum-value", "a", "b")


@pytest.mark.parametrize(
    ("sql", "object_word", "flags"),
    [
        ("REINDEX TABLE CONCURRENTLY t", "table", {"concurrently"}),
        ("REINDEX (VERBOSE) INDEX t", "index", {"verbose"}),
        ("REINDEX SCHEMA t", "schema", {"schema-wide"}),
        ("REINDEX DATABASE t", "database", {"whole-database"}),
    ],
)
def test_reindex(sql: str, object_word: str, flags: set[str]) -> None:
    item = operation(sql)
    assert (item.kind, item.object, item.relation, item.flags) == ("reindex", object_word, Name("t"), frozenset(flags))


def test_vacuum_full_is_told_apart() -> None:
    assert [item.kind for item in operations("VACUUM FULL a; VACUUM (FULL false) a; ANALYZE a (b)")] == [
        "vacuum-full",
        "vacuum",
        "analyze",
    ]
    assert operation("VACUUM").flags == {"whole-database"}


# Rows


def test_inserts_tell_their_source() -> None:
    rows = operation("INSERT INTO t (a, b) VALUES (now(), 'x') ON CONFLICT DO NOTHING")
    assert rows.flags == {"values-source", "on-conflict", "column-list"}
    assert rows.options == (("column", "a"), ("column", "b"), ("calls", "now"), ("literal", "x"))
    copied = operation("INSERT INTO t SELECT * FROM o WHERE true LIMIT 5")
    assert copied.flags == {"select-source", "where", "always-true", "limit"}
    assert copied.reads == (Name("o"),)


@pytest.mark.parametrize(
    ("where", "flags"),
    [
        ("", set()),
        ("WHERE id = 5", {"where"}),
        ("WHERE true", {"where", "always-true"}),
        ("WHERE 1 = 1", {"where", "always-true"}),
        ("WHERE 1 = 1 AND id > 5", {"where"}),
        ("WHERE id > 5 OR true", {"where", "always-true"}),
    ],
)
def test_deletes_and_updates_tell_their_condition(where: str, flags: set[str]) -> None:
    assert operation(f"DELETE FROM t {where}").flags == flags
    assert operation(f"UPDATE t SET a = 1 {where}").flags == flags


def test_an_update_tells_columns_and_other_tables() -> None:
    item = operation("UPDATE t u SET a = 1, (b, c) = (SELECT 1, 2) FROM z WHERE u.id IN (SELECT id FROM q)")
    assert values(item, "column") == ["a", "b", "c"]
    assert set(item.reads) == {Name("z"), Name("q")}
    assert item.query is not None
    assert ("t", "id") in item.query.columns


def test_changes_in_with_clauses_are_operations_too() -> None:
    found = operations("WITH d AS (DELETE FROM x RETURNING *) INSERT INTO t SELECT * FROM d")
    assert [(item.kind, item.relation) for item in found] == [("delete", Name("x")), ("insert", Name("t"))]


def test_a_select_tells_calls_and_locks() -> None:
    item = operation("SELECT pg_advisory_lock(1) FROM t FOR UPDATE")
    assert (item.kind, item.flags, values(item, "calls")) == ("select", frozenset({"for-update"}), ["pg_advisory_lock"])


def test_set_config_sets() -> None:
    _, local = operations("SELECT set_config('lock_timeout', '5s', true)")
    _, session = operations("SELECT pg_catalog.set_config('Lock_Timeout', '5s', false)")
    assert (local.kind, local.new_name, local.value, local.flags) == ("set", "lock_timeout", "5s", frozenset({"local"}))
    assert (session.new_name, session.flags) == ("lock_timeout", frozenset())


def test_explain_analyze_runs_its_statement() -> None:
    assert [item.kind for item in operations("EXPLAIN ANALYZE DELETE FROM t")] == ["explain", "delete"]
    assert [item.kind for item in operations("EXPLAIN DELETE FROM t")] == ["explain"]


def test_copy_tells_direction_and_program() -> None:
    assert operation("COPY t (a) FROM STDIN").kind == "copy-in"
    out = operation("COPY (SELECT 1 FROM t) TO PROGRAM 'x'")
    assert (out.kind, out.reads, values(out, "program")) == ("copy-out", (Name("t"),), ["x"])


def test_locks_and_truncation_are_one_operation_a_table() -> None:
    assert [(item.relation, item.value) for item in operations("LOCK TABLE a, b IN EXCLUSIVE MODE")] == [
        (Name("a"), "EXCLUSIVE"),
        (Name("b"), "EXCLUSIVE"),
    ]
    assert operation("LOCK a").value == "ACCESS EXCLUSIVE"
    first, _ = operations("TRUNCATE a, b RESTART IDENTITY CASCADE")
    assert first.flags == {"restart-identity", "cascade"}


# The session


@pytest.mark.parametrize(
    ("sql", "kind", "value"),
    [
        ("BEGIN", "begin", None),
        ("START TRANSACTION", "begin", None),
        ("COMMIT", "commit", None),
        ("END", "commit", None),
        ("ABORT", "rollback", None),
        ("SAVEPOINT a", "savepoint", "a"),
        ("RELEASE a", "release", "a"),
        ("ROLLBACK TO a", "rollback-to", "a"),
        ("PREPARE TRANSACTION 'x'", "prepare-transaction", "x"),
    ],
)
def test_transactions(sql: str, kind: str, value: str | None) -> None:
    item = operation(sql)
    assert (item.kind, item.value) == (kind, value)


@pytest.mark.parametrize(
    ("sql", "name", "value", "flags"),
    [
        ("SET lock_timeout = '5s'", "lock_timeout", "5s", set()),
        ("SET LOCAL Lock_Timeout TO 5000", "lock_timeout", "5000", {"local"}),
        ("SET lock_timeout = 0", "lock_timeout", "0", set()),
        ('SET search_path = a, "B"', "search_path", "a, B", set()),
        ("SET foo.bar = on", "foo.bar", "on", set()),
        ("SET TRANSACTION READ ONLY", "transaction_read_only", "1", {"local"}),
        (
            "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE",
            "default_transaction_isolation",
            "serializable",
            set(),
        ),
    ],
)
def test_settings(sql: str, name: str, value: str, flags: set[str]) -> None:
    item = operation(sql)
    assert (item.kind, item.new_name, item.value, item.flags) == ("set", name, value, frozenset(flags))


def test_defaults_reset() -> None:
    assert [(item.kind, item.new_name) for item in operations("SET x TO DEFAULT; RESET x; RESET ALL")] == [
        ("reset", "x"),
        ("reset", "x"),
        ("reset", "all"),
    ]


# Routines, types and other objects


def test_a_routine() -> None:
    sql = (
        "CREATE OR REPLACE FUNCTION s.f(a int, OUT b text) RETURNS text LANGUAGE SQL IMMUTABLE"
        " SECURITY DEFINER SET search_path = a AS $$ select 1 $$"
    )
    item = operation(sql)
    definition = item.definition
    assert isinstance(definition, RoutineDefinition)
    assert item.flags == {"or-replace", "security-definer"}
    assert item.options == (("security", "definer"), ("set:search_path", "a"))
    assert (definition.language, definition.volatility, definition.atomic) == ("sql", "immutable", False)
    assert definition.arguments == (TypeName("int4"),)
    assert definition.body_span is not None
    assert sql[definition.body_span.start : definition.body_span.end] == definition.body == " select 1 "


def test_a_parsed_body_is_a_dependency() -> None:
    item = operation("CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT a FROM t; END")
    assert isinstance(item.definition, RoutineDefinition)
    assert item.definition.atomic
    assert item.query == QueryUse((Name("t"),), (("t", "a"),))


def test_a_do_block_keeps_its_body() -> None:
    sql = "DO 'begin perform ''x''; end'"
    definition = operation(sql).definition
    assert isinstance(definition, RoutineDefinition)
    assert (definition.language, definition.body) == ("plpgsql", "begin perform 'x'; end")
    assert definition.body_span == Span(4, len(sql) - 1)


def test_enums_and_domains() -> None:
    enum = operation("CREATE TYPE e AS ENUM ('a', 'b')").definition
    assert isinstance(enum, TypeDefinition)
    assert enum.labels == ("a", "b")
    value = operation("ALTER TYPE e ADD VALUE IF NOT EXISTS 'c' BEFORE 'a'")
    assert (value.kind, value.value, value.flags) == ("add-enum-value", "c", frozenset({"if-not-exists"}))
    sql = "CREATE DOMAIN d AS int DEFAULT 4 NOT NULL CONSTRAINT x CHECK (value > 3)"
    domain = operation(sql).definition
    assert isinstance(domain, TypeDefinition)
    assert (domain.base, domain.default, domain.nullable) == (TypeName("int4"), Literal("number", "4"), False)
    assert [sql[item.span.start : item.span.end] for item in domain.constraints] == [
        "NOT NULL",
        "CONSTRAINT x CHECK (value > 3)",
    ]


@pytest.mark.parametrize(
    ("clause", "kind"),
    [
        ("ADD CHECK (value > 1) NOT VALID", "domain-add-constraint"),
        ("DROP CONSTRAINT x", "domain-drop-constraint"),
        ("VALIDATE CONSTRAINT x", "domain-validate-constraint"),
        ("SET NOT NULL", "domain-set-not-null"),
        ("DROP NOT NULL", "domain-drop-not-null"),
        ("SET DEFAULT 1", "domain-set-default"),
        ("DROP DEFAULT", "domain-set-default"),
    ],
)
def test_altering_a_domain(clause: str, kind: str) -> None:
    item = operation(f"ALTER DOMAIN d {clause}")
    assert (item.kind, item.relation, item.object) == (kind, Name("d"), "domain")


def test_a_trigger() -> None:
    item = operation(
        "CREATE CONSTRAINT TRIGGER g AFTER INSERT OR UPDATE OF a ON t FROM r FOR EACH ROW"
        " WHEN (new.a > 1) EXECUTE FUNCTION s.f()"
    )
    definition = item.definition
    assert isinstance(definition, TriggerDefinition)
    assert (item.relation, item.target, item.value) == (Name("t"), Name("r"), "g")
    assert (definition.routine, definition.columns, definition.events) == (Name("f", "s"), ("a",), ("insert", "update"))


def test_a_policy_reads_columns_and_tables() -> None:
    item = operation("CREATE POLICY p ON t USING (a IN (SELECT b FROM q)) WITH CHECK (c)")
    assert item.query is not None
    assert {("t", "a"), ("t", "c")} <= set(item.query.columns)
    assert item.reads == (Name("q"),)


def test_a_sequence_keeps_type_and_owner() -> None:
    item = operation("CREATE SEQUENCE s AS bigint OWNED BY a.t.c")
    assert item.options == (("as", "int8"), ("owned_by", "a.t.c"))
    assert item.target == Name("t", "a")


def test_statistics_tell_columns_and_expressions() -> None:
    item = operation("CREATE STATISTICS s.x (ndistinct) ON a, (b + 1) FROM t")
    assert (item.relation, item.value, values(item, "column")) == (Name("t"), "x", ["a"])
    assert item.query is not None
    assert item.query.columns == (("t", "a"), ("t", "b"))
    assert values(item, "expression") == ["true"]
    assert operation("ALTER STATISTICS x SET STATISTICS 5").options == (("target", "5"),)


def test_only_relations_move_to_a_schema_as_tables_do() -> None:
    moved = operation("ALTER TABLE t SET SCHEMA x")
    assert (moved.kind, moved.new_name) == ("move-to-schema", "x")
    assert operation("ALTER FUNCTION f() SET SCHEMA x").kind == "alter-routine"
    assert operation("ALTER TYPE e SET SCHEMA x").kind == "alter-object"


def test_a_publication_tells_tables_and_columns() -> None:
    item = operation("CREATE PUBLICATION p FOR TABLE s.t (x) WHERE (z > 1), u")
    assert item.reads == (Name("t", "s"), Name("u"))
    assert values(item, "table.column") == ["s.t.x"]
    assert item.query is not None
    assert item.query.columns == (("s.t", "z"),)


def test_a_schema_qualifies_what_it_creates() -> None:
    found = operations("CREATE SCHEMA x CREATE TABLE foo (a int)")
    assert [(item.kind, item.relation) for item in found] == [
        ("create-schema", Name("x")),
        ("create-table", Name("foo", "x")),
    ]


def test_grants_and_comments_name_their_relations() -> None:
    assert operation("GRANT SELECT (a) ON t, s.b TO public").reads == (Name("t"), Name("b", "s"))
    item = operation("COMMENT ON COLUMN s.t.c IS 'x'")
    assert (item.object, item.relation, item.column, item.value) == ("column", Name("t", "s"), "c", "x")


def test_owners_of_relations_and_of_other_objects() -> None:
    assert operation("ALTER TABLE t OWNER TO bob").kind == "change-owner"
    item = operation("ALTER FUNCTION f(int) OWNER TO bob")
    assert (item.kind, item.object, item.value) == ("change-object-owner", "function", "bob")


def test_views_and_types_have_their_own_kinds() -> None:
    assert operation("ALTER VIEW v SET (security_invoker)").kind == "alter-view"
    assert operation("ALTER INDEX i SET (fillfactor = 70)").kind == "set-index-options"
    found = operations("ALTER TYPE e ADD ATTRIBUTE x int, DROP ATTRIBUTE y, ALTER ATTRIBUTE z TYPE text CASCADE")
    assert [(item.kind, item.column) for item in found] == [
        ("add-type-attribute", "x"),
        ("drop-type-attribute", "y"),
        ("alter-type-attribute", "z"),
    ]
