"""Version files of Alembic: what they send, where it stands in the file, and what is said of what is not known."""

from pathlib import Path

import pytest

from safecol import cli, discover
from safecol.frontends.alembic import environment, graph
from safecol.frontends.alembic.reading import Reading, read

HEAD = """\
from alembic import op, context
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from app.values import SECRET
revision = "b"
down_revision = "a"
"""


def source(body: str, head: str = HEAD, rest: str = "") -> str:
    return f"{head}\n{rest}\ndef upgrade():\n    " + body.replace("\n", "\n    ") + "\n"


def sent(found: Reading, direction: str = "up") -> list[str]:
    """The statements of a direction, one a line; what was not understood begins with `?`."""
    lines = []
    for section, statements in found.sections:
        for one in statements if section.direction == direction else ():
            text = found.text[one.span.start : one.span.end]
            lines.append(f"? {one.opaque.reason}" if one.opaque is not None else " ".join(text.split()))
    return lines


def at(text: str, found: Reading, number: int = 0) -> str:
    """The part of the file that a statement comes from."""
    statements = [one for _, each in found.sections for one in each]
    place = found.places.at(statements[number].span)
    return text[place.start : place.end]


@pytest.mark.parametrize(
    ("rest", "body", "wanted"),
    [
        ("T = 'orders'", "op.drop_column(T, 'a')", ["ALTER TABLE orders DROP COLUMN a"]),
        ("T: str = 'orders'", "op.drop_table(T)", ["DROP TABLE orders"]),
        ("", "t = 'a' + 'b'\nop.drop_table(t)", ["DROP TABLE ab"]),
        ("", "t = 'a'\nt += '_b'\nop.drop_table(t)", ["DROP TABLE a_b"]),
        ("", "op.drop_table('a_%s' % 'b')", ["DROP TABLE a_b"]),
        ("", "op.drop_table('a_%(x)s' % {'x': 'b'})", ["DROP TABLE a_b"]),
        ("", "op.drop_table('{}_{x}'.format('a', x='b'))", ["DROP TABLE a_b"]),
        ("N = 3", "op.drop_table(f'a_{N}')", ["DROP TABLE a_3"]),
        ("", "op.drop_table('_'.join(['a', 'b']))", ["DROP TABLE a_b"]),
        ("", "for t in ['a', 'b']:\n    op.drop_table(t)", ["DROP TABLE a", "DROP TABLE b"]),
        ("", "for t, c in {'a': 'x'}.items():\n    op.drop_column(t, c)", ["ALTER TABLE a DROP COLUMN x"]),
        ("", "for n in range(2):\n    op.drop_table(f't{n}')", ["DROP TABLE t0", "DROP TABLE t1"]),
        ("", "[op.drop_table(t) for t in ('a', 'b')]", ["DROP TABLE a", "DROP TABLE b"]),
        ("T = {'a': ['x']}", "op.drop_table(T['a'][0])", ["DROP TABLE x"]),
        ("def gone(t, *, c='n'):\n    op.drop_column(t, c)", "gone('a')\ngone(t='b', c='m')",
         ["ALTER TABLE a DROP COLUMN n", "ALTER TABLE b DROP COLUMN m"]),
        ("def named():\n    return 'orders'", "op.drop_table(named())", ["DROP TABLE orders"]),
        ("class Kind:\n    table = 'kinds'", "op.drop_table(Kind.table)", ["DROP TABLE kinds"]),
        ("K = dict(schema='shop')", "op.drop_table('a', **K)", ["DROP TABLE shop.a"]),
        ("C = [sa.Column('a', sa.Integer), sa.Column('b', sa.Text)]", "op.create_table('t', *C)",
         ["CREATE TABLE t ( a INTEGER, b TEXT )"]),
        ("import textwrap", "op.execute(textwrap.dedent('''\n  DROP TABLE a\n'''))", ["DROP TABLE a"]),
        ("", "op.execute('DROP TABLE a; DROP TABLE b;')", ["DROP TABLE a", "DROP TABLE b"]),
        ("", "op.get_bind().execute(sa.text('DROP TABLE a'))", ["DROP TABLE a"]),
        ("", "c = op.get_bind()\nc.exec_driver_sql('DROP TABLE a')", ["DROP TABLE a"]),
        ("from sqlalchemy.orm import Session", "s = Session(bind=op.get_bind())\ns.execute(sa.text('DROP TABLE a'))",
         ["DROP TABLE a"]),
        ("", "op.execute('SELECT a\\\\:\\\\:int')", ["SELECT a::int"]),
        ("", "op.get_bind().commit()", ["COMMIT AND CHAIN"]),
        ("", "with op.batch_alter_table('a') as b:\n    b.execute('DROP TABLE b')", ["DROP TABLE b"]),
        ("from app.models import Kind", "op.add_column('a', sa.Column('k', sa.Enum(Kind)))",
         ["ALTER TABLE a ADD COLUMN k kind"]),
        ("import json", "op.alter_column('a', 'b', server_default=json.dumps({'x': 1}))",
         ["""ALTER TABLE a ALTER COLUMN b SET DEFAULT '{"x": 1}'"""]),
        ("", "if op.get_bind().dialect.name != 'postgresql':\n    return\nop.drop_table('a')", ["DROP TABLE a"]),
        ("", "if context.get_context().dialect.name.startswith('mysql'):\n    op.drop_table('a')", []),
        ("", "name = 'b' if context.is_offline_mode() else 'a'\nop.drop_table(name)", ["DROP TABLE a"]),
        ("", "op.execute(sa.select(sa.literal(1)))", []),
        ("U = sa.table('u', sa.column('a'))", "op.execute(U.update().values({'a': SECRET}).where(U.c.a == None))",
         ["UPDATE u SET a = ${app.values.SECRET} WHERE a IS NULL"]),
        ("", "sa.Enum('a', 'b', name='k').create(op.get_bind())", ["CREATE TYPE k AS ENUM ('a', 'b')"]),
        ("", "op.add_column('a', sa.Column('p', Vector(3)))", ["ALTER TABLE a ADD COLUMN p vector(3)"]),
        ("class Kind(sa.types.TypeDecorator):\n    impl = sa.Text", "op.add_column('a', sa.Column('p', Kind()))",
         ["ALTER TABLE a ADD COLUMN p TEXT"]),
    ],
)  # fmt: skip
def test_constants_are_followed(rest: str, body: str, wanted: list[str]) -> None:
    assert sent(read(source(body, rest=f"from pgvector.sqlalchemy import Vector\n{rest}"))) == wanted


@pytest.mark.parametrize(
    "head",
    [
        "from alembic import op",
        "import alembic.op as op",
        "from alembic import op as other\nop = other",
        "import alembic\nop = alembic.op",
    ],
)
def test_operations_are_known_however_they_are_imported(head: str) -> None:
    assert sent(read(source("op.drop_table('a')", head))) == ["DROP TABLE a"]


def test_operations_may_be_imported_by_name_or_given_as_an_argument() -> None:
    assert sent(read("from alembic.op import drop_table as gone\ndef upgrade():\n    gone('a')\n")) == ["DROP TABLE a"]
    assert sent(read("def upgrade(op, tables, tester):\n    op.drop_table('a')\n")) == ["DROP TABLE a"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("op.drop_table(SECRET)", "the table is not known: `app.values.SECRET` is not in this file"),
        ("op.drop_table(missing)", "the table is not known: `missing`, `missing` is not defined in this file"),
        ("op.execute(SECRET)", "the SQL is not known: `app.values.SECRET` is not in this file"),
        ("op.execute(f'{SECRET}')", "the SQL is not known: `SECRET`"),
        ("op.execute(open('x.sql').read())", "the SQL is not known: `builtins.open().read(…)`"),
        ("op.create_entities(1)", "`op.create_entities` is not an operation of Alembic's own"),
        ("from app.steps import step\nstep(op)",
         "`app.steps.step` is not in this file, and it is given the connection"),
        ("from app.steps import step\nstep()", "`app.steps.step` is not in this file: what it does is not known"),
        ("op.add_column('a', sa.Column(SECRET, sa.Text))",
         "the column is not known: `app.values.SECRET` is not in this file"),
        ("op.alter_column('a', 'b', nullable=SECRET)",
         "`nullable` is not known: `app.values.SECRET` is not in this file"),
        ("with op.batch_alter_table('a', recreate='always'):\n    pass",
         'with `recreate="always"` the table is copied to a new one, which takes its place'),
    ],
)  # fmt: skip
def test_what_is_not_known_is_said(body: str, reason: str) -> None:
    found = read(source(body))
    assert sent(found) == [f"? {reason}"]
    assert found.missed == found.met == 1


def test_what_is_known_of_a_table_is_kept_where_a_column_is_not() -> None:
    found = read(source("op.create_table('t', sa.Column('a', sa.Text), sa.Column(SECRET, sa.Text))"))
    assert sent(found)[0] == "CREATE TABLE t ( a TEXT )"
    assert sent(found)[1].startswith("? the column is not known")


def test_parts_of_sql_that_are_not_known_are_placeholders() -> None:
    found = read(source("op.execute(f'UPDATE {SECRET} SET a = 1')\nop.execute(f'ALTER TABLE a {SECRET}')"))
    assert sent(found)[0] == "UPDATE ${SECRET} SET a = 1"
    assert sent(found)[1] == "? parts of this SQL are not known, and it can't be read without them"
    assert {place.text for place in found.placeholders} == {"${SECRET}"}


def test_a_loop_over_what_is_not_known_is_told_once() -> None:
    found = read(source("for row in op.get_bind().execute('SELECT a FROM t'):\n    op.drop_table(row.a)"))
    assert sent(found)[0] == "SELECT a FROM t"
    assert len(sent(found)) == 2
    assert sent(found)[1].startswith("? the table is not known: `row.a`")


def test_lists_that_a_program_keeps_are_no_business_of_the_database() -> None:
    body = (
        "found = defaultdict(list)\nfor row in op.get_bind().execute('SELECT a FROM t'):\n"
        "    found[row.a].append(row)\nop.drop_table('t')"
    )
    found = read(source(body, rest="from collections import defaultdict"))
    assert sent(found) == ["SELECT a FROM t", "DROP TABLE t"]
    assert found.missed == 0


def test_what_may_not_run_is_marked() -> None:
    body = "if SECRET:\n    op.drop_table('a')\nelse:\n    op.drop_table('b')\nop.drop_table('c')"
    operations = [one for _, each in read(source(body)).sections for made in each for one in made.operations]
    assert ["conditional" in one.flags for one in operations] == [True, True, False]
    after_return = "if SECRET:\n    return\nop.drop_table('c')"
    operations = [one for _, each in read(source(after_return)).sections for made in each for one in made.operations]
    assert ["conditional" in one.flags for one in operations] == [True]


def test_rows_that_a_committing_loop_changes_are_changed_in_batches() -> None:
    update = "op.execute('UPDATE a SET b = 1 WHERE b IS NULL')"
    bodies = {
        f"while SECRET:\n    {update}": False,
        f"with op.get_context().autocommit_block():\n    while True:\n        {update}": True,
        f"while SECRET:\n    {update}\n    op.execute('COMMIT')": True,
        f"bind = op.get_bind()\nwhile SECRET:\n    {update}\n    bind.commit()": True,
    }
    for body, batched in bodies.items():
        operations = [one for _, each in read(source(body)).sections for made in each for one in made.operations]
        assert ("batched" in operations[0].flags) is batched, body


def test_a_block_that_commits_is_a_section_of_its_own() -> None:
    body = (
        "op.drop_table('a')\nwith op.get_context().autocommit_block():\n"
        "    op.create_index('i', 't', ['c'], postgresql_concurrently=True)\nop.drop_table('b')"
    )
    found = read(source(body), "wrapped")
    up = [(section.transaction, len(statements)) for section, statements in found.sections if section.direction == "up"]
    assert up == [("wrapped", 1), ("autocommit", 1), ("wrapped", 1)]


def test_downgrade_is_read_as_the_other_direction() -> None:
    found = read(source("op.drop_table('a')") + "def downgrade():\n    op.drop_table('b')\n")
    assert sent(found) == ["DROP TABLE a"]
    assert sent(found, "down") == ["DROP TABLE b"]


def test_functions_of_several_databases_are_all_read() -> None:
    text = (
        'from alembic import op\ndef upgrade(engine_name):\n    globals()["upgrade_%s" % engine_name]()\n'
        "def upgrade_one():\n    op.drop_table('a')\ndef upgrade_two():\n    op.drop_table('b')\n"
    )
    assert sent(read(text)) == ["DROP TABLE a", "DROP TABLE b"]


def test_a_place_is_the_call_or_the_column_or_the_part_of_the_string() -> None:
    text = source(
        "op.drop_table('ä')\n"
        "op.create_table('t', sa.Column('a', sa.Integer))\n"
        'op.execute("""\n    DROP\\\n TABLE \\x61;\n  DROP TABLE b -- ü\n""")\n'
        "op.execute('DROP ' 'TABLE ' f\"c{1}\")"
    )
    found = read(text)
    assert at(text, found, 0) == "op.drop_table('ä')"
    assert at(text, found, 1) == "op.create_table('t', sa.Column('a', sa.Integer))"
    assert at(text, found, 2) == "DROP\\\n     TABLE \\"  # an escape stands at its first character
    assert at(text, found, 3) == "DROP TABLE b"
    assert at(text, found, 4) == "DROP ' 'TABLE ' f\"c{"
    table = found.sections[0][1][1].operations[0].definition
    place = found.places.at(table.columns[0].span)  # type: ignore[union-attr]
    assert text[place.start : place.end] == "sa.Column('a', sa.Integer)"


def test_nothing_of_the_file_is_run(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    rest = f"open({str(trace)!r}, 'w').write('x')\nimport not_there\n"
    assert sent(read(source(f"open({str(trace)!r}, 'w')\nop.drop_table('a')", rest=rest))) == ["DROP TABLE a"]
    assert not trace.exists()


def test_a_file_that_is_cut_anywhere_is_read_without_an_error() -> None:
    text = source(
        'with op.batch_alter_table("t") as b:\n    b.add_column(sa.Column("a", sa.Enum("x", name="k"), index=True))\n'
        'op.execute(f"""UPDATE {SECRET!r:>10} SET a = %s""" % (1,))\nop.create_index("i", "t", [sa.text("x")])'
    )
    for end in range(len(text)):
        found = read(text[:end])
        for _, statements in found.sections:
            for one in statements:
                place = found.places.at(one.span)
                assert 0 <= place.start <= place.end <= end


def test_python_that_cannot_be_parsed_is_a_syntax_error() -> None:
    found = read("revision = 'a'\nprint 'x'\n")
    (statement,) = found.sections[0][1]
    assert statement.opaque is not None
    assert statement.opaque.syntax
    assert found.places.at(statement.span).start == len("revision = 'a'\n")


def test_endless_sources_come_to_an_end() -> None:
    assert "too deep" not in "".join(sent(read(source("again()", rest="def again():\n    again()"))))
    body = "for a in range(2000):\n    for b in range(2000):\n        x = 1"
    assert sent(read(source(body))) == ["? the file goes on for too long to be followed"]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("context.configure(connection=c)", ("shared", ())),
        ("context.configure(\n  transaction_per_migration=True,\n)", ("wrapped", ())),
        ("# transaction_per_migration=True", ("shared", ())),
        ("opts = {'transaction_per_migration': True}", ("wrapped", ())),
        ("e = create_engine(url, isolation_level='AUTOCOMMIT')", ("autocommit", ())),
        ("c.execute(text('SET lock_timeout = 4000'))", ("shared", (("lock_timeout", "4000"),))),
        ("c.execute(\"SET statement_timeout TO '5s'\")", ("shared", (("statement_timeout", "5s"),))),
        ("connect_args={'options': '-c lock_timeout=2s'}", ("shared", (("lock_timeout", "2s"),))),
    ],
)
def test_an_environment_says_how_migrations_are_sent(text: str, wanted: tuple[str, object]) -> None:
    assert tuple(environment.of_text(text))[:2] == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("revision = 'a'\ndown_revision = None\n", graph.Revision("a")),
        ('revision: str = "b"\ndown_revision: Union[str, None] = "a"  # x\n', graph.Revision("b", ("a",))),
        ("revision = 'c'\ndown_revision = (\n    'a',\n    'b',\n)\n", graph.Revision("c", ("a", "b"))),
        ("revision='d'\ndown_revision='c'\ndepends_on=['x']\nbranch_labels=('y',)\n",
         graph.Revision("d", ("c",), ("x",), ("y",))),
        ("x = 1\n", None),
    ],
)  # fmt: skip
def test_a_revision_is_read_from_its_file(text: str, wanted: graph.Revision | None) -> None:
    assert graph.revision(text) == wanted


def test_lines_whose_labels_are_constants_from_elsewhere_are_branches() -> None:
    first, *others = (
        f"revision = '{name}'\ndown_revision = {down}\nbranch_labels = {label}\n"
        for name, down, label in (("a", None, None), ("b", "'a'", "(cli.EXPAND,)"), ("c", "'a'", "cli.CONTRACT"))
    )
    read = {f"{number}.py": graph.revision(text) for number, text in enumerate((first, *others))}
    known = {path: one for path, one in read.items() if one is not None}
    assert [one.labels for one in known.values()] == [(), ("cli.EXPAND",), ("cli.CONTRACT",)]
    assert graph.problems(known) == {}
    unnamed = {path: one._replace(labels=()) for path, one in known.items()}
    assert set(graph.problems(unnamed)) == {"1.py", "2.py"}


def test_revisions_follow_those_before_them() -> None:
    revisions = {
        "1": graph.Revision("merge", ("left", "right")),
        "2": graph.Revision("left", ("base",)),
        "3": graph.Revision("right", ("base",), ("other",)),
        "4": graph.Revision("base"),
        "5": graph.Revision("other", (), (), ("label",)),
        "6": graph.Revision("late", ("merge",), ("label",)),
    }
    positions = graph.order(revisions)
    assert sorted(positions.values()) == [0, 1, 2, 3, 4, 5]
    for first, second in (("4", "2"), ("4", "3"), ("5", "3"), ("2", "1"), ("3", "1"), ("1", "6")):
        assert positions[first] < positions[second]


def test_a_cycle_of_revisions_still_has_an_order() -> None:
    positions = graph.order({"1": graph.Revision("a", ("b",)), "2": graph.Revision("b", ("a",))})
    assert sorted(positions.values()) == [0, 1]


FIRST = "from alembic import op\nimport sqlalchemy as sa\nrevision = 'z1'\ndown_revision = None\n"
SECOND = "from alembic import op\nimport sqlalchemy as sa\nrevision = 'a2'\ndown_revision = 'z1'\n"
TABLE = "def upgrade():\n    op.create_table('orders', sa.Column('id', sa.BigInteger, primary_key=True))\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".git").mkdir()
    versions = tmp_path / "migrations" / "versions"
    versions.mkdir(parents=True)
    (tmp_path / "migrations" / "env.py").write_text("context.configure()\n")
    (versions / "z1_first.py").write_text(FIRST + TABLE)
    (versions / "a2_second.py").write_text(SECOND + "def upgrade():\n    op.create_index('i', 'orders', ['id'])\n")
    return tmp_path


def found(*paths: str) -> discover.Discovery:
    return discover.find(paths, runner=lambda _: None, dialect=lambda _: None)


@pytest.mark.usefixtures("project")
def test_version_files_are_found_in_the_order_of_their_revisions() -> None:
    files = found(".").files
    assert [(file.name, file.runner, file.target) for file in files] == [
        ("z1_first.py", "alembic", True),
        ("a2_second.py", "alembic", True),
    ]
    assert {file.history for file in files} == {"migrations"}
    assert {(file.dialect, file.dialect_source) for file in files} == {("postgresql", "default")}


def test_version_files_may_stand_in_folders_by_year(project: Path) -> None:
    folder = project / "alembic" / "versions" / "2024"
    folder.mkdir(parents=True)
    (project / "alembic" / "env.py").write_text("")
    (folder / "x.py").write_text("revision = 'x'\ndown_revision = None\n")
    assert [(file.path, file.history) for file in found("alembic").files] == [("alembic/versions/2024/x.py", "alembic")]


@pytest.mark.usefixtures("project")
def test_a_named_version_file_has_those_before_it_as_context() -> None:
    assert [(file.name, file.target) for file in found("migrations/versions/a2_second.py").files] == [
        ("z1_first.py", False),
        ("a2_second.py", True),
    ]
    assert [file.name for file in found("migrations/versions/z1_first.py").files] == ["z1_first.py"]


@pytest.mark.parametrize(
    ("ini", "text", "wanted"),
    [
        ("sqlalchemy.url = postgresql+psycopg://u@h/d", "", ("postgresql", "alembic.ini")),
        ("sqlalchemy.url = mysql+pymysql://u:p@h/d", "", ("mysql", "alembic.ini")),
        ("sqlalchemy.url = driver://user:pass@localhost/dbname", "", ("postgresql", "default")),
        ("", "url = 'mysql://u:p@h/d'", ("mysql", "env.py")),
        ("sqlalchemy.url = sqlite:///dev.db", "", ("sqlite", "alembic.ini")),
    ],
)
def test_the_dialect_is_that_of_the_url(project: Path, ini: str, text: str, wanted: tuple[str, str]) -> None:
    (project / "alembic.ini").write_text(f"[alembic]\n{ini}\n")
    (project / "migrations" / "env.py").write_text(f"{text}\n")
    assert {(file.dialect, file.dialect_source) for file in found(".").files} == {wanted}


def test_version_files_of_several_folders_are_one_history(project: Path) -> None:
    (project / "alembic.ini").write_text(
        "[alembic]\nscript_location = migrations\nversion_locations = %(here)s/more %(here)s/extra\n"
    )
    for name, revision, down in (("more", "m", "None"), ("extra", "e", "'m'")):
        (project / name).mkdir()
        (project / name / "x.py").write_text(f"revision = '{revision}'\ndown_revision = {down}\n")
    files = found("extra/x.py").files
    assert [(file.path, file.target) for file in files] == [("more/x.py", False), ("extra/x.py", True)]


def lint(capsys: pytest.CaptureFixture[str], *paths: str) -> list[str]:
    cli.run(["lint", "--output-format", "concise", "--select", "blocking-index-creation,unused-suppression", *paths])
    return [line for line in capsys.readouterr().out.splitlines() if ".py:" in line]


@pytest.mark.usefixtures("project")
def test_a_finding_stands_at_its_call_with_the_rewrite_in_sql(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["lint", "migrations/versions/a2_second.py"]) == 1
    out = capsys.readouterr().out
    assert "--> migrations/versions/a2_second.py:6:5" in out
    assert "CREATE INDEX CONCURRENTLY i ON orders (id);" in out
    assert "1 migration checked (1 statement), 1 more read as context" in out


@pytest.mark.parametrize(
    "body",
    [
        "    # safecol: ignore[blocking-index-creation] small\n    op.create_index('i', 'orders', ['id'])\n",
        "    op.create_index('i', 'orders', ['id'])  # safecol: ignore[blocking-index-creation] small\n",
        (
            "    op.create_index(\n        'i',  # safecol: ignore[blocking-index-creation] small\n"
            "        'orders', ['id'])\n"
        ),
        (
            "    op.execute('''\n      -- safecol: ignore[blocking-index-creation] small\n"
            "      CREATE INDEX i ON orders (id)''')\n"
        ),
        (
            "    # safecol: ignore[blocking-index-creation] small\n"
            "    op.add_column('orders', sa.Column('n', sa.Integer, index=True))\n"
        ),
    ],
)
def test_a_comment_hides_what_the_call_does(project: Path, capsys: pytest.CaptureFixture[str], body: str) -> None:
    path = project / "migrations" / "versions" / "a2_second.py"
    path.write_text(SECOND + "def upgrade():\n" + body)
    assert lint(capsys, "migrations/versions/a2_second.py") == []


def test_a_comment_on_a_file_hides_and_one_in_a_string_does_not(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = project / "migrations" / "versions" / "a2_second.py"
    body = SECOND + "def upgrade():\n    op.create_index('i', 'orders', ['id'])\n"
    path.write_text("# safecol: file-ignore[blocking-index-creation] small\n" + body)
    assert lint(capsys, "migrations/versions/a2_second.py") == []
    path.write_text("'# safecol: file-ignore[blocking-index-creation] small'\n" + body)
    assert len(lint(capsys, "migrations/versions/a2_second.py")) == 1


def test_the_environment_limits_how_long_a_lock_is_waited_for(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = project / "migrations" / "versions" / "a2_second.py"
    path.write_text(SECOND + "def upgrade():\n    op.add_column('orders', sa.Column('n', sa.Integer))\n")
    arguments = ["lint", "--output-format", "concise", "--select", "unbounded-lock-wait", str(path)]
    cli.run(arguments)
    assert "unbounded-lock-wait" in capsys.readouterr().out
    environment.environment.cache_clear()
    (project / "migrations" / "env.py").write_text("connection.execute(text('SET lock_timeout = 2000'))\n")
    cli.run(arguments)
    assert "unbounded-lock-wait" not in capsys.readouterr().out


@pytest.mark.parametrize(("existing", "rewrites"), [("sa.String(10)", False), ("sa.Integer()", True), ("SOME", True)])
@pytest.mark.usefixtures("project")
def test_what_a_column_was_decides_about_a_change_of_type(
    capsys: pytest.CaptureFixture[str], existing: str, rewrites: bool
) -> None:
    path = Path("migrations/versions/a2_second.py")
    change = f"op.alter_column('old', 'a', existing_type={existing}, type_=sa.Text())"
    path.write_text(f"{SECOND}def upgrade():\n    {change}\n")
    cli.run(["lint", "--output-format", "concise", "--ignore", "unbounded-lock-wait", str(path)])
    assert ("type-change" in capsys.readouterr().out) is rewrites


@pytest.mark.usefixtures("project")
def test_effects_show_the_sql_and_the_lines_of_the_file(capsys: pytest.CaptureFixture[str]) -> None:
    cli.run(["effects", "migrations/versions/a2_second.py"])
    assert "line 6: CREATE INDEX i ON orders (id)" in capsys.readouterr().out


def test_concurrently_outside_of_a_block_names_the_way_out(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = project / "migrations" / "versions" / "a2_second.py"
    path.write_text(
        SECOND + "def upgrade():\n    op.create_index('i', 'orders', ['id'], postgresql_concurrently=True)\n"
    )
    cli.run(["lint", str(path)])
    out = " ".join(capsys.readouterr().out.split())
    assert "Alembic runs all pending files in one" in out
    assert "Put it into an autocommit block: `with op.get_context().autocommit_block():`" in out


@pytest.mark.usefixtures("project")
def test_standard_input_may_be_a_version_file(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import io
    import sys

    text = SECOND + "def upgrade():\n    op.create_index('i', 'orders', ['id'])\n"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    cli.run(["lint", "-", "--stdin-filename", "migrations/versions/b3.py", "--output-format", "concise"])
    assert "migrations/versions/b3.py:6:5: error blocking-index-creation" in capsys.readouterr().out
