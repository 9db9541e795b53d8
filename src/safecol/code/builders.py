"""A file and names that are gone come in; where calls of query builders name them goes out."""

import re
from collections.abc import Iterator, Sequence

from safecol.code.gone import Gone
from safecol.code.sql import HasColumn, Place, same
from safecol.patterns import lazy

# db("users"), .from("users u"), .selectFrom('users'), psql.Update("users"), supabase.from("users").
_NAMED = lazy(
    r"(?P<call>\b(?:from|into|table|join|leftjoin|innerjoin|rightjoin|selectfrom|insertinto|updatetable"
    r"|deletefrom|left_join|inner_join|left_outer_join|update|insert|delete|knex|db|trx|replaceinto|rpc))"
    r"\(\s*(?P<quote>[\"'`])(?:(?P<schema>\w+)\.)?(?P<name>\w+)(?:\s+(?:as\s+)?(?P<alias>\w+))?"
    r"(?P<rest>\s+on\s[^\"`\n]*)?(?P=quote)",
    re.IGNORECASE,
)
_VAGUE = frozenset({"update", "insert", "delete", "table", "db", "into", "join", "from"})
_CHAIN = lazy(
    r"\.\s*(?:where|andWhere|set|values|columns|select|suffix|returning|limit|order_?by|eq|insert|upsert|update|delete"
    r"|single|maybeSingle|match|in|is|RunWith|ToSql|innerJoin|leftJoin|join|first|execute|find_many|group_?by)\w*\(",
    re.IGNORECASE,
)
_OWNER = lazy(r"([\w)\]]+)?\s*\.$")
_NOT_QUERIES = ("Array", "Buffer", "Object", "Set", "Map", "String", "Uint8Array", "Observable", "crypto", "hash")
_WORDS = lazy(r"(?P<quote>[\"'`])(?P<text>(?:(?!(?P=quote)).){0,400}?)(?P=quote)|(?<![\w.?])(?P<key>\w+)\s*:(?!:)")
_LIST = lazy(r"[\w\s.,*()\"`=?$:<>!|{}'-]*")
_MOST_LINES = 40


def places(source: str, gone: Sequence[Gone], has_column: HasColumn) -> Iterator[Place]:
    """The relations that builders name, columns in the same chain of calls, and routines that they call."""
    calls = [match for match in _NAMED.finditer(source) if _is_query(source, match)]
    for match in calls:
        for each in gone:
            if each.kind == "routine":
                if match["call"].lower() == "rpc" and same(match["name"], each.name):
                    yield Place(each, *match.span("name"))
                continue
            if match["call"].lower() == "rpc" or not same(match["name"], each.name) or not _schema(match, each):
                continue
            if each.kind == "relation":
                yield Place(each, *match.span("name"))
            else:
                yield from _columns(source, match, calls, each, has_column)


def _schema(match: "re.Match[str]", gone: Gone) -> bool:
    return gone.schema is None if match["schema"] is None else same(match["schema"], gone.schema or "public")


def _is_query(source: str, match: "re.Match[str]") -> bool:
    before = _OWNER.search(source, max(match.start() - 60, 0), match.start())
    owner = before[1] if before else ""
    if owner in _NOT_QUERIES:
        return False
    if match["call"].lower() not in _VAGUE:
        return bool(owner) or match["call"].lower() == "knex"
    start, end = _chain(source, match)
    return (
        _CHAIN.search(source, match.end(), end) is not None or _CHAIN.search(source, start, match.start()) is not None
    )


def _chain(source: str, match: "re.Match[str]") -> tuple[int, int]:
    """The lines around a call that belong to its statement: to a blank line or the end of a statement."""
    start = match.start()
    for _ in range(_MOST_LINES):
        line = source.rfind("\n", 0, start) + 1
        if line == 0:
            start = 0
            break
        before = source[source.rfind("\n", 0, line - 1) + 1 : line - 1].rstrip()
        if not before or before.endswith((";", "{", "}")):
            start = line
            break
        start = line - 1
    end = match.end()
    for _ in range(_MOST_LINES):
        line = source.find("\n", end)
        if line < 0:
            end = len(source)
            break
        last = source[source.rfind("\n", 0, line) + 1 : line].rstrip()
        follows = source[line + 1 : line + 200].split("\n", 1)[0].strip()
        end = line + 1
        if (
            last.endswith(";")
            or not follows
            or follows.startswith(("const ", "let ", "return ", "if ", "func ", "await "))
        ):
            break
    return start, end


def _columns(
    source: str, match: "re.Match[str]", calls: list["re.Match[str]"], gone: Gone, has_column: HasColumn
) -> Iterator[Place]:
    start, end = _chain(source, match)
    column = gone.column or ""
    names = {match["alias"] or match["name"], match["name"]}
    others = {each["name"] for each in calls if start <= each.start() < end} - {match["name"]}
    alone = all(has_column(name, column) is False for name in others)
    word = re.compile(rf"(?:(?<![\w$])(\w+)\.)?(?<![\w$:])({re.escape(column)})(?![\w$(])")
    for found in _WORDS.finditer(source, start, end):
        if found["key"] is not None:
            if found["key"] == column and alone and found.start() > match.end():
                yield Place(gone, *found.span("key"))
            continue
        text = found["text"]
        if found.start() == match.start("quote") or not _LIST.fullmatch(text):
            continue
        for each in word.finditer(text):
            if (each[1] in names) if each[1] else alone:
                at = found.start("text")
                yield Place(gone, at + each.start(2), at + each.end(2))
