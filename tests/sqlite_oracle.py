"""The measured statements of SQLite against what safecol says: rows in, agreements and disagreements out.

Each statement ran on SQLite 3.22 to 3.54, on 100,000 rows and on an empty table; whether it was accepted, what it read
and what it wrote were recorded. `python tests/sqlite_oracle.py` prints the report.
"""

import json
import sys
from pathlib import Path
from typing import Any, NamedTuple

from safecol import catalog
from safecol.context import Context
from safecol.dialects.sqlite import dialect as sqlite
from safecol.fold import Dialect, trace
from safecol.frontends.sqlite.front import read_section
from safecol.operations import Migration, Section, Statement
from safecol.source import Span
from safecol.trace import Trace

DATA = Path(__file__).parent / "data" / "sqlite"
STOPPED = "(stopped after"


class Disagreement(NamedTuple):
    id: str
    version: str
    field: str
    said: Any
    measured: Any


def rows() -> list[dict[str, Any]]:
    """The recorded measurements."""
    return [json.loads(line) for line in (DATA / "measured.jsonl").read_text().splitlines()]


def run_text(context: Context, dialect: Dialect, text: str, number: int) -> tuple[Trace, tuple[Statement, ...]]:
    """The trace of a text that runs as it stands, statement by statement."""
    section = Section("up", Span(0, len(text)), "autocommit")
    reading = read_section(text, section)
    context.file = number
    migration = Migration("x.sql", "x", "plain", "sqlite", ((section, reading.statements),))
    return trace(context, dialect, migration, text, section, reading.statements), reading.statements


def said(row: dict[str, Any], version: str, dialect: Dialect, *, populated: bool) -> tuple[bool, bool, bool]:
    """Whether the statement is taken to be refused, to read a table, and to rewrite one."""
    context = Context("sqlite", dialect.number(version), default_schema="main")
    context.schema.complete = True
    context.assume_rows = populated
    context.new_since = 3
    run_text(context, dialect, row["setup"], 1)
    for key, table in list(context.schema.tables.items()):
        context.schema.put_table(key, table._replace(file=0, populated=None))
    context.session = {}
    section = Section("up", Span(0, len(row["session"])), "autocommit")
    for statement in read_section(row["session"], section).statements:
        for operation in statement.operations:
            context.set(*dialect.setting(operation.new_name or "", operation.value or ""), local=False)
    found, statements = run_text(context, dialect, row["sql"], 3)
    effects = [step.effect for step in found.steps]
    certain = [item.fails for item in effects if item.fails and item.fails.when != "unknown"]
    refused = bool(certain) or any(statement.opaque for statement in statements)
    return refused, any(item.scan for item in effects), any(item.rewrite for item in effects)


def compare(row: dict[str, Any], version: str, outcome: dict[str, Any], dialect: Dialect) -> list[Disagreement]:
    """What safecol says of one statement on one version, where it differs from what was measured."""
    refused, scan, rewrite = said(row, version, dialect, populated=True)
    refused_empty, _, _ = said(row, version, dialect, populated=False)
    pairs: list[tuple[str, Any, Any]] = [
        ("refused", refused, not outcome["accepted"]),
        ("refused when empty", refused_empty, not outcome["accepted_on_empty_table"]),
    ]
    if outcome["cost"] is not None and not refused:
        reads = outcome["cost"] in ("scan", "build", "rewrite")
        pairs += [("reads", scan, reads), ("rewrites", rewrite, outcome["rewrite"] == "yes")]
    return [Disagreement(row["id"], version, field, one, other) for field, one, other in pairs if one != other]


def run() -> tuple[int, list[Disagreement]]:
    """All statements on all versions: how many were compared, and each disagreement."""
    dialect = sqlite.load(catalog.load())
    compared, found = 0, []
    for row in rows():
        for outcome in row["outcomes"]:
            measured = outcome["accepted"] is not None and STOPPED not in (outcome["error"] or "")
            for version in outcome["versions"] if measured else ():
                compared += 1
                found.extend(compare(row, version, outcome, dialect))
    return compared, found


def main() -> int:
    compared, found = run()
    wrong = {(item.id, item.version) for item in found}
    for item in sorted(found, key=lambda each: (each.field, each.id, each.version)):
        print(f"{item.field:18} {item.id} {item.version}: said {item.said!r}, measured {item.measured!r}")
    print(f"{compared - len(wrong)} of {compared} statements × versions agree in every field", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
