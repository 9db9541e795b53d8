"""A step that writes a table anew comes in; the command line of an online schema change tool goes out."""

import re

from safecol.patterns import lazy
from safecol.trace import Step

_ALTER = lazy(
    r"\s*ALTER\s+(?:ONLINE\s+|IGNORE\s+)*TABLE\s+(?:IF\s+EXISTS\s+)?((?:`[^`]+`|[\w$]+)(?:\s*\.\s*(?:`[^`]+`|[\w$]+))?)"
    r"\s+(?:WAIT\s+\d+\s+|NOWAIT\s+)?(.+?)\s*;?\s*",
    re.IGNORECASE | re.DOTALL,
)
_ASKED = lazy(r"\s*,\s*(?:ALGORITHM|LOCK)\s*=?\s*\w+", re.IGNORECASE)
# What a tool would do to its empty copy, or takes for lost data: names of columns and tables, single partitions.
_REFUSED = lazy(
    r"\bRENAME\b|\b(?:ADD|DROP|REORGANIZE|COALESCE|REBUILD|OPTIMIZE|TRUNCATE|EXCHANGE)\s+PARTITION\b|\bDROP\s+PRIMARY\b",
    re.IGNORECASE,
)
# What spirit refuses besides: another primary key or collation of one, and names that may be a rename.
_NOT_BY_SPIRIT = lazy(r"\b(?:PRIMARY|CHANGE|PARTITION\w*|CONVERT|COLLATE|CHARACTER\s+SET)\b", re.IGNORECASE)
_COMMENT = lazy(r"--[^\n]*|/\*.*?\*/", re.DOTALL)


def command(step: Step, text: str) -> str | None:
    """`gh-ost` or `pt-online-schema-change` with the statement's clauses; None where neither would take them.

    Which of the two is the fact `online_tool`: gh-ost refuses foreign keys, both refuse triggers, and a table without a
    unique key over columns that are NOT NULL. Where spirit takes the statement too, its command line follows in a
    comment: it needs a primary key and MySQL 8.0 (the fact `spirit`).
    """
    tool = step.facts.get("online_tool")
    written = _ALTER.fullmatch(text[step.statement.span.start : step.statement.span.end])
    if tool not in ("gh-ost", "pt-online-schema-change") or written is None:
        return None
    schema, _, table = re.sub(r"[`\s]", "", written[1]).rpartition(".")
    clauses = " ".join(_ASKED.sub("", _COMMENT.sub(" ", written[2])).split())
    if not clauses or _REFUSED.search(clauses):
        return None
    quoted = clauses.replace("'", "'\\''")
    database = schema or "DATABASE"
    if tool == "gh-ost":
        line = f"gh-ost --database={database} --table={table} --alter='{quoted}' --execute"
        if step.facts.get("spirit") is not True or _NOT_BY_SPIRIT.search(clauses):
            return line
        return f"{line}\n# or: spirit migrate --database={database} --statement='ALTER TABLE {table} {quoted}'"
    return (
        f"pt-online-schema-change --alter '{quoted}' --alter-foreign-keys-method=auto --execute D={database},t={table}"
    )
