import gzip
import threading
import zipfile
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pyarrow as pa  # type: ignore[import-untyped]
import pytest

from ingest import load_file, undo
from tests.ingest.inputs import contents, counts, event, rows, write_events

EVENTS = [event(n, prompt=f"¿{n}?", completion="sí") if n % 4 == 0 else event(n) for n in range(40)]


@pytest.fixture
def ana(make_person):
    return make_person("ana@example.com")


def test_the_same_file_again_is_all_duplicates_and_writes_nothing(db, ana, tmp_path):
    path = write_events(tmp_path / "a.jsonl", [*EVENTS, "{broken"])
    first = load_file(db, path)
    before = contents(db)
    again = load_file(db, path)
    assert counts(again) == {"read": 41, "duplicate": 41}
    assert again.batch == first.batch
    assert contents(db) == before
    assert rows(db, "SELECT count(*) FROM ingest_batches") == [1]


def gz(data):
    return gzip.compress(data)


def zst(data):
    return pa.compress(data, codec="zstd", asbytes=True)


def zipped(data):
    import io

    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inside.jsonl", data)
    return buffer.getvalue()


@pytest.mark.parametrize("pack", [gz, zst, zipped])
def test_a_renamed_and_compressed_file_is_the_same_file(db, ana, tmp_path, pack):
    path = write_events(tmp_path / "a.jsonl", EVENTS)
    load_file(db, path)
    other = tmp_path / "other.bin"
    other.write_bytes(pack(path.read_bytes()))
    assert counts(load_file(db, other)) == {"read": 40, "duplicate": 40}


@pytest.mark.parametrize("pack", [gz, zst, zipped])
def test_a_compressed_file_loads_like_a_plain_one(db, ana, tmp_path, pack):
    path = tmp_path / "x"
    path.write_bytes(pack(write_events(tmp_path / "a.jsonl", EVENTS).read_bytes()))
    assert counts(load_file(db, path)) == {"read": 40, "loaded": 40}


def test_overlapping_reordered_and_split_files_end_in_the_same_tables(db, ana, tmp_path, new_database):
    load_file(db, write_events(tmp_path / "whole.jsonl", EVENTS))
    other = new_database(tmp_path / "other")
    from tests.conftest import drop_database, make_person_in

    make_person_in(other, "ana@example.com")
    read = 0
    for number, part in enumerate((EVENTS[30:], EVENTS[10:35][::-1], EVENTS[:20], EVENTS[::-1])):
        read += load_file(other, write_events(tmp_path / f"{number}.jsonl", part)).loaded
    try:
        assert read == 40
        assert contents(other) == contents(db)
    finally:
        drop_database(other)


def run_together(*jobs):
    """Run jobs at once and give what they return."""
    found, gate = [None] * len(jobs), threading.Barrier(len(jobs))

    def run(number, job):
        gate.wait()
        try:
            found[number] = job()
        except Exception as error:  # noqa: BLE001 - shown by the assertion on the result
            found[number] = error

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def test_the_same_file_twice_at_once_is_loaded_once(db, ana, tmp_path):
    path = write_events(tmp_path / "a.jsonl", EVENTS)
    copy = write_events(tmp_path / "b.jsonl", EVENTS)
    reports = run_together(lambda: load_file(db, path), lambda: load_file(db, copy))
    assert sorted(r.loaded for r in reports) == [0, 40]
    assert sorted(r.duplicate for r in reports) == [0, 40]


def test_overlapping_files_at_once_in_opposite_order_load_each_event_once(db, ana, make_person, tmp_path):
    leo = make_person("leo@example.com")
    events = [event(n, user=("ana", "leo")[n % 2] + "@example.com", prompt="x") for n in range(400)]
    parts = [events[:300], events[100:][::-1], events[50:350], events[::-3]]
    paths = [write_events(tmp_path / f"{n}.jsonl", part) for n, part in enumerate(parts)]
    reports = run_together(*(lambda path=path: load_file(db, path) for path in paths))
    assert sum(r.loaded for r in reports) == 400
    assert all(r.conserved and r.quarantined == 0 for r in reports)
    before = contents(db, "monthly_usage", "users")
    with db.transaction("cauce_owner") as conn:
        conn.execute("SELECT recount_usage(%s)", ([ana, leo],))
    assert contents(db, "monthly_usage", "users") == before


def test_rows_that_can_be_loaded_later_are_read_again_when_they_come_again(db, tmp_path, make_person):
    path = write_events(tmp_path / "a.jsonl", [event(1), event(2, user="leo@example.com")])
    make_person("leo@example.com")
    assert counts(load_file(db, path)) == {"read": 2, "loaded": 1, "quarantined": 1}
    assert counts(load_file(db, path)) == {"read": 2, "duplicate": 2}
    make_person("ana@example.com")
    assert counts(load_file(db, path)) == {"read": 2, "loaded": 1, "duplicate": 1}
    assert rows(db, "SELECT status FROM quarantined_rows") == ["resolved"]
    assert counts(load_file(db, path)) == {"read": 2, "duplicate": 2}


def test_an_undo_that_is_broken_off_in_favour_of_another_writer_goes_again(db, ana, tmp_path):
    before = contents(db, "usage_logs", "usage_event_keys")
    batch = load_file(db, write_events(tmp_path / "a.jsonl", EVENTS)).batch
    waiting = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with psycopg.connect(db.address.superuser_url, dbname=db.address.name) as writer, ThreadPoolExecutor(1) as pool:
        writer.execute("SET deadlock_timeout = '1min'")  # the undo is who looks for a deadlock, and gives way
        writer.execute("SELECT recount_usage(%s)", ([ana],))
        undone = pool.submit(undo, db, batch)
        while writer.execute(waiting).fetchone() is None:
            assert not undone.done()
        writer.execute("SELECT FROM usage_event_keys FOR UPDATE")
        writer.commit()
        assert "40 rows removed" in undone.result(timeout=30)
    assert contents(db, "usage_logs", "usage_event_keys") == before
