"""A database comes in; its schema goes out as lines that compare, and its rows as digests: no order of columns."""

from typing import Any

# Each query gives text columns. The order of columns is left out: a rewrite in stages puts the new one last.
_QUERIES = {
    "relation": """
        SELECT c.oid::regclass::text, c.relkind::text, c.relpersistence::text, coalesce(c.reloptions::text, ''),
            coalesce(pg_get_expr(c.relpartbound, c.oid), ''), c.relrowsecurity::text, c.relreplident::text,
            coalesce((SELECT string_agg(i.inhparent::regclass::text, ',' ORDER BY i.inhseqno) FROM pg_inherits i
                WHERE i.inhrelid = c.oid), ''),
            CASE WHEN c.relkind = 'p' THEN pg_get_partkeydef(c.oid) ELSE '' END
        FROM pg_class c WHERE c.relnamespace = {n} AND c.relkind IN ('r', 'p', 'v', 'm', 'f')""",
    "column": """
        SELECT c.oid::regclass::text, a.attname, format_type(a.atttypid, a.atttypmod),
            CASE WHEN a.attnotnull THEN 'not null' ELSE '' END, coalesce(pg_get_expr(d.adbin, d.adrelid), ''),
            a.attidentity::text, a.attgenerated::text, coalesce(l.collname, ''), a.attinhcount::text
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        LEFT JOIN pg_collation l ON l.oid = a.attcollation
        WHERE c.relnamespace = {n} AND c.relkind IN ('r', 'p', 'v', 'm', 'f')""",
    # A not-null constraint of 18 is the column's property; its name is nobody's business.
    "constraint": """
        SELECT k.conrelid::regclass::text, CASE WHEN k.contype = 'n' THEN '' ELSE k.conname END,
            pg_get_constraintdef(k.oid)
        FROM pg_constraint k WHERE k.connamespace = {n} AND k.contype <> 't'""",
    "index": """
        SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid), i.indisvalid::text, i.indisready::text,
            i.indisclustered::text, i.indisreplident::text,
            coalesce((SELECT h.inhparent::regclass::text FROM pg_inherits h WHERE h.inhrelid = i.indexrelid), '')
        FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE c.relnamespace = {n}""",
    "trigger": """
        SELECT t.tgrelid::regclass::text, t.tgname, pg_get_triggerdef(t.oid), t.tgenabled::text
        FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE c.relnamespace = {n} AND NOT t.tgisinternal""",
    "sequence": """
        SELECT s.seqrelid::regclass::text, format_type(s.seqtypid, NULL), s.seqstart::text, s.seqincrement::text,
            s.seqmin::text, s.seqmax::text, s.seqcycle::text,
            coalesce((SELECT d.refobjid::regclass::text || '.' || a.attname FROM pg_depend d
                JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
                WHERE d.objid = s.seqrelid AND d.classid = 1259 AND d.deptype IN ('a', 'i') LIMIT 1), '')
        FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid WHERE c.relnamespace = {n}""",
    "view": """
        SELECT c.oid::regclass::text, pg_get_viewdef(c.oid) FROM pg_class c
        WHERE c.relnamespace = {n} AND c.relkind IN ('v', 'm')""",
    "routine": """
        SELECT p.oid::regprocedure::text, p.provolatile::text, p.prosrc
        FROM pg_proc p WHERE p.pronamespace = {n} AND p.prokind IN ('f', 'p')""",
    "type": """
        SELECT t.typname, t.typtype::text,
            CASE WHEN t.typbasetype <> 0 THEN format_type(t.typbasetype, t.typtypmod) ELSE '' END,
            t.typnotnull::text, coalesce(t.typdefault, ''),
            coalesce((SELECT string_agg(e.enumlabel, ',' ORDER BY e.enumsortorder) FROM pg_enum e
                WHERE e.enumtypid = t.oid), '')
        FROM pg_type t WHERE t.typnamespace = {n} AND t.typtype IN ('e', 'd')""",
    "policy": """
        SELECT c.oid::regclass::text, p.polname, coalesce(pg_get_expr(p.polqual, p.polrelid), '')
        FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid WHERE c.relnamespace = {n}""",
    "rule": """
        SELECT c.oid::regclass::text, r.rulename, pg_get_ruledef(r.oid)
        FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class
        WHERE c.relnamespace = {n} AND c.relkind NOT IN ('v', 'm')""",
}


def lines(session: Any) -> set[str]:
    """The schema of a database, a line each object."""
    found = {f"schema {name}" for (name,) in session.execute(_NAMESPACES).fetchall()}
    for word, query in _QUERIES.items():
        for row in session.execute(query.replace("= {n}", f"IN ({_OIDS})")).fetchall():
            found.add(" | ".join((word, *(" ".join(str(value).split()) for value in row))))
    return found


def contents(session: Any) -> dict[str, str]:
    """A digest of the rows of each table, whatever the order of rows and columns."""
    found = {}
    for (name,) in session.execute(_TABLES).fetchall():
        (digest,) = session.execute(
            f"SELECT md5(string_agg(to_jsonb(r)::text, ',' ORDER BY to_jsonb(r)::text)) FROM {name} r"
        ).fetchone()
        found[name] = digest or ""
    return found


_TABLES = """
    SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'r' AND n.nspname !~ '^(pg_|information_schema)' ORDER BY 1
"""
_NAMESPACES = "SELECT nspname FROM pg_namespace WHERE nspname !~ '^(pg_|information_schema)'"
_OIDS = "SELECT oid FROM pg_namespace WHERE nspname !~ '^(pg_|information_schema)'"
