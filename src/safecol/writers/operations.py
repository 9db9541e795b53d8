"""Operations of statements come in; whether two are the same, and what undoes one, go out."""

from collections.abc import Iterable
from functools import partial
from typing import Any

from safecol.operations import ConstraintDefinition, IndexDefinition, Name, Operation, Section, Statement
from safecol.source import Span


def statements(sql: str, dialect: str) -> tuple[Statement, ...]:
    """The statements of some SQL."""
    from safecol.dialects import loaded

    section = Section("up", Span(0, len(sql)), "unknown")
    return loaded.front(dialect).read_section(sql, section).statements


def bare(operations: Iterable[Operation]) -> list[Any]:
    """Operations without their places: what the same statement written otherwise is equal in."""
    return [_bare(one._replace(definition=None) if one.kind == "change-type" else one) for one in operations]


def _bare(value: Any) -> Any:
    if isinstance(value, Span):
        return None
    if isinstance(value, tuple):
        parts = [_bare(part) for part in value]
        if all(type(part).__name__ == "ConstraintDefinition" for part in value):
            parts.sort(key=repr)
        return (type(value).__name__, *parts)
    return sorted(value) if isinstance(value, frozenset) else value


def quoted(name: str, dialect: str) -> str:
    """An identifier, in quotes where it would mean something else without them."""
    from safecol.frontends.alembic.names import Target
    from safecol.frontends.alembic.names import quoted as of_target

    return of_target(Target(dialect), name)


def qualified(name: Name | None, dialect: str) -> str:
    """A name with its schema, quoted where needed."""
    if name is None:
        return ""
    return ".".join(quoted(part, dialect) for part in (name.schema, name.name) if part)


def undoing(operation: Operation, dialect: str) -> str:
    """The SQL that undoes an operation; empty where it leaves nothing behind, or can't be undone."""
    relation, definition = operation.relation, operation.definition
    if relation is None:
        return ""
    mark = partial(quoted, dialect=dialect)
    table = qualified(relation, dialect)
    column = mark(operation.column or getattr(definition, "name", None) or "")
    kind = operation.kind
    postgresql = dialect == "postgresql"
    if kind == "create-index" and isinstance(definition, IndexDefinition) and definition.name:
        if dialect in ("mysql", "mariadb"):
            return f"DROP INDEX {mark(definition.name)} ON {table}"
        words = "CONCURRENTLY " if "concurrently" in operation.flags else ""
        schema = f"{mark(relation.schema)}." if relation.schema else ""
        return f"DROP INDEX {words}IF EXISTS {schema}{mark(definition.name)}"
    if kind == "add-constraint" and isinstance(definition, ConstraintDefinition) and definition.name:
        exists = "IF EXISTS " if postgresql else ""
        return f"ALTER TABLE {table} DROP CONSTRAINT {exists}{mark(definition.name)}" if dialect != "sqlite" else ""
    if kind == "add-column" and "inline" not in operation.flags:
        return f"ALTER TABLE {table} DROP COLUMN {column}"
    if kind == "set-not-null" and postgresql:
        return f"ALTER TABLE {table} ALTER COLUMN {column} DROP NOT NULL"
    if kind == "set-default" and dialect != "sqlite":
        return f"ALTER TABLE {table} ALTER COLUMN {column} DROP DEFAULT"
    if kind == "rename-column" and operation.new_name:
        return f"ALTER TABLE {table} RENAME COLUMN {mark(operation.new_name)} TO {column}"
    if kind == "rename-table" and operation.new_name:
        schema = f"{mark(relation.schema)}." if relation.schema else ""
        return f"ALTER TABLE {schema}{mark(operation.new_name)} RENAME TO {mark(relation.name)}"
    drops = {"create-view": "VIEW", "create-sequence": "SEQUENCE"}
    if kind in drops:
        return f"DROP {drops[kind]} IF EXISTS {table}"
    if kind == "create-routine" and postgresql:
        return f"DROP FUNCTION IF EXISTS {table}()"
    if kind == "create-trigger" and operation.value:
        return f"DROP TRIGGER IF EXISTS {mark(operation.value)}" + (f" ON {table}" if postgresql else "")
    return ""
