"""One pure function a format: `render(result, sources, options)` gives the text."""

from collections.abc import Callable, Mapping
from importlib import import_module

from safecol.finding import Result
from safecol.records import NamedTuple
from safecol.source import Source

FORMATS = {
    "full": "safecol.reports.full",
    "concise": "safecol.reports.concise",
    "json": "safecol.reports.json_v1",
    "github": "safecol.reports.github",
    "sarif": "safecol.reports.sarif",
}


# Formats that show no stages: their source needn't be written for these.
WITHOUT_STAGES = frozenset({"concise", "github", "sarif"})


class RulePage(NamedTuple):
    """What formats say about a rule: `markdown` is the page, `summary` one sentence."""

    name: str
    title: str
    summary: str
    markdown: str
    url: str
    category: str = ""
    severity: str = "warning"


def _no_page(_rule: str) -> RulePage | None:
    return None


def _no_words(_dialect: str) -> Mapping[str, str]:
    return {}


class Options(NamedTuple):
    """How to print: `width` in columns; `root` is the folder that paths are shown relative to.

    `lock_words` gives a dialect's lock modes, weakest first, with what others notice of each.
    """

    width: int = 80
    color: bool = False
    version: str = ""
    root: str = ""
    quiet: bool = False
    verbose: bool = False
    statistics: bool = False
    show_files: bool = False
    page: Callable[[str], RulePage | None] = _no_page
    lock_words: Callable[[str], Mapping[str, str]] = _no_words


Sources = dict[str, Source]


def render(name: str, result: Result, sources: Sources, options: Options) -> str:
    """A result in the format of that name; imports no other format."""
    text: str = import_module(FORMATS[name]).render(result, sources, options)
    return text


def relative(path: str, root: str) -> str:
    """A path relative to the root with forward slashes; as it is when it lies elsewhere."""
    shown = path.replace("\\", "/")
    base = root.replace("\\", "/").rstrip("/") + "/"
    return shown.removeprefix(base).removeprefix("./") if root else shown.removeprefix("./")


def plain(text: str) -> str:
    """The text without control characters: a terminal or log must not be steered by a migration."""
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() or character == "\n" else " " if character == "\t" else "\ufffd"
        for character in text
    )


def on_one_line(text: str) -> str:
    """The text with control characters spelled out: a path of a line-by-line report stays one that can be told."""
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape", "backslashreplace").decode()
        for character in text
    )


def plural(count: int, word: str) -> str:
    """`1 file`, `2 files`, `3 queries`."""
    if count == 1:
        return f"1 {word}"
    return f"{count} {word[:-1]}ies" if word.endswith("y") else f"{count} {word}s"
