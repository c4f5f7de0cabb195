-- One row per category the person has used.
SELECT category FROM public.transactions
WHERE type = 'expense' AND deleted_at IS NULL
UNION
SELECT category FROM public.budgets
WHERE deleted_at IS NULL
ORDER BY category
