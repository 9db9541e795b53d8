"""Transactions: a trace comes in; statements that don't fit the transaction they run in go out."""

import re
from collections.abc import Iterator

from safecol.operations import ConstraintDefinition, Operation
from safecol.patterns import lazy
from safecol.source import Span
from safecol.trace import Hit, Step, Trace

_BY_RUNNER = frozenset({"wrapped", "shared"})
_CLIENTS = frozenset({"psql", "sqitch"})
_ENDS = frozenset({"commit", "rollback", "prepare-transaction"})
_CONCURRENTLY = lazy(r"\s*([a-z]+(?:\s+unique)?\s+[a-z]+)\b.*?\bconcurrently\b", re.IGNORECASE | re.DOTALL)
_WORDS = lazy(r"\s*([a-z]+(?:\s+[a-z]+)?)", re.IGNORECASE)


def forbidden_inside(trace: Trace) -> Iterator[Hit]:
    """Statements that the server refuses in a transaction block, in one: explicit, the runner's, or implicit."""
    seen: set[int] = set()
    for step in trace.steps:
        number = step.statement.number
        if number in seen or step.effect.transaction_allowed:
            continue
        kind = _kind(trace, step)
        if kind is None:
            continue
        seen.add(number)
        place, cure, opening = _place(trace, step, kind)
        values = {"command": _command(trace.text, step), "place": place, "help": cure}
        related: tuple[tuple[str, Span, str], ...] = ()
        if opening is not None:
            related = ((trace.migration.path, opening.statement.span, "the transaction starts here"),)
        yield Hit(step, step.operation.span, values, related)


def _kind(trace: Trace, step: Step) -> str | None:
    """The kind of the transaction around a step; None outside one and where nobody knows."""
    if step.transaction is not None:
        return step.transaction_kind
    # The server opens the implicit block anew after a COMMIT within the same call.
    if trace.section.transaction == "implicit" and _count(trace) > 1:
        return "implicit"
    return None


def _count(trace: Trace) -> int:
    return len({step.statement.number for step in trace.steps})


def _place(trace: Trace, step: Step, kind: str) -> tuple[str, str, Step | None]:
    """Which transaction it is, the way out, and the BEGIN where there is one."""
    runner = trace.migration.runner
    cure = way_out(runner)
    begins = [
        one
        for one in trace.steps
        if one.operation.kind == "begin" and one.statement.number < step.statement.number and one.transaction is None
    ]
    if kind == "body":
        return "a DO block or routine runs in one", "Move it out, into a statement and a file of its own", None
    if kind == "explicit":
        return "`BEGIN` has opened one", "Move it out of BEGIN … COMMIT, into a file of its own", begins[-1]
    if kind == "implicit":
        alone = "Give it a file of its own, with no other statement in it"
        if runner == "plain":
            return "the file is sent in one call, which is one", alone, None
        name = "prisma before 7.4" if runner == "prisma" else runner
        return f"{name} sends the file in one call, which is one", alone, None
    named = {"django": "Django", "alembic": "Alembic"}.get(runner, runner)
    if kind == "shared":
        place = f"{named} runs all pending files in one"
    else:
        place = f"{'the runner' if runner == 'plain' else named} wraps the file in one"
    if runner == "alembic":
        return place, f"Put it into an autocommit block: `{cure}`", None
    if cure:
        return place, f"Give it a file of its own, outside a transaction: `{cure}`", None
    if runner in {"plain", ""}:
        return place, "Give it a file of its own that runs outside a transaction", None
    return place, f"{runner} knows no way out of its transaction in a SQL file: run it by other means", None


def place_of(trace: Trace, step: Step) -> tuple[str, str, Step | None]:
    """Which transaction a step runs in, the way out of it, and the BEGIN where there is one."""
    return _place(trace, step, _kind(trace, step) or "wrapped")


def way_out(runner: str) -> str:
    """What a file says so that its runner doesn't wrap it in a transaction, as written; "" without such a marker."""
    from safecol.runners.table import RUNNERS

    known = RUNNERS.get(runner)
    return known.cure if known is not None else ""


def _command(text: str, step: Step) -> str:
    """The command in its own words: `CREATE INDEX CONCURRENTLY`, `VACUUM`."""
    kind = step.operation.kind
    if kind == "detach-partition":
        return "DETACH PARTITION CONCURRENTLY"
    if kind == "add-enum-value":
        return "ALTER TYPE … ADD VALUE"
    if step.transaction_kind == "body" and step.facts.get("concurrently"):
        return f"{kind.replace('-', ' ')} concurrently".upper()
    source = text[step.statement.span.start : step.statement.span.end]
    if kind in {"vacuum", "vacuum-full", "cluster"}:
        return kind.replace("-", " ").upper()
    found = _CONCURRENTLY.match(source) if step.facts.get("concurrently") else None
    if found:
        return f"{' '.join(found[1].split())} concurrently".upper()
    words = _WORDS.match(source)
    return " ".join(words[1].split()).upper() if words else "This statement"


def validated_at_once(trace: Trace) -> Iterator[Hit]:
    """VALIDATE CONSTRAINT while the lock that added it NOT VALID, or a strong one of the same ALTER, is still held."""
    for step, cause in validations(trace):
        together = cause.statement.number == step.statement.number
        where = "the same `ALTER TABLE`" if together else "the same transaction"
        added = cause.operation.kind == "add-constraint"
        values = {
            "constraint": step.operation.value or "the constraint",
            "where": f"in {where} as the NOT VALID" if added else f"in {where} as a clause with a strong lock",
            "waiting": waiting(cause.effect.blocks),
        }
        what = "added NOT VALID here" if added else "the lock is taken here"
        yield Hit(step, step.operation.span, values, ((trace.migration.path, cause.operation.span, what),))


def validations(trace: Trace) -> Iterator[tuple[Step, Step]]:
    """Each such VALIDATE with the step that took the lock."""
    for step in trace.steps:
        if step.operation.kind != "validate-constraint" or not step.existing or step.facts.get("table") == "small":
            continue
        cause = _adding(trace, step) or _beside(trace, step)
        if cause is not None:
            yield step, cause


def _adding(trace: Trace, step: Step) -> Step | None:
    for other in trace.steps:
        if other is step:
            return None
        definition = other.operation.definition
        if other.operation.kind != "add-constraint" or not isinstance(definition, ConstraintDefinition):
            continue
        same = other.statement.number == step.statement.number or (
            other.transaction is not None and other.transaction == step.transaction
        )
        if same and other.table == step.table and _named(definition, step.operation) and not definition.validated:
            return other if other.effect.blocks else None
    return None


def _named(definition: ConstraintDefinition, validation: Operation) -> bool:
    if definition.name is not None:
        return definition.name == validation.value
    # The server's own choice: t_c_fkey, t_c_check.
    ending = {"foreign-key": "_fkey", "check": "_check", "not-null": "_not_null"}.get(definition.kind)
    return ending is not None and (validation.value or "").endswith(ending)


def _beside(trace: Trace, step: Step) -> Step | None:
    number = step.statement.number
    beside = (other for other in trace.steps if other.statement.number == number and other is not step)
    return next((other for other in beside if other.effect.blocks and other.table == step.table), None)


def waiting(blocks: tuple[str, ...]) -> str:
    """Who waits: "reads and writes" or "writes"."""
    return " and ".join(word for word in ("reads", "writes") if word in blocks) or "others"


def nested(trace: Trace) -> Iterator[Hit]:
    """BEGIN inside a transaction, and COMMIT or ROLLBACK of one that the file did not begin."""
    how = trace.section.transaction
    runner = trace.migration.runner
    name = "the runner" if runner == "plain" else runner
    opened = False
    for step in trace.steps:
        kind = step.operation.kind
        if step.transaction_kind == "body":
            if kind in _ENDS and step.effect.fails is not None:
                yield _control(step, kind.upper(), "a transaction is open around the body", "the server refuses it")
            continue
        if kind == "begin":
            opening = _command(trace.text, step)
            if how in _BY_RUNNER and step.transaction is not None and not opened:
                what = f"{name} has opened a transaction already"
                yield _control(step, opening, what, "the COMMIT that follows ends it")
            elif opened:
                yield _control(step, opening, "a transaction is open already", "the first COMMIT ends it")
            opened = True
        elif kind == "commit" and "chained" in step.operation.flags and step is trace.steps[-1]:
            opened = True  # what comes after it, an autocommit block, is to run outside of one
        elif kind in _ENDS:
            word = kind.split("-", maxsplit=1)[0].upper()
            if not opened and how in _BY_RUNNER and step.transaction is not None:
                what = f"it ends the transaction that {name} has opened"
                yield _control(step, word, what, "what follows runs outside one")
            elif not opened and how in {"implicit", "autocommit"} and runner not in _CLIENTS:
                yield _control(step, word, "no BEGIN comes before it", "the server only warns")
            opened = "chained" in step.operation.flags


def _control(step: Step, word: str, what: str, then: str) -> Hit:
    return Hit(step, step.operation.span, {"command": word, "what": what, "then": then})


def left_open(trace: Trace) -> Iterator[Hit]:
    """BEGIN without a COMMIT before the section ends, where the runner adds none."""
    if not trace.open_transaction or trace.section.transaction in _BY_RUNNER:
        return
    for step in reversed(trace.steps):
        if step.operation.kind == "begin" or "chained" in step.operation.flags:
            yield Hit(step, step.operation.span)
            return
