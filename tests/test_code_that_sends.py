"""Python that sends SQL from unusual places: all of it is followed, or said to be unknown; nothing is passed over."""

import pytest

from safecol import reader
from safecol.frontends.alembic.reading import read as read_version
from safecol.frontends.django.project import Project
from safecol.operations import Section, Statement
from safecol.runners.migration_file import MigrationFile

VERSION = """\
import os
from alembic import op
revision = "b"
down_revision = "a"

def upgrade():
    conn = op.get_bind()
"""
MIGRATION = """\
import os
from django.db import migrations, models

def forwards(apps, schema_editor):
    User = apps.get_model("shop", "User")
{body}

class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.CreateModel("User", fields=[("id", models.BigAutoField(primary_key=True))]),
        migrations.RunPython(forwards),
    ]
"""


def sent(text: str, sections: tuple[tuple[Section, tuple[Statement, ...]], ...]) -> list[str]:
    """The statements of the way up, one a line, `?` before what may not run; of what isn't known, the reason."""
    found = []
    for section, statements in sections:
        for one in statements if section.direction == "up" else ():
            perhaps = any("conditional" in operation.flags for operation in one.operations)
            sql = " ".join(text[one.span.start : one.span.end].split())
            found.append(f"-- {one.opaque.reason}" if one.opaque is not None else f"? {sql}" if perhaps else sql)
    return found


def of_alembic(body: str) -> list[str]:
    found = read_version(VERSION + "    " + body.replace("\n", "\n    ") + "\n")
    return sent(found.text, found.sections)


def of_django(body: str, dialect: str = "postgresql") -> list[str]:
    path = "shop/migrations/0001_initial.py"
    project = Project(django_source="settings", apps=frozenset({"shop"}))
    file = MigrationFile(path, "django", dialect, "settings", "texts", app="shop", project=project)
    text = MIGRATION.replace("{body}", "    " + body.replace("\n", "\n    "))
    found = reader.read(file, {path: text})
    return sent(found.text, found.migration.sections)[1:]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('while (n := conn.exec_driver_sql("DELETE FROM t").rowcount) > 0:\n    print(n)', ["DELETE FROM t"]),
        ('if (n := conn.exec_driver_sql("DELETE FROM t")):\n    pass', ["DELETE FROM t"]),
        (
            'op.execute("DROP TABLE a") if os.environ["X"] else op.execute("DROP TABLE b")',
            ["? DROP TABLE a", "? DROP TABLE b"],
        ),
        ('op.drop_table("a") if True else op.drop_table("b")', ["DROP TABLE a"]),
        ('os.environ["X"] and op.drop_table("a")', ["? DROP TABLE a"]),
        ('assert conn.exec_driver_sql("DELETE FROM t").rowcount == 1', ["DELETE FROM t"]),
        ('counts = {}\ncounts["t"] += conn.exec_driver_sql("DELETE FROM t").rowcount', ["DELETE FROM t"]),
        ('match conn.exec_driver_sql("DELETE FROM t"):\n    case _:\n        pass', ["DELETE FROM t"]),
        ('getattr(op, "drop_table")("t")', ["DROP TABLE t"]),
        (
            'getattr(op, os.environ["X"])("t")',
            ["-- `builtins.getattr(…)` is not in this file: what it does is not known"],
        ),
        ('os.system("psql -c x")', ["-- `os.system` is not in this file: what it does is not known"]),
    ],
)
def test_what_a_version_file_sends_from_unusual_places_is_followed(body: str, expected: list[str]) -> None:
    assert of_alembic(body) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('getattr(schema_editor, "execute")("DROP TABLE t")', ["DROP TABLE t"]),
        ('exec("schema_editor.execute(x)")', ["-- what `exec` runs is not known"]),
        ('os.system("psql -c x")', ["-- what `os.system` runs is not known"]),
        (
            'schema_editor.execute("DROP TABLE a") if User.objects.count() else schema_editor.execute("DROP TABLE b")',
            ["? DROP TABLE a", "? DROP TABLE b"],
        ),
        (
            'while (n := schema_editor.connection.cursor().execute("DELETE FROM t")):\n    pass',
            ["DELETE FROM t"],
        ),
    ],
)
def test_what_a_function_of_django_sends_from_unusual_places_is_followed(body: str, expected: list[str]) -> None:
    assert of_django(body) == expected


@pytest.mark.parametrize(("dialect", "quoted"), [("postgresql", '"shop_user"'), ("mysql", "`shop_user`")])
def test_names_that_the_schema_editor_quotes_are_the_names_themselves(dialect: str, quoted: str) -> None:
    call = "schema_editor.quote_name(User._meta.db_table)"
    assert of_django(f'schema_editor.execute("DROP TABLE %s" % {call})', dialect) == [f"DROP TABLE {quoted}"]
    assert of_django(f'schema_editor.execute(f"DROP TABLE {{{call}}}")', dialect) == [f"DROP TABLE {quoted}"]


def test_a_value_that_the_schema_editor_quotes_is_not_none() -> None:
    body = 'schema_editor.execute("ALTER TABLE t ALTER COLUMN c SET DEFAULT " + schema_editor.quote_value(5))'
    assert "None" not in "".join(of_django(body))
    assert len(of_django(body)) == 1
