"""Migration files of Django come in; the projects that hold them, each in the order of its runs, come out."""

import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from safecol.frontends.django import graph
from safecol.frontends.django import settings as modules
from safecol.frontends.django.project import NEWEST, Project, Release
from safecol.patterns import lazy
from safecol.records import NamedTuple
from safecol.runners import dialects, requirements
from safecol.runners.migration_file import MigrationFile
from safecol.runners.recognition import python_kind
from safecol.runners.surroundings import Surroundings

_PROJECT = ("pyproject.toml", "setup.py", "setup.cfg", "requirements.txt", "Pipfile")
_SKIPPED = frozenset(
    {"node_modules", "__pycache__", "venv", "vendor", "site-packages", "bower_components", "static", "locale", "env"}
)
_KEY = lazy(r"\b((?:django\.db\.)?models\.(?:Big|Small)?AutoField)\((?=[^()]*\bauto_created=True)")
_CONFIG = lazy(r"^class\s+(\w+)\s*\([^)]*Config\s*\)\s*:(.*?)(?=^\S|\Z)", re.MULTILINE | re.DOTALL)
_ASSIGNED = lazy(
    r"^\s+(label|name|default|default_auto_field)\s*(?::[^=\n]+)?=\s*(?:[\"']([\w.]+)[\"']|(True|False))", re.MULTILINE
)
# `Django==4.2.7`, `django = "^4.2"`, `"Django>=4.2,<5"`, and the forms of lock files.
_REQUIRED = lazy(
    r"(?im)^\s*(?:[\"'-]\s*)*django(?:\[[\w,]+\])?[\"']?\s*(?:=\s*[\"']|=\s*\{\s*version\s*=\s*[\"'])?\s*"
    r"(?P<sign>==|~=|>=|>|\^|~|=)?\s*(?P<version>\d+\.\d+)"
)
_LOCKED = lazy(
    r"(?is)name\s*=\s*\"django\"\s*\nversion\s*=\s*\"(\d+)\.(\d+)|\"django\":\s*\{[^}]*?\"version\":\s*\"==(\d+)\.(\d+)"
)
_DRIVERS = (
    ("postgresql", lazy(r"(?im)^\W*(?:psycopg|pg8000)")),
    ("mysql", lazy(r"(?im)^\W*(?:mysqlclient|pymysql|mysql-connector)")),
)


class Given(NamedTuple):
    """What the settings of safecol say of a Django project; empty where they don't."""

    django: str = ""
    user_model: str = ""
    auto_field: str = ""
    settings: str = ""
    labels: Mapping[str, str] = {}
    helpers: Mapping[str, str] = {}


def histories(
    targets: Iterable[str],
    around: Surroundings,
    shown: Callable[[str], str],
    dialect: Callable[[str], str | None],
    given: Callable[[str], Given] | None = None,
) -> Iterator[list[tuple[str, MigrationFile]]]:
    """The projects that hold the target files, each with all of its migrations as (absolute path, file).

    `shown` is a path as the user reads it; `dialect` is what the settings say for it, `given` what else they say.
    """
    roots: dict[str, dict[str, None]] = {}
    for full in targets:
        roots.setdefault(_root(os.path.dirname(full), around), {})[full] = None
    for root in sorted(roots):
        members = roots[root]
        first = next(iter(members))
        members.update(dict.fromkeys(_members(root, around)))
        yield _described(root, sorted(members), around, shown, dialect, given(shown(first)) if given else Given())


def _root(folder: str, around: Surroundings) -> str:
    """The folder of a project: where manage.py is, or else what is packaged or versioned as one."""
    project, at = "", folder
    while True:
        names = around.names(at)
        if "manage.py" in names:
            return at
        if not project and any(name in names for name in _PROJECT):
            project = at
        parent = os.path.dirname(at)
        if ".git" in names or parent == at:
            top = at if ".git" in names else ""
            return project or top or os.path.dirname(os.path.dirname(folder)) or folder
        at = parent


def _members(root: str, around: Surroundings) -> Iterator[str]:
    pending = [root]
    while pending:
        folder = pending.pop()
        try:
            with os.scandir(folder) as entries:
                found = sorted((entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries)
        except OSError:
            continue
        holds = os.path.basename(folder) == "migrations"
        if folder != root and any(name == "manage.py" for name, _ in found):
            continue  # a project of its own
        for name, is_folder in found:
            if is_folder:
                if not name.startswith(".") and name not in _SKIPPED:
                    pending.append(os.path.join(folder, name))
            elif holds and name.endswith(".py") and name != "__init__.py":
                full = os.path.join(folder, name)
                if python_kind(full, around) == "django":
                    yield full


def _described(
    root: str,
    members: Sequence[str],
    around: Surroundings,
    shown: Callable[[str], str],
    dialect: Callable[[str], str | None],
    given: Given,
) -> list[tuple[str, MigrationFile]]:
    heads = {full: graph.head(around.text(full)) for full in members}
    says = _settings(root, around, given)
    labels, auto_fields = _labels(root, heads, around, says, given)
    keys = {full: (labels[os.path.dirname(full)], os.path.splitext(os.path.basename(full))[0]) for full in members}
    user_model = given.user_model or says.user_model or "auth.User"
    swapped = {"AUTH_USER_MODEL": user_model, **says.swapped}
    positions = graph.order({keys[full]: heads[full] for full in members}, swapped)
    wrong = graph.problems({keys[full]: heads[full] for full in members}, positions)
    required = "\n".join(requirements.texts(root, around))
    release, source = _release(given, required, heads.values())
    backend = next(iter(says.backends), "")
    latest = sorted(members, key=lambda full: positions.get(keys[full], -1), reverse=True)
    spoken, spoken_source = _dialect(says, required, members, around)
    project = Project(
        root, release, source, user_model, swapped,
        given.auto_field or says.auto_field or _auto_field(latest, says, release, around),
        auto_fields, backend, given.helpers, frozenset(labels.values()), _session(backend, says), says.constants,
    )  # fmt: skip
    history = shown(root) if root != os.getcwd() else "."
    found = []
    for full in members:
        path = shown(full)
        wanted = dialect(path)
        at = positions.get(keys[full])
        found.append(
            (
                full,
                MigrationFile(
                    path, "django", wanted or spoken, "settings" if wanted else spoken_source, history,
                    (0, ((0, len(positions) if at is None else at, ""),), keys[full][1], 0), runner_source="marker",
                    app=keys[full][0], project=project, replaced=at is None, initial=heads[full].initial,
                    problems=wrong.get(keys[full], ()),
                ),
            )
        )  # fmt: skip
    return found


def _settings(root: str, around: Surroundings, given: Given) -> modules.Found:
    named = [given.settings] if given.settings else modules.named(root, around.names, around.text)
    for module in named:
        file = modules.located(module, root)
        if file:
            return modules.read(file, around.text)
    file = modules.guessed(root, around.names)
    return modules.read(file, around.text) if file else modules.Found()


def _session(backend: str, says: modules.Found) -> tuple[tuple[str, str], ...]:
    """The timeouts that a back end sets by itself."""
    if "zero_downtime" not in backend:
        return ()
    found = {}
    for text in says.texts:
        for name, value in re.findall(
            r"ZERO_DOWNTIME_MIGRATIONS_(LOCK|STATEMENT)_TIMEOUT\s*=\s*[\"']?(\d+\s*\w*)", text
        ):
            found[f"{name.lower()}_timeout"] = value
    return tuple(found.items())


def _labels(
    root: str, heads: Mapping[str, graph.Head], around: Surroundings, says: modules.Found, given: Given
) -> tuple[dict[str, str], dict[str, str]]:
    """The label of each folder of migrations, and DEFAULT_AUTO_FIELD by label where an app has its own."""
    folders: dict[str, list[str]] = {}
    for full in heads:
        folders.setdefault(os.path.dirname(full), []).append(full)
    moved = {modules.located(path + ".__init__", root) or path: label for label, path in says.migration_modules.items()}
    labels: dict[str, str] = {}
    fields: dict[str, str] = {}
    for folder, members in folders.items():
        app = os.path.dirname(folder)
        inside = os.path.relpath(app, root).replace(os.sep, "/")
        label, field = _configured(app, around, says.installed)
        dotted = os.path.relpath(folder, root).replace(os.sep, ".")
        chosen = given.labels.get(inside) or given.labels.get(inside.replace("/", "."))
        moved_to = next(
            (one for path, one in moved.items() if path in (dotted, os.path.join(folder, "__init__.py"))), ""
        )
        labels[folder] = chosen or moved_to or label or _voted(members, heads) or os.path.basename(app)
        if field:
            fields[labels[folder]] = field
    return labels, fields


def _configured(app: str, around: Surroundings, installed: Sequence[str]) -> tuple[str, str]:
    """The label and the default key that the configuration of an app says; "" where it doesn't."""
    if "apps.py" not in around.names(app):
        return "", ""
    best: dict[str, str] = {}
    for config in _CONFIG.finditer(around.text(os.path.join(app, "apps.py"))):
        said = {one[1]: one[2] or one[3] for one in _ASSIGNED.finditer(config[2])}
        if not best or said.get("default") == "True" or any(name.endswith(f".{config[1]}") for name in installed):
            best = said
    label = best.get("label") or best.get("name", "").rpartition(".")[2]
    return label, best.get("default_auto_field", "")


def _voted(members: Sequence[str], heads: Mapping[str, graph.Head]) -> str:
    """The label by which the migrations of a folder depend on each other."""
    names = {os.path.splitext(os.path.basename(full))[0] for full in members}
    votes: Counter[str] = Counter()
    for full in members:
        own = os.path.splitext(os.path.basename(full))[0]
        for app, name in (*heads[full].dependencies, *heads[full].replaces):
            if app != graph.SETTING and name != own and (name in names or (app, name) in heads[full].replaces):
                votes[app] += 1 if name.startswith("0001_initial") else 3
    return votes.most_common(1)[0][0] if votes else ""


def _auto_field(latest: Iterable[str], says: modules.Found, release: Release, around: Surroundings) -> str:
    """DEFAULT_AUTO_FIELD where nothing says it: Django's own, or that of the latest key where no settings are here."""
    for full in latest if not says.texts else ():
        made = _KEY.search(around.text(full))
        if made:
            return f"django.db.{made[1].removeprefix('django.db.')}"
    return f"django.db.models.{'BigAutoField' if release >= (6, 0) else 'AutoField'}"


def _release(given: Given, required: str, heads: Iterable[graph.Head]) -> tuple[Release, str]:
    """The version of Django that runs the migrations, and what says so."""
    if given.django:
        return release(given.django), "settings"
    locked = _LOCKED.search(required)
    if locked:
        numbers = [int(one) for one in locked.groups() if one is not None]
        return (numbers[0], numbers[1]), "lock file"
    found = [(match["sign"] or "", release(match["version"])) for match in _REQUIRED.finditer(required)]
    exact = [one for sign, one in found if sign in ("==", "=", "~=", "^", "~")]
    if exact or found:
        return max(exact or [one for _, one in found]), "requirements"
    written = max((one.generated for one in heads), default=(0, 0))
    if written > (0, 0):
        return written, "migrations"
    return NEWEST, "default"


def release(version: str) -> Release:
    """A version of Django as (5, 2)."""
    parts = [int(part) for part in re.findall(r"\d+", version)[:2]]
    return (parts[0], parts[1] if len(parts) > 1 else 0) if parts else NEWEST


def _dialect(says: modules.Found, required: str, members: Sequence[str], around: Surroundings) -> tuple[str, str]:
    servers = {modules.dialect_of(backend) for backend in says.backends} - {"", "sqlite"}
    source = "Django's settings" if len(servers) < 2 else "default"  # of several, one is no more than a guess
    for backend in says.backends:
        word = modules.dialect_of(backend)
        if word in dialects.WORDS or word in dialects.OTHERS:
            return dialects.WORDS.get(word, word), source
    if any("django.contrib.postgres" in around.text(full) for full in members):
        return "postgresql", "content"
    for name, pattern in _DRIVERS:
        if pattern.search(required):
            return name, "requirements"
    return "postgresql", "default"
