"""Statements and comments of an emitted text come in; they go out with their places in the Python file."""

from collections.abc import Iterable, Sequence

from safecol.frontends.python import positions
from safecol.frontends.python.emitted import Places
from safecol.operations import Statement
from safecol.source import Span


def statements(found: Iterable[Statement], places: Places) -> tuple[Statement, ...]:
    """The statements, each at the call that sends it; an operation that sends none stands for itself."""
    made = tuple(one._replace(span=places.statement(one.span), parts=()) for one in found)
    sending = {one.span for one in made}
    silent = (place for place in places.senders if place not in sending)
    return (*made, *(Statement(-number, place, ()) for number, place in enumerate(silent, 1)))


def comments(text: str, inside: Sequence[tuple[Span, str]], places: Places) -> list[tuple[Span, str]]:
    """The comments of the Python file, and those `inside` of the SQL in its strings."""
    return [*positions.comments(text), *((places.at(span), comment) for span, comment in inside)]
