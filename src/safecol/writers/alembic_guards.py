"""A block under a condition comes in; what stands in it, to be taken out with the condition around it, goes out."""

import ast
from collections.abc import Sequence
from itertools import groupby

from safecol.writers import layout
from safecol.writers.layout import Block
from safecol.writers.parts import Piece, Sent, Staged, Version

OPENED = ("batch_alter_table(", "autocommit_block(")
"""The heads of `with` blocks whose statements are taken one by one."""


def opened(version: Version, staged: Staged, block: Block, sent: Sequence[Sent]) -> list[tuple[Block, list[Sent]]]:
    """The blocks of an `if` without `else`, with what each sends; none where they must stay together.

    A condition is asked anew in each file. After the first stage of several it may not hold any more: only what is one
    stage is taken out, and an index, which is built without asking.
    """
    node = block.node
    if not isinstance(node, ast.If) or node.orelse or block.around or node.body[0].lineno == node.lineno:
        return []
    for one in sent:
        wanted = staged.by_statement.get(one.statement.number)
        if wanted is None or builds(one):
            continue
        if sum(bool(staged.findings[wanted.finding].stages[at].sql) for at in wanted.stages) > 1:
            return []
    found = [(each, _held(each, sent)) for each in layout.blocks(version.text, node.body, version.positions, OPENED)]
    if sum(len(held) for _, held in found) < len(sent):
        return []
    return found


def builds(sent: Sent) -> bool:
    """Whether it only builds an index, unless one of that name is there.

    Such a condition holds for an index that is invalid as well: without it, what may be there is dropped before.
    """
    return [(one.kind, "if-not-exists" in one.flags) for one in sent.statement.operations] == [("create-index", True)]


def _held(block: Block, sent: Sequence[Sent]) -> list[Sent]:
    """What a block sends; that the condition holds is known within it."""
    held = [one for one in sent if block.span.start <= one.place.start and one.place.end <= block.span.end]
    return [_certain(one) for one in held] if isinstance(block.node, ast.Expr) else held


def _certain(sent: Sent) -> Sent:
    done = tuple(one._replace(flags=one.flags - {"conditional"}) for one in sent.statement.operations)
    return sent._replace(statement=sent.statement._replace(operations=done))


def head(version: Version, block: Block) -> str:
    """The condition, with the comments above it."""
    node = block.node
    assert isinstance(node, ast.If)  # noqa: S101 - narrowing: `opened` has looked
    start = version.positions.span(node).start
    code = version.text[start : version.positions.span(node.test).end]
    after = version.text[start + len(code) : version.positions.span(node.body[0]).start]
    code += after[: after.index(":") + 1]
    lines = [line for line in block.comments.split("\n") if line]
    return "\n".join([*lines, layout.moved(code, node.col_offset, 0)])


def guarded(condition: str, pieces: Sequence[Piece]) -> tuple[Piece, ...]:
    """The pieces as one that stands under the condition."""
    if not condition:
        return tuple(pieces)
    lines = [condition]
    for (around, _), group in groupby(pieces, key=lambda piece: (piece.around, piece.within)):
        width = 8 if around else 4
        if around:
            lines.append(layout.indented(around, 4))
        lines += [layout.indented(piece.code, width) for piece in group]
    return (Piece("\n".join(lines)),)
