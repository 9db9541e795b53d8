"""`python -m tests.truth.record [--major 16] …` runs the pages' blocks on real servers and keeps what they did.

Run it from the project's folder after a page has changed. Without `--major` every version that is at hand is recorded.
Blocks that are as they were are not run again, unless `--all` says so.
"""

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

from . import claims, pages, servers

FOLDER = Path(__file__).parent / "recorded"


def load(major: int) -> dict[str, Any]:
    """What was recorded on a version."""
    found: dict[str, Any] = json.loads((FOLDER / f"{major}.json").read_text(encoding="utf-8"))
    return found


def save(major: int, recording: dict[str, Any]) -> None:
    """Keep a recording: a line a statement, so that changes can be read."""
    blocks = {key: recording["blocks"][key] for key in sorted(recording["blocks"])}
    text = _written({"server": recording["server"], "blocks": blocks}, 0)
    (FOLDER / f"{major}.json").write_text(text + "\n", encoding="utf-8")


def _written(value: Any, depth: int) -> str:
    """JSON that opens up what holds statements, and keeps each statement on one line."""
    indent = " " * (depth + 1)
    if isinstance(value, dict) and "sql" not in value:
        items = [f"{indent}{json.dumps(key)}: {_written(item, depth + 1)}" for key, item in value.items()]
        return "{\n" + ",\n".join(items) + "\n" + " " * depth + "}" if items else "{}"
    if isinstance(value, list) and any(isinstance(item, dict) for item in value):
        return "[\n" + ",\n".join(indent + _written(item, depth + 1) for item in value) + "\n" + " " * depth + "]"
    return json.dumps(value, ensure_ascii=False)


def report(major: int, recording: dict[str, Any]) -> tuple[str, list[claims.Refuted], list[str]]:
    """Figures in a sentence, the refuted claims, and the blocks that were not executed."""
    total = {"bad": 0, "good": 0}
    done = {"bad": 0, "good": 0}
    stages = executed_stages = silent = 0
    refuted: list[claims.Refuted] = []
    left = []
    cases = [case for case in pages.cases() if pages.is_for(case, major)]
    for case in cases:
        found = recording["blocks"].get(case.key)
        told = pages.told(case, major)
        total[case.block.kind] += 1
        stages += claims.stages_told(told)
        silent += case.block.kind == "bad" and not told.findings
        if found is None or found["digest"] != case.digest:
            left.append(f"{case.key}: not recorded")
            continue
        executed_stages += claims.stages_recorded(told, found)
        if why := claims.why_not(case, found):
            left.append(f"{case.key}: {why}")
        else:
            done[case.block.kind] += 1
        refuted += claims.refuted(case, told, found)
    rules = len({case.rule.name for case in cases})
    sentence = (
        f"PostgreSQL {recording['server']}: {rules} pages; executed: {done['bad']} of {total['bad']} bad blocks "
        f"({silent} without a finding on this version), {executed_stages} of {stages} staged rewrites, "
        f"{done['good']} of {total['good']} good blocks; {len(refuted)} claims refuted"
    )
    return sentence, refuted, left


def unchanged(major: int) -> dict[str, Any]:
    """The recordings that are of blocks and stages as they are now."""
    if not (FOLDER / f"{major}.json").exists():
        return {}
    blocks = load(major)["blocks"]
    kept = {}
    for case in pages.cases():
        found = blocks.get(case.key)
        if found is None or found["digest"] != case.digest:
            continue
        told = pages.told(case, major)
        if claims.stages_recorded(told, found) == claims.stages_told(told):
            kept[case.key] = found
    return kept


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.truth.record", description="Record what real servers do")
    parser.add_argument("--major", type=int, action="append", choices=servers.MAJORS, help="a version; repeatable")
    parser.add_argument("--report", action="store_true", help="only report on what is recorded")
    parser.add_argument("--all", action="store_true", help="run what has not changed as well")
    arguments = parser.parse_args()
    failed = False
    for major in arguments.major or servers.MAJORS:
        if arguments.report:
            recording = load(major)
        elif why := servers.missing(major):
            sys.stderr.write(f"PostgreSQL {major} is left out: {why}\n")
            continue
        else:
            from . import execute

            start = time.monotonic()
            with servers.running(major) as dsn:
                recording = execute.everything(major, dsn, {} if arguments.all else unchanged(major))
            save(major, recording)
            sys.stderr.write(f"recorded in {time.monotonic() - start:.0f} s\n")
        sentence, refuted, left = report(major, recording)
        sys.stdout.write(
            "".join(f"{line}\n" for line in (sentence, *map(str, refuted), *(f"  {each}" for each in left)))
        )
        failed = failed or bool(refuted)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
