"""Transactions, PRAGMA, ATTACH and upkeep: a cursor comes in, operations go out."""

from safecol.frontends.sqlite.cursor import Cursor
from safecol.frontends.sqlite.expressions import expression
from safecol.frontends.sqlite.scopes import Reading, Scope
from safecol.operations import NO_FLAGS, Operation

# What only tells something, or does something once, whatever stands behind the name.
_NO_SETTINGS = frozenset(
    {
        "application_id_list", "collation_list", "compile_options", "database_list", "foreign_key_check",
        "foreign_key_list", "function_list", "incremental_vacuum", "index_info", "index_list", "index_xinfo",
        "integrity_check", "module_list", "optimize", "pragma_list", "quick_check", "shrink_memory", "stats",
        "table_info", "table_list", "table_xinfo", "wal_checkpoint", "data_version", "freelist_count", "page_count",
    }
)  # fmt: skip


def transaction(cursor: Cursor) -> list[Operation]:
    """BEGIN, COMMIT, END, ROLLBACK, SAVEPOINT and RELEASE."""
    word = cursor.next().word
    value = None
    options: tuple[tuple[str, str], ...] = ()
    if word == "BEGIN":
        mode = cursor.one_of("DEFERRED", "IMMEDIATE", "EXCLUSIVE", "CONCURRENT")
        options = (("mode", mode.lower()),) if mode else ()
        if cursor.take("TRANSACTION") and cursor.is_name():
            cursor.name()
        kind = "begin"
    elif word in {"COMMIT", "END"}:
        if cursor.take("TRANSACTION") and cursor.is_name():
            cursor.name()
        kind = "commit"
    elif word == "ROLLBACK":
        if cursor.take("TRANSACTION") and cursor.is_name() and not cursor.sees("TO"):
            cursor.name()
        kind = "rollback"
        if cursor.take("TO"):
            cursor.take("SAVEPOINT")
            kind, value = "rollback-to", cursor.name()
    elif word == "RELEASE":
        cursor.take("SAVEPOINT")
        kind, value = "release", cursor.name()
    else:
        kind, value = "savepoint", cursor.name()
    return [Operation(kind, cursor.since(0), object="transaction", value=value, options=options)]


def pragma(cursor: Cursor) -> list[Operation]:
    """PRAGMA name, name = value and name(value); a setting where it changes one."""
    cursor.need("PRAGMA")
    name = cursor.relation().name
    value = None
    if cursor.take("="):
        value = _value(cursor)
    elif cursor.take("("):
        value = _value(cursor)
        cursor.need(")")
    base = Operation("select", cursor.since(0), object="setting", new_name=name, value=value)
    return [base if value is None or name in _NO_SETTINGS else base._replace(kind="set")]


def _value(cursor: Cursor) -> str:
    sign = cursor.one_of("-", "+")
    token = cursor.next()
    if token.kind in {"quoted", "string"}:
        return token.text[1:-1]
    return (sign if sign == "-" else "") + token.text


def attach(cursor: Cursor) -> list[Operation]:
    """ATTACH and DETACH: other files under a name of their own."""
    word = cursor.next().word
    cursor.take("DATABASE")
    if word == "ATTACH":
        expression(cursor, Scope(Reading()))
        cursor.need("AS")
    value = cursor.name() if cursor.peek().kind != "parameter" else cursor.next().text
    if cursor.take("KEY"):
        expression(cursor, Scope(Reading()))
    kind = "create-database" if word == "ATTACH" else "drop-database"
    return [Operation(kind, cursor.since(0), object="database", value=value, options=(("action", word.lower()),))]


def vacuum(cursor: Cursor) -> list[Operation]:
    """VACUUM builds the whole file anew; INTO writes another one."""
    cursor.need("VACUUM")
    if cursor.is_name() and not cursor.sees("INTO"):
        cursor.name()
    into = cursor.take("INTO")
    if into:
        expression(cursor, Scope(Reading()))
    options = (("into", "true"),) if into else ()
    return [Operation("vacuum-full", cursor.since(0), object="database", options=options)]


def upkeep(cursor: Cursor) -> list[Operation]:
    """ANALYZE and REINDEX, of one table or index or of all."""
    word = cursor.next().word
    relation = cursor.relation() if not cursor.done() else None
    flags = NO_FLAGS if relation else frozenset({"whole-database"})
    kind = "analyze" if word == "ANALYZE" else "reindex"
    return [Operation(kind, cursor.since(0), relation, object="table", flags=flags)]
