"""The examples of a rule page come in and are linted; sentences about what doesn't hold go out."""

import re

from safecol import pages
from safecol.catalog import Catalog, page_text
from safecol.dialects import registry
from safecol.errors import UserError
from safecol.finding import Finding
from safecol.heads import Rule
from safecol.pages import Block
from safecol.records import NamedTuple
from safecol.settings_file import check
from safecol.source import Source

# Every option that a fence may carry after `bad`, `good` or `todo`, with the setting whose values it takes.
OPTIONS = {
    "version": "server-version", "runner": "runner", "transaction": "runner.transaction",
    "lock-timeout": "runner.lock-timeout", "dialect": "dialect",
}  # fmt: skip
_NAMING = "naming."
_MARKER = re.compile(r"(?:--|#)\s*(setup|migration|(file|code):\s*(\S+))\s*")
_EXPECTED = re.compile(r"(?:--|#)\s*(error|warning|note)\s*$")
_SUFFIXES = {"sql": "sql", "python": "py"}


class Example(NamedTuple):
    """A block taken apart: what existed before, the files of the change as (name, text, line in the page), and code."""

    setup: tuple[str, ...]
    files: tuple[tuple[str, str, int], ...]
    code: tuple[tuple[str, str], ...] = ()


class Failure(NamedTuple):
    """What doesn't hold: the page, its line (1-based), and what was expected."""

    path: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}"


def of_page(rule: Rule) -> list[Block]:
    """The executable blocks of a rule's page."""
    return pages.blocks(pages.parts(page_text(rule)))


def split(block: Block) -> Example:
    """The setup and files of a block, by its lines `-- setup`, `-- migration`, `-- file: name.sql`, `-- code: a.py`.

    In Python they begin with `#`; what an env.py among the files says holds for Alembic's.
    Setup is what stands under `-- setup`; where nothing does before the end, it is what stands above.
    """
    setup: list[str] = []
    files: list[tuple[str, str, int]] = []
    suffix = _SUFFIXES.get(block.language, block.language)
    code: list[tuple[str, str]] = []
    name, start, in_setup, in_code = f"1.{suffix}", block.line, False, False
    lines: list[str] = []
    for number, line in enumerate([*block.text.splitlines(), None], block.line):
        marker = _MARKER.fullmatch(line) if line is not None else None
        if line is not None and not marker:
            lines.append(line)
            continue
        text = "\n".join(lines) + "\n" if any(each.strip() for each in lines) else ""
        opens_setup = marker is not None and marker[1] == "setup"
        if text and (in_setup or opens_setup):
            setup.append(text)
        elif text and in_code:
            code.append((name, text))
        elif text:
            files.append((name, text, start))
        if marker:
            in_setup, in_code = opens_setup and not text, marker[2] == "code"
            name = marker[3] or f"{len(files) + 1}.{suffix}"
        lines, start = [], number + 1
    return Example(tuple(setup), tuple(files), tuple(code))


def run(rule: Rule, block: Block, catalog: Catalog) -> list[Failure]:
    """What doesn't hold of one block: empty when it behaves as its kind says."""
    problem = _unusable(block)
    if problem:
        return [Failure(rule.path, block.line, problem)]
    findings = _lint(rule, block, catalog)
    example = split(block)
    mine = [finding for finding in findings if finding.rule == rule.name]
    if block.kind == "good":
        return [
            Failure(
                rule.path, _line(finding, example), f"a good block has a finding: {finding.rule}: {finding.message}"
            )
            for finding in findings
        ]
    if block.kind == "todo":
        return [Failure(rule.path, block.line, "this is found now: make the block `bad`")] if mine else []
    if not mine:
        return [Failure(rule.path, block.line, f"a bad block has no finding of {rule.name}")]
    return _marks(rule, example, mine)


def run_page(rule: Rule, catalog: Catalog) -> list[Failure]:
    """What doesn't hold of a page: its blocks, and then the page as a whole."""
    failures = [failure for block in of_page(rule) for failure in run(rule, block, catalog)]
    return failures or run_whole(rule, catalog)


def run_whole(rule: Rule, catalog: Catalog) -> list[Failure]:
    """Whether a page has a block that is found, or a known miss, and fills its own templates for at least one."""
    found = pages.parts(page_text(rule))
    blocks = pages.blocks(found)
    if not any(block.kind in {"bad", "todo"} for block in blocks):
        return [Failure(rule.path, 1, "the page has no `bad` block")]
    templates = [part for part in found if part.kind == "code" and "stage" in part.info.split()]
    bad = [block for block in blocks if block.kind == "bad" and not _unusable(block)]
    if not templates or not bad or any(_stages(rule, block, catalog) for block in bad):
        return []
    message = "the stages are never shown: a placeholder has no value, or the SQL doesn't parse"
    return [Failure(rule.path, templates[0].line, message)]


def _unusable(block: Block) -> str:
    unknown = [key for key in block.options if key not in OPTIONS and not key.startswith(_NAMING)]
    if unknown:
        return f"unknown option `{unknown[0]}`: one of {', '.join(OPTIONS)}"
    if block.language not in _SUFFIXES:
        return f"blocks of `{block.language}` can't be run: one of {', '.join(_SUFFIXES)}"
    for key, value in block.options.items():
        # `none`: no timeout is set, and each statement is sent alone.
        if key in OPTIONS and not (value == "none" and key in ("transaction", "lock-timeout")):
            try:
                check(OPTIONS[key], value, f"`{key}={value}`")
            except UserError as error:
                return error.message
    return "" if split(block).files else "the block has no migration: nothing follows its setup"


def _lint(rule: Rule, block: Block, catalog: Catalog) -> list[Finding]:
    """The findings of a block: only this rule's in a bad one, those of every default rule in a good one.

    What is reported elsewhere may depend on the other rules (`unused-suppression`), so that they run too.
    The lock timeout counts as set by the runner unless `lock-timeout=none`, so that examples stay short.
    """
    from safecol.analysis import lint_texts

    options = block.options
    dialect = options.get("dialect", rule.dialect if rule.dialect != "any" else "postgresql")
    example = split(block)
    timeout = options.get("lock-timeout", "2s")
    return lint_texts(
        [(name, text) for name, text, _ in example.files],
        dialect=dialect,
        version=options.get("version", registry.known(dialect).examples),
        setup=list(example.setup),
        catalog=catalog,
        runner=options.get("runner", _runner(block)),
        rules=catalog.defaults() | {rule.name} if block.kind == "good" or rule.reported else {rule.name},
        transaction={"none": "autocommit"}.get(said := options.get("transaction", ""), said) or None,
        lock_timeout=None if timeout == "none" else timeout,
        code=dict(example.code),
        naming={key.removeprefix(_NAMING): value for key, value in options.items() if key.startswith(_NAMING)},
    )


def _runner(block: Block) -> str:
    if block.language != "python":
        return "plain"
    return "django" if "class Migration" in block.text else "alembic"


def findings(rule: Rule, block: Block, catalog: Catalog) -> list[Finding]:
    """What a block has for findings, as `run` judges them."""
    return _lint(rule, block, catalog)


def _stages(rule: Rule, block: Block, catalog: Catalog) -> bool:
    return any(finding.stages for finding in _lint(rule, block, catalog) if finding.rule == rule.name)


def _marks(rule: Rule, example: Example, findings: list[Finding]) -> list[Failure]:
    """Each marked line must lie in a finding of its severity, and where any is marked each finding needs a mark."""
    marks = [
        (name, number, found[1], start)
        for name, text, start in example.files
        for number, line in enumerate(text.splitlines(), 1)
        if (found := _EXPECTED.search(line))
    ]
    failures = []
    marked: set[int] = set()
    texts = {name: Source(name, text) for name, text, _ in example.files}
    for name, number, severity, start in marks:
        covering = [
            finding
            for finding in findings
            if finding.path == name
            and texts[name].position(finding.span.start)[0] <= number <= texts[name].position(finding.span.end)[0]
        ]
        marked.update(id(finding) for finding in covering)
        shown = [finding for finding in covering if finding.severity == severity]
        if not shown:
            other = f", found as {covering[0].severity}" if covering else ""
            failures.append(Failure(rule.path, start + number - 1, f"no {severity} of {rule.name} here{other}"))
    for finding in findings:
        if marks and id(finding) not in marked:
            message = f"a finding that isn't marked: {finding.message}"
            failures.append(Failure(rule.path, _line(finding, example), message))
    return failures


def _line(finding: Finding, example: Example) -> int:
    for name, text, start in example.files:
        if name == finding.path:
            return start + Source(name, text).position(finding.span.start)[0] - 1
    return example.files[0][2]
