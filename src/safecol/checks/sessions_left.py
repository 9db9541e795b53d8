"""What a file leaves behind in its session, and what a transaction doesn't hold: a trace comes in, places go out."""

from collections.abc import Iterator

from safecol.trace import Hit, Step, Trace, in_transaction

_ROWS = frozenset({"update", "delete", "copy-in"})
_CHECKS = frozenset({"foreign_key_checks", "unique_checks"})


def implicit_commits(trace: Trace) -> Iterator[Hit]:
    """The first statement that changes the schema, and so commits what the open transaction has done before."""
    rows: Step | None = None
    begun: Step | None = None
    for step in trace.steps:
        kind = step.operation.kind
        if kind == "begin":
            begun, rows = step, None
        elif kind in ("commit", "rollback"):
            begun = rows = None
        elif _changes_rows(step) and step.existing and in_transaction(step):
            rows = rows or step
        elif step.facts.get("commits") is True and (rows is not None or begun is not None):
            earlier = rows or begun
            assert earlier is not None  # noqa: S101 - one of them is there
            what = "the change of rows" if rows is not None else "the transaction"
            yield Hit(
                step,
                step.operation.span,
                {"what": what, "since": str(trace.line(earlier.statement.span))},
                ((trace.migration.path, earlier.statement.span, what),),
            )
            return


def _changes_rows(step: Step) -> bool:
    return step.operation.kind in _ROWS or (step.operation.kind == "insert" and "select-source" in step.operation.flags)


def checks_left_off(trace: Trace) -> Iterator[Hit]:
    """`foreign_key_checks` and the like that are switched off and not on again at the end of the file."""
    off: dict[str, Step] = {}
    for step in trace.steps:
        name = _plain(step.operation.new_name)
        if step.operation.kind not in ("set", "reset") or name not in _CHECKS:
            continue
        value = (step.operation.value or "").strip("'\"").lower()
        if value in ("0", "off", "false"):
            off.setdefault(name, step)
        else:
            off.pop(name, None)
    for name, step in off.items():
        yield Hit(step, step.operation.span, {"setting": name})


def _plain(name: str | None) -> str:
    plain = (name or "").lower().lstrip("@")
    for scope in ("session.", "local.", "global."):
        plain = plain.removeprefix(scope)
    return plain


def bypassed_logs(trace: Trace) -> Iterator[Hit]:
    """`sql_log_bin = 0`: what follows never reaches the replicas."""
    for step in trace.steps:
        value = (step.operation.value or "").strip("'\"").lower()
        named = step.operation.kind == "set" and _plain(step.operation.new_name) == "sql_log_bin"
        if named and value in ("0", "off", "false"):
            yield Hit(step, step.operation.span)
