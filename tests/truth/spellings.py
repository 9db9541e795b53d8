"""A random source comes in; names in the many ways that people write them go out, as SQL."""

import random
import re

_RESERVED = ("order", "user", "select", "table", "group", "end", "check", "default", "column", "primary", "all", "desc")
_PLAIN = re.compile(r"[a-z_][a-z0-9_$]*")


class Spelling:
    """Names that no two things of an input share."""

    def __init__(self, chosen: random.Random, wild: float) -> None:
        self.chosen = chosen
        self.wild = wild
        self.taken: set[str] = set()

    def name(self, base: str) -> str:
        """A name as SQL, quoted where it has to be."""
        for _ in range(99):
            raw = self._raw(base)
            if raw not in self.taken and len(raw.encode()) <= 63:
                self.taken.add(raw)
                return self.written(raw)
        raise RuntimeError(base)

    def written(self, raw: str) -> str:
        """One of the ways to write a name."""
        if _PLAIN.fullmatch(raw) and raw not in _RESERVED:
            return self.chosen.choice((raw, raw, raw, raw.upper(), raw.capitalize(), f'"{raw}"'))
        if raw.isidentifier() and raw == raw.lower() and raw not in _RESERVED and not raw.isascii():
            return raw
        return '"' + raw.replace('"', '""') + '"'

    def _raw(self, base: str) -> str:
        number = self.chosen.choice(("", "", str(self.chosen.randrange(9))))
        if self.chosen.random() > self.wild:
            return base + number
        ways = (
            lambda: base.capitalize() + "Names" + number,
            lambda: f"{base} of {number or 'all'}",
            lambda: f"{base}.{number or 'x'}",
            lambda: f'{base} "{number}"',
            lambda: f"{base}'s{number}",
            lambda: self.chosen.choice(_RESERVED),
            lambda: base + "_" + "abcdefghij" * 6,
            lambda: (base + number + "_" + "long" * 20)[: self.chosen.choice((60, 61, 62, 63))],
            lambda: (base + " " + "Long" * 20)[:63],
            lambda: f"größe_{base}{number}",
            lambda: f"Größe {base}{number}",
            lambda: ("ä" * 40 + base)[: 20 + self.chosen.randrange(10)] + base,
            lambda: f"{base}${number}",
            lambda: f"{number}{base}-{number}",
            lambda: f"{base}{{x}}",
            lambda: f"{base}%{number}",
        )
        return self.chosen.choice(ways)()[:63]


def folded(written: str) -> str:
    """The name that the server has for what is written."""
    if written.startswith('"'):
        return written[1:-1].replace('""', '"')
    return written.lower()
