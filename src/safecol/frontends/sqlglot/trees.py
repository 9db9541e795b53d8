"""The text of one statement or expression comes in, sqlglot's tree or a problem goes out."""

import re

from safecol.frontends.sqlglot.style import Node
from safecol.patterns import lazy

_FIRST = lazy(r"(CREATE|ALTER|DROP)\s+(?:OR\s+(?:REPLACE|ALTER)\s+)?", re.IGNORECASE)


class Problem(Exception):  # noqa: N818 - it describes the text that was read, not a failure of the program
    """The text was not understood: `offset` is a character offset, None when unknown.

    `syntax` is False where sqlglot keeps the text of a statement that it doesn't know.
    """

    def __init__(self, message: str, offset: int | None = None, *, syntax: bool = True) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset
        self.syntax = syntax


def parse(text: str, dialect: str) -> Node:
    """The tree of one statement. Raises Problem; a Command (text that was kept) is one too."""
    from sqlglot.dialects.dialect import Dialect
    from sqlglot.errors import ParseError, TokenError

    _quiet()
    try:
        trees = [tree for tree in Dialect.get_or_raise(dialect).parse(text) if tree is not None]
    except ParseError as error:
        raise _problem(text, error.errors) from error
    except TokenError as error:
        raise Problem("a quote or comment is never closed") from error
    except RecursionError as error:
        raise Problem("nested too deeply to be analyzed", syntax=False) from error
    except Exception as error:
        raise Problem(f"the parser failed ({type(error).__name__})", syntax=False) from error
    if len(trees) != 1:
        raise Problem("several statements where one was expected" if trees else "no statement")
    tree = trees[0]
    if tree.key in ("command", "alias", "column", "identifier"):
        word = " ".join(_FIRST.sub(r"\1 ", text, count=1).split()[:2] if _FIRST.match(text) else text.split()[:1])
        word = word.strip("();").upper()
        raise Problem(f"{word} is not understood", syntax=False)
    return tree


def parse_expression(text: str, dialect: str) -> Node:
    """The tree of one expression. Raises Problem."""
    tree = parse(f"SELECT {text}", dialect)
    if tree.key != "select" or len(tree.expressions) != 1:
        raise Problem("not one expression")
    return tree.expressions[0]


def accepts(text: str, dialect: str) -> bool:
    """Whether the text is a statement that is understood."""
    try:
        parse(text, dialect)
    except Problem:
        return False
    return True


def _quiet() -> None:
    """What sqlglot warns of (text that it keeps) is a finding here."""
    import logging

    logging.getLogger("sqlglot").setLevel(logging.CRITICAL)


def _problem(text: str, errors: "list[dict[str, object]]") -> Problem:
    if not errors:
        return Problem("syntax error")
    first = errors[0]
    near = str(first.get("highlight") or "")
    offset = None
    line, column = first.get("line"), first.get("col")
    if isinstance(line, int) and isinstance(column, int):
        starts = [0]
        for number, character in enumerate(text):
            if character == "\n":
                starts.append(number + 1)
        if 0 < line <= len(starts):
            offset = max(0, starts[line - 1] + column - len(near))  # sqlglot's column is the token's end
    shown = near if len(near) <= 60 else near[:57] + "…"
    message = f'syntax error at or near "{shown}"' if shown else "syntax error at end of input"
    return Problem(message, offset if offset is not None and offset < len(text) else None)
