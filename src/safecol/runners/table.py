"""The runners of SQL files, as data: a name comes in, what the tool does with a file comes out."""

import re

from safecol.patterns import lazy
from safecol.records import NamedTuple

Order = str
"""How a history is sorted: `number` (leading digits as a number), `name` (character by character), `natural` (digits
inside names as numbers), `dotted` (Flyway's versions), `plan` (sqitch.plan) or `journal` (drizzle's meta folder)."""


class Runner(NamedTuple):
    """`names` matches the file names that it executes; other `.sql` files beside them are passed over if `strict`.

    `marks` finds the lines that start a section (groups `direction` and `options`); without it the file is one section.
    `transaction` is a section's, `without` a section's after the marker `no_transaction` (searched in the whole text,
    or in the mark's options when `per_section`). `cure` is how the marker is written.
    """

    name: str
    names: str
    transaction: str
    without: str = ""
    no_transaction: str = ""
    cure: str = ""
    marks: str = ""
    per_section: bool = False
    order: Order = "number"
    strict: bool = False


# Facts are those of the tools' sources; `implicit` means one call, where several statements are one transaction.
RUNNERS: dict[str, Runner] = {
    runner.name: runner
    for runner in (
        Runner(
            "dbmate", r"\d+.*\.sql", "wrapped", "implicit", r"(?:^|\s)transaction:false(?=\s|$)",
            "-- migrate:up transaction:false", r"(?m)^--\s*migrate:(?P<direction>up|down)(?P<options>[^\S\n][^\n]*)?$",
            per_section=True, order="name", strict=True,
        ),
        Runner(
            "goose", r"\d+_.*\.sql", "wrapped", "autocommit", r"(?im)^--\s*\+goose[^\S\n]+NO[^\S\n]+TRANSACTION\s*$",
            "-- +goose NO TRANSACTION", r"(?im)^--[^\S\n]*\+goose[^\S\n]+(?P<direction>up|down)(?P<options>)\s*?$",
            strict=True,
        ),
        Runner("golang-migrate", r"[0-9]+_.*\.(?:up|down)\.sql", "implicit", strict=True),
        Runner(
            "flyway", r"(?:[VUB][0-9][0-9._]*__.*|R__.*|(?:before|after)[A-Z]\w*(?:__.*)?|createSchema)\.sql",
            "wrapped", "autocommit", cure="executeInTransaction=false in a file <script>.conf beside the script",
            order="dotted", strict=True,
        ),
        Runner(
            "liquibase", r".*\.sql", "wrapped", "autocommit", r"(?i)\brunInTransaction:\"?false",
            "runInTransaction:false",
            r"(?im)^[^\S\n]*--[^\S\n]*changeset[^\S\n](?P<direction>)(?P<options>[^\n]*)$", per_section=True,
            order="natural",
        ),
        Runner("sqitch", r".*\.sql", "autocommit", order="plan"),
        Runner("psql", r".*\.sql", "autocommit", order="natural"),
        Runner("prisma", r"migration\.sql", "implicit", order="name"),  # one call before 7.4, statements after it
        Runner(
            "diesel", r"(?:up|down)\.sql", "wrapped", "implicit", cure="run_in_transaction = false in metadata.toml",
            order="name",
        ),
        Runner(
            "sqlx", r"\d+_.*\.sql", "wrapped", "implicit", r"\A-- no-transaction", "-- no-transaction", strict=True
        ),
        Runner("refinery", r"[UV]\d+(?:\.\d+)?__\w+\.sql", "wrapped", order="dotted", strict=True),
        Runner(
            "atlas", r"\d+(?:_.*)?\.sql", "wrapped", "autocommit",
            r"\A(?:--[^\n]*\n)*?--[^\S\n]*atlas:txmode[^\S\n]+none[^\S\n]*\r?\n(?:--[^\n]*\n)*[^\S\n]*(?:\n|\Z)",
            "-- atlas:txmode none", order="name",
        ),
        Runner(
            "node-pg-migrate", r".*\.sql", "shared",
            marks=r"(?im)^[^\S\n]*--[ \t-]*(?P<direction>up|down)[^\S\n]+migration(?P<options>[^\n]*)$",
        ),
        Runner(
            "tern", r"\d+_.+\.sql", "wrapped", "autocommit", r"(?m)^---- tern: disable-tx ----\r?$",
            "---- tern: disable-tx ----", strict=True,
        ),
        Runner(
            "yoyo", r".*\.sql", "wrapped", "autocommit", r"(?im)^--[^\S\n]*transactional:[^\S\n]*false\s*$",
            "-- transactional: false", order="name",
        ),
        Runner(
            "rambler", r".*\.sql", "wrapped", order="natural",
            marks=r"(?m)^--[^\S\n]*rambler[^\S\n]+(?P<direction>up|down)(?P<options>)\s*?$",
        ),
        # One batch before 2.109; CONCURRENTLY and the like alone after it; no transaction block at all since 2.115.
        Runner("supabase", r"\d+_.*\.sql", "autocommit", order="name", strict=True),
        Runner("hasura", r"(?:up|down)\.sql", "implicit"),
        Runner("drizzle", r".*\.sql", "shared", order="journal"),
        Runner("ef-core", r".*\.sql", "autocommit", order="natural"),
        Runner(
            "sql-migrate", r".*\.sql", "wrapped", "autocommit", r"(?i)\bnotransaction\b",
            "-- +migrate Up notransaction",
            r"(?im)^--[^\S\n]*\+migrate[^\S\n]+(?P<direction>up|down)\b(?P<options>[^\n]*)$",
            per_section=True, order="natural",
        ),
        Runner("alembic", r".*\.py", "shared", cure="with op.get_context().autocommit_block():", order="plan"),
        Runner("django", r".*\.py", "wrapped", "autocommit", cure="atomic = False", order="plan"),
        Runner("plain", r".*\.sql", "unknown", order="natural"),
    )
}  # fmt: skip

# What only one runner writes; the first that matches names it. A text without any of the words, in lower case, needs
# no search.
MARKERS: tuple[tuple[str, tuple[str, ...], re.Pattern[str]], ...] = (
    ("liquibase", ("liquibase",), lazy(r"\A\ufeff?\s*--[^\S\n]*liquibase[^\S\n]+formatted[^\S\n]+sql", re.IGNORECASE)),
    ("goose", ("+goose",), lazy(r"(?im)^[^\S\n]*--[^\S\n]*\+goose[^\S\n]+(?:up|down|no transaction|envsub)\b")),
    ("dbmate", ("migrate:",), lazy(r"^[^\S\n]*--\s*migrate:(?:up|down)\b", re.MULTILINE)),
    ("sql-migrate", ("+migrate",), lazy(r"^--[^\S\n]*\+migrate[^\S\n]+(?:up|down)\b", re.IGNORECASE | re.MULTILINE)),
    ("tern", ("---- ",), lazy(r"^---- (?:create above / drop below|tern: disable-tx) ----", re.MULTILINE)),
    ("rambler", ("rambler",), lazy(r"^--[^\S\n]*rambler[^\S\n]+(?:up|down)\b", re.MULTILINE)),
    ("node-pg-migrate", ("migration",), lazy(r"(?im)^[^\S\n]*--[ \t-]*(?:up|down)[^\S\n]+migration\b")),
    ("drizzle", ("--> statement",), lazy(r"--> statement-breakpoint")),
    ("ef-core", ("__efmigrations",), lazy(r"__EFMigrationsHistory")),
    (
        "sqitch",
        ("deploy", "revert", "verify"),
        lazy(r"\A\ufeff?\s*--[^\S\n]*(?:Deploy|Revert|Verify)[^\S\n]+\S+(?:[^\S\n]+(?:to|from|on)[^\S\n]+\w+)"),
    ),
    ("atlas", ("atlas:",), lazy(r"^--[^\S\n]*atlas:(?:txmode|delimiter|txtar|checkpoint)\b", re.MULTILINE)),
    ("yoyo", ("depends:", "transactional:"), lazy(r"^--[^\S\n]*(?:depends|transactional):", re.MULTILINE)),
    ("sqlx", ("-- no-transaction",), lazy(r"\A-- no-transaction")),
)


def marker_of(text: str) -> str:
    """The runner whose marker is in `text`, or ""."""
    if "--" not in text and "__EF" not in text:
        return ""
    lower = text.lower()
    for name, words, pattern in MARKERS:
        for word in words:
            if word in lower and pattern.search(text):
                return name
    return ""


def executes(runner: str, name: str) -> bool:
    """Whether the runner takes a file of this name."""
    return re.fullmatch(RUNNERS[runner].names, name) is not None
