"""Where the code of a body stands: the text of its statements and their lines come in, spans of the file go out."""

import re

from safecol.source import Span


class Place:
    """Where a body stands: `span` in the file's `text`, None when it stands in none; `whole` is what calls it."""

    __slots__ = ("body", "cursor", "exact", "lines", "span", "text", "whole")

    def __init__(self, body: str, span: Span | None, whole: Span, text: str) -> None:
        self.body = body
        self.span = span
        self.whole = whole
        self.text = text
        self.exact = span is not None and text[span.start : span.end] == body
        self.lines = [0, *(match.end() for match in re.finditer("\n", body))]
        self.cursor = 0

    def line(self, number: int) -> int:
        """The offset in the body at which a line (from 1) starts."""
        return self.lines[min(max(number, 1), len(self.lines)) - 1]

    def find(self, query: str, number: int) -> int | None:
        """The offset in the body of a query's text, looked for from a line on."""
        start = self.line(number)
        for first in (max(start, self.cursor), start):
            at = self._from(query, first)
            if at is not None:
                self.cursor = at + len(query)
                return at
        return None

    def _from(self, query: str, first: int) -> int | None:
        at = self.body.find(query, first)
        if at >= 0:
            return at
        # The parser puts blanks where INTO and its targets stand.
        pieces = re.split(r"( {5,})", query)
        if len(pieces) == 1:
            return None
        pattern = "".join(f".{{{len(item)}}}" if odd % 2 else re.escape(item) for odd, item in enumerate(pieces))
        match = re.compile(pattern, re.DOTALL).search(self.body, first)
        return match.start() if match else None

    def in_file(self, at: int | None) -> int | None:
        """The offset in the file of one in the body; None when the body is written in another way there."""
        return self.span.start + at if at is not None and self.exact and self.span is not None else None

    def around(self, number: int) -> Span:
        """The line of a statement in the file, without its blanks; the whole where the body stands in no file."""
        if self.span is None or not number:
            return self.whole
        start = self.span.start
        for _ in range(number - 1):
            start = self.text.find("\n", start, self.span.end) + 1 or start
        end = self.text.find("\n", start, self.span.end)
        end = self.span.end if end < 0 else end
        line = self.text[start:end]
        start += len(line) - len(line.lstrip())
        return Span(start, max(start, end - (len(line) - len(line.rstrip())))) if line.strip() else self.whole
