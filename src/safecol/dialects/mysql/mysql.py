"""MySQL for the fold."""

from safecol.catalog import Catalog
from safecol.dialects.mysql import dialect
from safecol.fold import Dialect


def load(catalog: Catalog) -> Dialect:
    """What the fold needs to know of MySQL."""
    return dialect.load(catalog, "mysql")
