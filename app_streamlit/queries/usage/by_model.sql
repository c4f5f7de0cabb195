-- One row per provider and model, the most expensive first.
SELECT
    provider,
    model,
    sum(total_cost) AS total_cost,
    sum(tokens_input)::bigint AS tokens_input,
    sum(tokens_output)::bigint AS tokens_output,
    sum(total_tokens)::bigint AS total_tokens,
    sum(events)::bigint AS events,
    sum(unknown_cost_events)::bigint AS unknown_cost_events
FROM marts.usage_daily
WHERE
    usage_date BETWEEN %(first)s AND %(last)s
    AND (%(people)s::uuid[] IS NULL OR user_id = ANY (%(people)s))
    AND (%(agents)s::uuid[] IS NULL OR agent_id = ANY (%(agents)s))
    AND (%(providers)s::text[] IS NULL OR provider = ANY (%(providers)s))
    AND (%(models)s::text[] IS NULL OR model = ANY (%(models)s))
GROUP BY provider, model
ORDER BY total_cost DESC NULLS LAST, events DESC, model
