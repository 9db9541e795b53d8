"""The shapes that version files have: each sends what it says, whichever way it says it."""

from pathlib import Path

import pytest

from safecol.frontends.alembic.reading import Reading, read

HEAD = """\
from alembic import op, context
import sqlalchemy as sa
revision = "b"
down_revision = "a"
"""
DATA = Path(__file__).parent / "data" / "alembic_shapes.txt"


def shapes() -> dict[str, tuple[str, list[str]]]:
    """The shapes by name: the text of a file, and the statements that it sends."""
    found = {}
    for block in DATA.read_text().removeprefix("## ").split("\n## "):
        name, _, rest = block.partition("\n")
        text, _, lines = rest.partition("-- sends\n")
        found[name] = (text, lines.strip().splitlines())
    return found


SHAPES = shapes()


def sent(found: Reading) -> list[str]:
    """The statements of upgrade(), one a line; what was not understood begins with `?`."""
    lines = []
    for section, statements in found.sections:
        for one in statements if section.direction == "up" else ():
            text = found.text[one.span.start : one.span.end]
            lines.append(f"? {one.opaque.reason}" if one.opaque is not None else " ".join(text.split()))
    return lines


@pytest.mark.parametrize("name", SHAPES)
def test_a_shape_sends_what_it_says(name: str) -> None:
    text, wanted = SHAPES[name]
    assert sent(read(HEAD + text)) == wanted
