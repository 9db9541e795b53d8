"""A path pattern of the settings and a path come in; whether the pattern covers the path goes out."""

import re

from safecol.errors import UserError


def matches(pattern: str, relative: str) -> bool:
    """Whether a path pattern covers a relative POSIX path.

    `*` stays within a folder, `**` doesn't; a pattern without a slash matches any part of the path, and a pattern
    that names a folder covers what is in it.
    """
    text = pattern.removeprefix("./").rstrip("/")
    anchored = "/" in text
    body = "".join(_translate(part) for part in re.split(r"(\*\*/|\*\*|\*|\?|\[[^\]]+\])", text.lstrip("/")))
    prefix = "" if anchored else "(?:.*/)?"
    try:
        return re.fullmatch(f"{prefix}{body}(?:/.*)?", relative, re.DOTALL) is not None
    except re.error:
        raise UserError(f"{pattern}: not a path pattern", "correct what stands in the brackets") from None


def _translate(part: str) -> str:
    known = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    if part in known:
        return known[part]
    if part.startswith("[") and part.endswith("]"):
        return "[" + part[1:-1].replace("\\", "\\\\").replace("!", "^", part[1] == "!") + "]"
    return re.escape(part)
