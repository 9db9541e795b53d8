"""Migrations of Alembic as projects write them: the files of their stages have nothing left to say."""

import pytest

from python_rewrites import CATALOG, Linted
from safecol import analysis
from safecol.collecting import Collected
from safecol.runners.migration_file import MigrationFile
from safecol.settings import PathSettings

SETUP = """\
CREATE TABLE users (id bigint PRIMARY KEY, name text);
CREATE TABLE teams (id bigint PRIMARY KEY);
CREATE TABLE orders (id bigint NOT NULL, user_id bigint, team_id bigint, note text, secret varchar(40), total numeric);
ALTER TABLE orders ADD CONSTRAINT orders_user FOREIGN KEY (user_id) REFERENCES users (id);
ALTER TABLE orders ADD CONSTRAINT orders_team FOREIGN KEY (team_id) REFERENCES teams (id);
CREATE TYPE reason AS ENUM ('left', 'banned');
ALTER TABLE users ADD COLUMN gone reason;
"""
# Three that can be taken back: then one that can't be is told.
BEFORE = [
    (
        f"versions/r{number}.py",
        (
            f"from alembic import op\nrevision = 'r{number}'\n"
            f"down_revision = {f'r{number - 1}' if number else None!r}\n"
            f"def upgrade():\n    op.execute('CREATE SEQUENCE s{number}')\n"
            f"def downgrade():\n    op.execute('DROP SEQUENCE s{number}')\n"
        ),
    )
    for number in range(4)
]
ENVIRONMENT = """\
with engine.connect() as connection:
    connection.execute(text("SET application_name = 'migrations'"))
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""
HEAD = """\
from alembic import op
import sqlalchemy as sa

revision = "r4"
down_revision = "r3"


"""
UNDO_INDEX = 'op.drop_index("orders_note", table_name="orders")'
GUARD = """\
indexes = [one["name"] for one in sa.inspect(op.get_bind()).get_indexes("orders")]
if "orders_note" not in indexes:
    """
CASES = {
    "a dropped table, made again on the way back": (
        'op.drop_table("teams")',
        'op.create_table("teams", sa.Column("id", sa.BigInteger(), primary_key=True))',
    ),
    "rows filled before NOT NULL": (
        ("op.execute(\"UPDATE orders SET note = '' WHERE note IS NULL AND id = 1\")\n"
        'op.alter_column("orders", "note", nullable=False)'),
        'op.alter_column("orders", "note", nullable=True)',
    ),
    "a default beside NOT NULL": (
        'op.alter_column("orders", "note", server_default=sa.text("\'\'"), nullable=False)',
        'op.alter_column("orders", "note", server_default=None, nullable=True)',
    ),
    "an index": ('op.create_index("orders_note", "orders", ["note"])', UNDO_INDEX),
    "an index under a condition": (f'{GUARD}op.create_index("orders_note", "orders", ["note"])', UNDO_INDEX),
    "an index that is built without locks, under a condition": (
        (f"{GUARD}with op.get_context().autocommit_block():\n"
        '        op.create_index("orders_note", "orders", ["note"], postgresql_concurrently=True)'),
        UNDO_INDEX,
    ),
    "columns and an index under conditions": (
        (f'{GUARD}op.create_index("orders_note", "orders", ["note"])\n'
        'columns = [one["name"] for one in sa.inspect(op.get_bind()).get_columns("orders")]\n'
        'if "state" not in columns:\n    op.add_column("orders", sa.Column("state", sa.Text(), nullable=True))'),
        f'{UNDO_INDEX}\n    op.drop_column("orders", "state")',
    ),
    "a check": ('op.create_check_constraint("c", "orders", "total > 0")', 'op.drop_constraint("c", "orders")'),
    "foreign keys that are dropped together": (
        ('op.drop_constraint("orders_user", "orders", type_="foreignkey")\n'
        'op.drop_constraint("orders_team", "orders", type_="foreignkey")\n'
        'op.create_index("orders_note", "orders", ["note"])'),
        (f'{UNDO_INDEX}\n    op.create_foreign_key("orders_team", "orders", "teams", ["team_id"], ["id"])\n'
        '    op.create_foreign_key("orders_user", "orders", "users", ["user_id"], ["id"])'),
    ),
    "a column that takes another's place": (
        ('op.add_column("orders", sa.Column("wide", sa.String(400), nullable=True))\n'
        'op.drop_column("orders", "secret")\n'
        'op.alter_column("orders", "wide", new_column_name="secret")'),
        'op.alter_column("orders", "secret", type_=sa.String(40))',
    ),
    "a type that takes another's place": (
        ('op.execute("ALTER TYPE reason RENAME TO reason_old")\n'
        "op.execute(\"CREATE TYPE reason AS ENUM ('left', 'banned', 'lost')\")\n"
        'op.execute("ALTER TABLE users ALTER COLUMN gone TYPE reason USING gone::text::reason")\n'
        'op.execute("DROP TYPE reason_old")'),
        "pass",
    ),
}  # fmt: skip


def lint(
    files: list[tuple[str, str]], limit: int | None, environment: str = "", transaction: str | None = "wrapped"
) -> Linted:
    """Lint version files behind those that run before them."""
    targets = dict(files)
    made = [MigrationFile("setup.sql", "plain", "postgresql", "settings", "texts", target=False)]
    made += [
        MigrationFile(
            path, "alembic", "postgresql", "settings", "texts", target=path in targets,
            environment="env.py" if environment else "",
        )
        for path, _ in (*BEFORE, *files)
    ]  # fmt: skip
    settings = PathSettings(
        dialect="postgresql", server_version="16", lock_timeout_ms=limit, runner_transaction=transaction
    )
    collected = Collected(CATALOG, made, code={})
    contents = {"setup.sql": SETUP, **dict(BEFORE), **targets, "env.py": environment}
    schema = None
    for ran in analysis.run(made, lambda _path: settings, CATALOG, contents, None, change_set="each"):
        collected.add(ran, frozenset(CATALOG.defaults()))
        schema = ran.schema or schema
    assert schema is not None
    return Linted(collected.result().findings, schema)


def version(up: str, down: str) -> list[tuple[str, str]]:
    body = up.replace("\n", "\n    ")
    return [("versions/r4.py", f"{HEAD}def upgrade():\n    {body}\n\n\ndef downgrade():\n    {down}\n")]


@pytest.mark.parametrize("limit", [None, 2000])
@pytest.mark.parametrize("transaction", ["shared", "wrapped"])
@pytest.mark.parametrize("case", CASES)
def test_the_stages_have_nothing_to_say(case: str, transaction: str, limit: int | None) -> None:
    original = lint(version(*CASES[case]), limit, transaction=transaction)
    assert original.staged
    assert all(stage.source for one in original.staged[:1] for stage in one.stages if stage.sql)
    told = {one.rule for one in original.findings if not one.stages} - {"unbounded-lock-wait"}
    done = lint(original.chain, limit, transaction=transaction)
    assert [(one.path, one.rule, one.message) for one in done.findings if one.rule not in told] == []


def test_a_transaction_of_the_environment_is_ended_before_a_block_that_commits() -> None:
    case = version('op.create_index("orders_note", "orders", ["note"])', UNDO_INDEX)
    ((_, text),) = lint(case, 2000, ENVIRONMENT, None).chain
    assert text.count("op.get_bind().commit()\n    with op.get_context().autocommit_block():") == 2
    assert lint([("versions/r4.py", text)], 2000, ENVIRONMENT, None).findings == ()


def test_a_limit_is_set_only_where_nothing_bounds_the_wait() -> None:
    case = version(*CASES["a check"])
    bounded, free = (lint(case, limit).chain for limit in (2000, None))
    assert not any("lock_timeout" in text for _, text in bounded)
    assert "op.execute(\"SET LOCAL lock_timeout = '2s'\")" in free[0][1]


def test_a_limit_of_a_block_that_commits_ends_with_it() -> None:
    ((_, text), *_) = lint(version(*CASES["a check"]), None, transaction="shared").chain
    assert text.index("SET lock_timeout") < text.index("postgresql_not_valid") < text.index("RESET lock_timeout")


def test_the_way_back_makes_a_table_under_the_name_that_it_was_dropped_with() -> None:
    first, last = lint(version(*CASES["a dropped table, made again on the way back"]), 2000).chain
    assert 'op.create_table("teams_unused"' in last[1].partition("def downgrade")[2]
    assert "create_table" not in first[1]
    assert 'op.rename_table("teams_unused", "teams")' in first[1].partition("def downgrade")[2]


def test_an_index_is_built_anew_where_a_condition_would_pass_over_an_invalid_one() -> None:
    chain = lint(version(*CASES["an index under a condition"]), 2000).chain
    text = chain[-1][1]
    assert "if " not in text.partition("def upgrade")[2]
    assert text.index("if_exists=True") < text.index("op.create_index(")
