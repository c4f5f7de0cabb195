"""A person's money: profile, accounts, transactions, budgets, debts, investments and what recurs."""

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
    Cost,
    Created,
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

QUANTITY = Numeric(28, 12)
"""How many of something is held: the smallest part of a coin, and millions of millions of the cheapest one."""


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


class DebtType(StrEnum):
    """Kinds of debts."""

    CREDIT_CARD = "credit_card"
    PERSONAL_LOAN = "personal_loan"
    MORTGAGE = "mortgage"
    AUTO_LOAN = "auto_loan"
    STUDENT_LOAN = "student_loan"
    OTHER = "other"


class DebtStatus(StrEnum):
    """Whether a debt is still owed."""

    ACTIVE = "active"
    PAID_OFF = "paid_off"
    DEFAULTED = "defaulted"


class PayoffStrategy(StrEnum):
    """Which debt what is left over goes to: that of the highest rate, of the smallest balance, or by `priority`."""

    AVALANCHE = "avalanche"
    SNOWBALL = "snowball"
    PRIORITY = "priority"


class InvestmentType(StrEnum):
    """Kinds of investments."""

    STOCK = "stock"
    BOND = "bond"
    ETF = "etf"
    MUTUAL_FUND = "mutual_fund"
    CRYPTO = "crypto"
    REAL_ESTATE = "real_estate"
    OTHER = "other"


class TradeKind(StrEnum):
    """What happened to an investment."""

    BUY = "buy"
    SELL = "sell"
    DIVIDEND = "dividend"
    FEE = "fee"
    SPLIT = "split"


class PriceSource(StrEnum):
    """Who says what an investment was worth."""

    STATEMENT = "statement"
    PERSON = "person"
    MARKET = "market"


class Frequency(StrEnum):
    """How often a payment is due; a quincena ends on the 15th and on the last day of the month."""

    DAILY = "daily"
    WEEKLY = "weekly"
    BIWEEKLY = "biweekly"
    QUINCENA = "quincena"
    MONTHLY = "monthly"
    BIMONTHLY = "bimonthly"
    QUARTERLY = "quarterly"
    SEMIANNUAL = "semiannual"
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
        CheckConstraint(
            "type = 'credit' OR num_nonnulls(credit_limit, available_credit, closing_date, payment_due_date) = 0",
            name="credit_only",
        ),
        CheckConstraint(
            "available_credit IS NULL OR coalesce(available_credit <= credit_limit, false)", name="available_credit"
        ),
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
        owned("recurring_payment_id", "recurring_payments", ondelete="SET NULL"),
        Unique("user_id", "account_id", "external_id"),
        one_of("type", TransactionType),
        currency_code(),
        CheckConstraint("fx_rate > 0", name="fx_rate"),
        CheckConstraint(
            "(type <> 'income' OR amount >= 0) AND (type <> 'expense' OR amount <= 0)",
            name="amount_sign",
        ),
        CheckConstraint(
            "type = 'transfer' OR num_nonnulls(from_account_id, to_account_id) = 0", name="accounts_of_transfers"
        ),
        CheckConstraint("from_account_id <> to_account_id", name="two_accounts"),
        CheckConstraint("recurring_payment_id IS NULL OR is_recurring", name="is_recurring"),
        Index(None, "user_id", "date"),
        Index(None, "user_id", "financial_profile_id"),
        Index(None, "user_id", "from_account_id", postgresql_where=text("from_account_id IS NOT NULL")),
        Index(None, "user_id", "to_account_id", postgresql_where=text("to_account_id IS NOT NULL")),
        Index(None, "user_id", "recurring_payment_id", postgresql_where=text("recurring_payment_id IS NOT NULL")),
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


class Debt(Tenant, Timestamps, Recoverable, Base):
    """What a person owes. The account's number is sealed; outside of that only its last four characters are kept."""

    __tablename__ = "debts"

    financial_profile_id: Mapped[UUID]
    name: Mapped[str] = mapped_column(String(255))
    type: Mapped[str] = mapped_column(String(50))
    principal: Mapped[Money]
    balance: Mapped[Money] = mapped_column(comment="what is still owed, positive")
    currency: Mapped[Currency] = mapped_column(server_default=text("'MXN'"))
    interest_rate: Mapped[Cost] = mapped_column(comment="percent a year")
    monthly_payment: Mapped[Money]
    minimum_payment: Mapped[Money | None]
    start_date: Mapped[date]
    maturity_date: Mapped[date | None]
    payment_due_day: Mapped[int] = mapped_column(SmallInteger, comment="day of the month")
    creditor: Mapped[str] = mapped_column(String(255))
    account_mask: Mapped[str | None] = mapped_column(String(4))
    account_number_sealed: Mapped[Sealed | None]
    status: Mapped[str] = mapped_column(String(50), server_default=text("'active'"))
    payoff_strategy: Mapped[str | None] = mapped_column(String(50))
    priority: Mapped[int] = mapped_column(SmallInteger, server_default=text("1"))
    notes: Mapped[str | None]
    external_id: Mapped[str | None] = mapped_column(String(255))

    __table_args__ = (
        owned("financial_profile_id", "financial_profiles"),
        Unique("user_id", "external_id"),
        one_of("type", DebtType),
        one_of("status", DebtStatus),
        one_of("payoff_strategy", PayoffStrategy),
        currency_code(),
        CheckConstraint("principal >= 0 AND balance >= 0", name="amounts"),
        CheckConstraint("interest_rate BETWEEN 0 AND 1000", name="interest_rate"),
        CheckConstraint("monthly_payment >= 0 AND coalesce(minimum_payment >= 0, true)", name="payments"),
        CheckConstraint("maturity_date >= start_date", name="dates"),
        CheckConstraint("payment_due_day BETWEEN 1 AND 31", name="payment_due_day"),
        CheckConstraint("status <> 'paid_off' OR balance = 0", name="paid_off"),
        CheckConstraint("priority >= 1", name="priority"),
        Index(None, "user_id", "financial_profile_id"),
    )


class DebtPayment(Tenant, Timestamps, Recoverable, Base):
    """A payment of a debt, in the debt's currency, and what it went to."""

    __tablename__ = "debt_payments"

    debt_id: Mapped[UUID]
    date: Mapped[date]
    amount: Mapped[Money]
    principal_paid: Mapped[Money]
    interest_paid: Mapped[Money]
    fees_paid: Mapped[Money] = mapped_column(server_default=text("0"))
    notes: Mapped[str | None]
    external_id: Mapped[str | None] = mapped_column(String(255))

    __table_args__ = (
        owned("debt_id", "debts"),
        Unique("user_id", "external_id"),
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("principal_paid >= 0 AND interest_paid >= 0 AND fees_paid >= 0", name="parts"),
        CheckConstraint("amount = principal_paid + interest_paid + fees_paid", name="parts_add_up"),
        Index(None, "user_id", "debt_id", "date"),
    )


class Investment(Tenant, Timestamps, Recoverable, Base):
    """Something a person holds. What it cost and yields follows from its trades and prices."""

    __tablename__ = "investments"

    financial_profile_id: Mapped[UUID]
    name: Mapped[str] = mapped_column(String(255))
    type: Mapped[str] = mapped_column(String(50))
    symbol: Mapped[str | None] = mapped_column(String(50))
    quantity: Mapped[Decimal | None] = mapped_column(QUANTITY)
    purchase_price: Mapped[Cost]
    current_price: Mapped[Cost | None]
    current_value: Mapped[Money | None]
    currency: Mapped[Currency] = mapped_column(server_default=text("'MXN'"))
    purchase_date: Mapped[date]
    platform: Mapped[str | None] = mapped_column(String(255))
    returns: Mapped[Money | None]
    returns_percentage: Mapped[Cost | None]
    notes: Mapped[str | None]
    external_id: Mapped[str | None] = mapped_column(String(255))
    batch_id: Mapped[UUID | None]

    __table_args__ = (
        owned("financial_profile_id", "financial_profiles"),
        Unique("user_id", "external_id"),
        one_of("type", InvestmentType),
        currency_code(),
        CheckConstraint("quantity >= 0", name="quantity"),
        CheckConstraint("purchase_price >= 0 AND coalesce(current_price >= 0, true)", name="prices"),
        CheckConstraint("current_value >= 0", name="current_value"),
        CheckConstraint("returns_percentage >= -100", name="returns_percentage"),
        Index(None, "user_id", "financial_profile_id"),
        Index(None, "batch_id"),
    )


class InvestmentTrade(Tenant, Timestamps, Recoverable, Base):
    """What happened to an investment. `quantity` and `amount` are signed: what comes in to the person is positive."""

    __tablename__ = "investment_trades"

    investment_id: Mapped[UUID]
    date: Mapped[date]
    kind: Mapped[str] = mapped_column(String(20))
    quantity: Mapped[Decimal] = mapped_column(QUANTITY, server_default=text("0"))
    price: Mapped[Cost | None] = mapped_column(comment="of one")
    ratio: Mapped[Cost | None] = mapped_column(comment="how many one becomes in a split")
    amount: Mapped[Money] = mapped_column(server_default=text("0"), comment="money in or out, after fees")
    fees: Mapped[Money] = mapped_column(server_default=text("0"), comment="of which fees and taxes, positive")
    currency: Mapped[Currency]
    notes: Mapped[str | None]
    external_id: Mapped[str | None] = mapped_column(String(255))
    batch_id: Mapped[UUID | None]

    __table_args__ = (
        owned("investment_id", "investments"),
        Unique("user_id", "external_id"),
        one_of("kind", TradeKind),
        currency_code(),
        CheckConstraint(
            "CASE kind WHEN 'buy' THEN quantity > 0 AND amount <= 0 WHEN 'sell' THEN quantity < 0 AND amount >= 0"
            " WHEN 'dividend' THEN quantity = 0 AND amount > 0 WHEN 'fee' THEN quantity = 0 AND amount < 0"
            " WHEN 'split' THEN quantity = 0 AND amount = 0 END",
            name="signs",
        ),
        CheckConstraint("(price IS NOT NULL) = (kind IN ('buy', 'sell'))", name="price_of_trades"),
        CheckConstraint("price >= 0", name="price"),
        CheckConstraint("(ratio IS NOT NULL) = (kind = 'split')", name="ratio_of_splits"),
        CheckConstraint("ratio > 0 AND ratio <> 1", name="ratio"),
        CheckConstraint("fees >= 0", name="fees"),
        Index(None, "user_id", "investment_id", "date"),
        Index(None, "batch_id"),
    )


class HoldingPrice(Tenant, Created, Base):
    """What one of an investment was worth on a day.

    A person's own: a price from one person's file must not change what another is worth, nor tell what somebody holds.
    """

    __tablename__ = "holding_prices"

    investment_id: Mapped[UUID]
    date: Mapped[date]
    price: Mapped[Cost]
    currency: Mapped[Currency]
    source: Mapped[str] = mapped_column(String(20))
    batch_id: Mapped[UUID | None]

    __table_args__ = (
        owned("investment_id", "investments"),
        Unique("user_id", "investment_id", "date", "source"),
        one_of("source", PriceSource),
        currency_code(),
        CheckConstraint("price >= 0", name="price"),
        Index(None, "batch_id"),
    )


class RecurringPayment(Tenant, Timestamps, Recoverable, Base):
    """What a person pays again and again. A day of the week or of the month goes with the frequencies that have one."""

    __tablename__ = "recurring_payments"

    financial_profile_id: Mapped[UUID]
    name: Mapped[str] = mapped_column(String(255))
    amount: Mapped[Money] = mapped_column(comment="positive")
    currency: Mapped[Currency] = mapped_column(server_default=text("'MXN'"))
    frequency: Mapped[str] = mapped_column(String(50))
    category: Mapped[str] = mapped_column(String(100))
    next_due_date: Mapped[date]
    day_of_month: Mapped[int | None] = mapped_column(SmallInteger, comment="31 is the last one")
    day_of_week: Mapped[int | None] = mapped_column(SmallInteger, comment="1 = Monday … 7 = Sunday")
    auto_debit: Mapped[bool] = mapped_column(server_default=text("false"))
    account_id: Mapped[UUID | None]
    start_date: Mapped[date]
    end_date: Mapped[date | None]
    is_active: Mapped[bool] = mapped_column(server_default=text("true"))
    reminder_enabled: Mapped[bool] = mapped_column(server_default=text("true"))
    reminder_days_before: Mapped[int] = mapped_column(SmallInteger, server_default=text("3"))
    notes: Mapped[str | None]

    __table_args__ = (
        owned("financial_profile_id", "financial_profiles"),
        owned("account_id", "financial_accounts", ondelete="SET NULL"),
        one_of("frequency", Frequency),
        currency_code(),
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("day_of_month BETWEEN 1 AND 31", name="day_of_month"),
        CheckConstraint("day_of_week BETWEEN 1 AND 7", name="day_of_week"),
        CheckConstraint(
            "CASE WHEN frequency IN ('daily', 'quincena') THEN num_nonnulls(day_of_week, day_of_month) = 0"
            " WHEN frequency IN ('weekly', 'biweekly') THEN day_of_month IS NULL ELSE day_of_week IS NULL END",
            name="day_of_frequency",
        ),
        CheckConstraint("end_date >= start_date", name="dates"),
        CheckConstraint(
            "next_due_date >= start_date AND coalesce(NOT is_active OR next_due_date <= end_date, true)",
            name="next_due_date",
        ),
        CheckConstraint("reminder_days_before BETWEEN 0 AND 60", name="reminder_days_before"),
        Index(None, "user_id", "financial_profile_id"),
        Index(None, "user_id", "account_id", postgresql_where=text("account_id IS NOT NULL")),
        Index(None, "user_id", "next_due_date"),
    )
