-- One row per agent, the most expensive first.
SELECT
    agents.name AS agent,
    sum(usage.total_cost) AS total_cost,
    sum(usage.total_tokens)::bigint AS total_tokens,
    sum(usage.events)::bigint AS events,
    sum(usage.unknown_cost_events)::bigint AS unknown_cost_events
FROM marts.usage_daily AS usage
INNER JOIN public.agents ON usage.agent_id = agents.id
WHERE
    usage.usage_date BETWEEN %(first)s AND %(last)s
    AND (%(people)s::uuid[] IS NULL OR usage.user_id = ANY (%(people)s))
    AND (%(agents)s::uuid[] IS NULL OR usage.agent_id = ANY (%(agents)s))
    AND (%(providers)s::text[] IS NULL OR usage.provider = ANY (%(providers)s))
    AND (%(models)s::text[] IS NULL OR usage.model = ANY (%(models)s))
GROUP BY agents.name
ORDER BY total_cost DESC NULLS LAST, events DESC, agent
