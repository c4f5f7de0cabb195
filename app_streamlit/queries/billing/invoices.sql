-- One row per invoice or credit note of the months and states chosen, with what was received less what went back, and what is
-- due after credit notes; the newest first; for admins.
WITH paid AS (
    SELECT
        user_id,
        invoice_id,
        sum(CASE kind WHEN 'payment' THEN amount ELSE -amount END) AS received
    FROM public.payments
    WHERE status = 'succeeded'
    GROUP BY user_id, invoice_id
),

given_back AS (
    SELECT
        user_id,
        credited_invoice_id AS invoice_id,
        -sum(total) AS credited
    FROM public.invoices
    WHERE kind = 'credit_note' AND status IN ('final', 'paid')
    GROUP BY user_id, credited_invoice_id
)

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
    coalesce(paid.received, 0) AS received,
    CASE
        WHEN invoices.kind = 'invoice' AND invoices.status = 'final'
            THEN greatest(invoices.total - coalesce(given_back.credited, 0) - coalesce(paid.received, 0), 0)
        ELSE 0
    END AS due,
    invoices.due_on
FROM public.invoices
INNER JOIN public.users ON invoices.user_id = users.id
LEFT JOIN paid ON invoices.user_id = paid.user_id AND invoices.id = paid.invoice_id
LEFT JOIN given_back ON invoices.user_id = given_back.user_id AND invoices.id = given_back.invoice_id
WHERE
    invoices.period_start = %(month)s
    AND (%(statuses)s::text[] IS NULL OR invoices.status = ANY (%(statuses)s))
ORDER BY invoices.number DESC NULLS FIRST, users.email, invoices.currency
