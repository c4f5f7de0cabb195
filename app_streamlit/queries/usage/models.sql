-- One row per model with usage.
SELECT DISTINCT model
FROM marts.usage_daily
ORDER BY model
