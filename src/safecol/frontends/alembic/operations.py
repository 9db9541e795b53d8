"""Calls of `op.*` as values come in; the statements that Alembic emits for PostgreSQL go out, in its order."""

from collections.abc import Callable, Iterator

from safecol.frontends.alembic import columns as parts
from safecol.frontends.alembic import enums
from safecol.frontends.alembic.arguments import Arguments
from safecol.frontends.alembic.columns import Column
from safecol.frontends.alembic.expressions import condition, default
from safecol.frontends.alembic.names import NotKnown, identifier, known, qualified, quoted, string, why
from safecol.frontends.alembic.types import create_enum, type_name
from safecol.frontends.python.emitted import Piece
from safecol.frontends.python.values import Made, Text, Unknown
from safecol.source import Span

Statement = list[Piece] | Unknown
"""The pieces of a statement, or what of a call was not understood."""


def _one(text: str) -> list[Piece]:
    return [Piece(text)]


def add_column(call: Made) -> Iterator[Statement]:
    """ALTER TABLE ADD COLUMN, then its constraints, index and comment as statements of their own."""
    given = Arguments(call, ("table_name", "column"))
    made = parts.column(given.get("column"))
    table = given.table
    text = parts.definition(made, counts=made.primary_key and parts.counts(made, [made]))
    inline = given.flag("inline_references") and len(made.references) == 1
    if inline:
        text += " " + parts.inline_reference(made.references[0])
    if given.flag("inline_primary_key") and made.primary_key:
        text += " PRIMARY KEY"
    exists = "IF NOT EXISTS " if given.flag("if_not_exists") else ""
    yield [Piece(f"ALTER TABLE {table} ADD COLUMN {exists}"), Piece(text, made.span)]
    if made.missed:
        yield Unknown(made.name, made.missed)
    bare = known(given.get("table_name"), "the table")
    yield from _of_column(made, table, bare, constraints=True, references=not inline)


def _of_column(
    made: Column, table: str, bare: str, *, constraints: bool, references: bool = True
) -> Iterator[Statement]:
    """What a column brings along in statements of its own."""
    if constraints:
        for one in made.references if references else ():
            yield [Piece(f"ALTER TABLE {table} ADD "), Piece(parts.foreign_key(one, made.name), one.span)]
        if made.unique and not made.indexed:
            yield [Piece(f"ALTER TABLE {table} ADD "), Piece(f"UNIQUE ({quoted(made.name)})", made.span)]
    if made.indexed:
        unique = "UNIQUE " if made.unique else ""
        name = parts.index_name(bare, made.name)
        yield [Piece(f"CREATE {unique}INDEX {name} ON {table} ({quoted(made.name)})", made.span)]
    if made.comment is not None:
        yield [Piece(f"COMMENT ON COLUMN {table}.{quoted(made.name)} IS {string(made.comment)}", made.span)]


def drop_column(call: Made) -> Iterator[Statement]:
    """ALTER TABLE DROP COLUMN."""
    given = Arguments(call, ("table_name", "column_name"))
    exists = "IF EXISTS " if given.flag("if_exists") else ""
    yield _one(f"ALTER TABLE {given.table} DROP COLUMN {exists}{identifier(given.get('column_name'), 'the column')}")


def alter_column(call: Made) -> Iterator[Statement]:
    """One ALTER TABLE a change, in Alembic's order: type, nullability, default, comment, name."""
    given = Arguments(call, ("table_name", "column_name"))
    head = f"ALTER TABLE {given.table} ALTER COLUMN {identifier(given.get('column_name'), 'the column')}"
    name = identifier(given.get("column_name"), "the column")
    if given.get("type_") is not None:
        using = given.get("postgresql_using")
        rest = f" USING {known(using, '`postgresql_using`')}" if using is not None else ""
        yield [Piece(f"{head} TYPE {type_name(given.get('type_'))}{rest}", None, _existing(given))]
    nullable = given.get("nullable")
    if nullable is not None:
        if not isinstance(nullable, bool):
            raise NotKnown(why(nullable, "`nullable`"))
        yield _one(f"{head} {'DROP' if nullable else 'SET'} NOT NULL")
    if given.given.get("server_default", False) is not False:
        yield _one(head + _new_default(given))
    if "comment" in given.given and given.get("comment") is not False:
        yield _one(parts.comment("COLUMN", f"{given.table}.{name}", given.get("comment")))
    if given.get("new_column_name", "name") is not None:
        new = identifier(given.get("new_column_name", "name"), "the new name")
        yield _one(f"ALTER TABLE {given.table} RENAME {name} TO {new}")


def _existing(given: Arguments) -> str:
    try:
        return type_name(given.get("existing_type")) if given.get("existing_type") is not None else ""
    except NotKnown:
        return ""


def _new_default(given: Arguments) -> str:
    value, existing = given.get("server_default"), given.get("existing_server_default")
    was_identity = parts.kind_of(existing) == "Identity"
    if parts.kind_of(value) == "Identity":
        clause = parts.generated(value)
        if not was_identity:
            return f" ADD{clause}"
        always = value.keywords.get("always") is True
        return f" SET GENERATED {'ALWAYS' if always else 'BY DEFAULT'}"
    if parts.kind_of(value) == "Computed":
        raise NotKnown("a computed column can't be altered")
    if value is None:
        return " DROP IDENTITY" if was_identity else " DROP DEFAULT"
    written = default(value)
    return f" SET DEFAULT {written}" if written is not None else " DROP DEFAULT"


def create_table(call: Made) -> Iterator[Statement]:
    """The types that it brings, CREATE TABLE, its indexes and comments."""
    given = Arguments(call, ("table_name",))
    table = given.table
    bare = known(given.get("table_name", "name"), "the table")
    elements = [one for one in given.rest if one is not None]
    read: list[Column] = []
    missed: list[Statement] = []
    constraints: list[tuple[str, Span]] = []
    keyed: set[str] = set()
    indexes: list[Made] = []
    for one in elements:
        try:
            if parts.is_column(one):
                read.append(parts.column(one))
            elif parts.kind_of(one) == "Index":
                indexes.append(one)
            elif isinstance(one, Made):
                constraints.append((parts.constraint(one), one.span))
                if parts.kind_of(one) == "PrimaryKeyConstraint":
                    keyed |= {str(name) for name in one.arguments if isinstance(name, Text)}
            else:
                raise NotKnown(why(one, "a part of the table"))  # noqa: TRY301
        except NotKnown as problem:
            missed.append(Unknown(bare, str(problem)))
    for made in read:
        if made.brings is not None:
            yield [Piece(create_enum(made.brings), made.span)]
    yield _table(given, table, read, constraints, keyed)
    for made in read:
        yield from (one for one in _of_column(made._replace(comment=None), table, bare, constraints=False))
    for one in indexes:
        yield [Piece(parts.index(one, table, name=one.arguments[0] if one.arguments else None), one.span)]
    if given.get("comment") is not None:
        yield _one(parts.comment("TABLE", table, given.get("comment")))
    for made in read:
        if made.comment is not None:
            yield [Piece(f"COMMENT ON COLUMN {table}.{quoted(made.name)} IS {string(made.comment)}", made.span)]
    yield from missed


def _table(
    given: Arguments, table: str, read: list[Column], constraints: list[tuple[str, Span]], keyed: set[str]
) -> list[Piece]:
    keys = [made for made in read if made.primary_key or made.name in keyed]
    lines: list[Piece] = []
    for made in read:
        shown = made._replace(nullable=False) if made in keys else made
        lines.append(Piece(parts.definition(shown, counts=parts.counts(made, keys)), made.span))
    if keys and not keyed:
        lines.append(Piece(f"PRIMARY KEY ({', '.join(quoted(made.name) for made in keys)})"))
    lines += [Piece(text, span) for text, span in constraints]
    for made in read:
        lines += [Piece(parts.foreign_key(one, made.name), one.span) for one in made.references]
        if made.unique and not made.indexed:
            lines.append(Piece(f"UNIQUE ({quoted(made.name)})", made.span))
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
    return [*pieces, Piece("\n)" + _table_options(given))]


def _table_options(given: Arguments) -> str:
    text = ""
    inherits = given.get("postgresql_inherits")
    if inherits is not None:
        text += f" INHERITS ({parts.names(inherits, 'the parents')})"
    if given.get("postgresql_partition_by") is not None:
        text += f" PARTITION BY {known(given.get('postgresql_partition_by'), 'the partition key')}"
    if given.get("postgresql_using") is not None:
        text += f" USING {known(given.get('postgresql_using'), 'the access method')}"
    options = given.get("postgresql_with")
    if isinstance(options, dict) and options:
        text += f" WITH ({', '.join(f'{key} = {value}' for key, value in options.items())})"
    if given.get("postgresql_tablespace") is not None:
        text += f" TABLESPACE {identifier(given.get('postgresql_tablespace'), 'the tablespace')}"
    return text


def drop_table(call: Made) -> Iterator[Statement]:
    """DROP TABLE."""
    given = Arguments(call, ("table_name",))
    exists = "IF EXISTS " if given.flag("if_exists") else ""
    yield _one(f"DROP TABLE {exists}{qualified(given.get('table_name', 'name'), given.get('schema'))}")


def rename_table(call: Made) -> Iterator[Statement]:
    """ALTER TABLE RENAME TO."""
    given = Arguments(call, ("old_table_name", "new_table_name"))
    old = qualified(given.get("old_table_name"), given.get("schema"))
    yield _one(f"ALTER TABLE {old} RENAME TO {identifier(given.get('new_table_name'), 'the new name')}")


def create_index(call: Made) -> Iterator[Statement]:
    """CREATE INDEX."""
    given = Arguments(call, ("index_name", "table_name", "columns"))
    columns = given.get("columns")
    if isinstance(columns, Text):
        columns = [columns]
    name = given.get("index_name", "name")
    if name is None:
        raise NotKnown("the name of the index comes from a naming convention that is not known")
    yield _one(parts.index(call._replace(keywords=given.given), given.table, columns=columns, name=name))


def drop_index(call: Made) -> Iterator[Statement]:
    """DROP INDEX."""
    given = Arguments(call, ("index_name", "table_name"))
    words = "CONCURRENTLY " if given.flag("postgresql_concurrently") else ""
    words += "IF EXISTS " if given.flag("if_exists") else ""
    yield _one(f"DROP INDEX {words}{qualified(given.get('index_name', 'name'), given.get('schema'), 'the index')}")


def _named(given: Arguments) -> str:
    name = given.get("constraint_name", "name")
    return "" if name is None else f"CONSTRAINT {identifier(name, 'the name of the constraint')} "


def create_foreign_key(call: Made) -> Iterator[Statement]:
    """ALTER TABLE ADD FOREIGN KEY."""
    names = ("constraint_name", "source_table", "referent_table", "local_cols", "remote_cols")
    given = Arguments(call, names)
    referent = qualified(given.get("referent_table", "referent"), given.get("referent_schema"), "the referenced table")
    yield _one(
        f"ALTER TABLE {given.table} ADD {_named(given)}FOREIGN KEY({parts.names(given.get('local_cols'))}) "
        f"REFERENCES {referent} ({parts.names(given.get('remote_cols'))})"
        f"{parts.references(given.given)}{parts.attributes(given.given)}"
    )


def create_unique_constraint(call: Made) -> Iterator[Statement]:
    """ALTER TABLE ADD UNIQUE."""
    given = Arguments(call, ("constraint_name", "table_name", "columns"))
    distinct = " NULLS NOT DISTINCT" if given.flag("postgresql_nulls_not_distinct") else ""
    include = given.get("postgresql_include")
    rest = f" INCLUDE ({parts.names(include)})" if include else ""
    yield _one(
        f"ALTER TABLE {given.table} ADD {_named(given)}UNIQUE{distinct} ({parts.names(given.get('columns'))}){rest}"
        f"{parts.attributes(given.given)}"
    )


def create_primary_key(call: Made) -> Iterator[Statement]:
    """ALTER TABLE ADD PRIMARY KEY."""
    given = Arguments(call, ("constraint_name", "table_name", "columns"))
    yield _one(
        f"ALTER TABLE {given.table} ADD {_named(given)}PRIMARY KEY ({parts.names(given.get('columns', 'cols'))})"
    )


def create_check_constraint(call: Made) -> Iterator[Statement]:
    """ALTER TABLE ADD CHECK."""
    given = Arguments(call, ("constraint_name", "table_name", "condition"))
    yield _one(
        f"ALTER TABLE {given.table} ADD {_named(given)}CHECK ({condition(given.get('condition'))})"
        f"{parts.attributes(given.given)}"
    )


def create_exclude_constraint(call: Made) -> Iterator[Statement]:
    """ALTER TABLE ADD EXCLUDE."""
    given = Arguments(call, ("constraint_name", "table_name"))
    clause = parts.exclusion(call._replace(arguments=given.rest))
    yield _one(f"ALTER TABLE {given.table} ADD {_named(given)}{clause}{parts.attributes(given.given)}")


def drop_constraint(call: Made) -> Iterator[Statement]:
    """ALTER TABLE DROP CONSTRAINT."""
    given = Arguments(call, ("constraint_name", "table_name", "type_"))
    name = given.get("constraint_name", "name")
    if name is None:
        raise NotKnown("the name of the constraint comes from a naming convention that is not known")
    exists = "IF EXISTS " if given.flag("if_exists") else ""
    yield _one(f"ALTER TABLE {given.table} DROP CONSTRAINT {exists}{identifier(name, 'the constraint')}")


def create_table_comment(call: Made) -> Iterator[Statement]:
    """COMMENT ON TABLE."""
    given = Arguments(call, ("table_name", "comment"))
    yield _one(parts.comment("TABLE", given.table, given.get("comment")))


def drop_table_comment(call: Made) -> Iterator[Statement]:
    """COMMENT ON TABLE IS NULL."""
    yield _one(parts.comment("TABLE", Arguments(call, ("table_name",)).table, None))


def bulk_insert(call: Made) -> Iterator[Statement]:
    """One INSERT for the rows that are known, with the columns of the first."""
    from safecol.frontends.alembic.statements import insertion

    given = Arguments(call, ("table", "rows"))
    yield from insertion(given.get("table"), given.get("rows"))


OPERATIONS: dict[str, Callable[[Made], Iterator[Statement]]] = {
    "add_column": add_column,
    "drop_column": drop_column,
    "alter_column": alter_column,
    "create_table": create_table,
    "drop_table": drop_table,
    "rename_table": rename_table,
    "create_index": create_index,
    "drop_index": drop_index,
    "create_foreign_key": create_foreign_key,
    "create_unique_constraint": create_unique_constraint,
    "create_primary_key": create_primary_key,
    "create_check_constraint": create_check_constraint,
    "create_exclude_constraint": create_exclude_constraint,
    "drop_constraint": drop_constraint,
    "create_table_comment": create_table_comment,
    "drop_table_comment": drop_table_comment,
    "bulk_insert": bulk_insert,
    "sync_enum_values": enums.sync_enum_values,
}
_TABLE_SECOND = frozenset(
    {
        "create_index", "drop_index", "create_foreign_key", "create_unique_constraint", "create_primary_key",
        "create_check_constraint", "create_exclude_constraint", "drop_constraint",
    }
)  # fmt: skip


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
