"""The merge of usage events; the steps are the SQL files beside this one."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import polars as pl
import psycopg

from cauce.database import Database, Role
from ingest.merge import Merge
from ingest.staging import Unfit

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LATEST_AHEAD = timedelta(days=366)


def _refuse_impossible_times(_kind: str, frame: pl.DataFrame) -> Iterator[Unfit]:
    """A wrong clock or a wrong unit (seconds for milliseconds) would make partitions for months that never were."""
    possible = pl.col("timestamp").is_between(EARLIEST, datetime.now(UTC) + LATEST_AHEAD)
    for record, line, timestamp in frame.filter(~possible).select("record", "line", "timestamp").iter_rows():
        reason = f"is in {timestamp:%Y-%m}, which cannot be: check the clock, or whether seconds were milliseconds"
        yield Unfit(record, line, "timestamp", "impossible_time", reason)


def _ensure_partitions(db: Database, conn: psycopg.Connection) -> None:
    """Make missing months in a transaction of their own: making one locks the table, a load may take long."""
    months = conn.execute("SELECT DISTINCT date_trunc('month', timestamp, 'UTC') FROM staged_usage").fetchall()
    if months:
        with db.connect(Role.INGEST, autocommit=True) as other:
            for (month,) in months:
                other.execute("SELECT ensure_month_partitions(%s, %s)", (month, month))


MERGE = Merge("usage", personal=False, check=_refuse_impossible_times, ready=_ensure_partitions)
