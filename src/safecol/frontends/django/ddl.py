"""Indexes and constraints as records, which can wait for the end of a migration; the SQL that makes them goes out.

Names are made when the SQL is: a table or column that is renamed before then changes them, as in Django.
"""

from safecol.frontends.django.ledger import Known
from safecol.frontends.django.target import Target
from safecol.frontends.django.values import digest
from safecol.records import NamedTuple


def bare(table: str) -> str:
    """A table's name without its schema and quotes."""
    quote = table.find('"."')
    return table[quote + 3 :].strip('"') if quote >= 0 else table.strip('"`')


def made_name(target: Target, table: str, columns: tuple[str, ...], suffix: str) -> str:
    """The name that Django makes for an index or constraint."""
    table = bare(table)
    end = digest(table, *columns) + suffix
    longest = target.longest_name or 200
    joined = "_".join(columns)
    name = f"{table}_{joined}_{end}"
    if len(name) <= longest:
        return name
    if len(end) > longest / 3:
        end = end[: longest // 3]
    each = (longest - len(end)) // 2 - 1
    name = f"{table[:each]}_{joined[:each]}_{end}"
    return f"D{name[:-1]}" if name[0] == "_" or name[0].isdigit() else name


class Index(NamedTuple):
    """CREATE INDEX. `columns` are names; `expressions` stand in their place. `rest` follows the parentheses."""

    table: str
    columns: tuple[str, ...]
    suffix: str = ""
    name: str | None = None
    using: str = ""
    orders: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    expressions: tuple[str, ...] = ()
    including: tuple[str, ...] = ()
    rest: str = ""
    condition: str = ""
    unique: bool = False
    concurrently: bool = False
    nulls: str = ""
    kind: str = ""

    def named(self, target: Target) -> str:
        """Its name."""
        return self.name or made_name(target, self.table, self.columns, self.suffix)

    def sql(self, target: Target) -> str:
        """The statement."""
        words = (
            f"CREATE {'UNIQUE ' if self.unique else ''}{self.kind}INDEX {'CONCURRENTLY ' if self.concurrently else ''}"
        )
        using = self.using if target.postgresql else ""
        name, table = target.quoted(self.named(target)), target.quoted(self.table)
        return f"{words}{name} ON {table}{using} ({self._elements(target)}){self._end(target)}"

    def _elements(self, target: Target) -> str:
        if self.expressions:
            return ", ".join(self.expressions)
        found = []
        for at, column in enumerate(self.columns):
            element = target.quoted(column)
            if at < len(self.classes) and self.classes[at] and target.postgresql:
                element += f" {self.classes[at]}"
            if at < len(self.orders) and self.orders[at]:
                element += f" {self.orders[at]}"
            found.append(element)
        return ", ".join(found)

    def _end(self, target: Target) -> str:
        including = f" INCLUDE ({target.listed(self.including)})" if self.including and target.covering_indexes else ""
        where = f" WHERE {self.condition}" if self.condition and target.partial_indexes else ""
        return f"{including}{self.rest if not target.sqlite else ''}{self.nulls}{where}"

    def known(self, target: Target) -> Known:
        """What the database then has."""
        method = self.using.removeprefix(" USING ").lower() or "idx"
        return Known(self.named(target), self.columns, unique=self.unique, index=True, method=method)


class Unique(NamedTuple):
    """ALTER TABLE ADD CONSTRAINT UNIQUE; a unique index on SQLite."""

    table: str
    columns: tuple[str, ...]
    name: str | None = None
    deferrable: str = ""
    nulls: str = ""

    def named(self, target: Target) -> str:
        """Its name."""
        return self.name or made_name(target, self.table, self.columns, "_uniq")

    def sql(self, target: Target) -> str:
        """The statement."""
        name, table, columns = target.quoted(self.named(target)), target.quoted(self.table), target.listed(self.columns)
        if target.sqlite:
            return f"CREATE UNIQUE INDEX {name} ON {table} ({columns})"
        return f"ALTER TABLE {table} ADD CONSTRAINT {name} UNIQUE{self.nulls} ({columns}){self.deferrable}"

    def known(self, target: Target) -> Known:
        """What the database then has."""
        return Known(self.named(target), self.columns, unique=True, index=not target.postgresql, method="idx")


class ForeignKey(NamedTuple):
    """ALTER TABLE ADD CONSTRAINT FOREIGN KEY; `suffix` goes into its name."""

    table: str
    columns: tuple[str, ...]
    to_table: str
    to_column: str
    suffix: str = "_fk_%(to_table)s_%(to_column)s"

    def named(self, target: Target) -> str:
        """Its name."""
        suffix = self.suffix.replace("%(to_table)s", bare(self.to_table)).replace("%(to_column)s", self.to_column)
        return made_name(target, self.table, self.columns, suffix)

    def sql(self, target: Target) -> str:
        """The statement."""
        return (
            f"ALTER TABLE {target.quoted(self.table)} ADD CONSTRAINT {target.quoted(self.named(target))} "
            f"FOREIGN KEY ({target.listed(self.columns)}) REFERENCES {target.quoted(self.to_table)} "
            f"({target.quoted(self.to_column)}){deferred(target)}"
        )

    def known(self, target: Target) -> Known:
        """What the database then has."""
        return Known(
            self.named(target), self.columns, foreign=True, index=target.mysql, method="idx" if target.mysql else ""
        )


class Check(NamedTuple):
    """ALTER TABLE ADD CONSTRAINT CHECK."""

    table: str
    columns: tuple[str, ...]
    name: str
    condition: str

    def named(self, _target: Target) -> str:
        """Its name."""
        return self.name

    def sql(self, target: Target) -> str:
        """The statement."""
        table, name = target.quoted(self.table), target.quoted(self.name)
        return f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({self.condition})"

    def known(self, _target: Target) -> Known:
        """What the database then has."""
        return Known(self.name, self.columns, check=True)


class Written(NamedTuple):
    """A statement that is written already."""

    table: str
    columns: tuple[str, ...]
    text: str

    def named(self, _target: Target) -> str:
        """No name."""
        return ""

    def sql(self, _target: Target) -> str:
        """The statement."""
        return self.text

    def known(self, _target: Target) -> Known | None:
        """Nothing that is looked for later."""
        return None


Definition = Index | Unique | ForeignKey | Check | Written


def deferred(target: Target) -> str:
    """What follows a foreign key of Django's."""
    return "" if target.mysql else " DEFERRABLE INITIALLY DEFERRED"


def names_table(definition: Definition, table: str) -> bool:
    """Whether a definition is about a table."""
    return definition.table == table or (isinstance(definition, ForeignKey) and definition.to_table == table)


def names_column(definition: Definition, table: str, column: str) -> bool:
    """Whether a definition is about a column."""
    if isinstance(definition, ForeignKey) and definition.to_table == table and definition.to_column == column:
        return True
    return definition.table == table and column in definition.columns


def with_table(definition: Definition, old: str, new: str) -> Definition:
    """The definition after a table was renamed."""
    if definition.table == old:
        definition = definition._replace(table=new)
    if isinstance(definition, ForeignKey) and definition.to_table == old:
        return definition._replace(to_table=new)
    return definition


def with_column(definition: Definition, table: str, old: str, new: str) -> Definition:
    """The definition after a column was renamed."""
    if definition.table == table:
        definition = definition._replace(columns=tuple(new if one == old else one for one in definition.columns))
    if isinstance(definition, ForeignKey) and definition.to_table == table and definition.to_column == old:
        return definition._replace(to_column=new)
    return definition


def server_name(table: str, column_name: str, label: str) -> str:
    """The name that PostgreSQL gives: the longer of table and column is shortened until it fits."""
    first, second = len(table), len(column_name)
    room = 63 - len(label) - 1 - (1 if column_name else 0)
    while first + second > room:
        if first > second:
            first -= 1
        else:
            second -= 1
    parts = [table[:first], column_name[:second], label] if column_name else [table[:first], label]
    return "_".join(parts)
