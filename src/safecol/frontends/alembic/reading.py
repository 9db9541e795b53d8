"""The text of a version file comes in; what it sends to the server, as SQL with places and as statements, goes out."""

import ast
from collections.abc import Iterator, Mapping
from functools import partial

from safecol.dialects import loaded, registry
from safecol.frontends.alembic import imports, naming
from safecol.frontends.alembic.following import Following
from safecol.frontends.alembic.harmless import OP
from safecol.frontends.alembic.names import Target
from safecol.frontends.python.emitted import Emission, Places
from safecol.frontends.python.positions import unmarked
from safecol.frontends.python.values import External, Function, Imported, Unknown, Value, plain
from safecol.operations import ColumnDefinition, Opaque, Operation, Section, Statement
from safecol.records import NamedTuple
from safecol.source import Span
from safecol.trace import Placeholder, Problem

_CREATES = frozenset(
    {"create-table", "create-index", "create-enum", "create-sequence", "create-view", "create-extension"}
)

_ROWS = frozenset({"insert", "update", "delete", "merge"})


class Reading(NamedTuple):
    """What a version file sends: `text` is its SQL, whose places in the file are `places`.

    Spans of sections, statements and placeholders are those of `text`. `met` counts the operations in the file,
    `missed` those of them that were not understood.
    """

    text: str
    places: Places
    sections: tuple[tuple[Section, tuple[Statement, ...]], ...]
    placeholders: tuple[Placeholder, ...] = ()
    met: int = 0
    missed: int = 0
    problems: tuple[Problem, ...] = ()


def read(
    text: str,
    transaction: str = "shared",
    dialect: str = "postgresql",
    path: str = "",
    environment: str = "",
    helpers: Mapping[str, str] | None = None,
    *,
    opened: bool = False,
    engines: Mapping[str, str] | None = None,
    libraries: Mapping[str, tuple[int, ...]] | None = None,
) -> Reading:
    """Follow `upgrade()` and `downgrade()`; `transaction` is how Alembic sends what is in no autocommit block.

    `path` is the file's absolute path, around which the modules of its project are looked for; "" for none.
    `environment` is that of its env.py; `helpers` says what functions of the project stand for.
    `opened` is whether the connection is in a transaction that Alembic has not begun; `engines` are the dialects of the
    databases of a history of several. `libraries` are the versions of `alembic` and `sqlalchemy`, where they are known.
    """
    text = unmarked(text)
    to, known = Target(dialect, partial(naming.convention, environment)), libraries or {}
    to = to._replace(alembic=known.get("alembic", to.alembic), sqlalchemy=known.get("sqlalchemy", to.sqlalchemy))
    following = Following(text, to, path, helpers or {})
    following.opened, following.engines = opened, engines or {}
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as problem:
        return _unread(following, text, problem)
    parts: list[tuple[str, int, int]] = []
    try:
        following.runner.statement_list(tree.body)
        imports.of_project(following, text, path)
        for direction, name in (("up", "upgrade"), ("down", "downgrade")):
            first = len(following.writer.emissions)
            _follow(following, name)
            if name == "upgrade":
                _merging(following)
            parts.append((direction, first, len(following.writer.emissions)))
    except RecursionError:
        following.writer.opaque(Span(0, len(text)), "it is nested too deeply to be analyzed")
        parts.append(("up", len(following.writer.emissions) - 1, len(following.writer.emissions)))
    return _read(following, parts, transaction)


def _follow(following: Following, name: str) -> None:
    scope = following.runner.module
    function = scope.names.get(name)
    if isinstance(function, Imported):
        function = following.runner.within(function.path, function.file, function.name)
    following.following = True
    following.committed = False
    following.direction = "down" if name == "downgrade" else "up"
    following.writer.begun = len(following.writer.emissions)
    for each in _functions(following, name, function):
        following.runner.call(each, (), _arguments(each))
    following.following = False
    following.writer.conditional = False
    following.writer.transaction = ""


def _merging(following: Following) -> None:
    """A revision that joins two lines, and does more than that."""
    down: Value = following.runner.module.names.get("down_revision")
    sent = [one for one in following.writer.emissions if not one.reason]
    if type(down) in (list, tuple) and len(down) > 1 and sent:
        count = f"{len(sent)} statement{'s' if len(sent) > 1 else ''}"
        message = f"This revision merges two lines and sends {count} of its own"
        following.problem("operations-in-merge", sent[0].place, message)


def _functions(following: Following, name: str, function: Value) -> list[Function]:
    """The function itself, or those of the several databases that it chooses from."""
    names = following.runner.module.names
    if isinstance(function, Function):
        several = [one for key, one in names.items() if key.startswith(f"{name}_") and isinstance(one, Function)]
        if not (several and "globals()" in ast.unparse(function.node)):
            return [function]
        here = following.to.dialect
        for one in several:
            spoken = following.engines.get(one.name.removeprefix(f"{name}_"), here)
            if spoken != here and not (following.to.is_mysql and spoken in ("mysql", "mariadb")):
                title = registry.known(spoken).title
                reason = (
                    f"`{one.name}` is for a database of {title}, and this history is read as one of another dialect"
                )
                following.opaque(following.runner.positions.span(one.node), reason)
        return [one for one in several if following.engines.get(one.name.removeprefix(f"{name}_"), here) == here]
    return []


def _arguments(function: Function) -> dict[str, Value]:
    """What runners of their own pass: `op` and `tables`."""
    found: dict[str, Value] = {}
    for one in function.node.args.args:
        if one.arg == "op":
            found["op"] = External(OP)
        elif one.arg == "tables":
            found["tables"] = External("tables")
        elif one.arg in ("engine_name", "engine"):
            found[one.arg] = plain("default", Span(0, 0))
        else:
            found[one.arg] = Unknown(one.arg, f"the argument `{one.arg}` is not known")
    return found


def _unread(following: Following, text: str, problem: BaseException) -> Reading:
    line = getattr(problem, "lineno", None) or 1
    starts = [0, *(at + 1 for at, character in enumerate(text) if character == "\n")]
    start = starts[min(line, len(starts)) - 1]
    end = text.find("\n", start)
    place = Span(start, end if end >= 0 else len(text))
    reason = getattr(problem, "msg", None) or "it is nested too deeply"
    following.writer.opaque(place, f"this Python can't be parsed: {reason}")
    read = _read(following, [("up", 0, 1)], "shared")
    (section, (statement,)), *_ = read.sections
    refused = statement._replace(opaque=Opaque(statement.span, following.writer.emissions[0].reason, syntax=True))
    return read._replace(sections=((section, (refused,)),))


def _read(following: Following, parts: list[tuple[str, int, int]], transaction: str) -> Reading:
    text, dialect = following.writer.text, following.to.dialect
    sections: list[tuple[Section, tuple[Statement, ...]]] = []
    placeholders: list[Placeholder] = []
    number = 1
    for direction, first, last in parts:
        emissions = following.writer.emissions[first:last]
        for run in _runs(emissions):
            how = run[0].transaction or transaction
            section = Section(direction, Span(run[0].start, run[-1].end), how)
            found: list[Statement] = []
            for emission in run:
                made, places = _statements(text, section, emission, number, dialect)
                number += len(made)
                found += made
                placeholders += places
            sections.append((section, tuple(found)))
        if not emissions:
            at = following.writer.emissions[first - 1].end if first else 0
            sections.append((Section(direction, Span(at, at), transaction), ()))
    return Reading(
        text,
        following.writer.places,
        tuple(sections),
        tuple(placeholders),
        following.met,
        following.missed,
        tuple(_problems(following.problems)),
    )


def _problems(found: list[tuple[str, Problem]]) -> Iterator[Problem]:
    """Each of them, and of what goes wrong on the way back the first."""
    told = False
    for direction, one in found:
        made = _problem(direction, one)
        back = made.rule == "irreversible-migration"
        if not (back and told):
            yield made
        told = told or back


def _problem(direction: str, problem: Problem) -> Problem:
    """What goes wrong on the way back makes a migration irreversible; it is no danger to what runs."""
    if direction == "up" or problem.rule == "batch-table-copy":
        return problem
    message = f"This migration can't be taken back: in downgrade(), {problem.message[0].lower()}{problem.message[1:]}"
    return problem._replace(rule="irreversible-migration", message=message)


def _runs(emissions: list[Emission]) -> list[list[Emission]]:
    """What is sent one after the other in the same way."""
    runs: list[list[Emission]] = []
    for emission in emissions:
        if runs and runs[-1][0].transaction == emission.transaction:
            runs[-1].append(emission)
        else:
            runs.append([emission])
    return runs


def _statements(
    text: str, section: Section, emission: Emission, number: int, dialect: str
) -> tuple[list[Statement], tuple[Placeholder, ...]]:
    span = Span(emission.start, emission.end)
    if emission.reason:
        return [Statement(number, span, (), Opaque(span, emission.reason), forgets=emission.forgets)], ()
    if emission.forgets:
        return [Statement(number, span, (), None, forgets=emission.forgets)], ()
    if not registry.is_read(dialect):
        return [Statement(number, span, (), Opaque(span, f"{registry.known(dialect).title} is not read yet"))], ()
    reading = loaded.front(dialect).read_section(text, section._replace(span=span), number)
    found = []
    for statement in reading.statements:
        opaque = statement.opaque
        if opaque is not None and emission.holes and opaque.reason.startswith("syntax error"):
            opaque = Opaque(opaque.span, "parts of this SQL are not known, and it can't be read without them")
        operations = statement.operations
        if emission.conditional:
            operations = tuple(map(_conditional, operations))
        if emission.existing:
            operations = tuple(_was(one, emission.existing) for one in operations)
        if emission.flags:
            operations = tuple(_flagged(one, emission.flags) for one in operations)
        if emission.batched:
            operations = tuple(map(_batched, operations))
        found.append(statement._replace(operations=operations, opaque=opaque))
    return found, reading.placeholders


def _was(operation: Operation, existing: str) -> Operation:
    """A change of type that knows what the column was."""
    text = f"ALTER TABLE t ALTER COLUMN c TYPE {existing}"
    read = loaded.front("postgresql").read_section(text, Section("up", Span(0, len(text)), "unknown"))
    (statement,) = read.statements
    before = next((one.type for one in statement.operations), None)
    if operation.kind != "change-type" or before is None or operation.column is None:
        return operation
    return operation._replace(definition=ColumnDefinition(operation.column, before, operation.span))


def _flagged(operation: Operation, flags: tuple[str, ...]) -> Operation:
    if operation.kind not in ("add-column", "change-type", "modify-column"):
        return operation
    return operation._replace(flags=operation.flags | set(flags))


def _batched(operation: Operation) -> Operation:
    return operation._replace(flags=operation.flags | {"batched"}) if operation.kind in _ROWS else operation


def _conditional(operation: Operation) -> Operation:
    more = {"conditional", "if-not-exists"} if operation.kind in _CREATES else {"conditional"}
    return operation._replace(flags=operation.flags | more)
