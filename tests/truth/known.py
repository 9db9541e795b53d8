"""What a page takes for granted, what its reader does at a gate, and what a server shows otherwise, with the reason."""

# Before 13 the function comes with an extension.
_UUID = """DO $$ BEGIN
    IF current_setting('server_version_num')::int < 130000 THEN CREATE EXTENSION pgcrypto; END IF;
END $$"""

PREPARED: dict[str, tuple[str, ...]] = {
    # The page is about a table of which nothing is known.
    "any/backfill-in-schema-transaction bad 7": (
        "CREATE TABLE users (id bigint PRIMARY KEY)",
        "CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint DEFAULT 1)",
    ),
    "any/object-rename bad 1": (
        "CREATE SCHEMA app",
        "CREATE FUNCTION order_total(bigint) RETURNS bigint LANGUAGE sql AS 'SELECT $1'",
    ),
    "any/object-rename good 3": (
        "CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint)",
        "CREATE INDEX orders_user_idx ON orders (user_id)",
    ),
    "any/schema-drop bad 2": ("CREATE SCHEMA legacy",),
    "any/type-drop bad 2": ("CREATE DOMAIN email_address AS text",),
    "any/unqualified-name good 1": ("CREATE SCHEMA shop",),
    "any/view-drop bad 2": ("CREATE MATERIALIZED VIEW order_totals AS SELECT 1 AS n",),
    "postgresql/blocking-exclusion-constraint": ("CREATE EXTENSION btree_gist",),
    "postgresql/broad-grant": (
        "CREATE ROLE app",
        "CREATE ROLE reporting",
        "CREATE TABLE orders (id bigint PRIMARY KEY)",
    ),
    "postgresql/cascading-drop bad 2": ("CREATE TABLE users (id bigint PRIMARY KEY)", "CREATE EXTENSION hstore"),
    "postgresql/extension-drop": ("CREATE EXTENSION pg_trgm", 'CREATE EXTENSION "uuid-ossp"'),
    "postgresql/password-in-migration": (
        "CREATE ROLE app",
        "CREATE FOREIGN DATA WRAPPER elsewhere",
        "CREATE SERVER warehouse FOREIGN DATA WRAPPER elsewhere",
    ),
    "postgresql/public-grant": ("CREATE ROLE reporting", "CREATE TABLE orders (id bigint PRIMARY KEY)"),
    "postgresql/publication-change": ("CREATE PUBLICATION warehouse",),
    "postgresql/random-uuid-key": (_UUID,),
    "postgresql/rewriting-storage-change": (
        "CREATE ACCESS METHOD columnar TYPE TABLE HANDLER heap_tableam_handler",
        "COPY (SELECT 1) TO PROGRAM 'mkdir -p safecol_fast'",  # in its data's folder, where any server can write
        "CREATE TABLESPACE fast LOCATION '{data}/safecol_fast'",
    ),
    "postgresql/role-change bad 2": ("CREATE ROLE app", "CREATE ROLE old"),
    "postgresql/role-change good 1": ("CREATE ROLE reporting", "CREATE TABLE orders (id bigint PRIMARY KEY)"),
    "postgresql/schema-move bad 1": ("CREATE SCHEMA shop", "CREATE SCHEMA extensions", "CREATE EXTENSION pg_trgm"),
    "postgresql/schema-move good 1": ("CREATE SCHEMA shop",),
    "postgresql/schema-move good 2": ("CREATE SCHEMA shop",),
    # The page is about a table of which nothing is known.
    "postgresql/unverified-type-change bad 1": ("CREATE TABLE orders (id bigint PRIMARY KEY, note text)",),
    "postgresql/volatile-default": (_UUID,),
}
"""What is there before a page's setup, by page or block: roles, extensions, tables that its examples leave out."""

ROLES = ("app", "old", "reporting")
"""Roles that the pages' examples speak of: they belong to the whole server, and are dropped after each run."""

NO_ROWS: dict[str, tuple[str, ...]] = {
    "any/positional-insert bad 2": ("orders_archive",),
    "any/unbatched-backfill bad 3": ("archive",),
}
"""Tables that stay empty, by block: rows are copied into them."""

ROWS: dict[str, tuple[str, ...]] = {
    "postgresql/scanning-partition-attach bad 3": (
        "INSERT INTO orders_eu SELECT g, 'de' FROM generate_series(1, 2000) g",
    ),
}
"""Rows that the filler wouldn't hit on, by block."""

GATES: dict[str, tuple[tuple[str, ...], ...]] = {
    "any/column-rename bad 2": (
        (
            'ALTER TABLE users ADD CONSTRAINT present CHECK ("Address" IS NOT NULL) NOT VALID',
            "ALTER TABLE users VALIDATE CONSTRAINT present",
            'ALTER TABLE users ALTER COLUMN "Address" SET NOT NULL',
            "ALTER TABLE users DROP CONSTRAINT present",
        ),
        ("ALTER TABLE users ALTER COLUMN \"Address\" SET DEFAULT ''",),
    ),
    "any/required-column bad 1": ((), ("UPDATE orders SET user_id = id",)),
    "postgresql/index-rebuilding-type-change bad 1": (
        ("CREATE INDEX CONCURRENTLY orders_email_2 ON orders (email_new)",),
        ("DROP INDEX CONCURRENTLY orders_email", "ALTER INDEX orders_email_2 RENAME TO orders_email"),
    ),
    "postgresql/index-rebuilding-type-change bad 2": (
        ("CREATE INDEX CONCURRENTLY orders_email_2 ON orders (lower(email_new))",),
        ("DROP INDEX CONCURRENTLY orders_email_lower", "ALTER INDEX orders_email_2 RENAME TO orders_email_lower"),
    ),
    "postgresql/partitioned-index-creation bad 1": (
        (
            "CREATE INDEX CONCURRENTLY events_2026_kind_idx ON events_2026 (kind)",
            "ALTER INDEX events_kind ATTACH PARTITION events_2026_kind_idx",
        ),
    ),
}
"""What the reader of a staged rewrite does at its gates, by block: the statements for the first gate, the second, …"""

NOT_EXECUTED: dict[str, str] = {
    "any/unanalyzed-statement bad 1": "it isn't SQL before a template is filled in",
    "any/unresolved-placeholder bad 1": "it isn't SQL before a template is filled in",
    "any/unresolved-placeholder good 1": "it isn't SQL before a template is filled in",
    "any/unresolved-placeholder good 2": "it isn't SQL before a template is filled in",
    "any/unresolved-placeholder good 3": "it isn't SQL before a template is filled in",
    "postgresql/file-access bad 1": "it reads a file and the network",
    "postgresql/refused-statement good 3": "nothing is known of its table and index",
    "postgresql/server-setting-change good 1": "it is about another database",
}
"""Blocks that no server can run as a page has them."""

REFUTED: dict[tuple[str, str], str] = {
    (
        "postgresql/blocking-partition-detach bad 1",
        "staged schema",
    ): "CONCURRENTLY leaves the bound as a CHECK of the table",
    (
        "postgresql/rewriting-generated-column bad 1",
        "staged schema",
    ): "no stages lead to a stored column: the page says so",
    (
        "postgresql/ineffective-outside-transaction bad 1",
        "refused",
    ): "a SAVEPOINT outside a transaction: the page says so",
    ("postgresql/pending-trigger-events good 1", "locks"): "a foreign key that is checked locks the rows it refers to",
    ("postgresql/ineffective-outside-transaction bad 1", "page"): "a SAVEPOINT outside a transaction: the page says so",
    ("postgresql/volatile-default bad 1", "staged rows"): "a volatile default gives other values each time",
    ("postgresql/volatile-default bad 2", "staged rows"): "a volatile default gives other values each time",
}
"""(block, kind of claim) that a server doesn't bear out, and why that is right all the same."""

REFUSALS = {
    "any/nested-transaction bad 4": "2D000",
    "concurrent-in-transaction": "25001",
    "enum-value-used-in-transaction": "55P04",
    "pending-trigger-events": "55006",
    "syntax-error": "42601",
}
"""Rules, or blocks of one, that say that the server refuses, with its code."""

SHOWS: dict[str, tuple[str, ...]] = {
    "backfill-in-schema-transaction": ("blocked", "work"),
    "constrained-domain-column": ("blocked", "rewrite"),
    "explicit-table-lock": ("blocked",),
    "lock-held-across-slow-statement": ("blocked", "work"),
    "many-locked-tables": ("blocked",),
    "referenced-table-lock": ("blocked",),
    "replica-lag": ("work",),
    "rewriting-generated-column": ("blocked", "rewrite"),
    "rewriting-key-column": ("blocked", "rewrite"),
    "scanning-domain-constraint": ("work",),
    "truncation": ("blocked",),
    "unbatched-backfill": ("work",),
    "unbounded-lock-wait": ("blocked",),
    "unfiltered-delete": ("rows",),
    "unfiltered-update": ("rows",),
    "validation-in-same-transaction": ("blocked", "work"),
    "volatile-default": ("blocked", "rewrite"),
}
"""What pages say beside their heads, by rule: others wait, a table is worked through, written anew, rows change."""
