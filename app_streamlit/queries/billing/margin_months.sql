-- One row per month: revenue, cost of models and margin in MXN, the cost in USD, calls of unknown cost, and who called;
-- the oldest first. What lacks an exchange rate is NULL.
SELECT
    month,
    CASE WHEN count(*) = count(revenue_mxn) THEN sum(revenue_mxn) END AS revenue_mxn,
    CASE WHEN count(*) = count(cost_mxn) THEN sum(cost_mxn) END AS cost_mxn,
    CASE WHEN count(*) = count(margin_mxn) THEN sum(margin_mxn) END AS margin_mxn,
    CASE WHEN count(*) = count(margin_mxn) THEN sum(margin_mxn) / nullif(sum(revenue_mxn), 0) END AS margin_rate,
    sum(cost_usd) AS cost_usd,
    sum(unknown_cost_events)::bigint AS unknown_cost_events,
    count(DISTINCT user_id) FILTER (WHERE events > 0) AS active_people
FROM marts.margin_monthly
GROUP BY month
ORDER BY month
