-- One row: usage of a period. The cost is NULL when none is known.
SELECT
    sum(total_cost) AS total_cost,
    coalesce(sum(total_tokens), 0)::bigint AS total_tokens,
    coalesce(sum(events), 0)::bigint AS events,
    coalesce(sum(failed_events), 0)::bigint AS failed_events,
    coalesce(sum(unknown_cost_events), 0)::bigint AS unknown_cost_events,
    count(DISTINCT user_id) AS people
FROM marts.usage_daily
WHERE
    usage_date BETWEEN %(first)s AND %(last)s
    AND (%(people)s::uuid[] IS NULL OR user_id = ANY (%(people)s))
    AND (%(agents)s::uuid[] IS NULL OR agent_id = ANY (%(agents)s))
    AND (%(providers)s::text[] IS NULL OR provider = ANY (%(providers)s))
    AND (%(models)s::text[] IS NULL OR model = ANY (%(models)s))
