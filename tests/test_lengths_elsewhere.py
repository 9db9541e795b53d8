"""Lengths, precisions and defaults that stand in a library or in settings: the operation is read all the same."""

import json
from pathlib import Path

import pytest

from safecol import cli
from safecol.expressions import TypeName, is_open

FIRST = """\
from alembic import op
import sqlalchemy as sa
from lib.db import constants
revision = "a1"
down_revision = None

def upgrade():
    op.create_table(
        "ports",
        sa.Column("id", sa.String(length=constants.UUID_SIZE), primary_key=True),
        sa.Column("name", sa.String(constants.NAME_SIZE)),
        sa.Column("rate", sa.Numeric(constants.DIGITS, 2)),
        sa.Column("note", sa.String(20)),
        sa.Column("state", sa.String(16), server_default=constants.ACTIVE),
    )
"""
SECOND = """\
from alembic import op
import sqlalchemy as sa
from lib.db import constants
revision = "b2"
down_revision = "a1"

def upgrade():
    {}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".git").mkdir()


def linted(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[list[tuple[str, str]], tuple[int, int]]:
    """The (rule, message) of each finding, and how many operations there are and were understood."""
    cli.run(["lint", *arguments, "--output-format", "json"])
    report = json.loads(capsys.readouterr().out)
    coverage = report["summary"]["coverage"]
    return [(one["rule"], one["message"]) for one in report["findings"]], (
        coverage["operations"], coverage["understood"],
    )  # fmt: skip


def write(files: dict[str, str]) -> None:
    for name, text in files.items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(text)


def alembic(body: str, dialect: str) -> list[str]:
    write(
        {
            "alembic.ini": f"[alembic]\nscript_location = alembic\nsqlalchemy.url = {dialect}://localhost/db\n",
            "alembic/env.py": "from alembic import context\ncontext.configure()\n",
            "alembic/versions/a1_first.py": FIRST,
            "alembic/versions/b2_second.py": SECOND.format(body),
        }
    )
    return ["alembic/versions/b2_second.py"]


DIALECTS = ("postgresql", "mysql", "mariadb", "sqlite")


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_table_is_read_whatever_the_length_of_its_columns(dialect: str, capsys: pytest.CaptureFixture[str]) -> None:
    alembic("pass", dialect)
    found, (operations, understood) = linted(capsys, "alembic")
    assert operations == understood == 1
    rules = {rule for rule, _ in found}
    assert "missing-primary-key" not in rules
    assert "unanalyzed-statement" not in rules


@pytest.mark.parametrize("dialect", ["postgresql", "mysql", "mariadb"])
@pytest.mark.parametrize(
    "change",
    [
        "op.alter_column('ports', 'name', type_=sa.String(50))",
        "op.alter_column('ports', 'name', type_=sa.String(constants.NAME_SIZE))",
        "op.alter_column('ports', 'name', type_=sa.String(constants.LONG_SIZE))",
        "op.alter_column('ports', 'note', type_=sa.String(constants.NAME_SIZE))",
        "op.alter_column('ports', 'rate', type_=sa.Numeric(8, 2))",
    ],
)
def test_a_change_from_or_to_a_length_that_is_not_known_is_not_verified(
    dialect: str, change: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found, (operations, understood) = linted(capsys, *alembic(change, dialect))
    assert operations == understood == 1
    rules = {rule for rule, _ in found}
    assert "unverified-type-change" in rules
    assert not rules & {"rewriting-type-change", "narrowing-type-change"}
    assert not [message for _, message in found if "___" in message]


def test_a_change_that_needs_no_length_is_judged(capsys: pytest.CaptureFixture[str]) -> None:
    found, _ = linted(capsys, *alembic("op.alter_column('ports', 'name', type_=sa.Text)", "postgresql"))
    assert not [rule for rule, _ in found if rule.endswith("type-change")]
    found, _ = linted(capsys, *alembic("op.alter_column('ports', 'name', type_=sa.Integer)", "postgresql"))
    assert "rewriting-type-change" in {rule for rule, _ in found}


def test_a_default_that_a_library_names_is_one_constant(capsys: pytest.CaptureFixture[str]) -> None:
    body = "op.add_column('ports', sa.Column('d', sa.String(8), nullable=False, server_default=constants.UP))"
    found, (operations, understood) = linted(capsys, *alembic(body, "postgresql"))
    assert operations == understood == 1
    assert not {rule for rule, _ in found} & {"required-column", "volatile-default", "unanalyzed-statement"}


def test_only_what_masking_made_is_an_open_length() -> None:
    assert is_open(TypeName("varchar", ("s____",)))
    assert is_open(TypeName("numeric", (8, "s__")))
    assert not is_open(TypeName("varchar", (8,)))
    assert not is_open(TypeName("enum", ("s", "small", "s_x")))
    assert not is_open(TypeName("interval", ("second",)))


DJANGO = """\
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    {dependencies}
    operations = [
        {operations}
    ]
"""
MODEL = (
    'migrations.CreateModel("Price", [("id", models.BigAutoField(primary_key=True)), '
    '("currency", models.CharField(max_length=settings.{}, db_index=True))]),'
)


def django(setting: str, change: str, settings: str = "") -> list[str]:
    engine = 'DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql"}}\n'
    write(
        {
            "manage.py": 'os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")\n',
            "config/settings.py": engine + settings,
            "shop/migrations/__init__.py": "",
            "shop/migrations/0001_initial.py": DJANGO.format(dependencies="", operations=MODEL.format(setting)),
            "shop/migrations/0002_next.py": DJANGO.format(
                dependencies='dependencies = [("shop", "0001_initial")]', operations=change
            ),
        }
    )
    return ["shop/migrations/0002_next.py"]


LONGER = 'migrations.AlterField("price", "currency", models.CharField(max_length=20, db_index=True)),'
SHORTER = 'migrations.AlterField("price", "currency", models.CharField(max_length=2, db_index=True)),'


def test_the_value_of_a_setting_is_that_of_the_settings_module(capsys: pytest.CaptureFixture[str]) -> None:
    constant = "CURRENCY_LENGTH = 3\n"
    found, (operations, understood) = linted(capsys, *django("CURRENCY_LENGTH", LONGER, constant))
    assert operations == understood == 1
    assert not [rule for rule, _ in found if rule.endswith("type-change")]
    found, _ = linted(capsys, *django("CURRENCY_LENGTH", SHORTER, constant))
    assert "narrowing-type-change" in {rule for rule, _ in found}


@pytest.mark.parametrize("settings", ["", 'import os\nCURRENCY_LENGTH = int(os.environ.get("N", "3"))\n'])
def test_a_setting_that_is_no_plain_constant_is_a_length_that_is_not_known(
    settings: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found, (operations, understood) = linted(capsys, *django("CURRENCY_LENGTH", LONGER, settings))
    assert operations == understood == 1
    rules = {rule for rule, _ in found}
    assert "unverified-type-change" in rules
    assert not rules & {"rewriting-type-change", "narrowing-type-change", "unanalyzed-statement"}


def test_a_setting_that_both_fields_take_is_no_change(capsys: pytest.CaptureFixture[str]) -> None:
    same = 'migrations.AlterField("price", "currency", models.CharField("it", max_length=settings.N, db_index=True)),'
    found, (operations, understood) = linted(capsys, *django("N", same))
    assert operations == understood
    assert not [rule for rule, _ in found if rule.endswith("type-change")]
