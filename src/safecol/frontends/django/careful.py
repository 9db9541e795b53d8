"""What Django's schema editor sends comes in; what back ends and operations that take care not to block send goes out.

As django-zero-downtime-migrations sends it for each operation, and the `Safer…` operations of packages for theirs.
"""

from collections.abc import Iterable, Iterator

from safecol.frontends.django.editor import Sent
from safecol.frontends.python.emitted import Piece
from safecol.frontends.python.values import Unknown
from safecol.patterns import lazy

_NAME = r'(?:"(?:[^"]|"")+"(?:\."(?:[^"]|"")+")?)'
_INDEX = lazy(r"CREATE (UNIQUE )?INDEX (?!CONCURRENTLY)")
_DROP_INDEX = lazy(r"DROP INDEX (?:IF EXISTS )?(?!CONCURRENTLY)")
_CHECKED = lazy(rf"ALTER TABLE (?P<table>{_NAME}) ADD CONSTRAINT (?P<name>{_NAME}) (?:FOREIGN KEY|CHECK)\b")
_UNIQUE = lazy(
    rf"ALTER TABLE (?P<table>{_NAME}) ADD CONSTRAINT (?P<name>{_NAME}) UNIQUE (?P<columns>\([^()]*\))(?P<rest>.*)"
)
_NOT_NULL = lazy(rf"ALTER TABLE (?P<table>{_NAME}) ALTER COLUMN (?P<column>{_NAME}) SET NOT NULL")
_REFERENCE = lazy(
    rf"(?P<head>ALTER TABLE (?P<table>{_NAME}) ADD COLUMN (?P<column>{_NAME})[^,]*?) CONSTRAINT (?P<name>{_NAME}) "
    rf"REFERENCES (?P<target>{_NAME})\s*(?P<columns>\([^()]*\))(?P<rest>.*)"
)
_NEW_UNIQUE = lazy(rf"(?P<head>ALTER TABLE (?P<table>{_NAME}) ADD COLUMN (?P<column>{_NAME})[^,]*?) UNIQUE(?P<rest>.*)")
_IMMEDIATE = lazy(rf"SET CONSTRAINTS (?P<name>{_NAME}) IMMEDIATE")


def statements(sent: Iterable[Sent]) -> Iterator[Sent]:
    """Each statement, or those that take its place."""
    apart: set[str] = set()
    for one in sent:
        if isinstance(one.pieces, Unknown):
            yield one
            continue
        text = "".join(piece.text for piece in one.pieces)
        head, semicolon, tail = text.partition("; SET CONSTRAINTS ")
        made = [*_instead(head, apart), *(_instead(f"SET CONSTRAINTS {tail}", apart) if semicolon else ())]
        if made == [text] or "; ".join(made) == text:
            yield one
        else:
            yield from (Sent([Piece(each)], one.place) for each in made)


def _instead(text: str, apart: set[str]) -> Iterator[str]:
    """`apart` gets the names of the foreign keys that are no part of their column's statement any more."""
    if (found := _REFERENCE.match(text)) is not None:
        apart.add(found["name"])
        column = found["column"]
        key = f"FOREIGN KEY ({column}) REFERENCES {found['target']} {found['columns']}{found['rest']}"
        yield from _instead(found["head"], apart)
        yield from _validated(found["table"], found["name"], f"ADD CONSTRAINT {found['name']} {key}")
        return
    if (found := _NEW_UNIQUE.match(text)) is not None:
        name = '"' + f"{found['table']}_{found['column']}_uniq".replace('"', "") + '"'
        yield f"{found['head']}{found['rest']}"
        yield from _unique(found["table"], name, f"({found['column']})", "")
        return
    if (found := _IMMEDIATE.fullmatch(text.strip())) is not None and found["name"] in apart:
        return
    if _INDEX.match(text) is not None:
        yield _INDEX.sub(lambda match: f"CREATE {match[1] or ''}INDEX CONCURRENTLY ", text, count=1)
    elif _DROP_INDEX.match(text) is not None:
        yield _DROP_INDEX.sub("DROP INDEX CONCURRENTLY IF EXISTS ", text, count=1)
    elif (found := _CHECKED.match(text)) is not None and "NOT VALID" not in text:
        rest = text[text.index(" ADD CONSTRAINT ") + 1 :]
        yield from _validated(found["table"], found["name"], rest)
    elif (found := _UNIQUE.fullmatch(text)) is not None:
        yield from _unique(found["table"], found["name"], found["columns"], found["rest"])
    elif (found := _NOT_NULL.fullmatch(text)) is not None:
        table, column = found["table"], found["column"]
        name = '"' + f"{table}_{column}_notnull".replace('"', "") + '"'
        yield from _validated(table, name, f"ADD CONSTRAINT {name} CHECK ({column} IS NOT NULL)")
        yield text
        yield f"ALTER TABLE {table} DROP CONSTRAINT {name}"
    else:
        yield text


def _validated(table: str, name: str, action: str) -> Iterator[str]:
    yield f"ALTER TABLE {table} {action} NOT VALID"
    yield f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}"


def _unique(table: str, name: str, columns: str, rest: str) -> Iterator[str]:
    yield f"CREATE UNIQUE INDEX CONCURRENTLY {name} ON {table} {columns}"
    yield f"ALTER TABLE {table} ADD CONSTRAINT {name} UNIQUE USING INDEX {name}{rest}"
