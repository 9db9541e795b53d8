"""The settings modules of a Django project come in as files; what they say of models and databases goes out."""

import ast
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress

from safecol.frontends.python.modules import Project
from safecol.frontends.python.positions import unmarked
from safecol.frontends.python.running import Runner
from safecol.frontends.python.values import Made, Text, Unknown, Value, is_known, plain
from safecol.patterns import lazy
from safecol.records import NamedTuple
from safecol.source import Span

_MODULE = lazy(r"DJANGO_SETTINGS_MODULE[\"']?\s*[,=:\]]+\s*[\"']?([\w.]+)")
# The files that name the settings module, the one of the running server first.
_NAMING = ("wsgi.py", "asgi.py", "manage.py", "pytest.ini", "setup.cfg", "tox.ini", "pyproject.toml", "Dockerfile")
_ENGINE = lazy(
    r"[\"']((?:\w+\.)*(?:backends?|db|backend)\.(?:\w+\.)*?\w+|\w*(?:postgres|mysql|sqlite|psqlextra|cockroach)\w*(?:\.\w+)+)[\"']"
)
_URL = lazy(r"[\"'](postgres(?:ql)?|postgis|mysql2?|mariadb|sqlite|spatialite|cockroachdb)(?:\+\w+)?://")
_DEFAULTS = frozenset(
    {"get", "getenv", "env", "config", "str", "bool", "int", "db", "db_url", "parse", "url", "setdefault"}
)
_WORDS: tuple[tuple[str, str], ...] = (
    ("cockroach", "cockroachdb"), ("psqlextra", "postgresql"), ("postg", "postgresql"), ("psycopg", "postgresql"),
    ("timescale", "postgresql"), ("mariadb", "mariadb"), ("mysql", "mysql"), ("sqlite", "sqlite"),
    ("spatialite", "sqlite"), ("oracle", "oracle"), ("mssql", "mssql"), ("sql_server", "mssql"),
)  # fmt: skip


class Found(NamedTuple):
    """What a project's settings say; empty where they don't.

    `backends` are the ENGINEs of the database, the one that holds first; `migration_modules` dotted paths by label.
    `constants` are numbers and strings that stand there as they are.
    """

    user_model: str = ""
    auto_field: str = ""
    backends: tuple[str, ...] = ()
    installed: tuple[str, ...] = ()
    migration_modules: Mapping[str, str] = {}
    swapped: Mapping[str, str] = {}
    texts: tuple[str, ...] = ()
    constants: Mapping[str, int | float | str] = {}


def dialect_of(backend: str) -> str:
    """The dialect that a back end speaks, or ""."""
    lower = backend.lower()
    return next((dialect for word, dialect in _WORDS if word in lower), "")


def named(root: str, names: Callable[[str], frozenset[str]], text: Callable[[str], str]) -> list[str]:
    """The settings modules that files of a project name, as dotted paths; the server's first."""
    found: list[str] = []
    here = sorted(names(root))
    for name in _NAMING:
        places = [root] if name in here else []
        places += [
            os.path.join(root, one)
            for one in here
            if not one.startswith(".") and name in names(os.path.join(root, one))
        ]
        for place in places:
            found += _MODULE.findall(text(os.path.join(place, name)))
    return list(dict.fromkeys(one for one in found if "." in one or one.endswith("settings")))


def located(module: str, root: str) -> str:
    """The file of a settings module below a project's root, or one folder down; "" when there is none."""
    inner = module.replace(".", os.sep)
    for top in (root, os.path.join(root, "src"), *_folders(root)):
        for ending in (".py", os.path.join(os.sep, "__init__.py").replace(os.sep * 2, os.sep)):
            at = os.path.join(top, inner) + ending
            if os.path.isfile(at):
                return at
    return ""


def _folders(root: str) -> Iterator[str]:
    try:
        with os.scandir(root) as entries:
            yield from sorted(entry.path for entry in entries if entry.is_dir() and not entry.name.startswith("."))
    except OSError:
        return


def guessed(root: str, names: Callable[[str], frozenset[str]]) -> str:
    """A settings file where nothing names one: the one nearest to the root, "" when there is none."""
    level = [root]
    for _ in range(3):
        inner: list[str] = []
        for folder in level:
            here = names(folder)
            if "settings.py" in here and folder != root:
                return os.path.join(folder, "settings.py")
            inside = os.path.join(folder, "settings")
            if "settings" in here:
                held = names(inside)
                for name in ("production.py", "prod.py", "base.py", "__init__.py", "common.py"):
                    if name in held:
                        return os.path.join(inside, name)
            inner += [
                os.path.join(folder, name)
                for name in sorted(here)
                if "." not in name and name not in ("node_modules", "static", "templates", "media", "locale", "docs")
            ]
        level = [folder for folder in inner if os.path.isdir(folder)][:80]
    return ""


def read(file: str, text: Callable[[str], str]) -> Found:
    """What the settings module in a file says. Nothing of it is imported or run."""
    source = unmarked(text(file))
    host = _Host()
    project = Project(file)
    runner = Runner(source, host, project)
    runner.module.names["__file__"] = plain(file, Span(0, 0))
    with suppress(SyntaxError, ValueError, RecursionError, MemoryError):
        runner.statement_list(ast.parse(source).body)
    names = _Names(runner)
    used = [source, *(text(one) for one in project.modules if one.endswith(".py"))]
    return Found(
        _text(names["AUTH_USER_MODEL"]),
        _text(names["DEFAULT_AUTO_FIELD"]),
        tuple(_backends(names["DATABASES"], used)),
        tuple(str(one) for one in _listed(names["INSTALLED_APPS"]) if isinstance(one, Text)),
        {
            str(label): str(path)
            for label, path in _mapping(names["MIGRATION_MODULES"]).items()
            if isinstance(label, str) and isinstance(path, str)
        },
        {
            name: str(value)
            for name, value in runner.module.names.items()
            if name.endswith("_MODEL") and isinstance(value, Text) and value.count(".") == 1 and is_known(value)
        },
        tuple(used),
        dict(_constants(names, used)),
    )


def _constants(names: "_Names", texts: list[str]) -> Iterator[tuple[str, int | float | str]]:
    """What is the same wherever the project runs: what no call gives, and no setting of the environment."""
    written: dict[str, bool] = {}
    for text in texts:
        with suppress(SyntaxError, ValueError, RecursionError, MemoryError):
            for node in ast.walk(ast.parse(unmarked(text))):
                if not isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
                    continue
                simple = isinstance(node.value, ast.Constant) and not isinstance(node, ast.AugAssign)
                for one in node.targets if isinstance(node, ast.Assign) else [node.target]:
                    if isinstance(one, ast.Name) and one.id.isupper():
                        written[one.id] = simple and written.get(one.id, True)
    for name, simple in written.items():
        value = names[name] if simple and not name.endswith("_MODEL") else None
        if isinstance(value, Text):
            yield name, str(value)
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            yield name, value


class _Names:
    """The names of a settings module, those that it imports from others included."""

    def __init__(self, runner: Runner) -> None:
        self.runner = runner

    def __getitem__(self, name: str) -> Value:
        node = ast.Name(name, ast.Load())
        return self.runner.evaluator.name(node, self.runner.module)


def _text(value: Value) -> str:
    return str(value) if isinstance(value, Text) and not value.holes else ""


def _listed(value: Value) -> list[Value]:
    return list(value) if type(value) in (list, tuple) else []


def _mapping(value: Value) -> dict[Value, Value]:
    return value if isinstance(value, dict) else {}


def _backends(databases: Value, texts: list[str]) -> Iterator[str]:
    default = _mapping(databases).get("default")
    first = ""
    if isinstance(default, dict):
        first = _text(default.get("ENGINE"))
    elif isinstance(default, Made):
        first = _of_url(default)
    written = [engine for text in texts for engine in _written(text)]
    servers = {dialect_of(one) for one in (first, *written)} - {"", "sqlite"}
    # What a developer starts with is often no more than SQLite; and where it is one of several, nobody knows which.
    if len(servers) == 1 and dialect_of(first) in servers:
        yield first
    order = {"postgresql": 0, "mariadb": 1, "mysql": 1, "cockroachdb": 2}
    others = sorted(dict.fromkeys(written), key=lambda one: order.get(dialect_of(one), 3))
    yield from (one for one in others if dialect_of(one) not in ("", "sqlite"))
    if first:
        yield first
    yield from (one for one in others if dialect_of(one) == "sqlite")


def _written(text: str) -> Iterator[str]:
    for found in _ENGINE.finditer(text):
        if dialect_of(found[1]) and not re.search(r"\.(?:cache|sessions?|fields|operations|search)\b", found[1]):
            yield found[1]
    for found in _URL.finditer(text):
        yield found[1]


def _of_url(value: Made) -> str:
    """The scheme of a URL that a package reads: `env.db(default="postgres://…")`, `dj_database_url.parse("…")`."""
    for one in (*value.arguments, *value.keywords.values()):
        if isinstance(one, Text) and "://" in one:
            return str(one).partition("://")[0]
    return ""


class _Host:
    """What the environment gives is not known, but for what the settings take where it gives nothing."""

    def made(self, call: Made) -> Value:
        name = call.path.rpartition(".")[2]
        if name in _DEFAULTS and ("environ" in call.path or "env" in call.path.lower() or "config" in call.path):
            default = call.keywords.get("default", call.arguments[1] if len(call.arguments) > 1 else None)
            if name in ("db", "db_url", "parse"):
                return NotImplemented
            if isinstance(default, (Text, bool, int)):
                return default
            return Unknown(name, "it depends on the environment")
        return NotImplemented

    def attribute(self, _base: Value, _name: str) -> Value:
        return NotImplemented

    def enter(self, value: Value) -> Value:
        return value

    def leave(self, value: Value) -> None:
        pass

    def guarded(self, condition: bool) -> bool:
        return condition

    def repeating(self, _node: ast.stmt) -> bool:
        return False

    def repeated(self, before: bool) -> None:
        pass

    def stated(self, value: Value) -> None:
        pass

    def ignored(self, node: ast.stmt, reason: str) -> None:
        pass
