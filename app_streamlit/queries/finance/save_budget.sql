-- Adds a budget of the person, or changes the one of the same category, period and start.
WITH profile AS (
    INSERT INTO public.financial_profiles (user_id, currency)
    SELECT
        current_user_id(),
        %(currency)s
    WHERE NOT EXISTS (SELECT 1 FROM public.financial_profiles)
    RETURNING user_id, id
),

own AS (
    SELECT user_id, id FROM profile
    UNION ALL
    SELECT user_id, id FROM public.financial_profiles
)

INSERT INTO public.budgets (
    user_id, financial_profile_id, name, category, amount, currency, period, start_date, alert_threshold
)
SELECT
    user_id,
    id,
    %(name)s,
    %(category)s,
    %(amount)s,
    %(currency)s,
    %(period)s,
    %(start_date)s,
    %(alert_threshold)s
FROM own
ON CONFLICT (user_id, category, period, start_date) DO UPDATE SET
    name = excluded.name,
    amount = excluded.amount,
    currency = excluded.currency,
    alert_threshold = excluded.alert_threshold,
    end_date = NULL,
    is_active = TRUE,
    deleted_at = NULL
