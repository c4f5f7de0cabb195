-- One row per budget that is in force or begins later.
SELECT
    id,
    name,
    category,
    amount,
    currency,
    period,
    start_date,
    end_date,
    alert_threshold
FROM public.budgets
WHERE deleted_at IS NULL AND is_active AND (end_date IS NULL OR end_date >= %(today)s)
ORDER BY category, start_date
