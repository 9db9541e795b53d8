"""Bad input: a clear sentence, nothing lost, nothing else stopped, never a traceback, never 0 for work not done."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from safecol import cli
from safecol.frontends.postgresql.splitting import read_section
from safecol.operations import Section
from safecol.source import Span

GOOD = "CREATE INDEX i ON users (a);\n"
FOUND = "002_good.sql:1:1: error blocking-index-creation"
Shell = Callable[..., tuple[int, str, str]]


@pytest.fixture
def shell(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """Runs safecol in a folder of its own; the exit code, standard output and standard error."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    for name in ("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = cli.run(arguments)
        written = capsys.readouterr()
        assert "Traceback" not in written.err
        assert "bug in safecol" not in written.err
        return code, written.out, written.err

    return run


def write(path: str, data: str | bytes) -> None:
    file = Path(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data if isinstance(data, bytes) else data.encode())


UNREADABLE: dict[str, tuple[bytes, str]] = {
    "binary": (bytes(range(256)) * 8, "isn't text"),
    "a NUL": (b"SELECT 1;\n\0DROP TABLE users;\n", "line 2 has a NUL byte"),
    "latin-1": ("SELECT 'é';".encode("latin-1"), "line 1 isn't valid UTF-8"),
    "a dump of pg_dump": (b"PGDMP\x01\x0e", "pg_restore"),
    "a quote that never ends": (b"SELECT 'abc;\n", "unterminated quoted string"),
    "a body that never ends": (b"DO $$ BEGIN\n", "unterminated dollar-quoted string"),
    "a comment that never ends": (b"/* SELECT 1;\n", "unterminated /* comment"),
    "marks of a merge": (b"<<<<<<< HEAD\nSELECT 1;\n=======\nSELECT 2;\n>>>>>>> x\n", 'near "<<<<<<<"'),
    "another database's SQL": (b"CREATE TABLE `x` (`id` int);\n", 'near "`"'),
}


@pytest.mark.parametrize(("data", "said"), UNREADABLE.values(), ids=UNREADABLE)
def test_an_unreadable_file_is_a_finding_and_stops_no_other(data: bytes, said: str, shell: Shell) -> None:
    write("m/001_bad.sql", data)
    write("m/002_good.sql", GOOD)
    code, out, _ = shell("lint", "m", "--dialect", "postgresql", "--output-format", "concise")
    assert code == 1
    assert any("001_bad.sql" in line and "syntax-error" in line and said in line for line in out.splitlines())
    assert FOUND in out


READABLE = {
    "nothing": b"",
    "comments only": b"-- nothing\n/* here */",
    "semicolons only": b";;\n;",
    "UTF-16": "SELECT 1;\n".encode("utf-16"),
    "a byte order mark": b"\xef\xbb\xbfSELECT 1;\n",
    "CRLF": b"SELECT 1;\r\nSELECT 2;\r\n",
}


@pytest.mark.parametrize("data", READABLE.values(), ids=READABLE)
def test_odd_text_is_read(data: bytes, shell: Shell) -> None:
    write("m/001_odd.sql", data)
    code, out, _ = shell("lint", "--ignore", "empty-migration", "m")
    assert code == 0
    assert "Nothing found: 1 migration checked" in out


@pytest.mark.parametrize("make", ["pipe", "broken link", "loop"])
def test_what_is_no_file_is_never_waited_for(make: str, shell: Shell) -> None:
    write("m/002_good.sql", GOOD)
    place = Path("m/001_odd.sql")
    if make == "pipe":
        os.mkfifo(place)
    else:
        place.symlink_to("nowhere" if make == "broken link" else place.name)
    code, out, _ = shell("lint", "m", "--output-format", "concise")
    assert code == 1
    assert FOUND in out
    assert "001_odd.sql:1:1: error syntax-error the file can't be read" in out


SETTINGS: dict[str, tuple[str, str]] = {
    "no TOML": ("fail-on = 'note'\nselect = [", "safecol.toml:2: not valid TOML"),
    "deep": ("select = " + "[" * 3000, "nested too deeply"),
    "a number that is no number": ("server-version = " + "9" * 5000, "safecol.toml:1:"),
    "an unknown key": ("selct = []", "unknown setting selct"),
    "a wrong type": ("select = 'x'", "select must be a list"),
    "an unknown rule": ("select = ['nope']", "safecol.toml: select: unknown rule `nope`"),
    "an unknown runner": ("runner = 'dbmat'", "unknown runner dbmat"),
    "not UTF-8": ("x = '\udcff'", "line 1 isn't valid UTF-8"),
    "itself": ("extend = 'safecol.toml'", "leads back"),
    "a bad pattern": ("exclude = ['[z-a]']", "[z-a]: not a path pattern"),
    "a missing folder of rules": ("rule-paths = ['nowhere']", "doesn't exist"),
}


@pytest.mark.parametrize(("text", "said"), SETTINGS.values(), ids=SETTINGS)
def test_bad_settings_are_refused(text: str, said: str, shell: Shell) -> None:
    write("m/002_good.sql", GOOD)
    write("safecol.toml", text.encode("utf-8", "surrogateescape"))
    code, out, err = shell("lint", "m")
    assert (code, out) == (2, "")
    assert said in err
    assert "hint: " in err


def test_settings_that_cannot_be_read_are_not_settings_that_do_not_exist(shell: Shell) -> None:
    write("m/002_good.sql", GOOD)
    Path("safecol.toml").symlink_to("nowhere")
    code, _, err = shell("lint", "m")
    assert code == 2
    assert "safecol.toml: not a file that can be read" in err


def test_a_manifest_of_others_may_be_anything(shell: Shell) -> None:
    write("m/001_a.sql", "SELECT 1;")
    write("pyproject.toml", "tool = 'tool.safecol'")
    assert shell("lint", "m")[0] == 0


ARGUMENTS: dict[str, tuple[list[str], str]] = {
    "a missing path": (["nowhere", "m"], "nowhere: no such file or folder"),
    "an empty base": (["m", "--base", ""], "--base: the value is empty"),
    "no repository": (["m", "--base", "main"], "is not in a git repository"),
    "an unknown format": (["m", "--output-format", "xml"], "unknown format xml"),
    "a report without a path": (["m", "--report", "sarif"], "no path is given"),
    "an unknown dialect": (["m", "--dialect", "db2"], "db2"),
    "an unknown runner": (["m", "--runner", "nope"], "--runner: unknown runner nope"),
    "an unknown rule": (["m", "--select", "blocking-index-creatio"], "--select: unknown rule"),
    "a version that is none": (["m", "--server-version", "9" * 5000], "must be a version"),
    "an unwritable file": (["m", "-o", "nowhere/x"], "nowhere/x: No such file"),
    "a missing dump": (["m", "--schema", "nowhere.sql"], "nowhere.sql: the file can't be read"),
    "a binary dump": (["m", "--schema", "dump"], "pg_restore"),
    "a folder for a list": (["--files-from", "m"], "--files-from m: Is a directory"),
    "an unknown migration": (["m", "--start-after", "zzz"], "no migration has this name"),
    "a folder without migrations": (["empty"], "no migrations found"),
}


@pytest.mark.parametrize(("arguments", "said"), ARGUMENTS.values(), ids=ARGUMENTS)
def test_bad_arguments_are_refused(arguments: list[str], said: str, shell: Shell) -> None:
    write("m/002_good.sql", GOOD)
    write("dump", b"PGDMP\x01")
    Path("empty").mkdir()
    code, out, err = shell("lint", *arguments)
    assert (code, out) == (2, "")
    assert said in err
    assert "hint: " in err


def test_a_name_that_starts_with_a_hyphen_is_explained(shell: Shell) -> None:
    write("-x.sql", GOOD)
    code, _, err = shell("lint", "-x.sql")
    assert code == 2
    assert "./-x.sql" in err
    assert shell("lint", "--", "-x.sql")[0] == 1


@pytest.mark.parametrize("form", ["full", "concise", "json", "sarif", "github"])
@pytest.mark.parametrize("name", [b"001_\xff.sql", b"001_a\nb.sql", b"001_\x1b[31m.sql", "001_ü b.sql".encode()])
def test_any_name_of_a_file_can_be_reported(name: bytes, form: str, shell: Shell) -> None:
    Path("m").mkdir()
    try:
        Path("m", os.fsdecode(name)).write_text(GOOD)
    except OSError:
        pytest.skip("no such name on this file system")
    code, out, _ = shell("lint", "m", "--output-format", form)
    assert code == 1
    assert "\x1b" not in out
    if form in ("full", "concise"):
        assert sum("001_" in line and ".sql:1:1" in line for line in out.splitlines()) == 1


def test_what_runs_before_and_cannot_be_read_is_said(shell: Shell) -> None:
    write("m/001_bad.sql", "CREATE TABL users;")
    write("m/002_good.sql", GOOD)
    write("dump.sql", "CREATE TABL orders; SELECT 1;")
    _, out, _ = shell("lint", "m/002_good.sql", "--schema", "dump.sql", "--output-format", "concise")
    assert "isn't all known: m/001_bad.sql" in out
    assert "schema dump that can't be read, and so aren't known: 1" in out


@pytest.mark.parametrize("text", [b"\x00\x01\x02" * 50, b"SELECT '\xff';"])
def test_standard_input_that_is_no_text_is_a_finding(
    text: bytes, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))
    code, out, _ = shell("lint", "-", "--output-format", "concise")
    assert code == 1
    assert "syntax-error" in out
    assert "isn't" in out


def test_effects_of_nothing_understood_are_no_success(shell: Shell) -> None:
    code, out, err = shell("effects", "--sql", "CREATE TABL x")
    assert code == 2
    assert "not analysed" in out
    assert "nothing was analysed of <sql>" in err
    assert shell("effects", "--sql", "SELECT 1; CREATE TABL x")[0] == 0


def git(*arguments: str) -> None:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *identity, *arguments], check=True, capture_output=True)


def test_a_staged_file_that_is_gone_from_the_work_tree_is_checked(shell: Shell) -> None:
    git("init", "-q")
    write("m/002_good.sql", GOOD)
    git("add", ".")
    Path("m/002_good.sql").unlink()
    Path("m").rmdir()
    code, out, _ = shell("lint", "--staged", "--output-format", "concise")
    assert code == 1
    assert FOUND in out


def test_conflicts_in_the_index_are_refused(shell: Shell) -> None:
    git("init", "-q", "-b", "main")
    write("m/002_good.sql", "SELECT 1;")
    git("add", ".")
    git("commit", "-qm", "one")
    git("checkout", "-qb", "other")
    write("m/002_good.sql", "SELECT 2;")
    git("commit", "-qam", "two")
    git("checkout", "-q", "main")
    write("m/002_good.sql", "SELECT 3;")
    git("commit", "-qam", "three")
    with pytest.raises(subprocess.CalledProcessError):
        git("merge", "-q", "other")
    code, _, err = shell("lint", "--staged")
    assert code == 2
    assert "m/002_good.sql has conflicts" in err


def test_each_repository_has_its_own_changes(shell: Shell) -> None:
    for folder in ("a", "b"):
        write(f"{folder}/m/001_a.sql", "CREATE TABLE users (a int);")
        git("init", "-q", "-b", "main", folder)
        git("-C", folder, "add", ".")
        git("-C", folder, "commit", "-qm", "one")
    write("b/m/002_good.sql", GOOD)
    code, out, _ = shell("lint", "a/m", "b/m", "--base", "HEAD", "--output-format", "concise")
    assert code == 1
    assert FOUND in out


SLOW = {
    "open comments": "/*" * 50_000,
    "comments in comments": "/*" * 20_000 + "*/" * 20_000,
    "bodies that never end": "create function f() returns int begin atomic;\n" * 1000,
    "templates that never end": "{{" * 10_000,
    "COPY without an end": "copy a from stdin;\n" * 3000,
    "placeholders": "select ?;\n" * 1500,
}


@pytest.mark.parametrize("text", SLOW.values(), ids=SLOW)
def test_text_made_to_be_slow_is_read_to_its_end(text: str) -> None:
    """In time that grows with its length: with the square of it, these would take minutes."""
    whole = text + "\n" + GOOD
    reading = read_section(whole, Section("up", Span(0, len(whole)), "unknown"))
    assert reading.statements[-1].span.end >= len(whole) - len(";\n")


REVISION = """from alembic import op
import sqlalchemy as sa

revision = "a1"
down_revision = None
{before}

def upgrade():
{body}
    op.drop_column("users", "last")
"""
ENDLESS = {
    "a string that doubles": ("", "s = 'x'\nfor i in range(60):\n    s = f'{s}{s}'\nop.execute(s)"),
    "a string that is filled in twice": ("", "s = 'x'\nfor i in range(60):\n    s = '%s%s' % (s, s)\nop.execute(s)"),
    "holes that double": ("", "s = f'{op.x()}'\nfor i in range(60):\n    s = s + s\nop.execute(s.format(1))"),
    "a string that grows where it is replaced": (
        "",
        "s = 'x'\nfor i in range(60):\n    s = s.replace('x', 'xx')\nop.execute(s)",
    ),
    "a list that doubles": ("", "s = [1]\nfor i in range(60):\n    s = s + s\nop.execute(str(s))"),
    "a dict of dicts": ("", "s = {}\nfor i in range(60):\n    s = {'a': s, 'b': s}\nop.execute(str(s))"),
    "lists that are appended twice": (
        "",
        "s = [1]\nfor i in range(60):\n    y = []\n    y.append(s)\n    y.append(s)\n    s = y\nop.execute(str(s))",
    ),
    "clauses of clauses": ("", "e = sa.text('a')\nfor i in range(60):\n    e = sa.and_(e, e)\nop.execute(e)"),
    "a range of a thousand million": ("", "op.execute(str(list(range(1000000000))))"),
    "a range that no memory holds": ("", f"op.execute(str(list(range({10**30}))))"),
    "a step of nothing": ("", "op.execute('abc'[::0])\nop.execute(str(list(range(1, 5, 0))))"),
    "a number of too many digits": ("", f"op.execute(str(0x{'f' * 6000}))\nop.execute(f'{{0x{'f' * 6000}}}')"),
    "comprehensions in each other": (
        "",
        "x = [[[i for i in range(1000)] for j in range(1000)] for k in range(1000)]\nop.execute(str(x))",
    ),
    "comprehensions of the module": (
        "X = [[[i for i in range(1000)] for j in range(1000)] for k in range(1000)]",
        "pass",
    ),
    "a list of more than is gone through": (f"X = {list(range(30_000))}", "for x in X:\n    op.execute(x)"),
}


@pytest.mark.parametrize(("before", "body"), ENDLESS.values(), ids=ENDLESS)
def test_python_that_grows_without_end_is_said_not_to_be_followed(before: str, body: str, shell: Shell) -> None:
    """None of these is computed: the first would take more memory than any machine has."""
    indented = "\n".join(f"    {line}" for line in body.splitlines())
    write("alembic/versions/a1_x.py", REVISION.format(before=before, body=indented))
    _, out, err = shell("lint", "alembic", "--dialect", "postgresql", "--output-format", "concise", "--no-cache")
    assert "unanalyzed-statement" in out, err


def test_a_byte_order_mark_before_python_is_none_of_it(shell: Shell) -> None:
    text = REVISION.format(before="", body="    pass").replace("\n", "\r\n")
    write("alembic/versions/a1_x.py", b"\xef\xbb\xbf" + text.encode())
    _, out, _ = shell("lint", "alembic", "--dialect", "postgresql", "--output-format", "concise", "--no-cache")
    assert "a1_x.py:10:5: warning column-drop" in out


def test_names_that_have_the_masked_form_of_a_short_variable_in_them_are_left_alone(shell: Shell) -> None:
    """`:t` is read as the name `s_`, which `orders_kind` has in it too."""
    write("001.sql", "CREATE INDEX orders_kind ON orders (kind);\nUPDATE orders SET kind = :t WHERE id = 7;\n")
    code, output, _ = shell("lint", "--dialect", "postgresql", "--output-format", "json", ".")
    stages = [stage["sql"].strip() for one in json.loads(output)["findings"] for stage in one["stages"]]
    assert code == 1
    assert "CREATE INDEX CONCURRENTLY orders_kind ON orders (kind);" in stages
