"""Staged rewrites of Django findings: the user's own operations in migrations that have nothing to say."""

from pathlib import Path
from textwrap import dedent

import pytest

from python_rewrites import CATALOG, LEFT_TO_THE_READER, Linted, shown
from safecol import analysis, discover
from safecol.collecting import Collected
from safecol.schema import Schema
from safecol.settings import PathSettings

INITIAL = """\
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.CreateModel(
            name="Author",
            fields=[
                ("id", models.BigAutoField(primary_key=True)),
                ("name", models.CharField(max_length=50)),
            ],
        ),
        migrations.CreateModel(
            name="Book",
            fields=[
                ("id", models.BigAutoField(primary_key=True)),
                ("title", models.CharField(max_length=100)),
                ("pages", models.IntegerField(null=True)),
                ("sold", models.DateField(null=True)),
                ("old", models.TextField()),
                ("author", models.ForeignKey("shop.Author", models.CASCADE, null=True, db_index=False)),
            ],
            options={"indexes": [models.Index(fields=["sold"], name="book_sold")]},
        ),
    ]
"""
OPERATIONS = [
    'migrations.AddIndex(model_name="book", index=models.Index(fields=["pages"], name="book_pages"))',
    'migrations.RemoveIndex(model_name="book", name="book_sold")',
    'migrations.AddConstraint("book", models.CheckConstraint(condition=models.Q(pages__gt=0), name="positive"))',
    'migrations.AddConstraint("book", models.UniqueConstraint(fields=["title"], name="titles"))',
    'migrations.AddField("book", "isbn", models.CharField(max_length=13, null=True, db_index=True))',
    'migrations.AddField("book", "isbn", models.CharField(max_length=13, null=True, unique=True))',
    'migrations.AddField("book", "copies", models.PositiveIntegerField(null=True))',
    'migrations.AddField("book", "editor", models.ForeignKey("shop.Author", models.CASCADE, null=True))',
    'migrations.AlterField("book", "pages", models.IntegerField())',
    'migrations.AlterField("book", "title", models.CharField(max_length=100, db_index=True))',
    'migrations.AlterField("book", "title", models.CharField(max_length=100, unique=True))',
    'migrations.AlterField("book", "pages", models.BigIntegerField(null=True))',
    'migrations.RemoveField(model_name="book", name="old")',
    'migrations.RemoveField(model_name="book", name="author")',
    'migrations.DeleteModel(name="Book")',
    'migrations.AlterUniqueTogether("book", {("title", "author")})',
    'migrations.RunSQL("CREATE INDEX fast ON shop_book (pages)", "DROP INDEX fast")',
    (
        'migrations.AddField("book", "note", models.TextField(null=True)),\n'
        'migrations.AddIndex("book", models.Index(fields=["pages"], name="i")),\n'
        'migrations.AddIndex("book", models.Index(fields=["note"], name="j")),\n'
        'migrations.RenameIndex("book", new_name="k", old_name="i")'
    ),
]  # fmt: skip


def migration(operations: str, attributes: str = "", before: str = "") -> str:
    body = operations.strip().replace("\n", "\n        ")
    head = f"from django.db import migrations, models\n{before}\n\nclass Migration(migrations.Migration):\n"
    wired = '    dependencies = [\n        ("shop", "0001_initial"),\n    ]\n\n'
    return f"{head}{attributes}{wired}    operations = [\n        {body},\n    ]\n"


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test has a project of its own, with one migration so far."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "manage.py").write_text("")
    (tmp_path / ".git").mkdir()
    folder = tmp_path / "shop" / "migrations"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("")
    (folder / "0001_initial.py").write_text(INITIAL)


def lint(files: dict[str, str], timeout: int | None = 2000, dialect: str = "postgresql") -> Linted:
    """Lint migrations that come after the first one; `timeout` bounds waits for locks, in milliseconds."""
    for path, text in files.items():
        Path(path).write_text(text)
    found = discover.find(["."], runner=lambda _path: "django", dialect=lambda _path: dialect)
    version = "16" if dialect == "postgresql" else "8.4"
    settings = PathSettings(dialect=dialect, server_version=version, lock_timeout_ms=timeout)
    listed = tuple(file._replace(target=file.path in files) for file in found.files)
    assert {file.path for file in listed if file.target} == set(files)
    collected = Collected(CATALOG, listed)
    schema = Schema()
    for ran in analysis.run(listed, lambda _path: settings, CATALOG, {}, None, change_set="each"):
        collected.add(ran, frozenset(CATALOG.defaults()))
        schema = ran.schema or schema
    return Linted(collected.result().findings, schema)


def linted(operations: str, **given: str) -> Linted:
    return lint({"shop/migrations/0002_books.py": migration(operations, **given)})


def chain(found: Linted) -> dict[str, str]:
    """The migrations of the stages by their paths, in order."""
    files = {stage.file: stage.source for one in found.findings for stage in one.stages if stage.source}
    return dict(sorted(files.items()))


def operations_of(text: str) -> str:
    """The operations of a migration, at the first column."""
    return dedent(text.partition("    operations = [\n")[2].rpartition("    ]")[0]).rstrip()


@pytest.mark.parametrize("operations", OPERATIONS, ids=lambda one: one[11:80].replace("\n", " "))
def test_the_stages_in_place_of_the_migration_have_nothing_to_say_and_make_the_same_schema(operations: str) -> None:
    original = linted(operations)
    assert original.staged
    assert [stage.sql for one in original.staged for stage in one.stages if stage.sql and not stage.source] == []
    files = chain(original)
    assert next(iter(files)) == "shop/migrations/0002_books.py"
    done = lint(files)
    told = {one.rule for one in original.findings if not one.stages}
    assert [(one.path, one.rule, one.message) for one in done.findings if one.rule not in told] == []
    if not {one.rule for one in original.staged} & LEFT_TO_THE_READER:
        assert shown(done.schema)["tables"] == shown(original.schema)["tables"]
        assert shown(done.schema)["indexes"] == shown(original.schema)["indexes"]


def test_an_index_is_added_concurrently_by_the_users_own_operation() -> None:
    text = dedent("""\
        # what the lists are sorted by
        migrations.AddIndex(
            model_name="book",
            index=models.Index(fields=["pages"], name="book_pages"),  # by convention
        )""")
    (made,) = chain(linted(text)).values()
    assert operations_of(made) == dedent("""\
        # what the lists are sorted by
        AddIndexConcurrently(
            model_name="book",
            index=models.Index(fields=["pages"], name="book_pages"),  # by convention
        ),""")
    assert "    atomic = False\n" in made
    assert "from django.contrib.postgres.operations import AddIndexConcurrently\n" in made


def test_a_check_is_added_and_validated_in_two_migrations() -> None:
    first, second = chain(linted(OPERATIONS[2])).values()
    assert "AddConstraintNotValid(" in operations_of(first)
    assert operations_of(second) == 'ValidateConstraint(model_name="book", name="positive"),'
    assert 'dependencies = [\n        ("shop", "0002_books"),\n    ]' in second
    assert "models" not in second


def test_a_field_leaves_the_models_before_it_leaves_the_database() -> None:
    first, second = chain(linted('migrations.RemoveField(model_name="book", name="old")')).items()
    assert operations_of(first[1]) == dedent("""\
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    "ALTER TABLE shop_book ALTER COLUMN old DROP NOT NULL",
                    reverse_sql=migrations.RunSQL.noop,
                ),
            ],
            state_operations=[
                migrations.RemoveField(model_name="book", name="old"),
            ],
        ),""")
    assert second[0] == "shop/migrations/0003_books_2.py"
    assert "DROP COLUMN" in operations_of(second[1])
    assert "\nDeploy 1.\n" in first[1]
    assert "\nDeploy 2. Before it: deploy code that doesn't read or write" in second[1]


@pytest.mark.parametrize(
    ("field", "wanted"),
    [
        ("models.IntegerField(default=5)", "models.IntegerField(default=5, db_default=5)"),
        ("models.JSONField(default=dict)", "models.JSONField(default=dict, db_default={})"),
        ("models.DateTimeField(auto_now_add=True)", "models.DateTimeField(auto_now_add=True, db_default=Now())"),
        ('models.TextField(default="it\'s")', 'models.TextField(default="it\'s", db_default="it\'s")'),
    ],
)
def test_a_default_stays_in_the_database(field: str, wanted: str) -> None:
    found = linted(f'migrations.AddField(model_name="book", name="copies", field={field})')
    (made,) = chain(found).values()
    assert wanted in operations_of(made)
    assert lint(chain(found)).staged == []
    assert ("import Now\n" in made) == ("Now()" in made)


def test_a_default_for_once_is_the_databases_alone() -> None:
    operation = 'migrations.AddField("book", "copies", models.IntegerField(default=5), preserve_default=False)'
    (made,) = chain(linted(operation)).values()
    assert operations_of(made) == 'migrations.AddField("book", "copies", models.IntegerField(db_default=5)),'


def test_a_foreign_key_gets_its_index_and_validation_later_and_the_state_at_once() -> None:
    operation = 'migrations.AddField("book", "editor", models.ForeignKey("shop.Author", models.CASCADE, null=True))'
    files = [operations_of(text) for text in chain(linted(operation)).values()]
    assert f"state_operations=[\n        {operation}," in files[0]
    assert "db_index=False" in files[0]
    assert sum("state_operations" in text for text in files) == 1
    assert "CREATE INDEX CONCURRENTLY" in files[-1]


def test_what_stands_beside_the_operations_goes_where_it_is_used() -> None:
    before = "from shop import texts\n\nNAME = 'book_pages'\n\n\ndef fill(apps, schema_editor):\n    pass\n"
    operations = (
        "migrations.RunPython(fill, migrations.RunPython.noop),\n"
        'migrations.AddField("author", "note", models.TextField(null=True, help_text=texts.NOTE)),\n'
        'migrations.AddIndex("book", models.Index(fields=["pages"], name=NAME))'
    )
    kept, index = chain(linted(operations, before=before)).values()
    assert ("def fill" in kept, "NAME =" in kept, "texts" in kept) == (True, False, True)
    assert ("def fill" in index, "NAME =" in index, "texts" in index) == (False, True, False)


def test_a_function_that_fills_rows_has_a_name_of_its_own() -> None:
    before = "\n\ndef fill(apps, schema_editor):\n    'theirs'\n"
    operations = (
        "migrations.RunPython(fill, migrations.RunPython.noop),\n"
        'migrations.AlterField("book", "pages", models.BigIntegerField(null=True))'
    )
    files = chain(linted(operations, before=before)).values()
    assert [text.count("theirs") for text in files] == [1] + [0] * (len(files) - 1)
    made = next(text for text in files if "import time" in text)
    assert operations_of(made) == "migrations.RunPython(fill_rows, migrations.RunPython.noop),"
    assert [line for line in made.splitlines() if line.startswith("def ")] == ["def fill_rows(apps, schema_editor):"]


def test_a_backfill_is_run_in_batches_outside_of_a_transaction() -> None:
    files = chain(linted('migrations.AlterField("book", "pages", models.BigIntegerField(null=True))'))
    text = next(text for text in files.values() if "def fill" in text)
    assert "    atomic = False\n" in text
    assert "import time\n" in text
    assert operations_of(text) == "migrations.RunPython(fill, migrations.RunPython.noop),"


@pytest.mark.parametrize(
    "attributes", ["", "    atomic = False\n", '    run_before = [("other", "0001_initial")]\n    atomic = False\n']
)
def test_each_migration_says_whether_it_is_a_transaction(attributes: str) -> None:
    first, second = chain(linted(OPERATIONS[3], attributes=attributes)).values()
    assert "    atomic = False\n" in first
    assert "atomic" not in second
    assert "run_before" not in second


@pytest.mark.parametrize(
    "text",
    [
        'migrations.AddIndex("book", models.Index(fields=["pages"], name="i")), migrations.RemoveIndex("book", "x")',
        '*[migrations.AddIndex("book", models.Index(fields=[one], name=f"i_{one}")) for one in ("pages", "old")]',
    ],
)
def test_operations_that_cannot_be_taken_apart_keep_their_stages_in_sql(text: str) -> None:
    found = linted(text).staged
    assert found
    assert {stage.source for one in found for stage in one.stages} == {""}


def test_an_empty_text_stays_in_the_database_too() -> None:
    found = linted('migrations.AddField("book", "blurb", models.CharField(max_length=9, blank=True))')
    (made,) = chain(found).values()
    assert 'models.CharField(max_length=9, blank=True, db_default="")' in operations_of(made)
    assert lint(chain(found)).staged == []


def test_a_default_stays_in_the_database_where_a_constraint_comes_later() -> None:
    found = linted('migrations.AddField("book", "copies", models.PositiveIntegerField(default=0))')
    files = [operations_of(text) for text in chain(found).values()]
    assert "models.PositiveIntegerField(default=0, db_default=0)" in files[0]
    assert not any("DROP DEFAULT" in text for text in files)
    assert {one.rule for one in found.findings} - {one.rule for one in found.staged} == {"missing-database-default"}


def test_rows_are_filled_in_batches_before_a_field_is_required() -> None:
    found = linted('migrations.AlterField("book", "pages", models.IntegerField(default=7))')
    files = [operations_of(text) for text in chain(found).values()]
    filled = next(at for at, text in enumerate(files) if "RunPython(fill" in text)
    required = next(at for at, text in enumerate(files) if "SET NOT NULL" in text)
    assert filled < required
    assert not any("UPDATE" in text for text in files)
    (finding,) = found.staged
    assert [stage.file for stage in finding.stages if stage.file] == sorted(chain(found))


def test_what_is_computed_when_the_migration_runs_is_not_written_into_sql() -> None:
    before = "from django.utils import timezone\n\n"
    operation = 'migrations.AlterField("book", "sold", models.DateField(default=timezone.now))'
    found = linted(operation, before=before)
    assert "hidden-table-update" in {one.rule for one in found.findings}
    assert not any("1970" in stage.sql + stage.source for one in found.findings for stage in one.stages)
    texts = list(chain(found).values())
    (filled,) = [text for text in texts if "def fill" in text]
    assert "rows.filter(pk__in=batch, sold__isnull=True).update(sold=timezone.now())" in filled
    assert 'apps.get_model("shop", "book")' in filled
    assert not any("DEFAULT" in text for text in texts)
    assert [one.rule for one in lint(chain(found)).findings] == []


def test_a_migration_that_waits_for_a_strong_lock_sets_a_timeout_where_nothing_else_does() -> None:
    files = {"shop/migrations/0002_books.py": migration(OPERATIONS[3])}
    index, constraint = chain(lint(files, timeout=None)).values()
    assert "lock_timeout" not in index
    assert "migrations.RunSQL(\"SET LOCAL lock_timeout = '2s'\", migrations.RunSQL.noop),\n" in constraint
    assert not any("lock_timeout" in text for text in chain(lint(files)).values())
    assert lint(chain(lint(files, timeout=None)), timeout=None).findings == ()


def test_a_dropped_field_comes_back_with_its_type() -> None:
    _, dropped = chain(linted('migrations.RemoveField(model_name="book", name="old")')).values()
    assert 'reverse_sql="ALTER TABLE shop_book ADD COLUMN old text",' in operations_of(dropped)


def test_a_field_that_may_be_null_needs_nothing_before_it_goes() -> None:
    first, second = chain(linted('migrations.RemoveField(model_name="book", name="sold")')).values()
    assert operations_of(first) == dedent("""\
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RemoveField(model_name="book", name="sold"),
            ],
        ),""")
    assert "DROP COLUMN" in operations_of(second)


def test_a_renamed_field_stays_required_and_comes_back_with_its_values() -> None:
    found = linted('migrations.RenameField("book", "title", "name")')
    files = [operations_of(text) for text in chain(found).values()]
    required = next(at for at, text in enumerate(files) if "SET NOT NULL" in text)
    assert "VALIDATE CONSTRAINT" in files[required - 1]
    assert '"ALTER TABLE shop_book ADD COLUMN title varchar(100)",' in files[-1]
    assert '"UPDATE shop_book SET title = name",' in files[-1]
    assert lint(chain(found)).findings == ()


def test_a_foreign_key_that_is_made_again_is_there_on_the_way_back_too() -> None:
    field = 'models.ForeignKey("shop.Author", models.CASCADE, null=True)'
    files = chain(linted(f'migrations.AlterField("book", "author", {field.replace(", null=True", "")})'))
    dropping = next(text for text in files.values() if "DROP CONSTRAINT" in text and "FOREIGN KEY" in text)
    assert "FOREIGN KEY" in operations_of(dropping).partition("reverse_sql")[2]


def test_the_type_of_a_primary_key_has_no_stages() -> None:
    found = linted('migrations.AlterField("book", "id", models.AutoField(primary_key=True))')
    assert "rewriting-type-change" in {one.rule for one in found.findings}
    assert found.staged == []


def test_stages_for_one_clause_do_not_stand_for_a_statement_that_adds_a_column_too() -> None:
    operation = 'migrations.AddField("book", "editor", models.ForeignKey("shop.Author", models.CASCADE, null=True))'
    found = lint({"shop/migrations/0002_books.py": migration(operation)}, dialect="mysql")
    assert "scanning-foreign-key" in {one.rule for one in found.staged}
    assert chain(found) == {}


TIME = "from django.utils import timezone\n"


def test_a_default_that_is_the_time_is_told_as_the_function_that_it_is() -> None:
    found = linted('migrations.AddField("book", "seen", models.DateTimeField(default=timezone.now))', before=TIME)
    assert "DEFAULT (STATEMENT_TIMESTAMP()) NOT NULL" in found.staged[0].stages[0].sql


def test_a_default_of_one_value_for_each_row_has_no_stages_that_begin_after_it() -> None:
    found = linted('migrations.AddField("book", "ref", models.UUIDField(default=uuid.uuid4))', before="import uuid\n")
    (one,) = (finding for finding in found.findings if finding.rule == "missing-database-default")
    assert one.stages == ()


def test_what_is_left_of_an_operation_is_a_step_of_its_rewrite() -> None:
    found = linted('migrations.AddField("book", "editor", models.ForeignKey("shop.Author", models.CASCADE, null=True))')
    column, index = (stage for one in found.staged for stage in one.stages)
    assert (column.kept, index.kept) == (False, False)
    assert "db_index=False" in column.source
    assert "CREATE INDEX CONCURRENTLY" in index.source
