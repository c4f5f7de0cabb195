"""What rows leave behind in the database's files when they go: dead rows, index entries, the planner's statistics.

An erasure is done once this has been through after it. One that was killed before is recognised by its note, which is
still `running` while its person is gone; whoever sweeps next finishes it.
"""

import time
from uuid import UUID

import psycopg
from psycopg import sql

from cauce.database import Database, Role, locks
from cauce.errors import RetriableError
from cauce.progress import Progress

LOCK_TIMEOUT = "2s"
PAUSES = (0.1,) * 19

_TABLES = """
SELECT n.nspname, c.relname, c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't'
  AND c.relowner = session_user::regrole
ORDER BY 1, 2
"""
_CATALOGUE = (("pg_catalog", "pg_statistic"), ("pg_catalog", "pg_statistic_ext_data"))
# An empty table keeps the statistics it had, so they go before it is analysed: its own, its partitions', its indexes'.
_CLEAR = """
WITH own AS (SELECT %(table)s::oid AS id UNION SELECT relid FROM pg_partition_tree(%(table)s::oid::regclass)),
indexes AS (SELECT i.indexrelid FROM pg_index i JOIN own ON own.id = i.indrelid WHERE i.indexprs IS NOT NULL)
SELECT pg_clear_attribute_stats(n.nspname::text, c.relname::text, a.attname::text, s.inherited)
FROM (TABLE own UNION TABLE indexes) AS r
JOIN pg_class c ON c.oid = r.id JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
CROSS JOIN (VALUES (false), (true)) AS s (inherited)
"""
CLEARS_STATISTICS = 180_000
"""The first version of PostgreSQL that has `pg_clear_attribute_stats`."""
# Freezing leaves no id older than the oldest that any transaction may still see: the row's own id is that of the
# transaction which removed everything.
_UNFINISHED = """
SELECT e.pseudonym, age(e.xmin) > age(c.relfrozenxid) AS out_of_sight
FROM erasure_log e JOIN pg_class c ON c.oid = 'erasure_log'::regclass
WHERE e.status = 'running' AND NOT EXISTS (SELECT FROM users u WHERE u.id = e.pseudonym)
"""
_DONE = "UPDATE erasure_log SET status = 'done', finished_at = clock_timestamp() WHERE pseudonym = ANY(%s)"


def unfinished(database: Database) -> bool:
    """Whether an erasure waits for a sweep."""
    with database.transaction(Role.OWNER) as conn:
        return bool(conn.execute(_UNFINISHED).fetchall())


def sweep(database: Database, tell: Progress) -> int:
    """Vacuum and analyse every table and mart, and close the erasures whose rows are gone from them.

    Gives how many are not: a transaction that began before them still sees their rows, and keeps them. To be called
    with `locks.MARTS` held. Raises `RetriableError` when a table is being changed for long.
    """
    with database.connect(Role.OWNER, autocommit=True) as conn:
        gone = _out_of_sight(conn)
        _sweep(conn, tell)
        with database.connect(Role.TRANSFORM, autocommit=True) as marts:
            _sweep(marts, tell)
        for place in _CATALOGUE:  # whoever does not own the database is only warned
            _run(conn, sql.SQL("VACUUM (INDEX_CLEANUP ON) {}").format(sql.Identifier(*place)))
        conn.execute(_DONE, (gone,))
        return len(conn.execute(_UNFINISHED).fetchall())


def _out_of_sight(conn: psycopg.Connection) -> list[UUID]:
    """The erasures that no transaction sees the rows of any more; a short one is waited for."""
    for pause in (*PAUSES, 0.0):
        conn.execute("VACUUM (FREEZE) erasure_log")
        found = conn.execute(_UNFINISHED).fetchall()
        if all(out_of_sight for _, out_of_sight in found):
            break
        time.sleep(pause)
    return [erasure for erasure, out_of_sight in found if out_of_sight]


def _sweep(conn: psycopg.Connection, tell: Progress) -> None:
    conn.execute(sql.SQL("SET lock_timeout = {}").format(sql.Literal(LOCK_TIMEOUT)))
    found = conn.execute(_TABLES).fetchall()
    for number, (schema, name, table) in enumerate(found, 1):
        tell(f"vacuum {schema}.{name} ({number} of {len(found)})")
        place = sql.Identifier(schema, name)
        # Few dead rows are not worth their index entries to a plain vacuum, and those hold addresses and names.
        _run(conn, sql.SQL("VACUUM (INDEX_CLEANUP ON) {}").format(place))
        _run(conn, sql.SQL("ANALYZE {}").format(place), clear=table)


def _run(conn: psycopg.Connection, statement: sql.Composed, *, clear: int | None = None) -> None:
    def once() -> None:
        if clear is None or conn.info.server_version < CLEARS_STATISTICS:
            conn.execute(statement)
            return
        with conn.transaction():
            conn.execute(_CLEAR, {"table": clear})
            conn.execute(statement)

    try:
        locks.persistently(once, PAUSES)
    except locks.HELD_UP as error:
        raise RetriableError(
            "a table is being changed by another session",
            where=statement.as_string(conn),
            action="run `cauce retention run` when it has ended: it clears away what removed rows left",
        ) from error
