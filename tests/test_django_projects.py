"""Projects of Django: which files belong together, their labels and order, the database and the version."""

from pathlib import Path
from textwrap import dedent

import pytest

from safecol import discover
from safecol.runners.migration_file import MigrationFile

EMPTY = "from django.db import migrations\n\nclass Migration(migrations.Migration):\n    {}\n    operations = []\n"


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test writes a project of its own."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".git").mkdir()
    write({"manage.py": 'os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")\n'})


def write(files: dict[str, str]) -> None:
    for name, text in files.items():
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text))


def migrations(files: dict[str, str]) -> None:
    """Migrations without operations, by path, each with the attributes of its class."""
    write({path: EMPTY.format(attributes or "pass") for path, attributes in files.items()})


def find(*paths: str) -> tuple[MigrationFile, ...]:
    return discover.find(paths or ["."], runner=lambda _path: None, dialect=lambda _path: None).files


def order(*paths: str) -> list[str]:
    return [file.path for file in find(*paths)]


def test_apps_run_in_the_order_of_their_dependencies() -> None:
    migrations(
        {
            "a/migrations/0001_initial.py": 'dependencies = [("b", "0002_more")]',
            "b/migrations/0001_initial.py": "",
            "b/migrations/0002_more.py": 'dependencies = [("b", "0001_initial")]',
        }
    )
    assert order() == ["b/migrations/0001_initial.py", "b/migrations/0002_more.py", "a/migrations/0001_initial.py"]


def test_a_named_file_has_what_runs_before_it_for_context() -> None:
    migrations(
        {
            "a/migrations/0001_initial.py": "",
            "a/migrations/0002_b.py": 'dependencies = [("a", "0001_initial"), ("b", "__first__")]',
            "a/migrations/0003_c.py": 'dependencies = [("a", "0002_b")]',
            "b/migrations/0001_initial.py": "",
        }
    )
    found = find("a/migrations/0002_b.py")
    assert [(file.path, file.target) for file in found] == [
        ("a/migrations/0001_initial.py", False),
        ("b/migrations/0001_initial.py", False),
        ("a/migrations/0002_b.py", True),
    ]


def test_a_migration_may_ask_to_run_before_another() -> None:
    migrations(
        {
            "a/migrations/0001_initial.py": "",
            "b/migrations/0001_initial.py": 'run_before = [("a", "0001_initial")]',
        }
    )
    assert order() == ["b/migrations/0001_initial.py", "a/migrations/0001_initial.py"]


def test_the_app_of_a_setting_runs_first() -> None:
    write({"config/settings.py": 'AUTH_USER_MODEL = "people.Person"\n'})
    swappable = "migrations.swappable_dependency(settings.AUTH_USER_MODEL)"
    migrations(
        {
            "a/migrations/0001_initial.py": f"dependencies = [{swappable}]",
            "people/migrations/0001_initial.py": "",
        }
    )
    assert order() == ["people/migrations/0001_initial.py", "a/migrations/0001_initial.py"]


def test_a_squashed_migration_counts_once() -> None:
    migrations(
        {
            "a/migrations/0001_initial.py": "",
            "a/migrations/0002_b.py": 'dependencies = [("a", "0001_initial")]',
            "a/migrations/0001_squashed_0002_b.py": 'replaces = [("a", "0001_initial"), ("a", "0002_b")]',
            "a/migrations/0003_c.py": 'dependencies = [("a", "0001_squashed_0002_b")]',
        }
    )
    assert {file.path: file.replaced for file in find()} == {
        "a/migrations/0001_initial.py": False,
        "a/migrations/0002_b.py": False,
        "a/migrations/0003_c.py": False,
        "a/migrations/0001_squashed_0002_b.py": True,
    }
    Path("a/migrations/0001_initial.py").unlink()
    assert {file.path: file.replaced for file in find()} == {
        "a/migrations/0001_squashed_0002_b.py": False,
        "a/migrations/0003_c.py": False,
        "a/migrations/0002_b.py": True,
    }


@pytest.mark.parametrize(
    ("files", "label"),
    [
        ({}, "shop"),
        ({"shop/apps.py": 'class ShopConfig(AppConfig):\n    name = "shop"\n    label = "store"\n'}, "store"),
        ({"config/settings.py": 'MIGRATION_MODULES = {"store": "shop.migrations"}\n'}, "store"),
        ({"shop/migrations/0002_b.py": EMPTY.format('dependencies = [("store", "0001_first")]')}, "store"),
    ],
)
def test_the_label_of_an_app_may_differ_from_its_folder(files: dict[str, str], label: str) -> None:
    migrations({"shop/migrations/0001_first.py": ""})
    write(files)
    assert {file.app for file in find()} == {label}


@pytest.mark.parametrize(
    ("settings", "dialect"),
    [
        ('DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql"}}', "postgresql"),
        ('DATABASES = {"default": {"ENGINE": "django.contrib.gis.db.backends.postgis"}}', "postgresql"),
        ('DATABASES = {"default": {"ENGINE": "django.db.backends.mysql"}}', "mysql"),
        ('DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3"}}', "sqlite"),
        ('DATABASES = {"default": env.db("DATABASE_URL", default="mysql://root@localhost/x")}', "mysql"),
        ('DATABASES = {"default": dj_database_url.config(default="postgres://localhost/x")}', "postgresql"),
        (
            """DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3"}}
if os.getenv("DB") == "postgres":
    DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql"}}
""",
            "postgresql",
        ),
        (
            'DATABASES = {"default": {"ENGINE": os.environ.get("ENGINE", "django.db.backends.mysql")}}',
            "mysql",
        ),
    ],
)
def test_the_settings_name_the_database(settings: str, dialect: str) -> None:
    write({"config/settings.py": f"import os\n{settings}\n"})
    migrations({"a/migrations/0001_initial.py": ""})
    (file,) = find()
    assert (file.dialect, file.dialect_source) == (dialect, "Django's settings")


def test_settings_may_come_from_several_files() -> None:
    write(
        {
            "config/settings/__init__.py": "from .base import *\nfrom .local import *\n",
            "config/settings/base.py": 'AUTH_USER_MODEL = "people.Person"\n',
            "config/settings/local.py": 'DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"\n',
        }
    )
    migrations({"a/migrations/0001_initial.py": ""})
    (file,) = find()
    assert file.project is not None
    assert (file.project.user_model, file.project.auto_field) == ("people.Person", "django.db.models.BigAutoField")


def test_a_database_that_is_not_read_is_told() -> None:
    write({"config/settings.py": 'DATABASES = {"default": {"ENGINE": "django.db.backends.oracle"}}\n'})
    migrations({"a/migrations/0001_initial.py": ""})
    found = discover.find(["."], runner=lambda _path: None, dialect=lambda _path: None)
    assert found.skipped == (("a/migrations/0001_initial.py", "Oracle is not a dialect that safecol reads"),)


@pytest.mark.parametrize(
    ("files", "version", "source"),
    [
        ({"poetry.lock": '[[package]]\nname = "django"\nversion = "4.2.11"\n'}, (4, 2), "lock file"),
        ({"requirements.txt": "asgiref==3.7\nDjango[argon2]==5.0.1  # the framework\n"}, (5, 0), "requirements"),
        ({"requirements/base.txt": "django>=3.2,<4\n"}, (3, 2), "requirements"),
        ({"pyproject.toml": '[project]\ndependencies = [\n  "Django~=5.1",\n]\n'}, (5, 1), "requirements"),
        ({"pyproject.toml": '[tool.poetry.dependencies]\ndjango = "^4.1"\n'}, (4, 1), "requirements"),
        ({"a/migrations/0002_b.py": "# Generated by Django 4.0.3 on 2022-01-01\n" + EMPTY}, (4, 0), "migrations"),
        ({}, (5, 2), "default"),
        ({"requirements.txt": "django-filter==23.1\ndjango-redis==5.4\n"}, (5, 2), "default"),
    ],
)
def test_the_version_of_django_is_read_from_what_the_project_requires(
    files: dict[str, str], version: tuple[int, int], source: str
) -> None:
    migrations({"a/migrations/0001_initial.py": ""})
    write(files)
    project = find()[0].project
    assert project is not None
    assert (project.django, project.django_source) == (version, source)


def test_an_app_may_have_keys_of_its_own() -> None:
    write(
        {"a/apps.py": 'class A(AppConfig):\n    name = "a"\n    default_auto_field = "django.db.models.BigAutoField"\n'}
    )
    migrations({"a/migrations/0001_initial.py": ""})
    project = find()[0].project
    assert project is not None
    assert project.auto_fields == {"a": "django.db.models.BigAutoField"}


def test_projects_below_another_are_their_own() -> None:
    write({"demo/manage.py": ""})
    migrations({"a/migrations/0001_initial.py": "", "demo/b/migrations/0001_initial.py": ""})
    assert {file.history for file in find()} == {".", "demo"}


def test_one_of_several_databases_is_said_to_be_a_guess() -> None:
    engines = ("mysql", "postgresql", "sqlite3")
    lines = [f'if DB == "{name}":\n    ENGINE = "django.db.backends.{name}"' for name in engines]
    write({"config/settings.py": "\n".join((*lines, 'DATABASES = {"default": {"ENGINE": ENGINE}}\n'))})
    migrations({"a/migrations/0001_initial.py": ""})
    (file,) = find()
    assert (file.dialect, file.dialect_source) == ("postgresql", "default")


def wrong() -> dict[str, list[str]]:
    return {file.path: [one.rule for one in file.problems] for file in find() if file.problems}


def test_two_ends_of_an_app_are_told_at_both() -> None:
    files = {
        "a/migrations/0001_initial.py": "",
        "a/migrations/0002_b.py": 'dependencies = [("a", "0001_initial")]',
        "a/migrations/0002_c.py": 'dependencies = [("a", "0001_initial"), ("b", "0001_initial")]',
        "b/migrations/0001_initial.py": "",
    }
    migrations(files)
    assert wrong() == {"a/migrations/0002_b.py": ["multiple-heads"], "a/migrations/0002_c.py": ["multiple-heads"]}
    messages = [problem.message for file in find() for problem in file.problems]
    assert messages[0].startswith("`0002_b`, `0002_c` all end the history of `a`")
    migrations({"a/migrations/0003_merge.py": 'dependencies = [("a", "0002_b"), ("a", "0002_c")]'})
    assert wrong() == {}


def test_a_history_whose_dependencies_are_not_read_may_have_any_ends() -> None:
    migrations(
        {
            "a/migrations/0001_initial.py": "",
            "a/migrations/0002_b.py": 'dependencies = [("a", "0001_initial")]',
            "a/migrations/0003_c.py": "dependencies = before()",
        }
    )
    assert wrong() == {}


def test_a_squashed_migration_is_no_end_beside_those_it_replaces() -> None:
    migrations(
        {
            "a/migrations/0001_initial.py": "",
            "a/migrations/0001_squashed.py": 'replaces = [("a", "0001_initial"), ("a", "0002_b")]',
            "a/migrations/0002_b.py": 'dependencies = [("a", "0001_initial")]',
        }
    )
    assert wrong() == {}


def test_a_dependency_that_is_not_there_is_told() -> None:
    migrations(
        {
            "a/migrations/0001_initial.py": 'dependencies = [("auth", "0012_x"), ("b", "__latest__")]',
            "a/migrations/0002_b.py": 'dependencies = [("a", "0001_initial"), ("b", "0009_gone")]',
            "b/migrations/0001_initial.py": "",
        }
    )
    assert wrong() == {"a/migrations/0002_b.py": ["missing-revision"]}
    migrations({"b/migrations/0001_initial.py": 'replaces = [("b", "0009_gone")]'})
    assert wrong() == {}


KEY = 'operations = [migrations.CreateModel("A", [("id", models.{}(auto_created=True, primary_key=True))])]'


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"requirements.txt": "Django==5.2"}, "AutoField"),
        ({"requirements.txt": "Django==6.0"}, "BigAutoField"),
        ({"requirements.txt": "Django==6.0", "config/settings.py": "DEBUG = False"}, "BigAutoField"),
        (
            {
                "requirements.txt": "Django==5.2",
                "a/migrations/0002_b.py": KEY.format("BigAutoField") + '\n    dependencies = [("a", "0001_initial")]',
                "a/migrations/0001_initial.py": KEY.format("AutoField"),
            },
            "BigAutoField",
        ),
        (
            {
                "requirements.txt": "Django==5.2",
                "a/migrations/0002_b.py": KEY.format("BigAutoField"),
                "config/settings.py": "DEBUG = False",
            },
            "AutoField",
        ),
    ],
)
def test_keys_that_no_model_names_are_of_the_kind_that_django_takes(files: dict[str, str], expected: str) -> None:
    migrations(
        {"a/migrations/0001_initial.py": "", **{one: text for one, text in files.items() if "migrations" in one}}
    )
    write({one: text for one, text in files.items() if "migrations" not in one})
    (project, *_) = [file.project for file in find()]
    assert project is not None
    assert project.auto_field == f"django.db.models.{expected}"
