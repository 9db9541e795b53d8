"""The text of a regular expression comes in; a pattern that is compiled at its first use goes out.

Compiling takes longer than matching, and a run on one small file uses few of the patterns that exist.
"""

import re
from typing import Any, cast


class _Lazy:
    def __init__(self, text: str, flags: int) -> None:
        self._given = text, flags

    def __getattr__(self, name: str) -> Any:
        # Asked once for each method: the bound method stays here and is found without this detour.
        found = getattr(re.compile(*self._given), name)
        setattr(self, name, found)
        return found


def lazy(text: str, flags: int = 0) -> re.Pattern[str]:
    """A stand-in with the methods of `re.compile(text, flags)`."""
    return cast("re.Pattern[str]", _Lazy(text, flags))
