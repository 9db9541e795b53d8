"""Rules and a trace come in; each rule that a step or a check meets goes out with the place where."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from typing import Any

from safecol import versions
from safecol.errors import UserError
from safecol.heads import Rule
from safecol.records import NamedTuple
from safecol.trace import Hit, Step, Trace

Check = Callable[[Trace], Iterable[Hit]]


class _Tests(NamedTuple):
    """What a step must show: each fact one of a set of values (None is unknown), `blocks` one of these words."""

    rule: Rule
    facts: tuple[tuple[str, frozenset[Any]], ...]
    blocks: frozenset[str] | None


class _Prepared(NamedTuple):
    rules: Sequence[Rule]
    version: str
    dialect: str
    by_kind: dict[str, tuple[_Tests, ...]]
    checks: tuple[tuple[Rule, frozenset[str]], ...]
    by_kinds: dict[frozenset[str], tuple[Rule, ...]]


_last: list[_Prepared] = []  # one entry: a run asks with the same rules for every file


def matches(rules: Sequence[Rule], trace: Trace, version: str) -> Iterator[tuple[Rule, Hit]]:
    """Each rule with each place of the trace that it applies to: steps in order, then what the checks find.

    Keep `rules` the same object between calls: what is prepared from it is then kept too.
    """
    prepared = _prepared(rules, version, trace.migration.dialect)
    once: set[str] = set()
    for step in trace.steps:
        for tests in prepared.by_kind.get(step.operation.kind, ()):
            if not _holds(tests, step):
                continue
            if tests.rule.scope == "file":
                if tests.rule.name in once:
                    continue
                once.add(tests.rule.name)
            yield tests.rule, Hit(step, step.operation.span)
    kinds = frozenset([step.operation.kind for step in trace.steps])
    checks = prepared.by_kinds.get(kinds)
    if checks is None:
        checks = tuple(rule for rule, wanted in prepared.checks if not wanted or not wanted.isdisjoint(kinds))
        prepared.by_kinds[kinds] = checks
    for rule in checks:
        for hit in _check(rule.check, rule.path)(trace):
            yield rule, hit
            if rule.scope == "file":
                break


def _holds(tests: _Tests, step: Step) -> bool:
    facts = step.facts
    for key, allowed in tests.facts:
        if facts.get(key) not in allowed:
            return False
    if tests.blocks is None:
        return True
    if not facts.get("blocks"):  # nothing waits, or only on a table that is known to stay small
        return "none" in tests.blocks
    return any(word in tests.blocks for word in step.effect.blocks)


def _prepared(rules: Sequence[Rule], version: str, dialect: str) -> _Prepared:
    if _last and _last[0].rules is rules and _last[0].version == version and _last[0].dialect == dialect:
        return _last[0]
    by_kind: dict[str, list[_Tests]] = {}
    checks = []
    for rule in rules:
        if rule.reported or not _applies(rule, version, dialect):
            continue
        if rule.check:
            checks.append((rule, frozenset(_listed(rule.when.get("operation", [])))))
            continue
        tests = _tests(rule)
        for kind in _listed(rule.when["operation"]):
            by_kind.setdefault(kind, []).append(tests)
    fresh = _Prepared(
        rules, version, dialect, {kind: tuple(tests) for kind, tests in by_kind.items()}, tuple(checks), {}
    )
    _last[:] = [fresh]
    return fresh


def _applies(rule: Rule, version: str, dialect: str) -> bool:
    if "dialect" in rule.when and dialect not in _listed(rule.when["dialect"]):
        return False
    return "version" not in rule.when or versions.contains(rule.when["version"], version)


def _tests(rule: Rule) -> _Tests:
    facts = []
    for key, value in rule.when.items():
        if key in {"operation", "version", "dialect", "blocks"}:
            continue
        allowed = set(_listed(value))
        if key == "table" and "existing" in allowed:
            allowed.add("unknown")
        if "unknown" in allowed:
            allowed.add(None)
        facts.append((key, frozenset(allowed)))
    blocks = frozenset(_listed(rule.when["blocks"])) if "blocks" in rule.when else None
    return _Tests(rule, tuple(facts), blocks)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


@cache
def _check(written: str, path: str) -> Check:
    from importlib import import_module

    module, _, name = written.partition(":")
    try:
        check: Check = getattr(import_module(f"safecol.checks.{module}"), name)
    except (ImportError, AttributeError):
        raise UserError(f"{path}: there is no check `{written}`", "Checks are in safecol.checks") from None
    return check
