"""What `status` and `doctor` find out."""

import shutil
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
from rich.console import Console
from rich.table import Table

from cauce.database import Database, Role
from cauce.database.migrations import newest_revision
from cauce.errors import CauceError
from cauce.settings import Settings

FREE_BYTES = 1 << 30

COUNTS = """
SELECT (SELECT version_num FROM alembic_version),
  (SELECT count(*) FROM users),
  (SELECT count(*) FROM usage_logs),
  (SELECT count(*) FROM transactions),
  (SELECT count(*) FROM medication_logs) + (SELECT count(*) FROM health_measurements),
  (SELECT count(*) FROM ingest_batches WHERE status = 'done'),
  (SELECT count(*) FROM quarantined_rows WHERE status = 'open')
"""
PUBLICATION = "SELECT published_at, last_status, checks_passed, checks_failed, failing_since FROM publication_status"
UNFORCED = """
SELECT c.relname
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'user_id' AND NOT a.attisdropped
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
  AND NOT (c.relrowsecurity AND c.relforcerowsecurity)
ORDER BY 1
"""
NEXT_MONTH = """
SELECT to_regclass('usage_logs_' || to_char(now() AT TIME ZONE 'UTC' + interval '1 month', '"y"YYYY"m"MM')) IS NOT NULL
"""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was checked."""

    what: str
    fine: bool
    detail: str
    action: str = ""


def report_status(settings: Settings, out: Console) -> int:
    """Print the state; 0 when the database answers, 1 when not."""
    if (database := _running(settings)) is None:
        out.print("database: not running — `cauce up` starts it")
        return 1
    try:
        with database.connect(Role.OWNER) as conn:
            row = conn.execute(COUNTS).fetchone()
            published = conn.execute(PUBLICATION).fetchone()
    except (CauceError, psycopg.Error):
        out.print(f"database: {database.where}, without tables yet — `cauce migrate` makes them")
        return 1
    assert row is not None  # noqa: S101 - a SELECT without FROM gives a row
    table = Table.grid(padding=(0, 2))
    for name, value in [
        ("database", database.where),
        ("revision", row[0]),
        ("people", f"{row[1]:,}"),
        ("usage events", f"{row[2]:,}"),
        ("transactions", f"{row[3]:,}"),
        ("doses and measurements", f"{row[4]:,}"),
        ("files loaded", f"{row[5]:,}"),
        ("rows in quarantine", f"{row[6]:,}"),
        ("marts", _published(published)),
    ]:
        table.add_row(name, str(value))
    out.print(table)
    return 0


def report_doctor(settings: Settings, out: Console) -> int:
    """Print every finding; 0 only when all are fine."""
    findings = list(_findings(settings))
    for finding in findings:
        mark = "✓" if finding.fine else "✗"
        todo = f" — {finding.action}" if not finding.fine and finding.action else ""
        out.print(f"{mark} {finding.what}: {finding.detail}{todo}", markup=False)
    return 0 if all(finding.fine for finding in findings) else 1


def _running(settings: Settings) -> Database | None:
    from cauce.database.server import EmbeddedServer

    if not settings.database_url and not EmbeddedServer(settings.home).status().running:
        return None
    return Database.from_settings(settings)


def _published(row: tuple[object, ...] | None) -> str:
    if row is None:
        return "never published"
    published_at, last, passed, failed, since = row
    if last == "failed":
        return f"published {published_at or 'never'}; failing since {since} ({failed} checks failed)"
    return f"published {published_at} ({passed} checks passed)"


def _findings(settings: Settings) -> Iterator[Finding]:
    version = ".".join(str(part) for part in sys.version_info[:3])
    yield Finding("Python", sys.version_info >= (3, 11), version, "install Python 3.11 or later")
    existing = next(path for path in (settings.home, *settings.home.parents) if path.exists())
    free = shutil.disk_usage(existing).free
    yield Finding("disk", free >= FREE_BYTES, f"{free / (1 << 30):.1f} GiB free", "free at least 1 GiB")
    inbox = settings.inbox.is_dir()
    yield Finding("inbox", inbox, settings.inbox.name if inbox else "missing", f"make the folder {settings.inbox.name}")
    with socket.socket() as probe:
        taken = probe.connect_ex((settings.host, settings.port)) == 0
    yield Finding("app", True, f"{settings.base_url} {'answers' if taken else 'is not served'}")
    try:
        database = Database.from_settings(settings)
        with database.connect(Role.OWNER) as conn:
            yield from _database_findings(conn)
    except CauceError as error:
        yield Finding("database", False, str(error))


def _database_findings(conn: psycopg.Connection) -> Iterator[Finding]:
    yield Finding("database", True, f"PostgreSQL {conn.info.server_version // 10_000}")
    if conn.execute("SELECT to_regclass('alembic_version') IS NULL").fetchone() == (True,):
        yield Finding("revision", False, "no tables", "run `cauce migrate`")
        return
    at = conn.execute("SELECT version_num FROM alembic_version").fetchone()
    newest = newest_revision()
    yield Finding("revision", at == (newest,), f"{at and at[0]} (newest: {newest})", "run `cauce migrate`")
    unforced = [str(row[0]) for row in conn.execute(UNFORCED).fetchall()]
    where = f"missing on {', '.join(unforced)}" if unforced else "forced everywhere"
    yield Finding("row security", not unforced, where, "run `cauce migrate`")
    ahead = conn.execute(NEXT_MONTH).fetchone() == (True,)
    yield Finding("partitions", ahead, "ready for next month" if ahead else "missing", "run `cauce migrate`")
    published = conn.execute(PUBLICATION).fetchone()
    fine = published is not None and published[1] == "published"
    yield Finding("marts", fine, _published(published), "run `cauce run`; `cauce check` says what failed")
