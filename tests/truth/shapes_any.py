"""A world comes in; a change of a column, table or other object goes out, one function a rule."""

from collections.abc import Callable

from .shapes import World
from .spellings import folded

_TYPES = (
    ("integer", "bigint", "5", "{c} > -1"),
    ("text", "varchar(50)", "'it''s'", "length({c}) < 99"),
    ("integer", "numeric(12,2)", "7", "{c} > -1"),
    ("varchar(90)", "text[] USING ARRAY[{c}]", "", ""),
    ("text", "jsonb USING to_jsonb({c} :: text)", "", ""),
    ("integer", "text USING ({c} || ';it''s')", "", ""),
    ("timestamp", "date", "now()", ""),
    ("text", "mood USING 'ok'::mood", "", ""),
    ("integer", "double precision", "0", ""),
    ("text", 'varchar( 50 ) COLLATE "C" USING left({c}, 50)', "", ""),
    ("integer", "amount USING {c}::amount", "", ""),
    ("date", "timestamp without time zone", "CURRENT_DATE", ""),
    ("smallint[]", "bigint[]", "", ""),
    ("mood", "text", "'ok'", ""),
    ("amount", "text", "", ""),
    ('text COLLATE "C"', "bytea USING convert_to({c}, 'UTF8')", "", ""),
    ("numeric(12, 2)[]", "text[]", "", ""),
    ("timestamp (3) with time zone", "date", "", ""),
    ("character varying(7)", "int USING length({c})", "", ""),
    ("bit varying(9)", "text", "", ""),
    ("interval hour to minute", "text", "", ""),
)


def _type_change(world: World) -> str:
    before, after, default, check = world.chosen.choice(_TYPES)
    column, other = world.name("amount"), world.name("note")
    if "mood" in after + before:
        world.setup.append("CREATE TYPE mood AS ENUM ('ok', 'sad')")
    if "amount" in (after.split()[0], before):
        world.setup.append("CREATE DOMAIN amount AS bigint CHECK (VALUE > -100)")
    table = world.table("orders", f"{column} {before}, {other} text")
    _dress_column(world, table, column, default, check, "rewriting-type-change")
    world.clash(table, column, world.pick("copy", "new", "old"))
    bare = table.removeprefix(world.schema)
    if "USING" not in after and world.maybe(0.3):
        after = f"{after} USING {world.pick(bare + '.', '')}{{c}}::{after.split(' COLLATE')[0]}"
    word = world.pick("TYPE", "SET DATA TYPE", "type")
    return world.alter(table, f"ALTER {world.pick('COLUMN ', '')}{column} {word} {after.format(c=column)}")


def _rebuilding(world: World) -> str:
    column, other = world.name("email"), world.name("note")
    table = world.table("orders", f"{column} text, {other} text")
    index = world.name("orders_email")
    unique = world.pick("", "UNIQUE ")
    world.setup.append(f"CREATE {unique}INDEX {index} ON {table} ({column})")
    world.gates["index-rebuilding-type-change"] = (
        (f"CREATE {unique}INDEX CONCURRENTLY by_hand_2 ON {table} (%NEW%)",),
        (f"DROP INDEX {world.schema}{index}", f"ALTER INDEX {world.schema}by_hand_2 RENAME TO {index}"),
    )
    return world.alter(table, f'ALTER COLUMN {column} TYPE text COLLATE "C"')


def _dress_column(
    world: World, table: str, column: str, default: str, check: str, rule: str, new: str = "%NEW%"
) -> None:
    """Give the column what its successor has to have too, and tell what the reader does at the two gates."""
    first: list[str] = []
    last: list[str] = []
    late: list[str] = []
    if default and world.maybe(0.4):
        world.setup.append(f"ALTER TABLE {table} ALTER COLUMN {column} SET DEFAULT {default}")
        (late if rule == "column-rename" else first).append(
            f"ALTER TABLE {table} ALTER COLUMN {new} SET DEFAULT {default}"
        )
    if world.maybe(0.3):
        world.setup.append(f"ALTER TABLE {table} ALTER COLUMN {column} SET NOT NULL")
        first.append(f"ALTER TABLE {table} ALTER COLUMN {new} SET NOT NULL")
    if world.maybe(0.3):
        index = world.name("orders_idx")
        world.setup.append(f"CREATE INDEX {index} ON {table} ({column})")
        first.append(f"CREATE INDEX by_hand ON {table} ({new})")
        last += [f"DROP INDEX {world.schema}{index}", f"ALTER INDEX {world.schema}by_hand RENAME TO {index}"]
    if check and world.maybe(0.3):
        name = world.name("orders_ok")
        world.setup.append(f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({check.format(c=column)})")
        first.append(f"ALTER TABLE {table} ADD CONSTRAINT by_hand CHECK ({check.format(c=new)})")
        last += [
            f"ALTER TABLE {table} DROP CONSTRAINT {name}",
            f"ALTER TABLE {table} RENAME CONSTRAINT by_hand TO {name}",
        ]
    world.gates[rule] = (tuple(first), (*last, *late))


def _trigger(world: World, table: str) -> None:
    """A trigger that is there already, sometimes under the name that a stage would take."""
    function = f"{world.schema}by_hand_trigger()"
    world.setup.append(f"CREATE FUNCTION {function} RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'")
    bare = folded(table.removeprefix(world.schema))
    for clash in ("orders_amount_copy", "orders_email_copy"):
        if bare.startswith("orders"):
            world.setup.append(
                f"CREATE TRIGGER {clash} BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION {function}"
            )


def _rename_column(world: World) -> str:
    before, _, default, check = world.chosen.choice(_TYPES)
    column, other = world.name("email"), world.name("note")
    if before == "mood":
        world.setup.append("CREATE TYPE mood AS ENUM ('ok', 'sad')")
    if before == "amount":
        world.setup.append("CREATE DOMAIN amount AS bigint")
    table = world.table("orders", f"{column} {before}, {other} text")
    new = world.name("address")
    _dress_column(world, table, column, default, check, "column-rename", new)
    if world.maybe(0.2):
        _trigger(world, table)
    world.clash(table, column, "copy")
    return world.alter(table, f"RENAME {world.pick('COLUMN ', '')}{column} TO {new}")


def _generated(world: World) -> str:
    column, other = world.name("email"), world.name("amount")
    table = world.table("orders", f"{column} text, {other} integer")
    new = world.name("total")
    world.clash(table, new, "fill")
    kind, inner = world.chosen.choice(
        (
            ("integer", f"{other} * 2"),
            ("text", f"{column} || 'it''s;'"),
            ("varchar(40)", f"left(lower({column}), 30)"),
            ("boolean", f"({other} > 1) OR {column} IS NULL"),
            ("text", f"coalesce({column}, $q$;$q$)"),
        )
    )
    return world.alter(table, f"ADD COLUMN {new} {kind} GENERATED ALWAYS AS ({inner}) STORED")


def _key_column(world: World) -> str:
    column = world.name("email")
    table = world.table("orders", f"{column} text")
    new = world.name("id")
    kind = world.pick(
        "serial", "bigserial", "SERIAL NOT NULL", "smallserial", "bigint GENERATED ALWAYS AS IDENTITY",
        "bigint GENERATED BY DEFAULT AS IDENTITY (INCREMENT BY 2 START WITH 7)",
        "integer NOT NULL GENERATED ALWAYS AS IDENTITY", "int GENERATED ALWAYS AS IDENTITY (START 100 CACHE 5)",
        "int GENERATED BY DEFAULT AS IDENTITY NOT NULL", "smallint GENERATED ALWAYS AS IDENTITY",
    )  # fmt: skip
    key = world.pick("", "", "", " PRIMARY KEY", " UNIQUE")
    world.clash(table, new, world.pick("fill", "seq", "present"))
    return world.alter(table, f"ADD {world.pick('COLUMN ', '')}{new} {kind}{key}")


def _volatile(world: World) -> str:
    column = world.name("email")
    table = world.table("orders", f"{column} text", kinds=("plain", "plain", "child", "parent"))
    function = world.relation("make_it")
    world.setup.append(f"CREATE FUNCTION {function}() RETURNS text LANGUAGE plpgsql AS 'BEGIN RETURN ''x;''; END'")
    new = world.name("token")
    world.clash(table, new, "present")
    default = world.pick(f"{function}()", f"({function}() || 'it''s;')::text", f"coalesce({function}(), $$a$$)")
    users = world.relation("users")
    world.setup.append(f"CREATE TABLE {users} (id text PRIMARY KEY)")
    world.rows.append(f"INSERT INTO {users} VALUES ('x'), ('x;'), ('x;it''s;'), ('a')")
    rest = world.pick(
        "", " NOT NULL", " NULL", f" CHECK ({new} <> '')", f" CHECK ({new} <> '') REFERENCES {users} DEFERRABLE",
        f" REFERENCES {users} (id) ON DELETE SET DEFAULT CONSTRAINT {world.name('full')} CHECK ({new} <> $$;$$)",
    )  # fmt: skip
    kind = world.pick("text", "varchar(60)", 'text COLLATE "C"')
    order = world.pick(f"DEFAULT {default}{rest}", f"NOT NULL DEFAULT {default}")
    exists = world.pick("", "", "IF NOT EXISTS ")
    return world.alter(table, f"ADD COLUMN {exists}{new} {kind} {order}")


def _required(world: World) -> str:
    column = world.name("email")
    table = world.table("orders", f"{column} text", kinds=("plain", "plain", "child", "parent"))
    new = world.name("state")
    kind, value = world.chosen.choice(
        (("text", "'x'"), ("numeric(5,2)", "1"), ("varchar(9)", "'a'"), ('text COLLATE "C"', "'a'"),
         ("timestamp with time zone", "'2026-01-01'"), ("int[]", "'{1}'"), ("double precision", "1"))
    )  # fmt: skip
    world.clash(table, new, "present")
    world.gates["required-column"] = ((), (f"UPDATE {table} SET {new} = {value}",))
    rest = world.pick("", "", f" CHECK ({new} IS NOT NULL)")
    return world.alter(table, f"ADD COLUMN {new} {kind} {world.pick('NOT NULL', 'not null')}{rest}")


def _drop_column(world: World) -> str:
    column, other = world.name("email"), world.name("note")
    table = world.table("orders", f"{column} text, {other} text", kinds=("plain", "child", "parent"))
    if world.maybe():
        world.setup.append(f"CREATE INDEX ON {table} ({column}, {other})")
    end = world.pick("", "", " CASCADE", " RESTRICT")
    clauses = [f"DROP {world.pick('COLUMN ', '')}{world.pick('', 'IF EXISTS ')}{column}{end}"]
    if world.maybe(0.2):
        clauses.append(f"DROP COLUMN {other}")
    return world.alter(table, *clauses)


def _drop_default(world: World) -> str:
    column = world.name("email")
    table = world.table("orders", f"{column} text NOT NULL DEFAULT 'x'")
    return world.alter(table, f"ALTER {column} DROP DEFAULT")


def _drop_table(world: World) -> str:
    table = world.table("orders", f"{world.name('email')} text", kinds=("plain", "child", "partition"))
    world.clash(table, "", "unused")
    return f"DROP TABLE {world.pick('', 'IF EXISTS ')}{table}{world.pick('', ' CASCADE', ' RESTRICT')}"


def _rename_table(world: World) -> str:
    table = world.table(
        "orders",
        f"{world.name('email')} text, {world.name('note')} text",
        kinds=("plain", "child", "parent", "partition"),
    )
    return world.alter(table, f"RENAME TO {world.name('accounts')}")


def _empty_table(world: World) -> str:
    table = world.table("orders", f"{world.name('email')} text", kinds=("plain", "child", "parent", "partition"))
    return world.pick(f"DELETE FROM {table}", f"DELETE FROM ONLY {table}", f"DELETE FROM {table} AS x")


def _truncate(world: World) -> str:
    table = world.table("orders", f"{world.name('email')} text", kinds=("plain", "child", "parent", "partition"))
    other = world.table("notes", f"{world.name('email')} text")
    return (
        f"TRUNCATE {world.pick('', 'TABLE ')}{world.pick('', 'ONLY ')}{table}{world.pick('', ' CASCADE', f', {other}')}"
    )


def _drop_view(world: World) -> str:
    table = world.table("orders", f"{world.name('email')} text")
    view = world.relation("recent")
    kind = world.pick("VIEW", "MATERIALIZED VIEW")
    world.setup.append(f"CREATE {kind} {view} AS SELECT * FROM {table}")
    return f"DROP {kind} {world.pick('', 'IF EXISTS ')}{view}{world.pick('', ' CASCADE')}"


def _refresh(world: World) -> str:
    column = world.name("email")
    table = world.table("orders", f"{column} text")
    view = world.relation("recent")
    world.setup.append(f"CREATE MATERIALIZED VIEW {view} AS SELECT * FROM {table}")
    world.setup.append(f"CREATE UNIQUE INDEX ON {view} ({column})")
    return f"REFRESH MATERIALIZED VIEW {view}{world.pick('', ' WITH DATA')}"


def _drop_object(world: World) -> str:
    name = world.relation("thing")
    kind, made = world.chosen.choice(
        (("TYPE", f"CREATE TYPE {name} AS ENUM ('a')"), ("DOMAIN", f"CREATE DOMAIN {name} AS text"),
         ("SEQUENCE", f"CREATE SEQUENCE {name}"),
         ("FUNCTION", f"CREATE FUNCTION {name}(a int, b text) RETURNS int LANGUAGE sql AS 'SELECT 1'"),
         ("SCHEMA", ""))
    )  # fmt: skip
    if kind == "SCHEMA":
        name = world.name("legacy")
        made = f"CREATE SCHEMA {name}"
    world.setup.append(made)
    arguments = "(int, text)" if kind == "FUNCTION" and world.maybe() else ""
    return f"DROP {kind} {world.pick('', 'IF EXISTS ')}{name}{arguments}{world.pick('', ' CASCADE', ' RESTRICT')}"


MAKERS: dict[str, Callable[[World], str]] = {
    "rewriting-type-change": _type_change,
    "index-rebuilding-type-change": _rebuilding,
    "column-rename": _rename_column,
    "rewriting-generated-column": _generated,
    "rewriting-key-column": _key_column,
    "volatile-default": _volatile,
    "required-column": _required,
    "column-drop": _drop_column,
    "dropped-default": _drop_default,
    "table-drop": _drop_table,
    "table-rename": _rename_table,
    "unfiltered-delete": _empty_table,
    "truncation": _truncate,
    "view-drop": _drop_view,
    "blocking-view-refresh": _refresh,
    "object-drop": _drop_object,
}
