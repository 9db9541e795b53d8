"""What a statement does to a live database: the value that `safecol effects` prints and rules select on."""

from typing import NamedTuple


class Failure(NamedTuple):
    """`when` is `always`, `rows` (once the table has rows) or `unknown`."""

    when: str
    reason: str


class Effect(NamedTuple):
    """Relations are named as in reports (no default schema).

    `locks` maps each relation that existed before the statement to the strongest lock mode, by the dialect's name.
    `blocks` holds `reads`, `writes` when other sessions' reads or writes of an existing table wait while it runs.
    `rewrite`, `scan`, `rebuilt` name relations and indexes. `duration` is `instant`, `table` (grows with a table) or
    `concurrent` (waits for other transactions, blocks nobody). `unknown` names what the answer depends on.
    """

    locks: tuple[tuple[str, str], ...] = ()
    blocks: tuple[str, ...] = ()
    rewrite: tuple[str, ...] = ()
    scan: tuple[str, ...] = ()
    rebuilt: tuple[str, ...] = ()
    transaction_allowed: bool = True
    fails: Failure | None = None
    duration: str = "instant"
    algorithm: str | None = None
    lock_clause: str | None = None
    unknown: tuple[str, ...] = ()

    @property
    def certain(self) -> bool:
        """False where the answer depends on something unknown."""
        return not self.unknown
