"""Small judgements about SQLite: what a CHECK says of a value, what one value of a key is, what is built anew."""

import pytest

from safecol import catalog
from safecol.context import Context
from safecol.dialects.sqlite import dialect as sqlite
from safecol.dialects.sqlite.values import affinity, default_class, holds
from safecol.expressions import Call, Cast, Literal, Operator, TypeName
from safecol.frontends.sqlite.front import read_section
from safecol.operations import ConstraintDefinition, Operation, Section
from safecol.source import Span
from safecol.trace import Step
from sqlite_oracle import run_text

CATALOG = catalog.load()


def last(sql: str, setup: str, version: str = "3.45") -> Step:
    """The last step of a file that runs where another has run before."""
    judge = sqlite.load(CATALOG)
    context = Context("sqlite", judge.number(version), default_schema="main")
    context.new_since = 2
    run_text(context, judge, setup, 1)
    return run_text(context, judge, sql, 2)[0].steps[-1]


def check(condition: str) -> Operation:
    text = f"ALTER TABLE t ADD COLUMN a int CHECK ({condition})"
    (statement,) = read_section(text, Section("up", Span(0, len(text)), "autocommit")).statements
    return statement.operations[-1]


@pytest.mark.parametrize(
    ("condition", "value", "passes"),
    [
        ("a > 0", Literal("number", "1"), True),
        ("a > 0", Literal("number", "0"), False),
        ("a >= 0", Literal("number", "0"), True),
        ("a < 0 OR a = 7", Literal("number", "7"), True),
        ("a <> 7 AND a > 0", Literal("number", "7"), False),
        ("NOT a = 7", Literal("number", "7"), False),
        ("a IN ('x', 'y')", Literal("string", "y"), True),
        ("a IN ('x', 'y')", Literal("string", "z"), False),
        ("a NOT IN ('x', 'y')", Literal("string", "y"), False),
        ("a NOT IN ('x', 'y')", Literal("string", "z"), True),
        ("a > 0", Literal("null", ""), True),
        ("a IS NOT NULL", Literal("null", ""), False),
        ("a IS NULL", Literal("number", "1"), False),
        ("a > 0", Literal("string", "1"), None),
        ("length(a) > 0", Literal("string", "1"), None),
        ("length(a) > 0 AND a = 'y'", Literal("string", "x"), False),
    ],
)
def test_what_a_check_says_of_the_value_that_every_row_gets(
    condition: str, value: Literal, passes: bool | None
) -> None:
    definition = check(condition).definition
    assert isinstance(definition, ConstraintDefinition)
    assert definition.expression is not None
    assert holds(definition.expression, {"a": value}) is passes


def test_what_a_constant_default_is() -> None:
    one = Literal("number", "1")
    assert default_class(None) == default_class(Literal("null", "null")) == "none"
    assert default_class(one) == default_class(Operator("-", (one,))) == "constant"
    assert default_class(Cast(one, TypeName("text"))) == "constant"
    assert default_class(Operator("+", (one, one))) == default_class(Call("current_timestamp")) == "volatile"


@pytest.mark.parametrize(
    ("kind", "kept"),
    [
        ("bigint", "integer"), ("varchar", "text"), ("blob", "blob"), ("", "blob"), ("double", "real"),
        ("date", "numeric"), ("charint", "integer"), ("floating point", "integer"),
    ],
)  # fmt: skip
def test_the_affinity_of_a_type_is_that_of_the_first_word_that_fits(kind: str, kept: str) -> None:
    """The last is the example of https://www.sqlite.org/datatype3.html#determination_of_column_affinity."""
    assert affinity(TypeName(kind)) == kept


@pytest.mark.parametrize(
    ("index", "condition", "single"),
    [
        ("CREATE UNIQUE INDEX i ON t (a);", "a = 1", True),
        ("CREATE UNIQUE INDEX i ON t (a);", "a IN (1, 2) AND b > 3", True),
        ("CREATE UNIQUE INDEX i ON t (a);", "a > 1", False),
        ("CREATE UNIQUE INDEX i ON t (a, b);", "a = 1", False),
        ("CREATE UNIQUE INDEX i ON t (a) WHERE b > 0;", "a = 1", False),
        ("CREATE INDEX i ON t (a);", "a = 1", False),
    ],
)
def test_one_value_of_a_key_is_one_row(index: str, condition: str, single: bool) -> None:
    step = last(f"DELETE FROM t WHERE {condition};", f"CREATE TABLE t (a int, b int); {index}")
    assert step.facts["single"] is single


TABLE = "CREATE TABLE t (id INTEGER PRIMARY KEY, a int, b text DEFAULT 'x');"


@pytest.mark.parametrize(
    ("change", "columns", "remark"),
    [
        ("ALTER COLUMN a SET NOT NULL", ["a int NOT NULL", "b text DEFAULT 'x'"], "no row has NULL in a"),
        ("ADD CONSTRAINT positive CHECK (a > 0)", ["a int", "CONSTRAINT positive CHECK"], "no row breaks"),
        ("ADD CONSTRAINT one UNIQUE (a)", ["a int", "CONSTRAINT one UNIQUE (a)"], "no row breaks"),
        ("ALTER COLUMN b DROP DEFAULT", ["a int", "b text\n"], ""),
        ("ALTER COLUMN b SET DEFAULT 'y'", ["a int", "b text DEFAULT 'y'"], ""),
        ("ALTER COLUMN a TYPE text", ["a text", "b text DEFAULT 'x'"], ""),
    ],
)
def test_a_table_is_built_anew_with_all_its_columns_and_the_change(
    change: str, columns: list[str], remark: str
) -> None:
    step = last(f"ALTER TABLE t {change};", TABLE, "3.40")
    script = step.facts["anew"]
    assert isinstance(script, str)
    assert "id INTEGER PRIMARY KEY" in script
    assert "(id, a, b) SELECT id, a, b FROM t;" in script.replace('"', "")
    assert all(column in script for column in columns)
    assert ("safecol: ignore[failing-table-copy]" in script) is bool(remark)
    assert remark in script.replace('"', "")


def test_a_column_that_was_added_is_built_anew_too() -> None:
    step = last("ALTER TABLE t ALTER COLUMN a SET NOT NULL;", f"{TABLE} ALTER TABLE t ADD COLUMN late int DEFAULT 5;")
    script = str(step.facts["anew"])
    assert "late int DEFAULT 5" in script
    assert "(id, a, b, late) SELECT id, a, b, late FROM t;" in script.replace('"', "")
