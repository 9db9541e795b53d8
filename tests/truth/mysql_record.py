"""`python -m tests.truth.mysql_record` runs the pages' blocks on MySQL and MariaDB and keeps what they did.

Run it from the project's folder after a page has changed; mysql_servers.py says which servers are taken.
"""

import json
import sys
from pathlib import Path
from typing import Any

from . import mysql_measure, mysql_pages, mysql_servers

FOLDER = Path(__file__).parent / "recorded"


def load(path: Path) -> dict[str, Any]:
    """One recording: `dialect`, `version` of the server, `blocks` by their keys."""
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def recordings() -> list[Path]:
    """The recordings that there are, one a series."""
    return sorted(path for path in FOLDER.glob("m*-*.json"))


def record(connection: Any, dialect: str) -> dict[str, Any]:
    """All blocks of all pages on one server, with the staged rewrites that their findings show."""
    version = mysql_servers.version(connection)
    server = mysql_measure.Server(connection, dialect)
    blocks = {}
    for case in mysql_pages.cases(dialect):
        done = mysql_measure.block(server, case)
        rewrites = mysql_pages.staged(dialect, version, case) if case.block.kind == "bad" else []
        done["stages"] = [mysql_measure.rewrite(server, case, one) for one in rewrites]
        blocks[case.key] = done
    server.run(f"DROP DATABASE IF EXISTS {mysql_measure.DATABASE}")
    return {"dialect": dialect, "version": version, "blocks": blocks}


def save(recording: dict[str, Any]) -> Path:
    """Keep a recording: a line a block, so that changes can be read."""
    series = ".".join(recording["version"].split(".")[:2])
    path = FOLDER / f"{recording['dialect']}-{series}.json"
    lines = [f"  {json.dumps(key)}: {json.dumps(one)}" for key, one in sorted(recording["blocks"].items())]
    head = f'{{"dialect": "{recording["dialect"]}", "version": "{recording["version"]}", "blocks": {{\n'
    path.write_text(head + ",\n".join(lines) + "\n}}\n", encoding="utf-8")
    return path


def main() -> int:
    for dialect in mysql_servers.DIALECTS:
        if why := mysql_servers.missing(dialect):
            print(f"{dialect}: {why}", file=sys.stderr)
            continue
        with mysql_servers.running(dialect) as connection:
            recording = record(connection, dialect)
        path = save(recording)
        codes = [code for one in recording["blocks"].values() for code in one["codes"]]
        print(f"{path.name}: {len(recording['blocks'])} blocks, {len(codes)} statements on {recording['version']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
