"""Exchanging the key that values are sealed with, while readers and writers go on.

A new key seals from now on, the old ones only open. Batch by batch each envelope is sealed anew; a key that no envelope
names and no transaction holds is destroyed. Killed anywhere, the next rotation goes on where this one was.
"""

import time
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString
from uuid import UUID

import psycopg
from psycopg import sql

from cauce.database import Database, Role
from cauce.errors import FatalError, RetriableError
from cauce.models import Base
from cauce.progress import Progress
from cauce.security import audit
from cauce.security.envelope import HEADER, Place, Sealer
from cauce.security.keyring import FRESH_SECONDS, new_key, stored_keys

BATCH = 500
"""Rows sealed anew in one transaction."""
AT_ONCE = 20
"""Rows of a batch that are in memory together: an envelope may hold the longest line of a file."""
PATIENCE = 300.0
"""Seconds without progress after which a rotation leaves the rest to the next one."""


@dataclass(frozen=True, slots=True)
class SealedColumn:
    """A column of envelopes; `key` are the columns of the primary key, of `user_id` and `id`."""

    table: str
    column: str
    key: tuple[str, ...]

    def __str__(self) -> str:
        """`table.column`."""
        return f"{self.table}.{self.column}"

    def sql(self, template: LiteralString) -> sql.Composed:
        """A statement about this column: `{table}`, `{column}`, `{key}` are its names, `{row}` is the key's value."""
        names = sql.SQL(", ").join(map(sql.Identifier, self.key))
        values = sql.SQL(", ").join(map(sql.Placeholder, self.key))
        return sql.SQL(template).format(
            table=sql.Identifier(self.table), column=sql.Identifier(self.column), key=names, row=values
        )


@dataclass(frozen=True, slots=True)
class KeyStatus:
    """A key of the ring, and how many envelopes of each `table.column` name it."""

    id: int
    created_at: datetime
    retired_at: datetime | None
    destroyed: bool
    envelopes: dict[str, int]


@dataclass(frozen=True, slots=True)
class Rotation:
    """What a rotation did: the key that seals now, how many envelopes were sealed anew, which keys were destroyed."""

    active: int
    resealed: int
    destroyed: tuple[int, ...]


def sealed_columns() -> list[SealedColumn]:
    """Every column of the models that holds envelopes, in the order of their names."""
    return sorted(
        (
            SealedColumn(table.name, column.name, tuple(key.name for key in table.primary_key))
            for table in Base.metadata.tables.values()
            for column in table.columns
            if column.info.get("sealed")
        ),
        key=str,
    )


def key_statuses(database: Database) -> list[KeyStatus]:
    """The keys there are and were, oldest first."""
    with database.transaction(Role.OWNER) as conn:
        counted = {str(column): _count(conn, column) for column in sealed_columns()}
        rows = conn.execute("SELECT id, created_at, retired_at, wrapped IS NULL FROM encryption_keys ORDER BY id")
        return [
            KeyStatus(
                id=key,
                created_at=created_at,
                retired_at=retired_at,
                destroyed=destroyed,
                envelopes={name: named[key] for name, named in counted.items() if named[key]},
            )
            for key, created_at, retired_at, destroyed in rows.fetchall()
        ]


def rotate(database: Database, *, on_progress: Progress | None = None, patience: float = PATIENCE) -> Rotation:
    """Seal everything with a new key and destroy the old one; first finish what an earlier rotation has left.

    Of two at once the second waits and finds nothing left to do. Raises `FatalError` when values do not open, once
    all others are sealed anew; `RetriableError` when transactions hold old keys or rows for longer than `patience`.
    """
    tell = on_progress or (lambda _: None)
    asked_at = _ring(database)
    with database.lock("keys", on_wait=on_progress):
        ring = _ring(database)
        if ring == asked_at and not ring.retired:
            ring = _exchange(database)
        began = time.monotonic()
        database.sealer.ring.refresh()
        resealed, destroyed, moved_at = 0, set[int](), began
        while True:
            done, unopened = _reseal_all(database, ring.active, tell)
            resealed += done
            tell("waiting for processes that may still use the old key")
            time.sleep(max(0.0, began + FRESH_SECONDS - time.monotonic()))
            left = {key: _destroy(database, key) for key in ring.retired if key not in destroyed}
            destroyed |= {key for key, envelopes in left.items() if envelopes == 0}
            waiting = [key for key, envelopes in left.items() if envelopes not in (0, _named(unopened)[key])]
            if not waiting:
                break
            moved_at = time.monotonic() if done else moved_at
            if time.monotonic() - moved_at > patience:
                raise RetriableError(
                    "transactions that began long ago hold rows or old keys",
                    where=f"encryption_keys, key {waiting[0]}",
                    action="end them, then run `cauce keys rotate` again: it goes on from here",
                )
            time.sleep(0.2)
    if unopened:
        raise FatalError(
            f"sealed values that do not open: {len(unopened)}; all others are sealed with key {ring.active} now",
            where="; ".join(place for _, place in unopened[:3]),
            action="restore these rows from a backup or empty them, then run `cauce keys rotate` again",
        )
    return Rotation(ring.active, resealed, tuple(sorted(destroyed)))


@dataclass(frozen=True, slots=True)
class _Ring:
    active: int
    retired: tuple[int, ...]
    """Retired and not destroyed."""


Row = dict[str, UUID]
"""The columns that say which row: its `user_id` and `id`."""
Unopened = list[tuple[int, str]]
"""Envelopes that do not open: the key they name and where they are."""

# Nothing waits for a row here, and a row that somebody is changing is skipped: no deadlock, and nothing is overwritten.
_NEXT: LiteralString = """
SELECT user_id, id, {column} FROM {table}
WHERE envelope_key({column}) <> %(active)s AND ({key}) > ({row})
ORDER BY {key} LIMIT %(batch)s
FOR NO KEY UPDATE SKIP LOCKED
"""
_UPDATE: LiteralString = "UPDATE {table} SET {column} = %(fresh)s WHERE ({key}) = ({row})"
_COUNT: LiteralString = "SELECT envelope_key({column}), count(*) FROM {table} WHERE {column} IS NOT NULL GROUP BY 1"
_FIRST = dict.fromkeys(("user_id", "id"), UUID(int=0))


def _ring(database: Database) -> _Ring:
    with database.transaction(Role.OWNER) as conn:
        keys = stored_keys(conn)
    active = [key.id for key in keys if key.active]
    if not active:
        raise FatalError("there is no key to seal with", where="encryption_keys", action="run `cauce migrate`")
    return _Ring(active[0], tuple(key.id for key in keys if not key.active))


def _exchange(database: Database) -> _Ring:
    """Retire the active key and make the next one."""
    with database.transaction(Role.OWNER) as conn:
        row = conn.execute("UPDATE encryption_keys SET retired_at = now() WHERE retired_at IS NULL RETURNING id")
        [retired] = row.fetchall()[0]
        [active] = conn.execute("SELECT max(id) + 1 FROM encryption_keys").fetchall()[0]
        wrapped = new_key(database.secrets, active)
        conn.execute("INSERT INTO encryption_keys (id, wrapped) VALUES (%s, %s)", (active, wrapped))
        audit.record(conn, "ROTATE_KEYS", target_type="encryption_key", details={"retired": retired, "active": active})
    return _ring(database)


def _reseal_all(database: Database, active: int, tell: Progress) -> tuple[int, Unopened]:
    """Seal anew what names another key; how many, and what does not open."""
    resealed, unopened = 0, Unopened()
    for column in sealed_columns():
        last: Row | None = _FIRST
        while last:
            with database.transaction(Role.OWNER) as conn:
                last, done, broken = _reseal_batch(conn, database.sealer, column, active, last)
            resealed += done
            unopened += broken
            tell(f"{column}: {resealed:,} sealed anew")
    return resealed, unopened


def _reseal_batch(
    conn: psycopg.Connection, sealer: Sealer, column: SealedColumn, active: int, after: Row
) -> tuple[Row | None, int, Unopened]:
    """Seal the next rows anew; gives the last one (None: there was none), how many, and what does not open."""
    conn.execute("SET LOCAL cauce.resealing = 'on'")  # the rows' `updated_at` stays: they say what they said
    last: Row | None = None
    done, unopened = 0, Unopened()
    with conn.cursor(name="envelopes") as rows, conn.cursor() as writer:
        rows.execute(column.sql(_NEXT), {**after, "active": active, "batch": BATCH})
        while found := rows.fetchmany(AT_ONCE):
            fresh = []
            for tenant, row, sealed in found:
                last = {"user_id": tenant, "id": row}
                place = Place(column.table, column.column, tenant, row)
                try:
                    fresh.append({**last, "fresh": sealer.seal(sealer.open(sealed, place), place)})
                except FatalError:
                    unopened.append((HEADER.unpack_from(sealed)[1], f"{column} of row {row}"))
            writer.executemany(column.sql(_UPDATE), fresh)
            done += len(fresh)
    return last, done, unopened


def _destroy(database: Database, key: int) -> int | None:
    """Destroy a key that nothing needs; gives how many envelopes need it, None when a transaction holds it."""
    with database.transaction(Role.OWNER) as conn:
        free = conn.execute("SELECT pg_try_advisory_xact_lock(hashtext('cauce:keys'), %s)", (key,)).fetchone()
        if free != (True,):
            return None
        needed = sum(_count(conn, column)[key] for column in sealed_columns())
        if not needed:
            conn.execute("UPDATE encryption_keys SET wrapped = NULL WHERE id = %s", (key,))
            audit.record(conn, "DESTROY_KEY", target_type="encryption_key", details={"key": key})
        return needed


def _count(conn: psycopg.Connection, column: SealedColumn) -> Counter[int]:
    """Envelopes of a column by the key they name."""
    return Counter(dict(conn.execute(column.sql(_COUNT)).fetchall()))


def _named(unopened: Unopened) -> Counter[int]:
    return Counter(key for key, _ in unopened)
