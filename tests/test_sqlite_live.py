"""What safecol says of SQLite holds on the library itself: refusals, losses, and what the staged rewrites leave."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sqlite_live as live
import sqlite_oracle as oracle
from safecol import catalog, examples
from safecol.analysis import lint_texts
from safecol.context import Context
from safecol.dialects.sqlite import dialect as sqlite
from safecol.heads import Rule

LIBRARIES = live.libraries()
RULES = catalog.load()
REFUSING = (
    "required-column",
    "failing-on-data",
    "unsupported-statement",
    "refused-statement",
    "dependent-object-failure",
)


def _page(name: str) -> Rule:
    return next(page for page in RULES.names[name] if page.dialect == "sqlite")


def _blocks(kind: str, *names: str) -> list[Any]:
    return [
        pytest.param(name, block, id=f"{name}-{block.line}")
        for name in names
        for block in examples.of_page(_page(name))
        if block.kind == kind and "version" not in block.options
    ]


def _script(block: Any) -> tuple[str, str]:
    example = examples.split(block)
    change = "\n".join(text for _, text, _ in example.files)
    if block.options.get("transaction") == "wrapped" or "runner" in block.options:
        change = f"BEGIN;\n{change}\nCOMMIT;"
    return "\n".join(example.setup), change


def _newer(version: str, least: tuple[int, ...]) -> bool:
    return tuple(int(part) for part in version.split(".")) >= least


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda one: one.name)
@pytest.mark.parametrize("row", oracle.rows(), ids=lambda row: row["id"])
def test_a_measured_statement_is_refused_where_safecol_says_so(row: dict[str, Any], library: live.Library) -> None:
    if not _newer(library.version, (3, 37)) or row["id"] in (
        "data.update_with_limit",
        "index.create_unique_duplicates",
    ):
        pytest.skip("not known from migrations, or a library older than STRICT tables")
    if row["id"] in (
        "alter_column.set_not_null_violated",
        "table.drop_fk_parent_fk_on",
        "index.create_double_quoted_missing",
    ):
        pytest.skip("not known from migrations, or an option of the build")
    dialect = sqlite.load(RULES)
    setup = "".join(part + ";" for part in row["setup"].split(";") if part.strip() and "RECURSIVE" not in part)
    if "TRIGGER" in setup:
        setup = row["setup"]
    for populated in (True, False):
        refused, _, _ = oracle.said(row, library.version, dialect, populated=populated)
        found = live.run(library, setup, row["sql"], rows=populated, before=row["session"])
        assert bool(found.error) == refused, found.error


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda one: one.name)
@pytest.mark.parametrize(("name", "block"), _blocks("bad", *REFUSING))
def test_each_marked_statement_of_a_page_is_refused_once_there_are_rows(
    name: str, block: Any, library: live.Library
) -> None:
    setup, change = _script(block)
    if _newer(library.version, (3, 53)) and "SET NOT NULL" in change:
        pytest.skip("this version knows it")
    marked = [line.rsplit("--", 1)[0] for line in change.splitlines() if line.endswith("-- error")]
    others = [line for line in change.splitlines() if not line.endswith("-- error")]
    assert marked
    for line in marked:
        before = "" if "VACUUM" in line else "\n".join(one for one in others if one not in ("BEGIN;", "COMMIT;"))
        text = f"BEGIN;\n{line}" if "VACUUM" in line else f"{before}\n{line}"
        assert live.run(library, setup, text).error, (name, line)


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda one: one.name)
@pytest.mark.parametrize(("name", "block"), _blocks("good", *REFUSING))
def test_what_a_page_leaves_alone_is_accepted(name: str, block: Any, library: live.Library) -> None:
    setup, change = _script(block)
    if block.options.get("version") == "3.53" and not _newer(library.version, (3, 53)):
        pytest.skip("this version lacks it")
    assert not live.run(library, setup, change).error, name


def _stages(setup: str, change: str, name: str) -> list[str]:
    findings = lint_texts(
        [("2.sql", change)], dialect="sqlite", version="3.45", setup=[setup], catalog=RULES, transaction="autocommit"
    )
    return [stage.sql for finding in findings if finding.rule == name for stage in finding.stages if stage.sql]


SETUP = """
CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT);
CREATE TABLE orders (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  user_id INTEGER REFERENCES users (id) ON DELETE CASCADE,
  note TEXT NOT NULL DEFAULT 'x',
  total INTEGER CONSTRAINT positive CHECK (total > 0),
  double INTEGER AS (total * 2)
);
CREATE TABLE lines (id INTEGER PRIMARY KEY, order_id INTEGER REFERENCES orders (id) ON DELETE CASCADE);
CREATE INDEX orders_user ON orders (user_id);
CREATE VIEW notes AS SELECT note FROM orders;
CREATE VIEW short_notes AS SELECT note FROM notes WHERE length(note) < 3;
CREATE TRIGGER orders_made AFTER INSERT ON orders BEGIN SELECT 1; END;
CREATE TRIGGER users_made AFTER INSERT ON users BEGIN UPDATE orders SET note = 'y' WHERE user_id = NEW.id; END;
"""
CHANGES = [
    ("ALTER TABLE orders ALTER COLUMN note TYPE INTEGER;", ("noteINTEGERNOTNULLDEFAULT'x'",), "unsupported-statement"),
    ("ALTER TABLE orders ALTER COLUMN note DROP NOT NULL;", ("noteTEXTDEFAULT'x'",), "unsupported-statement"),
    ("ALTER TABLE orders ALTER COLUMN total SET NOT NULL;", ("CHECK(total>0)NOTNULL",), "unsupported-statement"),
    ("ALTER TABLE orders ALTER COLUMN note SET DEFAULT 'y';", ("noteTEXTNOTNULLDEFAULT'y'",), "unsupported-statement"),
    ("ALTER TABLE orders ALTER COLUMN note DROP DEFAULT;", ("noteTEXTNOTNULL,",), "unsupported-statement"),
    (
        "ALTER TABLE orders ADD CONSTRAINT owner FOREIGN KEY (total) REFERENCES users (id);",
        ("CONSTRAINTownerFOREIGNKEY(total)REFERENCESusers(id)",),
        "unsupported-statement",
    ),
    ("ALTER TABLE orders ADD COLUMN code TEXT UNIQUE;", ("codeTEXTUNIQUE",), "refused-statement"),
    (
        "ALTER TABLE orders ADD COLUMN made TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP;",
        ("madeTEXTNOTNULLDEFAULTCURRENT_TIMESTAMP",),
        "failing-on-data",
    ),
]


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda one: one.name)
@pytest.mark.parametrize(("change", "expected", "rule"), CHANGES, ids=[change[0][:60] for change in CHANGES])
def test_the_twelve_steps_change_what_was_asked_and_nothing_else(
    change: str, expected: tuple[str, ...], rule: str, library: live.Library
) -> None:
    stages = _stages(SETUP, change, rule)
    assert len(stages) == 1
    before = live.run(library, SETUP, "")
    after = live.run(library, SETUP, stages[0], before="PRAGMA foreign_keys = ON;")
    assert not after.error
    made = {name: sql for kind, name, sql in after.schema}
    assert all(text in made["orders"] for text in expected)
    others = [(kind, name, sql) for kind, name, sql in before.schema if name != "orders"]
    kept = [one for one in after.schema if one[1] != "orders" and not one[1].startswith("sqlite_autoindex")]
    assert kept == others
    assert after.rows["lines"] == before.rows["lines"]
    width = len(before.rows["orders"][0])
    # As text: a column of another type may keep its values in another form.
    shown = [[[str(value) for value in row[:4]] for row in found.rows["orders"]] for found in (before, after)]
    assert shown[0] == shown[1]
    assert all(len(row) >= width for row in after.rows["orders"])
    assert after.rows["sqlite_sequence"] == before.rows["sqlite_sequence"]


@pytest.mark.parametrize(("change", "_expected", "rule"), CHANGES, ids=[change[0][:60] for change in CHANGES])
def test_nothing_is_found_in_the_twelve_steps(change: str, _expected: tuple[str, ...], rule: str) -> None:
    (script,) = _stages(SETUP, change, rule)
    findings = lint_texts(
        [("2.sql", script)],
        dialect="sqlite",
        version="3.45",
        setup=[SETUP],
        catalog=RULES,
        transaction="autocommit",
        lock_timeout="2s",
    )
    # That a text becomes a number is what was asked for.
    assert [finding.rule for finding in findings if finding.rule != "narrowing-type-change"] == []


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda one: one.name)
def test_a_required_column_is_added_filled_and_made_not_null(library: live.Library) -> None:
    change = "ALTER TABLE orders ADD COLUMN kind TEXT NOT NULL;"
    first, second = _stages(SETUP, change, "required-column")
    filled = f"{first}\nUPDATE orders SET kind = 'a';\n"
    after = live.run(library, SETUP, second, before=f"{filled}PRAGMA foreign_keys = ON;")
    assert not after.error
    assert live.run(library, SETUP, second, before=f"{first}\nPRAGMA foreign_keys = ON;").error
    made = {name: sql for _, name, sql in after.schema}
    assert "kindTEXTNOTNULL" in made["orders"]
    assert [row[-1] for row in after.rows["orders"]] == ["a", "a"]
    assert after.rows["lines"] == live.run(library, SETUP, "").rows["lines"]


RENAMED = """
ALTER TABLE orders ADD COLUMN code TEXT REFERENCES users (id);
ALTER TABLE orders RENAME COLUMN user_id TO owner_id;
ALTER TABLE orders RENAME TO purchases;
"""


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda one: one.name)
def test_the_twelve_steps_know_what_was_added_and_renamed_before(library: live.Library) -> None:
    setup = SETUP.replace("WHERE user_id = NEW.id", "WHERE id = NEW.id") + RENAMED
    stages = _stages(setup, "ALTER TABLE purchases ALTER COLUMN code SET DEFAULT 'x';", "unsupported-statement")
    assert len(stages) == 1
    before = live.run(library, setup, "")
    after = live.run(library, setup, stages[0], before="PRAGMA foreign_keys = ON;")
    assert not after.error
    assert after.rows == before.rows
    table = next(sql for _, name, sql in before.schema if name == "purchases")
    wanted = table.replace("codeTEXTREFERENCESusers(id)", "codeTEXTREFERENCESusers(id)DEFAULT'x'")
    expected = [(kind, name, wanted if name == "purchases" else sql) for kind, name, sql in before.schema]
    assert sorted(after.schema) == sorted(expected)


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda one: one.name)
@pytest.mark.parametrize(("name", "block"), _blocks("bad", "cascading-parent-loss"))
def test_children_are_lost_where_the_page_says_so(name: str, block: Any, library: live.Library) -> None:
    setup, change = _script(block)
    before = live.run(library, setup, "").rows["orders"]
    after = live.run(library, setup, change, before="PRAGMA foreign_keys = ON;").rows["orders"]
    assert before != after, name


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda one: one.name)
@pytest.mark.parametrize(("name", "block"), _blocks("good", "cascading-parent-loss", "misordered-rebuild"))
def test_a_rebuild_done_right_loses_nothing(name: str, block: Any, library: live.Library) -> None:
    setup, change = _script(block)
    before = live.run(library, setup, "")
    after = live.run(library, setup, change, before="PRAGMA foreign_keys = ON;")
    assert not after.error, name
    assert after.rows == before.rows
    assert {one[:2] for one in after.schema} == {one[:2] for one in before.schema}


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda one: one.name)
@pytest.mark.parametrize(("name", "block"), _blocks("bad", "misordered-rebuild"))
def test_a_rebuild_in_the_wrong_order_leaves_something_else(name: str, block: Any, library: live.Library) -> None:
    setup, change = _script(block)
    before = live.run(library, setup, "")
    after = live.run(library, setup, change)
    assert not after.error, name
    lost = {one[:2] for one in before.schema} - {one[:2] for one in after.schema}
    dangling = any("users_old" in sql for _, _, sql in after.schema)
    counted = any("AUTOINCREMENT" in sql for _, _, sql in before.schema)
    swapped = {name for _, name, sql in after.schema if "name" in sql and sql.find("name") < sql.find("email")}
    assert lost or dangling or swapped or (counted and not any("AUTOINCREMENT" in sql for _, _, sql in after.schema))


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda one: one.name)
def test_a_switch_of_foreign_keys_in_a_transaction_does_nothing(library: live.Library) -> None:
    execute = library.connect()
    for sql in ("PRAGMA foreign_keys = ON", "BEGIN", "PRAGMA foreign_keys = OFF", "COMMIT"):
        execute(sql)
    assert execute("PRAGMA foreign_keys") == [(1,)]


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda one: one.name)
@pytest.mark.parametrize(("name", "block"), _blocks("bad", "dangling-dependency"))
def test_what_is_left_dangling_is_dropped_without_an_error(name: str, block: Any, library: live.Library) -> None:
    setup, change = _script(block)
    assert not live.run(library, setup, change).error, name


BEGINNING = [
    "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT, c, d REFERENCES u (x) ON DELETE CASCADE)",
    "CREATE TABLE u (x INTEGER PRIMARY KEY, y TEXT)",
    "CREATE TABLE t_new (a, b, c)",
    "CREATE VIEW v AS SELECT a, b FROM t",
]
ANY_ORDER = [
    *BEGINNING,
    "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT UNIQUE, c, d REFERENCES u (x))",
    "CREATE TABLE t (a, b, c, CHECK (b > c))",
    "CREATE TABLE u (x INTEGER PRIMARY KEY AUTOINCREMENT, y TEXT, z AS (y || 'a'))",
    "CREATE TABLE IF NOT EXISTS t (a, q)",
    "CREATE TABLE s (a INT, b TEXT) STRICT",
    "INSERT INTO t (a) VALUES (1)",
    "INSERT INTO u (y) VALUES ('q')",
    "DROP TABLE t",
    "DROP TABLE IF EXISTS t",
    "DROP TABLE u",
    "DROP TABLE t_old",
    "ALTER TABLE t_new RENAME TO t",
    "ALTER TABLE t RENAME TO t_old",
    "ALTER TABLE t_old RENAME TO t",
    "ALTER TABLE t RENAME COLUMN b TO bb",
    "ALTER TABLE t RENAME COLUMN bb TO b",
    "ALTER TABLE u RENAME y TO yy",
    "CREATE VIEW w AS SELECT * FROM v",
    "CREATE VIEW x AS SELECT t.c, u.y FROM t JOIN u ON t.a = u.x",
    "DROP VIEW v",
    "DROP VIEW IF EXISTS w",
    "DROP VIEW x",
    "CREATE INDEX i ON t (b, c)",
    "CREATE UNIQUE INDEX j ON t (lower(c)) WHERE b IS NOT NULL",
    "DROP INDEX i",
    "DROP INDEX j",
    "CREATE TRIGGER g AFTER UPDATE OF b ON t BEGIN UPDATE u SET y = 1; END",
    "CREATE TRIGGER h BEFORE INSERT ON u WHEN NEW.y > 1 BEGIN DELETE FROM t WHERE c = NEW.x; END",
    "DROP TRIGGER g",
    "DROP TRIGGER IF EXISTS h",
    "ALTER TABLE t DROP COLUMN b",
    "ALTER TABLE t DROP COLUMN c",
    "ALTER TABLE t DROP d",
    "ALTER TABLE u DROP y",
    "ALTER TABLE u DROP z",
    "ALTER TABLE t ADD COLUMN e TEXT",
    "ALTER TABLE t ADD f INT NOT NULL DEFAULT 0",
    "ALTER TABLE t ADD g INT NOT NULL",
    "ALTER TABLE u ADD w TEXT CHECK (w <> 'z')",
    "ALTER TABLE s ADD c VARCHAR(3)",
    "ALTER TABLE s ADD d ANY",
    "ALTER TABLE u ADD q INT UNIQUE",
    "ALTER TABLE u ADD r TEXT DEFAULT CURRENT_DATE",
]


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda one: one.name)
@given(st.lists(st.sampled_from(ANY_ORDER), max_size=18))
@settings(max_examples=60, deadline=None)
def test_changes_in_any_order_are_refused_only_where_the_library_refuses_them(
    library: live.Library, changes: list[str]
) -> None:
    """What it refuses and safecol doesn't has a view or trigger over a column that was never there, or needs rows."""
    if not _newer(library.version, (3, 37)):
        pytest.skip("a library older than STRICT tables")
    judge = sqlite.load(RULES)
    context = Context("sqlite", judge.number(library.version), default_schema="main")
    context.schema.complete = True
    context.assume_rows = False
    execute = library.connect()
    for number, sql in enumerate([*BEGINNING, *changes], 1):
        error = ""
        try:
            execute(sql)
        except Exception as problem:  # noqa: BLE001 - sqlite3 and apsw share no class
            error = str(problem)
        if error and sql.startswith("INSERT"):
            continue
        mark = context.schema.mark()
        made, _ = oracle.run_text(context, judge, sql, number)
        refused = [step.effect.fails.reason for step in made.steps if step.effect.fails]
        assert not refused or error, (sql, refused)
        assert refused or not error or error.startswith(("error in view", "error in trigger", "Cannot add")), (
            sql,
            error,
        )
        if error:
            context.schema.undo(mark)


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda one: one.name)
def test_words_after_a_type_are_taken_for_part_of_it(library: live.Library) -> None:
    for block in examples.of_page(_page("ignored-clause")):
        assert not live.run(library, *_script(block)).error
