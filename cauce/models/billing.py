"""Plans and their dated prices and limits, subscriptions, invoices, payments, currencies and rates, closed months.

Periods are half-open: `valid_from` is the first day (or instant) of one, `valid_to` the first after it, NULL while it
lasts. Amounts are rounded once, on the invoice line, to the smallest unit of their currency.
"""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Computed, ForeignKey, Index, Numeric, SmallInteger, String, text
from sqlalchemy import UniqueConstraint as Unique
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from cauce.models.base import Base, Cost, Created, Currency, Money, Tenant, Timestamps, currency_code, one_of, owned
from cauce.models.identity import SubscriptionTier


class BillingInterval(StrEnum):
    """How often a plan is paid."""

    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


class SubscriptionStatus(StrEnum):
    """A period of a person's history is over (`ended`), or one of the others."""

    TRIALING = "trialing"
    ACTIVE = "active"
    PAST_DUE = "past_due"
    PAUSED = "paused"
    ENDED = "ended"


class InvoiceKind(StrEnum):
    """A credit note takes back a part of an invoice, or all of it; its figures are negative."""

    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"


class InvoiceStatus(StrEnum):
    """draft → final → paid or void. What is not a draft keeps its figures for ever."""

    DRAFT = "draft"
    FINAL = "final"
    PAID = "paid"
    VOID = "void"


class InvoiceLineKind(StrEnum):
    """What a line of an invoice is for. A tax's quantity is what it is taken of, its price the rate."""

    BASE = "base"
    PRORATION = "proration"
    OVERAGE = "overage"
    CREDIT = "credit"
    ADJUSTMENT = "adjustment"
    TAX = "tax"


class Metric(StrEnum):
    """What a plan includes some of."""

    MESSAGES = "messages"
    TOKENS = "tokens"
    STORAGE = "storage"


class PaymentKind(StrEnum):
    """Money in, or money back."""

    PAYMENT = "payment"
    REFUND = "refund"


class PaymentStatus(StrEnum):
    """Only what `succeeded` counts."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


def _later(first: str = "valid_from", last: str = "valid_to", name: str = "period") -> CheckConstraint:
    return CheckConstraint(f"{last} > {first}", name=name)


class IsoCurrency(Base):
    """A currency of ISO 4217, in use or historic, and how many decimals its smallest unit has."""

    __tablename__ = "currencies"

    code: Mapped[str] = mapped_column(String(3), primary_key=True)
    minor_units: Mapped[int] = mapped_column(SmallInteger)
    is_active: Mapped[bool] = mapped_column(server_default=text("true"), comment="false: of the past")

    __table_args__ = (
        CheckConstraint("code ~ '^[A-Z]{3}$'", name="code"),
        CheckConstraint("minor_units BETWEEN 0 AND 4", name="minor_units"),
    )


class FxRate(Created, Base):
    """What one unit of `base` cost in `quote` on a day, as a source published it."""

    __tablename__ = "fx_rates"

    base: Mapped[Currency] = mapped_column(primary_key=True)
    quote: Mapped[Currency] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column("date", primary_key=True)
    source: Mapped[str] = mapped_column(String(50), primary_key=True)
    rate: Mapped[Cost]
    batch_id: Mapped[UUID | None]

    __table_args__ = (
        currency_code("base"),
        currency_code("quote"),
        CheckConstraint("rate > 0", name="rate"),
        CheckConstraint("base <> quote", name="pair"),
        Index(None, "batch_id"),
    )


class Plan(Timestamps, Base):
    """A plan of the service. Its code is a tier; what it costs and includes is dated."""

    __tablename__ = "plans"

    code: Mapped[str] = mapped_column(String(50), primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    name_en: Mapped[str] = mapped_column(String(100))
    description: Mapped[str | None]
    is_active: Mapped[bool] = mapped_column(server_default=text("true"), comment="people can choose it")

    __table_args__ = (one_of("code", SubscriptionTier),)


class PlanPrice(Timestamps, Base):
    """What a plan costs an interval, from a day on. A plan without a price is agreed with each person."""

    __tablename__ = "plan_prices"

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text("uuidv7()"))
    plan_code: Mapped[str] = mapped_column(ForeignKey("plans.code"))
    currency: Mapped[Currency]
    billing_interval: Mapped[str] = mapped_column(String(10), server_default=text("'month'"))
    amount: Mapped[Money]
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]

    __table_args__ = (
        currency_code(),
        one_of("billing_interval", BillingInterval),
        CheckConstraint("amount >= 0", name="amount"),
        _later(),
        ExcludeConstraint(
            ("plan_code", "="),
            ("currency", "="),
            ("billing_interval", "="),
            (text("daterange(valid_from, valid_to)"), "&&"),
            name="ex_plan_prices_period",
        ),
    )


class PlanLimit(Timestamps, Base):
    """What a plan includes a month, from a day on, and what more costs. NULL is no limit; a price of NULL: not sold."""

    __tablename__ = "plan_limits"

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text("uuidv7()"))
    plan_code: Mapped[str] = mapped_column(ForeignKey("plans.code"))
    included_messages: Mapped[int | None] = mapped_column(BigInteger)
    included_tokens: Mapped[int | None] = mapped_column(BigInteger)
    included_storage: Mapped[int | None] = mapped_column(BigInteger, comment="bytes")
    max_file_size: Mapped[int | None] = mapped_column(BigInteger, comment="bytes")
    max_files: Mapped[int | None] = mapped_column(BigInteger)
    overage_currency: Mapped[Currency] = mapped_column(server_default=text("'MXN'"))
    overage_message_price: Mapped[Cost | None] = mapped_column(comment="of one message")
    overage_token_price: Mapped[Cost | None] = mapped_column(comment="of one token")
    overage_storage_price: Mapped[Cost | None] = mapped_column(comment="of one byte for a month")
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]

    __table_args__ = (
        currency_code("overage_currency"),
        CheckConstraint(
            "included_messages >= 0 AND included_tokens >= 0 AND included_storage >= 0 AND max_file_size >= 0"
            " AND max_files >= 0",
            name="included",
        ),
        CheckConstraint(
            "overage_message_price >= 0 AND overage_token_price >= 0 AND overage_storage_price >= 0", name="overage"
        ),
        _later(),
        ExcludeConstraint(
            ("plan_code", "="), (text("daterange(valid_from, valid_to)"), "&&"), name="ex_plan_limits_period"
        ),
    )


class Subscription(Tenant, Timestamps, Base):
    """A period of a person's history: plan, limits of their own, and the price as it was when the period began.

    Kept by a trigger of `users`; periods of one person neither overlap nor leave gaps.
    """

    __tablename__ = "subscriptions"

    plan_code: Mapped[str] = mapped_column(ForeignKey("plans.code"))
    status: Mapped[str] = mapped_column(String(20), server_default=text("'active'"))
    valid_from: Mapped[datetime]
    valid_to: Mapped[datetime | None]
    custom_limits: Mapped[dict[str, Any] | None] = mapped_column(comment="instead of the plan's, by metric")
    currency: Mapped[Currency | None]
    amount: Mapped[Money | None] = mapped_column(comment="an interval's price; NULL when none was listed")
    billing_interval: Mapped[str | None] = mapped_column(String(10))
    last_status: Mapped[str | None] = mapped_column(String(20), comment="what it was until it ended")

    __table_args__ = (
        currency_code(),
        one_of("status", SubscriptionStatus),
        CheckConstraint(
            "last_status IS NULL OR status = 'ended' AND last_status IN ('trialing', 'active', 'past_due', 'paused')",
            name="last_status",
        ),
        one_of("billing_interval", BillingInterval),
        CheckConstraint("(status = 'ended') = (valid_to IS NOT NULL)", name="ended"),
        CheckConstraint("num_nulls(currency, amount, billing_interval) IN (0, 3)", name="price"),
        CheckConstraint("amount >= 0", name="amount"),
        _later(),
        ExcludeConstraint(
            ("user_id", "="), (text("tstzrange(valid_from, valid_to)"), "&&"), name="ex_subscriptions_period"
        ),
        Index(None, "plan_code"),
    )


class InvoiceSeries(Base):
    """The last number given in each series, locked by the transaction that takes the next: none is skipped."""

    __tablename__ = "invoice_series"

    kind: Mapped[str] = mapped_column(String(20), primary_key=True)
    prefix: Mapped[str] = mapped_column(String(10))
    last_number: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))

    __table_args__ = (
        one_of("kind", InvoiceKind),
        Unique("prefix"),
        CheckConstraint("last_number >= 0", name="last_number"),
    )


class Invoice(Tenant, Timestamps, Base):
    """What a person is billed for a period, or given back of it.

    A trigger numbers it when it becomes final, holds its figures against its lines, and refuses changes ever after.
    """

    __tablename__ = "invoices"

    kind: Mapped[str] = mapped_column(String(20), server_default=text("'invoice'"))
    status: Mapped[str] = mapped_column(String(20), server_default=text("'draft'"))
    number: Mapped[str | None] = mapped_column(String(30))
    credited_invoice_id: Mapped[UUID | None]
    period_start: Mapped[date]
    period_end: Mapped[date] = mapped_column(comment="the first day after the period")
    currency: Mapped[Currency] = mapped_column(server_default=text("'MXN'"))
    subtotal: Mapped[Money] = mapped_column(server_default=text("0"))
    tax: Mapped[Money] = mapped_column(server_default=text("0"))
    total: Mapped[Money] = mapped_column(Computed("subtotal + tax", persisted=True))
    due_on: Mapped[date | None]
    issued_at: Mapped[datetime | None]
    paid_at: Mapped[datetime | None]
    voided_at: Mapped[datetime | None]

    __table_args__ = (
        currency_code(),
        owned("credited_invoice_id", "invoices"),
        one_of("kind", InvoiceKind),
        one_of("status", InvoiceStatus),
        Unique("user_id", "number"),  # and, since one series gives them, among all people
        _later("period_start", "period_end"),
        CheckConstraint("CASE kind WHEN 'invoice' THEN subtotal + tax >= 0 ELSE subtotal + tax <= 0 END", name="sign"),
        CheckConstraint("(kind = 'credit_note') = (credited_invoice_id IS NOT NULL)", name="credited"),
        CheckConstraint("(status = 'draft') = (number IS NULL)", name="number"),
        CheckConstraint("(status = 'draft') = (issued_at IS NULL)", name="issued_at"),
        CheckConstraint("(status = 'paid') = (paid_at IS NOT NULL)", name="paid_at"),
        CheckConstraint("(status = 'void') = (voided_at IS NOT NULL)", name="voided_at"),
        Index(
            "uq_invoices_user_id_period_start_currency",
            "user_id",
            "period_start",
            "currency",
            unique=True,
            postgresql_where=text("kind = 'invoice' AND status <> 'void'"),
        ),
        Index(None, "user_id", "credited_invoice_id"),
        Index(None, "status", "period_start"),
    )


class InvoiceLine(Tenant, Created, Base):
    """One line: so much of something at a price. `amount` is their product in the smallest unit of the currency."""

    __tablename__ = "invoice_lines"

    invoice_id: Mapped[UUID]
    position: Mapped[int] = mapped_column(SmallInteger)
    kind: Mapped[str] = mapped_column(String(20))
    metric: Mapped[str | None] = mapped_column(String(20))
    description: Mapped[str] = mapped_column(String(500))
    quantity: Mapped[Cost] = mapped_column(server_default=text("1"))
    unit_price: Mapped[Cost]
    amount: Mapped[Money]
    applies_to: Mapped[date | None] = mapped_column(comment="first day of the month it is about")

    __table_args__ = (
        owned("invoice_id", "invoices"),
        Unique("user_id", "invoice_id", "position"),
        one_of("kind", InvoiceLineKind),
        one_of("metric", Metric),
        CheckConstraint("kind <> 'overage' OR metric IS NOT NULL", name="overage_metric"),
        CheckConstraint("kind <> 'adjustment' OR applies_to IS NOT NULL", name="adjusted_month"),
        CheckConstraint("extract(day FROM applies_to) = 1", name="applies_to"),
    )


class Payment(Tenant, Timestamps, Base):
    """Money that came in for an invoice, or went back. Amounts are positive; the kind says which way."""

    __tablename__ = "payments"

    invoice_id: Mapped[UUID]
    kind: Mapped[str] = mapped_column(String(20), server_default=text("'payment'"))
    status: Mapped[str] = mapped_column(String(20), server_default=text("'pending'"))
    currency: Mapped[Currency] = mapped_column(server_default=text("'MXN'"))
    amount: Mapped[Money]
    method: Mapped[str | None] = mapped_column(String(50))
    provider: Mapped[str] = mapped_column(String(50), server_default=text("'manual'"))
    external_id: Mapped[str | None] = mapped_column(String(255), comment="the provider's; a payment counts once")
    paid_at: Mapped[datetime | None]

    __table_args__ = (
        currency_code(),
        owned("invoice_id", "invoices"),
        one_of("kind", PaymentKind),
        one_of("status", PaymentStatus),
        Unique("user_id", "provider", "external_id"),
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("status <> 'succeeded' OR paid_at IS NOT NULL", name="paid_at"),
        Index(None, "user_id", "invoice_id"),
    )


class ClosedMonth(Base):
    """A month of which the figures are published for good. Months close in order, each when it is over in every zone.

    Triggers set when and by whom (NULL: by the command), and let nothing of it change afterwards.
    """

    __tablename__ = "closed_months"

    month: Mapped[date] = mapped_column(primary_key=True)
    closed_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    closed_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))

    __table_args__ = (CheckConstraint("extract(day FROM month) = 1", name="month"), Index(None, "closed_by"))


class PublishedUsage(Base):
    """What was published of a person's day with the month `posted_month`: its usage, or an adjustment of an older day.

    A day's figures are the sum of its rows; those of an adjustment may be negative. `total_cost` is the sum of what is
    known, NULL when nothing is. Written with the closing of the month and never changed; rows go with their person.
    """

    __tablename__ = "published_usage"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    posted_month: Mapped[date] = mapped_column(ForeignKey("closed_months.month", ondelete="RESTRICT"), primary_key=True)
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

    __table_args__ = (
        CheckConstraint("local_date < posted_month + interval '1 month'", name="local_date"),
        CheckConstraint(
            "total_cost IS NOT NULL OR (unknown_cost_events = events AND events <> 0)", name="unknown_cost"
        ),
        CheckConstraint("total_tokens = tokens_input + tokens_output", name="total_tokens"),
        Index(None, "agent_id"),
        Index(None, "posted_month"),
    )
