"""Carrying out `retention_policies`: what has outlived its time is deleted, expired, archived or purged."""

from dataclasses import dataclass
from datetime import date, datetime

import psycopg
from psycopg import sql

from cauce.database import Database, Role, locks
from cauce.errors import FatalError
from cauce.lifecycle import archive
from cauce.lifecycle.sweep import sweep, unfinished
from cauce.models import Base
from cauce.models.security import RetentionAction, RetentionSubject
from cauce.progress import Progress
from cauce.security import audit

BATCH = 5_000
"""Rows of one transaction: locks are held for moments."""


@dataclass(frozen=True, slots=True)
class Policy:
    """A row of `retention_policies`; rows whose time was over before `cutoff` go."""

    subject: RetentionSubject
    action: RetentionAction
    keep: str
    cutoff: datetime
    enabled: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many rows of a table a policy took (or, in a dry run, would take), and what is left for later."""

    policy: Policy
    table: str
    rows: int
    postponed: str | None = None


ENDS: dict[RetentionSubject, str] = {
    RetentionSubject.VERIFICATION_TOKENS: "expires",
    RetentionSubject.AUTH_SESSIONS: "least(expires, idle_expires, revoked_at)",
    RetentionSubject.MCP_SYNC_LOGS: "created_at",
    RetentionSubject.FILE_ACCESS_LOGS: "timestamp",
}
"""From when on a row's time is counted, where a policy deletes rows of one table."""

_POLICIES = "SELECT subject, action, keep::text, now() - keep, enabled FROM retention_policies ORDER BY subject"
_EXPIRE = "UPDATE invitations SET status = 'EXPIRED' WHERE status = 'PENDING' AND expires_at < %s"
_EXPIRED = "SELECT count(*) FROM invitations WHERE status = 'PENDING' AND expires_at < %s"


def policies(database: Database) -> list[Policy]:
    """Every policy, by its subject."""
    with database.transaction(Role.OWNER) as conn:
        found = conn.execute(_POLICIES).fetchall()
    return [
        Policy(RetentionSubject(subject), RetentionAction(action), keep, cutoff, enabled)
        for subject, action, keep, cutoff, enabled in found
    ]


def run(database: Database, *, dry_run: bool = False, on_progress: Progress | None = None) -> list[Outcome]:
    """Carry out every policy that is on, in small transactions; run again it finds nothing more to do.

    Erasures that were killed before their sweep, or whose rows somebody still saw, are finished. One run at a time.
    With `dry_run` it only counts. What readers hold at the moment is postponed to the next run.
    """
    outcomes: list[Outcome] = []
    tell = on_progress or _silent
    with database.lock(locks.LIFECYCLE, on_wait=tell):
        for policy in policies(database):
            if policy.enabled:
                outcomes += _carry_out(database, policy, dry_run, tell)
        if not dry_run and unfinished(database):
            with database.lock(locks.MARTS, on_wait=tell):
                sweep(database, tell)
    return outcomes


def _carry_out(database: Database, policy: Policy, dry_run: bool, tell: Progress) -> list[Outcome]:
    match policy.action:
        case RetentionAction.ARCHIVE:
            return _archive(database, policy, dry_run, tell)
        case RetentionAction.EXPIRE:
            with database.transaction(Role.OWNER) as conn:
                if not dry_run:
                    return [Outcome(policy, "invitations", conn.execute(_EXPIRE, (policy.cutoff,)).rowcount)]
                return [Outcome(policy, "invitations", _count(conn.execute(_EXPIRED, (policy.cutoff,))))]
        case RetentionAction.PURGE:
            return [
                Outcome(policy, name, _delete(database, policy, name, "deleted_at", dry_run, tell))
                for name in recoverable_tables()
            ]
        case RetentionAction.DELETE:
            ends = ENDS.get(policy.subject)
            if ends is None:
                raise FatalError(
                    f"{policy.subject} cannot be deleted by age",
                    where="retention_policies",
                    action="set its action back to what it was, or switch the policy off",
                )
            return [Outcome(policy, policy.subject, _delete(database, policy, policy.subject, ends, dry_run, tell))]


def recoverable_tables() -> list[str]:
    """Tables whose rows their owner can delete and bring back."""
    return sorted(table.name for table in Base.metadata.tables.values() if "deleted_at" in table.columns)


def _delete(database: Database, policy: Policy, table: str, ends: str, dry_run: bool, tell: Progress) -> int:
    """Delete rows that ended before the cutoff, a batch a transaction; rows somebody holds are left to a later batch.

    Each transaction tells the audit log what it deleted.
    """
    names = {
        "table": sql.Identifier("public", table),
        "ends": sql.SQL(ends),
        "key": sql.SQL(", ").join(sql.Identifier(column.name) for column in Base.metadata.tables[table].primary_key),
    }
    if dry_run:
        with database.transaction(Role.OWNER) as conn:
            return _count(
                conn.execute(
                    sql.SQL("SELECT count(*) FROM {table} WHERE {ends} < %s").format(**names), (policy.cutoff,)
                )
            )
    statement = sql.SQL(
        "DELETE FROM {table} WHERE ({key}) IN"
        " (SELECT {key} FROM {table} WHERE {ends} < %s LIMIT {batch} FOR UPDATE SKIP LOCKED)"
    ).format(**names, batch=sql.Literal(BATCH))
    removed = 0
    while True:
        with database.transaction(Role.OWNER) as conn:
            gone = conn.execute(statement, (policy.cutoff,)).rowcount
            if gone:
                details = {"subject": policy.subject, "rows": gone}
                audit.record(conn, "RUN_RETENTION", target_type=table, details=details)
        removed += gone
        if gone:
            tell(f"{table}: {removed:,} rows")
        if gone < BATCH:
            return removed


def _archive(database: Database, policy: Policy, dry_run: bool, tell: Progress) -> list[Outcome]:
    with database.transaction(Role.OWNER) as conn:
        months = archive.old_months(conn, policy.cutoff)
        if dry_run:
            return [Outcome(policy, archive.TABLE, sum(archive.count_month(conn, month) for month in months))]
    archive.settle(database)
    moved, busy = 0, list[date]()
    for month in months:
        tell(f"{archive.TABLE}: {month:%Y-%m}")
        try:
            moved += archive.archive_month(database, month)
        except locks.HELD_UP:
            busy.append(month)
    postponed = f"{', '.join(f'{month:%Y-%m}' for month in busy)} in use" if busy else None
    return [Outcome(policy, archive.TABLE, moved, postponed)]


def _count(cursor: psycopg.Cursor) -> int:
    row = cursor.fetchone()
    return int(row[0]) if row else 0


def _silent(_detail: str) -> None:
    pass
