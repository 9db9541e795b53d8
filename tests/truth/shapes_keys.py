"""A world comes in; a change of an index, key or constraint goes out, one function a rule."""

from collections.abc import Callable

from .shapes import World
from .spellings import folded

_PREDICATES = ("{c} <> 'it''s; x'", "{c} IS NOT NULL", "lower({c}) <> $q$a'b;c$q$", "{c} NOT LIKE '%;--x'")


def _on(world: World, table: str, columns: list[str]) -> tuple[str, str]:
    """The columns of an index and what comes behind them."""
    first, second = columns[0], columns[1]
    ways = (
        f"{first}",
        f"{first}, {second}",
        f"{first} DESC NULLS LAST, {second} ASC",
        f"lower({first}), {second}",
        f"(coalesce({first}, 'a;''b')) , {second}",
        f'{first} COLLATE "C" text_pattern_ops',
        f"{first} text_pattern_ops DESC",
        f'({first} || {second}::text) COLLATE "C"',
    )
    using = world.pick("", "", "", " USING btree", " USING hash", " using BTREE")
    inner = first if "hash" in using else world.pick(*ways)
    rest = ""
    if "hash" not in using and world.maybe(0.3):
        rest += f" INCLUDE ({columns[2]})"
    if world.maybe(0.2):
        rest += " WITH (fillfactor = 70)"
    if world.maybe(0.3):
        rest += f" WHERE {world.pick(*_PREDICATES).format(c=first)}"
    return f"ON {world.pick('', '', 'ONLY ') if 'ONLY' not in table else ''}{table}{using} ({inner})", rest


def _columns(world: World) -> tuple[list[str], str]:
    columns = [world.name("email"), world.name("user_id"), world.name("note")]
    return columns, f"{columns[0]} text, {columns[1]} bigint, {columns[2]} varchar(40)"


def _index(world: World) -> str:
    columns, defined = _columns(world)
    table = world.table("orders", defined, kinds=("plain", "plain", "plain", "child", "partition"))
    on, rest = _on(world, table, columns)
    unique = "UNIQUE " if "hash" not in on and "lower" not in on and world.maybe(0.4) else ""
    if unique and world.maybe(0.2):
        world.since = 15
        rest = (
            rest.replace(" WITH", " NULLS NOT DISTINCT WITH", 1)
            if "WITH" in rest
            else (
                rest.replace(" WHERE", " NULLS NOT DISTINCT WHERE", 1)
                if "WHERE" in rest
                else rest + " NULLS NOT DISTINCT"
            )
        )
    name = world.pick("", "x", "IF NOT EXISTS x")
    name = name.replace("x", world.name("orders_email_idx")) + " " if name else ""
    if world.maybe(0.2) and not name:
        world.setup.append(f"CREATE INDEX ON {table} ({columns[0]})")
    return f"{world.pick('CREATE', 'create')} {unique}INDEX {name}{on}{rest}"


def _invalid_index(world: World) -> str:
    columns, defined = _columns(world)
    table = world.table("orders", defined)
    on, rest = _on(world, table, columns)
    return f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {world.name('orders_idx')} {on}{rest}"


def _drop_index(world: World) -> str:
    columns, defined = _columns(world)
    table = world.table("orders", defined, kinds=("plain", "plain", "child", "partition"))
    names = [world.name("orders_email_idx") for _ in range(world.chosen.choice((1, 1, 2)))]
    for name, column in zip(names, columns, strict=False):
        world.setup.append(f"CREATE INDEX {name} ON {table} ({column})")
    exists = world.pick("", "IF EXISTS ")
    listed = ", ".join(world.schema + name for name in names)
    return f"DROP INDEX {exists}{listed}{world.pick('', ' RESTRICT', ' CASCADE')}"


def _reindex(world: World) -> str:
    columns, defined = _columns(world)
    table = world.table("orders", defined, kinds=("plain", "child", "partition"))
    name = world.name("orders_email_idx")
    world.setup.append(f"CREATE INDEX {name} ON {table} ({columns[0]})")
    options = world.pick("", "", "(VERBOSE) ")
    return world.pick(f"REINDEX {options}TABLE {table}", f"REINDEX {options}INDEX {world.schema}{name}")


def _partitioned_index(world: World) -> str:
    columns, defined = _columns(world)
    table = world.relation("events")
    world.setup.append(f"CREATE TABLE {table} ({defined}) PARTITION BY RANGE ({columns[1]})")
    part = world.relation("events_p")
    world.setup.append(f"CREATE TABLE {part} PARTITION OF {table} FOR VALUES FROM (0) TO (100000)")
    on, rest = _on(world, table, columns)
    on = on.replace("ON ONLY", "ON")
    if world.maybe(0.5):
        name = world.name("events_kind_idx")
        # The server proposes a name of its own for the partition's index: it is the reader's to choose.
        inner = "part_idx_by_hand"
        built = f"CREATE INDEX CONCURRENTLY {inner} {on.replace(table, part, 1)}{rest}"
        world.gates["partitioned-index-creation"] = (
            (built, f"ALTER INDEX {world.schema}{name} ATTACH PARTITION {world.schema}{inner}"),
        )
        return f"CREATE INDEX {name} {on}{rest}"
    return f"CREATE INDEX {on}{rest}"


def _key_options(world: World, include: str) -> str:
    options = ""
    if world.maybe(0.25):
        options += f" INCLUDE ({include})"
    if world.maybe(0.2):
        options += " WITH (fillfactor = 80)"
    if world.maybe(0.2):
        options += " USING INDEX TABLESPACE pg_default"
    if world.maybe(0.25):
        options += world.pick(" DEFERRABLE", " DEFERRABLE INITIALLY DEFERRED", " INITIALLY IMMEDIATE NOT DEFERRABLE")
    return options


def _unique(world: World) -> str:
    columns, defined = _columns(world)
    table = world.table("orders", defined, kinds=("plain", "plain", "child", "parent", "partition"))
    key = world.pick(columns[0], f"{columns[0]}, {columns[1]}", f"{columns[1]} , {columns[0]}")
    only = world.pick("UNIQUE", "unique")
    if world.maybe(0.2):
        only, world.since = "UNIQUE NULLS NOT DISTINCT", 15
    if world.maybe(0.2):
        world.setup.append(f"CREATE INDEX {world.name('orders_email_key')} ON {table} ({columns[0]})")
    return world.alter(table, f"ADD {world.named('orders_email_key')}{only} ({key}){_key_options(world, columns[2])}")


def _unique_column(world: World) -> str:
    _, defined = _columns(world)
    table = world.table("orders", defined)
    column = world.name("slug")
    rest = world.pick("", " NULL", " CHECK (true)", ' COLLATE "C"')
    other = world.pick("", " DEFERRABLE INITIALLY DEFERRED", " WITH (fillfactor = 80)")
    exists = world.pick("", "", "IF NOT EXISTS ")
    kind = world.pick("text", "varchar( 40 )")
    world.clash(table, column, "key", "check")
    return world.alter(table, f"ADD COLUMN {exists}{column} {kind}{rest} {world.named('slug_key')}UNIQUE{other}")


def _primary_key(world: World) -> str:
    columns, _ = _columns(world)
    null = [world.pick("", " NOT NULL") for _ in columns]
    table = world.table(
        "orders",
        f"{columns[0]} text{null[0]}, {columns[1]} bigint{null[1]}, {columns[2]} varchar(40)",
        kinds=("plain", "plain", "child", "parent", "partition"),
    )
    key = world.pick(columns[0], f"{columns[0]}, {columns[1]}", f"{columns[1]}, {columns[0]}")
    options = _key_options(world, columns[2])
    world.clash(table, "_".join(folded(each) for each in key.split(", ")), "present")
    return world.alter(table, f"ADD {world.named('orders_pkey')}PRIMARY KEY ({key}){options}")


def _foreign_key(world: World) -> str:
    columns, _ = _columns(world)
    users = world.relation("users")
    ids = [world.name("id"), world.name("tenant")]
    wide = world.maybe(0.3)
    key = ", ".join(ids[: 1 + wide])
    world.setup.append(
        f"CREATE TABLE {users} ({ids[0]} bigint, {ids[1]} bigint, {world.pick('PRIMARY KEY', 'UNIQUE')} ({key}))"
    )
    if world.maybe(0.15):  # itself
        table = users
        own = ids[: 1 + wide]
    else:
        table = world.table(
            "orders",
            f"{columns[0]} bigint, {columns[1]} bigint, {columns[2]} varchar(40)",
            kinds=("plain", "plain", "child", "partition"),
        )
        own = columns[: 1 + wide]
    # Without columns the server takes the primary key.
    target = (
        f"{users} ({key})"
        if "UNIQUE" in world.setup[-1] or "UNIQUE" in " ".join(world.setup) or world.maybe()
        else users
    )
    match = world.pick("", "", " MATCH FULL", " MATCH SIMPLE")
    actions = world.pick("", " ON DELETE CASCADE", " ON DELETE SET NULL ON UPDATE CASCADE", " ON UPDATE NO ACTION")
    late = world.pick(
        "", "", " DEFERRABLE", " DEFERRABLE INITIALLY DEFERRED", " NOT DEFERRABLE", " INITIALLY IMMEDIATE"
    )
    named = world.named("orders_user_fk")
    return world.alter(table, f"ADD {named}FOREIGN KEY ({', '.join(own)}) REFERENCES {target}{match}{actions}{late}")


def _foreign_key_column(world: World) -> str:
    _, defined = _columns(world)
    table = world.table("orders", defined)
    users = world.relation("users")
    key = world.name("id")
    world.setup.append(f"CREATE TABLE {users} ({key} bigint PRIMARY KEY)")
    world.rows.append(f"INSERT INTO {users} VALUES (0) ON CONFLICT DO NOTHING")
    column = world.name("owner")
    default = world.pick("", "", " NULL", " DEFAULT 0", " DEFAULT 0 NOT NULL", " DEFAULT (1 - 1)::bigint")
    match = world.pick("", f" ({key})", f" ({key}) MATCH FULL ON DELETE CASCADE")
    late = world.pick("", " DEFERRABLE INITIALLY DEFERRED", " ON DELETE SET NULL")
    after = world.pick("", f" CHECK ({column} >= 0)")
    named = world.named("owner_fk")
    return world.alter(table, f"ADD COLUMN {column} bigint{default} {named}REFERENCES {users}{match}{late}{after}")


def _check(world: World) -> str:
    columns, defined = _columns(world)
    table = world.table("orders", defined, kinds=("plain", "plain", "child", "parent", "partition"))
    if world.maybe(0.2):
        world.setup.append(f"ALTER TABLE {table} ADD CHECK ({columns[1]} > -5)")
    inner = world.pick(
        f"{columns[0]} <> 'it''s; (x'",
        f"{columns[1]} > 0 AND {columns[0]} <> $$a;)$$",
        f"{columns[1]} > 0",
        f"{columns[0]} !~ E'^\\\\d\\'' OR {columns[1]} IN (1, 2)",
        f"length({columns[0]}) /* ) */ > 0",
        f"{columns[0]} = ANY ('{{a,b}}'::text[]) OR true",
        f"({columns[1]} IS NOT NULL) OR {columns[2]} IS NULL",
        f"{columns[1]} BETWEEN 0 AND 100000000 -- );\n",
    )
    return world.alter(table, f"ADD {world.named('orders_check')}CHECK ({inner}){world.pick('', '', ' NO INHERIT')}")


def _check_column(world: World) -> str:
    _, defined = _columns(world)
    table = world.table("orders", defined)
    column = world.name("state")
    default = world.pick(
        " NOT NULL DEFAULT 'it''s'", " DEFAULT 'a;b' NOT NULL", " DEFAULT $$x$$", "", " DEFAULT lower('A')"
    )
    after = world.pick("", " NULL") if "NOT NULL" not in default else ""
    word = world.pick("CHECK", "check")
    inner = world.pick(f"{column} <> ''", f"length({column}) > 0", f"{column} IN ('it''s', 'a;b', $$x$$, 'a')")
    return world.alter(table, f"ADD {column} text{default} {world.named('state_ok')}{word} ({inner}){after}")


def _not_null(world: World) -> str:
    columns, defined = _columns(world)
    table = world.table("orders", defined, kinds=("plain", "plain", "child", "parent", "partition"))
    if world.maybe(0.2):
        world.setup.append(
            f"ALTER TABLE {table} ADD CONSTRAINT {world.name('orders_email_not_null')} CHECK ({columns[1]} < 9999999)"
        )
    world.clash(table, columns[0], "not_null")
    clauses = [f"ALTER COLUMN {columns[0]} SET NOT NULL"]
    if world.maybe(0.4):
        clauses.append(world.pick(f"ALTER {columns[1]} SET NOT NULL", f"ALTER {columns[0]} SET DEFAULT 'x;'"))
    return world.alter(table, *clauses)


def _partition(world: World) -> str:
    column = world.name("day")
    kind, bounds = world.chosen.choice(
        (
            ("date", "FROM ('2026-01-01') TO ('2027-01-01')"),
            ("date", "FROM (DATE '2026-01-01') TO (DATE '2027-01-01')"),
            ("timestamptz", "FROM ('2026-01-01 00:00+00') TO ('2027-01-01 00:00+00')"),
            ("bigint", "FROM (0) TO (100000)"),
            ("bigint", "FROM (MINVALUE) TO (100000)"),
            ("numeric", "FROM (0) TO (MAXVALUE)"),
            ("text", "IN ('a;', 'it''s')"),
            ("text", "IN ('x')"),
            ("text", "FROM ('a') TO ('zz')"),
        )
    )
    whole = world.relation("events")
    way = "LIST" if bounds.startswith("IN") else "RANGE"
    defined = f"{column} {kind}, {world.name('note')} text"
    world.setup.append(f"CREATE TABLE {whole} ({defined}) PARTITION BY {way} ({column})")
    part = world.relation("events_2026")
    world.setup.append(f"CREATE TABLE {part} ({defined})")
    values = {
        "date": "date '2026-01-01' + g % 300", "timestamptz": "timestamptz '2026-01-01' + g * interval '1 min'",
        "bigint": "g", "numeric": "g", "text": "'x'" if "'x'" in bounds else "'a;'" if way == "LIST" else "'b' || g",
    }[kind]  # fmt: skip
    world.rows.append(f"INSERT INTO {part} ({column}) SELECT {values} FROM generate_series(1, 200) g")
    return world.alter(whole, f"ATTACH PARTITION {part} FOR VALUES {bounds}")


def _detach(world: World) -> str:
    world.since = 14
    column = world.name("day")
    whole, part = world.relation("events"), world.relation("events_2026")
    world.setup.append(f"CREATE TABLE {whole} ({column} bigint) PARTITION BY RANGE ({column})")
    world.setup.append(f"CREATE TABLE {part} PARTITION OF {whole} FOR VALUES FROM (0) TO (100000)")
    return world.alter(whole, f"DETACH PARTITION {part}")


def _drop_foreign_key(world: World) -> str:
    columns, defined = _columns(world)
    users = world.relation("users")
    world.setup.append(f"CREATE TABLE {users} (id bigint PRIMARY KEY)")
    table = world.table("orders", defined)
    name = world.name("orders_fk")
    world.setup.append(f"ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY ({columns[1]}) REFERENCES {users}")
    return world.alter(table, f"DROP CONSTRAINT {world.pick('', 'IF EXISTS ')}{name}{world.pick('', ' CASCADE')}")


def _validation(world: World) -> str:
    columns, defined = _columns(world)
    table = world.table("orders", defined)
    name = world.name("orders_ok")
    world.before.append(world.alter(table, f"ADD CONSTRAINT {name} CHECK ({columns[1]} > 0) NOT VALID"))
    return world.alter(table, f"VALIDATE CONSTRAINT {name}")


MAKERS: dict[str, Callable[[World], str]] = {
    "blocking-index-creation": _index,
    "hidden-invalid-index": _invalid_index,
    "blocking-index-removal": _drop_index,
    "blocking-reindex": _reindex,
    "partitioned-index-creation": _partitioned_index,
    "blocking-unique-constraint": _unique,
    "blocking-unique-constraint column": _unique_column,
    "blocking-primary-key": _primary_key,
    "scanning-foreign-key": _foreign_key,
    "scanning-foreign-key column": _foreign_key_column,
    "scanning-check": _check,
    "scanning-check column": _check_column,
    "scanning-not-null": _not_null,
    "scanning-partition-attach": _partition,
    "blocking-partition-detach": _detach,
    "referenced-table-lock": _drop_foreign_key,
    "validation-in-same-transaction": _validation,
}
