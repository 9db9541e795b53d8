"""The measured statements of PostgreSQL against what safecol says: rows in, agreements and disagreements out.

Each statement ran on real servers (12 to 18) on a populated schema; its locks, rewrites, scans, refusals and whether a
transaction block allows it were recorded. `python tests/oracle.py` prints the report.
"""

import json
import sys
from pathlib import Path
from typing import Any, NamedTuple

from safecol import catalog
from safecol.context import Context
from safecol.dialects.postgresql import dialect as postgresql
from safecol.fold import Dialect, trace
from safecol.frontends.postgresql.splitting import read_section
from safecol.operations import Migration, Section
from safecol.source import Span

DATA = Path(__file__).parent / "data" / "postgresql"
DEFAULT_SCHEMA = "m"
VERSIONS = range(12, 19)


class Disagreement(NamedTuple):
    id: str
    version: int
    field: str
    said: Any
    measured: Any


def rows() -> list[dict[str, Any]]:
    """The recorded measurements."""
    return [json.loads(line) for line in (DATA / "measured.jsonl").read_text().splitlines()]


def fixtures() -> dict[str, list[str]]:
    """The schemas that statements started from."""
    found: dict[str, list[str]] = json.loads((DATA / "fixtures.json").read_text())
    return found


def _run(context: Context, dialect: Dialect, text: str, kind: str, number: int) -> list[Any]:
    section = Section("up", Span(0, len(text)), kind)
    reading = read_section(text, section)
    context.file = number
    migration = Migration("x.sql", "x", "plain", "postgresql", ((section, reading.statements),))
    found = trace(context, dialect, migration, text, section, reading.statements)
    refused = [statement.opaque.reason for statement in reading.statements if statement.opaque]
    return [found, refused]


def _existing(context: Context) -> set[str]:
    return {name for name, table in context.schema.tables.items()}


def compare(row: dict[str, Any], version: int, dialect: Dialect, fixture: list[str]) -> list[Disagreement]:
    """What safecol says about one measured statement on one version, where it differs."""
    context = Context("postgresql", version, default_schema=DEFAULT_SCHEMA, timezone=row.get("timezone", "UTC"))
    context.schema.complete = True
    context.assume_rows = row["fixture"] != "empty"
    context.new_since = 3
    _run(context, dialect, ";\n".join(fixture), "autocommit", 1)
    setup, setup_refused = _run(context, dialect, ";\n".join(row["setup"]), "autocommit", 2)
    measured = row.get("error")
    if measured and measured.startswith("SETUP"):
        said = bool(setup_refused) or any(step.effect.fails for step in setup.steps)
        return [] if said else [Disagreement(row["id"], version, "setup refused", False, measured)]
    before = _existing(context)
    text = ";\n".join([*row["before"], row["sql"]])
    found, refused = _run(context, dialect, text, "wrapped", 3)
    steps = found.steps
    skipped = len(row["before"])
    fails = refused or [step.effect.fails.reason for step in steps if step.effect.fails]
    if measured or fails:
        if bool(measured) == bool(fails):
            return []
        return [Disagreement(row["id"], version, "refused", fails, measured)]
    said_locks: dict[str, str] = {}
    scanned: set[str] = set()
    rewritten = False
    allowed = True
    for step in steps:
        if step.statement.number <= skipped:
            continue
        for name, mode in step.effect.locks:
            if name in before and dialect.table.strength[mode] > dialect.table.strength.get(
                said_locks.get(name, ""), -1
            ):
                said_locks[name] = mode
        scanned |= {name for name in step.effect.scan if name in before}
        rewritten = rewritten or bool(step.effect.rewrite)
        allowed = allowed and step.effect.transaction_allowed
    locks = {name: mode for name, mode in row["locks"].items() if name in before}
    pairs: list[tuple[str, Any, Any]] = [
        ("locks", said_locks, locks),
        ("rewrite", rewritten, bool(row["rewrite"])),
        ("transaction", allowed, row["transaction_allowed"] is not False),
    ]
    if not row["locks_sampled"] and row["scanned"] is not None:
        pairs.append(("scan", scanned, {name for name in row["scanned"] if name in before}))
    return [Disagreement(row["id"], version, field, one, other) for field, one, other in pairs if one != other]


def run() -> tuple[int, list[Disagreement]]:
    """All statements on all versions: how many were compared, and each disagreement."""
    dialect = postgresql.load(catalog.load())
    schemas = fixtures()
    compared, found = 0, []
    for row in rows():
        for version in row["versions"]:
            compared += 1
            found.extend(compare(row, version, dialect, schemas[row["fixture"]]))
    return compared, found


def main() -> int:
    compared, found = run()
    wrong = {(item.id, item.version) for item in found}
    for item in sorted(found, key=lambda each: (each.field, each.id, each.version)):
        print(f"{item.field:12} {item.id} {item.version}: said {item.said!r}, measured {item.measured!r}")
    print(f"{compared - len(wrong)} of {compared} statements × versions agree in every field", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
