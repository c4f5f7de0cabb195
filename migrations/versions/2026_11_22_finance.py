"""Financial profiles, accounts, transactions and budgets."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.policies import ALL, OWN, READ, TENANT, WRITE, keep_updated_at, protect

revision: str = "finance"
down_revision: str | None = "usage"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "financial_profiles",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("currency", sa.String(length=3), server_default=sa.text("'MXN'"), nullable=False),
        sa.Column("fiscal_year", sa.String(length=50), server_default=sa.text("'calendar'"), nullable=False),
        sa.Column("financial_goals", postgresql.JSONB(), nullable=True),
        sa.Column("ai_analysis", postgresql.JSONB(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name=op.f("ck_financial_profiles_currency")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_financial_profiles_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "id", name=op.f("pk_financial_profiles")),
        sa.UniqueConstraint("user_id", name=op.f("uq_financial_profiles_user_id")),
    )
    op.create_table(
        "budgets",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("financial_profile_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("category", sa.String(length=100), nullable=False),
        sa.Column("amount", sa.Numeric(precision=19, scale=4), nullable=False),
        sa.Column("currency", sa.String(length=3), server_default=sa.text("'MXN'"), nullable=False),
        sa.Column("period", sa.String(length=50), server_default=sa.text("'monthly'"), nullable=False),
        sa.Column("start_date", sa.Date(), nullable=False),
        sa.Column("end_date", sa.Date(), nullable=True),
        sa.Column(
            "alert_threshold", sa.SmallInteger(), server_default=sa.text("80"), nullable=False, comment="percent"
        ),
        sa.Column("alert_sent", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name=op.f("ck_budgets_currency")),
        sa.CheckConstraint(
            "period IN ('weekly', 'quincena', 'monthly', 'quarterly', 'yearly')", name=op.f("ck_budgets_period")
        ),
        sa.CheckConstraint("alert_threshold BETWEEN 1 AND 100", name=op.f("ck_budgets_alert_threshold")),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_budgets_amount")),
        sa.CheckConstraint("end_date >= start_date", name=op.f("ck_budgets_dates")),
        sa.ForeignKeyConstraint(
            ["user_id", "financial_profile_id"],
            ["financial_profiles.user_id", "financial_profiles.id"],
            name=op.f("fk_budgets_user_id_financial_profile_id_financial_profiles"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_budgets_user_id_users"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "id", name=op.f("pk_budgets")),
        sa.UniqueConstraint(
            "user_id", "category", "period", "start_date", name=op.f("uq_budgets_user_id_category_period_start_date")
        ),
    )
    op.create_index(op.f("ix_budgets_batch_id"), "budgets", ["batch_id"], unique=False)
    op.create_index(
        op.f("ix_budgets_user_id_financial_profile_id"), "budgets", ["user_id", "financial_profile_id"], unique=False
    )
    op.create_table(
        "financial_accounts",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("financial_profile_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("type", sa.String(length=50), nullable=False),
        sa.Column("institution", sa.String(length=255), nullable=True),
        sa.Column("balance", sa.Numeric(precision=19, scale=4), server_default=sa.text("0"), nullable=False),
        sa.Column("balance_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("currency", sa.String(length=3), server_default=sa.text("'MXN'"), nullable=False),
        sa.Column("account_mask", sa.String(length=4), nullable=True),
        sa.Column("account_key", sa.LargeBinary(), nullable=True),
        sa.Column("last_sync_date", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("credit_limit", sa.Numeric(precision=19, scale=4), nullable=True),
        sa.Column("available_credit", sa.Numeric(precision=19, scale=4), nullable=True),
        sa.Column("closing_date", sa.SmallInteger(), nullable=True, comment="day of the month"),
        sa.Column("payment_due_date", sa.SmallInteger(), nullable=True, comment="day of the month"),
        sa.Column("notes", sa.String(), nullable=True),
        sa.Column("batch_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name=op.f("ck_financial_accounts_currency")),
        sa.CheckConstraint(
            "type IN ('checking', 'savings', 'credit', 'investment', 'cash')", name=op.f("ck_financial_accounts_type")
        ),
        sa.CheckConstraint(
            "closing_date BETWEEN 1 AND 31 AND payment_due_date BETWEEN 1 AND 31",
            name=op.f("ck_financial_accounts_days"),
        ),
        sa.CheckConstraint("credit_limit >= 0", name=op.f("ck_financial_accounts_credit_limit")),
        sa.ForeignKeyConstraint(
            ["user_id", "financial_profile_id"],
            ["financial_profiles.user_id", "financial_profiles.id"],
            name=op.f("fk_financial_accounts_user_id_financial_profile_id_financial_profiles"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_financial_accounts_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "id", name=op.f("pk_financial_accounts")),
        sa.UniqueConstraint("user_id", "account_key", name=op.f("uq_financial_accounts_user_id_account_key")),
    )
    op.create_index(
        op.f("ix_financial_accounts_user_id_financial_profile_id"),
        "financial_accounts",
        ["user_id", "financial_profile_id"],
        unique=False,
    )
    op.create_table(
        "transactions",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("financial_profile_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("description", sa.String(length=500), nullable=False),
        sa.Column("amount", sa.Numeric(precision=19, scale=4), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("fx_rate", sa.Numeric(precision=24, scale=12), nullable=True),
        sa.Column("type", sa.String(length=50), nullable=False),
        sa.Column("category", sa.String(length=100), server_default=sa.text("'sin_categoria'"), nullable=False),
        sa.Column("subcategory", sa.String(length=100), nullable=True),
        sa.Column("tags", postgresql.JSONB(), nullable=True),
        sa.Column("external_id", sa.String(length=255), nullable=True),
        sa.Column("from_account_id", sa.Uuid(), nullable=True),
        sa.Column("to_account_id", sa.Uuid(), nullable=True),
        sa.Column("is_recurring", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("recurring_payment_id", sa.Uuid(), nullable=True),
        sa.Column("notes", sa.String(), nullable=True),
        sa.Column("receipt", sa.String(length=500), nullable=True),
        sa.Column("batch_id", sa.Uuid(), nullable=True),
        sa.Column("loaded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name=op.f("ck_transactions_currency")),
        sa.CheckConstraint(
            "type = 'transfer' OR (type = 'income' AND amount >= 0) OR (type = 'expense' AND amount <= 0)",
            name=op.f("ck_transactions_amount_sign"),
        ),
        sa.CheckConstraint("type IN ('income', 'expense', 'transfer')", name=op.f("ck_transactions_type")),
        sa.CheckConstraint("fx_rate > 0", name=op.f("ck_transactions_fx_rate")),
        sa.ForeignKeyConstraint(
            ["user_id", "account_id"],
            ["financial_accounts.user_id", "financial_accounts.id"],
            name=op.f("fk_transactions_user_id_account_id_financial_accounts"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id", "financial_profile_id"],
            ["financial_profiles.user_id", "financial_profiles.id"],
            name=op.f("fk_transactions_user_id_financial_profile_id_financial_profiles"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id", "from_account_id"],
            ["financial_accounts.user_id", "financial_accounts.id"],
            name=op.f("fk_transactions_user_id_from_account_id_financial_accounts"),
            ondelete="SET NULL (from_account_id)",
        ),
        sa.ForeignKeyConstraint(
            ["user_id", "to_account_id"],
            ["financial_accounts.user_id", "financial_accounts.id"],
            name=op.f("fk_transactions_user_id_to_account_id_financial_accounts"),
            ondelete="SET NULL (to_account_id)",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_transactions_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "id", name=op.f("pk_transactions")),
        sa.UniqueConstraint(
            "user_id", "account_id", "external_id", name=op.f("uq_transactions_user_id_account_id_external_id")
        ),
    )
    op.create_index(op.f("ix_transactions_batch_id"), "transactions", ["batch_id"], unique=False)
    op.create_index(op.f("ix_transactions_user_id_date"), "transactions", ["user_id", "date"], unique=False)
    op.create_index(
        op.f("ix_transactions_user_id_financial_profile_id"),
        "transactions",
        ["user_id", "financial_profile_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_transactions_user_id_from_account_id"),
        "transactions",
        ["user_id", "from_account_id"],
        unique=False,
        postgresql_where=sa.text("from_account_id IS NOT NULL"),
    )
    op.create_index(
        op.f("ix_transactions_user_id_to_account_id"),
        "transactions",
        ["user_id", "to_account_id"],
        unique=False,
        postgresql_where=sa.text("to_account_id IS NOT NULL"),
    )

    keep_updated_at("financial_profiles", "financial_accounts", "transactions", "budgets")
    for table in ("financial_profiles", "financial_accounts", "transactions"):
        protect(table, {"cauce_user": (READ, OWN), "cauce_ingest": (WRITE, TENANT), "cauce_transform": (READ, ALL)})
    op.execute("GRANT INSERT (user_id, currency) ON financial_profiles TO cauce_user")
    op.execute(f"CREATE POLICY user_insert ON financial_profiles FOR INSERT TO cauce_user WITH CHECK ({OWN})")
    protect("budgets", {"cauce_user": (WRITE, OWN), "cauce_ingest": (WRITE, TENANT), "cauce_transform": (READ, ALL)})


def downgrade() -> None:
    op.drop_table("transactions")
    op.drop_table("financial_accounts")
    op.drop_table("budgets")
    op.drop_table("financial_profiles")
    # ### end Alembic commands ###
