-- One row per month, of the people, agents and models chosen.
SELECT
    month,
    currency,
    sum(total_cost) AS total_cost,
    sum(total_tokens)::bigint AS total_tokens,
    sum(events)::bigint AS events,
    sum(unknown_cost_events)::bigint AS unknown_cost_events
FROM marts.billing_monthly
WHERE
    (%(people)s::uuid[] IS NULL OR user_id = ANY (%(people)s))
    AND (%(agents)s::uuid[] IS NULL OR agent_id = ANY (%(agents)s))
    AND (%(providers)s::text[] IS NULL OR provider = ANY (%(providers)s))
    AND (%(models)s::text[] IS NULL OR model = ANY (%(models)s))
GROUP BY month, currency
ORDER BY month
