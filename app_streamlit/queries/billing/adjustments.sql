-- One row per person, month it is billed with, month it is about, agent and model: what changed of a month after it was
-- closed; the latest first; for admins.
SELECT
    adjusted.month,
    users.email,
    adjusted.applies_to,
    agents.name AS agent,
    adjusted.model,
    adjusted.events,
    adjusted.total_tokens,
    adjusted.total_cost,
    adjusted.unknown_cost_events
FROM marts.billing_monthly AS adjusted
INNER JOIN public.users ON adjusted.user_id = users.id
INNER JOIN public.agents ON adjusted.agent_id = agents.id
WHERE adjusted.is_adjustment
ORDER BY adjusted.month DESC, adjusted.applies_to DESC, users.email, agents.name, adjusted.model
