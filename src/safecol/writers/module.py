"""The text of a migration comes in; edits that give it other functions and another docstring go out."""

import ast
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from safecol.frontends.python.positions import Positions
from safecol.patterns import lazy
from safecol.source import Span
from safecol.writers.layout import bound

_BLANK = lazy(r"(?:[^\S\n]*\n){4,}")


def function(tree: ast.Module, name: str) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
    """A function of the module by its name."""
    found = [one for one in tree.body if isinstance(one, (ast.FunctionDef, ast.AsyncFunctionDef)) and one.name == name]
    return found[-1] if found else None


def body_span(text: str, node: ast.FunctionDef | ast.AsyncFunctionDef, positions: Positions) -> Span:
    """What stands behind the colon of a function's head, comments at its end included."""
    end = positions.span(node).end
    start = _head_end(text, node, positions)
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


def _head_end(text: str, node: ast.FunctionDef | ast.AsyncFunctionDef, positions: Positions) -> int:
    """Where the head of a function ends: only signs and comments stand behind its last default or annotation."""
    given = [*node.args.args, *node.args.posonlyargs, *node.args.kwonlyargs, node.args.vararg, node.args.kwarg]
    last = [one for one in (*given, *node.args.defaults, *node.args.kw_defaults, node.returns) if one is not None]
    at = max((positions.span(one).end for one in last), default=positions.span(node).start)
    while text[at] != ":":
        at = text.find("\n", at) if text[at] == "#" else at + 1
    return at + 1


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


def uses(tree: ast.Module) -> tuple[frozenset[str], ...]:
    """The names that each statement of the module uses, its own left out."""
    return tuple(
        frozenset(one.id for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Load))
        - (bound(node) if isinstance(node, (ast.FunctionDef, ast.ClassDef)) else set())
        for node in tree.body
    )


def unneeded(
    text: str,
    tree: ast.Module,
    positions: Positions,
    used: Sequence[frozenset[str]],
    needed: Mapping[str, frozenset[str]],
    kept: frozenset[str],
) -> list[tuple[Span, str]]:
    """The edits that take away imports, constants and functions that the module used and uses no more.

    `used` are the names by statement, and `needed` those of the functions that are written anew, by their names.
    `kept` are names that stay.
    """
    before = frozenset().union(*used)
    now = [
        needed.get(node.name, names)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
        else names
        for node, names in zip(tree.body, used, strict=True)
    ]
    gone: set[int] = set()
    shared = {one.lineno for other, one in pairwise(tree.body) if other.end_lineno == one.lineno}
    edits: dict[int, tuple[Span, str]] = {}
    while True:
        wanted = frozenset().union(*(names for number, names in enumerate(now) if number not in gone))
        found = False
        for number, node in enumerate(tree.body):
            names = bound(node) - kept
            lost = {name for name in names if name in before and name not in wanted}
            if number in gone or not lost or (isinstance(node, ast.ImportFrom) and node.module == "__future__"):
                continue
            if shared & {node.lineno, node.end_lineno}:  # `import a; import b`
                continue
            if lost == bound(node):
                gone.add(number)
                edits[number] = _removal(text, _decorated(node, positions), comments=not _is_import(node))
                found = True
            elif isinstance(node, (ast.Import, ast.ImportFrom)):
                edits[number] = positions.span(node), _with_names(node, lost)
        if not found:
            return list(edits.values())


def _with_names(node: ast.Import | ast.ImportFrom, lost: set[str]) -> str:
    names = [one for one in node.names if (one.asname or one.name).partition(".")[0] not in lost]
    if isinstance(node, ast.Import):
        return ast.unparse(ast.Import(names))
    return ast.unparse(ast.ImportFrom(node.module, names, node.level))


def tidied(text: str) -> str:
    """The text with at most two empty lines in a row; strings stay as they are."""
    if not _BLANK.search(text):
        return text
    positions = Positions(text)
    strings = [
        positions.span(one) for one in ast.walk(ast.parse(text)) if isinstance(one, (ast.Constant, ast.JoinedStr))
    ]
    return _BLANK.sub(
        lambda run: run[0] if any(one.start < run.start() < one.end for one in strings) else "\n\n\n", text
    )


def _is_import(node: ast.stmt) -> bool:
    return isinstance(node, (ast.Import, ast.ImportFrom))


def _decorated(node: ast.stmt, positions: Positions) -> Span:
    """A statement with its decorators, of which the place of a function has none."""
    span = positions.span(node)
    decorators = getattr(node, "decorator_list", None)
    return Span(positions.span(decorators[0]).start, span.end) if decorators else span


def _removal(text: str, span: Span, *, comments: bool) -> tuple[Span, str]:
    start = text.rfind("\n", 0, span.start) + 1
    while comments and start:
        before = text.rfind("\n", 0, start - 1) + 1
        if not text[before:start].startswith("#"):
            break
        start = before
    end = text.find("\n", span.end)
    return Span(start, end + 1 if end >= 0 else len(text)), ""


def with_import(text: str, line: str) -> str:
    """The text with one more import, after those that it has."""
    tree = ast.parse(text)
    positions = Positions(text)
    imports = [node for node in tree.body if _is_import(node)]
    others = [one for one in imports if not (isinstance(one, ast.ImportFrom) and one.module == "__future__")]
    if others and line.startswith("import time"):  # of the library: before those of others
        start = positions.span(others[0]).start
        gap = "" if isinstance(others[0], ast.Import) else "\n"
        return f"{text[:start]}{line}\n{gap}{text[start:]}"
    if imports:
        end = positions.span(imports[-1]).end
        return f"{text[:end]}\n{line}{text[end:]}"
    span = docstring_span(tree, positions)
    at = span.end if span is not None else 0
    return f"{text[:at]}\n\n{line}\n{text[at:].lstrip(chr(10)) if at else text}"
