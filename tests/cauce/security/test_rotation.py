"""Keys are exchanged while people work: nothing is lost, nothing is left under the old key."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import errors

from cauce.database import Database, Role
from cauce.database.migrations import migrate
from cauce.errors import FatalError, RetriableError
from cauce.models import Base
from cauce.security.envelope import HEADER, Place
from cauce.security.rotation import SealedColumn, key_statuses, rotate, sealed_columns
from cauce.security.secrets import Secrets
from ingest import load_file
from tests.migrations.rows import fill

NOT_SECRET = {
    "financial_accounts.account_key": "a keyed hash of the number: finds the account, tells nothing",
    "quarantined_rows.raw_hash": "a keyed hash of the text: tells whether a record was kept aside before",
    "ingest_batches.content_sha256": "the digest of a whole file: tells whether it was loaded before",
    "erased_addresses.address_hash": "a keyed hash: tells whether who had an address was erased",
    "encryption_keys.wrapped": "a key under the installation's secret",
    "audit_logs.previous_hash": "the chain of the audit log",
    "audit_logs.hash": "the chain of the audit log",
    "audit_logs.origin": "a commitment to an address and a browser, under the salt beside them",
    "audit_origins.salt": "random, and goes with what it is the salt of",
    "audit_heads.hash": "the chain of the audit log",
    "audit_seals.hash": "the chain of the audit log",
    "audit_seals.seal": "the chain of the audit log, under a key derived from the installation's secret",
}
KEEP = """
INSERT INTO quarantined_rows (id, batch_id, user_id, domain, record, rule, reason, raw_sealed, raw_hash)
VALUES (%s, %s, %s, 'finance', 1, 'x', 'x', %s, 'x')
"""
KEPT = "SELECT user_id, id, raw_sealed FROM quarantined_rows ORDER BY id"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("keyring", "rotation"):
        monkeypatch.setattr(f"cauce.security.{module}.FRESH_SECONDS", 0.2)


@pytest.fixture
def ana(db: Database, make_person: Callable[..., UUID]) -> UUID:
    person = make_person()
    with db.transaction(Role.OWNER) as conn:
        conn.execute(
            "INSERT INTO ingest_batches (id, user_id, domain, source_file, format, format_version, content_sha256)"
            " VALUES (%s, %s, 'finance', 'x.ofx', 'ofx', 1, 'x')",
            (person, person),
        )
    return person


@pytest.fixture
def other_process(db: Database) -> Iterator[Database]:
    """The same database with a key ring of its own, as another process has it."""
    database = Database(db.address, db.secrets, db.settings)
    yield database
    database.close()


def keep(conn: psycopg.Connection, db: Database, person: UUID, text: str) -> UUID:
    row = uuid4()
    sealed = db.sealer.seal(text, Place("quarantined_rows", "raw_sealed", person, row))
    conn.execute(
        KEEP,
        (
            row,
            person,
            person,
            sealed,
        ),
    )
    return row


def kept(db: Database) -> dict[UUID, tuple[int, str]]:
    """By row: the key its text is sealed with, and the text."""
    with db.transaction(Role.OWNER) as conn:
        rows = conn.execute(KEPT).fetchall()
    place = Place("quarantined_rows", "raw_sealed", None, UUID(int=0))
    return {
        row: (HEADER.unpack_from(sealed)[1], db.sealer.open(sealed, Place(place.table, place.column, person, row)))
        for person, row, sealed in rows
    }


def keys(db: Database) -> list[tuple[int, str]]:
    return [
        (key.id, "destroyed" if key.destroyed else "retired" if key.retired_at else "active")
        for key in key_statuses(db)
    ]


def test_every_binary_column_is_sealed_or_known_not_to_be_secret(shared_db: Database) -> None:
    with shared_db.transaction(Role.OWNER) as conn:
        binary = conn.execute(
            "SELECT c.relname || '.' || a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid"
            " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition"
            " AND a.atttypid = 'bytea'::regtype AND NOT a.attisdropped"
        ).fetchall()
    sealed = {str(column) for column in sealed_columns()}
    assert {row[0] for row in binary} == sealed | set(NOT_SECRET)
    assert not sealed & set(NOT_SECRET)


@pytest.mark.parametrize("column", sealed_columns(), ids=str)
def test_every_sealed_column_takes_envelopes_of_live_keys_only_and_names_its_row(
    shared_db: Database, column: SealedColumn
) -> None:
    with shared_db.transaction(Role.OWNER) as conn:
        guards = conn.execute(
            "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgrelid = %s::regclass AND tgname = 'sealed'",
            (column.table,),
        ).fetchall()
    [[guard]] = guards
    assert f"key_is_live(new.{column.column})" in guard
    assert "BEFORE INSERT OR UPDATE OF" in guard
    assert {"user_id", "id"} <= set(Base.metadata.tables[column.table].columns.keys())
    assert set(column.key) <= {"user_id", "id"}


def test_the_first_key_is_there_once(db: Database) -> None:
    before = key_statuses(db)
    migrate(db)
    assert key_statuses(db) == before
    assert keys(db) == [(1, "active")]


def test_another_secret_is_refused_before_it_changes_anything(db: Database) -> None:
    db.close()
    with pytest.raises(FatalError, match="set CAUCE_SECRET_KEY") as caught:
        migrate(Database(db.address, Secrets(b"another"), db.settings))
    assert "\n" not in str(caught.value)
    assert keys(db) == [(1, "active")]


def test_all_sealed_columns_get_the_new_key_and_nothing_else_changes(db: Database, ana: UUID) -> None:
    columns = sealed_columns()
    with db.transaction(Role.OWNER) as conn:
        conn.execute("DELETE FROM ingest_batches")
        fill(conn, ana)
        for column in columns:
            sealed = db.sealer.seal(f"text of {column}", Place(column.table, column.column, ana, ana))
            conn.execute(column.sql("UPDATE {table} SET {column} = %s WHERE id = %s"), (sealed, ana))
    with db.transaction(Role.OWNER) as conn:
        changed = conn.execute("SELECT updated_at FROM financial_accounts").fetchall()

    done = rotate(db)

    assert (done.active, done.resealed, done.destroyed) == (2, len(columns), (1,))
    assert keys(db) == [(1, "destroyed"), (2, "active")]
    assert key_statuses(db)[1].envelopes == {str(column): 1 for column in columns}
    with db.transaction(Role.OWNER) as conn:
        for column in columns:
            [[sealed]] = conn.execute(column.sql("SELECT {column} FROM {table}")).fetchall()
            assert db.sealer.open(sealed, Place(column.table, column.column, ana, ana)) == f"text of {column}"
        assert conn.execute("SELECT updated_at FROM financial_accounts").fetchall() == changed
        told = conn.execute("SELECT action, details FROM audit_logs WHERE action LIKE '%KEY%' ORDER BY sequence")
        assert told.fetchall() == [
            ("ROTATE_KEYS", {"retired": 1, "active": 2}),
            ("DESTROY_KEY", {"key": 1}),
        ]


def test_a_rotation_goes_on_beside_readers_and_writers(db: Database, ana: UUID) -> None:
    with db.transaction(Role.OWNER) as conn:
        written = {keep(conn, db, ana, f"{number}"): f"{number}" for number in range(1200)}
    before = len(written)
    stop = threading.Event()

    def write(name: int) -> tuple[dict[UUID, str], int]:
        database = Database(db.address, db.secrets, db.settings)
        mine: dict[UUID, str] = {}
        refused = 0
        while not stop.is_set():
            try:
                with database.transaction(Role.OWNER) as conn:
                    row = keep(conn, database, ana, f"{name}: {len(mine)}")
                    time.sleep(0.01)
                mine[row] = f"{name}: {len(mine)}"
                with database.transaction(Role.OWNER) as conn:  # the same row in one go again, as a token is renewed
                    place = Place("quarantined_rows", "raw_sealed", ana, row)
                    sealed = database.sealer.seal(mine[row], place)
                    conn.execute("UPDATE quarantined_rows SET raw_sealed = %s WHERE id = %s", (sealed, row))
            except errors.SerializationFailure:
                refused += 1
                database.sealer.ring.refresh()
        database.close()
        return mine, refused

    def read() -> int:
        database = Database(db.address, db.secrets, db.settings)
        times = 0
        while not stop.is_set():
            assert len(kept(database)) >= before
            times += 1
        database.close()
        return times

    with ThreadPoolExecutor(3) as pool:
        writers = [pool.submit(write, name) for name in range(2)]
        reader = pool.submit(read)
        try:
            rotate(db)
        finally:
            stop.set()
        for writer in writers:
            mine, _ = writer.result()
            assert len(mine) > 3
            written |= mine
        assert reader.result() > 0
    assert kept(db) == {row: (2, text) for row, text in written.items()}
    assert keys(db) == [(1, "destroyed"), (2, "active")]


def test_a_rotation_that_was_killed_goes_on(db: Database, ana: UUID) -> None:
    with db.transaction(Role.OWNER) as conn:
        written = {keep(conn, db, ana, f"{number}"): f"{number}" for number in range(20)}
    late = sorted(written)[10:]
    with db.connect(Role.OWNER) as busy:
        busy.execute("SELECT 1 FROM quarantined_rows WHERE id = ANY(%s) FOR UPDATE", (late,))
        command = [sys.executable, "-m", "cauce", "keys", "rotate"]
        with subprocess.Popen(command, env=environment(db), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            deadline = time.monotonic() + 60
            while sorted(key for key, _ in kept(db).values()) != [1] * 10 + [2] * 10:
                assert process.poll() is None, process.communicate()
                assert time.monotonic() < deadline
                time.sleep(0.02)
            process.kill()
        busy.rollback()
    assert keys(db) == [(1, "retired"), (2, "active")]
    assert {row: text for row, (_, text) in kept(db).items()} == written

    again = subprocess.run(command, env=environment(db), capture_output=True, text=True, timeout=120, check=False)

    assert again.returncode == 0, again.stderr
    done, sealed = again.stdout.splitlines()
    assert done == "key 2 seals; 10 values sealed anew; destroyed: 1"
    assert sealed.startswith("✓ 2 audit entries, whole; sealed up to 2")
    assert kept(db) == {row: (2, text) for row, text in written.items()}
    shown = subprocess.run([*command[:-1], "status"], env=environment(db), capture_output=True, text=True, check=False)
    assert "quarantined_rows.raw_sealed 20" in shown.stdout


def environment(db: Database) -> dict[str, str]:
    kept = {key: os.environ[key] for key in ("PATH", "HOME", "LANG") if key in os.environ}
    secret = (Path(os.environ["CAUCE_TEST_HOME"]) / "secrets" / "key").read_text().strip()
    url = db.address.superuser_url.rsplit("/", 1)[0] + f"/{db.address.name}"
    return {
        **kept,
        "CAUCE_HOME": str(db.settings.home),
        "CAUCE_SECRET_KEY": secret,
        "DATABASE_URL": url,
        "COLUMNS": "200",
    }


def test_two_rotations_at_once_make_one_new_key(db: Database, ana: UUID, other_process: Database) -> None:
    with db.transaction(Role.OWNER) as conn:
        row = keep(conn, db, ana, "x")
    asking = (  # the one who has the lock asked once, and the two rotations ask again and again
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND query LIKE 'SELECT pg_try_advisory_lock(%' AND pid <> pg_backend_pid()"
    )
    with ThreadPoolExecutor(2) as pool:
        with db.lock("keys"), db.connect(Role.OWNER, autocommit=True) as conn:
            both = [pool.submit(rotate, database) for database in (db, other_process)]
            deadline = time.monotonic() + 30
            while conn.execute(asking).fetchone() != (3,):
                assert time.monotonic() < deadline, "they do not wait for each other"
                time.sleep(0.02)
        done = [rotation.result() for rotation in both]
    assert {rotation.active for rotation in done} == {2}
    assert sorted(rotation.destroyed for rotation in done) == [(), (1,)]
    assert kept(db) == {row: (2, "x")}


def test_a_key_that_a_transaction_holds_is_not_destroyed_under_it(db: Database, ana: UUID) -> None:
    with db.connect(Role.OWNER) as slow:
        row = keep(slow, db, ana, "sealed before the rotation, committed after it")
        with pytest.raises(RetriableError, match="goes on from here"):
            rotate(db, patience=0.3)
        assert keys(db) == [(1, "retired"), (2, "active")]
        slow.commit()
    assert kept(db)[row][0] == 1
    assert rotate(db).destroyed == (1,)
    assert kept(db) == {row: (2, "sealed before the rotation, committed after it")}


def test_what_was_sealed_with_a_key_destroyed_since_is_refused_and_can_be_sealed_again(
    db: Database, ana: UUID, other_process: Database
) -> None:
    place = Place("quarantined_rows", "raw_sealed", ana, uuid4())
    late = other_process.sealer.seal("x", place)
    rotate(db)
    write = (place.row, ana, ana)
    with pytest.raises(errors.SerializationFailure, match="destroyed meanwhile"), db.transaction(Role.OWNER) as conn:
        conn.execute(KEEP, (*write, late))
    with other_process.transaction(Role.OWNER) as conn:
        other_process.sealer.ring.refresh()
        conn.execute(KEEP, (*write, other_process.sealer.seal("x", place)))
    assert kept(db) == {place.row: (2, "x")}


def test_a_load_whose_key_was_destroyed_meanwhile_seals_again(
    db: Database, ana: UUID, other_process: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other_process.sealer.ring.refresh()
    rotate(db)
    monkeypatch.setattr("cauce.security.keyring.FRESH_SECONDS", 3600)  # a process that slept through the rotation
    file = tmp_path / "budgets.csv"
    file.write_text("name,category,amount,currency,period,start_date\nx,,100,MXN,monthly,2026-01-01\n")
    assert load_file(other_process, file, owner=ana).quarantined == 1
    assert [key for key, _ in kept(db).values()] == [2]


def test_a_value_that_does_not_open_is_told_and_its_key_stays(db: Database, ana: UUID) -> None:
    with db.transaction(Role.OWNER) as conn:
        good, bad = keep(conn, db, ana, "good"), keep(conn, db, ana, "bad")
        conn.execute(
            "UPDATE quarantined_rows SET raw_sealed = set_byte(raw_sealed, 20, get_byte(raw_sealed, 20) # 1)"
            " WHERE id = %s",
            (bad,),
        )
    with pytest.raises(FatalError, match=rf"do not open: 1; .*raw_sealed of row {bad}") as caught:
        rotate(db)
    assert "\n" not in str(caught.value)
    assert keys(db) == [(1, "retired"), (2, "active")]
    with db.transaction(Role.OWNER) as conn:
        conn.execute("DELETE FROM quarantined_rows WHERE id = %s", (bad,))
    assert rotate(db).destroyed == (1,)
    assert kept(db) == {good: (2, "good")}
