"""Publishing: one step, only what was audited, and nobody ever sees less than whole marts."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psycopg
import pytest

from cauce.database import Database, Role
from cauce.errors import FatalError
from expectations.candidate import CANDIDATE, Audit, content_of, read_candidate, write_candidate
from expectations.publish import publish
from tests.expectations.world import rows

STATUS = "SELECT last_status, published_at, failing_since FROM publication_status"
RENEW = """
CREATE SCHEMA marts_candidate;
CREATE TABLE marts_candidate.usage_daily AS SELECT * FROM marts.usage_daily;
GRANT SELECT ON marts_candidate.usage_daily TO cauce_admin;
"""
PUBLISH = """
import sys
from pathlib import Path
from cauce.database import Database
from cauce.database.database import Address
from cauce.security.secrets import load_secrets
from cauce.settings import Settings
from expectations.publish import publish
host, port, name, superuser, home = sys.argv[1:]
address = Address(host, int(port), name, superuser)
publish(Database(address, load_secrets(Path(home)), Settings(home=Path(home), database_url=None)))
"""
GOOD = Audit(passed=1, failed=0, warnings=0, failures=[])
BAD = Audit(passed=0, failed=1, warnings=0, failures=[{"suite": "usage", "expectation": "x", "mart": "usage_daily"}])


def renew(database: Database, audit: Audit | None) -> str:
    """A new candidate like what is published, with this audit; gives the digest of its tables."""
    with database.transaction(Role.TRANSFORM) as conn:
        conn.execute(RENEW)
        published = read_candidate(conn, "marts")
        assert published
        content = content_of(conn, CANDIDATE)
        fields = (published.fingerprint, published.as_of, published.code_version, content)
        write_candidate(conn, type(published)("new", *fields, audit=audit))
    return content


def content(database: Database) -> str:
    with database.transaction(Role.TRANSFORM) as conn:
        return content_of(conn, "marts")


def test_an_audited_candidate_becomes_the_marts(copy: Database) -> None:
    new = renew(copy, GOOD)
    report = publish(copy)
    assert (report.published, report.refused, content(copy)) == (True, None, new)
    assert rows(copy, "SELECT count(*) > 0 FROM marts.usage_daily", Role.ADMIN) == [(True,)]
    assert rows(copy, "SELECT last_status, checks_passed FROM publication_status") == [("published", 1)]
    assert rows(copy, "SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'marts%%'".replace("%%", "%")) == [(1,)]


@pytest.mark.parametrize(
    ("audit", "refused"), [(None, "the candidate was not audited"), (BAD, "1 expectations do not hold")]
)
def test_what_did_not_pass_an_audit_is_refused(copy: Database, audit: Audit | None, refused: str) -> None:
    before, published_at = content(copy), rows(copy, STATUS)[0][1]
    renew(copy, audit)
    report = publish(copy)
    assert (report.published, report.refused) == (False, refused)
    assert content(copy) == before
    status, still_published_at, failing_since = rows(copy, STATUS)[0]
    assert (status, still_published_at) == ("failed", published_at)
    assert failing_since is not None
    assert rows(copy, "SELECT failures ->> 0 IS NOT NULL FROM publication_status") == [(True,)]


def test_a_candidate_that_changed_after_its_audit_is_refused(copy: Database) -> None:
    renew(copy, GOOD)
    with copy.transaction(Role.TRANSFORM) as conn:
        conn.execute("DROP TABLE marts_candidate.usage_daily; CREATE TABLE marts_candidate.usage_daily (user_id uuid)")
    assert publish(copy).refused == "the candidate changed after its build"


def test_an_unfinished_candidate_is_refused(copy: Database) -> None:
    with copy.transaction(Role.TRANSFORM) as conn:
        conn.execute(RENEW)
    with pytest.raises(FatalError, match="cauce build"):
        publish(copy)
    assert rows(copy, "SELECT last_status FROM publication_status") == [("published",)]


def test_nothing_new_is_published_already(copy: Database) -> None:
    before = rows(copy, "SELECT count(*) FROM publications")
    assert publish(copy).published
    assert rows(copy, "SELECT count(*) FROM publications") == before


def test_nothing_built_is_an_error(db: Database) -> None:
    with pytest.raises(FatalError, match="cauce build"):
        publish(db)


def test_readers_always_see_whole_marts(copy: Database) -> None:
    """Readers that ask all the time, by prepared statement and by name, while marts are replaced twelve times."""
    [(expected,)] = rows(copy, "SELECT count(*) FROM marts.usage_daily", Role.ADMIN)
    seen: list[object] = []
    stop = threading.Event()

    def read() -> None:
        with copy.connect(Role.ADMIN, autocommit=True) as conn:
            while not stop.is_set():
                try:
                    seen.append((conn.execute("SELECT count(*) FROM marts.usage_daily").fetchone() or (None,))[0])
                except psycopg.Error as error:
                    seen.append(str(error))

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for _ in range(12):
        renew(copy, GOOD)
        assert publish(copy).published
    stop.set()
    for reader in readers:
        reader.join()
    assert len(seen) > 24
    assert set(seen) == {expected}


def test_a_long_reader_keeps_what_it_reads_and_holds_nobody_up(copy: Database) -> None:
    with copy.connect(Role.ADMIN) as reader:
        reader.execute("SELECT count(*) FROM marts.usage_daily")
        renew(copy, GOOD)
        assert publish(copy).published
        retired = "SELECT count(*) FROM pg_namespace WHERE starts_with(nspname, 'marts_retired_')"
        assert rows(copy, retired) == [(1,)]
        reader.rollback()
    assert publish(copy).published
    assert rows(copy, retired) == [(0,)]


def test_killed_in_the_middle_of_publishing(copy: Database, tmp_path: Path) -> None:
    """Killed after the renames and before the record: the old marts stay, and the next publication goes through."""
    before = content(copy)
    new = renew(copy, GOOD)
    address = copy.address
    home = os.environ["CAUCE_TEST_HOME"]
    arguments = [address.host, str(address.port), address.name, address.superuser_url, home]
    with copy.connect(Role.OWNER) as holder:
        holder.execute("LOCK TABLE publications IN SHARE MODE")  # the record waits for this
        process = subprocess.Popen([sys.executable, "-c", PUBLISH, *arguments], cwd=Path(__file__).parents[2])
        try:
            _wait_until(copy, "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                        " AND query LIKE '%INSERT INTO publications%' AND datname = current_database()")  # fmt: skip
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
        assert content(copy) == before
    assert publish(copy).published
    assert content(copy) == new
    assert rows(copy, "SELECT last_status FROM publication_status") == [("published",)]


def _wait_until(database: Database, query: str) -> None:
    for _ in range(600):
        with psycopg.connect(database.address.superuser_url, dbname=database.address.name) as conn:
            if conn.execute(query).fetchone() == (1,):
                return
        time.sleep(0.05)
    raise AssertionError("the publication never came that far")
