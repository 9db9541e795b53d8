"""A call of an operation comes in; its arguments go out by the names of Django's signatures."""

from collections.abc import Mapping

from safecol.frontends.python.values import External, Function, Made, Text, Unknown, Value

SIGNATURES: dict[str, tuple[str, ...]] = {
    "CreateModel": ("name", "fields", "options", "bases", "managers"),
    "DeleteModel": ("name",),
    "RenameModel": ("old_name", "new_name"),
    "AlterModelTable": ("name", "table"),
    "AlterModelTableComment": ("name", "table_comment"),
    "AlterUniqueTogether": ("name", "unique_together"),
    "AlterIndexTogether": ("name", "index_together"),
    "AlterOrderWithRespectTo": ("name", "order_with_respect_to"),
    "AlterModelOptions": ("name", "options"),
    "AlterModelManagers": ("name", "managers"),
    "AddIndex": ("model_name", "index"),
    "RemoveIndex": ("model_name", "name"),
    "RenameIndex": ("model_name", "new_name", "old_name", "old_fields"),
    "AddConstraint": ("model_name", "constraint"),
    "RemoveConstraint": ("model_name", "name"),
    "AlterConstraint": ("model_name", "name", "constraint"),
    "AddField": ("model_name", "name", "field", "preserve_default"),
    "RemoveField": ("model_name", "name"),
    "AlterField": ("model_name", "name", "field", "preserve_default"),
    "RenameField": ("model_name", "old_name", "new_name"),
    "SeparateDatabaseAndState": ("database_operations", "state_operations"),
    "RunSQL": ("sql", "reverse_sql", "state_operations", "hints", "elidable"),
    "RunPython": ("code", "reverse_code", "atomic", "hints", "elidable"),
    "CreateExtension": ("name", "hints"),
    "AddIndexConcurrently": ("model_name", "index"),
    "RemoveIndexConcurrently": ("model_name", "name"),
    "CreateCollation": ("name", "locale"),
    "RemoveCollation": ("name", "locale"),
    "AddConstraintNotValid": ("model_name", "constraint"),
    "ValidateConstraint": ("model_name", "name"),
}


class NotKnown(Exception):  # noqa: N818 - what a migration is made of, no error of the run
    """Something that an operation needs and that is not known; the message says what."""


class Given:
    """An operation: `name` is Django's class, `arguments` are by its signature, `span` is the call."""

    __slots__ = ("arguments", "call", "careful", "helpers", "name", "span")

    def __init__(self, name: str, call: Made, helpers: Mapping[str, str], *, careful: bool = False) -> None:
        """`careful` is True for an operation that does the same as Django's in steps that don't block."""
        self.careful = careful
        self.name = name
        self.call = call
        self.span = call.span
        self.helpers = helpers
        self.arguments: dict[str, Value] = dict(zip(SIGNATURES.get(name, ()), call.arguments, strict=False))
        self.arguments.update(call.keywords)

    @property
    def shown(self) -> str:
        """The name of its class, as it is written."""
        return self.call.path.lstrip("?.")

    def get(self, name: str, default: Value = None) -> Value:
        """An argument, or the default."""
        return self.arguments.get(name, default)

    def text(self, name: str, what: str) -> str:
        """An argument that is a string. Errors: NotKnown."""
        value = self.arguments.get(name)
        if isinstance(value, Text) and not value.holes:
            return str(value)
        raise NotKnown(self.why(name, what))

    def why(self, name: str, what: str) -> str:
        """The sentence that says that an argument is not known."""
        if "**" in self.arguments and name not in self.arguments:
            return f"{what} is not known: its arguments are not known"
        return why(self.arguments.get(name), what)


def why(value: Value, what: str) -> str:
    """The sentence that says that a value is not known."""
    if isinstance(value, Unknown):
        return f"{what} is not known: `{value.source}`, {value.reason}"
    if isinstance(value, Text):
        return f"{what} is not known: `{value}`"
    if isinstance(value, External):
        return f"{what} is not known: `{value.path}` is not in this project"
    if isinstance(value, Made):
        return f"{what} is not known: `{value.path.lstrip('?.')}(…)`"
    if isinstance(value, Function):
        return f"{what} is not known: it is the function `{value.name}`"
    return f"{what} is not known"
