"""Constraints and indexes with or without a name come in; the names that a naming convention gives them go out."""

import re
from collections.abc import Sequence

from safecol.frontends.alembic.names import Fixed, NotKnown, Refused, Target, known, quoted
from safecol.frontends.python.values import Value
from safecol.patterns import lazy

_TOKEN = lazy(r"%\((\w+)\)s")
_LONGEST = {"postgresql": 63, "mysql": 64, "mariadb": 64}
_INDEX = "ix_%(column_0_label)s"
"""What the toolkit takes for indexes where a project says nothing."""


def name_of(
    to: Target,
    kind: str,
    given: Value,
    table: str,
    columns: Sequence[str] = (),
    referenced: tuple[str, Sequence[str]] = ("", ()),
) -> str | None:
    """The quoted name of a constraint or index; None where the server will choose one.

    `kind` is the convention's word: `ix`, `uq`, `ck`, `fk`, `pk`; `table` may have its schema before a dot.
    Errors: NotKnown, Refused.
    """
    what = "the name of the index" if kind == "ix" else "the name of the constraint"
    if isinstance(given, Fixed):
        return quoted(to, _cut(to, known(given, what)))
    written = None if given is None else known(given, what)
    # What is not known is taken to be what it is where a project says nothing.
    convention = to.convention() or {}
    template = convention.get(kind, _INDEX if kind == "ix" else "")
    if not template or (written is not None and "%(constraint_name)s" not in template):
        return None if written is None else quoted(to, _short(to, written))
    made = _filled(template, written, table, columns, referenced)
    if made is None:
        if kind == "ix":
            raise NotKnown("the name of the index comes from a naming convention that is not followed")
        return None if written is None else quoted(to, written)
    return quoted(to, _cut(to, made))


def _filled(
    template: str, written: str | None, table: str, columns: Sequence[str], referenced: tuple[str, Sequence[str]]
) -> str | None:
    values = {"table_name": table.rpartition(".")[2], "referred_table_name": referenced[0]}
    label = table.replace(".", "_")
    for prefix, names in (("", columns), ("referred_", referenced[1])):
        for at, name in enumerate(names):
            values[f"{prefix}column_{at}_name"] = values[f"{prefix}column_{at}_key"] = name
            values[f"{prefix}column_{at}_label"] = f"{label}_{name}" if not prefix else f"{referenced[0]}_{name}"
        if names:
            for word in ("name", "key", "label"):
                each = [values[f"{prefix}column_{at}_{word}"] for at in range(len(names))]
                values[f"{prefix}column_0N_{word}"] = "".join(each)
                values[f"{prefix}column_0_N_{word}"] = "_".join(each)
    if written is not None:
        values["constraint_name"] = written
    elif "%(constraint_name)s" in template:
        raise Refused("The naming convention needs a name for this constraint, and it has none", "Give it a name")
    if any(token not in values for token in _TOKEN.findall(template)):
        return None
    return re.sub(_TOKEN.pattern, lambda found: values[found[1]], template)


def _cut(to: Target, name: str) -> str:
    """A name that the toolkit may shorten."""
    longest = _LONGEST.get(to.dialect, 1 << 16)
    if len(name) <= longest:
        return name
    from hashlib import md5

    return f"{name[: longest - 8]}_{md5(name.encode(), usedforsecurity=False).hexdigest()[-4:]}"


def _short(to: Target, name: str) -> str:
    """A name that it may not: it raises an error instead."""
    longest = _LONGEST.get(to.dialect, 1 << 16)
    if len(name) > longest:
        raise Refused(f"The name `{name}` is longer than {longest} characters: the toolkit raises an error")
    return name
