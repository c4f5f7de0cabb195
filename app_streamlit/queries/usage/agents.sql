-- One row per agent with usage.
SELECT
    agents.id,
    agents.name
FROM public.agents
WHERE agents.id IN (SELECT usage.agent_id FROM marts.usage_daily AS usage)
ORDER BY agents.name
