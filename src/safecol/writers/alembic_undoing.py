"""A version file taken apart comes in; the code that undoes each stage, the user's own where there is, goes out."""

import ast
from collections.abc import Iterable, Iterator, Sequence

from safecol.operations import IndexDefinition, Operation
from safecol.writers import alembic_calls, cst, layout, operations
from safecol.writers.layout import Block, literal
from safecol.writers.parts import Piece, Sent, Version

_OPPOSITE = {
    "create-index": "drop-index",
    "add-column": "drop-column",
    "add-constraint": "drop-constraint",
    "create-table": "drop-table",
    "set-not-null": "drop-not-null",
    "set-default": "drop-default",
    "change-type": "change-type",
    "rename-column": "rename-column",
    "rename-table": "rename-table",
}
_OPPOSITE |= {after: before for before, after in _OPPOSITE.items()}
_LOST = frozenset({"drop-table", "drop-column", "drop-schema", "drop-type", "drop-sequence", "truncate", "delete"})
_DATA = frozenset({"update", "insert", "merge", "copy-in"})
_CHECKS = frozenset({"validate-constraint", "set", "reset", "analyze", "select", "commit"})


class Undoing:
    """The downgrade of a file: its statements are taken, one by one, by the stages that they undo."""

    def __init__(self, version: Version) -> None:
        self.version = version
        self.taken: set[int] = set()
        self.none = all(
            isinstance(block.node, (ast.Pass, ast.Raise))
            or (isinstance(block.node, ast.Expr) and isinstance(block.node.value, ast.Constant))
            for block in version.undoing
        )

    def of_stage(self, sql: str, changed: Sequence[Operation]) -> tuple[Piece, ...]:
        """What undoes a stage of a change; the user's own call where the stage is the change itself."""
        version = self.version
        if self.none:
            return self._whole() if version.downgrade is not None else ()
        found: list[Piece] = []
        statements = operations.statements(sql, version.dialect)
        for statement in reversed(statements):
            for operation in reversed(statement.operations):
                own = self._own(operation, changed)
                found += own if own is not None else self._made(operation)
        return tuple(found) or explained(operation for one in statements for operation in one.operations)

    def left(self) -> tuple[Piece, ...]:
        """What no stage has taken."""
        if self.none:
            return self._whole()
        return tuple(
            Piece(_code(block), block.around, block.within)
            for number, block in enumerate(self.version.undoing)
            if number not in self.taken
        )

    def _whole(self) -> tuple[Piece, ...]:
        return tuple(Piece(_code(block)) for block in self.version.undoing)

    def _own(self, operation: Operation, changed: Sequence[Operation]) -> list[Piece] | None:
        """The user's call that undoes an operation, where that is the change itself."""
        same = next((one for one in changed if _same(operation, one)), None)
        if same is None:
            return None
        renamed = operation.kind == "drop-table" and _key(operation) != _key(same)
        for number, (block, sent) in enumerate(zip(self.version.undoing, self.version.unsent, strict=True)):
            if number in self.taken or len(sent) != 1 or not sent[0].known:
                continue
            if any(_undoes(one, same) for one in sent[0].statement.operations):
                made = self._renamed(block, operation) if renamed else self._of_block(block, sent[0])
                if made is not None:
                    self.taken.add(number)
                    return [made]
        return None

    def _of_block(self, block: Block, sent: Sent) -> Piece | None:
        node = block.node
        call = cst.parse(block.code) if isinstance(node, ast.Expr) else None
        if call is None or "batch_alter_table(" in block.around:
            return None
        kinds = {one.kind for one in sent.statement.operations}
        if cst.name(call) in ("create_index", "drop_index") and kinds <= {"create-index", "drop-index"}:
            call = cst.with_keyword(cst.without_keywords(call, ("if_not_exists",)), "postgresql_concurrently", "True")
            return Piece(cst.fitted(call, layout.WIDTH - 8), f"with {self._op}.get_context().autocommit_block():", 1)
        return Piece(_code(block), block.around, block.within)

    def _renamed(self, block: Block, operation: Operation) -> Piece | None:
        """The call that makes a table, for the name that it had when it was dropped."""
        call = cst.parse(block.code) if isinstance(block.node, ast.Expr) else None
        if call is None or cst.name(call) != "create_table" or not call.args or operation.relation is None:
            return None
        if cst.keyword(call.args[0]) not in ("", "table_name"):
            return None
        name = literal(operation.relation.name, self.version.style.quote)
        return Piece(cst.source(cst.with_value(call, call.args[0], cst.expression(name))), block.around, block.within)

    @property
    def _op(self) -> str:
        return self.version.style.op

    def _made(self, operation: Operation) -> Iterator[Piece]:
        """A call that undoes an operation; nothing where it leaves nothing behind."""
        relation, definition, style = operation.relation, operation.definition, self.version.style
        quote = style.quote
        if relation is None:
            return
        table = literal(relation.name, quote)
        schema = f", schema={literal(relation.schema, quote)}" if relation.schema else ""
        column = literal(operation.column or "", quote)
        kind = operation.kind
        code = ""
        if kind == "create-index" and isinstance(definition, IndexDefinition) and definition.name:
            postgresql = self.version.dialect == "postgresql"
            words = ", postgresql_concurrently=True, if_exists=True" if postgresql else ""
            code = f"{style.op}.drop_index({literal(definition.name, quote)}, {table}{schema}{words})"
            call = cst.parse(code)
            if not postgresql:
                yield Piece(code)
                return
            shown = cst.fitted(call, layout.WIDTH - 8) if call is not None else code
            yield Piece(shown, f"with {style.op}.get_context().autocommit_block():", 1)
            return
        if kind == "add-column":
            name = literal(getattr(definition, "name", ""), quote)
            code = f"{style.op}.drop_column({table}, {name}{schema})"
        elif kind == "set-not-null" and self.version.dialect == "postgresql":
            code = f"{style.op}.alter_column({table}, {column}, nullable=True{schema})"
        elif kind == "set-default":
            code = f"{style.op}.alter_column({table}, {column}, server_default=None{schema})"
        elif kind == "rename-column" and operation.new_name and self.version.dialect == "postgresql":
            new = literal(operation.new_name, quote)
            code = f"{style.op}.alter_column({table}, {new}, new_column_name={column}{schema})"
        elif kind == "rename-table" and operation.new_name:
            code = f"{style.op}.rename_table({literal(operation.new_name, quote)}, {table}{schema})"
        elif sql := operations.undoing(operation, self.version.dialect):
            code = alembic_calls.execute(sql, style, 4, layout.WIDTH - 4)
        if code:
            call = cst.parse(code)
            yield Piece(cst.fitted(call, layout.WIDTH - 4) if call is not None and "\n" not in code else code)


def explained(done: Iterable[Operation], *, unknown: bool = False) -> tuple[Piece, ...]:
    """Why there is nothing to undo, or no way to do it; nothing where that goes without saying.

    `unknown` is whether more is done than these operations.
    """
    kinds = {one.kind for one in done}
    if kinds & _LOST:
        return (Piece("# What is dropped here only a backup brings back."),)
    if kinds & _DATA:
        return (Piece("# The values that were written may stay."),)
    if any(kind.startswith("drop-") for kind in kinds):
        return (Piece("# Nothing misses what is dropped here."),)
    if kinds - _CHECKS or (unknown and not kinds):
        return (Piece("# What was there before is not known here."),)
    return ()


def _same(operation: Operation, changed: Operation) -> bool:
    """Whether a step does the change itself, be it in another way, or under another name that a table was given."""
    return operation.kind == changed.kind and (_key(operation) == _key(changed) or operation.kind == "drop-table")


def _undoes(operation: Operation, changed: Operation) -> bool:
    if _OPPOSITE.get(changed.kind) != operation.kind:
        return False
    if changed.kind == "rename-column":
        return operation.new_name == changed.column
    if changed.kind == "rename-table":
        return changed.relation is not None and operation.new_name == changed.relation.name
    return _key(operation) == _key(changed)


def _key(operation: Operation) -> tuple[str, str]:
    """What an operation is about: a table with a column or constraint, or an index."""
    definition, relation = operation.definition, operation.relation
    name = relation.name if relation is not None else ""
    if operation.kind == "create-index":
        return getattr(definition, "name", None) or "", ""
    if operation.kind == "drop-index":
        return name, ""
    if operation.kind == "add-constraint":
        return name, getattr(definition, "name", None) or ""
    if operation.kind == "drop-constraint":
        return name, operation.value or ""
    return name, operation.column or getattr(definition, "name", None) or ""


def _code(block: Block) -> str:
    comments = [line for line in block.comments.split("\n") if line]
    return "\n".join([*comments, block.code]) + (f"  {block.tail}" if block.tail else "")
