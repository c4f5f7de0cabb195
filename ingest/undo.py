"""Taking a batch back: what it loaded goes, and the same file can be loaded again."""

from uuid import UUID

from cauce.database import Database, Role
from cauce.errors import SkippableError
from ingest import ledger
from ingest.load import begin_merge
from ingest.merge import merge_of
from ingest.staging import HERE, run_steps


def undo(db: Database, batch: UUID) -> str:
    """Take back a batch and say what went and what stayed.

    Every row that the batch loaded is deleted, counters follow, and what it resolved or put in quarantine is as it was
    before. What it updated keeps its newer content: what was there before is not kept anywhere. People, agents and
    profiles stay, and so does anything that rows of other batches hang on. Raises `SkippableError` when the batch is
    unknown or already undone.
    """
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
        begin_merge(conn, entry, batch)
        merge_of(domain).undo(conn)
        run_steps(conn, HERE / "sql", "undo.sql")
        removed = conn.execute("SELECT coalesce(sum(records), 0) FROM tally WHERE outcome = 'removed'").fetchone()
    count = 0 if removed is None else int(removed[0])
    kept = f"; {updated} rows that it had updated keep their newer content" if updated else ""
    return f"{file}: {count} rows removed{kept}"
