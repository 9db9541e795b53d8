"""Migrations of Django: what they send is read from their source, in the order of the project, by the state so far."""

from pathlib import Path
from textwrap import dedent

import pytest

from safecol import discover, reading
from safecol.operations import Statement
from safecol.read_file import ReadFile
from safecol.runners.django import Given

MODELS = "from django.db import migrations, models\n"


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test writes a project of its own."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "manage.py").write_text("")
    (tmp_path / ".git").mkdir()


def write(files: dict[str, str]) -> None:
    for name, text in files.items():
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text))


def migration(operations: str, *, before: str = "", depends: str = "", attributes: str = "") -> str:
    """The text of a migration file."""
    body = dedent(operations).strip().replace("\n", "\n        ")
    lines = [
        MODELS + dedent(before),
        "\nclass Migration(migrations.Migration):",
        *(f"    {line}" for line in dedent(attributes).strip().splitlines()),
        f"    dependencies = [{depends}]",
        f"    operations = [\n        {body}\n    ]\n",
    ]
    return "\n".join(line for line in lines if line)


def read(*paths: str, dialect: str | None = None) -> list[ReadFile]:
    found = discover.find(paths or ["."], runner=lambda _path: None, dialect=lambda _path: dialect)
    return list(reading.read_all(found.files, {}, lambda _path: None))


def of_section(done: ReadFile, direction: str = "up") -> list[Statement]:
    return [one for section, found in done.migration.sections if section.direction == direction for one in found]


def statements(done: ReadFile, direction: str = "up") -> list[str]:
    """The SQL of a file in a direction, one text a statement, in one line."""
    found = of_section(done, direction)
    return [" ".join(done.text[one.span.start : one.span.end].split()) for one in found if not one.opaque]


def sent(operations: str, **given: str) -> list[str]:
    """What a migration sends after one that makes a table of books."""
    done = last(operations, **given)
    assert not [one.opaque.reason for one in of_section(done) if one.opaque]
    return statements(done)


def last(operations: str, **given: str) -> ReadFile:
    write({"shop/migrations/0001_initial.py": BOOKS})
    write({"shop/migrations/0002_next.py": migration(operations, depends='("shop", "0001_initial")', **given)})
    return read()[-1]


def reasons(done: ReadFile) -> list[str]:
    return [one.opaque.reason for one in of_section(done) if one.opaque is not None]


BOOKS = migration(
    """
    migrations.CreateModel(
        name="Book",
        fields=[
            ("id", models.BigAutoField(primary_key=True)),
            ("title", models.CharField(max_length=100)),
            ("pages", models.IntegerField(null=True)),
            ("owner", models.ForeignKey(null=True, on_delete=models.CASCADE, to="auth.user")),
        ],
    ),
    """
)


# State


def test_a_change_that_the_database_does_not_see_sends_nothing() -> None:
    assert (
        sent('migrations.AlterField("book", "title", models.CharField(max_length=100, help_text="The title")),') == []
    )


def test_a_field_is_compared_with_what_it_was() -> None:
    assert sent('migrations.AlterField("book", "title", models.CharField(max_length=200)),') == [
        'ALTER TABLE "shop_book" ALTER COLUMN "title" TYPE varchar(200)'
    ]


def test_a_field_that_nothing_here_makes_is_said_to_be_unknown() -> None:
    done = last('migrations.AlterField("book", "colour", models.CharField(max_length=9)),')
    assert reasons(done) == ["what the field `colour` was is not known: no migration here makes it"]
    assert (done.met, done.missed) == (1, 1)


def test_renames_carry_on_to_what_follows() -> None:
    assert sent(
        """
        migrations.RenameModel("Book", "Volume"),
        migrations.RenameField("Volume", "title", "name"),
        migrations.RemoveField("volume", "name"),
        """
    )[-1].startswith('ALTER TABLE "shop_volume" DROP COLUMN "name"')


def test_state_and_database_can_be_told_apart() -> None:
    assert sent(
        """
        migrations.SeparateDatabaseAndState(
            state_operations=[migrations.RemoveField("book", "pages")],
            database_operations=[
                migrations.SeparateDatabaseAndState(
                    database_operations=[migrations.RunSQL("ALTER TABLE shop_book ADD note text", "")]
                )
            ],
        ),
        migrations.AddField("book", "pages", models.TextField(null=True)),
        """
    ) == ["ALTER TABLE shop_book ADD note text", 'ALTER TABLE "shop_book" ADD COLUMN "pages" text NULL']


def test_models_that_others_own_send_nothing() -> None:
    assert (
        sent(
            """
            migrations.CreateModel("Legacy", [("id", models.AutoField(primary_key=True))], options={"managed": False}),
            migrations.AddField("legacy", "note", models.TextField(null=True)),
            migrations.CreateModel("Cheap", [], options={"proxy": True}, bases=("shop.book",)),
            """
        )
        == []
    )


def test_the_key_of_a_user_is_that_of_the_model_that_the_settings_name() -> None:
    write(
        {
            "manage.py": 'os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")\n',
            "config/settings.py": 'AUTH_USER_MODEL = "people.Person"\n',
            "people/migrations/0001_initial.py": migration(
                'migrations.CreateModel("Person", [("id", models.UUIDField(primary_key=True))]),'
            ),
            "shop/migrations/0001_initial.py": migration(
                """
                migrations.CreateModel("Order", [
                    ("id", models.BigAutoField(primary_key=True)),
                    ("by", models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE)),
                ]),
                """,
                before="from django.conf import settings\n",
                depends="migrations.swappable_dependency(settings.AUTH_USER_MODEL)",
            ),
        }
    )
    first, second = read()
    assert (first.file.app, second.file.app) == ("people", "shop")
    assert '"by_id" uuid NOT NULL' in statements(second)[0]


# SQL


def test_sql_is_read_in_all_its_forms() -> None:
    assert sent(
        """
        migrations.RunSQL("CREATE TABLE a (id int); CREATE TABLE b (id int)", reverse_sql=""),
        migrations.RunSQL(["CREATE TABLE c (id int)", ("INSERT INTO c VALUES (%s, '100%%')", [1])]),
        migrations.RunSQL(migrations.RunSQL.noop, migrations.RunSQL.noop),
        migrations.RunSQL(f"DROP TABLE {NAME}_old"),
        """,
        before='NAME = "c"\n',
    ) == [
        "CREATE TABLE a (id int)",
        "CREATE TABLE b (id int)",
        "CREATE TABLE c (id int)",
        "INSERT INTO c VALUES (%s, '100%')",
        "DROP TABLE c_old",
    ]


def test_sql_has_its_place_in_the_file() -> None:
    done = last('migrations.RunSQL("""\n    CREATE TABLE a (id int);\n    DROP TABLE b;\n"""),')
    text = done.source.text
    spans = [done.place(one.span) for one in done.statements]
    assert [text[span.start : span.end] for span in spans] == ["CREATE TABLE a (id int)", "DROP TABLE b"]


def test_what_sql_says_of_the_state_holds() -> None:
    assert sent(
        """
        migrations.RunSQL("ALTER TABLE shop_book ADD note varchar(10)", state_operations=[
            migrations.AddField("book", "note", models.CharField(max_length=10, null=True)),
        ]),
        migrations.AlterField("book", "note", models.CharField(max_length=10, null=True, verbose_name="Note")),
        """
    ) == ["ALTER TABLE shop_book ADD note varchar(10)"]


def test_sql_in_a_file_beside_the_migration_is_read() -> None:
    write({"shop/sql/view.sql": "CREATE VIEW v AS SELECT 1;\n"})
    before = "import os\nHERE = os.path.dirname(os.path.abspath(__file__))\n"
    assert sent('migrations.RunSQL(open(os.path.join(HERE, "..", "sql", "view.sql")).read()),', before=before) == [
        "CREATE VIEW v AS SELECT 1"
    ]
    before = "from pathlib import Path\n"
    assert sent('migrations.RunSQL((Path(__file__).parent.parent / "sql/view.sql").read_text()),', before=before) == [
        "CREATE VIEW v AS SELECT 1"
    ]


# Transactions


@pytest.mark.parametrize(
    ("dialect", "attributes", "transaction"),
    [("postgresql", "", "wrapped"), ("postgresql", "atomic = False", "autocommit")],
)
def test_a_migration_is_one_transaction_unless_it_says_otherwise(
    dialect: str, attributes: str, transaction: str
) -> None:
    write({"shop/migrations/0001_initial.py": BOOKS.replace("    dependencies", f"    {attributes}\n    dependencies")})
    (done,) = read(dialect=dialect)
    sections = [(section.direction, section.transaction) for section, _ in done.migration.sections]
    assert sections == [("up", transaction), ("down", transaction)]


def test_statements_of_one_call_are_one_transaction_even_without_the_migrations_own() -> None:
    done = last(
        """
        migrations.RunSQL(["CREATE INDEX CONCURRENTLY a ON shop_book (title); SELECT 1", "SELECT 2"]),
        migrations.RunSQL("SELECT 3; SELECT 4"),
        """,
        attributes="atomic = False",
    )
    assert [(section.transaction, len(found)) for section, found in done.migration.sections] == [
        ("implicit", 2),
        ("implicit", 1),
        ("autocommit", 2),
    ]


def test_code_may_have_a_transaction_of_its_own() -> None:
    done = last(
        """
        migrations.RunPython(fill, atomic=True),
        migrations.RunPython(fill),
        """,
        before='def fill(apps, schema_editor):\n    apps.get_model("shop", "Book").objects.update(pages=0)\n',
        attributes="atomic = False",
    )
    assert [section.transaction for section, found in done.migration.sections if found] == ["wrapped", "autocommit"]


# Code

BACKFILL = """
def forward(apps, schema_editor):
    Book = apps.get_model("shop", "Book")
    {body}
"""


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("Book.objects.update(pages=1)", ['UPDATE "shop_book" SET "pages" = 1']),
        (
            "Book.objects.filter(pages__isnull=True).update(title='x', owner=None)",
            ['UPDATE "shop_book" SET "title" = \'x\', "owner_id" = NULL WHERE "pages" IS NULL'],
        ),
        (
            "Book.objects.using(schema_editor.connection.alias).exclude(owner_id=3).delete()",
            ['DELETE FROM "shop_book" WHERE NOT ("owner_id" = 3)'],
        ),
        ("Book.objects.all().delete()", ['DELETE FROM "shop_book"']),
        ("Book.objects.create(title='a', pages=3)", ['INSERT INTO "shop_book" ("title", "pages") VALUES (\'a\', 3)']),
        ("Book(title='a').save()", ['INSERT INTO "shop_book" ("title") VALUES (\'a\')']),
        (
            "for book in Book.objects.filter(pages=1):\n        book.title = book.title.upper()\n        book.save()",
            ['UPDATE "shop_book" SET "title" = ${value} WHERE "id" = ${id}'],
        ),
        (
            "for one in Book.objects.iterator():\n        one.owner_id = 1\n        one.save(update_fields=['title'])",
            ['UPDATE "shop_book" SET "title" = ${value} WHERE "id" = ${id}'],
        ),
        ("book = Book.objects.first()\n    book.delete()", ['DELETE FROM "shop_book" WHERE "id" = ${id}']),
        ("print(Book.objects.filter(pages=1).count(), list(Book.objects.values_list('id')))", []),
        (
            "schema_editor.execute('CREATE INDEX i ON shop_book (title)')",
            ["CREATE INDEX i ON shop_book (title)"],
        ),
        (
            "with schema_editor.connection.cursor() as c:\n        c.execute('DELETE FROM ' + Book._meta.db_table)",
            ["DELETE FROM shop_book"],
        ),
        (
            "for name in ('a', 'b'):\n        schema_editor.execute(f'DROP TABLE {name}')",
            ["DROP TABLE a", "DROP TABLE b"],
        ),
        (
            "if schema_editor.connection.vendor == 'mysql':\n        return\n    schema_editor.execute('SELECT 1')",
            ["SELECT 1"],
        ),
    ],
)  # fmt: skip
def test_what_code_does_to_rows_is_told_as_sql(body: str, expected: list[str]) -> None:
    made = sent("migrations.RunPython(forward, migrations.RunPython.noop),", before=BACKFILL.format(body=body))
    assert made == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("schema_editor.delete_model(Book)", ['DROP TABLE "shop_book" CASCADE']),
        (
            "schema_editor.remove_field(Book, Book._meta.get_field('pages'))",
            ['ALTER TABLE "shop_book" DROP COLUMN "pages" CASCADE'],
        ),
        (
            "f = models.IntegerField(null=True); f.set_attributes_from_name('price'); schema_editor.add_field(Book, f)",
            ['ALTER TABLE "shop_book" ADD COLUMN "price" integer NULL'],
        ),
        (
            (
                "f = models.TextField(); f.contribute_to_class(Book, 'title'); old = Book._meta.get_field('title')\n"
                "    schema_editor.alter_field(Book, old, f, strict=True)"
            ),
            ['ALTER TABLE "shop_book" ALTER COLUMN "title" TYPE text USING "title"::text'],
        ),
        (
            (
                "f = models.IntegerField(null=True); f.name = 'length'; old = Book._meta.get_field('pages')\n"
                "    schema_editor.alter_field(Book, old, f)"
            ),
            ['ALTER TABLE "shop_book" RENAME COLUMN "pages" TO "length"'],
        ),
        (
            "schema_editor.add_index(Book, models.Index(fields=['title'], name='by_title'))",
            ['CREATE INDEX "by_title" ON "shop_book" ("title")'],
        ),
        (
            "schema_editor.remove_index(Book, models.Index(fields=['title'], name='by_title'))",
            ['DROP INDEX IF EXISTS "by_title"'],
        ),
        (
            "schema_editor.remove_constraint(Book, models.UniqueConstraint(fields=['title'], name='one_title'))",
            ['ALTER TABLE "shop_book" DROP CONSTRAINT "one_title"'],
        ),
        (
            "schema_editor.alter_unique_together(Book, set(), {('title', 'pages')})",
            ['ALTER TABLE "shop_book" ADD CONSTRAINT "shop_book_title_pages_f2d71c4a_uniq" UNIQUE ("title", "pages")'],
        ),
        (
            "schema_editor.alter_db_table(Book, 'shop_book', 'books')",
            ['ALTER TABLE "shop_book" RENAME TO "books"'],
        ),
    ],
)
def test_what_code_asks_of_the_schema_editor_is_told_as_sql(body: str, expected: list[str]) -> None:
    made = sent("migrations.RunPython(forward, migrations.RunPython.noop),", before=BACKFILL.format(body=body))
    assert made == expected


@pytest.mark.parametrize(
    "body",
    [
        "schema_editor.add_field(Book, models.IntegerField(null=True))",  # it has no name
        "schema_editor.alter_field(Book, Book._meta.get_field('title'), elsewhere.field())",
        "schema_editor.remove_field(Book, Book._meta.get_field(elsewhere.name()))",
        "schema_editor.remove_field(elsewhere.Book, elsewhere.Book._meta.get_field('title'))",
        "schema_editor.alter_unique_together(Book, set(), elsewhere.sets())",
        "schema_editor.alter_everything(Book)",
    ],
)
def test_what_is_not_known_of_a_call_of_the_schema_editor_is_said(body: str) -> None:
    done = last("migrations.RunPython(forward, forward),", before="import elsewhere\n" + BACKFILL.format(body=body))
    method = body.partition("(")[0]
    assert reasons(done) == [f"`{method}(…)` changes the schema in a way that is not followed"]
    assert (done.met, done.missed) == (1, 1)


def test_code_under_a_condition_may_run() -> None:
    body = "if Book.objects.exists():\n        Book.objects.update(pages=1)"
    done = last("migrations.RunPython(forward, forward),", before=BACKFILL.format(body=body))
    assert ["conditional" in operation.flags for one in of_section(done) for operation in one.operations] == [True]


def test_code_that_is_not_here_is_said_to_be_unknown() -> None:
    done = last(
        "migrations.RunPython(forward, forward),",
        before="from elsewhere import fill\n" + BACKFILL.format(body="fill(apps, Book)"),
    )
    assert reasons(done) == ["`elsewhere.fill` is not in this project, and it is given the database"]
    done = last("migrations.RunPython(elsewhere.fill),", before="import elsewhere\n")
    assert reasons(done) == ["the code is not known: `elsewhere.fill` is not in this project"]


def test_what_has_no_way_back_is_told_where_it_stands() -> None:
    done = last(
        'migrations.RunPython(forward),\nmigrations.RunSQL("SELECT 1"),\nmigrations.RunPython(forward, forward),',
        before=BACKFILL.format(body="pass"),
    )
    places = [done.source.position(done.place(one.span).start)[0] for one in done.problems]
    lines = done.source.text.splitlines()
    assert [lines[place - 1].strip() for place in places] == [
        "migrations.RunPython(forward),",
        'migrations.RunSQL("SELECT 1"),',
    ]


# The way back

WAYS = """
def forward(apps, schema_editor):
    apps.get_model("shop", "Book").objects.update(pages=1)


def back(apps, schema_editor):
    {body}
"""


def test_what_is_taken_back_goes_the_other_way_in_the_other_order() -> None:
    done = last(
        """
        migrations.AddField("book", "price", models.IntegerField(null=True)),
        migrations.AlterField("book", "title", models.CharField(max_length=200)),
        migrations.RemoveField("book", "pages"),
        migrations.RunSQL("CREATE VIEW v AS SELECT 1", "DROP VIEW v"),
        migrations.RunSQL([("SELECT %s", [1])], ["SELECT 2", "SELECT 3"]),
        migrations.SeparateDatabaseAndState(
            state_operations=[migrations.DeleteModel("book")],
            database_operations=[migrations.AddIndex("book", models.Index(fields=["title"], name="by_title"))],
        ),
        """
    )
    assert statements(done, "down") == [
        'DROP INDEX IF EXISTS "by_title"',
        "SELECT 2",
        "SELECT 3",
        "DROP VIEW v",
        'ALTER TABLE "shop_book" ADD COLUMN "pages" integer NULL',
        'ALTER TABLE "shop_book" ALTER COLUMN "title" TYPE varchar(100)',
        'ALTER TABLE "shop_book" DROP COLUMN "price" CASCADE',
    ]
    assert done.met == 7
    assert done.missed == 0


def test_code_takes_back_what_code_did() -> None:
    body = 'apps.get_model("shop", "Book").objects.filter(pages=1).update(pages=None)'
    done = last("migrations.RunPython(forward, back),", before=WAYS.format(body=body))
    assert statements(done, "down") == ['UPDATE "shop_book" SET "pages" = NULL WHERE "pages" = 1']
    assert statements(done) == ['UPDATE "shop_book" SET "pages" = 1']


def test_nothing_is_taken_back_where_one_operation_has_no_way_back() -> None:
    done = last(
        """
        migrations.AddField("book", "price", models.IntegerField(null=True)),
        migrations.RunSQL("SELECT 1"),
        """
    )
    assert of_section(done, "down") == []


def test_what_is_not_understood_of_the_way_back_is_counted_once() -> None:
    done = last("migrations.RunPython(forward, back),", before=WAYS.format(body="elsewhere.undo(apps)"))
    (statement,) = of_section(done, "down")
    assert statement.opaque is not None
    assert statement.opaque.reason.startswith("on the way back, ")
    assert (done.met, done.missed) == (1, 1)
    # What is not known of the operation is told where it goes forward.
    done = last('migrations.AddField("book", "price", elsewhere.Money()),', before="import elsewhere\n")
    assert (len(reasons(done)), done.missed) == (1, 1)


def test_what_goes_back_leaves_no_trace_in_what_follows() -> None:
    """A migration is taken back from where it was; the next one goes on from there."""
    write({"shop/migrations/0001_initial.py": BOOKS})
    index = 'migrations.AddIndex("book", models.Index(fields=["title"], name="by_title")),'
    write({"shop/migrations/0002_next.py": migration(index, depends='("shop", "0001_initial")')})
    unique = 'migrations.AlterUniqueTogether("book", {("title", "pages")}),'
    write({"shop/migrations/0003_more.py": migration(unique, depends='("shop", "0002_next")')})
    gone = 'migrations.AlterUniqueTogether("book", set()),'
    write({"shop/migrations/0004_gone.py": migration(gone, depends='("shop", "0003_more")')})
    *_, third, fourth = read()
    assert statements(third, "down") == statements(fourth)
    assert statements(third) == statements(fourth, "down")


def test_an_operation_of_the_projects_own_is_taken_back_by_its_own_method() -> None:
    own = """
from django.db.migrations.operations.base import Operation


class Renumber(Operation):
    def state_forwards(self, app_label, state):
        pass

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        schema_editor.execute("SELECT 1")
"""
    method = """
    def database_backwards(self, app_label, schema_editor, from_state, to_state):
        schema_editor.execute("SELECT 2")
"""
    assert statements(last("Renumber(),", before=own + method), "down") == ["SELECT 2"]
    done = last("Renumber(),", before=own)
    assert of_section(done, "down") == []
    assert [one.rule for one in done.problems] == ["irreversible-migration"]
    assert "`Renumber` has no `database_backwards`" in done.problems[0].message


# Operations that are not written as a list of Django's own


def test_operations_are_made_by_functions_and_loops_of_the_project() -> None:
    write(
        {
            "shop/helpers.py": """
            from django.db import migrations, models

            def note(model, name="note"):
                return migrations.AddField(model, name, models.TextField(null=True))

            class Upper(models.CharField):
                def __init__(self, *args, **kwargs):
                    kwargs["max_length"] = 7
                    super().__init__(*args, **kwargs)
            """
        }
    )
    assert sent(
        """
        note("book"),
        *[note("book", name) for name in ("a", "b")],
        migrations.AddField("book", "code", Upper(null=True)),
        """,
        before="from shop.helpers import Upper, note\n",
    ) == [
        'ALTER TABLE "shop_book" ADD COLUMN "note" text NULL',
        'ALTER TABLE "shop_book" ADD COLUMN "a" text NULL',
        'ALTER TABLE "shop_book" ADD COLUMN "b" text NULL',
        'ALTER TABLE "shop_book" ADD COLUMN "code" varchar(7) NULL',
    ]


def test_lists_of_operations_are_put_together() -> None:
    write({"shop/migrations/0001_initial.py": BOOKS})
    text = migration("", depends='("shop", "0001_initial")', before='EXTRA = [migrations.RunSQL("SELECT 2")]\n')
    text += "    operations += EXTRA\n    for table in ('a', 'b'):\n"
    text += "        operations.append(migrations.RunSQL(f'DROP TABLE {table}'))\n"
    write({"shop/migrations/0002_next.py": text})
    assert statements(read()[-1]) == ["SELECT 2", "DROP TABLE a", "DROP TABLE b"]


def test_an_operation_of_the_projects_own_is_followed() -> None:
    assert sent(
        'Comment("shop_book"),\nmigrations.AddField("book", "x", models.TextField(null=True)),',
        before="""
class Comment(migrations.RunSQL):
    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        schema_editor.execute("COMMENT ON TABLE shop_book IS 'books'")
""",
    ) == ["COMMENT ON TABLE shop_book IS 'books'", 'ALTER TABLE "shop_book" ADD COLUMN "x" text NULL']


def test_an_operation_that_is_not_known_is_counted_and_located() -> None:
    done = last(
        'Partition("book"),\nmigrations.RunSQL("SELECT 1", ""),', before="from psqlpartition import Partition\n"
    )
    assert reasons(done) == ["the operation `psqlpartition.Partition` is not known: what it does is not followed"]
    assert (done.met, done.missed) == (2, 1)
    assert done.source.text[slice(*done.place(done.statements[0].span))] == 'Partition("book")'


def test_a_file_that_is_not_python_is_a_syntax_error() -> None:
    write({"shop/migrations/0001_initial.py": BOOKS + "    oops = (\n"})
    (done,) = read()
    (statement,) = done.statements
    assert statement.opaque is not None
    assert statement.opaque.syntax


def problems(done: ReadFile) -> list[tuple[str, int]]:
    """The problems of a file as (rule, line)."""
    return [(one.rule, done.source.position(done.place(one.span).start)[0]) for one in done.problems]


LOOP = "for book in Book.objects.iterator():\n        book.pages = 1\n        book.save()"


def test_a_loop_over_rows_is_told_once() -> None:
    done = last("migrations.RunPython(forward, forward),", before=BACKFILL.format(body=LOOP))
    assert problems(done) == [("row-loop-backfill", 5)]
    assert "for book in" in done.source.text.splitlines()[4]


def test_a_loop_that_commits_is_left_alone() -> None:
    done = last(
        "migrations.RunPython(forward, forward),", before=BACKFILL.format(body=LOOP), attributes="atomic = False"
    )
    assert problems(done) == []
    assert [operation.flags for one in done.statements for operation in one.operations if operation.kind == "update"]
    assert all("batched" in operation.flags for one in done.statements for operation in one.operations)


def test_a_model_of_the_application_itself_is_told() -> None:
    write({"shop/models.py": "from django.db import models\n\nclass Book(models.Model):\n    pass\n"})
    done = last(
        "migrations.RunPython(forward, forward),",
        before="from shop.models import Book as Own\n" + BACKFILL.format(body="Own.objects.update(pages=1)"),
    )
    assert problems(done) == [("application-import", 6)]
    assert statements(done) == ['UPDATE "shop_book" SET "pages" = 1']


ZERO_DOWNTIME = {
    "manage.py": 'os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")\n',
    "config/settings.py": """
        DATABASES = {"default": {"ENGINE": "django_zero_downtime_migrations.backends.postgres"}}
        ZERO_DOWNTIME_MIGRATIONS_LOCK_TIMEOUT = "2s"
        """,
}


def test_a_back_end_that_takes_care_sends_what_does_not_block() -> None:
    write(ZERO_DOWNTIME)
    done = last(
        """
        migrations.AddIndex("book", models.Index(fields=["pages"], name="pages")),
        migrations.AddConstraint("book", models.CheckConstraint(condition=models.Q(pages__gte=0), name="positive")),
        migrations.AddConstraint("book", models.UniqueConstraint(fields=["title"], name="one")),
        migrations.AlterField("book", "pages", models.IntegerField()),
        migrations.AddField("book", "next", models.ForeignKey("shop.book", models.CASCADE, null=True)),
        """
    )
    assert {section.transaction for section, _ in done.migration.sections} == {"autocommit"}
    assert done.session == (("lock_timeout", "2s"),)
    read = [text.replace('"', "") for text in statements(done)]
    assert read[:8] == [
        "CREATE INDEX CONCURRENTLY pages ON shop_book (pages)",
        "ALTER TABLE shop_book ADD CONSTRAINT positive CHECK (pages >= 0) NOT VALID",
        "ALTER TABLE shop_book VALIDATE CONSTRAINT positive",
        "CREATE UNIQUE INDEX CONCURRENTLY one ON shop_book (title)",
        "ALTER TABLE shop_book ADD CONSTRAINT one UNIQUE USING INDEX one",
        "ALTER TABLE shop_book ADD CONSTRAINT shop_book_pages_notnull CHECK (pages IS NOT NULL) NOT VALID",
        "ALTER TABLE shop_book VALIDATE CONSTRAINT shop_book_pages_notnull",
        "ALTER TABLE shop_book ALTER COLUMN pages SET NOT NULL",
    ]
    assert read[9] == "ALTER TABLE shop_book ADD COLUMN next_id bigint NULL"
    assert read[10].endswith("NOT VALID")
    assert not [text for text in read if text.startswith("SET CONSTRAINTS")]


def test_operations_of_packages_that_take_care_are_known() -> None:
    assert sent(
        """
        SaferAddIndexConcurrently("book", models.Index(fields=["pages"], name="pages")),
        SaferAddCheckConstraint("book", models.CheckConstraint(condition=models.Q(pages__gte=0), name="positive")),
        """,
        before="from django_pg_migration_tools.operations import SaferAddCheckConstraint, SaferAddIndexConcurrently\n",
        attributes="atomic = False",
    ) == [
        'CREATE INDEX CONCURRENTLY "pages" ON "shop_book" ("pages")',
        'ALTER TABLE "shop_book" ADD CONSTRAINT "positive" CHECK ("pages" >= 0) NOT VALID',
        'ALTER TABLE "shop_book" VALIDATE CONSTRAINT "positive"',
    ]


def test_the_settings_name_what_helpers_of_the_project_stand_for() -> None:
    write({"shop/migrations/0001_initial.py": BOOKS})
    write(
        {
            "shop/migrations/0002_next.py": migration(
                """
                audit("shop"),
                Faster("book", models.Index(fields=["pages"], name="pages")),
                migrations.AddField("book", "colour", Colour(max_length=7, null=True)),
                """,
                before="from tools.db import Colour, Faster, audit\n",
                depends='("shop", "0001_initial")',
            )
        }
    )
    helpers = {"tools.db.audit": "nothing", "tools.db.Faster": "AddIndexConcurrently", "tools.db.Colour": "CharField"}
    found = discover.find(
        ["."], runner=lambda _path: None, dialect=lambda _path: None, django=lambda _path: Given(helpers=helpers)
    )
    done = list(reading.read_all(found.files, {}, lambda _path: None))[-1]
    assert statements(done) == [
        'CREATE INDEX CONCURRENTLY "pages" ON "shop_book" ("pages")',
        'ALTER TABLE "shop_book" ADD COLUMN "colour" varchar(7) NULL',
    ]
    assert (done.met, done.missed) == (3, 0)
