"""Staged rewrites: what the templates of pages become for a given statement."""

from pathlib import Path

import pytest

from safecol import slices, stages
from safecol.analysis import lint_texts
from safecol.catalog import load
from safecol.effect import Effect
from safecol.finding import Stage
from safecol.frontends.postgresql.splitting import read_section
from safecol.heads import Rule
from safecol.operations import Migration, Section
from safecol.source import Span
from safecol.trace import Fact, Hit, Step, Trace


def step(sql: str, at: int = 0, **facts: Fact) -> Step:
    """The step of the operation `at` of the only statement."""
    section = Section("up", Span(0, len(sql)), "wrapped")
    (statement,) = read_section(sql, section).statements
    operation = statement.operations[at]
    table = str(operation.relation) if operation.relation else None
    return Step(statement, operation, facts, Effect(), Effect(), None, "none", (), {}, table, True)


def values(sql: str, at: int = 0) -> dict[str, str]:
    section = Section("up", Span(0, len(sql)), "wrapped")
    (statement,) = read_section(sql, section).statements
    beside = [step(sql, number) for number in range(len(statement.operations))]
    return slices.values(beside[at], sql, beside)


def render(
    tmp_path: Path, instead: str, sql: str, version: str = "16", at: int = 0, **facts: Fact
) -> tuple[Stage, ...]:
    path = tmp_path / f"{abs(hash((instead, version)))}.md"
    path.write_text(f"# T\n\n{instead}\n\n## Flagged\n\n```sql stage\nSELECT 'not this';\n```\n", encoding="utf-8")
    rule = Rule("r", "any", "T", "error", "blocking", "m", "", (), {}, "", "", False, str(path))
    section = Section("up", Span(0, len(sql)), "wrapped")
    found = step(sql, at, **facts)
    trace = Trace(Migration("1.sql", "", "plain", "postgresql", ()), sql, section, (found,))
    return stages.render(rule, Hit(found, found.operation.span), trace, version)


@pytest.mark.parametrize(
    ("sql", "name"),
    [
        ("CREATE INDEX ON orders (user_id, lower(email))", "orders_user_id_lower_idx"),
        ('CREATE INDEX "Mine" ON orders (user_id)', '"Mine"'),
        ('CREATE INDEX ON "Orders" (id)', '"Orders_id_idx"'),
        (f"CREATE INDEX ON {'t' * 50} ({'c' * 40})", f"{'t' * 29}_{'c' * 29}_idx"),
        ("ALTER TABLE orders ADD FOREIGN KEY (user_id) REFERENCES users", "orders_user_id_fkey"),
        ("ALTER TABLE orders ADD UNIQUE (a, b)", "orders_a_b_key"),
        ("ALTER TABLE orders ADD PRIMARY KEY (id)", "orders_pkey"),
        ("ALTER TABLE orders ADD CHECK (n > 0 AND n < 9)", "orders_n_check"),
        ("ALTER TABLE orders ADD CHECK (a > b)", "orders_check"),
        ("ALTER TABLE orders ADD CONSTRAINT positive CHECK (n > 0)", "positive"),
        ("ALTER TABLE orders ALTER COLUMN email SET NOT NULL", "orders_email_not_null"),
        ("ALTER TABLE orders DROP CONSTRAINT mine", "mine"),
        ('DROP INDEX public."Mine"', 'public."Mine"'),
    ],
)
def test_names_are_as_written_or_proposed_by_the_servers_convention(sql: str, name: str) -> None:
    assert values(sql)["name"] == name


@pytest.mark.parametrize(
    ("sql", "table"),
    [
        ('ALTER TABLE IF EXISTS ONLY app."Orders" ADD COLUMN c int', 'app."Orders"'),
        ("CREATE INDEX i ON ONLY Orders (id)", "Orders"),
        ("UPDATE orders SET a = 1", "orders"),
        ("TRUNCATE /* orders */ ORDERS", "ORDERS"),
        ("ALTER TABLE orders ADD COLUMN orders int", "orders"),
    ],
)
def test_the_table_is_a_slice_of_the_statement(sql: str, table: str) -> None:
    assert values(sql)["table"] == table


def test_an_index_keeps_everything_after_its_name() -> None:
    found = values(
        "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS i ON ONLY t USING gist (c, (a || ')')) WHERE a > 'on'"
    )
    assert found["index_definition"] == "ON t USING gist (c, (a || ')')) WHERE a > 'on'"
    assert found["index_definition_only"] == "ON ONLY t USING gist (c, (a || ')')) WHERE a > 'on'"
    assert found["unique"] == "UNIQUE "
    assert found["columns"] == "c, (a || ')')"
    assert found["predicate"] == "a > 'on'"


@pytest.mark.parametrize(
    ("sql", "definition"),
    [
        ("ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0) NOT VALID", "CHECK (a > 0)"),
        ("ALTER TABLE t ADD CHECK (a > 0)", "CHECK (a > 0)"),
        ("ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES u (b) ON DELETE CASCADE",
         "FOREIGN KEY (a) REFERENCES u (b) ON DELETE CASCADE"),
    ],
)  # fmt: skip
def test_a_constraint_is_given_after_its_name_and_without_not_valid(sql: str, definition: str) -> None:
    assert values(sql)["constraint_definition"] == definition


@pytest.mark.parametrize(
    ("column", "definition", "constraint"),
    [
        ("c int CHECK (c > 0) NOT NULL", "int NOT NULL", "CHECK (c > 0)"),
        ("c int CONSTRAINT k REFERENCES u (id) DEFAULT 3", "int DEFAULT 3", "FOREIGN KEY (c) REFERENCES u (id)"),
        ("c int UNIQUE DEFERRABLE INITIALLY DEFERRED", "int", "UNIQUE (c) DEFERRABLE INITIALLY DEFERRED"),
        ('c "MyType" UNIQUE', '"MyType"', "UNIQUE (c)"),
    ],
)
def test_an_inline_constraint_is_given_in_the_tables_form(column: str, definition: str, constraint: str) -> None:
    found = values(f"ALTER TABLE t ADD COLUMN {column}, ADD COLUMN d int", at=1)
    assert found["column_definition"] == definition
    assert found["constraint_definition"] == constraint


def test_a_key_is_given_as_an_index_with_its_options() -> None:
    sql = (
        "ALTER TABLE t ADD UNIQUE NULLS NOT DISTINCT (a, b) INCLUDE (c) WITH (fillfactor = 70) USING INDEX TABLESPACE s"
    )
    expected = "ON t (a, b) INCLUDE (c) NULLS NOT DISTINCT WITH (fillfactor = 70) TABLESPACE s"
    assert values(sql)["index_definition"] == expected


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ("c text NOT NULL DEFAULT lower('NOT NULL') UNIQUE", {"column_type": "text", "default": "lower('NOT NULL')"}),
        ("c bigserial", {"column_type": "bigint", "type": "bigserial", "sequence": "t_c_seq"}),
        ("c double precision[] DEFAULT '{}'", {"column_type": "double precision[]", "default": "'{}'"}),
        ('c varchar(9) COLLATE "C" DEFAULT NULL', {"column_type": 'varchar(9) COLLATE "C"', "default": "NULL"}),
        ("c int GENERATED ALWAYS AS ((a + b) * 2) STORED", {"column_type": "int", "expression": "(a + b) * 2"}),
        ("c int GENERATED ALWAYS AS IDENTITY (START 5)", {"identity": "GENERATED ALWAYS AS IDENTITY (START 5)"}),
    ],
)
def test_a_new_column_is_taken_apart(column: str, expected: dict[str, str]) -> None:
    found = values(f"ALTER TABLE t ADD COLUMN {column}")
    assert {key: found[key] for key in expected} == expected


def test_a_type_change_has_its_using_or_a_plain_cast() -> None:
    written = values('ALTER TABLE t ALTER "Id" TYPE numeric(10, 2) USING round("Id", 2)')
    assert (written["type"], written["using"]) == ("numeric(10, 2)", 'round("Id", 2)')
    assert written["new_name"] == '"Id_new"'
    assert values("ALTER TABLE t ALTER COLUMN id SET DATA TYPE bigint")["using"] == "id::bigint"


def test_a_renamed_table_keeps_its_schema() -> None:
    assert values("ALTER TABLE app.t RENAME TO u")["new_table"] == "app.u"


def test_steps_are_given_in_order_with_titles_and_gates(tmp_path: Path) -> None:
    instead = """## Instead

> First the index of
> `{table}`.

```sql stage no-transaction
CREATE INDEX CONCURRENTLY {name} {index_definition};
```

```sql
SELECT 'an illustration';
```

> **Wait** until it is valid.

```sql stage batched
UPDATE {table} SET a = '{{}}';
```
"""
    assert render(tmp_path, instead, "CREATE INDEX ON t (a)") == (
        Stage("First the index of `t`.", "CREATE INDEX CONCURRENTLY t_a_idx ON t (a);", False, "schema"),
        Stage("**Wait** until it is valid.", "", True, "wait"),
        Stage(
            "Run until it changes no row, each time in a transaction of its own",
            "UPDATE t SET a = '{}';",
            True,
            "backfill",
        ),
    )


@pytest.mark.parametrize(
    ("version", "expected"), [("11", "before"), ("12", "plain"), ("14.3", "range"), ("17", "plain"), ("18", "later")]
)
def test_the_section_for_the_version_is_taken(tmp_path: Path, version: str, expected: str) -> None:
    instead = "\n".join(
        f"## Instead{words}\n\n```sql stage\nSELECT '{name}';\n```\n"
        for words, name in (
            ("", "plain"),
            (" (PostgreSQL 18 and later)", "later"),
            (" (PostgreSQL 13 to 16)", "range"),
            (" (before 12)", "before"),
        )
    )
    (only,) = render(tmp_path, instead, "VACUUM t", version)
    assert only.sql == f"SELECT '{expected}';"


def test_a_section_for_another_dialect_is_not_taken(tmp_path: Path) -> None:
    instead = "## Instead\n\n```sql stage\nSELECT 1;\n```\n\n## Instead ({})\n\n```sql stage\nSELECT 2;\n```\n"
    taken = {
        words: render(tmp_path, instead.format(words), "VACUUM t")[0].sql
        for words in ("MySQL, MariaDB", "MySQL 8.0 and later", "PostgreSQL", "SQLite, PostgreSQL")
    }
    assert taken == {
        "MySQL, MariaDB": "SELECT 1;", "MySQL 8.0 and later": "SELECT 1;", "PostgreSQL": "SELECT 2;",
        "SQLite, PostgreSQL": "SELECT 2;",
    }  # fmt: skip


def test_a_step_may_ask_for_a_fact(tmp_path: Path) -> None:
    instead = "## Instead\n\n```sql stage\nSELECT 1;\n```\n\n> Second\n\n```sql stage nullable=false\nSELECT 2;\n```\n"
    sql = "ALTER TABLE t ADD COLUMN c int"
    assert len(render(tmp_path, instead, sql, nullable=False)) == 2
    assert len(render(tmp_path, instead, sql, nullable=True)) == 1
    assert len(render(tmp_path, instead, sql)) == 1


@pytest.mark.parametrize("template", ["SELECT 1; ALTER TABLE {referenced} ADD c int;", "ALTER TABLE {table} ADD;"])
def test_a_template_without_a_value_or_that_does_not_parse_is_never_shown(tmp_path: Path, template: str) -> None:
    instead = f"## Instead\n\n```sql stage\nSELECT 1;\n```\n\n```sql stage\n{template}\n```\n"
    assert render(tmp_path, instead, "ALTER TABLE t ADD COLUMN c int") == ()


def test_a_page_without_steps_has_no_stages(tmp_path: Path) -> None:
    assert render(tmp_path, "## Instead\n\n> **Wait** for a quiet hour.\n", "VACUUM FULL t") == ()


def test_a_message_is_filled_from_the_source_the_facts_and_the_check() -> None:
    sql = "ALTER TABLE app.t ADD COLUMN c int"
    hit = Hit(step(sql, key="serial"), Span(0, 1), {"seen": "twice"})
    template = "`{table}.{column}` is {key}, {seen}, `{default}`"
    assert stages.message(template, hit, sql) == "`app.t.c` is serial, twice, the default"


def test_a_long_value_is_shortened_in_a_message() -> None:
    sql = f"ALTER TABLE t ADD COLUMN c text DEFAULT '{'x' * 90}'"
    shown = stages.message("{default}", Hit(step(sql), Span(0, 1)), sql)
    assert len(shown) == 60
    assert shown.endswith("x…")


@pytest.mark.parametrize(
    ("setup", "sql", "name"),
    [
        ("CREATE INDEX ON orders (code);", "CREATE INDEX ON orders (code);", "orders_code_idx1"),
        ("CREATE INDEX orders_id_idx ON orders (code);", "CREATE INDEX ON orders (id);", "orders_id_idx1"),
        ("CREATE TABLE orders_code_key (a int);", "ALTER TABLE orders ADD UNIQUE (code);", "orders_code_key1"),
        ("", "CREATE INDEX ON orders (code);", "orders_code_idx"),
    ],
)
def test_a_proposed_index_has_a_name_that_is_free(setup: str, sql: str, name: str) -> None:
    found = lint_texts(
        [("1.sql", sql)],
        dialect="postgresql",
        version="16",
        setup=["CREATE TABLE orders (id bigint, code text);" + setup],
        catalog=load(),
    )
    stages = [stage.sql for finding in found for stage in finding.stages if "CONCURRENTLY" in stage.sql]
    assert [name in sql.replace(";", " ").split() for sql in stages] == [True]
