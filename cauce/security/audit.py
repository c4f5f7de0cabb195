"""The audit log: writing an entry, reading entries, and proving that nobody touched one.

Every entry carries the SHA-256 of what it says and of the entry before. `verify` computes that chain anew, outside the
database, and finds whatever was altered, removed, inserted or moved. Who may write everything in the database could
compute the whole chain anew, too, or cut its end off: `seal` therefore keeps its end under a key the database does not
have, and notes it outside the database.

Where an act came from lies beside its entry, which holds a commitment to it. An erasure removes it and names the
entries it was of; everything else of them is verified as before.
"""

import hashlib
import hmac
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from cauce.database import Database, Role
from cauce.security import noted_heads
from cauce.security.noted_heads import Noted

GENESIS = hashlib.sha256(b"cauce audit").digest()
"""The hash before the first entry."""


class Damage(StrEnum):
    """What was done to the log."""

    ALTERED = "altered"
    REMOVED = "removed"
    INSERTED = "inserted"
    REORDERED = "re-ordered"
    RECOMPUTED = "re-computed"


@dataclass(frozen=True, slots=True)
class Break:
    """The first place where the log is not what it was."""

    sequence: int
    damage: Damage
    detail: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What `verify` found: the log's end, how far seals and noted heads vouch for it, the first break, what is odd."""

    entries: int
    head: str
    sealed: int
    noted: int
    broken: Break | None
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry, without its hashes."""

    sequence: int
    timestamp: datetime
    actor: str
    admin_id: UUID | None
    action: str
    target_type: str | None
    target_id: UUID | None
    details: dict[str, Any] | None
    ip_address: str | None
    user_agent: str | None


def record(
    conn: psycopg.Connection,
    action: str,
    *,
    target_type: str | None = None,
    target_id: UUID | None = None,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Write an entry in the transaction it tells of: once that commits it is in the log, else it never was.

    `action` is capitals such as `EXPORT_PERSON`; `details` hold neither secrets nor e-mail addresses nor names: nothing
    is ever taken out of the log. Who did it is the person of the transaction's session, if any, and its role.
    """
    conn.execute(
        "SELECT record_audit(%s, %s, %s, %s)",
        (action, target_type, target_id, None if details is None else Jsonb(dict(details))),
    )


def entries(
    database: Database, *, since: datetime | None = None, action: str | None = None, limit: int = 100
) -> list[Entry]:
    """The newest entries, oldest of them first."""
    with database.transaction(Role.ADMIN) as conn, conn.cursor(row_factory=class_row(Entry)) as rows:
        found = rows.execute(
            """
            SELECT sequence, timestamp, actor, admin_id, action, target_type, target_id, details,
              host(ip_address) AS ip_address, user_agent
            FROM audit_logs LEFT JOIN audit_origins USING (sequence)
            WHERE (%(since)s::timestamptz IS NULL OR timestamp >= %(since)s)
              AND (%(action)s::text IS NULL OR action = %(action)s)
            ORDER BY sequence DESC LIMIT %(limit)s
            """,
            {"since": since, "action": action, "limit": limit},
        ).fetchall()
    return found[::-1]


def verify(database: Database, *, expect_head: str | None = None) -> Verdict:
    """Compute the chain anew and hold it against seals and noted heads; `expect_head` is one more, in hexadecimal."""
    noted = noted_heads.read(database)  # before the snapshot, which so has every entry that is noted
    with _snapshot(database) as conn:
        return _verify(conn, database, noted, expect_head and expect_head.strip().lower())


def seal(database: Database) -> Verdict:
    """Verify the log, seal its end and note it outside the database; a broken log is not sealed."""
    with database.lock(_SEALING):
        return _seal_end(database)


def accept(database: Database) -> Verdict:
    """Take a log that lacks noted heads as it is, as after a restored backup; the log and the notes tell of it.

    One that is broken in itself is not accepted, and for one that lacks nothing nothing is done.
    """
    with database.lock(_SEALING):
        noted = noted_heads.read(database)
        if verify(database).broken is None:
            return _seal_end(database)
        with _snapshot(database) as conn:
            verdict = _verify(conn, database, replace(noted, heads={}, alien_line=None))
        if verdict.broken is not None:
            return verdict
        lacking = {"noted": noted.last.sequence, "noted_head": noted.last.hash.hex()} if noted.last else {}
        with database.transaction(Role.OWNER) as conn:
            record(conn, "ACCEPT_AUDIT_LOG", details={"entries": verdict.entries, "head": verdict.head, **lacking})
        noted_heads.note(database, verdict.entries, bytes.fromhex(verdict.head), kind=noted_heads.ACCEPTED)
        return _seal_end(database)


_SEALING = "audit-seal"


@contextmanager
def _snapshot(database: Database) -> Iterator[psycopg.Connection]:
    """A transaction that sees the log, its head and its seals as of one moment."""
    with database.transaction(Role.OWNER) as conn:
        conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        yield conn


def _seal_end(database: Database) -> Verdict:
    noted = noted_heads.read(database)
    with _snapshot(database) as conn:
        verdict = _verify(conn, database, noted)
        if verdict.broken is not None:
            return verdict
        end, head = verdict.entries, bytes.fromhex(verdict.head)
        if end > verdict.sealed:
            seals = _seals(conn)
            made = _seal(database, end, head, seals[-1].seal if seals else b"")
            conn.execute("INSERT INTO audit_seals (sequence, hash, seal) VALUES (%s, %s, %s)", (end, head, made))
    if end > verdict.noted:
        noted_heads.note(database, end, head)
    return replace(verdict, sealed=end, noted=end)


@dataclass(frozen=True, slots=True)
class _Place:
    """A place in the chain: so many entries, the last one's hash."""

    entries: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class _Link:
    """An entry's place in the chain; what it says, each field as text; its commitment, and what is there of that."""

    sequence: int
    previous_hash: bytes
    hash: bytes
    fields: list[str | None]
    origin: bytes | None
    has_origin: bool
    salt: bytes | None
    person: str | None
    source: list[str | None]

    @property
    def _hashed(self) -> bytes:
        return _hash(self.previous_hash, [*self.fields, None if self.origin is None else self.origin.hex()])

    def is_sound(self, erased: Mapping[int, str | None]) -> bool:
        """Whether the hash is that of what the entry says (see `link_audit` in the revision `audit_origins`).

        `erased` has the entries whose origin left with a person. Those from before there were origins were hashed with
        the address itself; once that is gone, the erasure has their hash without it.
        """
        if self.hash == self._hashed:
            return True
        if self.origin is not None or self.salt is not None:
            return False
        if self.sequence in erased and not self.has_origin:
            return erased[self.sequence] == self._hashed.hex()
        return self.hash == _hash(self.previous_hash, [*self.fields, *self.source])

    def origin_damage(self, erased: Mapping[int, str | None]) -> tuple[Damage, str] | None:
        """What was done to where a sound entry came from, if anything."""
        if not self.has_origin:
            if self.origin is None or self.sequence in erased:
                return None
            return Damage.REMOVED, "where it came from is gone, and no erasure tells of it"
        committed = self.hash != self._hashed  # an old entry's hash is over the origin itself
        if self.origin is not None:
            committed = self.salt is not None and self.origin == _hash(self.salt, [self.person, *self.source])
        return None if committed else (Damage.ALTERED, "where it came from is not what was hashed")


@dataclass(frozen=True, slots=True)
class _Seal:
    sequence: int
    hash: bytes
    seal: bytes


def _verify(conn: psycopg.Connection, database: Database, noted: Noted, expect_head: str | None = None) -> Verdict:
    seals = _seals(conn)
    sealed = {item.sequence: item.hash for item in seals}
    sealed_to = noted_to = 0
    place = _Place(0, GENESIS)
    expected = expect_head in (None, place.hash.hex())

    def verdict(broken: Break | None) -> Verdict:
        remarks = noted.remarks
        if seals and not noted.heads:
            remarks += (f"no head of this log is noted in {noted.file}, though it was sealed: is the file lost?",)
        return Verdict(place.entries, place.hash.hex(), sealed_to, noted_to, broken, remarks)

    def recomputed(detail: str) -> Verdict:
        return verdict(Break(max(sealed_to, noted_to) + 1, Damage.RECOMPUTED, detail))

    if (forged := _forged(database, seals)) is not None:
        return verdict(forged)
    erased, misplaced = _erased(conn), None
    for link in _links(conn):
        is_sound = link.is_sound(erased)
        if link.sequence != place.entries + 1 or link.previous_hash != place.hash or not is_sound:
            return verdict(_diagnose(conn, place, link, is_sound))
        if misplaced is None and (damage := link.origin_damage(erased)) is not None:
            misplaced = Break(link.sequence, *damage)
        place = _Place(link.sequence, link.hash)
        expected = expected or expect_head == place.hash.hex()
        if sealed.get(place.entries, place.hash) != place.hash:
            return recomputed(f"the chain was computed anew, somewhere up to the seal at {place.entries}")
        if (head := noted.heads.get(place.entries)) is not None and head.hash != place.hash:
            return recomputed(f"entry {head.sequence} is not the one noted in {noted.file} at {head.at}; {_RESTORED}")
        sealed_to = place.entries if place.entries in sealed else sealed_to
        noted_to = place.entries if head is not None else noted_to
    if (wrong := _wrong_end(conn, place, seals) or _wrong_notes(place, noted)) is not None:
        return verdict(wrong)
    if not expected:
        return recomputed("the expected head is not in the log: its end was removed, or the chain computed anew")
    return verdict(misplaced)  # last: an entry that was inserted or moved stands beside another one's origin


def _links(conn: psycopg.Connection) -> Iterator[_Link]:
    with conn.cursor(name="audit_links", row_factory=class_row(_Link), binary=True) as rows:
        rows.itersize = 5_000
        rows.execute(
            """
            SELECT l.sequence, previous_hash, hash, ARRAY[
              id::text, (extract(epoch FROM timestamp) * 1000000)::bigint::text, actor, admin_id::text, action,
              target_type, target_id::text, details::text
            ] AS fields,
              origin, o.sequence IS NOT NULL AS has_origin, salt, user_id::text AS person,
              ARRAY[ip_address::text, user_agent] AS source
            FROM audit_logs l LEFT JOIN audit_origins o ON o.sequence = l.sequence
            ORDER BY l.sequence
            """
        )
        yield from rows


def _hash(before: bytes, fields: Sequence[str | None]) -> bytes:
    """What `audit_hash` of the database gives."""
    text = ",".join("-" if field is None else f"{len(field.encode())}:{field}" for field in fields)
    return hashlib.sha256(before + text.encode()).digest()


def _erased(conn: psycopg.Connection) -> dict[int, str | None]:
    """The entries whose origin left with a person. Only linking writes that list, into an entry of the same chain."""
    return dict(
        conn.execute(
            "SELECT key::bigint, value FROM audit_logs, jsonb_each_text(details -> 'origins')"
            " WHERE action = 'ERASE_PERSON'"
        ).fetchall()
    )


def _diagnose(conn: psycopg.Connection, place: _Place, link: _Link, is_sound: bool) -> Break:
    """What happened at the first entry that does not continue the chain, from who follows whom in what is there."""
    at = place.entries + 1
    follower = _where(conn, "previous_hash", place.hash, other_than=link.sequence)
    if link.sequence < at:
        return Break(link.sequence, Damage.INSERTED, "an entry with a number there never was")
    if link.sequence > at:
        moved = follower is not None or link.previous_hash == place.hash
        return Break(at, Damage.REORDERED if moved else Damage.REMOVED, f"the next entry is {link.sequence}")
    if not is_sound:
        if follower is not None:
            return Break(at, Damage.INSERTED, f"what follows {place.entries} is now at {follower}")
        return Break(at, Damage.ALTERED, "what it says is not what was hashed")
    leader = 0 if link.previous_hash == GENESIS else _where(conn, "hash", link.previous_hash, other_than=at)
    if leader is not None and leader > at:
        return Break(at, Damage.REORDERED, f"it follows the entry that is now at {leader}")
    if leader is not None or follower is not None:
        foreign = at if follower is not None else place.entries
        return Break(foreign, Damage.INSERTED, "nothing that was linked follows it")
    count = conn.execute("SELECT count(*) < (SELECT max(entries) FROM audit_heads) FROM audit_logs").fetchone()
    if count == (True,) or place.entries == 0:
        return Break(at, Damage.REMOVED, "the entry that the next one follows is gone")
    return Break(place.entries, Damage.ALTERED, "the next entry follows another one than this")


def _where(conn: psycopg.Connection, column: str, value: bytes, *, other_than: int) -> int | None:
    statement = {
        "hash": "SELECT min(sequence) FROM audit_logs WHERE hash = %s AND sequence <> %s",
        "previous_hash": "SELECT min(sequence) FROM audit_logs WHERE previous_hash = %s AND sequence <> %s",
    }[column]
    row = conn.execute(statement, (value, other_than)).fetchone()
    return row[0] if row else None


def _wrong_end(conn: psycopg.Connection, place: _Place, seals: Sequence[_Seal]) -> Break | None:
    """Whether the log ends where its head and its seals say."""
    heads = conn.execute("SELECT entries, hash FROM audit_heads").fetchall()
    if len(heads) != 1:
        return Break(place.entries, Damage.ALTERED, f"the log has {len(heads)} heads instead of one")
    known = max([int(heads[0][0]), *(item.sequence for item in seals)])
    if known > place.entries:
        return Break(place.entries + 1, Damage.REMOVED, f"the log once had {known} entries")
    if int(heads[0][0]) < place.entries:
        return Break(int(heads[0][0]) + 1, Damage.INSERTED, f"the log's head knows {heads[0][0]} entries")
    row = conn.execute(
        "SELECT min(sequence) FROM audit_origins WHERE sequence NOT BETWEEN 1 AND %s", (known,)
    ).fetchone()
    if row and row[0] is not None:
        return Break(row[0], Damage.INSERTED, "where an entry came from that there never was")
    if heads[0][1] != place.hash:
        return Break(place.entries, Damage.ALTERED, "the head has another hash than the last entry")
    return None


_RESTORED = "if the database was restored or made anew, `cauce audit accept` takes it as it is"


def _wrong_notes(place: _Place, noted: Noted) -> Break | None:
    """Whether all that was noted outside is there, and the notes are ours."""
    lacking = max(noted.heads.values(), key=lambda head: head.sequence, default=None)
    if lacking is not None and lacking.sequence > place.entries:
        detail = f"entry {lacking.sequence} was noted in {noted.file} at {lacking.at}; {_RESTORED}"
        return Break(place.entries + 1, Damage.REMOVED, detail)
    if noted.alien_line is not None:
        detail = f"line {noted.alien_line} of {noted.file} is not ours: it was altered, or CAUCE_SECRET_KEY is another"
        return Break(noted.alien_after + 1, Damage.ALTERED, f"{detail}; once you know why, `cauce audit accept`")
    return None


def _seals(conn: psycopg.Connection) -> list[_Seal]:
    with conn.cursor(row_factory=class_row(_Seal), binary=True) as rows:
        return rows.execute("SELECT sequence, hash, seal FROM audit_seals ORDER BY sequence").fetchall()


def _forged(database: Database, seals: Sequence[_Seal]) -> Break | None:
    """The first seal that is not of this installation's key, or does not follow the seal before."""
    previous = b""
    for item in seals:
        if not hmac.compare_digest(item.seal, _seal(database, item.sequence, item.hash, previous)):
            detail = "its seal is not ours: it was altered, one before it removed, or CAUCE_SECRET_KEY is another"
            return Break(item.sequence, Damage.ALTERED, detail)
        previous = item.seal
    return None


def _seal(database: Database, sequence: int, head: bytes, previous: bytes) -> bytes:
    key = database.secrets.derive("audit-seal:1")
    return hmac.digest(key, previous + sequence.to_bytes(8, "big") + head, hashlib.sha256)
