"""What is there to be tried: every relation, function, sequence and partition, from the server's catalogue."""

import psycopg

NOT_OF_AN_EXTENSION = "NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = {0}.oid AND d.deptype = 'e')"
RELATIONS = """
SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = ANY (%s) AND c.relkind NOT IN ('i', 'I', 'S', 'c', 't') AND NOT c.relispartition ORDER BY 1
"""
PARTITIONS = """
SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = %s::regclass ORDER BY 1
"""
FUNCTIONS = f"""
SELECT p.oid::regprocedure::text FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname = ANY (%s) AND {NOT_OF_AN_EXTENSION.format("p")} ORDER BY 1
"""
SEQUENCES = """
SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = ANY (%s) AND c.relkind = 'S' ORDER BY 1
"""
SCHEMAS = "SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'probe')"


def names(conn: psycopg.Connection, query: str, *about: object) -> list[str]:
    """The one column of a query of the catalogue."""
    return [row[0] for row in conn.execute(query.encode(), about or None).fetchall()]
