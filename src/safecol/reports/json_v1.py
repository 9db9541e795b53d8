"""Results and effects as JSON, version 1: fields are only ever added."""

from json import dumps
from json.encoder import encode_basestring_ascii
from typing import Any

from safecol.effect import Effect
from safecol.finding import Finding, Result, Stage, fingerprints
from safecol.reports import Options, Sources, relative
from safecol.source import Source, Span

VERSION = 1


def render(result: Result, sources: Sources, options: Options) -> str:
    """One JSON document with everything that the run found."""
    tool = {"name": "safecol", "version": options.version}
    document = {"version": VERSION, "tool": tool, **values(result, sources, options)}
    return _indented(document) + "\n"


def _indented(value: Any, margin: str = "\n") -> str:
    """As `json.dumps(value, indent=2)`, which indents in a slower way than it writes."""
    if isinstance(value, str):
        return encode_basestring_ascii(value)
    if type(value) is int:
        return str(value)
    inner = margin + "  "
    if value and isinstance(value, list):
        return f"[{inner}{f',{inner}'.join([_indented(one, inner) for one in value])}{margin}]"
    if value and isinstance(value, dict):
        parts = [f"{encode_basestring_ascii(name)}: {_indented(one, inner)}" for name, one in value.items()]
        return f"{{{inner}{f',{inner}'.join(parts)}{margin}}}"
    return "null" if value is None else "[]" if value == [] else dumps(value)


def values(result: Result, sources: Sources, options: Options) -> dict[str, Any]:
    """The document without its head, as plain values."""
    marks = fingerprints(result.findings)
    return {
        "summary": {
            "targets": result.targets,
            "context": result.context,
            "statements": result.statements,
            "errors": result.count("error"),
            "warnings": result.count("warning"),
            "notes": result.count("note"),
            "suppressed": len(result.suppressed),
            "unanalyzed": len(result.unanalyzed),
            **_coverage(result),
        },
        "findings": [
            _finding(finding, mark, sources, options) for finding, mark in zip(result.findings, marks, strict=True)
        ],
        "unanalyzed": [
            {
                "path": relative(one.path, options.root),
                "line": region(sources.get(one.path), one.span)["line"],
                "reason": one.reason,
            }
            for one in result.unanalyzed
        ],
        "assumptions": list(result.guesses),
        "notes": list(result.notes),
        **({"files": [use._asdict() for use in result.files]} if options.show_files else {}),
    }


def _coverage(result: Result) -> dict[str, Any]:
    if result.coverage is None:
        return {}
    operations, understood = result.coverage
    return {"coverage": {"operations": operations, "understood": understood}}


def _finding(finding: Finding, mark: str, sources: Sources, options: Options) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "severity": finding.severity,
        "category": finding.category,
        "message": finding.message,
        "help": finding.help,
        "consequence": list(finding.consequence),
        "url": finding.url,
        "path": relative(finding.path, options.root),
        **region(sources.get(finding.path), finding.span),
        "dialect": finding.dialect,
        "server_version": finding.server_version,
        "runner": finding.runner,
        "direction": finding.direction,
        "statement": finding.statement,
        "operation": finding.operation,
        "table": finding.table,
        "column_name": finding.column,
        "effect": {**effect_values(finding.effect), "in_transaction": finding.in_transaction}
        if finding.effect
        else None,
        "related": [
            {
                "path": relative(one.path, options.root),
                **region(sources.get(one.path), one.span),
                "message": one.message,
            }
            for one in finding.related
        ],
        "fix": None,
        "stages": [_stage(stage, options) for stage in finding.stages],
        "fingerprint": mark,
    }


def _stage(stage: Stage, options: Options) -> dict[str, Any]:
    """A stage; `source` and `file` are there for migrations in another language, `command` for what a shell runs."""
    made: dict[str, Any] = {
        "title": stage.title,
        "sql": stage.sql,
        "transaction": stage.transaction,
        "kind": stage.kind,
    }
    if stage.command:
        made["command"] = stage.command
    return {**made, "source": stage.source, "file": relative(stage.file, options.root)} if stage.source else made


def region(source: Source | None, span: Span) -> dict[str, int]:
    """Lines and columns from 1, the end exclusive, and character offsets from 0."""
    line, column = source.position(span.start) if source else (1, 1)
    end_line, end_column = source.position(span.end) if source else (1, 1)
    return {
        "line": line,
        "column": column,
        "end_line": end_line,
        "end_column": end_column,
        "start": span.start,
        "end": span.end,
    }


def effect_values(effect: Effect) -> dict[str, Any]:
    """An effect as the fields that `effects` prints, but for those of the statement."""
    return {
        "locks": dict(effect.locks),
        "blocks": list(effect.blocks),
        "rewrite": list(effect.rewrite),
        "scan": list(effect.scan),
        "indexes_rebuilt": list(effect.rebuilt),
        "algorithm": effect.algorithm,
        "lock_clause": effect.lock_clause,
        "transaction_allowed": effect.transaction_allowed,
        "fails": {"when": effect.fails.when, "reason": effect.fails.reason} if effect.fails else None,
        "duration": effect.duration,
        "certain": effect.certain,
        "unknown": list(effect.unknown),
    }
