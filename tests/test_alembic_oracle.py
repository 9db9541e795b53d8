"""What the reader makes of `op.*` is what Alembic itself sends: the same operations, for each of these calls."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from safecol.dialects import loaded
from safecol.frontends.alembic.reading import read
from safecol.frontends.postgresql.splitting import read_section
from safecol.operations import Operation, Section, Statement
from safecol.source import Span

pytest.importorskip("alembic")

HEAD = """\
from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
revision = "a"
down_revision = None
"""

CALLS = (Path(__file__).parent / "data" / "alembic_operations.txt").read_text().splitlines()

BLOCKS = [
    'with op.batch_alter_table("orders") as b:\n    b.add_column(sa.Column("a", sa.Integer))\n    b.drop_column("c")',
    'with op.batch_alter_table("orders", schema="s") as b:\n    b.create_index("ix", ["a"])\n    b.drop_index("iy")',
    'with op.batch_alter_table("orders") as b:\n    b.create_foreign_key("f", "users", ["a"], ["id"])',
    (
        'with op.batch_alter_table("orders") as b:\n    b.create_unique_constraint("u", ["a"])\n'
        '    b.drop_constraint("k", type_="check")\n    b.create_check_constraint("c", "a > 1")'
    ),
    'with op.batch_alter_table("orders") as b:\n    b.alter_column("a", new_column_name="b", nullable=False)',
    'for name in ("a", "b"):\n    op.drop_column("orders", f"{name}_old")',
    (
        'columns = {"a": sa.Integer, "b": sa.Text}\nfor name, kind in columns.items():\n'
        '    op.add_column("orders", sa.Column(name, kind))'
    ),
    'if op.get_context().dialect.name == "postgresql":\n    op.drop_table("y")\nelse:\n    op.drop_table("x")',
    'def both(t):\n    op.drop_column(t, "a")\n    op.drop_column(t, "b")\nboth("orders")\nboth(t="users")',
    'op.execute("ALTER TABLE %s ADD COLUMN a int; ALTER TABLE {} DROP b".format("t") % "s")',
    'table = op.create_table("t", sa.Column("a", sa.Integer))\nop.bulk_insert(table, [{"a": 1}])',
    'kinds = sa.Enum("a", "b", name="kinds")\nkinds.create(op.get_bind(), checkfirst=False)',
]


def sent(body: str) -> str:
    """What Alembic sends for the body of an upgrade()."""
    from alembic.migration import MigrationContext
    from alembic.operations import Operations

    out = io.StringIO()
    context = MigrationContext.configure(
        dialect_name="postgresql", opts={"as_sql": True, "output_buffer": out, "literal_binds": True}
    )
    with Operations.context(context):
        exec(HEAD + body, {})  # noqa: S102 - the table above
    return out.getvalue()


RELEASED = json.loads((Path(__file__).parent / "data" / "alembic_released.json").read_text())
"""What older versions send otherwise than this one, as they sent it; None where they raise a TypeError."""


@pytest.mark.parametrize("one", RELEASED, ids=lambda one: f"{one['alembic']} {one['dialect']} {one['call'][:60]}")
def test_a_call_is_read_as_the_version_that_the_project_has_sends_it(one: dict[str, Any]) -> None:
    libraries = {name: tuple(map(int, one[name].split("."))) for name in ("alembic", "sqlalchemy")}
    source = f"{HEAD}def upgrade():\n    {one['call']}\n"
    found = read(source, dialect=one["dialect"], libraries=libraries)
    up = [each for section, statements in found.sections if section.direction == "up" for each in statements]
    if one["sent"] is None:
        assert up == []
        assert [problem.rule for problem in found.problems] == ["refused-operation"]
        return
    section = Section("up", Span(0, len(one["sent"])), "wrapped")
    wanted = list(loaded.front(one["dialect"]).read_section(one["sent"], section).statements)
    assert operations(up) == operations(wanted)


def bare(value: Any) -> Any:
    """A record without its places, constraints in an order of their own."""
    if isinstance(value, Span):
        return None
    if isinstance(value, tuple):
        parts = [bare(part) for part in value]
        if all(type(part).__name__ == "ConstraintDefinition" for part in value):
            parts.sort(key=repr)
        return (type(value).__name__, *parts)
    return sorted(value) if isinstance(value, frozenset) else value


def operations(statements: list[Statement]) -> list[Any]:
    assert [one.opaque for one in statements if one.opaque is not None] == []
    found = [operation for one in statements for operation in one.operations if isinstance(operation, Operation)]
    # What a column was, and what only the file says of it, is no part of the statement that changes it.
    plain = [one._replace(flags=one.flags - {"client-default", "named-type"}) for one in found]
    return [bare(one._replace(definition=None) if one.kind == "change-type" else one) for one in plain]


@pytest.mark.parametrize("body", [*CALLS, *BLOCKS], ids=lambda body: body[:90].replace("\n", " "))
def test_a_call_is_read_as_what_alembic_sends(body: str) -> None:
    sql = sent(body)
    section = Section("up", Span(0, len(sql)), "wrapped")
    wanted = operations(list(read_section(sql, section).statements))
    source = HEAD + "def upgrade():\n    " + body.replace("\n", "\n    ") + "\n"
    found = read(source)
    up = [one for section, statements in found.sections if section.direction == "up" for one in statements]
    assert wanted
    assert operations(up) == wanted
