-- One row per limit that somebody has now in place of the plan's; NULL is no limit; for admins.
SELECT
    users.email,
    plan_name(people.plan_code, %(language)s) AS plan,
    own.metric,
    own.amount::bigint AS amount,
    CASE own.metric
        WHEN 'messages' THEN limits.included_messages
        WHEN 'tokens' THEN limits.included_tokens
        ELSE limits.included_storage
    END AS plan_amount,
    people.valid_from
FROM public.subscriptions AS people
CROSS JOIN LATERAL jsonb_each_text(people.custom_limits) AS own (metric, amount)
INNER JOIN public.users ON people.user_id = users.id
LEFT JOIN public.plan_limits AS limits
    ON people.plan_code = limits.plan_code AND daterange(limits.valid_from, limits.valid_to) @> %(today)s::date
WHERE tstzrange(people.valid_from, people.valid_to) @> now()
ORDER BY users.email, own.metric
