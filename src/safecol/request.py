"""What `lint` and `effects` ask of the analysis: files, settings and what counts as one change."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from safecol.catalog import Catalog
from safecol.errors import UserError
from safecol.records import NamedTuple
from safecol.settings import PathSettings, Settings


class LintRequest(NamedTuple):
    """`files` are what discovery found, context included.

    `change_set` says which targets are one change: `all` (--base, --staged), `named` (files were named: those of a
    history that has earlier files are one change, a whole history is not), `each` (folders: each file for itself).
    `contents` overrides the text of files by absolute path (standard input, the index).
    `selected` gives the names of the rules that run on a path. `jobs` is the number of processes that read many files:
    None takes the processors that there are. `edited` are the paths of targets that existed before the change.
    `sources` is whether stages of Python migrations get their source: formats that show none do without.
    `marks` is whether the places of statements are kept for who writes directives to them.
    `cache` is the folder of what was read before: "" is the usual one, None is to do without.
    """

    files: tuple[Any, ...]
    settings: Settings
    catalog: Catalog
    schema: str | None
    change_set: str
    contents: Mapping[str, str]
    selected: Callable[[str], frozenset[str]]
    jobs: int | None = None
    edited: frozenset[str] = frozenset()
    sources: bool = True
    marks: bool = False
    cache: str | None = None


class EffectsRequest(NamedTuple):
    """As `LintRequest`; the text of `--sql` is in `contents` as the file `<sql>`."""

    files: tuple[Any, ...]
    settings: Settings
    schema: str | None
    contents: Mapping[str, str]


def severities(catalog: Catalog, chosen: PathSettings) -> dict[str, str]:
    """Severities by rule name; a name counts more than an alias, and an alias more than a category."""
    found: dict[str, str] = {}
    rank = {word: (word in catalog.names) * 2 + (word in catalog.aliases) for word in chosen.severity}
    for word in sorted(chosen.severity, key=rank.__getitem__):
        found.update(dict.fromkeys(_resolved(catalog, "severity", [word]), chosen.severity[word]))
    return found


def selection(catalog: Catalog, chosen: PathSettings) -> frozenset[str]:
    """The rules that settings choose: the selected (or default) ones, plus, minus the ignored and those set to off.

    Without a selection, a severity switches a rule on that is off by default, and so do patterns of names theirs.
    Errors: UserError on an unknown name.
    """
    names = _resolved(catalog, "select", chosen.select) if chosen.select else set(catalog.defaults())
    if chosen.naming and not chosen.select:
        names.add("naming-pattern")
    names |= _resolved(catalog, "extend-select", chosen.extend_select)
    off = _resolved(catalog, "ignore", chosen.ignore)
    for word, severity in chosen.severity.items():
        if severity == "off":
            off |= _resolved(catalog, "severity", [word])
        elif not chosen.select:
            names |= _resolved(catalog, "severity", [word])
    return frozenset(names - off)


def _resolved(catalog: Catalog, setting: str, words: Iterable[str]) -> set[str]:
    try:
        return catalog.resolve(words)
    except UserError as error:
        raise UserError(f"{setting}: {error.message[:1].lower()}{error.message[1:]}", error.hint) from None
