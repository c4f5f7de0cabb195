-- One row per person, agent, provider, model, day or month (`by`) of the period and of what was chosen, with its share
-- of the measure; for admins. The cost in MXN follows the rate of each day; it is NULL where the rate of one is missing.
WITH narrowed AS (
    SELECT
        usage.*,
        CASE %(by)s
            WHEN 'person' THEN usage.user_id::text
            WHEN 'agent' THEN usage.agent_id::text
            WHEN 'provider' THEN usage.provider
            WHEN 'model' THEN usage.model
            WHEN 'day' THEN usage.usage_date::text
            ELSE date_trunc('month', usage.usage_date)::date::text
        END AS key
    FROM marts.usage_daily AS usage
    WHERE
        usage.usage_date BETWEEN %(first)s AND %(last)s
        AND (%(people)s::uuid[] IS NULL OR usage.user_id = ANY (%(people)s))
        AND (%(agents)s::uuid[] IS NULL OR usage.agent_id = ANY (%(agents)s))
        AND (%(providers)s::text[] IS NULL OR usage.provider = ANY (%(providers)s))
        AND (%(models)s::text[] IS NULL OR usage.model = ANY (%(models)s))
),

rates AS (
    SELECT
        days.usage_date,
        fx.rate
    FROM (SELECT DISTINCT narrowed.usage_date FROM narrowed) AS days
    LEFT JOIN LATERAL fx_rate('USD', 'MXN', days.usage_date) AS fx ON TRUE
),

summed AS (
    SELECT
        narrowed.key,
        sum(narrowed.events)::bigint AS events,
        sum(narrowed.failed_events)::bigint AS failed_events,
        sum(narrowed.tokens_input)::bigint AS tokens_input,
        sum(narrowed.tokens_output)::bigint AS tokens_output,
        sum(narrowed.tokens_cache_read)::bigint AS tokens_cache_read,
        sum(narrowed.tokens_cache_write)::bigint AS tokens_cache_write,
        sum(narrowed.tokens_reasoning)::bigint AS tokens_reasoning,
        sum(narrowed.total_tokens)::bigint AS total_tokens,
        sum(narrowed.total_cost) AS total_cost,
        CASE
            WHEN count(narrowed.total_cost) = count(narrowed.total_cost * rates.rate)
                THEN sum(narrowed.total_cost * rates.rate)
        END AS total_cost_mxn,
        sum(narrowed.unknown_cost_events)::bigint AS unknown_cost_events,
        count(DISTINCT narrowed.user_id) AS people,
        max(narrowed.usage_date) AS last_day
    FROM narrowed
    INNER JOIN rates ON narrowed.usage_date = rates.usage_date
    GROUP BY narrowed.key
),

measured AS (
    SELECT
        summed.*,
        CASE %(measure)s
            WHEN 'total_cost' THEN summed.total_cost
            WHEN 'total_tokens' THEN summed.total_tokens
            WHEN 'failed_events' THEN summed.failed_events
            WHEN 'unknown_cost_events' THEN summed.unknown_cost_events
            WHEN 'people' THEN summed.people
            ELSE summed.events
        END AS measured
    FROM summed
)

SELECT
    measured.key,
    coalesce(users.email, agents.name, measured.key) AS label,
    measured.events,
    measured.failed_events,
    measured.tokens_input,
    measured.tokens_output,
    measured.tokens_cache_read,
    measured.tokens_cache_write,
    measured.tokens_reasoning,
    measured.total_tokens,
    measured.total_cost,
    measured.total_cost_mxn,
    measured.unknown_cost_events,
    measured.people,
    measured.last_day,
    -- One person may be in several rows: people have no shares.
    CASE WHEN %(measure)s <> 'people' THEN measured.measured / nullif(sum(measured.measured) OVER (), 0) END AS share
FROM measured
LEFT JOIN public.users ON %(by)s = 'person' AND measured.key = users.id::text
LEFT JOIN public.agents ON %(by)s = 'agent' AND measured.key = agents.id::text
ORDER BY
    CASE WHEN %(by)s IN ('day', 'month') THEN measured.key END DESC,
    measured.measured DESC NULLS LAST,
    measured.events DESC,
    label
