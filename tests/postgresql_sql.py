"""SQL text in, operations out: what the tests of PostgreSQL's operations share."""

import json

import pglast.parser

from safecol.frontends.postgresql.statements import convert
from safecol.operations import Operation, QueryUse
from safecol.source import Span


def results(sql: str) -> list[tuple[tuple[Operation, ...], str | None]]:
    """The result of each statement."""
    data = sql.encode()

    def position(location: int) -> int:
        return len(data[:location].decode())

    found = []
    for item in json.loads(pglast.parser.parse_sql_json(sql))["stmts"]:
        start = position(item.get("stmt_location", 0))
        length = item.get("stmt_len")
        end = position(item.get("stmt_location", 0) + length) if length else len(sql)
        start += len(sql[start:end]) - len(sql[start:end].lstrip())
        found.append(convert(item["stmt"], Span(start, end), position, sql))
    return found


def operations(sql: str) -> list[Operation]:
    """The operations of all statements, none of which may be left with a reason."""
    found = results(sql)
    assert [reason for _, reason in found if reason] == []
    return [operation for some, _ in found for operation in some]


def operation(sql: str) -> Operation:
    """The one operation of a statement."""
    (only,) = operations(sql)
    return only


def slices(sql: str) -> list[str]:
    """The text under each operation's span."""
    return [sql[item.span.start : item.span.end] for item in operations(sql)]


def query(sql: str) -> QueryUse:
    """What the one operation of a statement reads."""
    use = operation(sql).query
    assert use is not None
    return use


def values(item: Operation, name: str) -> list[str]:
    """The values of an option that may stand several times."""
    return [value for key, value in item.options if key == name]
