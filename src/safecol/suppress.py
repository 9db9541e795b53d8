"""Suppressions: findings and the comments of a file come in; kept, suppressed and new findings go out.

`-- safecol: ignore[rule-a, rule-b] reason` on its own line covers the next statement, trailing a statement it covers
that one; `file-ignore[…]` above the first statement covers the file; `until=2027-01-31` makes either expire.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence

from safecol.catalog import Catalog
from safecol.finding import Finding
from safecol.foreign import foreign
from safecol.operations import Statement
from safecol.patterns import lazy
from safecol.records import NamedTuple
from safecol.settings import PathSettings
from safecol.source import Span

# These say that something was not read: only a directive that names them hides them.
UNREAD = frozenset({"syntax-error", "unanalyzed-statement"})
FOREIGN_WORDS = ("squawk-ignore", "atlas:nolint", "eugene:", "noqa")
_OPENING = lazy(r"\s*(?:--+|#+|/\*+)\s*safecol:\s*(?P<rest>.*)", re.DOTALL)
_DIRECTIVE = lazy(r"(?P<verb>[\w-]*)\s*(?:\[(?P<names>[^\]\n]*)\])?(?P<tail>.*)", re.DOTALL)
Report = Callable[[str, Span, str, str], None]  # rule, span, message, cure
_UNTIL = lazy(r"\buntil\s*=\s*(\S+?)(?=[\s,;]|$)")


class Directive(NamedTuple):
    """One comment that suppresses: `rules` is None for every rule (other linters' form).

    `covers` are the numbers of statements, None the whole file; `within` narrows them to one statement of a body.
    `until` is a date as written, or empty.
    """

    span: Span
    rules: tuple[str, ...] | None
    covers: frozenset[int] | None
    reason: str = ""
    until: str = ""
    is_foreign: bool = False
    within: Span | None = None


class Applied(NamedTuple):
    """What suppressing left: `suppressed` carry their reason, `extra` are findings about the directives."""

    kept: tuple[Finding, ...]
    suppressed: tuple[Finding, ...]
    extra: tuple[Finding, ...]


def wanted(text: str, settings: PathSettings) -> bool:
    """Whether a file can hold directives at all, so that its comments are worth reading."""
    return "safecol:" in text or (settings.foreign_directives and any(word in text for word in FOREIGN_WORDS))


def apply(
    findings: Sequence[Finding],
    comments: Iterable[tuple[Span, str]],
    statements: Sequence[Statement],
    text: str,
    *,
    path: str,
    catalog: Catalog,
    settings: PathSettings,
    selected: frozenset[str],
    today: str = "",
) -> Applied:
    """Apply the directives of one file to its findings.

    `comments` are spans with their text, markers included. `selected` are the rules that ran: a suppression of a rule
    that didn't run is not called unused. `today` (YYYY-MM-DD) is the machine's date unless given.
    """
    ordered = sorted(statements, key=lambda statement: statement.span)
    directives: list[Directive] = []
    extra: list[Finding] = []

    def report(rule: str, span: Span, message: str, cure: str) -> None:
        page = catalog.rule(rule)
        if page is not None and rule not in selected:
            return
        severity = settings.severity.get(rule) or (page.severity if page else "warning")
        category = page.category if page else "convention"
        extra.append(Finding(rule, severity, category, message, path, span, help=cure))

    for span, comment in comments:
        opening = _OPENING.match(comment)
        if opening is None:
            if settings.foreign_directives:
                directives += _foreign(span, comment, ordered, text, catalog)
            continue
        made = _directive(span, opening["rest"], ordered, text, report)
        if made is None:
            continue
        known = _known(made, catalog, report)
        if settings.require_reason and not made.reason:
            report(
                "unused-suppression",
                span,
                "This suppression does not say why, and the settings require a reason: it is not applied",
                "Write the reason after the brackets",
            )
        elif made.until and made.until < (today or _today()):
            report(
                "expired-suppression" if catalog.rule("expired-suppression") else "unused-suppression",
                span,
                f"This suppression expired on {made.until}: it is not applied",
                "Solve what it hides, move the date, or remove the comment",
            )
        elif known:
            directives.append(made._replace(rules=known))

    kept, suppressed, used = _divided(findings, directives, ordered)
    for one in directives:
        for rule in () if one.is_foreign else one.rules or ():
            if (one.span, rule) not in used and rule in selected:
                where = "in this file" if one.covers is None else "in the statement that it covers"
                report(
                    "unused-suppression",
                    one.span,
                    f"This suppression of `{rule}` hides nothing: the rule finds nothing {where}",
                    "Remove the rule from the brackets, or the comment",
                )
    return Applied(tuple(kept), tuple(suppressed), tuple(extra))


def _divided(
    findings: Sequence[Finding], directives: Sequence[Directive], ordered: Sequence[Statement]
) -> tuple[list[Finding], list[Finding], set[tuple[Span, str]]]:
    """The findings that stay, those that directives hide, and which rule of which directive hid some."""
    kept, suppressed = [], []
    used: set[tuple[Span, str]] = set()
    everywhere = [one for one in directives if one.covers is None]
    by_statement: dict[int, list[Directive]] = {}
    for one in directives:
        for number in one.covers or ():
            by_statement.setdefault(number, []).append(one)
    for finding in findings:
        near = [*everywhere, *by_statement.get(finding.statement, ())] if finding.statement else directives
        hiding = [one for one in near if _hides(one, finding, ordered)]
        if not hiding:
            kept.append(finding)
            continue
        suppressed.append(finding._replace(reason=hiding[0].reason))
        used |= {(one.span, finding.rule) for one in hiding}
    return kept, suppressed, used


def _directive(span: Span, rest: str, ordered: Sequence[Statement], text: str, report: Report) -> Directive | None:
    found = _DIRECTIVE.match(rest.strip().removesuffix("*/").rstrip())
    verb = found["verb"] if found else ""
    if found is None or verb not in ("ignore", "file-ignore"):
        report(
            "unused-suppression",
            span,
            f"`{verb}` is not a directive of safecol: this comment does nothing",
            "Write `safecol: ignore[rule] reason` or `safecol: file-ignore[rule] reason`",
        )
        return None
    listed = found["names"] or ""
    ends = _UNTIL.search(listed) or _UNTIL.search(found["tail"])
    names = tuple(word for word in _UNTIL.sub("", listed).replace(",", " ").split() if word)
    if not names:
        report(
            "unknown-rule",
            span,
            f"This suppression names no rule: it is not applied. `{verb}` hides nothing without names",
            f"Name what it hides: `safecol: {verb}[rule-a, rule-b] reason`",
        )
        return None
    until = ends[1].strip("]") if ends else ""
    if until and not _is_date(until):
        report(
            "unused-suppression",
            span,
            f"`until={until}` is not a date: this suppression is not applied",
            "Write the date as `until=2027-01-31`",
        )
        return None
    reason = " ".join(_UNTIL.sub("", found["tail"]).split()).lstrip(":- ").strip()
    if verb == "ignore":
        return Directive(span, names, covered(span, ordered, text), reason, until, within=_inside(span, ordered, text))
    if ordered and span.start > ordered[0].span.start:
        report(
            "unused-suppression",
            span,
            "`file-ignore` stands below the first statement: it is not applied",
            "Move it to the top of the file, or write `ignore` for one statement",
        )
        return None
    return Directive(span, names, None, reason, until)


def covered(span: Span, ordered: Sequence[Statement], text: str) -> frozenset[int]:
    """The numbers of the statements that a comment covers: its own line's when it trails, else the next one."""
    line_start = text.rfind("\n", 0, span.start) + 1
    if text[line_start : span.start].strip():
        return frozenset(one.number for one in ordered if one.span.start < span.start and one.span.end >= line_start)
    following = _ending_after(span.start, ordered)
    if following is None:
        return frozenset()
    # One call of a Python migration may send several statements.
    return frozenset(one.number for one in ordered if one.span == following.span)


def _ending_after(at: int, ordered: Sequence[Statement]) -> Statement | None:
    number = bisect_right(ordered, at, key=lambda one: one.span.end)
    return ordered[number] if number < len(ordered) else None


def _inside(span: Span, ordered: Sequence[Statement], text: str) -> Span | None:
    """The place of the statement of a body that a comment in the body covers; None for a comment outside of bodies."""
    around = _ending_after(span.start, ordered)
    if around is None or around.span.start >= span.start or not around.parts:
        return None
    line_start = text.rfind("\n", 0, span.start) + 1
    parts = sorted(part.span for part in around.parts)
    if text[line_start : span.start].strip():
        return next((part for part in parts if part.start < span.start and part.end >= line_start), around.span)
    return next((part for part in parts if part.start > span.start), around.span)


def _known(made: Directive, catalog: Catalog, report: Report) -> tuple[str, ...]:
    known = []
    for name in made.rules or ():
        if name in catalog.names:
            known.append(name)
        elif name in catalog.aliases:
            known.extend(catalog.aliases[name])
        else:
            report("unknown-rule", made.span, f"`{name}` is not a rule: this suppresses nothing", catalog.nearest(name))
    return tuple(dict.fromkeys(known))


def _foreign(
    span: Span, comment: str, ordered: Sequence[Statement], text: str, catalog: Catalog
) -> Iterable[Directive]:
    found = foreign(comment)
    if found is None:
        return
    rules = None
    if found.names is not None:
        rules = tuple(rule for name in found.names for rule in _foreign_rules(found.linter, name, catalog))
    covers = None if found.file else covered(span, ordered, text)
    within = None if found.file else _inside(span, ordered, text)
    yield Directive(span, rules, covers, f"{found.linter} directive", "", is_foreign=True, within=within)


def _foreign_rules(linter: str, name: str, catalog: Catalog) -> tuple[str, ...]:
    """The rules that another linter's name stands for; none when no page has it as an alias."""
    return catalog.aliases.get(f"{linter}:{name}") or ((name,) if name in catalog.names else ())


def _hides(one: Directive, finding: Finding, ordered: Sequence[Statement]) -> bool:
    if one.rules is None and finding.rule in UNREAD:
        return False
    if one.rules is not None and finding.rule not in one.rules:
        return False
    if one.within is not None and not one.within.start <= finding.span.start <= one.within.end:
        return False
    if one.covers is None or finding.statement in one.covers:
        return True
    return not finding.statement and any(
        statement.number in one.covers and statement.span.start <= finding.span.start <= statement.span.end
        for statement in ordered
    )


def _is_date(text: str) -> bool:
    from datetime import date

    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _today() -> str:
    import time

    return time.strftime("%Y-%m-%d")
