-- One row per line of an invoice, in their order.
SELECT
    kind,
    description,
    quantity,
    unit_price,
    amount,
    applies_to
FROM public.invoice_lines
WHERE user_id = %(user_id)s AND invoice_id = %(invoice_id)s
ORDER BY position
