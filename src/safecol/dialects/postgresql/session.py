"""Values of PostgreSQL settings as they are compared: durations in milliseconds as text, others as they are."""

import re

from safecol.patterns import lazy

_DURATIONS = frozenset(
    {
        "lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout", "transaction_timeout",
        "idle_session_timeout", "deadlock_timeout",
    }
)  # fmt: skip
_UNITS = {"": 1.0, "us": 0.001, "ms": 1.0, "s": 1000.0, "min": 60_000.0, "h": 3_600_000.0, "d": 86_400_000.0}
_LONGEST = 2_147_483_647.0
_DURATION = lazy(r"\s*(-?\d+(?:\.\d+)?)\s*([a-z]*)\s*", re.IGNORECASE)


def setting(name: str, value: str) -> tuple[str, str]:
    """The name and the value in effect after SET: `'5s'` for a timeout is `"5000"`; what is no duration, as written."""
    return name, _milliseconds(value) if name in _DURATIONS else value


def _milliseconds(value: str) -> str:
    found = _DURATION.fullmatch(value.strip("'\""))
    if not found or found[2].lower() not in _UNITS:
        return value
    milliseconds = min(float(found[1]) * _UNITS[found[2].lower()], _LONGEST)
    # A positive value below one millisecond is rounded by the server, but never to "off".
    return str(max(1, round(milliseconds))) if milliseconds > 0 else "0"
