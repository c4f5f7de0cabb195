-- One row per version of what a plan includes a month and what more costs, the smallest plan first and its newest version.
SELECT
    plan_name(plans.code, %(language)s) AS name,
    limits.included_messages,
    limits.included_tokens,
    limits.included_storage,
    limits.max_file_size,
    limits.max_files,
    limits.overage_currency,
    limits.overage_message_price,
    limits.overage_token_price * 1000000 AS overage_million_price,
    limits.valid_from,
    limits.valid_to,
    CASE
        WHEN limits.valid_to <= %(today)s THEN 'past'
        WHEN limits.valid_from > %(today)s THEN 'coming'
        ELSE 'now'
    END AS state
FROM public.plan_limits AS limits
INNER JOIN public.plans ON limits.plan_code = plans.code
ORDER BY
    min(limits.included_messages) OVER (PARTITION BY limits.plan_code) NULLS LAST, plans.code, limits.valid_from DESC
