"""The merge of usage events and of provider reports; the steps are the SQL files beside this one."""

from collections.abc import Iterator

import psycopg

from cauce.database import Database, Role
from cauce.security.people import erased
from ingest.merge import Merge, Rewrite
from ingest.usage.events import KIND
from ingest.usage.overrides import load_overrides
from ingest.usage.pricing import price_anew


def _ensure_partitions(db: Database, conn: psycopg.Connection) -> None:
    """Make missing months in a transaction of their own: making one locks the whole table, and a load may take long."""
    months = conn.execute("SELECT DISTINCT date_trunc('month', timestamp, 'UTC') FROM staged_usage").fetchall()
    if months:
        with db.connect(Role.INGEST, autocommit=True) as other:
            for (month,) in months:
                other.execute("SELECT ensure_month_partitions(%s, %s)", (month, month))


def _leave_out_erased(db: Database, conn: psycopg.Connection) -> None:
    """Tell the merge which of the addresses that events name were erased."""
    gone = erased(db, _named(conn))
    if gone:
        conn.execute("UPDATE current_load SET erased = %s", (list(gone),))


def _named(conn: psycopg.Connection) -> Iterator[str]:
    """The addresses that events name: looked for when they are wanted only, as there may be a million events."""
    for (email,) in conn.execute("SELECT DISTINCT lower(btrim(user_email)) FROM staged_usage WHERE user_email <> ''"):
        yield email


def _ready(db: Database, conn: psycopg.Connection) -> None:
    _ensure_partitions(db, conn)
    _leave_out_erased(db, conn)


def _price_by_overrides(conn: psycopg.Connection) -> Rewrite:
    """Have events priced by prices of our own where there are any: readers know the price book only."""
    book = load_overrides(conn)
    return lambda kind, frame: price_anew(frame, book) if kind == KIND and book else frame


MERGE = Merge("usage", personal=False, begin=_price_by_overrides, ready=_ready)
