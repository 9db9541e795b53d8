"""A view that is made or dropped comes in; the columns that it had before go out, where that is known."""

from safecol.context import Context
from safecol.operations import Operation
from safecol.trace import Fact


def dropped_view(context: Context, key: str, found: dict[str, Fact]) -> None:
    """Sets `outputs`: the columns of the view that goes."""
    before = _outputs(context, key)
    if before is not None:
        found["outputs"] = ",".join(before)


def replaced_view(context: Context, operation: Operation, key: str, found: dict[str, Fact]) -> None:
    """Sets `outputs_before`, and `redefinition` to `narrowed` where CREATE OR REPLACE takes a column away."""
    before = _outputs(context, key)
    if before is None or operation.query is None or "or-replace" not in operation.flags:
        return
    found["outputs_before"] = ",".join(before)
    if not operation.query.star and not set(before) <= set(operation.query.outputs):
        found["redefinition"] = "narrowed"


def _outputs(context: Context, key: str) -> list[str] | None:
    table = context.schema.tables.get(key)
    if table is None or table.kind != "view" or table.query is None or table.query.star:
        return None
    names = [name for name in table.query.outputs if name]
    return names if len(names) == len(table.query.outputs) else None
