"""A load killed at any moment leaves nothing behind, and the same load afterwards ends like one that was not."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from ingest import load_file
from tests.conftest import HOME, drop_database, make_person_in
from tests.ingest.inputs import contents, counts, event, rows, write_events

LOADER = """
import sys
from pathlib import Path
from cauce.database import Database
from cauce.database.database import Address
from cauce.security.secrets import load_secrets
from cauce.settings import Settings
from ingest import load_file
home, host, port, name, file = sys.argv[1:]
db = Database(Address(host, int(port), name, ""), load_secrets(Path(home)), Settings(home=Path(home)))
print("ready", flush=True)
print(load_file(db, Path(file)).loaded, flush=True)
"""


def loader(db, path):
    """A process that loads a file, past its imports."""
    where = [os.environ[HOME], db.address.host, str(db.address.port), db.address.name, str(path)]
    process = subprocess.Popen(
        [sys.executable, "-c", LOADER, *where], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
    )
    assert process.stdout.readline() == "ready\n"
    return process


def test_a_load_killed_at_any_moment_leaves_no_trace_and_can_be_repeated(db, new_database, tmp_path):
    events = [event(n, user=f"p{n % 5}@example.com", prompt="x" * 50, completion="y") for n in range(4000)]
    path = write_events(tmp_path / "a.jsonl", [*events, event(1, user="p1@example.com", input_tokens=7), "{broken"])
    clean = new_database(tmp_path / "clean")
    try:
        for database in (db, clean):
            for n in range(5):
                make_person_in(database, f"p{n}@example.com")
        load_file(clean, path)  # also makes the month partitions' catalogue warm
        start = time.monotonic()
        process = loader(db, tmp_path / "missing")
        process.kill()
        process.communicate()
        nothing = contents(db)
        chance, killed = random.Random(7), 0
        span = max(0.6, time.monotonic() - start)
        for _ in range(6):
            process = loader(db, path)
            time.sleep(chance.uniform(0, span))
            process.send_signal(signal.SIGKILL)
            done = process.communicate()[0].strip()
            if done:
                break
            wait_until_gone(db)
            if rows(db, "SELECT count(*) FROM ingest_batches WHERE status = 'done'") == [1]:
                break  # killed after the commit
            killed += 1
            assert contents(db) == nothing
            assert rows(db, "SELECT count(*) FROM ingest_batches") == [0]
        assert killed >= 1
        report = load_file(db, path)
        assert counts(report) in (
            {"read": 4002, "loaded": 4000, "quarantined": 2},
            {"read": 4002, "duplicate": 4002},
        )
        assert contents(db) == contents(clean)
    finally:
        drop_database(clean)


def wait_until_gone(db):
    """Wait until the server has noticed that the killed client is gone, and rolled back."""
    query = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename = 'cauce_ingest'"
        " AND state <> 'idle'"
    )
    for _ in range(100):
        if rows(db, query) == [0]:
            return
        time.sleep(0.1)
    raise AssertionError("the server still works for a client that is gone")


def test_a_server_that_drops_the_connection_leaves_nothing(db, make_person, tmp_path, load_frames):
    import pytest

    from cauce.errors import RetriableError

    ana = make_person("ana@example.com")

    def cut(*_):
        with db.transaction("cauce_owner") as conn:
            conn.execute("SELECT 1")
        import psycopg

        with psycopg.connect(db.address.superuser_url, autocommit=True) as conn:
            conn.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = %s AND usename = 'cauce_ingest'",
                (db.address.name,),
            )

    path = write_events(tmp_path / "a.jsonl", [event(n) for n in range(10)])
    with pytest.raises(RetriableError, match="connection"):
        load_file(db, path, on_progress=cut)
    assert rows(db, "SELECT count(*) FROM ingest_batches") == [0]
    assert counts(load_file(db, path, owner=ana)) == {"read": 10, "loaded": 10}
