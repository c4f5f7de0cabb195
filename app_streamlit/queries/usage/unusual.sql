-- One row per person, day and measure that was unusually high, the newest first.
SELECT
    unusual.user_id,
    users.email,
    unusual.usage_date,
    unusual.measure,
    unusual.observed,
    unusual.expected,
    unusual.score
FROM marts.unusual_activity AS unusual
INNER JOIN public.users ON unusual.user_id = users.id
ORDER BY unusual.usage_date DESC, unusual.score DESC, users.email, unusual.measure
