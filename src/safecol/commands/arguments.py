"""Arguments that verbs share: parsed flags come in, settings, paths and standard input go out."""

import os
import sys
from argparse import Namespace
from typing import Any

from safecol.errors import UserError
from safecol.settings import Settings
from safecol.settings_file import check

FLAGS = ("dialect", "server-version", "runner", "schema", "fail-on")
FILLED = ("base", "start-after", "files-from", "schema", "runner", "server-version", "output-file")
LISTS = ("select", "extend-select", "ignore")  # separated by commas, as are the patterns
PATTERNS = ("exclude", "extend-exclude")


def settings(arguments: Namespace) -> Settings:
    """The settings of a run: the flags over --config over the files."""
    given: dict[str, Any] = {}
    for name in FILLED:
        if getattr(arguments, name.replace("-", "_"), None) == "":
            # A script's variable that is unset: what it stood for must not be passed over.
            raise UserError(f"--{name}: the value is empty", "give a value, or leave the option out")
    for name in FLAGS:
        value = getattr(arguments, name.replace("-", "_"), None)
        if value is not None:
            given[name] = check(name, value, f"--{name}")
    for name in (*LISTS, *PATTERNS):
        values = getattr(arguments, name.replace("-", "_"), None)
        if values is None:
            continue
        words = tuple(word for value in values for word in map(str.strip, value.split(",")) if word)
        given[name] = tuple((os.getcwd(), word) for word in words) if name in PATTERNS else words
    if getattr(arguments, "force_exclude", False):
        given["force-exclude"] = True
    return Settings(given, tuple(arguments.config), isolated=arguments.isolated)


def shown(chosen: Settings, path: str) -> str:
    """The settings for a path and where each came from, one a line."""
    rows = chosen.shown(path)
    texts = [(row.name, _toml(row.value), row.origin) for row in rows]
    wide = max(len(name) for name, _, _ in texts)
    values = min(max(len(value) for _, value, _ in texts), 40)
    return "".join(f"{name:<{wide}} = {value:<{values}}  # {origin}\n" for name, value, origin in texts)


def _toml(value: Any) -> str:
    import json

    if value is None:
        return '""'
    if isinstance(value, dict):
        pairs = ", ".join(f"{json.dumps(key)} = {_toml(one)}" for key, one in value.items())
        return "{ " + pairs + " }" if pairs else "{}"
    return json.dumps(value, ensure_ascii=False)


def listed_paths(listing: str) -> list[str]:
    """The paths that --files-from names, one a line."""
    try:
        if listing == "-":
            text = stdin_text()
        else:
            with open(listing, encoding="utf-8") as file:
                text = file.read()
    except (OSError, UnicodeDecodeError) as error:
        hint = "name a readable text file, or - for standard input"
        reason = getattr(error, "strerror", None) or f"not UTF-8 text: {error.args[-1]}"
        raise UserError(f"--files-from {listing}: {reason}", hint) from None
    return [line for line in text.splitlines() if line.strip()]


def stdin_text() -> str:
    """The text on standard input; bytes that aren't UTF-8 are kept as they are."""
    if sys.stdin is None:
        raise UserError("standard input is closed", "pipe the text into it, or name a file")
    return sys.stdin.buffer.read().decode("utf-8-sig", "surrogateescape")


def read_schema(chosen: Settings) -> str | None:
    """The text of the schema dump that the settings name."""
    path = chosen.root.schema
    if path is None:
        return None
    from safecol.frontends.reading import read_source

    source = read_source(path)
    if source.problem:
        raise UserError(f"--schema {path}: {source.problem}", "name a schema dump as text, such as pg_dump -s writes")
    return source.text


def located(path: str) -> str:
    """The absolute path that a file is known by."""
    return os.path.abspath(path)
