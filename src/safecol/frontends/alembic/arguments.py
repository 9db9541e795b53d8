"""A call of `op.*` comes in; its arguments go out by the names of Alembic's signatures."""

from collections.abc import Sequence

from safecol.frontends.alembic.names import NotKnown, Target, qualified, why
from safecol.frontends.python.values import Made, Unknown, Value


class Arguments:
    """The arguments of a call by their names in Alembic's signatures."""

    def __init__(self, to: Target, call: Made, names: Sequence[str]) -> None:
        self.to = to
        self.call = call
        self.keywords = call.keywords
        self.given = dict(zip(names, call.arguments, strict=False))
        self.given.update(call.keywords)
        self.rest = call.arguments[len(names) :]
        if "**" in call.keywords or any(
            isinstance(one, Unknown) and one.source.startswith("*") for one in call.arguments
        ):
            raise NotKnown("its arguments are not known")

    def get(self, *names: str) -> Value:
        """The argument of the first of these names that was given."""
        return next((self.given[name] for name in names if name in self.given), None)

    def flag(self, name: str) -> bool:
        """A boolean keyword. Errors: NotKnown."""
        value = self.given.get(name)
        if value is None or isinstance(value, bool):
            return bool(value)
        raise NotKnown(why(value, f"`{name}`"))

    @property
    def table(self) -> str:
        """The qualified name of the table."""
        return qualified(
            self.to, self.get("table_name", "tablename", "source_table", "source"), self.get("schema", "source_schema")
        )
