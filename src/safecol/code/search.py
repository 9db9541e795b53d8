"""Names that are gone and folders of code come in; the places that still use the names go out.

It is a search of text, no type checker: a place counts where a file says the name of the table as well, in SQL, in a
model or in a chain of a query builder's calls.
"""

import os
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

from safecol.code import builders, models, sql, tree
from safecol.code.gone import Gone
from safecol.code.sql import HasColumn, Place
from safecol.code.strings import strings
from safecol.patterns import lazy
from safecol.records import NamedTuple
from safecol.source import Source, Span

_GENERATED = lazy(
    r"code generated .{0,60}do not edit|@generated|auto-?generated|this file (?:was|is) generated", re.IGNORECASE
)
# Code for another database than the migration's: its folder or file says so.
_DATABASES = lazy(
    r"(?:^|[/_.-])(mysql|mariadb|sqlite3?|oracle|mssql|sqlserver|cassandra|clickhouse|mongo(?:db)?|h2|postgres(?:ql)?|pg|pgsql"
    r"|cockroach(?:db)?|crdb)(?=[/_.-])", re.IGNORECASE,
)  # fmt: skip
_OWN = {
    "postgresql": frozenset({"postgres", "postgresql", "pg", "pgsql", "cockroach", "cockroachdb", "crdb"}),
    "mysql": frozenset({"mysql", "mariadb"}),
    "mariadb": frozenset({"mysql", "mariadb"}),
    "sqlite": frozenset({"sqlite", "sqlite3"}),
}
# A file of queries has parameters or names them; a script without is one of many things, such as a migration.
_QUERIES = lazy(r"^\s*--\s*(?:name\s*:|!|:)|\$\d|(?<![\w:'])[:@][a-z_]\w*|%\(\w+\)s|\{\{", re.MULTILINE | re.IGNORECASE)
_MANY = 40
_WORD = lazy(r"[a-z_]\w{2,}")


class Question(NamedTuple):
    """The names that one history takes away, and what is known of the schema that it leaves."""

    gone: tuple[Gone, ...]
    has_column: HasColumn
    dialect: str = ""


class Used(NamedTuple):
    """A use of a name: the file and the word in it."""

    source: Source
    span: Span


class Answer(NamedTuple):
    """`used` holds, for each question, the uses of names that have some; `note` says what was not searched."""

    used: tuple[Mapping[Gone, tuple[Used, ...]], ...]
    note: str = ""


def search(
    tops: Sequence[str], questions: Sequence[Question], leave: Collection[str], shown: Callable[[str], str]
) -> Answer:
    """The uses of the names in the code below the folders, but for what lies in the folders `leave`.

    `shown` gives the path of a file as reports have it.
    """
    folders = tuple(folder + os.sep for folder in leave)
    listing = tree.listed(tops, lambda path: path.startswith(folders))
    texts = ((shown(path), data.decode("utf-8", "replace")) for path, data in tree.texts(listing))
    return _answer(texts, questions, listing.note)


def search_texts(texts: Mapping[str, str], questions: Sequence[Question]) -> Answer:
    """As `search`, in texts by path."""
    return _answer(texts.items(), questions, "")


def _answer(texts: "Iterator[tuple[str, str]] | Collection[tuple[str, str]]", questions: Sequence[Question],
            note: str) -> Answer:  # fmt: skip
    found: list[dict[Gone, list[Used]]] = [{} for _ in questions]
    forms = {gone: _forms(gone) for question in questions for gone in question.gone}
    flat = {form for pair in forms.values() for form in (*pair.table, *pair.word)}
    for path, text in texts:
        lower = text.lower()
        present = _present(flat, lower)
        if not present:
            continue
        source: Source | None = None
        for question, uses in zip(questions, found, strict=True):
            likely = [gone for gone in question.gone if forms[gone].in_text(present)]
            if not likely or _is_for_another(path, question.dialect):
                continue
            if source is None:
                if _GENERATED.search(text[:2048]):
                    break
                source = Source(path, text)
            places = sorted(set(_places(path, text, likely, question)), key=lambda place: place.start)
            lines: set[tuple[Gone, int]] = set()
            for place in places:
                line = (place.gone, source.position(place.start)[0])
                if line not in lines:
                    lines.add(line)
                    uses.setdefault(place.gone, []).append(Used(source, Span(place.start, place.end)))
    return Answer(tuple({gone: tuple(uses) for gone, uses in each.items()} for each in found), note)


def _is_for_another(path: str, dialect: str) -> bool:
    named = {match[1].lower() for match in _DATABASES.finditer(path)}
    return bool(named) and named.isdisjoint(_OWN.get(dialect, frozenset()))


def _places(path: str, text: str, gone: Sequence[Gone], question: Question) -> Iterator[Place]:
    extension = path.rpartition(".")[2].lower()
    whole = extension in ("sql", "xml")
    if extension == "sql" and not _QUERIES.search(text):
        return
    yield from sql.places(strings(text, extension), gone, question.has_column, whole=whole)
    if whole:
        return
    if extension in ("py", "pyi"):
        from safecol.code import python_models

        yield from python_models.places(path, text, gone)
    else:
        yield from models.places(text, extension, gone, question.dialect)
    if extension != "prisma":
        yield from builders.places(text, gone, question.has_column)


class _Forms(NamedTuple):
    """How a name may be spelled, in lower case: one of `table`, and one of `word`, must stand in a file."""

    table: tuple[str, ...]
    word: tuple[str, ...]

    def in_text(self, present: frozenset[str]) -> bool:
        return not present.isdisjoint(self.table) and (not self.word or not present.isdisjoint(self.word))


def _forms(gone: Gone) -> _Forms:
    name = gone.name.lower()
    # Django's models lack the application's name before the first underscore.
    names = {name, *([name.partition("_")[2]] if gone.kind != "routine" else [])} - {""}
    table = {form for each in names for form in _spellings(each)}
    if gone.column is None:
        return _Forms(tuple(table), ())
    column = gone.column.lower()
    return _Forms(tuple(table), (column, column.replace("_", ""), *([column[:-3]] if column.endswith("_id") else [])))


def _spellings(name: str) -> Iterator[str]:
    for each in (name, name.replace("_", "")):
        yield each
        for ending, instead in (("ies", "y"), ("es", ""), ("s", "")):
            if each.endswith(ending) and len(each) > len(ending) + 2:
                yield each[: -len(ending)] + instead


def _present(forms: Collection[str], lower: str) -> frozenset[str]:
    """Those of the words that stand in a text: few are sought one by one, many among its words."""
    if len(forms) <= _MANY:
        return frozenset(form for form in forms if form in lower)
    words = set(_WORD.findall(lower))
    words |= {word.replace("_", "") for word in words if "_" in word}
    return frozenset(words.intersection(forms))
