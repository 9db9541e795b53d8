"""The stages that replace a column come in; those that give the new one the NOT NULL of the old go out too."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from libcst import Call

from safecol.finding import Finding, Stage
from safecol.operations import Operation
from safecol.writers import cst, operations
from safecol.writers.django_undoing import Before
from safecol.writers.parts import Sent, Staged

if TYPE_CHECKING:
    from safecol.writers.django_chain import Project

_REPLACED = frozenset({"change-type", "rename-column"})
_NULLS = frozenset({"set-not-null", "drop-not-null"})
_KEYS = frozenset({"AutoField", "BigAutoField", "SmallAutoField"})


def without_keys(project: "Project", staged: Staged) -> list[Finding]:
    """The findings; those about the type of a primary key without stages: what refers to it would have to follow."""
    found = list(staged.findings)
    for block, sent in zip(project.blocks, project.sent, strict=True):
        replaced = _replaced(sent)
        call = cst.parse(block.code) if replaced else None
        field = cst.argument(call, 2, "field") if call is not None else None
        if not isinstance(field, Call) or not (
            cst.written(field, -1, "primary_key") == "True" or cst.name(field) in _KEYS
        ):
            continue
        for number in {one.finding for at, one in staged.by_statement.items() if at in replaced}:
            kept = tuple(stage for stage in found[number].stages if _number(found[number], stage) not in replaced)
            found[number] = found[number]._replace(stages=kept)
    return found


def stages(finding: Finding, sent: Sequence[Sent], call: Call, before: Before, dialect: str) -> tuple[Stage, ...]:
    """The stages of a finding with those that make the new column NOT NULL, where the old one is."""
    replaced = _replaced(sent)
    fills = [stage for stage in finding.stages if stage.kind == "backfill" and _number(finding, stage) in replaced]
    if not fills or dialect != "postgresql":
        return finding.stages
    field = cst.argument(call, 2, "field")
    if not _was_required(sent, replaced[_number(finding, fills[0])], field, before):
        return finding.stages
    found: list[Stage] = []
    for stage in finding.stages:
        found.append(stage)
        if stage is fills[0]:
            found += _requiring(stage, replaced[_number(finding, stage)], dialect)
    return tuple(found)


def _replaced(sent: Sequence[Sent]) -> dict[int, Operation]:
    return {
        one.statement.number: operation
        for one in sent
        for operation in one.statement.operations
        if operation.kind in _REPLACED
    }


def _number(finding: Finding, stage: Stage) -> int:
    return stage.statement or finding.statement


def _was_required(sent: Sequence[Sent], operation: Operation, field: object, before: Before) -> bool:
    """Whether the old column is NOT NULL, and the new one shall be."""
    if operation.kind == "rename-column":
        name = operation.relation.name if operation.relation is not None else ""
        was = before.columns.get((name, operation.column or ""))
        return was is not None and was.nullable is False
    if any(each.kind in _NULLS for one in sent for each in one.statement.operations):
        return False
    return isinstance(field, Call) and cst.written(field, -1, "null") != "True" and cst.name(field) != "ManyToManyField"


def _requiring(stage: Stage, operation: Operation, dialect: str) -> Iterator[Stage]:
    """The stages that make the new column NOT NULL without reading the table under a lock."""
    table = operations.qualified(operation.relation, dialect)
    changes = (each for one in operations.statements(stage.sql, dialect) for each in one.operations)
    filled = next(name for each in changes for key, name in each.options if key == "column")
    column = operations.quoted(filled, dialect)
    relation = operation.relation.name if operation.relation is not None else ""
    name = operations.quoted(f"{relation}_{filled}_not_null"[:63], dialect)
    steps = (
        (
            "Refuse NULL in the new column; the table is not read.",
            f"ADD CONSTRAINT {name} CHECK ({column} IS NOT NULL) NOT VALID",
        ),
        ("Check the rows that were copied, while others read and write.", f"VALIDATE CONSTRAINT {name}"),
        ("Set NOT NULL, which the constraint proves.", f"ALTER COLUMN {column} SET NOT NULL"),
    )
    for title, clause in steps:
        sql = f"ALTER TABLE {table} {clause};"
        if "SET NOT NULL" in clause:
            sql += f"\nALTER TABLE {table} DROP CONSTRAINT {name};"
        yield Stage(title, sql, True, "schema", statement=stage.statement)
