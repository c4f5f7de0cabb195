-- One row per person, the most expensive first; for admins.
SELECT
    users.email,
    coalesce(users.display_name, users.name, '') AS name,
    sum(usage.total_cost) AS total_cost,
    sum(usage.total_tokens)::bigint AS total_tokens,
    sum(usage.events)::bigint AS events,
    sum(usage.unknown_cost_events)::bigint AS unknown_cost_events,
    max(usage.usage_date) AS last_day
FROM marts.usage_daily AS usage
INNER JOIN public.users ON usage.user_id = users.id
WHERE
    usage.usage_date BETWEEN %(first)s AND %(last)s
    AND (%(people)s::uuid[] IS NULL OR usage.user_id = ANY (%(people)s))
    AND (%(agents)s::uuid[] IS NULL OR usage.agent_id = ANY (%(agents)s))
    AND (%(models)s::text[] IS NULL OR usage.model = ANY (%(models)s))
GROUP BY users.email, users.display_name, users.name
ORDER BY total_cost DESC NULLS LAST, events DESC, email
