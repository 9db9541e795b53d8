"""A section of a file to its statements, whatever else is in it."""

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from safecol.frontends.postgresql import lexing, parser
from safecol.frontends.postgresql.bulk import HUGE
from safecol.frontends.postgresql.splitting import Reading, comments, read_section
from safecol.operations import Operation, Section
from safecol.source import Span


def convert(
    node: dict[str, Any], span: Span, position: Callable[[int], int], text: str
) -> tuple[tuple[Operation, ...], str | None]:
    """An operation named after the node, with the place of the first relation as its value."""
    kind, content = next(iter(node.items()))
    relation = content.get("relation")
    at = position(relation["location"]) if relation else span.start
    return (Operation({"InsertStmt": "insert"}.get(kind, kind), span, value=text[at : at + 3]),), None


def read(text: str, start: int = 0, end: int | None = None) -> Reading:
    section = Section("up", Span(start, len(text) if end is None else end), "unknown")
    return read_section(text, section, convert=convert)


def seen(text: str) -> list[tuple[str, str]]:
    """Each statement's text with the kind of its operation, or the reason why there is none."""
    return [
        (
            text[s.span.start : s.span.end],
            s.opaque.reason if s.opaque else " ".join(operation.kind for operation in s.operations),
        )
        for s in read(text).statements
    ]


def test_spans_exclude_comments_white_space_and_terminators() -> None:
    text = "-- a; b\n select 1 ; /* x; */ select 'a;b' -- end\n;;\nselect 3 -- c\n /* d */ "
    assert [s for s, _ in seen(text)] == ["select 1", "select 'a;b'", "select 3"]


@pytest.mark.parametrize("text", ["", ";", " ;; ;\n", "-- x", "/* x */", "\ufeff", "\\i x.sql\n", "${x}"])
def test_text_without_a_statement_has_none(text: str) -> None:
    assert read(text).statements == ()


def test_one_bad_statement_hides_no_other() -> None:
    text = "select 1; alter tabel t; alter table t add c int;"
    first, bad, last = read(text).statements
    assert [o.kind for s in (first, last) for o in s.operations] == ["SelectStmt", "AlterTableStmt"]
    assert [s.number for s in (first, bad, last)] == [1, 2, 3]
    assert bad.operations == ()
    assert bad.opaque is not None
    assert bad.opaque.syntax
    assert bad.opaque.reason == 'syntax error at or near "tabel"'
    assert text[bad.opaque.span.start : bad.opaque.span.end] == "tabel"


@pytest.mark.parametrize(
    "statement",
    [
        "create function f() returns int begin atomic select 1; select case when true then 1 end; end",
        "create or replace rule r as on insert to t do also (select 1; select 2)",
        "do $$ begin a; b; end $$",
        "create function f() returns int language sql as $body$ select '$$;'; $body$",
        "select E'it\\';s', 'a'';b', \"c;d\"",
        "select /* a; /* b; */ c; */ 1",
        "select a$1$b from t",
    ],
)
def test_a_statement_beside_a_bad_one_stays_whole(statement: str) -> None:
    found = seen(f"selec 1;\n{statement};\nselec 2;")
    assert [text for text, _ in found] == ["selec 1", statement, "selec 2"]
    assert "error" not in found[1][1]


def test_a_quote_that_is_not_closed_ends_with_its_line() -> None:
    text = "insert into t values ('it's');\nalter table t add c int;\nselect 'x';\n"
    assert [what for _, what in seen(text)] == ['syntax error at or near "s"', "AlterTableStmt", "SelectStmt"]


def test_a_missing_semicolon_is_named_and_both_statements_are_read() -> None:
    text = "create table a (x int)\nalter table b add c int;"
    first, second = read(text).statements
    assert [o.kind for s in (first, second) for o in s.operations] == ["CreateStmt", "AlterTableStmt"]
    assert first.opaque is not None
    assert first.opaque.reason.endswith("a `;` is missing before")
    assert text[first.span.start : first.span.end] == "create table a (x int)"


def test_lines_of_other_clients_end_a_statement() -> None:
    text = "create table a (x int)\nGO\nselect 1\n/\nselect 2"
    assert [what for _, what in seen(text)] == ["CreateStmt", "SelectStmt", "SelectStmt"]


def test_question_marks_are_placeholders_only_where_the_statement_does_not_parse() -> None:
    text = "select a ? 'k'; select b where c = ?;"
    reading = read(text)
    assert [s.opaque for s in reading.statements] == [None, None]
    assert [p.span.start for p in reading.placeholders] == [text.rindex("?")]


def test_a_placeholder_that_can_not_be_masked_is_named_and_no_syntax_error_is_claimed() -> None:
    text = "select 1; select a b ${more}; select 2"
    bad = read(text).statements[1]
    assert bad.opaque is not None
    assert bad.opaque.reason == 'syntax error at or near "${more}"'
    assert text[bad.opaque.span.start : bad.opaque.span.end] == "${more}"
    assert not bad.opaque.syntax


def test_placeholders_are_in_order() -> None:
    text = "select ${a}, ?; select ${b};"
    assert [p.text for p in read(text).placeholders] == ["${a}", "?", "${b}"]


def test_positions_are_characters_of_the_file() -> None:
    text = "select 'é€😀'; -- ü\nalter table ünï add c int; selec; alter table zoë add c int;"
    for body in (text, text.replace("selec;", "")):
        operations = [o for s in read(body).statements for o in s.operations if o.kind == "AlterTableStmt"]
        assert [o.value for o in operations] == ["ünï", "zoë"]
        assert all(body[o.span.start :].startswith("alter") for o in operations)


def test_an_error_after_other_characters_is_at_its_place() -> None:
    text = "select 'éééééééééééé€😀'; select from from"
    with pytest.raises(parser.SyntaxProblem) as caught:
        parser.parse(text)
    assert caught.value.offset == text.rindex("from")


def test_only_the_section_is_read() -> None:
    text = "selec; select 1; selec;"
    reading = read_section(text, Section("up", Span(7, 16), "unknown"), 5, convert)
    assert [(s.number, s.span, s.opaque) for s in reading.statements] == [(5, Span(7, 15), None)]


@pytest.mark.parametrize(
    "text", ["select " + "(" * 10_000, "select " + "+".join("1" * 20_000), "select " + "(1+" * 1500 + "1" + ")" * 1500]
)
def test_what_is_nested_too_deeply_is_said(text: str) -> None:
    deep, after = read(text + "; alter table t add c int").statements[:2]
    if deep.opaque:  # the depth that is too much depends on the machine
        assert deep.opaque.reason == "nested too deeply to be analyzed"
        assert not deep.opaque.syntax
    assert [o.kind for o in after.operations] == ["AlterTableStmt"]


def test_a_long_message_is_shortened() -> None:
    (statement,) = read("select '" + "x" * 5_000).statements
    assert statement.opaque is not None
    assert len(statement.opaque.reason) < 200


def test_huge_values_are_cut_to_their_first_row() -> None:
    rows = ",\n".join(["(1, 'it''s; (x', E'\\';')"] * (HUGE // 20))
    text = f"select 1;\ninsert into t (a, b) values {rows}\non conflict do nothing;\nalter table t add c int;"
    nodes = []

    def keep(node: dict[str, Any], *rest: Any) -> tuple[tuple[Operation, ...], str | None]:
        nodes.append(node)
        return convert(node, *rest)

    reading = read_section(text, Section("up", Span(0, len(text)), "unknown"), convert=keep)
    assert [o.kind for s in reading.statements for o in s.operations] == ["SelectStmt", "insert", "AlterTableStmt"]
    assert [o.flags for s in reading.statements for o in s.operations][1] == {"skipped-values"}
    assert len(nodes[1]["InsertStmt"]["selectStmt"]["SelectStmt"]["valuesLists"]) == 1
    assert "onConflictClause" in nodes[1]["InsertStmt"]
    insert = reading.statements[1].span
    assert text[insert.start : insert.end].endswith("on conflict do nothing")


def test_comments_are_found_outside_strings_and_bodies() -> None:
    text = "-- a\nselect '-- no', \"/* no */\", $$ -- no $$, 1 - -1 /* b /* c */ */ / 2 -- d"
    assert [comment for _, comment in comments(text, Span(0, len(text)))] == ["-- a", "/* b /* c */ */", "-- d"]
    assert all(text[span.start : span.end] == comment for span, comment in comments(text, Span(0, len(text))))
    assert comments(text, Span(5, 20)) == []


def test_parsing_loads_no_python_nodes_and_leaves_the_package_importable() -> None:
    code = (
        "import sys\n"
        "from safecol.frontends.postgresql.parser import parse\n"
        "assert 'SelectStmt' in parse('select 1')[0]['stmt']\n"
        "assert not [name for name in sys.modules if name.startswith('pglast')]\n"
        "import pglast\n"
        "assert pglast.parse_sql('select 1')[0].stmt.__class__ is pglast.ast.SelectStmt\n"
        "assert pglast.parser.scan('select 1')\n"
        "assert parse('select 2')\n"
        "try:\n    parse('selec')\nexcept Exception as error:\n    assert type(error).__name__ == 'SyntaxProblem'\n"
    )
    path = ":".join(sys.path)
    done = subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": path}, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


SCRAPS = st.lists(
    st.sampled_from(
        ["'", '"', "$$", "$a$", "/*", "*/", "--", "\n", "\r\n", "\\", "\\g ", ":x", "[", "]", "${x}", "{{ x }}", "?",
         ";", ";\n", "copy t from stdin;\n", "\\.\n", "GO", "é", "\ufeff", "\x00", "\ud800", "E'", "(", ")", " ",
         "select 1", "\nalter table t add c int", "create rule r as", "begin atomic ", " end ", "case "]
    )
).map("".join)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.one_of(SCRAPS, st.text(st.characters(), max_size=40)), st.integers(0, 5))
def test_no_text_raises_and_spans_are_in_order(text: str, start: int) -> None:
    at = min(start, len(text))
    reading = read(text, at)
    for statement in reading.statements:
        assert at <= statement.span.start <= statement.span.end <= len(text)
        at = statement.span.end
        for inner in [o.span for o in statement.operations] + [o.span for o in [statement.opaque] if o]:
            assert 0 <= inner.start <= inner.end <= len(text)
    comments(text, Span(0, len(text)))


@settings(deadline=None)
@example("${x}$$\\g ;$$")
@given(SCRAPS)
def test_nothing_is_dropped_silently(text: str) -> None:
    """What isn't white space, a comment, a placeholder or a terminator belongs to a statement."""
    reading = read(text)
    covered = [s.span for s in reading.statements] + [p.span for p in reading.placeholders]
    at = 0
    for start, end in [*sorted(covered), (len(text), len(text))]:
        at = max(at, lexing.skip_blank(text, at, start))  # a placeholder may lie in a statement
        while at < start and text[at] in "; \r\n\x00\ufeff":
            at = lexing.skip_blank(text, at + 1, start)
        assert at >= start, text[at:start]
        at = max(at, end)
