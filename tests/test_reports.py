"""Reports: each format against its golden file, and the rules that readers of a format state."""

import json
from pathlib import Path
from typing import Any

import pytest

from safecol import catalog
from safecol.effect import Effect, StatementEffect
from safecol.finding import FileUse, Finding, Related, Result, Stage, Unanalyzed, fingerprints
from safecol.reports import FORMATS, Options, RulePage, effects, render
from safecol.reports.full import wrap
from safecol.reports.python_code import python_code, written_out
from safecol.source import Source, Span

GOLDEN = Path(__file__).parent / "golden"
PATH = "db/migrations/0042_tokens.sql"
TEXT = """\
-- migrate:up
CREATE INDEX orders_user ON orders (user_id);
ALTER TABLE orders
  ADD COLUMN token uuid NOT NULL DEFAULT gen_random_uuid(),
  DROP COLUMN note;
CREATE TABLE audit (
  id bigint,
  a int,
  b int,
  c int,
  d int,
  e int
);
"""


def at(text: str, end: str = "") -> Span:
    start = TEXT.index(text)
    return Span(start, TEXT.index(end, start) + len(end) if end else start + len(text))


INDEX = Finding(
    "blocking-index-creation",
    "error",
    "blocking",
    "`CREATE INDEX` on `orders` blocks writes until the index is built",
    PATH,
    at("CREATE INDEX", "(user_id)"),
    help="Build it with CONCURRENTLY, outside a transaction",
    consequence=(
        "SHARE lock on `orders`: INSERT, UPDATE and DELETE wait until the index is built; reads go on",
        "It takes as long as one scan of the table, and grows with it",
    ),
    dialect="postgresql",
    server_version="16",
    runner="dbmate",
    statement=1,
    operation="create-index",
    table="orders",
    effect=Effect(locks=(("orders", "SHARE"),), blocks=("writes",), scan=("orders",), duration="table"),
    stages=(
        Stage(
            "Build it while writes go on", "CREATE INDEX CONCURRENTLY orders_user ON orders (user_id);", False, "schema"
        ),
    ),
)
DEFAULT = Finding(
    "volatile-default",
    "warning",
    "blocking",
    "Adding `orders.token` with a volatile default rewrites the table",
    PATH,
    at("ADD COLUMN", "gen_random_uuid()"),
    help="Add the column without a default, then fill it in batches",
    consequence=("ACCESS EXCLUSIVE lock on `orders`: nobody else reads or writes while every row is written again",),
    dialect="postgresql",
    server_version="16",
    runner="dbmate",
    statement=2,
    operation="add-column",
    table="orders",
    column="token",
    related=(
        Related(PATH, at("CREATE INDEX", "(user_id)"), "the same transaction holds SHARE on `orders` since here"),
    ),
    stages=(
        Stage("Add the column without a default", "ALTER TABLE orders ADD COLUMN token uuid;", True, "schema"),
        Stage("Deploy code that writes `token`", "", True, "deploy"),
        Stage(
            "Fill it in batches", "UPDATE orders SET token = gen_random_uuid()\nWHERE token IS NULL;", False, "backfill"
        ),
    ),
)
LONG = Finding("long-table", "note", "convention", "100%: one, two\nand: three", PATH, at("CREATE TABLE", ")"))
LONG = LONG._replace(span=Span(LONG.span.start, TEXT.index(");", LONG.span.start + 20) + 1), table="audit")
HIDDEN = DEFAULT._replace(rule="column-drop", span=at("DROP COLUMN note"), column="note", reason="nobody reads it")
RESULT = Result(
    findings=(LONG, INDEX, DEFAULT),
    unanalyzed=(Unanalyzed(PATH, at("id bigint"), "`FROB` is not known"),),
    targets=1,
    context=41,
    statements=3,
    suppressed=(HIDDEN,),
    guesses=("server version 15 assumed for 2 files",),
    files=(FileUse(PATH, "target", "dbmate", "postgresql"),),
)
SOURCES = {PATH: Source(PATH, TEXT)}
EMPTY = Result((), (), 0, 0, 0)


def page(rule: str) -> RulePage | None:
    if rule != "volatile-default":
        return None
    return RulePage(
        rule, "A volatile default", "Every row is written.", "# A volatile default\n", "https://example.org/v"
    )


WORDS = catalog.load().lock_words("postgresql")
MODES = tuple(WORDS)
OPTIONS = Options(version="1.2.3", page=page, root="/srv", lock_words=lambda _dialect: WORDS)


@pytest.mark.parametrize("name", list(FORMATS))
def test_the_format_is_as_agreed(name: str) -> None:
    expected = (GOLDEN / f"report.{name}").read_text()
    assert render(name, RESULT, SOURCES, OPTIONS) == expected


@pytest.mark.parametrize("name", list(FORMATS))
def test_an_empty_result_is_a_whole_document(name: str) -> None:
    text = render(name, EMPTY, {}, OPTIONS)
    assert text.endswith("\n")
    if name in ("json", "sarif"):
        assert json.loads(text)


@pytest.mark.parametrize("name", list(FORMATS))
def test_a_finding_without_source_is_still_shown(name: str) -> None:
    assert "blocking-index-creation" in render(name, RESULT, {}, OPTIONS)


def test_the_reader_sees_eighty_columns_but_for_sql() -> None:
    sql = {line.strip() for finding in RESULT.findings for stage in finding.stages for line in stage.sql.splitlines()}
    for line in render("full", RESULT, SOURCES, OPTIONS).splitlines():
        assert len(line) <= 80 or line.strip() in sql


def test_long_statements_are_cut_and_wide_lines_show_the_clause() -> None:
    text = "SELECT " + "x, " * 200 + "DANGER" + ", y" * 200 + ";"
    source = Source("a.sql", text)
    start = text.index("DANGER")
    finding = Finding("r", "error", "blocking", "m", "a.sql", Span(start, start + 6))
    lines = render("full", Result((finding,), (), 1, 0, 1), {"a.sql": source}, OPTIONS).splitlines()
    shown = next(line for line in lines if "DANGER" in line)
    marks = next(line for line in lines if "^" in line)
    assert len(shown) <= 80
    assert shown.index("DANGER") == marks.index("^")
    assert marks.count("^") == 6


def test_underlines_line_up_after_tabs_and_wide_letters() -> None:
    text = "\tSELECT '表' DANGER"
    start = text.index("DANGER")
    finding = Finding("r", "error", "blocking", "m", "a.sql", Span(start, start + 6))
    lines = render("full", Result((finding,), (), 1, 0, 1), {"a.sql": Source("a.sql", text)}, OPTIONS).splitlines()
    shown = next(line for line in lines if "DANGER" in line)
    marks = next(line for line in lines if "^" in line)
    assert marks.index("^") == shown.index("DANGER") + 1  # the wide letter takes two columns


@pytest.mark.parametrize("name", ["full", "concise", "github"])
def test_control_characters_never_reach_the_terminal(name: str) -> None:
    text = "SELECT '\x1b[2J';\x9b"
    finding = Finding("r", "error", "blocking", "see \x1b[31mred\x07", "a.sql", Span(0, len(text)))
    shown = render(name, Result((finding,), (), 1, 0, 1), {"a.sql": Source("a.sql", text)}, OPTIONS)
    assert not set(shown) & set("\x1b\x07\x9b")


def test_colours_only_when_asked() -> None:
    assert "\x1b[31m" in render("full", RESULT, SOURCES, OPTIONS._replace(color=True))
    assert "\x1b" not in render("full", RESULT, SOURCES, OPTIONS)


def test_statistics_count_by_rule() -> None:
    twice = RESULT._replace(findings=(INDEX, INDEX, DEFAULT))
    lines = render("full", twice, SOURCES, OPTIONS._replace(statistics=True)).splitlines()
    assert lines[0].split() == ["2", "error", "blocking-index-creation"]
    assert lines[1].split() == ["1", "warning", "volatile-default"]


def test_quiet_leaves_the_summary_out() -> None:
    assert "Found" in render("concise", RESULT, SOURCES, OPTIONS)
    assert "Found" not in render("concise", RESULT, SOURCES, OPTIONS._replace(quiet=True))


def test_github_commands_are_sorted_and_escaped() -> None:
    lines = render("github", RESULT, SOURCES, OPTIONS).splitlines()
    assert [line.split(" ")[0] for line in lines[:3]] == ["::error", "::warning", "::notice"]
    note = lines[2]
    assert "col=" not in note
    assert note.endswith("::100%25: one, two%0Aand: three")
    odd = INDEX._replace(path="a,b:c.sql")
    assert "file=a%2Cb%3Ac.sql" in render("github", Result((odd,), (), 1, 0, 1), {}, OPTIONS)


def test_no_line_of_a_github_report_is_a_command_by_accident() -> None:
    result = EMPTY._replace(guesses=("::error::x\n::set-output name=a::b",))
    assert not any(line.startswith("::") for line in render("github", result, {}, OPTIONS).splitlines())


def test_fingerprints_survive_moved_lines_and_new_words() -> None:
    moved = INDEX._replace(span=Span(0, 5), message="other words", statement=9)
    assert fingerprints((INDEX,)) == fingerprints((moved,))


def test_fingerprints_tell_alike_findings_apart() -> None:
    assert len(set(fingerprints((INDEX, INDEX, DEFAULT, INDEX._replace(table="users"))))) == 4


def sarif() -> dict[str, Any]:
    run: dict[str, Any] = json.loads(render("sarif", RESULT, SOURCES, OPTIONS))["runs"][0]
    return run


def test_sarif_rules_have_what_code_scanning_demands() -> None:
    for rule in sarif()["tool"]["driver"]["rules"]:
        assert rule["id"]
        assert 0 < len(rule["shortDescription"]["text"]) <= 1024
        assert 0 < len(rule["fullDescription"]["text"]) <= 1024
        assert rule["help"]["text"]
        assert rule["defaultConfiguration"]["level"] in ("none", "note", "warning", "error")


def test_sarif_results_have_one_relative_location_and_a_region_from_one() -> None:
    run = sarif()
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["message"]["text"]
        assert result["level"] in ("note", "warning", "error")
        assert set(result["partialFingerprints"]) == {"safecol/v1"}
        (location,) = result["locations"]
        place = location["physicalLocation"]
        assert place["artifactLocation"]["uri"] == PATH
        region = place["region"]
        assert 1 <= region["startLine"] <= region["endLine"]
        assert region["startLine"] < region["endLine"] or region["startColumn"] < region["endColumn"]


def test_sarif_marks_what_is_suppressed_and_why() -> None:
    hidden = [result for result in sarif()["results"] if "suppressions" in result]
    assert [result["ruleId"] for result in hidden] == ["column-drop"]
    assert hidden[0]["suppressions"] == [{"kind": "inSource", "justification": "nobody reads it"}]


def test_sarif_keeps_the_strongest_five_thousand() -> None:
    many = Result((LONG,) * 5000 + (INDEX,), (), 1, 0, 1)
    run = json.loads(render("sarif", many, SOURCES, OPTIONS))["runs"][0]
    assert len(run["results"]) == 5000
    assert run["results"][0]["ruleId"] == "blocking-index-creation"


def test_sarif_paths_are_uris() -> None:
    odd = INDEX._replace(path="/srv/db/a b%.sql")
    run = json.loads(render("sarif", Result((odd,), (), 1, 0, 1), {}, OPTIONS))["runs"][0]
    location = run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]
    assert location["uri"] == "db/a%20b%25.sql"


def test_wrapping_keeps_every_word_and_long_ones_whole() -> None:
    text = "one two " + "x" * 50 + " three"
    assert " ".join(wrap(text, 20)).split() == text.split()
    assert max(map(len, wrap("a bb ccc dddd " * 9, 20))) <= 20


def statement(number: int, transaction: int | None, *locks: tuple[str, str], sql: str = "SELECT 1") -> StatementEffect:
    blocks = ("reads", "writes") if any(mode == "ACCESS EXCLUSIVE" for _, mode in locks) else ()
    effect = Effect(locks=locks, blocks=blocks)
    return StatementEffect(
        PATH,
        number,
        number,
        number,
        sql,
        ("select",),
        effect,
        transaction is not None,
        transaction,
        dialect="postgresql",
        server_version="16",
    )


EFFECTS = (
    statement(1, 1, ("orders", "SHARE"), sql="CREATE INDEX orders_user ON orders (user_id)")._replace(
        effect=Effect((("orders", "SHARE"),), ("writes",), scan=("orders",), duration="table")
    ),
    statement(
        2, 1, ("orders", "ACCESS EXCLUSIVE"), ("users", "SHARE ROW EXCLUSIVE"), sql="ALTER TABLE orders\n  ADD x"
    ),
    statement(3, None, ("users", "SHARE UPDATE EXCLUSIVE"), sql="VACUUM users"),
    statement(4, None, sql="FROB")._replace(reason="`FROB` is not known", in_transaction=None),
)


def test_a_lock_lasts_until_its_transaction_ends_or_a_stronger_one_takes_over() -> None:
    held = [(one.relation, one.mode, one.first, one.last) for one in effects.timeline(EFFECTS, MODES)]
    assert held == [
        ("orders", "SHARE", 1, 2),
        ("orders", "ACCESS EXCLUSIVE", 2, 2),
        ("users", "SHARE ROW EXCLUSIVE", 2, 2),
        ("users", "SHARE UPDATE EXCLUSIVE", 3, 3),
    ]


def test_a_weaker_lock_later_adds_nothing() -> None:
    rows = (statement(1, 1, ("t", "ACCESS EXCLUSIVE")), statement(2, 1, ("t", "SHARE")))
    assert [(one.mode, one.first, one.last) for one in effects.timeline(rows, MODES)] == [("ACCESS EXCLUSIVE", 1, 2)]


def test_effects_read_as_agreed() -> None:
    assert effects.as_text(EFFECTS, OPTIONS) == (GOLDEN / "effects.text").read_text()
    assert effects.as_json(EFFECTS, OPTIONS) == (GOLDEN / "effects.json").read_text()


def test_changes_of_rows_take_as_long_as_there_are_rows() -> None:
    update = statement(1, 1, ("t", "ROW EXCLUSIVE"), sql="UPDATE t SET a = 1")._replace(operations=("update",))
    assert "takes          as long as there are rows to change\n" in effects.as_text((update,), OPTIONS)
    assert "takes          instant" in effects.as_text((update._replace(operations=("drop-column",)),), OPTIONS)


def test_the_code_of_a_stage_has_the_functions_that_it_uses_and_no_others() -> None:
    source = (
        "from django.db import migrations\n\n\n"
        "def fill(apps, schema_editor):\n    pass\n\n\ndef other():\n    pass\n\n\n"
        "class Migration(migrations.Migration):\n    operations = [migrations.RunPython(fill)]\n"
    )
    assert python_code(source) == [
        "def fill(apps, schema_editor):", "    pass", "", "class Migration(migrations.Migration):",
        "    operations = [migrations.RunPython(fill)]",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "code", "held"),
    [
        (["-- why", "DROP TABLE a;", "DROP TABLE b;"], ["RunSQL(['DROP TABLE a', 'DROP TABLE b'])"], True),
        (["DROP TABLE a;", "DROP TABLE c;"], ["RunSQL(['DROP TABLE a', 'DROP TABLE b'])"], False),
        (['DROP TABLE "it\'s";'], ["RunSQL('DROP TABLE \"it\\'s\"')"], True),
    ],
)
def test_sql_that_a_stage_writes_out_is_not_said_twice(rows: list[str], code: list[str], held: bool) -> None:
    assert written_out(rows, code) is held


def test_a_file_that_is_left_of_a_migration_is_named_though_its_sql_is_not_known() -> None:
    rest = Stage("Everything else that the migration does.", "", True, "schema", source="x = 1", file="b.py", kept=True)
    step = Stage("Add it", "ALTER TABLE t ADD b int", True, "schema")
    finding = Finding("a", "error", "blocking", "m", "1.sql", Span(0, 1), stages=(rest, step))
    assert "  -- Everything else that the migration does: b.py\n" in render(
        "full", EMPTY._replace(findings=(finding,)), {}, Options()
    )


@pytest.mark.parametrize(
    ("before", "line"),
    [
        ((), "1. Let a tool do it"),
        ((Stage("Add it", "ALTER TABLE t ADD b int", True, "schema"),), "-- Or let a tool do it"),
    ],
)
def test_a_tool_is_another_way_and_no_last_step(before: tuple[Stage, ...], line: str) -> None:
    tool = Stage("Or let a tool do it", "", True, "command", command="gh-ost --table=t")
    finding = Finding("a", "error", "blocking", "m", "1.sql", Span(0, 1), stages=(*before, tool))
    shown = render("full", EMPTY._replace(findings=(finding,)), {}, Options())
    assert line in shown
    assert "stages:" not in shown
