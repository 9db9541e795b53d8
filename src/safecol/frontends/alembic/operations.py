"""Calls of `op.*` as values come in; the statements that Alembic emits go out, in its order."""

from collections.abc import Callable, Iterator

from safecol.frontends.alembic import altering, constraints, entities, enums, indexes, mysql, released
from safecol.frontends.alembic import columns as parts
from safecol.frontends.alembic.arguments import Arguments
from safecol.frontends.alembic.columns import Column
from safecol.frontends.alembic.names import NotKnown, Target, gone, identifier, known, qualified, quoted, string, why
from safecol.frontends.alembic.types import create_enum
from safecol.frontends.python.emitted import Piece
from safecol.frontends.python.values import Made, Text, Unknown, Value
from safecol.source import Span

Statement = list[Piece] | Unknown
"""The pieces of a statement, or what of a call was not understood."""


def _one(text: str) -> list[Piece]:
    return [Piece(text)]


def add_column(to: Target, call: Made) -> Iterator[Statement]:
    """ALTER TABLE ADD COLUMN, then its constraints, index and comment as statements of their own."""
    given = Arguments(to, call, ("table_name", "column"))
    made = parts.column(to, given.get("column"))
    table = given.table
    bare = known(given.get("table_name"), "the table")
    text = parts.definition(to, made, bare, counts=made.primary_key and parts.counts(made, [made]))
    inline = given.flag("inline_references") and len(made.references) == 1
    if to.is_sqlite and ((made.references and not inline) or (made.unique and not made.indexed)):
        raise constraints.outside("A constraint of a new column", "added")
    if inline:
        text += " " + parts.inline_reference(to, made.references[0])
    if given.flag("inline_primary_key") and made.primary_key:
        text += " PRIMARY KEY"
    exists = "IF NOT EXISTS " if given.flag("if_not_exists") else ""
    yield [Piece(f"ALTER TABLE {table} ADD COLUMN {exists}"), Piece(text, made.span, flags=made.flags)]
    if made.missed:
        yield Unknown(made.name, made.missed)
    yield from _of_column(to, made, table, bare, constraints=True, references=not inline)


def _of_column(
    to: Target, made: Column, table: str, bare: str, *, constraints: bool, references: bool = True
) -> Iterator[Statement]:
    """What a column brings along in statements of its own."""
    if constraints:
        for one in made.references if references else ():
            yield [Piece(f"ALTER TABLE {table} ADD "), Piece(parts.foreign_key(to, one, made.name, bare), one.span)]
        if made.unique and not made.indexed:
            head = parts.head(to, "uq", None, bare, (made.name,))
            yield [Piece(f"ALTER TABLE {table} ADD "), Piece(f"{head}UNIQUE ({quoted(to, made.name)})", made.span)]
    if made.indexed:
        unique = "UNIQUE " if made.unique else ""
        name = indexes.index_name(to, table, made.name)
        schema, _, alone = table.rpartition(".") if to.is_sqlite else ("", "", table)
        where = f"{schema}.{name} ON {alone}" if schema else f"{name} ON {table}"
        yield [Piece(f"CREATE {unique}INDEX {where} ({quoted(to, made.name)})", made.span)]
    if made.comment is not None and to.dialect == "postgresql":
        yield [Piece(f"COMMENT ON COLUMN {table}.{quoted(to, made.name)} IS {string(to, made.comment)}", made.span)]


def drop_column(to: Target, call: Made) -> Iterator[Statement]:
    """ALTER TABLE DROP COLUMN."""
    given = Arguments(to, call, ("table_name", "column_name"))
    exists = "IF EXISTS " if given.flag("if_exists") else ""
    yield _one(
        f"ALTER TABLE {given.table} DROP COLUMN {exists}{identifier(to, given.get('column_name'), 'the column')}"
    )


def create_table(to: Target, call: Made) -> Iterator[Statement]:
    """The types that it brings, CREATE TABLE, its indexes and comments."""
    given = Arguments(to, call, ("table_name",))
    table = given.table
    bare = known(given.get("table_name", "name"), "the table")
    elements = [one for one in given.rest if one is not None and parts.kind_of(one) != "MetaData"]
    read: list[Column] = []
    missed: list[Statement] = []
    whole: list[tuple[str, Span]] = []
    keyed: set[str] = set()
    listed: list[Made] = []
    for one in elements:
        try:
            if parts.is_column(one):
                read.append(parts.column(to, one))
            elif parts.kind_of(one) == "Index":
                listed.append(one)
            elif isinstance(one, Made):
                whole.append((parts.constraint(to, one, bare), one.span))
                if parts.kind_of(one) == "PrimaryKeyConstraint":
                    keyed |= {str(name) for name in one.arguments if isinstance(name, Text)}
            else:
                raise NotKnown(why(one, "a part of the table"))  # noqa: TRY301
        except NotKnown as problem:
            missed.append(Unknown(bare, str(problem)))
    for made in read:
        if made.brings is not None:
            yield [Piece(create_enum(to, made.brings), made.span)]
    yield _table(to, given, table, bare, read, whole, keyed)
    for made in read:
        yield from (one for one in _of_column(to, made._replace(comment=None), table, bare, constraints=False))
    for one in listed:
        yield [Piece(indexes.index(to, one, table, name=one.arguments[0] if one.arguments else None), one.span)]
    if to.dialect != "postgresql":
        yield from missed
        return
    if given.get("comment") is not None:
        yield _one(parts.comment(to, "TABLE", table, given.get("comment")))
    for made in read:
        if made.comment is not None:
            yield [Piece(f"COMMENT ON COLUMN {table}.{quoted(to, made.name)} IS {string(to, made.comment)}", made.span)]
    yield from missed


def _table(
    to: Target,
    given: Arguments,
    table: str,
    bare: str,
    read: list[Column],
    whole: list[tuple[str, Span]],
    keyed: set[str],
) -> list[Piece]:
    keys = [made for made in read if made.primary_key or made.name in keyed]
    inline = to.is_sqlite and given.get("sqlite_autoincrement") is True and len(keys) == 1 and not keys[0].references
    lines: list[Piece] = []
    for made in read:
        shown = made._replace(nullable=False) if made in keys else made
        text = parts.definition(to, shown, bare, counts=parts.counts(made, keys))
        lines.append(Piece(text + (" PRIMARY KEY AUTOINCREMENT" if inline and made in keys else ""), made.span))
    if keys and not keyed and not inline:
        head = parts.head(to, "pk", None, bare, [made.name for made in keys])
        lines.append(Piece(f"{head}PRIMARY KEY ({', '.join(quoted(to, made.name) for made in keys)})"))
    lines += [Piece(text, span) for text, span in whole if not (inline and "PRIMARY KEY (" in text)]
    for made in read:
        lines += [Piece(parts.foreign_key(to, one, made.name, bare), one.span) for one in made.references]
        if made.unique and not made.indexed:
            head = parts.head(to, "uq", None, bare, (made.name,))
            lines.append(Piece(f"{head}UNIQUE ({quoted(to, made.name)})", made.span))
    prefixes = given.get("prefixes")
    words = (
        " ".join(known(one, "a prefix").upper() for one in prefixes) + " "
        if type(prefixes) in (list, tuple) and prefixes
        else ""
    )
    exists = "IF NOT EXISTS " if given.flag("if_not_exists") else ""
    pieces = [Piece(f"CREATE {words}TABLE {exists}{table} (\n\t")]
    for number, line in enumerate(lines):
        pieces += [Piece(", \n\t")] if number else []
        pieces.append(line)
    return [*pieces, Piece("\n)" + _table_options(to, given))]


def _table_options(to: Target, given: Arguments) -> str:
    if to.is_mysql:
        return mysql.table_options(to, given.given)
    text = ""
    if to.is_sqlite:
        return text
    inherits = given.get("postgresql_inherits")
    if inherits is not None:
        text += f" INHERITS ({parts.names(to, inherits, 'the parents')})"
    if given.get("postgresql_partition_by") is not None:
        text += f" PARTITION BY {known(given.get('postgresql_partition_by'), 'the partition key')}"
    if given.get("postgresql_using") is not None:
        text += f" USING {known(given.get('postgresql_using'), 'the access method')}"
    options = given.get("postgresql_with")
    if isinstance(options, dict) and options:
        text += f" WITH ({', '.join(f'{key} = {value}' for key, value in options.items())})"
    if given.get("postgresql_tablespace") is not None:
        text += f" TABLESPACE {identifier(to, given.get('postgresql_tablespace'), 'the tablespace')}"
    return text


def drop_table(to: Target, call: Made) -> Iterator[Statement]:
    """DROP TABLE."""
    given = Arguments(to, call, ("table_name",))
    exists = "IF EXISTS " if given.flag("if_exists") else ""
    yield _one(f"DROP TABLE {exists}{qualified(to, given.get('table_name', 'name'), given.get('schema'))}")


def rename_table(to: Target, call: Made) -> Iterator[Statement]:
    """ALTER TABLE RENAME TO."""
    given = Arguments(to, call, ("old_table_name", "new_table_name"))
    old = qualified(to, given.get("old_table_name"), given.get("schema"))
    schema = given.get("schema") if to.is_mysql else None
    yield _one(f"ALTER TABLE {old} RENAME TO {qualified(to, given.get('new_table_name'), schema, 'the new name')}")


def create_index(to: Target, call: Made) -> Iterator[Statement]:
    """CREATE INDEX."""
    given = Arguments(to, call, ("index_name", "table_name", "columns"))
    columns = given.get("columns")
    if isinstance(columns, Text):
        columns = [columns]
    name = given.get("index_name", "name")
    yield _one(indexes.index(to, call._replace(keywords=given.given), given.table, columns=columns, name=name))


def drop_index(to: Target, call: Made) -> Iterator[Statement]:
    """DROP INDEX."""
    given = Arguments(to, call, ("index_name", "table_name"))
    name, exists = given.get("index_name", "name"), given.flag("if_exists")
    if not isinstance(name, (Text, Made)) or (isinstance(name, Text) and name.holes):
        forgets = gone(given.get("table_name", "tablename"), given.get("schema"), "index")
        raise NotKnown(why(name, "the name of the index"), forgets)
    if to.dialect != "postgresql":
        from safecol.frontends.alembic import other_indexes

        table = given.get("table_name", "tablename")
        yield _one(other_indexes.dropped(to, name, table, given.get("schema"), if_exists=exists))
        return
    words = "CONCURRENTLY " if given.flag("postgresql_concurrently") else ""
    words += "IF EXISTS " if exists else ""
    yield _one(f"DROP INDEX {words}{qualified(to, name, given.get('schema'), 'the index')}")


def create_table_comment(to: Target, call: Made) -> Iterator[Statement]:
    """COMMENT ON TABLE."""
    given = Arguments(to, call, ("table_name", "comment"))
    yield _one(_table_comment(to, given.table, given.get("comment")))


def drop_table_comment(to: Target, call: Made) -> Iterator[Statement]:
    """COMMENT ON TABLE IS NULL."""
    table = Arguments(to, call, ("table_name",)).table
    yield _one(f"ALTER TABLE {table} COMMENT ''" if to.is_mysql else _table_comment(to, table, None))


def _table_comment(to: Target, table: str, comment: Value) -> str:
    if not to.is_mysql:
        return parts.comment(to, "TABLE", table, comment)
    return f"ALTER TABLE {table} COMMENT {string(to, known(comment, 'the comment')) if comment is not None else 'NULL'}"


def bulk_insert(to: Target, call: Made) -> Iterator[Statement]:
    """One INSERT for the rows that are known, with the columns of the first."""
    from safecol.frontends.alembic.statements import insertion

    given = Arguments(to, call, ("table", "rows"))
    yield from insertion(to, given.get("table"), given.get("rows"))


OPERATIONS: dict[str, Callable[[Target, Made], Iterator[Statement]]] = {
    "add_column": add_column,
    "drop_column": drop_column,
    "alter_column": altering.alter_column,
    "create_table": create_table,
    "drop_table": drop_table,
    "rename_table": rename_table,
    "create_index": create_index,
    "drop_index": drop_index,
    "create_foreign_key": constraints.create_foreign_key,
    "create_unique_constraint": constraints.create_unique_constraint,
    "create_primary_key": constraints.create_primary_key,
    "create_check_constraint": constraints.create_check_constraint,
    "create_exclude_constraint": constraints.create_exclude_constraint,
    "drop_constraint": constraints.drop_constraint,
    "create_table_comment": create_table_comment,
    "drop_table_comment": drop_table_comment,
    "bulk_insert": bulk_insert,
    "sync_enum_values": enums.sync_enum_values,
    "create_entity": entities.create_entity,
    "replace_entity": entities.replace_entity,
    "drop_entity": entities.drop_entity,
}
OPERATIONS.update({name: OPERATIONS[known_as] for name, known_as in entities.GEOSPATIAL.items()})
_TABLE_SECOND = frozenset(
    {
        "create_index", "drop_index", "create_foreign_key", "create_unique_constraint", "create_primary_key",
        "create_check_constraint", "create_exclude_constraint", "drop_constraint",
    }
)  # fmt: skip


def sent(to: Target, name: str, call: Made) -> Iterator[Statement]:
    """What an operation sends, as this version of Alembic does. Errors: NotKnown, Refused."""
    yield from OPERATIONS[name](to, released.call(to, name, call))


def of_batch(call: Made, name: str) -> Made:
    """A call of `batch_op.name` as one of `op.name`, which has the table among its arguments."""
    if name in ("execute", "f"):
        return call
    batch = call.base
    table = batch.argument(0, "table_name")
    schema = batch.argument(1, "schema")
    at = 1 if name in _TABLE_SECOND else 0
    arguments, keywords = list(call.arguments), dict(call.keywords)
    if at <= len(arguments):
        arguments.insert(at, table)
    else:
        keywords["source_table" if name == "create_foreign_key" else "table_name"] = table
    if schema is not None:
        keywords.setdefault("source_schema" if name == "create_foreign_key" else "schema", schema)
    for position in ("insert_before", "insert_after"):
        keywords.pop(position, None)
    return call._replace(arguments=tuple(arguments), keywords=keywords)
