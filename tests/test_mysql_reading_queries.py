"""Queries of MySQL: what is read of them without sqlglot is what is read with it."""

import subprocess
import sys
from pathlib import Path

import pytest

from safecol.frontends.mysql import data
from safecol.frontends.mysql.queries import Query
from safecol.frontends.mysql.tokens import Stream
from safecol.frontends.sqlglot.trees import Problem
from safecol.operations import Name, Operation, QueryUse
from safecol.source import Span

_BOTH = (
    "SELECT a, t.b, u.* FROM t JOIN u ON t.id = u.t_id WHERE t.c > 1 AND u.d = 'x' ORDER BY a LIMIT 5",
    "SELECT x.a AS n FROM t x WHERE x.a IN (SELECT v.c FROM v WHERE v.d = x.a)",
    "WITH c AS (SELECT a FROM t) SELECT a FROM c UNION ALL SELECT b FROM u WHERE b > 1",
    "SELECT a FROM t LEFT JOIN u USING (id) WHERE EXISTS (SELECT 1 FROM w WHERE w.id = t.id) FOR UPDATE",
    "SELECT COUNT(*), MAX(a) FROM t GROUP BY b HAVING COUNT(*) > 1",
    "INSERT INTO t (a, b) SELECT x, NOW() FROM u WHERE y = 'z'",
    "UPDATE t a JOIN u b ON a.id = b.id SET a.x = b.y, b.z = 1 WHERE b.w IS NULL",
    "UPDATE t SET a = (SELECT MAX(b) FROM u WHERE u.id = t.id)",
    "DELETE a FROM t a LEFT JOIN u ON u.id = a.id WHERE u.id IS NULL",
    "DELETE FROM t WHERE t.id IN (SELECT u.id FROM u WHERE u.b = 1)",
)


def _own(sql: str) -> list[Operation]:
    stream, span = Stream(sql, Span(0, len(sql)), "mysql"), Span(0, len(sql))
    found = data.READERS.get(stream.peek(), data.read_query)(Query(stream), span)
    assert stream.done
    return found


def _shown(operation: Operation) -> tuple[object, ...]:
    query = operation.query or QueryUse()
    return (
        operation.kind, operation.relation, set(operation.reads), operation.flags, set(operation.options),
        set(query.relations), set(query.columns), query.star, query.outputs,
    )  # fmt: skip


@pytest.mark.parametrize("sql", _BOTH)
def test_both_readers_say_the_same(sql: str) -> None:
    assert [_shown(item) for item in _own(sql)] == [_shown(item) for item in data.parsed(sql, Span(0, len(sql)))]


def test_a_derived_table_does_not_see_its_siblings() -> None:
    (operation,) = _own("SELECT x.n FROM (SELECT a AS n FROM t WHERE b = 1) x JOIN u ON u.id = x.n")
    assert operation.query is not None
    assert set(operation.query.columns) == {("t", "a"), ("t", "b"), ("u", "id")}


def test_names_are_those_of_their_query() -> None:
    (operation,) = _own("SELECT a, (SELECT MAX(b) FROM u WHERE u.id = t.id) m FROM t ORDER BY m")
    assert operation.query is not None
    assert operation.query.relations == (Name("u"), Name("t"))
    assert set(operation.query.columns) == {("t", "a"), (None, "b"), ("u", "id"), ("t", "id")}
    assert operation.query.outputs == ("a", "m")


def test_the_source_of_an_insert_does_not_see_the_table_that_is_filled() -> None:
    (operation,) = _own("INSERT INTO t (a) SELECT b FROM u")
    assert operation.query is not None
    assert operation.query.columns == (("u", "b"),)


@pytest.mark.parametrize("sql", ["SELECT 1 FROM", "UPDATE t SET", "DELETE FROM t WHERE", "SELECT a b c FROM t"])
def test_what_is_no_query_is_refused(sql: str) -> None:
    with pytest.raises(Problem):
        data.read_data(Stream(sql, Span(0, len(sql)), "mysql"), Span(0, len(sql)))


@pytest.mark.parametrize(
    ("dialect", "sql"),
    [("mysql", "; ".join(_BOTH)), ("postgresql", "SELECT a FROM t WHERE b IN (SELECT c FROM u)")],
)
def test_sqlglot_is_not_imported(dialect: str, sql: str) -> None:
    program = (
        "import sys\n"
        f"from safecol.frontends.{dialect} import front\n"
        "from safecol.operations import Section\n"
        "from safecol.source import Span\n"
        f"text = {sql!r}\n"
        "found = front.read_section(text, Section('up', Span(0, len(text)), 'autocommit'))\n"
        "assert all(one.opaque is None for one in found.statements)\n"
        "print('sqlglot' in sys.modules)\n"
    )
    source = Path(__file__).parent.parent / "src"
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env={"PYTHONPATH": str(source)}
    )
    assert result.stdout.strip() == "False"
