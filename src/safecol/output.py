"""Writing results: text comes in, bytes go to standard output or a file, coloured where that is wanted."""

import os
import sys

from safecol.errors import UserError

ASCII = {
    0x2026: "...", 0x2013: "-", 0x2014: "-", 0x2192: "->", 0x2019: "'", 0x2018: "'", 0x201C: '"', 0x201D: '"',
    0x2265: ">=",
}  # fmt: skip


def emit(text: str, path: str | None = None) -> None:
    """Write to standard output, or to a file (UTF-8, no byte-order mark) when a path is given."""
    if path and path != "-":
        try:
            with open(path, "w", encoding="utf-8", newline="\n", errors="backslashreplace") as file:
                file.write(text)
        except OSError as error:
            raise UserError(f"{path}: {error.strerror or error}", "name a file that can be written") from None
        return
    encoding = sys.stdout.encoding or "ascii"
    if encoding.lower().replace("-", "") != "utf8":
        text = text.translate(ASCII)
    sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding))


def say(text: str) -> None:
    """Write to standard error, whatever its encoding."""
    encoding = sys.stderr.encoding or "ascii"
    if encoding.lower().replace("-", "") != "utf8":
        text = text.translate(ASCII)
    sys.stderr.write(text.encode(encoding, "backslashreplace").decode(encoding))


def use_color(mode: str) -> bool:
    """Whether standard output gets colours: --color, then NO_COLOR, FORCE_COLOR, then whether it is a terminal."""
    if mode != "auto":
        return mode == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR", "0") not in ("", "0"):
        return True
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def width() -> int:
    """The columns to write in: those of the terminal up to 100, 80 when there is none."""
    if os.environ.get("COLUMNS", "").isdigit():
        return min(max(int(os.environ["COLUMNS"]), 40), 100)
    try:
        return min(max(os.get_terminal_size(sys.stdout.fileno()).columns, 40), 100)
    except (OSError, ValueError):
        return 80
