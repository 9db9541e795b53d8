"""What operations of a framework do beside what they say: a trace comes in; such operations go out, once each.

One operation (`AlterField`) sends several statements; only together do they tell what it does.
"""

from collections.abc import Iterator

from safecol.checks import defaults
from safecol.operations import ConstraintDefinition, IndexDefinition
from safecol.patterns import lazy
from safecol.records import NamedTuple
from safecol.source import Span
from safecol.trace import Hit, Step, Trace

_RETYPES = frozenset({"change-type", "modify-column"})
_FILLS = lazy(r"UPDATE \S+ SET (?P<column>\S+) = (?P<value>.+) WHERE (?P=column) IS NULL")
_ALTERS = frozenset({"AlterField", "RenameField", "RenameModel", "AlterModelTable"})
_OF_THE_USER = frozenset({"", "RunSQL", "RunPython"})


class _Sent(NamedTuple):
    """An operation of the framework and the steps that it takes."""

    sender: str
    steps: list[Step]


def words_it(trace: Trace, step: Step) -> bool:
    """Whether the words of a statement are the framework's, not the user's own SQL."""
    return trace.sent_by is not None and trace.sent_by(step.statement.span)[0] not in _OF_THE_USER


def _operations(trace: Trace) -> list[_Sent]:
    if trace.sent_by is None:
        return []
    found: dict[Span, _Sent] = {}
    for step in trace.steps:
        sender, place = trace.sent_by(step.statement.span)
        if sender:
            found.setdefault(place, _Sent(sender, [])).steps.append(step)
    return list(found.values())


def hidden_updates(trace: Trace) -> Iterator[Hit]:
    """AlterField and AddField that change the rows of an existing table."""
    for sent in _operations(trace):
        for step in sent.steps:
            if step.operation.kind == "update" and _matters(step) and sent.sender in ("AlterField", "AddField"):
                column = next((name for key, name in step.operation.options if key == "column"), "")
                values = {"sender": sent.sender, "column": column}
                filled = _FILLS.fullmatch(trace.text[step.statement.span.start : step.statement.span.end].strip(" ;\n"))
                if filled is not None and "${" not in filled["value"]:
                    values |= {"column": filled["column"], "value": filled["value"]}
                yield Hit(step, step.operation.span, values)


def widened_keys(trace: Trace) -> Iterator[Hit]:
    """AlterField of a key that changes the type of the columns of other tables that refer to it."""
    for sent in _operations(trace):
        changes = [step for step in sent.steps if step.operation.kind in _RETYPES and step.existing]
        tables = list(dict.fromkeys(step.table or "" for step in changes))
        if sent.sender != "AlterField" or len(tables) < 2:
            continue
        others = ", ".join(f"`{name}`" for name in tables[1:6]) + (f" and {len(tables) - 6} more" if tables[6:] else "")
        yield Hit(changes[0], changes[0].operation.span, {"others": others})


def remade_keys(trace: Trace) -> Iterator[Hit]:
    """Operations that drop a foreign key and add it again, and so have it checked again."""
    for sent in _operations(trace):
        if sent.sender not in _ALTERS:
            continue
        dropped = any(step.operation.kind == "drop-constraint" for step in sent.steps)
        added = [step for step in sent.steps if _is_foreign_key(step) and _matters(step)]
        if not dropped or not added:
            continue
        keys = "a foreign key" if len(added) == 1 else f"{len(added)} foreign keys"
        values = {"sender": sent.sender, "keys": keys, "them": "it" if len(added) == 1 else "them"}
        yield Hit(added[0], added[0].operation.span, values)


def _matters(step: Step) -> bool:
    return step.existing and step.facts.get("table") != "small"


def _is_foreign_key(step: Step) -> bool:
    made = step.operation.definition
    return (
        step.operation.kind == "add-constraint"
        and isinstance(made, ConstraintDefinition)
        and made.kind == "foreign-key"
    )


def indexes_under_column_locks(trace: Trace) -> Iterator[Hit]:
    """AddField that builds an index while its transaction holds the lock of ADD COLUMN."""
    for sent in _operations(trace):
        added = {
            (step.table, step.transaction)
            for step in sent.steps
            if step.operation.kind == "add-column" and step.transaction is not None
        }
        for step in sent.steps:
            if step.operation.kind != "create-index" or not _matters(step):
                continue
            if (step.table, step.transaction) in added and "concurrently" not in step.operation.flags:
                yield Hit(step, step.operation.span, {"sender": sent.sender})
                break


def double_indexes(trace: Trace) -> Iterator[Hit]:
    """Two indexes on one text column: the second one is for LIKE alone."""
    for sent in _operations(trace):
        if sent.sender in _OF_THE_USER:  # and meant
            continue
        for step in sent.steps:
            made = step.operation.definition
            if not isinstance(made, IndexDefinition) or not _matters(step) or len(made.elements) != 1:
                continue
            element = made.elements[0]
            if element.column is not None and (element.operator_class or "").endswith("_pattern_ops"):
                yield Hit(step, step.operation.span, {"sender": sent.sender, "column": element.column})


def defaults_of_python(trace: Trace) -> Iterator[Hit]:
    """AddField and AlterField that leave a NOT NULL column without the default that they filled the rows with."""
    if trace.sent_by is None:
        return
    for found in defaults.dropped_without_replacement(trace):
        sender, _ = trace.sent_by(found.span)
        if sender in ("AddField", "AlterField"):
            yield found._replace(values={"sender": sender})
