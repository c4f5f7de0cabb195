"""Whatever somebody does to the audit log with every right there is, `verify` finds it."""

import hashlib
import shutil
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest

from cauce.database import Database, Role
from cauce.errors import FatalError
from cauce.security.audit import GENESIS, Damage, Verdict, accept, entries, record, seal, verify
from tests.conftest import make_person_in

COUNT = 7
FIELDS = """ARRAY[id::text, (extract(epoch FROM timestamp) * 1000000)::bigint::text, actor, admin_id::text, action, target_type,
  target_id::text, details::text, encode(origin, 'hex')]"""
SESSION = """
WITH opened AS (
  INSERT INTO auth_sessions (user_id, session_token, expires, idle_expires, ip_address, user_agent)
  VALUES (%(ana)s, encode(sha256('session'), 'hex'), now() + '1 hour', now() + '1 hour', '192.0.2.7', 'Browser')
  RETURNING user_id, session_token)
INSERT INTO session_lookup (user_id, session_token) TABLE opened
"""
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

    @property
    def notes(self) -> Path:
        """The file of noted heads."""
        [path] = (self.db.settings.home / "audit").iterdir()
        return path

    def found(self, head: str | None = None) -> tuple[int, Damage] | None:
        broken = verify(self.db, expect_head=head).broken
        return None if broken is None else (broken.sequence, broken.damage)


@pytest.fixture(scope="module")
def kept(shared_db: Database) -> Log:
    ana = make_person_in(shared_db)
    with shared_db.transaction(Role.OWNER) as conn:
        conn.execute(SESSION, {"ana": ana})
    for number in range(COUNT):  # every other one in a session, so that it came from somewhere
        with shared_db.transaction(Role.ADMIN, session_token="session" if number % 2 else None) as conn:
            record(conn, "EXPORT", target_type="users", target_id=ana, details={"número": number, "ok": [1.5, None]})
    log = Log(shared_db, verify(shared_db).head)
    log.tamper("""
      CREATE SCHEMA kept; CREATE TABLE kept.audit_logs AS TABLE audit_logs; CREATE TABLE kept.audit_heads AS TABLE audit_heads;
      CREATE TABLE kept.audit_origins AS TABLE audit_origins""")
    return log


@pytest.fixture
def log(kept: Log) -> Iterator[Log]:
    assert kept.found() is None
    yield kept
    kept.tamper("""
      DELETE FROM audit_logs; DELETE FROM audit_heads; DELETE FROM audit_seals; DELETE FROM audit_origins;
      INSERT INTO audit_logs TABLE kept.audit_logs; INSERT INTO audit_heads TABLE kept.audit_heads;
      INSERT INTO audit_origins TABLE kept.audit_origins""")
    shutil.rmtree(kept.db.settings.home / "audit", ignore_errors=True)


@pytest.mark.parametrize("place", [1, 4, COUNT])
@pytest.mark.parametrize(
    "change",
    [
        "id = uuidv7()",
        "timestamp = timestamp + interval '1 microsecond'",
        "actor = 'cauce_owner'",
        "admin_id = uuidv7()",
        "action = 'EXPORTS'",
        "target_type = NULL",
        "target_type = ''",
        "target_id = uuidv7()",
        """details = details || '{"ok": [1.50, null]}'""",
        "details = NULL",
        "origin = CASE WHEN origin IS NULL THEN sha256('x') END",
        "origin = ''",
        "hash = sha256('x')",
        "previous_hash = sha256('x')",
    ],
)
def test_an_altered_field_is_found(log: Log, change: str, place: int) -> None:
    log.tamper(f"UPDATE audit_logs SET {change} WHERE sequence = {place}")
    assert log.found() == (place, Damage.ALTERED)


ORIGIN = 4
"""An entry that came from somewhere; the first did not."""


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("UPDATE audit_origins SET ip_address = '192.0.2.8' WHERE sequence = 4", (ORIGIN, Damage.ALTERED)),
        ("UPDATE audit_origins SET user_agent = NULL WHERE sequence = 4", (ORIGIN, Damage.ALTERED)),
        ("UPDATE audit_origins SET user_id = uuidv7() WHERE sequence = 4", (ORIGIN, Damage.ALTERED)),
        ("UPDATE audit_origins SET user_id = NULL WHERE sequence = 4", (ORIGIN, Damage.ALTERED)),
        ("UPDATE audit_origins SET salt = sha256(salt) WHERE sequence = 4", (ORIGIN, Damage.ALTERED)),
        ("UPDATE audit_origins SET salt = NULL WHERE sequence = 4", (ORIGIN, Damage.ALTERED)),
        ("UPDATE audit_origins SET sequence = 1 WHERE sequence = 4", (1, Damage.ALTERED)),
        ("INSERT INTO audit_origins (sequence, ip_address) VALUES (1, '192.0.2.8')", (1, Damage.ALTERED)),
        ("INSERT INTO audit_origins (sequence, salt) VALUES (1, sha256('x'))", (1, Damage.ALTERED)),
        ("INSERT INTO audit_origins (sequence) VALUES (99)", (99, Damage.INSERTED)),
        ("DELETE FROM audit_origins WHERE sequence = 4", (ORIGIN, Damage.REMOVED)),
        # That somebody was erased is said by the log alone.
        (
            "DELETE FROM audit_origins WHERE sequence = 4; INSERT INTO erasure_log (pseudonym, status, finished_at)"
            " SELECT admin_id, 'done', now() FROM audit_logs WHERE sequence = 4",
            (ORIGIN, Damage.REMOVED),
        ),
    ],
)
def test_where_an_act_came_from_can_neither_be_altered_nor_removed(
    log: Log, change: str, found: tuple[int, Damage]
) -> None:
    log.tamper(change)
    assert log.found() == found


def test_an_erasure_that_was_none_excuses_nothing(log: Log) -> None:
    """Neither of somebody who is still there, nor of nobody; and what its caller says of origins does not count."""
    with log.db.transaction(Role.OWNER) as conn:
        [(ana,)] = conn.execute("SELECT id FROM users").fetchall()
        for person in (ana, UUID(int=1)):
            record(
                conn, "ERASE_PERSON", target_type="users", target_id=person, details={"origins": {f"{ORIGIN}": None}}
            )
        assert conn.execute("SELECT count(*) FROM audit_origins").fetchone() == (COUNT // 2,)
    assert log.found() is None
    log.tamper(f"DELETE FROM audit_origins WHERE sequence = {ORIGIN}")
    assert log.found() == (ORIGIN, Damage.REMOVED)


@pytest.mark.parametrize("fields", [("target_type", "action"), ("target_type", "actor")])
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

CUT = f"DELETE FROM audit_logs WHERE sequence = {COUNT}"
UNSEAL = "DELETE FROM audit_seals"


@pytest.mark.parametrize("place", [1, 4, COUNT])
def test_a_chain_computed_anew_is_found_by_its_seal_and_by_noted_heads(log: Log, place: int) -> None:
    assert (seal(log.db).sealed, verify(log.db).noted) == (COUNT, COUNT)
    log.tamper(f"UPDATE audit_logs SET action = 'OTHER' WHERE sequence = {place}")
    log.link_anew(place)
    assert log.found() == (1, Damage.RECOMPUTED)
    log.tamper(UNSEAL)
    assert log.found() == (1, Damage.RECOMPUTED)
    log.notes.unlink()
    assert log.found(log.head) == (1, Damage.RECOMPUTED)


def test_a_cut_end_with_a_set_back_head_is_found_by_its_seal_and_by_noted_heads(log: Log) -> None:
    seal(log.db)
    log.tamper(CUT)
    log.link_anew(COUNT)
    assert log.found() == (COUNT, Damage.REMOVED)
    log.tamper(UNSEAL)
    assert log.found() == (COUNT, Damage.REMOVED)
    log.notes.unlink()
    assert log.found(log.head) == (1, Damage.RECOMPUTED)


def test_an_emptied_log_is_found(log: Log) -> None:
    seal(log.db)
    log.tamper("DELETE FROM audit_logs; DELETE FROM audit_origins; DELETE FROM audit_seals")
    log.link_anew(1)
    assert log.found() == (1, Damage.REMOVED)


def test_entries_put_in_the_place_of_noted_ones_are_found(log: Log) -> None:
    seal(log.db)
    log.tamper(CUT)
    log.link_anew(COUNT)
    log.tamper(UNSEAL)
    with log.db.transaction(Role.OWNER) as conn:
        for _ in range(2):
            record(conn, "EXPORT")
    assert log.found() == (1, Damage.RECOMPUTED)


@pytest.mark.parametrize(
    ("change", "damage"),
    [
        ("DELETE FROM audit_logs WHERE sequence IN (3, 4)", Damage.REMOVED),
        ("DELETE FROM audit_logs WHERE sequence = 3", Damage.REMOVED),
        ("UPDATE audit_logs SET action = 'OTHER' WHERE sequence = 3", Damage.ALTERED),
    ],
)
def test_a_log_broken_before_its_last_seal_is_not_sealed_on(log: Log, change: str, damage: Damage) -> None:
    seal(log.db)
    noted = log.notes.read_bytes()
    with log.db.transaction(Role.OWNER) as conn:
        record(conn, "EXPORT")
    log.tamper(change)
    broken = seal(log.db).broken
    assert broken is not None
    assert (broken.sequence, broken.damage) == (3, damage)
    assert log.notes.read_bytes() == noted


def test_heads_are_noted_once_for_their_owner_only_and_survive_a_lost_seal(log: Log) -> None:
    for _ in range(2):
        seal(log.db)
    [line] = log.notes.read_text().splitlines()
    assert line.split(" ")[:3] == ["noted", str(COUNT), log.head]
    assert (stat.S_IMODE(log.notes.stat().st_mode), stat.S_IMODE(log.notes.parent.stat().st_mode)) == (0o600, 0o700)
    log.notes.write_bytes(b"")  # as when it was killed between sealing and noting
    [remark] = verify(log.db).remarks
    assert "though it was sealed" in remark
    assert seal(log.db).noted == COUNT
    assert verify(log.db).remarks == ()


def test_a_line_torn_by_a_crash_is_told_and_no_damage(log: Log) -> None:
    seal(log.db)
    with log.db.transaction(Role.OWNER) as conn:
        record(conn, "EXPORT")
    seal(log.db)
    first, second = log.notes.read_bytes().splitlines(keepends=True)
    log.notes.write_bytes(first + second[:-20])
    verdict = verify(log.db)
    assert (verdict.broken, verdict.noted, len(verdict.remarks)) == (None, COUNT, 1)
    assert "torn" in verdict.remarks[0]
    seal(log.db)
    assert len(log.notes.read_bytes().splitlines()) == 2
    assert (verify(log.db).remarks, verify(log.db).noted) == ((), COUNT + 1)


@pytest.mark.parametrize(
    "forge", [lambda line: line.replace(b"noted", b"voted"), lambda line: b"", lambda line: b"x" + line]
)
def test_a_forged_line_is_found(log: Log, forge: Callable[[bytes], bytes]) -> None:
    seal(log.db)
    with log.db.transaction(Role.OWNER) as conn:
        record(conn, "EXPORT")
    seal(log.db)
    first, second = log.notes.read_bytes().splitlines()
    log.notes.write_bytes(first + b"\n" + forge(second) + b"\n")
    assert log.found() == (COUNT + 1, Damage.ALTERED)
    assert seal(log.db).broken is not None
    assert accept(log.db).broken is None
    assert log.found() is None


def test_a_restored_log_is_accepted_and_both_places_tell_of_it(log: Log) -> None:
    with log.db.transaction(Role.OWNER) as conn:
        record(conn, "EXPORT")
    head = seal(log.db).head
    log.tamper(f"DELETE FROM audit_logs WHERE sequence > {COUNT}; {UNSEAL}")  # back to the backup
    log.link_anew(COUNT + 1)
    broken = verify(log.db).broken
    assert broken is not None
    assert "cauce audit accept" in broken.detail
    accepted = accept(log.db)
    assert (accepted.broken, accepted.entries, accepted.noted) == (None, COUNT + 1, COUNT + 1)
    [entry] = entries(log.db, action="ACCEPT_AUDIT_LOG")
    assert entry.details == {"entries": COUNT, "head": log.head, "noted": COUNT + 1, "noted_head": head}
    assert [line.split(" ")[:2] for line in log.notes.read_text().splitlines()] == [
        ["noted", str(COUNT + 1)],
        ["accepted", str(COUNT)],
        ["noted", str(COUNT + 1)],
    ]
    assert accept(log.db).entries == COUNT + 1  # nothing to accept, nothing told
    log.tamper(f"DELETE FROM audit_logs WHERE sequence > {COUNT}; {UNSEAL}")
    log.link_anew(COUNT + 1)
    assert log.found() == (COUNT + 1, Damage.REMOVED)


def test_entries_written_meanwhile_are_no_damage(log: Log, in_parallel: Callable[..., list[Any]]) -> None:
    def write() -> None:
        for _ in range(150):
            with log.db.transaction(Role.OWNER) as conn:
                record(conn, "EXPORT")

    def seal_often() -> list[Verdict]:
        return [seal(log.db) for _ in range(40)]

    *_, verdicts = in_parallel(write, write, seal_often)
    assert [verdict.broken for verdict in verdicts] == [None] * 40
    assert verify(log.db).broken is None


def test_a_log_that_is_broken_in_itself_is_not_accepted(log: Log) -> None:
    seal(log.db)
    log.tamper("UPDATE audit_logs SET action = 'OTHER' WHERE sequence = 3")
    broken = accept(log.db).broken
    assert broken is not None
    assert (broken.sequence, broken.damage) == (3, Damage.ALTERED)
    assert entries(log.db, action="ACCEPT_AUDIT_LOG") == []


def test_heads_of_another_database_are_told_and_no_damage(log: Log) -> None:
    seal(log.db)
    log.tamper(UNSEAL)
    log.notes.rename(log.notes.with_name("7-other.heads"))
    verdict = verify(log.db)
    assert (verdict.broken, verdict.noted) == (None, 0)
    assert ["7-other" in remark for remark in verdict.remarks] == [True]
    assert seal(log.db).noted == COUNT
    assert verify(log.db).remarks == ()


def test_notes_that_cannot_be_written_are_told_with_what_to_do(log: Log) -> None:
    (log.db.settings.home / "audit").write_text("")
    with pytest.raises(FatalError, match=r"noted heads .* make the file"):
        seal(log.db)
    (log.db.settings.home / "audit").unlink()


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
