"""Pieces of a stage and what they do come in; the same with a limit to their wait for locks goes out."""

from collections.abc import Iterable, Sequence

from safecol.operations import KINDS, Operation
from safecol.writers import alembic_calls
from safecol.writers.layout import WIDTH
from safecol.writers.parts import Piece, Version

# What everybody queues behind while it waits; what makes nobody wait is better left to wait itself.
_STRONG = frozenset(
    kind for what in ("table", "partition", "column", "constraint", "index", "view", "trigger", "rule", "policy")
    for kind in KINDS[what]
) - {"validate-constraint", "analyze", "create-table", "create-view"}  # fmt: skip
_LIMITS = {
    # (in the transaction, outside of one, after that)
    "postgresql": ("SET LOCAL lock_timeout = '2s'", "SET lock_timeout = '2s'", "RESET lock_timeout"),
    "mysql": ("SET SESSION lock_wait_timeout = 5", "SET SESSION lock_wait_timeout = 5", ""),
    "mariadb": ("SET SESSION lock_wait_timeout = 5", "SET SESSION lock_wait_timeout = 5", ""),
}


def limited(version: Version, pieces: Sequence[tuple[Piece, Sequence[Operation]]]) -> tuple[Piece, ...]:
    """The pieces; where nothing ends the wait for a lock by now, one before them sets a limit.

    What can't be in a transaction takes it back, so that it doesn't end what builds an index later on.
    """
    words = _LIMITS.get(version.dialect)
    if version.bounded or words is None:
        return tuple(piece for piece, _ in pieces)
    inside, outside, after = words
    found: list[Piece] = []
    last: Piece | None = None
    for piece, done in pieces:
        alone = "autocommit_block(" in piece.around
        if last is not None and not (strong(done) and alone and last.around == piece.around):
            found += _sent(version, after, last)
            last = None
        if strong(done) and last is None and not (not alone and _is_set(found)):
            found += _sent(version, outside if alone else inside, piece)
            last = piece if alone else None
        found.append(piece)
    return (*found, *(_sent(version, after, last) if last is not None else ()))


def strong(done: Iterable[Operation]) -> bool:
    """Whether others queue behind an operation while it waits for its lock."""
    return any(one.kind in _STRONG and "concurrently" not in one.flags for one in done)


def _is_set(found: Sequence[Piece]) -> bool:
    return any("SET LOCAL lock_timeout" in one.code or "lock_wait_timeout" in one.code for one in found)


def _sent(version: Version, sql: str, beside: Piece) -> list[Piece]:
    if not sql:
        return []
    return [Piece(alembic_calls.execute(sql, version.style, 8, WIDTH - 8), beside.around, beside.within)]
