"""Stages of Django's migrations, applied by Django to a real server: the schema, the models' state and the way back."""

import importlib
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import test_python_rewrites_django as rewrites

from . import servers

project = rewrites.project
pytestmark = pytest.mark.truth
MAJOR = 16
if find_spec("django") is None or servers.missing(MAJOR):
    pytest.skip(servers.missing(MAJOR) or "Django is not installed", allow_module_level=True)

BEFORE = "from django.utils import timezone\nimport datetime\n"
SAME = [
    *(one for one in rewrites.OPERATIONS if "DeleteModel" not in one and "AddField" not in one),
    'migrations.AddField("book", "isbn", models.CharField(max_length=13, null=True, unique=True))',
    'migrations.AddField("book", "copies", models.PositiveIntegerField(null=True))',
    'migrations.AddField("book", "editor", models.ForeignKey("shop.Author", models.CASCADE, null=True))',
    'migrations.AlterField("book", "pages", models.IntegerField(default=7))',
    'migrations.AlterField("book", "sold", models.DateField(default=timezone.now))',
    'migrations.AlterField("book", "title", models.CharField(max_length=20))',
    'migrations.RenameField("book", "title", "name")',
    'migrations.RenameField("book", "author", "writer")',
    'migrations.RenameModel("Book", "Volume")',
]
IN_THE_DATABASE = [
    'migrations.AddField("book", "stock", models.JSONField(default=dict))',
    'migrations.AddField("book", "made", models.DateTimeField(auto_now_add=True, db_index=True))',
    'migrations.AddField("book", "span", models.DurationField(default=datetime.timedelta(0, 3600)))',
    'migrations.AddField("book", "blurb", models.CharField(max_length=9, blank=True))',
]
NEVER_BACK = ("AlterField", "RenameModel")
QUERIES = (
    """SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid)
       FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid AND c.relkind = 'r'
       LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
       WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relname LIKE 'shop%%'""",
    """SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
       WHERE conrelid::regclass::text LIKE 'shop%%'""",
    """SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid), i.indisvalid FROM pg_index i
       WHERE i.indrelid::regclass::text LIKE 'shop%%'""",
    "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal",
    "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A database of Django's, with an app that has nothing but migrations."""
    import psycopg
    from django.conf import settings
    from psycopg.conninfo import conninfo_to_dict

    folder = tmp_path_factory.mktemp("apps")
    (folder / "shop").mkdir()
    (folder / "shop" / "__init__.py").write_text("")
    with servers.running(MAJOR) as dsn:
        with psycopg.connect(dsn, autocommit=True) as session:
            session.execute("DROP DATABASE IF EXISTS safecol_django_stages")
            session.execute("CREATE DATABASE safecol_django_stages")
        given = conninfo_to_dict(dsn)
        entry = {"ENGINE": "django.db.backends.postgresql", "NAME": "safecol_django_stages"}
        entry |= {name.upper(): str(given[name]) for name in ("host", "port", "user") if name in given}
        sys.path.insert(0, str(folder))
        settings.configure(
            INSTALLED_APPS=["shop"], DATABASES={"default": entry}, USE_TZ=True, MIGRATION_MODULES={},
            DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        )  # fmt: skip
        import django

        django.setup()
        yield
        from django.db import connection

        connection.close()
        with psycopg.connect(dsn, autocommit=True) as session:
            session.execute("DROP DATABASE safecol_django_stages")
        sys.path.remove(str(folder))


def applied(package: Path, texts: dict[str, str]) -> SimpleNamespace:
    """What Django and the server have after migrations that follow the first one, and after the way back."""
    from django.conf import settings
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    package.mkdir()
    for name, text in {"__init__.py": "", "0001_initial.py": rewrites.INITIAL, **texts}.items():
        (package / Path(name).name).write_text(text)
    importlib.invalidate_caches()
    settings.MIGRATION_MODULES = {"shop": package.name}
    with connection.cursor() as cursor:
        cursor.execute("DROP SCHEMA public CASCADE")
        cursor.execute("CREATE SCHEMA public")
    MigrationExecutor(connection).migrate([("shop", "0001_initial")])
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO shop_author (name) VALUES ('a'), ('b')")
        cursor.execute(
            "INSERT INTO shop_book (title, pages, sold, old, author_id)"
            " SELECT 't' || i, i, CASE WHEN i > 9 THEN date '2020-02-02' END, 'o', 1 + i % 2"
            " FROM generate_series(1, 2500) i"
        )
    columns = names(connection)
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())
    after = schema(connection)
    loader = MigrationExecutor(connection).loader
    state = loader.project_state(loader.graph.leaf_nodes())
    return SimpleNamespace(columns=columns, after=after, state=state, graph=loader.graph, connection=connection)


def schema(connection: Any) -> list[str]:
    """The columns, constraints, indexes, triggers and functions of the app."""
    found: list[str] = []
    with connection.cursor() as cursor:
        for query in QUERIES:
            cursor.execute(query, [])
            found += sorted(map(str, cursor.fetchall()))
    return found


def names(connection: Any) -> set[str]:
    """The columns of the app, whatever they hold."""
    with connection.cursor() as cursor:
        cursor.execute(QUERIES[0], [])
        return {f"{table}.{column}" for table, column, *_ in cursor.fetchall()}


def both(operation: str, folder: Path, name: str) -> tuple[SimpleNamespace, SimpleNamespace]:
    """What comes of a migration, and of its stages."""
    text = rewrites.migration(operation, before=BEFORE if "time" in operation else "")
    staged = rewrites.chain(rewrites.lint({"shop/migrations/0002_books.py": text}, timeout=None))
    assert staged
    original = applied(folder / f"original_{name}", {"0002_books.py": text})
    return original, applied(folder / f"staged_{name}", staged)


def differences(one: SimpleNamespace, other: SimpleNamespace) -> list[str]:
    """What makemigrations would still write to come from the models of one to those of the other."""
    from django.db.migrations.autodetector import MigrationAutodetector

    found = MigrationAutodetector(one.state, other.state).changes(one.graph)
    return [made.describe() for listed in found.values() for migration in listed for made in migration.operations]


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("number", range(len(SAME)), ids=lambda number: SAME[number][11:70].replace("\n", " "))
def test_stages_come_to_the_schema_and_the_models_of_the_migration(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    original, staged = both(SAME[number], tmp_path, f"same_{number}")
    assert staged.after == original.after
    assert differences(staged, original) == []
    if not any(one in SAME[number] for one in NEVER_BACK):
        from django.db.migrations.executor import MigrationExecutor

        MigrationExecutor(staged.connection).migrate([("shop", "0001_initial")])
        assert names(staged.connection) == staged.columns


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("number", range(len(IN_THE_DATABASE)), ids=lambda number: IN_THE_DATABASE[number][11:70])
def test_a_default_in_the_database_is_all_that_differs(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    original, staged = both(IN_THE_DATABASE[number], tmp_path, f"kept_{number}")
    only = set(staged.after) ^ set(original.after)
    assert {line.rpartition(", ")[0] for line in only if line in staged.after} == {
        line.rpartition(", ")[0] for line in only if line in original.after
    }
    told = differences(staged, original)
    assert len(told) == 1
    assert told[0].startswith("Alter field")
