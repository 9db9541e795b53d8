"""Tokens come in one after the other; words and names are taken, and what doesn't fit is a problem."""

from collections.abc import Sequence

from safecol.frontends.sqlite.lexing import Token
from safecol.operations import Name
from safecol.source import Span

# Words of the grammar that are never names unless quoted; all others fall back to names (`%fallback ID` in parse.y).
RESERVED = frozenset(
    {
        "ADD", "ALL", "ALTER", "AND", "AS", "AUTOINCREMENT", "BETWEEN", "CASE", "CHECK", "COLLATE", "COMMIT",
        "CONSTRAINT", "CREATE", "DEFAULT", "DEFERRABLE", "DELETE", "DISTINCT", "DROP", "ELSE", "ESCAPE", "EXISTS",
        "FOREIGN", "FROM", "GROUP", "HAVING", "IN", "INDEX", "INSERT", "INTO", "IS", "ISNULL", "JOIN", "LIMIT", "NOT",
        "NOTHING", "NOTNULL", "NULL", "ON", "OR", "ORDER", "PRIMARY", "REFERENCES", "RETURNING", "SELECT", "SET",
        "TABLE", "THEN", "TO", "TRANSACTION", "UNION", "UNIQUE", "UPDATE", "USING", "VALUES", "WHEN", "WHERE",
        "EXCEPT", "INTERSECT",
    }
)  # fmt: skip
_END = Token("end", "", "", 0, 0)


class Problem(Exception):  # noqa: N818 - it is the text that is wrong
    """What was read isn't SQLite's: `reason` is a sentence about it.

    `known` is True where it is known what is meant, so that it isn't a mistake of writing.
    """

    def __init__(self, reason: str, *, known: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.known = known


class Cursor:
    """A place in the tokens of one statement; `text` is the file's."""

    __slots__ = ("at", "depth", "text", "tokens")

    def __init__(self, text: str, tokens: Sequence[Token]) -> None:
        self.text = text
        self.tokens = tokens
        self.at = 0
        self.depth = 0

    def peek(self, ahead: int = 0) -> Token:
        """The token to come; one of kind `end` after the last."""
        at = self.at + ahead
        return self.tokens[at] if at < len(self.tokens) else _END

    def next(self) -> Token:
        """The token to come, taken."""
        token = self.peek()
        if token is _END:
            raise Problem("the statement ends too early")
        self.at += 1
        return token

    def sees(self, *words: str) -> bool:
        """Whether these words or marks come next."""
        return self._after(words) > 0

    def take(self, *words: str) -> bool:
        """Take these words or marks if they come next."""
        after = self._after(words)
        if after < 0:
            return False
        self.at = after
        return True

    def _after(self, words: tuple[str, ...]) -> int:
        """Where these words end if they come next, else -1; asked more often than all else."""
        at, tokens = self.at, self.tokens
        if at + len(words) > len(tokens):
            return -1
        for word in words:
            if tokens[at].word != word:
                return -1
            at += 1
        return at

    def one_of(self, *words: str) -> str:
        """Take one of the words; returns it, or nothing."""
        word = self.peek().word
        if word and word in words:
            self.at += 1
            return word
        return ""

    def need(self, *words: str) -> None:
        """Take these words or marks, which must come."""
        for word in words:
            if not self.take(word):
                raise self.unexpected(f"expected {word}")

    def unexpected(self, expected: str = "") -> Problem:
        """The problem that the next token is."""
        token = self.peek()
        if token is _END:
            return Problem("the statement ends too early")
        where = f'near "{token.text[:40]}": syntax error'
        return Problem(f"{where} ({expected})" if expected else where)

    def done(self) -> bool:
        """Whether nothing is left."""
        return self.at >= len(self.tokens)

    def is_name(self, ahead: int = 0) -> bool:
        """Whether the next token can be a name."""
        token = self.peek(ahead)
        return token.kind == "quoted" or (token.kind == "word" and token.word not in RESERVED)

    def name(self) -> str:
        """A name, folded. Strings are names too where one must stand."""
        token = self.peek()
        if not self.is_name() and token.kind != "string":
            raise self.unexpected("expected a name")
        self.at += 1
        return token.name

    def relation(self) -> Name:
        """A name with or without the schema that it is in; `main` is where names are anyway."""
        first = self.name()
        if not self.take("."):
            return Name(first)
        second = self.name()
        return Name(second, first if first != "main" else None)

    def names(self) -> tuple[str, ...]:
        """Names in parentheses."""
        self.need("(")
        found = [self.name()]
        while self.take(","):
            found.append(self.name())
        self.need(")")
        return tuple(found)

    def number(self) -> str:
        """A number with its sign."""
        sign = self.one_of("+", "-")
        token = self.next()
        if token.kind != "number":
            self.at -= 1
            raise self.unexpected("expected a number")
        return sign + token.text

    def skip_parentheses(self) -> None:
        """Take everything up to the parenthesis that closes the one that comes next."""
        self.need("(")
        depth = 1
        while depth:
            word = self.next().word
            depth += (word == "(") - (word == ")")

    def since(self, first: int) -> Span:
        """From the token number `first` to the last one taken."""
        return Span(self.tokens[first].start, self.tokens[max(first, self.at - 1)].end)

    def written(self, first: int) -> str:
        """The source of `since(first)`."""
        start, end = self.since(first)
        return self.text[start:end]
