"""Taking a batch back: what it loaded goes, and the same file can be loaded again."""

from uuid import UUID

import psycopg

from cauce.database import Database, Role, locks
from cauce.errors import RetriableError, SkippableError
from ingest import ledger
from ingest.load import begin_merge
from ingest.merge import merge_of
from ingest.staging import HERE, run_steps

PAUSES = (0.2, 0.5, 1.0, 2.0)
"""Seconds between the attempts at an undo that the database breaks off in favour of other writers."""


def undo(db: Database, batch: UUID) -> str:
    """Take back a batch and say what went and what stayed.

    Every row that the batch loaded is deleted, counters follow, and what it resolved or put in quarantine is as it was
    before. What it updated keeps its newer content: what was there before is not kept anywhere. People, agents and
    profiles stay, and so does anything that rows of other batches hang on. Events that it reversed are there again.
    Raises `SkippableError` when the batch is unknown or already undone, or when events of it were archived or reversed
    by another batch; `RetriableError` when other writers were in the way each time.
    """
    try:
        return locks.persistently(lambda: _undo(db, batch), PAUSES)
    except locks.HELD_UP as error:
        raise RetriableError(
            "other writers were in the way", where=str(batch), action="run the same command again"
        ) from error


def _undo(db: Database, batch: UUID) -> str:
    with db.transaction(Role.INGEST) as conn:
        found = conn.execute(
            """
            SELECT user_id, domain, source_file, format, format_version, content_sha256, updated
            FROM ingest_batches WHERE id = %s AND status = 'done' FOR UPDATE
            """,
            (batch,),
        ).fetchone()
        if found is None:
            raise SkippableError(
                "there is no such batch to undo", where=str(batch), action="take a batch that `cauce ingest` printed"
            )
        owner, domain, file, form, version, content, updated = found
        conn.execute("SELECT set_config('cauce.tenant_id', %s, true)", ("" if owner is None else str(owner),))
        entry = ledger.Entry(file, domain, form, version, content, owner)
        ledger.lock_content(conn, entry)
        _require_not_reversed(conn, batch, file)
        _require_live(conn, batch, file)
        begin_merge(conn, entry, batch)
        merge_of(domain).undo(conn)
        run_steps(conn, HERE / "sql", "undo.sql")
        removed = conn.execute("SELECT coalesce(sum(records), 0) FROM tally WHERE outcome = 'removed'").fetchone()
    count = 0 if removed is None else int(removed[0])
    kept = f"; {updated} rows that it had updated keep their newer content" if updated else ""
    return f"{file}: {count} rows removed{kept}"


def _require_not_reversed(conn: psycopg.Connection, batch: UUID, file: str) -> None:
    """Refuse a batch of which another one took events back: loaded again, they would be there after all."""
    reversed_by = conn.execute(
        """
        SELECT count(*), min(r.reversal_batch_id::text) FROM usage_reversals r
        WHERE r.batch_id = %s AND r.reversal_batch_id <> r.batch_id
        """,
        (batch,),
    ).fetchone()
    if reversed_by and reversed_by[0]:
        raise SkippableError(
            f"{reversed_by[0]} events of this batch were reversed by another one",
            where=file,
            action=f"undo that first: `cauce undo {reversed_by[1]}`",
        )


def _require_live(conn: psycopg.Connection, batch: UUID, file: str) -> None:
    """Refuse a batch with events in a month that was archived: months that are closed do not change."""
    archived = conn.execute(
        """
        SELECT count(*), to_char(min(k.timestamp AT TIME ZONE 'UTC'), 'YYYY-MM') FROM usage_event_keys k
        WHERE k.batch_id = %s
          AND date_trunc('month', k.timestamp, 'UTC')::date IN (SELECT month FROM usage_archives)
          AND NOT EXISTS (
            SELECT FROM usage_logs u WHERE u.user_id = k.user_id AND u.id = k.usage_id AND u.timestamp = k.timestamp)
          AND NOT EXISTS (SELECT FROM usage_reversals r WHERE r.user_id = k.user_id AND r.id = k.usage_id)
        """,
        (batch,),
    ).fetchone()
    if archived and archived[0]:
        raise SkippableError(
            f"{archived[0]} events of this batch are archived, from {archived[1]} on, and archived months are closed",
            where=file,
            action="load a file of corrections instead; `cauce archive query` shows what is there",
        )
