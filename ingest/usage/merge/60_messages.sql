-- What was said: the prompt and the completion of each new event that carries them.
INSERT INTO messages (
    user_id, id, timestamp, conversation_id, position, role, content, tokens_input, tokens_output, batch_id
)
SELECT
    e.user_id,
    md5(e.usage_id::text || said.role)::uuid AS id,
    e.timestamp,
    e.conversation_id,
    said.position,
    said.role,
    said.content,
    CASE WHEN said.position = 0 AND s.tokens_input < 2147483648 THEN s.tokens_input END AS tokens_input,
    CASE WHEN said.position = 1 AND s.tokens_output < 2147483648 THEN s.tokens_output END AS tokens_output,
    l.batch_id
FROM events AS e
INNER JOIN staged_usage AS s ON e.record = s.record
CROSS JOIN LATERAL (VALUES (0, 'user', s.prompt), (1, 'assistant', s.completion)) AS said (position, role, content)
CROSS JOIN current_load AS l
WHERE e.last_role IS NOT NULL AND said.content IS NOT NULL
ORDER BY e.user_id, e.conversation_id, e.timestamp, said.position;
