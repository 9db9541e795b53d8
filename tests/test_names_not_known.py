"""What is dropped by a name that nobody knows: its table's constraints or indexes are known no more."""

import json
from pathlib import Path

import pytest

from safecol import cli

FIRST = """\
from alembic import op
import sqlalchemy as sa
revision = "a1"
down_revision = None

def upgrade():
    op.create_table("hosts", sa.Column("id", sa.Integer, primary_key=True))
    op.create_table(
        "bindings",
        sa.Column("port", sa.Integer, autoincrement=False),
        sa.Column("host", sa.Integer),
        sa.PrimaryKeyConstraint("port", name="bindings_pkey"),
        sa.ForeignKeyConstraint(["host"], ["hosts.id"], name="bindings_host_fkey"),
    )
"""
SECOND = """\
from alembic import op
import sqlalchemy as sa
revision = "b2"
down_revision = "a1"

def upgrade():
    inspector = sa.inspect(op.get_bind())
{}
"""
KEY = "    op.create_primary_key('pk', 'bindings', ['port', 'host'])"


def rules(capsys: pytest.CaptureFixture[str], *lines: str, dialect: str = "postgresql") -> set[str]:
    Path("alembic/versions/b2_second.py").write_text(SECOND.format("\n".join(lines)))
    cli.run(["lint", "alembic/versions/b2_second.py", "--dialect", dialect, "--output-format", "json"])
    return {one["rule"] for one in json.loads(capsys.readouterr().out)["findings"]}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".git").mkdir()
    Path("alembic/versions").mkdir(parents=True)
    Path("alembic/env.py").write_text("from alembic import context\ncontext.configure()\n")
    Path("alembic/versions/a1_first.py").write_text(FIRST)


def test_a_second_primary_key_is_refused_where_the_first_is_known(capsys: pytest.CaptureFixture[str]) -> None:
    assert "refused-statement" in rules(capsys, KEY)


@pytest.mark.parametrize(
    "name", ["inspector.get_pk_constraint('bindings')['name']", "inspector.get_pk_constraint('bindings').get('name')"]
)
@pytest.mark.parametrize("kind", ["", ", type_='primary'"])
def test_a_key_that_was_dropped_by_a_name_that_is_not_known_is_in_nobodys_way(
    name: str, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found = rules(capsys, f"    op.drop_constraint({name}, 'bindings'{kind})", KEY)
    assert "unanalyzed-statement" in found
    assert "refused-statement" not in found


def test_a_primary_key_of_mysql_needs_no_name(capsys: pytest.CaptureFixture[str]) -> None:
    dropped = "    op.drop_constraint(inspector.get_pk_constraint('bindings')['name'], 'bindings', type_='primary')"
    found = rules(capsys, dropped, KEY, dialect="mysql")
    assert not found & {"unanalyzed-statement", "refused-statement"}


def test_other_constraints_stay_known_where_the_kind_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    dropped = "        op.drop_constraint(one['name'], 'bindings', type_='foreignkey')"
    found = rules(capsys, "    for one in inspector.get_foreign_keys('bindings'):", dropped, KEY)
    assert {"unanalyzed-statement", "refused-statement"} <= found


def test_an_index_that_was_dropped_by_a_name_that_is_not_known_can_be_made_again(
    capsys: pytest.CaptureFixture[str],
) -> None:
    made = "    op.create_index('i', 'bindings', ['host'])"
    again = "    op.create_index('i', 'bindings', ['host', 'port'])"
    dropped = "        op.drop_index(one['name'], 'bindings')"
    assert "refused-statement" in rules(capsys, made, again, dialect="mysql")
    loop = "    for one in inspector.get_indexes('bindings'):"
    found = rules(capsys, made, loop, dropped, again, dialect="mysql")
    assert "unanalyzed-statement" in found
    assert "refused-statement" not in found


DJANGO = """\
from django.db import migrations, models


def copy(apps, schema_editor):
    Old, New = apps.get_model("shop", "Old"), apps.get_model("shop", "New")
    New.objects.bulk_create([New(name=one.name) for one in Old.objects.all()])


class Migration(migrations.Migration):
    operations = [
        migrations.CreateModel("Old", [("id", models.BigAutoField(primary_key=True)), ("name", models.TextField())]),
        migrations.CreateModel("New", [("id", models.BigAutoField(primary_key=True)), ("name", models.TextField())]),
    ]
"""
SECOND_OF_DJANGO = """\
from django.db import migrations, models

{}


class Migration(migrations.Migration):
    dependencies = [("shop", "0001_initial")]
    operations = [
        {}
        migrations.RunPython(copy),
    ]
"""
WIDER = 'migrations.AddField("old", "n", models.IntegerField(null=True)), '


@pytest.mark.parametrize(
    ("before", "into", "rule"),
    [
        ("", "New", "unbatched-backfill"),
        (
            WIDER + 'migrations.CreateModel("Third", [("name", models.TextField(primary_key=True))]),',
            "Third",
            "lock-held-across-slow-statement",
        ),
    ],
)
def test_rows_that_a_program_makes_are_many_rows(
    before: str, into: str, rule: str, capsys: pytest.CaptureFixture[str]
) -> None:
    function = DJANGO.partition("\n\n\n")[2].partition("\n\n\n")[0].replace('"New"', f'"{into}"')
    files = {"__init__": "", "0001_initial": DJANGO, "0002_copy": SECOND_OF_DJANGO.format(function, before)}
    for name, text in files.items():
        Path("shop/migrations").mkdir(parents=True, exist_ok=True)
        Path(f"shop/migrations/{name}.py").write_text(text)
    cli.run(["lint", "shop/migrations/0002_copy.py", "--dialect", "postgresql", "--output-format", "json"])
    messages = {one["rule"]: one["message"] for one in json.loads(capsys.readouterr().out)["findings"]}
    assert "many rows" in messages[rule].lower()
    assert "${" not in messages[rule]


def test_a_key_that_is_added_under_a_condition_may_be_refused(capsys: pytest.CaptureFixture[str]) -> None:
    guard = "    if not inspector.get_pk_constraint('bindings')['constrained_columns']:"
    assert "refused-statement" not in rules(capsys, guard, f"    {KEY}")


def test_a_column_of_the_toolkit_is_one_in_an_expression_too(capsys: pytest.CaptureFixture[str]) -> None:
    made = "    op.create_index('i', 'bindings', [sa.func.abs(sa.Column('host'))])"
    found = rules(capsys, made)
    assert "blocking-index-creation" in found
    assert "unanalyzed-statement" not in found


RELATED = """\
from django.db import migrations, models
from django_measurement.models import MeasurementField


def grant(apps, schema_editor):
    Group = apps.get_model("shop", "Group")
    for group in Group.objects.all():
        group.members.add(*settled())


class Migration(migrations.Migration):
    operations = [
        migrations.CreateModel("Member", [("weight", MeasurementField(null=True))]),
        migrations.CreateModel("Group", [("members", models.ManyToManyField("shop.Member"))]),
        migrations.AddField("group", "weight", MeasurementField(null=True)),
    ]
"""
GRANTED = (
    RELATED.partition("    operations = [")[0]
    + """\
    dependencies = [("shop", "0001_initial")]
    operations = [migrations.RunPython(grant, migrations.RunPython.noop)]
"""
)


def test_what_is_added_to_one_row_is_no_backfill(capsys: pytest.CaptureFixture[str]) -> None:
    Path("shop/migrations").mkdir(parents=True)
    Path("shop/migrations/__init__.py").write_text("")
    Path("shop/migrations/0001_initial.py").write_text(RELATED)
    Path("shop/migrations/0002_grant.py").write_text(GRANTED)
    found = set()
    for name in ("0001_initial", "0002_grant"):
        cli.run(["lint", f"shop/migrations/{name}.py", "--dialect", "postgresql", "--output-format", "json"])
        found |= {one["rule"] for one in json.loads(capsys.readouterr().out)["findings"]}
    assert "unbatched-backfill" not in found
    assert "unanalyzed-statement" not in found
