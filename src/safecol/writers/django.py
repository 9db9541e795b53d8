"""A Django migration and the findings in it come in; the findings with their stages as migrations go out.

The files form one chain: what the migration does besides, then the stages of each finding, each a migration of its own.
"""

import ast
from collections.abc import Sequence

from safecol.finding import Finding
from safecol.frontends.python.positions import Positions
from safecol.read_file import ReadFile
from safecol.source import Span
from safecol.trace import Trace
from safecol.writers import django_files, django_required, django_undoing, layout, module
from safecol.writers.django_chain import Project, changed, parts_of
from safecol.writers.django_defaults import without_stand_ins
from safecol.writers.parts import Sent, attached, staged


def written(
    read: ReadFile, findings: Sequence[Finding], *, bounded: bool, traces: Sequence[Trace] = ()
) -> list[Finding]:
    """The findings; those whose change can be taken out of the migration have the source of their stages.

    Spans and statements are those of the emitted text. `bounded` is whether something else ends the wait for a lock,
    `traces` are what happens in the migration.
    """
    first = staged(findings)
    project = taken_apart(read) if first.by_statement else None
    if project is None:
        return list(findings)
    project = project._replace(before=django_undoing.before(traces, project.sent))
    findings = without_stand_ins(project, staged(django_required.without_keys(project, first)))
    found = staged(changed(project, staged(findings)))
    parts = parts_of(project, found)
    if not parts:
        pairs = zip(findings, found.findings, strict=True)
        return [one if after.stages else one._replace(stages=()) for one, after in pairs]
    return attached(list(found.findings), parts, django_files.files(project, parts, bounded=bounded))


def taken_apart(read: ReadFile) -> Project | None:
    """The parts of a migration; None for one whose operations aren't a list of calls."""
    text = read.source.text
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    positions = Positions(text)
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "Migration"]
    if len(classes) != 1 or not read.file.app:
        return None
    listed = attribute(classes[0], "operations")
    if not isinstance(listed, ast.List):
        return None
    blocks = layout.elements(text, listed.elts, positions)
    if not blocks:
        return None
    sent: list[list[Sent]] = [[] for _ in blocks]
    functions = {node.name: positions.span(node) for node in tree.body if isinstance(node, ast.FunctionDef)}
    statements = [one for section, found in read.migration.sections if section.direction != "down" for one in found]
    for statement in statements:
        place = read.places.statement(statement.span) if read.places is not None else statement.span
        number = next((n for n, one in enumerate(blocks) if _in(place, one.span)), None)
        if number is None:
            around = next((name for name, span in functions.items() if _in(place, span)), "")
            calling = [n for n, one in enumerate(blocks) if around and around in layout.names(f"({one.code}\n)")]
            number = calling[0] if len(calling) == 1 else None
        if number is None:
            return None
        sql = read.text[statement.span.start : statement.span.end]
        sent[number].append(Sent(statement, sql, place))
    name = read.file.name.removesuffix(".py")
    release = read.file.project.django if read.file.project is not None else (0, 0)
    return Project(
        text, tree, positions, classes[0], listed, tuple(blocks), tuple(map(tuple, sent)), read.file.app, name,
        read.file.path, read.file.dialect, release, module.uses(tree), _quote(text, positions, classes[0]),
    )  # fmt: skip


def attribute(node: ast.ClassDef, name: str) -> ast.expr | None:
    """The value of an attribute in the body of a class."""
    for one in node.body:
        if isinstance(one, (ast.Assign, ast.AnnAssign)) and name in layout.bound(one):
            return one.value
    return None


def _quote(text: str, positions: Positions, node: ast.ClassDef) -> str:
    for one in ast.walk(node):
        if isinstance(one, ast.Constant) and isinstance(one.value, str):
            mark = text[positions.span(one).start]
            return mark if mark in "'\"" else '"'
    return '"'


def _in(inner: Span, outer: Span) -> bool:
    return outer.start <= inner.start and inner.end <= outer.end
