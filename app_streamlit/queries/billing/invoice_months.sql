-- One row per month with invoices, the newest first.
SELECT DISTINCT period_start AS month
FROM public.invoices
ORDER BY period_start DESC
