-- One row per person, plan, agent or model (`by`) of a month: revenue, cost and margin in MXN, the greatest cost first.
WITH plan_names AS MATERIALIZED ( -- once a plan, not once a row
    SELECT
        code,
        plan_name(code, %(language)s) AS name
    FROM public.plans
),

named AS (
    SELECT
        margin.*,
        CASE %(by)s
            WHEN 'person' THEN users.email
            WHEN 'plan' THEN plan_names.name
            WHEN 'agent' THEN agents.name
            ELSE nullif(margin.model, 'none')
        END AS name
    FROM marts.margin_monthly AS margin
    LEFT JOIN public.users ON margin.user_id = users.id
    LEFT JOIN public.agents ON margin.agent_id = agents.id
    LEFT JOIN plan_names ON margin.plan_code = plan_names.code
    WHERE margin.month = %(month)s
)

SELECT
    name,
    CASE WHEN count(*) = count(revenue_mxn) THEN sum(revenue_mxn) END AS revenue_mxn,
    CASE WHEN count(*) = count(cost_mxn) THEN sum(cost_mxn) END AS cost_mxn,
    CASE WHEN count(*) = count(margin_mxn) THEN sum(margin_mxn) END AS margin_mxn,
    CASE WHEN count(*) = count(margin_mxn) THEN sum(margin_mxn) / nullif(sum(revenue_mxn), 0) END AS margin_rate,
    sum(cost_usd) AS cost_usd,
    count(DISTINCT user_id) AS people,
    sum(events)::bigint AS events,
    sum(unknown_cost_events)::bigint AS unknown_cost_events
FROM named
GROUP BY name
ORDER BY cost_usd DESC, revenue_mxn DESC NULLS LAST, name
