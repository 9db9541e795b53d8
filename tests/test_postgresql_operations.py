"""What PostgreSQL statements are turned into."""

import json
from pathlib import Path

import pglast.parser
import pytest
from pglast import ast

from postgresql_sql import operation, operations, results, slices
from safecol.expressions import Call, Cast, ColumnReference, Literal, Operator, TypeName, Unknown
from safecol.frontends.postgresql.statements import HANDLERS, convert
from safecol.operations import (
    FLAGS,
    KINDS,
    ColumnDefinition,
    ConstraintDefinition,
    IndexDefinition,
    Name,
    Operation,
    PartitionBound,
    QueryUse,
    RoutineDefinition,
    TableDefinition,
    TriggerDefinition,
    TypeDefinition,
)
from safecol.source import Span

STATEMENTS = (Path(__file__).parent / "data" / "postgresql_statements.txt").read_text("utf-8").splitlines()
ALL_KINDS = {kind for kinds in KINDS.values() for kind in kinds}
# Nodes that only stand inside other statements, or that PL/pgSQL's own parser makes.
NEVER_STATEMENTS = {"PLAssignStmt", "RawStmt", "ReplicaIdentityStmt", "ReturnStmt", "SetOperationStmt"}


def constraint(item: Operation) -> ConstraintDefinition:
    assert isinstance(item.definition, ConstraintDefinition)
    return item.definition


def column(item: Operation) -> ColumnDefinition:
    assert isinstance(item.definition, ColumnDefinition)
    return item.definition


def table(sql: str) -> TableDefinition:
    definition = operation(sql).definition
    assert isinstance(definition, TableDefinition)
    return definition


def query(sql: str) -> QueryUse:
    use = operation(sql).query
    assert use is not None
    return use


def values(item: Operation, name: str) -> list[str]:
    return [value for key, value in item.options if key == name]


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
    assert nodes - set(HANDLERS) == NEVER_STATEMENTS


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


# ALTER TABLE: clauses and columns


def test_each_clause_has_its_own_span() -> None:
    sql = """ALTER TABLE "s"."odd, name" * -- first, last
      ADD c text /* a, b */ DEFAULT 'x,y'  ,  -- a comment, with a comma
      DROP COLUMN d , ALTER e TYPE numeric(10, 2) -- trailing
    """
    assert slices(sql.rstrip()) == [
        "ADD c text /* a, b */ DEFAULT 'x,y'",
        "DROP COLUMN d",
        "ALTER e TYPE numeric(10, 2)",
    ]


def test_spans_are_characters_behind_wide_letters() -> None:
    assert slices("ALTER TABLE größe ADD länge int, DROP höhe") == ["ADD länge int", "DROP höhe"]


def test_commas_inside_dollar_quotes_split_nothing() -> None:
    sql = "ALTER TABLE t ALTER a SET DEFAULT $q$x, (y$q$, ALTER b SET DEFAULT E'\\', ', DROP c"
    assert slices(sql) == ["ALTER a SET DEFAULT $q$x, (y$q$", "ALTER b SET DEFAULT E'\\', '", "DROP c"]


def test_a_new_column_keeps_type_default_and_nullability() -> None:
    item = operation("ALTER TABLE s.t ADD COLUMN IF NOT EXISTS c numeric(10,2)[] NOT NULL DEFAULT '5'")
    assert (item.kind, item.relation, item.column) == ("add-column", Name("t", "s"), "c")
    assert item.flags == {"if-not-exists", "default-value"}
    assert column(item).type == TypeName("numeric", (10, 2), 1)
    assert not column(item).nullable
    assert column(item).default == Literal("string", "5")


def test_inline_constraints_are_operations_of_their_own() -> None:
    sql = "ALTER TABLE t ADD c int CHECK (c > 0) UNIQUE REFERENCES o(id) ON DELETE CASCADE NOT ENFORCED"
    add, check, unique, foreign = operations(sql)
    assert add.kind == "add-column"
    assert [constraint(item).kind for item in (check, unique, foreign)] == ["check", "unique", "foreign-key"]
    assert all(item.flags == {"inline"} for item in (check, unique, foreign))
    assert constraint(check).columns == ("c",)
    assert constraint(foreign).referenced == Name("o")
    assert constraint(foreign).referenced_columns == ("id",)
    assert constraint(foreign).on_delete == "cascade"
    assert not constraint(foreign).enforced
    assert slices(sql)[1:] == ["CHECK (c > 0)", "UNIQUE", "REFERENCES o(id) ON DELETE CASCADE NOT ENFORCED"]


def test_an_inline_foreign_key_tells_of_a_null_default() -> None:
    _, foreign = operations("ALTER TABLE t ADD c int DEFAULT NULL REFERENCES o")
    assert foreign.flags == {"inline", "default-value"}


def test_serial_identity_and_generated_columns() -> None:
    serial, identity, generated = (
        column(item)
        for item in operations(
            "ALTER TABLE t ADD a bigserial, ADD b int GENERATED BY DEFAULT AS IDENTITY,"
            " ADD c int GENERATED ALWAYS AS (a * 2) VIRTUAL"
        )
    )
    assert (serial.type, serial.serial, serial.nullable) == (TypeName("int8"), True, False)
    assert (identity.identity, identity.nullable) == ("by default", False)
    assert (generated.generated, generated.nullable) == ("virtual", True)
    assert generated.expression == Operator("*", (ColumnReference(("a",)), Literal("number", "2")))


def test_a_type_change_keeps_using_and_collation() -> None:
    item = operation('ALTER TABLE t ALTER c TYPE varchar(20) COLLATE "C" USING d::text')
    assert (item.kind, item.column, item.type) == ("change-type", "c", TypeName("varchar", (20,)))
    assert item.expression == Cast(ColumnReference(("d",)), TypeName("text"))
    assert item.flags == {"using-clause"}
    assert item.options == (("collation", "C"),)


@pytest.mark.parametrize(
    ("clause", "kind", "value"),
    [
        ("ALTER c SET NOT NULL", "set-not-null", None),
        ("ALTER c DROP NOT NULL", "drop-not-null", None),
        ("ALTER c SET DEFAULT 0", "set-default", None),
        ("ALTER c DROP DEFAULT", "drop-default", None),
        ("ALTER c SET EXPRESSION AS (1)", "set-expression", None),
        ("ALTER c DROP EXPRESSION", "drop-expression", None),
        ("ALTER c SET STATISTICS 500", "set-statistics", "500"),
        ("ALTER c SET STORAGE external", "set-column-storage", "external"),
        ("ALTER c SET COMPRESSION lz4", "set-compression", "lz4"),
        ("ALTER c ADD GENERATED ALWAYS AS IDENTITY", "add-identity", "always"),
        ("ALTER c DROP IDENTITY", "drop-identity", None),
    ],
)
def test_a_column_clause(clause: str, kind: str, value: str | None) -> None:
    item = operation(f"ALTER TABLE t {clause}")
    assert (item.kind, item.column, item.value) == (kind, "c", value)


@pytest.mark.parametrize(
    ("clause", "kind", "value"),
    [
        ("SET UNLOGGED", "set-unlogged", None),
        ("SET TABLESPACE fast", "set-tablespace", "fast"),
        ("SET ACCESS METHOD heap", "set-access-method", "heap"),
        ("OWNER TO bob", "change-owner", "bob"),
        ("CLUSTER ON i", "set-cluster-index", "i"),
        ("DROP CONSTRAINT k", "drop-constraint", "k"),
        ("VALIDATE CONSTRAINT k", "validate-constraint", "k"),
        ("DISABLE TRIGGER USER", "toggle-trigger", "USER"),
        ("REPLICA IDENTITY FULL", "set-replica-identity", "full"),
        ("FORCE ROW LEVEL SECURITY", "change-row-security", None),
    ],
)
def test_a_table_clause(clause: str, kind: str, value: str | None) -> None:
    item = operation(f"ALTER TABLE t {clause}")
    assert (item.kind, item.column, item.value) == (kind, None, value)


def test_dropping_a_column_tells_cascade_and_if_exists() -> None:
    assert operation("ALTER TABLE t DROP COLUMN IF EXISTS c CASCADE").flags == {"if-exists", "cascade"}


# Constraints


@pytest.mark.parametrize(
    ("clause", "kind", "columns"),
    [
        ("CHECK (a > 0)", "check", ()),
        ("UNIQUE (a, b)", "unique", ("a", "b")),
        ("PRIMARY KEY (a)", "primary-key", ("a",)),
        ("FOREIGN KEY (a) REFERENCES r", "foreign-key", ("a",)),
        ("EXCLUDE USING gist (a WITH &&)", "exclusion", ("a",)),
        ("CONSTRAINT k NOT NULL a", "not-null", ("a",)),
    ],
)
def test_a_constraint_kind(clause: str, kind: str, columns: tuple[str, ...]) -> None:
    item = operation(f"ALTER TABLE t ADD {clause}")
    assert item.kind == "add-constraint"
    assert (constraint(item).kind, constraint(item).columns) == (kind, columns)
    assert constraint(item).validated
    assert constraint(item).enforced


def test_not_valid_and_not_enforced_are_told_apart() -> None:
    later = constraint(operation("ALTER TABLE t ADD CHECK (a > 0) NOT VALID"))
    never = constraint(operation("ALTER TABLE t ADD CHECK (a > 0) NOT ENFORCED"))
    assert (later.validated, later.enforced) == (False, True)
    assert (never.validated, never.enforced) == (False, False)


def test_a_constraint_over_an_index_names_it() -> None:
    item = operation("ALTER TABLE t ADD CONSTRAINT k PRIMARY KEY USING INDEX i")
    assert constraint(item).index == "i"
    assert item.flags == {"using-index", "explicit-name"}


def test_options_of_unique_constraints() -> None:
    nulls, overlaps = operations(
        "ALTER TABLE t ADD UNIQUE NULLS NOT DISTINCT (a) INCLUDE (b), ADD UNIQUE (a, b WITHOUT OVERLAPS)"
    )
    assert constraint(nulls).options == {"nulls-not-distinct"}
    assert constraint(nulls).including == ("b",)
    assert constraint(overlaps).options == {"without-overlaps"}


def test_altering_a_constraint_tells_what_changes() -> None:
    assert operation("ALTER TABLE t ALTER CONSTRAINT k NOT ENFORCED").options == (("enforced", "false"),)
    assert operation("ALTER TABLE t ALTER CONSTRAINT k DEFERRABLE").options == (
        ("deferrable", "true"),
        ("initially-deferred", "false"),
    )
    assert operation("ALTER TABLE t ALTER CONSTRAINT k NO INHERIT").options == (("inherit", "false"),)


# Partitions


@pytest.mark.parametrize(
    ("bound", "expected"),
    [
        ("DEFAULT", PartitionBound("default")),
        (
            "FOR VALUES FROM (MINVALUE) TO (10)",
            PartitionBound("range", (Unknown("minvalue"),), (Literal("number", "10"),)),
        ),
        ("FOR VALUES IN (1)", PartitionBound("list", values=(Literal("number", "1"),))),
        (
            "FOR VALUES WITH (MODULUS 2, REMAINDER 0)",
            PartitionBound("hash", values=(Literal("number", "2"), Literal("number", "0"))),
        ),
    ],
)
def test_attaching_a_partition_keeps_its_bound(bound: str, expected: PartitionBound) -> None:
    item = operation(f"ALTER TABLE p ATTACH PARTITION c {bound}")
    assert (item.kind, item.relation, item.target) == ("attach-partition", Name("p"), Name("c"))
    assert item.definition == expected


def test_detaching_and_index_attachment() -> None:
    assert operation("ALTER TABLE p DETACH PARTITION c CONCURRENTLY").flags == {"concurrently"}
    assert operation("ALTER TABLE p DETACH PARTITION c FINALIZE").kind == "finalize-detach"
    item = operation("ALTER INDEX i ATTACH PARTITION j")
    assert (item.kind, item.relation, item.target) == ("attach-index", Name("i"), Name("j"))


# CREATE TABLE and queries


def test_a_new_table_holds_columns_and_all_constraints() -> None:
    item = operation(
        "CREATE TEMP TABLE IF NOT EXISTS t (id serial, a int UNIQUE, b int NOT NULL, LIKE o, PRIMARY KEY (a),"
        " FOREIGN KEY (b) REFERENCES s.r NOT VALID) INHERITS (p) WITH (fillfactor = 70)"
    )
    definition = item.definition
    assert isinstance(definition, TableDefinition)
    assert item.flags == {"temporary", "if-not-exists"}
    assert item.reads == (Name("r", "s"),)
    assert [(entry.name, entry.nullable) for entry in definition.columns] == [
        ("id", False),
        ("a", False),
        ("b", False),
    ]
    assert [entry.kind for entry in definition.constraints] == ["unique", "primary-key", "foreign-key"]
    assert all(entry.validated for entry in definition.constraints)
    assert definition.like == (Name("o"),)
    assert definition.inherits == (Name("p"),)
    assert definition.options == (("fillfactor", "70"),)


def test_column_spans_end_before_the_comma() -> None:
    sql = "CREATE TABLE t (a numeric(1, 2) DEFAULT 'x,' , b int)"
    assert [sql[entry.span.start : entry.span.end] for entry in table(sql).columns] == [
        "a numeric(1, 2) DEFAULT 'x,'",
        "b int",
    ]


def test_partitioned_tables_and_partitions() -> None:
    key = table("CREATE TABLE t (a int) PARTITION BY RANGE (a, lower(b))").partition_by
    assert key is not None
    assert (key.strategy, [entry.column for entry in key.elements]) == ("range", ["a", None])
    part = table("CREATE TABLE c PARTITION OF p DEFAULT")
    assert (part.partition_of, part.bound, part.inherits) == (Name("p"), PartitionBound("default"), ())


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("integer", TypeName("int4")),
        ("bigint", TypeName("int8")),
        ("char(3)", TypeName("bpchar", (3,))),
        ("timestamp(3) with time zone", TypeName("timestamptz", (3,))),
        ("interval day to second(3)", TypeName("interval", ("day to second", 3))),
        ("interval(3)", TypeName("interval", (3,))),
        ("geometry(Point, 4326)", TypeName("geometry", ("point", 4326))),
        ("s.mood[][]", TypeName("mood", (), 2, "s")),
        ("pg_catalog.int4", TypeName("int4")),
    ],
)
def test_type_names_are_canonical(written: str, expected: TypeName) -> None:
    assert table(f"CREATE TABLE t (a {written})").columns[0].type == expected


def test_a_view_tells_what_it_reads_through_aliases() -> None:
    use = query("CREATE VIEW v (x) AS SELECT f.a, b, count(*) AS n FROM s.foo f JOIN bar ON bar.id = f.id ORDER BY n")
    assert use.relations == (Name("foo", "s"), Name("bar"))
    assert set(use.columns) == {("s.foo", "a"), (None, "b"), ("bar", "id"), ("s.foo", "id")}
    assert use.outputs == ("x", "b", "n")
    assert not use.star


def test_common_tables_and_subqueries_are_not_relations() -> None:
    use = query("CREATE VIEW v AS WITH w AS (SELECT a FROM t) SELECT w.a, q.* FROM w, (SELECT b FROM u) q")
    assert use.relations == (Name("t"), Name("u"))
    assert use.columns == (("t", "a"), ("u", "b"))
    assert use.star


def test_tables_from_queries() -> None:
    made = operation("CREATE TABLE t AS SELECT * FROM foo WITH NO DATA")
    assert (made.kind, made.flags, made.reads) == ("create-table-as", frozenset({"no-data"}), (Name("foo"),))
    into = operation("SELECT a INTO UNLOGGED t FROM foo")
    assert (into.kind, into.relation, into.flags) == ("create-table-as", Name("t"), frozenset({"unlogged"}))
    view = operation("CREATE MATERIALIZED VIEW v AS SELECT 1")
    assert (view.kind, view.object) == ("create-materialized-view", "materialized-view")


def test_a_bare_column_of_a_correlated_subquery_has_no_certain_relation() -> None:
    use = query("CREATE VIEW v AS SELECT 1 FROM t WHERE EXISTS (SELECT 1 FROM u WHERE a = 1 UNION SELECT b FROM u)")
    assert use.columns == ((None, "a"), (None, "b"))


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
