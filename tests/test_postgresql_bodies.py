"""What runs inside DO blocks and called routines, and what is said where that can't be known."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safecol import catalog, slices
from safecol.analysis import lint_texts
from safecol.context import Context
from safecol.dialects.postgresql import dialect as postgresql
from safecol.fold import trace
from safecol.frontends.postgresql.splitting import read_section
from safecol.operations import FLAGS, Migration, Section, Statement
from safecol.source import Span
from safecol.trace import Trace

CATALOG = catalog.load()
DIALECT = postgresql.load(CATALOG)
TABLES = "CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint, state text)"


def statements(text: str) -> tuple[Statement, ...]:
    return read_section(text, Section("up", Span(0, len(text)), "autocommit")).statements


def parts(body: str, *, declare: str = "") -> tuple[Statement, ...]:
    (statement,) = statements(_block(body, declare))
    assert statement.opaque is None
    return statement.parts


def _block(body: str, declare: str = "") -> str:
    return f"DO $$ {'DECLARE ' + declare if declare else ''} BEGIN {body} END $$"


def kinds(found: tuple[Statement, ...]) -> list[str]:
    return [operation.kind for part in found for operation in part.operations]


def relations(found: tuple[Statement, ...]) -> list[str]:
    return [str(operation.relation) for part in found for operation in part.operations]


def reasons(found: tuple[Statement, ...]) -> list[str]:
    return [part.opaque.reason for part in found if part.opaque]


def texts(sql: str) -> list[str]:
    """The text under each operation inside the only statement."""
    (statement,) = statements(sql)
    return [sql[item.span.start : item.span.end] for part in statement.parts for item in part.operations]


def run(text: str, how: str = "autocommit", *before: str, version: int = 16) -> Trace:
    """The trace of `text` after files with the tables and with `before`."""
    context = Context("postgresql", version)
    context.schema.complete = True
    made = None
    for number, sql in enumerate([TABLES, *before, text], 1):
        context.file = context.new_since = number
        section = Section("up", Span(0, len(sql)), how if sql is text else "autocommit")
        read = read_section(sql, section).statements
        migration = Migration("x.sql", "x", "plain", "postgresql", ((section, read),))
        made = trace(context, DIALECT, migration, sql, section, read)
    assert made is not None
    return made


def failures(made: Trace) -> list[str]:
    return [step.effect.fails.reason for step in made.steps if step.effect.fails is not None]


# Statements of a body


def test_statements_of_a_block_are_its_parts_with_their_own_text() -> None:
    sql = "DO $$\nBEGIN\n  ALTER TABLE a ADD x int, DROP y;\n  PERFORM  f(1);\n  DELETE FROM é WHERE ö = 'ü';\nEND $$;"
    assert texts(sql) == ["ADD x int", "DROP y", "PERFORM  f(1)", "DELETE FROM é WHERE ö = 'ü'"]
    (statement,) = statements(sql)
    assert [sql[part.span.start : part.span.end] for part in statement.parts] == [
        "ALTER TABLE a ADD x int, DROP y",
        "PERFORM  f(1)",
        "DELETE FROM é WHERE ö = 'ü'",
    ]
    assert {part.number for part in statement.parts} == {statement.number}


def test_the_same_statement_twice_has_two_places() -> None:
    sql = "DO $$ BEGIN DROP TABLE a; DROP TABLE a; END $$"
    (statement,) = statements(sql)
    assert [part.span.start for part in statement.parts] == [sql.index("DROP"), sql.rindex("DROP")]


def test_into_is_no_part_of_the_query() -> None:
    assert texts(_block("SELECT id INTO n FROM t;", "n int;")) == ["SELECT id INTO n FROM t"]
    (part,) = parts("UPDATE t SET a = 1 WHERE id = 1 RETURNING a INTO STRICT n;", declare="n int;")
    assert part.operations[0].kind == "update"


def test_a_body_written_as_a_string_has_places_to_the_line() -> None:
    sql = "DO 'BEGIN\n  ALTER TABLE a ALTER c SET DEFAULT ''x'';\nEND'"
    (statement,) = statements(sql)
    (part,) = statement.parts
    assert part.operations[0].kind == "set-default"
    assert sql[part.span.start : part.span.end] == "ALTER TABLE a ALTER c SET DEFAULT ''x'';"


@pytest.mark.parametrize(
    "body",
    [
        "IF EXISTS (SELECT FROM t) THEN DROP TABLE a; END IF;",
        "IF false THEN NULL; ELSIF true THEN DROP TABLE a; END IF;",
        "IF false THEN NULL; ELSE DROP TABLE a; END IF;",
        "CASE 1 WHEN 2 THEN DROP TABLE a; ELSE NULL; END CASE;",
        "CASE 1 WHEN 2 THEN NULL; ELSE DROP TABLE a; END CASE;",
        "WHILE true LOOP DROP TABLE a; END LOOP;",
        "FOR i IN 1..3 LOOP DROP TABLE a; END LOOP;",
        "BEGIN DROP TABLE a; EXCEPTION WHEN undefined_table THEN NULL; END;",
        "BEGIN NULL; EXCEPTION WHEN others THEN DROP TABLE a; END;",
    ],
)
def test_what_may_not_run_is_conditional(body: str) -> None:
    (drop,) = [item for part in parts(body) for item in part.operations if item.kind == "drop-table"]
    assert "conditional" in drop.flags


def test_what_always_runs_is_not_conditional() -> None:
    (drop,) = parts("BEGIN DROP TABLE a; END;")
    assert "conditional" not in drop.operations[0].flags


def test_a_condition_that_reads_a_table_is_a_statement_and_the_catalog_is_not() -> None:
    (part,) = parts("IF EXISTS (SELECT FROM orders) THEN NULL; END IF;")
    assert [str(name) for name in part.operations[0].reads] == ["orders"]
    body = "IF EXISTS (SELECT FROM pg_class) OR EXISTS (SELECT FROM information_schema.columns) THEN NULL; END IF;"
    assert parts(body) == ()


def test_changes_in_a_loop_that_commits_are_batched() -> None:
    flags = [
        [item.flags for part in parts(f"LOOP UPDATE t SET a = 1 WHERE a IS NULL; {end} END LOOP;")
         for item in part.operations if item.kind == "update"]
        for end in ("EXIT WHEN NOT FOUND; COMMIT;", "EXIT WHEN NOT FOUND;")
    ]  # fmt: skip
    assert ["batched" in found[0] for found in flags] == [True, False]


def test_variables_are_no_columns_of_a_condition() -> None:
    (_, change) = parts(
        "FOR r IN SELECT id FROM t LOOP UPDATE t SET a = 1 WHERE id = r.id; END LOOP;", declare="r record;"
    )
    assert "variable" in repr(change.operations[0].expression)
    assert "'r'" not in repr(change.operations[0].expression)


@pytest.mark.parametrize(
    "declare", ["a t%ROWTYPE;", "a s.t%rowtype;", "a t.b%TYPE;", "a my.enum;", "a my.enum[];", 'a "My"."Enum" := 1;']
)
def test_types_that_only_the_server_knows_don_t_hide_the_body(declare: str) -> None:
    assert kinds(parts("DROP TABLE b;", declare=declare)) == ["drop-table"]


def test_a_template_in_a_body_is_not_a_mistake_of_the_file() -> None:
    sql = 'DO $$ BEGIN ALTER TABLE {{ index .Options "Namespace" }}.users ADD x int; END $$'
    (statement,) = statements(sql)
    assert statement.opaque is None
    assert kinds(statement.parts) == ["add-column"]


# EXECUTE


@pytest.mark.parametrize(
    ("expression", "table"),
    [
        ("'DROP TABLE a'", "a"),
        ("'DROP TABLE ' || 'a'", "a"),
        ("'DROP TABLE ' || quote_ident('A b')", "A b"),
        ("format('DROP TABLE %I', 'A')", "A"),
        ("format('DROP TABLE %s.%I', 's', 'a')", "s.a"),
        ("format('DROP TABLE %2$I.%1$I', 'a', 's')", "s.a"),
        ("concat('DROP TABLE ', 'a')", "a"),
        ("format('DROP TABLE %I', known)", "orders"),
        ("$q$DROP TABLE a$q$", "a"),
    ],
)
def test_execute_of_constants_is_read(expression: str, table: str) -> None:
    found = parts(f"EXECUTE {expression};", declare="known text := 'orders';")
    assert (kinds(found), relations(found)) == (["drop-table"], [table])


@pytest.mark.parametrize(
    "expression",
    ["'DROP TABLE ' || r.name", "format('DROP TABLE %I', r.name)", "given", "format('DROP TABLE %I', current_schema())",
     "format('DROP TABLE %-5s', 'a')"],
)  # fmt: skip
def test_execute_of_what_is_built_at_run_time_is_said_where_it_stands(expression: str) -> None:
    sql = f"DO $$ DECLARE r record; given text; BEGIN EXECUTE {expression}; END $$"
    (statement,) = statements(sql)
    (part,) = statement.parts
    assert part.opaque is not None
    assert part.opaque.reason == "EXECUTE of text built at run time"
    assert sql[part.opaque.span.start : part.opaque.span.end] == expression
    assert "understood" not in statement.operations[0].flags


def test_a_literal_is_the_place_of_what_it_says() -> None:
    assert texts(_block("EXECUTE 'ALTER TABLE a ADD x int, DROP y';")) == ["ADD x int", "DROP y"]
    expression = "format('ALTER TABLE %I ADD x text DEFAULT %L', 'a', 'é')"
    (definition,) = [item.definition for part in parts(f"EXECUTE {expression};") for item in part.operations]
    assert _block(f"EXECUTE {expression};")[slice(*definition.span)] == expression  # type: ignore[union-attr]


def test_text_that_stands_nowhere_is_not_taken_from_the_call() -> None:
    call = "CALL f(id)"
    made = run(call, "autocommit", routine("BEGIN CREATE INDEX ON orders (user_id); END", "PROCEDURE f(id int)"))
    assert slices.values(made.steps[0], call)["statement"] == call
    assert not {"statement", "clause", "columns"} & slices.values(made.steps[1], call).keys()


def test_format_quotes_values() -> None:
    (part,) = parts("EXECUTE format('ALTER TABLE t ALTER c SET DEFAULT %L', 'it''s');")
    assert "it's" in repr(part.operations[0].expression)


def test_what_is_assigned_before_is_known_until_it_may_have_changed() -> None:
    declare = "name text; sql text;"
    straight = "name := 'a'; sql := format('DROP TABLE %I', name); EXECUTE sql;"
    assert relations(parts(straight, declare=declare)) == ["a"]
    branch = "name := 'a'; IF random() > 0 THEN name := 'b'; END IF; EXECUTE 'DROP TABLE ' || name;"
    assert reasons(parts(branch, declare=declare)) == ["EXECUTE of text built at run time"]
    loop = "name := 'a'; LOOP EXECUTE 'DROP TABLE ' || name; name := 'b'; END LOOP;"
    assert reasons(parts(loop, declare=declare)) == ["EXECUTE of text built at run time"]
    into = "name := 'a'; SELECT x INTO name FROM t; EXECUTE 'DROP TABLE ' || name;"
    assert reasons(parts(into, declare=declare)) == ["EXECUTE of text built at run time"]


def test_a_loop_over_constants_runs_for_each() -> None:
    body = "FOREACH name IN ARRAY ARRAY['a', 'b'] LOOP EXECUTE format('DROP TABLE %I', name); END LOOP;"
    found = parts(body, declare="name text;")
    assert relations(found) == ["a", "b"]
    assert found[0].span == found[1].span


def test_text_that_is_no_sql_is_an_error_at_the_execute() -> None:
    (part,) = parts("EXECUTE 'DROP TABEL a';")
    assert part.opaque is not None
    assert part.opaque.syntax


# Bodies that are not read


def test_a_mistake_in_the_body_is_a_syntax_error() -> None:
    (statement,) = statements("DO $$ BEGIN x y; END $$")
    assert statement.opaque is not None
    assert (statement.opaque.reason, statement.opaque.syntax) == ('in the body: syntax error at or near "x"', True)


def test_another_language_is_said() -> None:
    (statement,) = statements("DO LANGUAGE plpython3u $$ x $$")
    assert statement.opaque is not None
    assert (statement.opaque.reason, statement.opaque.syntax) == (
        "a body in the language plpython3u is not read",
        False,
    )


def test_absence_is_known_after_a_body_only_when_all_of_it_was_read() -> None:
    drop = "DROP TABLE missing"
    assert failures(run(f"{_block('NULL;')}; {drop}"))
    assert not failures(run(f"DO $$ DECLARE r record; BEGIN EXECUTE r.x; END $$; {drop}"))


# What it does


def test_a_guarded_migration_makes_tables_that_are_new() -> None:
    guard = 'IF NOT EXISTS(SELECT 1 FROM "History" WHERE "Id" = \'1\') THEN'
    made = run(_block(f"{guard} CREATE TABLE blogs (id int); CREATE INDEX ON blogs (id); END IF;"))
    assert [(step.operation.kind, step.existing) for step in made.steps[2:]] == [
        ("create-table", False),
        ("create-index", False),
    ]
    assert not made.steps[-1].effect.locks


def test_a_guarded_table_that_was_there_before_stays_known_to_others() -> None:
    body = (
        "IF NOT EXISTS (SELECT FROM pg_class) THEN CREATE TABLE orders (id int); END IF; CREATE INDEX ON orders (id);"
    )
    made = run(_block(body))
    assert made.steps[-1].effect.blocks == ("writes",)
    assert not failures(made)


def test_locks_are_held_to_the_end_of_the_block() -> None:
    made = run(_block("ALTER TABLE orders ADD x int; UPDATE orders SET x = 1;"))
    first, change, update = made.steps
    assert first.whole.blocks == ("reads", "writes")
    assert [lock.mode for lock in update.held] == ["ACCESS EXCLUSIVE"]
    assert change.transaction == update.transaction is not None
    assert first.transaction is None
    assert not run(f"{_block('ALTER TABLE orders ADD x int;')}; UPDATE orders SET x = 1").steps[-1].held


def test_a_commit_in_a_block_ends_its_transaction() -> None:
    made = run(_block("ALTER TABLE orders ADD x int; COMMIT; UPDATE orders SET x = 1;"))
    assert made.steps[-1].held == ()
    assert made.steps[-1].transaction != made.steps[1].transaction
    assert not failures(made)


@pytest.mark.parametrize("how", ["wrapped", "shared", "implicit"])
def test_a_commit_in_a_block_is_refused_where_a_transaction_is_open_around_it(how: str) -> None:
    made = run(f"SELECT 1; {_block('COMMIT;')}", how)
    assert failures(made) == ["the body can't end a transaction that it did not begin"]
    assert made.steps[-1].transaction is not None


def test_what_needs_its_own_transaction_fails_in_a_block() -> None:
    made = run(_block("CREATE INDEX CONCURRENTLY ON orders (user_id);"))
    assert failures(made) == ["it can't be executed from a DO block, function or procedure"]


# Calls


def routine(body: str, head: str = "FUNCTION f() RETURNS void", language: str = "plpgsql") -> str:
    return f"CREATE {head} LANGUAGE {language} AS $$ {body} $$"


@pytest.mark.parametrize(
    ("definition", "call"),
    [
        (routine("BEGIN DROP TABLE orders; END"), "SELECT f()"),
        (routine("BEGIN DROP TABLE orders; END"), "SELECT * FROM f()"),
        (routine("BEGIN DROP TABLE orders; END"), "DO $$ BEGIN PERFORM f(); END $$"),
        (routine("DROP TABLE orders", language="sql"), "SELECT public.f()"),
        (routine("BEGIN a := 1; DROP TABLE orders; END", "PROCEDURE f(INOUT a int)"), "CALL f(1)"),
        (routine("BEGIN DROP TABLE orders; RETURN 1; END", "FUNCTION f() RETURNS int"), "SELECT f()"),
        (routine("BEGIN DROP TABLE orders; RETURN NEXT a; END", "FUNCTION f() RETURNS TABLE (a int)"), "SELECT f()"),
        (
            routine("BEGIN DROP TABLE orders; RETURN QUERY SELECT 1; END", "FUNCTION f() RETURNS SETOF int"),
            "SELECT f()",
        ),
    ],
)
def test_a_called_routine_runs_what_its_body_says(definition: str, call: str) -> None:
    made = run(call, "autocommit", definition)
    assert [step.table for step in made.steps if step.operation.kind == "drop-table"] == ["orders"]
    assert dict(made.steps[0].whole.locks)["orders"] == "ACCESS EXCLUSIVE"
    assert made.missed == ()
    assert all(0 <= step.operation.span.start < step.operation.span.end <= len(call) for step in made.steps)


def test_making_a_routine_runs_nothing() -> None:
    made = run(routine("BEGIN DROP TABLE orders; END"))
    assert [step.operation.kind for step in made.steps] == ["create-routine"]


def test_a_trigger_function_is_not_run_by_what_names_it() -> None:
    definition = routine("BEGIN DROP TABLE orders; RETURN NEW; END", "FUNCTION f() RETURNS trigger")
    assert len(run("SELECT f()", "autocommit", definition).steps) == 1


def test_a_procedure_may_commit_and_a_function_may_not() -> None:
    body = "BEGIN COMMIT; END"
    assert not failures(run("CALL f()", "autocommit", routine(body, "PROCEDURE f()")))
    assert failures(run("SELECT f()", "autocommit", routine(body)))


def test_a_routine_that_calls_itself_ends() -> None:
    made = run("SELECT f()", "autocommit", routine("BEGIN PERFORM f(); DROP TABLE orders; END"))
    assert [step.operation.kind for step in made.steps].count("drop-table") == 1


def test_a_routine_with_text_built_at_run_time_is_said_at_the_call() -> None:
    made = run("SELECT f('orders')", "autocommit", routine("BEGIN EXECUTE a; END", "FUNCTION f(a text) RETURNS void"))
    (missed,) = made.missed
    assert missed.opaque is not None
    assert missed.opaque.reason == "what `f` does: EXECUTE of text built at run time"
    assert made.steps[0].whole.unknown == (missed.opaque.reason,)


# Whatever it is


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.sampled_from(
            ["IF a THEN", "END IF;", "LOOP", "END LOOP;", "BEGIN", "END;", "EXECUTE 'DROP TABLE t';", "EXECUTE a;",
             "DROP TABLE é;", "a := 'x';", "PERFORM f();", "COMMIT;", "EXCEPTION WHEN others THEN", "ELSE", "RETURN;",
             "FOR i IN 1..2 LOOP", "SELECT 1 INTO a;", "CASE", "-- x\n", "/*", "{{ x }}", "'", "\n"]
        ),
        max_size=12,
    )
)  # fmt: skip
def test_no_body_is_lost_or_raises(words: list[str]) -> None:
    sql = f"DO $$ DECLARE a text; BEGIN {' '.join(words)} END $$;"
    for statement in statements(sql):
        assert statement.opaque or statement.operations
        for part in statement.parts:
            assert part.opaque or part.operations
            assert 0 <= part.span.start <= part.span.end <= len(sql)
            assert all(item.flags <= FLAGS for item in part.operations)


# Suppressions


@pytest.mark.parametrize(
    ("body", "left"),
    [
        ("DROP TABLE orders;\n  DROP TABLE users;", ["orders", "users"]),
        ("-- safecol: ignore[table-drop] not used\n  DROP TABLE orders;\n  DROP TABLE users;", ["users"]),
        ("DROP TABLE orders; -- safecol: ignore[table-drop] not used\n  DROP TABLE users;", ["users"]),
        ("DROP TABLE orders;\n  -- safecol: ignore[table-drop] not used\n  DROP TABLE users;", ["orders"]),
    ],
)
def test_a_comment_inside_covers_the_statement_of_the_body(body: str, left: list[str]) -> None:
    findings = lint_texts(
        [("1.sql", f"DO $$\nBEGIN\n  {body}\nEND $$;")], dialect="postgresql", version="16", setup=[], catalog=CATALOG,
        rules={"table-drop", "unused-suppression"},
    )  # fmt: skip
    assert [finding.table for finding in findings] == left
    assert {finding.rule for finding in findings} <= {"table-drop"}
