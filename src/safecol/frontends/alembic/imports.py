"""The imports of a version file come in; those of the application's own modules are told, one a file."""

import os

from safecol.frontends.alembic.following import Following
from safecol.patterns import lazy
from safecol.source import Span

_RULE = "application-import"
_HIGHEST = 8
_IMPORT = lazy(
    r"(?m)^[ \t]*(?:from[ \t]+(?P<dots>\.*)(?P<module>[\w.]*)[ \t]+import|import[ \t]+(?P<name>[\w.]+))[^\n#]*"
)
# Folders of these names are in many projects, and so are packages of others.
_GENERIC = frozenset(
    {"migrations", "versions", "alembic", "src", "db", "data", "database", "tests", "test", "scripts", "home"}
)


def of_project(following: Following, text: str, path: str) -> None:
    """Tell of the first import of a module that belongs to the project, wherever in the file it stands."""
    folders = _folders(path)
    for found in _IMPORT.finditer(text):
        dotted, level = found["module"] or found["name"] or "", len(found["dots"] or "")
        if _is_own(following, dotted, level, path, folders):
            message = f"`{'.' * level}{dotted}` is a module of the application: when it changes, so does this migration"
            start = found.end() - len(found[0].lstrip())
            following.problem(_RULE, Span(start, start + len(found[0].strip())), message)
            return


def _is_own(following: Following, dotted: str, level: int, path: str, folders: frozenset[str]) -> bool:
    project = following.runner.project
    if "migration" in dotted or "alembic" in dotted or level == 1:  # made for migrations, and kept with them
        return False
    if level > 1:
        return True
    file = project.find(dotted, 0, path) if project is not None else ""
    if file:
        return not file.startswith(os.path.dirname(path) + os.sep) and not os.path.isdir(file)
    return dotted.partition(".")[0] in folders


def _folders(path: str) -> frozenset[str]:
    """The packages that the file lies in: what is imported from them is the project's, read or not."""
    parts = os.path.dirname(path).split(os.sep)[-_HIGHEST:] if path else []
    return frozenset(part for part in parts if part.isidentifier() and part not in _GENERIC)
