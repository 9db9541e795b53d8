"""Tables that are built anew: a trace comes in, rebuilds that lose something on the way go out.

A table is built anew when a new one is filled from it, it is dropped, and the new one takes its name.
"""

from collections.abc import Iterator

from safecol.operations import IndexDefinition, Operation, TableDefinition
from safecol.records import NamedTuple
from safecol.trace import Hit, Step, Trace


class Rebuild(NamedTuple):
    """`dropped` is the DROP of the old table, `renamed` what gives the new one its name.

    `made` creates the new table and `copied` fills it, where they are in the same section.
    """

    name: str
    dropped: Step
    renamed: Step
    made: Step | None
    copied: Step | None


def rebuilds(trace: Trace) -> list[Rebuild]:
    """The tables that a section builds anew, in the order of their drops."""
    found = []
    for at, step in enumerate(trace.steps):
        if step.operation.kind != "drop-table" or not step.existing or step.operation.relation is None:
            continue
        name = step.operation.relation.name
        renamed = next(
            (
                one
                for one in trace.steps[at + 1 :]
                if one.operation.kind == "rename-table" and one.operation.new_name == name
            ),
            None,
        )
        if renamed is None:
            continue
        before = trace.steps[:at]
        made = [one for one in before if one.operation.kind == "create-table" and one.table == renamed.table]
        copied = [
            one
            for one in before
            if one.operation.kind == "insert" and one.table == renamed.table and _reads(one.operation, name)
        ]
        found.append(Rebuild(name, step, renamed, made[-1] if made else None, copied[-1] if copied else None))
    return found


def _reads(operation: Operation, name: str) -> bool:
    return any(read.name == name for read in operation.reads)


# What is lost


def misordered(trace: Trace) -> Iterator[Hit]:
    """Rebuilds that rename the old table away first, lose indexes or triggers, or put values into other columns."""
    yield from _renamed_first(trace)
    for rebuild in rebuilds(trace):
        if rebuild.copied is not None and rebuild.made is not None:
            yield from _swapped(rebuild.copied, rebuild.made, rebuild.dropped)
        yield from _left_out(trace, rebuild)


def _renamed_first(trace: Trace) -> Iterator[Hit]:
    """The table is renamed, and one of its name made: what refers to it goes with the old one."""
    for at, step in enumerate(trace.steps):
        operation = step.operation
        if operation.kind != "rename-table" or not step.existing or operation.relation is None:
            continue
        later = trace.steps[at + 1 :]
        made = next((one for one in later if one.operation.kind == "create-table" and one.table == step.table), None)
        gone = [
            one
            for one in later
            if one.operation.kind == "drop-table"
            and one.operation.relation is not None
            and one.operation.relation.name == operation.new_name
        ]
        # Renamed to and fro, the new table gets back what followed the old one.
        back = any(
            one.operation.kind == "rename-table" and one.operation.new_name == operation.new_name for one in later
        )
        if made is None or not gone or back or step.facts.get("references_follow") is not True:
            continue
        copied = [one for one in later if one.table == made.table and _reads(one.operation, operation.new_name or "")]
        mended = {
            one.table for one in trace.steps if one.operation.kind in ("rename-table", "drop-table", "create-table")
        }
        users = [name for name in str(step.facts.get("referenced_by") or "").split(",") if name and name not in mended]
        known = step.facts.get("columns") is not None
        if users or not known:
            shown = ", ".join(f"`{name}`" for name in users[:2]) + (f" and {len(users) - 2} more" if users[2:] else "")
            what = f"what refers to it in {shown}" if users else "whatever refers to it"
            values = {"what": what, "then": "follows the rename, to a table that is dropped then"}
            yield Hit(step, operation.span, values)
        for one in copied:
            yield from _swapped(one, made, step)


def _swapped(copied: Step, made: Step, old: Step) -> Iterator[Hit]:
    """A copy by position between tables whose columns aren't in the same order."""
    definition, query = made.operation.definition, copied.operation.query
    if not isinstance(definition, TableDefinition) or query is None or copied.operation.kind != "insert":
        return
    listed = [value for key, value in copied.operation.options if key == "column"]
    targets = listed or [column.name for column in definition.columns if not column.generated]
    sources: list[str | None] = list(query.outputs)
    if query.star:
        columns = str(old.facts.get("columns") or "")
        if query.outputs != ("*",) or not columns or old.facts.get("complete") is not True:
            return
        sources = list(columns.split(","))
    elif "*" in sources:
        return
    moved = [
        (source, target)
        for source, target in zip(sources, targets, strict=False)
        if source is not None and source != target and source in targets and target in sources
    ]
    if moved:
        source, target = moved[0]
        yield Hit(
            copied,
            copied.operation.span,
            {"what": f"what was in `{source}`", "then": f"goes into `{target}`: the copy is by position"},
        )


def _left_out(trace: Trace, rebuild: Rebuild) -> Iterator[Hit]:
    """Indexes, triggers and the counter that the old table had and the new one doesn't get."""
    facts = rebuild.dropped.facts
    steps = trace.steps
    definition = rebuild.made.operation.definition if rebuild.made is not None else None
    kept = {column.name for column in definition.columns} if isinstance(definition, TableDefinition) else None
    lost = [
        f"index `{name}`"
        for name, columns in _listed(str(facts.get("indexes") or ""))
        if (kept is None or columns <= kept) and not _indexed(steps, rebuild, name, columns)
    ]
    lost += [
        f"trigger `{name}`"
        for name in str(facts.get("triggers") or "").split(",")
        if name and not _made(steps, rebuild.dropped, "create-trigger", name)
    ]
    keys = definition.constraints if isinstance(definition, TableDefinition) else ()
    counted = facts.get("counter") in (kept or ())
    if counted and not any("autoincrement" in key.options for key in keys):
        lost.append("AUTOINCREMENT")
    if lost:
        shown = ", ".join(lost[:2]) + (f" and {len(lost) - 2} more" if lost[2:] else "")
        values = {"what": shown, "then": "gone with the old table, and not made again"}
        yield Hit(rebuild.dropped, rebuild.dropped.operation.span, values)


def _listed(text: str) -> Iterator[tuple[str, set[str]]]:
    """Indexes as the facts have them: `name:column+column`, joined by commas."""
    for part in text.split(","):
        name, _, columns = part.partition(":")
        if name:
            yield name, set(columns.split("+")) - {""}


def _indexed(steps: tuple[Step, ...], rebuild: Rebuild, name: str, columns: set[str]) -> bool:
    """Whether an index of the name, or that begins with its columns, is there then, or it was dropped on purpose."""
    for step in steps:
        operation = step.operation
        if operation.kind == "drop-index" and operation.relation is not None and operation.relation.name == name:
            return True
        if operation.kind != "create-index" or not isinstance(operation.definition, IndexDefinition):
            continue
        if step.table not in (rebuild.name, rebuild.renamed.table):
            continue
        made = [element.column or "" for element in operation.definition.elements]
        after = step.statement.number > rebuild.dropped.statement.number or step.table == rebuild.renamed.table
        if after and (operation.definition.name == name or set(made[: len(columns)]) == columns):
            return True
    definition = rebuild.made.operation.definition if rebuild.made is not None else None
    keys = definition.constraints if isinstance(definition, TableDefinition) else ()
    return any(set(key.columns[: len(columns)]) == columns for key in keys if key.kind in ("unique", "primary-key"))


def _made(steps: tuple[Step, ...], dropped: Step, kind: str, name: str) -> bool:
    """Whether it is made after the drop, or was dropped by its name before."""
    return any(
        (step.operation.kind == kind and step.statement.number > dropped.statement.number)
        or step.operation.kind == "drop-trigger"
        for step in steps
        if step.operation.value == name
    )


# Rebuilds as what they are for deployed code


def names(trace: Trace) -> set[str | None]:
    """The names of the tables that a section builds anew."""
    return {rebuild.name for rebuild in rebuilds(trace)}


def dropped_tables(trace: Trace) -> Iterator[Hit]:
    """Drops of existing tables that no table takes the name of."""
    again = names(trace)
    for at, step in enumerate(trace.steps):
        relation = step.operation.relation
        if step.operation.kind != "drop-table" or not step.existing or relation is None or relation.name in again:
            continue
        if step.facts.get("wrong_object") is True:  # a view, which stays
            continue
        set_aside = any(
            one.operation.kind == "rename-table" and one.operation.new_name == relation.name for one in trace.steps[:at]
        )
        made = any(
            one.operation.kind in ("create-table", "create-table-as") and one.table == step.table
            for one in trace.steps[at + 1 :]
        )
        # What IF EXISTS clears away before it is made is nothing that anyone uses.
        leftover = made and "if-exists" in step.operation.flags and step.facts.get("columns") is None
        if not set_aside and not leftover and not (made and _filled(trace, step)):
            yield Hit(step, step.operation.span)


def _filled(trace: Trace, dropped: Step) -> bool:
    """Whether the rows of a dropped table were kept in another one before."""
    name = dropped.operation.relation.name if dropped.operation.relation is not None else ""
    return any(
        _reads(step.operation, name)
        for step in trace.steps
        if step.operation.kind in ("insert", "create-table-as") and step.statement.number < dropped.statement.number
    )


def dropped_columns(trace: Trace) -> Iterator[Hit]:
    """Columns that are dropped, or that a table which is built anew doesn't have any more."""
    for step in trace.steps:
        if step.operation.kind == "drop-column" and step.existing and step.facts.get("wrong_object") is not True:
            yield Hit(step, step.operation.span, {"what": f"`{step.operation.column}`", "table": step.table or ""})
    for rebuild in rebuilds(trace):
        definition = rebuild.made.operation.definition if rebuild.made is not None else None
        if not isinstance(definition, TableDefinition) or rebuild.dropped.facts.get("complete") is not True:
            continue
        kept = {column.name for column in definition.columns}
        copied = rebuild.copied.operation.query if rebuild.copied is not None else None
        used = {name for _, name in copied.columns} if copied is not None else set()
        columns = str(rebuild.dropped.facts.get("columns") or "").split(",")
        lost = [f"`{name}`" for name in columns if name and name not in kept and name not in used]
        if lost:
            more = f" and {len(lost) - 2} more" if lost[2:] else ""
            values = {"what": ", ".join(lost[:2]) + more, "table": rebuild.name}
            yield Hit(rebuild.dropped, rebuild.dropped.operation.span, values)


def narrowed_columns(trace: Trace) -> Iterator[Hit]:
    """Columns of text that a table which is built anew keeps as numbers, copied as they are."""
    for rebuild in rebuilds(trace):
        if rebuild.made is None or rebuild.copied is None:
            continue
        before = _pairs(rebuild.dropped.facts.get("affinities"))
        after = _pairs(rebuild.made.facts.get("affinities"))
        plain = {value for key, value in rebuild.copied.operation.options if key == "plain"}
        for name, kind in after.items():
            if before.get(name) == "text" and kind in _NUMBERS and (name in plain or "*" in plain):
                strict = rebuild.made.facts.get("strict") is True
                then = (
                    "the copy fails on the first that is none" if strict else "those that are none stay text among them"
                )
                values = {"column": name, "table": rebuild.name, "kind": kind, "then": then}
                yield Hit(rebuild.copied, rebuild.copied.operation.span, values)


_NUMBERS = frozenset({"integer", "real", "numeric"})


def _pairs(fact: object) -> dict[str, str]:
    return dict(part.split(":", 1) for part in str(fact or "").split(",") if ":" in part)
