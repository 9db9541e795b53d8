"""What the schema editor says of classes, models and histories of which it doesn't know everything."""

import ast

import pytest

from safecol.frontends.django.editor import Editor
from safecol.frontends.django.following import Following
from safecol.frontends.django.operations import Applying, flattened
from safecol.frontends.django.target import Target
from safecol.frontends.django.values import State
from safecol.source import Span

HEAD = """\
from django.contrib.gis.db import models as gis
from django.db import migrations, models
from elsewhere.fields import MoneyField


class Migration(migrations.Migration):
    operations = [
"""
BOOK = 'migrations.CreateModel("Book", [("id", models.AutoField(primary_key=True)), ("price", MoneyField(null=True))]),'


class Result:
    """What was sent, what was not understood, and what Django leaves out."""

    def __init__(self, *operations: str, dialect: str = "postgresql", server: int = 0, history: str = BOOK) -> None:
        editor = Editor(Target(dialect, server))
        state = State(auto_field="django.db.models.AutoField")
        for lines in (history, "\n".join(operations)):
            text = HEAD + lines + "\n]\n"
            following = Following(text, dialect)
            following.runner.statement_list(ast.parse(text.replace("\n]\n", "\n    ]\n")).body)
            migration = following.migration()
            assert migration is not None
            made = Applying(following, editor, state, "shop", careful=False)
            made.apply(flattened(following.attribute_of(migration, "operations", [])) or [], Span(0, 1))
            state = made.state
        writer = following.writer
        sent = [writer.text[one.start : one.end].strip() for one in writer.emissions if not one.reason]
        self.sql = [one for one in sent if one]
        self.reasons = [one.reason for one in writer.emissions if one.reason]
        self.left_out = [one.message for one in following.problems if one.rule == "silently-skipped-constraint"]


def test_a_column_of_an_unknown_class_is_added_and_said_to_be_unknown() -> None:
    made = Result('migrations.AddField("Book", "tip", MoneyField(null=True)),')
    assert made.sql == ['ALTER TABLE "shop_book" ADD COLUMN "tip" "elsewhere.fields.MoneyField" NULL']
    assert made.reasons == ["the type of the column `tip` is not known: `elsewhere.fields.MoneyField`"]


def test_a_new_table_may_have_columns_of_unknown_classes() -> None:
    made = Result(BOOK, history="")
    assert made.reasons == []
    assert '"price" "elsewhere.fields.MoneyField" NULL' in made.sql[0]


def test_options_that_types_are_not_made_of_alter_an_unknown_class_as_any_other() -> None:
    made = Result('migrations.AlterField("Book", "price", MoneyField(null=True, unique=True)),')
    assert made.sql == ['ALTER TABLE "shop_book" ADD CONSTRAINT "shop_book_price_6dcff04d_uniq" UNIQUE ("price")']
    assert made.reasons == []


def test_what_alters_in_an_unknown_class_of_another_length_is_not_known() -> None:
    made = Result('migrations.AlterField("Book", "price", MoneyField(null=True, max_length=9)),')
    assert made.sql == []
    assert made.reasons == [
        "what alters in `price` is not known: `elsewhere.fields.MoneyField` is a class that was not found"
    ]


def test_words_for_people_alter_nothing_in_an_unknown_class() -> None:
    made = Result('migrations.AlterField("Book", "price", MoneyField(null=True, help_text="in cents")),')
    assert made.sql == made.reasons == []


def test_a_model_of_an_application_that_is_not_read_is_referred_to_by_its_usual_table() -> None:
    made = Result('migrations.AddField("Book", "x", models.ForeignKey("other.Thing", models.CASCADE, null=True)),')
    assert 'ADD COLUMN "x_id" integer NULL CONSTRAINT' in made.sql[0]
    assert 'REFERENCES "other_thing"("id")' in made.sql[0]


def test_names_are_those_that_django_makes_where_the_table_was_made_elsewhere() -> None:
    elsewhere = (
        'migrations.SeparateDatabaseAndState(state_operations=[migrations.CreateModel("Author", '
        '[("id", models.AutoField(primary_key=True))]), migrations.CreateModel("Book", '
        '[("id", models.AutoField(primary_key=True)), ("author", models.ForeignKey("shop.Author", models.CASCADE)), '
        '("title", models.CharField(max_length=9, unique=True))])]),'
    )
    made = Result(
        'migrations.RemoveField("Book", "author"),',
        'migrations.AlterField("Book", "title", models.CharField(max_length=9)),',
        history=elsewhere,
    )
    assert made.sql[0].endswith('DROP CONSTRAINT "shop_book_author_id_82b8ab51_fk_shop_author_id"')
    assert made.sql[2:] == [
        'ALTER TABLE "shop_book" DROP CONSTRAINT "shop_book_title_key"',
        'DROP INDEX IF EXISTS "shop_book_title_1f19d72a_like"',
    ]


def test_geometry_is_typed_and_indexed() -> None:
    made = Result('migrations.AddField("Book", "at", gis.PointField(null=True, srid=3857)),')
    assert made.sql[0] == 'ALTER TABLE "shop_book" ADD COLUMN "at" geometry(POINT,3857) NULL'
    assert made.sql[1].endswith('_id" ON "shop_book" USING GIST ("at")')


def test_a_default_that_python_computes_is_one_constant() -> None:
    made = Result('migrations.AddField("Book", "n", models.IntegerField(default=lambda: 7)),')
    assert made.sql[0] == 'ALTER TABLE "shop_book" ADD COLUMN "n" integer DEFAULT 0 NOT NULL'


def test_a_condition_that_is_not_understood_is_a_hole() -> None:
    made = Result(
        'migrations.AddConstraint("Book", models.CheckConstraint(condition=models.Q(price__odd=1), name="c")),'
    )
    assert made.sql == ['ALTER TABLE "shop_book" ADD CONSTRAINT "c" CHECK (${price__odd})']


UNIQUE = 'migrations.AddConstraint("Book", models.UniqueConstraint({}, name="u")),'
INDEX = 'migrations.AddIndex("Book", models.Index({}, name="i")),'
PLAIN = BOOK.replace("MoneyField(null=True)", "models.IntegerField(null=True)")


@pytest.mark.parametrize(
    ("dialect", "operation", "said"),
    [
        (
            "mysql",
            UNIQUE.format('fields=["price"], condition=models.Q(price=1)'),
            "MySQL has no unique constraint with",
        ),
        ("mariadb", UNIQUE.format('models.F("price") + 1'), "MariaDB has no unique constraint on an expression"),
        ("mysql", UNIQUE.format('fields=["price"], nulls_distinct=False'), "that says whether NULLs are distinct"),
        ("sqlite", UNIQUE.format('fields=["price"], deferrable=models.Deferrable.DEFERRED'), "that is deferrable"),
        ("mysql", INDEX.format('fields=["price"], condition=models.Q(price=1)'), "covers all rows: MySQL has no index"),
        ("mariadb", INDEX.format('models.F("price") + 1'), "The index `i` is not made: MariaDB"),
    ],
)
def test_what_django_leaves_out_is_told(dialect: str, operation: str, said: str) -> None:
    made = Result(operation, dialect=dialect, history=PLAIN)
    assert len(made.left_out) == 1
    assert said in made.left_out[0]


@pytest.mark.parametrize(
    "operation",
    [
        UNIQUE.format('fields=["price"], condition=models.Q(price=1)'),
        UNIQUE.format('models.F("price") + 1'),
        INDEX.format('fields=["price"], condition=models.Q(price=1)'),
    ],
)
def test_postgresql_gets_all_of_them(operation: str) -> None:
    made = Result(operation, history=PLAIN)
    assert made.left_out == []
    assert len(made.sql) == 1
