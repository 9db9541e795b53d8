"""Findings as SARIF 2.1.0 for code scanning."""

import os
from typing import Any
from urllib.parse import quote

from safecol.finding import SEVERITIES, Finding, Result, fingerprints
from safecol.reports import Options, RulePage, Sources, relative

LEVELS = {"error": "error", "warning": "warning", "note": "note"}
SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
MOST_RESULTS = 5000  # what code scanning keeps of a run
MOST_CHARACTERS = 1024


def render(result: Result, sources: Sources, options: Options) -> str:
    """One run with the rules that it names, the strongest 5,000 results, and the suppressed findings."""
    import json

    every = (*result.findings, *result.suppressed)
    hidden = [False] * len(result.findings) + [True] * len(result.suppressed)
    marked = list(zip(every, fingerprints(every), hidden, strict=True))
    marked.sort(key=lambda item: (item[2], SEVERITIES.index(item[0].severity)))
    kept = marked[:MOST_RESULTS]
    names = sorted({finding.rule for finding, _, _ in kept})
    index = {name: number for number, name in enumerate(names)}
    first = {finding.rule: finding for finding, _, _ in reversed(kept)}
    notifications = [
        {"level": "warning", "message": {"text": f"{one.path}: not analysed: {one.reason}"}}
        for one in result.unanalyzed
    ]
    notifications += [{"level": "note", "message": {"text": guess}} for guess in result.guesses]
    if len(marked) > MOST_RESULTS:
        text = f"{len(marked) - MOST_RESULTS} results beyond {MOST_RESULTS} were left out"
        notifications.append({"level": "warning", "message": {"text": text}})
    run = {
        "tool": {
            "driver": {
                "name": "safecol",
                "semanticVersion": options.version,
                "rules": [_rule(options.page(name), first[name]) for name in names],
            }
        },
        "columnKind": "unicodeCodePoints",
        "invocations": [{"executionSuccessful": True, "toolExecutionNotifications": notifications}],
        "results": [
            _result(finding, mark, suppressed, index=index, sources=sources, options=options)
            for finding, mark, suppressed in kept
        ],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rule(page: RulePage | None, finding: Finding) -> dict[str, Any]:
    title = page.title if page else finding.rule.replace("-", " ").capitalize()
    summary = (page.summary if page else "") or finding.help or title
    rule: dict[str, Any] = {
        "id": finding.rule,
        "name": finding.rule,
        "shortDescription": {"text": _short(title)},
        "fullDescription": {"text": _short(summary)},
        "help": {"text": finding.help or summary, "markdown": (page.markdown if page else "") or summary},
        "defaultConfiguration": {"level": LEVELS.get(page.severity if page else finding.severity, "warning")},
        "properties": {"tags": ["database", "migration", finding.category], "precision": "high"},
    }
    url = (page.url if page else "") or finding.url
    if url:
        rule["helpUri"] = url
    return rule


def _short(text: str) -> str:
    return text if len(text) <= MOST_CHARACTERS else text[: MOST_CHARACTERS - 3] + "..."


def _result(
    finding: Finding, mark: str, suppressed: bool, *, index: dict[str, int], sources: Sources, options: Options
) -> dict[str, Any]:
    message = "\n".join([finding.message, *finding.consequence, *([finding.help] if finding.help else [])])
    made: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": index[finding.rule],
        "level": LEVELS[finding.severity],
        "message": {"text": message},
        "locations": [_location(finding.path, finding.span, sources, options)],
        "partialFingerprints": {"safecol/v1": mark},
    }
    if finding.related:
        made["relatedLocations"] = [
            {"id": number, "message": {"text": one.message}, **_location(one.path, one.span, sources, options)}
            for number, one in enumerate(finding.related, 1)
        ]
    if suppressed:
        made["suppressions"] = [{"kind": "inSource", **({"justification": finding.reason} if finding.reason else {})}]
    return made


def _location(path: str, span: Any, sources: Sources, options: Options) -> dict[str, Any]:
    source = sources.get(path)
    line, column = source.position(span.start) if source else (1, 1)
    end_line, end_column = source.position(max(span.end, span.start)) if source else (1, 1)
    region = {"startLine": line, "startColumn": column, "endLine": end_line, "endColumn": end_column}
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": quote(os.fsencode(relative(path, options.root)), safe="/-._~")},
            "region": region,
        }
    }
