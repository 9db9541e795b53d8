"""The imports of a version file come in; those of the application's own modules are told, one a file."""

import ast
import os

from safecol.frontends.alembic.following import Following

_RULE = "application-import"
_HIGHEST = 8


def of_project(following: Following, tree: ast.Module, path: str) -> None:
    """Tell of the first import of a module that belongs to the project, wherever in the file it stands."""
    folders = _folders(path)
    beside = os.path.dirname(path)
    for node in ast.walk(tree):
        if not isinstance(node, (ast.Import, ast.ImportFrom)):
            continue
        level = node.level if isinstance(node, ast.ImportFrom) else 0
        for dotted in [node.module or ""] if isinstance(node, ast.ImportFrom) else [each.name for each in node.names]:
            if _is_own(following, dotted, level, path, folders, beside):
                shown = "." * level + dotted
                message = f"`{shown}` is a module of the application: when it changes, this migration changes with it"
                following.direction = "up"
                following.problem(_RULE, following.runner.positions.span(node), message)
                return


def _is_own(
    following: Following, dotted: str, level: int, path: str, folders: frozenset[str], beside: str
) -> bool:  # fmt: skip
    project = following.runner.project
    if "migration" in dotted or "alembic" in dotted or level == 1:  # made for migrations, and kept with them
        return False
    if level > 1:
        return True
    file = project.find(dotted, 0, path) if project is not None else ""
    if file:
        return not file.startswith(beside + os.sep) and not os.path.isdir(file)
    return dotted.partition(".")[0] in folders


def _folders(path: str) -> frozenset[str]:
    """The packages that the file lies in: what is imported from them is the project's, read or not."""
    parts = os.path.dirname(path).split(os.sep)[-_HIGHEST:] if path else []
    generic = {"migrations", "versions", "alembic", "src", "db", "data", "database", "tests", "test", "scripts", "home"}
    return frozenset(part for part in parts if part.isidentifier() and part not in generic)
