-- Claim the identity of each event: whoever inserts its key first loads it.

-- Ids have the shape of UUIDv7: the event's millisecond, then its key. An event has the same id in every load. The later
-- steps read events alone: all but what was said is here, so that what is staged is read once.
CREATE TEMP TABLE events ON COMMIT DROP AS
SELECT
    s.record,
    s.line,
    s.event_id,
    s.source,
    s.event_key,
    s.timestamp,
    p.user_id,
    (
        lpad(to_hex((date_part('epoch', s.timestamp) * 1000)::bigint), 12, '0')
        || '7' || left(s.event_key::text, 3) || '8' || right(s.event_key::text, 12) || substr(s.event_key::text, 4, 3)
    )::uuid AS usage_id,
    coalesce(s.agent, s.source) AS agent,
    s.conversation,
    CASE
        WHEN s.conversation IS NOT NULL
            THEN md5(p.user_id::text || chr(31) || s.source || chr(31) || s.conversation)::uuid
        WHEN s.prompt IS NOT NULL OR s.completion IS NOT NULL
            THEN md5(p.user_id::text || chr(31) || s.event_key::text)::uuid
    END AS conversation_id,
    CASE
        WHEN s.completion IS NOT NULL THEN 'assistant'
        WHEN s.prompt IS NOT NULL THEN 'user'
    END AS last_role,
    s.provider,
    coalesce(s.model, 'unknown') AS model,
    s.tokens_input,
    s.tokens_output,
    s.tokens_cache_read,
    s.tokens_cache_write,
    s.tokens_reasoning,
    s.units,
    s.unpriced,
    s.cost_input,
    s.cost_output,
    s.total_cost,
    s.price_version,
    s.duration,
    s.success,
    s.error_message,
    s.content_hash
FROM staged_usage AS s
INNER JOIN event_people AS p ON coalesce(s.user_email, '') = p.user_email;

ANALYZE events (event_key, user_id);

-- Sorted, so that two loads with common events wait for each other and never block each other. What somebody had claimed
-- before, or an earlier record, is a duplicate or a conflict; what is left is new. Mostly all is, and nothing is looked for.
CREATE TEMP TABLE claims (keys bigint NOT NULL) ON COMMIT DROP;

WITH claimed AS (
    INSERT INTO usage_event_keys (event_key, user_id, usage_id, timestamp, content_hash, batch_id)
    SELECT DISTINCT ON (e.event_key)
        e.event_key,
        e.user_id,
        e.usage_id,
        e.timestamp,
        e.content_hash,
        l.batch_id
    FROM events AS e
    CROSS JOIN current_load AS l
    ORDER BY e.event_key, e.record
    ON CONFLICT (event_key) DO NOTHING
    RETURNING 1
)

INSERT INTO claims (keys)
SELECT count(*) AS keys
FROM claimed;

WITH numbered AS (
    SELECT
        e.record,
        row_number() OVER (PARTITION BY e.event_key ORDER BY e.record) AS occurrence
    FROM events AS e
    WHERE (SELECT c.keys FROM claims AS c) < (SELECT count(*) FROM events)
),

known AS (
    DELETE FROM events AS e
    USING numbered AS n, usage_event_keys AS k, current_load AS l
    WHERE
        e.record = n.record
        AND e.event_key = k.event_key
        AND (n.occurrence > 1 OR k.batch_id IS DISTINCT FROM l.batch_id)
    RETURNING e.record, e.line, e.user_id, e.content_hash = k.content_hash AS is_same
),

conflicts AS (
    INSERT INTO refused (record, line, column_name, rule, reason, user_id)
    SELECT
        k.record,
        k.line,
        'event_id' AS column_name,
        'conflict' AS rule,
        'an event with this id is already loaded with other content: undo the batch that holds it, or discard this row' AS reason,
        k.user_id
    FROM known AS k
    WHERE NOT k.is_same
)

INSERT INTO tally (outcome, records)
SELECT
    'duplicate' AS outcome,
    count(*) AS records
FROM known AS k
WHERE k.is_same;
