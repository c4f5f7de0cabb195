"""Tickets and their messages."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.policies import ALL, OWN, READ, keep_updated_at, protect

revision: str = "support"
down_revision: str | None = "storage"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

FUNCTIONS = {
    # Six digits, and as many more as it takes.
    "number_ticket()": """
CREATE FUNCTION number_ticket() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
  number text := nextval('support_ticket_numbers');
BEGIN
  NEW.ticket_number := 'TICK-' || lpad(number, greatest(length(number), 6), '0');
  RETURN NEW;
END $$
""",
    "keep_ticket_lookup()": """
CREATE FUNCTION keep_ticket_lookup() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
  DELETE FROM support_ticket_lookup WHERE user_id = NEW.user_id AND ticket_id = NEW.id;
  INSERT INTO support_ticket_lookup (ticket_number, user_id, ticket_id) VALUES (NEW.ticket_number, NEW.user_id, NEW.id);
  RETURN NULL;
END $$
""",
}
TRIGGERS = [
    """
CREATE TRIGGER ticket_number BEFORE INSERT ON support_tickets
FOR EACH ROW WHEN (NEW.ticket_number IS NULL) EXECUTE FUNCTION number_ticket()
""",
    """
CREATE TRIGGER ticket_lookup AFTER INSERT OR UPDATE OF ticket_number ON support_tickets
FOR EACH ROW EXECUTE FUNCTION keep_ticket_lookup()
""",
]


def upgrade() -> None:
    op.create_table(
        "support_tickets",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("ticket_number", sa.String(length=50), nullable=False),
        sa.Column("title", sa.String(length=500), nullable=False),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("category", sa.String(length=50), nullable=False),
        sa.Column("priority", sa.String(length=50), server_default=sa.text("'MEDIUM'"), nullable=False),
        sa.Column("status", sa.String(length=50), server_default=sa.text("'OPEN'"), nullable=False),
        sa.Column("assigned_to_id", sa.Uuid(), nullable=True),
        sa.Column("ai_suggestion", sa.String(), nullable=True),
        sa.Column("ai_resolved", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("metadata", postgresql.JSONB(), nullable=True),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "(status IN ('CLOSED', 'CANCELLED')) = (closed_at IS NOT NULL)", name=op.f("ck_support_tickets_closed_at")
        ),
        sa.CheckConstraint(
            "CASE status WHEN 'RESOLVED' THEN resolved_at IS NOT NULL WHEN 'CLOSED' THEN true ELSE resolved_at IS NULL END",
            name=op.f("ck_support_tickets_resolved_at"),
        ),
        sa.CheckConstraint(
            "category IN ('BUG', 'FEATURE', 'QUESTION', 'ACCOUNT', 'BILLING', 'PERFORMANCE', 'OTHER')",
            name=op.f("ck_support_tickets_category"),
        ),
        sa.CheckConstraint("priority IN ('LOW', 'MEDIUM', 'HIGH', 'URGENT')", name=op.f("ck_support_tickets_priority")),
        sa.CheckConstraint(
            "status IN ('OPEN', 'IN_PROGRESS', 'WAITING_USER', 'RESOLVED', 'CLOSED', 'CANCELLED')",
            name=op.f("ck_support_tickets_status"),
        ),
        sa.CheckConstraint("ticket_number ~ '^TICK-[0-9]{6,}$'", name=op.f("ck_support_tickets_ticket_number")),
        sa.CheckConstraint("title <> '' AND description <> ''", name=op.f("ck_support_tickets_title")),
        sa.CheckConstraint("NOT ai_resolved OR resolved_at IS NOT NULL", name=op.f("ck_support_tickets_ai_resolved")),
        sa.CheckConstraint(
            "resolved_at >= created_at AND closed_at >= coalesce(resolved_at, created_at)",
            name=op.f("ck_support_tickets_times"),
        ),
        sa.ForeignKeyConstraint(
            ["assigned_to_id"], ["users.id"], name=op.f("fk_support_tickets_assigned_to_id_users"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_support_tickets_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "id", name=op.f("pk_support_tickets")),
    )
    op.create_index(op.f("ix_support_tickets_assigned_to_id"), "support_tickets", ["assigned_to_id"], unique=False)
    op.create_index(
        op.f("ix_support_tickets_created_at"),
        "support_tickets",
        ["created_at"],
        unique=False,
        postgresql_where=sa.text("status IN ('OPEN', 'IN_PROGRESS')"),
    )
    op.create_table(
        "support_ticket_lookup",
        sa.Column("ticket_number", sa.String(length=50), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id", "ticket_id"],
            ["support_tickets.user_id", "support_tickets.id"],
            name=op.f("fk_support_ticket_lookup_user_id_ticket_id_support_tickets"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("ticket_number", name=op.f("pk_support_ticket_lookup")),
        sa.UniqueConstraint("user_id", "ticket_id", name=op.f("uq_support_ticket_lookup_user_id_ticket_id")),
    )
    op.create_table(
        "support_messages",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("content", sa.String(), nullable=False),
        sa.Column("is_staff", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("is_ai", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=True),
        sa.Column("attachments", postgresql.JSONB(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("content <> ''", name=op.f("ck_support_messages_content")),
        sa.CheckConstraint("jsonb_typeof(attachments) = 'array'", name=op.f("ck_support_messages_attachments")),
        sa.CheckConstraint("NOT (is_ai AND is_staff)", name=op.f("ck_support_messages_kind")),
        sa.CheckConstraint(
            "CASE WHEN is_ai THEN author_id IS NULL ELSE is_staff OR author_id IS NOT NULL END",
            name=op.f("ck_support_messages_author_id"),
        ),
        sa.CheckConstraint("is_staff OR is_ai OR author_id = user_id", name=op.f("ck_support_messages_person")),
        sa.ForeignKeyConstraint(
            ["user_id", "ticket_id"],
            ["support_tickets.user_id", "support_tickets.id"],
            name=op.f("fk_support_messages_user_id_ticket_id_support_tickets"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_support_messages_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "id", name=op.f("pk_support_messages")),
    )
    op.create_index(
        op.f("ix_support_messages_author_id"),
        "support_messages",
        ["author_id"],
        unique=False,
        postgresql_where=sa.text("is_staff"),
    )
    op.create_index(
        op.f("ix_support_messages_user_id_ticket_id_id"),
        "support_messages",
        ["user_id", "ticket_id", "id"],
        unique=False,
    )

    op.execute("CREATE SEQUENCE support_ticket_numbers")
    for statement in (*FUNCTIONS.values(), *TRIGGERS):
        op.execute(statement)
    for function in FUNCTIONS:
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
    keep_updated_at("support_tickets")
    handled = "category, priority, status, assigned_to_id, ai_suggestion, ai_resolved, resolved_at, closed_at"
    protect(
        "support_tickets",
        {
            "cauce_user": (("SELECT", "INSERT (user_id, title, description, category, metadata)"), OWN),
            "cauce_admin": (("SELECT", f"UPDATE ({handled})"), ALL),
        },
    )
    protect("support_ticket_lookup", {"cauce_admin": (READ, ALL)})
    protect(
        "support_messages",
        {
            # No column says that it is staff's or the AI's: what a person writes is their own.
            "cauce_user": (("SELECT", "INSERT (user_id, ticket_id, content, author_id, attachments)"), OWN),
            "cauce_admin": (("SELECT", "INSERT"), ALL),
        },
    )
    op.execute("ALTER POLICY admin_insert ON support_messages WITH CHECK (is_staff OR is_ai)")


def downgrade() -> None:
    op.drop_table("support_messages")
    op.drop_table("support_ticket_lookup")
    op.drop_table("support_tickets")
    op.execute("DROP SEQUENCE support_ticket_numbers")
    for function in reversed(FUNCTIONS):
        op.execute(f"DROP FUNCTION {function}")
