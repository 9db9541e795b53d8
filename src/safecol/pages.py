"""A rule page's text comes in; its head, blocks and quotes come out, each with its line.

Only the Markdown that pages use is read: headings, fences of three or more back-ticks, block quotes, paragraphs.
"""

from safecol.records import NamedTuple


class Part(NamedTuple):
    """A piece of a page in order. `kind` is `heading`, `code`, `quote` or `text`.

    `info` is a fence's info string or a heading's marks (`##`); `line` (1-based) is where the content starts.
    `section` is the text of the `##` heading that it stands under, empty before the first.
    """

    kind: str
    info: str
    text: str
    line: int
    section: str


class Block(NamedTuple):
    """An example that is executed: `kind` is `bad`, `good` or `todo`; `options` are the fence's `key=value` words.

    The word `no-transaction` is `transaction=autocommit`: the runner sends each statement alone.
    """

    kind: str
    language: str
    options: dict[str, str]
    text: str
    line: int


def parts(text: str) -> list[Part]:
    """The page's parts, top to bottom."""
    found: list[Part] = []
    section = ""
    lines = text.splitlines()
    at = 0
    while at < len(lines):
        line = lines[at]
        start = at
        if line.startswith("```"):
            fence = line[: len(line) - len(line.lstrip("`"))]
            at += 1
            while at < len(lines) and lines[at].rstrip() != fence:
                at += 1
            body = "\n".join(lines[start + 1 : at])
            found.append(Part("code", line[len(fence) :].strip(), body, start + 2, section))
            at += 1
        elif line.startswith("#"):
            marks = line[: len(line) - len(line.lstrip("#"))]
            title = line[len(marks) :].strip()
            if len(marks) == 2:
                section = title
            found.append(Part("heading", marks, title, start + 1, section))
            at += 1
        elif line.startswith(">"):
            while at < len(lines) and lines[at].startswith(">"):
                at += 1
            body = "\n".join(quoted[1:].removeprefix(" ") for quoted in lines[start:at])
            found.append(Part("quote", "", body, start + 1, section))
        elif line.strip():
            while at < len(lines) and lines[at].strip() and not lines[at].startswith(("```", "#", ">")):
                at += 1
            found.append(Part("text", "", "\n".join(lines[start:at]), start + 1, section))
        else:
            at += 1
    return found


def head(found: list[Part]) -> Part | None:
    """The page's head: the first fence, when its language is `toml`."""
    first = next((part for part in found if part.kind == "code"), None)
    return first if first and first.info == "toml" else None


def title(found: list[Part]) -> str:
    """The text of the first `#` heading."""
    return next((part.text for part in found if part.kind == "heading" and part.info == "#"), "")


def blocks(found: list[Part]) -> list[Block]:
    """The page's executable examples: fences with the word `bad`, `good` or `todo` after the language."""
    examples = []
    for part in found:
        words = part.info.split() if part.kind == "code" else []
        kind = next((word for word in words[1:] if word in {"bad", "good", "todo"}), "")
        if kind:
            options = dict(word.split("=", 1) for word in words[1:] if "=" in word)
            if "no-transaction" in words:
                options["transaction"] = "autocommit"
            examples.append(Block(kind, words[0], options, part.text, part.line))
    return examples
