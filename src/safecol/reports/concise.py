"""Findings one a line, as compilers print them: `path:line:column: severity rule message`."""

from safecol.finding import Result
from safecol.reports import Options, Sources, on_one_line, plain, relative, words


def render(result: Result, sources: Sources, options: Options) -> str:
    """The findings in the order of the result, then the summary."""
    lines = words.files(result) if options.show_files else []
    if options.statistics:
        lines += words.statistics(result)
    else:
        for finding in result.findings:
            source = sources.get(finding.path)
            line, column = source.position(finding.span.start) if source else (1, 1)
            message = " ".join(plain(finding.message).split())
            path = on_one_line(relative(finding.path, options.root))
            lines.append(f"{path}:{line}:{column}: {finding.severity} {finding.rule} {message}")
    if not options.quiet:
        lines += words.summary(result, options)
    return "\n".join(lines) + "\n" if lines else ""
