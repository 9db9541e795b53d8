"""Calls of `op.create_*_constraint` and their like as values come in; the statements that Alembic emits go out."""

from collections.abc import Iterator

from safecol.frontends.alembic import columns as parts
from safecol.frontends.alembic.altering import BATCH, OUTSIDE
from safecol.frontends.alembic.arguments import Arguments
from safecol.frontends.alembic.conventions import name_of
from safecol.frontends.alembic.expressions import condition
from safecol.frontends.alembic.names import NotKnown, Refused, Target, gone, known, qualified
from safecol.frontends.python.emitted import Piece
from safecol.frontends.python.values import Made, Unknown, Value

Statement = list[Piece] | Unknown


def outside(what: str, done: str = "changed") -> Refused:
    """What SQLite has no ALTER for: Alembic raises an error outside of a batch."""
    return Refused(f"{what} can't be {done} outside of a batch: Alembic raises an error on SQLite", BATCH, OUTSIDE)


def _added(to: Target, given: Arguments, kind: str, columns: Value, clause: str,
           referenced: tuple[str, list[str]] = ("", [])) -> list[Piece]:  # fmt: skip
    table = given.table
    if to.is_sqlite:
        raise outside("A constraint of an existing table")
    bare = known(given.get("table_name", "source_table", "source"), "the table")
    head = parts.head(to, kind, given.get("constraint_name", "name"), bare, parts.texts(columns), referenced)
    return [Piece(f"ALTER TABLE {table} ADD {head}{clause}{parts.attributes(to, given.given)}")]


def create_foreign_key(to: Target, call: Made) -> Iterator[Statement]:
    """ALTER TABLE ADD FOREIGN KEY."""
    names = ("constraint_name", "source_table", "referent_table", "local_cols", "remote_cols")
    given = Arguments(to, call, names)
    table = given.get("referent_table", "referent")
    referent = qualified(to, table, given.get("referent_schema"), "the referenced table")
    local, remote = given.get("local_cols"), given.get("remote_cols")
    clause = (
        f"FOREIGN KEY({parts.names(to, local)}) "
        f"REFERENCES {referent} ({parts.names(to, remote)}){parts.references(to, given.given)}"
    )
    yield _added(to, given, "fk", local, clause, (known(table, "the referenced table"), parts.texts(remote)))


def create_unique_constraint(to: Target, call: Made) -> Iterator[Statement]:
    """ALTER TABLE ADD UNIQUE."""
    given = Arguments(to, call, ("constraint_name", "table_name", "columns"))
    columns = given.get("columns")
    yield _added(to, given, "uq", columns, parts.unique(to, columns, given.given))


def create_primary_key(to: Target, call: Made) -> Iterator[Statement]:
    """ALTER TABLE ADD PRIMARY KEY."""
    given = Arguments(to, call, ("constraint_name", "table_name", "columns"))
    columns = given.get("columns", "cols")
    yield _added(to, given, "pk", columns, f"PRIMARY KEY ({parts.names(to, columns)})")


def create_check_constraint(to: Target, call: Made) -> Iterator[Statement]:
    """ALTER TABLE ADD CHECK."""
    given = Arguments(to, call, ("constraint_name", "table_name", "condition"))
    yield _added(to, given, "ck", (), f"CHECK ({condition(to, given.get('condition'))})")


def create_exclude_constraint(to: Target, call: Made) -> Iterator[Statement]:
    """ALTER TABLE ADD EXCLUDE."""
    given = Arguments(to, call, ("constraint_name", "table_name"))
    if to.is_sqlite:
        raise outside("A constraint of an existing table")
    yield _added(to, given, "", (), parts.exclusion(to, call._replace(arguments=given.rest)))


_KINDS = {"foreignkey": "foreign-key", "primary": "primary-key", "unique": "unique", "check": "check"}
_TYPES = {"foreignkey": "fk", "primary": "pk", "unique": "uq", "check": "ck"}


def drop_constraint(to: Target, call: Made) -> Iterator[Statement]:
    """ALTER TABLE DROP CONSTRAINT, or what MySQL calls it. Errors: NotKnown, Refused."""
    given = Arguments(to, call, ("constraint_name", "table_name", "type_"))
    if to.is_sqlite:
        raise outside("A constraint of an existing table")
    name, kind = given.get("constraint_name", "name"), given.get("type_")
    written = None if kind is None else known(kind, "the type of the constraint")
    convention = to.convention() or {}
    made = convention.get(_TYPES.get(written or "", ""), "") if name is None else ""
    by_table = made != "" and "column_" not in made and "constraint_name" not in made
    if name is None and not by_table and not (to.is_mysql and written == "primary"):
        raise Refused(
            "A constraint can't be dropped without its name: the toolkit raises an error",
            "Give it the name that the constraint has in the database",
        )
    if to.is_mysql and written is None:
        raise Refused(
            "Alembic can't drop a constraint on MySQL without its type, and raises an error",
            'Say which it is: `type_="foreignkey"`, `"unique"`, `"check"` or `"primary"`',
        )
    if written is not None and written not in _TYPES:
        raise Refused(f"`{written}` is no type of constraint that Alembic knows", f"One of {', '.join(_TYPES)}")
    bare = known(given.get("table_name"), "the table")
    found = ""
    if not (to.is_mysql and written == "primary"):  # which has but one name there
        try:
            found = name_of(to, _TYPES.get(written or "", ""), name, bare) or ""
        except NotKnown as problem:
            table, schema = given.get("table_name"), given.get("schema")
            raise NotKnown(str(problem), gone(table, schema, _KINDS.get(written or "", ""))) from None
    if not to.is_mysql:
        exists = "IF EXISTS " if given.flag("if_exists") else ""
        yield [Piece(f"ALTER TABLE {given.table} DROP CONSTRAINT {exists}{found}")]
        return
    words = {
        "foreignkey": f"FOREIGN KEY {found}", "primary": "PRIMARY KEY", "unique": f"INDEX {found}",
        "check": f"{'CONSTRAINT' if to.dialect == 'mariadb' else 'CHECK'} {found}",
    }  # fmt: skip
    yield [Piece(f"ALTER TABLE {given.table} DROP {words[written or '']}")]
