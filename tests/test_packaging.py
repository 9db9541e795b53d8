"""The package as users have it: the wheel's content, what a run imports, and that what the documents show is so."""

import json
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
INDEX = "CREATE INDEX orders_user ON orders (user_id);\n"


def run(*command: str, cwd: Path, code: int = 0, **environment: str) -> str:
    """The standard output of a command that ends with that exit code, in an environment with nothing of ours."""
    done = subprocess.run(
        command,
        cwd=cwd,
        env={"PATH": "/usr/bin:/bin", "HOME": str(cwd), **environment},
        check=False,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder), cwd=ROOT)
    (made,) = folder.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel installed in it; its dependency comes from the tests' own environment."""
    folder = tmp_path_factory.mktemp("installed")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def test_the_wheel_has_every_page_the_facts_and_the_index(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    rules = {f"safecol/rules/{path.relative_to(ROOT / 'rules').as_posix()}" for path in ROOT.glob("rules/**/*.*")}
    assert rules <= names
    assert "safecol/rules/index.json" in names
    assert {name.partition("/")[0] for name in names} == {"safecol", "safecol-0.1.0.dist-info"}
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_the_index_of_the_wheel_names_every_page(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        index = json.loads(archive.read("safecol/rules/index.json"))
    pages = {path.stem for path in ROOT.glob("rules/*/*.md")}
    assert {head[0] for head in index["rules"]} == pages
    assert "postgresql" in index["effects"]


def test_the_version_of_the_wheel_is_the_programs(installed: Path, tmp_path: Path) -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    code = "import safecol, sys; print(safecol.__file__); from safecol.__main__ import main; sys.exit(main())"
    shown = run(sys.executable, "-c", code, "--version", cwd=tmp_path, PYTHONPATH=str(installed)).splitlines()
    assert shown == [str(installed / "safecol" / "__init__.py"), f"safecol {version}"]


def test_an_installed_wheel_lints_and_explains(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "0001_index.sql").write_text(INDEX)
    shown = run(
        sys.executable, "-m", "safecol", "lint", "0001_index.sql", cwd=tmp_path, code=1, PYTHONPATH=str(installed)
    )
    assert "error[blocking-index-creation]" in shown
    page = run(
        sys.executable, "-m", "safecol", "explain", "blocking-index-creation", cwd=tmp_path, PYTHONPATH=str(installed)
    )
    assert "CONCURRENTLY" in page


# What no run needs: parse trees as Python objects, other databases' and languages' parsers, slow parts of the library.
NEVER = frozenset(
    {
        "ast",
        "asyncio",
        "concurrent.futures",
        "dataclasses",
        "difflib",
        "importlib.metadata",
        "inspect",
        "libcst",
        "logging",
        "multiprocessing",
        "pathlib",
        "pglast.ast",
        "pglast.enums",
        "pglast.stream",
        "pglast.visitors",
        "random",
        "shutil",
        "sqlglot",
        "tempfile",
        "typing_extensions",
        "unittest",
        "yaml",
    }
)
READS_SQL = frozenset({"pglast", "safecol.frontends", "safecol.frontends.postgresql", "safecol.analysis"})
CASES = {
    "the version": (["--version"], {}, 0, READS_SQL | {"json", "tomllib", "subprocess", "hashlib", "safecol.catalog"}),
    "help": (["lint", "--help"], {}, 0, READS_SQL | {"json", "tomllib", "subprocess", "hashlib", "safecol.catalog"}),
    "one PostgreSQL file": (
        ["lint", "0002_index.sql"],
        {"0001_orders.sql": "CREATE TABLE orders (id bigint, user_id bigint);\n", "0002_index.sql": INDEX},
        1,
        frozenset({"tomllib", "subprocess", "hashlib", "fnmatch"}),
    ),
    "one clean PostgreSQL file": (
        ["lint", "0001_orders.sql"],
        {"0001_orders.sql": "CREATE TABLE orders (id bigint, user_id bigint);\n"},
        0,
        frozenset({"tomllib", "subprocess", "hashlib", "fnmatch"}),
    ),
    "a folder as JSON": (
        ["lint", ".", "--output-format", "json"],
        {"0002_index.sql": INDEX},
        1,
        frozenset({"tomllib", "subprocess", "fnmatch", "safecol.reports.full", "safecol.reports.sarif"}),
    ),
    "a settings file": (
        ["lint", "0002_index.sql"],
        {"safecol.toml": 'server-version = "16"\n', "0002_index.sql": INDEX},
        1,
        frozenset({"subprocess", "hashlib"}),
    ),
    "a Python file that is no migration": (
        ["lint", "--force-exclude", "app.py"],
        {"app.py": "import os\n"},
        0,
        READS_SQL | {"tomllib", "subprocess", "hashlib"},
    ),
    "a rule's page": (
        ["explain", "blocking-index-creation"],
        {},
        0,
        READS_SQL | {"tomllib", "subprocess", "hashlib", "safecol.discover"},
    ),
    "effects of SQL": (["effects", "--sql", INDEX], {}, 0, frozenset({"tomllib", "subprocess", "hashlib"})),
}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_run_imports_only_what_its_input_needs(installed: Path, tmp_path: Path, case: str) -> None:
    arguments, files, code, unwanted = CASES[case]
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    report = tmp_path / "modules.txt"
    program = (
        "import sys; before = set(sys.modules)\n"
        "from safecol import cli; code = cli.run(sys.argv[2:])\n"
        "open(sys.argv[1], 'w').write(' '.join(set(sys.modules) - before)); sys.exit(code)"
    )
    run(sys.executable, "-c", program, str(report), *arguments, cwd=tmp_path, code=code, PYTHONPATH=str(installed))
    imported = set(report.read_text().split())
    assert "safecol.cli" in imported
    assert not imported & (NEVER | unwanted)


def test_the_page_in_the_contributors_guide_works(tmp_path: Path) -> None:
    guide = (ROOT / "CONTRIBUTING.md").read_text()
    page = re.search(r"^````markdown\n(.*?)^````$", guide, re.DOTALL | re.MULTILINE)
    assert page is not None
    rules = tmp_path / "db" / "rules"
    rules.mkdir(parents=True)
    (rules / "rewrite-rule.md").write_text(page[1])
    python = (sys.executable, "-m", "safecol")
    source = str(ROOT / "src")
    shown = run(*python, "rules", "check", "db/rules", cwd=tmp_path, PYTHONPATH=source)
    assert shown == "1 page, 2 examples, 0 failures\n"
    (tmp_path / "db" / "0001_keep.sql").write_text("CREATE RULE keep AS ON DELETE TO orders DO INSTEAD NOTHING;\n")
    setting = 'rule-paths=["db/rules"]'
    found = run(*python, "lint", "--config", setting, "db", cwd=tmp_path, code=1, PYTHONPATH=source)
    assert "error[rewrite-rule]: `CREATE RULE` changes" in found


def test_the_finding_in_the_readme_is_what_the_examples_print() -> None:
    shown = re.search(r"```text\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert shown is not None
    printed = run(sys.executable, "-m", "safecol", "lint", "examples/", cwd=ROOT, code=1, PYTHONPATH=str(ROOT / "src"))
    assert printed.startswith(shown[1])


def test_the_settings_in_the_readme_are_accepted(tmp_path: Path) -> None:
    shown = re.search(r"```toml\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert shown is not None
    (tmp_path / "safecol.toml").write_text(shown[1])
    (tmp_path / "db" / "rules").mkdir(parents=True)
    (tmp_path / "0001_index.sql").write_text(INDEX)
    python = (sys.executable, "-m", "safecol")
    run(*python, "lint", "0001_index.sql", cwd=tmp_path, code=1, PYTHONPATH=str(ROOT / "src"))


def test_the_safe_examples_are_clean() -> None:
    safe = [path for path in sorted(ROOT.glob("examples/**/*.sql")) if path.read_text().startswith("-- Safe")]
    assert len(safe) >= 4
    for path in safe:
        name = str(path.relative_to(ROOT))
        shown = run(sys.executable, "-m", "safecol", "lint", name, cwd=ROOT, PYTHONPATH=str(ROOT / "src"))
        assert shown.startswith("Nothing found"), name
