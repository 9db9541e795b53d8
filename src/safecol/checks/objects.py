"""Types, sequences and schemas: a trace comes in; drops and renames that deployed code notices go out."""

from collections.abc import Iterator

from safecol.checks.redefinitions import renamed_here
from safecol.trace import Hit, Step, Trace

_RENAMES = frozenset({"rename-view", "rename-type", "rename-sequence", "rename-schema", "rename-object"})
_CALLED = frozenset({"function", "procedure", "routine", "aggregate"})


def dropped_types(trace: Trace) -> Iterator[Hit]:
    """Drops of existing types and domains, unless the change renamed them before or makes them again."""
    yield from _dropped(trace, "drop-type", ("create-enum", "create-type", "create-domain", "rename-type"))


def dropped_sequences(trace: Trace) -> Iterator[Hit]:
    """Drops of existing sequences, unless the change renamed them before, or an identity column takes over."""
    steps = trace.steps
    if any(step.operation.kind in ("add-identity", "drop-table") for step in steps):
        return
    # A column that has let go of its sequence was its user.
    freed = {
        f"{step.table}.{step.operation.column}"
        for step in steps
        if step.operation.kind in ("drop-default", "set-default", "change-type")
    }
    for hit in _dropped(trace, "drop-sequence", ("create-sequence", "rename-sequence")):
        if hit.step is not None and hit.step.facts.get("users") not in freed:
            yield hit


def _dropped(trace: Trace, kind: str, makes: tuple[str, ...]) -> Iterator[Hit]:
    renamed = renamed_here(trace)
    for at, step in enumerate(trace.steps):
        relation = step.operation.relation
        if step.operation.kind != kind or not step.existing or relation is None or relation.name in renamed:
            continue
        if not any(_makes(later, relation.name, makes) for later in trace.steps[at + 1 :]):
            yield Hit(step, step.operation.span)


def _makes(step: Step, name: str, kinds: tuple[str, ...]) -> bool:
    operation = step.operation
    if operation.kind not in kinds:
        return False
    if operation.kind.startswith("rename-"):
        return operation.new_name == name
    return operation.relation is not None and operation.relation.name == name


def renamed(trace: Trace) -> Iterator[Hit]:
    """Renames of existing views, types, sequences, schemas, routines and enum values whose name nothing takes over."""
    for at, step in enumerate(trace.steps):
        operation = step.operation
        if not step.existing or operation.relation is None:
            continue
        if operation.kind == "rename-enum-value":
            values = {"old": operation.value or "", "what": "value"}
            yield Hit(step, operation.span, values)
        elif operation.kind not in _RENAMES or (operation.kind == "rename-object" and operation.object not in _CALLED):
            continue
        elif not any(_takes(later, operation.relation.name) for later in trace.steps[at + 1 :]):
            what = operation.object.replace("-", " ")
            yield Hit(step, operation.span, {"old": str(operation.relation), "what": what})


def _takes(step: Step, name: str) -> bool:
    """Whether a later step makes something of the name, or drops what was renamed: then it is a drop's business."""
    operation = step.operation
    if operation.kind.startswith("create-") and operation.relation is not None and operation.relation.name == name:
        return True
    return operation.kind.startswith("rename-") and operation.new_name == name


def moved(trace: Trace) -> Iterator[Hit]:
    """Existing objects that are moved to another schema, unless a view takes their place."""
    for at, step in enumerate(trace.steps):
        operation = step.operation
        moves = operation.kind == "move-to-schema" or (
            operation.kind in ("alter-routine", "alter-object", "alter-extension") and operation.new_name
        )
        if not moves or not step.existing or operation.relation is None or operation.object == "index":
            continue
        if not any(_takes(later, operation.relation.name) for later in trace.steps[at + 1 :]):
            values = {"what": operation.object.replace("-", " "), "old": str(operation.relation)}
            yield Hit(step, operation.span, values)
