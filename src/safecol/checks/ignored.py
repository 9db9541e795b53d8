"""Clauses that the server reads past: a trace comes in, steps with such a clause go out."""

import re
from collections.abc import Iterator

from safecol.operations import ColumnDefinition, TableDefinition
from safecol.patterns import lazy
from safecol.trace import Hit, Step, Trace

# Words of other databases that SQLite takes for part of a type's name, which it hardly looks at.
_IN_TYPE = lazy(r"\b(first|after \S+|auto_increment|comment|identity|on update|unsigned zerofill)\b")
_COUNTING = {"serial", "bigserial", "smallserial", "serial4", "serial8"}


def clauses(trace: Trace) -> Iterator[Hit]:
    """Words in types that mean something elsewhere (FIRST, AFTER, AUTO_INCREMENT, SERIAL); indexes over a constant."""
    for step in trace.steps:
        name = step.facts.get("unknown_column")
        if step.operation.kind == "create-index" and name and step.effect.fails is None:
            taken = "it for a string, which is the same for every row"
            values = {"word": f'"{name}"', "column": step.table or "", "meant": "is none: the index is over a constant"}
            yield Hit(step, step.operation.span, {**values, "taken": taken})
        for column in _columns(step):
            name = column.type.name
            found = _IN_TYPE.search(name)
            if found is not None:
                yield _hit(step, column, found[1].upper(), _meant(found[1]))
            elif name in _COUNTING:
                yield _hit(step, column, name.upper(), "numbers the rows; here the column stays NULL")


def _columns(step: Step) -> Iterator[ColumnDefinition]:
    definition = step.operation.definition
    if isinstance(definition, ColumnDefinition) and step.operation.kind == "add-column":
        yield definition
    elif isinstance(definition, TableDefinition):
        yield from definition.columns


def _meant(word: str) -> str:
    if re.match("first|after", word):
        return "says where the column stands; here it comes last"
    if word in ("auto_increment", "identity"):
        return "numbers the rows; here it does nothing"
    return "means something; here it does nothing"


def _hit(step: Step, column: ColumnDefinition, word: str, meant: str) -> Hit:
    return Hit(
        step,
        column.span,
        {"column": column.name, "word": word, "meant": meant, "taken": "it for part of the type's name"},
    )
