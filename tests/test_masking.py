"""Templates, variables and client commands to SQL of the same length."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safecol.frontends.postgresql.masking import mask
from safecol.source import Span


def masked(text: str, *, doubtful: bool = False) -> str:
    return mask(text, Span(0, len(text)), doubtful=doubtful).text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # a name or a value
        ("ALTER TABLE ${s}.t ADD c int", "ALTER TABLE s___.t ADD c int"),
        ("ALTER TABLE ${s:-public}.t", "ALTER TABLE s___________.t"),
        ("ALTER TABLE pre_${x}_post", "ALTER TABLE pre______post"),
        ("SELECT {{ x }}", "SELECT s______"),
        ("SELECT <%= x %>", "SELECT s_______"),
        ("SELECT $(x)", "SELECT s___"),
        ("SELECT {{ var('it') }}", "SELECT s______________"),
        ('DROP TABLE "{{ index .O "N" }}".t', 'DROP TABLE "s_________________".t'),
        ("SELECT '{{ x('y') }};', 1", "SELECT 's___________;', 1"),
        # psql variables
        ("SELECT :x, x::int", "SELECT s_, x::int"),
        ("SELECT :'x'", "SELECT  'x'"),
        ('DROP TABLE :"x"', 'DROP TABLE  "x"'),
        ("ALTER TABLE :SCHEMA.t", "ALTER TABLE s______.t"),
        ("SELECT ARRAY[:a, :b]", "SELECT ARRAY[s_, s_]"),
        # statements and lines of their own
        ("{{ config() }}\nSELECT 1", "              \nSELECT 1"),
        ("SELECT 1; ${x};", "SELECT 1;     ;"),
        ("{% if a %}\nSELECT 1;\n{% endif %}", "          \nSELECT 1;\n           "),
        ("<% if a %> SELECT 1;", "           SELECT 1;"),
        ("{{ if .A }}SELECT 1;{{ end }}", "           SELECT 1;         "),
        ("{# note #}SELECT 1", "          SELECT 1"),
        # client commands
        ("\\set x 'y\nSELECT 1;", "         \nSELECT 1;"),
        ("SELECT 1 \\gset\nSELECT 2", "SELECT 1 ;    \nSELECT 2"),
        ("SELECT 1\\; SELECT 2", "SELECT 1 ; SELECT 2"),
        ("SELECT 1;\n\\gexec\nSELECT 2", "SELECT 1;\n      \nSELECT 2"),
        ("COPY t FROM stdin;\n1'\t\n\\.\nSELECT 1;", "COPY t FROM stdin;\n   \n  \nSELECT 1;"),
        # odd spaces
        ("\ufeffSELECT\u00a01", " SELECT 1"),
    ],
)
def test_what_is_not_sql_is_masked(text: str, expected: str) -> None:
    assert masked(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "SELECT '${x} {{ y }} :z \\set'",
        "SELECT E'it\\'s :x'",
        'SELECT "${x}"',
        "-- ${x} :y\nSELECT 1",
        "/* ${x} /* :y */ :z */ SELECT 1",
        "DO $$ BEGIN x := :y; END $$",
        "DO $a$ SELECT $$${x}$$ $a$",
        "SELECT a[1:n], a[:n], a[lower(x):n]",
        "SELECT x::int, f(a := 1), f(a => 1)",
        "SELECT JSON_OBJECT('k':v)",
        "SELECT a ? 'k', a ?| b, a % s, @x, n%s",
        "SELECT 1 -- \u00a0",
        "SELECT ':x' \n':y'",
    ],
)
def test_sql_strings_and_comments_are_left_alone(text: str) -> None:
    assert masked(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("WHERE a = ?", "WHERE a = s"),
        ("WHERE a = %s AND b = %(name)s", "WHERE a = s_ AND b = s_______"),
        ("FROM @table@", "FROM s______"),
        ("GRANT CREATE ON SCHEMA public TO {user}", "GRANT CREATE ON SCHEMA public TO s_____"),
        ("a = '{x}'::int[]", "a = '{x}'::int[]"),
        ("SELECT 1\nGO\nSELECT 2", "SELECT 1\n; \nSELECT 2"),
        ("SELECT 1\n/\n", "SELECT 1\n;\n"),
        ("DELIMITER //\nSELECT 1", "            \nSELECT 1"),
        ("a ?| b, a ?& b, 5 / 2", "a ?| b, a ?& b, 5 / 2"),
    ],
)
def test_doubtful_placeholders_are_masked_on_demand(text: str, expected: str) -> None:
    assert masked(text, doubtful=True) == expected


def test_placeholders_are_reported_with_their_place_kind_and_text() -> None:
    text = "\\set x 1\nSELECT :x, '${a}', ${b};\nCOPY t FROM stdin;\n1\n\\.\n"
    found = mask(text, Span(0, len(text))).placeholders
    assert [(p.kind, p.text) for p in found] == [
        ("psql-command", "\\set x 1"),
        ("variable", ":x"),
        ("template", "${b}"),
        ("copy-data", "1\n\\."),
    ]
    assert all(text[p.span.start : p.span.end] == p.text for p in found)


def test_only_the_span_is_masked() -> None:
    text = "SELECT ${a}; SELECT ${b}; SELECT ${c};"
    assert mask(text, Span(12, 25)).text == "SELECT ${a}; SELECT s___; SELECT ${c};"


def test_ordinary_text_is_returned_as_it_is() -> None:
    text = "CREATE TABLE t (a int DEFAULT '1'::int);"
    assert mask(text, Span(0, len(text))).text is text


SCRAPS = st.lists(
    st.sampled_from(
        ["'", '"', "$$", "$a$", "/*", "*/", "--", "\n", "\r\n", "\\", "\\g ", ":x", "::", ":'x'", "[", "]", "${", "}",
         "{{", "}}", "{%", "%}", "<%", "%>", "?", "%s", "%(x)s", "@x@", ";", "copy t from stdin;", "\\.", "GO", "é",
         "\ufeff", "E'", "a", " ", "/"]
    )
).map("".join)  # fmt: skip


@given(st.one_of(SCRAPS, st.text()), st.booleans())
def test_masking_keeps_length_and_line_endings(text: str, doubtful: bool) -> None:
    after = masked(text, doubtful=doubtful)
    assert len(after) == len(text)
    assert [i for i, c in enumerate(after) if c in "\r\n"] == [i for i, c in enumerate(text) if c in "\r\n"]
