"""What safecol says of a case and a recording of it come in; each sentence that the server refutes goes out."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from safecol import catalog
from safecol.effect import Effect
from safecol.finding import Finding

from . import known, pages
from .pages import Case, Said, Told
from .values import STRENGTH, Measured

DATA = {"insert", "update", "delete", "merge", "select", "copy-in", "copy-out", "call", "do-block", "explain"}
"""Operations whose scans depend on the planner, the rows and the indexes there are."""

_WORK = ("scan", "rewrite", "rewriting", "verifying", "rebuilt", "built", "rows")
BLOCKS: dict[str, list[str]] = catalog.load().locks("postgresql")


class Refuted(NamedTuple):
    """A claim that the server doesn't bear out."""

    key: str
    claim: str
    said: Any
    measured: Any

    def __str__(self) -> str:
        return f"{self.key}: {self.claim}: said {self.said!r}, measured {self.measured!r}"


def refuted(case: Case, told: Told, recording: Measured) -> list[Refuted]:
    """Every claim about a case that its recording refutes."""
    if not executed(case, recording):
        return []
    found = [*_effects(case, told, recording), *_page(case, told, recording), *_staged(case, told, recording)]
    return [item for item in found if (case.key, item.claim.partition(":")[0]) not in known.REFUTED]


def executed(case: Case, recording: Measured) -> bool:
    """Whether the server did, or refused as foreseen, what a block says."""
    return not why_not(case, recording)


def why_not(case: Case, recording: Measured) -> str:
    """Why a block was not executed; empty when it was."""
    if case.key in known.NOT_EXECUTED:
        return known.NOT_EXECUTED[case.key]
    return next((note for note in recording.get("notes", ()) if note.startswith("prepared:")), "")


# The effect of each statement


def _effects(case: Case, told: Told, recording: Measured) -> Iterator[Refuted]:
    said = {(each.path, each.statement): each for each in told.said}
    refusing = {(each.path, each.statement) for each in told.findings if _refusal(case)}
    for measured in recording["statements"]:
        each = said[measured["path"], measured["statement"]]
        if each.opaque:
            if each.syntax and "error" not in measured:
                yield Refuted(case.key, "refused", each.opaque, None)
        elif (each.path, each.statement) not in refusing or "error" not in measured:
            yield from _effect(case.key, each, measured)


def _effect(key: str, said: Said, measured: Measured) -> Iterator[Refuted]:
    effect = said.effect
    at = f"{said.path}, statement {said.statement}"
    allowed = measured.get("transaction_allowed", True)
    if allowed != effect.transaction_allowed and not (allowed and "error" in measured):
        yield Refuted(key, f"transaction allowed: {at}", effect.transaction_allowed, measured)
    if "error" in measured:
        if effect.fails is None and allowed:
            yield Refuted(key, f"refused: {at}", None, f"{measured['error']}: {measured['message']}")
        return
    if effect.fails is not None and effect.fails.when == "always":
        yield Refuted(key, f"refused: {at}", effect.fails.reason, None)
    if effect.unknown:
        return
    if not measured.get("commits"):  # its locks come and go
        yield from _locks(key, at, effect, measured)
    existing = set(measured.get("existing", ()))  # what the change itself made is nobody's loss
    rewritten = set(measured.get("rewrite", ()))
    if set(effect.rewrite) & existing != rewritten and not _emptied(said):
        yield Refuted(key, f"rewrite: {at}", effect.rewrite, sorted(rewritten))
    if not DATA & set(said.kinds) and "sampled" not in measured and not _emptied(said):
        scanned = set(measured.get("scan", ())) - rewritten  # indexes of what was written anew are built by a scan
        if (set(effect.scan) & existing) - rewritten != scanned:
            yield Refuted(key, f"scan: {at}", effect.scan, sorted(scanned))


def _emptied(said: Said) -> bool:
    """TRUNCATE gives new files that are empty: nothing is written again."""
    return "truncate" in said.kinds


def _locks(key: str, at: str, effect: Effect, measured: Measured) -> Iterator[Refuted]:
    """Tables and views only; what the open transaction held before is held on."""
    others = {*measured.get("indexes", ())}
    shown = {name: mode for name, mode in measured.get("locks", {}).items() if name not in others}
    expected = {name: mode for name, mode in measured.get("held", {}).items() if name in shown}
    for name, mode in effect.locks:
        if name in measured.get("existing", ()) and STRENGTH[mode] > STRENGTH.get(expected.get(name, ""), -1):
            expected[name] = mode
    if measured.get("sampled"):  # a lock that is held for a moment may have been missed, and a weaker one be seen
        missed = {name for name, mode in expected.items() if STRENGTH[mode] > STRENGTH.get(shown.get(name, ""), -1)}
        expected = {name: mode for name, mode in expected.items() if name not in missed}
        shown = {name: mode for name, mode in shown.items() if name not in missed}
    if expected != shown:
        yield Refuted(key, f"locks: {at}", expected, shown)


# What a page selects on


def _page(case: Case, told: Told, recording: Measured) -> Iterator[Refuted]:
    shown = {(each["path"], each["statement"]): each for each in recording["statements"]}
    for finding in told.findings:
        measured = shown.get((finding.path, finding.statement))
        if measured is None:
            continue
        for claim, holds in _claims(case, finding, measured, recording):
            if not holds:
                yield Refuted(case.key, f"page: {claim}, statement {finding.statement}", True, measured)


def _claims(case: Case, finding: Finding, measured: Measured, recording: Measured) -> Iterator[tuple[str, bool]]:
    """Each claim of the page's head, and whether the server showed it."""
    when = case.rule.when
    fails = finding.effect.fails if finding.effect is not None else None
    if "fails" in when or (fails is not None and fails.when in ("rows", "always")):
        yield "fails", "error" in measured
        return
    if _refusal(case):
        yield "refused", _refusal(case) in _codes(measured, recording)
        return
    if "error" in measured:
        yield "runs", measured.get("transaction_allowed") is False
        return
    blocked = {word for words in measured.get("blocked", {}).values() for word in words}
    wanted = set(_listed(when["blocks"])) if "blocks" in when else set()
    if wanted:
        yield f"blocks {' or '.join(sorted(wanted))}", bool(blocked & wanted) or ("none" in wanted and not blocked)
    work = any(measured.get(each) for each in ("scan", "rewrite", "rebuilt", "built", "rows"))
    if when.get("duration") == "table":
        yield "takes time with the table", work
    if when.get("rewrite") is True:
        yield "rewrites", bool(measured.get("rewrite"))
    if when.get("scan") is True:
        yield "scans", bool(measured.get("scan"))
    if "change" in when:
        changes = {
            "rewrite": bool(measured.get("rewrite")),
            "scan": bool(measured.get("scan")),
            "rebuild": bool(measured.get("rebuilt")),
            "none": not work,
        }
        yield "the change of type", any(changes.get(each, True) for each in _listed(when["change"]))
    shown = {"blocked": bool(blocked), "work": work, "rewrite": "rewrite" in measured, "rows": "rows" in measured}
    for word in known.SHOWS.get(case.rule.name, ()):
        yield f"shows {word}", shown[word]


def _refusal(case: Case) -> str:
    return known.REFUSALS.get(case.key, known.REFUSALS.get(case.rule.name, ""))


def _codes(measured: Measured, recording: Measured) -> set[Any]:
    return {measured.get("error"), *recording.get("one_call", {}).values()}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


# The staged rewrites


def _staged(case: Case, told: Told, recording: Measured) -> Iterator[Refuted]:
    for made in recording.get("staged", ()):
        finding = told.findings[made["finding"]] if made["finding"] < len(told.findings) else None
        if finding is None or pages.staged(finding.stages) != made["digest"]:
            continue
        for number, stage in enumerate(made["stages"], 1):
            yield from _stage(case, number, stage)
        if made.get("endless"):
            yield Refuted(case.key, "staged ends: finding", True, made["finding"])
        for word in ("missing", "extra"):
            if made.get(word):
                yield Refuted(case.key, f"staged schema: finding {made['finding']}, {word}", [], made[word])
        if made.get("other_rows"):
            yield Refuted(case.key, f"staged rows: finding {made['finding']}", [], made["other_rows"])
        if made.get("refused"):
            yield Refuted(case.key, f"original runs: finding {made['finding']}", True, made["refused"])


def _stage(case: Case, number: int, stage: Measured) -> Iterator[Refuted]:
    """No stage may fail, or work through a table while it holds a lock that stops reads or writes of one."""
    for measured in stage["statements"]:
        if "error" in measured:
            yield Refuted(case.key, f"staged runs: stage {number}", None, f"{measured['error']}: {measured['message']}")
            continue
        views = measured.get("views", ())  # nobody writes to them
        locks = measured.get("locks", {})
        stopping = {
            name: mode
            for name, mode in locks.items()
            if BLOCKS.get(mode, []) and (name not in views or "reads" in BLOCKS[mode])
        }
        work = {each: measured[each] for each in _WORK if each in measured}
        if stopping and work:
            yield Refuted(case.key, f"staged is brief: stage {number}, {measured['sql']}", stopping, work)


def stages_told(told: Told) -> int:
    """How many findings of a case show stages."""
    return sum(1 for finding in told.findings if any(stage.sql for stage in finding.stages))


def stages_recorded(told: Told, recording: Measured) -> int:
    """How many of them were executed as they are now."""
    digests = {made["digest"] for made in recording.get("staged", ())}
    return sum(
        1 for finding in told.findings if any(s.sql for s in finding.stages) and pages.staged(finding.stages) in digests
    )
