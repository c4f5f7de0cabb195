"""Make an audited candidate the marts that people read, in one step."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import uuid4

import psycopg
from psycopg import sql

from cauce.database import Database, Role, locks
from cauce.errors import FatalError, RetriableError
from expectations.candidate import CANDIDATE, MARTS, RETIRED, Audit, Candidate, content_of, read_candidate
from expectations.publications import record_failure, record_success

READERS = (Role.USER, Role.ADMIN, Role.ANALYST)


@dataclass(frozen=True, slots=True)
class PublishReport:
    """How it ended. `published`: the marts people read are those of the last build; `refused` says why they are not."""

    published: bool
    as_of: datetime
    refused: str | None = None


def publish(database: Database) -> PublishReport:
    """Rename the candidate to `marts` and record the publication, in one transaction; readers never see neither.

    A candidate that was not audited, failed its audit, or changed since, is refused: the old marts stay and a failed
    publication is recorded. With no candidate but published marts there is nothing to do. What was `marts` is dropped
    afterwards, or by a later publication when somebody is still reading it.
    Raises `FatalError` when nothing was built, `RetriableError` when a lock could not be had in time.
    """
    with database.lock(locks.MARTS):
        try:
            with database.transaction(Role.TRANSFORM) as conn:
                report = _publish(conn)
        except psycopg.errors.LockNotAvailable as error:
            raise RetriableError(
                "the marts could not be replaced: another session holds them",
                action="run `cauce publish` again when it has ended",
            ) from error
        _drop_retired(database)
    return report


def _publish(conn: psycopg.Connection) -> PublishReport:
    conn.execute("SET LOCAL lock_timeout = '10s'")
    candidate, published = read_candidate(conn), read_candidate(conn, MARTS)
    if candidate is None:
        if published is None or _exists(conn, CANDIDATE):
            raise FatalError(
                "there is no finished candidate to publish", action="run `cauce build`, then `cauce check`"
            )
        return PublishReport(published=True, as_of=published.as_of)
    refused = _reason_to_refuse(conn, candidate)
    if refused:
        if not (candidate.audit and candidate.audit.failed):
            finding = {"suite": "publish", "expectation": "audited", "mart": None, "column": None, "observed": refused}
            candidate = replace(candidate, audit=Audit(0, 0, 0, [finding]))
        record_failure(conn, candidate)
        return PublishReport(published=False, as_of=candidate.as_of, refused=refused)
    if _exists(conn, MARTS):
        _rename(conn, MARTS, f"{RETIRED}{uuid4().hex}")
    _rename(conn, CANDIDATE, MARTS)
    for role in READERS:
        conn.execute(sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(sql.Identifier(MARTS), sql.Identifier(role)))
    record_success(conn, candidate)
    return PublishReport(published=True, as_of=candidate.as_of)


def _reason_to_refuse(conn: psycopg.Connection, candidate: Candidate) -> str | None:
    if candidate.audit is None:
        return "the candidate was not audited"
    if candidate.audit.failed:
        return f"{candidate.audit.failed} expectations do not hold"
    if candidate.content != content_of(conn, CANDIDATE):
        return "the candidate changed after its build"
    return None


def _drop_retired(database: Database) -> None:
    """Drop what was `marts` once; a schema somebody still reads is left to the next publication."""
    with database.connect(Role.TRANSFORM, autocommit=True) as conn:
        conn.execute("SET lock_timeout = '2s'")
        found = conn.execute("SELECT nspname FROM pg_namespace WHERE starts_with(nspname, %s)", (RETIRED,)).fetchall()
        for (schema,) in found:
            try:
                conn.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(schema)))
            except psycopg.errors.LockNotAvailable:
                continue


def _exists(conn: psycopg.Connection, schema: str) -> bool:
    return conn.execute("SELECT to_regnamespace(%s) IS NOT NULL", (schema,)).fetchone() == (True,)


def _rename(conn: psycopg.Connection, schema: str, name: str) -> None:
    conn.execute(sql.SQL("ALTER SCHEMA {} RENAME TO {}").format(sql.Identifier(schema), sql.Identifier(name)))
