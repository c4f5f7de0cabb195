-- One row per person, month and metric: the highest threshold of its limit that was reached, what was used of it, and
-- whether it still holds, and the plan of the month's end, whose limits count; those that hold first, then the latest.
WITH highest AS (
    SELECT DISTINCT ON (user_id, year, month, metric)
        user_id,
        year,
        month,
        metric,
        threshold,
        created_at,
        resolved_at
    FROM public.usage_alerts
    WHERE metric IS NOT NULL
    ORDER BY user_id, year, month, metric, resolved_at IS NULL DESC, threshold DESC
)

SELECT
    users.email,
    make_date(highest.year, highest.month, 1) AS month,
    highest.metric,
    highest.threshold / 100.0 AS threshold,
    CASE highest.metric WHEN 'messages' THEN totals.total_messages WHEN 'tokens' THEN totals.total_tokens END AS used,
    CASE highest.metric WHEN 'messages' THEN totals.limit_messages WHEN 'tokens' THEN totals.limit_tokens END AS included,
    plan_name(ended_on.plan_code, %(language)s) AS plan,
    highest.created_at,
    highest.resolved_at IS NULL AS is_open
FROM highest
INNER JOIN public.users ON highest.user_id = users.id
LEFT JOIN public.month_totals AS totals
    ON
        highest.user_id = totals.user_id
        AND highest.year = totals.year
        AND highest.month = totals.month
LEFT JOIN LATERAL (
    SELECT periods.plan_code
    FROM public.subscriptions AS periods
    WHERE periods.user_id = highest.user_id
    ORDER BY
        local_date(periods.user_id, periods.valid_from) < make_date(highest.year, highest.month, 1) + interval '1 month' DESC,
        CASE
            WHEN local_date(periods.user_id, periods.valid_from) < make_date(highest.year, highest.month, 1) + interval '1 month'
                THEN periods.valid_from
        END DESC,
        periods.valid_from ASC
    LIMIT 1
) AS ended_on ON TRUE
WHERE %(all)s OR highest.resolved_at IS NULL
ORDER BY is_open DESC, highest.threshold DESC, highest.created_at DESC, users.email
