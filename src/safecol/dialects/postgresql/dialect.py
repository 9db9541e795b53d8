"""PostgreSQL for the fold: the catalog in, its table of effects and judgements out."""

from safecol import effects
from safecol.catalog import Catalog
from safecol.dialects.postgresql.facts import facts
from safecol.dialects.postgresql.session import setting
from safecol.dialects.postgresql.targets import resolve
from safecol.fold import Dialect


def load(catalog: Catalog) -> Dialect:
    """What the fold needs to know of PostgreSQL."""
    return Dialect(effects.Table(catalog.effects("postgresql"), catalog.locks("postgresql")), facts, resolve, setting)
