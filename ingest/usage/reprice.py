"""Price what is loaded anew: today's price list and prices of our own, at the time of each event.

A month of UTC after the other, each in portions in the order of the tenant key. A portion is one transaction: its rows
are read, priced like those of a file, and those whose cost differs are written in one statement, which takes the people
of its counters in order. Killed anywhere, what was written stays and the same call goes on: a row that has its price is
never written again. Rows whose cost follows no price list are left alone, and so are archived months, which are named.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import polars as pl
import psycopg
from psycopg import sql

from cauce.billing.model_prices import FOLLOWS_PRICES
from cauce.billing.months import month_after
from cauce.database import Database, Role, locks
from cauce.errors import RetriableError
from cauce.progress import Progress
from ingest.usage.events import COST, TOKENS
from ingest.usage.overrides import OVERRIDE, UNKNOWN, OverrideBook, load_overrides
from ingest.usage.pricing import COSTS, price

PORTION = 20_000
"""Rows of one transaction; their people wait for it, some seconds."""

_OLD = {name: f"old_{name}" for name in COSTS}
_SCHEMA: dict[str, pl.DataType] = {
    "user_id": pl.String(),
    "id": pl.String(),
    "timestamp": pl.Datetime("us", "UTC"),
    "month": pl.Date(),
    "provider": pl.String(),
    "model": pl.String(),
    **dict.fromkeys(TOKENS, pl.Int64()),
    "units": pl.String(),
    **dict.fromkeys(("old_cost_input", "old_cost_output", "old_total_cost"), COST),
    "old_price_version": pl.String(),
}
_MONTHS = """
SELECT DISTINCT to_date(substring(c.relname FROM '_y([0-9]{4}m[0-9]{2})$'), 'YYYY"m"MM')
FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = 'public.usage_logs'::regclass ORDER BY 1
"""
_ARCHIVED = """
SELECT date_trunc('month', local_date)::date, sum(events)::bigint FROM archived_usage_daily
WHERE {selected} GROUP BY 1 ORDER BY 1
"""
_PORTION = """
SELECT user_id::text, id::text, timestamp, date_trunc('month', local_date)::date, provider, model,
  tokens_input, tokens_output, tokens_cache_read, tokens_cache_write, tokens_reasoning, units::text,
  cost_input, cost_output, total_cost, price_version
FROM usage_logs
WHERE timestamp >= {first} AND timestamp < {last} AND {selected} AND {follows}
  AND (user_id, id, timestamp) > ({user}, {id}, {timestamp})
ORDER BY user_id, id, timestamp LIMIT {limit}
"""
_STAGE = """
CREATE TEMP TABLE priced_anew (
  user_id uuid, id uuid, timestamp timestamptz,
  cost_input numeric(24, 12), cost_output numeric(24, 12), total_cost numeric(24, 12), price_version varchar(100)
) ON COMMIT DROP
"""
_WRITE = """
UPDATE usage_logs AS u
SET cost_input = p.cost_input, cost_output = p.cost_output, total_cost = p.total_cost, price_version = p.price_version
FROM priced_anew AS p
WHERE u.user_id = p.user_id AND u.id = p.id AND u.timestamp = p.timestamp
  AND u.timestamp >= {first} AND u.timestamp < {last}
"""
_START = (UUID(int=0), UUID(int=0), datetime(1, 1, 1, tzinfo=UTC))


@dataclass(frozen=True, slots=True)
class Selection:
    """Which events: of the people's days from `first` to `last`, both included, and of a model, `*` at the end for all
    that begin so."""

    first: date | None = None
    last: date | None = None
    model: str | None = None

    def condition(self) -> sql.Composed:
        """The selection as SQL over `local_date` and `model`."""
        parts: list[sql.Composable] = [sql.SQL("true")]
        if self.first is not None:
            parts.append(sql.SQL("local_date >= {}").format(sql.Literal(self.first)))
        if self.last is not None:
            parts.append(sql.SQL("local_date <= {}").format(sql.Literal(self.last)))
        if self.model is not None and self.model.endswith("*"):
            parts.append(sql.SQL("starts_with(lower(model), {})").format(sql.Literal(self.model[:-1].lower())))
        elif self.model is not None:
            parts.append(sql.SQL("lower(model) = {}").format(sql.Literal(self.model.lower())))
        return sql.SQL(" AND ").join(parts)

    def may_be_in(self, month: date) -> bool:
        """Tell whether events of a month of UTC can be of the selected days, in whatever zone."""
        day = timedelta(days=1)
        begins_in_time = self.last is None or month <= self.last + day
        return begins_in_time and (self.first is None or month_after(month) > self.first - day)


@dataclass(slots=True)
class Change:
    """What becomes of a person's events in a month of theirs: the selected ones whose cost follows prices, in USD.

    `changed` have another cost or another price than before. Costs are sums of the known ones; `unknown_before` and
    `unknown_after` count the others.
    """

    events: int = 0
    changed: int = 0
    cost_before: Decimal = field(default_factory=Decimal)
    cost_after: Decimal = field(default_factory=Decimal)
    unknown_before: int = 0
    unknown_after: int = 0

    @property
    def difference(self) -> Decimal:
        """How much more the known costs are."""
        return self.cost_after - self.cost_before

    def add(self, other: "Change") -> None:
        """Count another's events in."""
        self.events += other.events
        self.changed += other.changed
        self.cost_before += other.cost_before
        self.cost_after += other.cost_after
        self.unknown_before += other.unknown_before
        self.unknown_after += other.unknown_after


@dataclass(frozen=True, slots=True)
class Repricing:
    """What was, or would be, changed: by person and month; and the events of archived months, which cannot be."""

    changes: dict[tuple[UUID, date], Change]
    archived: dict[date, int]

    @property
    def total(self) -> Change:
        """All together."""
        whole = Change()
        for change in self.changes.values():
            whole.add(change)
        return whole


def reprice(
    database: Database,
    selection: Selection,
    *,
    dry_run: bool = False,
    portion: int = PORTION,
    on_progress: Progress = lambda _said: None,
) -> Repricing:
    """Price the selected events anew; with `dry_run` only tell what would change.

    Raises `RetriableError` where other writers were in the way each time; what was written until then stays.
    """
    with database.lock(locks.LIFECYCLE):
        with database.transaction(Role.OWNER) as conn:
            book = load_overrides(conn)
            months = [month for (month,) in conn.execute(_MONTHS).fetchall() if selection.may_be_in(month)]
            archived = dict(conn.execute(sql.SQL(_ARCHIVED).format(selected=selection.condition())).fetchall())
        work = _Work(database, selection, book, dry_run=dry_run, portion=portion)
        seen = 0
        for month in months:
            for rows in work.portions(month):
                seen += rows
                on_progress(f"{month:%Y-%m}: {seen:,} events, {sum(c.changed for c in work.changes.values()):,} change")
    return Repricing({key: change for key, change in work.changes.items() if change.changed}, archived)


class _Work:
    def __init__(
        self, database: Database, selection: Selection, book: OverrideBook, *, dry_run: bool, portion: int
    ) -> None:
        self._database = database
        self._selection = selection
        self._book = book
        self._dry_run = dry_run
        self._size = portion
        self.changes: dict[tuple[UUID, date], Change] = {}

    def portions(self, month: date) -> Iterator[int]:
        """Price a month of UTC, a portion at a time; gives how many rows each had."""
        after = _START
        while True:
            frame = self._persistently(lambda: self._portion(month, after))  # noqa: B023 - called at once
            if frame.height:
                self._count(frame)
                yield frame.height
            if frame.height < self._size:
                return
            user, number, timestamp = frame.select("user_id", "id", "timestamp").row(-1)
            after = (UUID(user), UUID(number), timestamp)

    def _persistently(self, work: Callable[[], pl.DataFrame]) -> pl.DataFrame:
        try:
            return locks.persistently(work, (0.2, 0.5, 1.0, 2.0))
        except locks.HELD_UP as error:
            raise RetriableError(
                "other writers were in the way", where="usage_logs", action="run the same command again: it goes on"
            ) from error

    def _portion(self, month: date, after: tuple[UUID, UUID, datetime]) -> pl.DataFrame:
        bounds = {"first": sql.Literal(_instant(month)), "last": sql.Literal(_instant(month_after(month)))}
        query = sql.SQL(_PORTION).format(
            **bounds,
            selected=self._selection.condition(),
            follows=sql.SQL(FOLLOWS_PRICES),
            user=sql.Literal(after[0]),
            id=sql.Literal(after[1]),
            timestamp=sql.Literal(after[2]),
            limit=sql.Literal(self._size),
        )
        with self._database.transaction(Role.OWNER) as conn:
            conn.execute("SET LOCAL jit = off")
            rows = [_in_utc(row) for row in conn.execute(query).fetchall()]
            priced = _priced(pl.DataFrame(rows, schema=_SCHEMA, orient="row"), self._book)
            if not self._dry_run:
                _write(conn, priced.filter("changed"), bounds)
        return priced

    def _count(self, frame: pl.DataFrame) -> None:
        summed = frame.group_by("user_id", "month").agg(
            pl.len().alias("events"),
            pl.col("changed").sum(),
            pl.col("old_total_cost").sum().alias("cost_before"),
            pl.col("total_cost").sum().alias("cost_after"),
            pl.col("old_total_cost").null_count().alias("unknown_before"),
            pl.col("total_cost").null_count().alias("unknown_after"),
        )
        for user, month, *figures in summed.iter_rows():
            self.changes.setdefault((UUID(user), month), Change()).add(Change(*figures))


def _priced(frame: pl.DataFrame, book: OverrideBook) -> pl.DataFrame:
    """Add the costs of today and `changed`: another cost, or the price of another override."""
    # The library reads a stored name once more as the same provider; a model nobody named is stored as a word.
    named = frame.with_columns(pl.when(pl.col("model") != UNKNOWN).then("model").alias("model"))
    costs = price(named, book).select(COSTS)
    frame = frame.hstack(costs)
    another = [pl.col(name).ne_missing(pl.col(old)) for name, old in _OLD.items() if name != "price_version"]
    version, old = pl.col("price_version"), pl.col("old_price_version")
    ours = version.str.starts_with(OVERRIDE) | old.str.starts_with(OVERRIDE)
    # A newer edition of the price list that says the same is no reason to write a row.
    is_other = version.ne_missing(old) & ours.fill_null(value=False)
    return frame.with_columns((pl.any_horizontal(*another) | is_other).alias("changed"))


def _write(conn: psycopg.Connection, changed: pl.DataFrame, bounds: dict[str, sql.Literal]) -> None:
    if changed.is_empty():
        return
    conn.execute(_STAGE)
    with conn.cursor().copy("COPY priced_anew FROM STDIN") as copy:
        for row in changed.select("user_id", "id", "timestamp", *COSTS).iter_rows():
            copy.write_row(row)
    conn.execute("ANALYZE priced_anew")
    conn.execute(sql.SQL(_WRITE).format(**bounds))


def _in_utc(row: tuple[object, ...]) -> tuple[object, ...]:
    user, number, timestamp, *others = row
    assert isinstance(timestamp, datetime)  # noqa: S101 - the column's type
    return (user, number, timestamp.astimezone(UTC), *others)


def _instant(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
