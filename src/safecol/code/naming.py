"""How object-relational mappers spell names: a class or attribute comes in, the names that it may stand for go out."""

import re

from safecol.patterns import lazy

_SUFFIX = lazy(r"(?<=[a-z])(?:Entity|Model|Row|Record|Table|Schema|DB|Db)$")


def snake(name: str) -> str:
    """`lastLoginAt` and `LastLoginAt` as `last_login_at`."""
    return "_".join(re.split(_HUMP_TEXT, name)).lower() if not name.islower() else name


_HUMP_TEXT = r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])"


def plural(name: str) -> str:
    """The usual plural of an English word."""
    if name.endswith("y") and name[-2:-1] not in "aeiou":
        return name[:-1] + "ies"
    return name + ("es" if name.endswith(("s", "x", "z", "ch", "sh")) else "s")


def tables(model: str) -> frozenset[str]:
    """The names of tables that a class without a name of its own may stand for."""
    bare = _SUFFIX.sub("", model) or model
    singular = {model, bare, model.lower(), bare.lower(), snake(model), snake(bare)}
    return frozenset(singular | {plural(name) for name in singular})
