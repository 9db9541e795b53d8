"""Effects of statements for a reader: what each one locks and does, and which lock is held until where."""

from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any

from safecol.effect import Effect, StatementEffect
from safecol.records import NamedTuple
from safecol.reports import Options, on_one_line, plain, plural, relative
from safecol.reports.full import paint, wrap

STYLE = {"reads": "error", "writes": "warning"}
DURATIONS = {
    "instant": "instant, once the locks are granted",
    "table": "grows with the size of the table",
    "concurrent": "waits for the transactions of others; blocks nobody",
}
OF_ROWS = frozenset({"update", "delete", "merge"})
LABEL = 13


class Held(NamedTuple):
    """A lock that a transaction holds, from one statement to another (1-based, both included)."""

    relation: str
    mode: str
    first: int
    last: int
    first_line: int
    last_line: int


def timeline(statements: tuple[StatementEffect, ...], modes: Iterable[str]) -> tuple[Held, ...]:
    """The locks of one file's statements, from where each is taken to the end of its transaction.

    A lock that a stronger one on the same relation replaces ends where that begins. Outside a transaction a lock
    lasts as long as its statement. `modes` are the lock modes, weakest first.
    """
    strength = {mode: number for number, mode in enumerate(modes)}
    held: list[Held] = []
    ends: dict[int, StatementEffect] = {}
    for one in statements:
        if one.transaction is not None:
            ends[one.transaction] = one
    current: dict[tuple[int, str], int] = {}
    for one in statements:
        for relation, mode in one.effect.locks:
            if one.transaction is None:
                held.append(Held(relation, mode, one.statement, one.statement, one.line, one.end_line))
                continue
            key = (one.transaction, relation)
            last = ends[one.transaction]
            row = Held(relation, mode, one.statement, last.statement, one.line, last.end_line)
            if key in current:
                before = held[current[key]]
                if strength.get(mode, 0) <= strength.get(before.mode, 0):
                    continue
                held[current[key]] = before._replace(last=one.statement, last_line=one.line)
            current[key] = len(held)
            held.append(row)
    return tuple(held)


def as_json(statements: tuple[StatementEffect, ...], options: Options) -> str:
    """The statements as one JSON document, version 1."""
    import json

    document = {
        "version": 1,
        "statements": [_values(one, options) for one in statements],
        "timelines": [
            {
                "path": relative(path, options.root),
                "locks": [held._asdict() for held in _of_file(tuple(group), options)],
            }
            for path, group in groupby(statements, key=lambda one: one.path)
        ],
    }
    return json.dumps(document, indent=2) + "\n"


def _of_file(rows: tuple[StatementEffect, ...], options: Options) -> tuple[Held, ...]:
    return timeline(rows, options.lock_words(rows[0].dialect))


def _values(one: StatementEffect, options: Options) -> dict[str, Any]:
    from safecol.reports.json_v1 import effect_values

    return {
        "path": relative(one.path, options.root),
        "line": one.line,
        "end_line": one.end_line,
        "statement": one.statement,
        "direction": one.direction,
        "sql": one.sql,
        "operations": list(one.operations),
        **effect_values(one.effect),
        "in_transaction": one.in_transaction,
        "dialect": one.dialect,
        "server_version": one.server_version,
        "unanalyzed": one.reason or None,
    }


def as_text(statements: tuple[StatementEffect, ...], options: Options) -> str:
    """The statements file by file, each file closed by its timeline of locks."""
    blocks = []
    for path, group in groupby(statements, key=lambda one: one.path):
        rows = tuple(group)
        server = " ".join(part for part in (rows[0].dialect, rows[0].server_version) if part)
        head = paint(on_one_line(relative(path, options.root)), "bold", options) + (f"  ({server})" if server else "")
        direction = ""
        lines = [head]
        for one in rows:
            if one.direction != direction and (direction or one.direction != "up"):
                lines += ["", f"{one.direction}:"]
            direction = one.direction
            lines += ["", *_statement(one, options)]
        lines += _timeline(rows, options)
        blocks.append("\n".join(lines) + "\n")
    return "\n".join(blocks)


def _statement(one: StatementEffect, options: Options) -> list[str]:
    effect = one.effect
    place = f"line {one.line}" if one.line == one.end_line else f"lines {one.line}-{one.end_line}"
    lead = f"{one.statement:>3}  {place}: "
    head = plain(" ".join(one.sql.split()))
    room = max(options.width - len(lead), 20)
    lines = [lead + paint(head if len(head) <= room else head[: room - 3] + "...", "bold", options)]
    rows = list(_facts(one, effect, options.lock_words(one.dialect)))
    if one.reason:
        rows.append(("not analysed", one.reason, "warning"))
    for label, text, style in rows:
        first, *rest = wrap(plain(text), options.width - LABEL - 7)
        lines.append(f"     {label:<{LABEL}}  {paint(first, style, options) if style else first}")
        lines += [f"     {'':<{LABEL}}  {paint(line, style, options) if style else line}" for line in rest]
    return lines


def _facts(one: StatementEffect, effect: Effect, words: Mapping[str, str]) -> list[tuple[str, str, str]]:
    strength = {mode: number for number, mode in enumerate(words)}
    worst = next((STYLE[word] for word in ("reads", "writes") if word in effect.blocks), "")
    rows = []
    ordered = sorted(effect.locks, key=lambda lock: (-strength.get(lock[1], 0), lock[0]))
    for number, (relation, mode) in enumerate(ordered):
        noticed = f" ({words[mode]})" if mode in words else ""
        rows.append(("" if number else "locks", f"{relation}: {mode}{noticed}", ""))
    if not ordered and not one.reason and not effect.unknown:
        rows.append(("locks", "nothing that others use", ""))
    if effect.blocks:
        waiting = " and ".join(effect.blocks)
        lasting = "for as long as it runs" if effect.duration == "table" else "for a moment"
        until = "until the transaction ends" if one.in_transaction else lasting
        rows.append(("who waits", f"{waiting} by others, {until}", worst))
    if effect.algorithm:
        clause = f", LOCK={effect.lock_clause}" if effect.lock_clause else ""
        rows.append(("algorithm", effect.algorithm + clause, ""))
    for label, names in (("rewrites", effect.rewrite), ("scans", effect.scan), ("rebuilds", effect.rebuilt)):
        if names:
            rows.append((label, ", ".join(names), "warning" if label == "rewrites" else ""))
    if effect.locks or effect.duration != "instant":
        takes = DURATIONS.get(effect.duration, effect.duration)
        if effect.duration == "instant" and OF_ROWS.intersection(one.operations):
            takes = "as long as there are rows to change"
        rows.append(("takes", takes, ""))
    if effect.fails:
        when = {"always": "always", "rows": "once the table has rows"}.get(effect.fails.when, "perhaps")
        rows.append(("fails", f"{when}: {effect.fails.reason}", "error"))
    if not effect.transaction_allowed:
        style = "error" if one.in_transaction else ""
        rows.append(("transaction", "the server refuses it inside a transaction", style))
    elif effect.algorithm is not None:  # a server that names one ends every transaction with DDL
        rows.append(("transaction", "commits by itself, and what a transaction did before it", ""))
    elif one.in_transaction is None:
        rows.append(("transaction", "unknown: nothing says how this file is run", ""))
    else:
        rows.append(("transaction", "inside one" if one.in_transaction else "none: commits by itself", ""))
    if effect.unknown:
        rows.append(("depends on", ", ".join(effect.unknown), "warning"))
    return rows


def _timeline(rows: tuple[StatementEffect, ...], options: Options) -> list[str]:
    parts = [tuple(one for one in rows if one.direction == direction) for direction in ("up", "down")]
    held = [one for part in parts if part for one in _of_file(part, options)]
    if not held or len(rows) == 1:
        return []
    wide = min(max(len(one.relation) for one in held), 30)
    modes = max(len(one.mode) for one in held)
    lines = ["", f"Locks held ({plural(len(held), 'lock')}):"]
    for one in held:
        if one.first == one.last:
            span = f"during statement {one.first} (line {one.first_line})"
        else:
            span = f"from statement {one.first} to {one.last} (lines {one.first_line}-{one.last_line})"
        lines.append(f"  {one.relation:<{wide}}  {one.mode:<{modes}}  {span}")
    return [paint(line, "bold", options) if line.startswith("Locks") else line for line in lines]
