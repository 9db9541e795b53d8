"""The SQL that a Python migration sends: pieces with their places come in; a text and a map back into the file go out.

Everything after the front end reads this text as it would read an SQL file; places are mapped where they are shown.
"""

from bisect import bisect_right
from collections.abc import Sequence

from safecol.frontends.python.values import Text
from safecol.operations import Forgotten
from safecol.records import NamedTuple
from safecol.source import Span


class Piece(NamedTuple):
    """Some SQL: `place` is where it comes from, when that is narrower than its statement.

    `existing` is the type that the file says the changed column has. `flags` are those of the operation on a column.
    """

    text: str
    place: Span | None = None
    existing: str = ""
    flags: tuple[str, ...] = ()


class _Segment(NamedTuple):
    start: int
    end: int
    place: Span
    origins: Sequence[int] | None


class Places:
    """Where each part of an emitted text comes from in the file; `statements` are the calls, in order."""

    def __init__(self) -> None:
        self.senders: dict[Span, str] = {}
        """What of a framework's sends something, by its place: `AlterField`."""
        self._statements: list[_Segment] = []
        self._parts: list[_Segment] = []

    def add(self, start: int, end: int, place: Span) -> None:
        """All of text[start:end] comes from `place`."""
        self._statements.append(_Segment(start, end, place, None))

    def narrow(self, start: int, end: int, place: Span, origins: Sequence[int] | None = None) -> None:
        """A part of what was added last comes from `place`, each character from its origin when they are given."""
        self._parts.append(_Segment(start, end, place, origins))

    def statement(self, span: Span) -> Span:
        """The place of the call that a span of the emitted text comes from."""
        found = _segment(self._statements, span)
        return found.place if found is not None else Span(0, 0)

    def sender(self, span: Span) -> tuple[str, Span]:
        """What of a framework's sends a span of the emitted text, empty for the file's own SQL, and its place."""
        place = self.statement(span)
        return self.senders.get(place, ""), place

    def at(self, span: Span) -> Span:
        """The narrowest place of a span of the emitted text; what begins at its head is at the file's head."""
        if span.start == 0:
            return Span(0, 0)
        part = _segment(self._parts, span)
        if part is None or span.end > part.end:
            return self.statement(span)
        if part.origins is None or span.end <= span.start:
            return part.place
        inside = part.origins[span.start - part.start : span.end - part.start]
        if not inside or inside[-1] < inside[0] or inside[0] < 0:
            return part.place
        return Span(inside[0], inside[-1] + 1)


def _segment(segments: Sequence[_Segment], span: Span) -> _Segment | None:
    number = bisect_right(segments, span.start, key=lambda segment: segment.start) - 1
    return segments[number] if number >= 0 and span.start <= segments[number].end else None


class Emission(NamedTuple):
    """One thing that a migration sends: SQL from start to end, or what was not understood (`reason`).

    `batched` is True in a loop that commits. `forgets` is what nobody knows after what was not understood.
    """

    start: int
    end: int
    place: Span
    transaction: str
    conditional: bool = False
    reason: str = ""
    holes: bool = False
    batched: bool = False
    existing: str = ""
    flags: tuple[str, ...] = ()
    forgets: tuple[Forgotten, ...] = ()


class Writer:
    """The emitted text as it grows. `transaction` is how what comes next is sent: "" as the runner sends it."""

    def __init__(self) -> None:
        self.emissions: list[Emission] = []
        self.places = Places()
        self.transaction = ""
        self.conditional = False
        self.batched = False
        self.begun = 0  # the first emission of the function that is followed
        # The head of the text stands for the head of the file: nothing is sent from there.
        self._texts = ["\n"]
        self._length = 1

    @property
    def text(self) -> str:
        """All that was emitted."""
        return "".join(self._texts)

    def sql(self, pieces: Sequence[Piece], place: Span) -> None:
        """A statement made of pieces."""
        start = self._length
        end = start + sum(len(piece.text) for piece in pieces)
        self.places.add(start, end, place)
        for piece in pieces:
            if piece.place is not None and piece.place.start >= 0:
                self.places.narrow(self._length, self._length + len(piece.text), piece.place)
            self._write(piece.text)
        self._end(start, place, holes=False, existing="".join(piece.existing for piece in pieces), flags=_flags(pieces))

    def script(self, text: Text, place: Span) -> None:
        """SQL as the user wrote it: one or more statements."""
        start = self._length
        self.places.add(start, start + len(text), place)
        self.places.narrow(start, start + len(text), place, text.origins)
        self._write(str(text))
        self._end(start, place, holes=bool(text.holes))

    def mark(self, place: Span) -> Span:
        """The part of the emitted text that stands for a place from which nothing is sent."""
        start = self._length
        self.places.add(start, start + 2, place)
        self._write("--\n")
        return Span(start, start + 2)

    def opaque(self, place: Span, reason: str, forgets: tuple[Forgotten, ...] = ()) -> None:
        """Something that was not understood, and why; told once where a loop comes to it again and again."""
        if any(one.reason == reason and one.place == place for one in self.emissions[self.begun :]):
            return
        self.places.add(self._length, self._length + 2, place)
        start = self._length
        self._write("--")
        self._end(start, place, holes=False, reason=reason)
        self.emissions[-1] = self.emissions[-1]._replace(forgets=forgets)

    def forget(self, place: Span, forgets: tuple[Forgotten, ...]) -> None:
        """Something that is sent, for which there are no words in SQL: what isn't known any more after it."""
        self.places.add(self._length, self._length + 2, place)
        start = self._length
        self._write("--")
        self._end(start, place, holes=False)
        self.emissions[-1] = self.emissions[-1]._replace(forgets=forgets)

    def _end(
        self, start: int, place: Span, *, holes: bool, reason: str = "", existing: str = "", flags: tuple[str, ...] = ()
    ) -> None:
        self.emissions.append(
            Emission(
                start,
                self._length,
                place,
                self.transaction,
                self.conditional,
                reason,
                holes,
                self.batched,
                existing,
                flags,
            )
        )
        self._write("\n;\n" if not reason else "\n")

    def _write(self, text: str) -> None:
        self._texts.append(text)
        self._length += len(text)


def _flags(pieces: Sequence[Piece]) -> tuple[str, ...]:
    return tuple(flag for piece in pieces for flag in piece.flags)
