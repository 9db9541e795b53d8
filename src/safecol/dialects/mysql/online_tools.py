"""A step that writes a table anew comes in; the command line of an online schema change tool goes out."""

import re
from collections.abc import Sequence

from safecol.frontends.mysql.tables import wait_of
from safecol.frontends.mysql.tokens import Stream, Token
from safecol.frontends.sqlglot.trees import Problem
from safecol.patterns import lazy
from safecol.trace import Step

# What a tool would do to its empty copy, or takes for lost data: names of columns and tables, single partitions.
_REFUSED = lazy(
    r"\bRENAME\b|\b(?:ADD|DROP|REORGANIZE|COALESCE|REBUILD|OPTIMIZE|TRUNCATE|EXCHANGE)\s+PARTITION\b|\bDROP\s+PRIMARY\b",
    re.IGNORECASE,
)
# What spirit refuses besides: another primary key or collation of one, and names that may be a rename.
_NOT_BY_SPIRIT = lazy(r"\b(?:PRIMARY|CHANGE|PARTITION\w*|CONVERT|COLLATE|CHARACTER\s+SET)\b", re.IGNORECASE)
# Names that need no quotes in a shell, nor in what a tool takes apart at commas.
_PLAIN = lazy(r"[\w-]+")


def command(step: Step, text: str) -> str | None:
    """`gh-ost` or `pt-online-schema-change` with the statement's clauses; None where neither would take them.

    Which of the two is the fact `online_tool`: gh-ost refuses foreign keys, both refuse triggers, and a table without a
    unique key over columns that are NOT NULL. Where spirit takes the statement too, its command line follows in a
    comment: it needs a primary key and MySQL 8.0 (the fact `spirit`).
    """
    tool = step.facts.get("online_tool")
    start, end = step.statement.span
    # A comment that the server runs is code to one version, and none to another.
    if tool not in ("gh-ost", "pt-online-schema-change") or "/*!" in text[start:end] or "/*M!" in text[start:end]:
        return None
    try:
        stream = Stream(text, step.statement.span, "mysql")
        stream.expect("ALTER")
        while stream.any_of("ONLINE", "IGNORE"):
            pass
        stream.expect("TABLE")
        stream.accept("IF", "EXISTS")
        name = stream.relation()
        last = stream.tokens[stream.at - 1]
        wait_of(stream)
        clauses = _clauses(text, stream.tokens[stream.at : -1])
    except Problem:
        return None
    table, database = name.name, name.schema or "DATABASE"
    if not clauses or _REFUSED.search(clauses) or not (_PLAIN.fullmatch(table) and _PLAIN.fullmatch(database)):
        return None
    quoted = clauses.replace("'", "'\\''")
    if tool == "gh-ost":
        line = f"gh-ost --database={database} --table={table} --alter='{quoted}' --execute"
        if step.facts.get("spirit") is not True or _NOT_BY_SPIRIT.search(clauses):
            return line
        written = text[last.start : last.end]
        return f"{line}\n# or: spirit migrate --database={database} --statement='ALTER TABLE {written} {quoted}'"
    return (
        f"pt-online-schema-change --alter '{quoted}' --alter-foreign-keys-method=auto --execute D={database},t={table}"
    )


def _clauses(text: str, tokens: Sequence[Token]) -> str:
    """The clauses on one line, as written, without comments and what asks for an algorithm or a lock."""
    found: list[list[Token]] = [[]]
    depth = 0
    for token in tokens:
        if token.kind == "symbol":
            depth += {"(": 1, ")": -1}.get(token.text, 0)
        if token.kind == "symbol" and token.text == "," and depth == 0:
            found.append([])
        else:
            found[-1].append(token)
    asked = ("ALGORITHM", "LOCK")
    kept = [one for one in found if one and not (one[0].kind == "word" and one[0].text in asked)]
    return ", ".join(_line(text, one) for one in kept)


def _line(text: str, tokens: Sequence[Token]) -> str:
    pieces: list[str] = []
    end = tokens[0].start
    for token in tokens:
        pieces += [" "] * (token.start > end) + [text[token.start : token.end]]
        end = token.end
    return "".join(pieces)
