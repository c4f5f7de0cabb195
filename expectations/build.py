"""Build a candidate of the marts from one consistent state of the operational tables."""

import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import psycopg
from psycopg import sql

from cauce.database import Database, Role, locks
from cauce.errors import CauceError, FatalError
from cauce.progress import Progress
from expectations.candidate import CANDIDATE, MARTS, Audit, Candidate, content_of, read_candidate, write_candidate
from expectations.fingerprint import code_version, input_fingerprint
from expectations.publications import record_failure
from expectations.transform import Outcome, run_dbt


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a build made. `skipped`: the published marts are already made of this input, and nothing was built."""

    candidate: str
    fingerprint: str
    as_of: datetime
    skipped: bool
    models: int
    tests: int
    seconds: float


def build(
    database: Database,
    *,
    as_of: datetime | None = None,
    force: bool = False,
    on_progress: Progress | None = None,
) -> BuildReport:
    """Build the marts into the candidate schema and test them; what people read stays as it is.

    Rows loaded meanwhile are left for the next build. `as_of` is the instant the marts speak about (now, unless it is
    given): doses and budget periods after it do not exist yet. `force` builds, from nothing, even when no input
    changed. Raises `FatalError` with the model that failed.
    """
    began = time.monotonic()
    with database.lock(locks.MARTS, on_wait=on_progress), database.connect(Role.TRANSFORM) as source:
        # The snapshot lives as long as this transaction: it stays open while dbt runs.
        source.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        instant = (as_of or datetime.now(UTC)).astimezone(UTC)
        fingerprint = input_fingerprint(source, instant)
        published = read_candidate(source, MARTS)
        if published and not force and published.fingerprint == fingerprint and as_of in (None, published.as_of):
            _clear(database)  # what an earlier state of the data made is not to be published any more
            return _report(published, Outcome(0, 0), began, skipped=True)
        row = source.execute("SELECT pg_export_snapshot()").fetchone()
        _clear(database)
        command = ["build", "--exclude-resource-type", "unit_test"]
        if force or not _facts_are_current(database):
            command.append("--full-refresh")
        snapshot = row[0] if row else None
        try:
            outcome = run_dbt(database, command, as_of=instant, snapshot=snapshot, on_progress=on_progress)
        except FatalError as error:
            _record(database, Candidate("", fingerprint, instant, code_version(), ""), error)
            raise
        candidate = _finish(database, fingerprint, instant)
        return _report(candidate, outcome, began, skipped=False)


def _clear(database: Database) -> None:
    """Remove an earlier candidate, finished or not: nobody but this role can read it."""
    with database.transaction(Role.TRANSFORM) as conn:
        conn.execute("SET LOCAL lock_timeout = '30s'")
        conn.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(CANDIDATE)))


def _facts_are_current(database: Database) -> bool:
    """Whether the facts that grow by arrival were made by the models of today."""
    with database.transaction(Role.TRANSFORM) as conn:
        row = conn.execute("SELECT obj_description(to_regnamespace('intermediate'), 'pg_namespace')").fetchone()
    return row == (code_version(),)


def _record(database: Database, unfinished: Candidate, error: FatalError) -> None:
    """Let the pages say that the marts could not be renewed, and which model it was."""
    model = Path(error.where or "").stem
    finding = {"suite": "build", "expectation": "builds", "mart": model, "column": None, "observed": "failed"}
    with suppress(psycopg.Error, CauceError), database.transaction(Role.TRANSFORM) as conn:
        record_failure(conn, unfinished.audited(Audit(0, 1, 0, [finding])))


def _finish(database: Database, fingerprint: str, as_of: datetime) -> Candidate:
    """Gather statistics for the pages' queries, and give the candidate its passport."""
    with database.transaction(Role.TRANSFORM) as conn:
        tables = conn.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", (CANDIDATE,)).fetchall()
        for (table,) in tables:
            conn.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(CANDIDATE, table)))
        conn.execute(sql.SQL("COMMENT ON SCHEMA intermediate IS {}").format(sql.Literal(code_version())))
        content = content_of(conn, CANDIDATE)
        candidate = Candidate(str(uuid4()), fingerprint, as_of, code_version(), content)
        write_candidate(conn, candidate)
    return candidate


def _report(candidate: Candidate, outcome: Outcome, began: float, *, skipped: bool) -> BuildReport:
    return BuildReport(
        candidate=candidate.id,
        fingerprint=candidate.fingerprint,
        as_of=candidate.as_of,
        skipped=skipped,
        models=outcome.models,
        tests=outcome.tests,
        seconds=time.monotonic() - began,
    )
