"""MySQL and MariaDB for the fold: the catalog in, the table of effects and the judgements of one of them out."""

from collections.abc import Sequence

from safecol import effects
from safecol.catalog import Catalog
from safecol.context import Context
from safecol.dialects.mysql import combining, history
from safecol.dialects.mysql.facts import facts
from safecol.dialects.mysql.session import commits, number, setting
from safecol.dialects.mysql.targets import resolve
from safecol.effect import Effect
from safecol.fold import Dialect, Part
from safecol.operations import RoutineDefinition, Statement
from safecol.source import Span

_last: dict[str, tuple[Catalog, Dialect]] = {}  # one entry a dialect: a process asks with the same catalog again


def load(catalog: Catalog, name: str) -> Dialect:
    """What the fold needs to know of MySQL (`mysql`) or MariaDB (`mariadb`)."""
    kept = _last.get(name)
    if kept is not None and kept[0] is catalog:
        return kept[1]
    table = effects.Table(catalog.effects(name), catalog.locks(name), number)

    def combine(context: Context, parts: Sequence[Part]) -> Effect:
        return combining.for_table(table, context, parts)

    made = Dialect(
        table, facts, resolve, setting, number, _routine, combine, history.apply, bodies_alone=True, commits=commits
    )
    _last[name] = catalog, made
    return made


def _routine(definition: RoutineDefinition, number: int, span: Span) -> tuple[tuple[Statement, ...], str]:
    """The statements of a routine's body, and why some are not known; in its own file they are parts of the CALL."""
    from safecol.frontends.mysql import bodies

    body = bodies.routine(definition, number, span)
    problems = [body.problem, *(statement.opaque for statement in body.statements)]
    return body.statements, next((problem.reason for problem in problems if problem is not None), "")
