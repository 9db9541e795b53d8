"""What a query reads, collected while it is parsed: references go in, relations and columns come out."""

from safecol.operations import Name, QueryUse


class Reading:
    """What one statement reads. `columns` are (relation or None, column) once the scopes are closed.

    `quoted` are names in double quotes that may be strings; `star` is whether all columns of a relation are read.
    """

    __slots__ = ("calls", "columns", "literals", "quoted", "relations", "star")

    def __init__(self) -> None:
        self.relations: list[Name] = []
        self.columns: list[tuple[str | None, str]] = []
        self.literals: list[str] = []
        self.calls: list[str] = []
        self.quoted: list[str] = []
        self.star = False

    def use(self, outputs: tuple[str | None, ...] = (), target: Name | None = None) -> QueryUse:
        """All that was read, but for the table that is changed."""
        relations = tuple(dict.fromkeys(name for name in self.relations if name != target))
        return QueryUse(relations, tuple(dict.fromkeys(self.columns)), self.star, outputs)

    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Calls and literals as options of an operation."""
        return (
            *(("calls", name) for name in dict.fromkeys(self.calls)),
            *(("literal", value) for value in dict.fromkeys(self.literals)),
        )


class Scope:
    """The names that one SELECT knows: aliases of what it reads, and those of the queries around it.

    `names` maps an alias to the relation that it stands for, None where that is a query of its own. `common` are the
    names of WITH clauses.
    """

    __slots__ = ("common", "inner", "names", "outer", "reading", "references")

    def __init__(self, reading: Reading, outer: "Scope | None" = None, *, inner: bool = False) -> None:
        self.reading = reading
        self.outer = outer
        self.inner = inner
        self.names: dict[str, Name | None] = {}
        self.common: set[str] = set(outer.common) if outer is not None else set()
        self.references: list[tuple[tuple[str, ...], bool]] = []

    def add(self, relation: Name, alias: str | None) -> None:
        """Read a relation by its name or an alias."""
        common = relation.schema is None and relation.name in self.common
        if not common:
            self.reading.relations.append(relation)
        self.names[alias or relation.name] = None if common else relation

    def refer(self, parts: tuple[str, ...], *, double_quoted: bool = False) -> None:
        """Read a column; whose it is, is known once the whole FROM is."""
        if parts[-1] == "*":
            if not self.inner:
                self.reading.star = True
            return
        self.references.append((parts, double_quoted))

    def close(self) -> None:
        """Say of each column whose it is; what isn't known here belongs to the query around."""
        for parts, double_quoted in self.references:
            if len(parts) == 1:
                if double_quoted:
                    self.reading.quoted.append(parts[0])
                self.reading.columns.append((None, parts[0]))
                continue
            owner = parts[-2]
            if owner in self.names:
                relation = self.names[owner]
                if relation is not None:
                    self.reading.columns.append((relation.name, parts[-1]))
            elif self.outer is not None:
                self.outer.references.append((parts, double_quoted))
            else:
                self.reading.columns.append((owner, parts[-1]))
        self.references = []
