"""SQLite for the fold: the catalog in, its table of effects and judgements out."""

from safecol import effects
from safecol.catalog import Catalog
from safecol.context import Context
from safecol.dialects.sqlite.facts import facts
from safecol.dialects.sqlite.history import apply
from safecol.dialects.sqlite.session import setting
from safecol.dialects.sqlite.targets import resolve
from safecol.fold import Dialect
from safecol.operations import RoutineDefinition, Statement
from safecol.source import Span

_last: list[tuple[Catalog, Dialect]] = []  # one entry: a process asks with the same catalog again and again
_ONLY_OUTSIDE = frozenset({"foreign_keys", "journal_mode"})


def load(catalog: Catalog) -> Dialect:
    """What the fold needs to know of SQLite."""
    if _last and _last[0][0] is catalog:
        return _last[0][1]
    table = effects.Table(catalog.effects("sqlite"), catalog.locks("sqlite"), number)
    made = Dialect(table, facts, resolve, setting, number, _routine, apply=apply, takes_effect=_takes_effect)
    _last[:] = [(catalog, made)]
    return made


def number(version: str) -> int:
    """`3.45.1` is 34501."""
    from safecol import versions

    major, minor, patch = (*versions.parse(version), 0, 0, 0)[:3]
    return major * 10000 + minor * 100 + patch


def _takes_effect(context: Context, name: str) -> bool:
    """Whether a PRAGMA changes anything here: foreign_keys doesn't in a transaction.

    https://www.sqlite.org/pragma.html#pragma_foreign_keys
    """
    return not (name in _ONLY_OUTSIDE and context.transaction is not None)


def _routine(definition: RoutineDefinition, number: int, span: Span) -> tuple[tuple[Statement, ...], str]:
    """SQLite has no routines."""
    del definition, number, span
    return (), ""
