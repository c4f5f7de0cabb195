"""Connections to services of others, and their syncs."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.policies import OWN, READ, TENANT, WRITE, keep_updated_at, protect
from migrations.sealed import guard_sealed

revision: str = "integrations"
down_revision: str | None = "documents"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "mcp_integrations",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("provider", sa.String(length=50), nullable=False),
        sa.Column("access_token_encrypted", sa.LargeBinary(), nullable=False),
        sa.Column("refresh_token_encrypted", sa.LargeBinary(), nullable=True),
        sa.Column("scopes", sa.String(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("last_sync", sa.DateTime(timezone=True), nullable=True),
        sa.Column("provider_user_id", sa.String(length=255), nullable=True),
        sa.Column("metadata", postgresql.JSONB(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "provider IN ('GMAIL', 'CALENDAR', 'NOTION', 'SLACK', 'GITHUB')", name=op.f("ck_mcp_integrations_provider")
        ),
        sa.CheckConstraint("scopes <> ''", name=op.f("ck_mcp_integrations_scopes")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_mcp_integrations_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "id", name=op.f("pk_mcp_integrations")),
        sa.UniqueConstraint("user_id", "provider", name=op.f("uq_mcp_integrations_user_id_provider")),
    )
    op.create_index(
        op.f("ix_mcp_integrations_expires_at"),
        "mcp_integrations",
        ["expires_at"],
        unique=False,
        postgresql_where=sa.text("is_active"),
    )
    op.create_table(
        "mcp_sync_logs",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("integration_id", sa.Uuid(), nullable=False),
        sa.Column("last_sync", sa.DateTime(timezone=True), nullable=False),
        sa.Column("items_synced", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("status", sa.String(length=50), server_default=sa.text("'SUCCESS'"), nullable=False),
        sa.Column("error_message", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "CASE status WHEN 'FAILED' THEN coalesce(error_message, '') <> '' WHEN 'SUCCESS' THEN error_message IS NULL ELSE true END",
            name=op.f("ck_mcp_sync_logs_error_message"),
        ),
        sa.CheckConstraint("status IN ('SUCCESS', 'PARTIAL', 'FAILED')", name=op.f("ck_mcp_sync_logs_status")),
        sa.CheckConstraint("items_synced >= 0", name=op.f("ck_mcp_sync_logs_items_synced")),
        sa.ForeignKeyConstraint(
            ["user_id", "integration_id"],
            ["mcp_integrations.user_id", "mcp_integrations.id"],
            name=op.f("fk_mcp_sync_logs_user_id_integration_id_mcp_integrations"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_mcp_sync_logs_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "id", name=op.f("pk_mcp_sync_logs")),
    )
    op.create_index(op.f("ix_mcp_sync_logs_created_at"), "mcp_sync_logs", ["created_at"], unique=False)
    op.create_index(
        op.f("ix_mcp_sync_logs_user_id_integration_id_created_at"),
        "mcp_sync_logs",
        ["user_id", "integration_id", "created_at"],
        unique=False,
    )

    keep_updated_at("mcp_integrations")
    guard_sealed("mcp_integrations", "access_token_encrypted", "refresh_token_encrypted")
    # People see that a service is connected, and may pause or end it; its tokens are for syncs alone.
    shown = "user_id, id, provider, scopes, expires_at, is_active, last_sync, provider_user_id, metadata, created_at, updated_at"
    protect(
        "mcp_integrations",
        {
            "cauce_user": ((f"SELECT ({shown})", "UPDATE (is_active)", "DELETE"), OWN),
            "cauce_ingest": (WRITE, TENANT),
        },
    )
    protect("mcp_sync_logs", {"cauce_user": (READ, OWN), "cauce_ingest": (("SELECT", "INSERT"), TENANT)})


def downgrade() -> None:
    op.drop_table("mcp_sync_logs")
    op.drop_table("mcp_integrations")
