"""The text of a migration comes in; the same file with other functions, header and docstring goes out, trimmed to what it uses."""

import ast
import re
from collections.abc import Iterable, Mapping

from safecol.frontends.python.positions import Positions
from safecol.source import Span
from safecol.writers.layout import bound, edited

_BLANK = re.compile(r"(?:[^\S\n]*\n){4,}")


def function(tree: ast.Module, name: str) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
    """A function of the module by its name."""
    found = [one for one in tree.body if isinstance(one, (ast.FunctionDef, ast.AsyncFunctionDef)) and one.name == name]
    return found[-1] if found else None


def body_span(text: str, node: ast.FunctionDef | ast.AsyncFunctionDef, positions: Positions) -> Span:
    """What stands behind the colon of a function's head, comments at its end included."""
    start = positions.span(node).start
    end = positions.span(node).end
    depth = 0
    for at in range(start, end):
        character = text[at]
        depth += (character in "([{") - (character in ")]}")
        if character == ":" and depth == 0:
            start = at + 1
            break
    line_end = text.find("\n", end)
    last = line_end if line_end >= 0 else len(text)
    following = last
    while following < len(text):
        next_end = text.find("\n", following + 1)
        next_end = next_end if next_end >= 0 else len(text)
        line = text[following + 1 : next_end]
        if line.strip() and not (line.startswith((" ", "\t")) and line.lstrip().startswith("#")):
            break
        following = next_end
        if line.strip():
            last = following
    return Span(start, last)


def assigned(tree: ast.Module, name: str) -> ast.expr | None:
    """The value that the module gives a name."""
    for node in tree.body:
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and name in bound(node):
            return node.value
    return None


def docstring_span(tree: ast.Module, positions: Positions) -> Span | None:
    """Where the module's docstring stands, quotes included."""
    first = tree.body[0] if tree.body else None
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
        return positions.span(first)
    return None


def with_docstring(text: str, tree: ast.Module, positions: Positions, lines: Iterable[str]) -> tuple[Span, str]:
    """The edit that gives the module a docstring of these lines, opened as its own is."""
    wanted = [line.replace("\\", "\\\\").replace('"""', "'''") for line in lines]
    span = docstring_span(tree, positions)
    if span is None:
        at = 0
        while text.startswith("#", at):  # a licence, an encoding
            at = text.find("\n", at) + 1 or len(text)
        return Span(at, at), '"""' + "\n".join(wanted) + '\n"""\n\n'
    opening = "\n" if text[span.start : span.end].lstrip("rRuU").startswith(('"""\n', "'''\n")) else ""
    if wanted and wanted[0].startswith('"'):
        opening = "\n"
    end = "" if len(wanted) == 1 and not opening else "\n"
    return span, '"""' + opening + "\n".join(wanted) + end + '"""'


def trimmed(text: str, original: ast.Module, kept: frozenset[str]) -> str:
    """The text without imports, constants and functions that its original used, and that it uses no more."""
    used_before = _uses(original)
    while True:
        try:
            tree = ast.parse(text)
        except SyntaxError:
            return text
        positions = Positions(text)
        uses = _uses(tree)
        edits = []
        for node in tree.body:
            gone = {name for name in bound(node) - kept if not uses.get(name) and used_before.get(name)}
            if not gone or (isinstance(node, ast.ImportFrom) and node.module == "__future__"):
                continue
            if gone == bound(node):
                edits.append(_removal(text, positions.span(node), comments=not _is_import(node)))
            elif isinstance(node, (ast.Import, ast.ImportFrom)):
                node.names = [one for one in node.names if (one.asname or one.name).partition(".")[0] not in gone]
                edits.append((positions.span(node), ast.unparse(node)))
        if not edits:
            return _BLANK.sub("\n\n\n", text)
        text = edited(text, edits)


def _is_import(node: ast.stmt) -> bool:
    return isinstance(node, (ast.Import, ast.ImportFrom))


def _removal(text: str, span: Span, *, comments: bool) -> tuple[Span, str]:
    start = text.rfind("\n", 0, span.start) + 1
    while comments and start:
        before = text.rfind("\n", 0, start - 1) + 1
        if not text[before:start].startswith("#"):
            break
        start = before
    end = text.find("\n", span.end)
    return Span(start, end + 1 if end >= 0 else len(text)), ""


def _uses(tree: ast.Module) -> Mapping[str, int]:
    """How many statements of the module use each name that another one binds."""
    found: dict[str, int] = {}
    for node in tree.body:
        names = {one.id for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Load)}
        for name in names - (bound(node) if isinstance(node, (ast.FunctionDef, ast.ClassDef)) else set()):
            found[name] = found.get(name, 0) + 1
    return found


def with_import(text: str, line: str) -> str:
    """The text with one more import, after those that it has."""
    tree = ast.parse(text)
    positions = Positions(text)
    imports = [node for node in tree.body if _is_import(node)]
    if imports:
        end = positions.span(imports[-1]).end
        return f"{text[:end]}\n{line}{text[end:]}"
    span = docstring_span(tree, positions)
    at = span.end if span is not None else 0
    return f"{text[:at]}\n\n{line}\n{text[at:].lstrip(chr(10)) if at else text}"
