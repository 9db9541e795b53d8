"""The keywords of `op.create_table` come in; the options of a table of MySQL or MariaDB go out."""

from collections.abc import Mapping

from safecol.frontends.alembic.names import NotKnown, Target, known, string, why
from safecol.frontends.python.values import Text, Value

_QUOTED = frozenset({"COMMENT", "DATA_DIRECTORY", "INDEX_DIRECTORY", "PASSWORD", "CONNECTION"})
_SPACED = frozenset({"TABLESPACE", "DEFAULT CHARACTER SET", "CHARACTER SET", "COLLATE"})
_WORDS = frozenset(
    {"DATA_DIRECTORY", "INDEX_DIRECTORY", "DEFAULT_CHARACTER_SET", "CHARACTER_SET", "DEFAULT_CHARSET",
     "DEFAULT_COLLATE"}
)  # fmt: skip


def table_options(to: Target, keywords: Mapping[str, Value]) -> str:
    """ENGINE, COMMENT and what else follows the columns: MariaDB may be reached under either name."""
    options: dict[str, Value] = {}
    for start in ("mysql_", f"{to.dialect}_"):
        options.update({key[len(start) :].upper(): value for key, value in keywords.items() if key.startswith(start)})
    if keywords.get("comment") is not None:
        options["COMMENT"] = keywords["comment"]
    # A collation follows the character set that it belongs to; partitions follow everything.
    named = sorted(options, key=lambda name: 2 if "PARTITION" in name else name == "COLLATE")
    return " ".join(_option(to, name, options[name]) for name in named)


def _option(to: Target, name: str, value: Value) -> str:
    if isinstance(value, Text):
        written = known(value, f"`{name.lower()}`")
    elif isinstance(value, (int, float)):
        written = str(int(value))
    else:
        raise NotKnown(why(value, f"`{name.lower()}`"))
    written = string(to, written) if name in _QUOTED else written
    shown = name.replace("_", " ") if name in _WORDS or "PARTITION" in name else name
    return f"{shown}{' ' if shown in _SPACED or 'PARTITION' in name else '='}{written}"
