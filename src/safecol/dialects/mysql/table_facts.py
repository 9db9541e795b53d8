"""What of a table decides how the server changes it: context in, facts out."""

from safecol.context import Context
from safecol.fold import Rest
from safecol.operations import ConstraintDefinition, Operation
from safecol.schema import Index, Table
from safecol.trace import Fact

Facts = dict[str, Fact]

_TRANSACTIONAL = frozenset({"innodb", "xtradb"})


def of_table(context: Context, operation: Operation, key: str, rest: Rest, found: Facts) -> None:
    """Facts of the table that an operation changes; what was never seen is taken for an ordinary InnoDB table."""
    table = context.schema.tables.get(key)
    options = dict(table.options) if table is not None else {}
    engine = options.get("engine", "innodb").lower()
    found["engine"] = "innodb" if engine in _TRANSACTIONAL else engine
    found["other_engine"] = engine not in _TRANSACTIONAL
    found["partitioned"] = table is not None and table.kind == "partitioned"
    found["temporary"] = table is not None and table.persistence == "temporary"
    row_format = options.get("row-format", "").lower()
    found["row_format"] = row_format or ("compressed" if _number(options.get("key-block-size")) else "dynamic")
    indexes = context.schema.indexes_of(key)
    gone = leaving(context, rest, key)
    found["has_fulltext"] = any(_is(index, "fulltext") and index.name not in gone for index in indexes)
    found["hidden_document_id"] = "hidden-document-id" in options
    found["has_spatial"] = any(_is(index, "spatial") and index.name not in gone for index in indexes)
    found["indexed_virtual"] = any(_on_virtual(table, index) and index.name not in gone for index in indexes)
    found["instant_columns"] = not (
        found["row_format"] == "compressed"
        or found["has_fulltext"]
        or found["hidden_document_id"]
        or found["indexed_virtual"]
        or found["other_engine"]
    )
    found["system_versioned"] = "system-versioned" in options
    found["foreign_key_checks"] = context.setting("foreign_key_checks") != "0"
    found["strict"] = _strict(context)
    found["cascades"] = table is not None and any(
        item.definition.kind == "foreign-key"
        and {(item.definition.on_delete or "").lower(), (item.definition.on_update or "").lower()}
        & {"cascade", "set null", "set default"}
        for item in table.constraints.values()
    )
    found["online_tool"] = _tool(context, key, table, operation)
    keyed = table is not None and any(item.definition.kind == "primary-key" for item in table.constraints.values())
    found["spirit"] = context.dialect == "mysql" and context.version >= 80_000 and keyed
    _ways(context, found)


def _tool(context: Context, key: str, table: Table | None, operation: Operation) -> str | None:
    """The online schema change tool that takes this table; None where each would refuse it."""
    definition = operation.definition
    if isinstance(definition, ConstraintDefinition) and definition.kind == "foreign-key":
        return None
    triggers = (item.name for item in context.schema.dependents.get(key, ()) if item.kind == "trigger")
    if any(context.schema.used_by.get(name, ())[:1] == (key,) for name in triggers):
        return None
    if (
        table is not None
        and table.complete
        and not any(
            index.definition.unique
            and all(
                element.column in table.columns and table.columns[element.column].nullable is False
                for element in index.definition.elements
            )
            for index in context.schema.indexes_of(key)
        )
    ):
        return None
    own = table is not None and any(item.definition.kind == "foreign-key" for item in table.constraints.values())
    return "pt-online-schema-change" if own or context.schema.referencing(key) else "gh-ost"


def _number(text: str | None) -> int:
    return int(text) if text and text.isdigit() else 0


def _is(index: Index, method: str) -> bool:
    return index.definition.method == method


def _on_virtual(table: Table | None, index: Index) -> bool:
    if table is None:
        return False
    names = {element.column for element in index.definition.elements}
    return any(column.generated == "virtual" for name, column in table.columns.items() if name in names)


def leaving(context: Context, rest: Rest, key: str) -> set[str]:
    """The indexes of a table that the same statement drops, by themselves or with all their columns."""
    from safecol.dialects.mysql.key_history import index_key

    named = {index_key(key, other.value or "") for other in rest.operations if other.kind == "drop-index"}
    constraints = {other.value for other in rest.operations if other.kind == "drop-constraint"}
    columns = {other.column for other in rest.operations if other.kind == "drop-column"}
    return {
        index.name
        for index in context.schema.indexes_of(key)
        if index.name in named
        or (index.constraint is not None and index.constraint in constraints)
        or {element.column for element in index.definition.elements} <= columns
    }


def _strict(context: Context) -> bool:
    """Whether values that don't fit are refused: the default since MySQL 5.7 and MariaDB 10.2.4."""
    mode = context.setting("sql_mode")
    if mode is None or mode.lower() == "default" or mode.startswith("@"):
        return context.dialect == "mysql" or context.version >= 100_204
    return "strict" in mode.lower() or "traditional" in mode.lower()


def _ways(context: Context, found: Facts) -> None:
    """How this table is rebuilt in place, and who waits meanwhile, or while it is copied."""
    spoilt = found["has_fulltext"] is True
    if context.dialect == "mysql":
        found["rebuilding"] = "COPY" if spoilt or found["other_engine"] is True else "INPLACE"
        found["rebuilding_lock"] = "SHARED" if spoilt or found["has_spatial"] is True else "NONE"
    else:
        waits = spoilt or found["has_spatial"] is True or found["indexed_virtual"] is True
        found["rebuilding"] = "COPY" if found["other_engine"] is True else "INPLACE"
        found["rebuilding_lock"] = "SHARED" if waits else "NONE"
    online = context.dialect == "mariadb" and context.version >= 110_200
    refused = found["cascades"] is True or found["other_engine"] is True
    found["copying_lock"] = "NONE" if online and not refused else "SHARED"
    # Measured on 11.8: writes go on while MyISAM and Aria are copied, but only where LOCK=NONE asks for it.
    found["online_when_asked"] = online and found["cascades"] is not True
    if found["other_engine"] is True:
        found["rebuilding_lock"] = "SHARED"
