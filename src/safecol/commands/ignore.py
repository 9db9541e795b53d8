"""The findings of `lint --add-ignore` come in; their files are written with directives, and what was done goes out."""

from safecol.finding import Finding, Result
from safecol.reports import on_one_line, plural, relative


def add(result: Result, reason: str, root: str) -> str:
    """Write a directive for each finding into its file; the sentences that say so. Errors: OSError."""
    from safecol.ignoring import ignored

    by_path: dict[str, list[Finding]] = {}
    for finding in result.findings:
        by_path.setdefault(finding.path, []).append(finding)
    lines = []
    added = files = 0
    for path, findings in by_path.items():
        source = result.texts.get(path)
        encoding = _encoding(path, source.text) if source is not None and not source.problem else ""
        shown = on_one_line(relative(path, root))
        if source is None or not encoding:
            lines.append(f"{shown}: left as it is, its text isn't UTF-8 or isn't that of a file")
            continue
        mark = "#" if path.endswith(".py") else "--"
        text, count = ignored(source.text, findings, result.statements_of.get(path, {}), mark, reason)
        with open(path, "w", encoding=encoding, newline="") as file:
            file.write(text)
        added += count
        files += count > 0
    lines.append(f"Added {plural(added, 'directive')} in {plural(files, 'file')}")
    return "\n".join(lines) + "\n"


def _encoding(path: str, text: str) -> str:
    """How the file's bytes become its text; empty where it is another text, or there is no file."""
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError:
        return ""
    for encoding in ("utf-8", "utf-8-sig"):
        if text.encode(encoding, "replace") == data:
            return encoding
    return ""
