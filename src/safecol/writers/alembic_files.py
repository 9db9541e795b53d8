"""The parts that replace a version file come in; their paths and texts, wired one after the other, go out."""

import ast
import re
from collections.abc import Sequence
from itertools import groupby

from safecol.frontends.alembic import graph
from safecol.patterns import lazy
from safecol.source import Span
from safecol.writers import layout, module
from safecol.writers.parts import Part, Piece, Version

_KEPT = frozenset(
    {"revision", "down_revision", "branch_labels", "depends_on", "upgrade", "downgrade", "transaction_per_migration"}
)
_HASH = lazy(r"[0-9a-f]{12}")
_HEADER = lazy(r"^(Revision ID|Revises|Create Date|Branch Labels|Depends on)\s*:.*$", re.MULTILINE)
_LONGEST = 32  # what the column holds in which Alembic keeps revisions


def files(version: Version, parts: Sequence[Part]) -> list[tuple[str, str]]:
    """The path and text of each part, in order. The first has the name and revision of the file itself."""
    found: list[tuple[str, str]] = []
    before = version.revision
    for number, part in enumerate(parts):
        revision = version.revision if number == 0 else _revision(version, number, part)
        path = version.path if number == 0 else _path(version, revision, number)
        found.append((path, _text(version, part, (number, len(parts)), revision, before)))
        before = revision
    return found


def _revision(version: Version, number: int, part: Part) -> str:
    plain = f"{version.revision}_{number + 1}"
    if len(plain) <= _LONGEST and not _HASH.fullmatch(version.revision):
        return plain
    from hashlib import sha256

    return sha256(f"{version.revision}\0{number}\0{part.sql}".encode()).hexdigest()[:12]


def _path(version: Version, revision: str, number: int) -> str:
    folder, slash, name = version.path.rpartition("/")
    stem = name.removesuffix(".py")
    if revision.startswith(version.revision) and version.revision in stem:
        stem = stem.replace(version.revision, revision, 1)
    else:
        stem = (stem.replace(version.revision, revision, 1) if version.revision in stem else stem) + f"_{number + 1}"
    return f"{folder}{slash}{stem}.py"


def _text(version: Version, part: Part, place: tuple[int, int], revision: str, before: str) -> str:
    text, tree, positions = version.text, version.tree, version.positions
    edits: list[tuple[Span, str]] = []
    if place[0]:
        for name, value in (
            ("revision", revision),
            ("down_revision", before),
            ("depends_on", None),
            ("branch_labels", None),
        ):
            node = module.assigned(tree, name)
            if node is not None:
                written = "None" if value is None else layout.literal(value, version.style.quote)
                edits.append((positions.span(node), written))
    lines = _docstring(version, part, place, revision, before)
    edits.append(module.with_docstring(text, tree, positions, lines))
    up, down = _ended(version, part.up), _ended(version, part.down)
    edits.append((module.body_span(text, version.upgrade, positions), _body(up)))
    if version.downgrade is not None:
        edits.append((module.body_span(text, version.downgrade, positions), _body(down)))
    needed = {version.upgrade.name: _used(version.upgrade, up)}
    if version.downgrade is not None:
        needed[version.downgrade.name] = _used(version.downgrade, down)
    edits += module.unneeded(text, tree, positions, version.uses, needed, _KEPT)
    made = module.tidied(layout.edited(text, edits))
    given = {name for node in tree.body for name in layout.bound(node)}
    for name, line in _needed(version, part):
        if name not in given:
            made = module.with_import(made, line)
    return made


def _ended(version: Version, pieces: Sequence[Piece]) -> tuple[Piece, ...]:
    """The pieces; where env.py has begun a transaction, it is ended before a block that commits."""
    if not version.opened:
        return tuple(pieces)
    commit = Piece(f"{version.style.op}.get_bind().commit()")
    found: list[Piece] = []
    for piece in pieces:
        begins = not piece.around or not found or (found[-1].around, found[-1].within) != (piece.around, piece.within)
        commits = "autocommit_block(" in (piece.around or piece.code)
        if begins and commits and (not found or found[-1] != commit):
            found.append(commit)
        found.append(piece)
    return tuple(found)


def _used(node: ast.FunctionDef | ast.AsyncFunctionDef, pieces: Sequence[Piece]) -> frozenset[str]:
    """The names that a function uses when its body is these pieces."""
    head = [*node.decorator_list, node.args, *([node.returns] if node.returns is not None else [])]
    names = {one.id for part in head for one in ast.walk(part) if isinstance(one, ast.Name)}
    return frozenset(names.union(*(_names(piece) for piece in pieces)))


def _needed(version: Version, part: Part) -> list[tuple[str, str]]:
    """The imports that the code of a part needs, by the name that they give."""
    used = {name for piece in (*part.up, *part.down) for name in _names(piece)}
    style = version.style
    arguments = {one.arg for one in version.upgrade.args.args}
    found = []
    if style.op in used - arguments:
        found.append((style.op, "from alembic import op"))
    if style.toolkit in used:
        found.append((style.toolkit, "import sqlalchemy as sa" if style.toolkit == "sa" else "import sqlalchemy"))
    if "time" in used and "time.sleep(" in "".join(piece.code for piece in part.up):
        found.append(("time", "import time"))
    return found


def _names(piece: Piece) -> frozenset[str]:
    return layout.names(piece.code) | (layout.names(f"{piece.around}\n    pass") if piece.around else frozenset())


def _body(pieces: Sequence[Piece]) -> str:
    """The statements of a function, indented, from the end of its head on."""
    lines: list[str] = []
    for (around, _), group in groupby(pieces, key=lambda piece: (piece.around, piece.within)):
        width = 8 if around else 4
        if around:
            lines.append(layout.indented(around, 4))
        lines += [layout.indented(piece.code, width) for piece in group]
    if not lines or not any(_does(piece.code) for piece in pieces):
        lines.append("    pass")
    return "\n" + "\n".join(lines)


def _does(code: str) -> bool:
    """Whether code is more than comments."""
    return bool(ast.parse(code).body)


def _docstring(version: Version, part: Part, place: tuple[int, int], revision: str, before: str) -> list[str]:
    """What the file is, and which deploy it belongs to; then the header, where the file has one."""
    own = (ast.get_docstring(version.tree) or "").strip()
    header = {match[1] for match in _HEADER.finditer(own)}
    prose = _HEADER.sub("", own).strip()
    summary, _, rest = prose.partition("\n")
    summary = summary or _summary(version)
    number, count = place
    lines = [summary if number == 0 or count == 1 else f"{summary.rstrip('.')}, part {number + 1} of {count}", ""]
    if number == 0 and rest.strip():
        lines += [rest.strip(), ""]
    if part.title:
        lines += [*_filled(part.title), ""]
    lines += _filled(f"Deploy {part.deploy}.{' Before it: ' + part.first if part.first else ''}")
    if header or not own:
        down = graph.revision(version.text)
        revises = ", ".join(down.down) if down is not None and number == 0 else before
        lines += ["", f"Revision ID: {revision}", f"Revises: {revises}".rstrip()]
    if number == 0:
        lines += [match[0] for match in _HEADER.finditer(own) if match[1] not in ("Revision ID", "Revises")]
    return lines


def _summary(version: Version) -> str:
    stem = version.path.rpartition("/")[2].removesuffix(".py").replace(version.revision, "")
    return re.sub(r"[_\W]+", " ", stem).strip().capitalize() or "Migration"


def _filled(text: str) -> list[str]:
    from textwrap import wrap

    return wrap(" ".join(text.split()), layout.WIDTH, break_long_words=False, break_on_hyphens=False)
