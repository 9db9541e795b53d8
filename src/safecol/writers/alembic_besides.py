"""What a migration does besides comes in, as pieces with what they send; the same for files of their own goes out."""

from collections.abc import Iterable, Sequence

from safecol.operations import Operation
from safecol.writers import alembic_calls, operations
from safecol.writers.alembic_limits import limited, strong
from safecol.writers.layout import WIDTH
from safecol.writers.parts import Piece, Sent, Staged, Version

_KEPT_LOCKS = frozenset({"many-locked-tables", "referenced-table-lock"})


def bounded(version: Version, staged: Staged, pieces: Sequence[Piece], sent: Iterable[Sent]) -> tuple[Piece, ...]:
    """The pieces, behind a limit to their waits for locks where the original was told that it has none."""
    told = any(one.rule == "unbounded-lock-wait" for one in staged.findings)
    done = [operation for one in sent for operation in one.statement.operations]
    new = {operation.relation for operation in done if operation.kind == "create-table"}
    if not told or not pieces or not strong(one for one in done if one.relation not in new):
        return tuple(pieces)
    return limited(version, [(piece, done) for piece in pieces])


def apart(version: Version, staged: Staged, pieces: Sequence[Piece], sent: Sequence[Sent]) -> tuple[Piece, ...]:
    """The pieces; what drops foreign keys commits by itself where the original was told of the locks that it keeps.

    It passes over those that are gone: the file may stop half-way and run again.
    """
    done = [operation for one in sent for operation in one.statement.operations]
    told = version.dialect == "postgresql" and any(one.rule in _KEPT_LOCKS for one in staged.findings)
    if not told or {one.kind for one in done} != {"drop-constraint"} or not all(one.value for one in done):
        return tuple(pieces)
    block = f"with {version.style.op}.get_context().autocommit_block():"
    found = []
    for one in done:
        table, name = operations.qualified(one.relation, "postgresql"), operations.quoted(one.value or "", "postgresql")
        sql = f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}"
        found.append(Piece(alembic_calls.execute(sql, version.style, 8, WIDTH - 8), block, 1))
    return tuple(found)


def excused(pieces: Sequence[Piece], sent: Sequence[Sent], before: Iterable[Sent]) -> tuple[Piece, ...]:
    """The pieces; that one renames or drops what files before it have made or renamed is said not to matter.

    No deployed code knows such a name: the original made it, and took it away again.
    """
    own = {name for one in before for operation in one.statement.operations for name in _named(operation)}
    if not own or not pieces:
        return tuple(pieces)
    apart = len(pieces) == len(sent)
    found = list(pieces)
    for number, one in reversed(list(enumerate(sent))):
        rules = [rule for operation in one.statement.operations for rule, name in _ended(operation) if name in own]
        if rules:
            at = number if apart else 0
            words = f"# safecol: ignore[{', '.join(dict.fromkeys(rules))}] made on the way: no deployed code knows it"
            found[at] = found[at]._replace(code=f"{words}\n{found[at].code}")
    return tuple(found)


def _named(operation: Operation) -> list[tuple[str, str]]:
    """What an operation gives a name."""
    relation = operation.relation.name if operation.relation is not None else ""
    if operation.kind == "add-column":
        return [(relation, getattr(operation.definition, "name", ""))]
    if operation.kind == "rename-column" and operation.new_name:
        return [(relation, operation.new_name)]
    if operation.kind == "rename-type" and operation.new_name:
        return [("", operation.new_name)]
    return []


def _ended(operation: Operation) -> list[tuple[str, tuple[str, str]]]:
    """The rule about what an operation takes away, and the name of that."""
    relation = operation.relation.name if operation.relation is not None else ""
    if operation.kind in ("rename-column", "drop-column"):
        rule = "column-rename" if operation.kind == "rename-column" else "column-drop"
        return [(rule, (relation, operation.column or ""))]
    if operation.kind == "drop-type":
        return [("type-drop", ("", relation))]
    return []
