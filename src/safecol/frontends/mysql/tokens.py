"""The text of a statement comes in, its tokens with their places go out, and a stream to read them by."""

import re

from safecol.frontends.sqlglot.lexing import Lexicon, block_comment_end
from safecol.frontends.sqlglot.trees import Problem
from safecol.operations import Name
from safecol.patterns import lazy
from safecol.records import NamedTuple
from safecol.source import Span

LEXICON = Lexicon(
    backslash=True,
    quotes="'\"`",
    hash_comments=True,
    strict_dashes=True,
    executable=("/*!", "/*M!"),
    compound=True,
    begin_blocks=True,
    delimiter=True,
    client=r"(?:source[ \t]+[^;\n]+|\\\.[ \t][^\n]*)",
)


MOST_LITERALS = 50
"""How many strings of a statement are kept."""


class Token(NamedTuple):
    """`kind` is `word`, `quoted`, `string`, `number`, `variable` (`@x`, `@@x`), `symbol` or `end`.

    `text` is a word's in upper case, of a quoted name or string what it stands for, else as written.
    """

    kind: str
    text: str
    start: int
    end: int


_TOKEN = lazy(
    r"(?P<space>\s++|--(?=[\s\x00-\x1f]|\Z)[^\n]*+|\#[^\n]*+)"
    r"|(?P<quoted>`[^`]*+(?:``[^`]*+)*+`)"
    r"|(?P<string>'[^'\\]*+(?:(?:\\.|'')[^'\\]*+)*+'|\"[^\"\\]*+(?:(?:\\.|\"\")[^\"\\]*+)*+\")"
    r"|(?P<bits>[xXbB]'[0-9A-Fa-f]*+'|0x[0-9A-Fa-f]++\b|0b[01]++\b)"
    r"|(?P<number>\d++(?:\.\d*+)?(?:[eE][+-]?\d++)?(?![\w$])|\.\d++(?:[eE][+-]?\d++)?)"
    r"|(?P<variable>@@?(?:[\w$.]++|'[^']*+'|`[^`]*+`|\"[^\"]*+\"))"
    r"|(?P<word>[\w$\x80-\uffff]++)"
    r"|(?P<symbol><=>|->>|:=|->|<>|!=|>=|<=|\|\||&&|<<|>>|.)",
    re.DOTALL,
)
_ESCAPED = lazy(r"\\(.)|''|\"\"", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "b": "\b", "Z": "\x1a", "%": "\\%", "_": "\\_"}


def string_value(text: str) -> str:
    """What a quoted string stands for."""
    quote, inner = text[0], text[1:-1]
    if "\\" not in inner and quote not in inner:
        return inner

    def plain(match: "re.Match[str]") -> str:
        escaped = match.group(1)
        if escaped is None:
            return quote if match.group() == quote * 2 else match.group()
        return _ESCAPES.get(escaped, escaped)

    return _ESCAPED.sub(plain, inner)


def tokens(text: str, start: int, end: int) -> list[Token]:
    """The tokens of text[start:end], comments left out, and one of kind `end`."""
    found: list[Token] = []
    at, match_at = start, _TOKEN.match
    while at < end:
        match = match_at(text, at, end)
        if match is None:
            break
        kind, shown, stop = match.lastgroup or "symbol", match.group(), match.end()
        if kind == "word":
            found.append(Token("word", shown.upper(), at, stop))
        elif kind == "symbol":
            if shown == "/" and text.startswith("/*", at):
                at = block_comment_end(text, at, end) or end
                continue
            if shown in "'\"`":
                raise Problem("a quote is never closed", at)
            found.append(Token("symbol", shown, at, stop))
        elif kind == "quoted":
            found.append(Token("quoted", shown[1:-1].replace("``", "`"), at, stop))
        elif kind == "string":
            found.append(Token("string", string_value(shown), at, stop))
        elif kind != "space":
            found.append(Token(kind, shown, at, stop))
        at = stop
    found.append(Token("end", "", end, end))
    return found


# Words that can't be the name of a column or a table without quotes, where taking them for one hides a mistake.
RESERVED = frozenset(
    {
        "ADD", "ALL", "ALTER", "ANALYZE", "AND", "AS", "ASC", "BETWEEN", "BOTH", "BY", "CALL", "CASCADE", "CASE",
        "CHANGE", "CHARACTER", "CHECK", "COLLATE", "COLUMN", "CONDITION", "CONSTRAINT", "CONTINUE", "CONVERT", "CREATE",
        "CROSS", "CURRENT_TIMESTAMP", "CURSOR", "DATABASE", "DECLARE", "DEFAULT", "DELETE", "DESC", "DESCRIBE",
        "DISTINCT", "DROP", "EACH", "ELSE", "ELSEIF", "EXISTS", "EXIT", "EXPLAIN", "FETCH", "FOR", "FORCE", "FOREIGN",
        "FROM", "FULLTEXT", "GRANT", "GROUP", "HAVING", "IF", "IGNORE", "IN", "INDEX", "INNER", "INSERT", "INTO", "IS",
        "ITERATE", "JOIN", "KEY", "KEYS", "KILL", "LEADING", "LEAVE", "LEFT", "LIKE", "LIMIT", "LOAD", "LOCK", "LOOP",
        "MATCH", "NATURAL", "NOT", "NULL", "ON", "OPTIMIZE", "OR", "ORDER", "OUTER", "PRIMARY", "PROCEDURE", "PURGE",
        "REFERENCES", "REGEXP", "RENAME", "REPEAT", "REPLACE", "REQUIRE", "RESTRICT", "RETURN", "REVOKE", "RIGHT",
        "RLIKE", "SCHEMA", "SELECT", "SET", "SHOW", "SPATIAL", "SQL", "STARTING", "TABLE", "TERMINATED", "THEN", "TO",
        "TRAILING", "TRIGGER", "UNDO", "UNION", "UNIQUE", "UNLOCK", "UPDATE", "USAGE", "USE", "USING", "VALUES", "WHEN",
        "WHERE", "WHILE", "WITH", "WRITE", "XOR",
    }
)  # fmt: skip


_WORDS = frozenset({"word", "symbol"})


class Stream:
    """The tokens of one statement, read from left to right; `text` is what the file's masked text is."""

    __slots__ = ("at", "dialect", "text", "tokens", "words")

    def __init__(self, text: str, span: Span, dialect: str) -> None:
        self.text = text
        self.dialect = dialect
        self.tokens = tokens(text, span.start, span.end)
        self.words = [item.text if item.kind in _WORDS else "" for item in self.tokens]
        self.words += [""] * 4  # to look ahead at the end
        self.at = 0

    @property
    def token(self) -> Token:
        """The token that is next."""
        return self.tokens[self.at]

    @property
    def start(self) -> int:
        """Where the next token begins."""
        return self.tokens[self.at].start

    @property
    def last(self) -> int:
        """Where the token before ends."""
        return self.tokens[self.at - 1].end if self.at else self.tokens[0].start

    @property
    def done(self) -> bool:
        return self.tokens[self.at].kind == "end"

    def span(self, start: int) -> Span:
        """From `start` to the end of the token before."""
        return Span(start, max(start, self.last))

    def peek(self, ahead: int = 0) -> str:
        """The text of a word or symbol further on, empty for every other token."""
        return self.words[self.at + ahead]

    def ahead(self, *words: str) -> bool:
        """Whether these words or symbols are next."""
        at = self.at
        found = self.words
        for word in words:
            if found[at] != word:
                return False
            at += 1
        return True

    def accept(self, *words: str) -> bool:
        """Go past these words or symbols where they are next."""
        at = self.at
        found = self.words
        for word in words:
            if found[at] != word:
                return False
            at += 1
        self.at = at
        return True

    def any_of(self, *words: str) -> str:
        """Go past one of these words, and say which; empty for none."""
        word = self.words[self.at]
        if word and word in words:
            self.at += 1
            return word
        return ""

    def expect(self, *words: str) -> None:
        """Go past these words; a Problem where they are not next."""
        for word in words:
            if self.words[self.at] != word:
                raise self.problem()
            self.at += 1

    def next(self) -> Token:
        """The next token, gone past."""
        token = self.tokens[self.at]
        if token.kind == "end":
            raise self.problem()
        self.at += 1
        return token

    def problem(self) -> Problem:
        """What to raise where the next token does not fit."""
        token = self.token
        if token.kind == "end":
            return Problem("syntax error at end of input")
        shown = self.text[token.start : token.end]
        return Problem(f'syntax error at or near "{shown if len(shown) <= 60 else shown[:57] + "…"}"', token.start)

    def identifier(self) -> str:
        """A name as written."""
        token = self.token
        if token.kind == "quoted":
            self.at += 1
            return token.text
        if token.kind == "word" and token.text not in RESERVED:
            self.at += 1
            return self.text[token.start : token.end]
        if token.kind == "string" and self.text[token.start] == '"':  # ANSI_QUOTES
            self.at += 1
            return token.text
        raise self.problem()

    def column(self) -> str:
        """The name of a column, index, constraint or partition: case does not matter."""
        return self.identifier().lower()

    def after_dot(self) -> str:
        """The part of a name after a dot, which may be any word."""
        token = self.token
        if token.kind == "word":
            self.at += 1
            return self.text[token.start : token.end]
        return self.identifier()

    def relation(self) -> Name:
        """The name of a table or another object, with its schema."""
        first = self.identifier()
        if self.accept("."):
            return Name(self.after_dot(), first)
        return Name(first)

    def string(self) -> str:
        """The value of a string; strings beside each other are one."""
        if self.token.kind != "string":
            raise self.problem()
        parts = []
        while self.token.kind == "string":
            parts.append(self.next().text)
        return "".join(parts)

    def number(self) -> int:
        token = self.token
        if token.kind != "number" or not token.text.isdigit():
            raise self.problem()
        self.at += 1
        return int(token.text)

    def value(self) -> str:
        """The value of an option: a string, number or word, words in lower case."""
        token = self.token
        if token.kind == "string":
            return self.string()
        if token.kind == "symbol" and token.text in ("-", "+"):
            self.at += 1
            return token.text + self.value()
        if token.kind not in ("number", "word", "quoted", "variable", "bits"):
            raise self.problem()
        self.at += 1
        return token.text.lower() if token.kind == "word" else token.text

    def group(self) -> Span:
        """Go past a parenthesis and all in it; what stands in it."""
        self.expect("(")
        start, depth = self.last, 1
        while depth:
            token = self.next()
            if token.kind == "symbol":
                depth += {"(": 1, ")": -1}.get(token.text, 0)
        return Span(start, self.tokens[self.at - 1].start)

    def columns(self) -> tuple[str, ...]:
        """Names in parentheses: `(a, b)`."""
        self.expect("(")
        found = [self.column()]
        while self.accept(","):
            found.append(self.column())
        self.expect(")")
        return tuple(found)

    def rest(self) -> Span:
        """All that is left, gone past."""
        start = self.start
        self.at = len(self.tokens) - 1
        return Span(start, max(start, self.last))
