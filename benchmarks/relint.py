"""How often staged rewrites in Python are clean: each takes the place of its migration, and is linted again.

    python benchmarks/relint.py DIR [--show] [--only TEXT] [--jobs N] [--dialect NAME] [--server-version V]

For each migration of Alembic or Django under DIR that has findings with stages, the files of its stages are linted over
the migrations before it, by the default rules. It is clean when each stage is a file of the framework and nothing is
left to say, besides what the original was told of the same table for which no page has a staged rewrite.
"""

import argparse
import os
import re
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "src"))

# ruff: noqa: E402 - the package lies beside this folder
from safecol import analysis, catalog
from safecol.commands import files
from safecol.commands.arguments import located
from safecol.finding import Finding, Result
from safecol.frontends.alembic import graph
from safecol.records import NamedTuple
from safecol.request import LintRequest
from safecol.runners.migration_file import MigrationFile
from safecol.settings import Settings

CATALOG = catalog.load()
DEFAULTS = frozenset(CATALOG.defaults())
_RUNNERS = ("alembic", "django")
_NUMBER = re.compile(r"_(\d+)\.py$")


class Outcome(NamedTuple):
    """A migration with staged findings: how many files stand for it, and what is left to say of them.

    `kept` counts the stages that are SQL only. `same` are findings of the original without a staged rewrite, told
    again.
    """

    path: str
    files: int
    kept: int
    left: tuple[Finding, ...]
    same: tuple[Finding, ...]
    seconds: float

    @property
    def clean(self) -> bool:
        """Whether all is staged in the framework's own form, with nothing left to say."""
        return not self.left and not self.kept


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--show", action="store_true", help="each migration that isn't clean, with what is left")
    parser.add_argument("--only", default="", help="only migrations whose path contains this")
    parser.add_argument("--write", type=Path, help="a folder for the files of the stages")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--dialect")
    parser.add_argument("--server-version")
    given = parser.parse_args()
    os.chdir(given.folder)
    words = {"dialect": given.dialect, "server-version": given.server_version}
    settings = Settings({name: value for name, value in words.items() if value}, isolated=True)
    outcomes = list(relinted(settings, given.only, given.jobs, given.write))
    for one in outcomes if given.show else ():
        if not one.clean:
            print(f"{one.path}: {one.files} files, {one.kept} stages in SQL, {one.seconds:.1f} s")
            for finding in one.left:
                print(f"    {finding.path.rpartition('/')[2]}: {finding.rule}: {finding.message}")
    clean = sum(one.clean for one in outcomes)
    silent = sum(one.clean and not one.same for one in outcomes)
    share = f" ({100 * clean / len(outcomes):.1f} %)" if outcomes else ""
    print(f"{clean} of {len(outcomes)} migrations clean{share}; {silent} of them without a word")
    print(f"{sum(bool(one.kept) for one in outcomes)} with stages in SQL only")
    told = Counter(rule for one in outcomes for rule in {finding.rule for finding in one.left})
    for rule, count in told.most_common():
        print(f"{count:5} {rule}")


def relinted(settings: Settings, only: str, jobs: int, write: Path | None) -> Iterator[Outcome]:
    """What came of each migration with staged findings under the working directory."""
    found = files.find(["."], {}, settings).files
    mine = [file for file in found if file.runner in _RUNNERS]
    result = linted(mine, {}, settings)
    by_path: dict[str, list[Finding]] = {}
    for finding in result.findings:
        by_path.setdefault(finding.path, []).append(finding)
    work = []
    for number, file in enumerate(mine):
        staged = by_path.get(file.path, [])
        if only in file.path and any(stage.sql for one in staged for stage in one.stages):
            before = [one._replace(target=False) for one in mine[:number] if one.history == file.history]
            work.append((before, file, staged))
    again = partial(relint, settings, write)
    if jobs < 2:
        yield from (again(*each) for each in work)
        return
    with ProcessPoolExecutor(jobs) as pool:
        yield from pool.map(again, *zip(*work, strict=True))


def relint(
    settings: Settings, write: Path | None, before: Sequence[MigrationFile], file: MigrationFile, was: Sequence[Finding]
) -> Outcome:
    """What is left to say of the files that stand for a migration."""
    began = time.perf_counter()
    kept = sum(bool(stage.sql) and not stage.source for one in was for stage in one.stages if _first(was, one))
    texts = dict(chain(was))
    if not texts:
        return Outcome(file.path, 0, kept, (), (), 0.0)
    made = [
        file._replace(path=path, initial=False, problems=file.problems if path == file.path else ()) for path in texts
    ]
    if write is not None:
        for path, text in texts.items():
            (write / path).parent.mkdir(parents=True, exist_ok=True)
            (write / path).write_text(text)
    found = linted([*before, *made], {located(path): text for path, text in texts.items()}, settings).findings
    unstaged = {(one.rule, one.table) for one in was if not any(stage.sql for stage in one.stages)}
    left = [one for one in found if (one.rule, one.table) not in unstaged]
    same = tuple(one for one in found if one not in left)
    return Outcome(file.path, len(texts), kept, tuple(left), same, time.perf_counter() - began)


def _first(findings: Sequence[Finding], finding: Finding) -> bool:
    """Whether it is the first with stages about its statement: the others' stages would do the same once more."""
    about = [one for one in findings if one.statement == finding.statement and any(stage.sql for stage in one.stages)]
    return bool(about) and about[0] is finding


def chain(findings: Sequence[Finding]) -> list[tuple[str, str]]:
    """The files of the stages, as (path, text), in the order in which they run."""
    made = {stage.file: stage.source for one in findings for stage in one.stages if stage.source}
    revisions = {path: graph.revision(text) for path, text in made.items()}
    known = {path: one for path, one in revisions.items() if one is not None}
    if known:
        order = graph.order(known)
        return sorted(made.items(), key=lambda file: order[file[0]])
    own = {one.path for one in findings}  # the first has the name of the migration, which may end in a number itself
    return sorted(made.items(), key=lambda file: 0 if file[0] in own else _number(file[0], made))


def _number(path: str, made: Iterable[str]) -> int:
    """The number at the end of a name, which counts the files from the second on."""
    found = _NUMBER.search(path)
    return int(found[1]) if found and len(list(made)) > 1 else 1


def linted(found: Sequence[MigrationFile], contents: dict[str, str], settings: Settings) -> Result:
    """Lint files over those before them."""
    return analysis.lint(
        LintRequest(
            files=tuple(found), settings=settings, catalog=CATALOG, schema=None, change_set="each", contents=contents,
            selected=lambda _path: DEFAULTS, jobs=1, cache="",
        )
    )  # fmt: skip


if __name__ == "__main__":
    main()
