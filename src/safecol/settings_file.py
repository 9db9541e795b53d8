"""Settings files: TOML comes in, validated values with their origin go out, or an error that names the key."""

import os
from collections.abc import Iterator, Mapping
from typing import Any

from safecol.errors import UserError
from safecol.settings import BY_NAME, EMPTY, FILE_NAMES, SECTIONS, SEVERITY_WORDS, Layer, Override, Setting, combine

UNITS = {"ms": 1, "s": 1000, "min": 60_000, "h": 3_600_000, "": 1}
EXPECTED = {
    "text": "a string",
    "expression": "a regular expression as a string",
    "path": "a string",
    "texts": "a list of strings",
    "paths": "a list of strings",
    "patterns": "a list of strings",
    "boolean": "true or false",
    "version": 'a version such as "16"',
    "duration": 'a duration such as "5s" or "500ms", or milliseconds as a number',
    "severities": "a table of rule = " + "|".join(f'"{word}"' for word in SEVERITY_WORDS),
    "rows": "a table of table = number of rows",
    "names": "a table of name = name",
}


def read_folder(folder: str) -> Layer | None:
    """The settings that a folder's own file holds; None when no file of the folder has any."""
    for name in FILE_NAMES:
        path = os.path.join(folder, name)
        if not os.path.isfile(path):
            # Settings that can't be read are not settings that don't exist.
            if os.path.lexists(path):
                raise UserError(
                    f"{_shown(path)}: not a file that can be read", "repair or remove it, or use --isolated"
                )
            continue
        if name != "pyproject.toml" or _mentions(path):
            layer = read_file(path)
            if layer is not EMPTY:
                return layer
    return None


def _mentions(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            return b"tool.safecol" in file.read()
    except OSError as error:
        raise UserError(f"{_shown(path)}: {error.strerror or error}", "make it readable, or use --isolated") from None


def read_file(path: str, seen: tuple[str, ...] = ()) -> Layer:
    """The settings of one file; `EMPTY` for a pyproject.toml without `[tool.safecol]`."""
    shown = _shown(path)
    if path in seen:
        raise UserError(f"{shown}: extend leads back to this file", "remove one of the extend keys")
    data = _parse(path, shown)
    if os.path.basename(path) == "pyproject.toml":
        tools = data.get("tool", {})
        tool = tools.get("safecol") if isinstance(tools, dict) else None
        if tool is None:
            return EMPTY
        if not isinstance(tool, dict):
            raise UserError(f"{shown}: tool.safecol must be a table", "write [tool.safecol]")
        data = tool
    root = os.path.dirname(path)
    layer = _layer(data, shown, root)
    target = layer.values.get("extend")
    if target is None:
        return layer
    if not os.path.isfile(target):
        raise UserError(f"{shown}: extend names {_shown(target)}, which does not exist", "correct the path")
    base = read_file(target, (*seen, path))
    values = dict(base.values)
    for name, value in layer.values.items():
        values[name] = combine(name, values.get(name), value)
    return Layer(values, {**base.origins, **layer.origins}, (*base.overrides, *layer.overrides))


def _parse(path: str, shown: str) -> dict[str, Any]:
    import tomllib

    from safecol.frontends.reading import read_source

    source = read_source(path)
    if source.problem:
        raise UserError(f"{shown}: {source.problem}", "--config takes a settings file or KEY=VALUE")
    try:
        return tomllib.loads(source.text)
    except (ValueError, RecursionError) as error:
        line, reason = toml_problem(source.text, error)
        raise UserError(f"{shown}:{line}: not valid TOML: {reason}", "correct the line") from None


def toml_problem(text: str, error: Exception) -> tuple[int, str]:
    """The line (1-based) and the reason of an error that reading TOML ended with."""
    import re

    reason = "nested too deeply" if isinstance(error, RecursionError) else str(error).partition(";")[0]
    found = re.search(r" \(at (?:line (\d+), column (\d+)|end of document)\)$", reason)
    if found is None:
        return 1, reason
    last = text.rstrip().count("\n") + 1
    column = f" (column {found[2]})" if found[2] else ""
    return int(found[1] or last), reason[: found.start()] + column


def parse_argument(argument: str) -> Mapping[str, Any]:
    """The values of `--config KEY=VALUE`; VALUE is TOML, and a bare word counts as a string."""
    import tomllib

    name, _, value = argument.partition("=")
    try:
        data = tomllib.loads(argument)
    except (ValueError, RecursionError):
        quoted = value.strip().replace("\\", "\\\\").replace('"', '\\"')
        try:
            data = tomllib.loads(f'{name} = "{quoted}"')
        except ValueError as error:
            raise UserError(f"--config {argument}: {error}", "write KEY=VALUE with VALUE as in TOML") from None
    layer = _layer(data, "--config", os.getcwd())
    if layer.overrides or "extend" in layer.values:
        raise UserError(f"--config {name.strip()}: only a file can have this", "write a file, and give --config FILE")
    return layer.values


def _layer(data: Mapping[str, Any], shown: str, root: str) -> Layer:
    values: dict[str, Any] = {}
    overrides: list[Override] = []
    for name, raw in _flatten(data, shown):
        if name == "overrides":
            overrides = list(_overrides(raw, shown, root))
            continue
        values[name] = _value(_setting(name, shown), raw, shown, root)
    return Layer(values, dict.fromkeys(values, shown), tuple(overrides))


def _flatten(data: Mapping[str, Any], shown: str) -> Iterator[tuple[str, Any]]:
    for key, raw in data.items():
        if key in SECTIONS and isinstance(raw, dict):
            yield from ((f"{key}.{inner}", value) for inner, value in raw.items())
        elif key in SECTIONS and key not in BY_NAME:
            raise UserError(f"{shown}: {key} must be a table, not {_described(raw)}", f"write [{key}]")
        else:
            yield key, raw


def _overrides(raw: Any, shown: str, root: str) -> Iterator[Override]:
    if not isinstance(raw, list) or not all(isinstance(entry, dict) for entry in raw):
        raise UserError(f"{shown}: overrides must be a list of tables", "write [[overrides]] with files = […]")
    for number, entry in enumerate(raw, 1):
        place = f"{shown}: overrides {number}"
        files = entry.get("files")
        if not isinstance(files, list) or not files or not all(isinstance(item, str) for item in files):
            raise UserError(f"{place}: files must be a list of path patterns", 'write files = ["db/legacy/**"]')
        values = {}
        for name, value in _flatten({key: entry[key] for key in entry if key != "files"}, place):
            setting = _setting(name, place)
            if not setting.by_path:
                raise UserError(f"{place}: {name} can't be set by path", f"set {name} at the top of the file")
            values[name] = _value(setting, value, place, root)
        yield Override(tuple(files), root, values, f"{shown} (overrides {number})")


def _setting(name: str, shown: str) -> Setting:
    setting = BY_NAME.get(name)
    if setting is not None:
        return setting
    import difflib

    spelled = name.replace("_", "-")
    known = [*BY_NAME, "overrides"]
    near = [spelled] if spelled in known else difflib.get_close_matches(spelled, known, 1, 0.5)
    hint = f"did you mean {near[0]}?" if near else "safecol lint --show-settings lists the settings"
    raise UserError(f"{shown}: unknown setting {name}", hint)


def _value(setting: Setting, raw: Any, shown: str, root: str) -> Any:
    kind = setting.kind
    if setting.name in ("runner", "runner.name") and isinstance(raw, str):
        return _runner(raw, shown)
    if kind in ("text", "path") and isinstance(raw, str):
        return raw if kind == "text" else os.path.normpath(os.path.join(root, raw))
    if kind == "expression" and isinstance(raw, str):
        return _expression(setting, raw, shown)
    if kind == "patterns" and isinstance(raw, list) and all(isinstance(item, str) for item in raw):
        return tuple((root, item) for item in raw)
    if kind in ("texts", "paths") and isinstance(raw, list) and all(isinstance(item, str) for item in raw):
        return tuple(raw if kind == "texts" else (os.path.normpath(os.path.join(root, item)) for item in raw))
    if kind == "boolean" and isinstance(raw, bool):
        return raw
    if kind == "choice" and isinstance(raw, str):
        return _choice(setting, raw, shown)
    if kind == "version" and isinstance(raw, (str, int)) and not isinstance(raw, bool) and _is_version(str(raw)):
        return str(raw)
    if kind == "duration" and (duration := milliseconds(raw)) is not None:
        return duration
    if kind == "severities" and isinstance(raw, dict):
        for rule, word in raw.items():
            if word not in SEVERITY_WORDS:
                raise UserError(
                    f"{shown}: severity.{rule} must be one of {', '.join(SEVERITY_WORDS)}, not {_described(word)}",
                    "correct the value",
                )
        return dict(raw)
    if kind == "rows" and isinstance(raw, dict) and all(type(count) is int and count >= 0 for count in raw.values()):
        return dict(raw)
    if kind == "names" and isinstance(raw, dict) and all(isinstance(name, str) for name in raw.values()):
        return dict(raw)
    expected = EXPECTED.get(kind, "one of " + ", ".join(setting.choices))
    raise UserError(f"{shown}: {setting.name} must be {expected}, not {_described(raw)}", setting.doc)


def _expression(setting: Setting, raw: str, shown: str) -> str:
    import re

    try:
        re.compile(raw.replace("{table}", "t").replace("{columns}", "c"))
    except re.error as error:
        raise UserError(f"{shown}: {setting.name} is no regular expression: {error}", "correct the pattern") from None
    return raw


def _runner(raw: str, shown: str) -> str:
    from safecol.runners.table import RUNNERS

    known = tuple(RUNNERS)
    if raw in known:
        return raw
    import difflib

    near = difflib.get_close_matches(raw.lower(), known, 1)
    hint = f"did you mean {near[0]}?" if near else f"one of {', '.join(known)}; plain for any other"
    raise UserError(f"{shown}: unknown runner {raw}", hint)


def _choice(setting: Setting, raw: str, shown: str) -> str:
    aliases = {"postgres": "postgresql", "pg": "postgresql"} if setting.name == "dialect" else {}
    word = aliases.get(raw.lower(), raw)
    if word in setting.choices:
        return word
    raise UserError(
        f"{shown}: {setting.name} must be one of {', '.join(setting.choices)}, not {_described(raw)}", setting.doc
    )


def check(name: str, raw: Any, shown: str) -> Any:
    """A value of the command line as the setting's own value; `shown` is the flag for messages."""
    return _value(BY_NAME[name], raw, shown, os.getcwd())


def milliseconds(raw: Any) -> int | None:
    """A duration in milliseconds; None when it isn't one."""
    if isinstance(raw, bool) or not isinstance(raw, (int, str)):
        return None
    if isinstance(raw, int):
        return raw if raw >= 0 else None
    text = raw.strip()
    digits = text.rstrip("abcdefghijklmnopqrstuvwxyz ")
    unit = text[len(digits) :].strip()
    return int(digits) * UNITS[unit] if digits.isascii() and digits.isdigit() and unit in UNITS else None


def _is_version(text: str) -> bool:
    return bool(text) and all(part.isascii() and part.isdigit() and len(part) < 10 for part in text.split("."))


def _described(raw: Any) -> str:
    words = {bool: "a boolean", int: "a number", float: "a number", list: "a list", dict: "a table"}
    return words.get(type(raw), f'"{raw}"')


def _shown(path: str) -> str:
    relative = os.path.relpath(path)
    return path if relative.startswith(os.pardir + os.sep + os.pardir) else relative.replace(os.sep, "/")
