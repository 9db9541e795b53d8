"""Findings as workflow commands of GitHub Actions: the strongest first, since a step shows about ten."""

from safecol.finding import SEVERITIES, Finding, Result
from safecol.reports import Options, Sources, plain, relative, words
from safecol.source import Source

COMMANDS = {"error": "error", "warning": "warning", "note": "notice"}


def render(result: Result, sources: Sources, options: Options) -> str:
    """One command a finding, then the summary as plain lines that can't be read as commands."""
    ordered = sorted(result.findings, key=lambda finding: SEVERITIES.index(finding.severity))
    lines = [_command(finding, sources.get(finding.path), options) for finding in ordered]
    if not options.quiet:
        lines += [" ".join(line.split()).replace("::", ": :") for line in words.summary(result, options)]
    return "\n".join(lines) + "\n" if lines else ""


def _command(finding: Finding, source: Source | None, options: Options) -> str:
    line, column = source.position(finding.span.start) if source else (1, 1)
    end_line, end_column = source.position(finding.span.end) if source else (1, 1)
    properties = {
        "title": f"safecol: {finding.rule}",
        "file": plain(relative(finding.path, options.root)),
        "line": str(line),
    }
    # Columns on a span of several lines make GitHub drop the annotation.
    if end_line == line:
        properties |= {"col": str(column), "endLine": str(end_line), "endColumn": str(max(end_column, column))}
    else:
        properties["endLine"] = str(end_line)
    listed = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    parts = [finding.message, *finding.consequence, *([f"Help: {finding.help}"] if finding.help else [])]
    return f"::{COMMANDS[finding.severity]} {listed}::{_data(plain(chr(10).join(parts)))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
