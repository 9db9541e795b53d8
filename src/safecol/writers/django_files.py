"""The parts that replace a Django migration come in; their paths and texts, wired one after the other, go out."""

import ast
import re
from collections.abc import Sequence

from safecol.patterns import lazy
from safecol.source import Span
from safecol.writers import django_limits, layout, module
from safecol.writers.django_chain import Part, Project
from safecol.writers.django_operations import POSTGRES, Made

_NUMBERED = lazy(r"(\d{2,})(_.*)?$")
_ONLY_FIRST = ("replaces", "initial", "run_before")
_KEPT = frozenset({"Migration"})


def files(project: Project, parts: Sequence[Part], *, bounded: bool) -> list[tuple[str, str]]:
    """The path and text of each part, in order. The first has the name of the migration itself.

    Unless something else ends the wait for a lock (`bounded`), each that waits for a strong one sets a timeout.
    """
    folder = project.path.removesuffix(f"{project.name}.py")
    found: list[tuple[str, str]] = []
    before = project.name
    for number, part in enumerate(parts):
        name = _name(project.name, number)
        made = part.made
        limit = "" if bounded else django_limits.limit(part.sql, project.dialect)
        if limit and (project.dialect != "postgresql" or all(one.atomic for one in made)):
            code = f"migrations.RunSQL({_quoted(limit, project)}, migrations.RunSQL.noop)"
            made = (Made((code,)), *made)
        found.append((f"{folder}{name}.py", _text(project, part._replace(made=made), (number, len(parts)), before)))
        before = name
    return found


def _name(name: str, number: int) -> str:
    """A name after the convention: numbers count on."""
    if number == 0:
        return name
    match = _NUMBERED.match(name)
    if match is None:
        return f"{name}_{number + 1}"
    count = str(int(match[1]) + number).zfill(len(match[1]))
    return f"{count}{match[2] or ''}_{number + 1}"


def _text(project: Project, part: Part, place: tuple[int, int], before: str) -> str:
    text, tree, positions, node = project.text, project.tree, project.positions, project.node
    number, _ = place
    edits: list[tuple[Span, str]] = [(positions.span(project.listed), _list(part))]
    given = {name: one for one in node.body for name in layout.bound(one)}
    if number:
        edits += [_lines(text, positions.span(given[name])) for name in _ONLY_FIRST if name in given]
        wired = f"[({_quoted(project.app, project)}, {_quoted(before, project)})]"
        dependencies = given.get("dependencies")
        if isinstance(dependencies, (ast.Assign, ast.AnnAssign)) and dependencies.value is not None:
            edits.append((positions.span(dependencies.value), _wired(wired)))
    atomic = all(made.atomic for made in part.made)
    edits += _atomic(project, given, atomic=atomic, first=number == 0 and part.finding is None)
    edits.append(module.with_docstring(text, tree, positions, _docstring(project, part, place)))
    functions = [made.function for made in part.made if made.function]
    start = _line_start(text, positions.span(node).start)
    if functions:
        edits.append((Span(start, start), "\n\n\n".join(functions) + "\n\n\n"))
    needed = {node.name: _used(project, part)}
    edits += module.unneeded(text, tree, positions, project.uses, needed, _KEPT)
    made = module.tidied(layout.edited(text, edits))
    imports = sorted({name for one in part.made for name in one.imports})
    bound = {name for one in tree.body for name in layout.bound(one)}
    if missing := [name for name in imports if name not in bound]:
        made = module.with_import(made, f"from {POSTGRES} import {', '.join(missing)}")
    for line in sorted({line for one in part.made for line in one.needs}):
        if line.rpartition(" ")[2] not in {name for one in ast.parse(made).body for name in layout.bound(one)}:
            made = module.with_import(made, line)
    if functions and "time" not in bound:
        made = module.with_import(made, "import time")
    if "migrations" not in bound:
        made = module.with_import(made, "from django.db import migrations")
    return made


def _list(part: Part) -> str:
    lines = [layout.indented(f"{code},", 8) for made in part.made for code in made.operations]
    return "\n".join(["[", *lines, "    ]"])


def _wired(value: str) -> str:
    return f"[\n        {value[1:-1]},\n    ]"


def _quoted(text: str, project: Project) -> str:
    return layout.literal(text, project.quote)


def _line_start(text: str, at: int) -> int:
    return text.rfind("\n", 0, at) + 1


def _lines(text: str, span: Span) -> tuple[Span, str]:
    end = text.find("\n", span.end)
    return Span(_line_start(text, span.start), end + 1 if end >= 0 else len(text)), ""


def _atomic(project: Project, given: dict[str, ast.stmt], *, atomic: bool, first: bool) -> list[tuple[Span, str]]:
    """The edit that makes the migration run outside of a transaction, or in one."""
    text, positions = project.text, project.positions
    own = given.get("atomic")
    if own is not None:
        if first or not atomic:
            return [] if not atomic or first else [_lines(text, positions.span(own))]
        return [_lines(text, positions.span(own))]
    if atomic:
        return []
    start = _line_start(text, positions.span(project.node.body[0]).start)
    while start and text[_line_start(text, start - 1) : start].lstrip().startswith("#"):
        start = _line_start(text, start - 1)
    return [(Span(start, start), "    atomic = False\n\n")]


def _used(project: Project, part: Part) -> frozenset[str]:
    """The names that the class uses when these are its operations."""
    names: set[str] = set()
    for made in part.made:
        for code in made.operations:
            names |= layout.names(f"({code}\n)")
        if made.function:
            names |= layout.names(made.function)
    for one in project.node.body:
        if isinstance(one, (ast.Assign, ast.AnnAssign)) and "operations" not in layout.bound(one):
            names |= {each.id for each in ast.walk(one) if isinstance(each, ast.Name)}
    names |= {each.id for base in project.node.bases for each in ast.walk(base) if isinstance(each, ast.Name)}
    return frozenset(names)


def _docstring(project: Project, part: Part, place: tuple[int, int]) -> list[str]:
    """What the migration is, and which deploy it belongs to."""
    from textwrap import wrap

    own = (ast.get_docstring(project.tree) or "").strip()
    summary, _, rest = own.partition("\n")
    if not summary:
        summary = re.sub(r"[_\W]+", " ", re.sub(r"^\d+", "", project.name)).strip().capitalize() or "Migration"
    number, count = place
    lines = [summary if number == 0 or count == 1 else f"{summary.rstrip('.')}, part {number + 1} of {count}", ""]
    if number == 0 and rest.strip():
        lines += [rest.strip(), ""]
    told = [part.title, f"Deploy {part.deploy}.{' Before it: ' + part.first if part.first else ''}"]
    for one in told:
        if one:
            lines += [*wrap(" ".join(one.split()), layout.WIDTH, break_long_words=False, break_on_hyphens=False), ""]
    return lines[:-1]
