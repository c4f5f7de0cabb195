-- One row per plan: what it includes now and who is on it now; the one with most people first.
SELECT
    plans.code,
    plan_name(plans.code, %(language)s) AS name,
    plans.is_active,
    count(people.user_id) AS people,
    count(people.user_id) FILTER (WHERE people.custom_limits IS NOT NULL) AS people_with_limits,
    limits.included_messages,
    limits.included_tokens,
    limits.overage_currency,
    limits.overage_message_price,
    limits.overage_token_price * 1000000 AS overage_million_price
FROM public.plans
LEFT JOIN public.plan_limits AS limits
    ON plans.code = limits.plan_code AND daterange(limits.valid_from, limits.valid_to) @> %(today)s::date
LEFT JOIN public.subscriptions AS people
    ON plans.code = people.plan_code AND tstzrange(people.valid_from, people.valid_to) @> now()
GROUP BY plans.code, limits.id
ORDER BY people DESC, plans.code
