"""SQL as SQLite divides it: text comes in, tokens with their places go out."""

import re
from collections.abc import Iterator

from safecol.patterns import lazy
from safecol.records import NamedTuple

_TOKEN = lazy(
    r"""(?P<gap>[\s\ufeff\u00a0]+|--[^\n]*|/\*(?:.*?\*/|.*))
    |(?P<blob>[xX]'[0-9a-fA-F]*')
    |(?P<string>'[^']*(?:''[^']*)*')
    |(?P<quoted>"[^"]*(?:""[^"]*)*"|`[^`]*(?:``[^`]*)*`|\[[^\]]*\])
    |(?P<word>[^\W\d][\w$]*)
    |(?P<number>0[xX][0-9a-fA-F_]+|(?:\d[\d_]*(?:\.[\d_]*)?|\.\d[\d_]*)(?:[eE][+-]?\d[\d_]*)?)
    |(?P<parameter>\?\d*|[@:#$][\w$]+(?:::\w+)*)
    |(?P<mark>->>|->|\|\||<<|>>|<=|>=|<>|!=|==|[-+*/%&|~<>=(),.;])
    |(?P<odd>.)""",
    re.VERBOSE | re.DOTALL,
)
_COMMENT = lazy(r"""'[^']*(?:''[^']*)*'|"[^"]*"|`[^`]*`|\[[^\]]*\]|(--[^\n]*|/\*(?:.*?\*/|.*))""", re.DOTALL)


class Token(NamedTuple):
    """`kind` is `word`, `quoted`, `string`, `blob`, `number`, `parameter`, `mark` or `odd`.

    `word` is the upper-case text of a word, the text itself of a mark, else empty. Offsets are the file's.
    """

    kind: str
    word: str
    text: str
    start: int
    end: int

    @property
    def name(self) -> str:
        """The name that a word or a quoted text is; SQLite compares names without regard to case, quoted or not."""
        if self.kind == "quoted":
            quote = self.text[-1]
            inner = self.text[1:-1]
            return (inner if quote == "]" else inner.replace(quote * 2, quote)).lower()
        if self.kind == "string":
            return self.text[1:-1].replace("''", "'").lower()
        return self.text.lower()


def tokens(text: str, start: int, end: int) -> Iterator[Token]:
    """The tokens of text[start:end], without white space and comments."""
    for match in _TOKEN.finditer(text, start, end):
        kind = match.lastgroup or "odd"
        if kind == "gap":
            continue
        piece = match[0]
        word = piece.upper() if kind == "word" else piece if kind == "mark" else ""
        yield Token(kind, word, piece, match.start(), match.end())


def comment_spans(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Every `--` and `/* */` comment of text[start:end]; none within strings and quoted names."""
    for match in _COMMENT.finditer(text, start, end):
        if match[1] is not None:
            yield match.span(1)
