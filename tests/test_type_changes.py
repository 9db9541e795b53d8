"""ALTER COLUMN TYPE: the judgement agrees with what real servers were measured to do."""

import json
import pathlib
from typing import Any

import pytest

from safecol.dialects.postgresql.type_changes import TypeChange, judge
from safecol.expressions import Expression, TypeName
from safecol.frontends.postgresql.expressions import convert_expression
from safecol.frontends.postgresql.parser import parse
from safecol.frontends.postgresql.types import convert_type
from safecol.operations import ConstraintDefinition, TypeDefinition
from safecol.source import Span

ROWS = [
    json.loads(line)
    for line in (pathlib.Path(__file__).parent / "data/postgresql_type_changes.jsonl").read_text().splitlines()
]


def column(text: str) -> tuple[TypeName, str | None]:
    definition = parse(f"create table t (c {text})")[0]["stmt"]["CreateStmt"]["tableElts"][0]["ColumnDef"]
    collation = definition.get("collClause", {}).get("collname")
    return convert_type(definition["typeName"]), collation[-1]["String"]["sval"] if collation else None


def expression(text: str) -> Expression:
    select = parse(f"select {text}")[0]["stmt"]["SelectStmt"]
    return convert_expression(select["targetList"][0]["ResTarget"]["val"])


def defined(statements: list[str]) -> dict[str, TypeDefinition]:
    found: dict[str, TypeDefinition] = {}
    for statement in statements:
        kind, node = next(iter(parse(statement)[0]["stmt"].items()))
        if kind == "CreateEnumStmt":
            found[node["typeName"][-1]["String"]["sval"]] = TypeDefinition("enum")
            continue
        kinds = [item["Constraint"]["contype"] for item in node.get("constraints", ())]
        checks = tuple(ConstraintDefinition("check", None, (), Span(0, 0)) for item in kinds if item == "CONSTR_CHECK")
        found[node["domainname"][-1]["String"]["sval"]] = TypeDefinition(
            "domain", base=convert_type(node["typeName"]), constraints=checks, nullable="CONSTR_NOTNULL" not in kinds
        )
    return found


def judged(
    old: str | None,
    new: str,
    using: str | None = None,
    *,
    timezone: str | None = None,
    types: tuple[str, ...] = (),
    version: int = 16,
) -> TypeChange:
    old_type, old_collation = column(old) if old is not None else (None, None)
    new_type, new_collation = column(new)
    definitions = defined(list(types))
    return judge(
        old_type,
        new_type,
        column="c",
        using=expression(using) if using else None,
        old_collation=old_collation,
        new_collation=new_collation,
        timezone=timezone,
        version=version,
        resolve=lambda name: definitions.get(name.name),
    )


@pytest.mark.parametrize("row", ROWS, ids=[row["id"] for row in ROWS])
def test_agrees_with_measured_servers(row: dict[str, Any]) -> None:
    for version in range(row["versions"][0], row["versions"][1] + 1):
        change = judged(
            row["old"], row["new"], row["using"], timezone=row["timezone"], types=tuple(row["types"]), version=version
        )
        assert change.heap == ("rewrite" if row["rewrite"] else "none"), change.reason
        if row["index_rebuilt"] is not None:
            assert change.indexes == ("rebuilt" if row["index_rebuilt"] else "reused"), change.reason


@pytest.mark.parametrize(
    ("old", "new", "heap", "indexes"),
    [
        (None, "bigint", "unknown", "unknown"),
        ("timestamp", "timestamptz", "unknown", "rebuilt"),
        ("timestamp(3)", "timestamptz(3)", "rewrite", "rebuilt"),
        ("geometry", "geometry", "none", "reused"),
        ("somewhere.kind", "text", "unknown", "unknown"),
    ],
)
def test_says_unknown_where_something_is_missing(old: str | None, new: str, heap: str, indexes: str) -> None:
    change = judged(old, new)
    assert (change.heap, change.indexes) == (heap, indexes)


@pytest.mark.parametrize("zone", ["UTC", "utc", "Etc/UTC", "GMT", "0", "+00", "UTC0", "Zulu"])
def test_a_zone_that_never_left_zero_keeps_the_values(zone: str) -> None:
    assert judged("timestamp", "timestamptz", timezone=zone).heap == "none"


@pytest.mark.parametrize("zone", ["Europe/London", "Africa/Abidjan", "UTC+1", "10"])
def test_any_other_zone_rewrites(zone: str) -> None:
    assert judged("timestamp", "timestamptz", timezone=zone).heap == "rewrite"


@pytest.mark.parametrize(
    ("old", "new", "narrowing"),
    [
        ("varchar(20)", "varchar(10)", True),
        ("varchar(10)", "varchar(20)", False),
        ("text", "varchar(50)", True),
        ("varchar(50)", "text", False),
        ("bigint", "int", True),
        ("int", "bigint", False),
        ("numeric(10,2)", "numeric(8,2)", True),
        ("numeric(10,2)", "numeric(12,4)", False),
        ("numeric(10,2)", "numeric(10,4)", True),
        ("timestamptz", "date", True),
        ("uuid", "varchar(36)", False),
        ("int", "text", False),
        ("double precision", "real", True),
        ("timestamp", "timestamp(6)", False),
    ],
)
def test_tells_values_that_may_not_fit(old: str, new: str, narrowing: bool) -> None:
    assert judged(old, new).narrowing is narrowing


def test_a_guess_is_offered_for_a_fixed_width_target() -> None:
    assert judged(None, "bigint").likely == "rewrite"
    assert judged(None, "text").likely is None


def test_regcollation_is_coercible_from_its_first_version() -> None:
    assert judged("oid", "regcollation", version=13).heap == "none"
    assert judged("oid", "regcollation", version=12).heap == "rewrite"


VARCHAR = ("create domain d as varchar(20)", "create domain e as varchar(30)")


@pytest.mark.parametrize(
    ("old", "new", "types", "heap", "indexes"),
    [
        ("text", "bpchar", (), "none", "rebuilt"),
        ("bpchar(10)", "bpchar", (), "none", "reused"),
        ("d", "varchar(30)", VARCHAR, "rewrite", "rebuilt"),
        ("d", "varchar(20)", VARCHAR, "rewrite", "rebuilt"),
        ("d", "text", VARCHAR, "none", "reused"),
        ("d", "e", VARCHAR, "rewrite", "rebuilt"),
        ("text[]", "d", ("create domain d as text[]",), "none", "rebuilt"),
        ("varchar(10)[]", "varchar[]", (), "none", "reused"),
        ("interval day", "interval hour", (), "none", "reused"),
        ("interval hour", "interval day", (), "rewrite", "rebuilt"),
        ("timestamp", "timestamptz(6)", (), "none", "rebuilt"),
        ("regproc", "regprocedure", (), "none", "reused"),
        ("varbit", "bit", (), "rewrite", "rebuilt"),
        ("d", "d", ("create domain d as int check (value > 0)",), "none", "reused"),
    ],
)
def test_rarer_changes_agree_with_servers_12_and_18(
    old: str, new: str, types: tuple[str, ...], heap: str, indexes: str
) -> None:
    change = judged(old, new, timezone="UTC", types=types)
    assert (change.heap, change.indexes) == (heap, indexes), change.reason


def test_a_collation_in_using_computes_nothing() -> None:
    change = judged("text", "text", 'c collate "C"')
    assert (change.heap, change.indexes) == ("none", "reused")
