"""Staged rewrites of version files as few people write them: what comes out is Python that does the same."""

import ast
from textwrap import dedent

import pytest

from python_rewrites import Linted, lint

SETUP = "CREATE TABLE orders (id bigint NOT NULL, user_id bigint, note text);"
NAMES = 'revision = "1a2b"\ndown_revision = None\n'
IMPORTS = "import sqlalchemy as sa\nfrom alembic import op\n"
INDEX = 'op.create_index("i", "orders", ["user_id"])'
RETYPED = 'op.alter_column("orders", "note", type_=sa.Integer(), postgresql_using="note::integer")'


def linted(text: str) -> Linted:
    return lint(SETUP, [("versions/1a2b_odd.py", text)])


def written(head: str, body: str, signature: str = "def upgrade():") -> list[str]:
    """The files that replace one; each of them compiles."""
    lines = "\n    ".join(body.split("\n"))
    chain = linted(f"{head}{NAMES}\n{signature}\n    {lines}\n\ndef downgrade():\n    pass\n").chain
    for path, text in chain:
        compile(text, path, "exec")
    return [text for _, text in chain]


def strings(text: str) -> list[str]:
    return [one.value for one in ast.walk(ast.parse(text)) if isinstance(one, ast.Constant) and type(one.value) is str]


def test_imports_from_the_future_stay_first() -> None:
    files = written("from __future__ import annotations\n" + IMPORTS, RETYPED)
    (timed,) = (text for text in files if "time.sleep(" in text)
    assert timed.index("__future__") < timed.index("import time\n") < timed.index("import sqlalchemy")


@pytest.mark.parametrize(
    "signature",
    [
        'def upgrade(x=":(", *, y={"a": [1]}) -> "None":  # (: odd',
        "def upgrade(  # (\n    engine: str = ')',\n) -> None:",
        "def upgrade(*, deep: dict[str, int] = {}) -> dict[str, int]:",
    ],
)
def test_signs_in_the_head_of_a_function_are_not_its_end(signature: str) -> None:
    (text,) = written(IMPORTS, INDEX, signature)
    head = signature.partition("  # (: ")[0]
    assert f"{head}\n    with op.get_context().autocommit_block():\n        op.create_index(" in text


def test_a_function_that_nothing_calls_any_more_goes_with_its_decorators() -> None:
    head = IMPORTS + "from functools import cache\n\n@cache\ndef names():\n    return ['a']\n\n"
    rest, index = written(head, f"op.execute(str(names()))\n{INDEX}")
    assert "@cache\ndef names()" in rest
    assert "cache" not in index


def test_imports_on_one_line_stay_together() -> None:
    (text,) = written("import sqlalchemy as sa; from alembic import op\n", INDEX)
    assert "import sqlalchemy as sa; from alembic import op\n" in text


@pytest.mark.parametrize(
    "sql",
    [
        '"""\nINSERT INTO orders (note) VALUES (\'a\n\n\n\n\n\nb\')\n"""',
        "\"INSERT INTO orders (note) VALUES ('a\\\n        b')\"",
    ],
)
def test_strings_stay_as_they_are(sql: str) -> None:
    files = written(IMPORTS, f"op.execute({sql})\n{INDEX}")
    before = dedent(f"op.execute({sql})").replace("\n", "\n    ")
    assert strings(before)[0] in strings(files[0])


def test_what_cannot_be_written_as_a_file_keeps_its_stages_in_sql() -> None:
    body = f'nothing = """{chr(92)}x00"""\n{INDEX}'
    found = linted(
        f'"""Odd {chr(92)}x00"""\n{IMPORTS}{NAMES}\ndef upgrade():\n    ' + body.replace("\n", "\n    ") + "\n"
    )
    assert [stage.source for one in found.findings for stage in one.stages if stage.sql] == [""]
