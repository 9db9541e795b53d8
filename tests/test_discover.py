"""Discovery: a layout of files is made, what is found, in which order, with which runner and dialect is asserted."""

import json
from pathlib import Path

import pytest

from safecol import discover
from safecol.discover import Discovery, MigrationFile
from safecol.errors import UserError


@pytest.fixture(autouse=True)
def _repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)


def write(layout: dict[str, str]) -> None:
    for path, text in layout.items():
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(text, encoding="utf-8")


def find(*paths: str, **options: object) -> Discovery:
    return discover.find(paths or ["."], runner=lambda _: None, dialect=lambda _: None, **options)  # type: ignore[arg-type]


def names(found: Discovery) -> list[str]:
    return [file.path for file in found.files]


def only(found: Discovery) -> MigrationFile:
    assert len(found.files) == 1
    return found.files[0]


TABLE = "CREATE TABLE t (id bigint);\n"
UP_DOWN = {"0001_a.up.sql": TABLE, "0001_a.down.sql": "DROP TABLE t;\n"}


@pytest.mark.parametrize(
    ("layout", "target", "runner", "source"),
    [
        ({"db/migrations/1_x.sql": "-- migrate:up\n"}, "", "dbmate", "marker"),
        ({"m/1_x.sql": "-- +goose Up\n"}, "", "goose", "marker"),
        ({"m/x.sql": "--liquibase formatted sql\n"}, "", "liquibase", "marker"),
        ({"m/1_x.sql": "SELECT 1;\n---- create above / drop below ----\n"}, "", "tern", "marker"),
        ({"m/1_x.sql": "-- rambler up\n"}, "", "rambler", "marker"),
        ({"m/1_x.sql": "-- Up Migration\n"}, "", "node-pg-migrate", "marker"),
        ({"m/1_x.sql": "-- atlas:txmode none\n\n"}, "", "atlas", "marker"),
        ({"m/1_x.sql": "-- depends: a\n"}, "", "yoyo", "marker"),
        ({"m/1_x.sql": "-- no-transaction\n"}, "", "sqlx", "marker"),
        ({"m/1_x.sql": "-- +migrate Up\n"}, "", "sql-migrate", "marker"),
        ({"deploy/x.sql": "-- Deploy app:x to pg\n"}, "", "sqitch", "marker"),
        ({"script.sql": 'SELECT * FROM "__EFMigrationsHistory";\n'}, "", "ef-core", "marker"),
        ({"drizzle/0000_a.sql": "SELECT 1;--> statement-breakpoint\n"}, "", "drizzle", "marker"),
        ({"sqitch.plan": "%project=x\n\nx 2020 me <m@x>\n", "deploy/x.sql": TABLE}, "", "sqitch", "sqitch.plan"),
        ({"m/atlas.sum": "h1:x", "m/1_x.sql": TABLE}, "", "atlas", "atlas.sum"),
        ({"supabase/config.toml": "", "supabase/migrations/2024_x.sql": TABLE}, "", "supabase", "config.toml"),
        ({"supabase/migrations/20240101000000_x.sql": TABLE}, "", "supabase", "path"),
        ({"tern.conf": "", "migrations/001_x.sql": TABLE}, "", "tern", "tern.conf"),
        ({"yoyo.ini": "", "migrations/x.sql": TABLE}, "", "yoyo", "yoyo.ini"),
        ({"rambler.json": "{}", "migrations/x.sql": TABLE}, "", "rambler", "rambler.json"),
        ({"flyway.toml": "", "sql/V1__x.sql": TABLE}, "", "flyway", "flyway.toml"),
        ({"sql/V1__x.sql": TABLE, "sql/V1_1__y.sql": TABLE, "sql/R__v.sql": TABLE}, "", "flyway", "name"),
        ({"Cargo.toml": "[dependencies]\nrefinery = 1\n", "m/V1__x.sql": TABLE}, "", "refinery", "Cargo.toml"),
        ({"Cargo.toml": "[dependencies]\nsqlx = 1\n", "migrations/1_x.sql": TABLE}, "", "sqlx", "Cargo.toml"),
        ({"Cargo.toml": "[dependencies.sqlx]\n", "migrations/1_x.up.sql": TABLE}, "", "sqlx", "Cargo.toml"),
        ({"m/" + name: text for name, text in UP_DOWN.items()}, "", "golang-migrate", "name"),
        (
            {"go.mod": "\tgithub.com/golang-migrate/migrate/v4 v4.1.0\n", "m/1_x.up.sql": TABLE},
            "", "golang-migrate", "go.mod",
        ),
        ({"go.mod": "module x\n", "m/1_x.up.sql": TABLE}, "", "plain", "default"),
        ({"m/20240101000000_x/migration.sql": TABLE}, "", "prisma", "name"),
        ({"m/20240101000000_x/migration.sql": TABLE, "m/20240101000000_x/snapshot.json": "{}"}, "", "drizzle", "name"),
        ({"diesel.toml": "", "migrations/2020-01-01-000000_x/up.sql": TABLE}, "", "diesel", "diesel.toml"),
        ({"migrations/2020-01-01-000000_x/up.sql": TABLE}, "", "diesel", "name"),
        ({"migrations/db/1700000000000_x/up.sql": TABLE}, "", "hasura", "name"),
        ({"m/x.sql": TABLE, "m/x.rollback.sql": "DROP TABLE t;"}, "", "yoyo", "name"),
        ({"anything.sql": TABLE}, "", "plain", "default"),
        ({"go.mod": "module x\n", "m/1_x.sql": "-- NO_TRANSACTION\nSELECT 1;"}, "", "plain", "default"),
    ],
)  # fmt: skip
def test_the_runner_is_recognised(layout: dict[str, str], target: str, runner: str, source: str) -> None:
    write(layout)
    found = find(target or ".")
    assert {(file.runner, file.runner_source) for file in found.files} == {(runner, source)}


def test_settings_override_what_is_recognised() -> None:
    write({"m/1_x.sql": "-- +goose Up\n"})
    found = discover.find(["m"], runner=lambda _: "psql", dialect=lambda _: "mysql")
    assert only(found)[1:4] == ("psql", "mysql", "settings")
    assert only(found).runner_source == "settings"


def test_up_and_down_files_of_one_version_stay_together() -> None:
    write({"m/10_b.up.sql": "", "m/10_b.down.sql": "", "m/9_a.down.sql": "", "m/9_a.up.sql": ""})
    found = find("m")
    assert names(found) == ["m/9_a.up.sql", "m/9_a.down.sql", "m/10_b.up.sql", "m/10_b.down.sql"]
    assert [file.direction for file in found.files] == ["up", "down", "up", "down"]


def test_flyway_orders_by_dotted_version_with_repeatables_last() -> None:
    versions = ["V1.10__a.sql", "V1.9__b.sql", "V2__c.sql", "R__view.sql", "V1_9_1__d.sql", "beforeMigrate.sql"]
    write({f"m/{name}": TABLE for name in versions})
    assert names(find("m")) == [
        "m/beforeMigrate.sql", "m/V1.9__b.sql", "m/V1_9_1__d.sql", "m/V1.10__a.sql", "m/V2__c.sql", "m/R__view.sql",
    ]  # fmt: skip


def test_flyway_reads_folders_of_versions_as_one_history() -> None:
    write({"m/v2/V2_0__b.sql": TABLE, "m/v1/V1_0__a.sql": TABLE, "m/v10/V10_0__c.sql": TABLE})
    assert names(find("m")) == ["m/v1/V1_0__a.sql", "m/v2/V2_0__b.sql", "m/v10/V10_0__c.sql"]
    assert {file.history for file in find("m").files} == {"m"}
    assert names(find("m/v2/V2_0__b.sql")) == ["m/v1/V1_0__a.sql", "m/v2/V2_0__b.sql"]


def test_flyway_undo_files_are_down_and_baselines_a_history_of_their_own() -> None:
    write({"m/V1__a.sql": TABLE, "m/U1__a.sql": "DROP TABLE t;", "m/B1__a.sql": TABLE})
    found = {file.name: file for file in find("m").files}
    assert found["U1__a.sql"].direction == "down"
    assert found["B1__a.sql"].history != found["V1__a.sql"].history


def test_sqitch_takes_its_order_from_the_plan() -> None:
    plan = "%project=x\n\nzebra 2020-01-01T00:00:00Z a <a@x>\n@v1 2020-01-02 a <a@x>\napple [zebra] 2020 a <a@x>\n"
    plan += "zebra [zebra@v1] 2020 a <a@x> # rework\n"
    write({"sqitch.plan": plan, "sqitch.conf": "[core]\n\tengine = pg\n"})
    write({f"deploy/{name}.sql": TABLE for name in ("apple", "zebra", "zebra@v1")})
    write({"revert/apple.sql": "DROP TABLE t;", "verify/apple.sql": "SELECT 1;"})
    found = find()
    ups = [file.name for file in found.files if file.direction == "up"]
    assert ups == ["zebra@v1.sql", "apple.sql", "zebra.sql"]
    assert [file.path for file in found.files if file.direction == "down"] == ["revert/apple.sql"]
    assert found.skipped == (("verify/apple.sql", "a verify script of sqitch, not a migration"),)
    assert found.files[0].dialect_source == "sqitch sqitch.conf"


def test_drizzle_takes_its_order_and_dialect_from_the_journal() -> None:
    entries = [{"idx": 0, "tag": "0001_first"}, {"idx": 1, "tag": "0000_second"}]
    write({"d/meta/_journal.json": json.dumps({"dialect": "mysql", "entries": entries})})
    write({"d/0001_first.sql": TABLE, "d/0000_second.sql": TABLE})
    found = find("d")
    assert names(found) == ["d/0001_first.sql", "d/0000_second.sql"]
    assert {(file.runner, file.dialect) for file in found.files} == {("drizzle", "mysql")}


def test_a_named_file_brings_the_ones_before_it_as_context() -> None:
    write({f"m/{n}_x.sql": "-- migrate:up\n" for n in (1, 2, 3)})
    found = find("m/2_x.sql")
    assert [(file.path, file.target) for file in found.files] == [("m/1_x.sql", False), ("m/2_x.sql", True)]


def test_context_has_no_down_files_and_nothing_of_other_folders() -> None:
    write({f"m/{name}": text for name, text in UP_DOWN.items()})
    write({"m/0002_b.up.sql": TABLE, "other/0001_z.up.sql": TABLE})
    found = find("m/0002_b.up.sql")
    assert [(file.path, file.target) for file in found.files] == [("m/0001_a.up.sql", False), ("m/0002_b.up.sql", True)]


def test_a_named_file_in_a_folder_of_its_own_finds_its_history() -> None:
    write({f"prisma/migrations/2024010100000{n}_x/migration.sql": TABLE for n in (1, 2, 3)})
    write({"prisma/migrations/migration_lock.toml": 'provider = "sqlite"\n'})
    found = find("prisma/migrations/20240101000002_x/migration.sql")
    assert [file.target for file in found.files] == [False, True]
    assert {(file.history, file.dialect, file.dialect_source) for file in found.files} == {
        ("prisma/migrations", "sqlite", "prisma migration_lock.toml")
    }


def test_everything_below_a_named_folder_is_a_target() -> None:
    write({"a/1.sql": TABLE, "b/c/10.sql": TABLE, "b/c/9.sql": TABLE, "README.md": ""})
    found = find(".")
    assert names(found) == ["a/1.sql", "b/c/9.sql", "b/c/10.sql"]
    assert all(file.target for file in found.files)
    assert [file.history for file in found.files] == ["a", "b/c", "b/c"]


def test_folders_of_tools_are_not_entered() -> None:
    write({f"{folder}/1.sql": TABLE for folder in ("node_modules/x", ".venv", "__pycache__", ".hidden", "vendor")})
    assert find(".").files == ()


def below_old(path: str) -> bool:
    return path.startswith("m/old")


def test_excluded_files_are_read_only_when_named() -> None:
    write({"m/old/1.sql": TABLE, "m/2.sql": TABLE})
    assert names(find("m", excluded=below_old)) == ["m/2.sql"]
    assert names(find("m/old/1.sql", excluded=below_old)) == ["m/old/1.sql"]
    forced = find("m/old/1.sql", excluded=below_old, force_exclude=True)
    assert (forced.files, forced.skipped) == ((), (("m/old/1.sql", "excluded by the settings"),))


def test_missing_paths_are_returned() -> None:
    assert find("nowhere.sql", "gone/").missing == ("nowhere.sql", "gone/")


def test_dumps_are_not_migrations() -> None:
    write({"db/schema.sql": "--\n-- PostgreSQL database dump\n--\n", "db/structure.sql": "", "db/1_x.sql": TABLE})
    write({"db/0_init.sql": "--\n-- PostgreSQL database dump\n--\n", "db/app_schema.sql": TABLE})
    found = find("db")
    assert sorted(names(found)) == ["db/0_init.sql", "db/1_x.sql", "db/app_schema.sql"]
    assert {path for path, _ in found.skipped} == {"db/schema.sql", "db/structure.sql"}


def test_python_migrations_of_django_are_found_beside_other_python_files() -> None:
    write({"app/migrations/0001_initial.py": "class Migration(migrations.Migration):\n    pass\n"})
    write({"app/models.py": "x = 1\n"})
    (file,) = find().files
    assert (file.path, file.runner, file.app, find().skipped) == ("app/migrations/0001_initial.py", "django", "app", ())


@pytest.mark.parametrize(
    ("layout", "dialect", "source"),
    [
        ({"m/postgres/1.sql": TABLE}, "postgresql", "path"),
        ({"m/mysql-migrations/1.sql": TABLE}, "mysql", "path"),
        ({"m/MariaDB/1.sql": TABLE}, "mariadb", "path"),
        ({"m/1_x.sqlite3.up.sql": TABLE}, "sqlite", "path"),
        ({"m/1.sql": "CREATE TABLE t (id int AUTO_INCREMENT) ENGINE=InnoDB;"}, "mysql", "content"),
        ({"m/1.sql": "CREATE TABLE t (id integer PRIMARY KEY AUTOINCREMENT, `a` text);"}, "sqlite", "content"),
        ({"m/1.sql": "CREATE TABLE t (id bigserial, a jsonb);"}, "postgresql", "content"),
        ({"m/1.sql": "-- AUTO_INCREMENT\nCREATE TABLE t (id int);"}, "postgresql", "default"),
        ({"m/1.sql": TABLE}, "postgresql", "default"),
        ({"atlas.hcl": 'env "x" {\n  url = "mysql://x"\n}\n', "migrations/1.sql": TABLE}, "mysql", "atlas atlas.hcl"),
        ({"flyway.conf": "flyway.url=jdbc:mariadb://h/d\n", "sql/V1__x.sql": TABLE}, "mariadb", "flyway flyway.conf"),
    ],
)
def test_the_dialect_and_why(layout: dict[str, str], dialect: str, source: str) -> None:
    write(layout)
    assert only(find()).dialect == dialect
    assert only(find()).dialect_source == source


def test_one_file_of_a_history_decides_the_dialect_of_all() -> None:
    write({"m/1.sql": TABLE, "m/2.sql": "ALTER TABLE t ADD c int UNSIGNED AUTO_INCREMENT;", "n/1.sql": TABLE})
    assert [(file.path, file.dialect) for file in find().files] == [
        ("m/1.sql", "mysql"), ("m/2.sql", "mysql"), ("n/1.sql", "postgresql"),
    ]  # fmt: skip


def test_dialects_in_one_folder_are_histories_of_their_own() -> None:
    write({f"m/1_x{infix}.up.sql": TABLE for infix in ("", ".postgres", ".mysql", ".cockroach", ".h2")})
    found = find("m")
    assert {(file.name, file.dialect, file.history) for file in found.files} == {
        ("1_x.up.sql", "postgresql", "m"),
        ("1_x.postgres.up.sql", "postgresql", "m"),
        ("1_x.mysql.up.sql", "mysql", "m (mysql)"),
        ("1_x.cockroach.up.sql", "cockroachdb", "m (cockroachdb)"),
    }
    assert found.skipped == (("m/1_x.h2.up.sql", "H2 is not a dialect that safecol reads"),)


def test_an_unnumbered_name_may_begin_or_end_with_its_dialect() -> None:
    names = ("mysql-schema", "shop_postgresql", "derby-schema", "from_mysql_only", "schema")
    write({f"m/{name}.sql": TABLE for name in names} | {"n/004_import_from_mysql.sql": TABLE})
    assert {file.name: file.dialect for file in find().files} == {
        "mysql-schema.sql": "mysql",
        "shop_postgresql.sql": "postgresql",
        "from_mysql_only.sql": "postgresql",
        "schema.sql": "postgresql",
        "004_import_from_mysql.sql": "postgresql",
    }
    assert find().skipped == (("m/derby-schema.sql", "Derby is not a dialect that safecol reads"),)


def test_files_beside_a_migration_that_change_its_transaction() -> None:
    write({"diesel.toml": "", "m/2020-01-01-000000_x/up.sql": TABLE})
    write({"m/2020-01-01-000000_x/metadata.toml": "run_in_transaction = false\n"})
    write({"sql/V1__x.sql": TABLE, "sql/V1__x.sql.conf": "executeInTransaction=false\n", "sql/V2__y.sql": TABLE})
    found = {file.name: file.no_transaction for file in find().files}
    assert found == {"up.sql": True, "V1__x.sql": True, "V2__y.sql": False}


@pytest.mark.parametrize(
    ("layout", "ignored"),
    [
        ({f"m/{n}_x.sql": "-- migrate:up\n" for n in (1, 2)} | {"m/add_c.sql": TABLE}, ["m/add_c.sql"]),
        (
            {"flyway.conf": "", **{f"m/V{n}__x.sql": TABLE for n in (1, 2)}, "m/V3_x.sql": TABLE},
            ["m/V3_x.sql"],
        ),
        ({f"m/{n}_x.sql": "-- migrate:up\n" for n in (1, 2)} | {"m/seeds.sql": "INSERT INTO t VALUES (1);"}, []),
        ({f"m/{n}_x.sql": TABLE for n in (1, 2)} | {"m/add_c.sql": TABLE}, []),
        ({**{f"m/{n}_x.up.sql": TABLE for n in (1, 2, 4)}, "m/3_x.sql": TABLE, "m/x.sql": TABLE}, ["m/3_x.sql"]),
        ({**{f"m/V{n}__x.sql": TABLE for n in (1, 2)}, "m/V3_x.sql": TABLE}, ["m/V3_x.sql"]),
        ({"go.mod": "module x\n", **{f"m/{n}_x.up.sql": TABLE for n in (1, 2)}, "m/3_x.sql": TABLE}, []),
    ],
)
def test_files_that_the_runner_passes_over(layout: dict[str, str], ignored: list[str]) -> None:
    write(layout)
    assert [file.path for file in find("m").files if file.ignored] == ignored


def test_a_text_that_is_on_no_disk() -> None:
    (found,) = discover.unsaved("m/1_x.sql", "-- +goose Up\n", runner=lambda _: None, dialect=lambda _: None)
    assert (found.path, found.runner, found.target) == ("m/1_x.sql", "goose", True)


def test_text_of_a_database_that_is_not_read_is_refused() -> None:
    with pytest.raises(UserError, match="H2 is not a dialect"):
        discover.unsaved("h2/1_x.sql", "DROP TABLE x;", runner=lambda _: None, dialect=lambda _: None)


def test_folders_named_by_version_are_one_history_in_the_order_of_versions(tmp_path: Path) -> None:
    for folder in ("v1.10", "v1.9", "v1.2"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "change.sql").write_text("ALTER TABLE t ADD COLUMN c int;")
    found = discover.find([str(tmp_path)], runner=lambda _: None, dialect=lambda _: "postgresql").files
    assert [Path(file.path).parent.name for file in found] == ["v1.2", "v1.9", "v1.10"]
    assert len({file.history for file in found}) == 1


def test_a_named_file_of_a_version_has_the_earlier_versions_as_context(tmp_path: Path) -> None:
    for folder in ("1.9", "1.10"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "change.sql").write_text("ALTER TABLE t ADD COLUMN c int;")
    target = tmp_path / "1.10" / "change.sql"
    found = discover.find([str(target)], runner=lambda _: None, dialect=lambda _: "postgresql").files
    assert [(Path(file.path).parent.name, file.target) for file in found] == [("1.9", False), ("1.10", True)]
