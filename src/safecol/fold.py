"""The fold: statements of one section and the context go in, a trace of steps with facts and effects goes out."""

from collections.abc import Callable, Mapping, Sequence

from safecol import effects, history
from safecol.context import Context
from safecol.effect import Effect, Failure
from safecol.expressions import Literal
from safecol.operations import (
    KINDS,
    ColumnDefinition,
    Migration,
    Name,
    Operation,
    RoutineDefinition,
    Section,
    Statement,
)
from safecol.records import NamedTuple
from safecol.schema import Schema
from safecol.source import Span
from safecol.trace import Fact, HeldLock, Step, Trace

CONTROL = frozenset(KINDS["transaction"])


class Rest(NamedTuple):
    """The statement that an operation is part of, as far as it was applied: what its other clauses do.

    `dropped` are (table, constraint) dropped anywhere in the statement. `fresh` are the columns that it added, with
    what existing rows get: `null`, `same` (one constant) or `stored`. `skipped` are those that IF NOT EXISTS kept.
    """

    operations: tuple[Operation, ...]
    dropped: frozenset[tuple[str, str]]
    fresh: Mapping[tuple[str, str], str]
    skipped: frozenset[tuple[str, str]]


class Body(NamedTuple):
    """What a statement in a body stands in: `within` is whether the body may not end the transaction.

    `alone` is whether each of its statements is a transaction of its own where none is open.
    """

    within: bool
    alone: bool = False


class Part(NamedTuple):
    """An operation of a statement, with what it does where that was judged: `key` is its relation as shown."""

    operation: Operation
    key: str
    facts: dict[str, Fact]
    effect: Effect = effects.NOTHING
    existing: bool = False


class Dialect(NamedTuple):
    """What the fold asks of a dialect: its table of effects, facts of an operation, target words.

    `setting` gives the name and the value under which the context keeps a setting: the wait for locks is
    `lock_timeout` in milliseconds, as text. `number` is what the table's versions are compared with.
    `routine` gives the statements of a body for a call with this number and span, and why some of it is not known.
    `combine` is what a statement does, from its parts; without it, the strongest of each. `apply` makes the change of
    the schema so far that an operation makes. `takes_effect` is whether SET changes a setting, by its neutral name.
    The fact `by_itself` says that a failure depends on nothing but the statement.
    `bodies_alone` is whether the statements of a procedure commit one by one where no transaction is open. `commits` is
    whether an operation ends the open transaction and is one of its own; without it, none does.
    """

    table: effects.Table
    facts: Callable[[Context, Operation, str, Rest], dict[str, Fact]]
    resolve: effects.Resolve
    setting: Callable[[str, str], tuple[str, str]]
    number: Callable[[str], int]
    routine: Callable[[RoutineDefinition, int, Span], tuple[tuple[Statement, ...], str]]
    combine: Callable[[Context, Sequence[Part]], Effect] | None = None
    apply: Callable[[Context, Operation], None] = history.apply
    takes_effect: Callable[[Context, str], bool] | None = None
    bodies_alone: bool = False
    commits: Callable[[Context, Operation], bool] | None = None


_CREATES = frozenset(
    {"create-table", "create-table-as", "create-foreign-table", "create-view", "create-materialized-view"}
)
_NOTHING: frozenset[tuple[str, str]] = frozenset()
_REFUSED = Effect(fails=Failure("always", "the body can't end a transaction that it did not begin"))


def trace(
    context: Context,
    dialect: Dialect,
    migration: Migration,
    text: str,
    section: Section,
    statements: tuple[Statement, ...],
) -> Trace:
    """Run a section over the context."""
    context.start_section(section, len(statements))
    steps: list[Step] = []
    missed: list[Statement] = []
    for written in statements:
        statement = _at_version(written, context.version) if written.versions else written
        if statement.parts or context.schema.routines:
            from safecol import inside

            steps.extend(inside.steps_of(context, dialect, statement, missed))
        else:
            steps.extend(run(context, dialect, statement))
        if statement.opaque is not None or any(item.kind == "do-block" for item in statement.operations):
            context.unseen = context.unseen or "drop" in text[statement.span.start : statement.span.end].lower()
        for gone in statement.forgets:
            history.forget(context, gone)
    still_open = context.explicit and context.transaction is not None
    context.end_section()
    locks = dialect.table.blocks
    return Trace(migration, text, section, tuple(steps), still_open, missed=tuple(missed), locks=locks)


def _at_version(statement: Statement, version: int) -> Statement:
    for below, operations in statement.versions:
        if version < below:
            return statement._replace(operations=operations, parts=(), opaque=None)
    return statement


def run(context: Context, dialect: Dialect, statement: Statement, body: Body | None = None) -> list[Step]:
    """The steps of a statement by itself, which are then applied; `body` is what it stands in."""
    operations = statement.operations
    alone = dialect.commits is not None and any(dialect.commits(context, item) for item in operations)
    if alone:
        context.commit_by_itself()
    held = tuple(context.held)
    dropped = _NOTHING
    if len(operations) > 1 and any(item.kind == "drop-constraint" for item in operations):
        dropped = frozenset(
            (context.key(item.relation), item.value or "")
            for item in operations
            if item.kind == "drop-constraint" and item.relation is not None
        )
    fresh: dict[tuple[str, str], str] = {}
    skipped: set[tuple[str, str]] = set()
    found: list[Part] = []
    before = context.transaction
    kind = context.kind if body is None or (body.alone and context.kind == "unknown") else "body"
    if alone and body is None:
        kind = "none"
    settings = {**context.session, **context.local}
    # What combines effects may count in the schema how often each was met.
    judged = context.judged or dialect.combine is not None
    for operation in operations:
        if (part := _of_the_session(context, dialect, operation, body)) is not None:
            found.append(part)
            continue
        key = context.key(operation.relation) if operation.relation is not None else ""
        if operation.kind == "change-type" and isinstance(operation.definition, ColumnDefinition):
            history.learn(context, key, operation.definition)
        rest = Rest(operations, dropped, fresh, frozenset(skipped) if skipped else _NOTHING)
        facts = dialect.facts(context, operation, key, rest)
        found.append(_judged(context, dialect, operation, key, facts, body) if judged else Part(operation, key, facts))
        if operation.kind == "add-column" and isinstance(operation.definition, ColumnDefinition):
            at = (key, operation.definition.name)
            if facts.get("no_op") is True:
                skipped.add(at)
            else:
                fresh[at] = _value_of(operation.definition, facts)
        if facts.get("no_op") is not True:
            dialect.apply(context, operation)
    whole = _whole(context, dialect, found)
    inside = "inside" if before is not None else "unknown" if kind == "unknown" else "outside"
    steps = []
    for operation, key, facts, effect, existing in found:
        facts["operation"] = operation.kind
        facts["transaction"] = inside
        facts["commits"] = alone
        # By place: one of these is made for every operation there is.
        steps.append(
            Step(statement, operation, facts, effect, whole, before, kind, held, settings, key or None, existing)
        )
    if context.transaction is not None and context.transaction == before and whole.locks:
        _hold(context, dialect, whole, statement.number)
    if alone:
        context.begin_again()
    return steps


def _of_the_session(context: Context, dialect: Dialect, operation: Operation, body: Body | None) -> Part | None:
    """What begins or ends a transaction, or changes settings, after it has done so; None for all else."""
    kind = operation.kind
    if kind in CONTROL:
        return Part(operation, "", {}, _control(context, operation, body))
    if kind not in ("set", "reset", "discard"):
        return None
    if kind == "discard" or (kind == "reset" and operation.new_name in (None, "all")):
        context.reset_all()
    else:
        _set(context, dialect, operation)
    return Part(operation, "", _setting_facts(operation))


def _judged(
    context: Context, dialect: Dialect, operation: Operation, key: str, facts: dict[str, Fact], body: Body | None
) -> Part:
    effect = effects.effect_of(dialect.table, dialect.resolve, context, operation, key, facts)
    if body is not None:
        effect = _in_body(effect, operation)
    elif "conditional" in operation.flags:
        effect = _under_condition(effect)
    existing = _existing(context, operation, key)
    if operation.kind == "drop-table":
        facts["seen"] = key in context.schema.tables
    _fact_words(context, facts, operation, effect, existing)
    return Part(operation, key, facts, effect, existing)


def _whole(context: Context, dialect: Dialect, parts: list[Part]) -> Effect:
    if dialect.combine is not None:
        return dialect.combine(context, parts)
    if len(parts) == 1:
        return parts[0].effect
    return effects.combine(dialect.table, [part.effect for part in parts])


def _control(context: Context, operation: Operation, body: Body | None) -> Effect:
    if body is not None and body.within:
        return _REFUSED
    context.control(operation)
    if body is not None and not body.alone:
        context.enter_body()
    return effects.NOTHING


def _in_body(effect: Effect, operation: Operation) -> Effect:
    if not effect.transaction_allowed:
        return effect._replace(fails=Failure("always", "it can't be executed from a DO block, function or procedure"))
    if effect.fails is not None and "conditional" in operation.flags:
        # The condition is likely to ask for just that.
        return effect._replace(fails=effect.fails._replace(when="unknown"))
    return effect


def _under_condition(effect: Effect) -> Effect:
    """What a statement does that a program sends only if it sees fit: likely it asks whether the server takes it."""
    fails = effect.fails
    if fails is None or fails.when != "always" or fails.cause != "state":
        return effect
    return effect._replace(fails=fails._replace(when="unknown"))


def _hold(context: Context, dialect: Dialect, effect: Effect, number: int) -> None:
    known = {(lock.relation, lock.mode) for lock in context.held}
    for relation, mode in effect.locks:
        if (relation, mode) not in known and not context.is_new(relation):
            context.held.append(HeldLock(relation, mode, number, dialect.table.blocks.get(mode, ())))


def _set(context: Context, dialect: Dialect, operation: Operation) -> None:
    name = operation.new_name or ""
    value = operation.value
    if operation.kind == "reset" or value is None:
        context.set(dialect.setting(name, "")[0], None, local="local" in operation.flags)
        return
    kept, known = dialect.setting(name, value)
    if dialect.takes_effect is None or dialect.takes_effect(context, kept):
        context.set(kept, known, local="local" in operation.flags)


def _setting_facts(operation: Operation) -> dict[str, Fact]:
    return {"setting": operation.new_name, "value": operation.value, "local": "local" in operation.flags}


def _existing(context: Context, operation: Operation, key: str) -> bool:
    if not key or (operation.kind in _CREATES and key not in context.schema.tables):
        return False
    schema = context.schema
    index = schema.indexes.get(key)
    if index is not None and operation.object == "index":
        return not context.is_new(index.table)
    if operation.object not in _STORES:
        return not context.is_new(key)
    made = _made_in(schema, operation.object, key)
    return made is None or not made >= context.new_since > 0


_STORES = frozenset({"type", "domain", "sequence", "schema", "function", "procedure", "routine", "aggregate"})


def _made_in(schema: Schema, word: str, key: str) -> int | None:
    """The number of the file that made an object that is no table; None when it was never seen."""
    if word in ("type", "domain"):
        return schema.types[key].file if key in schema.types else None
    if word == "sequence":
        return schema.sequences[key].file if key in schema.sequences else None
    if word == "schema":
        return schema.schemas.get(key)
    routines = schema.routines.get(key)
    return min(routine.file for routine in routines) if routines else None


def _value_of(definition: ColumnDefinition, facts: dict[str, Fact]) -> str:
    if definition.serial or definition.identity or definition.generated:
        return "stored"
    default = definition.default
    if default is None or (isinstance(default, Literal) and default.kind == "null"):
        return "null" if facts.get("default") == "none" else "same"
    return "same" if facts.get("default") == "constant" else "stored"


def _fact_words(context: Context, facts: dict[str, Fact], operation: Operation, effect: Effect, existing: bool) -> None:
    """The facts that pages select on, beside the dialect's own."""
    facts["table"] = "existing" if existing else "new"
    if existing and _is_small(context, operation):
        facts["table"] = "small"
    small = facts["table"] == "small"
    facts["blocks"] = None if small or not effect.blocks else effect.blocks[0]
    facts["duration"] = "instant" if small else effect.duration
    facts["rewrite"] = bool(effect.rewrite) and not small and any(_matters(context, name) for name in effect.rewrite)
    facts["scan"] = bool(effect.scan) and not small and any(_matters(context, name) for name in effect.scan)
    facts["rebuild"] = bool(effect.rebuilt) and existing and not small
    facts["transaction_allowed"] = effect.transaction_allowed
    facts["algorithm"] = effect.algorithm
    facts["fails"] = effect.fails.when if effect.fails is not None else None
    if effect.fails is not None:
        # What code that was not read has dropped or changed is in nobody's way any more.
        certain = effect.fails.cause == "version" or not context.unseen or facts.get("by_itself") is True
        facts["failure"] = effect.fails.cause if certain else None
        facts["because"] = effect.fails.reason
    flags = operation.flags
    facts["restart_identity"] = "restart-identity" in flags
    facts.setdefault("inline", "inline" in flags)
    facts.setdefault("using_index", False)
    facts.setdefault("concurrently", "concurrently" in flags)
    facts.setdefault("client_default", "client-default" in flags)
    facts.setdefault("missing_type", "named-type" in flags and _is_missing(context, operation))


def _is_missing(context: Context, operation: Operation) -> bool:
    """Whether nothing that was read has made the type of a column; files before this one were."""
    kind = operation.definition.type if isinstance(operation.definition, ColumnDefinition) else operation.type
    if operation.kind == "change-type" and operation.type is not None:
        kind = operation.type
    if kind is None or context.file < 2 or context.unseen:
        return False
    return context.key(Name(kind.name, kind.schema)) not in context.schema.types


def _is_small(context: Context, operation: Operation) -> bool:
    if not context.small or operation.relation is None:
        return False
    key = context.key(operation.relation)
    index = context.schema.indexes.get(key)
    return (index.table if index is not None else key) in context.small


def _matters(context: Context, name: str) -> bool:
    return not context.is_new(name) and context.has_rows(name) and name not in context.small
