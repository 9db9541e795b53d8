"""Names of modules come in; the files of the same project that hold them go out. Nothing is imported or run."""

import ast
import os
import sys
from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache

from safecol.frontends.python.positions import unmarked
from safecol.frontends.python.values import Scope

_HIGHEST = 10
"""How many folders up the project's own modules are looked for."""
_TOP = (".git", ".hg")
_PROJECT = ("pyproject.toml", "setup.py", "setup.cfg", "manage.py", "requirements.txt")
_LIBRARIES = frozenset({"alembic", "sqlalchemy", "django", "psycopg", "psycopg2", "flask_sqlalchemy", "sqlmodel"})
_LARGEST = 2_000_000


class Module(Scope):
    """The names of a module of the project, each followed when it is first asked for.

    `file` is its path, `name` its dotted name as first imported. `waiting` are the statements that bind each name;
    those of `*` bind all names of another module.
    """

    __slots__ = ("file", "name", "waiting")

    def __init__(self, file: str, name: str, tree: ast.Module) -> None:
        super().__init__()
        self.file = file
        self.name = name
        self.waiting: dict[str, list[ast.stmt]] = {}
        for statement in tree.body:
            for bound in _bound(statement):
                self.waiting.setdefault(bound, []).append(statement)


def _bound(node: ast.stmt) -> Iterator[str]:
    """The names that a statement of a module binds or changes."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        yield node.name
    elif isinstance(node, (ast.Import, ast.ImportFrom)):
        for alias in node.names:
            yield alias.asname or (alias.name.partition(".")[0] if isinstance(node, ast.Import) else alias.name)
    elif isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
        for target in node.targets if isinstance(node, ast.Assign) else (node.target,):
            yield from _names(target)
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        if isinstance(node.value.func, ast.Attribute):  # `items.append(…)`
            yield from _names(node.value.func.value)
    else:
        for field in ("body", "orelse", "handlers", "finalbody", "items"):
            for inner in getattr(node, field, ()):
                if isinstance(inner, ast.ExceptHandler):
                    for each in inner.body:
                        yield from _bound(each)
                elif isinstance(inner, ast.stmt):
                    yield from _bound(inner)


def _names(target: ast.expr) -> Iterator[str]:
    if isinstance(target, ast.Name):
        yield target.id
    elif isinstance(target, (ast.Tuple, ast.List)):
        for part in target.elts:
            yield from _names(part)
    elif isinstance(target, (ast.Starred, ast.Subscript, ast.Attribute)):
        yield from _names(target.value)


class Project:
    """The modules of the project that a file belongs to: what it imports is looked for in the folders above it."""

    def __init__(self, file: str, roots: Sequence[str] = (), outside: Collection[str] = ()) -> None:
        """`file` is the absolute path of the file that is read; `roots` are further folders of modules.

        `outside` are the dotted paths of what is not to be followed: something else is known of it.
        """
        self.file = file
        self.outside = frozenset(outside)
        self.roots = (*roots, *_roots(os.path.dirname(file)))
        self.modules: dict[str, Module | None] = {}

    def stays_outside(self, dotted: str) -> bool:
        """Whether a name is one of those that are not followed; a relative one may lack the start of its path."""
        if not self.outside:
            return False
        bare = dotted.lstrip(".")
        return bare in self.outside or (bare != dotted and any(one.endswith(f".{bare}") for one in self.outside))

    def find(self, dotted: str, level: int, importer: str) -> str:
        """The file of a module, or the folder of a package without one; "" where it is no part of the project."""
        parts = dotted.split(".") if dotted else []
        if level:
            folder = os.path.dirname(importer)
            for _ in range(level - 1):
                folder = os.path.dirname(folder)
            return _located(folder, tuple(parts))
        if not parts or parts[0] in _LIBRARIES or parts[0] in sys.stdlib_module_names:
            return ""
        return next((found for root in self.roots if (found := _located(root, tuple(parts)))), "")

    def module(self, file: str, name: str) -> Module | None:
        """The names of a module's file; None for a folder, and for what can't be read."""
        if file not in self.modules:
            tree = _tree(file) if file.endswith(".py") and os.path.realpath(file) != self.file else None
            self.modules[file] = None if tree is None else Module(file, name, tree)
        return self.modules[file]

    def inside(self, file: str, name: str) -> str:
        """The file of a module inside a package, "" when there is none."""
        folder = os.path.dirname(file) if file.endswith("__init__.py") else file
        return "" if folder.endswith(".py") else _located(folder, (name,))


@lru_cache(maxsize=4096)
def _located(folder: str, parts: tuple[str, ...]) -> str:
    at = folder
    for number, part in enumerate(parts):
        inner = os.path.join(at, part)
        last = number == len(parts) - 1
        if last and os.path.isfile(inner + ".py") and not os.path.isfile(os.path.join(inner, "__init__.py")):
            return inner + ".py"
        if not os.path.isdir(inner):
            return ""
        at = inner
    initial = os.path.join(at, "__init__.py")
    return initial if os.path.isfile(initial) else at


@lru_cache(maxsize=1024)
def _roots(folder: str) -> tuple[str, ...]:
    """The folders above that modules may be imported from: up to the top of the repository, or of the project."""
    above: list[str] = []
    at, top = folder, 0
    while len(above) < _HIGHEST:
        above.append(at)
        if any(os.path.exists(os.path.join(at, name)) for name in _TOP):
            top = len(above)
            break
        if any(os.path.isfile(os.path.join(at, name)) for name in _PROJECT):
            top = len(above)
        parent = os.path.dirname(at)
        if parent == at:
            break
        at = parent
    chosen = above[: top or 3]
    return tuple(one for root in chosen for one in (root, os.path.join(root, "src")) if os.path.isdir(one))


def _tree(file: str) -> ast.Module | None:
    try:
        status = os.stat(file)
    except OSError:
        return None
    return None if status.st_size > _LARGEST else _parsed(file, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=256)
def _parsed(file: str, _changed: int, _size: int) -> ast.Module | None:
    from safecol.frontends.reading import read_source

    try:
        return ast.parse(unmarked(read_source(file).text))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
