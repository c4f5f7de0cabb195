"""Whatever somebody does to the audit log with every right there is, `verify` finds it."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg
import pytest

from cauce.database import Database, Role
from cauce.security.audit import GENESIS, Damage, entries, record, seal, verify
from tests.conftest import make_person_in

COUNT = 7
FIELDS = """ARRAY[id::text, (extract(epoch FROM timestamp) * 1000000)::bigint::text, actor, admin_id::text, action, target_type,
  target_id::text, details::text, ip_address::text, user_agent]"""
SHIFT = """UPDATE audit_logs SET sequence = -sequence WHERE sequence {0};
UPDATE audit_logs SET sequence = -sequence + {1} WHERE sequence < 0"""
"""Makes room, or closes a gap."""


@dataclass
class Log:
    db: Database
    head: str

    def tamper(self, statements: str) -> None:
        with psycopg.connect(self.db.address.superuser_url, dbname=self.db.address.name, autocommit=True) as conn:
            conn.execute("SET session_replication_role = replica")  # no trigger fires
            conn.execute(statements.encode())

    def link_anew(self, first: int) -> None:
        """Compute the chain anew from an entry on, and the head with it, as who knows how it is made would."""
        with psycopg.connect(self.db.address.superuser_url, dbname=self.db.address.name) as conn:
            conn.execute("SET session_replication_role = replica")
            row = conn.execute("SELECT hash FROM audit_logs WHERE sequence = %s", (first - 1,)).fetchone()
            previous = row[0] if row else GENESIS
            rows = conn.execute(f"SELECT sequence, {FIELDS} FROM audit_logs ORDER BY 1".encode()).fetchall()
            for sequence, fields in rows[first - 1 :]:
                text = ",".join("-" if field is None else f"{len(field.encode())}:{field}" for field in fields)
                digest = hashlib.sha256(previous + text.encode()).digest()
                conn.execute(
                    "UPDATE audit_logs SET previous_hash = %s, hash = %s WHERE sequence = %s",
                    (previous, digest, sequence),
                )
                previous = digest
            conn.execute("UPDATE audit_heads SET hash = %s, entries = %s", (previous, len(rows)))

    def found(self, head: str | None = None) -> tuple[int, Damage] | None:
        broken = verify(self.db, expect_head=head).broken
        return None if broken is None else (broken.sequence, broken.damage)


@pytest.fixture(scope="module")
def kept(shared_db: Database) -> Log:
    ana = make_person_in(shared_db)
    for number in range(COUNT):
        with shared_db.transaction(Role.OWNER) as conn:
            record(conn, "EXPORT", target_type="users", target_id=ana, details={"número": number, "ok": [1.5, None]})
    log = Log(shared_db, verify(shared_db).head)
    log.tamper("""
      CREATE SCHEMA kept; CREATE TABLE kept.audit_logs AS TABLE audit_logs; CREATE TABLE kept.audit_heads AS TABLE audit_heads""")
    return log


@pytest.fixture
def log(kept: Log) -> Iterator[Log]:
    assert kept.found() is None
    yield kept
    kept.tamper("""
      DELETE FROM audit_logs; DELETE FROM audit_heads; DELETE FROM audit_seals;
      INSERT INTO audit_logs TABLE kept.audit_logs; INSERT INTO audit_heads TABLE kept.audit_heads""")


@pytest.mark.parametrize("place", [1, 4, COUNT])
@pytest.mark.parametrize(
    "change",
    [
        "id = uuidv7()",
        "timestamp = timestamp + interval '1 microsecond'",
        "actor = 'cauce_admin'",
        "admin_id = uuidv7()",
        "action = 'EXPORTS'",
        "target_type = NULL",
        "target_type = ''",
        "target_id = uuidv7()",
        """details = details || '{"ok": [1.50, null]}'""",
        "details = NULL",
        "ip_address = '192.0.2.1'",
        "user_agent = ''",
        "user_agent = '-'",
        "hash = sha256('x')",
        "previous_hash = sha256('x')",
    ],
)
def test_an_altered_field_is_found(log: Log, change: str, place: int) -> None:
    log.tamper(f"UPDATE audit_logs SET {change} WHERE sequence = {place}")
    assert log.found() == (place, Damage.ALTERED)


@pytest.mark.parametrize("fields", [("target_type", "action"), ("user_agent", "target_type")])
def test_text_that_moves_from_field_to_field_is_found(log: Log, fields: tuple[str, str]) -> None:
    one, other = fields
    log.tamper(f"UPDATE audit_logs SET {one} = {other}, {other} = coalesce({one}, '') WHERE sequence = 2")
    assert log.found() == (2, Damage.ALTERED)


@pytest.mark.parametrize("place", [2, 4, COUNT - 1])
def test_an_altered_entry_with_its_hash_computed_anew_is_found(log: Log, place: int) -> None:
    after = f"SELECT previous_hash, hash FROM kept.audit_logs WHERE sequence = {place + 1}"
    log.tamper(f"UPDATE audit_logs SET action = 'OTHER' WHERE sequence = {place}")
    log.link_anew(place)
    log.tamper(f"UPDATE audit_logs SET (previous_hash, hash) = ({after}) WHERE sequence = {place + 1}")
    assert log.found() == (place, Damage.ALTERED)


@pytest.mark.parametrize("renumbered", [False, True])
@pytest.mark.parametrize("place", [1, 4, COUNT])
def test_a_removed_entry_is_found(log: Log, place: int, renumbered: bool) -> None:
    log.tamper(f"DELETE FROM audit_logs WHERE sequence = {place}")
    if renumbered:
        log.tamper(SHIFT.format(f"> {place}", -1))
    assert log.found() == (place, Damage.REMOVED)


def test_removing_all_is_found(log: Log) -> None:
    log.tamper("DELETE FROM audit_logs")
    assert log.found() == (1, Damage.REMOVED)


INSERT = """INSERT INTO audit_logs (sequence, action, previous_hash, hash)
SELECT {0}, 'FORGED', previous_hash, hash FROM kept.audit_logs WHERE sequence = {1}"""


@pytest.mark.parametrize("place", [1, 4, COUNT])
def test_an_inserted_entry_is_found(log: Log, place: int) -> None:
    log.tamper(SHIFT.format(f">= {place}", 1))
    log.tamper(INSERT.format(place, place))
    assert log.found() == (place, Damage.INSERTED)


@pytest.mark.parametrize("place", [1, 4, COUNT])
def test_an_inserted_entry_that_continues_the_chain_is_found(log: Log, place: int) -> None:
    log.tamper(SHIFT.format(f">= {place}", 1))
    log.tamper(INSERT.format(place, place))
    log.link_anew(place)
    log.tamper(f"""UPDATE audit_logs l SET previous_hash = k.previous_hash, hash = k.hash FROM kept.audit_logs k
      WHERE l.sequence > {place} AND k.sequence = l.sequence - 1;
      UPDATE audit_heads h SET hash = k.hash FROM kept.audit_heads k""")
    assert log.found() == (place, Damage.INSERTED)


@pytest.mark.parametrize(("number", "found"), [(0, 0), (-3, -3), (COUNT + 1, COUNT + 1)])
def test_an_entry_before_the_first_or_after_the_last_is_found(log: Log, number: int, found: int) -> None:
    log.tamper(INSERT.format(number, 1))
    sequence, damage = log.found() or (None, None)
    assert sequence == found
    assert damage in (Damage.INSERTED, Damage.ALTERED)


def test_an_entry_appended_to_the_end_with_a_right_hash_is_found(log: Log) -> None:
    log.tamper(INSERT.format(COUNT + 1, COUNT))
    log.link_anew(COUNT + 1)
    log.tamper("UPDATE audit_heads h SET entries = k.entries, hash = k.hash FROM kept.audit_heads k")
    assert log.found() == (COUNT + 1, Damage.INSERTED)


@pytest.mark.parametrize(("one", "other"), [(1, 2), (3, 5), (1, COUNT)])
def test_swapped_entries_are_found(log: Log, one: int, other: int) -> None:
    log.tamper(f"""UPDATE audit_logs SET sequence = -1 WHERE sequence = {one};
      UPDATE audit_logs SET sequence = {one} WHERE sequence = {other};
      UPDATE audit_logs SET sequence = {other} WHERE sequence = -1""")
    assert log.found() == (one, Damage.REORDERED)


def test_a_moved_entry_is_found(log: Log) -> None:
    log.tamper("UPDATE audit_logs SET sequence = 100 WHERE sequence = 3")
    assert log.found() == (3, Damage.REORDERED)


@pytest.mark.parametrize("change", ["UPDATE audit_heads SET hash = sha256('x')", "DELETE FROM audit_heads"])
def test_a_head_that_is_not_the_last_entry_is_found(log: Log, change: str) -> None:
    log.tamper(change)
    assert log.found() == (COUNT, Damage.ALTERED)


# What the chain alone cannot show


@pytest.mark.parametrize("place", [1, 4, COUNT])
def test_a_chain_computed_anew_is_found_by_its_seal_and_by_a_noted_head(log: Log, place: int) -> None:
    assert seal(log.db).sealed == COUNT
    log.tamper(f"UPDATE audit_logs SET action = 'OTHER' WHERE sequence = {place}")
    log.link_anew(place)
    assert log.found() == (1, Damage.RECOMPUTED)
    log.tamper("DELETE FROM audit_seals")
    assert log.found() is None  # what is neither sealed nor noted nobody can know
    assert log.found(log.head) == (1, Damage.RECOMPUTED)


def test_a_cut_end_with_a_set_back_head_is_found_by_its_seal_and_by_a_noted_head(log: Log) -> None:
    seal(log.db)
    log.tamper(f"DELETE FROM audit_logs WHERE sequence = {COUNT}")
    log.link_anew(COUNT)
    assert log.found() == (COUNT, Damage.REMOVED)
    log.tamper("DELETE FROM audit_seals")
    assert log.found() is None
    assert log.found(log.head) == (1, Damage.RECOMPUTED)


def test_a_noted_head_stays_good_when_the_log_grows(log: Log) -> None:
    with log.db.transaction(Role.OWNER) as conn:
        record(conn, "EXPORT")
    verdict = verify(log.db, expect_head=log.head.upper())
    assert (verdict.broken, verdict.entries) == (None, COUNT + 1)
    assert log.found("00" * 32) == (1, Damage.RECOMPUTED)


@pytest.mark.parametrize(
    ("forgery", "found"),
    [
        ("UPDATE audit_seals SET seal = sha256('x') WHERE sequence = 8", 8),
        ("UPDATE audit_seals SET hash = sha256('x') WHERE sequence = 7", 7),
        ("DELETE FROM audit_seals WHERE sequence = 7", 8),
        ("UPDATE audit_seals SET sequence = 6 WHERE sequence = 7", 6),
    ],
)
def test_a_forged_seal_is_found(log: Log, forgery: str, found: int) -> None:
    for _ in range(2):
        assert seal(log.db).broken is None
        with log.db.transaction(Role.OWNER) as conn:
            record(conn, "EXPORT")
    assert log.found() is None
    log.tamper(forgery)
    assert log.found() == (found, Damage.ALTERED)


def test_a_seal_vouches_for_what_it_saw_and_a_broken_log_is_not_sealed(log: Log) -> None:
    assert (seal(log.db).sealed, seal(log.db).sealed, verify(log.db).sealed) == (COUNT, COUNT, COUNT)
    with log.db.transaction(Role.OWNER) as conn:
        record(conn, "EXPORT")
    assert verify(log.db).sealed == COUNT
    log.tamper(f"UPDATE audit_logs SET action = 'OTHER' WHERE sequence = {COUNT + 1}")
    verdict = seal(log.db)
    assert verdict.broken is not None
    assert (verdict.sealed, verdict.broken.sequence) == (COUNT, COUNT + 1)
    with log.db.transaction(Role.ADMIN) as conn:
        assert conn.execute("SELECT count(*) FROM audit_seals").fetchone() == (1,)


def test_every_kind_of_value_is_hashed_as_the_database_hashed_it(
    db: Database, make_person: Callable[..., UUID]
) -> None:
    make_person("ana@example.com")
    with db.transaction(Role.SIGN_IN) as conn:
        for address, agent in (("2001:db8::1", "Ñandú, 3:x \\ '"), ("10.0.0.0/8", ""), (None, None)):
            conn.execute("SELECT consume_sign_in('x', 'y', '1 h', '1 h', %s::inet, %s)", (address, agent))
    with db.transaction(Role.OWNER) as conn:
        conn.execute(
            "SET LOCAL timezone = 'Asia/Kathmandu'; SET LOCAL datestyle = 'German'; SET LOCAL bytea_output = escape"
        )
        record(conn, "EXPORT", details={"b": 1e40, "a": "ü\n", "aa": {"x": [True, -0.10]}})
    verdict = verify(db)
    assert (verdict.broken, verdict.entries) == (None, 4)
    assert verify(db, expect_head=verdict.head).broken is None


def test_entries_are_listed_by_time_and_action(log: Log) -> None:
    with log.db.transaction(Role.INGEST) as conn:
        record(conn, "READ_QUARANTINE")
    assert [entry.sequence for entry in entries(log.db, limit=3)] == [COUNT - 1, COUNT, COUNT + 1]
    [entry] = entries(log.db, action="READ_QUARANTINE")
    assert (entry.sequence, entry.actor, entry.admin_id) == (COUNT + 1, "cauce_ingest", None)
    assert entries(log.db, since=datetime.now(UTC) + timedelta(minutes=1)) == []
    assert len(entries(log.db, since=datetime.now(UTC) - timedelta(hours=1))) == COUNT + 1
