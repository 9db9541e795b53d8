"""Findings and the text of their file come in; the text with comments that ignore them goes out."""

from collections.abc import Iterable, Mapping

from safecol.finding import Finding
from safecol.source import Span

_OF_DIRECTIVES = frozenset({"unused-suppression", "expired-suppression", "unknown-rule"})
"""What is wrong with directives is not solved by one more."""


def ignored(
    text: str, findings: Iterable[Finding], statements: Mapping[int, Span], mark: str, reason: str = ""
) -> tuple[str, int]:
    """The text with a directive above each statement that has findings, and how many were added.

    `statements` are the places of statements by number; what is about none of them is ignored for the whole file.
    `mark` begins a comment: `--` or `#`.
    """
    names: dict[int, dict[str, None]] = {}
    for finding in findings:
        if finding.rule not in _OF_DIRECTIVES:
            place = statements.get(finding.statement)
            names.setdefault(place.start if place is not None else -1, {})[finding.rule] = None
    ending = "\r\n" if "\r\n" in text else "\n"
    for at in sorted(names, reverse=True):
        verb = "ignore" if at >= 0 else "file-ignore"
        comment = f"{mark} safecol: {verb}[{', '.join(names[at])}] {reason}".rstrip()
        text = _at_top(text, comment, ending) if at < 0 else _above(text, at, comment, ending, own=mark == "#")
    return text, len(names)


def _above(text: str, at: int, comment: str, ending: str, *, own: bool) -> str:
    """The comment on the line above; between two statements of one line unless lines are whole (`own`)."""
    start = text.rfind("\n", 0, at) + 1
    before = text[start:at]
    indent = before[: len(before) - len(before.lstrip())]
    if own or not before.strip():
        return f"{text[:start]}{indent}{comment}{ending}{text[start:]}"
    return f"{text[:at].rstrip()}{ending}{indent}{comment}{ending}{indent}{text[at:]}"


def _at_top(text: str, comment: str, ending: str) -> str:
    """The comment as the first line, below one for the system (`#!`) or the encoding."""
    at = 0
    while text.startswith("#!", at) or (text.startswith("#", at) and "coding" in text[at : text.find("\n", at)]):
        at = text.find("\n", at) + 1
        if not at:
            return f"{text}{ending}{comment}{ending}"
    return f"{text[:at]}{comment}{ending}{text[at:]}"
