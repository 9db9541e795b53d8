"""What `lint` and `effects` ask of the analysis: files, settings and what counts as one change."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from safecol.catalog import Catalog
from safecol.settings import PathSettings, Settings


class LintRequest(NamedTuple):
    """`files` are what discovery found, context included.

    `change_set` says which targets are one change: `all` (--base, --staged), `named` (files were named: those of a
    history that has earlier files are one change, a whole history is not), `each` (folders: each file for itself).
    `contents` overrides the text of files by absolute path (standard input, the index).
    `selected` gives the names of the rules that run on a path.
    """

    files: tuple[Any, ...]
    settings: Settings
    catalog: Catalog
    schema: str | None
    change_set: str
    contents: Mapping[str, str]
    selected: Callable[[str], frozenset[str]]


class EffectsRequest(NamedTuple):
    """As `LintRequest`; the text of `--sql` is in `contents` as the file `<sql>`."""

    files: tuple[Any, ...]
    settings: Settings
    schema: str | None
    contents: Mapping[str, str]


def selection(catalog: Catalog, chosen: PathSettings) -> frozenset[str]:
    """The rules that settings choose: the selected (or default) ones, plus, minus the ignored and those set to off.

    Without a selection, a severity switches a rule on that is off by default. Errors: UserError on an unknown name.
    """
    names = catalog.resolve(chosen.select) if chosen.select else set(catalog.defaults())
    names |= catalog.resolve(chosen.extend_select)
    off = catalog.resolve(chosen.ignore)
    for word, severity in chosen.severity.items():
        if severity == "off":
            off |= catalog.resolve([word])
        elif not chosen.select:
            names |= catalog.resolve([word])
    return frozenset(names - off)
