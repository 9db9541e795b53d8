"""Sections, transactions and problems: a text and its runner come in, what the runner does with it is asserted."""

import pytest

from safecol import runners
from safecol.runners import RUNNERS, MigrationFile
from safecol.source import Span
from safecol.trace import Placeholder

INDEX = "CREATE INDEX CONCURRENTLY i ON t (c);\n"


def file(runner: str, path: str = "db/migrations/0001_x.sql", **fields: object) -> MigrationFile:
    return MigrationFile(path=path, runner=runner)._replace(**fields)  # type: ignore[arg-type]


def reading(text: str, found: MigrationFile) -> list[tuple[str, str, str]]:
    return [
        (section.direction, section.transaction, text[section.span.start : section.span.end].strip())
        for section in runners.sections(text, found).sections
    ]


def problems(text: str, found: MigrationFile) -> list[tuple[str, str]]:
    return [(p.rule, text[p.span.start : p.span.end]) for p in runners.sections(text, found).problems]


def test_dbmate_sections_have_a_transaction_each() -> None:
    text = "-- migrate:up transaction:false\nSELECT 1;\nSELECT 2;\n-- migrate:down\nSELECT 3;\n"
    assert reading(text, file("dbmate")) == [
        ("up", "implicit", "SELECT 1;\nSELECT 2;"),
        ("down", "wrapped", "SELECT 3;"),
    ]


def test_dbmate_with_windows_line_endings() -> None:
    text = "-- migrate:up transaction:false\r\nSELECT 1;\r\n-- migrate:down\r\nSELECT 3;\r\n"
    assert [part[:2] for part in reading(text, file("dbmate"))] == [("up", "implicit"), ("down", "wrapped")]


def test_dbmate_text_before_the_first_mark_is_not_lost() -> None:
    assert reading("SELECT 0;\n-- migrate:up\nSELECT 1;\n", file("dbmate"))[0][2].startswith("SELECT 0;")


def test_goose_no_transaction_is_for_both_directions() -> None:
    text = "-- +goose NO TRANSACTION\n-- +goose Up\nSELECT 1;\n-- +goose down\nSELECT 2;\n"
    assert reading(text, file("goose")) == [("up", "autocommit", "SELECT 1;"), ("down", "autocommit", "SELECT 2;")]


def test_goose_wraps_a_file() -> None:
    assert reading("-- +goose Up\nSELECT 1;\n", file("goose")) == [("up", "wrapped", "SELECT 1;")]


def test_tern_splits_at_its_separator() -> None:
    text = "---- tern: disable-tx ----\nSELECT 1;\n---- create above / drop below ----\nSELECT 2;\n"
    up, down = reading(text, file("tern"))
    assert (up[:2], down) == (("up", "autocommit"), ("down", "autocommit", "SELECT 2;"))
    assert reading("SELECT 1;\n", file("tern")) == [("up", "wrapped", "SELECT 1;")]


def test_rambler_takes_several_sections() -> None:
    text = "-- rambler up\nA;\n-- rambler up\nB;\n-- rambler down\nC;\n-- rambler down\nD;\n"
    assert [(part[0], part[2]) for part in reading(text, file("rambler"))] == [
        ("up", "A;"), ("up", "B;"), ("down", "C;"), ("down", "D;"),
    ]  # fmt: skip


def test_node_pg_migrate_shares_a_transaction() -> None:
    text = "-- Up Migration\nSELECT 1;\n-- Down Migration\nSELECT 2;\n"
    assert reading(text, file("node-pg-migrate")) == [("up", "shared", "SELECT 1;"), ("down", "shared", "SELECT 2;")]


def test_liquibase_decides_for_each_changeset() -> None:
    text = (
        "--liquibase formatted sql\n\n--changeset me:1 runInTransaction:false\nSELECT 1;\n--rollback SELECT 9;\n"
        "--changeset me:2 dbms:mysql\nSELECT 2;\n--changeset me:3\nSELECT 3;\n--changeset me:4 ignore:true\nSELECT 4;\n"
        "--changeset me:5 dbms:postgresql,mysql runInTransaction:false splitStatements:false\nSELECT 5;\n"
    )
    found = runners.sections(text, file("liquibase")).sections
    assert [(section.label, section.transaction) for section in found] == [
        ("me:1", "autocommit"), ("me:3", "wrapped"), ("me:5", "implicit"),
    ]  # fmt: skip


def test_atlas_reads_its_archive() -> None:
    text = "-- atlas:txtar\n\n-- checks.sql --\nSELECT 0;\n-- migration.sql --\nSELECT 1;\n-- down.sql --\nSELECT 2;\n"
    assert reading(text, file("atlas")) == [("up", "wrapped", "SELECT 1;"), ("down", "wrapped", "SELECT 2;")]


def test_sql_migrate_marks() -> None:
    text = "-- +migrate Up notransaction\nSELECT 1;\n-- +migrate Down\nSELECT 2;\n"
    assert [part[:2] for part in reading(text, file("sql-migrate"))] == [("up", "autocommit"), ("down", "wrapped")]


@pytest.mark.parametrize(
    ("runner", "text", "transaction"),
    [
        ("golang-migrate", "SELECT 1;", "implicit"),
        ("flyway", "SELECT 1;", "wrapped"),
        ("flyway", f"-- why\n{INDEX}VACUUM t;", "autocommit"),
        ("flyway", f"{INDEX}ALTER TABLE t ADD c int;", "wrapped"),
        ("flyway", "REINDEX INDEX CONCURRENTLY i;", "wrapped"),
        ("flyway", "ALTER TABLE t DETACH PARTITION p CONCURRENTLY;", "wrapped"),
        ("flyway", "DO $$ BEGIN PERFORM 1; END $$;", "wrapped"),
        ("sqitch", "SELECT 1;", "autocommit"),
        ("psql", "SELECT 1;", "autocommit"),
        ("prisma", "SELECT 1;", "implicit"),
        ("diesel", "SELECT 1;", "wrapped"),
        ("sqlx", "SELECT 1;", "wrapped"),
        ("sqlx", f"-- no-transaction\n{INDEX}", "implicit"),
        ("sqlx", f"\n-- no-transaction\n{INDEX}", "wrapped"),
        ("refinery", "SELECT 1;", "wrapped"),
        ("atlas", "SELECT 1;", "wrapped"),
        ("atlas", f"-- atlas:txmode none\n\n{INDEX}", "autocommit"),
        ("atlas", f"-- atlas:txmode none\n{INDEX}", "wrapped"),
        ("yoyo", "-- depends: a\nSELECT 1;", "wrapped"),
        ("yoyo", f"-- transactional: false\n{INDEX}", "autocommit"),
        ("supabase", "SELECT 1;", "autocommit"),
        ("hasura", "SELECT 1;", "implicit"),
        ("drizzle", "SELECT 1;\n--> statement-breakpoint\nSELECT 2;", "shared"),
        ("ef-core", "SELECT 1;", "autocommit"),
        ("plain", "SELECT 1;", "unknown"),
        ("", "SELECT 1;", "unknown"),
    ],
)
def test_the_transaction_of_a_whole_file(runner: str, text: str, transaction: str) -> None:
    assert [part[:2] for part in reading(text, file(runner))] == [("up", transaction)]


def test_what_a_file_beside_it_says_about_the_transaction() -> None:
    assert reading(INDEX, file("diesel", no_transaction=True))[0][1] == "implicit"
    assert reading(INDEX, file("flyway", no_transaction=True))[0][1] == "autocommit"


def test_mysql_and_sqlite_have_their_own_rules() -> None:
    assert reading("-- no-transaction\nSELECT 1;", file("sqlx", dialect="mysql"))[0][1] == "wrapped"
    assert reading("SELECT 1;", file("golang-migrate", dialect="sqlite"))[0][1] == "wrapped"


@pytest.mark.parametrize("runner", sorted(RUNNERS))
def test_sections_stay_in_the_text_and_in_order(runner: str) -> None:
    text = "-- migrate:up\n-- +goose Up\n-- rambler up\nSELECT 1;\n-- migrate:down\n-- +goose Down\nSELECT 2;\n"
    ends = [0]
    for section in runners.sections(text, file(runner)).sections:
        assert ends[-1] <= section.span.start <= section.span.end <= len(text)
        assert section.transaction in {"wrapped", "implicit", "autocommit", "shared", "unknown"}
        ends.append(section.span.end)
    assert len(ends) > 1


@pytest.mark.parametrize(
    ("runner", "text", "shown"),
    [
        ("sqlx", f"-- why\n-- no-transaction\n{INDEX}", "-- no-transaction"),
        ("sqlx", f"\ufeff-- no-transaction\n{INDEX}", "-- no-transaction"),
        ("goose", "-- +goose Up\n  -- +goose Down\n", "-- +goose Down"),
        ("goose", "-- +goose StatementBegin\n-- +goose Up\n", "-- +goose StatementBegin"),
        ("goose", "SELECT 1;\n", "SELECT 1;"),
        ("dbmate", "-- migrate:up\n-- transaction:false\nSELECT 1;\n", "-- transaction:false"),
        ("dbmate", "-- migrate:up transaction: false\nSELECT 1;\n", "-- migrate:up transaction: false"),
        ("dbmate", "  -- migrate:up\nSELECT 1;\n", "  -- migrate:up"),
        ("dbmate", "CREATE TABLE t ();\n", "CREATE TABLE t ();"),
        ("dbmate", "-- migrate:up\n-- +goose NO TRANSACTION\nSELECT 1;\n", "-- +goose NO TRANSACTION"),
        ("refinery", "-- no-transaction\nSELECT 1;\n", "-- no-transaction"),
        ("atlas", f"-- atlas:txmode none\n{INDEX}", "-- atlas:txmode none"),
        ("liquibase", "--changeset a:1\n--runInTransaction:false\n", "--runInTransaction:false"),
    ],
)
def test_markers_that_do_nothing_are_said(runner: str, text: str, shown: str) -> None:
    assert problems(text, file(runner)) == [("ineffective-marker", shown)]


@pytest.mark.parametrize(
    ("runner", "text"),
    [
        ("sqlx", f"-- no-transaction\n{INDEX}"),
        ("goose", "-- why\n-- +goose NO TRANSACTION\n-- +goose Up\n-- +goose StatementBegin\n-- +goose StatementEnd\n"),
        ("goose", "-- +goose Up\n-- +goose no transaction\nSELECT 1;"),
        ("dbmate", "-- migrate:up transaction:false\nSELECT 1;\n\n-- migrate:down transaction:false\n"),
        ("atlas", f"-- atlas:txmode none\n\n{INDEX}"),
        ("atlas", "-- atlas:delimiter x\r\n-- atlas:txmode none\r\n\r\nSELECT 1"),
        ("tern", "---- tern: disable-tx ----\nSELECT 1;"),
        ("yoyo", "-- depends: x\n-- transactional: false\nSELECT 1;"),
        ("liquibase", "--liquibase formatted sql\n--changeset a:1 runInTransaction:false\nSELECT 1;"),
        ("sql-migrate", "-- +migrate Up notransaction\nSELECT 1;"),
        ("plain", "-- NO_TRANSACTION\n-- no-transaction\nSELECT 1;"),
        ("golang-migrate", "-- this needs no transaction\nSELECT 1;"),
    ],
)
def test_markers_that_work_are_left_alone(runner: str, text: str) -> None:
    assert problems(text, file(runner)) == []


def test_an_ignored_file_is_said_with_the_cure() -> None:
    found = runners.sections("ALTER TABLE t ADD c int;\n", file("golang-migrate", "m/0002_x.sql", ignored=True))
    assert [(p.rule, p.span) for p in found.problems] == [("ignored-file", Span(0, 24))]
    assert "0002_x.sql" in found.problems[0].message
    assert ".up.sql" in found.problems[0].help


def test_a_marker_corrects_a_runner_that_only_the_name_gave() -> None:
    text = "-- +goose Up\nSELECT 1;\n"
    assert runners.refine(file("plain"), text).runner == "goose"
    settled = file("dbmate", runner_source="settings")
    assert runners.refine(settled, text) == settled
    assert runners.refine(file("plain"), "SELECT 1;") == file("plain")


def placeholder(kind: str, text: str) -> list[Placeholder]:
    return [Placeholder(Span(0, len(text)), kind, text)]


@pytest.mark.parametrize(
    ("runner", "kind", "text", "rule"),
    [
        ("dbmate", "template", "${schema}", "unresolved-placeholder"),
        ("flyway", "template", "${schema}", None),
        ("liquibase", "template", "${schema}", None),
        ("tern", "template", "{{.schema}}", None),
        ("tern", "template", "${schema}", "unresolved-placeholder"),
        ("goose", "template", "${schema}", "unresolved-placeholder"),
        ("sqitch", "variable", ":'role'", None),
        ("flyway", "variable", ":role", "unresolved-placeholder"),
        ("plain", "template", "{{ x }}", None),
        ("dbmate", "psql-command", "\\set x 1", "client-command"),
        ("sqitch", "psql-command", "\\set x 1", None),
        ("psql", "psql-command", "\\i other.sql", None),
    ],
)
def test_placeholders_that_nobody_fills_in(runner: str, kind: str, text: str, rule: str | None) -> None:
    found = runners.of_placeholders(file(runner), placeholder(kind, text), text)
    assert [p.rule for p in found] == ([rule] if rule else [])


def test_goose_fills_in_the_environment_when_told() -> None:
    text = "-- +goose ENVSUB ON\n-- +goose Up\nSELECT '${x}';"
    assert runners.of_placeholders(file("goose"), placeholder("template", "${x}"), text) == ()
