"""What the reader makes of `op.*` for MySQL, MariaDB and SQLite is the SQL that Alembic itself sends."""

import io
import re
import warnings
from pathlib import Path

import pytest

from safecol.frontends.alembic.reading import Reading, read

pytest.importorskip("alembic")

HEAD = """\
from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql, sqlite
revision = "a"
down_revision = None
"""
DATA = Path(__file__).parent / "data"
DIALECTS = ("mysql", "mariadb", "sqlite")
CALLS = [
    call
    for name in ("alembic_operations.txt", "alembic_operations_others.txt")
    for call in (DATA / name).read_text().splitlines()
]
BLOCKS = [
    'with op.batch_alter_table("orders") as b:\n    b.create_index("ix", ["a"])\n    b.drop_index("iy")',
    'with op.batch_alter_table("t") as b:\n    b.add_column(sa.Column("a", sa.Integer))\n    op.execute("SELECT 1")',
    (
        'if op.get_context().dialect.name == "sqlite":\n    op.drop_table("a")\n'
        'elif op.get_bind().dialect.name in ("mysql", "mariadb"):\n    op.drop_table("b")\nelse:\n'
        '    op.drop_table("c")'
    ),
    (
        'kind = sa.Integer().with_variant(mysql.BIGINT(), "mysql").with_variant(sa.Text, "sqlite")\n'
        'op.add_column("t", sa.Column("a", kind))'
    ),
]
# What differs, by the start of the call, and why.
DIFFERENT = {
    'op.bulk_insert(sa.table("kinds", sa.column("name", sa.String), sa.column("ok"': "one INSERT for all rows",
}
# What is sent and never taken, which is told instead.
NEVER_TAKEN = {
    "mysql": r" ON no_table",
    "mariadb": r" ON no_table",
    "sqlite": r"ALTER COLUMN \w+ (?:TYPE|SET DEFAULT|DROP DEFAULT)",
}


def sent(body: str, dialect: str) -> list[str] | str:
    """What Alembic sends for the body of an upgrade(), or the name of the error that it raises."""
    from alembic.migration import MigrationContext
    from alembic.operations import Operations

    out = io.StringIO()
    context = MigrationContext.configure(
        dialect_name=dialect, opts={"as_sql": True, "output_buffer": out, "literal_binds": True}
    )
    with Operations.context(context), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            exec(HEAD + body, {})  # noqa: S102 - the table above
        except Exception as problem:  # noqa: BLE001 - whichever it is, it is the answer
            return type(problem).__name__
    return plain(re.split(r";\s*\n", out.getvalue()))


def plain(statements: list[str]) -> list[str]:
    """Statements in one line each, without the quotes of identifiers and the spaces that don't matter."""
    found = []
    for one in statements:
        text = re.sub(r"`(\w+)`|\"(\w+)\"", lambda match: match[1] or match[2], " ".join(one.split()))
        text = re.sub(r"\s*([(),=])\s*", r"\1", text).rstrip("; ")
        # Without a server it depends on the toolkit's version whether a function is in parentheses, as it has to be.
        text = re.sub(r"DEFAULT\((\w+\([^()]*\)|CURRENT_TIMESTAMP)\)", r"DEFAULT \1", text)
        if text:
            found.append(text)
    return found


def ours(found: Reading) -> list[str] | str:
    text = "\n".join(line for line in found.text.splitlines() if line != "--")
    if found.problems:
        return found.problems[0].message
    return plain(text.split("\n;\n"))


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("body", [*CALLS, *BLOCKS], ids=lambda body: body[:90].replace("\n", " "))
def test_a_call_is_read_as_what_alembic_sends(body: str, dialect: str) -> None:
    reason = next((reason for start, reason in DIFFERENT.items() if body.startswith(start)), "")
    if reason:
        pytest.xfail(reason)
    # MariaDB is mostly reached as MySQL, and what is written for MySQL then counts.
    wanted = sent(body.replace("mysql_", "mariadb_") if dialect == "mariadb" else body, dialect)
    found = read(HEAD + "def upgrade():\n    " + body.replace("\n", "\n    ") + "\n", dialect=dialect)
    if isinstance(wanted, str) or any(re.search(NEVER_TAKEN[dialect], one) for one in wanted):
        assert found.problems, wanted
        return
    assert ours(found) == wanted
