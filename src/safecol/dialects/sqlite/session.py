"""Settings of SQLite as they are compared: a PRAGMA and its value in, a neutral name and value out."""

_SWITCHES = {"on": "on", "yes": "on", "true": "on", "1": "on", "off": "off", "no": "off", "false": "off", "0": "off"}
_SWITCHED = frozenset(
    {"foreign_keys", "legacy_alter_table", "defer_foreign_keys", "writable_schema", "ignore_check_constraints"}
)


def setting(name: str, value: str) -> tuple[str, str]:
    """`busy_timeout` is the wait for locks, in milliseconds as it stands; switches are `on` or `off`."""
    if name in ("busy_timeout", "lock_timeout"):
        return "lock_timeout", milliseconds(value)
    if name in _SWITCHED:
        return name, _SWITCHES.get(value.lower(), "off")
    return name, value.lower()


def milliseconds(value: str) -> str:
    """A wait as the examples of pages write it (`2s`), or a number of milliseconds."""
    if value.endswith("ms"):
        return value.removesuffix("ms").strip()
    if value.endswith("s") and value[:-1].strip().isdigit():
        return str(int(value[:-1]) * 1000)
    return value
