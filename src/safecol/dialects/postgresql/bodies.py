"""The schema and a relation come in; the routines whose body certainly names it go out.

Bodies written as strings are no dependencies for the server: what they use can be dropped, and they fail when called.
"""

import re

from safecol.context import Context
from safecol.patterns import lazy
from safecol.schema import Routine

_HIDDEN = lazy(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'", re.DOTALL)
_LANGUAGES = frozenset({"sql", "plpgsql"})


def named_by(context: Context, key: str, column: str | None = None) -> list[str]:
    """The routines that read or write the relation, or the column when one is given."""
    schema, _, name = key.rpartition(".")
    if not schema and any(other.endswith(f".{name}") for other in context.schema.tables):
        return []  # an unqualified name may mean the other one
    return [
        routine.name
        for routines in context.schema.routines.values()
        for routine in routines
        if _names(context, routine, schema, name, key, column)
    ]


def _names(context: Context, routine: Routine, schema: str, name: str, key: str, column: str | None) -> bool:
    definition = routine.definition
    if definition.language not in _LANGUAGES or definition.atomic or name not in definition.body:
        return column is not None and _triggered(context, routine, key, column)
    body = _HIDDEN.sub(" ", definition.body)
    prefix = rf"(?:{_name(schema)}\.)" if schema else r"(?:public\.)?"
    relation = rf"\b(?:from|join|into|update|delete\s+from)\s+(?:only\s+)?{prefix}{_name(name)}(?![\w.\"(])"
    if not re.search(relation, body, re.IGNORECASE):
        return column is not None and _triggered(context, routine, key, column)
    query = rf"\b{re.escape(name)}\b\s*(?:\([^)]*\))?\s+as\s+(?:(?:not\s+)?materialized\s+)?\("
    if re.search(rf"{query}|\btemp(?:orary)?\s+table\b", body, re.IGNORECASE):
        return False
    if column is None:
        return True
    if column not in body:
        return _triggered(context, routine, key, column)
    qualified = {name}
    for found in re.finditer(rf"{relation}\s+(?:as\s+)?([a-z_]\w*)", body, re.IGNORECASE):
        qualified.add(found[1])
    return any(
        re.search(rf"(?<![\w.]){re.escape(one)}\.{_name(column)}(?![\w\"(])", body, re.IGNORECASE) for one in qualified
    ) or _triggered(context, routine, key, column)


def _triggered(context: Context, routine: Routine, key: str, column: str) -> bool:
    """Whether a trigger of this table alone runs the routine, which names NEW.column or OLD.column."""
    definition = routine.definition
    if definition.returns is None or definition.returns.name != "trigger" or column not in definition.body:
        return False
    uses = context.schema.used_by
    tables = {
        relation
        for item in context.schema.dependents.get(routine.name, ())
        if item.kind == "trigger"
        for relation in uses.get(item.name, ())
        if relation != routine.name
    }
    if tables != {key}:
        return False
    body = _HIDDEN.sub(" ", definition.body)
    return re.search(rf"\b(?:new|old)\.{_name(column)}(?![\w\"])", body, re.IGNORECASE) is not None


def _name(name: str) -> str:
    """A pattern for a name, quoted or not."""
    plain = re.escape(name)
    return rf'(?:"{plain}"|{plain})' if re.fullmatch(r"[a-z_]\w*", name) else f'"{plain}"'
