"""How a dialect compares names, and how sqlglot calls it."""

from typing import Any

from safecol.records import NamedTuple

Node = Any
"""An expression of sqlglot: its classes are slow to import, so trees are read by `key`, `this` and `args`."""


class Style(NamedTuple):
    """`dialect` is sqlglot's name; `exact_tables` is whether the case of a table's name matters."""

    dialect: str
    exact_tables: bool = False

    def table(self, name: str) -> str:
        """The name of a table or schema as it is compared."""
        return name if self.exact_tables else name.lower()

    def column(self, name: str) -> str:
        """The name of a column, index or constraint as it is compared."""
        return name.lower()


MYSQL = Style("mysql", exact_tables=True)
