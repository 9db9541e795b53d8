"""A version file and the findings in it come in; the findings with their stages as version files go out.

The files form one chain: what the file does besides, then the stages of each finding, each a revision of its own.
"""

import ast
import re
from collections.abc import Sequence

from safecol.finding import Finding
from safecol.frontends.python.positions import Positions
from safecol.operations import Statement
from safecol.patterns import lazy
from safecol.read_file import ReadFile
from safecol.source import Span
from safecol.writers import alembic_files, layout, module
from safecol.writers.alembic_calls import Style
from safecol.writers.alembic_chain import parts_of
from safecol.writers.alembic_guards import OPENED
from safecol.writers.layout import Block
from safecol.writers.parts import Sent, Version, attached, staged

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_TOOLKIT = lazy(r"^import sqlalchemy(?:[^\S\n]+as[^\S\n]+(\w+))?[^\S\n]*$", re.MULTILINE)
_OP = lazy(r"^from alembic import (?:.*\b)?op(?: as (\w+))?\b", re.MULTILINE)


def written(read: ReadFile, findings: Sequence[Finding], *, bounded: bool = True) -> list[Finding]:
    """The findings; those whose change can be taken out of the file have the source of their stages.

    Spans and statements are those of the emitted text. `bounded` is whether something ends the wait for a lock before
    the first statement; where nothing does, the stages set a limit.
    """
    found = staged(findings)
    version = taken_apart(read) if found.by_statement else None
    if version is None:
        return list(findings)
    version = version._replace(bounded=bounded)
    parts = parts_of(version, found)
    files = alembic_files.files(version, parts)
    return attached(list(findings), parts, files)


def taken_apart(read: ReadFile) -> Version | None:
    """The parts of a version file; None for one that declares no revision or can't be taken apart."""
    text = read.source.text
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    positions = Positions(text)
    upgrade, downgrade = module.function(tree, "upgrade"), module.function(tree, "downgrade")
    revision = module.assigned(tree, "revision")
    if upgrade is None or not isinstance(revision, ast.Constant) or not isinstance(revision.value, str):
        return None
    blocks = _blocks(text, upgrade, positions)
    if not blocks:
        return None
    undoing = _blocks(text, downgrade, positions) if downgrade is not None else []
    ups = [one for section, found in read.migration.sections if section.direction != "down" for one in found]
    downs = [one for section, found in read.migration.sections if section.direction == "down" for one in found]
    sent = _sent(read, ups, blocks, tree, positions)
    if sent is None:
        return None
    toolkit, op = _TOOLKIT.search(text), _OP.search(text)
    quote = text[positions.span(revision).start]
    style = Style(
        (op[1] if op else "") or "op",
        (toolkit[1] or "sqlalchemy") if toolkit else "sa",
        quote if quote in "'\"" else '"',
    )
    return Version(
        text, tree, positions, upgrade, downgrade, tuple(blocks), tuple(undoing), sent,
        _sent(read, downs, undoing, tree, positions) or ((),) * len(undoing), style, revision.value,
        any(section.transaction == "shared" for section, _ in read.migration.sections),
        read.file.dialect, read.file.path, module.uses(tree), _probe(text, upgrade, downgrade, positions),
        read.opened,
    )  # fmt: skip


def _probe(
    text: str,
    upgrade: ast.FunctionDef | ast.AsyncFunctionDef,
    downgrade: ast.FunctionDef | ast.AsyncFunctionDef | None,
    positions: Positions,
) -> tuple[str, str]:
    body = module.body_span(text, upgrade, positions)
    if downgrade is None:
        return text[: body.start], text[body.end :]
    other = module.body_span(text, downgrade, positions)
    if other.start > body.end:
        return text[: body.start], text[body.end : other.start] + " pass" + text[other.end :]
    return text[: other.start] + " pass" + text[other.end : body.start], text[body.end :]


def _blocks(text: str, node: ast.FunctionDef | ast.AsyncFunctionDef, positions: Positions) -> list[Block]:
    body = node.body
    if isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant) and len(body) > 1:
        body = body[1:]  # its docstring
    if body[0].lineno == node.lineno:
        return []
    return layout.blocks(text, body, positions, OPENED)


def _sent(
    read: ReadFile, statements: Sequence[Statement], blocks: Sequence[Block], tree: ast.Module, positions: Positions
) -> tuple[tuple[Sent, ...], ...] | None:
    """What each block sends, in order; None when a statement comes from none of them.

    What a function of the file sends belongs to the block that calls it.
    """
    found: list[list[Sent]] = [[] for _ in blocks]
    defined = [one for one in (*tree.body, *(block.node for block in blocks)) if isinstance(one, _FUNCTIONS)]
    functions = {node.name: positions.span(node) for node in defined}
    for statement in statements:
        place = read.places.statement(statement.span) if read.places is not None else statement.span
        if statement.opaque is not None and statement.opaque.syntax:
            return None
        sql = read.text[statement.span.start : statement.span.end]
        holding = (n for n, one in enumerate(blocks) if _in(place, one.span) and not isinstance(one.node, _FUNCTIONS))
        number = next(holding, None)
        if number is None:
            around = next((name for name, span in functions.items() if _in(place, span)), "")
            calling = [n for n, one in enumerate(blocks) if around and around in layout.names(one.code)]
            number = calling[0] if len(calling) == 1 else None  # of several nobody knows which of them it was
        if number is None:
            return None
        found[number].append(Sent(statement, sql, place))
    return tuple(tuple(one) for one in found)


def _in(inner: Span, outer: Span) -> bool:
    return outer.start <= inner.start and inner.end <= outer.end
