"""What PostgreSQL expressions are turned into."""

import json
from typing import Any

import pglast.parser
import pytest

from safecol.expressions import (
    BooleanTest,
    Call,
    Case,
    Cast,
    Collection,
    ColumnReference,
    Expression,
    Junction,
    Literal,
    NullTest,
    Operator,
    Subquery,
    TypeName,
    Unknown,
)
from safecol.frontends.postgresql.expressions import convert_expression, is_always_true

A = ColumnReference(("a",))
B = ColumnReference(("b",))
ONE = Literal("number", "1")
TWO = Literal("number", "2")


def node(sql: str) -> dict[str, Any]:
    tree = json.loads(pglast.parser.parse_sql_json(f"SELECT {sql}"))
    value: dict[str, Any] = tree["stmts"][0]["stmt"]["SelectStmt"]["targetList"][0]["ResTarget"]["val"]
    return value


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("1", ONE),
        ("0", Literal("number", "0")),
        ("-1", Literal("number", "-1")),
        ("1.5", Literal("number", "1.5")),
        ("''", Literal("string", "")),
        ("'x'", Literal("string", "x")),
        ("false", Literal("boolean", "false")),
        ("NULL", Literal("null", "null")),
        ("B'101'", Literal("bits", "b101")),
        ("t.a", ColumnReference(("t", "a"))),
        ("t.*", ColumnReference(("t", "*"))),
        ("1::bigint", Cast(ONE, TypeName("int8"))),
        ("date '2020-01-01'", Cast(Literal("string", "2020-01-01"), TypeName("date"))),
        ("NOW()", Call("now")),
        ("pg_catalog.now()", Call("now")),
        ("s.f(a, x => b)", Call("f", (A, B), "s")),
        ("count(*)", Call("count", (ColumnReference(("*",)),))),
        ("current_timestamp", Call("current_timestamp")),
        ("localtime(3)", Call("localtime")),
        ("current_user", Call("current_user")),
        ("extract(epoch FROM a)", Call("extract", (Literal("string", "epoch"), A))),
        ("a AT TIME ZONE 'utc'", Call("timezone", (Literal("string", "utc"), A))),
        ("coalesce(a, b)", Call("coalesce", (A, B))),
        ("greatest(a, b)", Call("greatest", (A, B))),
        ("least(a, b)", Call("least", (A, B))),
        ("nullif(a, b)", Call("nullif", (A, B))),
        ("a + b", Operator("+", (A, B))),
        ("- a", Operator("-", (A,))),
        ("a OPERATOR(pg_catalog.+) b", Operator("+", (A, B))),
        ("a IN (1, 2)", Operator("in", (A, Collection("list", (ONE, TWO))))),
        ("a NOT IN (1, 2)", Junction("not", (Operator("in", (A, Collection("list", (ONE, TWO)))),))),
        ("a IN (SELECT 1 FROM t)", Operator("in", (A, Subquery(("t",))))),
        ("a < ALL (SELECT 1)", Operator("< all", (A, Subquery(())))),
        ("a = ANY (b)", Operator("any", (A, B))),
        ("a LIKE b", Operator("like", (A, B))),
        ("a NOT LIKE b", Junction("not", (Operator("like", (A, B)),))),
        ("a BETWEEN 1 AND 2", Operator("between", (A, ONE, TWO))),
        ("a NOT BETWEEN 1 AND 2", Junction("not", (Operator("between", (A, ONE, TWO)),))),
        ("a IS DISTINCT FROM b", Operator("is distinct from", (A, B))),
        ("a IS NOT DISTINCT FROM b", Junction("not", (Operator("is distinct from", (A, B)),))),
        ("a AND b OR NOT a", Junction("or", (Junction("and", (A, B)), Junction("not", (A,))))),
        ("a IS NULL", NullTest(A, negated=False)),
        ("a IS NOT NULL", NullTest(A, negated=True)),
        ("a IS NOT UNKNOWN", BooleanTest(A, "not unknown")),
        ("CASE a WHEN 1 THEN 2 ELSE b END", Case(A, ((ONE, TWO),), B)),
        ("CASE WHEN a THEN 2 END", Case(None, ((A, TWO),), None)),
        ("ARRAY[a, b]", Collection("array", (A, B))),
        ("ROW(a, b)", Collection("row", (A, B))),
        ("a[1]", Operator("subscript", (A, ONE))),
        ("(a).b", Operator("field", (A, Literal("string", "b")))),
        ('a COLLATE "C"', Operator("collate", (A, Literal("string", "C")))),
        ("EXISTS (SELECT 1 FROM s.t)", Operator("exists", (Subquery(("s.t",)),))),
        ("(SELECT max(a) FROM t)", Subquery(("t",))),
        ("xmlelement(name a)", Unknown("XmlExpr")),
        ("$1", Unknown("parameter")),
    ],
)
def test_an_expression(sql: str, expected: Expression) -> None:
    assert convert_expression(node(sql)) == expected


def test_a_missing_expression_is_unknown() -> None:
    assert convert_expression(None) == Unknown("nothing")


def test_too_deep_an_expression_is_unknown() -> None:
    deep: dict[str, Any] = {"A_Const": {"ival": {"ival": 1}}}
    for _ in range(20_000):
        deep = {"CollateClause": {"arg": deep, "collname": []}}
    assert convert_expression(deep) == Unknown("nested too deeply")
    while "CollateClause" in deep:  # taken apart by hand: the interpreter frees nested values by recursion
        deep = deep["CollateClause"].pop("arg")


@pytest.mark.parametrize("sql", ["true", "1 = 1", "'a' = 'a'", "'t'::bool", "a OR true", "true AND 1 = 1"])
def test_a_condition_that_always_holds(sql: str) -> None:
    assert is_always_true(convert_expression(node(sql)))


@pytest.mark.parametrize("sql", ["false", "a", "a = a", "1 = 2", "NULL = NULL", "a AND true", "'f'::bool"])
def test_a_condition_that_may_fail(sql: str) -> None:
    assert not is_always_true(convert_expression(node(sql)))
