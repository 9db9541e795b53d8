"""Settings of MySQL and MariaDB as they are kept: the wait for locks in milliseconds, names without scopes."""

from safecol.context import Context
from safecol.operations import KINDS, Operation, TableDefinition

_ROOMS = ("table", "column", "constraint", "index", "partition", "view", "trigger", "sequence", "schema", "cluster")
_COMMIT = frozenset(kind for room in _ROOMS for kind in KINDS[room]) - {"lock-table", "unlock-tables"} | {
    "create-routine", "drop-routine", "alter-routine", "create-role", "alter-role", "drop-role", "grant", "revoke",
    "create-object", "alter-object", "drop-object", "rename-object",
}  # fmt: skip
# The default is a year on MySQL and on MariaDB 10.1, a day on later ones.
_LONGEST = 31_536_000
_ENDED = {(5, 7): (44,), (8,): (0, 46), (8, 0): (46,)}


def setting(name: str, value: str) -> tuple[str, str]:
    """The name and the value in effect after SET; `lock_wait_timeout` is what others call `lock_timeout`."""
    plain = name.lower().lstrip("@")
    for scope in ("session.", "local."):
        plain = plain.removeprefix(scope)
    text = value.strip().strip("'\"")
    if plain == "lock_timeout":
        # What the settings say of the runner, with a unit.
        return plain, _with_unit(text)
    if plain == "lock_wait_timeout":
        return "lock_timeout", _milliseconds(text)
    if text.lower() in ("on", "true", "yes"):
        text = "1"
    elif text.lower() in ("off", "false", "no"):
        text = "0"
    return plain, text


def commits(context: Context, operation: Operation) -> bool:
    """Whether the server commits before and after it: whatever changes the schema, but for temporary tables.

    https://dev.mysql.com/doc/refman/8.4/en/implicit-commit.html
    """
    if operation.kind not in _COMMIT or "temporary" in operation.flags:
        return False
    definition = operation.definition
    if isinstance(definition, TableDefinition) and definition.persistence == "temporary":
        return False
    table = context.schema.tables.get(context.key(operation.relation)) if operation.relation is not None else None
    return table is None or table.persistence != "temporary"


def number(version: str) -> int:
    """`8.0.28` is 80028: what since and until are compared with.

    A series alone is its first release, and its last where no more will come: 8.0 is 8.0.46.
    """
    from safecol import versions

    known = versions.parse(version)
    parts = (*known, *_ENDED[known]) if known in _ENDED else (*known, 0, 0, 0)[:3]
    return parts[0] * 10_000 + parts[1] * 100 + parts[2]


def _milliseconds(text: str) -> str:
    try:
        seconds = float(text)
    except ValueError:
        return text
    # What is not positive the server takes for the least that there is; 0 is then no wait at all.
    return str(round(min(max(seconds, 0.001), _LONGEST) * 1000))


_UNITS = {"": 1.0, "ms": 1.0, "s": 1000.0, "min": 60_000.0, "m": 60_000.0, "h": 3_600_000.0, "d": 86_400_000.0}


def _with_unit(text: str) -> str:
    digits = text.rstrip("abcdefghijklmnopqrstuvwxyz ")
    unit = text[len(digits) :].strip()
    try:
        return str(round(float(digits) * _UNITS[unit]))
    except (ValueError, KeyError):
        return text
