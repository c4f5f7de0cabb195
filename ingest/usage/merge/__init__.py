"""The merge of usage events and of provider reports; the steps are the SQL files beside this one."""

import psycopg

from cauce.database import Database, Role
from ingest.merge import Merge


def _ensure_partitions(db: Database, conn: psycopg.Connection) -> None:
    """Make missing months in a transaction of their own: making one locks the whole table, and a load may take long."""
    months = conn.execute("SELECT DISTINCT date_trunc('month', timestamp, 'UTC') FROM staged_usage").fetchall()
    if months:
        with db.connect(Role.INGEST, autocommit=True) as other:
            for (month,) in months:
                other.execute("SELECT ensure_month_partitions(%s, %s)", (month, month))


MERGE = Merge("usage", personal=False, ready=_ensure_partitions)
