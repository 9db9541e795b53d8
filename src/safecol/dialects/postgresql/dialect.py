"""PostgreSQL for the fold: the catalog in, its table of effects and judgements out."""

from safecol import effects
from safecol.catalog import Catalog
from safecol.dialects.postgresql.facts import facts
from safecol.dialects.postgresql.session import setting
from safecol.dialects.postgresql.targets import resolve
from safecol.fold import Dialect
from safecol.operations import RoutineDefinition, Statement
from safecol.source import Span

_last: list[tuple[Catalog, Dialect]] = []  # one entry: a process asks with the same catalog again and again


def load(catalog: Catalog) -> Dialect:
    """What the fold needs to know of PostgreSQL."""
    if _last and _last[0][0] is catalog:
        return _last[0][1]
    table = effects.Table(catalog.effects("postgresql"), catalog.locks("postgresql"))
    _last[:] = [(catalog, Dialect(table, facts, resolve, setting, _major, _routine))]
    return _last[0][1]


def _major(version: str) -> int:
    from safecol import versions

    return next(iter(versions.parse(version)), 0)


def _routine(definition: RoutineDefinition, number: int, span: Span) -> tuple[tuple[Statement, ...], str]:
    """The statements of a routine's body, and why some of them are not known."""
    from safecol.frontends.postgresql import bodies

    body = bodies.routine(definition, number, span)
    problems = [body.problem, *(statement.opaque for statement in body.statements)]
    return body.statements, next((problem.reason for problem in problems if problem is not None), "")
