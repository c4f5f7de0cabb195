"""Agents, and who may use which."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.policies import ALL, OWN, READ, keep_updated_at, protect

revision: str = "agents"
down_revision: str | None = "identity"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

VISIBLE = """is_public OR created_by = (SELECT current_user_id())
  OR id IN (SELECT p.agent_id FROM user_agent_permissions p WHERE p.user_id = (SELECT current_user_id()))"""


def upgrade() -> None:
    op.create_table(
        "agents",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("slug", sa.String(length=255), nullable=False),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column("category", sa.String(length=100), server_default=sa.text("'general'"), nullable=False),
        sa.Column("model", sa.String(length=100), nullable=True),
        sa.Column("config", postgresql.JSONB(), nullable=True),
        sa.Column("endpoint_url", sa.String(length=500), nullable=True),
        sa.Column("system_prompt", sa.String(), nullable=True),
        sa.Column("is_public", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("documentation_url", sa.String(length=500), nullable=True),
        sa.Column("tutorial_url", sa.String(length=500), nullable=True),
        sa.Column("capabilities", postgresql.JSONB(), nullable=True),
        sa.Column("total_uses", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("total_messages", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("average_rating", sa.Numeric(precision=3, scale=2), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'", name=op.f("ck_agents_slug")),
        sa.CheckConstraint("average_rating BETWEEN 0 AND 5", name=op.f("ck_agents_average_rating")),
        sa.ForeignKeyConstraint(
            ["created_by"], ["users.id"], name=op.f("fk_agents_created_by_users"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agents")),
        sa.UniqueConstraint("slug", name=op.f("uq_agents_slug")),
    )
    op.create_index(op.f("ix_agents_created_by"), "agents", ["created_by"], unique=False)
    op.create_table(
        "user_agent_permissions",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("agent_id", sa.Uuid(), nullable=False),
        sa.Column("granted_by", sa.Uuid(), nullable=True),
        sa.Column("granted_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["agents.id"], name=op.f("fk_user_agent_permissions_agent_id_agents"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["granted_by"], ["users.id"], name=op.f("fk_user_agent_permissions_granted_by_users"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_user_agent_permissions_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "id", name=op.f("pk_user_agent_permissions")),
        sa.UniqueConstraint("user_id", "agent_id", name=op.f("uq_user_agent_permissions_user_id_agent_id")),
    )
    op.create_index(op.f("ix_user_agent_permissions_agent_id"), "user_agent_permissions", ["agent_id"], unique=False)
    op.create_index(
        op.f("ix_user_agent_permissions_granted_by"), "user_agent_permissions", ["granted_by"], unique=False
    )

    keep_updated_at("agents")
    protect(
        "user_agent_permissions",
        {
            "cauce_user": (READ, OWN),
            "cauce_admin": (READ, ALL),
            "cauce_ingest": (("SELECT", "INSERT"), ALL),
        },
    )
    identity = "id, name, slug, description, category, model, is_public, is_active, created_by, created_at"
    protect(
        "agents",
        {
            "cauce_user": ((f"SELECT ({identity})",), VISIBLE),
            "cauce_admin": ((f"SELECT ({identity})",), ALL),
            "cauce_ingest": (("SELECT (id, slug, name)", "INSERT (id, name, slug, description)"), ALL),
            "cauce_transform": ((f"SELECT ({identity})",), ALL),
        },
    )


def downgrade() -> None:
    op.execute("DROP POLICY user_select ON agents")  # it reads the permissions
    op.drop_table("user_agent_permissions")
    op.drop_table("agents")
    # ### end Alembic commands ###
