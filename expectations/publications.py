"""The record of attempts to publish, which pages read."""

import json

import psycopg

from expectations.candidate import Audit, Candidate

INSERT = """
INSERT INTO publications
  (status, published_at, as_of, input_fingerprint, checks_passed, checks_failed, failures, code_version)
VALUES (%s, CASE WHEN %s THEN now() END, %s, %s, %s, %s, %s, %s)
"""
NOT_AUDITED = Audit(0, 0, 0, [])


def record_success(conn: psycopg.Connection, candidate: Candidate) -> None:
    """Record that this candidate becomes the marts, in the transaction that makes it so."""
    _record(conn, candidate, candidate.audit or NOT_AUDITED, published=True)


def record_failure(conn: psycopg.Connection, candidate: Candidate) -> None:
    """Record that this candidate was refused, with what its audit found; the published marts stay."""
    _record(conn, candidate, candidate.audit or NOT_AUDITED, published=False)


def _record(conn: psycopg.Connection, candidate: Candidate, audit: Audit, *, published: bool) -> None:
    status = "published" if published else "failed"
    facts = (candidate.as_of, candidate.fingerprint, audit.passed, audit.failed, json.dumps(audit.failures))
    conn.execute(INSERT, (status, published, *facts, candidate.code_version))
