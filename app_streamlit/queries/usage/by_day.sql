-- One row per day with usage.
SELECT
    usage_date,
    sum(total_cost) AS total_cost,
    sum(total_tokens)::bigint AS total_tokens,
    sum(events)::bigint AS events,
    sum(failed_events)::bigint AS failed_events,
    sum(unknown_cost_events)::bigint AS unknown_cost_events,
    count(DISTINCT user_id) AS people
FROM marts.usage_daily
WHERE
    usage_date BETWEEN %(first)s AND %(last)s
    AND (%(people)s::uuid[] IS NULL OR user_id = ANY (%(people)s))
    AND (%(agents)s::uuid[] IS NULL OR agent_id = ANY (%(agents)s))
    AND (%(providers)s::text[] IS NULL OR provider = ANY (%(providers)s))
    AND (%(models)s::text[] IS NULL OR model = ANY (%(models)s))
GROUP BY usage_date
ORDER BY usage_date
