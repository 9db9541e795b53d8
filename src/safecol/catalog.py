"""Pages and tables of facts come in, from an index built with the package or from the files; a catalog goes out."""

import json
import os
from collections.abc import Iterable, Sequence
from typing import Any

from safecol.dialects import registry
from safecol.errors import UserError
from safecol.heads import CATEGORIES, DIALECTS, Rule, rule, suggestion
from safecol.records import NamedTuple

INDEX_VERSION = 3

Tables = dict[str, dict[str, Any]]
"""The content of `effects.toml` by dialect: `effect`, a list of rows; `locks`, modes with what they block; `words`."""


class Catalog(NamedTuple):
    """All rules, and the tables of effects.

    `rules` are ordered by name; a name may have one page a dialect. `aliases` maps an alias to rule names: another
    tool's check may be several rules here.
    """

    rules: tuple[Rule, ...]
    names: dict[str, tuple[Rule, ...]]
    aliases: dict[str, tuple[str, ...]]
    tables: Tables

    def rule(self, name: str, dialect: str = "any") -> Rule | None:
        """The page of a rule (name or alias) for a dialect: its own, its kin's, the one for any, or the first."""
        pages = self.names.get(self.aliases.get(name, (name,))[0], ())
        nearest = (dialect, registry.known(dialect).kin, "any", *registry.NAMES)
        return min(pages, key=lambda page: nearest.index(page.dialect), default=None)

    def for_dialect(self, dialect: str) -> tuple[Rule, ...]:
        """The rules of a dialect: its own pages, those of its kin and those for any; the nearest replaces others."""
        pages: dict[str, Rule] = {}
        for source in ("any", registry.known(dialect).kin, dialect):
            pages.update((page.name, page) for page in self.rules if page.dialect == source)
        return tuple(page for page in self.rules if pages.get(page.name) is page)

    def resolve(self, names: Iterable[str]) -> set[str]:
        """Rule names for rule names, aliases, categories and `ALL`; raises UserError with the nearest known name."""
        chosen: set[str] = set()
        for name in names:
            if name == "ALL":
                chosen.update(self.names)
            elif name in self.names:
                chosen.add(name)
            elif name in self.aliases:
                chosen.update(self.aliases[name])
            elif name in CATEGORIES:
                chosen.update(page.name for page in self.rules if page.category == name)
            else:
                raise UserError(f"Unknown rule `{name}`", self.nearest(name))
        return chosen

    def nearest(self, name: str) -> str:
        """A hint with the nearest known rule, alias or category."""
        return suggestion(name, (*self.names, *self.aliases, *CATEGORIES)) or "`safecol rules` lists the rules"

    def defaults(self) -> set[str]:
        """The names of the rules that are on unless settings say otherwise."""
        return {page.name for page in self.rules if page.severity != "off"}

    def effects(self, dialect: str) -> list[dict[str, Any]]:
        """The rows of `rules/<dialect>/effects.toml`, in order; empty when there is no such table."""
        rows: list[dict[str, Any]] = self.tables.get(dialect, {}).get("effect", [])
        return rows

    def locks(self, dialect: str) -> dict[str, list[str]]:
        """The lock modes of a dialect, weakest first, with what waits for each: `reads`, `writes`."""
        modes: dict[str, list[str]] = self.tables.get(dialect, {}).get("locks", {})
        return modes

    def lock_words(self, dialect: str) -> dict[str, str]:
        """What other sessions notice of each lock mode of a dialect, in words."""
        words: dict[str, str] = self.tables.get(dialect, {}).get("words", {})
        return words


def load(rule_paths: Sequence[str] = ()) -> Catalog:
    """The catalog of the built-in pages and those under `rule_paths` (files or folders); raises UserError."""
    rules, tables = _built_in(rules_folder())
    for path in rule_paths:
        rules.extend(users_pages(path))
    return _catalog(rules, tables)


def rules_folder() -> str:
    """Where the pages are: package data, or the checkout's `rules/`."""
    packaged = _packaged()
    return packaged if os.path.isdir(packaged) else os.path.abspath(os.path.join(packaged, "../../../rules"))


def index(folder: str) -> str:
    """The JSON text of the index of a folder of pages: what `load` reads instead of the pages."""
    rules, tables = _parsed(folder)
    heads = [page._replace(path=os.path.relpath(page.path, folder).replace(os.sep, "/")) for page in rules]
    return json.dumps({"version": INDEX_VERSION, "rules": heads, "effects": tables}, separators=(",", ":"))


def page_text(page: Rule) -> str:
    """The whole text of a rule's page."""
    return _read(page.path)


def users_pages(path: str) -> list[Rule]:
    """The rules of the pages at a path; a folder is searched to the bottom. Raises UserError."""
    if not os.path.exists(path):
        raise UserError(f"rule-paths: `{path}` doesn't exist", "Name a page or a folder of pages")
    if not os.path.isdir(path):
        return [_user_page(path)]
    files = sorted(os.path.join(folder, name) for folder, _, names in os.walk(path) for name in names)
    return [_user_page(file) for file in files if file.endswith(".md") and not file.lower().endswith("readme.md")]


def located(path: str) -> str:
    """The one name of a file or folder: absolute, without links, with forward slashes."""
    return os.path.realpath(path).replace(os.sep, "/")


def _user_page(path: str) -> Rule:
    folder = os.path.basename(os.path.dirname(os.path.abspath(path)))
    return rule(path, _stem(path), folder if folder in DIALECTS else "any", _read(path))


def _packaged() -> str:
    return os.path.join(os.path.dirname(os.path.abspath(__file__)), "rules")


def _built_in(folder: str) -> tuple[list[Rule], Tables]:
    built = os.path.join(folder, "index.json")
    try:
        # An installed package's files have the times of the installation, so only a checkout's are compared.
        if folder == _packaged() or os.stat(built).st_mtime >= _newest(folder):
            with open(built, "rb") as file:
                read = json.loads(file.read())
            if read["version"] == INDEX_VERSION:
                return [_indexed(head, folder) for head in read["rules"]], read["effects"]
    except FileNotFoundError:
        pass
    return _parsed(folder)


def _indexed(head: list[Any], folder: str) -> Rule:
    found = Rule._make(head)
    return found._replace(aliases=tuple(found.aliases), covers=tuple(found.covers), path=f"{folder}/{found.path}")


def _newest(folder: str) -> float:
    return max((os.stat(path).st_mtime for dialect in DIALECTS for path in _files(folder, dialect)), default=0.0)


def _files(folder: str, dialect: str) -> list[str]:
    try:
        return sorted(f"{folder}/{dialect}/{name}" for name in os.listdir(os.path.join(folder, dialect)))
    except (FileNotFoundError, NotADirectoryError):
        return []


def _parsed(folder: str) -> tuple[list[Rule], Tables]:
    import tomllib

    rules, tables = [], {}
    for dialect in DIALECTS:
        for path in _files(folder, dialect):
            if path.endswith(".md"):
                rules.append(rule(path, _stem(path), dialect, _read(path)))
            elif path.endswith("/effects.toml"):
                try:
                    tables[dialect] = tomllib.loads(_read(path))
                except tomllib.TOMLDecodeError as error:
                    raise UserError(f"{path}: not TOML: {error}") from None
    return rules, tables


def _stem(path: str) -> str:
    return os.path.basename(path).removesuffix(".md")


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: can't be read: {error}") from None


def _catalog(rules: list[Rule], tables: Tables) -> Catalog:
    names: dict[str, tuple[Rule, ...]] = {}
    aliases: dict[str, tuple[str, ...]] = {}
    for page in sorted(rules, key=lambda each: (each.name, each.dialect)):
        earlier = names.get(page.name, ())
        if earlier and earlier[-1].dialect == page.dialect:
            raise UserError(f"{page.path}: `{page.name}` is a rule already: {earlier[-1].path}", "Rename the file")
        names[page.name] = (*earlier, page)
    for pages in names.values():
        for page in pages:
            for alias in page.aliases:
                if alias in names:
                    raise UserError(f"{page.path}: the alias `{alias}` is a rule's name")
                earlier_names = aliases.get(alias, ())
                if page.name not in earlier_names:
                    aliases[alias] = (*earlier_names, page.name)
    return Catalog(tuple(page for pages in names.values() for page in pages), names, aliases, tables)
