"""Findings for a reader: the place, what happens to whom, and the safe stages."""

from safecol.finding import Finding, Result, Stage
from safecol.reports import Options, Sources, on_one_line, plain, plural, relative, words
from safecol.reports.snippet import snippet

STYLES = {"error": "31", "warning": "33", "note": "36", "bold": "1", "edge": "34", "good": "32", "dim": "2"}


def render(result: Result, sources: Sources, options: Options) -> str:
    """The findings in the order of the result, then the summary."""
    blocks = []
    if options.show_files and result.files:
        blocks.append("\n".join(words.files(result)) + "\n")
    if options.statistics:
        blocks.append("\n".join(words.statistics(result)) + "\n" if result.findings else "")
    else:
        blocks += [_finding(finding, sources, options) for finding in result.findings]
    if not options.quiet:
        lines = [line for text in words.summary(result, options) for line in wrap(text, options.width)]
        worst = next((finding.severity for finding in result.findings if finding.severity == "error"), "bold")
        lines[0] = paint(lines[0], worst if result.findings else "good", options)
        blocks.append("\n".join(lines) + "\n")
    return "\n".join(block for block in blocks if block)


def _finding(finding: Finding, sources: Sources, options: Options) -> str:
    head = f"{finding.severity}[{finding.rule}]: "
    first, *rest = wrap(head + plain(finding.message), options.width, "  ")
    lines = [paint(head[:-2], finding.severity, options) + paint(first[len(head) - 2 :], "bold", options)]
    lines += [paint(line, "bold", options) for line in rest]
    source = sources.get(finding.path)
    line, column = source.position(finding.span.start) if source else (1, 1)
    gutter = len(str(line)) + 1
    place = f"{on_one_line(relative(finding.path, options.root))}:{line}:{column}"
    lines.append(" " * gutter + paint("-->", "edge", options) + " " + place)
    if source is not None and not source.problem:
        gutter, shown = snippet(source, finding.span, options.width)
        for label, text, mark in shown:
            edge = paint(f"{label:>{gutter - 1}} |", "edge", options)
            lines.append(f"{edge} {paint(text, finding.severity, options) if mark else text}".rstrip())
    pad = " " * gutter
    for consequence in finding.consequence:
        lines += _item(pad, "=", plain(consequence), options)
    for message, place in _related(finding, sources, options).items():
        lines += _item(pad, "=", f"{plain(message)} ({place})", options)
    if finding.help and (options.verbose or not any(stage.sql for stage in finding.stages)):  # the stages are the help
        lines += _item(pad, "=", "help: " + plain(finding.help), options)
    if finding.stages:
        lines += ["", *_stages(finding.stages, pad, options)]
    if options.verbose:
        lines += _item(pad, "=", f"more: safecol explain {finding.rule}", options)
    return "\n".join(lines) + "\n"


def _related(finding: Finding, sources: Sources, options: Options) -> dict[str, str]:
    """Each sentence about other places once, with the places: lines of this file, paths of others."""
    lines: dict[str, list[str]] = {}
    places: dict[str, list[str]] = {}
    for related in finding.related:
        source = sources.get(related.path)
        number = str(source.position(related.span.start)[0]) if source else ""
        if related.path == finding.path and number:
            lines.setdefault(related.message, []).append(number)
        else:
            shown = on_one_line(relative(related.path, options.root))
            places.setdefault(related.message, []).append(f"{shown}:{number}" if number else shown)
    for message, numbers in lines.items():
        known = list(dict.fromkeys(numbers))
        label = "line " if len(known) == 1 else "lines "
        places.setdefault(message, []).insert(0, label + ", ".join(known))
    return {message: ", ".join(found) for message, found in places.items()}


def _item(pad: str, sign: str, text: str, options: Options) -> list[str]:
    first, *rest = wrap(text, options.width - len(pad) - 2)
    edge = paint(sign, "edge", options)
    label, colon, tail = first.partition(": ")
    if colon and label in ("help", "more"):
        first = paint(label + ":", "good", options) + " " + tail
    return [f"{pad}{edge} {first}", *(f"{pad}  {line}" for line in rest)]


def _stages(stages: tuple[Stage, ...], pad: str, options: Options) -> list[str]:
    count = sum(1 for stage in stages if stage.sql and not stage.kept)
    lines = [pad + paint("Instead:" if count < 2 else f"Instead, in {plural(count, 'stage')}:", "good", options)]
    number = 0
    for stage in stages:
        if stage.kept:
            told = f"{plain(stage.title).rstrip('.')}: {on_one_line(relative(stage.file, options.root))}"
            lines += [f"{pad}  -- {line}" for line in wrap(told, options.width - len(pad) - 5)]
            continue
        if not stage.sql and not stage.command:
            gate = stage.kind.capitalize()
            text = plain(stage.title).replace("**", "").removeprefix(gate).lstrip(" :")
            first, *rest = wrap(f"{gate} {text}".strip(), options.width - len(pad) - 5)
            lines.append(f"{pad}  -- {paint(gate, 'bold', options)}{first.removeprefix(gate)}")
            lines += [f"{pad}     {line}" for line in rest]
            continue
        number += 1
        title = _title(stage)
        mark = f"{number}."
        if stage.command and count:  # another way to go, no step after the others
            mark = "--"
        elif stage.command:
            title = title.removeprefix("Or ")
            title = title[:1].upper() + title[1:]
        first, *rest = wrap(title, options.width - len(pad) - 5) or [""]
        lines.append(f"{pad}  {mark} {first}".rstrip())
        lines += [f"{pad}     {line}" for line in rest]
        rows = [plain(row.rstrip()) for row in (stage.sql or stage.command).strip().splitlines()]
        if stage.source:
            from safecol.reports.python_code import python_code, written_out

            lines.append(f"{pad}     {paint(on_one_line(relative(stage.file, options.root)), 'edge', options)}")
            code = [plain(row) for row in python_code(stage.source)]
            lines += [f"{pad}       {paint(row, 'bold', options)}".rstrip() for row in code]
            if not written_out(rows, code):  # the SQL that a call stands for
                lines += [f"{pad}       {paint(f'# {row}', 'dim', options)}".rstrip() for row in rows]
            continue
        lines += [f"{pad}       {paint(row, 'bold', options)}".rstrip() for row in rows]
    return lines


def _title(stage: Stage) -> str:
    title = plain(stage.title)
    if stage.transaction or "transaction" in title:
        return title
    where = "outside a transaction, in a file of its own"
    return f"{title.rstrip('.:')} ({where})" if title else where.capitalize()


def paint(text: str, style: str, options: Options) -> str:
    """The text in a style's colour when colours are on."""
    return f"\x1b[{STYLES[style]}m{text}\x1b[0m" if options.color and text else text


def wrap(text: str, width: int, indent: str = "") -> list[str]:
    """The text in lines of at most `width` columns, broken at spaces; leading spaces are kept.

    A word that is longer than a line stays whole: paths and SQL must stay copyable.
    """
    lines, current = [], text[: len(text) - len(text.lstrip(" "))]
    fresh = True
    for word in text.split():
        if not fresh and len(current) + 1 + len(word) > max(width, 20):
            lines.append(current)
            current, fresh = indent, True
        current += word if fresh else " " + word
        fresh = False
    return [*lines, current] if current else lines or [""]
