"""What happened in one section of one migration, step by step: the value that pages and checks select on.

`fold` takes operations over the context and writes a trace; `match` reads it. Nothing here computes.
"""

from collections.abc import Callable, Mapping

from safecol.effect import Effect
from safecol.operations import Migration, Operation, Section, Statement
from safecol.records import NamedTuple
from safecol.source import Span

Fact = str | bool | int | None
"""None is "unknown": it equals nothing in a page's `[when]`, except where the page names `unknown`."""


class HeldLock(NamedTuple):
    """A lock on an existing relation that the open transaction holds: since which statement (1-based)."""

    relation: str
    mode: str
    statement: int
    blocks: tuple[str, ...]


class Step(NamedTuple):
    """One operation, in order of execution.

    `facts` is what `[when]` sees. `effect` is the operation's own; `whole` the statement's (strongest of each).
    `transaction` numbers the transaction block (from 1) or is None outside one or when unknown;
    `transaction_kind` is `explicit`, `wrapped`, `implicit`, `shared`, `body` (of a block or routine), `none` or
    `unknown`.
    `held` are the locks held before the statement; `settings` the effective values at this point
    (`lock_timeout`, `statement_timeout` in milliseconds as text, "0" is off; absent is not known to be set).
    `table` is the relation's name as shown; `existing` whether others can already be using it.
    """

    statement: Statement
    operation: Operation
    facts: Mapping[str, Fact]
    effect: Effect
    whole: Effect
    transaction: int | None
    transaction_kind: str
    held: tuple[HeldLock, ...]
    settings: Mapping[str, str]
    table: str | None
    existing: bool


def in_transaction(step: Step) -> bool | None:
    """Whether a step runs in a transaction block; None when its runner is not known."""
    if step.transaction is not None:
        return True
    return {"inside": True, "outside": False}.get(str(step.facts.get("transaction")))


class Placeholder(NamedTuple):
    """Text that is not SQL and was masked before parsing: `kind` is `template`, `variable` or `psql-command`."""

    span: Span
    kind: str
    text: str


class Problem(NamedTuple):
    """Something that the runner or the file itself does wrong: `rule` is the page that reports it."""

    rule: str
    span: Span
    message: str
    help: str = ""


class Trace(NamedTuple):
    """The steps of one section. `text` is the whole file's; `open_transaction` is True when it ends inside a BEGIN.

    `before` are the traces of earlier sections and files of the same change set, oldest first. `missed` are statements
    that call what was not understood: `opaque` says what. `line_of` gives the line of a span where `text` is not the
    file itself but the SQL that it sends. `locks` are the dialect's lock modes, weakest first, with what each blocks.
    `naming` holds the project's patterns for new names, by what they name. `sent_by` says for a span of `text` which
    operation of a framework sends it (`AlterField`; empty for the file's own SQL), and that operation's place.
    """

    migration: Migration
    text: str
    section: Section
    steps: tuple[Step, ...]
    open_transaction: bool = False
    before: tuple["Trace", ...] = ()
    missed: tuple[Statement, ...] = ()
    line_of: Callable[[Span], int] | None = None
    locks: Mapping[str, tuple[str, ...]] = {}
    naming: Mapping[str, str] = {}
    sent_by: Callable[[Span], tuple[str, Span]] | None = None

    def line(self, span: Span) -> int:
        """The 1-based line of the file on which a span begins."""
        return self.line_of(span) if self.line_of is not None else self.text.count("\n", 0, span.start) + 1


class Hit(NamedTuple):
    """A match of a page: where, with values for the message's placeholders and other places that matter.

    `severity` is weaker than the page's where this place is likely to matter less; empty is the page's own.
    """

    step: Step | None
    span: Span
    values: Mapping[str, str] = {}
    related: tuple[tuple[str, Span, str], ...] = ()
    severity: str = ""
