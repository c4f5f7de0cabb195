"""Killed at any moment, client or server, a run picks up again: nothing lost, nothing doubled, no half state."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import psycopg
import pytest

from cauce.database import Database, Role
from cauce.database.migrations import migrate
from cauce.database.server import EmbeddedServer
from cauce.demo import generate
from cauce.demo.people import create_people
from cauce.settings import Settings

CONTENT = {
    "usage_logs": "SELECT source, event_id, timestamp, tokens_input, tokens_output, total_cost, local_date::text FROM usage_logs",
    "monthly_usage": "SELECT u.email, year, month, m.total_messages, m.total_tokens, m.total_cost FROM monthly_usage m"
    " JOIN users u ON u.id = m.user_id WHERE m.total_messages > 0",
    "messages": "SELECT u.email, m.timestamp, position, content FROM messages m JOIN users u ON u.id = m.user_id",
    "transactions": "SELECT u.email, external_id, date, amount, category FROM transactions t JOIN users u ON u.id = t.user_id",
    "financial_accounts": "SELECT u.email, a.name, balance FROM financial_accounts a JOIN users u ON u.id = a.user_id",
    "budgets": "SELECT u.email, category, amount FROM budgets b JOIN users u ON u.id = b.user_id",
    "medication_logs": "SELECT u.email, m.name, scheduled_time, l.status FROM medication_logs l JOIN users u ON u.id = l.user_id"
    " JOIN medications m ON m.user_id = l.user_id AND m.id = l.medication_id",
    "health_measurements": "SELECT u.email, external_id, type, value FROM health_measurements h JOIN users u ON u.id = h.user_id",
    "fx_rates": "SELECT base, quote, date, source, rate FROM fx_rates",
    "provider_reports": "SELECT report_key, report, starts_at, model, requests, amount FROM provider_reports",
    "quarantined_rows": "SELECT domain, rule, line, reason FROM quarantined_rows",
    "ingest_batches": "SELECT source_file, read, loaded, updated, duplicate, quarantined, ignored FROM ingest_batches"
    " WHERE status = 'done'",
}
MARTS = {
    "usage_daily": "SELECT sum(events), sum(total_tokens), sum(total_cost) FROM marts.usage_daily",
    "cash_flow_monthly": "SELECT sum(income), sum(expense), sum(transactions) FROM marts.cash_flow_monthly",
    "adherence_daily": "SELECT sum(scheduled), sum(taken) FROM marts.adherence_daily",
}


class House:
    """An installation of its own: home, embedded server, inbox with the demo's files."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.settings = Settings(home=home, inbox=home / "inbox", database_url=None)
        plan = generate(home / "inbox", users=5, months=1, seed=7, today=date(2026, 3, 20))
        self.database = Database.from_settings(self.settings)
        migrate(self.database)
        create_people(self.database, plan)

    def start_run(self) -> subprocess.Popen[bytes]:
        environment = {key: os.environ[key] for key in ("PATH", "HOME", "LANG") if key in os.environ}
        return subprocess.Popen(
            [sys.executable, "-m", "cauce", "run"],
            env={**environment, "CAUCE_HOME": str(self.home), "CAUCE_INBOX": str(self.home / "inbox")},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )

    def run(self) -> None:
        with self.start_run() as process:
            _, errors = process.communicate(timeout=300)
        assert process.returncode == 0, errors.decode()

    def content(self) -> dict[str, list[tuple[object, ...]]]:
        self.database.close()
        self.database = Database.from_settings(self.settings)  # the port may be another after a crash
        with self.database.transaction(Role.OWNER) as conn:
            found = {name: sorted(conn.execute(query.encode()).fetchall(), key=repr) for name, query in CONTENT.items()}
        with self.database.transaction(Role.TRANSFORM) as conn:
            found |= {name: conn.execute(query.encode()).fetchall() for name, query in MARTS.items()}
        return found

    def close(self) -> None:
        self.database.close()
        EmbeddedServer(self.home).stop(mode="immediate")


@pytest.fixture
def houses(tmp_path: Path) -> Iterator[tuple[House, House]]:
    both = House(tmp_path / "calm"), House(tmp_path / "killed")
    yield both
    for house in both:
        house.close()


def test_killed_again_and_again_it_ends_as_if_it_never_was(houses: tuple[House, House]) -> None:
    calm, killed = houses
    began = time.monotonic()
    calm.run()
    whole = time.monotonic() - began
    for turn, share in enumerate((0.15, 0.35, 0.5, 0.65, 0.8, 0.92)):
        process = killed.start_run()
        time.sleep(whole * share)
        if turn % 2:
            postmaster = EmbeddedServer(killed.home).status().pid
            assert postmaster is not None
            os.kill(postmaster, signal.SIGKILL)
            _, errors = process.communicate(timeout=120)
            assert b"Traceback" not in errors
        else:
            process.kill()
            process.communicate()
        assert_readers_see_no_half_state(killed)
    killed.run()
    expected, found = calm.content(), killed.content()
    for part, rows in expected.items():
        assert rows, f"{part} is empty, and shows nothing"
        assert found[part] == rows, part
    killed.run()
    assert killed.content() == found


def assert_readers_see_no_half_state(house: House) -> None:
    """A batch and its rows are there together or not at all; so is a publication and its marts."""
    with Database.from_settings(house.settings).connect(Role.OWNER) as conn:
        batches = conn.execute(
            "SELECT b.loaded, (SELECT count(*) FROM usage_logs u WHERE u.batch_id = b.id)"
            " + (SELECT count(*) FROM fx_rates f WHERE f.batch_id = b.id)"
            " + (SELECT count(*) FROM provider_reports p WHERE p.batch_id = b.id)"
            " FROM ingest_batches b WHERE b.domain = 'usage'"
        ).fetchall()
        published = conn.execute("SELECT count(*) FROM publications WHERE status = 'published'").fetchone()
        marts = conn.execute("SELECT count(*) FROM pg_namespace WHERE nspname = 'marts'").fetchone()
    assert all(loaded == rows for loaded, rows in batches)
    assert published is not None
    assert marts == (min(published[0], 1),)


def test_two_runs_at_once_load_once(tmp_path: Path) -> None:
    house = House(tmp_path / "house")
    try:
        first, second = house.start_run(), house.start_run()
        codes = [process.wait(timeout=300) for process in (first, second)]
        assert codes == [0, 0], [process.stderr and process.stderr.read() for process in (first, second)]
        for process in (first, second):
            assert process.stderr is not None
            process.stderr.close()
        once = house.content()
        house.run()
        assert house.content() == once
        with psycopg.connect(house.database.url(Role.OWNER)) as conn:
            assert conn.execute("SELECT count(*) FROM publications WHERE status = 'failed'").fetchone() == (0,)
    finally:
        house.close()
