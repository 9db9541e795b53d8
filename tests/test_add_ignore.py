"""`lint --add-ignore`: comments that ignore what was found, where they cover just that."""

import json
from pathlib import Path

import pytest

from safecol import cli

REVISION = """\
from alembic import op

revision = "b"
down_revision = "a"


def upgrade():
    if True:
        op.create_index(
            "i", "orders", ["a"]
        )
    with op.batch_alter_table("users") as batch:
        batch.drop_column("note")  # gone
"""
DJANGO = """\
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("shop", "0001_initial")]
    operations = [
        migrations.AddIndex("book", models.Index(fields=["pages"], name="book_pages")),
    ]
"""
INITIAL = """\
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.CreateModel("Book", [("id", models.AutoField(primary_key=True)), ("pages", models.IntegerField())]),
    ]
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "safecol.toml").write_text('dialect = "postgresql"\n[runner]\nlock-timeout = "2s"\n')
    return tmp_path


def found(capsys: pytest.CaptureFixture[str], *paths: str) -> list[str]:
    capsys.readouterr()
    cli.run(["lint", *paths, "--output-format", "json"])
    return [one["rule"] for one in json.loads(capsys.readouterr().out)["findings"]]


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        (
            "1.sql",
            "-- the index\nCREATE INDEX i ON orders (a);\n",
            "-- the index\n-- safecol: ignore[blocking-index-creation] tried\nCREATE INDEX i ON orders (a);\n",
        ),
        (
            "1.sql",
            "SELECT 1;  DROP INDEX i;\n",
            "SELECT 1;\n-- safecol: ignore[blocking-index-removal] tried\nDROP INDEX i;\n",
        ),
        (
            "1.sql",
            "\ufeffSELECT 1;\r\n  DROP INDEX i;\r\n",
            "\ufeffSELECT 1;\r\n  -- safecol: ignore[blocking-index-removal] tried\r\n  DROP INDEX i;\r\n",
        ),
        (
            "versions/b.py",
            REVISION,
            REVISION.replace(
                "        op.create", "        # safecol: ignore[blocking-index-creation] tried\n        op.create"
            ).replace("        batch.drop", "        # safecol: ignore[column-drop] tried\n        batch.drop"),
        ),
    ],
)
def test_a_directive_stands_above_each_statement_with_findings(
    name: str, before: str, after: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = Path(name)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(before.encode())
    assert found(capsys, name)
    assert cli.run(["lint", name, "--add-ignore=tried"]) == 0
    count = after.count("safecol:")
    assert capsys.readouterr().out == f"Added {count} directive{'s' * (count > 1)} in 1 file\n"
    assert path.read_bytes().decode() == after
    assert found(capsys, name) == []
    cli.run(["lint", name, "--add-ignore"])
    assert path.read_bytes().decode() == after


def test_operations_of_django_are_ignored_in_their_list(capsys: pytest.CaptureFixture[str]) -> None:
    folder = Path("shop/migrations")
    folder.mkdir(parents=True)
    Path("manage.py").write_text("")
    (folder / "__init__.py").write_text("")
    (folder / "0001_initial.py").write_text(INITIAL)
    (folder / "0002_index.py").write_text(DJANGO)
    assert found(capsys, "shop/migrations/0002_index.py") == ["blocking-index-creation"]
    cli.run(["lint", "shop/migrations/0002_index.py", "--add-ignore"])
    text = (folder / "0002_index.py").read_text()
    assert "        # safecol: ignore[blocking-index-creation]\n        migrations.AddIndex(" in text
    assert found(capsys, "shop/migrations/0002_index.py") == []


def test_what_is_about_no_statement_is_ignored_for_the_file(capsys: pytest.CaptureFixture[str]) -> None:
    Path("1.sql").write_text("-- nothing yet\n")
    rules = found(capsys, "1.sql")
    assert rules
    cli.run(["lint", "1.sql", "--add-ignore"])
    assert Path("1.sql").read_text() == f"-- safecol: file-ignore[{', '.join(rules)}]\n-- nothing yet\n"
    assert found(capsys, "1.sql") == []


def test_a_file_of_another_encoding_is_left_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    data = "CREATE INDEX i ON orders (a);\n".encode("utf-16")
    Path("1.sql").write_bytes(data)
    assert cli.run(["lint", "1.sql", "--add-ignore"]) == 0
    assert Path("1.sql").read_bytes() == data
    out = capsys.readouterr().out
    assert out == "1.sql: left as it is, its text isn't UTF-8 or isn't that of a file\nAdded 0 directives in 0 files\n"


def test_a_path_is_not_taken_for_a_reason(capsys: pytest.CaptureFixture[str]) -> None:
    Path("1.sql").write_text("DROP INDEX i;\n")
    Path("2.sql").write_text("DROP INDEX i;\n")
    assert cli.run(["lint", "--add-ignore", "1.sql"]) == 0
    assert capsys.readouterr().out == "Added 1 directive in 1 file\n"
    assert Path("1.sql").read_text() == "-- safecol: ignore[blocking-index-removal]\nDROP INDEX i;\n"
    assert Path("2.sql").read_text() == "DROP INDEX i;\n"
