"""The rule pages come in; their statements for a MySQL or MariaDB server, with what safecol says of each, go out."""

from hashlib import sha256
from typing import NamedTuple

import mysql_oracle as oracle
from safecol import catalog, examples, versions
from safecol.context import Context
from safecol.dialects import loaded
from safecol.fold import trace
from safecol.heads import Rule
from safecol.operations import Migration, Section
from safecol.pages import Block
from safecol.source import Span

CATALOG = catalog.load()
# What would change the server itself, its accounts or files.
NOT_EXECUTED = frozenset(
    {
        "server-setting-change", "password-in-migration", "broad-grant", "file-access", "privileged-definer",
        "log-bypass", "explicit-table-lock", "role-change", "schema-drop",
    }
)  # fmt: skip

# Blocks whose code the server can't tell, or tells of rows that no schema has.
KNOWN = {
    "mysql/enum-value-removal bad 1": "the rows of the test hold the value that is taken out",
    "mysql/unbounded-event bad 1": "a server without grant tables, as the recordings' is, has no events (error 1290)",
    "mysql/unbounded-event good 1": "as the bad one",
    "mysql/partition-rebuild good 1": "clauses of partitions take ALGORITHM and LOCK before them alone",
    "mysql/partition-rebuild bad 1": "PARTITION BY is the last clause: ALGORITHM and LOCK can't be put behind it",
}


class Case(NamedTuple):
    """A block of a page. `key` names it by page and place among the page's blocks of its kind."""

    key: str
    rule: Rule
    block: Block
    setup: str
    text: str

    @property
    def digest(self) -> str:
        """Changes with what is executed."""
        return sha256(f"{self.setup}|{self.text}".encode()).hexdigest()[:16]


class Staged(NamedTuple):
    """A staged rewrite: each step's statements; a gate before it is `filled`, so that rows have what it waits for."""

    steps: tuple[tuple[bool, str], ...]


def cases(dialect: str) -> list[Case]:
    """The `bad` and `good` blocks of every page that is for the dialect and is about statements of a file."""
    found = []
    for rule in CATALOG.for_dialect(dialect):
        if rule.dialect not in ("mysql", "mariadb") or rule.name in NOT_EXECUTED:
            continue
        for kind in ("bad", "good"):
            blocks = [block for block in examples.of_page(rule) if block.kind == kind and block.language == "sql"]
            for number, block in enumerate(blocks, 1):
                if block.options.get("dialect", dialect) != dialect or "version" in block.options:
                    continue
                split = examples.split(block)
                text = "".join(text for _, text, _ in split.files)
                key = f"{rule.dialect}/{rule.name} {kind} {number}"
                found.append(Case(key, rule, block, "".join(split.setup), text))
    return found


def statements(dialect: str, text: str) -> list[str]:
    """The statements of a text, without what is between them."""
    reading = loaded.front(dialect).read_section(text, Section("up", Span(0, len(text)), "autocommit"))
    return [text[one.span.start : one.span.end] for one in reading.statements]


def told(dialect: str, version: str, case: Case) -> list[str]:
    """What safecol says of each statement of a block, as the codes of the measurements."""
    judge = loaded.judge(dialect, CATALOG)
    context = Context(dialect, judge.number(version), default_schema="")
    context.schema.complete = True
    context.new_since = 2
    codes: dict[int, str] = {}
    for number, text in ((1, case.setup), (2, case.text)):
        section = Section("up", Span(0, len(text)), "autocommit")
        reading = tuple(loaded.front(dialect).read_section(text, section).statements)
        context.file = number
        migration = Migration("x.sql", "x", "plain", dialect, ((section, reading),))
        done = trace(context, judge, migration, text, section, reading)
        codes = {one.number: "ok" for one in reading}
        codes.update({step.statement.number: oracle.code(step.whole) for step in done.steps})
        codes.update({one.number: "?" for one in reading if one.opaque is not None})
    return [codes[number] for number in sorted(codes)]


def staged(dialect: str, version: str, case: Case) -> list[Staged]:
    """The staged rewrites that the findings of a block show."""
    options = {**case.block.options, "dialect": dialect, "version": ".".join(map(str, versions.parse(version)[:2]))}
    found = examples.findings(case.rule, case.block._replace(options=options), CATALOG)
    rewrites = []
    for finding in found:
        steps, filled = [], False
        for stage in finding.stages:
            if stage.sql:
                steps.append((filled, stage.sql))
            filled = not stage.sql
        if finding.rule == case.rule.name and steps:
            rewrites.append(Staged(tuple(steps)))
    return rewrites
