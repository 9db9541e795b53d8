"""The source lines of a span with its clause underlined: rows for a reader, cut to fit."""

from safecol.source import Source, Span

MOST_LINES = 6
ELLIPSIS = "..."


def snippet(source: Source, span: Span, width: int) -> tuple[int, list[tuple[str, str, bool]]]:
    """The gutter's width, and rows of (line number or empty, text, whether the row underlines).

    A span of many lines shows its first ones and its last; lines wider than the page are cut around the clause.
    """
    start = min(span.start, len(source.text))
    end = max(start, min(span.end, len(source.text)))
    while end > start and source.text[end - 1] in " \t\r\n":
        end -= 1
    first, column = source.position(start)
    last, end_column = source.position(end)
    numbers: list[int | None] = list(range(first, last + 1))
    if len(numbers) > MOST_LINES:
        numbers = [*numbers[: MOST_LINES - 2], None, last]
    gutter = len(str(last)) + 1
    room = max(width - gutter - 3, 30)
    rows: list[tuple[str, str, bool]] = [("", "", False)]
    for number in numbers:
        if number is None:
            rows.append((ELLIPSIS[: gutter - 1], ELLIPSIS if gutter < 4 else "", False))
            continue
        raw = source.line(number)
        left = column - 1 if number == first else len(raw) - len(raw.lstrip())
        right = end_column - 1 if number == last else len(raw.rstrip())
        text, mark = _underlined(raw, left, max(right, left), room)
        rows.append((str(number), text, False))
        if mark.strip():
            rows.append(("", mark, True))
    rows.append(("", "", False))
    return gutter, rows


def _underlined(raw: str, left: int, right: int, room: int) -> tuple[str, str]:
    # Of a line of megabytes only what can be shown is looked at.
    near = 2 * room
    before, inside, after = (
        _visible(part) for part in (raw[max(left - near, 0) : left], raw[left:right][:near], raw[right:][:near])
    )
    cut_left = cut_right = ""
    if _columns(before + inside + after) > room:
        spare = room - len(inside) - 2 * len(ELLIPSIS)
        if len(before) > max(spare // 2, 0) and len(before) + len(inside) > room - len(ELLIPSIS):
            keep = max(min(spare // 2, len(before)), 0)
            before, cut_left = before[len(before) - keep :], ELLIPSIS
        free = room - len(before) - len(cut_left) - len(ELLIPSIS)
        if len(inside) > free:
            inside, after, cut_right = inside[: max(free, 10)], "", ELLIPSIS
        elif len(inside) + len(after) > free + len(ELLIPSIS):
            after, cut_right = after[: free - len(inside)], ELLIPSIS
    marks = "^" * max(_columns(inside), 1)
    return cut_left + before + inside + after + cut_right, " " * _columns(cut_left + before) + marks


def _visible(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else "    " if character == "\t" else "\ufffd" for character in text
    )


def _columns(text: str) -> int:
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(one) else 2 if east_asian_width(one) in "WF" else 1 for one in text)
