"""The counters of conversations can be counted anew, and writers of one conversation do not deadlock."""

from collections.abc import Sequence
from importlib import import_module

from alembic import op

chats = import_module("migrations.versions.2026_11_22_chats")

revision: str = "conversation_counts"
down_revision: str | None = "counter_lock"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

COUNT_MESSAGES = next(function for function in chats.FUNCTIONS if "FUNCTION count_messages(" in function)
# Locked by a statement of its own: one that locks and writes looks for the row once more, by the version it knew, and may
# find somebody waiting there for the row it has locked.
COUNT_MESSAGES_APART = """
CREATE OR REPLACE FUNCTION count_messages() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  added text := 'SELECT user_id, conversation_id, 1 AS n, coalesce(tokens_input, 0) + coalesce(tokens_output, 0) AS t FROM added';
  removed text := 'SELECT user_id, conversation_id, -1 AS n, -coalesce(tokens_input, 0) - coalesce(tokens_output, 0) AS t FROM removed';
  delta text := format(
    'SELECT user_id, conversation_id, sum(n) AS n, sum(t) AS t FROM (%s) changed GROUP BY 1, 2 HAVING sum(n) <> 0 OR sum(t) <> 0',
    CASE TG_OP WHEN 'INSERT' THEN added WHEN 'DELETE' THEN removed ELSE added || ' UNION ALL ' || removed END);
BEGIN
  EXECUTE format($sql$
    SELECT FROM conversations c
    WHERE (c.user_id, c.id) IN (SELECT user_id, conversation_id FROM (%s) delta)
    ORDER BY c.user_id, c.id FOR NO KEY UPDATE
  $sql$, delta);
  EXECUTE format($sql$
    UPDATE conversations c
    SET message_count = c.message_count + delta.n, token_count = c.token_count + delta.t
    FROM (%s) delta
    WHERE c.user_id = delta.user_id AND c.id = delta.conversation_id
  $sql$, delta);
  RETURN NULL;
END $$
"""
# Locked in the order in which writers lock them; the statement after it sees what those it waited for have written.
RECOUNT_CONVERSATIONS = """
CREATE FUNCTION recount_conversations(people uuid[], conversations uuid[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  PERFORM FROM conversations c
  WHERE (c.user_id, c.id) IN (SELECT * FROM unnest(people, recount_conversations.conversations))
  ORDER BY c.user_id, c.id FOR NO KEY UPDATE;

  UPDATE conversations c
  SET message_count = counted.messages, token_count = counted.tokens
  FROM (SELECT DISTINCT * FROM unnest(people, recount_conversations.conversations)) AS named (user_id, id)
  CROSS JOIN LATERAL (
    SELECT count(*) AS messages, coalesce(sum(coalesce(m.tokens_input, 0) + coalesce(m.tokens_output, 0)), 0) AS tokens
    FROM messages m WHERE m.user_id = named.user_id AND m.conversation_id = named.id
  ) AS counted
  WHERE c.user_id = named.user_id AND c.id = named.id
    AND (c.message_count, c.token_count) IS DISTINCT FROM (counted.messages, counted.tokens);
END $$
"""


def upgrade() -> None:
    op.execute(COUNT_MESSAGES_APART)
    op.execute(RECOUNT_CONVERSATIONS)
    op.execute("REVOKE ALL ON FUNCTION recount_conversations(uuid[], uuid[]) FROM PUBLIC")


def downgrade() -> None:
    op.execute("DROP FUNCTION recount_conversations(uuid[], uuid[])")
    before = COUNT_MESSAGES.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION", 1)
    op.execute(before.replace("pg_catalog, public AS", "pg_catalog, public, pg_temp AS"))
