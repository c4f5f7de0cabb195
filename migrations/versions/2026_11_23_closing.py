"""Closed months, and the usage that was published of each."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from migrations.audit import audit
from migrations.policies import ALL, OWN, READ, protect

revision: str = "closing"
down_revision: str | None = "unpriced"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

FUNCTIONS = [
    # A month is closed once, after the one before, when its last day is over in every zone there is. When and by whom is
    # what happened, not what somebody says. Only the person who closed it may be forgotten.
    """
CREATE FUNCTION guard_closed_month() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  expected date := (SELECT max(month) + interval '1 month' FROM closed_months);
BEGIN
  IF TG_OP = 'UPDATE' AND (NEW.month, NEW.closed_at, NEW.closed_by) IS NOT DISTINCT FROM (OLD.month, OLD.closed_at, NULL) THEN
    RETURN NEW;
  END IF;
  IF TG_OP <> 'INSERT' THEN
    RAISE EXCEPTION 'the month % stays closed', to_char(OLD.month, 'YYYY-MM')
      USING ERRCODE = 'check_violation', CONSTRAINT = 'closed_months_stay_closed';
  END IF;
  IF date_trunc('month', NEW.month::timestamp) <> expected THEN
    RAISE EXCEPTION 'months close in order: the next one is %', to_char(expected, 'YYYY-MM')
      USING ERRCODE = 'check_violation', CONSTRAINT = 'closed_months_in_order';
  END IF;
  IF (NEW.month + interval '1 month') AT TIME ZONE 'Etc/GMT+12' > now() THEN
    RAISE EXCEPTION 'the month % is not over everywhere', to_char(NEW.month, 'YYYY-MM')
      USING ERRCODE = 'check_violation', CONSTRAINT = 'closed_months_are_over';
  END IF;
  NEW.closed_at := now();
  NEW.closed_by := current_user_id();
  RETURN NEW;
END $$
""",
    """
CREATE TRIGGER guard_closed_month BEFORE INSERT OR UPDATE OR DELETE ON closed_months
FOR EACH ROW EXECUTE FUNCTION guard_closed_month()
""",
    # Figures of a month are written in the transaction that closes it, and never again.
    """
CREATE FUNCTION guard_publication() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT FROM added a JOIN closed_months c ON c.month = a.posted_month WHERE c.closed_at <> now()) THEN
    RAISE EXCEPTION 'nothing is added to a month that is closed'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'published_usage_is_complete';
  END IF;
  RETURN NULL;
END $$
""",
    """
CREATE TRIGGER guard_publication AFTER INSERT ON published_usage REFERENCING NEW TABLE AS added
FOR EACH STATEMENT EXECUTE FUNCTION guard_publication()
""",
    # Rows go with their person only.
    """
CREATE FUNCTION keep_published() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT FROM removed r JOIN users u ON u.id = r.user_id) THEN
    RAISE EXCEPTION 'what was published of a month stays as it is'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'published_usage_stays';
  END IF;
  RETURN NULL;
END $$
""",
    """
CREATE TRIGGER keep_published_updated AFTER UPDATE ON published_usage REFERENCING OLD TABLE AS removed
FOR EACH STATEMENT EXECUTE FUNCTION keep_published()
""",
    """
CREATE TRIGGER keep_published_deleted AFTER DELETE ON published_usage REFERENCING OLD TABLE AS removed
FOR EACH STATEMENT EXECUTE FUNCTION keep_published()
""",
]
NAMES = ("guard_closed_month()", "guard_publication()", "keep_published()")


def upgrade() -> None:
    op.create_table(
        "closed_months",
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("closed_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint("extract(day FROM month) = 1", name=op.f("ck_closed_months_month")),
        sa.ForeignKeyConstraint(
            ["closed_by"], ["users.id"], name=op.f("fk_closed_months_closed_by_users"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("month", name=op.f("pk_closed_months")),
    )
    op.create_index(op.f("ix_closed_months_closed_by"), "closed_months", ["closed_by"], unique=False)
    op.create_table(
        "published_usage",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("posted_month", sa.Date(), nullable=False),
        sa.Column("local_date", sa.Date(), nullable=False),
        sa.Column("agent_id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.String(length=100), nullable=False, comment="unknown when the event named none"),
        sa.Column("model", sa.String(length=255), nullable=False),
        sa.Column("events", sa.BigInteger(), nullable=False),
        sa.Column("failed_events", sa.BigInteger(), nullable=False),
        sa.Column("unknown_cost_events", sa.BigInteger(), nullable=False),
        sa.Column("tokens_input", sa.BigInteger(), nullable=False),
        sa.Column("tokens_output", sa.BigInteger(), nullable=False),
        sa.Column("tokens_cache_read", sa.BigInteger(), nullable=False),
        sa.Column("tokens_cache_write", sa.BigInteger(), nullable=False),
        sa.Column("tokens_reasoning", sa.BigInteger(), nullable=False),
        sa.Column("total_tokens", sa.BigInteger(), nullable=False),
        sa.Column("total_cost", sa.Numeric(precision=38, scale=12), nullable=True),
        sa.CheckConstraint(
            "local_date < posted_month + interval '1 month'", name=op.f("ck_published_usage_local_date")
        ),
        sa.CheckConstraint(
            "total_cost IS NOT NULL OR (unknown_cost_events = events AND events <> 0)",
            name=op.f("ck_published_usage_unknown_cost"),
        ),
        sa.CheckConstraint("total_tokens = tokens_input + tokens_output", name=op.f("ck_published_usage_total_tokens")),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["agents.id"], name=op.f("fk_published_usage_agent_id_agents"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["posted_month"],
            ["closed_months.month"],
            name=op.f("fk_published_usage_posted_month_closed_months"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_published_usage_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint(
            "user_id",
            "posted_month",
            "local_date",
            "agent_id",
            "provider",
            "model",
            name=op.f("pk_published_usage"),
        ),
    )
    op.create_index(op.f("ix_published_usage_agent_id"), "published_usage", ["agent_id"], unique=False)
    op.create_index(op.f("ix_published_usage_posted_month"), "published_usage", ["posted_month"], unique=False)

    protect(
        "closed_months",
        {"cauce_user": (READ, ALL), "cauce_admin": (("SELECT", "INSERT (month)"), ALL), "cauce_transform": (READ, ALL)},
    )
    protect(
        "published_usage",
        {"cauce_user": (READ, OWN), "cauce_admin": (("SELECT", "INSERT"), ALL), "cauce_transform": (READ, ALL)},
    )
    for statement in FUNCTIONS:
        op.execute(statement)
    for function in NAMES:
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
    audit("closed_months", "month", on="INSERT", action="CLOSE_MONTH")


def downgrade() -> None:
    op.drop_table("published_usage")
    op.drop_table("closed_months")
    for function in NAMES:
        op.execute(f"DROP FUNCTION {function}")
