"""Records kept aside: keeping them during a load, and afterwards listing, reading and discarding them.

The text of a record is always sealed: a usage event may hold what somebody wrote, a finance or health record always is
somebody's. It opens only for its place in the table, with the installation's key.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

import psycopg
from psycopg.rows import class_row

from cauce.database import Database, Role
from cauce.errors import SkippableError
from cauce.security.envelope import Place, Sealer
from ingest.formats import Rejection

_COLUMNS = "id, record, line, column_name, rule, reason, user_id, raw_sealed, raw_hash"


def stage(conn: psycopg.Connection, sealer: Sealer, refusals: Iterable[tuple[UUID | None, Rejection]]) -> None:
    """Seal refused records, each with whom it belongs to if anybody, and put them into `staged_quarantine`."""
    with conn.cursor().copy(f"COPY staged_quarantine ({_COLUMNS}) FROM STDIN") as copy:
        for person, item in refusals:
            row = uuid4()
            raw = item.raw.encode(errors="replace").decode()
            sealed = sealer.seal(raw, Place("quarantined_rows", "raw_sealed", person, row))
            digest = sealer.blind_index(raw, purpose="quarantined_rows.raw_hash")
            reason = item.reason.replace("\x00", "�")
            copy.write_row((row, item.record, item.line, item.column, item.rule, reason, person, sealed, digest))


@dataclass(frozen=True, slots=True)
class QuarantinedRow:
    """A record kept aside, without its text."""

    id: UUID
    batch_id: UUID
    user_id: UUID | None
    domain: str
    source_file: str
    record: int
    line: int | None
    column_name: str | None
    rule: str
    reason: str
    status: str
    created_at: datetime


_SELECT = """
SELECT q.id, q.batch_id, q.user_id, q.domain, b.source_file, q.record, q.line, q.column_name, q.rule, q.reason,
  q.status, q.created_at
FROM quarantined_rows q JOIN ingest_batches b ON b.id = q.batch_id
"""


def open_rows(
    db: Database, *, owner: UUID | None = None, batch: UUID | None = None, limit: int = 1000
) -> list[QuarantinedRow]:
    """List the records that wait, oldest first: those of usage files, those that are nobody's yet, and `owner`'s."""
    with db.transaction(Role.INGEST, tenant=owner) as conn, conn.cursor(row_factory=class_row(QuarantinedRow)) as rows:
        return rows.execute(
            _SELECT + "WHERE q.status = 'open' AND (%s::uuid IS NULL OR q.batch_id = %s)"
            " ORDER BY q.created_at, q.batch_id, q.record LIMIT %s",
            (batch, batch, limit),
        ).fetchall()


def find(conn: psycopg.Connection, row: UUID) -> QuarantinedRow:
    """Find an open row that this transaction may touch."""
    with conn.cursor(row_factory=class_row(QuarantinedRow)) as rows:
        found = rows.execute(_SELECT + "WHERE q.id = %s", (row,)).fetchone()
    if found is None or found.status != "open":
        raise SkippableError(
            "there is no such open row in quarantine", where=str(row), action="list the rows and take one of them"
        )
    return found


def text_of(db: Database, row: UUID, *, owner: UUID | None = None) -> str:
    """The text of a record kept aside, as it was read."""
    with db.transaction(Role.INGEST, tenant=owner) as conn:
        return open_text(conn, db.sealer, find(conn, row))


def open_text(conn: psycopg.Connection, sealer: Sealer, row: QuarantinedRow) -> str:
    """Open the sealed text of a row."""
    found = conn.execute("SELECT raw, raw_sealed FROM quarantined_rows WHERE id = %s", (row.id,)).fetchone()
    plain, sealed = found or (None, None)
    if plain is not None:
        return str(plain)
    return sealer.open(sealed, Place("quarantined_rows", "raw_sealed", row.user_id, row.id))


def discard(db: Database, rows: Sequence[UUID], *, owner: UUID | None = None) -> int:
    """Give up open rows for good: the same record is not kept aside again. Returns how many there were."""
    with db.transaction(Role.INGEST, tenant=owner) as conn:
        return conn.execute(
            """
            UPDATE quarantined_rows SET status = 'discarded', resolved_at = now()
            WHERE id = ANY(%s) AND status = 'open'
            """,
            (list(rows),),
        ).rowcount


def resolve(conn: psycopg.Connection, row: UUID, batch: UUID) -> None:
    """Close a row that a batch has loaded."""
    conn.execute(
        "UPDATE quarantined_rows SET status = 'resolved', resolved_at = now(), resolved_by = %s WHERE id = %s",
        (batch, row),
    )


def refused(conn: psycopg.Connection) -> Iterator[tuple[UUID | None, Rejection]]:
    """The records that the merge refused, by ordinal, with whom each belongs to; their text is still to be found."""
    with conn.cursor(name="refused_records") as rows:
        rows.itersize = 10_000
        rows.execute("SELECT record, line, column_name, rule, reason, user_id FROM refused ORDER BY record")
        for record, line, column, rule, reason, person in rows:
            yield person, Rejection(record, line, column, rule, reason, raw="")
