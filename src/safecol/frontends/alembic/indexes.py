"""`sa.Index` and `op.create_index` as values come in; the CREATE INDEX that the server is sent goes out."""

from collections.abc import Sequence

from safecol.frontends.alembic.columns import kind_of, names, texts
from safecol.frontends.alembic.conventions import name_of
from safecol.frontends.alembic.expressions import condition, expression
from safecol.frontends.alembic.names import NotKnown, Target, identifier, known, unquoted, why
from safecol.frontends.python.values import Made, Text, Value


def index(to: Target, value: Made, table: str, *, columns: Value = None, name: Value = None) -> str:
    """CREATE INDEX of a sa.Index or of op.create_index. Errors: NotKnown."""
    keywords = value.keywords
    elements = columns if columns is not None else value.arguments[1:]
    if type(elements) not in (list, tuple):
        raise NotKnown(why(elements, "the columns of the index"))
    if to.dialect != "postgresql":
        from safecol.frontends.alembic import other_indexes

        return other_indexes.index(to, keywords, elements, table, _index_name(to, table, name, elements))
    operators = keywords.get("postgresql_ops")
    parts = [_element(to, one, operators if isinstance(operators, dict) else {}) for one in elements]
    for flag in ("unique", "postgresql_concurrently", "if_not_exists"):
        if keywords.get(flag) is not None and not isinstance(keywords[flag], bool):
            raise NotKnown(why(keywords[flag], f"`{flag}`"))
    text = "CREATE UNIQUE INDEX" if keywords.get("unique") else "CREATE INDEX"
    text += " CONCURRENTLY" if keywords.get("postgresql_concurrently") else ""
    text += " IF NOT EXISTS" if keywords.get("if_not_exists") else ""
    text += f" {_index_name(to, table, name, elements)} ON {table} "
    if keywords.get("postgresql_using") is not None:
        text += f"USING {known(keywords['postgresql_using'], '`postgresql_using`')} "
    text += f"({', '.join(parts)})"
    if keywords.get("postgresql_include"):
        text += f" INCLUDE ({names(to, keywords['postgresql_include'])})"
    if keywords.get("postgresql_nulls_not_distinct") is True:
        text += " NULLS NOT DISTINCT"
    options = keywords.get("postgresql_with")
    if isinstance(options, dict) and options:
        text += f" WITH ({', '.join(f'{key} = {item}' for key, item in options.items())})"
    if keywords.get("postgresql_tablespace") is not None:
        text += f" TABLESPACE {identifier(to, keywords['postgresql_tablespace'], 'the tablespace')}"
    if keywords.get("postgresql_where") is not None:
        text += f" WHERE {condition(to, keywords['postgresql_where'])}"
    return text


def _index_name(to: Target, table: str, name: Value, elements: Sequence[Value]) -> str:
    return name_of(to, "ix", name, ".".join(map(unquoted, table.split("."))), texts(elements)) or ""


def _element(to: Target, value: Value, operators: dict[Value, Value]) -> str:
    if isinstance(value, Text):
        kind = operators.get(value)
        return identifier(to, value, "a column of the index") + (f" {kind}" if isinstance(kind, Text) else "")
    written = expression(to, value)
    if not isinstance(value, Made) or kind_of(value) in ("text", "column", "desc", "asc", "literal_column"):
        return written
    if value.path.startswith("operator "):
        return f"({written})"
    return written


def index_name(to: Target, table: str, name: str) -> str:
    """The name of the index of a column with `index=True`."""
    return name_of(to, "ix", None, ".".join(map(unquoted, table.split("."))), (name,)) or ""
