"""What the reader makes of a migration is what Django's schema editor sends: the same operations, for each case."""

import ast
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from django_cases import BASE, Case, cases, source
from safecol.dialects import loaded
from safecol.frontends.django.editor import Editor
from safecol.frontends.django.following import Following
from safecol.frontends.django.ledger import Known
from safecol.frontends.django.operations import Applying, flattened
from safecol.frontends.django.target import Target
from safecol.frontends.django.values import State
from safecol.operations import Section, Statement
from safecol.source import Span

PART = re.compile(r"[^,()]+")
DATA = Path(__file__).parent / "data" / "django"
CASES = {case.name: case for case in cases()}


def _applied(
    editor: Editor, state: State, operations: str, *, atomic: bool = True, back: bool = False
) -> tuple[list[str], State]:
    """What the reader says that a migration sends, or that takes it back, and the state after it."""
    text = source(operations, atomic=atomic)
    following = Following(text, editor.target.dialect)
    following.runner.statement_list(ast.parse(text).body)
    migration = following.migration()
    assert migration is not None
    listed = flattened(following.attribute_of(migration, "operations", []))
    assert listed is not None
    made = Applying(following, editor, state, "shop", careful=False)
    made.apply(listed, Span(0, len(text)))
    writer = following.writer
    emissions = writer.emissions
    if back:
        made.take_back()
        emissions = emissions[made.back :] if made.back is not None else []
    opaque = [f"-- {one.reason}" for one in emissions if one.reason]
    sql = [writer.text[one.start : one.end] for one in emissions if not one.reason]
    return [one for one in sql if one.strip()] + opaque, made.state


@cache
def base(target: Target) -> tuple[State, dict[str, list[Known]]]:
    """The state and what the database has after the models that every case begins with."""
    editor = Editor(target)
    _, state = _applied(editor, State(auto_field="django.db.models.BigAutoField"), BASE)
    return state, editor.ledger.tables


def said(case: Case, target: Target, *, back: bool = False) -> list[str]:
    """What the reader says that Django sends for a case, or to take it back."""
    editor = Editor(target)
    state, tables = base(target)
    editor.ledger.tables = {table: list(known) for table, known in tables.items()}
    if case.history:
        _, state = _applied(editor, state, case.history)
    return _applied(editor, state, case.operations, atomic=case.atomic, back=back)[0]


def recorded(dialect: str, release: str, *, back: bool = False) -> dict[str, list[str]]:
    """What Django sent, by case; without the cases that this Django or the server refused."""
    kept = json.loads((DATA / f"{dialect}{'_back' if back else ''}.json").read_text())
    found = {name: sql for name, variants in kept.items() for releases, sql in variants if release in releases}
    return {name: sql for name, sql in found.items() if isinstance(sql, list)}


def read(dialect: str, sql: list[str]) -> list[Statement]:
    text = "".join(f"{one.strip().removesuffix(';')}\n;\n" for one in sql)
    return list(loaded.front(dialect).read_section(text, Section("up", Span(0, len(text)), "wrapped")).statements)


def bare(value: Any) -> Any:
    """A record without its places."""
    if isinstance(value, Span):
        return None
    if isinstance(value, tuple):
        return (type(value).__name__, *map(bare, value))
    return sorted(value) if isinstance(value, frozenset) else value


def operations(dialect: str, sql: list[str]) -> list[Any]:
    return [bare(one) for statement in read(dialect, sql) for one in (*statement.operations, statement.opaque)]


SERVERS = {"postgresql": 16, "mysql": 90700, "mariadb": 101100, "sqlite": 34000}
RELEASES = ("3.2", "4.2", "5.0", "5.1", "5.2", "6.0")
ANY_ORDER = {
    # Django goes through a set of models here.
    ("sqlite", "key: longer text with references"),
}
NOT_WRITTEN = {
    # A key of JSON is an expression that is not known on other databases than PostgreSQL.
    *((dialect, "e_json") for dialect in ("mysql", "mariadb", "sqlite")),
    ("sqlite", "e_haskey"),
    # Django casts what it computes of a DecimalField to NUMERIC, once for each function.
    *(("sqlite", name) for name in ("d_product", "w_abs", "w_mixed", 'db_default=decimal.Decimal("1.5"))')),
}
"""By dialect, and by a part of the case's name."""
DIFFERENT = {
    # Django 3.2 pairs the relations to the old model with those to the new one in whatever order it found them, so a
    # column that can be NULL and one that can't may be taken for each other.
    ("mariadb", "3.2", "key: AutoField to BigAutoField with references"),
    ("mysql", "3.2", "key: AutoField to BigAutoField with references"),
}


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("dialect", SERVERS)
def test_a_migration_is_read_as_what_django_sends(dialect: str, release: str) -> None:
    different, wanted = compared(dialect, release)
    assert len(wanted) > 250
    known = {part for of, part in NOT_WRITTEN if of == dialect}
    left = [name for name in different if (dialect, release, name) not in DIFFERENT]
    assert [name for name in left if not any(part in name for part in known)] == []
    assert len(different) <= len(wanted) / 50


def compared(dialect: str, release: str, *, back: bool = False) -> tuple[list[str], dict[str, list[str]]]:
    """The cases of which the reader says something else than was recorded, and all that were recorded."""
    target = Target(dialect, SERVERS[dialect], (int(release[0]), int(release[2])))
    wanted = recorded(dialect, release, back=back)
    different = []
    for name, sql in wanted.items():
        made = said(CASES[name], target, back=back)
        plain = [[one.strip().removesuffix(";") for one in each] for each in (sql, made)]
        if plain[0] == plain[1] or ((dialect, name) in ANY_ORDER and sorted(plain[0]) == sorted(plain[1])):
            continue
        if operations(dialect, sql) != operations(dialect, made):
            different.append(name)
    return different, wanted


DIFFERENT_BACK = (
    # The indexes of a field are dropped, and the keys that follow it are changed, in the order of a set or a query.
    (
        "alter models.CharField(max_length=50, null=True, unique=True) -> "
        "models.CharField(max_length=50, null=True, db_index=True)"
    ),
    "alter models.SlugField(null=True, unique=True) -> models.SlugField(null=True)",
    "key: AutoField to BigAutoField with references",
    # Django finds the key itself among the unique constraints of the field that is to be one again, and drops it first.
    "key: a field becomes it",
)


@pytest.mark.parametrize("release", ["3.2", "4.2", "5.2", "6.0"])
@pytest.mark.parametrize("dialect", ["postgresql", "sqlite"])
def test_a_migration_is_taken_back_as_django_does(dialect: str, release: str) -> None:
    different, wanted = compared(dialect, release, back=True)
    assert len(wanted) > 250
    target = Target(dialect, SERVERS[dialect], (int(release[0]), int(release[2])))
    if dialect == "sqlite":
        # The columns of a table that is made anew come in the order in which Django has made the fields' objects.
        different = [name for name in different if parts(wanted[name]) != parts(said(CASES[name], target, back=True))]
    known = {part for of, part in NOT_WRITTEN if of == dialect}
    left = [name for name in different if name not in DIFFERENT_BACK]
    assert [name for name in left if not any(part in name for part in known)] == []


def parts(sql: list[str]) -> list[list[str]]:
    """Statements without the order of what they list, nor their own."""
    return sorted(sorted(part.strip() for part in PART.findall(one)) for one in sql)


def test_every_case_was_recorded_and_nothing_else() -> None:
    for dialect in SERVERS:
        assert set(json.loads((DATA / f"{dialect}.json").read_text())) == set(CASES)


@pytest.mark.parametrize("dialect", SERVERS)
def test_all_that_django_sends_is_understood(dialect: str) -> None:
    wanted = recorded(dialect, "5.2")
    statements = [one for sql in wanted.values() for one in read(dialect, sql)]
    assert [one.opaque for one in statements if one.opaque is not None] == []
