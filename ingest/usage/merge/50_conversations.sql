-- The conversations that new events belong to; one starts with its earliest event, whatever order files come in.

CREATE TEMP TABLE event_conversations ON COMMIT DROP AS
SELECT DISTINCT ON (e.user_id, e.conversation_id)
    e.user_id,
    e.conversation_id,
    a.agent_id,
    coalesce(e.conversation, e.event_id) AS title,
    e.timestamp AS created_at,
    max(e.timestamp) OVER (PARTITION BY e.user_id, e.conversation_id) AS last_activity
FROM events AS e
INNER JOIN event_agents AS a ON e.agent = a.agent
WHERE e.conversation_id IS NOT NULL
ORDER BY e.user_id, e.conversation_id, e.timestamp, e.event_key;

INSERT INTO chat_sessions (user_id, id, title, created_at, last_activity)
SELECT
    c.user_id,
    c.conversation_id,
    c.title,
    c.created_at,
    c.last_activity
FROM event_conversations AS c
ORDER BY c.user_id, c.conversation_id
ON CONFLICT (user_id, id) DO UPDATE
SET
    created_at = least(chat_sessions.created_at, excluded.created_at),
    last_activity = greatest(chat_sessions.last_activity, excluded.last_activity)
WHERE
    excluded.created_at < chat_sessions.created_at
    OR excluded.last_activity > chat_sessions.last_activity;

INSERT INTO conversations (user_id, id, chat_session_id, agent_id, title, created_at, updated_at, batch_id)
SELECT
    c.user_id,
    c.conversation_id,
    c.conversation_id AS chat_session_id,
    c.agent_id,
    c.title,
    c.created_at,
    c.last_activity,
    l.batch_id
FROM event_conversations AS c
CROSS JOIN current_load AS l
ORDER BY c.user_id, c.conversation_id
ON CONFLICT (user_id, id) DO UPDATE
SET
    created_at = excluded.created_at,
    agent_id = excluded.agent_id
WHERE excluded.created_at < conversations.created_at;
