"""Building: only when something changed, one at a time, and an error that can be acted on."""

import os
import re
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from cauce.database import Database, Role
from cauce.errors import FatalError
from expectations.audit import check
from expectations.build import build
from expectations.candidate import CANDIDATE
from expectations.fingerprint import input_fingerprint
from expectations.publish import publish
from tests.expectations.test_publish import content, renew
from tests.expectations.world import AS_OF, rows

CHANGES = {
    "a batch": "INSERT INTO ingest_batches (domain, source_file, format, format_version, content_sha256, status)"
    " VALUES ('usage', 'x', 'y', 1, '\\x00', 'done')",
    "an undone event": "DELETE FROM usage_logs WHERE local_date = '2025-02-10'",
    "a corrected event": "UPDATE usage_logs SET provider = 'anthropic' WHERE local_date = '2025-02-10'",
    "a price somebody pays": "UPDATE subscriptions SET amount = amount + 1 WHERE plan_code = 'PRO'",
    "a budget": "UPDATE budgets SET amount = amount + 1 WHERE name = 'mes'",
    "an account": "UPDATE financial_accounts SET balance = 1 WHERE name = 'diario'",
    "a category": "UPDATE transactions SET category = 'comida' WHERE category = 'super'",
    "a medicine that was stopped": "UPDATE medications SET is_active = false WHERE name = 'Vitamina'",
    "a schedule": "UPDATE medication_schedules SET times_per_day = 2 WHERE times_per_day = 3",
    "a dose": "DELETE FROM medication_logs WHERE status = 'omitido'",
    "a reading": "DELETE FROM health_measurements WHERE type = 'weight'",
    "a zone": "UPDATE users SET timezone = 'Asia/Tokyo' WHERE email = 'ana@example.com'",
    "a person who was erased": "DELETE FROM users WHERE email = 'ana@example.com'",
}
BUILD = """
import sys
from pathlib import Path
from cauce.database import Database
from cauce.database.database import Address
from cauce.security.secrets import load_secrets
from cauce.settings import Settings
from expectations.build import build
host, port, name, superuser, secrets, home = sys.argv[1:]
database = Database(Address(host, int(port), name, superuser), load_secrets(Path(secrets)), Settings(home=Path(home)))
build(database, force=True, on_progress=lambda told: print(told, flush=True))
"""


def test_an_unchanged_world_is_not_built_again(copy: Database) -> None:
    renew(copy, None)  # left by an attempt that never ended
    report = build(copy, as_of=AS_OF)
    assert (report.skipped, report.models) == (True, 0)
    assert check(copy).failures == []
    assert publish(copy).published


@pytest.mark.parametrize("what", CHANGES)
def test_what_marts_depend_on_changes_the_fingerprint(copy: Database, what: str) -> None:
    before = _fingerprint(copy)
    assert _fingerprint(copy) == before
    with copy.transaction(Role.OWNER) as conn:
        changed = conn.execute(CHANGES[what])
        assert changed.rowcount > 0
    assert _fingerprint(copy) != before


def test_the_next_day_of_anybody_changes_the_fingerprint(copy: Database) -> None:
    """Four hours later it is midnight in Madrid; an hour later it is the same day everywhere."""
    assert _fingerprint(copy, hours=1) == _fingerprint(copy)
    assert _fingerprint(copy, hours=5) != _fingerprint(copy)


def test_nobody_reads_a_candidate(copy: Database) -> None:
    """Its tables are granted to those who will read them: until it is published, the schema alone keeps them out."""
    build(copy, as_of=AS_OF, force=True)
    assert check(copy).failures == []
    may_use = "SELECT r, has_schema_privilege(r, %s, 'USAGE') FROM unnest(%s::text[]) AS r"
    with copy.transaction(Role.TRANSFORM) as conn:
        assert dict(conn.execute(may_use, (CANDIDATE, list(Role))).fetchall()) == {
            role: role == Role.TRANSFORM for role in Role
        }
    assert rows(copy, f"SELECT count(*) > 0 FROM {CANDIDATE}.usage_daily") == [(True,)]
    for role in set(Role) - {Role.TRANSFORM}:
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match=f"schema {CANDIDATE}"):
            rows(copy, f"SELECT 1 FROM {CANDIDATE}.usage_daily", role)


def test_a_model_that_fails_is_named_and_recorded(copy: Database) -> None:
    before = content(copy)
    with copy.transaction(Role.OWNER) as conn:
        conn.execute("REVOKE SELECT ON transactions FROM cauce_transform")
        conn.execute("GRANT SELECT (updated_at, amount) ON transactions TO cauce_transform")
    with pytest.raises(FatalError) as caught:
        build(copy)
    text = str(caught.value)
    assert "\n" not in text
    assert re.search(r"permission denied for table transactions — dbt_project/\S+\.sql — .*cauce build", text)
    assert content(copy) == before
    assert rows(copy, "SELECT last_status, checks_failed FROM publication_status") == [("failed", 1)]
    with pytest.raises(FatalError, match="no finished candidate"):
        publish(copy)


def test_killed_while_building(copy: Database, tmp_path: Path) -> None:
    """The marts stay; building, checking and publishing again goes through as if nothing had been."""
    before = content(copy)
    address = copy.address
    server = [address.host, str(address.port), address.name, address.superuser_url]
    arguments = [*server, os.environ["CAUCE_TEST_HOME"], str(tmp_path)]
    process = subprocess.Popen(
        [sys.executable, "-c", BUILD, *arguments], cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    for line in process.stdout:
        if "usage_daily" in line and "marts_candidate" in line:
            process.send_signal(signal.SIGKILL)
            break
    process.wait()
    process.stdout.close()
    assert process.returncode == -signal.SIGKILL
    assert content(copy) == before
    assert not build(copy, as_of=AS_OF, force=True).skipped
    assert check(copy).failures == []
    assert publish(copy).published
    assert content(copy) != before


def _fingerprint(database: Database, hours: int = 0) -> str:
    with database.transaction(Role.TRANSFORM) as conn:
        return input_fingerprint(conn, AS_OF + timedelta(hours=hours))
