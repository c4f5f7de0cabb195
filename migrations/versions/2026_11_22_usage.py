"""Usage logs, the identity of events, and monthly totals."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.policies import ALL, OWN, READ, keep_updated_at, protect

revision: str = "usage"
down_revision: str | None = "chats"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

FUNCTIONS = [
    # A writer that does not say the person's day gets it set; bulk loads say it, and pay nothing here.
    """
CREATE FUNCTION date_usage() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
BEGIN
  NEW.local_date := local_date(NEW.user_id, NEW.timestamp);
  RETURN NEW;
END $$
""",
    "CREATE TRIGGER date_usage BEFORE INSERT ON usage_logs FOR EACH ROW WHEN (NEW.local_date IS NULL) EXECUTE FUNCTION date_usage()",
    # All-time and monthly totals, once per statement. The people are locked first, in the order of their key, and their
    # rows guard their months: writers cannot deadlock. A deletion needs no new month (and its person may be gone). A month
    # is touched by any change, also one that leaves its sums: builds find by `updated_at` what to compute anew.
    """
CREATE FUNCTION count_usage() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
  added text := 'SELECT user_id, local_date, timestamp, 1 AS n, total_tokens AS tokens, coalesce(total_cost, 0) AS cost,'
    ' (total_cost IS NULL)::int AS unknown FROM added';
  removed text := 'SELECT user_id, local_date, NULL::timestamptz AS timestamp, -1 AS n, -total_tokens AS tokens,'
    ' -coalesce(total_cost, 0) AS cost, -(total_cost IS NULL)::int AS unknown FROM removed';
  changes text := CASE TG_OP
    WHEN 'INSERT' THEN added WHEN 'DELETE' THEN removed ELSE added || ' UNION ALL ' || removed END;
BEGIN
  EXECUTE format($sql$
    WITH delta AS MATERIALIZED (
      SELECT user_id, sum(n) AS n, sum(tokens) AS tokens, max(timestamp) AS last FROM (%1$s) changed GROUP BY 1
    ),
    locked AS MATERIALIZED (
      SELECT u.id FROM users u WHERE u.id IN (SELECT user_id FROM delta) ORDER BY u.id FOR NO KEY UPDATE
    )
    UPDATE users u
    SET total_messages = u.total_messages + delta.n,
        total_tokens_used = u.total_tokens_used + delta.tokens,
        last_interaction = greatest(u.last_interaction, delta.last)
    FROM locked JOIN delta ON delta.user_id = locked.id
    WHERE u.id = locked.id
  $sql$, changes);
  IF TG_OP <> 'DELETE' THEN
    INSERT INTO monthly_usage (user_id, year, month)
    SELECT DISTINCT user_id, extract(year FROM local_date), extract(month FROM local_date) FROM added
    ON CONFLICT (user_id, year, month) DO NOTHING;
  END IF;
  EXECUTE format($sql$
    WITH delta AS MATERIALIZED (
      SELECT user_id, extract(year FROM local_date) AS year, extract(month FROM local_date) AS month,
        sum(n) AS n, sum(tokens) AS tokens, sum(cost) AS cost, sum(unknown) AS unknown
      FROM (%1$s) changed
      GROUP BY 1, 2, 3
    )
    UPDATE monthly_usage m
    SET total_messages = m.total_messages + delta.n,
        total_tokens = m.total_tokens + delta.tokens,
        total_cost = m.total_cost + delta.cost,
        unknown_cost_events = m.unknown_cost_events + delta.unknown
    FROM delta
    WHERE m.user_id = delta.user_id AND m.year = delta.year AND m.month = delta.month
  $sql$, changes);
  RETURN NULL;
END $$
""",
    """
CREATE TRIGGER count_inserted AFTER INSERT ON usage_logs REFERENCING NEW TABLE AS added
FOR EACH STATEMENT EXECUTE FUNCTION count_usage()
""",
    """
CREATE TRIGGER count_updated AFTER UPDATE ON usage_logs REFERENCING NEW TABLE AS added OLD TABLE AS removed
FOR EACH STATEMENT EXECUTE FUNCTION count_usage()
""",
    """
CREATE TRIGGER count_deleted AFTER DELETE ON usage_logs REFERENCING OLD TABLE AS removed
FOR EACH STATEMENT EXECUTE FUNCTION count_usage()
""",
    # The totals from the logs themselves, for the people named: a repair, and what the triggers' totals are held against.
    """
CREATE FUNCTION recount_usage(people uuid[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
  PERFORM 1 FROM users WHERE id = ANY (people) ORDER BY id FOR NO KEY UPDATE;
  DELETE FROM monthly_usage WHERE user_id = ANY (people);
  INSERT INTO monthly_usage (user_id, year, month, total_messages, total_tokens, total_cost, unknown_cost_events)
  SELECT user_id, extract(year FROM local_date), extract(month FROM local_date), count(*), sum(total_tokens),
    coalesce(sum(total_cost), 0), count(*) FILTER (WHERE total_cost IS NULL)
  FROM usage_logs WHERE user_id = ANY (people) GROUP BY 1, 2, 3;
  UPDATE users u SET total_messages = coalesce(t.n, 0), total_tokens_used = coalesce(t.tokens, 0)
  FROM unnest(people) AS p (id)
  LEFT JOIN (SELECT user_id, count(*) AS n, sum(total_tokens) AS tokens FROM usage_logs
    WHERE user_id = ANY (people) GROUP BY 1) t ON t.user_id = p.id
  WHERE u.id = p.id;
END $$
""",
]


def upgrade() -> None:
    op.create_table(
        "monthly_usage",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("month", sa.SmallInteger(), nullable=False),
        sa.Column("total_messages", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("total_tokens", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("total_cost", sa.Numeric(precision=24, scale=12), server_default=sa.text("0"), nullable=False),
        sa.Column("unknown_cost_events", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("month BETWEEN 1 AND 12", name=op.f("ck_monthly_usage_month")),
        sa.CheckConstraint(
            "total_messages >= 0 AND total_tokens >= 0 AND total_cost >= 0 AND unknown_cost_events >= 0",
            name=op.f("ck_monthly_usage_totals"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_monthly_usage_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "id", name=op.f("pk_monthly_usage")),
        sa.UniqueConstraint("user_id", "year", "month", name=op.f("uq_monthly_usage_user_id_year_month")),
        postgresql_with={"fillfactor": 80},
    )
    op.create_table(
        "usage_event_keys",
        sa.Column("event_key", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("usage_id", sa.Uuid(), nullable=False),
        sa.Column("timestamp", sa.DateTime(timezone=True), nullable=False),
        sa.Column("content_hash", sa.Uuid(), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_usage_event_keys_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("event_key", name=op.f("pk_usage_event_keys")),
    )
    op.create_index(op.f("ix_usage_event_keys_batch_id"), "usage_event_keys", ["batch_id"], unique=False)
    op.create_index(op.f("ix_usage_event_keys_user_id"), "usage_event_keys", ["user_id"], unique=False)
    op.create_table(
        "usage_logs",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("timestamp", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("agent_id", sa.Uuid(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=True),
        sa.Column("message_id", sa.Uuid(), nullable=True),
        sa.Column("source", sa.String(length=100), nullable=False),
        sa.Column("event_id", sa.String(length=255), nullable=False),
        sa.Column("provider", sa.String(length=100), nullable=True),
        sa.Column("model", sa.String(length=255), nullable=False),
        sa.Column("tokens_input", sa.BigInteger(), nullable=False),
        sa.Column("tokens_output", sa.BigInteger(), nullable=False),
        sa.Column("total_tokens", sa.BigInteger(), nullable=False),
        sa.Column("tokens_cache_read", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("tokens_cache_write", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("tokens_reasoning", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("units", postgresql.JSONB(), nullable=True),
        sa.Column("cost_input", sa.Numeric(precision=24, scale=12), nullable=True),
        sa.Column("cost_output", sa.Numeric(precision=24, scale=12), nullable=True),
        sa.Column("total_cost", sa.Numeric(precision=24, scale=12), nullable=True),
        sa.Column("price_version", sa.String(length=100), nullable=True),
        sa.Column("duration", sa.BigInteger(), nullable=True, comment="milliseconds"),
        sa.Column("success", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("error_message", sa.String(), nullable=True),
        sa.Column("local_date", sa.Date(), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=True),
        sa.Column("loaded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "cost_input >= 0 AND cost_output >= 0 AND total_cost >= 0", name=op.f("ck_usage_logs_costs")
        ),
        sa.CheckConstraint("duration >= 0", name=op.f("ck_usage_logs_duration")),
        sa.CheckConstraint(
            "tokens_cache_read + tokens_cache_write <= tokens_input", name=op.f("ck_usage_logs_cache_within_input")
        ),
        sa.CheckConstraint(
            "tokens_input >= 0 AND tokens_output >= 0 AND tokens_cache_read >= 0 AND tokens_cache_write >= 0 AND tokens_reasoning >= 0",
            name=op.f("ck_usage_logs_tokens"),
        ),
        sa.CheckConstraint("tokens_reasoning <= tokens_output", name=op.f("ck_usage_logs_reasoning_within_output")),
        sa.CheckConstraint("total_tokens = tokens_input + tokens_output", name=op.f("ck_usage_logs_total_tokens")),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["agents.id"], name=op.f("fk_usage_logs_agent_id_agents"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["user_id", "conversation_id"],
            ["conversations.user_id", "conversations.id"],
            name=op.f("fk_usage_logs_user_id_conversation_id_conversations"),
            ondelete="SET NULL (conversation_id)",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_usage_logs_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "id", "timestamp", name=op.f("pk_usage_logs")),
        postgresql_partition_by="RANGE (timestamp)",
    )
    op.create_index(op.f("ix_usage_logs_agent_id_timestamp"), "usage_logs", ["agent_id", "timestamp"], unique=False)
    op.create_index(op.f("ix_usage_logs_batch_id"), "usage_logs", ["batch_id"], unique=False)
    op.create_index(
        op.f("ix_usage_logs_user_id_conversation_id"),
        "usage_logs",
        ["user_id", "conversation_id"],
        unique=False,
        postgresql_where=sa.text("conversation_id IS NOT NULL"),
    )
    op.create_index(op.f("ix_usage_logs_user_id_local_date"), "usage_logs", ["user_id", "local_date"], unique=False)

    keep_updated_at("monthly_usage")
    protect(
        "usage_logs",
        {
            "cauce_user": (READ, OWN),
            "cauce_admin": (READ, ALL),
            "cauce_ingest": (("SELECT", "INSERT", "DELETE"), ALL),
            "cauce_transform": (READ, ALL),
        },
    )
    protect("usage_event_keys", {"cauce_ingest": (("SELECT", "INSERT", "DELETE"), ALL)})
    protect("monthly_usage", {"cauce_user": (READ, OWN), "cauce_admin": (READ, ALL), "cauce_transform": (READ, ALL)})
    for statement in FUNCTIONS:
        op.execute(statement)
    for function in ("date_usage()", "count_usage()", "recount_usage(uuid[])"):
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")


def downgrade() -> None:
    op.drop_table("usage_logs")
    op.drop_table("usage_event_keys")
    op.drop_table("monthly_usage")
    # ### end Alembic commands ###

    for function in ("date_usage()", "count_usage()", "recount_usage(uuid[])"):
        op.execute(f"DROP FUNCTION {function} CASCADE")
