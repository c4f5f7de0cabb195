"""Chat sessions, conversations and messages."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.policies import ALL, OWN, READ, WRITE, keep_updated_at, protect

revision: str = "chats"
down_revision: str | None = "agents"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

FUNCTIONS = [
    # Month partitions (UTC) of every table partitioned by `timestamp`, for all months from `first` to `last`. A partition has
    # forced row security and no policy, so that nobody reads around the policies of its parent.
    """
CREATE FUNCTION ensure_month_partitions(first timestamptz, last timestamptz) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public SET timezone = 'UTC' AS $$
DECLARE
  parent text;
  month timestamptz;
  partition text;
  made integer := 0;
BEGIN
  IF last - first > interval '60 years' THEN
    RAISE EXCEPTION 'months from % to % are too many', first, last USING ERRCODE = '22023';
  END IF;
  FOR parent IN
    SELECT c.relname FROM pg_partitioned_table p JOIN pg_class c ON c.oid = p.partrelid
    WHERE c.relnamespace = 'public'::regnamespace ORDER BY c.relname
  LOOP
    month := date_trunc('month', first);
    WHILE month <= last LOOP
      partition := format('%s_y%sm%s', parent, to_char(month, 'YYYY'), to_char(month, 'MM'));
      IF to_regclass('public.' || quote_ident(partition)) IS NULL THEN
        -- One maker at a time; the second finds it made.
        PERFORM pg_advisory_xact_lock(hashtextextended('cauce:partitions', 0));
        -- A query sees what the other one committed; to_regclass() may still remember that there was none.
        IF NOT EXISTS (SELECT FROM pg_class WHERE relname = partition AND relnamespace = 'public'::regnamespace) THEN
          EXECUTE format(
            'CREATE TABLE public.%I PARTITION OF public.%I FOR VALUES FROM (%L) TO (%L)',
            partition, parent, month, month + interval '1 month');
          EXECUTE format('ALTER TABLE public.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', partition);
          made := made + 1;
        END IF;
      END IF;
      month := month + interval '1 month';
    END LOOP;
  END LOOP;
  RETURN made;
END $$
""",
    # A conversation's counters, once per statement and in the order of the key, so that writers cannot deadlock.
    """
CREATE FUNCTION count_messages() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
  added text := 'SELECT user_id, conversation_id, 1 AS n, coalesce(tokens_input, 0) + coalesce(tokens_output, 0) AS t FROM added';
  removed text := 'SELECT user_id, conversation_id, -1 AS n, -coalesce(tokens_input, 0) - coalesce(tokens_output, 0) AS t FROM removed';
  changes text := CASE TG_OP
    WHEN 'INSERT' THEN added WHEN 'DELETE' THEN removed ELSE added || ' UNION ALL ' || removed END;
BEGIN
  EXECUTE format($sql$
    WITH delta AS MATERIALIZED (
      SELECT user_id, conversation_id, sum(n) AS n, sum(t) AS t FROM (%s) changed
      GROUP BY 1, 2 HAVING sum(n) <> 0 OR sum(t) <> 0
    ),
    locked AS MATERIALIZED (
      SELECT c.user_id, c.id FROM conversations c
      WHERE (c.user_id, c.id) IN (SELECT user_id, conversation_id FROM delta)
      ORDER BY c.user_id, c.id FOR NO KEY UPDATE
    )
    UPDATE conversations c
    SET message_count = c.message_count + delta.n, token_count = c.token_count + delta.t
    FROM locked JOIN delta ON delta.user_id = locked.user_id AND delta.conversation_id = locked.id
    WHERE c.user_id = locked.user_id AND c.id = locked.id
  $sql$, changes);
  RETURN NULL;
END $$
""",
    """
CREATE TRIGGER count_inserted AFTER INSERT ON messages REFERENCING NEW TABLE AS added
FOR EACH STATEMENT EXECUTE FUNCTION count_messages()
""",
    """
CREATE TRIGGER count_updated AFTER UPDATE ON messages REFERENCING NEW TABLE AS added OLD TABLE AS removed
FOR EACH STATEMENT EXECUTE FUNCTION count_messages()
""",
    """
CREATE TRIGGER count_deleted AFTER DELETE ON messages REFERENCING OLD TABLE AS removed
FOR EACH STATEMENT EXECUTE FUNCTION count_messages()
""",
]


def upgrade() -> None:
    op.create_table(
        "chat_sessions",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("title", sa.String(length=500), nullable=True),
        sa.Column("last_activity", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("metadata", postgresql.JSONB(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_chat_sessions_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "id", name=op.f("pk_chat_sessions")),
    )
    op.create_table(
        "conversations",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("chat_session_id", sa.Uuid(), nullable=False),
        sa.Column("agent_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.String(length=500), nullable=False),
        sa.Column("summary", sa.String(), nullable=True),
        sa.Column("message_count", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("token_count", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("message_count >= 0 AND token_count >= 0", name=op.f("ck_conversations_counts")),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["agents.id"], name=op.f("fk_conversations_agent_id_agents"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["user_id", "chat_session_id"],
            ["chat_sessions.user_id", "chat_sessions.id"],
            name=op.f("fk_conversations_user_id_chat_session_id_chat_sessions"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_conversations_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "id", name=op.f("pk_conversations")),
        postgresql_with={"fillfactor": 80},
    )
    op.create_index(op.f("ix_conversations_agent_id"), "conversations", ["agent_id"], unique=False)
    op.create_index(op.f("ix_conversations_user_id_agent_id"), "conversations", ["user_id", "agent_id"], unique=False)
    op.create_index(
        op.f("ix_conversations_user_id_chat_session_id"), "conversations", ["user_id", "chat_session_id"], unique=False
    )
    op.create_table(
        "messages",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("timestamp", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("role", sa.String(length=50), nullable=False),
        sa.Column("content", sa.String(), nullable=False),
        sa.Column("tokens_input", sa.Integer(), nullable=True),
        sa.Column("tokens_output", sa.Integer(), nullable=True),
        sa.Column("metadata", postgresql.JSONB(), nullable=True),
        sa.Column("batch_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("role IN ('user', 'assistant', 'system')", name=op.f("ck_messages_role")),
        sa.CheckConstraint("tokens_input >= 0 AND tokens_output >= 0", name=op.f("ck_messages_tokens")),
        sa.ForeignKeyConstraint(
            ["user_id", "conversation_id"],
            ["conversations.user_id", "conversations.id"],
            name=op.f("fk_messages_user_id_conversation_id_conversations"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_messages_user_id_users"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "id", "timestamp", name=op.f("pk_messages")),
        postgresql_partition_by="RANGE (timestamp)",
    )
    op.create_index(
        op.f("ix_messages_user_id_conversation_id_timestamp_position"),
        "messages",
        ["user_id", "conversation_id", "timestamp", "position"],
        unique=False,
    )

    keep_updated_at("conversations")
    protect("chat_sessions", {"cauce_user": (READ, OWN), "cauce_ingest": (WRITE, ALL)})
    protect(
        "conversations",
        {
            "cauce_user": (READ, OWN),
            "cauce_ingest": (WRITE, ALL),
            "cauce_transform": (("SELECT (user_id, id, agent_id, message_count, token_count, created_at)",), ALL),
        },
    )
    # What people say is read by nobody but themselves: no admin, no analyst, no warehouse.
    protect("messages", {"cauce_user": (READ, OWN), "cauce_ingest": (WRITE, ALL)})
    for statement in FUNCTIONS:
        op.execute(statement)
    op.execute("REVOKE ALL ON FUNCTION ensure_month_partitions(timestamptz, timestamptz) FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION ensure_month_partitions(timestamptz, timestamptz) TO cauce_ingest")
    op.execute("REVOKE ALL ON FUNCTION count_messages() FROM PUBLIC")


def downgrade() -> None:
    op.drop_table("messages")
    op.drop_table("conversations")
    op.drop_table("chat_sessions")
    # ### end Alembic commands ###

    op.execute("DROP FUNCTION ensure_month_partitions(timestamptz, timestamptz)")
    op.execute("DROP FUNCTION count_messages() CASCADE")
