"""A statement in a dialect's own words comes in; the same in words that the parser knows, or what it makes, goes out.

The parser keeps the text of what it doesn't know. Only what is frequent in migrations, and means the same in other
words, is put into them; everything else is left to be said as not understood.
"""

import re
from collections.abc import Callable

from safecol.patterns import lazy

_NAME = r'(?:[\w$#]+|"[^"]+"|`[^`]+`|\[[^\]]+\])'
_TABLE = rf"{_NAME}(?:\s*\.\s*{_NAME})*"
_I = re.IGNORECASE | re.DOTALL

_MAKES = lazy(
    r"CREATE\s+(?:OR\s+(?:ALTER|REPLACE)\s+)?(?:(?:NON)?EDITIONABLE\s+)?"
    rf"(PROCEDURE|PROC|FUNCTION|TRIGGER|PACKAGE(?:\s+BODY)?)\s+({_TABLE})",
    _I,
)
_BLOCK = lazy(r"(?:DECLARE|BEGIN)\s", _I)


def makes(text: str, dialect: str) -> tuple[str, str] | None:
    """The word and the name of a routine, trigger or package that a statement with a body makes."""
    found = _MAKES.match(text) if dialect in ("tsql", "oracle", "bigquery") else None
    return (found[1].split()[0].lower(), found[2]) if found else None


def is_block(text: str, dialect: str) -> bool:
    """Whether a statement is a block of PL/SQL that runs at once."""
    return dialect == "oracle" and bool(_BLOCK.match(text)) and bool(re.search(r"\bEND\b[^;]*;?\s*\Z", text, _I))


def worded(text: str, dialect: str) -> list[str]:
    """One or several statements that say the same."""
    rewrite = _REWRITES.get(dialect)
    return rewrite(text) if rewrite is not None else [text]


def _tsql(text: str) -> list[str]:
    if re.match(r"ALTER\s+TABLE\b", text, _I):
        text = re.sub(r"\s+WITH\s+VALUES\b", "", text, flags=_I)
        text = re.sub(r"\bWITH\s+(?:NO)?CHECK\s+(?=ADD\b)", "", text, count=1, flags=_I)
    # How a key's index is stored: the parser knows it before the columns only.
    text = re.sub(r"\b(PRIMARY\s+KEY|UNIQUE)\s+(?:NON)?CLUSTERED\b(?!\s*\()", r"\1", text, flags=_I)
    default = (
        rf"(ALTER\s+TABLE\s+{_TABLE})\s+ADD\s+(?:CONSTRAINT\s+{_NAME}\s+)?DEFAULT\s+(.*?)\s+FOR\s+({_NAME})\s*;?\s*"
    )
    if found := re.fullmatch(default, text, _I):
        return [f"{found[1]} ALTER COLUMN {found[3]} SET DEFAULT {found[2]}"]
    text = re.sub(r"^CREATE\s+(UNIQUE\s+)?(?:NON)?CLUSTERED\s+INDEX\b", r"CREATE \1INDEX", text, flags=_I)
    return [_TOP.sub(_topped, text, count=1)]


_TOP = lazy(r"\A(UPDATE|DELETE)\s+TOP\s*\(\s*[\w@]+\s*\)\s*(?:PERCENT\s+)?(?:FROM\s+)?", _I)


def _topped(found: "re.Match[str]") -> str:
    return "DELETE FROM " if found[1].upper() == "DELETE" else "UPDATE "


def is_topped(text: str, dialect: str) -> bool:
    """Whether TOP says how many rows a change may take."""
    return dialect == "tsql" and bool(_TOP.match(text))


def _oracle(text: str) -> list[str]:
    text = re.sub(r"^(TRUNCATE\s+TABLE\s+\S+)\s.*", r"\1", text, flags=_I)
    if found := re.fullmatch(rf"RENAME\s+({_NAME})\s+TO\s+({_NAME})", text, _I):
        return [f"ALTER TABLE {found[1]} RENAME TO {found[2]}"]
    if re.match(r"CREATE\s+(?:UNIQUE\s+)?INDEX\b", text, _I):
        return [re.sub(r"\)\s*[A-Z][^()']*\Z", ")", text, flags=_I)]  # ONLINE, TABLESPACE …, PARALLEL 4
    found = re.match(rf"(ALTER\s+TABLE\s+{_TABLE})\s+(.*)", text, _I)
    if found is None:
        return [text]
    table, rest = found[1], found[2].strip()
    if gone := re.fullmatch(
        r"(?:DROP|SET\s+UNUSED)\s*(?:COLUMN\s*)?\(([^()]*)\)(?:\s*CASCADE\s+CONSTRAINTS)?(?:\s*ONLINE)?", rest, _I
    ):
        return [f"{table} " + ", ".join(f"DROP COLUMN {name.strip()}" for name in gone[1].split(","))]
    if gone := re.fullmatch(rf"SET\s+UNUSED\s+COLUMN\s+({_NAME})", rest, _I):
        return [f"{table} DROP COLUMN {gone[1]}"]
    if changed := re.fullmatch(rf"MODIFY\s*(?:\(\s*({_NAME}\s.*)\)|({_NAME}\s.*))", rest, _I):
        return _modified(table, (changed[1] or changed[2]).strip()) or [text]
    rest = re.sub(r"\s+(?:ENABLE|DISABLE)(?:\s+(?:NO)?VALIDATE)?\Z", "", rest, flags=_I)
    return [f"{table} {rest}"]


def _modified(table: str, clause: str) -> list[str]:
    """MODIFY of one column: the type, NULL or NOT NULL, and the default each as a change of its own; [] for more."""
    found = re.fullmatch(
        rf"({_NAME})(?:\s+(?!DEFAULT\b|NOT\b|NULL\b)(\w+(?:\s*\([^()]*\))?))?(?:\s+DEFAULT\s+([\w.]+|'[^']*'))?"
        r"(?:\s+(NOT\s+)?(NULL))?",
        clause,
        _I,
    )
    if found is None:
        return []
    name, kind, default, negated, null = found.groups()
    made = [f"{table} ALTER COLUMN {name} TYPE {kind}"] if kind else []
    made += [f"{table} ALTER COLUMN {name} SET DEFAULT {default}"] if default else []
    made += [f"{table} ALTER COLUMN {name} {'SET' if negated else 'DROP'} NOT NULL"] if null else []
    return made


def _clickhouse(text: str) -> list[str]:
    on = rf"(?:\s+ON\s+CLUSTER\s+(?:'[^']*'|{_NAME}))?"
    if found := re.fullmatch(rf"RENAME\s+TABLE\s+(.*?){on}", text, _I):
        pairs = [re.fullmatch(rf"\s*({_TABLE})\s+TO\s+({_TABLE})\s*", part, _I) for part in found[1].split(",")]
        if all(pairs):
            return [f"ALTER TABLE {pair[1]} RENAME TO {pair[2]}" for pair in pairs if pair is not None]
    if found := re.fullmatch(rf"ALTER\s+TABLE\s+({_TABLE}){on}\s+UPDATE\s+(.*?)\s+(WHERE\s.*)", text, _I):
        return [f"UPDATE {found[1]} SET {found[2]} {found[3]}"]  # noqa: S608 - read, never sent
    return [text]


def _bigquery(text: str) -> list[str]:
    found = re.fullmatch(rf"(ALTER\s+TABLE\s+{_TABLE})\s+(RENAME\s+COLUMN\s.*,.*)", text, _I)
    if found is None:
        return [text]
    parts = [part.strip() for part in found[2].split(",")]
    clause = rf"RENAME\s+COLUMN\s+(?:IF\s+EXISTS\s+)?{_NAME}\s+TO\s+{_NAME}"
    return [f"{found[1]} {part}" for part in parts] if all(re.fullmatch(clause, part, _I) for part in parts) else [text]


_REWRITES: dict[str, Callable[[str], list[str]]] = {
    "tsql": _tsql,
    "oracle": _oracle,
    "clickhouse": _clickhouse,
    "bigquery": _bigquery,
}
