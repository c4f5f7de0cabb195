-- Take back the events of a batch with what was said in them. Conversations that are left empty go; people and agents
-- stay. What a batch brought of reports goes, too.

-- Events that it took back are there again as they were, those of its own aside.
SELECT ensure_month_partitions(of.month, of.month)
FROM (
    SELECT DISTINCT date_trunc('month', r.timestamp, 'UTC') AS month
    FROM usage_reversals AS r
    INNER JOIN current_load AS l ON r.reversal_batch_id = l.batch_id
) AS of;

WITH returned AS (
    DELETE FROM usage_reversals AS r
    USING current_load AS l
    WHERE l.batch_id IN (r.reversal_batch_id, r.batch_id)
    RETURNING r.user_id, r.call, r.batch_id IS DISTINCT FROM l.batch_id AS is_anothers
),

inserted AS (
    INSERT INTO usage_logs
    SELECT call.*
    FROM returned AS r
    CROSS JOIN LATERAL (SELECT (r.call ->> 'conversation_id')::uuid AS id) AS said
    CROSS JOIN LATERAL
        jsonb_populate_record(
            NULL::usage_logs,
            r.call || CASE
                WHEN EXISTS (SELECT FROM conversations AS c WHERE c.user_id = r.user_id AND c.id = said.id) THEN '{}'
                ELSE '{"conversation_id": null}'
            END::jsonb
        ) AS call
    WHERE r.is_anothers
    ORDER BY r.user_id
    RETURNING 1
)

INSERT INTO tally (outcome, records)
SELECT
    'removed' AS outcome,
    count(*) AS records
FROM returned;

CREATE TEMP TABLE touched_conversations ON COMMIT DROP AS
SELECT DISTINCT
    u.user_id,
    u.conversation_id
FROM usage_logs AS u
INNER JOIN current_load AS l ON u.batch_id = l.batch_id
WHERE u.conversation_id IS NOT NULL;

DELETE FROM usage_event_keys AS k
USING current_load AS l
WHERE k.batch_id = l.batch_id;

DELETE FROM messages AS m
USING current_load AS l, touched_conversations AS t
WHERE m.user_id = t.user_id AND m.conversation_id = t.conversation_id AND m.batch_id = l.batch_id;

WITH removed AS (
    DELETE FROM usage_logs AS u
    USING current_load AS l
    WHERE u.batch_id = l.batch_id
    RETURNING 1
)

INSERT INTO tally (outcome, records)
SELECT
    'removed' AS outcome,
    count(*) AS records
FROM removed;

WITH removed AS (
    DELETE FROM provider_reports AS r
    USING current_load AS l
    WHERE r.batch_id = l.batch_id
    RETURNING 1
)

INSERT INTO tally (outcome, records)
SELECT
    'removed' AS outcome,
    count(*) AS records
FROM removed;

-- A conversation from a file has a session of its own with the same id.
DELETE FROM chat_sessions AS s
USING touched_conversations AS t
WHERE
    s.user_id = t.user_id
    AND s.id = t.conversation_id
    AND NOT EXISTS (
        SELECT FROM usage_logs AS u
        WHERE u.user_id = t.user_id AND u.conversation_id = t.conversation_id
    )
    AND NOT EXISTS (
        SELECT FROM messages AS m
        WHERE m.user_id = t.user_id AND m.conversation_id = t.conversation_id
    );

WITH removed AS (
    DELETE FROM fx_rates AS f
    USING current_load AS l
    WHERE f.batch_id = l.batch_id
    RETURNING 1
)

INSERT INTO tally (outcome, records)
SELECT
    'removed' AS outcome,
    count(*) AS records
FROM removed;
