"""What a migration sends comes in as a text with marks; its sections, read as the dialect does, go out."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from safecol.frontends.python.emitted import Emission
from safecol.operations import Opaque, Operation, Section, Statement
from safecol.source import Span
from safecol.trace import Placeholder

if TYPE_CHECKING:
    from safecol.dialects.loaded import Front

_CREATES = frozenset(
    {"create-table", "create-index", "create-enum", "create-sequence", "create-view", "create-extension"}
)
_ROWS = frozenset({"insert", "update", "delete", "merge"})


def read(
    text: str,
    emissions: Sequence[Emission],
    breaks: set[int],
    alone: set[int],
    transaction: str,
    front: "Front",
    back: int | None = None,
) -> tuple[tuple[tuple[Section, tuple[Statement, ...]], ...], tuple[Placeholder, ...], dict[int, Opaque]]:
    """The sections, what was masked in them, and by number the emissions of which something was not understood.

    `breaks` are the emissions that begin a section, `alone` those that are read by themselves; `transaction` is how
    the runner sends what says nothing else; `back` is the first emission of what takes the migration back.
    """
    sections: list[tuple[Section, tuple[Statement, ...]]] = []
    placeholders: list[Placeholder] = []
    missed: dict[int, Opaque] = {}
    number = 1
    for first, last in _runs(emissions, breaks):
        how = emissions[first].transaction or transaction
        direction = "up" if back is None or first < back else "down"
        section = Section(direction, Span(emissions[first].start, emissions[last - 1].end), how)
        found: list[Statement] = []
        for begin, end in _groups(emissions, first, last, alone):
            if emissions[begin].reason:
                span = Span(emissions[begin].start, emissions[begin].end)
                found.append(Statement(number, span, (), Opaque(span, emissions[begin].reason)))
                number += 1
                continue
            span = Span(emissions[begin].start, emissions[end - 1].end)
            reading = front.read_section(text, section._replace(span=span), number)
            number += len(reading.statements)
            placeholders += reading.placeholders
            for statement in reading.statements:
                made = _marked(statement, emissions[begin])
                if made.opaque is not None:
                    missed.setdefault(begin, made.opaque)
                found.append(made)
        if found:
            sections.append((section, tuple(found)))
    if not any(section.direction == "up" for section, _ in sections):
        sections.insert(0, (Section("up", Span(0, 0), transaction), ()))
    return tuple(sections), tuple(placeholders), missed


def _runs(emissions: Sequence[Emission], breaks: set[int]) -> Iterator[tuple[int, int]]:
    """What is sent one after the other in the same way, from and to."""
    first = 0
    for number in range(1, len(emissions) + 1):
        if (
            number == len(emissions)
            or number in breaks
            or emissions[number].transaction != emissions[number - 1].transaction
        ):
            yield first, number
            first = number


def _groups(emissions: Sequence[Emission], first: int, last: int, alone: set[int]) -> Iterator[tuple[int, int]]:
    """Emissions that can be read as one text, from and to."""
    begin = first
    for number in range(first + 1, last + 1):
        if number == last or _apart(emissions, number, alone) or _apart(emissions, number - 1, alone):
            yield begin, number
            begin = number


def _apart(emissions: Sequence[Emission], number: int, alone: set[int]) -> bool:
    one = emissions[number]
    return number in alone or bool(one.reason) or one.conditional or one.batched or one.holes


def _marked(statement: Statement, emission: Emission) -> Statement:
    opaque = statement.opaque
    if opaque is not None and emission.holes and opaque.reason.startswith("syntax error"):
        opaque = Opaque(opaque.span, "parts of this SQL are not known, and it can't be read without them")
    operations = statement.operations
    if emission.conditional:
        operations = tuple(map(_conditional, operations))
    if emission.batched:
        operations = tuple(map(_batched, operations))
    return statement._replace(operations=operations, opaque=opaque)


def _batched(operation: Operation) -> Operation:
    return operation._replace(flags=operation.flags | {"batched"}) if operation.kind in _ROWS else operation


def _conditional(operation: Operation) -> Operation:
    more = {"conditional", "if-not-exists"} if operation.kind in _CREATES else {"conditional"}
    return operation._replace(flags=operation.flags | more)
