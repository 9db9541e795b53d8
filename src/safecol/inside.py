"""Bodies that run as part of a statement: a DO block or a call and the context come in, the steps of both go out."""

from collections.abc import Iterator

from safecol import effects
from safecol.context import Context
from safecol.fold import Body, Dialect, run
from safecol.operations import Name, Opaque, Operation, RoutineDefinition, Statement
from safecol.schema import Routine
from safecol.trace import Step

_CALLS = frozenset({"call", "select"})
_DEEPEST = 8


def steps_of(context: Context, dialect: Dialect, statement: Statement, missed: list[Statement]) -> list[Step]:
    """The steps of a statement, then those of the bodies that it runs; the first carries the effect of them all.

    Statements that call what was not understood are added to `missed`.
    """
    parts, statement, reason = _bodies(context, dialect, statement, ())
    if not parts and not reason:
        return run(context, dialect, statement)
    names = tuple(routine.name for routine in _routines(context, statement))
    function = statement.operations[0].kind == "select"
    alone = dialect.bodies_alone and not function
    within = function or (context.transaction is not None and not alone)
    first, *others = run(context, dialect, statement)
    if not alone:
        context.enter_body()
    inner = _inside(context, dialect, parts, Body(within, alone), missed, names)
    if first.transaction is None and not alone:
        context.leave_body()
    whole = effects.combine(dialect.table, [step.effect for step in (first, *others, *inner)])
    if reason:
        missed.append(_missed(statement, reason))
        whole = whole._replace(unknown=(*whole.unknown, reason))
    return [first._replace(whole=whole), *others, *inner]


def _inside(
    context: Context,
    dialect: Dialect,
    parts: tuple[Statement, ...],
    body: Body,
    missed: list[Statement],
    calls: tuple[str, ...],
) -> list[Step]:
    steps: list[Step] = []
    for part in parts:
        if not part.operations:
            continue
        own, statement, reason = _bodies(context, dialect, part._replace(parts=()), calls)
        found = run(context, dialect, statement, body)
        if reason:
            missed.append(_missed(statement, reason))
            found = [_unknown(found[0], reason), *found[1:]]
        steps += found
        if own:
            names = tuple(routine.name for routine in _routines(context, statement))
            steps += _inside(context, dialect, own, body, missed, (*calls, *names))
    return steps


def _missed(statement: Statement, reason: str) -> Statement:
    return statement._replace(operations=(), opaque=Opaque(statement.span, reason))


def _unknown(step: Step, reason: str) -> Step:
    return step._replace(effect=step.effect._replace(unknown=(*step.effect.unknown, reason)))


def _bodies(
    context: Context, dialect: Dialect, statement: Statement, calls: tuple[str, ...]
) -> tuple[tuple[Statement, ...], Statement, str]:
    """What a statement runs beside itself, the statement marked where all of it is known, and why some isn't."""
    parts = list(statement.parts)
    called = list(_routines(context, statement))
    reasons = []
    for routine in called:
        if routine.name in calls or len(calls) >= _DEEPEST:
            continue  # it calls itself: what it does has been said
        found, reason = dialect.routine(routine.definition, statement.number, statement.span)
        parts += found
        if reason:
            reasons.append(f"what `{routine.name}` does: {reason}")
    if called and not reasons:
        operations = tuple(_understood(operation) for operation in statement.operations)
        statement = statement._replace(operations=operations)
    return tuple(parts), statement, "; ".join(dict.fromkeys(reasons))


def _understood(operation: Operation) -> Operation:
    return operation._replace(flags=operation.flags | {"understood"}) if operation.kind == "call" else operation


def _routines(context: Context, statement: Statement) -> Iterator[Routine]:
    """The routines that a statement calls, as far as they are known to be made before."""
    known = context.schema.routines
    if not known:
        return
    for operation in statement.operations:
        if operation.kind not in _CALLS or "understood" in operation.flags:  # its body is among the parts
            continue
        names = [operation.relation] if operation.relation is not None and operation.kind == "call" else []
        names += [_name(value) for key, value in operation.options if key == "calls"]
        for name in names:
            for routine in known.get(context.key(name), ()):
                if _runs(routine.definition):
                    yield routine


def _name(written: str) -> Name:
    *schema, name = written.split(".")
    return Name(name, schema[-1] if schema else None)


def _runs(definition: RoutineDefinition) -> bool:
    """Whether a call may change anything: not of what is stable, and triggers are not called."""
    trigger = definition.returns is not None and definition.returns.name == "trigger"
    return definition.volatility in (None, "volatile") and not trigger
