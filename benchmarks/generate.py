"""A number of files and a folder come in; a history of migrations like a real one's is written there."""

import random
from pathlib import Path

_BLOCK = 20
"""Files that share a table: the first makes it, the others change it."""


def history(folder: Path, count: int, *, seed: int = 1) -> None:
    """Write `count` migrations of about ten statements; the same arguments write the same bytes."""
    chance = random.Random(seed)
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(1, count + 1):
        block, step = divmod(number - 1, _BLOCK)
        table = f"orders_{block}"
        if step == 0:
            name, statements = "create", _create(table, block)
        elif step % 5 == 3:
            name, statements = "index", _indexes(table, step)
        elif step % 5 == 4:
            name, statements = "validate", _validate(table, step)
        else:
            name, statements = "change", _change(table, number, step, chance)
        text = f"-- {name} {table}, step {step}\nSET lock_timeout = '2s';\n\n" + "\n\n".join(statements) + "\n"
        (folder / f"{20_200_000_000_000 + number}_{name}_{table}.sql").write_text(text, encoding="utf-8")


def inserts(path: Path, megabytes: float) -> None:
    """Write one INSERT with rows enough for a file of about so many megabytes."""
    number = 0
    with path.open("w", encoding="utf-8") as file:
        file.write("INSERT INTO countries (id, name, note) VALUES\n")
        while file.tell() < megabytes * 1_000_000:
            number += 1
            file.write(f"  ({number}, 'name {number}', 'a note; it''s long enough to look like data ({number})'),\n")
        file.write("  (0, 'the last', NULL);\n")


def _create(table: str, block: int) -> list[str]:
    return [
        f"""CREATE TABLE {table} (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id bigint NOT NULL,
    parent_id bigint REFERENCES {table} (id),
    state text NOT NULL DEFAULT 'new',
    total numeric(12, 2) NOT NULL DEFAULT 0,
    email varchar(255),
    payload jsonb,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT {table}_total CHECK (total >= 0)
);""",
        f"CREATE INDEX {table}_user_id ON {table} (user_id);",
        f"CREATE UNIQUE INDEX {table}_email ON {table} (email);",
        f"COMMENT ON TABLE {table} IS 'orders, part {block}';",
        f"COMMENT ON COLUMN {table}.total IS 'in the currency of the shop; it''s never negative';",
        f"CREATE TYPE {table}_kind AS ENUM ('web', 'phone', 'shop');",
        f"""CREATE VIEW {table}_open AS
    SELECT o.id, o.user_id, o.total FROM {table} o WHERE o.state <> 'done';""",
        f"INSERT INTO {table} (user_id, total) VALUES (1, 10.5), (2, 11.5), (3, 0);",
        f"GRANT SELECT ON {table} TO reader;",
    ]


def _change(table: str, number: int, step: int, chance: random.Random) -> list[str]:
    column = f"note_{step}"
    pool = [
        f"ALTER TABLE {table} ALTER COLUMN state SET DEFAULT 'open';",
        f"ALTER TABLE {table} ADD COLUMN flag_{step} boolean NOT NULL DEFAULT false;",
        f"ALTER TABLE {table} ADD CONSTRAINT {table}_c{step} CHECK (total < 1000000) NOT VALID;",
        f"UPDATE {table} SET {column} = 'x' WHERE id BETWEEN {number} AND {number + 1000};",
        f"INSERT INTO {table} (user_id, {column}) VALUES ({number}, 'it''s; fine');",
        f"COMMENT ON COLUMN {table}.{column} IS 'why step {step} was needed';",
        f"CREATE OR REPLACE VIEW {table}_notes AS\n    SELECT o.id, o.{column} FROM {table} o WHERE o.total > 10;",
        f"DELETE FROM {table} WHERE id = {number} AND state = 'draft';",
        f"ALTER TABLE {table} ALTER COLUMN email TYPE varchar({300 + step});",
        f"ALTER TABLE {table}\n    ADD COLUMN a_{step} integer,\n    ADD COLUMN b_{step} timestamptz DEFAULT now();",
        f"""CREATE TABLE {table}_log_{step} (
    id bigserial PRIMARY KEY,
    order_id bigint NOT NULL REFERENCES {table} (id) ON DELETE CASCADE,
    message text
);""",
        f"CREATE INDEX {table}_log_{step}_order ON {table}_log_{step} (order_id);",
    ]
    statements = [f"ALTER TABLE {table} ADD COLUMN {column} text;"]
    statements += [pool[at] for at in sorted(chance.sample(range(len(pool)), 8))]
    hazard = chance.random()
    if hazard < 0.05:
        statements.append(f"CREATE INDEX {table}_blocking_{step} ON {table} (created_at);")
    elif hazard < 0.08:
        statements.append(f"ALTER TABLE {table} DROP COLUMN {column};")
    elif hazard < 0.10:
        statements.append(f"ALTER TABLE {table} ALTER COLUMN total TYPE bigint;")
    elif hazard < 0.12:
        statements.append(f"UPDATE {table} SET {column} = 'all of them';")
    return statements


def _indexes(table: str, step: int) -> list[str]:
    columns = ("user_id", "parent_id", "state", "total", "created_at", "id, state", "state, total", "user_id, id")
    return [
        f"CREATE INDEX CONCURRENTLY {table}_{step}_{at} ON {table} ({names});"
        for at, names in enumerate(columns)
    ] + [f"DROP INDEX CONCURRENTLY IF EXISTS {table}_{step}_0;"]


def _validate(table: str, step: int) -> list[str]:
    names = [f"{table}_v{step}_{at}" for at in range(4)]
    checks = [
        f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK (user_id > {at}) NOT VALID;" for at, name in enumerate(names)
    ]
    return checks + [f"ALTER TABLE {table} VALIDATE CONSTRAINT {name};" for name in names]
