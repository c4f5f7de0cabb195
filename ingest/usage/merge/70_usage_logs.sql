-- The new events themselves, on the day that it was for the person.

-- Which zone each person was in, from when until when.
CREATE TEMP TABLE event_zones ON COMMIT DROP AS
SELECT
    z.user_id,
    z.timezone,
    z.valid_from,
    coalesce(lead(z.valid_from) OVER (PARTITION BY z.user_id ORDER BY z.valid_from), 'infinity') AS valid_to
FROM user_timezones AS z
WHERE z.user_id IN (SELECT e.user_id FROM events AS e);

ANALYZE event_zones;

WITH inserted AS (
    INSERT INTO usage_logs (
        user_id, id, timestamp, agent_id, conversation_id, message_id, source, event_id, provider, model,
        tokens_input, tokens_output, total_tokens, tokens_cache_read, tokens_cache_write, tokens_reasoning, units,
        cost_input, cost_output, total_cost, price_version, duration, success, error_message, local_date, batch_id,
        unpriced
    )
    SELECT
        e.user_id,
        e.usage_id,
        e.timestamp,
        a.agent_id,
        e.conversation_id,
        md5(e.usage_id::text || e.last_role)::uuid AS message_id,
        e.source,
        e.event_id,
        e.provider,
        e.model,
        e.tokens_input,
        e.tokens_output,
        e.tokens_input + e.tokens_output AS total_tokens,
        e.tokens_cache_read,
        e.tokens_cache_write,
        e.tokens_reasoning,
        e.units,
        e.cost_input,
        e.cost_output,
        e.total_cost,
        e.price_version,
        e.duration,
        e.success,
        e.error_message,
        (e.timestamp AT TIME ZONE z.timezone)::date AS local_date,
        l.batch_id,
        e.unpriced
    FROM events AS e
    INNER JOIN event_agents AS a ON e.agent = a.agent
    INNER JOIN event_zones AS z ON e.user_id = z.user_id AND e.timestamp >= z.valid_from AND e.timestamp < z.valid_to
    CROSS JOIN current_load AS l
    ORDER BY e.user_id, e.timestamp
    RETURNING 1
)

INSERT INTO tally (outcome, records)
SELECT
    'loaded' AS outcome,
    count(*) AS records
FROM inserted;
