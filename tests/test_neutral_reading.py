"""Statements of databases without measured effects: what their flags and placeholders say."""

import pytest

from safecol.dialects import loaded
from safecol.operations import Section
from safecol.source import Span


@pytest.mark.parametrize(
    ("sql", "replaces"), [("INSERT OVERWRITE TABLE t SELECT 1 AS a", True), ("INSERT INTO t SELECT 1 AS a", False)]
)
def test_an_insert_that_takes_the_place_of_all_rows_is_told(sql: str, replaces: bool) -> None:
    section = Section("up", Span(0, len(sql)), "unknown")
    (statement,) = loaded.front("snowflake").read_section(sql, section).statements
    (operation,) = statement.operations
    assert ("replace" in operation.flags) is replaces


def test_a_variable_of_a_client_is_a_placeholder_of_its_kind() -> None:
    text = "DELETE FROM t WHERE a = :owner;"
    reading = loaded.front("redshift").read_section(text, Section("up", Span(0, len(text)), "unknown"))
    assert [(one.kind, one.text) for one in reading.placeholders] == [("variable", ":owner")]
    assert reading.statements[0].operations[0].flags == {"where"}
