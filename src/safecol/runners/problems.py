"""A file and its text come in; what its runner silently ignores or can't execute comes out as problems."""

import re
from collections.abc import Iterable

from safecol.patterns import lazy
from safecol.runners.migration_file import MigrationFile
from safecol.runners.table import RUNNERS, Runner
from safecol.source import Span
from safecol.trace import Placeholder, Problem

# How each runner's way out of its transaction looks, loosely written: what people write where it does nothing.
_LOOSE: tuple[tuple[str, str], ...] = (
    ("dbmate", r"(?im)^[^\S\n]*--[^\n]*?\btransaction\s*[:=]\s*false\b[^\n]*"),
    ("goose", r"(?im)^[^\S\n]*--\s*\+goose\s+no[\s_-]*transaction\b[^\n]*"),
    ("sqlx", r"(?im)^\ufeff?[^\S\n]*--[^\S\n]*no-transaction\b[^\n]*"),
    ("atlas", r"(?im)^[^\S\n]*--[^\S\n]*atlas:txmode[^\S\n]+none\b[^\n]*"),
    ("tern", r"(?im)^[^\S\n]*--+[^\S\n]*tern:[^\S\n]*disable-tx[^\n]*"),
    ("yoyo", r"(?im)^[^\S\n]*--[^\S\n]*transactional:[^\S\n]*false[^\n]*"),
    ("liquibase", r"(?im)^[^\S\n]*--[^\n]*\brunInTransaction\s*[:=]\s*\"?false[^\n]*"),
    ("sql-migrate", r"(?im)^[^\S\n]*--[^\S\n]*\+migrate[^\n]*\bnotransaction\b[^\n]*"),
)
_HINT = lazy(r"transaction|disable-tx|txmode", re.IGNORECASE)
_GOOSE_LINE = lazy(
    r"^(?P<indent>[^\S\n]*)--[^\S\n]*\+goose[^\S\n]+"
    r"(?P<word>up|down|no transaction|statementbegin|statementend)\b[^\n]*",
    re.IGNORECASE | re.MULTILINE,
)
_DBMATE_LINE = lazy(r"^[^\n]*--[^\S\n]*migrate:(?:up|down)\b[^\n]*", re.MULTILINE)
_KINDS = frozenset({"template", "block", "variable"})
_PSQL_RUNNERS = frozenset({"sqitch", "psql", "plain"})
_PARAMETER_RUNNERS = {"flyway": "${", "liquibase": "${", "tern": "{{", "sqitch": ":", "psql": ":"}


def of_file(text: str, file: MigrationFile, runner: Runner) -> tuple[Problem, ...]:
    """What the runner passes over: the file for its name, a section for its mark, a marker for its place."""
    found: list[Problem] = []
    if file.ignored:
        found.append(_ignored(text, file))
    if runner.name == "dbmate":
        found += _dbmate(text)
    if runner.name == "goose":
        found += _goose(text)
    if runner.name != "plain" and _HINT.search(text):
        found += _markers(text, file, runner)
    return tuple(found)


def of_placeholders(file: MigrationFile, placeholders: Iterable[Placeholder], text: str) -> tuple[Problem, ...]:
    """Placeholders that the runner won't fill in, and client commands that it doesn't know.

    Nothing is said for `plain` about templates, because nobody knows what fills them in.
    """
    found: list[Problem] = []
    for place in placeholders:
        shown = place.text.strip().split("\n")[0][:60]
        if place.kind == "psql-command":
            if file.runner not in _PSQL_RUNNERS:
                found.append(_client_command(file, place.span, shown))
        elif place.kind in _KINDS and file.runner != "plain" and not _fills(file, shown, text):
            found.append(
                Problem(
                    "unresolved-placeholder",
                    place.span,
                    f"{file.runner} sends `{shown}` to the server as it stands: it fills in no such placeholder",
                    "Write the value, or fill the placeholder in before the file is linted and run",
                )
            )
    return tuple(found)


def _fills(file: MigrationFile, shown: str, text: str) -> bool:
    if file.runner == "goose":
        return shown.startswith("${") and re.search(r"(?im)^--\s*\+goose\s+envsub\s+on", text) is not None
    prefix = _PARAMETER_RUNNERS.get(file.runner)
    return prefix is not None and shown.startswith(prefix)


def _client_command(file: MigrationFile, span: Span, shown: str) -> Problem:
    return Problem(
        "client-command",
        span,
        f"`{shown}` is a command of psql: {file.runner} sends it to the server, which refuses it",
        "Take it out, or write what it does in SQL",
    )


def _ignored(text: str, file: MigrationFile) -> Problem:
    example = {
        "golang-migrate": "`<number>_<name>.up.sql`",
        "flyway": "`V<version>__<name>.sql`, with two underscores",
        "refinery": "`V<number>__<name>.sql`, with two underscores",
        "dbmate": "`<number>_<name>.sql`",
    }.get(file.runner, "`<number>_<name>.sql`")
    return Problem(
        "ignored-file",
        Span(0, len(text.split("\n", 1)[0])),
        f"{file.runner} passes over `{file.name}` without a word: nothing in it is ever executed",
        f"Rename it to {example}, or move it out of the migrations folder",
    )


def _dbmate(text: str) -> list[Problem]:
    runner = RUNNERS["dbmate"]
    valid = {mark.start() for mark in re.finditer(runner.marks, text)}
    found = [
        Problem(
            "ineffective-marker",
            Span(line.start(), line.end()),
            f"dbmate doesn't see `{line[0].strip()}`: a mark starts its line and has white space before its options",
            "Write `-- migrate:up` or `-- migrate:down` at the start of a line of its own",
        )
        for line in _DBMATE_LINE.finditer(text)
        if line.start() not in valid
    ]
    ups = [mark for mark in re.finditer(runner.marks, text) if mark["direction"] == "up"]
    if not ups and not found:
        found.append(
            Problem(
                "ineffective-marker",
                Span(0, len(text.split("\n", 1)[0])),
                "dbmate refuses this file: it has no `-- migrate:up` section",
                "Put `-- migrate:up` on a line of its own before the SQL",
            )
        )
    return found


def _goose(text: str) -> list[Problem]:
    found: list[Problem] = []
    seen_up = False
    for line in _GOOSE_LINE.finditer(text):
        word = line["word"].lower()
        span = Span(line.start() + len(line["indent"]), line.end())
        if line["indent"]:
            found.append(
                Problem(
                    "ineffective-marker",
                    span,
                    f"goose doesn't accept `{line[0].strip()}` after white space",
                    "Move it to the start of the line",
                )
            )
        elif word == "up":
            seen_up = True
        elif word != "no transaction" and not seen_up:
            found.append(
                Problem(
                    "ineffective-marker",
                    span,
                    f"goose refuses `{line[0].strip()}` before `-- +goose Up`",
                    "Put `-- +goose Up` on a line of its own before it",
                )
            )
    if not seen_up and not found:
        found.append(
            Problem(
                "ineffective-marker",
                Span(0, len(text.split("\n", 1)[0])),
                "goose refuses this file: it has no `-- +goose Up` line",
                "Put `-- +goose Up` on a line of its own before the SQL",
            )
        )
    return found


def _markers(text: str, file: MigrationFile, runner: Runner) -> list[Problem]:
    effective = _effective(text, file, runner)
    found = []
    for name, pattern in _LOOSE:
        for line in re.finditer(pattern, text):
            start = line.start() + len(line[0]) - len(line[0].lstrip("\ufeff \t\r"))
            end = line.start() + len(line[0].rstrip())
            if any(a <= start < b for a, b in effective) or (name == "goose" and start != line.start()):
                continue
            found.append(_marker(Span(start, end), text[start:end], name, file, runner))
    return found


def _effective(text: str, file: MigrationFile, runner: Runner) -> list[tuple[int, int]]:
    """The spans of the markers that the runner obeys, whole lines."""
    if not runner.no_transaction or (runner.name == "sqlx" and file.dialect == "mysql"):
        return []
    if runner.per_section:
        marks = re.finditer(runner.marks, text)
        return [mark.span() for mark in marks if re.search(runner.no_transaction, mark["options"] or "")]
    marks = re.finditer(runner.no_transaction, text)
    return [(mark.start(), (text + "\n").find("\n", mark.end() - 1)) for mark in marks]


def _marker(span: Span, shown: str, owner: str, file: MigrationFile, runner: Runner) -> Problem:
    way_out = f"Write `{runner.cure}`" if runner.cure else f"{runner.name} has no way out of its transaction in a file"
    if owner != runner.name:
        return Problem(
            "ineffective-marker",
            span,
            f"`{shown}` is a marker of {owner}: {runner.name} doesn't read it, so the transaction stays as it is",
            way_out,
        )
    if runner.name == "sqlx" and file.dialect == "mysql":
        return Problem("ineffective-marker", span, f"sqlx doesn't read `{shown}` on MySQL", "Take it out")
    where = {
        "sqlx": "it must be the very first bytes of the file",
        "dbmate": "it must stand on the `-- migrate:up` or `-- migrate:down` line, without spaces",
        "atlas": "it must stand at the top of the file, with an empty line after it",
        "liquibase": "it must stand on the `--changeset` line, without spaces around the colon",
        "goose": "it must be a line of its own",
        "tern": "it must be exactly `---- tern: disable-tx ----` on a line of its own",
    }.get(runner.name, "it must be written as the runner expects")
    return Problem("ineffective-marker", span, f"{runner.name} doesn't read `{shown}` here: {where}", way_out)
