"""safecol on Django projects, beside django-migration-linter, and on MySQL beside sqlglot: prints a Markdown table.

`python benchmarks/frameworks.py` installs both into fresh environments. django-migration-linter needs a database to run
on: it gets an empty one of SQLite, which the project is set up for.
"""

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

import generate
from run import ROOT, environment, repeat, row

_PARSE = """
import sys, time
import sqlglot
from sqlglot.errors import SqlglotError
for path in sys.argv[1:]:
    try:
        sqlglot.parse(open(path, encoding="utf-8").read(), dialect="mysql")
    except SqlglotError:
        pass
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=5, help="runs of each command (default: 5)")
    parser.add_argument("--mysql", nargs="*", default=[], help="migrations for MySQL to measure with, besides one")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        top = Path(made)
        bin_ = environment(top / "safecol-venv", str(ROOT))
        print("| what | command | wall | user s | system s | peak | ratio | exit |\n|---|---|---|---|---|---|---|---|")
        projects(top, bin_, given.repeat)
        beside_the_linter(top, bin_, given.repeat)
        small_files(top, bin_)
        if given.mysql:
            mysql(bin_, [str(Path(path).resolve()) for path in given.mysql], given.repeat)


def projects(top: Path, bin_: Path, times: int) -> None:
    """A thousand migrations: the last alone, its history read as context, and all of them."""
    folder = top / "thousand"
    generate.django(folder, 1_000)
    last = "app39/migrations/0025_step.py"
    commands: dict[str, Sequence[str]] = {
        "safecol, the last one": (str(bin_ / "safecol"), "lint", "-q", "--no-cache", last),
        "safecol, all, concise": (str(bin_ / "safecol"), "lint", "-q", "--output-format", "concise", "."),
        "safecol, all, with stages": (str(bin_ / "safecol"), "lint", "-q", "."),
    }
    for name, run in repeat(commands, folder, times).items():
        print(row("Django, 1,000 migrations", name, run, None), flush=True)


def beside_the_linter(top: Path, bin_: Path, times: int) -> None:
    """Two hundred migrations on SQLite; the ratio is to django-migration-linter."""
    linter = environment(top / "linter-venv", "django>=5.2,<5.3", "django-migration-linter")
    folder = top / "two-hundred"
    generate.django(folder, 200, "sqlite3")
    commands: dict[str, Sequence[str]] = {
        "django-migration-linter": (str(linter / "python"), "manage.py", "lintmigrations", "--no-cache"),
        "safecol": (str(bin_ / "safecol"), "lint", "-q", "--output-format", "concise", "."),
    }
    runs = repeat(commands, folder, times)
    for name, run in runs.items():
        print(row("Django, 200 migrations", name, run, runs["django-migration-linter"]), flush=True)


def small_files(top: Path, bin_: Path) -> None:
    """One small file of each kind; the ratio is to an interpreter that does nothing."""
    folder = top / "small"
    folder.mkdir()
    (folder / "1_a.sql").write_text("ALTER TABLE orders ADD COLUMN note varchar(40);\n")
    alembic = folder / "alembic" / "versions"
    alembic.mkdir(parents=True)
    text = (
        'revision = "a1"\ndown_revision = None\n\nfrom alembic import op\n\n\ndef upgrade():\n    op.drop_index("x")\n'
    )
    (alembic / "a1_x.py").write_text(text)
    generate.django(folder / "project", 1)
    safecol = str(bin_ / "safecol")
    commands: dict[str, Sequence[str]] = {"python3 -c pass": (str(bin_ / "python"), "-c", "pass")}
    for dialect in ("postgresql", "mysql", "sqlite"):
        commands[f"safecol, {dialect}"] = (safecol, "lint", "--dialect", dialect, "1_a.sql")
    commands["safecol, Alembic"] = (safecol, "lint", "--output-format", "concise", "alembic/versions/a1_x.py")
    commands["safecol, Django"] = (
        safecol,
        "lint",
        "--output-format",
        "concise",
        "project/app00/migrations/0001_step.py",
    )
    runs = repeat(commands, folder, 15)
    for name, run in runs.items():
        print(row("one small file", name, run, runs["python3 -c pass"]), flush=True)


def mysql(bin_: Path, files: list[str], times: int) -> None:
    """Migrations for MySQL, read and judged, beside sqlglot's parser alone; the ratio is to that."""
    size = sum(Path(path).stat().st_size for path in files) / 1e6
    commands: dict[str, Sequence[str]] = {
        "sqlglot.parse": (str(bin_ / "python"), "-c", _PARSE, *files),
        "safecol": (str(bin_ / "safecol"), "lint", "-q", "--no-cache", "--dialect", "mysql", "--isolated", *files),
    }
    runs = repeat(commands, Path.cwd(), times)
    for name, run in runs.items():
        print(row(f"MySQL, {len(files)} files, {size:.2f} MB", name, run, runs["sqlglot.parse"]), flush=True)


if __name__ == "__main__":
    main()
