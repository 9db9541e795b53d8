"""The parts of an index as values come in; CREATE INDEX and DROP INDEX of MySQL, MariaDB and SQLite go out."""

from collections.abc import Mapping, Sequence

from safecol.frontends.alembic.expressions import condition, expression
from safecol.frontends.alembic.names import NotKnown, Refused, Target, identifier, known, qualified, why
from safecol.frontends.python.values import Made, Text, Value


def index(to: Target, keywords: Mapping[str, Value], elements: Sequence[Value], table: str, name: str) -> str:
    """CREATE INDEX; what belongs to other dialects is left out, as the toolkit does. Errors: NotKnown."""
    for flag in ("unique", "if_not_exists"):
        if keywords.get(flag) is not None and not isinstance(keywords[flag], bool):
            raise NotKnown(why(keywords[flag], f"`{flag}`"))
    lengths = to.option(keywords, "length") if to.is_mysql else None
    parts = ", ".join(_element(to, one, lengths) for one in elements)
    prefix = to.option(keywords, "prefix") if to.is_mysql else None
    text = "CREATE UNIQUE " if keywords.get("unique") else "CREATE "
    text += f"{known(prefix, 'the prefix of the index')} " if prefix is not None else ""
    text += "INDEX IF NOT EXISTS " if keywords.get("if_not_exists") else "INDEX "
    if to.is_sqlite:
        schema, _, bare = table.rpartition(".")
        where = keywords.get("sqlite_where")
        rest = f" WHERE {condition(to, where)}" if where is not None else ""
        return (
            f"{text}{schema}.{name} ON {bare} ({parts}){rest}" if schema else f"{text}{name} ON {bare} ({parts}){rest}"
        )
    text += f"{name} ON {table} ({parts})"
    for option, words in (("with_parser", "WITH PARSER"), ("using", "USING")):
        given = to.option(keywords, option)
        text += f" {words} {known(given, f'`{option}`')}" if given is not None else ""
    return text


def _element(to: Target, value: Value, lengths: Value) -> str:
    if isinstance(value, Text):
        shown = identifier(to, value, "a column of the index")
    else:
        shown = expression(to, value)
        last = value.path.rpartition(".")[2] if isinstance(value, Made) else ""
        if (
            to.is_mysql
            and isinstance(value, Made)
            and ("func." in value.path.removesuffix(last) or value.path.startswith("operator "))
        ):
            shown = f"({shown})"
    length = lengths.get(value) if isinstance(lengths, dict) and isinstance(value, Text) else lengths
    return f"{shown}({length})" if isinstance(length, int) else shown


def dropped(to: Target, name: Value, table: Value, schema: Value, *, if_exists: bool) -> str:
    """DROP INDEX. Errors: NotKnown, Refused."""
    words = "DROP INDEX IF EXISTS " if if_exists else "DROP INDEX "
    if to.is_sqlite:
        return words + qualified(to, name, schema, "the index")
    if table is None:
        message = "`op.drop_index` without a table sends `ON no_table`: the server knows no such table"
        raise Refused(message, "Give it `table_name`")
    return f"{words}{identifier(to, name, 'the index')} ON {qualified(to, table, schema)}"
