"""Command lines of online schema change tools: shown where a tool takes the statement, else not."""

from safecol import catalog
from safecol.analysis import lint_texts
from safecol.finding import Finding

CATALOG = catalog.load()
ORDERS = "CREATE TABLE orders (id int PRIMARY KEY, amount int NOT NULL, note varchar(20)) CHARSET=utf8mb4;\n"


def finding(rule: str, sql: str, setup: str = ORDERS, dialect: str = "mysql") -> Finding:
    found = lint_texts(
        [("1.sql", sql)], dialect=dialect, version="8.4" if dialect == "mysql" else "10.11", setup=[setup],
        catalog=CATALOG, runner="plain", rules={rule}, lock_timeout="2s",
    )  # fmt: skip
    return next(one for one in found if one.rule == rule)


def command(rule: str, sql: str, setup: str = ORDERS) -> str:
    return " ".join(f"{stage.sql}{stage.command}" for stage in finding(rule, sql, setup).stages)


def test_a_copy_has_the_command_line_with_the_clauses_of_the_statement() -> None:
    shown = command("rewriting-type-change", "ALTER TABLE orders MODIFY amount bigint NOT NULL, ALGORITHM=DEFAULT;")
    assert "gh-ost --database=DATABASE --table=orders --alter='MODIFY amount bigint NOT NULL' --execute" in shown


def test_strings_in_the_clauses_are_quoted_for_the_shell() -> None:
    shown = command("rewriting-type-change", "ALTER TABLE shop.orders MODIFY amount bigint NOT NULL COMMENT 'x';")
    assert "--database=shop --table=orders --alter='MODIFY amount bigint NOT NULL COMMENT '\\''x'\\'''" in shown


def test_a_table_with_foreign_keys_is_for_the_tool_that_takes_them() -> None:
    setup = ORDERS + "CREATE TABLE lines (id int PRIMARY KEY, o int, FOREIGN KEY (o) REFERENCES orders (id));"
    shown = command("rewriting-type-change", "ALTER TABLE orders MODIFY amount bigint NOT NULL;", setup)
    assert "pt-online-schema-change" in shown
    assert "gh-ost" not in shown


def test_no_tool_is_named_that_would_refuse() -> None:
    trigger = ORDERS + "CREATE TRIGGER t BEFORE INSERT ON orders FOR EACH ROW SET NEW.amount = 1;"
    without_key = "CREATE TABLE orders (id int, amount int NOT NULL);"
    for setup in (trigger, without_key):
        assert command("rewriting-type-change", "ALTER TABLE orders MODIFY amount bigint NOT NULL;", setup) == ""
    renaming = "ALTER TABLE orders MODIFY amount bigint NOT NULL, RENAME COLUMN note TO remark;"
    assert command("rewriting-type-change", renaming) == ""


def test_spirit_is_named_beside_the_other_on_a_server_that_it_knows() -> None:
    sql = "ALTER TABLE orders MODIFY amount bigint NOT NULL COMMENT 'x';"
    line = "# or: spirit migrate --database=DATABASE --statement='ALTER TABLE orders MODIFY amount bigint NOT NULL"
    assert line in command("rewriting-type-change", sql)
    on_mariadb = finding("rewriting-type-change", sql, dialect="mariadb").stages
    assert on_mariadb
    assert not any("spirit" in stage.command for stage in on_mariadb)


def test_spirit_is_not_named_where_it_would_refuse() -> None:
    unique = "CREATE TABLE orders (id int NOT NULL UNIQUE, amount int NOT NULL);"
    changed = "ALTER TABLE orders CHANGE amount amount bigint NOT NULL;"
    for sql, setup in (("ALTER TABLE orders MODIFY amount bigint NOT NULL;", unique), (changed, ORDERS)):
        shown = command("rewriting-type-change", sql, setup)
        assert "gh-ost" in shown
        assert "spirit" not in shown


def test_what_looks_like_a_comment_in_a_string_and_two_spaces_there_stay() -> None:
    clause = "MODIFY amount bigint NOT NULL COMMENT 'in  cents -- not /* yet */'"
    shown = command("rewriting-type-change", f"ALTER TABLE orders /* why */ {clause},\n LOCK = NONE;")
    assert "--alter='MODIFY amount bigint NOT NULL COMMENT '\\''in  cents -- not /* yet */'\\''' --execute" in shown


def test_what_the_statement_asks_of_the_server_goes_wherever_it_stands() -> None:
    sql = "ALTER TABLE orders ALGORITHM=COPY, MODIFY amount bigint NOT NULL, LOCK SHARED;"
    assert "--alter='MODIFY amount bigint NOT NULL' --execute" in command("rewriting-type-change", sql)


def test_a_quoted_name_stays_quoted_in_a_statement_and_one_that_a_shell_would_change_has_no_command() -> None:
    for name, there in (("order", True), ("or der", False), ("or$der", False)):
        setup = ORDERS.replace("orders", f"`{name}`")
        shown = command("rewriting-type-change", f"ALTER TABLE `{name}` MODIFY amount bigint NOT NULL;", setup)
        assert (f"--statement='ALTER TABLE `{name}` MODIFY" in shown) is there
        assert ("gh-ost" in shown) is there


def test_code_for_some_versions_has_no_command() -> None:
    sql = "ALTER TABLE orders MODIFY amount bigint NOT NULL /*!80023 , ADD v int INVISIBLE */;"
    assert command("rewriting-type-change", sql) == ""


def test_what_is_written_anew_in_place_locks_others_out_for_moments_alone() -> None:
    (said,) = finding("rewriting-maintenance", "OPTIMIZE TABLE orders;").consequence
    assert "while it rewrites" not in said
    assert said.endswith("at its start and its end everything waits for a moment.")


def test_what_a_refused_key_would_cost_is_not_told() -> None:
    setup = ORDERS + "CREATE TABLE lines (id int PRIMARY KEY, o bigint);"
    found = lint_texts(
        [("1.sql", "ALTER TABLE lines ADD FOREIGN KEY (o) REFERENCES orders (id);")],
        dialect="mysql", version="8.4", setup=[setup], catalog=CATALOG, lock_timeout="2s",
    )  # fmt: skip
    assert [(one.rule, one.stages) for one in found] == [("refused-statement", ())]
