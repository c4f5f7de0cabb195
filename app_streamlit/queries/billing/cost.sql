-- One row per month: what models cost, in USD, and how many events have no known cost; the oldest first.
SELECT
    month,
    sum(total_cost) AS total_cost,
    sum(unknown_cost_events)::bigint AS unknown_cost_events,
    bool_or(is_published) AS is_closed
FROM marts.billing_monthly
GROUP BY month
ORDER BY month
