"""safecol and squawk on the measured statements of PostgreSQL: who finds the hazards, who raises false alarms.

A hazard is a statement that blocked readers or writers for longer than an instant (a lock that stops them while rows
are read, written or indexed), or that failed. What servers did is in tests/data/postgresql/measured.jsonl; the schema
before the statement is given to safecol as earlier migrations (squawk has no such notion).

    python benchmarks/measured.py [--squawk PATH] [--version 18] [--list]
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]

# What squawk says about locks, rewrites and failures; its other rules are about style, names and deployed code.
SQUAWK = frozenset(
    """
    adding-field-with-default adding-foreign-key-constraint adding-not-nullable-field adding-required-field
    adding-serial-primary-key-field changing-column-type constraint-missing-not-valid disallowed-unique-constraint
    require-concurrent-index-creation require-concurrent-index-deletion require-concurrent-reindex
    require-concurrent-partition-detach ban-concurrent-index-creation-in-transaction
    ban-create-domain-with-constraint ban-alter-domain-with-add-constraint prefer-repack syntax-error
    """.split()
)
# Rules of safecol outside the category "blocking" that say that a statement fails.
FAILING = frozenset(
    """
    required-column failing-on-data refused-statement unsupported-statement dependent-object-failure
    concurrent-in-transaction
    enum-value-used-in-transaction syntax-error dangling-dependency
    """.split()
)
# Of the category "blocking", but about waiting for a brief lock or about what else happens.
BRIEF = frozenset(
    """
    unbounded-lock-wait blocking-index-removal blocking-trigger-creation referenced-table-lock many-locked-tables
    blocking-partition-detach explicit-table-lock unverified-type-change hidden-invalid-index
    unrepeatable-migration shared-transaction
    """.split()
)


def is_hazard(row: dict[str, Any]) -> bool:
    """What the server did: failed, or made others wait while it worked on rows."""
    if row.get("error"):
        return True
    if row["id"].startswith("dml."):  # rows are locked as in everyday work
        return False
    work = row["rewrite"] or row["scanned"] or row["indexes_rebuilt"]
    if row["locks_sampled"]:  # the locks were polled while it ran outside a transaction, nobody tried to read or write
        return bool(work) and "ACCESS EXCLUSIVE" in row["locks"].values()
    return bool(work) and bool(row["blocked"])


def safecol_says(row: dict[str, Any], version: int, fixtures: dict[str, list[str]], catalog: Any) -> set[str]:
    from safecol.analysis import lint_texts

    setup = ";\n".join([*fixtures[row["fixture"]], *row["setup"]])
    text = ";\n".join([*row["before"], row["sql"]])
    findings = lint_texts(
        [("statement.sql", text)],
        dialect="postgresql",
        version=str(version),
        setup=[setup] if setup else [],
        catalog=catalog,
        lock_timeout="2s",
        transaction="wrapped" if row["transaction_allowed"] is not False else "autocommit",
    )
    return {
        item.rule
        for item in findings
        if item.rule in FAILING or (item.category == "blocking" and item.rule not in BRIEF)
    }


def squawk_says(rows: list[dict[str, Any]], version: int, squawk: str) -> list[set[str]]:
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for number, row in enumerate(rows):
            path = Path(folder) / f"{number:05}.sql"
            path.write_text(";\n".join([*row["before"], row["sql"]]) + ";\n")
            paths.append(str(path))
        command = [squawk, "--reporter", "json", "--pg-version", str(version), *paths]
        shown = subprocess.run(command, capture_output=True, text=True, check=False).stdout
        found: list[set[str]] = [set() for _ in rows]
        for item in json.loads(shown):
            if item["rule_name"] in SQUAWK:
                found[int(Path(item["file"]).stem)].add(item["rule_name"])
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--squawk", default=shutil.which("squawk"))
    parser.add_argument("--version", type=int, default=18)
    parser.add_argument("--list", action="store_true", help="print each statement that a tool judges wrongly")
    arguments = parser.parse_args()
    import oracle
    from safecol import catalog

    rows = [
        row
        for row in oracle.rows()
        if arguments.version in row["versions"] and not str(row.get("error") or "").startswith("SETUP")
    ]
    pages, fixtures = catalog.load(), oracle.fixtures()
    said = {"safecol": [safecol_says(row, arguments.version, fixtures, pages) for row in rows]}
    if arguments.squawk:
        said["squawk"] = squawk_says(rows, arguments.version, arguments.squawk)
    print(f"{len(rows)} statements on PostgreSQL {arguments.version}, {sum(map(is_hazard, rows))} of them hazards")
    print(f"{'':10}{'true pos':>9}{'false pos':>10}{'false neg':>10}{'true neg':>9}")
    for tool, answers in said.items():
        pairs = [(bool(answer), is_hazard(row)) for answer, row in zip(answers, rows, strict=True)]
        counts = [pairs.count(pair) for pair in ((True, True), (True, False), (False, True), (False, False))]
        print(f"{tool:10}{counts[0]:>9}{counts[1]:>10}{counts[2]:>10}{counts[3]:>9}")
    if arguments.list:
        for tool, answers in said.items():
            for answer, row in zip(answers, rows, strict=True):
                if bool(answer) != is_hazard(row):
                    kind = "false alarm" if answer else "missed"
                    print(f"{tool}: {kind}: {row['id']}: {row['sql'][:90]}  {sorted(answer)} {row.get('error') or ''}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
