"""Which constraints and indexes a history has made, by table: what Django asks the database for before it drops one."""

from safecol.records import NamedTuple


class Known(NamedTuple):
    """A constraint or index as Django's introspection tells it; `method` is `idx` for a plain B-tree index."""

    name: str
    columns: tuple[str, ...]
    unique: bool = False
    primary: bool = False
    index: bool = False  # type: ignore[assignment]  # hides tuple.index, which nobody needs of a record
    check: bool = False
    foreign: bool = False
    method: str = ""


class Ledger:
    """What each table has; a table that was not seen to be made is not in it."""

    def __init__(self) -> None:
        self.tables: dict[str, list[Known]] = {}

    def copy(self) -> "Ledger":
        """The same, to go another way from here."""
        made = Ledger()
        made.tables = {table: list(known) for table, known in self.tables.items()}
        return made

    def create(self, table: str) -> None:
        """A new table."""
        self.tables[table] = []

    def add(self, table: str, known: Known) -> None:
        """Something that a table gets."""
        if table in self.tables:
            self.tables[table].append(known)

    def drop(self, table: str, name: str) -> None:
        """Something that a table has no longer."""
        if table in self.tables:
            self.tables[table] = [one for one in self.tables[table] if one.name != name]

    def drop_table(self, table: str) -> None:
        """A table that goes."""
        self.tables.pop(table, None)

    def rename_table(self, old: str, new: str) -> None:
        """A table of another name; what it has keeps its names."""
        if old in self.tables:
            self.tables[new] = self.tables.pop(old)

    def rename_column(self, table: str, old: str, new: str) -> None:
        """A column of another name."""
        if table in self.tables:
            self.tables[table] = [
                one._replace(columns=tuple(new if column == old else column for column in one.columns))
                for one in self.tables[table]
            ]

    def drop_column(self, table: str, column: str) -> None:
        """A column that goes, with all that names it."""
        if table in self.tables:
            self.tables[table] = [one for one in self.tables[table] if column not in one.columns]

    def spare(self, table: str, columns: tuple[str, ...]) -> None:
        """The indexes that foreign keys brought along go where one over these columns stands for them."""
        if table in self.tables:
            self.tables[table] = [
                one._replace(index=False) if one.foreign and columns[: len(one.columns)] == one.columns else one
                for one in self.tables[table]
            ]

    def rename(self, table: str, old: str, new: str) -> None:
        """A constraint or index of another name."""
        if table in self.tables:
            self.tables[table] = [one._replace(name=new) if one.name == old else one for one in self.tables[table]]

    def find(self, table: str, columns: tuple[str, ...] | None, without: frozenset[str] = frozenset()) -> list[Known]:
        """What is over exactly these columns, but for some names."""
        return [
            one
            for one in self.tables.get(table, ())
            if (columns is None or one.columns == columns) and one.name not in without
        ]
