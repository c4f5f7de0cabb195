-- One row: the first and the last day with usage.
SELECT
    min(usage_date) AS first_day,
    max(usage_date) AS last_day
FROM marts.usage_daily
