-- One row per person with usage; for admins.
SELECT
    users.id,
    users.email
FROM public.users
WHERE users.id IN (SELECT usage.user_id FROM marts.usage_daily AS usage)
ORDER BY users.email
