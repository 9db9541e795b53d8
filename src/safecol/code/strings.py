"""The text of a file of code comes in; what stands in string literals goes out, joined where the code joins them.

A piece keeps its place: what isn't its content (quotes, what stands between two parts) is blanked out.
"""

import re
from collections.abc import Iterator

from safecol.patterns import lazy
from safecol.records import NamedTuple

_SINGLE = r"'(?:\\.|[^'\\\n])*'"
_DOUBLE = r'"(?:\\.|[^"\\\n])*"'
_C_COMMENT = r"//[^\n]*|/\*.*?\*/"
_HASH = r"\#[^\n]*"
_TRIPLE = r'"""(?:\\.|[^\\])*?"""'
_TRIPLE_SINGLE = r"'''(?:\\.|[^\\])*?'''"
_BACK = r"`(?:\\.|[^`\\])*`"
_CHARACTER = r"'(?:\\[^\n]{1,8}|[^'\\\n])'"


def _pattern(comment: str, *strings: str) -> "re.Pattern[str]":
    return lazy(f"(?P<comment>{comment})|(?P<string>{'|'.join(strings)})", re.DOTALL)


_PYTHON = _pattern(_HASH, _TRIPLE, _TRIPLE_SINGLE, _DOUBLE, _SINGLE)
_C = _pattern(_C_COMMENT, _TRIPLE, _DOUBLE, _SINGLE, _BACK)
_GO = _pattern(_C_COMMENT, _DOUBLE, r"`[^`]*`", _CHARACTER)
_JAVA = _pattern(_C_COMMENT, _TRIPLE, r'@"(?:""|[^"])*"', _DOUBLE, _CHARACTER)
_RUST = _pattern(_C_COMMENT, r'\br(?P<hashes>#*)".*?"(?P=hashes)', r'"(?:\\.|[^"\\])*"', _CHARACTER)
_RUBY = _pattern(
    _HASH + r"(?<!\#\{)", r"<<[~-]?['\"]?(?P<tag>[A-Z]+)['\"]?[^\n]*\n.*?\n\s*(?P=tag)\b",
    r'"(?:\\.|[^"\\])*"', r"'(?:\\.|[^'\\])*'",
)  # fmt: skip
_PHP = _pattern(
    rf"{_C_COMMENT}|\#(?!\[)[^\n]*", r"<<<['\"]?(?P<tag>[A-Z]+)['\"]?[^\n]*\n.*?\n\s*(?P=tag)\b",
    r'"(?:\\.|[^"\\])*"', r"'(?:\\.|[^'\\])*'",
)  # fmt: skip
_ELIXIR = _pattern(_HASH, _TRIPLE, r'"(?:\\.|[^"\\])*"', r"~[sS]\"\"\".*?\"\"\"")
_BY_EXTENSION = {
    **dict.fromkeys(("py", "pyi", "sh", "pl", "pm"), _PYTHON),
    **dict.fromkeys(("java", "kt", "kts", "scala", "groovy", "cs", "fs", "vb", "c", "cc", "cpp", "h"), _JAVA),
    **dict.fromkeys(("rb", "erb", "rake"), _RUBY),
    **dict.fromkeys(("ex", "exs"), _ELIXIR),
    "go": _GO,
    "rs": _RUST,
    "php": _PHP,
}
# Between two literals of one string: operators, line ends, and at most a name whose value comes between.
_JOINT = lazy(r"[\s+.\\&]*(?:[\w.()]{1,60}\s*[+.&][\s+.&]*)?")
_ESCAPED = lazy(r'\\"([^"\\]*)\\"')


class Text(NamedTuple):
    """The content of one string; `start` is where it begins in the file, and each character has kept its place."""

    start: int
    text: str


def strings(source: str, extension: str) -> list[Text]:
    """The strings of a file, in order. A file of SQL, and a mapper in XML, is one string."""
    if extension == "sql":
        return [Text(0, source)]
    if extension == "xml":
        return [Text(0, source)] if "<mapper" in source or "<sql-query" in source else []
    found: list[Text] = []
    pieces: list[tuple[int, int]] = []
    for start, end in _literals(source, _BY_EXTENSION.get(extension, _C)):
        if pieces and not _joined(source, pieces[-1][1], start):
            found.append(_merged(source, pieces))
            pieces = []
        pieces.append((start, end))
    if pieces:
        found.append(_merged(source, pieces))
    return found


def _literals(source: str, pattern: "re.Pattern[str]") -> Iterator[tuple[int, int]]:
    for match in pattern.finditer(source):
        if match.lastgroup != "comment" and match["string"]:
            yield match.start("string"), match.end("string")


def _joined(source: str, end: int, start: int) -> bool:
    if start - end > 80:
        return False
    between = source[end:start]
    # Strings on lines of their own belong together in Python and C; a blank line ends that.
    if "\n\n" in between or _JOINT.fullmatch(between) is None:
        return False
    return any(sign in between for sign in "+.&") or not between.strip(" \t\r\n\\")


def _merged(source: str, pieces: list[tuple[int, int]]) -> Text:
    start = pieces[0][0]
    parts: list[str] = []
    at = start
    for first, last in pieces:
        parts.append(_blank(source[at:first]))
        parts.append(_content(source[first:last]))
        at = last
    return Text(start, "".join(parts))


def _blank(text: str) -> str:
    return "".join("\n" if character == "\n" else " " for character in text)


def _content(literal: str) -> str:
    """A literal with its quotes blanked out; the quotes that it escapes lose the backslash."""
    inner = literal.lstrip("@rfFbuRBU$#")
    lead = len(literal) - len(inner)
    if inner.startswith("<<"):
        first = inner.find("\n")
        last = inner.rfind("\n")
        return _blank(literal[: lead + first]) + inner[first:last] + _blank(inner[last:])
    width = 3 if inner[:3] in ('"""', "'''") and len(inner) >= 6 else 1
    tail = len(inner) - len(inner.rstrip("#"))
    end = len(inner) - tail - width
    body = _ESCAPED.sub(r' "\1" ', inner[width:end]).replace("\\n", " \n").replace("\\t", "  ")
    return " " * (lead + width) + body + " " * (width + tail)
