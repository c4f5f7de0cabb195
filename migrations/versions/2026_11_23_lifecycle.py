"""Soft deletion, retention policies, archives of usage, erasures."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.policies import ALL, OWN, READ, keep_updated_at, protect

revision: str = "lifecycle"
down_revision: str | None = "holdings"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

RECOVERABLE = ("conversations", "financial_accounts", "transactions", "budgets", "medications", "health_measurements")
"""Records of a person's own that they can delete and bring back; later tables are made with the column."""
WRITTEN_BY_OTHERS = tuple(table for table in RECOVERABLE if table != "budgets")
"""Tables a person could not write so far: deleting and recovering is all they may."""

POLICIES = """
INSERT INTO retention_policies (subject, action, keep) VALUES
  ('verification_tokens', 'delete', interval '0'),
  ('auth_sessions', 'delete', interval '0'),
  ('invitations', 'expire', interval '0'),
  ('mcp_sync_logs', 'delete', interval '30 days'),
  ('file_access_logs', 'delete', interval '1 year'),
  ('usage_logs', 'archive', interval '1 year'),
  ('deleted_rows', 'purge', interval '30 days')
"""

# However a chunk goes — by its owner, its document, a purge or an erasure — its vector is still in the store.
NOTE_VECTORS = """
CREATE FUNCTION note_vector_deletions() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
  INSERT INTO vector_deletions (vector_id)
  SELECT DISTINCT vector_id FROM removed WHERE vector_id IS NOT NULL
  ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$
"""


def upgrade() -> None:
    for table in RECOVERABLE:
        op.add_column(table, sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("GRANT SELECT (deleted_at) ON financial_accounts TO cauce_transform")
    for table in WRITTEN_BY_OTHERS:
        op.execute(f"GRANT UPDATE (deleted_at) ON {table} TO cauce_user")
        op.execute(f"CREATE POLICY user_update ON {table} FOR UPDATE TO cauce_user USING ({OWN}) WITH CHECK ({OWN})")

    op.create_table(
        "retention_policies",
        sa.Column("subject", sa.String(length=50), nullable=False),
        sa.Column("action", sa.String(length=20), nullable=False),
        sa.Column("keep", postgresql.INTERVAL(), nullable=False),
        sa.Column("enabled", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "subject IN ('verification_tokens', 'auth_sessions', 'invitations', 'mcp_sync_logs', 'file_access_logs', 'usage_logs', 'deleted_rows')",
            name=op.f("ck_retention_policies_subject"),
        ),
        sa.CheckConstraint(
            "action IN ('delete', 'expire', 'archive', 'purge')", name=op.f("ck_retention_policies_action")
        ),
        sa.CheckConstraint("keep >= interval '0'", name=op.f("ck_retention_policies_keep")),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_retention_policies")),
    )
    op.create_table(
        "erasure_log",
        sa.Column("pseudonym", sa.Uuid(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("status", sa.String(length=20), server_default=sa.text("'running'"), nullable=False),
        sa.Column("removed", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.CheckConstraint("status IN ('running', 'done')", name=op.f("ck_erasure_log_status")),
        sa.CheckConstraint("(status = 'done') = (finished_at IS NOT NULL)", name=op.f("ck_erasure_log_finished_at")),
        sa.PrimaryKeyConstraint("pseudonym", name=op.f("pk_erasure_log")),
    )
    op.create_table(
        "vector_deletions",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("vector_id", sa.String(length=255), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vector_deletions")),
        sa.UniqueConstraint("vector_id", name=op.f("uq_vector_deletions_vector_id")),
    )
    op.create_table(
        "usage_archives",
        sa.Column("file", sa.String(length=255), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("total_tokens", sa.Numeric(precision=38, scale=0), nullable=False),
        sa.Column("total_cost", sa.Numeric(precision=38, scale=12), nullable=False),
        sa.Column("content_hash", sa.Numeric(precision=38, scale=0), nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("extract(day FROM month) = 1", name=op.f("ck_usage_archives_month")),
        sa.CheckConstraint("rows > 0 AND total_tokens >= 0 AND total_cost >= 0", name=op.f("ck_usage_archives_totals")),
        sa.PrimaryKeyConstraint("file", name=op.f("pk_usage_archives")),
    )
    op.create_index(op.f("ix_usage_archives_month"), "usage_archives", ["month"], unique=False)
    op.create_table(
        "archived_usage_daily",
        sa.Column("user_id", sa.Uuid(), nullable=False),
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
        sa.Column("duration", sa.BigInteger(), nullable=True, comment="milliseconds"),
        sa.CheckConstraint(
            "events > 0 AND failed_events BETWEEN 0 AND events", name=op.f("ck_archived_usage_daily_events")
        ),
        sa.CheckConstraint(
            "unknown_cost_events BETWEEN 0 AND events AND (total_cost IS NULL) = (unknown_cost_events = events)",
            name=op.f("ck_archived_usage_daily_unknown_cost"),
        ),
        sa.CheckConstraint(
            "total_tokens = tokens_input + tokens_output", name=op.f("ck_archived_usage_daily_total_tokens")
        ),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["agents.id"], name=op.f("fk_archived_usage_daily_agent_id_agents"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_archived_usage_daily_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint(
            "user_id", "local_date", "agent_id", "provider", "model", name=op.f("pk_archived_usage_daily")
        ),
    )
    op.create_index(op.f("ix_archived_usage_daily_agent_id"), "archived_usage_daily", ["agent_id"], unique=False)

    keep_updated_at("retention_policies")
    protect("retention_policies", {"cauce_admin": (READ, ALL)})
    protect("erasure_log", {"cauce_admin": (READ, ALL)})
    protect("vector_deletions", {})
    protect("usage_archives", {"cauce_admin": (READ, ALL), "cauce_ingest": (READ, ALL)})
    protect(
        "archived_usage_daily",
        {"cauce_user": (READ, OWN), "cauce_admin": (READ, ALL), "cauce_transform": (READ, ALL)},
    )
    op.execute(POLICIES)
    op.execute(NOTE_VECTORS)
    op.execute("REVOKE ALL ON FUNCTION note_vector_deletions() FROM PUBLIC")
    op.execute(
        "CREATE TRIGGER note_vectors AFTER DELETE ON document_chunks REFERENCING OLD TABLE AS removed"
        " FOR EACH STATEMENT EXECUTE FUNCTION note_vector_deletions()"
    )


def downgrade() -> None:
    op.execute("DROP FUNCTION note_vector_deletions() CASCADE")
    op.drop_table("archived_usage_daily")
    op.drop_table("usage_archives")
    op.drop_table("vector_deletions")
    op.drop_table("erasure_log")
    op.drop_table("retention_policies")
    for table in WRITTEN_BY_OTHERS:
        op.execute(f"DROP POLICY user_update ON {table}")
    for table in RECOVERABLE:
        op.drop_column(table, "deleted_at")
