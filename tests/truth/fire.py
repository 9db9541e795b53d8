"""An input and a server come in; what doesn't hold of its staged rewrites goes out.

That is a stage that is refused or works under a lock, another schema or other rows at the end, and findings about the
stages.
"""

import re
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple

import psycopg

from safecol import analysis, catalog, examples
from safecol.collecting import Collected
from safecol.finding import Finding, Stage
from safecol.runners.migration_file import MigrationFile
from safecol.settings import PathSettings

from . import claims, pages, schema
from .execute import ROUNDS, Database
from .measure import Sessions, run, sessions
from .shapes import Shape
from .values import Measured, Text

CATALOG = catalog.load()
RULES = frozenset({*CATALOG.defaults(), "blocking-trigger-creation"})
_NEW = re.compile(r'ADD COLUMN ((?:"(?:[^"]|"")*"|\S)+)')

EXCUSED: dict[str, str] = {
    "blocking-partition-detach": "CONCURRENTLY leaves the bound as a CHECK of the table: the page says so",
    "partitioned-index-creation": "the names of the partitions' indexes are the reader's",
    "rewriting-generated-column": "no stages lead to a stored column: the page says so",
    "referenced-table-lock": "the statement stays as it is, so that the other findings about it do",
}
"""Rules whose stages lead elsewhere, and why."""


class File(NamedTuple):
    """A migration: `target` is whether it is linted, `transaction` how it is run."""

    path: str
    text: str
    target: bool = False
    transaction: str | None = None


class Trouble(NamedTuple):
    """What doesn't hold of the stages of one finding."""

    key: str
    rule: str
    what: str
    stages: str

    def __str__(self) -> str:
        return f"{self.key} [{self.rule}]: {self.what}\n{self.stages}"


def tried(shape: Shape, major: int, database: Database) -> tuple[list[str], list[Trouble]]:
    """The rules whose stages were shown and executed, and what doesn't hold of them."""
    found = [finding for finding in lint(shape, major) if any(stage.sql for stage in finding.stages)]
    troubles: list[Trouble] = []
    for number in sorted({finding.statement for finding in found}):
        # What adds the column comes before what is done with it.
        here = sorted(
            (finding for finding in found if finding.statement == number), key=lambda one: one.operation != "add-column"
        )
        rules = "+".join(dict.fromkeys(finding.rule for finding in here))
        stages = "\n".join(
            f"  -- {stage.kind}: {stage.title}\n{stage.sql.rstrip()}" for one in here for stage in one.stages
        )
        troubles += [
            Trouble(f"{shape.key} on {major}", rules, what, f"{shape.change}\n  => stages\n{stages}")
            for what in _wrong(shape, here, major, database)
        ]
    return [finding.rule for finding in found], troubles


def lint(shape: Shape, major: int) -> list[Finding]:
    """What safecol says of the change."""
    texts = [File(f"setup-{number}.sql", f"{sql};\n") for number, sql in enumerate(shape.setup)]
    return _linted([*texts, File("1.sql", shape.change, True)], major)


def _linted(texts: Sequence[File], major: int, rules: AbstractSet[str] = RULES) -> list[Finding]:
    made = [MigrationFile(each.path, "plain", "postgresql", "settings", "texts", target=each.target) for each in texts]
    ways = {each.path: each.transaction for each in texts}

    def settings(path: str) -> PathSettings:
        return PathSettings(
            dialect="postgresql", server_version=str(major), runner_transaction=ways.get(path), timezone="UTC",
            lock_timeout_ms=2000,
        )  # fmt: skip

    collected = Collected(CATALOG, made, code={})
    for ran in analysis.run(made, settings, CATALOG, {each.path: each.text for each in texts}, None, change_set="each"):
        collected.add(ran, frozenset(rules))
    return list(collected.result().findings)


def _wrong(shape: Shape, findings: list[Finding], major: int, database: Database) -> Iterator[str]:
    earlier, original = _original(shape, findings)
    expected = _direct(shape, database, earlier, original, filled=True)
    filled = not isinstance(expected, str)
    if not filled:  # the rows are in its way
        expected = _direct(shape, database, earlier, original, filled=False)
    done: list[File] = []
    with database.at(_case(shape), tries=False) as both:
        if database.notes:
            yield f"setup: {database.notes}"
            return
        _advance(both, earlier)
    with sessions(database.dsn) as both:
        for number, (stage, by_hand) in enumerate(_steps(shape, findings), 1):
            for sql in by_hand:
                both.work.execute(sql)
            done += [File(f"{number}-{at}.sql", f"{sql};\n") for at, sql in enumerate(by_hand)]
            if not stage.sql:
                continue
            done.append(File(f"{number}.sql", stage.sql, True, "wrapped" if stage.transaction else "autocommit"))
            problems = list(_stage(both, number, stage))
            yield from problems
            if any("refused" in problem for problem in problems):
                return
        lines, rows = schema.lines(both.watch), schema.contents(both.watch)
    excused = any(finding.rule in EXCUSED for finding in findings)
    if isinstance(expected, str):
        yield f"original: {expected}"
    elif not excused:
        yield from _difference(expected, (lines, rows if filled else {}))
    before = [*shape.setup, *(text.sql for text in earlier)]
    history = [File(f"0-{number}.sql", f"{sql};\n") for number, sql in enumerate(before)]
    for each in _linted([*history, *done], major, CATALOG.defaults()):
        yield f"linted again: {each.path}: {each.rule}: {each.message}"


def _steps(shape: Shape, findings: list[Finding]) -> Iterator[tuple[Stage, list[str]]]:
    """The stages in order, one that two findings share once, and what is done by hand at each gate."""
    seen: set[str] = set()
    for finding in findings:
        waiting = iter(shape.gates.get(finding.rule, ()))
        first = next((_NEW.search(stage.sql) for stage in finding.stages if "TRIGGER" in stage.sql), None)
        new = first[1] if first else ""
        for stage in finding.stages:
            if stage.sql in seen:
                continue
            seen |= {stage.sql} - {""}
            yield stage, [] if stage.sql else [sql.replace("%NEW%", new) for sql in next(waiting, ())]


def _stage(both: Sessions, number: int, stage: Stage) -> Iterator[str]:
    texts = list(pages.statements(stage.sql))
    for turn in range(ROUNDS):
        measured = run(both, texts, "wrapped" if stage.transaction else "autocommit")
        for each in measured:
            if "error" in each:
                yield f"stage {number} is refused: {each['error']}: {each['message']}"
                return
            if each.get("rows") and stage.kind != "backfill" and "SELECT setval" not in each["sql"]:
                yield f"stage {number} changes rows: {each['sql']}"
            yield from _lasting(number, each)
        if stage.kind != "backfill" or not any(each.get("rows") for each in measured):
            return
        if turn == ROUNDS - 1:
            yield f"stage {number} never ends"


def _lasting(number: int, measured: Measured) -> Iterator[str]:
    stopping = {
        name: mode
        for name, mode in measured.get("locks", {}).items()
        if claims.BLOCKS.get(mode, []) and (name not in measured.get("views", ()) or "reads" in claims.BLOCKS[mode])
    }
    work = {
        each: measured[each]
        for each in ("scan", "rewrite", "rewriting", "verifying", "rebuilt", "built", "rows")
        if each in measured
    }
    if stopping and work:
        yield f"stage {number} works under a lock: {measured['sql']}: {stopping}: {work}"


def _difference(expected: tuple[set[str], dict[str, str]], result: tuple[set[str], dict[str, str]]) -> Iterator[str]:
    if missing := sorted(expected[0] - result[0]):
        yield f"missing at the end: {missing}"
    if extra := sorted(result[0] - expected[0]):
        yield f"too much at the end: {extra}"
    if other := sorted(name for name, digest in result[1].items() if expected[1].get(name, digest) != digest):
        yield f"other rows: {other}"


def _original(shape: Shape, findings: list[Finding]) -> tuple[list[Text], str]:
    """The statements before the findings', and their statement."""
    earlier: list[Text] = []
    for text in pages.statements(shape.change):
        if text.number == findings[0].statement:
            return earlier, text.sql
        if not text.control:
            earlier.append(text)
    raise LookupError(findings)


def _direct(
    shape: Shape, database: Database, earlier: list[Text], original: str, *, filled: bool
) -> tuple[set[str], dict[str, str]] | str:
    with database.at(_case(shape), filled=filled) as both:
        _advance(both, earlier)
        try:
            both.work.execute(original)
        except psycopg.Error as error:
            return f"{error.sqlstate}: {str(error).splitlines()[0]}: {original}"
        return schema.lines(both.watch), schema.contents(both.watch)


def _advance(both: Sessions, texts: list[Text]) -> None:
    for text in texts:
        both.work.execute(text.sql)


def _case(shape: Shape) -> pages.Case:
    rule = next(iter(CATALOG.for_dialect("postgresql")))
    block = examples.of_page(rule)[0]
    return pages.Case(shape.key, rule, block, tuple(f"{sql};\n" for sql in (*shape.setup, *shape.rows)), ())
