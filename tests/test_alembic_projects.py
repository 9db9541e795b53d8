"""Version files in a project: what they import of it, how its env.py names things and sends them, what goes wrong."""

from pathlib import Path

import pytest

from safecol import cli, discover
from safecol.frontends.alembic import environment, graph, naming
from safecol.frontends.alembic.reading import Reading, read

HEAD = "from alembic import op\nimport sqlalchemy as sa\nrevision = 'b'\ndown_revision = 'a'\n"
UPGRADE = "def upgrade():\n    "


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name, text in {
        ".git/HEAD": "",
        "shop/__init__.py": "",
        "shop/db/__init__.py": "from .types import *\n",
        "shop/db/types.py": (
            "import sqlalchemy as sa\nfrom alembic import op\nfrom ..names import ORDERS\n"
            "class Stamp(sa.types.TypeDecorator):\n    impl = sa.DateTime(timezone=True)\n"
            "COLUMNS = [sa.Column('a', sa.Integer)]\nCOLUMNS.append(sa.Column('b', Stamp))\n"
            "def add(table, name, kind=Stamp()):\n    op.add_column(table, sa.Column(name, kind))\n"
            "def fill(sql):\n    op.execute(sql + ' WHERE a IS NULL')\nop.drop_table('never')\n"
        ),
        "shop/names.py": (
            "ORDERS = 'orders'\nDROP = 'DROP TABLE old'\n"
            "if True:\n    try:\n        ITEMS = 'items'\n    except E:\n        pass\n"
        ),
        "shop/models.py": (
            "from sqlalchemy import MetaData\nfrom sqlalchemy.orm import DeclarativeBase\n"
            "NAMES = {'ix': 'ix_%(column_0_label)s', 'uq': 'uq_%(table_name)s_%(column_0_name)s',\n"
            "    'ck': 'ck_%(table_name)s_%(constraint_name)s', 'pk': 'pk_%(table_name)s',\n"
            "    'fk': 'fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s'}\n"
            "class Base(DeclarativeBase):\n    metadata = MetaData(naming_convention=NAMES)\n"
        ),
        "migrations/env.py": "from shop.models import Base\ntarget_metadata = Base.metadata\n",
        "migrations/versions/helpers.py": "TABLE = 'here'\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def reading(project: Path, imports: str, body: str, **more: object) -> Reading:
    path = project / "migrations" / "versions" / "b.py"
    text = f"{HEAD}{imports}\n{UPGRADE}" + body.replace("\n", "\n    ") + "\n"
    return read(text, path=str(path), environment=str(project / "migrations" / "env.py"), **more)  # type: ignore[arg-type]


def sent(found: Reading) -> list[str]:
    lines = []
    for _, statements in found.sections:
        for one in statements:
            text = found.text[one.span.start : one.span.end]
            lines.append(f"? {one.opaque.reason}" if one.opaque is not None else " ".join(text.split()))
    return lines


@pytest.mark.parametrize(
    ("batch", "whole"),
    [
        ("b.alter_column('total', type_=sa.Numeric(10, 2))", False),
        ("b.create_foreign_key('f', 'users', ['user_id'], ['id'])", False),
        ("b.alter_column('total', new_column_name='sum')", True),
        ("b.drop_column('total')", True),
    ],
)
def test_a_table_is_not_made_anew_as_it_was_before_a_batch_that_changed_it(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], batch: str, whole: bool
) -> None:
    """What a batch makes of a table in a copy has no words in SQL: stages that copy it again would undo that."""
    monkeypatch.chdir(project)
    folder = project / "migrations" / "versions"
    for path in folder.iterdir():
        path.unlink()
    head = "from alembic import op\nimport sqlalchemy as sa\nrevision = '{}'\ndown_revision = {}\ndef upgrade():\n"
    columns = "sa.Column('id', sa.Integer(), primary_key=True), sa.Column('user_id', sa.Integer())"
    made = f"    op.create_table('orders', {columns}, sa.Column('total', sa.Integer()))\n"
    (folder / "a.py").write_text(head.format("a", None) + made)
    (folder / "b.py").write_text(
        head.format("b", "'a'") + f"    with op.batch_alter_table('orders') as b:\n        {batch}"
    )
    added = "    op.add_column('orders', sa.Column('state', sa.Text(), nullable=False))"
    (folder / "c.py").write_text(head.format("c", "'b'") + added)
    cli.run(["lint", "--dialect", "sqlite", str(folder / "c.py")])
    shown = capsys.readouterr().out
    assert "error[required-column]" in shown
    assert ("CREATE TABLE orders_new" in shown) is whole


@pytest.mark.parametrize(
    ("imports", "body", "wanted"),
    [
        ("from shop.names import ORDERS", "op.drop_table(ORDERS)", ["DROP TABLE orders"]),
        ("from shop.names import *", "op.drop_table(ITEMS)", ["DROP TABLE items"]),
        ("import shop.names as n", "op.drop_table(n.ORDERS)\nop.execute(n.DROP)",
         ["DROP TABLE orders", "DROP TABLE old"]),
        ("import shop.db.types", "op.drop_table(shop.db.types.ORDERS)", ["DROP TABLE orders"]),
        ("from shop import db", "op.drop_table(db.types.ORDERS)", ["DROP TABLE orders"]),
        ("from ...shop.names import ORDERS", "op.drop_table(ORDERS)", ["DROP TABLE orders"]),
        ("from . import helpers", "op.drop_table(helpers.TABLE)", ["DROP TABLE here"]),
        ("from .helpers import TABLE as t", "op.drop_table(t)", ["DROP TABLE here"]),
        ("from shop.db import Stamp", "op.add_column('t', sa.Column('c', Stamp))",
         ["ALTER TABLE t ADD COLUMN c TIMESTAMP WITH TIME ZONE"]),
        ("from shop.db.types import add", "add('t', 'c')\nadd('t', 'd', sa.Text())",
         ["ALTER TABLE t ADD COLUMN c TIMESTAMP WITH TIME ZONE", "ALTER TABLE t ADD COLUMN d TEXT"]),
        ("from shop.db.types import fill", "fill('DELETE FROM t')", ["DELETE FROM t WHERE a IS NULL"]),
        ("from shop.db.types import COLUMNS", "op.create_table('t', *COLUMNS)",
         ["CREATE TABLE t ( a INTEGER, b TIMESTAMP WITH TIME ZONE )"]),
        ("", "from shop.names import ORDERS\nop.drop_table(ORDERS)", ["DROP TABLE orders"]),
        ("from shop.names import MISSING", "op.drop_table(MISSING)",
         ["? the table is not known: `shop.names.MISSING` is not in this file"]),
        ("from elsewhere import NAME", "op.drop_table(NAME)",
         ["? the table is not known: `elsewhere.NAME` is not in this file"]),
    ],
)  # fmt: skip
def test_what_a_file_imports_of_its_project_is_read(project: Path, imports: str, body: str, wanted: list[str]) -> None:
    assert sent(reading(project, imports, body)) == wanted


def test_what_stands_in_another_file_is_shown_where_it_is_used(project: Path) -> None:
    found = reading(
        project, "from shop.db.types import add, ORDERS\nfrom shop.names import DROP", "add('t', 'c')\nop.execute(DROP)"
    )
    text = (HEAD + "from shop.db.types import add, ORDERS\nfrom shop.names import DROP\n" + UPGRADE
            + "add('t', 'c')\n    op.execute(DROP)\n")  # fmt: skip
    first, second = (one for _, statements in found.sections for one in statements)
    operation = first.operations[0]
    for span, wanted in ((operation.span, "add('t', 'c')"), (second.span, "op.execute(DROP)")):
        place = found.places.at(span)
        assert text[place.start : place.end] == wanted


def test_a_module_is_never_run_and_may_be_broken(project: Path) -> None:
    (project / "shop" / "broken.py").write_text("def (")
    (project / "shop" / "loop.py").write_text("from shop.loop import A\nfrom shop.loop2 import B\n")
    (project / "shop" / "loop2.py").write_text("from shop.loop import B\n")
    found = reading(
        project,
        "from shop.broken import X\nfrom shop.loop import A, B",
        "op.drop_table(X)\nop.drop_table(A)\nop.drop_table(B)",
    )
    assert [line[:25] for line in sent(found)] == ["? the table is not known:"] * 3


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ("op.create_index(None, 't', ['a', 'b'])", "CREATE INDEX ix_t_a ON t (a, b)"),
        ("op.create_index(None, 't', ['a'], schema='s')", "CREATE INDEX ix_s_t_a ON s.t (a)"),
        ("op.create_unique_constraint(None, 't', ['a'])", "ALTER TABLE t ADD CONSTRAINT uq_t_a UNIQUE (a)"),
        ("op.create_check_constraint('positive', 't', 'a > 0')",
         "ALTER TABLE t ADD CONSTRAINT ck_t_positive CHECK (a > 0)"),
        ("op.create_check_constraint(op.f('positive'), 't', 'a > 0')",
         "ALTER TABLE t ADD CONSTRAINT positive CHECK (a > 0)"),
        ("op.create_foreign_key(None, 't', 'u', ['a'], ['id'])",
         "ALTER TABLE t ADD CONSTRAINT fk_t_a_u FOREIGN KEY(a) REFERENCES u (id)"),
        ("op.drop_constraint('positive', 't', type_='check')", "ALTER TABLE t DROP CONSTRAINT ck_t_positive"),
        ("op.drop_constraint(None, 't', type_='primary')", "ALTER TABLE t DROP CONSTRAINT pk_t"),
        ("op.create_table('t', sa.Column('a', sa.Text, unique=True, primary_key=True))",
         "CREATE TABLE t ( a TEXT NOT NULL, CONSTRAINT pk_t PRIMARY KEY (a), CONSTRAINT uq_t_a UNIQUE (a) )"),
    ],
)  # fmt: skip
def test_names_follow_the_convention_of_the_models(project: Path, body: str, wanted: str) -> None:
    assert sent(reading(project, "", body)) == [wanted]


def test_a_convention_is_not_known_where_the_models_are_not(project: Path) -> None:
    for text, wanted in (
        ("from elsewhere import Base\ntarget_metadata = Base.metadata\n", None),
        ("from alembic import context\ncontext.configure(target_metadata=None)\n", {}),
        ("target_metadata = None\n", {}),
    ):
        path = project / "migrations" / f"{len(text)}.py"
        path.write_text(text)
        assert naming.convention(str(path)) == wanted


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("op.drop_constraint(None, 't', type_='foreignkey')", "without its name"),
        ("op.create_check_constraint(None, 't', 'a > 0')", "needs a name"),
        (f"op.create_unique_constraint('{'x' * 64}', 't', ['a'])", "longer than 63"),
        ("op.drop_constraint('a', 't', type_='keys')", "no type of constraint"),
    ],
)
def test_what_alembic_refuses_is_told(project: Path, body: str, message: str) -> None:
    found = reading(project, "", body)
    assert [(one.rule, message in one.message) for one in found.problems] == [("refused-operation", True)]
    assert (found.met, found.missed, sent(found)) == (1, 0, [])


def test_what_is_refused_on_the_way_back_makes_a_migration_irreversible() -> None:
    text = f"{HEAD}def upgrade():\n    pass\ndef downgrade():\n    op.drop_constraint(None, 't', type_='check')\n"
    assert [one.rule for one in read(text).problems] == ["irreversible-migration"]


@pytest.mark.parametrize(
    ("helpers", "body", "wanted"),
    [
        ({"tools.add": "op.create_index"}, "add('i', 't', ['a'])", ["CREATE INDEX i ON t (a)"]),
        ({"add": "nothing"}, "add(op.get_bind())", []),
        ({"tools.add": "autocommit_block"}, "with add():\n    op.drop_table('a')", ["DROP TABLE a"]),
    ],
)
def test_the_settings_say_what_a_function_of_the_project_does(
    project: Path, helpers: dict[str, str], body: str, wanted: list[str]
) -> None:
    (project / "tools.py").write_text("def add(*args):\n    raise ValueError\n")
    found = reading(project, "from tools import add", body, helpers=helpers)
    assert sent(found) == wanted
    if "autocommit_block" in helpers.values():
        assert [section.transaction for section, statements in found.sections if statements] == ["autocommit"]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("with engine.connect() as connection:\n    context.configure(connection=connection)\n", False),
        ("with engine.begin() as connection:\n    context.configure(connection=connection)\n", True),
        ("c = e.connect()\nconn.execute('SET x = 1')\ncontext.configure(connection=conn)\n", True),
        ("conn.execute('SET x = 1')\nconn.commit()\ncontext.configure(connection=conn)\n", False),
        ("context.configure(connection=conn)\nconn.execute('SET x = 1')\n", False),
        (
            "e = create_engine(u, isolation_level='AUTOCOMMIT')\nconn.execute('x')\ncontext.configure(connection=conn)",
            False,
        ),
    ],
)
def test_a_connection_may_be_in_a_transaction_before_alembic_gets_it(text: str, wanted: bool) -> None:
    found = environment.of_text(text)
    assert found.open is wanted
    assert not (wanted and environment.of_text(text + "transaction_per_migration=True").transaction == "wrapped")


@pytest.mark.parametrize(
    ("text", "dialect", "wanted"),
    [
        ("", "postgresql", "shared"),
        ("", "sqlite", "wrapped"),
        ("", "mysql", "wrapped"),
        ("context.configure(transactional_ddl=True)", "sqlite", "shared"),
        ("e = create_engine(u, isolation_level='AUTOCOMMIT')", "mysql", "autocommit"),
        ("with e.begin() as connection:\n    context.configure(connection=connection)", "sqlite", "shared"),
    ],
)
def test_where_ddl_is_not_transactional_each_migration_has_its_transaction(
    text: str, dialect: str, wanted: str
) -> None:
    assert environment.of_text(text).of_dialect(dialect) == wanted


def test_an_autocommit_block_fails_in_an_open_transaction_unless_it_was_ended() -> None:
    block = "with op.get_context().autocommit_block():\n        op.execute('VACUUM')\n"
    for first, wanted in (("", ["autocommit-in-open-transaction"]), ("op.get_bind().commit()\n    ", [])):
        assert [one.rule for one in read(f"{HEAD}{UPGRADE}{first}{block}", opened=True).problems] == wanted


def test_functions_of_engines_of_other_dialects_are_not_read_as_this_one() -> None:
    text = (
        'from alembic import op\ndef upgrade(engine_name):\n    globals()[f"upgrade_{engine_name}"]()\n'
        "def upgrade_one():\n    op.drop_table('a')\ndef upgrade_two():\n    op.drop_table('b')\n"
    )
    found = read(text, engines={"one": "postgresql", "two": "mysql"})
    assert sent(found) == [
        "? `upgrade_two` is for a database of MySQL, and this history is read as one of another dialect",
        "DROP TABLE a",
    ]


@pytest.mark.parametrize(
    ("revisions", "wanted"),
    [
        ([("a", ()), ("b", ("a",)), ("c", ("b",))], {}),
        ([("a", ()), ("b", ("a",)), ("c", ("a",))], {"1": "multiple-heads", "2": "multiple-heads"}),
        ([("a", ()), ("b", ("a",)), ("c", ("a",)), ("d", ("b", "c"))], {}),
        ([("a", ()), ("b", ())], {}),
        ([("a", ()), ("a", ())], {"1": "duplicate-version"}),
        ([("a", ()), ("b", ("z",))], {"1": "missing-revision"}),
        ([("b", ("z",))], {}),
    ],
)
def test_what_is_wrong_with_a_history(revisions: list[tuple[str, tuple[str, ...]]], wanted: dict[str, str]) -> None:
    made = {str(at): graph.Revision(name, down) for at, (name, down) in enumerate(revisions)}
    found = graph.problems(made)
    assert {path: problems[0].rule for path, problems in found.items()} == wanted


def test_branches_with_labels_are_meant_to_be_apart() -> None:
    made = {
        "1": graph.Revision("a"),
        "2": graph.Revision("b", ("a",), (), ("left",)),
        "3": graph.Revision("c", ("a",), (), ("right",)),
    }
    assert graph.problems(made) == {}


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("for row in c.execute(sa.text('SELECT 1')):\n    c.execute(sa.text('UPDATE t SET a = :a'), row)", 1),
        ("rows = c.execute(sa.text('x')).fetchall()\nfor row in rows:\n    op.execute('DELETE FROM t')", 1),
        ("for row in c.execute(X):\n    for other in c.execute(Y):\n        op.execute('DELETE FROM t')", 1),
        ("for row in c.execute(sa.text('SELECT 1')):\n    op.execute('DELETE FROM t')\n    c.commit()", 0),
        ("for row in c.execute(sa.text('SELECT 1')):\n    print(row)", 0),
        ("for name in ('a', 'b'):\n    op.execute(f'DELETE FROM {name}')", 0),
    ],
)  # fmt: skip
def test_a_loop_over_rows_that_changes_them_one_by_one_is_told(body: str, told: int) -> None:
    found = read(f"{HEAD}{UPGRADE}c = op.get_bind()\n    " + body.replace("\n", "\n    ") + "\n")
    assert [one.rule for one in found.problems] == ["row-loop-backfill"] * told


def test_a_batch_on_sqlite_copies_the_table_unless_it_need_not() -> None:
    for body, wanted in (
        ("b.add_column(sa.Column('a', sa.Text()))", []),
        ("b.create_index('i', ['a'])", []),
        ("b.add_column(sa.Column('a', sa.Text(), server_default=sa.text('x()')))", ["batch-table-copy"]),
        ("b.alter_column('a', nullable=False)", ["batch-table-copy"]),
        ("b.drop_constraint('c', type_='check')", ["batch-table-copy"]),
    ):
        text = f"{HEAD}{UPGRADE}with op.batch_alter_table('t') as b:\n        {body}\n"
        assert [one.rule for one in read(text, dialect="sqlite").problems] == wanted
        assert read(text).problems == ()


@pytest.mark.parametrize(
    "never", ["op.batch_alter_table('t', recreate='never')", "op.batch_alter_table('t', None, 'never')"]
)
def test_a_batch_may_be_told_never_to_copy(never: str) -> None:
    text = f"{HEAD}{UPGRADE}with {never} as b:\n        b.create_unique_constraint('u', ['a'])\n"
    assert [one.rule for one in read(text, dialect="sqlite").problems] == ["constraint-outside-batch"]


def test_counts_and_problems_reach_the_report(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(project)
    versions = project / "migrations" / "versions"
    (versions / "a.py").write_text("revision = 'a'\ndown_revision = None\ndef upgrade():\n    pass\n")
    (versions / "b.py").write_text(
        f"{HEAD}from shop.names import ORDERS\n{UPGRADE}op.drop_constraint(None, ORDERS)\n    op.drop_table(X)\n"
    )
    (versions / "c.py").write_text("revision = 'c'\ndown_revision = 'a'\ndef upgrade():\n    pass\n")
    cli.run(["lint", "--output-format", "concise", "migrations"])
    out = capsys.readouterr().out
    assert "b.py:7:5: error refused-operation" in out
    assert "b.py:5:1: note application-import" in out
    assert out.count("error multiple-heads") == 2
    assert "1/2 operations understood" in out


def test_a_folder_may_name_the_dialect(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)
    folder = project / "mysql" / "versions"
    folder.mkdir(parents=True)
    (project / "mysql" / "env.py").write_text("")
    (folder / "a.py").write_text("revision = 'a'\ndown_revision = None\n")
    files = discover.find(["mysql"], runner=lambda _: None, dialect=lambda _: None).files
    assert [(file.dialect, file.dialect_source) for file in files] == [("mysql", "path")]


def test_a_migration_without_a_way_back_is_told_where_the_others_have_one(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(project)
    versions = project / "migrations" / "versions"
    for number in range(5):
        down = "raise NotImplementedError" if number == 4 else f"op.drop_table('t{number}')"
        (versions / f"r{number}.py").write_text(
            f"from alembic import op\nimport sqlalchemy as sa\nrevision = 'r{number}'\n"
            f"down_revision = {f'r{number - 1}' if number else None!r}\n"
            f"def upgrade():\n    op.create_table('t{number}', sa.Column('id', sa.BigInteger, primary_key=True))\n"
            f"def downgrade():\n    {down}\n"
        )
    cli.run(["lint", "--output-format", "concise", "--select", "irreversible-migration", "migrations"])
    found = [line.split(":")[0] for line in capsys.readouterr().out.splitlines() if "irreversible-migration" in line]
    assert found == ["migrations/versions/r4.py"]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("for one in session.query(Order):\n    one.state = 'x'\nsession.commit()", 1),
        ("for one in session.query(Order).all():\n    one.state = 'x'\n    session.commit()", 0),
        ("for one in session.query(Order):\n    names.append(one.state)", 0),
    ],
)
def test_rows_that_a_session_changes_one_by_one_are_told(body: str, told: int) -> None:
    head = f"{HEAD}from sqlalchemy.orm import Session\nfrom app.models import Order\n"
    text = f"{head}{UPGRADE}session = Session(bind=op.get_bind())\n    " + body.replace("\n", "\n    ") + "\n"
    assert [one.rule for one in read(text).problems if one.rule == "row-loop-backfill"] == ["row-loop-backfill"] * told


@pytest.mark.parametrize(("required", "default"), [("SQLAlchemy==2.0.36", "now()"), ("SQLAlchemy>=2.1", "(now())")])
def test_the_project_says_which_versions_send_its_migrations(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], required: str, default: str
) -> None:
    monkeypatch.chdir(project)
    (project / "requirements.txt").write_text(f"{required}\n")
    body = 'op.add_column("orders", sa.Column("at", sa.DateTime, server_default=sa.func.now()))'
    (project / "migrations/versions/b.py").write_text(f"{HEAD}{UPGRADE}{body}\n")
    cli.run(["effects", "migrations/versions/b.py", "--dialect", "mysql", "--output-format", "json"])
    assert f"DEFAULT {default}" in capsys.readouterr().out
