"""Statements of PostgreSQL: a parse-tree node with its place comes in, the operations it stands for go out."""

from collections.abc import Callable
from importlib import import_module

from safecol.frontends.postgresql.types import Node, Site
from safecol.operations import Operation
from safecol.source import Span

Handler = Callable[[Node, Site], list[Operation]]

# In the order in which migrations are likely to need them: one is loaded when those before it don't know a statement.
_waiting = [
    "alterations", "tables", "session", "changes", "data", "maintenance", "views", "routines", "objects", "server",
]  # fmt: skip
_handlers: dict[str, Handler] = {}


def handler_of(kind: str) -> Handler | None:
    """What converts a kind of statement node; None for one that is not understood."""
    while kind not in _handlers and _waiting:
        module = import_module(f"safecol.frontends.postgresql.{_waiting.pop(0)}")
        _handlers.update(module.HANDLERS)
    return _handlers.get(kind)


def convert(
    node: Node, span: Span, position: Callable[[int], int], text: str
) -> tuple[tuple[Operation, ...], str | None]:
    """The operations of one statement, and why some of it was not understood (None when all was).

    `node` is the content of `stmt` in pglast's JSON, `span` the statement's in the file, `position` maps a byte
    location of the tree to an offset in the file, `text` is the file's masked text.
    """
    site = Site(span, position, text, [])
    try:
        operations = operations_of(node, site)
    except RecursionError:
        return (), "nested too deeply"
    return tuple(operations), "; ".join(dict.fromkeys(site.reasons)) or None


def operations_of(node: Node, site: Site) -> list[Operation]:
    """The operations of a wrapped statement node; an unknown one leaves a reason at the site."""
    kind, content = next(iter(node.items()))
    handler = handler_of(kind)
    if handler is None:
        site.missed(f"{kind} is not understood")
        return []
    return handler(content, site)
