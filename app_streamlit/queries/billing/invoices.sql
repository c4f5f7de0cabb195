-- One row per invoice or credit note of the months and states chosen, with what was received less what went back, and what is
-- due after credit notes; the newest first; for admins.
SELECT
    invoices.user_id,
    invoices.id,
    invoices.number,
    invoices.kind,
    invoices.status,
    users.email,
    invoices.period_start,
    invoices.currency,
    invoices.subtotal,
    invoices.tax,
    invoices.total,
    balances.received,
    balances.due,
    invoices.due_on
FROM public.invoices
INNER JOIN public.users ON invoices.user_id = users.id
INNER JOIN public.invoice_balances AS balances
    ON invoices.user_id = balances.user_id AND invoices.id = balances.invoice_id
WHERE
    invoices.period_start = %(month)s
    AND (%(statuses)s::text[] IS NULL OR invoices.status = ANY (%(statuses)s))
ORDER BY invoices.number DESC NULLS FIRST, users.email, invoices.currency
