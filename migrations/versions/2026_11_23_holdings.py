"""Debts, investments, trades, prices and what recurs; what else rows of finance must be."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from migrations.policies import ALL, OWN, TENANT, WRITE, keep_updated_at, protect
from migrations.sealed import guard_sealed

revision: str = "holdings"
down_revision: str | None = "records"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

CHECKS = (
    ("transactions", "amount_sign", "(type <> 'income' OR amount >= 0) AND (type <> 'expense' OR amount <= 0)"),
    (
        "financial_accounts",
        "credit_only",
        "type = 'credit' OR num_nonnulls(credit_limit, available_credit, closing_date, payment_due_date) = 0",
    ),
    (
        "financial_accounts",
        "available_credit",
        "available_credit IS NULL OR coalesce(available_credit <= credit_limit, false)",
    ),
    ("transactions", "accounts_of_transfers", "type = 'transfer' OR num_nonnulls(from_account_id, to_account_id) = 0"),
    ("transactions", "two_accounts", "from_account_id <> to_account_id"),
    ("transactions", "is_recurring", "recurring_payment_id IS NULL OR is_recurring"),
)
"""What tables of the first revisions did not refuse: (table, name, condition)."""
REPLACED = "type = 'transfer' OR (type = 'income' AND amount >= 0) OR (type = 'expense' AND amount <= 0)"
"""The sign of a transaction's amount as it was, which also told of an unknown type."""
TABLES = ("holding_prices", "investment_trades", "investments", "debt_payments", "debts", "recurring_payments")
FOR_MARTS = {
    "recurring_payments": "user_id, id, account_id, name, category, amount, currency, frequency, next_due_date,"
    " day_of_month, day_of_week, start_date, end_date, is_active, updated_at, deleted_at",
    "debts": "user_id, id, name, type, principal, balance, currency, interest_rate, monthly_payment, minimum_payment,"
    " start_date, maturity_date, payment_due_day, status, payoff_strategy, priority, updated_at, deleted_at",
    "debt_payments": "user_id, id, debt_id, date, amount, principal_paid, interest_paid, fees_paid, updated_at, deleted_at",
    "investments": "user_id, id, name, type, symbol, quantity, purchase_price, current_price, current_value, currency,"
    " purchase_date, updated_at, deleted_at",
    "investment_trades": "user_id, id, investment_id, date, kind, quantity, price, ratio, amount, fees, currency,"
    " updated_at, deleted_at",
    "holding_prices": "user_id, id, investment_id, date, price, currency, source, created_at",
}
"""What the warehouse reads: figures, and the names they are shown by."""
LOADED = ("investments", "investment_trades", "holding_prices")
"""Tables that statements are loaded into."""
INDEX = "ix_transactions_user_id_recurring_payment_id"
TRANSFER = """
CREATE FUNCTION refuse_transfer_of_no_account() RETURNS trigger
LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
  RAISE EXCEPTION 'a transfer names the account it left or the one it reached'
    USING ERRCODE = 'check_violation', CONSTRAINT = 'transfers_name_an_account';
END $$
"""
# Not a CHECK: an account that is deleted clears what points at it, and must not be held by its transfers.
ON_TRANSFERS = """
CREATE TRIGGER transfers_name_an_account BEFORE INSERT OR UPDATE OF type ON transactions FOR EACH ROW
WHEN (NEW.type = 'transfer' AND num_nonnulls(NEW.account_id, NEW.from_account_id, NEW.to_account_id) = 0)
EXECUTE FUNCTION refuse_transfer_of_no_account()
"""


def upgrade() -> None:
    with op.get_context().autocommit_block():
        # Killed on the way it leaves an index that is not valid, and is made again.
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {INDEX}")
        op.create_index(
            op.f(INDEX),
            "transactions",
            ["user_id", "recurring_payment_id"],
            unique=False,
            postgresql_where=sa.text("recurring_payment_id IS NOT NULL"),
            postgresql_concurrently=True,
            if_not_exists=True,
        )
    op.create_table(
        "recurring_payments",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("financial_profile_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("amount", sa.Numeric(precision=19, scale=4), nullable=False, comment="positive"),
        sa.Column("currency", sa.String(length=3), server_default=sa.text("'MXN'"), nullable=False),
        sa.Column("frequency", sa.String(length=50), nullable=False),
        sa.Column("category", sa.String(length=100), nullable=False),
        sa.Column("next_due_date", sa.Date(), nullable=False),
        sa.Column("day_of_month", sa.SmallInteger(), nullable=True, comment="31 is the last one"),
        sa.Column("day_of_week", sa.SmallInteger(), nullable=True, comment="1 = Monday … 7 = Sunday"),
        sa.Column("auto_debit", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("start_date", sa.Date(), nullable=False),
        sa.Column("end_date", sa.Date(), nullable=True),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("reminder_enabled", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("reminder_days_before", sa.SmallInteger(), server_default=sa.text("3"), nullable=False),
        sa.Column("notes", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "CASE WHEN frequency IN ('daily', 'quincena') THEN num_nonnulls(day_of_week, day_of_month) = 0 WHEN frequency IN ('weekly', 'biweekly') THEN day_of_month IS NULL ELSE day_of_week IS NULL END",
            name=op.f("ck_recurring_payments_day_of_frequency"),
        ),
        sa.CheckConstraint(
            "frequency IN ('daily', 'weekly', 'biweekly', 'quincena', 'monthly', 'bimonthly', 'quarterly', 'semiannual', 'yearly')",
            name=op.f("ck_recurring_payments_frequency"),
        ),
        sa.CheckConstraint("amount > 0", name=op.f("ck_recurring_payments_amount")),
        sa.CheckConstraint("day_of_month BETWEEN 1 AND 31", name=op.f("ck_recurring_payments_day_of_month")),
        sa.CheckConstraint("day_of_week BETWEEN 1 AND 7", name=op.f("ck_recurring_payments_day_of_week")),
        sa.CheckConstraint("end_date >= start_date", name=op.f("ck_recurring_payments_dates")),
        sa.CheckConstraint(
            "next_due_date >= start_date AND coalesce(NOT is_active OR next_due_date <= end_date, true)",
            name=op.f("ck_recurring_payments_next_due_date"),
        ),
        sa.CheckConstraint(
            "reminder_days_before BETWEEN 0 AND 60", name=op.f("ck_recurring_payments_reminder_days_before")
        ),
        sa.ForeignKeyConstraint(
            ["currency"], ["currencies.code"], name=op.f("fk_recurring_payments_currency_currencies")
        ),
        sa.ForeignKeyConstraint(
            ["user_id", "account_id"],
            ["financial_accounts.user_id", "financial_accounts.id"],
            name=op.f("fk_recurring_payments_user_id_account_id_financial_accounts"),
            ondelete="SET NULL (account_id)",
        ),
        sa.ForeignKeyConstraint(
            ["user_id", "financial_profile_id"],
            ["financial_profiles.user_id", "financial_profiles.id"],
            name=op.f("fk_recurring_payments_user_id_financial_profile_id_financial_profiles"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_recurring_payments_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "id", name=op.f("pk_recurring_payments")),
    )
    op.create_index(
        op.f("ix_recurring_payments_user_id_account_id"),
        "recurring_payments",
        ["user_id", "account_id"],
        unique=False,
        postgresql_where=sa.text("account_id IS NOT NULL"),
    )
    op.create_index(
        op.f("ix_recurring_payments_user_id_financial_profile_id"),
        "recurring_payments",
        ["user_id", "financial_profile_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_recurring_payments_user_id_next_due_date"),
        "recurring_payments",
        ["user_id", "next_due_date"],
        unique=False,
    )
    op.create_table(
        "debts",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("financial_profile_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("type", sa.String(length=50), nullable=False),
        sa.Column("principal", sa.Numeric(precision=19, scale=4), nullable=False),
        sa.Column("balance", sa.Numeric(precision=19, scale=4), nullable=False, comment="what is still owed, positive"),
        sa.Column("currency", sa.String(length=3), server_default=sa.text("'MXN'"), nullable=False),
        sa.Column("interest_rate", sa.Numeric(precision=24, scale=12), nullable=False, comment="percent a year"),
        sa.Column("monthly_payment", sa.Numeric(precision=19, scale=4), nullable=False),
        sa.Column("minimum_payment", sa.Numeric(precision=19, scale=4), nullable=True),
        sa.Column("start_date", sa.Date(), nullable=False),
        sa.Column("maturity_date", sa.Date(), nullable=True),
        sa.Column("payment_due_day", sa.SmallInteger(), nullable=False, comment="day of the month"),
        sa.Column("creditor", sa.String(length=255), nullable=False),
        sa.Column("account_mask", sa.String(length=4), nullable=True),
        sa.Column("account_number_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("status", sa.String(length=50), server_default=sa.text("'active'"), nullable=False),
        sa.Column("payoff_strategy", sa.String(length=50), nullable=True),
        sa.Column("priority", sa.SmallInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("notes", sa.String(), nullable=True),
        sa.Column("external_id", sa.String(length=255), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "payoff_strategy IN ('avalanche', 'snowball', 'priority')", name=op.f("ck_debts_payoff_strategy")
        ),
        sa.CheckConstraint("status <> 'paid_off' OR balance = 0", name=op.f("ck_debts_paid_off")),
        sa.CheckConstraint("status IN ('active', 'paid_off', 'defaulted')", name=op.f("ck_debts_status")),
        sa.CheckConstraint(
            "type IN ('credit_card', 'personal_loan', 'mortgage', 'auto_loan', 'student_loan', 'other')",
            name=op.f("ck_debts_type"),
        ),
        sa.CheckConstraint("interest_rate BETWEEN 0 AND 1000", name=op.f("ck_debts_interest_rate")),
        sa.CheckConstraint("maturity_date >= start_date", name=op.f("ck_debts_dates")),
        sa.CheckConstraint(
            "monthly_payment >= 0 AND coalesce(minimum_payment >= 0, true)", name=op.f("ck_debts_payments")
        ),
        sa.CheckConstraint("payment_due_day BETWEEN 1 AND 31", name=op.f("ck_debts_payment_due_day")),
        sa.CheckConstraint("principal >= 0 AND balance >= 0", name=op.f("ck_debts_amounts")),
        sa.CheckConstraint("priority >= 1", name=op.f("ck_debts_priority")),
        sa.ForeignKeyConstraint(["currency"], ["currencies.code"], name=op.f("fk_debts_currency_currencies")),
        sa.ForeignKeyConstraint(
            ["user_id", "financial_profile_id"],
            ["financial_profiles.user_id", "financial_profiles.id"],
            name=op.f("fk_debts_user_id_financial_profile_id_financial_profiles"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_debts_user_id_users"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "id", name=op.f("pk_debts")),
        sa.UniqueConstraint("user_id", "external_id", name=op.f("uq_debts_user_id_external_id")),
    )
    op.create_index(
        op.f("ix_debts_user_id_financial_profile_id"), "debts", ["user_id", "financial_profile_id"], unique=False
    )
    op.create_table(
        "debt_payments",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("debt_id", sa.Uuid(), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=19, scale=4), nullable=False),
        sa.Column("principal_paid", sa.Numeric(precision=19, scale=4), nullable=False),
        sa.Column("interest_paid", sa.Numeric(precision=19, scale=4), nullable=False),
        sa.Column("fees_paid", sa.Numeric(precision=19, scale=4), server_default=sa.text("0"), nullable=False),
        sa.Column("notes", sa.String(), nullable=True),
        sa.Column("external_id", sa.String(length=255), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "amount = principal_paid + interest_paid + fees_paid", name=op.f("ck_debt_payments_parts_add_up")
        ),
        sa.CheckConstraint("amount > 0", name=op.f("ck_debt_payments_amount")),
        sa.CheckConstraint(
            "principal_paid >= 0 AND interest_paid >= 0 AND fees_paid >= 0", name=op.f("ck_debt_payments_parts")
        ),
        sa.ForeignKeyConstraint(
            ["user_id", "debt_id"],
            ["debts.user_id", "debts.id"],
            name=op.f("fk_debt_payments_user_id_debt_id_debts"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_debt_payments_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "id", name=op.f("pk_debt_payments")),
        sa.UniqueConstraint("user_id", "external_id", name=op.f("uq_debt_payments_user_id_external_id")),
    )
    op.create_index(
        op.f("ix_debt_payments_user_id_debt_id_date"), "debt_payments", ["user_id", "debt_id", "date"], unique=False
    )
    op.create_table(
        "investments",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("financial_profile_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("type", sa.String(length=50), nullable=False),
        sa.Column("symbol", sa.String(length=50), nullable=True),
        sa.Column("quantity", sa.Numeric(precision=28, scale=12), nullable=True),
        sa.Column("purchase_price", sa.Numeric(precision=24, scale=12), nullable=False),
        sa.Column("current_price", sa.Numeric(precision=24, scale=12), nullable=True),
        sa.Column("current_value", sa.Numeric(precision=19, scale=4), nullable=True),
        sa.Column("currency", sa.String(length=3), server_default=sa.text("'MXN'"), nullable=False),
        sa.Column("purchase_date", sa.Date(), nullable=False),
        sa.Column("platform", sa.String(length=255), nullable=True),
        sa.Column("returns", sa.Numeric(precision=19, scale=4), nullable=True),
        sa.Column("returns_percentage", sa.Numeric(precision=24, scale=12), nullable=True),
        sa.Column("notes", sa.String(), nullable=True),
        sa.Column("external_id", sa.String(length=255), nullable=True),
        sa.Column("batch_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "type IN ('stock', 'bond', 'etf', 'mutual_fund', 'crypto', 'real_estate', 'other')",
            name=op.f("ck_investments_type"),
        ),
        sa.CheckConstraint("current_value >= 0", name=op.f("ck_investments_current_value")),
        sa.CheckConstraint(
            "purchase_price >= 0 AND coalesce(current_price >= 0, true)", name=op.f("ck_investments_prices")
        ),
        sa.CheckConstraint("quantity >= 0", name=op.f("ck_investments_quantity")),
        sa.CheckConstraint("returns_percentage >= -100", name=op.f("ck_investments_returns_percentage")),
        sa.ForeignKeyConstraint(["currency"], ["currencies.code"], name=op.f("fk_investments_currency_currencies")),
        sa.ForeignKeyConstraint(
            ["user_id", "financial_profile_id"],
            ["financial_profiles.user_id", "financial_profiles.id"],
            name=op.f("fk_investments_user_id_financial_profile_id_financial_profiles"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_investments_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "id", name=op.f("pk_investments")),
        sa.UniqueConstraint("user_id", "external_id", name=op.f("uq_investments_user_id_external_id")),
    )
    op.create_index(op.f("ix_investments_batch_id"), "investments", ["batch_id"], unique=False)
    op.create_index(
        op.f("ix_investments_user_id_financial_profile_id"),
        "investments",
        ["user_id", "financial_profile_id"],
        unique=False,
    )
    op.create_table(
        "investment_trades",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("investment_id", sa.Uuid(), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("quantity", sa.Numeric(precision=28, scale=12), server_default=sa.text("0"), nullable=False),
        sa.Column("price", sa.Numeric(precision=24, scale=12), nullable=True, comment="of one"),
        sa.Column(
            "ratio", sa.Numeric(precision=24, scale=12), nullable=True, comment="how many one becomes in a split"
        ),
        sa.Column(
            "amount",
            sa.Numeric(precision=19, scale=4),
            server_default=sa.text("0"),
            nullable=False,
            comment="money in or out, after fees",
        ),
        sa.Column(
            "fees",
            sa.Numeric(precision=19, scale=4),
            server_default=sa.text("0"),
            nullable=False,
            comment="of which fees and taxes, positive",
        ),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("notes", sa.String(), nullable=True),
        sa.Column("external_id", sa.String(length=255), nullable=True),
        sa.Column("batch_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(price IS NOT NULL) = (kind IN ('buy', 'sell'))", name=op.f("ck_investment_trades_price_of_trades")
        ),
        sa.CheckConstraint("(ratio IS NOT NULL) = (kind = 'split')", name=op.f("ck_investment_trades_ratio_of_splits")),
        sa.CheckConstraint(
            "CASE kind WHEN 'buy' THEN quantity > 0 AND amount <= 0 WHEN 'sell' THEN quantity < 0 AND amount >= 0 WHEN 'dividend' THEN quantity = 0 AND amount > 0 WHEN 'fee' THEN quantity = 0 AND amount < 0 WHEN 'split' THEN quantity = 0 AND amount = 0 END",
            name=op.f("ck_investment_trades_signs"),
        ),
        sa.CheckConstraint(
            "kind IN ('buy', 'sell', 'dividend', 'fee', 'split')", name=op.f("ck_investment_trades_kind")
        ),
        sa.CheckConstraint("fees >= 0", name=op.f("ck_investment_trades_fees")),
        sa.CheckConstraint("price >= 0", name=op.f("ck_investment_trades_price")),
        sa.CheckConstraint("ratio > 0 AND ratio <> 1", name=op.f("ck_investment_trades_ratio")),
        sa.ForeignKeyConstraint(
            ["currency"], ["currencies.code"], name=op.f("fk_investment_trades_currency_currencies")
        ),
        sa.ForeignKeyConstraint(
            ["user_id", "investment_id"],
            ["investments.user_id", "investments.id"],
            name=op.f("fk_investment_trades_user_id_investment_id_investments"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_investment_trades_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "id", name=op.f("pk_investment_trades")),
        sa.UniqueConstraint("user_id", "external_id", name=op.f("uq_investment_trades_user_id_external_id")),
    )
    op.create_index(op.f("ix_investment_trades_batch_id"), "investment_trades", ["batch_id"], unique=False)
    op.create_index(
        op.f("ix_investment_trades_user_id_investment_id_date"),
        "investment_trades",
        ["user_id", "investment_id", "date"],
        unique=False,
    )
    op.create_table(
        "holding_prices",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("investment_id", sa.Uuid(), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("price", sa.Numeric(precision=24, scale=12), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("source IN ('statement', 'person', 'market')", name=op.f("ck_holding_prices_source")),
        sa.CheckConstraint("price >= 0", name=op.f("ck_holding_prices_price")),
        sa.ForeignKeyConstraint(["currency"], ["currencies.code"], name=op.f("fk_holding_prices_currency_currencies")),
        sa.ForeignKeyConstraint(
            ["user_id", "investment_id"],
            ["investments.user_id", "investments.id"],
            name=op.f("fk_holding_prices_user_id_investment_id_investments"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_holding_prices_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "id", name=op.f("pk_holding_prices")),
        sa.UniqueConstraint(
            "user_id",
            "investment_id",
            "date",
            "source",
            name=op.f("uq_holding_prices_user_id_investment_id_date_source"),
        ),
    )
    op.create_index(op.f("ix_holding_prices_batch_id"), "holding_prices", ["batch_id"], unique=False)

    keep_updated_at(*TABLES[1:])
    guard_sealed("debts", "account_number_sealed")
    for table, columns in FOR_MARTS.items():
        rules = {"cauce_user": (WRITE, OWN), "cauce_transform": ((f"SELECT ({columns})",), ALL)}
        protect(table, rules | ({"cauce_ingest": (WRITE, TENANT)} if table in LOADED else {}))

    op.execute(TRANSFER)
    op.execute("REVOKE ALL ON FUNCTION refuse_transfer_of_no_account() FROM PUBLIC")
    op.execute(ON_TRANSFERS)
    op.create_foreign_key(
        op.f("fk_transactions_user_id_recurring_payment_id_recurring_payments"),
        "transactions",
        "recurring_payments",
        ["user_id", "recurring_payment_id"],
        ["user_id", "id"],
        ondelete="SET NULL (recurring_payment_id)",
        postgresql_not_valid=True,
    )
    op.execute(
        "-- squawk-ignore ban-drop-constraint\nALTER TABLE transactions DROP CONSTRAINT ck_transactions_amount_sign"
    )
    for table, name, condition in CHECKS:
        op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, condition, postgresql_not_valid=True)


def downgrade() -> None:
    for table, name, _ in CHECKS:
        op.drop_constraint(op.f(f"ck_{table}_{name}"), table, type_="check")
    op.create_check_constraint(op.f("ck_transactions_amount_sign"), "transactions", REPLACED)
    op.drop_constraint(
        op.f("fk_transactions_user_id_recurring_payment_id_recurring_payments"), "transactions", type_="foreignkey"
    )
    op.execute("DROP TRIGGER transfers_name_an_account ON transactions")
    op.execute("DROP FUNCTION refuse_transfer_of_no_account()")
    for table in TABLES:
        op.drop_table(table)
    op.drop_index(INDEX, "transactions")
