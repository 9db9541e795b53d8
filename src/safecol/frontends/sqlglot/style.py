"""How a dialect compares names, and how sqlglot calls it."""

from typing import Any

from safecol.records import NamedTuple

Node = Any
"""An expression of sqlglot: its classes are slow to import, so trees are read by `key`, `this` and `args`."""


class Style(NamedTuple):
    """`dialect` is sqlglot's name. `tables` and `columns` say which names are folded to lower case.

    `all`: however written; `unquoted`: those without quotes; `none`: names stay as written.
    """

    dialect: str
    tables: str = "all"
    columns: str = "all"

    def table(self, name: str, *, quoted: bool = False) -> str:
        """The name of a table or schema as it is compared."""
        return _folded(self.tables, name, quoted=quoted)

    def column(self, name: str, *, quoted: bool = False) -> str:
        """The name of a column, index or constraint as it is compared."""
        return _folded(self.columns, name, quoted=quoted)


def _folded(rule: str, name: str, *, quoted: bool) -> str:
    if rule == "all" or (rule == "unquoted" and not quoted):
        return name.lower()
    return name


MYSQL = Style("mysql", tables="none")
SQLITE = Style("sqlite")
