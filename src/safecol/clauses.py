"""The text of a statement or clause comes in; its tokens go out, and the pieces that lie between words of it."""

import re
from collections.abc import Iterator

from safecol.patterns import lazy
from safecol.records import NamedTuple

_TOKEN = lazy(
    r"""(?P<gap>\s+|--[^\n]*|/\*.*?\*/)
    |(?P<string>[eEbBxXnN]?'(?:[^']|'')*'|(?P<tag>\$(?:[^\W\d]\w*)?\$).*?(?P=tag))
    |(?P<name>"(?:[^"]|"")*"|`(?:[^`]|``)*`|[^\W\d][\w$]*)
    |(?P<other>[\d.]+|::|.)""",
    re.VERBOSE | re.DOTALL,
)
COLUMN_CLAUSES = {
    "NOT", "NULL", "DEFAULT", "CONSTRAINT", "CHECK", "UNIQUE", "PRIMARY", "REFERENCES", "GENERATED", "COLLATE",
    "DEFERRABLE", "INITIALLY", "STORAGE", "COMPRESSION", "ENFORCED",
}  # fmt: skip
_ATTRIBUTES = {"DEFERRABLE", "INITIALLY", "DEFERRED", "IMMEDIATE", "ENFORCED"}
RESERVED = frozenset(
    [
        "all", "analyse", "analyze", "and", "any", "array", "as", "asc", "asymmetric", "both", "case", "cast", "check",
        "collate", "column", "constraint", "create", "current_catalog", "current_date", "current_role", "current_time",
        "current_timestamp", "current_user", "default", "deferrable", "desc", "distinct", "do", "else", "end", "except",
        "false", "fetch", "for", "foreign", "from", "grant", "group", "having", "in", "initially", "intersect", "into",
        "lateral", "leading", "limit", "localtime", "localtimestamp", "not", "null", "offset", "on", "only", "or",
        "order", "placing", "primary", "references", "returning", "select", "session_user", "some", "symmetric",
        "system_user", "table", "then", "to", "trailing", "true", "union", "unique", "user", "using", "variadic",
        "when", "where", "window", "with",
    ]
)  # fmt: skip
"""Key words that no name is without quotes."""


class Token(NamedTuple):
    """`word` is upper-case for an unquoted word, `"` for a quoted name, else the text; `depth` counts parentheses."""

    word: str
    text: str
    start: int
    end: int
    depth: int


class Clause(NamedTuple):
    text: str
    tokens: tuple[Token, ...]

    def find(self, *words: str, start: int = 0) -> int:
        """The index of the token after these consecutive words outside parentheses; -1 without them."""
        for at in range(start, len(self.tokens) - len(words) + 1):
            if all(
                self.tokens[at + offset].word == word and self.tokens[at + offset].depth == 0
                for offset, word in enumerate(words)
            ):
                return at + len(words)
        return -1

    def between(self, first: int, last: int) -> str:
        """The source from a token up to, and without, another."""
        if first >= last or first >= len(self.tokens):
            return ""
        return self.text[self.tokens[first].start : self.tokens[last - 1].end]

    def until(self, start: int, words: set[str]) -> str:
        """The source from a token to the next of the words outside parentheses, or to the end."""
        for at in range(start + 1, len(self.tokens)):
            if self.tokens[at].depth == 0 and self.tokens[at].word in words:
                return self.between(start, at)
        return self.between(start, len(self.tokens))

    def closing(self, opening: int) -> int:
        """The index of the parenthesis that closes the one at `opening`."""
        depth = self.tokens[opening].depth
        for at in range(opening + 1, len(self.tokens)):
            if self.tokens[at].word == ")" and self.tokens[at].depth == depth:
                return at
        return len(self.tokens)

    def attribute(self, at: int) -> bool:
        """Whether a token belongs to DEFERRABLE, INITIALLY DEFERRED, NOT ENFORCED and the like."""
        words = [token.word for token in self.tokens[at : at + 2] if token.depth == 0]
        return bool(words) and (words[0] in _ATTRIBUTES or (words[0] == "NOT" and words[-1] in _ATTRIBUTES))

    def own_end(self, start: int) -> int:
        """The index after a column's constraint that begins at `start`, without DEFERRABLE and the like."""
        for at in range(start + 1, len(self.tokens)):
            token, before = self.tokens[at], self.tokens[at - 1].word
            if token.depth or before in {"SET", "NULLS"}:  # SET NULL, SET DEFAULT, NULLS NOT DISTINCT
                continue
            if token.word in COLUMN_CLAUSES or self.attribute(at):
                return at
        return len(self.tokens)

    def inside(self, start: int) -> str:
        """The source within the next parentheses from a token on."""
        for at in range(max(start, 0), len(self.tokens)):
            if self.tokens[at].word == "(":
                return self.between(at + 1, self.closing(at))
        return ""


def read(text: str) -> Clause:
    return Clause(text, tuple(_tokens(text)))


def _tokens(text: str) -> Iterator[Token]:
    depth = 0
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup
        if kind == "gap":
            continue
        word = piece = match[0]
        if kind == "name":
            word = '"' if piece[0] in '"`' else piece.upper()
        elif kind != "other":
            word = "'"
        elif piece in ")]":
            depth -= 1
        yield Token(word, piece, match.start(), match.end(), depth)
        if word in "([":
            depth += 1


def folded(token: Token) -> str:
    return token.text[1:-1].replace('""', '"') if token.word == '"' else token.text.lower()
