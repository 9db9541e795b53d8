"""What a migration is sent to: dialect, server and Django's version; what they can do and how they write names."""

from safecol.records import NamedTuple


class Target(NamedTuple):
    """`dialect` is a name of the registry, `server` its version number (0: the newest), `django` a release (5, 2)."""

    dialect: str = "postgresql"
    server: int = 0
    django: tuple[int, int] = (5, 2)

    @property
    def mysql(self) -> bool:
        """Whether it is MySQL or MariaDB, which share a back end of Django."""
        return self.dialect in ("mysql", "mariadb")

    @property
    def postgresql(self) -> bool:
        return self.dialect == "postgresql"

    @property
    def sqlite(self) -> bool:
        return self.dialect == "sqlite"

    @property
    def longest_name(self) -> int | None:
        """The longest identifier; None where there is no limit."""
        return {"postgresql": 63, "mysql": 64, "mariadb": 64}.get(self.dialect)

    def since(self, *release: int) -> bool:
        """Whether Django is of this release or a later one."""
        return self.django >= release

    def serves(self, number: int) -> bool:
        """Whether the server is of this version or a later one."""
        return self.server == 0 or self.server >= number

    def quoted(self, name: str) -> str:
        """An identifier in the dialect's quotes; one that has them stays as it is."""
        mark = "`" if self.mysql else '"'
        return name if name.startswith(mark) and name.endswith(mark) else f"{mark}{name}{mark}"

    def listed(self, names: "tuple[str, ...] | list[str]") -> str:
        """Identifiers in quotes, with commas."""
        return ", ".join(map(self.quoted, names))

    @property
    def partial_indexes(self) -> bool:
        return not self.mysql

    @property
    def expression_indexes(self) -> bool:
        if not self.since(3, 2):
            return False
        return self.serves(80013) if self.dialect == "mysql" else self.dialect != "mariadb"

    @property
    def deferrable_unique(self) -> bool:
        return self.postgresql

    @property
    def covering_indexes(self) -> bool:
        return self.postgresql

    @property
    def nulls_distinct(self) -> bool:
        return self.postgresql and self.serves(15)

    @property
    def comments(self) -> bool:
        return self.since(4, 2) and not self.sqlite

    @property
    def check_constraints(self) -> bool:
        """Whether CHECKs of columns and tables exist there."""
        if self.dialect == "mysql":
            return self.serves(80016)
        return self.dialect != "mariadb" or self.serves(100201)

    @property
    def native_uuid(self) -> bool:
        """Whether a UUIDField has the type of that name."""
        return self.postgresql or (self.dialect == "mariadb" and self.since(5, 0) and self.serves(100700))

    @property
    def identity(self) -> bool:
        """Whether automatic keys are identity columns, no serial ones."""
        return self.postgresql and self.since(4, 1)
