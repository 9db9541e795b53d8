"""The small tables of the server's own catalogs, read once from `rules/postgresql`."""

from functools import cache
from typing import Any

# Newer servers are judged as the newest that was measured, older ones as the oldest.
OLDEST, NEWEST = 12, 18


@cache
def table(name: str) -> Any:
    """The content of `rules/postgresql/<name>.json`."""
    import json
    import os

    from safecol.catalog import rules_folder

    with open(os.path.join(rules_folder(), "postgresql", f"{name}.json"), encoding="utf-8") as file:
        return json.load(file)


def holds(span: str, version: int) -> bool:
    """Whether a version is within a span as the tables write it: `13-18`."""
    first, last = span.split("-")
    return int(first) <= min(max(version, OLDEST), NEWEST) <= int(last)


@cache
def functions(kind: str) -> dict[str, str]:
    """Built-in function names of a kind (`volatile`, `other`), each with the span of versions that have it."""
    return {name: span for span, names in table("volatility")[kind].items() for name in names.split()}


@cache
def extension_functions(kind: str) -> frozenset[str]:
    """Functions of well-known extensions that are `volatile` or `constant`."""
    return frozenset(table("volatility")["extension"][kind].split())


@cache
def casts(kind: str, version: int) -> frozenset[tuple[str, str]]:
    """Pairs of built-in types (source, target): `binary` (same bytes), `assignment` (without USING), `explicit`."""
    return frozenset(
        (source, target)
        for span, rows in table("casts")[kind].items()
        if holds(span, version)
        for source, targets in rows.items()
        for target in targets.split()
    )
