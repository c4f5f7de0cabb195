"""The schema as the server's own catalogue describes it, to hold two databases against each other."""

import psycopg

COLUMNS = """
SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
  pg_get_expr(d.adbin, d.adrelid), col_description(c.oid, a.attnum)
FROM pg_class c
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
  AND c.relname <> 'alembic_version'
"""
CONSTRAINTS = """
SELECT c.relname, k.conname, pg_get_constraintdef(k.oid)
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
WHERE c.relnamespace = 'public'::regnamespace AND NOT c.relispartition AND c.relname <> 'alembic_version'
  AND k.contype <> 't'
"""
INDEXES = """
SELECT t.relname, i.relname, regexp_replace(pg_get_indexdef(i.oid), ' ON ONLY ', ' ON '), coalesce(t.reloptions::text, ''),
  x.indisvalid
FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid
WHERE t.relnamespace = 'public'::regnamespace AND NOT t.relispartition AND t.relname <> 'alembic_version'
"""
# Partitions stand for their month, whichever it is: while two databases are held against each other one may end.
SECURITY = r"""
SELECT regexp_replace(c.relname, '_y\d{4}m\d\d$', '_month'), c.relrowsecurity, c.relforcerowsecurity, c.relacl::text,
  (SELECT string_agg(a.attname || a.attacl::text, ' ' ORDER BY a.attnum) FROM pg_attribute a WHERE a.attrelid = c.oid)
FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v')
  AND c.relname <> 'alembic_version'
"""
POLICIES = (
    "SELECT tablename, policyname, roles::text, cmd, qual, with_check FROM pg_policies WHERE schemaname = 'public'"
)
FUNCTIONS = """
SELECT p.oid::regprocedure::text, pg_get_functiondef(p.oid), p.proacl::text
FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace
"""
TRIGGERS = """
SELECT c.relname, t.tgname, pg_get_triggerdef(t.oid) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
WHERE NOT t.tgisinternal AND c.relnamespace = 'public'::regnamespace AND NOT c.relispartition
"""

DESCRIBED = {"columns": COLUMNS, "constraints": CONSTRAINTS, "indexes": INDEXES}
"""What the models describe."""
WHOLE = {**DESCRIBED, "security": SECURITY, "policies": POLICIES, "functions": FUNCTIONS, "triggers": TRIGGERS}
"""What the revisions make."""

Catalog = dict[str, set[tuple[object, ...]]]


def read(conn: psycopg.Connection, queries: dict[str, str]) -> Catalog:
    """Each part of the catalogue as a set of rows."""
    return {part: set(conn.execute(query.encode()).fetchall()) for part, query in queries.items()}
