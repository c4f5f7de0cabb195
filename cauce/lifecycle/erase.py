"""Erasing a person: everything of theirs goes, everybody else's rows stay as they are.

What lies outside the operational tables goes first: archives, marts, the log. The person's row goes last, in the
transaction that takes all tables' rows with it. So an erasure that was killed is simply asked for again: the address
still finds the person, and every step finds less to do. What is left after that transaction is a sweep, which needs no
address: the next erasure or retention run does it.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from cauce.database import Database, Role, locks
from cauce.errors import CauceError, RetriableError
from cauce.lifecycle import archive
from cauce.lifecycle.classification import DataClass, TableData, tables
from cauce.lifecycle.sweep import LOCK_TIMEOUT, PAUSES, sweep
from cauce.models import Base
from cauce.progress import Progress
from cauce.security import audit
from cauce.security.envelope import Place
from cauce.security.people import note_erased

ERASED = "(erased)"
"""What stands in a file name or a log where the address stood."""
BEYOND_REACH = (
    "agents that the person wrote are everybody's and stay, without their author: reword what names the person",
    "files given to Cauce, such as those of the inbox, are where they were: remove them yourself",
    "exports, backups, the server's own logs, and the free space of disk pages until it is written to again, keep what"
    " they held; before PostgreSQL 18 also the planner's statistics of tables that are empty now",
    "population figures hold the person's share until the next `cauce run`; until then those by agent and model lack"
    " what the person had part in",
    "vectors and stored files are in their stores, and their ids and paths on a list for them, until it is worked off"
    " (`cauce deletions`)",
)
LINGERING = (
    "a transaction that began earlier still sees what went, and keeps it in the database's files: run"
    " `cauce retention run` when it has ended"
)

T = TypeVar("T")

_WAREHOUSE = """
SELECT n.nspname, c.relname FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'user_id' AND NOT a.attisdropped
WHERE c.relkind = 'r' AND n.nspowner = 'cauce_transform'::regrole
ORDER BY 1, 2
"""
# Figures of everybody by day, agent and model: of a model or an agent that nobody else uses they are about the person.
_SHARED_FIGURES = """
SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND n.nspowner = 'cauce_transform'::regrole
  AND to_regclass('intermediate.int_usage_daily') IS NOT NULL
  AND (SELECT count(*) FILTER (WHERE a.attname IN ('usage_date', 'agent_id', 'provider', 'model')) = 4
    AND bool_and(a.attname <> 'user_id') FROM pg_attribute a WHERE a.attrelid = c.oid AND NOT a.attisdropped)
ORDER BY 1, 2
"""
_OWN_ROWS = "DELETE FROM {} WHERE user_id = {}"
_SHARED_BY = """
DELETE FROM {} AS f USING intermediate.int_usage_daily AS u
WHERE u.user_id = {}
  AND (f.usage_date, f.agent_id, f.provider, f.model) = (u.usage_date, u.agent_id, u.provider, u.model)
"""
# Batches stay, as nobody's: by its content a file is known when it comes again without an owner, an undo finds other
# people's rows, and their quarantine is not lost. Of those that are undone only the latter are of use.
_BATCHES = """
UPDATE ingest_batches b SET user_id = NULL, source_file = %(erased)s, ignored_kinds = '{}'
WHERE b.user_id = %(person)s AND (
  b.status = 'done'
  OR EXISTS (SELECT FROM usage_event_keys k WHERE k.batch_id = b.id AND k.user_id <> %(person)s)
  OR EXISTS (SELECT FROM quarantined_rows q
    WHERE b.id IN (q.batch_id, q.resolved_by) AND q.user_id IS DISTINCT FROM %(person)s))
"""
_NAMING_BATCHES = """
UPDATE ingest_batches SET source_file = regexp_replace(source_file, %(pattern)s, %(erased)s, 'gi')
WHERE source_file ~* %(pattern)s AND user_id IS DISTINCT FROM %(person)s
"""
_NOBODYS_QUARANTINE = "SELECT id, raw, raw_sealed FROM quarantined_rows WHERE user_id IS NULL"


@dataclass(slots=True)
class Erased:
    """What went: rows by table or place. `pseudonym` is None when nobody had the address.

    `lingering` is how many erasures, this one or earlier, left rows that an older transaction still sees.
    """

    pseudonym: UUID | None
    removed: dict[str, int] = field(default_factory=dict)
    lingering: int = 0

    def add(self, place: str, rows: int) -> None:
        """Count rows that went."""
        if rows:
            self.removed[place] = self.removed.get(place, 0) + rows


def erase(database: Database, email: str, *, on_progress: Progress | None = None) -> Erased:
    """Remove everything about a person and everything that names their address.

    Waits for a build or a retention run under way; whoever is signed in as the person is out at once. When it is killed
    or fails, ask again: it goes on. Of somebody who was only invited, or whom nobody knows, the address is removed.
    Raises `RetriableError` when another session holds rows of theirs for long.
    """
    tell = on_progress or (lambda _detail: None)
    address = email.strip()
    with database.lock(locks.LIFECYCLE, on_wait=tell), database.lock(locks.MARTS, on_wait=tell):
        erased = Erased(_begin(database, address))
        if erased.pseudonym is not None:
            tell("archives")
            erased.add(f"archive/{archive.TABLE}", archive.forget(database, erased.pseudonym))
            tell("marts")
            _leave_warehouse(database, erased)
        tell("log")
        erased.add("log", _leave_log(database.settings.home / "log", address))
        tell("tables")
        return replace(_leave_tables(database, erased, address), lingering=sweep(database, tell))


def _begin(database: Database, address: str) -> UUID | None:
    """Find the person, end their sessions and write down that they are being erased."""

    def begin(conn: psycopg.Connection) -> UUID | None:
        row = conn.execute("SELECT id FROM users WHERE lower(email) = lower(%s)", (address,)).fetchone()
        if row is None:
            return None
        conn.execute("UPDATE users SET is_active = false WHERE id = %s AND is_active", row)
        conn.execute("INSERT INTO erasure_log (pseudonym) VALUES (%s) ON CONFLICT DO NOTHING", row)
        note_erased(database, conn, address)
        return UUID(str(row[0]))

    return _persistently(database, begin)


def _leave_warehouse(database: Database, erased: Erased) -> None:
    """Take the person out of every relation that builds made, published or not."""
    with database.transaction(Role.TRANSFORM) as conn:
        shared = [(place, _SHARED_BY) for place in conn.execute(_SHARED_FIGURES).fetchall()]
        own = [(place, _OWN_ROWS) for place in conn.execute(_WAREHOUSE).fetchall()]
    for place, delete in shared + own:  # the shared ones first: what the person used is read from their own
        statement = sql.SQL(delete).format(sql.Identifier(*place), sql.Literal(erased.pseudonym))
        rows = _persistently(database, partial(_delete, statement=statement), Role.TRANSFORM)
        erased.add(".".join(place), rows)


def _delete(conn: psycopg.Connection, statement: sql.Composed) -> int:
    return conn.execute(statement).rowcount


def _leave_log(folder: Path, address: str) -> int:
    """Write the log files anew without the address; gives how often it stood there."""
    named = re.compile(re.escape(address), re.IGNORECASE)
    total = 0
    for path in sorted(folder.glob("cauce.log*")):
        text, count = named.subn(ERASED, path.read_text(errors="replace"))
        if count:
            fresh = path.with_name(f".{path.name}")
            fresh.write_text(text)
            fresh.replace(path)
            total += count
    return total


def _leave_tables(database: Database, erased: Erased, address: str) -> Erased:
    """Everything in the operational tables, in one transaction, with the note of what went."""

    def leave(conn: psycopg.Connection) -> Erased:
        done = replace(erased, removed=dict(erased.removed))
        _leave_addresses(database, conn, done, address)
        if done.pseudonym is not None:
            _leave_rows(conn, done, done.pseudonym)
        return done

    return _persistently(database, leave)


def _leave_addresses(database: Database, conn: psycopg.Connection, erased: Erased, address: str) -> None:
    """What names the address and belongs to nobody: links, invitations, file names, refused records."""
    for table in tables("public"):
        if table.address:
            statement = sql.SQL("DELETE FROM {} WHERE lower({}) = lower(%s)").format(
                sql.Identifier("public", table.name), sql.Identifier(table.address)
            )
            erased.add(table.name, conn.execute(statement, (address,)).rowcount)
    names = {"pattern": re.escape(address), "erased": ERASED, "person": erased.pseudonym}
    conn.execute(_NAMING_BATCHES, names)
    naming = [row for row, text in _nobodys_records(database, conn) if address.lower() in text.lower()]
    gone = conn.execute("DELETE FROM quarantined_rows WHERE id = ANY(%s)", (naming,)).rowcount
    erased.add("quarantined_rows", gone)


def _nobodys_records(database: Database, conn: psycopg.Connection) -> Iterator[tuple[UUID, str]]:
    """Refused records without an owner, with their text; one that does not open names nobody we could know."""
    with conn.cursor(name="nobodys_records") as rows:
        for row, raw, sealed in rows.execute(_NOBODYS_QUARANTINE):
            try:
                opened = raw or database.sealer.open(bytes(sealed), Place("quarantined_rows", "raw_sealed", None, row))
            except CauceError:
                continue
            yield row, opened


def _leave_rows(conn: psycopg.Connection, erased: Erased, person: UUID) -> None:
    conn.execute(_BATCHES, {"person": person, "erased": ERASED})
    for table in tables("public"):
        _clear_actors(conn, table, person)
        if table.owner and table.name in Base.metadata.tables:  # a view's rows are those of its tables
            query = sql.SQL("SELECT count(*) FROM {} WHERE {} = %s").format(
                sql.Identifier("public", table.name), sql.Identifier(table.owner)
            )
            erased.add(table.name, (conn.execute(query, (person,)).fetchone() or (0,))[0])
    audit.record(conn, "ERASE_PERSON", target_type="users", target_id=person, details={"rows": erased.removed})
    conn.execute("DELETE FROM audit_occasions")  # of the last hour; some name the network that failed to sign in
    # And along the tenant key everything of theirs; linking the entry above takes where they were when they did things.
    conn.execute("DELETE FROM users WHERE id = %s", (person,))
    conn.execute("UPDATE erasure_log SET removed = %s WHERE pseudonym = %s", (Jsonb(erased.removed), person))


def _clear_actors(conn: psycopg.Connection, table: TableData, person: UUID) -> None:
    """Other people's rows stay, without who granted, invited, wrote or was assigned, and from where."""
    traces = [sql.SQL(", {} = NULL").format(sql.Identifier(column)) for column in table.of_class(DataClass.TRACE)]
    for column in table.of_class(DataClass.ACTOR):
        others = sql.SQL(" AND {} <> %(person)s").format(sql.Identifier(table.owner)) if table.owner else sql.SQL("")
        statement = sql.SQL("UPDATE {table} SET {column} = NULL{traces} WHERE {column} = %(person)s{others}").format(
            table=sql.Identifier("public", table.name),
            column=sql.Identifier(column),
            traces=sql.SQL("").join(traces),
            others=others,
        )
        conn.execute(statement, {"person": person})


def _persistently(database: Database, work: Callable[[psycopg.Connection], T], role: Role = Role.OWNER) -> T:
    """Do the work in a transaction that waits for a lock for a moment only, so that nobody queues behind it; again."""

    def once() -> T:
        with database.transaction(role) as conn:
            conn.execute(sql.SQL("SET LOCAL lock_timeout = {}").format(sql.Literal(LOCK_TIMEOUT)))
            return work(conn)

    try:
        return locks.persistently(once, PAUSES)
    except locks.HELD_UP as error:
        raise RetriableError(
            "another session holds rows of this person",
            action="do the same again when it has ended: the erasure goes on where it stopped",
        ) from error
