"""Sentences that the readable formats share: the summary, the statistics, the files."""

from safecol.finding import SEVERITIES, Result
from safecol.reports import Options, on_one_line, plain, plural

_MOST_PLACES = 3


def summary(result: Result, options: Options) -> list[str]:
    """The closing lines: what was found, what was read, what was not, and what was assumed."""
    counts = [plural(result.count(severity), severity) for severity in SEVERITIES if result.count(severity)]
    if counts:
        found = "Found " + (" and ".join(counts) if len(counts) < 3 else f"{counts[0]}, {counts[1]} and {counts[2]}")
    else:
        found = "Nothing found" if result.targets else "Nothing to check"
    read = f"{plural(result.targets, 'migration')} checked ({plural(result.statements, 'statement')})"
    context = f", {result.context} more read as context" if result.context else ""
    left = f"{len(result.suppressed)} suppressed, {len(result.unanalyzed)} not analysed"
    lines = [f"{found}: {read}{context}; {left}."]
    lines += _coverage(result)
    lines += [on_one_line(said[:1].upper() + said[1:]) for said in (*result.guesses, *result.notes)]
    if options.verbose:
        lines += [f"Not analysed: {on_one_line(one.path)}: {plain(one.reason)}" for one in result.unanalyzed]
    return lines


def _coverage(result: Result) -> list[str]:
    """How much of the migrations in Python was understood, and where the first of the rest stands."""
    if result.coverage is None:
        return []
    operations, understood = result.coverage
    line = f"Coverage: {understood}/{operations} operations understood"
    if understood == operations:
        return [f"{line}."]
    places = []
    for one in result.unanalyzed:
        if one.path.endswith(".py"):
            source = result.texts.get(one.path)
            number = f":{source.position(one.span.start)[0]}" if source is not None else ""
            places.append(on_one_line(f"{one.path}{number} ({plain(one.reason)})"))
    shown = "; ".join(places[:_MOST_PLACES])
    more = f"; {len(places) - _MOST_PLACES} more with --verbose" if len(places) > _MOST_PLACES else ""
    return [f"{line}; {operations - understood} unresolved: {shown}{more}."]


def statistics(result: Result) -> list[str]:
    """One line a rule, the most frequent first."""
    counts: dict[tuple[str, str], int] = {}
    for finding in result.findings:
        key = (finding.rule, finding.severity)
        counts[key] = counts.get(key, 0) + 1
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [f"{count:>5}  {severity:<7}  {rule}" for (rule, severity), count in ordered]


def files(result: Result) -> list[str]:
    """One line a file: what it was used for, and how it was understood."""
    rows = []
    for use in result.files:
        about = ", ".join(part for part in (use.runner, use.dialect, use.note) if part)
        rows.append(f"{use.role:<8} {on_one_line(use.path)}" + (f"  ({plain(about)})" if about else ""))
    return rows
