"""A file that was folded comes in; what each of its statements does goes out, one value a statement."""

from collections.abc import Iterator

from safecol.effect import Effect, Failure, StatementEffect
from safecol.operations import Statement
from safecol.ran import Ran
from safecol.read_file import ReadFile
from safecol.trace import Step, in_transaction


def statement_effects(ran: Ran) -> Iterator[StatementEffect]:
    """Each statement of the sections that run forward; what was not understood carries the reason."""
    source, file = ran.read.source, ran.read.file
    reason = source.problem or ran.read.unread
    if reason:
        yield StatementEffect(
            source.path, 1, 1, 0, "", (), Effect(unknown=(reason,)),
            dialect=file.dialect, server_version=ran.version, reason=reason,
        )  # fmt: skip
    for made, statements in zip(ran.traces, ran.forward, strict=True):
        steps: dict[int, list[Step]] = {}
        for step in made.steps:
            steps.setdefault(step.statement.number, []).append(step)
        for statement in statements:
            if statement.forgets and statement.opaque is None and not statement.operations:
                continue  # no statement that is sent, but what isn't known after others
            effect = _statement_effect(ran.read, statement, steps.get(statement.number, []))
            yield effect._replace(dialect=file.dialect, server_version=ran.version)


def _statement_effect(read: ReadFile, statement: Statement, steps: list[Step]) -> StatementEffect:
    source, span = read.source, read.place(statement.span)
    reasons = (each.opaque.reason for each in (statement, *statement.parts) if each.opaque is not None)
    reason = "; ".join(dict.fromkeys(reasons))
    line, end_line = source.position(span.start)[0], source.position(span.end)[0]
    sql = read.text[statement.span.start : statement.span.end]
    if not steps:
        refused = statement.opaque is not None and statement.opaque.syntax
        effect = Effect(unknown=(reason,), fails=Failure("always", reason) if refused else None) if reason else Effect()
        return StatementEffect(source.path, line, end_line, statement.number, sql, (), effect, reason=reason)
    first = steps[0]
    return StatementEffect(
        path=source.path,
        line=line,
        end_line=end_line,
        statement=statement.number,
        sql=sql,
        operations=tuple(step.operation.kind for step in steps),
        effect=first.whole._replace(unknown=(*first.whole.unknown, reason)) if reason else first.whole,
        in_transaction=in_transaction(first),
        transaction=first.transaction,
        reason=reason,
    )
