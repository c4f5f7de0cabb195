"""Rows a second of a full usage load, against a bare COPY of the same finished rows into the same table and indexes.

    python -m benchmarks.usage_load --rows 1000000 --formats jsonl csv parquet --rounds 2

A full load reads and checks the file, prices each event, attributes it to a person, an agent and a conversation, proves
that it is new, writes it, and keeps the counters. The bare COPY is of `usage_logs` alone, as a superuser (row security
does not take part), without the counters' triggers; constraints and indexes are the same. Each starts from an empty
table of the same embedded server, after a load that is not measured: it gives the finished rows, and the server the
months, the write-ahead log and the caches that it has when it runs for a while. The ratio is of the medians of all
rounds, and at least 0.4; the loading process stays under 1 GiB, however large the file.
"""

import argparse
import re
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path

import psycopg

from benchmarks.usage_events import PEOPLE, email, usage_events, write
from cauce.database import Database, Role
from cauce.database.migrations import migrate
from cauce.database.server import EmbeddedServer
from cauce.settings import Settings
from ingest import load_file

AT_LEAST = 0.4
AT_MOST_MIB = 1024
EMPTY = """
TRUNCATE usage_logs, usage_event_keys, conversations, chat_sessions, messages, monthly_usage, usage_slots,
  ingest_batches CASCADE
"""


def settings_of(home: Path) -> Settings:
    """Settings of a database that lives in `home` only."""
    return Settings(home=home, database_url=None)


@contextmanager
def scratch_database() -> Iterator[Database]:
    """An embedded, durable database with people in it, gone afterwards."""
    home = Path(tempfile.mkdtemp(prefix="cauce-benchmark-"))
    try:
        database = Database.from_settings(settings_of(home))
        migrate(database)
        with database.transaction(Role.OWNER) as conn:
            conn.cursor().executemany("INSERT INTO users (email) VALUES (%s)", [(email(n),) for n in range(PEOPLE)])
        yield database
        database.close()
    finally:
        EmbeddedServer(home).stop(mode="immediate")
        shutil.rmtree(home, ignore_errors=True)


def timed_load(home: Path, path: Path) -> tuple[float, int, float]:
    """Load a file in a process of its own; gives seconds, rows loaded and its peak memory in MiB."""
    database = Database.from_settings(settings_of(home))
    load_file(database, path.with_name("warm.jsonl"))  # imports and price lists are there in a running system
    start = time.perf_counter()
    report = load_file(database, path)
    seconds = time.perf_counter() - start
    database.close()
    return seconds, report.loaded, peak_mib()


def peak_mib() -> float:
    """The most memory this process has had, in MiB; `getrusage` would tell that of the one it was started from."""
    found = re.search(r"^VmHWM:\s+(\d+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE)
    assert found
    return int(found[1]) / 1024


def full_load(database: Database, path: Path) -> tuple[float, int, float]:
    """Load a file into empty tables."""
    with superuser(database) as conn:
        conn.execute(EMPTY)
        conn.execute("VACUUM ANALYZE")
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(timed_load, database.settings.home, path).result()


def bare_copy(database: Database, finished: Path) -> float:
    """COPY finished rows into the empty table, without the counters; gives seconds."""
    with superuser(database) as conn:
        conn.execute("TRUNCATE usage_logs")
        conn.execute("ALTER TABLE usage_logs DISABLE TRIGGER USER")
        conn.execute("CHECKPOINT")
        start = time.perf_counter()
        with finished.open("rb") as rows, conn.cursor().copy("COPY usage_logs FROM STDIN") as copy:
            while block := rows.read(1 << 20):
                copy.write(block)
        seconds = time.perf_counter() - start
        conn.execute("ALTER TABLE usage_logs ENABLE TRIGGER USER")
    return seconds


def export(database: Database, finished: Path) -> None:
    """Write the rows of the table to a file, in the order that they lie in."""
    with (
        superuser(database) as conn,
        finished.open("wb") as rows,
        conn.cursor().copy("COPY (SELECT * FROM usage_logs) TO STDOUT") as copy,
    ):
        for block in copy:
            rows.write(block)


@contextmanager
def superuser(database: Database) -> Iterator[psycopg.Connection]:
    """A superuser's connection to the database."""
    url = database.address.superuser_url
    with psycopg.connect(url, dbname=database.address.name, autocommit=True) as conn:
        yield conn


def main() -> None:
    """Measure and print a small table; says no by its exit when a bound is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument(
        "--formats", nargs="+", choices=("jsonl", "csv", "parquet"), default=["jsonl", "csv", "parquet"]
    )
    options = parser.parse_args()

    with scratch_database() as database, tempfile.TemporaryDirectory() as folder:
        events = usage_events(options.rows)
        write(events.head(1), Path(folder), "jsonl").rename(Path(folder) / "warm.jsonl")
        finished = Path(folder) / "finished"
        files = {form: write(events, Path(folder), form) for form in options.formats}
        loads: dict[str, list[float]] = {form: [] for form in files}
        memory = dict.fromkeys(files, 0.0)
        copies = []
        full_load(database, next(iter(files.values())))
        export(database, finished)
        for _ in range(options.rounds):
            copies.append(bare_copy(database, finished))
            for form, path in files.items():
                seconds, loaded, peak = full_load(database, path)
                assert loaded == options.rows - 1, f"{loaded} of {options.rows - 1} rows were loaded"
                loads[form].append(seconds)
                memory[form] = max(memory[form], peak)
        bare = options.rows / statistics.median(copies)
        print(f"{'':10}{'rows/s':>12}{'ratio':>8}{'peak MiB':>10}")
        print(f"{'bare COPY':10}{bare:12,.0f}{1:8.2f}")
        missed = []
        for form in options.formats:
            rate = options.rows / statistics.median(loads[form])
            print(f"{form:10}{rate:12,.0f}{rate / bare:8.2f}{memory[form]:10,.0f}")
            if rate / bare < AT_LEAST or memory[form] > AT_MOST_MIB:
                missed.append(form)
    if missed:
        raise SystemExit(f"too slow beside a bare COPY, or too much memory: {', '.join(missed)}")


if __name__ == "__main__":
    main()
