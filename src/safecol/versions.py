"""Server versions and ranges of them: `16.2` against `>=14,<18` gives yes or no."""

import re

from safecol.patterns import lazy

Version = tuple[int, ...]

_CLAUSE = lazy(r"\s*(>=|<=|<|>|==)?\s*(\d+(?:\.\d+)*)\s*")


def parse(version: str) -> Version:
    """`"8.0.16"` is `(8, 0, 16)`; text after the numbers (`-log`) is ignored, an unreadable version is empty."""
    found = re.match(r"\d{1,9}(?:\.\d{1,9})*", version.strip())
    return tuple(int(part) for part in found[0].split(".")) if found else ()


def is_range(text: str) -> bool:
    """Whether the text is a range: comparisons joined by commas, all of which must hold."""
    return all(_CLAUSE.fullmatch(clause) for clause in text.split(","))


def contains(text: str, version: str) -> bool:
    """Whether a version lies in a range; an unknown version (empty) lies in every one.

    A bound speaks for as many numbers as it has: `16.2` is `==16` and `<17`, and not `>16`.
    """
    known = parse(version)
    if not known:
        return True
    return all(_holds(clause, known) for clause in text.split(","))


def _holds(clause: str, known: Version) -> bool:
    found = _CLAUSE.fullmatch(clause)
    if not found:
        return False
    bound = parse(found[2])
    shown = (*known, *(0,) * len(bound))[: len(bound)]
    operator = found[1] or "=="
    if operator == ">=":
        return shown >= bound
    if operator == "<=":
        return shown <= bound
    if operator == "<":
        return shown < bound
    if operator == ">":
        return shown > bound
    return shown == bound
