"""Old months of `usage_logs` move to Parquet files, and stay in every total.

The table `usage_archives` is the manifest: only files it names count. A month moves in one transaction — rows written,
read back and compared, day sums kept, the file named, the partition dropped — so that a kill leaves the rows either in
the table or in the file. Until that transaction is over the file's name ends with `.part`; a `.part` that the manifest
does not name is a left-over and is removed.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from uuid import UUID, uuid4

import polars as pl
import psycopg
from psycopg import sql
from psycopg.rows import class_row

from cauce.database import Database, Role, locks
from cauce.errors import FatalError
from cauce.lifecycle import parquet, rows
from cauce.lifecycle.parquet import PART, Content
from cauce.security import audit

TABLE = "usage_logs"
LOCK_TIMEOUT = "500ms"
PAUSES = (0.2, 0.4, 0.6, 0.8)
"""Dropping a partition stops every reader of the table: it gives up soon, lets them go by, and tries again."""

_PARTITIONS = """
SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = 'public.usage_logs'::regclass ORDER BY c.relname
"""
# What the month's calls add up to; a second archive of the same month adds to the first.
_DAYS = """
INSERT INTO archived_usage_daily AS d (
  user_id, local_date, agent_id, provider, model, events, failed_events, unknown_cost_events, tokens_input,
  tokens_output, tokens_cache_read, tokens_cache_write, tokens_reasoning, total_tokens, total_cost, duration)
SELECT user_id, local_date, agent_id, coalesce(provider, 'unknown'), model, count(*),
  count(*) FILTER (WHERE NOT success), count(*) FILTER (WHERE total_cost IS NULL), sum(tokens_input),
  sum(tokens_output), sum(tokens_cache_read), sum(tokens_cache_write), sum(tokens_reasoning), sum(total_tokens),
  sum(total_cost), sum(duration)
FROM usage_logs WHERE {where}
GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5
ON CONFLICT (user_id, local_date, agent_id, provider, model) DO UPDATE SET
  events = d.events + excluded.events,
  failed_events = d.failed_events + excluded.failed_events,
  unknown_cost_events = d.unknown_cost_events + excluded.unknown_cost_events,
  tokens_input = d.tokens_input + excluded.tokens_input,
  tokens_output = d.tokens_output + excluded.tokens_output,
  tokens_cache_read = d.tokens_cache_read + excluded.tokens_cache_read,
  tokens_cache_write = d.tokens_cache_write + excluded.tokens_cache_write,
  tokens_reasoning = d.tokens_reasoning + excluded.tokens_reasoning,
  total_tokens = d.total_tokens + excluded.total_tokens,
  total_cost = CASE WHEN d.total_cost IS NULL THEN excluded.total_cost
    ELSE d.total_cost + coalesce(excluded.total_cost, 0) END,
  duration = CASE WHEN d.duration IS NULL THEN excluded.duration ELSE d.duration + coalesce(excluded.duration, 0) END
"""


@dataclass(frozen=True, slots=True)
class Archive:
    """A file of the manifest."""

    file: str
    month: date
    rows: int
    archived_at: datetime


def folder(database: Database) -> Path:
    """Where the archives of this installation lie."""
    return database.settings.home / "archive" / TABLE


def archives(conn: psycopg.Connection) -> list[Archive]:
    """The manifest, oldest month first."""
    with conn.cursor(row_factory=class_row(Archive)) as cursor:
        return cursor.execute(
            "SELECT file, month, rows, archived_at FROM usage_archives ORDER BY month, file"
        ).fetchall()


def old_months(conn: psycopg.Connection, cutoff: datetime) -> list[date]:
    """The months with a partition of which every instant lies before `cutoff`."""
    names = [str(row[0]) for row in conn.execute(_PARTITIONS).fetchall()]
    found = [re.search(r"_y(\d{4})m(\d{2})$", name) for name in names]
    months = [date(int(part[1]), int(part[2]), 1) for part in found if part]
    return [month for month in months if _instant(_next(month)) <= cutoff.astimezone(UTC)]


def count_month(conn: psycopg.Connection, month: date) -> int:
    """How many rows the table holds of a month."""
    query = sql.SQL("SELECT count(*) FROM usage_logs WHERE {}").format(_within(month))
    return int(str((conn.execute(query).fetchone() or (0,))[0]))


def archive_month(database: Database, month: date) -> int:
    """Move a month's rows to a file and drop its partition; gives how many. The caller holds the lifecycle lock.

    Builds wait meanwhile, and so does whoever writes to that month; readers only for the moment of the drop. Raises
    `psycopg.errors.LockNotAvailable` when readers held the table each time, and `FatalError` when the file does not
    hold what the table holds; in both cases nothing has changed.
    """
    return locks.persistently(lambda: _archive_month(database, month), PAUSES)


def _archive_month(database: Database, month: date) -> int:
    settle(database)
    name = f"{TABLE}_{month:%Y-%m}_{uuid4().hex[:8]}.parquet"
    part = folder(database) / (name + PART)
    partition = sql.Identifier("public", f"{TABLE}_y{month:%Y}m{month:%m}")
    with database.lock(locks.MARTS), database.transaction(Role.OWNER) as conn:
        conn.execute(sql.SQL("SET LOCAL lock_timeout = {}").format(sql.Literal(LOCK_TIMEOUT)))
        conn.execute(sql.SQL("LOCK TABLE {} IN SHARE MODE").format(partition))
        columns = rows.columns_of(conn, TABLE)
        written = parquet.write(part, rows.chunks(conn, columns, TABLE, _within(month)))
        if written.rows:
            kept = parquet.content_of(part)
            if not (_content_in_table(conn, columns, month) == written == kept):
                raise FatalError(
                    f"the archive of {month:%Y-%m} does not hold what the table holds",
                    where=part.name,
                    action="nothing was removed; check the disk, then run `cauce retention run` again",
                )
            conn.execute(sql.SQL(_DAYS).format(where=_within(month)))
            conn.execute(
                "INSERT INTO usage_archives (file, month, rows, total_tokens, total_cost, content_hash)"
                " VALUES (%s, %s, %s, %s, %s, %s)",
                (name, month, kept.rows, kept.total_tokens, kept.total_cost, kept.content_hash),
            )
            details = {"subject": TABLE, "month": f"{month:%Y-%m}", "rows": kept.rows}
            audit.record(conn, "RUN_RETENTION", target_type=TABLE, details=details)
        conn.execute(sql.SQL("DROP TABLE {}").format(partition))
    if written.rows:
        parquet.put_in_place(part, folder(database) / name)
    return written.rows


def settle(database: Database) -> None:
    """Finish what a killed archiving left: give files of the manifest their names, remove those it does not name."""
    directory = folder(database)
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    with database.transaction(Role.OWNER) as conn:
        named = {archive.file for archive in archives(conn)}
    for part in directory.glob(f"*{PART}"):
        if part.stem in named:
            parquet.put_in_place(part, part.with_suffix(""))
        else:
            part.unlink()


def forget(database: Database, person: UUID) -> int:
    """Write every file anew that holds rows of a person, without them; gives how many rows went.

    Other people's rows are counted and hashed before a file takes the old one's place. The caller holds the lifecycle
    lock. Killed anywhere, it can be called again.
    """
    settle(database)
    return sum(_forget_in(database, path, person) for path in sorted(folder(database).glob("*.parquet")))


def _forget_in(database: Database, path: Path, person: UUID) -> int:
    is_theirs = pl.col("user_id") == str(person)
    removed = int(pl.scan_parquet(path).filter(is_theirs).select(pl.len()).collect().item())
    if not removed:
        return 0
    fresh = path.with_suffix(".rewritten" + PART)
    others = (frame.filter(~is_theirs) for frame in parquet.read(path))
    written = parquet.write(fresh, (frame for frame in others if frame.height))
    if not written.rows:
        with database.transaction(Role.OWNER) as conn:
            conn.execute("DELETE FROM usage_archives WHERE file = %s", (path.name,))
        path.unlink()
        return removed
    if parquet.content_of(fresh) != written:
        raise FatalError(
            "an archive could not be written anew", where=path.name, action="check the disk, then do the same again"
        )
    with database.transaction(Role.OWNER) as conn:
        conn.execute(
            "UPDATE usage_archives SET rows = %s, total_tokens = %s, total_cost = %s, content_hash = %s"
            " WHERE file = %s",
            (written.rows, written.total_tokens, written.total_cost, written.content_hash, path.name),
        )
    parquet.put_in_place(fresh, path)
    return removed


def _content_in_table(conn: psycopg.Connection, columns: list[rows.Column], month: date) -> Content:
    query = sql.SQL(
        "SELECT count(*), coalesce(sum(total_tokens), 0), coalesce(sum(total_cost), 0), {} FROM usage_logs WHERE {}"
    ).format(rows.hash_sql(columns), _within(month))
    count, tokens, cost, content = conn.execute(query).fetchone() or (0, 0, 0, 0)
    return Content(int(count), Decimal(tokens), Decimal(cost), Decimal(content))


def _within(month: date) -> sql.Composed:
    first, last = sql.Literal(_instant(month)), sql.Literal(_instant(_next(month)))
    return sql.SQL("timestamp >= {} AND timestamp < {}").format(first, last)


def _next(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def _instant(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
