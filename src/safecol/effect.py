"""What a statement does to a live database: the value that `safecol effects` prints and rules select on."""

from safecol.records import NamedTuple


class Failure(NamedTuple):
    """`when` is `always`, `rows` (once the table has rows) or `unknown`.

    `cause` is `version` (this server lacks it), `dependents` (something still uses it), `assertion` (the statement asks
    for a way that the server can't go) or `state` (all else).
    """

    when: str
    reason: str
    cause: str = "state"


# Of databases that nothing was measured on.
UNMEASURED = "what this database locks and how long it takes"


class Effect(NamedTuple):
    """Relations are named as in reports (no default schema).

    `locks` maps each relation that existed before the statement to the strongest lock mode, by the dialect's name.
    `blocks` holds `reads`, `writes` when other sessions' reads or writes of an existing table wait while it runs.
    `rewrite`, `scan`, `rebuilt` name relations and indexes. `duration` is `instant`, `table` (grows with a table) or
    `concurrent` (waits for other transactions, blocks nobody). `unknown` names what the answer depends on.
    `algorithm` and `lock_clause` are what a server that knows such clauses does with the statement as it stands.
    `beside` is what an instant operation takes when another clause of its statement is not instant: `metadata`,
    `rebuild` or `copy`.
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
    beside: str | None = None

    @property
    def certain(self) -> bool:
        """False where the answer depends on something unknown."""
        return not self.unknown


class StatementEffect(NamedTuple):
    """One statement of a file with what it does: a row of `safecol effects`.

    `statement` counts from 1 in the file, lines are 1-based and `end_line` is included. `in_transaction` is None when
    that is unknown. `transaction` numbers the file's transactions: statements with the same number keep each other's
    locks; None outside one. `reason` says why the statement was not understood, or is empty.
    """

    path: str
    line: int
    end_line: int
    statement: int
    sql: str
    operations: tuple[str, ...]
    effect: Effect
    in_transaction: bool | None = None
    transaction: int | None = None
    direction: str = "up"
    dialect: str = ""
    server_version: str = ""
    reason: str = ""
