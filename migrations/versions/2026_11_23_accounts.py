"""Sign-in providers and invitations."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from migrations.policies import ALL, OWN, keep_updated_at, protect
from migrations.sealed import guard_sealed

revision: str = "accounts"
down_revision: str | None = "keys"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

FUNCTIONS = [
    """
CREATE FUNCTION keep_account_lookup() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
  INSERT INTO account_lookup (provider, provider_account_id, user_id)
  VALUES (NEW.provider, NEW.provider_account_id, NEW.user_id);
  RETURN NULL;
END $$
""",
    # One address has one pending invitation: the newest. Writers for one address wait for each other.
    """
CREATE FUNCTION replace_pending_invitation() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('cauce:invitation:' || lower(NEW.email), 0));
  UPDATE invitations SET status = CASE WHEN expires_at > now() THEN 'CANCELLED' ELSE 'EXPIRED' END
  WHERE lower(email) = lower(NEW.email) AND status = 'PENDING';
  RETURN NEW;
END $$
""",
]


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("type", sa.String(length=50), nullable=False),
        sa.Column("provider", sa.String(length=100), nullable=False),
        sa.Column("provider_account_id", sa.String(length=255), nullable=False),
        sa.Column("refresh_token", sa.LargeBinary(), nullable=True),
        sa.Column("access_token", sa.LargeBinary(), nullable=True),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("token_type", sa.String(length=50), nullable=True),
        sa.Column("scope", sa.String(), nullable=True),
        sa.Column("id_token", sa.LargeBinary(), nullable=True),
        sa.Column("session_state", sa.String(length=255), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("provider <> '' AND provider_account_id <> ''", name=op.f("ck_accounts_provider")),
        sa.CheckConstraint("expires_at > 0", name=op.f("ck_accounts_expires_at")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_accounts_user_id_users"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "id", name=op.f("pk_accounts")),
        sa.UniqueConstraint(
            "user_id", "provider", "provider_account_id", name=op.f("uq_accounts_user_id_provider_provider_account_id")
        ),
    )
    op.create_table(
        "account_lookup",
        sa.Column("provider", sa.String(length=100), nullable=False),
        sa.Column("provider_account_id", sa.String(length=255), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id", "provider", "provider_account_id"],
            ["accounts.user_id", "accounts.provider", "accounts.provider_account_id"],
            name=op.f("fk_account_lookup_accounts"),
            onupdate="CASCADE",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("provider", "provider_account_id", name=op.f("pk_account_lookup")),
    )
    op.create_index(
        op.f("ix_account_lookup_user_id_provider_provider_account_id"),
        "account_lookup",
        ["user_id", "provider", "provider_account_id"],
        unique=False,
    )
    op.create_table(
        "invitations",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("email", sa.String(length=255), nullable=False),
        sa.Column("token", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=50), nullable=False),
        sa.Column("status", sa.String(length=50), server_default=sa.text("'PENDING'"), nullable=False),
        sa.Column("invited_by", sa.Uuid(), nullable=True),
        sa.Column(
            "expires_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now() + interval '7 days'"),
            nullable=False,
        ),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "email ~ '^[^@[:space:]|]+@[^@[:space:]|]+\\.[^@[:space:]|.]{2,}$'", name=op.f("ck_invitations_email")
        ),
        sa.CheckConstraint("token ~ '^[0-9a-f]{64}$'", name=op.f("ck_invitations_token")),
        sa.CheckConstraint(
            "role IN ('SUPER_ADMIN', 'ADMIN', 'INVITED_AGENT', 'INVITED_STORAGE', 'SUBSCRIBER', 'MANAGER', 'DEVELOPER', 'USER', 'GUEST')",
            name=op.f("ck_invitations_role"),
        ),
        sa.CheckConstraint(
            "status IN ('PENDING', 'ACCEPTED', 'EXPIRED', 'CANCELLED')", name=op.f("ck_invitations_status")
        ),
        sa.CheckConstraint("expires_at > created_at", name=op.f("ck_invitations_expires_at")),
        sa.CheckConstraint("(status = 'ACCEPTED') = (accepted_at IS NOT NULL)", name=op.f("ck_invitations_accepted")),
        sa.CheckConstraint(
            "accepted_at BETWEEN created_at AND expires_at", name=op.f("ck_invitations_accepted_in_time")
        ),
        sa.ForeignKeyConstraint(
            ["invited_by"], ["users.id"], name=op.f("fk_invitations_invited_by_users"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitations")),
        sa.UniqueConstraint("token", name=op.f("uq_invitations_token")),
    )
    op.create_index(
        "uq_invitations_pending_email",
        "invitations",
        [sa.literal_column("lower(email)")],
        unique=True,
        postgresql_where=sa.text("status = 'PENDING'"),
    )
    op.create_index("ix_invitations_email_lower", "invitations", [sa.literal_column("lower(email)")], unique=False)
    op.create_index(op.f("ix_invitations_invited_by"), "invitations", ["invited_by"], unique=False)

    for statement in FUNCTIONS:
        op.execute(statement)
    op.execute(
        "CREATE TRIGGER account_lookup AFTER INSERT ON accounts FOR EACH ROW EXECUTE FUNCTION keep_account_lookup()"
    )
    op.execute(
        "CREATE TRIGGER one_pending BEFORE INSERT ON invitations FOR EACH ROW WHEN (NEW.status = 'PENDING')"
        " EXECUTE FUNCTION replace_pending_invitation()"
    )
    for function in ("keep_account_lookup()", "replace_pending_invitation()"):
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
    keep_updated_at("accounts")
    guard_sealed("accounts", "refresh_token", "access_token", "id_token")
    shown = "user_id, id, type, provider, provider_account_id, scope, created_at, updated_at"
    protect("accounts", {"cauce_user": ((f"SELECT ({shown})",), OWN)})
    protect("account_lookup", {})
    protect(
        "invitations",
        {
            "cauce_admin": (
                ("SELECT (id, email, role, status, invited_by, expires_at, accepted_at, created_at)",),
                ALL,
            )
        },
    )


def downgrade() -> None:
    op.drop_table("invitations")
    op.drop_table("account_lookup")
    op.drop_table("accounts")
    op.execute("DROP FUNCTION replace_pending_invitation()")
    op.execute("DROP FUNCTION keep_account_lookup()")
