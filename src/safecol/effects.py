"""Effects: facts of an operation and the dialect's table in, what the operation does to a live database out."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from safecol.context import Context
from safecol.effect import Effect, Failure
from safecol.operations import Operation
from safecol.records import NamedTuple
from safecol.trace import Fact

Resolve = Callable[[str, Context, Operation, str], list[str]]


NOTHING = Effect()
ALGORITHMS = ("INSTANT", "INPLACE", "COPY")
LOCK_CLAUSES = ("NONE", "SHARED", "EXCLUSIVE")
WAITING: Mapping[str, tuple[str, ...]] = {"NONE": (), "SHARED": ("writes",), "EXCLUSIVE": ("reads", "writes")}
"""What waits under a LOCK clause for as long as the statement runs."""
_LATEST = 10_000_000  # after every version there is


class Row(NamedTuple):
    """One row of effects.toml, ready to match; `given` maps a fact to the values that it may have."""

    given: tuple[tuple[str, frozenset[Fact]], ...]
    since: int
    until: int
    locks: tuple[tuple[str, str], ...]
    rewrite: tuple[str, ...]
    scan: tuple[str, ...]
    rebuild: tuple[str, ...]
    transaction_allowed: bool
    duration: str | None
    fails: tuple[str, str, str] | None
    unknown: str | None
    stop: bool
    algorithm: str | None
    lock_clause: str | None
    blocks: tuple[str, ...] | None
    beside: str | None


class Table:
    """A dialect's effects: rows by operation kind, and its lock modes, weakest first, with what they block."""

    def __init__(
        self,
        rows: Iterable[Mapping[str, Any]],
        locks: Mapping[str, Iterable[str]],
        number: Callable[[str], int] = int,
    ) -> None:
        """`number` makes of a version written as text (`since = "8.0.12"`) what versions are compared by."""
        self._number = number
        self.strength = {mode: number for number, mode in enumerate(locks)}
        self.blocks = {mode: tuple(blocked) for mode, blocked in locks.items()}
        self._rows: dict[str, list[Mapping[str, Any]]] = {}
        self._every: list[Mapping[str, Any]] = []
        self._for_version: dict[tuple[str, int], tuple[tuple[Row, ...], tuple[str, ...]]] = {}
        self._matching: dict[tuple[str, int, tuple[Fact, ...]], tuple[Row, ...]] = {}
        for raw in rows:
            kinds = raw["operation"]
            for kind in [kinds] if isinstance(kinds, str) else kinds:
                if kind == "*":
                    self._every.append(raw)
                else:
                    self._rows.setdefault(kind, []).append(raw)

    def rows(self, kind: str, version: int, facts: Mapping[str, Fact]) -> tuple[Row, ...]:
        """The rows that match the facts of an operation, in the order of the file; one that stops is the last."""
        known = self._for_version.get((kind, version))
        if known is None:
            own = self._rows.get(kind, ())
            made = (_row(raw, self._number) for raw in ((*self._every, *own) if own else ()))  # of kinds that occur
            rows = tuple(row for row in made if row.since <= version <= row.until)
            asked = tuple(dict.fromkeys(name for row in rows for name, _ in row.given))
            known = self._for_version[kind, version] = rows, asked
        rows, asked = known
        # A run asks the same few questions for thousands of operations.
        key = kind, version, tuple([facts.get(name) for name in asked])
        found = self._matching.get(key)
        if found is None:
            found = self._matching[key] = tuple(_until_stop(row for row in rows if _matches(row, facts)))
        return found


def _until_stop(rows: Iterable[Row]) -> Iterator[Row]:
    for row in rows:
        yield row
        if row.stop:
            return


def _row(raw: Mapping[str, Any], number: Callable[[str], int]) -> Row:
    given = tuple(
        (name, frozenset(value) if isinstance(value, list) else frozenset((value,)))
        for name, value in raw.get("given", {}).items()
    )
    fails = raw.get("fails")
    return Row(
        given=given,
        since=_bound(raw.get("since", 0), number),
        until=_bound(raw.get("until", _LATEST), number),
        locks=tuple(raw.get("locks", {}).items()),
        rewrite=tuple(raw.get("rewrite", ())),
        scan=tuple(raw.get("scan", ())),
        rebuild=tuple(raw.get("rebuild", ())),
        transaction_allowed=raw.get("transaction_allowed", True),
        duration=raw.get("duration"),
        fails=(fails["when"], fails["reason"], fails.get("cause", "state")) if fails else None,
        unknown=raw.get("unknown"),
        stop=raw.get("stop", False),
        algorithm=raw.get("algorithm"),
        lock_clause=raw.get("lock_clause"),
        blocks=tuple(raw["blocks"]) if "blocks" in raw else None,
        beside=raw.get("beside"),
    )


def _bound(written: str | int, number: Callable[[str], int]) -> int:
    return number(written) if isinstance(written, str) else written


def _matches(row: Row, facts: Mapping[str, Fact]) -> bool:
    return all(facts.get(name) in values for name, values in row.given)


def effect_of(
    table: Table,
    resolve: Resolve,
    context: Context,
    operation: Operation,
    key: str,
    facts: Mapping[str, Fact],
) -> Effect:
    """What one operation does, from all rows that match its facts."""
    rows = table.rows(operation.kind, context.version, facts)
    if not rows:
        return NOTHING
    locks: dict[str, str] = {}
    rewrite: list[str] = []
    scan: list[str] = []
    rebuilt: list[str] = []
    unknown: list[str] = []
    transaction_allowed = True
    duration = None
    fails: Failure | None = None
    algorithm = lock_clause = blocks = beside = None
    for row in rows:
        algorithm = strongest(ALGORITHMS, algorithm, _named(row.algorithm, facts))
        lock_clause = strongest(LOCK_CLAUSES, lock_clause, _named(row.lock_clause, facts))
        blocks = row.blocks if blocks is None else (*blocks, *(row.blocks or ()))
        beside = row.beside or beside
        for word, mode in row.locks:
            wanted = str(facts.get("mode")) if mode == "{mode}" else mode
            for name in resolve(word, context, operation, key):
                if table.strength[wanted] > table.strength.get(locks.get(name, ""), -1):
                    locks[name] = wanted
        for words, names in ((row.rewrite, rewrite), (row.scan, scan), (row.rebuild, rebuilt)):
            for word in words:
                names.extend(resolve(word, context, operation, key))
        transaction_allowed = transaction_allowed and row.transaction_allowed
        duration = row.duration or duration
        if row.fails is not None and (fails is None or row.fails[0] == "always"):
            when, reason, cause = row.fails
            if when != "rows" or context.has_rows(key):
                fails = Failure(when, _filled(reason, operation, key, facts), cause)
        if row.unknown is not None:
            unknown.append(_filled(row.unknown, operation, key, facts))
    locks = {name: mode for name, mode in locks.items() if not context.made_here(name)}
    scanned = [name for name in dict.fromkeys(scan) if context.has_rows(name)]
    nothing = not locks and not scanned and not rewrite and algorithm is None
    if nothing and fails is None and transaction_allowed and not unknown:
        return NOTHING
    if lock_clause is not None or blocks is not None:
        # The lock that is taken for a moment is another than the one for the whole time.
        asked = {*(blocks or ()), *WAITING[lock_clause or "NONE"]}
        others = any(not context.is_new(name) for name in locks)
        waiting: tuple[str, ...] = tuple(word for word in ("reads", "writes") if word in asked and others)
    else:
        waiting = _blocked(table, context, locks)
    return Effect(
        locks=tuple(locks.items()),
        blocks=waiting,
        rewrite=tuple(dict.fromkeys(rewrite)),
        scan=tuple(scanned),
        rebuilt=tuple(dict.fromkeys(rebuilt)),
        transaction_allowed=transaction_allowed,
        fails=fails,
        duration=duration or ("table" if scanned or rewrite else "instant"),
        algorithm=algorithm,
        lock_clause=lock_clause,
        unknown=tuple(unknown),
        beside=beside,
    )


def strongest(order: Sequence[str], one: str | None, other: str | None) -> str | None:
    """The later of two words in an order; None is before all."""
    if one is None or other is None:
        return one or other
    return max(one, other, key=order.index)


def _named(word: str | None, facts: Mapping[str, Fact]) -> str | None:
    """A word of the table; one in braces is the value of a fact."""
    return str(facts[word[1:-1]]) if word is not None and word.startswith("{") else word


def _blocked(table: Table, context: Context, locks: Mapping[str, str]) -> tuple[str, ...]:
    """What waits on tables that others can be using; locks on indexes and the like are not counted by themselves."""
    found: set[str] = set()
    for name, mode in locks.items():
        if name in context.schema.indexes:
            # The planner opens every index of a table: readers and writers of the table wait for it.
            if context.is_new(context.schema.indexes[name].table):
                continue
        elif name in context.schema.sequences or context.is_new(name):
            continue
        known = context.schema.tables.get(name)
        # Nobody writes to a materialized view but REFRESH.
        refreshed = known is not None and known.kind == "materialized-view"
        found.update(word for word in table.blocks[mode] if not (refreshed and word == "writes"))
    return tuple(word for word in ("reads", "writes") if word in found)


def _filled(text: str, operation: Operation, key: str, facts: Mapping[str, Fact]) -> str:
    if "{" not in text:
        return text
    from safecol.operations import ColumnDefinition, ConstraintDefinition

    definition = operation.definition
    column = operation.column or (definition.name if isinstance(definition, ColumnDefinition) else "")
    if isinstance(definition, ConstraintDefinition):
        column = column or ", ".join(definition.columns)
    values = {
        "table": key,
        "column": column,
        "type": operation.type.name if operation.type else "the new type",
        **{name: value for name, value in facts.items() if isinstance(value, str)},
    }
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def combine(table: Table, effects: Iterable[Effect]) -> Effect:
    """What a statement does: the strongest of each of its operations; a slow part runs under every lock."""
    parts = [effect for effect in effects if effect is not NOTHING]
    if len(parts) < 2:
        return parts[0] if parts else NOTHING
    locks: dict[str, str] = {}
    fails: Failure | None = None
    for effect in parts:
        for name, mode in effect.locks:
            if table.strength[mode] > table.strength.get(locks.get(name, ""), -1):
                locks[name] = mode
        if effect.fails is not None and (fails is None or effect.fails.when == "always"):
            fails = effect.fails
    durations = {effect.duration for effect in parts}
    blocked = {word for effect in parts for word in effect.blocks}
    return Effect(
        locks=tuple(locks.items()),
        blocks=tuple(word for word in ("reads", "writes") if word in blocked),
        rewrite=tuple(dict.fromkeys(name for effect in parts for name in effect.rewrite)),
        scan=tuple(dict.fromkeys(name for effect in parts for name in effect.scan)),
        rebuilt=tuple(dict.fromkeys(name for effect in parts for name in effect.rebuilt)),
        transaction_allowed=all(effect.transaction_allowed for effect in parts),
        fails=fails,
        duration=next(word for word in ("table", "concurrent", "instant") if word in durations),
        algorithm=max((one.algorithm for one in parts if one.algorithm), key=ALGORITHMS.index, default=None),
        lock_clause=max((one.lock_clause for one in parts if one.lock_clause), key=LOCK_CLAUSES.index, default=None),
        unknown=tuple(dict.fromkeys(text for effect in parts for text in effect.unknown)),
    )
