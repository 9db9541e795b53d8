"""Settings: the files that name them and the command line come in, one resolved value a path goes out.

`TABLE` is the one list of settings: validation, `--show-settings` and the JSON schema come from it.
"""

import os
import re
from collections.abc import Mapping
from typing import Any

from safecol.dialects.registry import NAMES as DIALECTS
from safecol.errors import UserError
from safecol.path_patterns import matches
from safecol.records import NamedTuple

SEVERITY_WORDS = ("error", "warning", "note", "off")
FILE_NAMES = (".safecol.toml", "safecol.toml", "pyproject.toml")

Value = Any

SMALL_ROWS = 10_000
"""Up to so many rows a table is read, rewritten or indexed within a moment."""


class Setting(NamedTuple):
    """One row of the table.

    `kind` is `text`, `texts`, `boolean`, `choice`, `version`, `duration`, `severities`, `rows`, `names`, `path`,
    `paths` or `patterns`. Paths and patterns are relative to the folder of the file that names them; a pattern's value
    is that folder and the pattern.
    """

    name: str
    kind: str
    default: Value
    doc: str
    choices: tuple[str, ...] = ()
    by_path: bool = True


TABLE: tuple[Setting, ...] = (
    Setting("extend", "path", None, "A settings file whose values apply where this one has none.", by_path=False),
    Setting("dialect", "choice", None, "The database the migrations are for.", DIALECTS),
    Setting("server-version", "version", None, "The oldest server version that the migrations run on."),
    Setting("runner", "text", None, "The tool that runs the migrations: dbmate, flyway, alembic, django, …"),
    Setting("select", "texts", (), "The rules to run: names, categories, aliases or ALL. Empty: the default rules."),
    Setting("extend-select", "texts", (), "Rules to run beside the selected ones."),
    Setting("ignore", "texts", (), "Rules not to run."),
    Setting("severity", "severities", {}, "The severity of single rules: error, warning, note or off."),
    Setting(
        "fail-on",
        "choice",
        "error",
        "The weakest severity that makes the exit code 1.",
        ("error", "warning", "note", "never"),
        by_path=False,
    ),
    Setting("exclude", "patterns", (), "Path patterns that are left alone.", by_path=False),
    Setting(
        "extend-exclude",
        "patterns",
        (),
        "Path patterns that are left alone beside those of exclude.",
        by_path=False,
    ),
    Setting("force-exclude", "boolean", False, "Leave excluded files alone even when they are named.", by_path=False),
    Setting("require-reason", "boolean", False, "A suppression must say why."),
    Setting("foreign-directives", "boolean", False, "Understand the suppression comments of other linters."),
    Setting("rule-paths", "paths", (), "Folders with your own rule pages.", by_path=False),
    Setting(
        "code-paths",
        "paths",
        None,
        "Folders of the code that uses the database, searched for what migrations drop. Without: the repository.",
    ),
    Setting("schema", "path", None, "A dump of the schema to start from.", by_path=False),
    Setting("default-schema", "text", None, "The schema of unqualified names; it is not shown in reports."),
    Setting("tables.small", "texts", (), "Tables that are known to stay small."),
    Setting("tables.rows", "rows", {}, "The number of rows by table: one of at most 10,000 counts as small."),
    Setting("runner.name", "text", None, "The same as runner, where a [runner] table takes that key."),
    Setting("runner.lock-timeout", "duration", None, "The lock timeout that the runner sets: 5s, 500ms, 0 for none."),
    Setting("runner.statement-timeout", "duration", None, "The statement timeout that the runner sets."),
    Setting(
        "runner.transaction",
        "choice",
        None,
        "How the runner sends a file.",
        ("wrapped", "implicit", "autocommit", "shared"),
    ),
    Setting("django-version", "version", None, "The version of Django that runs the migrations: 4.2, 5.2, …"),
    Setting("django.settings-module", "text", None, "The settings module of the Django project: config.settings."),
    Setting("django.user-model", "text", None, "AUTH_USER_MODEL of the Django project: accounts.User."),
    Setting(
        "django.default-auto-field",
        "text",
        None,
        "DEFAULT_AUTO_FIELD of the Django project: django.db.models.BigAutoField.",
    ),
    Setting("django.labels", "names", {}, "The labels of apps by their folder or package, where they differ."),
    Setting(
        "python.helpers",
        "names",
        {},
        "What the project's own functions, operations and fields stand for, by their dotted path: nothing, or the "
        "name of the one that they are like.",
    ),
    *(
        Setting(f"naming.{what}", "expression", None, f"A regular expression: the name of a new {what} must match it.")
        for what in ("table", "column", "index", "unique", "foreign-key", "check", "primary-key", "exclusion")
    ),
    Setting("server.timezone", "text", None, "The server's TimeZone setting: decides whether timestamp casts rewrite."),
)
BY_NAME = {setting.name: setting for setting in TABLE}
SECTIONS = ("naming", "runner", "server", "tables", "django", "python")


class PathSettings(NamedTuple):
    """The values that hold for one path. None is "not said". Timeouts are in milliseconds, 0 is off.

    `exclude` holds patterns, each behind the folder that it is relative to.
    """

    dialect: str | None = None
    server_version: str | None = None
    runner: str | None = None
    select: tuple[str, ...] = ()
    extend_select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    severity: Mapping[str, str] = {}
    fail_on: str = "error"
    exclude: tuple[tuple[str, str], ...] = ()
    force_exclude: bool = False
    require_reason: bool = False
    foreign_directives: bool = False
    rule_paths: tuple[str, ...] = ()
    code_paths: tuple[str, ...] | None = None
    schema: str | None = None
    default_schema: str | None = None
    small_tables: frozenset[str] = frozenset()
    lock_timeout_ms: int | None = None
    statement_timeout_ms: int | None = None
    runner_transaction: str | None = None
    timezone: str | None = None
    naming: Mapping[str, str] = {}
    django_version: str | None = None
    django_settings: str | None = None
    django_user_model: str | None = None
    django_auto_field: str | None = None
    django_labels: Mapping[str, str] = {}
    helpers: Mapping[str, str] = {}


class Override(NamedTuple):
    """An entry of `[[overrides]]`: patterns relative to `root`, and values by setting."""

    files: tuple[str, ...]
    root: str
    values: Mapping[str, Value]
    origin: str


class Layer(NamedTuple):
    """The values of one file (what it extends included), with where each came from."""

    values: Mapping[str, Value]
    origins: Mapping[str, str]
    overrides: tuple[Override, ...]


class Resolved(NamedTuple):
    """One setting as it holds for a path: for `--show-settings`."""

    name: str
    value: Value
    origin: str


EMPTY = Layer({}, {}, ())


class Settings:
    """All settings of a run: asked by path, cached by folder.

    `given` are values from the command line by setting name; `config` are the arguments of `--config`.
    """

    def __init__(
        self, given: Mapping[str, Value] | None = None, config: tuple[str, ...] = (), *, isolated: bool = False
    ) -> None:
        from safecol import settings_file

        self._given = dict(given or {})
        self._given_origin = dict.fromkeys(self._given, "command line")
        self._explicit: Layer | None = EMPTY if isolated else None
        self._folders: dict[str, Layer] = {}
        self._paths: dict[object, PathSettings] = {}
        self._asked: dict[str, PathSettings] = {}
        self._read = settings_file.read_folder
        named: dict[str, Value] = {}
        for argument in config:
            name, equals, _ = argument.partition("=")
            if equals and not os.path.exists(argument) and re.fullmatch(r"[\w.\"' -]+", name):
                for key, value in settings_file.parse_argument(argument).items():
                    named[key] = combine(key, named.get(key), value)
            elif isolated:
                raise UserError(f"--config {argument} and --isolated exclude each other", "give one of them")
            else:
                self._explicit = settings_file.read_file(os.path.abspath(argument))
        for key, value in named.items():
            self._given.setdefault(key, value)
            self._given_origin.setdefault(key, "--config")

    def layer(self, folder: str) -> Layer:
        """The values of the nearest settings file to a folder; empty when there is none."""
        if self._explicit is not None:
            return self._explicit
        known = self._folders.get(folder)
        if known is None:
            known = self._read(folder)
            if known is None:
                parent = os.path.dirname(folder)
                known = EMPTY if parent == folder else self.layer(parent)
            self._folders[folder] = known
        return known

    def for_path(self, path: str) -> PathSettings:
        """The values for a file; the folder of the run for `-` or an empty path.

        Errors: UserError when a settings file can't be read, or has an unknown key or a wrong type.
        """
        asked = self._asked.get(path)  # a run asks several times for each of its files
        if asked is not None:
            return asked
        absolute = os.path.abspath(path) if path and path != "-" else os.path.join(os.getcwd(), "-")
        layer = self.layer(os.path.dirname(absolute))
        chosen = tuple(number for number, override in enumerate(layer.overrides) if _covers(override, absolute))
        key = (id(layer), chosen)
        known = self._paths.get(key)
        if known is None:
            known = self._paths[key] = _path_settings(self._resolve(layer, chosen)[0])
        self._asked[path] = known
        return known

    def excluded(self, path: str) -> bool:
        """Whether `exclude` or `extend-exclude` of the nearest settings covers a file or folder."""
        patterns = self.for_path(path).exclude
        absolute = os.path.abspath(path) if patterns else path
        return any(
            matches(pattern, os.path.relpath(absolute, folder).replace(os.sep, "/")) for folder, pattern in patterns
        )

    @property
    def root(self) -> PathSettings:
        """The values for the folder of the run: for settings that aren't about single files."""
        return self.for_path("")

    def shown(self, path: str) -> tuple[Resolved, ...]:
        """Each setting with its value for a path and where that came from."""
        absolute = os.path.abspath(path) if path and path != "-" else os.path.join(os.getcwd(), "-")
        folder = absolute if os.path.isdir(absolute) else os.path.dirname(absolute)
        layer = self.layer(folder)
        chosen = tuple(number for number, override in enumerate(layer.overrides) if _covers(override, absolute))
        values, origins = self._resolve(layer, chosen)
        rows = []
        for setting in TABLE:
            if setting.name not in ("extend", "runner.name"):
                value: Value = values.get(setting.name, setting.default)
                if setting.kind == "patterns":
                    value = tuple(pattern for _, pattern in value or ())
                rows.append(Resolved(setting.name, value, origins.get(setting.name, "default")))
        return tuple(rows)

    def _resolve(self, layer: Layer, chosen: tuple[int, ...]) -> tuple[dict[str, Value], dict[str, str]]:
        values, origins = dict(layer.values), dict(layer.origins)
        for number in chosen:
            override = layer.overrides[number]
            for name, value in override.values.items():
                values[name] = combine(name, values.get(name), value, adds=True)
                origins[name] = override.origin
        if "select" in self._given:  # naming the rules of a run sets the files' choice aside
            for name in ("ignore", "extend-select"):
                values.pop(name, None)
        for name, value in self._given.items():
            values[name] = combine(name, values.get(name), value, adds=name.startswith("extend-"))
            origins[name] = self._given_origin[name]
        return values, origins


def combine(name: str, old: Value, new: Value, *, adds: bool = False) -> Value:
    """The value of a setting when a stronger source names it too: mappings merge by key, `adds` joins lists.

    An override by path adds to `ignore` and `extend-select`; it replaces everything else.
    """
    if old is None:
        return new
    if isinstance(new, dict):
        return {**old, **new}
    if adds and name in ("ignore", "extend-select", "extend-exclude", "tables.small"):
        return (*old, *(item for item in new if item not in old))
    return new


def _path_settings(values: Mapping[str, Value]) -> PathSettings:
    def get(name: str) -> Value:
        return values.get(name, BY_NAME[name].default)

    return PathSettings(
        dialect=get("dialect"),
        server_version=get("server-version"),
        runner=get("runner") or get("runner.name"),
        select=get("select"),
        extend_select=get("extend-select"),
        ignore=get("ignore"),
        severity=get("severity"),
        fail_on=get("fail-on"),
        exclude=(*get("exclude"), *get("extend-exclude")),
        force_exclude=get("force-exclude"),
        require_reason=get("require-reason"),
        foreign_directives=get("foreign-directives"),
        rule_paths=get("rule-paths"),
        code_paths=get("code-paths"),
        schema=get("schema"),
        default_schema=get("default-schema"),
        small_tables=frozenset(
            (*get("tables.small"), *(name for name, count in get("tables.rows").items() if count <= SMALL_ROWS))
        ),
        lock_timeout_ms=get("runner.lock-timeout"),
        statement_timeout_ms=get("runner.statement-timeout"),
        runner_transaction=get("runner.transaction"),
        timezone=get("server.timezone"),
        naming={
            name.partition(".")[2]: value
            for name in BY_NAME
            if name.startswith("naming.") and (value := get(name)) is not None
        },
        django_version=get("django-version"),
        django_settings=get("django.settings-module"),
        django_user_model=get("django.user-model"),
        django_auto_field=get("django.default-auto-field"),
        django_labels=get("django.labels"),
        helpers=get("python.helpers"),
    )


def _covers(override: Override, path: str) -> bool:
    relative = os.path.relpath(path, override.root).replace(os.sep, "/")
    return any(matches(pattern, relative) for pattern in override.files)
