"""The strings of a file and names that are gone come in; where SQL in the strings uses them goes out."""

import re
from collections.abc import Callable, Iterator, Sequence

from safecol.code.gone import Gone
from safecol.code.strings import Text
from safecol.patterns import lazy
from safecol.records import NamedTuple

HasColumn = Callable[[str, str], bool | None]
"""Whether a relation (by the name in a text) has a column in the schema that is left; None when it isn't known."""

_STATEMENT = lazy(
    r"(?:\s|--[^\n]*\n|/\*.*?\*/|\()*(?:SELECT\b(?=.*?\bFROM\b|.*\()|INSERT\s+INTO\b|UPDATE\b.*?\bSET\b|DELETE\s+FROM\b"
    r"|WITH\b.*?\bAS\b|MERGE\s+INTO\b|CALL\s+\w|COPY\b.*?\b(?:FROM|TO)\b|TRUNCATE\b|LOCK\s+TABLE\b|EXPLAIN\b)",
    re.IGNORECASE | re.DOTALL,
)
_FRAGMENT = lazy(r"\b(?:FROM|JOIN|INTO|WHERE|UPDATE|AND|SET|RETURNING|SELECT|ORDER BY)\b")
# What tells a query in lower case from a sentence.
_MARKS = lazy(r"[=*,()?;<>$%:\"`]|\w\.\w|\b(?:SELECT|DELETE|WITH|(?i:where|join|limit|order by|group by|values))\b")
_DDL = lazy(r"\b(?:CREATE|ALTER|DROP)\s+(?:OR\s+REPLACE\s+)?(?:TEMP\w*\s+|UNIQUE\s+|MATERIALIZED\s+)?"
            r"(?:TABLE|VIEW|INDEX|FUNCTION|PROCEDURE|TRIGGER|TYPE|COLUMN)\b", re.IGNORECASE)  # fmt: skip
_HIDDEN = lazy(r"'(?:[^'\n]|'')*'|--[^\n]*|/\*.*?\*/", re.DOTALL)
_NAME = r'(?:"[^"\s]+"|`[^`\s]+`|\[\w+\]|[^\W\d]\w*)'
_NOT_ALIAS = (
    r"(?!(?:WHERE|SET|ON|USING|JOIN|LEFT|RIGHT|INNER|OUTER|FULL|CROSS|NATURAL|ORDER|GROUP|LIMIT|OFFSET|VALUES|SELECT"
    r"|RETURNING|UNION|EXCEPT|INTERSECT|HAVING|FOR|WINDOW|FETCH|AND|OR|AS|DEFAULT|FROM|WHEN|THEN|END|IN|IS|NOT)\b)"
)
_ONE = rf"(?P<relation>{_NAME}(?:\s*\.\s*{_NAME})?)(?P<call>\s*\()?(?:\s+(?:AS\s+)?{_NOT_ALIAS}(?P<alias>{_NAME}))?"
_RELATION = lazy(
    rf"\b(?P<word>FROM|JOIN|INTO|UPDATE|USING|TRUNCATE|TABLE)\s+(?:TABLE\s+|ONLY\s+|LATERAL\s+)*"
    rf"(?:{_ONE}|(?P<other>\S))",
    re.IGNORECASE,
)
_NEXT = lazy(rf"\s*,\s*(?:ONLY\s+|LATERAL\s+)?(?:{_ONE}|(?P<other>\S))", re.IGNORECASE)
_INSERTED = lazy(r"\s*\(([^()]*)\)")


class Place(NamedTuple):
    """Where a file uses what is gone: character offsets of the word."""

    gone: Gone
    start: int
    end: int


class _Relation(NamedTuple):
    """A relation that a text reads or changes: unquoted parts, the names it goes by, and where it stands."""

    schema: str | None
    name: str
    alias: str
    word: str
    start: int
    end: int


def places(texts: Sequence[Text], gone: Sequence[Gone], has_column: HasColumn, *, whole: bool) -> Iterator[Place]:
    """The uses of names in texts that are SQL; `whole` says that all of the file is."""
    relations = [each for each in gone if each.kind == "relation"]
    columns = [each for each in gone if each.kind == "column"]
    routines = [each for each in gone if each.kind == "routine"]
    for text in (part for given in texts for part in _statements(given, gone)):
        full = whole or _STATEMENT.match(text.text) is not None
        if full and not whole and not _MARKS.search(text.text):
            continue
        if not full and not _FRAGMENT.search(text.text):
            continue
        shown = _HIDDEN.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text.text)
        found = list(_relations(shown, upper=not full))
        for each in relations:
            yield from (Place(each, text.start + one.start, text.start + one.end) for one in found if _is(one, each))
        for each in columns:
            mine = [one for one in found if _is(one, each)]
            if mine:
                yield from _columns(text, shown, each, mine, found, has_column)
        if full:
            for each in routines:
                yield from _calls(text, shown, each)


def _statements(text: Text, gone: Sequence[Gone]) -> Iterator[Text]:
    """The statements of a text that has one of the words, and that makes or changes no schema."""
    lower = text.text.lower()
    if not any(each.word.lower() in lower for each in gone) or _DDL.search(text.text):
        return
    at = text.start
    for part in text.text.split(";"):
        yield Text(at, part)
        at += len(part) + 1


def _relations(shown: str, *, upper: bool) -> Iterator[_Relation]:
    named = _common(shown)
    for match in _RELATION.finditer(shown):
        if upper and not match["word"].isupper():
            continue
        word = match["word"].upper()
        at: re.Match[str] | None = match
        while at is not None:
            if at["relation"] is None or (at["call"] and word != "INTO"):
                yield _Relation(None, "", "", word, at.start(), at.end())
                break
            schema, name = _parts(at["relation"])
            # A name that WITH gives is no relation of the schema.
            yield _Relation(schema, "" if schema is None and name.lower() in named else name,
                            _bare(at["alias"] or ""), word, at.start("relation"), at.end("relation"))  # fmt: skip
            at = _NEXT.match(shown, at.end()) if word in ("FROM", "USING", "TRUNCATE") else None


_COMMON = lazy(rf"(?:\bWITH\s+(?:RECURSIVE\s+)?|\)\s*,\s*)({_NAME})\s*(?:\([^()]*\)\s*)?"
r"AS\s+(?:NOT\s+)?(?:MATERIALIZED\s*)?\(",
               re.IGNORECASE)  # fmt: skip


def _common(shown: str) -> frozenset[str]:
    return frozenset(_bare(match[1]).lower() for match in _COMMON.finditer(shown))


def _parts(written: str) -> tuple[str | None, str]:
    parts = re.findall(_NAME, written)
    return (_bare(parts[0]) if len(parts) > 1 else None, _bare(parts[-1]))


def _bare(name: str) -> str:
    return name[1:-1] if name[:1] in '"`[' else name


def _is(relation: _Relation, gone: Gone) -> bool:
    if not same(relation.name, gone.name):
        return False
    # Which schema an unqualified name means is up to a search path: only the default one is taken for granted.
    if relation.schema is None:
        return gone.schema is None
    return same(relation.schema, gone.schema or "public")


def same(written: str, name: str) -> bool:
    """Whether a written identifier is this name; one with capitals must be written alike."""
    return written == name if name != name.lower() else written.lower() == name


def _columns(
    text: Text, shown: str, gone: Gone, mine: list[_Relation], found: list[_Relation], has_column: HasColumn
) -> Iterator[Place]:
    column = gone.column or ""
    names = {name.lower() for one in mine for name in (one.alias or one.name,)}
    others = [one for one in found if one not in mine]
    alone = all(one.name and has_column(one.name, column) is False for one in others)
    into = [
        (inserted.start(1), inserted.end(1))
        for one in mine
        if one.word == "INTO" and (inserted := _INSERTED.match(shown, one.end))
    ]
    pattern = re.compile(rf"(?<![\w$]){re.escape(column)}(?![\w$])", 0 if column != column.lower() else re.IGNORECASE)
    for match in pattern.finditer(shown):
        qualifier = _qualifier(shown, match.start())
        if qualifier is None or _otherwise(shown, match, column):
            continue
        listed = any(start <= match.start() < end for start, end in into)
        if qualifier.lower() in names if qualifier else listed or alone:
            yield Place(gone, text.start + match.start(), text.start + match.end())


_BEFORE = lazy(rf"(?:({_NAME})\s*\.\s*)[\"`]?$")


def _qualifier(shown: str, start: int) -> str | None:
    """The name before the dot; "" without one, None where what stands there isn't a name."""
    before = shown[max(start - 80, 0) : start]
    match = _BEFORE.search(before)
    if match:
        return _bare(match[1])
    return None if before.rstrip('"`').rstrip().endswith(".") else ""


_AS = lazy(r"\b(?:AS|FROM|JOIN|INTO|UPDATE|TABLE|ON CONSTRAINT|INDEX)\s+[\"`]?$", re.IGNORECASE)


def _otherwise(shown: str, match: "re.Match[str]", column: str) -> bool:
    """Whether a word that is spelled as the column is something else: an alias, a parameter, a type, a function."""
    before, after = shown[max(match.start() - 20, 0) : match.start()], shown[match.end() : match.end() + 3]
    if before[-1:] and before[-1] in ":@$%{#-/\\" and not before.endswith("--"):
        return True
    if after.lstrip('"` ').startswith(("(", ".")) or after[:1] in "}-/":
        return True
    if column in _TYPES and "." not in before[-2:] and '"' not in before[-1:]:
        return True
    return _AS.search(before) is not None


# Words of SQL: where no table stands before them, they are seldom a column.
_TYPES = frozenset(
    {"date", "time", "timestamp", "interval", "text", "json", "jsonb", "uuid", "year", "month", "day", "hour", "count",
     "value", "values", "type", "key", "user", "order", "group", "set", "limit", "offset", "default", "end", "start",
     "left", "right", "first", "last", "position", "language", "method", "names", "data"}
)  # fmt: skip


def _calls(text: Text, shown: str, gone: Gone) -> Iterator[Place]:
    pattern = re.compile(rf"(?<![\w$.:])(?:(\w+)\.)?\"?({re.escape(gone.name)})\"?\s*\(", re.IGNORECASE)
    for match in pattern.finditer(shown):
        if gone.schema is None if match[1] is None else same(match[1], gone.schema or "public"):
            yield Place(gone, text.start + match.start(2), text.start + match.end(2))
