"""Usage that was moved to files is all there, once, whatever happens on the way."""

import json
import os
import signal
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID

import polars as pl
import psycopg
import pytest

from cauce.database import Database, Role
from cauce.errors import FatalError, SkippableError
from cauce.lifecycle import archive, parquet
from cauce.lifecycle.archive import archive_month, archives, folder
from cauce.lifecycle.archive_reading import query, scan_archive, scan_usage
from cauce.settings import PROJECT
from ingest import load_file, undo
from tests.cauce.lifecycle.usage import OLD, add_usage, people
from tests.conftest import HOME

MARCH = date(2024, 3, 1)
COUNTERS = (
    "SELECT user_id, year, month, total_messages, total_tokens, total_cost, unknown_cost_events FROM monthly_usage"
    " ORDER BY 1, 2, 3"
)


@pytest.fixture
def two(db: Database) -> tuple[UUID, UUID]:
    """Two people with twelve calls each in March 2024, and twelve each today."""
    ana, luis = people(db)
    with db.transaction(Role.OWNER) as conn:
        for person in (ana, luis):
            add_usage(conn, person, OLD)
            add_usage(conn, person, datetime.now(UTC))
    return ana, luis


def usage(db: Database) -> pl.DataFrame:
    return scan_usage(db).collect().sort("user_id", "id")


def counters(db: Database) -> list[tuple[object, ...]]:
    with db.transaction(Role.OWNER) as conn:
        return conn.execute(COUNTERS).fetchall()


def live(db: Database) -> int:
    with db.transaction(Role.OWNER) as conn:
        return int((conn.execute("SELECT count(*) FROM usage_logs").fetchone() or (0,))[0])


def test_a_month_moves_whole_and_every_value_stays_as_it_was(db: Database, two: tuple[UUID, UUID]) -> None:
    before, totals = usage(db), counters(db)
    assert archive_month(db, MARCH) == 24
    assert (live(db), scan_archive(db).collect().height) == (24, 24)
    assert usage(db).equals(before)
    assert counters(db) == totals
    tokens = query(db, "SELECT sum(total_tokens) AS t, count(*) AS n FROM usage_logs WHERE model = 'm'").row(0)
    assert tokens == (2 * sum(10 + 2 * n for n in range(6)), 12)
    assert query(db, "SELECT count(*) AS n FROM usage_logs", live=True)["n"].to_list() == [48]
    assert folder(db).stat().st_mode & 0o077 == 0


def test_a_recount_keeps_what_was_archived(db: Database, two: tuple[UUID, UUID]) -> None:
    totals = counters(db)
    archive_month(db, MARCH)
    with db.transaction(Role.OWNER) as conn:
        conn.execute("UPDATE monthly_usage SET total_messages = 0")
        conn.execute("SELECT recount_usage(%s)", (list(two),))
    assert counters(db) == totals


def test_late_calls_of_an_archived_month_make_a_second_file(db: Database, two: tuple[UUID, UUID]) -> None:
    archive_month(db, MARCH)
    with db.transaction(Role.OWNER) as conn:
        add_usage(conn, two[0], OLD.replace(day=20))
    before, totals = usage(db), counters(db)
    assert archive_month(db, MARCH) == 12
    with db.transaction(Role.OWNER) as conn:
        assert [found.rows for found in archives(conn)] in ([24, 12], [12, 24])
        days = conn.execute(
            "SELECT sum(events), sum(total_tokens), sum(total_cost) FROM archived_usage_daily"
        ).fetchone()
    assert usage(db).equals(before)
    assert counters(db) == totals
    old = before.filter(pl.col("timestamp") < datetime(2024, 4, 1, tzinfo=UTC))
    assert days == (old.height, old["total_tokens"].sum(), old["total_cost"].sum())


def test_an_archived_event_that_comes_again_is_a_duplicate_still(db: Database, tmp_path: Path) -> None:
    people(db)
    event = {"timestamp": "2024-03-05T12:00:00Z", "user": "ana@example.com", "model": "gpt-4o", "input_tokens": 1}
    lines = [json.dumps({**event, "event_id": f"e{n}", "output_tokens": n}) + "\n" for n in range(3)]
    (tmp_path / "first.jsonl").write_text("".join(lines[:2]))
    (tmp_path / "second.jsonl").write_text("".join(lines))
    assert load_file(db, tmp_path / "first.jsonl").loaded == 2
    archive_month(db, MARCH)
    report = load_file(db, tmp_path / "second.jsonl")
    assert (report.loaded, report.duplicate) == (1, 2)
    assert scan_usage(db).collect()["event_id"].sort().to_list() == ["e0", "e1", "e2"]


def test_a_batch_with_archived_events_is_not_undone(db: Database, two: tuple[UUID, UUID]) -> None:
    with db.transaction(Role.OWNER) as conn:
        (batch,) = conn.execute(
            "INSERT INTO ingest_batches (domain, source_file, format, format_version, content_sha256, status)"
            " VALUES ('usage', 'x.jsonl', 'x', 1, 'x', 'done') RETURNING id"
        ).fetchone() or (None,)
        conn.execute("UPDATE usage_logs SET batch_id = %s WHERE timestamp < '2024-04-01'", (batch,))
        conn.execute("UPDATE usage_event_keys SET batch_id = %s WHERE timestamp < '2024-04-01'", (batch,))
    archive_month(db, MARCH)
    before = usage(db)
    with pytest.raises(SkippableError, match="24 events of this batch are archived, from 2024-03 on"):
        undo(db, batch)
    assert usage(db).equals(before)


def test_a_file_that_does_not_hold_what_the_table_holds_moves_nothing(
    db: Database, two: tuple[UUID, UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = parquet.read
    monkeypatch.setattr(parquet, "read", lambda path: (frame.with_columns(model=pl.lit("m")) for frame in whole(path)))
    with pytest.raises(FatalError, match="does not hold what the table holds"):
        archive_month(db, MARCH)
    monkeypatch.undo()
    assert live(db) == 48
    assert scan_archive(db).collect().height == 0


def test_a_missing_file_is_told(db: Database, two: tuple[UUID, UUID]) -> None:
    archive_month(db, MARCH)
    for path in folder(db).iterdir():
        path.unlink()
    with pytest.raises(FatalError, match="an archive of usage is missing"):
        scan_archive(db)


def test_a_question_that_cannot_be_answered_is_told_in_one_line(db: Database) -> None:
    with pytest.raises(FatalError, match="cannot be answered") as told:
        query(db, "SELECT nonsense FROM usage_logs")
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("live", [False, True])
def test_a_question_reads_what_admins_may_read_and_nothing_that_may_hold_what_was_said(
    db: Database, two: tuple[UUID, UUID], live: bool
) -> None:
    archive_month(db, MARCH)
    hidden = ("units", "error_message")
    for column in hidden:
        with pytest.raises(FatalError, match="cannot be answered"):
            query(db, f"SELECT {column} FROM usage_logs", live=live)
    everything = query(db, "SELECT * FROM usage_logs", live=live)
    assert (everything.height, set(usage(db).columns) - set(everything.columns)) == (48 if live else 24, set(hidden))


def test_forgetting_a_person_leaves_the_others_rows_as_they_were(db: Database, two: tuple[UUID, UUID]) -> None:
    ana, luis = two
    with db.transaction(Role.OWNER) as conn:
        add_usage(conn, ana, OLD.replace(month=5))
    for month in (MARCH, date(2024, 5, 1)):
        archive_month(db, month)
    others = scan_archive(db).filter(pl.col("user_id") == str(luis)).collect().sort("id")
    assert archive.forget(db, ana) == 24
    assert scan_archive(db).collect().sort("id").equals(others)
    with db.transaction(Role.OWNER) as conn:
        assert [found.rows for found in archives(conn)] == [12]
    assert len(list(folder(db).iterdir())) == 1
    assert archive.forget(db, ana) == 0


KILLED = """
import os, signal, sys
from datetime import date
from pathlib import Path
import psycopg
from cauce.database import Database
from cauce.database.database import Address
from cauce.lifecycle import archive, parquet, rows
from cauce.security.secrets import load_secrets
from cauce.settings import Settings
keys, home, host, port, name, moment = sys.argv[1:]
def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)
leave = psycopg.Connection.__exit__
def at_the_commit(conn, *reason):
    if conn.execute("SELECT count(*) FROM usage_archives").fetchone() != (0,):
        die()
    leave(conn, *reason)
match moment:
    case "while the file is written": parquet.Content.add = die
    case "before it is compared": parquet.content_of = die
    case "before the commit": psycopg.Connection.__exit__ = at_the_commit
    case "after the commit": parquet.put_in_place = die
db = Database(Address(host, int(port), name, ""), load_secrets(Path(keys)), Settings(home=Path(home)))
archive.archive_month(db, date(2024, 3, 1))
"""


@pytest.mark.parametrize(
    "moment", ["while the file is written", "before it is compared", "before the commit", "after the commit"]
)
def test_killed_at_any_moment_nothing_is_lost_and_nothing_is_double(
    db: Database, two: tuple[UUID, UUID], moment: str
) -> None:
    before, totals = usage(db), counters(db)
    where = [os.environ[HOME], str(db.settings.home), db.address.host, str(db.address.port), db.address.name, moment]
    process = subprocess.run([sys.executable, "-c", KILLED, *where], cwd=PROJECT, check=False)
    assert process.returncode == -signal.SIGKILL
    assert usage(db).equals(before)
    assert (moment == "after the commit") == (scan_archive(db).collect().height == 24)
    archive.settle(db)
    if moment != "after the commit":
        assert list(folder(db).iterdir()) == []
        assert archive_month(db, MARCH) == 24
    assert usage(db).equals(before)
    assert counters(db) == totals
    assert scan_archive(db).collect().height == 24
    assert [path.suffix for path in folder(db).iterdir()] == [".parquet"]


def test_a_writer_of_that_month_only_waits_or_is_waited_for(
    db: Database, two: tuple[UUID, UUID], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(archive, "PAUSES", ())
    with db.connect(Role.OWNER) as writer:
        add_usage(writer, two[0], OLD.replace(day=20), events=1)
        with pytest.raises(psycopg.errors.LockNotAvailable):
            archive_month(db, MARCH)
        writer.commit()
    assert archive_month(db, MARCH) == 25
