"""A file and what was masked in it come in; what stands in the file for each name that masking made goes out."""

from collections.abc import Iterable

from safecol.trace import Placeholder


def originals(text: str, placeholders: Iterable[Placeholder]) -> dict[str, str]:
    """The names that were made of placeholders, each with what stands in the file: `s_________t` is `{{prefix}}t`."""
    found: dict[str, str] = {}
    for span, kind, shown in placeholders:
        if kind not in {"template", "variable"} or "\n" in shown:
            continue
        start, end = span
        while start and (text[start - 1].isalnum() or text[start - 1] in "_$"):
            start -= 1
        while end < len(text) and (text[end].isalnum() or text[end] in "_$"):
            end += 1
        left, right = text[start : span.start], text[span.end : end]
        masked = ("_" if left else "s") + "_" * (span.end - span.start - 1)
        found.setdefault(f"{left}{masked}{right}".lower(), f"{left}{shown}{right}")
    return found
