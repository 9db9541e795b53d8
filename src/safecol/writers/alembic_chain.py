"""A version file taken apart and its findings come in; the parts that replace it, in their order, go out.

Every call that is written instead of SQL is read again, and taken only where it sends that very statement.
"""

import ast
import re
from collections.abc import Iterator, Sequence

from libcst import Call

from safecol.finding import Stage
from safecol.frontends.alembic import reading
from safecol.operations import KINDS, Operation
from safecol.patterns import lazy
from safecol.records import NamedTuple
from safecol.writers import alembic_besides, alembic_calls, alembic_guards, alembic_limits, cst, layout, operations
from safecol.writers.alembic_undoing import Undoing, explained
from safecol.writers.layout import Block
from safecol.writers.parts import Part, Piece, Sent, Staged, Version, Wanted

_GENERATED = lazy(r"#\s*###.*###\s*$")
_DIRECTIVE = lazy(r"--\s*(safecol:.*)")
_WORD = lazy(r"\w+")
_LIGHT = frozenset({*KINDS["column"], *KINDS["constraint"], *KINDS["index"], "comment"})
_NOISE = frozenset(
    {"cascade", "foreignkey", "unique", "check", "primary", "btree", "gin", "gist", "null", "set", "restrict", "now"}
)
_COLUMN = 4
"""Where the code of a function begins."""


class Unit(NamedTuple):
    """A part of the upgrade: kept as it is (`finding` is None), or the statement that a finding is about.

    `leads` is True for the first of a block, with which its comments go. `guard` is the condition that it stands under;
    `unasked` is True where that is left away.
    """

    block: Block
    pieces: tuple[Piece, ...] = ()
    finding: Wanted | None = None
    sent: tuple[Sent, ...] = ()
    call: Call | None = None
    leads: bool = True
    guard: str = ""
    unasked: bool = False


def parts_of(version: Version, staged: Staged) -> list[Part]:
    """What replaces the file: first what is left of it, then the stages; empty when nothing can be taken out."""
    units = [unit for number in range(len(version.blocks)) for unit in _units(version, staged, number)]
    if all(unit.finding is None for unit in units):
        return []
    undo = Undoing(version)
    main: list[Unit] = []
    parts: list[Part] = []
    passed: list[Unit] = []
    rest: list[Unit] = []
    ran: list[Sent] = []
    deploy = 1

    def end_rest() -> None:
        if rest:
            kept = _kept(version, staged, tuple(rest), deploy, ran)
            done = [operation for one in rest for sent in one.sent for operation in sent.statement.operations]
            parts.append(kept._replace(down=undo.of_stage(kept.sql, done) or explained(done, unknown=True)))
            ran.extend(sent for one in rest for sent in one.sent)
            rest.clear()

    for unit in units:
        if unit.finding is None:
            if any(_depends(unit, other) for other in passed):
                rest.append(unit)
                passed.append(unit)
            else:
                main.append(unit)
                ran.extend(unit.sent)
            continue
        end_rest()
        passed.append(unit)
        ran.extend(unit.sent)
        made, deploy = _stages(version, staged, unit.finding, unit, undo, deploy)
        parts += made
    end_rest()
    left = undo.left()
    if not main:
        first = parts[0]
        return [first._replace(down=(*first.down, *left)), *parts[1:]]
    head = _kept(version, staged, tuple(main), 1)
    if not left and version.downgrade is not None:
        done = [one for unit in main for sent in unit.sent for one in sent.statement.operations]
        left = explained(done, unknown=any(unit.sent for unit in main))
    return [head._replace(down=left), *parts]


def _kept(version: Version, staged: Staged, units: Sequence[Unit], deploy: int, ran: Sequence[Sent] = ()) -> Part:
    sql = "\n".join(f"{sent.sql.strip()};" for unit in units for sent in unit.sent)
    title = "Everything else that the migration does."
    pieces: list[Piece] = []
    for unit in units:
        excused = alembic_besides.excused(unit.pieces, unit.sent, ran)
        pieces += alembic_besides.apart(version, staged, excused, unit.sent)
    sent = [one for unit in units for one in unit.sent]
    return Part(
        with_locals(version, alembic_besides.bounded(version, staged, pieces, sent)),
        (),
        sql,
        title=title,
        deploy=deploy,
    )


def _units(version: Version, staged: Staged, number: int) -> Iterator[Unit]:
    block, sent = version.blocks[number], version.sent[number]
    if _is_local(block, sent) or _ends(version, number):
        return
    if not any(one.statement.number in staged.by_statement for one in sent):
        yield Unit(block, (_whole(block),), sent=sent)
        return
    under = alembic_guards.opened(version, staged, block, sent)
    if under:
        guard = alembic_guards.head(version, block)
        for inner, held in under:
            for unit in _of_block(version, staged, inner, tuple(held)):
                asks = unit.finding is None or not all(map(alembic_guards.builds, unit.sent))
                pieces = alembic_guards.guarded(guard, unit.pieces)
                yield unit._replace(pieces=pieces, guard=guard if asks else "", unasked=not asks)
        return
    yield from _of_block(version, staged, block, sent)


def _of_block(version: Version, staged: Staged, block: Block, sent: tuple[Sent, ...]) -> Iterator[Unit]:
    if not all(one.known for one in sent) or not any(one.statement.number in staged.by_statement for one in sent):
        yield Unit(block, (_whole(block),), sent=sent)
        return
    call = _call(version, block)
    run: list[Sent] = []
    kept = [one for one in sent if one.statement.number not in staged.by_statement]
    if call is not None and cst.name(call) == "add_column" and sent[0] in kept:
        sent = (*kept, *(one for one in sent if one not in kept))  # the column with all that it brings at once
    for one in sent:
        finding = staged.by_statement.get(one.statement.number)
        if finding is None:
            run.append(one)
            continue
        if run:
            yield Unit(block, _some(version, block, call, run), sent=tuple(run))
            run = []
        yield Unit(block, finding=finding, sent=(one,), call=call, leads=one is sent[0])
    if run:
        yield Unit(block, _some(version, block, call, run), sent=tuple(run))


def _ends(version: Version, number: int) -> bool:
    """Whether it ends the transaction before a block that commits, which is done anew before each of them."""
    following = version.blocks[number + 1] if number + 1 < len(version.blocks) else None
    commits = version.blocks[number].code == f"{version.style.op}.get_bind().commit()"
    return version.opened and commits and following is not None and "autocommit_block(" in following.around


def _is_local(block: Block, sent: Sequence[Sent]) -> bool:
    """Whether a statement only prepares others: it gives names, or ends the function early."""
    if sent:
        return False
    node = block.node
    return (
        bool(layout.bound(node))
        or isinstance(node, ast.Pass)
        or any(isinstance(one, ast.Return) for one in ast.walk(node))
    )


def with_locals(version: Version, pieces: Sequence[Piece]) -> tuple[Piece, ...]:
    """The pieces, after the statements of the upgrade that give the names which they use, and its early ends."""
    wanted: set[str] = set()
    for piece in pieces:
        wanted |= layout.names(piece.code) | (
            layout.names(f"{piece.around}\n    pass") if piece.around else frozenset()
        )
    found: list[Piece] = []
    last = max((number for number, sent in enumerate(version.sent) if sent), default=0)
    for number in range(last, -1, -1):
        block = version.blocks[number]
        if not _is_local(block, version.sent[number]) or isinstance(block.node, ast.Pass):
            continue
        ends = any(isinstance(one, ast.Return) for one in ast.walk(block.node))
        if ends or layout.bound(block.node) & wanted:
            wanted |= layout.names(block.code)
            found.insert(0, _whole(block))
    return (*found, *pieces)


def _whole(block: Block) -> Piece:
    lines = [line for line in block.comments.split("\n") if line and not _GENERATED.match(line)]
    code = "\n".join([*lines, block.code]) + (f"  {block.tail}" if block.tail else "")
    return Piece(code, block.around, block.within)


def _call(version: Version, block: Block) -> Call | None:
    """The user's call, as one of `op` where it is one of a batch."""
    node = block.node
    if not isinstance(node, ast.Expr) or not isinstance(node.value, ast.Call):
        return None
    call = cst.parse(block.code)
    if call is None or "batch_alter_table(" not in block.around:
        return call
    within = re.match(r"with (.*?) as (\w+):$", block.around, re.DOTALL)
    batch = cst.parse(within[1]) if within else None
    if batch is None or within is None or cst.called_on(call) != within[2]:
        return None
    return alembic_calls.expanded(call, batch, cst.called_on(batch) or version.style.op)


def _some(version: Version, block: Block, call: Call | None, run: Sequence[Sent]) -> tuple[Piece, ...]:
    """Code that sends some of what a block sends: its call with less, or else SQL."""
    wanted = operations.bare(operation for one in run for operation in one.statement.operations)
    if call is not None:
        word = cst.name(call)
        kinds = tuple(operation.kind for one in run for operation in one.statement.operations)
        if word == "alter_column":
            attempts = iter((alembic_calls.restricted(call, kinds),))
        else:
            attempts = alembic_calls.columns_of(call) if word == "add_column" else iter(())
        for attempt in attempts:
            if sends(version, cst.source(attempt)) == wanted:
                return (Piece(_commented(block, cst.fitted(attempt, layout.WIDTH - _COLUMN))),)
    return tuple(
        Piece(_coded(version, one.sql, one.statement.operations, call, _COLUMN), *_around(block)) for one in run
    )


def _around(block: Block) -> tuple[str, int]:
    return (block.around, block.within) if "autocommit_block(" in block.around else ("", 0)


def _commented(block: Block, code: str) -> str:
    lines = [line for line in block.comments.split("\n") if line and not _GENERATED.match(line)]
    return "\n".join([*(line for line in lines if "safecol:" not in line), code])


def sends(version: Version, code: str) -> list[object] | None:
    """What code would send as the body of the upgrade; None when some of it isn't understood."""
    pieces = with_locals(version, [Piece(code)])
    body = "\n".join(layout.indented(piece.code, _COLUMN) for piece in pieces)
    head, tail = version.probe
    found = reading.read(f"{head}\n{body}\n{tail}", "wrapped", version.dialect, version.path)
    statements = [one for section, each in found.sections if section.direction == "up" for one in each]
    if not statements or any(one.opaque is not None for one in statements):
        return None
    return operations.bare(operation for one in statements for operation in one.operations)


def _coded(version: Version, sql: str, wanted: Sequence[Operation], call: Call | None, column: int) -> str:
    """A call that sends a statement: the user's own or another of `op`, or else one that executes it."""
    style = version.style
    width = layout.WIDTH - column
    if len(wanted) == 1:
        same = operations.bare(wanted)
        for attempt in alembic_calls.candidates(wanted[0], sql, call, style):
            if sends(version, cst.source(attempt)) == same:
                return cst.fitted(attempt, width)
    return alembic_calls.execute(sql, style, column, width)


def _depends(unit: Unit, other: Unit) -> bool:
    """Whether the order of two parts matters, as far as their names tell."""
    if not all(one.known for one in (*unit.sent, *other.sent)):
        return True
    kinds = [operation.kind for one in (*unit.sent, *other.sent) for operation in one.statement.operations]
    shared = _words(unit) & _words(other)
    if all(kind in _LIGHT for kind in kinds):
        # On one table, but not about the same of it.
        shared -= {
            operation.relation.name.lower()
            for one in (*unit.sent, *other.sent)
            for operation in one.statement.operations
            if operation.relation is not None and operation.object != "index"
        }
    return bool(shared)


def _words(unit: Unit) -> set[str]:
    texts = [
        one.value for one in ast.walk(unit.block.node) if isinstance(one, ast.Constant) and isinstance(one.value, str)
    ]
    return {word.lower() for text in texts for word in _WORD.findall(text)} - _NOISE


def _stages(
    version: Version, staged: Staged, wanted: Wanted, unit: Unit, undo: Undoing, deploy: int
) -> tuple[list[Part], int]:
    """The parts of a finding's stages, and the deploy that the last of them belongs to."""
    parts: list[Part] = []
    gates: list[str] = []
    comments = _commented(unit.block, "").strip("\n") if unit.leads else ""
    for at in wanted.stages:
        stage = staged.findings[wanted.finding].stages[at]
        if not stage.sql:
            deploy += stage.kind == "deploy"
            gates.append(_gate(stage.title))
            continue
        up = _body(version, stage, unit)
        if unit.unasked and not parts:
            up = (*_cleared(version, stage), *up)
        if comments and not parts:
            up = (up[0]._replace(code=f"{comments}\n{up[0].code}"), *up[1:])
        up = alembic_guards.guarded(unit.guard, up)
        down = undo.of_stage(stage.sql, unit.sent[0].statement.operations)
        parts.append(
            Part(with_locals(version, up), down, stage.sql, wanted.finding, at, stage.title, deploy, " ".join(gates))
        )
        gates = []
    return parts, deploy


def _cleared(version: Version, stage: Stage) -> tuple[Piece, ...]:
    """What takes away an index that is there already, before it is built."""
    made = [one for each in operations.statements(stage.sql, version.dialect) for one in each.operations]
    name = getattr(made[0].definition, "name", None) if len(made) == 1 else None
    if name is None or made[0].kind != "create-index":
        return ()
    gone = operations.undoing(made[0], version.dialect)
    code = _coded(version, gone, operations.statements(gone, version.dialect)[0].operations, None, _COLUMN + 4)
    around = f"with {version.style.op}.get_context().autocommit_block():"
    return (Piece(code, around, 1),)


def _gate(title: str) -> str:
    words = title.replace("**", "")
    return words[:1].lower() + words[1:]


def _body(version: Version, stage: Stage, unit: Unit) -> tuple[Piece, ...]:
    """The code of a stage, in a block that commits where it must not run in a transaction with others."""
    if stage.kind == "backfill":
        return (Piece(_loop(version, stage.sql)),)
    found = operations.statements(stage.sql, version.dialect)
    # In a transaction that all files share, what commits by itself is what holds its locks for a moment.
    changes = [one for one in found if any(operation.kind != "set" for operation in one.operations)]
    alone = not stage.transaction or (version.shared and len(changes) == 1)
    around = (f"with {version.style.op}.get_context().autocommit_block():", 1) if alone else ("", 0)
    column = _COLUMN + 4 if alone else _COLUMN
    pieces: list[tuple[Piece, Sequence[Operation]]] = []
    at = 0
    whole = operations.bare(unit.sent[0].statement.operations)
    for statement in found:
        call = unit.call
        if call is not None and cst.name(call) == "execute" and operations.bare(statement.operations) != whole:
            call = None
        sql = stage.sql[statement.span.start : statement.span.end]
        directives = [f"# {match[1]}" for match in _DIRECTIVE.finditer(stage.sql, at, statement.span.start)]
        code = _coded(version, sql, statement.operations, call, column)
        pieces.append((Piece("\n".join([*directives, code]), *around), statement.operations))
        at = statement.span.end
    return alembic_limits.limited(version, pieces)


def _loop(version: Version, sql: str) -> str:
    """A statement that is run until it changes no row, each time in a transaction of its own."""
    style = version.style
    batch = layout.long_literal(alembic_calls.escaped(sql.strip().rstrip(";")), _COLUMN + 4)
    return f"""\
batch = {style.toolkit}.text(
    {batch}
)
with {style.op}.get_context().autocommit_block():
    if {style.op}.get_context().as_sql:
        {style.op}.execute(batch)  # in a script: to be repeated until it changes no row
    else:
        while {style.op}.get_bind().execute(batch).rowcount:
            time.sleep(0.1)"""
