"""A database with the tables of a page's setup comes in; every table has rows afterwards, or a note says why not."""

import re
from typing import Any

ROWS = 2000
_COLUMNS = """
    SELECT a.attname, format_type(a.atttypid, a.atttypmod), a.attnum, t.typtype::text, t.typcategory::text,
        format_type(CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE a.atttypid END, NULL),
        (SELECT e.enumlabel FROM pg_enum e WHERE e.enumtypid = CASE WHEN t.typelem <> 0 AND t.typcategory = 'A'
            THEN t.typelem ELSE t.oid END ORDER BY e.enumsortorder DESC LIMIT 1),
        EXISTS (SELECT 1 FROM pg_constraint k
            WHERE k.conrelid = a.attrelid AND k.contype = 'f' AND a.attnum = ANY (k.conkey)),
        a.atttypmod
    FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
    WHERE a.attrelid = %s AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' ORDER BY a.attnum
"""
_CHECKS = """
    SELECT conkey, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE conrelid = %s AND contype = 'c' AND cardinality(conkey) = 1
"""
# A table comes after those that it references, and leaves after nothing: the rows of a partition are its own.
_TABLES = """
    SELECT c.oid, c.oid::regclass::text, pg_get_expr(c.relpartbound, c.oid),
        (SELECT min(i.inhparent) FROM pg_inherits i WHERE i.inhrelid = c.oid AND c.relispartition),
        ARRAY(SELECT k.confrelid::oid FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'f')
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'r' AND n.nspname !~ '^(pg_|information_schema)' ORDER BY c.oid
"""
_KEY = """
    SELECT a.attname FROM pg_partitioned_table p
    JOIN pg_attribute a ON a.attrelid = p.partrelid AND a.attnum = p.partattrs[0]
    WHERE p.partrelid = %s
"""
_VALUES = {
    "smallint": "(g % 30000)", "integer": "g", "bigint": "g", "oid": "g", "real": "g", "double precision": "g",
    "date": "date '2026-01-01' + g % 300", "uuid": "md5(g::text)::uuid", "boolean": "g % 2 = 0",
    "bytea": "decode(md5(g::text), 'hex')", "json": "json_build_object('n', g)", "jsonb": "jsonb_build_object('n', g)",
    "interval": "make_interval(secs => g)", "inet": "'10.0.0.0'::inet + g", "cidr": "('10.0.0.0'::inet + g)::cidr",
    "money": "g::numeric::money", "xml": "'<a/>'::xml", "tsvector": "to_tsvector('simple', 'word' || g)",
    "time without time zone": "time '00:00' + g * interval '1 second'", "point": "point(g, g)",
    "timestamp without time zone": "timestamp '2026-01-01' + g * interval '1 second'",
    "timestamp with time zone": "timestamptz '2026-01-01' + g * interval '1 second'",
    "int4range": "int4range(2 * g, 2 * g + 1)", "int8range": "int8range(2 * g, 2 * g + 1)",
    "daterange": "daterange(date '2000-01-01' + 2 * g, date '2000-01-01' + 2 * g + 1)",
    "tsrange": "tsrange(to_timestamp(2 * g)::timestamp, to_timestamp(2 * g + 1)::timestamp)",
    "tstzrange": "tstzrange(to_timestamp(2 * g), to_timestamp(2 * g + 1))",
}  # fmt: skip


def fill(session: Any, leave: tuple[str, ...] = ()) -> list[str]:
    """Fill the tables that have no rows, but those to leave, through a session in autocommit.

    A note for each that stays empty.
    """
    notes = []
    waiting = [row for row in session.execute(_TABLES).fetchall() if row[1] not in leave]
    names = [row[1] for row in waiting]
    while waiting:
        ready = [row for row in waiting if not (set(row[4]) - {row[0]}) & {other[0] for other in waiting}]
        for row in ready or waiting[:1]:
            waiting.remove(row)
            note = _table(session, row)
            notes += [f"{row[1]} is empty: {note}"] if note else []
    if names:
        session.execute(f"ANALYZE {', '.join(names)}")  # without names it reads all catalogs too
    return notes


def _table(session: Any, row: tuple[Any, ...]) -> str:
    import psycopg

    oid, name, bound, parent, _ = row
    if session.execute(f"SELECT EXISTS (SELECT 1 FROM {name})").fetchone()[0]:
        return ""
    columns = session.execute(_COLUMNS, (oid,)).fetchall()
    checks = {key[0]: text for key, text in session.execute(_CHECKS, (oid,)).fetchall()}
    exprs = {column[0]: _value(column, checks.get(column[2], "")) for column in columns}
    target = name
    if parent is not None:
        key = session.execute(_KEY, (parent,)).fetchone()
        values = _bounded(bound or "", next(c for c in columns if key and c[0] == key[0])) if key else None
        if values is None and not (bound or "").startswith("FOR VALUES WITH"):
            return "the bound of the partition is not one that the filler knows"
        if values is not None:
            exprs[key[0]] = values
        else:
            target = session.execute("SELECT %s::oid::regclass::text", (parent,)).fetchone()[0]
    listed = ", ".join('"' + column.replace('"', '""') + '"' for column in exprs)
    values = ", ".join(exprs.values())
    problem = ""
    for rows in (ROWS, 20, 1):
        into = f"INSERT INTO {target} ({listed}) OVERRIDING SYSTEM VALUE" if exprs else f"INSERT INTO {target}"
        source = f"SELECT {values} FROM generate_series(1, {rows}) g"
        try:
            session.execute(f"{into} {source}")
        except psycopg.Error as error:
            problem = str(error).splitlines()[0]
        else:
            return ""
    return problem


def _value(column: tuple[Any, ...], check: str) -> str:
    name, written, _, kind, category, base, label, references, modifier = column
    if references:
        return f"g::{written}"
    words = re.findall(r"'((?:[^']|'')*)'::", check)
    if words and category in "SE":
        return "(ARRAY[" + ", ".join(f"'{word}'" for word in words) + f"])[1 + g % {len(words)}]::{written}"
    if label is not None and category == "A":
        return f"ARRAY['{label}']::{written}"
    if label is not None:
        return f"'{label}'::{written}"
    if category == "A":
        return f"'{{}}'::{written}"
    if base in _VALUES:
        return f"({_VALUES[base]})::{written}" if kind == "d" else _VALUES[base]
    if base.startswith("numeric"):
        if modifier >= 4:
            precision, scale = (modifier - 4) >> 16, (modifier - 4) & 0x7FF
            return f"g % {10 ** max(0, min(precision - scale, 9))}"
        return "g"
    if category == "S":
        length = modifier - 4 if modifier > 4 else 60
        tail = name.replace("'", "''")
        return f"left(g || '@{tail}', {length})::{written}"
    return f"NULL::{written}"


def _bounded(bound: str, column: tuple[Any, ...]) -> str | None:
    """Values of a partition's key that lie in it; None for a hash partition or a bound of another form."""
    base = column[5]
    if bound == "DEFAULT":
        far = {"smallint": "-30000 + g", "integer": "-1000000 - g", "bigint": "-1000000 - g", "text": "'~' || g"}
        return far.get(base, "'1900-01-01'" if base == "date" or base.startswith("timestamp") else "NULL") + (
            "" if base in far else f"::{column[1]}"
        )
    if match := re.fullmatch(r"FOR VALUES IN \((.+?)(?:, .*)?\)", bound):
        return f"{match[1]}::{column[1]}"
    match = re.fullmatch(
        r"FOR VALUES FROM \((MINVALUE|'?[^',]+'?)(?:, .*)?\) TO \((MAXVALUE|'?[^',]+'?)(?:, .*)?\)", bound
    )
    if not match:
        return None
    lower, upper = match[1], match[2]
    if base in {"smallint", "integer", "bigint"}:
        start = int(lower.strip("'")) if lower != "MINVALUE" else 0
        end = int(upper.strip("'")) if upper != "MAXVALUE" else start + 10**6
        return f"{start} + g % {end - start}"
    if base == "date" or base.startswith("timestamp"):
        if lower == "MINVALUE":
            return f"{upper}::{base} - interval '1 day' - g * interval '1 second'" if upper != "MAXVALUE" else "now()"
        step = "interval '1 second'" if base != "date" else "interval '1 minute'"
        return f"({lower}::{base} + (g % 2000) * {step})::{base}"
    return lower + f"::{column[1]}"
