-- One row per category the person has used.
SELECT category FROM public.transactions
WHERE type = 'expense'
UNION
SELECT category FROM public.budgets
ORDER BY category
