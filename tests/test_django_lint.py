"""Projects of Django linted: places, coverage, suppression, what is context, and what is not even imported."""

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from safecol import cli

HEAD = "from django.db import migrations, models\n\n\nclass Migration(migrations.Migration):\n"
INITIAL = (
    HEAD
    + """    operations = [
        migrations.CreateModel("Book", [
            ("id", models.BigAutoField(primary_key=True)),
            ("title", models.CharField(max_length=100)),
            ("note", models.CharField(max_length=100)),
        ]),
    ]
"""
)
NEXT = (
    HEAD
    + """    dependencies = [("shop", "0001_initial")]
    operations = [
        migrations.AddIndex("book", models.Index(fields=["title"], name="book_title")),
        migrations.AlterField("book", "note", models.CharField(help_text="A note", max_length=100)),
    ]
"""
)


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A project with a table that exists, and an index on it."""
    monkeypatch.chdir(tmp_path)
    Path("shop/migrations").mkdir(parents=True)
    Path("config").mkdir()
    Path("manage.py").write_text('os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")\n')
    Path("config/settings.py").write_text('DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql"}}\n')
    Path("safecol.toml").write_text('server-version = "16"\ndjango-version = "5.2"\n[runner]\nlock-timeout = "2s"\n')
    Path("shop/migrations/0001_initial.py").write_text(INITIAL)
    Path("shop/migrations/0002_next.py").write_text(NEXT)


def lint(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    """The JSON report of the second migration."""
    cli.run(["lint", "shop/migrations/0002_next.py", "--output-format", "json", *arguments])
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def findings(report: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = report["findings"]
    return found


def test_a_named_migration_is_judged_by_those_before_it(capsys: pytest.CaptureFixture[str]) -> None:
    found = lint(capsys)
    assert found["summary"] == {
        "targets": 1, "context": 1, "statements": 2, "errors": 1, "warnings": 0, "notes": 0, "suppressed": 0,
        "unanalyzed": 0, "coverage": {"operations": 2, "understood": 2},
    }  # fmt: skip
    (finding,) = findings(found)
    assert (finding["rule"], finding["line"], finding["runner"]) == ("blocking-index-creation", 7, "django")
    assert NEXT[finding["start"] : finding["end"]].startswith('migrations.AddIndex("book"')


def test_what_is_not_understood_is_counted_located_and_may_fail_the_run(capsys: pytest.CaptureFixture[str]) -> None:
    path = Path("shop/migrations/0002_next.py")
    text = NEXT.replace("migrations.AddIndex(", "elsewhere.AddIndex(")
    path.write_text(text.replace("class", "import elsewhere\nclass"))
    assert cli.run(["lint", str(path)]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "Coverage: 1/2 operations understood; 1 unresolved: shop/migrations/0002_next.py:8 " in shown
    assert "(the operation `elsewhere.AddIndex` is not known: what it does is not followed)" in shown
    assert cli.run(["lint", str(path), "--fail-on-unanalyzed"]) == 1


def test_a_finding_is_suppressed_on_its_operation(capsys: pytest.CaptureFixture[str]) -> None:
    comment = "        # safecol: ignore[blocking-index-creation] the table is small\n"
    path = Path("shop/migrations/0002_next.py")
    path.write_text(NEXT.replace("        migrations.AddIndex", comment + "        migrations.AddIndex"))
    found = lint(capsys)
    assert found["findings"] == []
    assert found["summary"]["suppressed"] == 1


@pytest.mark.parametrize("rule", ["irreversible-migration", "irreversible-python"])
def test_what_sends_no_statement_is_suppressed_where_it_stands(capsys: pytest.CaptureFixture[str], rule: str) -> None:
    path = Path("shop/migrations/0002_next.py")
    code = f"        # safecol: ignore[{rule}] we only go forward\n        migrations.RunPython(check),\n"
    function = "def check(apps, schema_editor):\n    pass\n\n\nclass"
    path.write_text(
        NEXT.replace("        migrations.AddIndex", f"{code}        migrations.AddIndex").replace("class", function)
    )
    found = lint(capsys)
    assert [finding["rule"] for finding in findings(found)] == ["blocking-index-creation"]
    assert found["summary"]["suppressed"] == 1


def test_what_a_way_back_destroys_is_told_where_it_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    path = Path("shop/migrations/0002_next.py")
    added = 'migrations.AddField("book", "x", models.IntegerField(null=True)),'
    path.write_text(NEXT.replace("        migrations.AddIndex", f"        {added}\n        migrations.AddIndex"))
    assert "destructive-down" not in {finding["rule"] for finding in findings(lint(capsys))}
    (finding,) = findings(lint(capsys, "--select", "destructive-down"))
    assert (finding["line"], finding["message"]) == (
        7, "DROP COLUMN in a down section: what was written since is lost",
    )  # fmt: skip


def test_the_version_of_django_is_told_where_it_is_assumed(capsys: pytest.CaptureFixture[str]) -> None:
    Path("safecol.toml").write_text('server-version = "16"\n')
    assert lint(capsys)["assumptions"] == ["django version 5.2 assumed (django-version in the settings says which)"]


def test_a_loop_over_constants_gives_one_finding_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    Path("shop/migrations/0002_next.py").write_text(
        "from django.db import migrations\n\n\ndef forward(apps, schema_editor):\n    for name in ('a', 'b', 'c'):\n"
        "        schema_editor.execute(f'CREATE INDEX {name} ON shop_book (title)')\n\n\n"
        + HEAD.partition("\n\n\n")[2]
        + "    dependencies = [('shop', '0001_initial')]\n"
        "    operations = [migrations.RunPython(forward, migrations.RunPython.noop)]\n"
    )
    assert [one["rule"] for one in findings(lint(capsys, "--select", "blocking"))] == ["blocking-index-creation"]


def test_a_project_for_postgresql_needs_no_other_parser() -> None:
    code = (
        "import sys\nfrom safecol import cli\ncli.run(['lint', '-q', '.'])\n"
        "print(sorted({'sqlglot', 'libcst', 'alembic', 'django', 'sqlparse'} & set(sys.modules)))"
    )
    Path("shop/migrations/0002_next.py").unlink()  # a stage in Python would need one
    source = str(Path(cli.__file__).parent.parent)
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONPATH": source}
    )
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("attribute", ["initial = True", 'replaces = [("shop", "0001_old")]'])
def test_the_first_migrations_of_an_app_run_together(capsys: pytest.CaptureFixture[str], attribute: str) -> None:
    first = f"    {attribute}\n    operations"
    Path("shop/migrations/0001_initial.py").write_text(INITIAL.replace("    operations", first))
    assert [one["rule"] for one in findings(lint(capsys))] == ["blocking-index-creation"]
    Path("shop/migrations/0002_next.py").write_text(NEXT.replace("    operations", first))
    assert findings(lint(capsys)) == []


def test_a_migration_that_is_on_no_disk_yet_has_those_before_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = NEXT.replace("0001_initial", "0002_next").replace("book_title", "again")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    cli.run(["lint", "-", "--stdin-filename", "shop/migrations/0003_more.py", "--output-format", "json"])
    report = json.loads(capsys.readouterr().out)
    assert (report["summary"]["targets"], report["summary"]["context"]) == (1, 2)
    assert [(one["rule"], one["path"]) for one in findings(report)] == [
        ("blocking-index-creation", "shop/migrations/0003_more.py")
    ]


DROP = (
    HEAD
    + """    {attribute}
    dependencies = [("shop", "0001_initial")]
    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[migrations.RemoveField("book", "note")],
            database_operations=[{database}],
        ),
    ]
"""
)
DROP_NOW = 'migrations.RunSQL("ALTER TABLE shop_book DROP COLUMN note", "")'


def test_a_column_that_the_models_lost_before_is_dropped_without_a_word(capsys: pytest.CaptureFixture[str]) -> None:
    second = Path("shop/migrations/0002_next.py")
    second.write_text(DROP.format(attribute="", database=DROP_NOW))
    assert [one["rule"] for one in findings(lint(capsys))] == ["column-drop"]
    second.write_text(DROP.format(attribute="", database=""))
    third = HEAD + f'    dependencies = [("shop", "0002_next")]\n    operations = [{DROP_NOW}]\n'
    Path("shop/migrations/0003_drop.py").write_text(third)
    cli.run(["lint", "shop/migrations/0003_drop.py", "--output-format", "json"])
    assert findings(json.loads(capsys.readouterr().out)) == []


def test_a_migration_that_waits_for_the_new_code_may_drop(capsys: pytest.CaptureFixture[str]) -> None:
    text = "from django_safemigrate import Safe\n" + DROP.format(attribute="{}", database=DROP_NOW)
    second = Path("shop/migrations/0002_next.py")
    second.write_text(text.format("safe = Safe.before_deploy()"))
    assert [one["rule"] for one in findings(lint(capsys))] == ["column-drop"]
    second.write_text(text.format("safe = Safe.after_deploy()"))
    assert findings(lint(capsys)) == []


def test_the_help_speaks_the_language_of_what_sends_the_statement(capsys: pytest.CaptureFixture[str]) -> None:
    index = 'migrations.AddIndex("book", models.Index(fields=["title"], name="book_title")),\n'
    assert index in NEXT
    sql = '        migrations.RunSQL("CREATE INDEX other ON shop_book (note)", "DROP INDEX other"),\n'
    Path("shop/migrations/0002_next.py").write_text(NEXT.replace(index, index + sql))
    found = [one for one in findings(lint(capsys)) if one["rule"] == "blocking-index-creation"]
    assert ["AddIndexConcurrently" in one["help"] for one in found] == [True, False]


@pytest.mark.parametrize(
    ("sql", "rule", "named"),
    [
        ("DO $$ BEGIN EXECUTE 'DROP ' || current_user; END $$", "column-drop", "shop_book.note"),
        ("CREATE VIEW notes AS SELECT note FROM shop_book", "cascading-drop", "notes"),
    ],
)
def test_the_cascade_that_django_writes_counts_where_something_is_known_to_go_along(
    capsys: pytest.CaptureFixture[str], sql: str, rule: str, named: str
) -> None:
    Path("shop/migrations/0002_next.py").write_text(
        HEAD + "    dependencies = [('shop', '0001_initial')]\n"
        f'    operations = [migrations.RunSQL("{sql}", migrations.RunSQL.noop)]\n'
    )
    Path("shop/migrations/0003_last.py").write_text(
        HEAD + "    dependencies = [('shop', '0002_next')]\n    operations = [migrations.RemoveField('book', 'note')]\n"
    )
    cli.run(["lint", "shop/migrations/0003_last.py", "--output-format", "json"])
    (found,) = (
        one for one in json.loads(capsys.readouterr().out)["findings"] if one["rule"] in (rule, "cascading-drop")
    )
    assert (found["rule"], f"`{named}`" in found["message"]) == (rule, True)
