"""Every call to a model, who made it, what it cost, and its monthly totals."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Numeric, SmallInteger, String, text
from sqlalchemy import UniqueConstraint as Unique
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from cauce.models.base import (
    Base,
    Cost,
    Count,
    Created,
    Currency,
    Tenant,
    Timestamps,
    currency_code,
    one_of,
    owned,
)
from cauce.models.billing import Metric

PRICES = (
    *("input_price", "output_price", "cache_read_price", "cache_write_price", "cache_write_1h_price"),
    *("reasoning_price", "input_audio_price", "output_audio_price", "request_price"),
)
"""The columns of `model_prices` that are prices."""


class AlertType(StrEnum):
    """What an alert says: 80, 90 or 100 per cent of a limit are used, or a person's usage is not as it was."""

    APPROACHING_LIMIT = "APPROACHING_LIMIT"
    LIMIT_WARNING = "LIMIT_WARNING"
    LIMIT_EXCEEDED = "LIMIT_EXCEEDED"
    UNUSUAL_ACTIVITY = "UNUSUAL_ACTIVITY"


class UsageLog(Tenant, Base):
    """One call. Token counts are inclusive: input holds the cached parts, output the reasoning. Partitioned by month.

    A cost is NULL when no price is known, never 0. `unpriced`: it follows no price list, being unknown for want of
    counts or of a provider, or nothing by the rule in `price_version`; NULL in rows older than the column. `local_date`
    is the person's day in the zone of that instant.
    """

    __tablename__ = "usage_logs"

    timestamp: Mapped[datetime] = mapped_column(primary_key=True, server_default=text("now()"))
    agent_id: Mapped[UUID] = mapped_column(ForeignKey("agents.id", ondelete="RESTRICT"))
    conversation_id: Mapped[UUID | None]
    message_id: Mapped[UUID | None]
    source: Mapped[str] = mapped_column(String(100))
    event_id: Mapped[str] = mapped_column(String(255))
    provider: Mapped[str | None] = mapped_column(String(100))
    model: Mapped[str] = mapped_column(String(255))
    tokens_input: Mapped[int] = mapped_column(BigInteger)
    tokens_output: Mapped[int] = mapped_column(BigInteger)
    total_tokens: Mapped[int] = mapped_column(BigInteger)
    tokens_cache_read: Mapped[Count]
    tokens_cache_write: Mapped[Count]
    tokens_reasoning: Mapped[Count]
    units: Mapped[dict[str, Any] | None]
    cost_input: Mapped[Cost | None]
    cost_output: Mapped[Cost | None]
    total_cost: Mapped[Cost | None]
    price_version: Mapped[str | None] = mapped_column(String(100))
    duration: Mapped[int | None] = mapped_column(BigInteger, comment="milliseconds")
    success: Mapped[bool] = mapped_column(server_default=text("true"))
    error_message: Mapped[str | None]
    local_date: Mapped[date]
    batch_id: Mapped[UUID | None]
    loaded_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    unpriced: Mapped[bool | None]

    __table_args__ = (
        owned("conversation_id", "conversations", ondelete="SET NULL"),
        CheckConstraint("total_tokens = tokens_input + tokens_output", name="total_tokens"),
        CheckConstraint(
            "tokens_input >= 0 AND tokens_output >= 0 AND tokens_cache_read >= 0 AND tokens_cache_write >= 0"
            " AND tokens_reasoning >= 0",
            name="tokens",
        ),
        CheckConstraint("tokens_cache_read + tokens_cache_write <= tokens_input", name="cache_within_input"),
        CheckConstraint("tokens_reasoning <= tokens_output", name="reasoning_within_output"),
        CheckConstraint("cost_input >= 0 AND cost_output >= 0 AND total_cost >= 0", name="costs"),
        CheckConstraint("duration >= 0", name="duration"),
        Index(None, "user_id", "local_date"),
        Index(None, "agent_id", "timestamp"),
        Index(None, "user_id", "conversation_id", postgresql_where=text("conversation_id IS NOT NULL")),
        Index(None, "batch_id"),
        {"postgresql_partition_by": "RANGE (timestamp)"},
    )


class ModelPrice(Created, Base):
    """A price of our own: what a provider's model costs while it is in force, whatever the price book says.

    Prices are USD per million tokens, `request_price` per call; NULL is the price book's. `model` may end with `*`:
    every model whose name begins so. A price that ends when it began was never in force.
    """

    __tablename__ = "model_prices"

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text("uuidv7()"))
    provider: Mapped[str] = mapped_column(String(100))
    model: Mapped[str] = mapped_column(String(255))
    valid_from: Mapped[datetime]
    valid_to: Mapped[datetime | None]
    input_price: Mapped[Cost | None]
    output_price: Mapped[Cost | None]
    cache_read_price: Mapped[Cost | None]
    cache_write_price: Mapped[Cost | None]
    cache_write_1h_price: Mapped[Cost | None]
    reasoning_price: Mapped[Cost | None]
    input_audio_price: Mapped[Cost | None]
    output_audio_price: Mapped[Cost | None]
    request_price: Mapped[Cost | None] = mapped_column(comment="of one call")
    note: Mapped[str | None]
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))

    __table_args__ = (
        CheckConstraint("provider = lower(provider) AND provider <> ''", name="provider"),
        CheckConstraint("model = lower(model) AND model <> '' AND model !~ '[*].'", name="model"),
        CheckConstraint(
            "isfinite(valid_from) AND (valid_to IS NULL OR isfinite(valid_to) AND valid_to >= valid_from)",
            name="period",
        ),
        CheckConstraint(
            " AND ".join(f"({price} IS NULL OR {price} BETWEEN 0 AND 1000000)" for price in PRICES)
            + f" AND num_nonnulls({', '.join(PRICES)}) > 0",
            name="prices",
        ),
        ExcludeConstraint(
            ("provider", "="),
            ("model", "="),
            (text("tstzrange(valid_from, valid_to)"), "&&"),
            name="ex_model_prices_period",
        ),
        Index(None, "created_by"),
    )


class UsageReversal(Tenant, Base):
    """An event that was taken back: out of `usage_logs` with all its columns (`call`), which an undo puts back.

    `id` and `timestamp` are the event's, and so is `batch_id`; `reversal_batch_id` is the batch that took it back.
    """

    __tablename__ = "usage_reversals"

    timestamp: Mapped[datetime]
    local_date: Mapped[date]
    agent_id: Mapped[UUID] = mapped_column(ForeignKey("agents.id", ondelete="RESTRICT"))
    source: Mapped[str] = mapped_column(String(100))
    event_id: Mapped[str] = mapped_column(String(255))
    call: Mapped[dict[str, Any]] = mapped_column(comment="the row of usage_logs")
    batch_id: Mapped[UUID | None]
    reversal_batch_id: Mapped[UUID]
    reversed_at: Mapped[datetime] = mapped_column(server_default=text("now()"))

    __table_args__ = (Index(None, "agent_id"), Index(None, "batch_id"), Index(None, "reversal_batch_id"))


class UsageEventKey(Base):
    """The identity of an event: md5 of source and event id. Globally unique, so that an event counts once.

    The same key with the same `content_hash` is a duplicate, with another one a conflict. The person is that of the
    event, which has the foreign key; a trigger of `users` removes the keys with them.
    """

    __tablename__ = "usage_event_keys"

    event_key: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID]
    usage_id: Mapped[UUID]
    timestamp: Mapped[datetime]
    content_hash: Mapped[UUID]
    batch_id: Mapped[UUID | None]

    __table_args__ = (Index(None, "user_id"), Index(None, "batch_id", postgresql_using="brin"))


class MonthlyUsage(Tenant, Timestamps, Base):
    """A person's totals of one month of theirs, in all and by agent, kept by statement-level triggers of `usage_logs`.

    `agent_usage` is {agent's id: {messages, tokens, cost}}, the cost an exact decimal; NULL until it is counted, in a
    month that is older than the column. Limits are those in force at the month's end; NULL is none. `warnings_sent`
    counts the month's alerts of limits.
    """

    __tablename__ = "monthly_usage"

    year: Mapped[int] = mapped_column(SmallInteger)
    month: Mapped[int] = mapped_column(SmallInteger)
    total_messages: Mapped[Count]
    total_tokens: Mapped[Count]
    total_cost: Mapped[Decimal] = mapped_column(Numeric(24, 12), server_default=text("0"))
    unknown_cost_events: Mapped[Count]
    agent_usage: Mapped[dict[str, Any] | None]
    limit_messages: Mapped[int | None] = mapped_column(BigInteger)
    limit_tokens: Mapped[int | None] = mapped_column(BigInteger)
    exceeded_limit: Mapped[bool] = mapped_column(server_default=text("false"))
    warnings_sent: Mapped[int] = mapped_column(server_default=text("0"))
    last_interaction: Mapped[datetime | None]

    __table_args__ = (
        Unique("user_id", "year", "month"),
        CheckConstraint("month BETWEEN 1 AND 12", name="month"),
        CheckConstraint(
            "total_messages >= 0 AND total_tokens >= 0 AND total_cost >= 0 AND unknown_cost_events >= 0", name="totals"
        ),
        {"postgresql_with": {"fillfactor": 80}},
    )


class UsageSlot(Tenant, Base):
    """What writers of a month added, by agent, while another held the month's row; 0 once the row has it, too.

    A month's totals are its row and its slots together: the view `month_totals`. The agent is that of events, which
    have its foreign key.
    """

    __tablename__ = "usage_slots"

    year: Mapped[int] = mapped_column(SmallInteger)
    month: Mapped[int] = mapped_column(SmallInteger)
    total_messages: Mapped[Count]
    total_tokens: Mapped[Count]
    total_cost: Mapped[Decimal] = mapped_column(Numeric(24, 12), server_default=text("0"))
    unknown_cost_events: Mapped[Count]
    last_interaction: Mapped[datetime | None]
    agent_id: Mapped[UUID]

    __table_args__ = ({"postgresql_with": {"fillfactor": 10}},)


class UsageArchive(Base):
    """A Parquet file that rows of `usage_logs` were moved to: which UTC month, how many rows, and what they add up to.

    This table is the manifest: a file that is not in it does not count. `content_hash` is the sum over the rows of the
    first 60 bits of each row's md5, so that it does not depend on their order.
    """

    __tablename__ = "usage_archives"

    file: Mapped[str] = mapped_column(String(255), primary_key=True)
    month: Mapped[date]
    rows: Mapped[int] = mapped_column(BigInteger)
    total_tokens: Mapped[Decimal] = mapped_column(Numeric(38, 0))
    total_cost: Mapped[Decimal] = mapped_column(Numeric(38, 12))
    content_hash: Mapped[Decimal] = mapped_column(Numeric(38, 0))
    archived_at: Mapped[datetime] = mapped_column(server_default=text("now()"))

    __table_args__ = (
        CheckConstraint("extract(day FROM month) = 1", name="month"),
        CheckConstraint("rows > 0 AND total_tokens >= 0 AND total_cost >= 0", name="totals"),
        Index(None, "month"),
    )


class ArchivedUsageDaily(Base):
    """What archived calls add up to, by person, day of theirs, agent, provider and model: counters and marts need it.

    `total_cost` is the sum of what is known, NULL when nothing is; `duration` is in milliseconds.
    """

    __tablename__ = "archived_usage_daily"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    local_date: Mapped[date] = mapped_column(primary_key=True)
    agent_id: Mapped[UUID] = mapped_column(ForeignKey("agents.id", ondelete="RESTRICT"), primary_key=True)
    provider: Mapped[str] = mapped_column(String(100), primary_key=True, comment="unknown when the event named none")
    model: Mapped[str] = mapped_column(String(255), primary_key=True)
    events: Mapped[int] = mapped_column(BigInteger)
    failed_events: Mapped[int] = mapped_column(BigInteger)
    unknown_cost_events: Mapped[int] = mapped_column(BigInteger)
    tokens_input: Mapped[int] = mapped_column(BigInteger)
    tokens_output: Mapped[int] = mapped_column(BigInteger)
    tokens_cache_read: Mapped[int] = mapped_column(BigInteger)
    tokens_cache_write: Mapped[int] = mapped_column(BigInteger)
    tokens_reasoning: Mapped[int] = mapped_column(BigInteger)
    total_tokens: Mapped[int] = mapped_column(BigInteger)
    total_cost: Mapped[Decimal | None] = mapped_column(Numeric(38, 12))
    duration: Mapped[int | None] = mapped_column(BigInteger, comment="milliseconds")

    __table_args__ = (
        CheckConstraint("events > 0 AND failed_events BETWEEN 0 AND events", name="events"),
        CheckConstraint(
            "unknown_cost_events BETWEEN 0 AND events AND (total_cost IS NULL) = (unknown_cost_events = events)",
            name="unknown_cost",
        ),
        CheckConstraint("total_tokens = tokens_input + tokens_output", name="total_tokens"),
        Index(None, "agent_id"),
    )


class ReportKind(StrEnum):
    """What a provider's report tells of: how much was used, or what it costs."""

    USAGE = "usage"
    COST = "cost"


class ProviderReport(Base):
    """One result of a provider's usage or cost report: what it counted or charged in a UTC day or a part of one.

    The ledger is held against it; nothing is billed by it. `report` is which of the provider's reports it is,
    `grouping` the dimensions that tell its results apart, `dimensions` what they are, without people and their keys.
    Token counts are inclusive, as in `usage_logs`; amounts may be negative. A later word of the provider on the same
    thing replaces the earlier; `batch_id` is the load that brought the first.
    """

    __tablename__ = "provider_reports"

    report_key: Mapped[UUID] = mapped_column(primary_key=True)
    provider: Mapped[str] = mapped_column(String(100))
    kind: Mapped[str] = mapped_column(String(20))
    report: Mapped[str] = mapped_column(String(50))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    model: Mapped[str | None] = mapped_column(String(255))
    item: Mapped[str | None] = mapped_column(String(255), comment="what a line of costs is called")
    grouping: Mapped[str] = mapped_column(String(255))
    dimensions: Mapped[dict[str, Any]]
    requests: Mapped[int | None] = mapped_column(BigInteger)
    tokens_input: Mapped[int | None] = mapped_column(BigInteger)
    tokens_output: Mapped[int | None] = mapped_column(BigInteger)
    tokens_cache_read: Mapped[int | None] = mapped_column(BigInteger)
    tokens_cache_write: Mapped[int | None] = mapped_column(BigInteger)
    units: Mapped[dict[str, Any] | None]
    amount: Mapped[Cost | None]
    currency: Mapped[Currency | None]
    batch_id: Mapped[UUID | None]
    loaded_at: Mapped[datetime] = mapped_column(server_default=text("now()"))

    __table_args__ = (
        one_of("kind", ReportKind),
        currency_code(),
        CheckConstraint("ends_at > starts_at AND ends_at - starts_at <= interval '1 day'", name="period"),
        CheckConstraint(
            "CASE kind"
            " WHEN 'usage' THEN num_nulls(tokens_input, tokens_output, tokens_cache_read, tokens_cache_write) = 0"
            " AND num_nonnulls(amount, currency) = 0"
            " ELSE num_nulls(amount, currency) = 0 AND"
            " num_nonnulls(tokens_input, tokens_output, tokens_cache_read, tokens_cache_write, requests, units) = 0"
            " END",
            name="figures",
        ),
        CheckConstraint(
            "tokens_input >= 0 AND tokens_output >= 0 AND tokens_cache_read >= 0 AND tokens_cache_write >= 0"
            " AND requests >= 0",
            name="tokens",
        ),
        CheckConstraint("tokens_cache_read + tokens_cache_write <= tokens_input", name="cache_within_input"),
        Index(None, "provider", "starts_at"),
        Index(None, "batch_id"),
    )


class UsageAlert(Tenant, Created, Base):
    """An alert, once per person, month, metric and threshold. Settled (`resolved_at`) when it is true no more.

    That is when the limit was raised, usage fell under the threshold, or the month is over.
    """

    __tablename__ = "usage_alerts"

    type: Mapped[str] = mapped_column(String(50))
    threshold: Mapped[int] = mapped_column(comment="per cent")
    metric: Mapped[str | None] = mapped_column(String(20))
    year: Mapped[int] = mapped_column(SmallInteger)
    month: Mapped[int] = mapped_column(SmallInteger)
    triggered: Mapped[bool] = mapped_column(server_default=text("false"))
    resolved_at: Mapped[datetime | None]

    __table_args__ = (
        Unique("user_id", "year", "month", "metric", "threshold"),
        one_of("type", AlertType),
        one_of("metric", Metric),
        CheckConstraint(
            "CASE type WHEN 'APPROACHING_LIMIT' THEN threshold = 80 AND metric IS NOT NULL"
            " WHEN 'LIMIT_WARNING' THEN threshold = 90 AND metric IS NOT NULL"
            " WHEN 'LIMIT_EXCEEDED' THEN threshold = 100 AND metric IS NOT NULL"
            " ELSE threshold > 0 AND metric IS NULL END",
            name="threshold",
        ),
        CheckConstraint("month BETWEEN 1 AND 12", name="month"),
    )
