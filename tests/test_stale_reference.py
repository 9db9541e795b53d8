"""Code that still uses what a migration takes away: what counts as a use, where it is searched, and what is said."""
# ruff: noqa: E501, ISC004 - a file of code stays on one line of the table

import json
import subprocess
import sys
from pathlib import Path

import pytest

from safecol.analysis import lint_texts
from safecol.catalog import load
from safecol.finding import Finding

SETUP = (
    "CREATE TABLE users (id bigint PRIMARY KEY, email text, phone_number text, status text, tag text);"
    "CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint, status text);"
    "CREATE TABLE tag (id bigint PRIMARY KEY, name text);"
    "CREATE VIEW big_orders AS SELECT id FROM orders;"
    "CREATE FUNCTION order_total(bigint) RETURNS int LANGUAGE sql AS 'SELECT 1';"
    'CREATE TABLE "Message" (id text PRIMARY KEY, "sessionId" text);'
    "CREATE SCHEMA app; CREATE TABLE app.jobs (id bigint PRIMARY KEY);"
    "CREATE TABLE shop_coupon (id bigint PRIMARY KEY, owner_id bigint);"
)
DROP = "ALTER TABLE users DROP COLUMN phone_number;"


def stale(sql: str, code: dict[str, str]) -> list[Finding]:
    found = lint_texts([("1.sql", sql)], dialect="postgresql", version="16", setup=[SETUP], catalog=load(), code=code)
    return [finding for finding in found if finding.rule == "stale-reference"]


USES = {
    "a query in Python": ("a.py", 'x = "SELECT u.phone_number FROM users u"'),
    "a query over several strings": ("a.py", 'x = ("SELECT id, phone_number"\n     " FROM users")'),
    "a joined query of Java": ("A.java", '@Query("select u.phone_number, o.id " +\n  "from users u join orders o on true")'),
    "an alone column beside tables that lack it": ("a.go", "q := `SELECT phone_number FROM users JOIN orders ON true`"),
    "an INSERT": ("a.rb", 'sql = "INSERT INTO users (id, phone_number) SELECT id, name FROM tag"'),
    "an UPDATE": ("a.rs", 'sqlx::query("UPDATE users SET phone_number = $1 WHERE id = $2")'),
    "a raw string of Rust": ("a.rs", 'sqlx::query!(r#"SELECT phone_number FROM public.users"#)'),
    "a heredoc of Ruby": ("a.rb", "x = <<~SQL\n  SELECT phone_number\n  FROM users\nSQL\n"),
    "a template of JavaScript": ("a.ts", "const x = sql`SELECT phone_number FROM users WHERE id = ${id}`"),
    "a file of queries": ("queries/users.sql", "-- name: FindUser :one\nSELECT id, phone_number FROM users WHERE id = $1;\n"),
    "escaped quotes": ("a.java", 'String x = "SELECT \\"phone_number\\" FROM \\"users\\"";'),
    "SQLAlchemy": ("m.py", 'class User(Base):\n    __tablename__ = "users"\n    phone_number = Column(String)\n'),
    "SQLAlchemy by annotation": (
        "m.py", 'class User(Base):\n    __tablename__ = "users"\n    phone_number: Mapped[str]\n',
    ),
    "SQLAlchemy under another attribute": (
        "m.py", 'class User(Base):\n    __tablename__ = "users"\n    phone = mapped_column("phone_number", String)\n',
    ),
    "SQLAlchemy tables": ("m.py", 'users = Table("users", metadata, Column("id", Integer), Column("phone_number", Text))'),
    "Django": (
        "m.py", 'class User(models.Model):\n    phone_number = models.TextField()\n    class Meta:\n        db_table = "users"\n',
    ),
    "Peewee": (
        "m.py", 'class User(BaseModel):\n    phone_number = CharField()\n    class Meta:\n        table_name = "users"\n',
    ),
    "Prisma": (
        "schema.prisma", 'model User {\n  id Int @id\n  phoneNumber String? @map("phone_number")\n  @@map("users")\n}\n',
    ),
    "Drizzle": ("s.ts", 'export const users = pgTable("users", {\n  phone: text("phone_number"),\n});'),
    "Drizzle by the key": ("s.ts", 'export const users = pgTable("users", {\n  phoneNumber: text(),\n});'),
    "TypeORM": ("u.ts", '@Entity("users")\nexport class User {\n  @Column({ name: "phone_number" })\n  phone: string;\n}'),
    "TypeORM by the property": ("u.ts", "@Entity('users')\nexport class User {\n  @Column()\n  phoneNumber?: string;\n}"),
    "tags of Go": ("u.go", 'type User struct {\n\tID int\n\tPhone string `db:"phone_number" json:"p"`\n}\n'),
    "GORM": (
        "u.go",
        'type Person struct {\n\tPhone string `gorm:"column:phone_number"`\n}\n\nfunc (Person) TableName() string {\n'
        '\treturn "users"\n}\n',
    ),
    "Diesel": ("schema.rs", "table! {\n    users (id) {\n        id -> Int8,\n        phone_number -> Text,\n    }\n}"),
    "SeaORM": (
        "u.rs", '#[sea_orm(table_name = "users")]\npub struct Model {\n    pub id: i64,\n    pub phone_number: String,\n}',
    ),
    "ActiveRecord": ("user.rb", "class User < ApplicationRecord\n  validates :phone_number, presence: true\nend\n"),
    "JPA": ("U.java", '@Entity\n@Table(name = "users")\npublic class U {\n    @Column(name = "phone_number")\n    private String p;\n}'),
    "Ecto": ("u.ex", 'schema "users" do\n    field :phone_number, :string\n  end'),
    "Eloquent": ("U.php", "<?php class User extends Model {\n  protected $fillable = ['id', 'phone_number'];\n}"),
    "Knex": ("a.js", 'const x = await knex("users").select("id", "phone_number");'),
    "Kysely": ("a.ts", 'db.selectFrom("users as u").select(["u.phone_number"]).execute()'),
    "Supabase": ("a.ts", 'await supabase\n  .from("users")\n  .update({ phone_number: phone })\n  .eq("id", id)'),
    "Squirrel": ("a.go", 'rows := psql.Select("u.id, u.phone_number").From("users u").RunWith(db)'),
}  # fmt: skip

OTHERS = {
    "a comment": ("a.py", '# SELECT phone_number FROM users\nx = "SELECT id FROM users"'),
    "a key of no query": ("a.ts", "const user = { phone_number: users.length };"),
    "prose": ("a.py", 'x = "Please select a phone_number from users"\n'),
    "another table's column": ("a.py", 'x = "SELECT o.phone_number FROM orders o JOIN users u ON u.id = o.user_id"'),
    "an alias": ("a.py", 'x = "SELECT email AS phone_number FROM users"'),
    "a parameter": ("a.py", 'x = "UPDATE users SET email = :phone_number"'),
    "a value": ("a.py", "x = \"SELECT id FROM users WHERE email = 'phone_number'\""),
    "an unknown second relation": ("a.py", 'x = "SELECT phone_number FROM users JOIN contacts ON true"'),
    "a query given by WITH": ("a.py", 'x = "WITH users AS (SELECT 1) SELECT phone_number FROM users"'),
    "another schema": ("a.py", 'x = "SELECT phone_number FROM auth.users"'),
    "a model of another table": ("m.py", 'class P(Base):\n    __tablename__ = "people"\n    phone_number = Column(String)\n'),
    "no column of the model": (
        "m.py", 'class U(Base):\n    __tablename__ = "users"\n    @property\n    def phone_number(self):\n        return 1\n',
    ),
    "a renamed attribute": (
        "m.py", 'class U(Base):\n    __tablename__ = "users"\n    phone_number = Column("telephone", String)\n',
    ),
    "ignored columns": (
        "user.rb",
        'class User < ApplicationRecord\n  self.ignored_columns = ["phone_number"]\n  validates :phone_number, on: :never\nend\n',
    ),
    "Prisma of another database": (
        "schema.prisma",
        'datasource db {\n  provider = "mysql"\n}\nmodel users {\n  phone_number String\n}\n',
    ),
    "Prisma under another name": ("schema.prisma", "model User {\n  phone_number String\n}\n"),
    "code for another database": ("store/sqlite/users.go", "q := `SELECT phone_number FROM users`"),
    "what a generator wrote": ("a.go", "// Code generated by x. DO NOT EDIT.\nq := `SELECT phone_number FROM users`"),
    "a script without parameters": ("fix/users.sql", "UPDATE users SET phone_number = NULL;"),
    "a schema in code": ("a.py", 'x = "CREATE TABLE users (phone_number text)"'),
}  # fmt: skip


@pytest.mark.parametrize("name", USES)
def test_a_use_is_found(name: str) -> None:
    path, text = USES[name]
    found = stale(DROP, {path: text})
    assert [finding.severity for finding in found] == ["error"]
    place = found[0].related[0]
    assert place.path == path
    assert text[place.span.start : place.span.end] in ("phone_number", "phoneNumber")


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_no_use_is_not_found(name: str) -> None:
    path, text = OTHERS[name]
    assert stale(DROP, {path: text}) == []


@pytest.mark.parametrize(
    ("sql", "path", "text"),
    [
        ("DROP TABLE users;", "a.py", 'x = "DELETE FROM users WHERE id = 1"'),
        ("DROP TABLE users;", "a.py", 'x = "SELECT 1 FROM orders, users"'),
        ("ALTER TABLE users RENAME TO people;", "m.py", 'class U(Base):\n    __tablename__ = "users"\n'),
        ("ALTER TABLE users RENAME COLUMN email TO mail;", "a.py", 'x = "SELECT email FROM users"'),
        ("DROP VIEW big_orders;", "a.ts", 'db.from("big_orders").select("*")'),
        ("DROP FUNCTION order_total(bigint);", "a.py", 'x = "SELECT order_total(%s)"'),
        ("DROP FUNCTION order_total(bigint);", "a.ts", 'await supabase.rpc("order_total", { id })'),
        ('ALTER TABLE "Message" DROP COLUMN "sessionId";', "s.prisma", "model Message {\n  sessionId String?\n}\n"),
        ('DROP TABLE "Message";', "a.ts", 'await sql`SELECT 1 FROM "Message"`'),
        ("DROP TABLE app.jobs;", "a.py", 'x = "SELECT 1 FROM app.jobs"'),
        ("DROP TABLE shop_coupon;", "shop/models.py", "class Coupon(models.Model):\n    x = models.TextField()\n"),
        ("ALTER TABLE shop_coupon DROP COLUMN owner_id;", "shop/models/coupon.py",
         "class Coupon(models.Model):\n    owner = models.ForeignKey(User, on_delete=models.CASCADE)\n"),
    ],
)  # fmt: skip
def test_every_kind_of_name_is_looked_for(sql: str, path: str, text: str) -> None:
    assert len(stale(sql, {path: text})) == 1


@pytest.mark.parametrize(
    ("sql", "path", "text"),
    [
        ("DROP TABLE app.jobs;", "a.py", 'x = "SELECT 1 FROM jobs"'),
        ("ALTER TABLE users SET SCHEMA app;", "a.py", 'x = "SELECT 1 FROM users"'),
        ('DROP TABLE "Message";', "a.py", 'x = "SELECT 1 FROM message"'),
        ("ALTER TABLE users DROP COLUMN tag;", "a.py", 'x = "SELECT 1 FROM users u JOIN tag ON tag.name = u.email"'),
        ("DROP TABLE tag;", "a.ts", 'const tag = Array.from("tag")'),
        ("DROP TABLE users; CREATE TABLE users (id int);", "a.py", 'x = "SELECT 1 FROM users"'),
        ("ALTER TABLE users DROP COLUMN tag; ALTER TABLE users ADD COLUMN tag int;", "a.py", 'x = "SELECT tag FROM users"'),
        ("ALTER TABLE users RENAME TO u2; CREATE VIEW users AS SELECT * FROM u2;", "a.py", 'x = "SELECT 1 FROM users"'),
    ],
)  # fmt: skip
def test_names_that_mean_something_else_or_come_back_are_left_alone(sql: str, path: str, text: str) -> None:
    assert stale(sql, {path: text}) == []


def test_the_columns_of_a_renamed_table_are_looked_for_under_its_new_name() -> None:
    sql = "ALTER TABLE users DROP COLUMN tag; ALTER TABLE users RENAME TO people;"
    (found,) = stale(sql, {"a.py": 'x = "SELECT tag FROM people"'})
    assert "`users.tag` is dropped" in found.message


def test_the_places_are_counted_and_the_first_ones_shown() -> None:
    code = {f"{number}.py": 'x = "SELECT phone_number FROM users"' for number in range(8)}
    (found,) = stale(DROP, code)
    assert "(0.py:1 and 7 more)" in found.message
    assert len(found.related) == 5


def test_the_finding_stands_in_for_those_that_say_less_and_keeps_their_stages() -> None:
    found = lint_texts(
        [("1.sql", "SET lock_timeout = '2s'; DROP TABLE tag;")], dialect="postgresql", version="16", setup=[SETUP],
        catalog=load(), code={"a.py": 'x = "SELECT name FROM tag"'},
    )  # fmt: skip
    assert [finding.rule for finding in found] == ["stale-reference"]
    assert any("RENAME TO tag_unused" in stage.sql for stage in found[0].stages)


def test_it_can_be_suppressed_and_a_candidate_that_does_not_hold_is_not_counted() -> None:
    sql = f"SET lock_timeout = '2s';\n-- safecol: ignore[stale-reference, column-drop] dead code\n{DROP}"
    assert stale(sql, {"a.py": 'x = "SELECT phone_number FROM users"'}) == []
    assert stale(sql, {"a.py": "x = 1"}) == []


@pytest.mark.parametrize(
    "sql",
    [
        "DROP TABLE tag; CREATE TABLE app.tag (id bigint PRIMARY KEY);",
        "CREATE TABLE app.users (phone_number text); ALTER TABLE users DROP COLUMN phone_number;",
        "ALTER TABLE app.jobs RENAME TO tasks; CREATE TABLE jobs (id bigint PRIMARY KEY);",
    ],
)
def test_a_name_that_another_schema_has_may_be_what_the_code_means(sql: str) -> None:
    assert (
        stale(
            sql, {"a.py": 'x = "SELECT phone_number FROM users"\ny = "SELECT id FROM tag"\nz = "SELECT id FROM jobs"'}
        )
        == []
    )


def test_of_several_tables_that_one_statement_drops_the_right_one_is_named() -> None:
    (finding,) = stale("DROP TABLE orders, tag;", {"a.py": 'x = "SELECT status FROM orders"'})
    assert finding.message.startswith("`orders` is dropped")
    texts = lint_texts(
        [("1.sql", "DROP TABLE orders, tag;")], dialect="postgresql", version="16", setup=[SETUP], catalog=load(),
        code={"a.py": 'x = "SELECT status FROM orders"'},
    )  # fmt: skip
    assert [finding.table for finding in texts if finding.rule == "table-drop"] == ["tag"]


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(
        ["git", "-c", "user.name=a", "-c", "user.email=a@b", *arguments], cwd=folder, check=True, capture_output=True
    )


def lint(folder: Path, *arguments: str) -> dict[str, object]:
    done = subprocess.run(
        [sys.executable, "-m", "safecol", "lint", "--output-format", "json", *arguments],
        cwd=folder, check=False, capture_output=True, text=True,
    )  # fmt: skip
    return json.loads(done.stdout)  # type: ignore[no-any-return]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    migrations = tmp_path / "db" / "migrations"
    migrations.mkdir(parents=True)
    (migrations / "001_users.sql").write_text("CREATE TABLE users (id bigint PRIMARY KEY, phone_number text);\n")
    (migrations / "002_drop.sql").write_text("SET lock_timeout = '2s';\nALTER TABLE users DROP COLUMN phone_number;\n")
    for folder in ("app", "tests", "node_modules", "ignored"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "q.py").write_text('x = "SELECT phone_number FROM users"\n')
    (tmp_path / ".gitignore").write_text("ignored/\n")
    return tmp_path


def places(document: dict[str, object]) -> list[str]:
    return [
        one["path"]
        for finding in document["findings"]  # type: ignore[attr-defined]
        if finding["rule"] == "stale-reference"
        for one in finding["related"]
    ]


def test_the_code_of_the_repository_is_searched_but_for_tests_vendored_and_ignored_files(project: Path) -> None:
    git(project, "init", "-q")
    assert places(lint(project, "db/migrations/002_drop.sql", "--dialect", "postgresql")) == ["app/q.py"]
    assert places(lint(project, "db", "--dialect", "postgresql")) == ["app/q.py"]


def test_without_git_the_project_is_searched_and_nothing_without_one(project: Path) -> None:
    assert places(lint(project, "db", "--dialect", "postgresql")) == []
    (project / "package.json").write_text("{}")
    assert places(lint(project, "db", "--dialect", "postgresql")) == ["app/q.py", "ignored/q.py"]


@pytest.mark.parametrize(("setting", "expected"), [("[]", []), ('["ignored"]', ["ignored/q.py"])])
def test_the_settings_name_the_folders(project: Path, setting: str, expected: list[str]) -> None:
    git(project, "init", "-q")
    (project / "safecol.toml").write_text(f'code-paths = {setting}\ndialect = "postgresql"\n')
    assert places(lint(project, "db/migrations/002_drop.sql")) == expected


def test_nothing_is_searched_where_nothing_is_dropped_or_the_rule_is_off(project: Path) -> None:
    code = (
        "import sys\nfrom safecol.cli import run\nrun(sys.argv[1:])\n"
        "print('safecol.code.search' in sys.modules, file=sys.stderr)"
    )
    for arguments in (["db/migrations/001_users.sql"], ["db", "--ignore", "stale-reference"]):
        done = subprocess.run(
            [sys.executable, "-c", code, "lint", *arguments],
            cwd=project, check=False, capture_output=True, text=True,
        )  # fmt: skip
        assert done.stderr.strip().endswith("False"), done.stderr
    (project / "package.json").write_text("{}")
    done = subprocess.run(
        [sys.executable, "-c", code, "lint", "db"], cwd=project, check=False, capture_output=True, text=True
    )
    assert done.stderr.strip().endswith("True"), done.stderr


def test_a_name_that_another_history_of_the_run_still_has_is_not_looked_for(project: Path) -> None:
    git(project, "init", "-q")
    other = project / "other" / "migrations"
    other.mkdir(parents=True)
    (other / "001_users.sql").write_text("CREATE TABLE users (id bigint PRIMARY KEY, phone_number text);\n")
    assert places(lint(project, "db", "other", "--dialect", "postgresql")) == []
    assert places(lint(project, "db", "--dialect", "postgresql")) == ["app/q.py"]


def test_a_whole_history_is_not_searched_for_what_a_later_migration_makes_again(project: Path) -> None:
    git(project, "init", "-q")
    (project / "db" / "migrations" / "003_again.sql").write_text("ALTER TABLE users ADD COLUMN phone_number int;\n")
    assert places(lint(project, "db", "--dialect", "postgresql")) == []


def test_with_a_base_the_code_of_the_work_tree_is_searched(project: Path) -> None:
    git(project, "init", "-q")
    drop = project / "db" / "migrations" / "002_drop.sql"
    text = drop.read_text()
    drop.unlink()
    git(project, "add", ".")
    git(project, "commit", "-qm", "before")
    drop.write_text(text)
    assert places(lint(project, "db", "--base", "HEAD", "--dialect", "postgresql")) == ["app/q.py"]
    (project / "app" / "q.py").write_text('x = "SELECT id FROM users"\n')
    assert places(lint(project, "db", "--base", "HEAD", "--dialect", "postgresql")) == []
