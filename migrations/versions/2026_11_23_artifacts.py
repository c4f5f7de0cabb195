"""What agents make."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.policies import OWN, TENANT, WRITE, keep_updated_at, protect

revision: str = "artifacts"
down_revision: str | None = "limits"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

FUNCTIONS = {
    "use_language_of_person()": """
CREATE FUNCTION use_language_of_person() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
  NEW.language := (SELECT u.language FROM users u WHERE u.id = NEW.user_id);
  RETURN NEW;
END $$
""",
    "keep_artifact_share_lookup()": """
CREATE FUNCTION keep_artifact_share_lookup() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
  DELETE FROM artifact_share_lookup WHERE user_id = NEW.user_id AND artifact_id = NEW.id;
  IF NEW.share_token IS NOT NULL THEN
    INSERT INTO artifact_share_lookup (share_token, user_id, artifact_id) VALUES (NEW.share_token, NEW.user_id, NEW.id);
  END IF;
  RETURN NULL;
END $$
""",
}
TRIGGERS = [
    """
CREATE TRIGGER language_of_person BEFORE INSERT ON artifacts
FOR EACH ROW WHEN (NEW.language IS NULL) EXECUTE FUNCTION use_language_of_person()
""",
    """
CREATE TRIGGER share_lookup_inserted AFTER INSERT ON artifacts
FOR EACH ROW WHEN (NEW.share_token IS NOT NULL) EXECUTE FUNCTION keep_artifact_share_lookup()
""",
    """
CREATE TRIGGER share_lookup_updated AFTER UPDATE OF share_token ON artifacts
FOR EACH ROW WHEN (OLD.share_token IS DISTINCT FROM NEW.share_token) EXECUTE FUNCTION keep_artifact_share_lookup()
""",
]


def upgrade() -> None:
    op.create_table(
        "artifacts",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("agent_id", sa.Uuid(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.String(length=500), nullable=False),
        sa.Column("type", sa.String(length=50), nullable=False),
        sa.Column("content", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("parent_version", sa.Integer(), sa.Computed("version - 1", persisted=True), nullable=False),
        sa.Column("metadata", postgresql.JSONB(), nullable=True),
        sa.Column("tags", postgresql.JSONB(), nullable=True),
        sa.Column("blob_url", sa.String(length=500), nullable=True),
        sa.Column("blob_size", sa.BigInteger(), nullable=True, comment="bytes"),
        sa.Column("is_public", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("share_token", sa.String(length=64), nullable=True),
        sa.Column("share_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "language",
            sa.String(length=10),
            nullable=False,
            comment="of the content; the person's when it is not given",
        ),
        sa.Column(
            "search",
            postgresql.TSVECTOR(),
            sa.Computed(
                "to_tsvector(CASE language WHEN 'en' THEN 'english'::regconfig ELSE 'spanish'::regconfig END, left(name || ' ' || content, 100000))",
                persisted=True,
            ),
            nullable=True,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("jsonb_typeof(metadata) = 'object'", name=op.f("ck_artifacts_metadata")),
        sa.CheckConstraint("jsonb_typeof(tags) = 'array'", name=op.f("ck_artifacts_tags")),
        sa.CheckConstraint("language IN ('es', 'en')", name=op.f("ck_artifacts_language")),
        sa.CheckConstraint("name <> ''", name=op.f("ck_artifacts_name")),
        sa.CheckConstraint("share_token ~ '^[0-9a-f]{64}$'", name=op.f("ck_artifacts_share_token")),
        sa.CheckConstraint(
            "type IN ('CODE', 'JSON', 'HTML', 'MARKDOWN', 'LATEX', 'DIAGRAM', 'IMAGE', 'TABLE', 'WIDGET', 'FILE')",
            name=op.f("ck_artifacts_type"),
        ),
        sa.CheckConstraint(
            "(blob_url IS NULL) = (blob_size IS NULL) AND coalesce(blob_size, 0) >= 0", name=op.f("ck_artifacts_blob")
        ),
        sa.CheckConstraint("(share_token IS NULL) = (share_expires_at IS NULL)", name=op.f("ck_artifacts_share_ends")),
        sa.CheckConstraint("share_expires_at > created_at", name=op.f("ck_artifacts_share_expires_at")),
        sa.CheckConstraint("version >= 1", name=op.f("ck_artifacts_version")),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["agents.id"], name=op.f("fk_artifacts_agent_id_agents"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["user_id", "conversation_id"],
            ["conversations.user_id", "conversations.id"],
            name=op.f("fk_artifacts_user_id_conversation_id_conversations"),
            ondelete="SET NULL (conversation_id)",
        ),
        sa.ForeignKeyConstraint(
            ["user_id", "parent_id", "parent_version"],
            ["artifacts.user_id", "artifacts.id", "artifacts.version"],
            name="fk_artifacts_parent_version",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["user_id", "parent_id"],
            ["artifacts.user_id", "artifacts.id"],
            name=op.f("fk_artifacts_user_id_parent_id_artifacts"),
            ondelete="SET NULL (parent_id)",
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_artifacts_user_id_users"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "id", name=op.f("pk_artifacts")),
        sa.UniqueConstraint("user_id", "id", "version", name=op.f("uq_artifacts_user_id_id_version")),
    )
    op.create_index(op.f("ix_artifacts_agent_id"), "artifacts", ["agent_id"], unique=False)
    op.create_index(
        op.f("ix_artifacts_deleted_at"),
        "artifacts",
        ["deleted_at"],
        unique=False,
        postgresql_where=sa.text("deleted_at IS NOT NULL"),
    )
    op.create_index(
        op.f("ix_artifacts_user_id_conversation_id"), "artifacts", ["user_id", "conversation_id"], unique=False
    )
    op.create_index(op.f("ix_artifacts_user_id_parent_id"), "artifacts", ["user_id", "parent_id"], unique=False)
    op.create_table(
        "artifact_share_lookup",
        sa.Column("share_token", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("artifact_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id", "artifact_id"],
            ["artifacts.user_id", "artifacts.id"],
            name=op.f("fk_artifact_share_lookup_user_id_artifact_id_artifacts"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("share_token", name=op.f("pk_artifact_share_lookup")),
        sa.UniqueConstraint("user_id", "artifact_id", name=op.f("uq_artifact_share_lookup_user_id_artifact_id")),
    )

    for statement in (*FUNCTIONS.values(), *TRIGGERS):
        op.execute(statement)
    for function in FUNCTIONS:
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
    keep_updated_at("artifacts")
    protect(
        "artifacts",
        {
            "cauce_user": (
                ("SELECT", "UPDATE (name, tags, is_public, share_token, share_expires_at, deleted_at)"),
                OWN,
            ),
            "cauce_ingest": (WRITE, TENANT),
        },
    )
    protect("artifact_share_lookup", {})


def downgrade() -> None:
    op.drop_table("artifact_share_lookup")
    op.drop_table("artifacts")
    for function in reversed(FUNCTIONS):
        op.execute(f"DROP FUNCTION {function}")
