"""Suppression comments of other linters: a comment comes in, what it hides goes out."""

import re

from safecol.patterns import lazy
from safecol.records import NamedTuple


class Foreign(NamedTuple):
    """`linter` is the prefix of aliases in rule pages; `names` is None for everything; `file` for a whole file."""

    linter: str
    names: tuple[str, ...] | None
    file: bool = False


_FORMS = (
    ("squawk", lazy(r"squawk-ignore(?P<file>-file)?(?=[\s:]|$):?(?P<names>.*)")),
    ("atlas", lazy(r"atlas:nolint(?=\s|$)(?P<names>.*)")),
    ("eugene", lazy(r"eugene:\s*ignore(?=[\s:]|$):?(?P<names>.*)")),
    ("noqa", lazy(r"noqa(?=[\s:]|$)(?P<names>.*)", re.IGNORECASE)),
)


def foreign(comment: str) -> Foreign | None:
    """What a comment of another linter hides; None when it isn't one."""
    text = comment.strip().removesuffix("*/").lstrip("-#/* \t").rstrip()
    for linter, form in _FORMS:
        found = form.match(text)
        if found is None:
            continue
        listed = found["names"].strip()
        if linter == "noqa" and listed.startswith(":"):
            listed = listed[1:].strip()
            if "=" in listed:  # `noqa: disable=all` switches ranges, which no directive here does
                return None
        elif linter == "noqa" and listed:
            return None
        names = tuple(re.findall(r"[\w:.-]+", listed))
        return Foreign(linter, names or None, bool(found.groupdict().get("file")))
    return None
