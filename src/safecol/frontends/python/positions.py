"""The text of a Python file comes in; nodes of its syntax tree and its comments get their places in characters."""

import ast

from safecol.patterns import lazy
from safecol.source import Span

NOWHERE = Span(-1, -1)
"""The place of what stands in another file."""
_LINE_ENDING = lazy(r"\r\n|\r|\n")


def unmarked(text: str) -> str:
    """The source with a form feed, which Python passes over, for its byte-order mark: places stay as they are."""
    return f"\f{text[1:]}" if text.startswith("\ufeff") else text


class Positions:
    """Offsets of the nodes of one file: `ast` counts UTF-8 bytes in lines, spans count characters."""

    def __init__(self, text: str) -> None:
        self.text = text
        starts = [0, *(ending.end() for ending in _LINE_ENDING.finditer(text))]
        self._starts = starts
        self._ascii = text.isascii()

    def span(self, node: ast.AST) -> Span:
        """The place of a node."""
        start = self._offset(node.lineno, node.col_offset)  # type: ignore[attr-defined]
        end = self._offset(node.end_lineno, node.end_col_offset)  # type: ignore[attr-defined]
        return Span(start, end)

    def _offset(self, line: int, column: int) -> int:
        start = self._starts[min(line - 1, len(self._starts) - 1)]
        if self._ascii:
            return start + column
        following = self._starts[line] if line < len(self._starts) else len(self.text)
        return start + len(self.text[start:following].encode()[:column].decode("utf-8", "replace"))


class Elsewhere(Positions):
    """Places of what stands in another file of the project: those of the call in this file that came there."""

    def __init__(self) -> None:
        super().__init__("")
        self.here = NOWHERE

    def span(self, _node: ast.AST) -> Span:
        """The place of the call."""
        return self.here


def comments(text: str) -> list[tuple[Span, str]]:
    """Every `#` comment, with its text; what can't be tokenized has those before the trouble."""
    import io
    import tokenize

    lines = [0]
    for line in text.split("\n"):
        lines.append(lines[-1] + len(line) + 1)
    found: list[tuple[Span, str]] = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(text, newline="\n").readline):
            if token.type == tokenize.COMMENT:
                start = lines[token.start[0] - 1] + token.start[1]
                written = token.string.rstrip("\r")
                found.append((Span(start, start + len(written)), written))
    except (tokenize.TokenError, SyntaxError):
        pass
    return found
