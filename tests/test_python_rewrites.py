"""Staged rewrites of Alembic findings: the user's own calls in version files that run and have nothing to say."""

import io
import json
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from python_rewrites import LEFT_TO_THE_READER, Linted, lint, shown
from safecol import cli
from safecol.frontends.alembic.reading import read
from safecol.frontends.postgresql.splitting import read_section
from safecol.operations import Section
from safecol.source import Span
from safecol.writers import operations

SETUP = """\
CREATE SCHEMA shop;
CREATE TABLE users (id bigint PRIMARY KEY, name text);
CREATE TABLE shop.orders (id bigint NOT NULL, user_id bigint, at date);
CREATE TABLE orders (
    id bigint NOT NULL, user_id bigint, email text, note varchar(10), a int, b int, at timestamp, n int, state text
);
CREATE INDEX orders_note ON orders (note);
ALTER TABLE orders ADD CONSTRAINT fk FOREIGN KEY (user_id) REFERENCES users (id);
"""
HEAD = '''\
"""Orders change

Revision ID: 1a2b3c4d5e6f
Revises: 0a0b0c0d0e0f
Create Date: 2024-01-01 10:00:00

"""
from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

# revision identifiers, used by Alembic.
revision = "1a2b3c4d5e6f"
down_revision = "0a0b0c0d0e0f"
branch_labels = None
depends_on = None

'''
PATH = "versions/1a2b3c4d5e6f_orders_change.py"

CALLS = [
    'op.create_index("i", "orders", ["user_id"])',
    'op.create_index("i", "orders", ["user_id", "at"], unique=True, schema="shop")',
    'op.create_index(op.f("i"), "orders", ["user_id"], postgresql_concurrently=True, if_not_exists=True)',
    'op.create_index("i", "orders", ["a", sa.text("b DESC")], postgresql_where=sa.text("a IS NOT NULL"))',
    'op.create_index("i", "orders", ["a"], postgresql_using="hash", postgresql_with={"fillfactor": 50})',
    'op.drop_index("orders_note", table_name="orders")',
    'op.drop_index("orders_note")',
    'op.create_foreign_key("f", "orders", "users", ["user_id"], ["id"], ondelete="CASCADE")',
    'op.create_foreign_key(None, "orders", "users", ["user_id"], ["id"])',
    'op.create_foreign_key("f", "orders", "users", ["user_id"], ["id"], source_schema="shop", ondelete="CASCADE")',
    'op.create_check_constraint("c", "orders", "a > 0")',
    'op.create_check_constraint("c", "orders", sa.and_(sa.column("a") > 0, sa.column("b").isnot(None)))',
    'op.create_unique_constraint("u", "orders", ["a", "b"])',
    'op.create_unique_constraint("u", "orders", ["user_id"], schema="shop", deferrable=True)',
    'op.create_primary_key("k", "orders", ["id"])',
    'op.add_column("orders", sa.Column("c", sa.Integer(), nullable=False))',
    'op.add_column("orders", sa.Column("c", sa.DateTime(), server_default=sa.text("clock_timestamp()")))',
    'op.add_column("orders", sa.Column("c", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False))',
    'op.add_column("orders", sa.Column("c", sa.Text, unique=True))',
    'op.add_column("orders", sa.Column("c", sa.Text, index=True, unique=True, comment="mail"))',
    'op.add_column("orders", sa.Column("c", sa.BigInteger, sa.ForeignKey("users.id"), index=True, nullable=True))',
    'op.add_column("orders", sa.Column("c", sa.Integer, sa.CheckConstraint("c > 0", name="positive")))',
    'op.add_column("orders", sa.Column("c", sa.BigInteger, sa.Identity(always=True)))',
    'op.add_column("orders", sa.Column("c", sa.Integer, primary_key=True))',
    'op.add_column("orders", sa.Column("c", sa.Integer, sa.Computed("a * 2", persisted=True)))',
    'op.drop_column("orders", "note")',
    'op.drop_column("orders", "user_id", schema="shop", if_exists=True)',
    'op.alter_column("orders", "state", nullable=False, existing_type=sa.Text())',
    'op.alter_column("orders", "note", type_=sa.Integer(), postgresql_using="note::integer")',
    'op.alter_column("orders", "n", type_=sa.BigInteger(), nullable=False, new_column_name="m", comment="many")',
    'op.rename_table("orders", "sales")',
    'op.drop_table("orders")',
    'op.execute("ALTER TABLE orders ADD CONSTRAINT c CHECK (a > 0); CREATE INDEX i ON orders (a)")',
    'op.execute("ALTER TABLE orders ALTER COLUMN state SET NOT NULL")',
    (
        'with op.batch_alter_table("orders", schema="shop") as batch:\n    batch.create_index("i", ["user_id"])\n'
        '    batch.add_column(sa.Column("c", sa.Text))\n    batch.drop_column("at")'
    ),
    (
        'with op.batch_alter_table("orders") as b:\n    b.create_foreign_key("f", "users", ["user_id"], ["id"])\n'
        '    b.create_unique_constraint("u", ["a"])\n    b.create_check_constraint("c", "b > 1")\n'
        '    b.alter_column("state", nullable=False)'
    ),
    'for name in ("a", "b"):\n    op.create_index(f"i_{name}", "orders", [name])',
    'name = "orders"\nop.create_index("i", name, ["a"])\nop.drop_column(name, "b")',
    (
        'op.create_index("i", "orders", ["a"])\nop.create_index("j", "orders", ["b"])\n'
        'op.add_column("orders", sa.Column("c", sa.Text))\nop.execute("UPDATE users SET name = \'\' WHERE id = 1")'
    ),
]  # fmt: skip


def source(body: str, down: str = "pass", head: str = HEAD) -> str:
    up = body.replace("\n", "\n    ")
    return f"{head}\ndef upgrade():\n    {up}\n\n\ndef downgrade():\n    {down}\n"


def linted(body: str, down: str = "pass", transaction: str = "shared", head: str = HEAD) -> Linted:
    return lint(SETUP, [(PATH, source(body, down, head))], transaction)


def body_of(text: str, name: str = "upgrade") -> str:
    """The code of a function of a version file, at the first column."""
    lines = text.partition(f"def {name}(")[2].partition("\n")[2].split("\n\n\n")[0].rstrip()
    return dedent(lines)


@pytest.mark.parametrize("transaction", ["shared", "wrapped"])
@pytest.mark.parametrize("body", CALLS, ids=lambda body: body[:80].replace("\n", " "))
def test_the_stages_in_place_of_the_file_have_nothing_to_say_and_make_the_same_schema(
    body: str, transaction: str
) -> None:
    original = linted(body, transaction=transaction)
    assert original.staged
    for finding in original.staged:
        assert [bool(stage.source) for stage in finding.stages if stage.sql] == [True] * sum(
            bool(stage.sql) for stage in finding.stages
        )
    chain = original.chain
    assert chain[0][0] == PATH
    done = lint(SETUP, chain, transaction)
    told = {one.rule for one in original.findings if not one.stages}
    assert [(one.path, one.rule, one.message) for one in done.findings if one.rule not in told] == []
    if not {one.rule for one in original.staged} & LEFT_TO_THE_READER:
        assert shown(done.schema) == shown(original.schema)


@pytest.mark.parametrize("body", CALLS, ids=lambda body: body[:80].replace("\n", " "))
def test_alembic_sends_what_the_stages_say(body: str, tmp_path: Path) -> None:
    pytest.importorskip("alembic")
    chain = linted(body).chain
    sent = _upgraded(tmp_path, chain)
    wanted = []
    for _, text in chain:
        for section, statements in read(text).sections:
            wanted += [one for one in statements if section.direction == "up"]
    assert [one.opaque for one in wanted if one.opaque is not None] == []
    found = read_section(sent, Section("up", Span(0, len(sent)), "autocommit")).statements
    ours = [
        one
        for one in found
        if not any(
            operation.kind in ("begin", "commit") or "alembic_version" in str(operation.relation)
            for operation in one.operations
        )
    ]
    assert [operations.bare(one.operations) for one in ours] == [
        operations.bare(operation._replace(flags=operation.flags - {"batched"}) for operation in one.operations)
        for one in wanted
    ]


def _upgraded(folder: Path, chain: list[tuple[str, str]]) -> str:
    """What `alembic upgrade head --sql` prints for version files."""
    from alembic import command
    from alembic.config import Config

    versions = folder / "versions"
    versions.mkdir()
    (versions / "0.py").write_text("revision = '0a0b0c0d0e0f'\ndown_revision = None\ndef upgrade():\n    pass\n")
    for path, text in chain:
        (versions / path.rpartition("/")[2]).write_text(text)
    (folder / "env.py").write_text(
        "from alembic import context\n"
        "context.configure(dialect_name='postgresql', literal_binds=True, as_sql=True)\n"
        "with context.begin_transaction():\n    context.run_migrations()\n"
    )
    out = io.StringIO()
    config = Config(output_buffer=out, stdout=io.StringIO())
    config.set_main_option("script_location", str(folder))
    command.upgrade(config, "head", sql=True)
    return out.getvalue()


def test_an_index_is_built_by_the_users_own_call() -> None:
    body = dedent("""\
        # what the lists are sorted by
        op.create_index(
            op.f("orders_at"),  # by convention
            'orders',
            ["at"],
            if_not_exists=True,
        )""")
    ((path, text),) = linted(body, 'op.drop_index(op.f("orders_at"), table_name="orders")').chain
    assert path == PATH
    assert body_of(text) == dedent("""\
        with op.get_context().autocommit_block():
            # what the lists are sorted by
            op.create_index(
                op.f("orders_at"),  # by convention
                'orders',
                ["at"],
                postgresql_concurrently=True,
            )""")
    assert body_of(text, "downgrade") == dedent("""\
        with op.get_context().autocommit_block():
            op.drop_index(
                op.f("orders_at"),
                table_name="orders",
                postgresql_concurrently=True,
            )""")


def test_each_revision_follows_the_one_before_it_and_says_when_it_is_deployed() -> None:
    found = linted('op.add_column("orders", sa.Column("c", sa.Integer(), nullable=False))').chain
    assert [read_header(text) for _, text in found] == [
        ("1a2b3c4d5e6f", "0a0b0c0d0e0f"),
        (read_header(found[1][1])[0], "1a2b3c4d5e6f"),
        (read_header(found[2][1])[0], read_header(found[1][1])[0]),
        (read_header(found[3][1])[0], read_header(found[2][1])[0]),
    ]
    assert len({read_header(text)[0] for _, text in found}) == 4
    for (path, text), deploy in zip(found, (1, 2, 2, 2), strict=True):
        revision, down = read_header(text)
        assert path == (PATH if text is found[0][1] else path)
        assert revision in path
        assert f"\nDeploy {deploy}." in text
        assert f"Revision ID: {revision}\nRevises: {down}\n" in text
    assert "Before it: deploy code that always writes `c`." in found[1][1]
    assert "Create Date: 2024-01-01 10:00:00" in found[0][1]


def read_header(text: str) -> tuple[str, str]:
    values: dict[str, str] = {}
    for line in text.splitlines():
        name, equals, value = line.partition(" = ")
        if equals and name in ("revision", "down_revision"):
            values[name] = value.strip('"')
    return values["revision"], values["down_revision"]


def test_a_new_column_is_the_users_own_without_what_is_added_later() -> None:
    body = dedent("""\
        op.add_column(
            "orders",
            sa.Column(
                "owner",
                sa.BigInteger(),
                sa.ForeignKey("users.id", ondelete="CASCADE"),
                index=True,
                comment="who pays",
            ),
        )""")
    files = [body_of(text) for _, text in linted(body).chain]
    assert files[0] == dedent("""\
        op.add_column(
            "orders",
            sa.Column(
                "owner",
                sa.BigInteger(),
                comment="who pays",
            ),
        )""")
    assert "op.create_foreign_key(" in files[1]
    assert 'ondelete="CASCADE"' in files[1]
    assert "postgresql_not_valid=True" in files[1]
    assert "VALIDATE CONSTRAINT orders_owner_fkey" in files[2]
    assert 'op.f("ix_orders_owner")' in files[3]
    assert "postgresql_concurrently=True" in files[3]


def test_a_backfill_is_a_loop_that_commits_each_batch() -> None:
    chain = linted('op.add_column("orders", sa.Column("c", sa.Uuid(), server_default=sa.func.gen_random_uuid()))').chain
    assert body_of(chain[0][1]) == dedent("""\
        op.add_column("orders", sa.Column("c", sa.Uuid()))
        op.alter_column("orders", "c", server_default=sa.text("gen_random_uuid()"))""")
    text = chain[1][1]
    assert "import time\n" in text
    assert "with op.get_context().autocommit_block():" in text
    assert "while op.get_bind().execute(batch).rowcount:" in text


def test_everything_else_stays_in_the_file_and_what_depends_on_a_stage_comes_after_it() -> None:
    body = dedent("""\
        op.create_index("i", "orders", ["a"])
        op.add_column("orders", sa.Column("c", sa.Text))
        op.execute("COMMENT ON INDEX i IS 'fast'")""")
    chain = linted(body).chain
    assert [body_of(text).count("op.create_index") for _, text in chain] == [0, 1, 0]
    assert body_of(chain[0][1]) == 'op.add_column("orders", sa.Column("c", sa.Text))'
    assert body_of(chain[2][1]) == "op.execute(\"COMMENT ON INDEX i IS 'fast'\")"


def test_imports_and_constants_go_where_they_are_used() -> None:
    head = HEAD + "import logging\n\nTABLE = 'orders'\nOTHER = 'users'\nlog = logging.getLogger()\n"
    body = 'op.add_column(OTHER, sa.Column("c", sa.Text))\nop.create_index("i", TABLE, ["a"])\nlog.info("done")'
    kept, index = (text for _, text in linted(body, head=head).chain)
    assert ("OTHER =" in kept, "TABLE =" in kept, "import logging" in kept) == (True, False, True)
    assert ("OTHER =" in index, "TABLE =" in index, "import logging" in index) == (False, True, False)
    assert "import sqlalchemy as sa" not in index


def test_what_a_downgrade_undoes_goes_with_the_stage() -> None:
    down = 'op.drop_constraint("c", "orders", type_="check")\n    op.drop_column("orders", "d")'
    body = 'op.add_column("orders", sa.Column("d", sa.Text))\nop.create_check_constraint("c", "orders", "a > 0")'
    downs = [body_of(text, "downgrade") for _, text in linted(body, down).chain]
    assert downs == ['op.drop_column("orders", "d")', 'op.drop_constraint("c", "orders", type_="check")', "pass"]


@pytest.mark.parametrize(
    "body",
    [
        'if op.get_bind().scalar("SELECT 1"):\n    op.create_index("i", "orders", ["a"])',
        'op.create_index("i", "orders", ["a"]); op.create_index("j", "orders", ["b"])',
        'def made(t):\n    op.create_index("i", t, ["a"])\nmade("orders")\nmade("users")',
    ],
)
def test_a_file_that_cannot_be_taken_apart_keeps_its_stages_in_sql(body: str) -> None:
    found = linted(body).staged
    assert found
    assert [stage.source for one in found for stage in one.stages] == [""] * sum(len(one.stages) for one in found)


def test_reports_have_the_source_beside_the_sql(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "versions"
    folder.mkdir()
    file = folder / "1a2b3c4d5e6f_orders_change.py"
    file.write_text(source('op.create_index("i", "orders", ["a"])'))
    monkeypatch.chdir(tmp_path)
    assert cli.run(["lint", str(file), "--output-format", "json"]) == 1
    (finding,) = [one for one in json.loads(capsys.readouterr().out)["findings"] if one["stages"]]
    (stage,) = finding["stages"]
    assert stage["sql"].strip() == "CREATE INDEX CONCURRENTLY i ON orders (a);"
    assert stage["file"] == "versions/1a2b3c4d5e6f_orders_change.py"
    assert "postgresql_concurrently=True" in stage["source"]
    assert cli.run(["lint", str(file)]) == 1
    out = capsys.readouterr().out
    assert "with op.get_context().autocommit_block():" in out
    assert "# CREATE INDEX CONCURRENTLY i ON orders (a);" in out


@pytest.mark.parametrize(
    ("name", "text", "form"),
    [
        ("1_a.sql", "ALTER TABLE orders ADD COLUMN a int;\nCREATE INDEX i ON orders (a);\n", "json"),
        ("versions/a.py", source('op.create_index("i", "orders", ["a"])'), "sarif"),
        ("versions/a.py", source("op.create_table('t', sa.Column('id', sa.Integer, primary_key=True))"), "json"),
    ],
)
def test_a_run_that_shows_no_stages_in_python_does_not_load_the_writers(
    name: str, text: str, form: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    code = (
        "import sys; from safecol import cli; cli.run(['lint', *sys.argv[1:]])\n"
        "print(sorted({'libcst', 'sqlglot', 'safecol.writers'} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path), "--output-format", form], capture_output=True, text=True, check=True
    )
    assert done.stderr.strip() == "[]"
    assert json.loads(done.stdout)


def test_a_stage_that_leaves_nothing_behind_needs_no_way_back() -> None:
    downs = "op.drop_column('users', 'x')"
    before = [
        (f"versions/{name}.py", source(f"op.add_column('users', sa.Column('{name}', sa.Text))", downs))
        for name in ("a", "b", "c", "d")
    ]
    last = source('op.create_check_constraint("c", "orders", "a > 0")', 'op.drop_constraint("c", "orders")')
    chain = Linted(lint(SETUP, [*before, (PATH, last)]).findings[-1:], lint(SETUP, []).schema).chain
    assert len(chain) == 2
    assert [one.rule for one in lint(SETUP, [*before, *chain]).findings] == []
