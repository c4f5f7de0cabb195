"""A person's money: profile, accounts, transactions and budgets."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, LargeBinary, Numeric, SmallInteger, String, text
from sqlalchemy import UniqueConstraint as Unique
from sqlalchemy.orm import Mapped, mapped_column

from cauce.models.base import (
    Base,
    Currency,
    Money,
    Recoverable,
    Sealed,
    Tenant,
    Timestamps,
    currency_code,
    one_of,
    owned,
)


class AccountType(StrEnum):
    """Kinds of accounts."""

    CHECKING = "checking"
    SAVINGS = "savings"
    CREDIT = "credit"
    INVESTMENT = "investment"
    CASH = "cash"


class TransactionType(StrEnum):
    """What a transaction is for the person; a transfer is neither income nor expense."""

    INCOME = "income"
    EXPENSE = "expense"
    TRANSFER = "transfer"


class BudgetPeriod(StrEnum):
    """How often a budget starts anew; a quincena is the 1st to the 15th, and the 16th to the end of the month."""

    WEEKLY = "weekly"
    QUINCENA = "quincena"
    MONTHLY = "monthly"
    QUARTERLY = "quarterly"
    YEARLY = "yearly"


class FinancialProfile(Tenant, Timestamps, Base):
    """A person's financial settings; one row each."""

    __tablename__ = "financial_profiles"

    currency: Mapped[Currency] = mapped_column(server_default=text("'MXN'"))
    fiscal_year: Mapped[str] = mapped_column(String(50), server_default=text("'calendar'"))
    financial_goals: Mapped[dict[str, Any] | None]
    ai_analysis: Mapped[dict[str, Any] | None]

    __table_args__ = (Unique("user_id"), currency_code())


class FinancialAccount(Tenant, Timestamps, Recoverable, Base):
    """An account. Its number is sealed; outside of that only its last four characters and a keyed hash are kept."""

    __tablename__ = "financial_accounts"

    financial_profile_id: Mapped[UUID]
    name: Mapped[str] = mapped_column(String(255))
    type: Mapped[str] = mapped_column(String(50))
    institution: Mapped[str | None] = mapped_column(String(255))
    balance: Mapped[Money] = mapped_column(server_default=text("0"))
    balance_at: Mapped[datetime | None]
    currency: Mapped[Currency] = mapped_column(server_default=text("'MXN'"))
    account_mask: Mapped[str | None] = mapped_column(String(4))
    account_key: Mapped[bytes | None] = mapped_column(LargeBinary)
    account_number_sealed: Mapped[Sealed | None]
    last_sync_date: Mapped[datetime | None]
    is_active: Mapped[bool] = mapped_column(server_default=text("true"))
    credit_limit: Mapped[Money | None]
    available_credit: Mapped[Money | None]
    closing_date: Mapped[int | None] = mapped_column(SmallInteger, comment="day of the month")
    payment_due_date: Mapped[int | None] = mapped_column(SmallInteger, comment="day of the month")
    notes: Mapped[str | None]
    batch_id: Mapped[UUID | None]

    __table_args__ = (
        owned("financial_profile_id", "financial_profiles"),
        Unique("user_id", "account_key"),
        one_of("type", AccountType),
        currency_code(),
        CheckConstraint("closing_date BETWEEN 1 AND 31 AND payment_due_date BETWEEN 1 AND 31", name="days"),
        CheckConstraint("credit_limit >= 0", name="credit_limit"),
        Index(None, "user_id", "financial_profile_id"),
    )


class Transaction(Tenant, Timestamps, Recoverable, Base):
    """Money that moved; `amount` is signed, negative is out. `external_id` is the bank's, or made from content."""

    __tablename__ = "transactions"

    financial_profile_id: Mapped[UUID]
    account_id: Mapped[UUID | None]
    date: Mapped[date]
    posted_at: Mapped[datetime | None]
    description: Mapped[str] = mapped_column(String(500))
    amount: Mapped[Money]
    currency: Mapped[Currency]
    fx_rate: Mapped[Decimal | None] = mapped_column(Numeric(24, 12))
    type: Mapped[str] = mapped_column(String(50))
    category: Mapped[str] = mapped_column(String(100), server_default=text("'sin_categoria'"))
    subcategory: Mapped[str | None] = mapped_column(String(100))
    tags: Mapped[list[Any] | None]
    external_id: Mapped[str | None] = mapped_column(String(255))
    from_account_id: Mapped[UUID | None]
    to_account_id: Mapped[UUID | None]
    is_recurring: Mapped[bool] = mapped_column(server_default=text("false"))
    recurring_payment_id: Mapped[UUID | None]
    notes: Mapped[str | None]
    receipt: Mapped[str | None] = mapped_column(String(500))
    batch_id: Mapped[UUID | None]
    loaded_at: Mapped[datetime] = mapped_column(server_default=text("now()"))

    __table_args__ = (
        owned("financial_profile_id", "financial_profiles"),
        owned("account_id", "financial_accounts"),
        owned("from_account_id", "financial_accounts", ondelete="SET NULL"),
        owned("to_account_id", "financial_accounts", ondelete="SET NULL"),
        Unique("user_id", "account_id", "external_id"),
        one_of("type", TransactionType),
        currency_code(),
        CheckConstraint("fx_rate > 0", name="fx_rate"),
        CheckConstraint(
            "type = 'transfer' OR (type = 'income' AND amount >= 0) OR (type = 'expense' AND amount <= 0)",
            name="amount_sign",
        ),
        Index(None, "user_id", "date"),
        Index(None, "user_id", "financial_profile_id"),
        Index(None, "user_id", "from_account_id", postgresql_where=text("from_account_id IS NOT NULL")),
        Index(None, "user_id", "to_account_id", postgresql_where=text("to_account_id IS NOT NULL")),
        Index(None, "batch_id"),
    )


class Budget(Tenant, Timestamps, Recoverable, Base):
    """How much a person means to spend on a category in each period from `start_date` on."""

    __tablename__ = "budgets"

    financial_profile_id: Mapped[UUID]
    name: Mapped[str] = mapped_column(String(255))
    category: Mapped[str] = mapped_column(String(100))
    amount: Mapped[Money]
    currency: Mapped[Currency] = mapped_column(server_default=text("'MXN'"))
    period: Mapped[str] = mapped_column(String(50), server_default=text("'monthly'"))
    start_date: Mapped[date]
    end_date: Mapped[date | None]
    alert_threshold: Mapped[int] = mapped_column(SmallInteger, server_default=text("80"), comment="percent")
    alert_sent: Mapped[bool] = mapped_column(server_default=text("false"))
    is_active: Mapped[bool] = mapped_column(server_default=text("true"))
    batch_id: Mapped[UUID | None]

    __table_args__ = (
        owned("financial_profile_id", "financial_profiles"),
        Unique("user_id", "category", "period", "start_date"),
        one_of("period", BudgetPeriod),
        currency_code(),
        CheckConstraint("amount >= 0", name="amount"),
        CheckConstraint("end_date >= start_date", name="dates"),
        CheckConstraint("alert_threshold BETWEEN 1 AND 100", name="alert_threshold"),
        Index(None, "user_id", "financial_profile_id"),
        Index(None, "batch_id"),
    )
