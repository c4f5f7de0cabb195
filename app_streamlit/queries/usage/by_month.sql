-- One row per month.
SELECT
    month,
    currency,
    sum(total_cost) AS total_cost,
    sum(total_tokens)::bigint AS total_tokens,
    sum(events)::bigint AS events,
    sum(unknown_cost_events)::bigint AS unknown_cost_events
FROM marts.billing_monthly
GROUP BY month, currency
ORDER BY month
