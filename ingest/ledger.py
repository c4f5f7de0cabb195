"""The ledger of loads: one row a file and load, in the transaction of the load itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb

from cauce.errors import FatalError
from ingest.report import FileReport

RETRIABLE = ("unattributed", "another_person", "conflict", "unknown_account", "unknown_medication", "unknown_event")
"""Rules that depend on what else is loaded: a file with such rows open is read again when it comes again."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What identifies a load: whose file, of which format, with which content."""

    file: str
    domain: str
    format: str
    format_version: int
    content_sha256: bytes
    owner: UUID | None


def lock_content(conn: psycopg.Connection, entry: Entry) -> None:
    """Wait until no other load of the same content is under way."""
    key = int.from_bytes(entry.content_sha256[:8], "big", signed=True)
    conn.execute("SELECT pg_advisory_xact_lock(%s)", (key,))


def repeat_of(conn: psycopg.Connection, entry: Entry) -> FileReport | None:
    """Report the file as all duplicates when it was loaded before and reading it again could change nothing.

    That is so when its latest load is done, no batch of the domain was undone since, and no row of it waits in
    quarantine for something that another load may have brought.
    """
    found = conn.execute(
        """
        SELECT b.id, b.read
        FROM ingest_batches b
        WHERE b.content_sha256 = %(content)s AND b.domain = %(domain)s AND b.format = %(format)s
          AND b.format_version = %(version)s AND b.user_id IS NOT DISTINCT FROM %(owner)s AND b.status = 'done'
          AND NOT EXISTS (
            SELECT FROM ingest_batches u
            WHERE u.domain = b.domain AND u.undone_at >= b.started_at
              AND (u.domain = 'usage' OR u.user_id IS NOT DISTINCT FROM b.user_id))
          AND NOT EXISTS (
            SELECT FROM quarantined_rows q JOIN ingest_batches o ON o.id = q.batch_id
            WHERE o.content_sha256 = b.content_sha256 AND q.status = 'open' AND q.rule = ANY(%(retriable)s)
              AND (q.user_id IS NULL OR %(owner)s::uuid IS NULL OR q.user_id = %(owner)s))
        ORDER BY b.finished_at DESC LIMIT 1
        """,
        {
            "content": entry.content_sha256,
            "domain": entry.domain,
            "format": entry.format,
            "version": entry.format_version,
            "owner": entry.owner,
            "retriable": list(RETRIABLE),
        },
    ).fetchone()
    if found is None:
        return None
    batch, read = found
    return FileReport(entry.file, entry.format, batch, read=read, duplicate=read, message="loaded before")


def earlier_batch(conn: psycopg.Connection, entry: Entry) -> UUID | None:
    """Find the first load of this content for this owner: what the content ignores was counted as ignored there."""
    row = conn.execute(
        """
        SELECT id FROM ingest_batches
        WHERE content_sha256 = %s AND domain = %s AND user_id IS NOT DISTINCT FROM %s AND status = 'done'
        ORDER BY finished_at LIMIT 1
        """,
        (entry.content_sha256, entry.domain, entry.owner),
    ).fetchone()
    return None if row is None else UUID(str(row[0]))


def brought_nothing(conn: psycopg.Connection, report: FileReport) -> bool:
    """Tell whether a load found duplicates only, and no row of the quarantine that it could resolve."""
    resolved = conn.execute("SELECT FROM quarantined_rows WHERE resolved_by = %s LIMIT 1", (report.batch,)).fetchone()
    return report.duplicate == report.read and resolved is None


def begin(conn: psycopg.Connection, entry: Entry) -> UUID:
    """Write the row of a load; nobody sees it before the load is committed."""
    row = conn.execute(
        """
        INSERT INTO ingest_batches (user_id, domain, source_file, format, format_version, content_sha256)
        VALUES (%s, %s, %s, %s, %s, %s) RETURNING id
        """,
        (entry.owner, entry.domain, entry.file[:500], entry.format, entry.format_version, entry.content_sha256),
    ).fetchone()
    assert row is not None  # noqa: S101 - INSERT … RETURNING gives a row
    return UUID(str(row[0]))


def finish(
    conn: psycopg.Connection, entry: Entry, batch: UUID, *, read: int, ignored: Mapping[str, int], known: bool
) -> FileReport:
    """Close the row with the outcomes in `tally`, or raise `FatalError` when a record is missing or counted twice."""
    tally: dict[str, int] = dict(
        conn.execute("SELECT outcome, sum(records)::bigint FROM tally GROUP BY outcome").fetchall()
    )
    if "ignored" in tally:
        ignored = {**ignored, "erased person": tally["ignored"]}
    skipped = sum(ignored.values())
    report = FileReport(
        entry.file,
        entry.format,
        batch,
        read=read,
        loaded=tally.get("loaded", 0),
        updated=tally.get("updated", 0),
        duplicate=tally.get("duplicate", 0) + (skipped if known else 0),
        quarantined=tally.get("quarantined", 0),
        ignored=0 if known else skipped,
        ignored_kinds={} if known else dict(sorted(ignored.items())),
    )
    if not report.conserved:
        raise FatalError(
            f"{report.read} records were read, but {report.loaded} loaded, {report.updated} updated,"
            f" {report.duplicate} duplicate, {report.quarantined} quarantined and {report.ignored} ignored",
            where=entry.file,
            action="nothing of it was kept; report this as a defect of Cauce, with the file if you can",
        )
    conn.execute(
        """
        UPDATE ingest_batches
        SET read = %s, loaded = %s, updated = %s, duplicate = %s, quarantined = %s, ignored = %s, ignored_kinds = %s,
            status = 'done', finished_at = clock_timestamp()
        WHERE id = %s
        """,
        (
            report.read,
            report.loaded,
            report.updated,
            report.duplicate,
            report.quarantined,
            report.ignored,
            Jsonb(dict(report.ignored_kinds)),
            batch,
        ),
    )
    return report
