-- One row per budget whose period covers a day.
SELECT
    budget_id,
    name,
    category,
    period,
    period_start,
    period_end,
    currency,
    budgeted,
    spent,
    remaining,
    used_ratio,
    status
FROM marts.budget_status
WHERE %(day)s BETWEEN period_start AND period_end
ORDER BY used_ratio DESC NULLS LAST, name
