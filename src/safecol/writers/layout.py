"""Python source comes in; its statements as blocks that can be moved, and text at other indentations, go out."""

import ast
from collections.abc import Iterable, Sequence
from functools import lru_cache
from textwrap import dedent

from safecol.frontends.python.positions import Positions
from safecol.records import NamedTuple
from safecol.source import Span

WIDTH = 88
"""The width that most formatters of Python keep to."""
_OVER_LINES = ('"""', "'''", "\\\n", "\\\r\n")
"""What a string that goes on in the next line has."""


class Block(NamedTuple):
    """A statement of a function: `code` is its text from the first column on, `comments` the lines above it.

    `tail` is the comment behind it. `around` is the head of the `with` block that it stands in, and `within` the number
    of that block, 0 for none.
    """

    node: ast.stmt | ast.expr
    span: Span
    code: str
    comments: str = ""
    tail: str = ""
    around: str = ""
    within: int = 0


def blocks(text: str, body: Sequence[ast.stmt], positions: Positions, opened: Iterable[str] = ()) -> list[Block]:
    """The statements of a body; those of `with` blocks whose head holds a word of `opened` one by one.

    Empty when two of them share a line: then none can be moved.
    """
    found: list[Block] = []
    last = 0
    for number, node in enumerate(body, 1):
        if node.lineno <= last:
            return []
        last = node.end_lineno or node.lineno
        head = _head(text, node, positions, opened)
        if not head:
            block = _block(text, node, positions)
            found.append(block if block.tail.startswith("#") else block._replace(tail=""))
            continue
        inner = blocks(text, node.body, positions) if isinstance(node, ast.With) else []
        if not inner:
            return []
        found += [one._replace(around=head, within=number) for one in inner]
    return found


def _head(text: str, node: ast.stmt, positions: Positions, opened: Iterable[str]) -> str:
    if not isinstance(node, ast.With) or node.body[0].lineno == node.lineno:
        return ""
    start, end = positions.span(node).start, positions.span(node.body[0]).start
    head = text[start:end]
    head = head[: head.rfind(":") + 1] if "#" not in head else head.rstrip()
    return moved(head, node.col_offset, 0) if any(word in head for word in opened) else ""


def _block(text: str, node: ast.stmt | ast.expr, positions: Positions) -> Block:
    span = positions.span(node)
    lines = text[: span.start].split("\n")[:-1]
    above: list[str] = []
    while lines and lines[-1].lstrip().startswith("#"):
        above.insert(0, lines.pop().strip())
    end = text.find("\n", span.end)
    tail = text[span.end : end if end >= 0 else len(text)].strip()
    code = moved(text[span.start : span.end], node.col_offset, 0)
    return Block(node, span, code, "\n".join(above), tail)


def elements(text: str, items: Sequence[ast.expr], positions: Positions) -> list[Block]:
    """The elements of a list, each with the comments above and behind it; empty when two of them share a line."""
    found: list[Block] = []
    last = 0
    for node in items:
        if node.lineno <= last:
            return []
        last = node.end_lineno or node.lineno
        block = _block(text, node, positions)
        tail = block.tail.lstrip(" ,")
        found.append(block._replace(tail=tail if tail.startswith("#") else ""))
    return found


def moved(code: str, before: int, after: int) -> str:
    """Code whose first line begins at column `before` with all other lines moved to `after`; strings stay as they are.

    The first line itself is given and returned without indentation.
    """
    lines = code.split("\n")
    kept = _inside_strings(code, before)
    for at in range(1, len(lines)):
        if at in kept or not lines[at].strip():
            continue
        indent = len(lines[at]) - len(lines[at].lstrip())
        lines[at] = " " * max(0, indent - before + after) + lines[at].lstrip()
    return "\n".join(lines)


def _inside_strings(code: str, before: int) -> set[int]:
    """The lines, from 0, that begin inside a string."""
    lines: set[int] = set()
    if "\n" not in code or not any(mark in code for mark in _OVER_LINES):
        return lines
    shift = 2 if before else 1
    try:
        tree = ast.parse(("if 1:\n" + " " * before if before else "") + code)
    except SyntaxError:
        return lines
    for node in ast.walk(tree):
        if isinstance(node, (ast.Constant, ast.JoinedStr)) and node.end_lineno is not None:
            lines.update(range(node.lineno + 1 - shift, node.end_lineno + 1 - shift))
    return lines


def indented(code: str, width: int) -> str:
    """Code at the first column as it stands in a block that is indented by `width`."""
    return " " * width + moved(code, 0, width) if code else ""


def literal(text: str, quote: str = '"') -> str:
    """A string literal for one line of text."""
    other = "'" if quote == '"' else '"'
    quote = other if quote in text and other not in text else quote
    escaped = text.replace("\\", "\\\\").replace(quote, "\\" + quote)
    return f"{quote}{escaped}{quote}"


def long_literal(text: str, column: int) -> str:
    """A string literal for text of some lines, which stand at a column of the file."""
    escaped = text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    lines = dedent(escaped).strip("\n").split("\n")
    inner = "\n".join(" " * column + line if line.strip() else "" for line in lines)
    return f'"""\n{inner}\n{" " * column}"""'


@lru_cache(4096)
def names(code: str) -> frozenset[str]:
    """The names that code at the first column uses."""
    return frozenset(node.id for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Name))


def bound(node: ast.stmt | ast.expr) -> set[str]:
    """The names that a statement gives a value."""
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return {(one.asname or one.name).partition(".")[0] for one in node.names}
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return {node.name}
    targets: list[ast.expr] = []
    if isinstance(node, ast.Assign):
        targets = node.targets
    elif isinstance(node, (ast.AnnAssign, ast.AugAssign)):
        targets = [node.target]
    return {one.id for target in targets for one in ast.walk(target) if isinstance(one, ast.Name)}


def edited(text: str, edits: Iterable[tuple[Span, str]]) -> str:
    """The text with each span replaced; spans don't overlap."""
    for span, replacement in sorted(edits, key=lambda edit: edit[0], reverse=True):
        text = text[: span.start] + replacement + text[span.end :]
    return text
