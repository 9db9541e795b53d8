"""The command line: verbs, exit codes, errors, colours, and what is imported on the way."""

import io
import json
import subprocess
import sys
import types
from collections.abc import Callable
from pathlib import Path

import pytest

import safecol
from safecol import cli, output
from safecol.effect import Effect, StatementEffect
from safecol.finding import Finding, Result
from safecol.request import EffectsRequest, LintRequest
from safecol.source import Source, Span

Analyse = Callable[[LintRequest], Result]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[LintRequest]:
    """Requests that lint makes; the answer is one finding a target, with the severity that its text names."""
    requests: list[LintRequest] = []

    def lint(request: LintRequest) -> Result:
        requests.append(request)
        targets = [file for file in request.files if file.target]
        findings, texts = [], {}
        for file in targets:
            text = request.contents.get(str(Path(file.path).absolute())) or Path(file.path).read_text()
            texts[file.path] = Source(file.path, text)
            severity = next((word for word in ("error", "warning", "note") if word in text), None)
            if severity:
                findings.append(Finding("a-rule", severity, "blocking", "seen", file.path, Span(0, 6)))
        context = len(request.files) - len(targets)
        return Result(tuple(findings), (), len(targets), context, len(targets), texts=texts)

    def effects(request: EffectsRequest, _catalog: object) -> tuple[StatementEffect, ...]:
        (file,) = request.files
        text = next(iter(request.contents.values()), None) or Path(file.path).read_text()
        return (StatementEffect(file.path, 1, 1, 1, text.strip(), ("select",), Effect()),)

    fake = types.ModuleType("safecol.analysis")
    fake.lint = lint  # type: ignore[attr-defined]
    fake.effects = effects  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "safecol.analysis", fake)
    monkeypatch.setattr(safecol, "analysis", fake, raising=False)
    monkeypatch.chdir(tmp_path)
    return requests


def migration(name: str, text: str) -> str:
    path = Path("db/migrations") / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return str(path)


@pytest.mark.parametrize(
    ("text", "options", "expected"),
    [
        ("SELECT 1;", [], 0),
        ("SELECT 'error';", [], 1),
        ("SELECT 'warning';", [], 0),
        ("SELECT 'warning';", ["--fail-on", "warning"], 1),
        ("SELECT 'note';", ["--fail-on", "warning"], 0),
        ("SELECT 'note';", ["--fail-on", "note"], 1),
        ("SELECT 'error';", ["--fail-on", "never"], 0),
        ("SELECT 'error';", ["--exit-zero"], 0),
    ],
)
@pytest.mark.parametrize("form", ["full", "concise", "json", "github", "sarif"])
def test_the_exit_code_says_what_was_found_in_every_format(
    asked: list[LintRequest], text: str, options: list[str], expected: int, form: str
) -> None:
    path = migration("0001_x.sql", text)
    assert cli.run(["lint", path, "--output-format", form, *options]) == expected
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        (["lnt"], "unknown verb lnt", "did you mean safecol lint?"),
        (["lint", "--nonsense"], "unrecognized arguments: --nonsense", "safecol lint --help"),
        (["lint", "nowhere.sql"], "nowhere.sql: no such file or folder", "correct the path"),
        (["lint", "."], "no migrations found under .", "--runner"),
        (["lint"], "no migrations found under .", "--runner"),
        (["lint", "--output-format", "jsn"], "unknown format jsn", "did you mean json?"),
        (["lint", "--report", "sarif"], "no path is given", "--report FORMAT=PATH"),
        (["lint", "--dialect", "db2"], "invalid choice: 'db2'", "--help"),
        (["lint", "--server-version", "new"], "--server-version: server-version must be a version", ""),
        (["lint", "--select", "no-such-rule"], "no-such-rule", ""),
        (["lint", "--config", "dialct=mysql"], "unknown setting dialct", "did you mean dialect?"),
        (["lint", "--base", "main", "--staged"], "not allowed with argument --base", ""),
        (["lint", "--schema", "gone.sql", "db"], "gone.sql", ""),
        (["effects"], "effects needs a path or --sql", ""),
    ],
)
def test_what_could_not_be_done_is_two_with_a_message_and_no_traceback(
    asked: list[LintRequest], capsys: pytest.CaptureFixture[str], arguments: list[str], message: str, hint: str
) -> None:
    if "db" in arguments:
        migration("0001_x.sql", "SELECT 1;")
    assert cli.run(arguments) == 2
    shown = capsys.readouterr()
    assert message in shown.err
    assert shown.err.startswith("safecol: error: ")
    assert hint in shown.err
    assert "Traceback" not in shown.err
    assert shown.out == ""
    assert asked == []


def test_a_bug_is_two_with_a_traceback(
    asked: list[LintRequest], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(_request: LintRequest) -> Result:
        raise RuntimeError("oops")

    monkeypatch.setattr(sys.modules["safecol.analysis"], "lint", broken)
    assert cli.run(["lint", migration("0001_x.sql", "SELECT 1;")]) == 2
    shown = capsys.readouterr().err
    assert "RuntimeError: oops" in shown
    assert "a bug in safecol" in shown
    assert asked == []


def test_named_files_are_one_change_and_what_runs_before_is_context(asked: list[LintRequest]) -> None:
    migration("0001_a.sql", "SELECT 1;")
    path = migration("0002_b.sql", "SELECT 2;")
    migration("0003_c.sql", "SELECT 3;")
    assert cli.run(["lint", path]) == 0
    assert [(file.name, file.target) for file in asked[0].files] == [("0001_a.sql", False), ("0002_b.sql", True)]
    assert asked[0].change_set == "named"


def test_options_may_stand_between_paths(asked: list[LintRequest]) -> None:
    first, second = migration("0001_a.sql", "SELECT 1;"), migration("0002_b.sql", "SELECT 2;")
    assert cli.run(["lint", first, "-q", second]) == 0
    assert [file.target for file in asked[0].files] == [True, True]


def test_the_files_of_a_folder_stand_for_themselves(asked: list[LintRequest]) -> None:
    migration("0001_a.sql", "SELECT 1;")
    assert cli.run(["lint", "db"]) == 0
    assert asked[0].change_set == "each"


def test_start_after_makes_the_earlier_ones_context(asked: list[LintRequest]) -> None:
    for number in (1, 2, 3):
        migration(f"000{number}_x.sql", "SELECT 1;")
    assert cli.run(["lint", "db", "--start-after", "0002"]) == 0
    assert [file.target for file in asked[0].files] == [False, False, True]
    assert cli.run(["lint", "db", "--start-after", "0009"]) == 2


def test_standard_input_is_read_under_its_name(
    asked: list[LintRequest], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"SELECT 'error';")))
    assert cli.run(["lint", "-", "--stdin-filename", "db/0007_x.sql", "--output-format", "concise"]) == 1
    assert capsys.readouterr().out.startswith("db/0007_x.sql:1:1: error a-rule seen")
    assert list(asked[0].contents.values()) == ["SELECT 'error';"]


def test_paths_can_come_from_a_file(asked: list[LintRequest]) -> None:
    first, second = migration("0001_a.sql", "SELECT 1;"), migration("0002_b.sql", "SELECT 2;")
    Path("paths.txt").write_text(f"{first}\n\n{second}\n")
    assert cli.run(["lint", "--files-from", "paths.txt"]) == 0
    assert [file.target for file in asked[0].files] == [True, True]


def test_a_hook_passes_over_files_that_are_not_migrations(asked: list[LintRequest]) -> None:
    Path("app.py").write_text("print('hello')\n")
    Path("dump.csv").write_text("a,b\n")
    assert cli.run(["lint", "--force-exclude", "app.py", "dump.csv"]) == 0
    assert asked == []


def test_a_migration_of_a_database_that_is_not_read_is_never_a_silent_pass(
    asked: list[LintRequest], capsys: pytest.CaptureFixture[str]
) -> None:
    write_project("django.db.backends.oracle")
    assert cli.run(["lint", "--force-exclude", "shop/migrations/0001_initial.py"]) == 2
    assert "Oracle is not a dialect that safecol reads" in capsys.readouterr().err
    assert cli.run(["lint", migration("0001_x.sql", "SELECT 1;"), "shop"]) == 0
    assert "1 left unread: Oracle is not a dialect that safecol reads" in capsys.readouterr().out
    assert len(asked) == 1


def test_settings_say_what_a_django_project_is_where_its_files_do_not(asked: list[LintRequest]) -> None:
    write_project("django.db.backends.postgresql")
    Path("safecol.toml").write_text(
        'django-version = "4.1"\n[django]\nuser-model = "shop.Person"\nlabels = { shop = "store" }\n'
    )
    assert cli.run(["lint", "shop"]) == 0
    (file,) = asked[0].files
    assert (file.app, file.project.django, file.project.user_model) == ("store", (4, 1), "shop.Person")


def write_project(engine: str) -> None:
    """A project of Django with one migration."""
    Path("shop/migrations").mkdir(parents=True)
    Path("config").mkdir()
    Path("manage.py").write_text('os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")\n')
    Path("config/settings.py").write_text(f'DATABASES = {{"default": {{"ENGINE": "{engine}"}}}}\n')
    Path("shop/migrations/0001_initial.py").write_text("class Migration(migrations.Migration):\n    pass\n")


def test_staged_takes_the_text_of_the_index(asked: list[LintRequest]) -> None:
    path = migration("0001_x.sql", "SELECT 'error';")
    subprocess.run(["git", "init", "-q"], check=True)
    subprocess.run(["git", "add", path], check=True)
    Path(path).write_text("SELECT 1;")
    migration("0002_y.sql", "SELECT 'error';")
    assert cli.run(["lint", "--staged"]) == 1
    assert [file.name for file in asked[0].files if file.target] == ["0001_x.sql"]
    assert list(asked[0].contents.values()) == ["SELECT 'error';"]
    assert asked[0].change_set == "all"


def test_reports_are_written_beside_the_terminal(asked: list[LintRequest], capsys: pytest.CaptureFixture[str]) -> None:
    path = migration("0001_x.sql", "SELECT 'error';")
    assert cli.run(["lint", path, "--report", "sarif=a.sarif", "--report", "json=b.json"]) == 1
    assert "error[a-rule]: seen" in capsys.readouterr().out
    assert json.loads(Path("a.sarif").read_text())["version"] == "2.1.0"
    assert json.loads(Path("b.json").read_text())["summary"]["errors"] == 1
    assert len(asked) == 1


def test_output_can_go_to_a_file(asked: list[LintRequest], capsys: pytest.CaptureFixture[str]) -> None:
    path = migration("0001_x.sql", "SELECT 'error';")
    assert cli.run(["lint", path, "-o", "out.txt", "--color", "always"]) == 1
    assert capsys.readouterr().out == ""
    assert "\x1b" not in Path("out.txt").read_text()
    assert cli.run(["lint", path, "-o", "no/such/folder/out.txt"]) == 2
    assert len(asked) == 2


def test_show_files_says_what_each_was_read_as(asked: list[LintRequest], capsys: pytest.CaptureFixture[str]) -> None:
    migration("0001_a.sql", "SELECT 1;")
    cli.run(["lint", migration("0002_b.sql", "SELECT 2;"), "--show-files"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[:2] == ["context", "db/migrations/0001_a.sql"]
    assert lines[1].split()[:2] == ["target", "db/migrations/0002_b.sql"]
    assert len(asked) == 1


def test_settings_are_shown_with_their_origin(asked: list[LintRequest], capsys: pytest.CaptureFixture[str]) -> None:
    Path("safecol.toml").write_text('dialect = "mysql"\n')
    assert cli.run(["lint", "--show-settings", "--fail-on", "note"]) == 0
    shown = capsys.readouterr().out
    assert '"mysql"' in shown
    assert "# safecol.toml" in shown
    assert "# command line" in shown
    assert asked == []


def test_effects_of_a_statement_given_as_text(asked: list[LintRequest], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["effects", "--sql", "SELECT 1", "--output-format", "json"]) == 0
    (statement,) = json.loads(capsys.readouterr().out)["statements"]
    assert (statement["path"], statement["sql"]) == ("<sql>", "SELECT 1")
    assert {
        "locks",
        "blocks",
        "rewrite",
        "scan",
        "indexes_rebuilt",
        "algorithm",
        "lock_clause",
        "in_transaction",
        "transaction_allowed",
        "fails",
        "duration",
        "certain",
        "unknown",
        "operations",
        "end_line",
    } <= set(statement)
    assert asked == []


@pytest.mark.parametrize(
    ("mode", "environment", "terminal", "expected"),
    [
        ("auto", {}, True, True),
        ("auto", {}, False, False),
        ("auto", {"NO_COLOR": "1"}, True, False),
        ("auto", {"FORCE_COLOR": "1"}, False, True),
        ("auto", {"FORCE_COLOR": "1", "NO_COLOR": "1"}, True, False),
        ("auto", {"TERM": "dumb"}, True, False),
        ("always", {"NO_COLOR": "1"}, False, True),
        ("never", {"FORCE_COLOR": "1"}, True, False),
    ],
)
def test_colours_follow_the_flag_the_environment_and_the_terminal(
    monkeypatch: pytest.MonkeyPatch, mode: str, environment: dict[str, str], terminal: bool, expected: bool
) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "stdout", types.SimpleNamespace(isatty=lambda: terminal))
    assert output.use_color(mode) is expected


def test_a_terminal_that_is_not_unicode_gets_ascii(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    output.emit("wait… “ü”\n")
    sys.stdout.flush()
    assert raw.getvalue() == b'wait... "\\xfc"\n'


def python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code, *arguments], check=False, capture_output=True, text=True)


def test_the_version_is_printed() -> None:
    done = subprocess.run([sys.executable, "-m", "safecol", "--version"], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, f"safecol {safecol.__version__}\n")


def test_no_verb_is_two_with_the_verbs() -> None:
    done = subprocess.run([sys.executable, "-m", "safecol"], check=False, capture_output=True, text=True)
    assert done.returncode == 2
    assert all(verb in done.stdout for verb in cli.VERBS)


@pytest.mark.parametrize("verb", cli.VERBS)
def test_help_is_at_most_two_screens_of_ninety_columns(verb: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "safecol", verb, "--help"], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert len(lines) <= 70
    assert max(map(len, lines)) <= 90


def test_help_and_settings_import_nothing_heavy() -> None:
    code = (
        "import sys; from safecol import cli; from safecol.settings import Settings\n"
        "cli.run(['lint', '--help']); Settings(isolated=True).for_path('a.sql')\n"
        "heavy = {'json', 'tomllib', 'subprocess', 'fnmatch', 'pathlib', 'dataclasses', 'pglast', 'hashlib'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    assert python(code).stderr.strip() == "[]"


def test_a_reader_that_goes_away_is_no_traceback() -> None:
    code = (
        "import os, sys; from safecol import cli\n"
        "read, write = os.pipe(); os.close(read); os.dup2(write, 1)\n"
        "sys.exit(cli.run(['--version']))"
    )
    done = python(code)
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr
    assert done.returncode == 2


def test_a_blocking_index_is_found_from_the_file_to_the_report(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    migration("0001_a.sql", "CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint);\n")
    path = migration("0002_b.sql", "CREATE INDEX orders_user ON orders (user_id);\n")
    assert cli.run(["lint", path, "--server-version", "16", "--output-format", "json"]) == 1
    shown = json.loads(capsys.readouterr().out)
    assert [(one["rule"], one["table"], one["line"]) for one in shown["findings"]] == [
        ("blocking-index-creation", "orders", 1)
    ]
    assert shown["summary"]["context"] == 1
    Path(path).write_text("-- safecol: ignore[blocking-index-creation] small\nCREATE INDEX o ON orders (user_id);\n")
    assert cli.run(["lint", path, "--server-version", "16", "--output-format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["summary"]["suppressed"] == 1


def test_a_severity_by_path_decides_the_exit_code(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    migration("0001_a.sql", "CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint);\n")
    path = migration("0002_b.sql", "CREATE INDEX orders_user ON orders (user_id);\n")
    Path("safecol.toml").write_text(
        '[[overrides]]\nfiles = ["db/**"]\nseverity = { blocking-index-creation = "note" }\n'
    )
    assert cli.run(["lint", path, "--output-format", "concise"]) == 0
    assert ": note blocking-index-creation " in capsys.readouterr().out


def test_what_was_not_understood_fails_the_run_when_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    path = migration("0001_a.sql", "ALTER TABLE orders {{ change }};\n")
    assert cli.run(["lint", path]) == 0
    assert cli.run(["lint", path, "--fail-on-unanalyzed"]) == 1


@pytest.mark.parametrize("word", ["blocking-index-creation", "squawk:require-concurrent-index-creation", "blocking"])
def test_a_severity_may_be_set_by_rule_alias_or_category(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str], word: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "safecol.toml").write_text(f'[severity]\n"{word}" = "note"\n')
    path = migration("0001_a.sql", "CREATE INDEX orders_user ON orders (user_id);\n")
    assert cli.run(["lint", path]) == 0
    assert "note[blocking-index-creation]" in capsys.readouterr().out


def test_a_version_that_was_not_measured_is_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    path = migration("0001_a.sql", "SELECT 1;\n")
    cli.run(["lint", path, "--server-version", "9"])
    assert "PostgreSQL 9 is outside 12 to 18" in " ".join(capsys.readouterr().out.split())


def test_a_finding_in_json_says_whether_it_runs_in_a_transaction(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    path = migration("0001_a.sql", "BEGIN;\nCREATE INDEX orders_user ON orders (user_id);\nCOMMIT;\n")
    cli.run(["lint", path, "--output-format", "json"])
    assert json.loads(capsys.readouterr().out)["findings"][0]["effect"]["in_transaction"] is True
