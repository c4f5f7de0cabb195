-- One row per provider and model with usage.
SELECT DISTINCT
    provider,
    model
FROM marts.usage_daily
ORDER BY provider, model
