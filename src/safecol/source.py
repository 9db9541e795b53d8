"""A file's text and its positions: bytes come in, text with a line index goes out."""

from bisect import bisect_right

from safecol.records import NamedTuple


class Span(NamedTuple):
    """Half-open character offsets into the original text of a file."""

    start: int
    end: int


class Source:
    """The text of one file.

    `path` is the path as the user named it, with forward slashes. `problem` is set when the file
    could not be read as text (unreadable, binary, a NUL byte, an unknown encoding): the text is then
    empty and the problem becomes a `syntax-error` finding.
    """

    __slots__ = ("_line_starts", "path", "problem", "text")

    def __init__(self, path: str, text: str, problem: str = "") -> None:
        self.path = path
        self.text = text
        self.problem = problem
        self._line_starts: list[int] | None = None

    def position(self, offset: int) -> tuple[int, int]:
        """The 1-based line and column of a character offset."""
        starts = self.line_starts
        line = bisect_right(starts, offset)
        return line, offset - starts[line - 1] + 1

    @property
    def line_starts(self) -> list[int]:
        """The offset of the first character of each line; computed on first use."""
        if self._line_starts is None:
            starts, at = [0], self.text.find("\n")
            while at >= 0:
                starts.append(at + 1)
                at = self.text.find("\n", at + 1)
            self._line_starts = starts
        return self._line_starts

    def line(self, number: int) -> str:
        """The text of a 1-based line, without its line ending."""
        starts = self.line_starts
        end = starts[number] if number < len(starts) else len(self.text)
        return self.text[starts[number - 1] : end].rstrip("\r\n")
