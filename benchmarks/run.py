"""safecol beside squawk: `python benchmarks/run.py` measures both in one run and prints a Markdown table.

safecol is installed from this checkout into a fresh environment, so that what is timed is what users get.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import generate

ROOT = Path(__file__).resolve().parent.parent


class Run(NamedTuple):
    """One run of a command: seconds, peak memory in megabytes, and its exit code."""

    wall: float
    user: float
    system: float
    memory: float
    code: int


def measure(command: Sequence[str], folder: Path) -> Run:
    start = time.perf_counter()
    child = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(child.pid, 0)
    wall = time.perf_counter() - start
    child.returncode = os.waitstatus_to_exitcode(status)
    # The peak is of the largest process; kilobytes on Linux, bytes on macOS.
    peak = used.ru_maxrss / (1_000_000 if sys.platform == "darwin" else 1_000)
    return Run(wall, used.ru_utime, used.ru_stime, peak, child.returncode)


def repeat(commands: dict[str, Sequence[str]], folder: Path, times: int) -> dict[str, Run]:
    """The medians of each command; they take turns, so that a busy moment meets all of them."""
    for command in commands.values():
        measure(command, folder)  # warms the file cache
    runs: dict[str, list[Run]] = {name: [] for name in commands}
    for _ in range(times):
        for name, command in commands.items():
            runs[name].append(measure(command, folder))
    return {
        name: Run(*(statistics.median(column) for column in zip(*found, strict=True))) for name, found in runs.items()
    }


def environment(folder: Path, *packages: str) -> Path:
    """The bin folder of a fresh environment with the packages in it."""
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    found = folder / ("Scripts" if os.name == "nt" else "bin")
    subprocess.run([found / "python", "-m", "pip", "install", "-q", *packages], check=True)
    return found


def row(what: str, name: str, run: Run, base: Run | None) -> str:
    ratio = f"{run.wall / base.wall:.2f}" if base else ""
    seconds = f"{run.wall * 1000:.0f} ms" if run.wall < 1 else f"{run.wall:.2f} s"
    cells = (what, name, seconds, f"{run.user:.2f}", f"{run.system:.2f}", f"{run.memory:.0f} MB", ratio)
    return f"| {' | '.join(cells)} | {run.code:.0f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--safecol", help="an installed safecol; without it one is installed from this checkout")
    parser.add_argument("--squawk", help="an installed squawk; without it the one on PATH, or squawk-cli from PyPI")
    parser.add_argument("--repeat", type=int, default=5, help="runs of each command with many files (default: 5)")
    parser.add_argument("--only", choices=("start", "many", "shapes"), help="one part of the measurements")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        top = Path(made)
        safecol = given.safecol or str(environment(top / "safecol-venv", str(ROOT)) / "safecol")
        python = str(Path(safecol).with_name("python"))
        squawk = given.squawk or shutil.which("squawk")
        squawk = squawk or str(environment(top / "squawk-venv", "squawk-cli") / "squawk")
        print("| what | command | wall | user s | system s | peak | ratio | exit |\n|---|---|---|---|---|---|---|---|")
        if given.only in (None, "start"):
            start(top, python, safecol, squawk)
        if given.only in (None, "many"):
            many(top, safecol, squawk, given.repeat)
        if given.only in (None, "shapes"):
            shapes(top, safecol, squawk, given.repeat)


def start(top: Path, python: str, safecol: str, squawk: str) -> None:
    """One small file; the ratio is to an interpreter that does nothing."""
    folder = top / "small"
    folder.mkdir()
    (folder / "1_a.sql").write_text("SET lock_timeout = '2s';\nALTER TABLE orders ADD COLUMN note text;\n")
    (folder / "one").mkdir()
    (folder / "one" / "2_b.sql").write_text("CREATE INDEX orders_note ON orders (note);\n")
    commands: dict[str, Sequence[str]] = {
        "python3 -c pass": (python, "-c", "pass"),
        "safecol, no finding": (safecol, "lint", "1_a.sql"),
        "safecol, a finding": (safecol, "lint", "one/2_b.sql"),
        "squawk, a finding": (squawk, "one/2_b.sql"),
    }
    runs = repeat(commands, folder, 21)
    for name, run in runs.items():
        print(row("one small file", name, run, runs["python3 -c pass"]), flush=True)


def many(top: Path, safecol: str, squawk: str, times: int) -> None:
    """Generated histories; the ratio is to squawk."""
    for count in (1_000, 10_000):
        folder = top / f"history-{count}" / "db" / "migrations"
        generate.history(folder, count)
        files = sorted(path.name for path in folder.iterdir())
        commands: dict[str, Sequence[str]] = {
            "squawk": (squawk, *files),
            "safecol": (safecol, "lint", "-q", "."),
        }
        runs = repeat(commands, folder, times)
        for name, run in runs.items():
            print(row(f"{count:,} files", name, run, runs["squawk"]), flush=True)


def shapes(top: Path, safecol: str, squawk: str, times: int) -> None:
    """A large file, and one changed file behind a long history; the ratio is to squawk on the same file."""
    folder = top / "large"
    folder.mkdir()
    generate.inserts(folder / "1_data.sql", 9)
    commands: dict[str, Sequence[str]] = {"squawk": (squawk, "1_data.sql"), "safecol": (safecol, "lint", "1_data.sql")}
    runs = repeat(commands, folder, times)
    for name, run in runs.items():
        print(row("an INSERT of 9 MB", name, run, runs["squawk"]), flush=True)
    folder = top / "context" / "db" / "migrations"
    generate.history(folder, 1_000)
    last = folder / "20990101000000_last.sql"
    last.write_text("SET lock_timeout = '2s';\nALTER TABLE orders_3 ADD COLUMN last_note text;\n")
    commands = {"squawk": (squawk, str(last)), "safecol": (safecol, "lint", "db/migrations/" + last.name)}
    runs = repeat(commands, folder.parent.parent, times)
    for name, run in runs.items():
        print(row("one file behind 1,000", name, run, runs["squawk"]), flush=True)


if __name__ == "__main__":
    main()
