-- What the ledger says of every day up to the end of the last month that closes now, less what was published of it
-- before, where they differ. A day of a month that closes now is published with that month; of an older day the difference
-- is an adjustment, published with the first month that closes now. One statement, and so one moment of the ledger and of
-- what was published: an event that it does not see yet makes a difference at the next closing.
WITH ledger AS (
    SELECT
        u.user_id,
        u.local_date,
        u.agent_id,
        coalesce(u.provider, 'unknown') AS provider,
        u.model,
        count(*) AS events,
        count(*) FILTER (WHERE NOT u.success) AS failed_events,
        count(*) FILTER (WHERE u.total_cost IS NULL) AS unknown_cost_events,
        sum(u.tokens_input) AS tokens_input,
        sum(u.tokens_output) AS tokens_output,
        sum(u.tokens_cache_read) AS tokens_cache_read,
        sum(u.tokens_cache_write) AS tokens_cache_write,
        sum(u.tokens_reasoning) AS tokens_reasoning,
        coalesce(sum(u.total_cost), 0) AS total_cost
    FROM usage_logs AS u
    WHERE
        u.local_date < %(through)s::date + interval '1 month'
        -- No day begins earlier than this for anybody; later partitions are not read.
        AND u.timestamp < %(through)s::date::timestamp AT TIME ZONE 'UTC' + interval '1 month 1 day'
    GROUP BY u.user_id, u.local_date, u.agent_id, coalesce(u.provider, 'unknown'), u.model
    UNION ALL
    SELECT
        a.user_id,
        a.local_date,
        a.agent_id,
        a.provider,
        a.model,
        a.events,
        a.failed_events,
        a.unknown_cost_events,
        a.tokens_input,
        a.tokens_output,
        a.tokens_cache_read,
        a.tokens_cache_write,
        a.tokens_reasoning,
        coalesce(a.total_cost, 0) AS total_cost
    FROM archived_usage_daily AS a
    WHERE a.local_date < %(through)s::date + interval '1 month'
    UNION ALL
    SELECT
        p.user_id,
        p.local_date,
        p.agent_id,
        p.provider,
        p.model,
        -p.events AS events,
        -p.failed_events AS failed_events,
        -p.unknown_cost_events AS unknown_cost_events,
        -p.tokens_input AS tokens_input,
        -p.tokens_output AS tokens_output,
        -p.tokens_cache_read AS tokens_cache_read,
        -p.tokens_cache_write AS tokens_cache_write,
        -p.tokens_reasoning AS tokens_reasoning,
        -coalesce(p.total_cost, 0) AS total_cost
    FROM published_usage AS p
),

unpublished AS (
    SELECT
        l.user_id,
        l.local_date,
        l.agent_id,
        l.provider,
        l.model,
        sum(l.events) AS events,
        sum(l.failed_events) AS failed_events,
        sum(l.unknown_cost_events) AS unknown_cost_events,
        sum(l.tokens_input) AS tokens_input,
        sum(l.tokens_output) AS tokens_output,
        sum(l.tokens_cache_read) AS tokens_cache_read,
        sum(l.tokens_cache_write) AS tokens_cache_write,
        sum(l.tokens_reasoning) AS tokens_reasoning,
        sum(l.total_cost) AS total_cost
    FROM ledger AS l
    GROUP BY l.user_id, l.local_date, l.agent_id, l.provider, l.model
)

INSERT INTO published_usage (
    user_id, posted_month, local_date, agent_id, provider, model, events, failed_events, unknown_cost_events,
    tokens_input, tokens_output, tokens_cache_read, tokens_cache_write, tokens_reasoning, total_tokens, total_cost
)
SELECT
    d.user_id,
    greatest(date_trunc('month', d.local_date::timestamp)::date, %(first)s::date) AS posted_month,
    d.local_date,
    d.agent_id,
    d.provider,
    d.model,
    d.events,
    d.failed_events,
    d.unknown_cost_events,
    d.tokens_input,
    d.tokens_output,
    d.tokens_cache_read,
    d.tokens_cache_write,
    d.tokens_reasoning,
    d.tokens_input + d.tokens_output AS total_tokens,
    -- Where nothing but calls of unknown cost came or went, the cost is unknown, and not 0.
    CASE WHEN d.total_cost <> 0 OR d.events = 0 OR d.unknown_cost_events <> d.events THEN d.total_cost END AS total_cost
FROM unpublished AS d
WHERE
    (
        d.events, d.failed_events, d.unknown_cost_events, d.tokens_input, d.tokens_output, d.tokens_cache_read,
        d.tokens_cache_write, d.tokens_reasoning, d.total_cost
    ) <> (0, 0, 0, 0, 0, 0, 0, 0, 0)
ORDER BY d.user_id, posted_month, d.local_date
