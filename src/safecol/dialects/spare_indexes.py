"""A new index and those of its table come in; how many there are, and which of them does what another does, go out."""

from safecol.context import Context
from safecol.operations import IndexDefinition
from safecol.trace import Fact


def spare_facts(context: Context, key: str, definition: IndexDefinition, found: dict[str, Fact]) -> None:
    """Sets `index_count`, `covered_by` and `covers`."""
    others = context.schema.indexes_of(key)
    found["index_count"] = len(others)
    found["covered_by"] = next((other.name for other in others if _covers(other.definition, definition)), None)
    found["covers"] = next(
        (other.name for other in others if other.constraint is None and _covers(definition, other.definition)), None
    )


def _covers(wide: IndexDefinition, narrow: IndexDefinition) -> bool:
    """Whether the one does all that the other does; a unique index is spare beside one of the same columns alone."""
    if wide.method != narrow.method or wide.predicate != narrow.predicate or wide.name == narrow.name:
        return False
    if narrow.unique and not (wide.unique and wide.elements == narrow.elements):
        return False
    if narrow.method != "btree" and wide.elements != narrow.elements:
        return False
    return wide.elements[: len(narrow.elements)] == narrow.elements and set(narrow.including) <= set(wide.including)
