-- One row per provider and month of which a report was loaded, the latest first.
SELECT DISTINCT
    provider,
    date_trunc('month', usage_date::timestamp)::date AS month
FROM marts.reconciliation_daily
ORDER BY month DESC, provider
