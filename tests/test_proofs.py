"""SET NOT NULL and ATTACH PARTITION skip their scans for the CHECKs that real servers accepted, and no other."""

import json
import pathlib
from typing import Any

import pytest

from safecol.dialects.postgresql.bounds import excludes, implied
from safecol.dialects.postgresql.proofs import proves_not_null
from safecol.expressions import Expression, Unknown
from safecol.frontends.postgresql.expressions import convert_expression
from safecol.frontends.postgresql.parser import parse
from safecol.operations import IndexElement, PartitionBound, PartitionKey

ROWS = [
    json.loads(line)
    for line in (pathlib.Path(__file__).parent / "data/postgresql_not_null_proofs.jsonl").read_text().splitlines()
]


def expression(text: str) -> Expression:
    select = parse(f"select {text}")[0]["stmt"]["SelectStmt"]
    return convert_expression(select["targetList"][0]["ResTarget"]["val"])


def bound(lower: str, upper: str) -> PartitionBound:
    def values(text: str) -> tuple[Expression, ...]:
        words = [word.strip() for word in text.split(",")]
        return tuple(Unknown(word) if word in {"minvalue", "maxvalue"} else expression(word) for word in words)

    return PartitionBound("range", values(lower), values(upper))


def listed(*values: str) -> PartitionBound:
    return PartitionBound("list", values=tuple(expression(value) for value in values))


def key(*columns: str, strategy: str = "range") -> PartitionKey:
    elements = [
        IndexElement(column) if column.isidentifier() else IndexElement(None, expression(column)) for column in columns
    ]
    return PartitionKey(strategy, tuple(elements))


@pytest.mark.parametrize("row", ROWS, ids=[row["id"] for row in ROWS])
def test_not_null_agrees_with_measured_servers(row: dict[str, Any]) -> None:
    assert proves_not_null(expression(row["check"]), "n", frozenset()) is not row["scanned"]


@pytest.mark.parametrize(
    "check",
    [
        "n notnull",
        "n is distinct from null",
        "t.n is not null",
        "(n is not null and a) or (n is not null)",
        "(n is null) = false",
        "case when true then n is not null end",
        "m > 0 and not (n is null or m = 3)",
    ],
)
def test_other_spellings_prove_not_null(check: str) -> None:
    assert proves_not_null(expression(check), "n", frozenset())


@pytest.mark.parametrize(
    "check",
    [
        "length(n) > 0",
        "(n is not null) is true",
        "(n is not null) is not false",
        "(n is not null) is distinct from false",
        "num_nulls(n) = 0",
        "(n + 0) is not null",
        "n::bigint is not null",
        "case when n is null then false else true end",
        "n in (1, 2)",
        "other is not null",
        "n is null",
        "not ((n, m) is null)",
    ],
)
def test_what_servers_do_not_take_as_a_proof(check: str) -> None:
    assert not proves_not_null(expression(check), "n", frozenset())


NOT_NULL = frozenset({"id", "k"})
RANGE = bound("20000", "30000")


@pytest.mark.parametrize(
    ("check", "not_null", "expected"),
    [
        ("id >= 20000 and id < 30000", True, True),
        ("id >= 20000 and id < 30000", False, False),
        ("id is not null and id >= 20000 and id < 30000", False, True),
        ("id >= 25000 and id < 26000", True, True),
        ("id > 19999 and id < 30000", True, False),
        ("id between 20000 and 29999", True, True),
        ("id between 20000 and 30000", True, False),
        ("20000 <= id and 30000 > id", True, True),
        ("id >= 20000", True, False),
        ("id = 20001", True, True),
        ("id in (20001, 20002)", True, True),
        ("id in (20001, 30000)", True, False),
        ("id::bigint >= 20000 and id::bigint < 30000", True, False),
        ("not (id < 20000 or id >= 30000)", True, True),
        ("other >= 20000 and other < 30000", True, False),
    ],
)
def test_a_check_spares_the_scan_of_a_range(check: str, not_null: bool, expected: bool) -> None:
    columns = NOT_NULL if not_null else frozenset[str]()
    assert implied([expression(check)], key("id"), RANGE, columns) is expected


def test_several_checks_count_together() -> None:
    checks = [expression("id >= 20000"), expression("id < 30000")]
    assert implied(checks, key("id"), RANGE, NOT_NULL)


def test_dates_are_ordered() -> None:
    months = bound("'2024-01-01'", "'2024-02-01'")
    inside = [expression("k >= '2024-01-01' and k < '2024-01-15'")]
    outside = [expression("k >= '2024-01-01' and k < '2024-02-02'")]
    assert implied(inside, key("k"), months, NOT_NULL)
    assert not implied(outside, key("k"), months, NOT_NULL)


def test_an_expression_key_is_repeated_in_the_check() -> None:
    repeated = [expression("(id+0) is not null and (id+0) >= 20000 and (id+0) < 30000")]
    assert implied(repeated, key("id+0"), RANGE, frozenset())
    assert not implied([expression("id >= 20000 and id < 30000")], key("id+0"), RANGE, NOT_NULL)


def test_an_open_range_needs_one_side() -> None:
    assert implied([expression("id < 100")], key("id"), bound("minvalue", "100"), NOT_NULL)
    assert implied([expression("id >= 100")], key("id"), bound("100", "maxvalue"), NOT_NULL)
    assert not implied([expression("id < 100")], key("id"), bound("100", "maxvalue"), NOT_NULL)


def test_a_key_of_two_columns_takes_its_own_constraint() -> None:
    both = bound("1, 5", "1, 9")
    assert implied([expression("id = 1 and k >= 5 and k < 9")], key("id", "k"), both, NOT_NULL)
    assert not implied([expression("k >= 5 and k < 9")], key("id", "k"), both, NOT_NULL)
    wide = bound("1, 5", "3, 9")
    assert implied([expression("id = 2")], key("id", "k"), wide, NOT_NULL)
    assert not implied([expression("id >= 1 and id <= 3")], key("id", "k"), wide, NOT_NULL)


@pytest.mark.parametrize(
    ("check", "not_null", "expected"),
    [
        ("k = 'a'", False, False),
        ("k is not null and k = 'a'", False, True),
        ("k = 'a'", True, True),
        ("k in ('a', 'b')", True, True),
        ("k = any (array['a', 'b'])", True, True),
        ("k in ('a', 'c')", True, False),
    ],
)
def test_a_check_spares_the_scan_of_a_list(check: str, not_null: bool, expected: bool) -> None:
    columns = NOT_NULL if not_null else frozenset[str]()
    assert implied([expression(check)], key("k", strategy="list"), listed("'a'", "'b'"), columns) is expected


def test_a_list_with_null_needs_no_not_null() -> None:
    assert implied([expression("k = 'a'")], key("k", strategy="list"), listed("'a'", "null"), frozenset())


def test_hash_and_default_are_always_read() -> None:
    checks = [expression("id is not null and id = 1")]
    assert not implied(checks, key("id", strategy="hash"), PartitionBound("hash"), NOT_NULL)
    assert not implied(checks, key("id"), PartitionBound("default"), NOT_NULL)


@pytest.mark.parametrize(
    ("check", "expected"),
    [
        ("id < 20000 or id >= 30000", True),
        ("id is null or id < 20000 or id >= 30000", True),
        ("id >= 40000", True),
        ("not (id >= 20000 and id < 30000)", True),
        ("id < 20001", False),
        ("id <> 20000", False),
    ],
)
def test_a_check_of_the_default_partition_excludes_a_range(check: str, expected: bool) -> None:
    assert excludes([expression(check)], key("id"), RANGE) is expected


def test_a_check_of_the_default_partition_excludes_a_list() -> None:
    values = key("k", strategy="list")
    assert excludes([expression("k not in ('a', 'b')")], values, listed("'a'", "'b'"))
    assert not excludes([expression("k <> 'a'")], values, listed("'a'", "'b'"))
