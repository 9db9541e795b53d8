"""The measured statements of MySQL and MariaDB against what safecol says: rows in, agreements and disagreements out.

Each statement ran on real servers on a populated table, as it stands and with each ALGORITHM and LOCK; its code says
what the server did: I instant, P in place, Px with an index built, R rebuilt, C copied; `+` writes go on, `-` they
wait, `!` reads too; ok: takes no such clause; E…: refused. `python tests/mysql_oracle.py` prints the report.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any, NamedTuple

from safecol import catalog
from safecol.context import Context
from safecol.dialects import loaded
from safecol.effect import Effect
from safecol.fold import Dialect, trace
from safecol.operations import Migration, Section
from safecol.source import Span
from safecol.trace import Trace

DATA = Path(__file__).parent / "data" / "mysql"
SIGNS = {"NONE": "+", "SHARED": "-", "EXCLUSIVE": "!"}


class Disagreement(NamedTuple):
    dialect: str
    id: str
    version: str
    said: str
    measured: str


def rows() -> list[dict[str, Any]]:
    """The recorded measurements."""
    return [json.loads(line) for line in (DATA / "measured.jsonl").read_text().splitlines()]


def code(effect: Effect) -> str:
    """The code of what an effect says."""
    if effect.fails is not None and effect.fails.when in ("always", "rows"):
        return "E"
    if effect.algorithm is None:
        return "okR" if effect.rewrite else "ok"
    sign = SIGNS[effect.lock_clause or "NONE"]
    if effect.algorithm == "INSTANT":
        return "I" if sign == "+" else f"I{sign}"
    if effect.algorithm == "COPY":
        return f"C{sign}"
    return f"{'R' if effect.rewrite else 'Px' if effect.scan else 'P'}{sign}"


def plain(measured: str) -> str:
    """A measured code without what no effect says: which error, which share of the partitions."""
    if measured.startswith("E"):
        return "E"
    if measured.startswith("ok"):
        return "ok" if measured != "okR" else "okR"
    return measured


def agree(said: str, measured: str) -> bool:
    """Whether a code is the measured one; whole tables dropped or truncated count as done."""
    if measured == "okR":
        return said in ("ok", "okR")
    if re.fullmatch(r"R\d/\d[+-]", measured):
        return said in (f"P{measured[-1]}", f"R{measured[-1]}")
    return said == measured


def _run(context: Context, dialect: Dialect, name: str, text: str, number: int) -> Trace:
    section = Section("up", Span(0, len(text)), "autocommit")
    reading = loaded.front(name).read_section(text, section)
    context.file = number
    migration = Migration("x.sql", "x", "plain", name, ((section, tuple(reading.statements)),))
    return trace(context, dialect, migration, text, section, tuple(reading.statements))


def said_of(row: dict[str, Any], version: str, dialect: Dialect) -> tuple[str, Trace]:
    """The code that safecol gives to a measured statement on a version."""
    name = row["dialect"]
    context = Context(name, dialect.number(version), default_schema="")
    context.schema.complete = True
    context.new_since = 3
    _run(context, dialect, name, "CREATE TABLE seq (n INT PRIMARY KEY)", 1)
    _run(context, dialect, name, ";\n".join(row["setup"]), 2)
    session = "".join(f"{statement};\n" for statement in row["session"])
    found = _run(context, dialect, name, session + row["sql"], 3)
    last = [step for step in found.steps if step.statement.number == len(row["session"]) + 1]
    refused = [
        statement.opaque for _, statements in found.migration.sections for statement in statements if statement.opaque
    ]
    if refused:
        return f"opaque: {refused[0].reason}", found
    return code(last[0].whole) if last else "ok", found


def run() -> tuple[dict[str, int], list[Disagreement]]:
    """All statements on all versions: how many were compared by dialect, and each disagreement."""
    rules = catalog.load()
    dialects = {name: loaded.judge(name, rules) for name in ("mysql", "mariadb")}
    compared = dict.fromkeys(dialects, 0)
    found = []
    for row in rows():
        for outcome in row["outcomes"]:
            measured = plain(outcome["code"])
            if measured in (".", "~"):
                continue
            for version in outcome["versions"]:
                compared[row["dialect"]] += 1
                said, _ = said_of(row, version, dialects[row["dialect"]])
                if not agree(said, measured):
                    found.append(Disagreement(row["dialect"], row["id"], version, said, outcome["code"]))
    return compared, found


def main() -> int:
    compared, found = run()
    for item in found:
        print(f"{item.dialect:8} {item.id} {item.version}: said {item.said}, measured {item.measured}")
    for dialect, count in compared.items():
        wrong = len([item for item in found if item.dialect == dialect])
        print(f"{dialect}: {count - wrong} of {count} statements × versions agree", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
