"""Defaults: the judgement agrees with the rewrites that real servers were measured to do."""

import json
import pathlib
from typing import Any

import pytest

from safecol.dialects.postgresql.volatility import folded, judge
from safecol.expressions import Expression, Literal, Operator
from safecol.frontends.postgresql.expressions import convert_expression
from safecol.frontends.postgresql.parser import parse
from safecol.operations import RoutineDefinition

ROWS = [
    json.loads(line)
    for line in (pathlib.Path(__file__).parent / "data/postgresql_defaults.jsonl").read_text().splitlines()
]


def expression(text: str) -> Expression:
    select = parse(f"select {text}")[0]["stmt"]["SelectStmt"]
    return convert_expression(select["targetList"][0]["ResTarget"]["val"])


def routine(statement: str) -> tuple[tuple[str | None, str], RoutineDefinition]:
    node = parse(statement)[0]["stmt"]["CreateFunctionStmt"]
    names = [part["String"]["sval"] for part in node["funcname"]]
    options = {item["DefElem"]["defname"]: item["DefElem"].get("arg", {}) for item in node["options"]}
    body = options["as"]["List"]["items"][0]["String"]["sval"]
    volatility = options.get("volatility", {}).get("String", {}).get("sval")
    definition = RoutineDefinition(options["language"]["String"]["sval"], (), volatility, body)
    return (names[-2] if len(names) > 1 else None, names[-1]), definition


def judged(text: str, version: int = 16, routines: tuple[str, ...] = ()) -> str:
    known = dict(routine(statement) for statement in routines)
    return judge(expression(text), version, lambda schema, name, _: known.get((schema, name)))


@pytest.mark.parametrize("row", ROWS, ids=[row["id"] for row in ROWS])
def test_agrees_with_measured_servers(row: dict[str, Any]) -> None:
    for version in range(row["versions"][0], row["versions"][1] + 1):
        verdict = judged(row["default"], version, tuple(row["routines"]))
        assert verdict == ("volatile" if row["rewrite"] else "constant")


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("uuid_generate_v1mc()", "volatile"),
        ("extensions.uuid_generate_v4()", "volatile"),
        ("public.uuid_generate_v5(public.uuid_ns_dns(), 'x')", "constant"),
        ("encode(gen_random_bytes(16), 'hex')", "volatile"),
        ("crypt('x', 'y')", "constant"),
        ("pg_catalog.now()", "constant"),
        ("m.now()", "unknown"),
        ("next_number()", "unknown"),
        ("coalesce(next_number(), random())", "volatile"),
        ("uuidv7()", "volatile"),
        ("timezone('utc', now())", "constant"),
    ],
)
def test_functions_of_extensions_and_of_users(text: str, verdict: str) -> None:
    assert judged(text) == verdict


def test_gen_random_uuid_of_an_extension_before_13() -> None:
    assert judged("gen_random_uuid()", 12) == "volatile"


def test_a_users_function_wins_where_the_server_has_none_of_that_name() -> None:
    own = ("create function uuidv7() returns uuid language sql immutable as 'select null::uuid'",)
    assert judged("uuidv7()", 17, own) == "constant"
    assert judged("uuidv7()", 18, own) == "volatile"


@pytest.mark.parametrize(
    ("body", "verdict"),
    [
        ("select 1", "constant"),
        ("select now();", "constant"),
        ("select random()", "volatile"),
        ("select count(*) from t", "volatile"),
        ("select 1; select 2", "volatile"),
        ("select (select 1)", "volatile"),
    ],
)
def test_an_unmarked_sql_function_is_judged_by_its_body(body: str, verdict: str) -> None:
    assert judged("f()", 16, (f"create function f() returns int language sql as '{body}'",)) == verdict


def test_a_function_that_calls_itself_ends() -> None:
    assert judged("f()", 16, ("create function f() returns int language sql as 'select f()'",)) == "volatile"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("case when false then random() else 2 end", "2"),
        ("case 1 when 2 then random() when 1 then 5 end", "5"),
        ("case when 1 = 2 then random() end", "null"),
        ("coalesce(null, 3, random())", "3"),
        ("nullif(1, 1)", "null"),
        ("nullif(1, 2)", "1"),
        ("false and random() > 0", "false"),
        ("not (x is null)", "x is not null"),
        ("(x is not null) = true", "x is not null"),
        ("x is distinct from null", "x is not null"),
        ("coalesce(x, null)", "coalesce(x)"),
    ],
)
def test_folds_as_the_planner_does(before: str, after: str) -> None:
    assert folded(expression(before)) == expression(after)


def test_a_deep_expression_is_judged() -> None:
    deep = expression("random()")
    for _ in range(5000):
        deep = Operator("+", (deep, Literal("number", "1")))
    assert judge(deep, 16, lambda *_: None) == "volatile"
